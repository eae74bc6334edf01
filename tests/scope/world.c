/* SPDX-License-Identifier: MIT */
/* Two stacks and the packets between them. */
#include "scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/tcp.h"

#define ADDRESS(e) (0x0a000001u + (uint32_t)(e))
#define PORT(e)    ((uint16_t)(7000 + (e)))
#define BEGIN      (1000 * WEFT_S)
#define LIFE       WEFT_MS /* 250 ticks of the clock behind initial sequence numbers (RFC 9293 §3.4.1) */

static void fail(struct world *w, const char *why)
{
    if (!w->why[0])
        snprintf(w->why, sizeof w->why, "%s", why);
}

/* ---- what a stack stands on ---- */

static void *take(void *ctx, size_t size, size_t align)
{
    struct world *w = ctx;
    void *p;

    if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size))
        abort();
    w->live += size;
    return p;
}

static void give(void *ctx, void *p, size_t size)
{
    struct world *w = ctx;

    w->live -= size;
    free(p);
}

/* Both stacks draw the same numbers in every world. */
static bool draw(void *ctx, void *buf, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)buf)[i] = (uint8_t)(i * 37 + 11);
    return true;
}

/* No schedule here is a reason to give a connection up. */
static void listen_to(void *ctx, const struct weft_trace *t)
{
    struct world *w = ctx;

    if (t->kind != WEFT_TRACE_WHY || t->why <= WEFT_WHY_close_orderly || w->why[0])
        return;
    snprintf(w->why, sizeof w->why, "an end gave up: %s", weft_why_name(t->why));
}

