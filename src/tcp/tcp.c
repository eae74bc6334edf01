/* SPDX-License-Identifier: MIT */
/* TCP as a whole: made and destroyed with the stack. */
#include "tcp/demux.h"
#include "tcp/errors.h"
#include "tcp/input.h"
#include "tcp/lingering.h"
#include "tcp/listing.h"
#include "tcp/passive.h"
#include "tcp/timeouts.h"

static void *tcp_init(weft_stack *s)
{
    struct tcp *t = mem_alloc(&s->mem, MEM_stack, sizeof *t);

    if (!t)
        return NULL;
    memset(t, 0, sizeof *t);
    t->stack = s;
    slab_init(&t->conn4, &s->mem, MEM_conn, offsetof(struct tcp_conn, key) + key_size(false));
    slab_init(&t->conn6, &s->mem, MEM_conn, offsetof(struct tcp_conn, key) + key_size(true));
    slab_init(&t->work, &s->mem, MEM_work, sizeof(struct tcp_work));
    slab_init(&t->alarms, &s->mem, MEM_conn, sizeof(struct tcp_alarm));
    slab_init(&t->stats, &s->mem, MEM_stats, sizeof(struct tcp_stats));
    slab_keep_at_hand(&t->conn4);
    slab_keep_at_hand(&t->conn6);
    slab_keep_at_hand(&t->work);
    hashtab_init(&t->table, &s->mem, demux_hash_of, t);
    hashtab_init(&t->bindings, &s->mem, demux_binding_hash, t);
    port_table_init(&t->ports, &s->mem);
    list_init(&t->loose);
    list_init(&t->reports);
    halfopen_init(&t->half_open, &s->mem);
    saved_syns_init(&t->saved_syns, &s->mem);
    timewait_init(&t->time_wait, &s->mem, time_wait_moved, t);
    t->timer_kind = TIMER_TRANSPORT + s->slot_of[IP_PROTO_TCP] - 1u;
    t->half_open.timer.kind = t->time_wait.timer.kind = (uint8_t)t->timer_kind;
    t->table_key = stack_key(s, KEY_TCP_TABLE);
    t->offsets_key = stack_key(s, KEY_TCP_OFFSETS);
    t->cookie_key = stack_key(s, KEY_TCP_COOKIE);
    t->early.key = stack_key(s, KEY_TCP_FASTOPEN);
    return t;
}

/* Frees a connection without a word to anybody. */
static void discard(struct tcp_conn *c)
{
    if (c->state == WEFT_TCP_LISTEN) {
        half_open_forget(conn_tcp(c), c);
        listeners_remove(&conn_tcp(c)->listeners, c->listen->number);
        mem_free(&c->ep.stack->mem, MEM_conn, c->listen, sizeof *c->listen);
        c->listen = NULL;
    }
    c->state = WEFT_TCP_CLOSED;
    conn_free(c);
}

/* Children first: they stand in their listeners' queues. */
static void discard_connections(struct tcp *t)
{
    struct hashtab_walk walk = {0};
    struct list doomed;

    list_init(&doomed);
    while (hashtab_walk(&t->table, &walk))
        if (walk.tag == TCP_TAG_CONN) {
            struct tcp_conn *c = container_of(walk.at, struct tcp_conn, hash);

            list_remove(&c->ep.event);
            list_push_back(&doomed, &c->ep.event);
        }
    while (list_first(&doomed))
        discard(conn_of(container_of(list_first(&doomed), weft_sock, event)));
    while (list_first(&t->loose))
        discard(container_of(list_first(&t->loose), struct tcp_conn, loose));
}

static void tcp_fini(weft_stack *s, void *state)
{
    struct tcp *t = state;

    discard_connections(t);
    timer_remove(&s->wheel, &t->half_open.timer);
    timer_remove(&s->wheel, &t->time_wait.timer);
    hashtab_fini(&t->table);
    hashtab_fini(&t->bindings);
    halfopen_fini(&t->half_open);
    saved_syns_fini(&t->saved_syns);
    listeners_fini(&t->listeners, &s->mem);
    fastopen_fini(&t->early.memory, &s->mem);
    timewait_fini(&t->time_wait);
    port_table_fini(&t->ports);
    slab_fini(&t->work);
    slab_fini(&t->alarms);
    slab_fini(&t->stats);
    slab_fini(&t->conn4);
    slab_fini(&t->conn6);
    mem_free(&s->mem, MEM_stack, t, sizeof *t);
}

static void tcp_timer(weft_stack *s, struct timer *timer)
{
    struct tcp *t = tcp_of(s);

    if (timer == &t->half_open.timer)
        half_open_timer(t);
    else if (timer == &t->time_wait.timer)
        time_wait_timer(t);
    else
        timeouts_fire(alarm_conn(timer));
}

static weft_sock *tcp_socket(weft_stack *s, enum weft_family family, int *err)
{
    struct tcp_conn *c = conn_new(tcp_of(s), family, family == WEFT_INET6);
    struct tcp_flow unnamed;

    if (!c) {
        *err = WEFT_ENOMEM;
        return NULL;
    }
    unnamed = (struct tcp_flow){{endpoint_any(&c->ep), 0}, {endpoint_any(&c->ep), 0}};
    conn_name(c, &unnamed);
    return &c->ep;
}

const char *tcp_controller(unsigned i)
{
    const struct cc_ops *cc = cc_at(i);

    return cc ? cc->name : NULL;
}

static size_t tcp_memory_cap(const weft_stack *s, enum mem_class c)
{
    const struct tcp *t = s->transport[s->slot_of[IP_PROTO_TCP]];
    const struct weft_tcp_config *k = tcp_config(s);

    if (c == MEM_half_open)
        return k->max_half_open * max_size(t->half_open.slab4.share, t->half_open.slab6.share);
    return c == MEM_time_wait ? timewait_most_bytes(k->max_time_wait) : 0;
}

const struct transport tcp_transport = {
    .number = IP_PROTO_TCP,
    .name = "tcp",
    .init = tcp_init,
    .fini = tcp_fini,
    .input = tcp_input,
    .flush = tcp_flush,
    .foresee = tcp_foresee,
    .fetch = tcp_fetch,
    .timer = tcp_timer,
    .error = tcp_error,
    .socket = tcp_socket,
    .list = tcp_list,
    .memory_cap = tcp_memory_cap,
};
