/* SPDX-License-Identifier: MIT */
/* What TCP shows to netstat and ss: its sockets, half-open and TIME-WAIT records, and what each of them waits for. */
#include "tcp/listing.h"

/* ---- what it waits for ---- */

static void put_timer(const struct tcp_conn *c, struct weft_listing *item)
{
    const weft_time *deadline = c->work ? c->work->deadline : NULL;
    weft_time quiet = conn_quiet_until(c);
    bool lingers = c->orphan && c->state == WEFT_TCP_FIN_WAIT_2;

    if (deadline && deadline[TCP_TIMER_RETRANSMIT] != WEFT_NEVER) {
        item->timer = WEFT_TIMER_ON;
        item->timer_at = deadline[TCP_TIMER_RETRANSMIT];
        item->timer_tries = c->work->retries;
    } else if (deadline && deadline[TCP_TIMER_PERSIST] != WEFT_NEVER) {
        item->timer = WEFT_TIMER_PERSIST;
        item->timer_at = deadline[TCP_TIMER_PERSIST];
        item->timer_tries = c->work->probes;
    } else if (quiet != WEFT_NEVER) {
        item->timer = lingers ? WEFT_TIMER_TIMEWAIT : WEFT_TIMER_KEEPALIVE;
        item->timer_at = quiet;
        item->timer_tries = c->keepalive_sent;
    }
}

/* ---- one line each ---- */

static struct weft_listing describe(struct tcp_conn *c)
{
    struct tcp_flow flow = conn_flow(c);
    weft_sock *e = &c->ep;
    struct weft_listing item = {
        .proto = WEFT_TCP,
        .state = c->state,
        .local = flow.local,
        .remote = flow.remote,
        .recv_q = endpoint_ops(e)->unread(e),
        .send_q = endpoint_ops(e)->unsent(e),
        .cookie = c->orphan ? NULL : e->cookie,
        .sock = e,
    };

    if (c->state != WEFT_TCP_LISTEN)
        put_timer(c, &item);
    return item;
}

static struct weft_listing describe_record(const union tcp_key *key, bool v6, enum weft_tcp_state state)
{
    struct tcp_flow flow = key_unpack(key, v6);

    return (struct weft_listing){.proto = WEFT_TCP, .state = state, .local = flow.local, .remote = flow.remote};
}

/* Fills item for a table entry; false when it does not count any more. */
static bool describe_entry(struct tcp *t, const struct hashtab_walk *walk, struct weft_listing *item)
{
    if (walk->tag == TCP_TAG_CONN) {
        *item = describe(container_of(walk->at, struct tcp_conn, hash));
    } else if (walk->tag == TCP_TAG_HALF_OPEN) {
        struct halfopen *h = container_of(walk->at, struct halfopen, hash);

        *item = describe_record(&h->key, h->v6, WEFT_TCP_SYN_RECEIVED);
        item->timer = WEFT_TIMER_ON;
        item->timer_at = halfopen_due_at(h, t->stack->now);
        item->timer_tries = h->repeats;
    } else {
        struct timewait *w = container_of(walk->at, struct timewait, hash);

        *item = describe_record(&w->key, w->v6, w->fin_wait_2 ? WEFT_TCP_FIN_WAIT_2 : WEFT_TCP_TIME_WAIT);
        item->timer = WEFT_TIMER_TIMEWAIT;
        item->timer_at = time_after(t->stack->now, timewait_left(w, t->stack->now));
        return !timewait_expired(&t->time_wait, w, t->stack->now);
    }
    return true;
}

bool tcp_list(weft_stack *s, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx)
{
    struct tcp *t = tcp_of(s);
    struct hashtab_walk walk = {0};
    struct weft_listing item;

    list_each(it, &t->loose) {
        struct tcp_conn *c = container_of(it, struct tcp_conn, loose);

        item = describe(c);
        if (c->state != WEFT_TCP_TIME_WAIT && (c->state != WEFT_TCP_CLOSED || c->bound) && !visit(ctx, &item))
            return false;
    }
    while (hashtab_walk(&t->table, &walk))
        if (describe_entry(t, &walk, &item) && !visit(ctx, &item))
            return false;
    return true;
}