static void make_end(struct world *w, int i)
{
    struct end *e = &w->end[i];
    struct weft_if_config link = {.name = "wire", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_env env = {.ctx = w, .alloc = take, .free = give, .random = draw, .trace = listen_to};
    struct weft_ip ip = weft_ipv4(ADDRESS(i));
    bool opens = w->drama->act[i][0] == ACT_CONNECT;
    weft_sock *s;

    e->stack = weft_stack_new(&env, NULL, w->now, NULL);
    e->ifp = weft_if_new(e->stack, &link, NULL);
    if (weft_if_add_address(e->ifp, &ip, 24) < 0)
        abort();
    s = weft_socket(e->stack, WEFT_TCP, NULL);
    if (weft_bind(s, &(struct weft_addr){ip, PORT(i)}) < 0 || (!opens && weft_listen(s, 4) < 0))
        abort();
    *(opens ? &e->sock : &e->listener) = s;
}

void world_open(struct world *w, const struct drama *d)
{
    *w = (struct world){.drama = d, .now = BEGIN};
    make_end(w, 0);
    make_end(w, 1);
}

void world_close(struct world *w)
{
    for (int i = 0; i < 2; i++)
        weft_stack_free(w->end[i].stack);
    if (w->live)
        fail(w, "memory was not given back");
}

/* ---- what follows by itself ---- */

static void accept_what_came(struct world *w, struct end *e)
{
    weft_sock *s = e->listener ? weft_accept(e->listener, NULL, NULL) : NULL;

    if (!s)
        return;
    if (e->accepted++)
        fail(w, "a second connection came out of one");
    e->sock = s;
}

static void read_what_came(struct world *w, struct end *e)
{
    int64_t n = 0;

    while (e->sock && !e->ended && (n = weft_recv(e->sock, e->text + e->n, sizeof e->text - 1 - e->n, 0)) >= 0) {
        e->n += (size_t)n;
        e->ended = n == 0;
        if (e->n == sizeof e->text - 1)
            return fail(w, "more was read than was ever sent");
    }
    if (n < 0 && n != WEFT_EAGAIN && n != WEFT_ENOTCONN) {
        snprintf(w->why, sizeof w->why, "reading failed: error %d", (int)n);
        e->ended = true;
    }
}

static void close_when_over(struct end *e)
{
    if (e->sock && e->shut && e->ended) {
        weft_close(e->sock);
        e->sock = NULL;
        e->closed = true;
    }
}

static void put_under_way(struct world *w, struct end *e, const uint8_t *bytes, size_t n)
{
    struct frame *f = &e->flight[e->n_flight];

    if (e->n_flight == FLIGHT_MAX) {
        w->crowded = true;
        return;
    }
    f->n = n;
    memcpy(f->bytes, bytes, n);
    e->n_flight++;
}

/* False: there was nothing to send. */
static bool send_what_waits(struct world *w, struct end *e)
{
    weft_pkt *p;
    uint8_t bytes[FRAME_MAX];

    if (weft_output(e->ifp, &p, 1, w->now) == 0)
        return false;
    if (weft_pkt_len(p) > sizeof bytes)
        abort();
    put_under_way(w, e, bytes, weft_pkt_copy(p, 0, bytes, sizeof bytes));
    weft_pkt_release(p);
    return true;
}

static void settle(struct world *w)
{
    bool more = true;

    while (more && !w->why[0] && !w->crowded) {
        more = false;
        for (int i = 0; i < 2; i++) {
            accept_what_came(w, &w->end[i]);
            read_what_came(w, &w->end[i]);
            close_when_over(&w->end[i]);
            more |= send_what_waits(w, &w->end[i]);
        }
    }
}

/* ---- moves ---- */

static enum act next_act(const struct world *w, int i)
{
    const struct end *e = &w->end[i];

    return e->acts < ACTS_MAX ? w->drama->act[i][e->acts] : ACT_END;
}

static bool may_act(const struct world *w, int i)
{
    const struct end *e = &w->end[i];
    enum act act = next_act(w, i);

    return act != ACT_END && e->sock && weft_ready(e->sock) & WEFT_WRITABLE && (act != ACT_SHUT_LAST || e->ended);
}

bool world_packets_under_way(const struct world *w) { return w->end[0].n_flight + w->end[1].n_flight > 0; }

static weft_time next_timer(const struct world *w)
{
    weft_time a = weft_deadline(w->end[0].stack), b = weft_deadline(w->end[1].stack);

    return a < b ? a : b;
}

/* A SYN for an end that still means to connect would be refused: nothing else moves until both have called. */
static bool some_end_connects(const struct world *w)
{
    return next_act(w, 0) == ACT_CONNECT || next_act(w, 1) == ACT_CONNECT;
}

size_t world_moves(const struct world *w, struct move *out)
{
    size_t n = 0;

    if (some_end_connects(w)) {
        for (uint8_t from = 0; from < 2; from++)
            if (next_act(w, from) == ACT_CONNECT)
                out[n++] = (struct move){.kind = MOVE_ACT, .from = from};
        return n;
    }
    for (uint8_t from = 0; from < 2; from++) {
        if (may_act(w, from))
            out[n++] = (struct move){.kind = MOVE_ACT, .from = from};
        for (uint8_t i = 0; i < w->end[from].n_flight; i++)
            for (uint8_t kind = MOVE_DELIVER; kind <= MOVE_DUPLICATE; kind++)
                out[n++] = (struct move){kind, from, i, 0};
    }
    if (next_timer(w) != WEFT_NEVER)
        out[n++] = (struct move){.kind = MOVE_TICK};
    return n;
}

unsigned move_cost(const struct move *m, bool packets_under_way)
{
    switch ((enum move_kind)m->kind) {
    case MOVE_ACT:
        return 0;
    case MOVE_DELIVER:
        return m->which > 0;
    case MOVE_DROP:
    case MOVE_DUPLICATE:
        return 1;
    case MOVE_TICK:
        return packets_under_way;
    }
    abort();
}

static void act(struct world *w, int i)
{
    struct end *e = &w->end[i];
    struct weft_addr peer = {weft_ipv4(ADDRESS(!i)), PORT(!i)};
    int64_t err = 0;

    weft_clock(e->stack, w->now);
    switch (next_act(w, i)) {
    case ACT_CONNECT:
        err = weft_connect(e->sock, &peer) == WEFT_EINPROGRESS ? 0 : -1;
        break;
    case ACT_SEND:
        err = weft_send(e->sock, i ? "b" : "a", 1, 0) == 1 ? 0 : -1;
        break;
    case ACT_SHUT:
    case ACT_SHUT_LAST:
        err = weft_shutdown(e->sock, WEFT_SHUT_WR);
        e->shut = true;
        break;
    case ACT_END:
        abort();
    }
    if (err)
        fail(w, "a call failed");
    e->acts++;
}

/* Takes it from those under way. */
static struct frame take_out(struct end *e, unsigned which)
{
    struct frame f = e->flight[which];

    e->n_flight--;
    memmove(&e->flight[which], &e->flight[which + 1], (e->n_flight - which) * sizeof f);
    return f;
}

static bool is_syn(const struct frame *f)
{
    const uint8_t *tcp = f->bytes + 4 * (f->bytes[0] & 15);

    return (tcp[13] & 0x12) == 0x02;
}

/*
 * Here nothing takes time, but initial sequence numbers rest on it that a connection took longer than it used numbers: a
 * SYN that comes after a connection was accepted finds the clock beyond them. Else an old acknowledgment of the first one's
 * SYN or FIN would open a second one.
 */
static void arrive(struct world *w, struct end *at, const struct frame *f)
{
    weft_pkt *p = weft_pkt_new(at->stack, f->n);

    if (at->accepted && is_syn(f))
        w->now += LIFE;
    memcpy(weft_pkt_data(p), f->bytes, f->n);
    weft_pkt_set_len(p, f->n);
    weft_input(at->ifp, &p, 1, w->now);
}

static void step(struct world *w)
{
    weft_time at = next_timer(w);

    w->now = at > w->now ? at : w->now;
    for (int i = 0; i < 2; i++)
        weft_tick(w->end[i].stack, w->now);
    settle(w);
}

/* A stack's deadline is a lower bound: on until a timer has done something. Returns how many deadlines that took. */
static uint16_t tick(struct world *w)
{
    uint64_t before = world_digest_timeless(w);
    uint16_t steps = 0;

    while (world_digest_timeless(w) == before && next_timer(w) != WEFT_NEVER) {
        step(w);
        steps++;
    }
    return steps;
}

void world_play(struct world *w, struct move *m)
{
    struct end *from = &w->end[m->from];
    struct frame f;

    switch ((enum move_kind)m->kind) {
    case MOVE_ACT:
        act(w, m->from);
        break;
    case MOVE_DELIVER:
        f = take_out(from, m->which);
        arrive(w, &w->end[!m->from], &f);
        break;
    case MOVE_DROP:
        take_out(from, m->which);
        break;
    case MOVE_DUPLICATE:
        put_under_way(w, from, from->flight[m->which].bytes, from->flight[m->which].n);
        break;
    case MOVE_TICK:
        if (!m->steps)
            m->steps = tick(w);
        else
            for (unsigned i = 0; i < m->steps; i++)
                step(w);
        break;
    }
    settle(w);
}

/* ---- the end ---- */

static bool count_one(void *ctx, const struct weft_listing *item)
{
    *(unsigned *)ctx += item->state != WEFT_TCP_LISTEN;
    return true;
}

void world_judge(struct world *w)
{
    for (int i = 0; i < 2; i++) {
        const struct end *e = &w->end[i];
        unsigned left = 0;

        weft_list(e->stack, count_one, &left);
        if (next_act(w, i) != ACT_END)
            fail(w, "an end waits for ever");
        else if (strcmp(e->text, w->drama->text[i]) != 0)
            fail(w, "not all that was sent was read, once");
        else if (!e->closed)
            fail(w, "an end never heard the other's end");
        else if (left)
            fail(w, "a connection is left, and no timer of its");
    }
}
