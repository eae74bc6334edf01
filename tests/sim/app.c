/* SPDX-License-Identifier: MIT */
/*
 * The applications: both ends of each conversation, acting on events alone (and on moments of their own), so that an
 * event which the stack forgets leaves them waiting, and the world notices.
 *
 * What they check: bytes arrive in order, once and unchanged; the end of the stream comes when the peer has ended it,
 * not a byte earlier or later; what is announced readable is readable; in a mild world the polite see no error.
 */
#include <stdarg.h>

#include "sim.h"

#define BUFFER  100000u
#define PATIENCE (200 * WEFT_S)  /* a server that was never called gives up this long after its client */
#define FORSAKEN (2000 * WEFT_S) /* whose peer went without a farewell that arrived, and who has nothing to say */

/* ---- what is sent ---- */

static uint64_t pattern_word(unsigned flow, unsigned side, uint32_t i)
{
    uint64_t x = (uint64_t)(flow * 2 + side + 1) << 33 ^ i;

    x = (x ^ x >> 31) * 0x7fb5d329728ea185u;
    x = (x ^ x >> 27) * 0x81dadef4bc2dd44du;
    return x ^ x >> 33;
}

void pattern_fill(unsigned flow, unsigned side, uint32_t offset, uint8_t *to, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint64_t word = pattern_word(flow, side, (uint32_t)((offset + i) / 8)) >> 8 * ((offset + i) % 8);
        size_t k = 8 - (offset + i) % 8;

        for (; k && i < n; k--, i++, word >>= 8)
            to[i] = (uint8_t)word;
    }
}

bool pattern_matches(unsigned flow, unsigned side, uint32_t offset, const uint8_t *p, size_t n)
{
    uint8_t expected[1024];

    while (n) {
        size_t k = n < sizeof expected ? n : sizeof expected;

        pattern_fill(flow, side, offset, expected, k);
        if (memcmp(expected, p, k) != 0)
            return false;
        p += k, n -= k, offset += (uint32_t)k;
    }
    return true;
}

/* ---- who is who ---- */

static struct end *peer_of(const struct end *e) { return &e->flow->end[1 - e->side]; }
static struct world *world_of(const struct end *e) { return e->owner.host->world; }
static bool is_polite(const struct end *e) { return e->plan->ending == END_HALF_CLOSE || e->plan->ending == END_LAST; }
static bool is_server(const struct end *e) { return e->side == 1 && !e->flow->plan->crossing; }

static bool same(const struct weft_addr *a, const struct weft_addr *b)
{
    return a->port == b->port && memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
}

struct flow *app_flow(struct world *w, const struct weft_addr *local, const struct weft_addr *remote, unsigned *side)
{
    struct flow *found = NULL;

    for (unsigned i = 0; i < w->scenario->n_flows; i++) {
        struct flow *f = &w->flow[i];

        for (unsigned s = 0; s < 2; s++)
            if (f->begun && same(&f->address[s], local) && same(&f->address[1 - s], remote) &&
                (!found || f->start >= found->start)) {
                found = f;
                *side = s;
            }
    }
    return found;
}

static void say(struct end *e, const char *what, int64_t result)
{
    record_note(world_of(e), e, "%s: %lld", what, (long long)result);
}

static void wake_in(struct end *e, weft_time t)
{
    e->wake = world_of(e)->now + t;
    e->resting = true;
}

/* Does this end stop here for a while? */
static bool takes_a_rest(struct end *e)
{
    const struct side_plan *p = e->plan;

    if (e->pauses >= p->pauses || !rng_chance(&e->rng, p->pause_ppm))
        return false;
    e->pauses++;
    wake_in(e, 1 + rng_below(&e->rng, p->pause_max));
    return true;
}

/* ---- the end of an end ---- */

static void judge_flow(struct world *w, const struct flow *f)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct end *e = &f->end[side], *p = &f->end[1 - side];

        if (e->phase != PHASE_OVER)
            return;
        if (!w->scenario->mild || f->during_refusals || !is_polite(e) || !is_polite(p))
            continue;
        if (f->plan->unheard && side == 0 && e->error != WEFT_ECONNREFUSED)
            sim_fail(w, "flow %u: nobody listens, but the client is told %s", f->number, weft_strerror(e->error));
        if (f->plan->unheard)
            continue;
        if (e->error)
            sim_fail(w, "flow %u side %u: error in a mild world: %s", f->number, side, weft_strerror(e->error));
        else if (e->received != p->plan->bytes || e->sent != e->plan->bytes)
            sim_fail(w, "flow %u side %u: over after %u of %u bytes", f->number, side, e->received, p->plan->bytes);
    }
}

static void now_over(struct end *e)
{
    e->owner.sock = NULL;
    e->phase = PHASE_OVER;
    e->over_at = world_of(e)->now;
    e->wake = WEFT_NEVER;
    judge_flow(world_of(e), e->flow);
}

static void close_it(struct end *e, bool hard)
{
    e->reset = hard || weft_unread(e->owner.sock);
    say(e, hard ? "abort" : "close", 0);
    if (hard)
        weft_abort(e->owner.sock);
    else
        weft_close(e->owner.sock);
    now_over(e);
}

static void told_error(struct end *e, const char *where, int err)
{
    say(e, where, err);
    e->error = err;
    close_it(e, false);
}

/* Is this an error only because memory was refused? Then it is tried again. */
static bool is_refusal(struct end *e, int64_t result)
{
    if (result != WEFT_ENOMEM || world_of(e)->refusal.refused == 0)
        return false;
    wake_in(e, 100 * WEFT_MS);
    return true;
}

/* ---- beginning ---- */

static void set(struct end *e, int level, int option, int value)
{
    weft_setsockopt(e->owner.sock, level, option, &value, sizeof value);
}

static void set_options(struct end *e)
{
    const struct side_plan *p = e->plan;

    weft_set_cookie(e->owner.sock, e);
    if (p->send_buffer)
        set(e, WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, p->send_buffer);
    if (p->receive_buffer)
        set(e, WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, p->receive_buffer);
    if (p->nodelay)
        set(e, WEFT_SOL_TCP, WEFT_TCP_NODELAY, 1);
    if (p->cork)
        set(e, WEFT_SOL_TCP, WEFT_TCP_CORK, 1);
    if (p->keepalive) {
        set(e, WEFT_SOL_SOCKET, WEFT_SO_KEEPALIVE, 1);
        set(e, WEFT_SOL_TCP, WEFT_TCP_KEEPIDLE, 1);
        set(e, WEFT_SOL_TCP, WEFT_TCP_KEEPINTVL, 40);
    }
}

/* Binds and connects; the error of the first call that failed. */
static int call_peer(struct end *e)
{
    struct flow *f = e->flow;
    int err;

    if (!f->plan->ephemeral || e->side == 1) {
        err = weft_bind(e->owner.sock, &f->address[e->side]);
        if (err)
            return err;
    }
    err = weft_connect(e->owner.sock, &f->address[1 - e->side]);
    if (err == WEFT_EINPROGRESS)
        weft_getsockname(e->owner.sock, &f->address[e->side]);
    return err;
}

static void open_end(struct end *e)
{
    struct world *w = world_of(e);
    int err = 0;

    e->wake = WEFT_NEVER;
    e->resting = false;
    e->owner.sock = weft_socket(e->owner.host->stack, WEFT_TCP, &err);
    if (e->owner.sock) {
        set_options(e);
        err = call_peer(e);
    }
    say(e, "connect", err);
    if (err == WEFT_EINPROGRESS) {
        e->phase = PHASE_OPENING;
        return;
    }
    if (e->owner.sock)
        weft_close(e->owner.sock);
    e->owner.sock = NULL;
    if (is_refusal(e, err))
        return;
    if (e->flow->plan->again >= 0 && (err == WEFT_EADDRNOTAVAIL || err == WEFT_EADDRINUSE)) {
        wake_in(e, 500 * WEFT_MS); /* the pair is in TIME-WAIT */
        return;
    }
    sim_fail(w, "flow %u: connect says %s", e->flow->number, weft_strerror(err));
    now_over(e);
}

static void begin_flow(struct world *w, struct flow *f)
{
    f->begun = true;
    f->during_refusals = w->refusal.ppm || w->refusal.at > w->refusal.asked;
    for (unsigned side = 0; side < 2; side++)
        f->end[side].deaf = f->start + f->plan->side[side].deaf_until;
    open_end(&f->end[0]);
    if (f->plan->crossing)
        open_end(&f->end[1]);
}

/* ---- listening ---- */

static void listen_again(struct world *w, struct host *h)
{
    struct weft_addr any = {weft_ipv4(0), 7};
    weft_sock *sock = weft_socket(h->stack, WEFT_TCP, NULL);

    if (!sock)
        return;
    weft_set_cookie(sock, &h->listener);
    if (weft_bind(sock, &any) < 0 || weft_listen(sock, w->scenario->backlog) < 0) {
        weft_close(sock);
        return;
    }
    h->listener.owner.sock = sock;
}

/* The server's end that such a call is for; NULL: nobody expects it any more. */
static struct end *end_for(struct world *w, const struct weft_addr *local, const struct weft_addr *peer)
{
    unsigned side;
    struct flow *f = app_flow(w, local, peer, &side);

    return f && side == 1 && f->end[1].phase == PHASE_IDLE ? &f->end[1] : NULL;
}

static void accept_all(struct world *w, struct listener *l)
{
    struct weft_addr peer, local;
    struct end *e;
    weft_sock *sock;
    int err = 0;

    while ((sock = weft_accept(l->owner.sock, &peer, &err))) {
        weft_getsockname(sock, &local);
        e = end_for(w, &local, &peer);
        if (!e) {
            weft_abort(sock);
            continue;
        }
        e->owner.sock = sock;
        e->phase = PHASE_OPEN;
        e->wake = w->now;
        set_options(e);
        say(e, "accepted", peer.port);
    }
    if (err != WEFT_EAGAIN)
        sim_fail(w, "accept says %s", weft_strerror(err));
}

/* ---- leaving before the time ---- */

static weft_time leave_time(const struct end *e)
{
    return is_polite(e) || e->left ? WEFT_NEVER : e->flow->start + e->plan->leave_at;
}

static bool wants_to_leave(const struct end *e)
{
    return !is_polite(e) && !e->left &&
           (world_of(e)->now >= leave_time(e) || e->sent + e->received >= e->plan->leave_after);
}

static void leave(struct end *e)
{
    struct weft_linger now = {.onoff = 1, .linger = 0};

    e->left = true;
    switch (e->plan->ending) {
    case END_LINGER:
        weft_setsockopt(e->owner.sock, WEFT_SOL_SOCKET, WEFT_SO_LINGER, &now, sizeof now);
        close_it(e, false);
        e->reset = true;
        break;
    case END_DEAF:
        say(e, "shutdown both", weft_shutdown(e->owner.sock, WEFT_SHUT_RDWR));
        wake_in(e, 1 + rng_below(&e->rng, 3 * WEFT_S));
        break;
    default:
        e->reset = weft_tcp_state(e->owner.sock) == WEFT_TCP_SYN_SENT;
        close_it(e, e->plan->ending == END_ABORT);
    }
}

/*
 * A peer that reset the connection, or lost it, says so once. When that is lost and this end only listens, it may wait
 * for ever (RFC 9293 §3.5.1: only keepalives would tell): so it does not.
 */
static weft_time forsaken_at(const struct end *e)
{
    const struct end *p = peer_of(e);

    return p->phase == PHASE_OVER ? p->over_at + FORSAKEN : WEFT_NEVER;
}

static void give_up(struct end *e)
{
    say(e, "gives up", 0);
    if (!world_lost_anything(world_of(e)))
        sim_fail(world_of(e), "flow %u side %u was never told that its peer is gone, although nothing was lost",
                 e->flow->number, e->side);
    e->error = WEFT_ETIMEDOUT;
    close_it(e, true);
}

/* ---- sending ---- */

static int64_t send_some(struct end *e, uint8_t *buffer, uint32_t n)
{
    bool more = e->plan->more && e->sent + n < e->plan->bytes;
    struct weft_iov iov[2] = {{buffer, n / 3}, {buffer + n / 3, n - n / 3}};

    pattern_fill(e->flow->number, e->side, e->sent, buffer, n);
    if (e->plan->scatter)
        return weft_sendmsg(e->owner.sock, iov, 2, more ? WEFT_MSG_MORE : 0, NULL);
    return weft_send(e->owner.sock, buffer, n, more ? WEFT_MSG_MORE : 0);
}

/* Until all is sent or nothing more is taken. False: it may go no further now. */
static bool send_all(struct end *e)
{
    static uint8_t buffer[BUFFER];

    while (e->sent < e->plan->bytes && !e->shut) {
        uint32_t left = e->plan->bytes - e->sent;
        int64_t n = send_some(e, buffer, left < e->plan->write_max ? left : e->plan->write_max);

        if (n == WEFT_EAGAIN)
            return true;
        if (n > 0)
            e->sent += (uint32_t)n;
        else if (is_refusal(e, n))
            return false;
        else {
            if (n == 0)
                sim_fail(world_of(e), "flow %u side %u: send took nothing and gave no reason", e->flow->number, e->side);
            told_error(e, "send", (int)n);
            return false;
        }
        if (takes_a_rest(e))
            return false;
    }
    return true;
}

/* ---- receiving ---- */

static bool check_received(struct end *e, const uint8_t *p, size_t n)
{
    const struct end *from = peer_of(e);
    struct world *w = world_of(e);

    if (e->received + n > from->sent)
        sim_fail(w, "flow %u side %u received %u bytes more than were sent", e->flow->number, e->side,
                 (unsigned)(e->received + n - from->sent));
    else if (!pattern_matches(e->flow->number, from->side, e->received, p, n))
        sim_fail(w, "flow %u side %u received wrong bytes at %u", e->flow->number, e->side, e->received);
    return !w->failed;
}

static void check_end(struct end *e)
{
    const struct end *from = peer_of(e);

    e->heard_end = true;
    if (e->left)
        return;
    if (!from->shut && !from->left && from->phase != PHASE_OVER)
        sim_fail(world_of(e), "flow %u side %u heard an end that the peer has not said", e->flow->number, e->side);
    else if (e->received != from->sent)
        sim_fail(world_of(e), "flow %u side %u heard the end after %u of %u bytes", e->flow->number, e->side,
                 e->received, from->sent);
}

static int64_t receive_some(struct end *e, uint8_t *buffer)
{
    uint32_t n = e->plan->read_max < BUFFER ? e->plan->read_max : BUFFER;
    struct weft_iov iov[2] = {{buffer, n / 4}, {buffer + n / 4, n - n / 4}};

    if (e->plan->peek && rng_chance(&e->rng, 300000)) {
        int64_t seen = weft_recv(e->owner.sock, buffer, n, WEFT_MSG_PEEK);

        if (seen < 0 || (seen && !check_received(e, buffer, (size_t)seen)))
            return seen; /* an error is told once, to whoever asks first */
    }
    if (e->plan->scatter)
        return weft_recvmsg(e->owner.sock, iov, 2, 0, NULL, NULL);
    return weft_recv(e->owner.sock, buffer, n, 0);
}

/* Until nothing is there. False: it may go no further now. */
static bool receive_all(struct end *e)
{
    static uint8_t buffer[BUFFER];
    struct world *w = world_of(e);

    if (e->deaf != WEFT_NEVER)
        return true;
    while (!e->heard_end) {
        int64_t n = receive_some(e, buffer);

        if (n == WEFT_EAGAIN) {
            if (weft_ready(e->owner.sock) & WEFT_READABLE)
                sim_fail(w, "flow %u side %u: readable, but nothing to read", e->flow->number, e->side);
            return true;
        }
        if (n < 0) {
            told_error(e, "receive", (int)n);
            return false;
        }
        if (n == 0) {
            say(e, "end", e->received);
            check_end(e);
        } else if (!check_received(e, buffer, (size_t)n)) {
            return false;
        }
        e->received += (uint32_t)n;
        if (takes_a_rest(e))
            return false;
    }
    return true;
}

/* ---- all that an end does ---- */

static void finish(struct end *e)
{
    int err;

    if (!e->shut && e->sent == e->plan->bytes && (e->plan->ending != END_LAST || e->heard_end)) {
        err = weft_shutdown(e->owner.sock, WEFT_SHUT_WR);
        say(e, "shutdown", err);
        if (is_refusal(e, err))
            return;
        if (err) {
            int why = weft_error(e->owner.sock);

            told_error(e, "shutdown", why ? why : err);
            return;
        }
        e->shut = true;
    }
    if (e->shut && e->heard_end)
        close_it(e, false);
}

static void check_opening(struct end *e)
{
    int err = weft_error(e->owner.sock);

    if (err) {
        told_error(e, "opening", err);
        return;
    }
    if (weft_ready(e->owner.sock) & WEFT_WRITABLE) {
        e->phase = PHASE_OPEN;
        say(e, "open", weft_tcp_state(e->owner.sock));
    }
}

static void act(struct end *e)
{
    if (e->resting && world_of(e)->now < e->wake)
        return;
    e->resting = false;
    e->wake = WEFT_NEVER;
    if (e->deaf <= world_of(e)->now)
        e->deaf = WEFT_NEVER;
    if (e->phase == PHASE_IDLE) {
        open_end(e);
        return;
    }
    if (e->left) { /* deaf: time to go */
        close_it(e, false);
        return;
    }
    if (forsaken_at(e) <= world_of(e)->now) {
        give_up(e);
        return;
    }
    if (e->phase == PHASE_OPENING)
        check_opening(e);
    if (e->phase == PHASE_OVER)
        return;
    if (wants_to_leave(e)) {
        leave(e);
        return;
    }
    if (e->phase == PHASE_OPEN && send_all(e) && receive_all(e) && e->phase == PHASE_OPEN)
        finish(e);
}

void app_event(struct world *w, const struct weft_event *event)
{
    struct owner *o = event->cookie;

    if (!o || o->sock != event->sock) /* closed since the event was made */
        return;
    if (o->kind == OWNER_LISTENER)
        accept_all(w, (struct listener *)o);
    else
        act((struct end *)o);
}

/* ---- time ---- */

/* When an end wants to act next, whatever happens. */
static weft_time next_of(const struct end *e)
{
    weft_time at = e->wake;

    if (e->phase == PHASE_OVER)
        return WEFT_NEVER;
    if (e->phase == PHASE_IDLE)
        return e->resting ? at : WEFT_NEVER;
    if (e->resting)
        return at;
    if (leave_time(e) < at)
        at = leave_time(e);
    if (forsaken_at(e) < at)
        at = forsaken_at(e);
    return e->deaf < at ? e->deaf : at;
}

/* Has the flow before this one, by the same ports, ended? Then this one is next. */
static void chain(struct world *w, struct flow *f)
{
    const struct flow *last = f->plan->again >= 0 ? &w->flow[f->plan->again] : NULL;

    if (f->start == WEFT_NEVER && last->end[0].phase == PHASE_OVER && last->end[1].phase == PHASE_OVER)
        f->start = w->now + f->plan->start;
}

/* A server that is not called any more. */
static void give_up_waiting(struct world *w, struct flow *f)
{
    struct end *e = &f->end[1];

    if (!is_server(e) || e->phase != PHASE_IDLE || f->end[0].phase != PHASE_OVER)
        return;
    if (e->wake == WEFT_NEVER)
        e->wake = w->now + PATIENCE;
    else if (e->wake <= w->now)
        now_over(e);
}

static weft_time flow_deadline(const struct world *w, const struct flow *f)
{
    weft_time at = WEFT_NEVER;

    (void)w;
    if (!f->begun)
        return f->start;
    for (unsigned side = 0; side < 2; side++) {
        weft_time next = next_of(&f->end[side]);

        if (f->end[side].phase == PHASE_IDLE && f->end[side].wake < next)
            next = f->end[side].wake;
        at = next < at ? next : at;
    }
    return at;
}

weft_time app_deadline(const struct world *w)
{
    weft_time at = WEFT_NEVER;

    for (unsigned i = 0; i < w->scenario->n_flows; i++) {
        weft_time next = w->flow[i].plan->present ? flow_deadline(w, &w->flow[i]) : WEFT_NEVER;

        at = next < at ? next : at;
    }
    return at;
}

static bool run_flow(struct world *w, struct flow *f)
{
    bool acted = false;

    chain(w, f);
    if (!f->begun && f->start <= w->now) {
        begin_flow(w, f);
        acted = true;
    }
    for (unsigned side = 0; f->begun && side < 2; side++)
        if (next_of(&f->end[side]) <= w->now) {
            act(&f->end[side]);
            acted = true;
        }
    give_up_waiting(w, f);
    return acted;
}

bool app_run(struct world *w)
{
    bool acted = false;

    for (unsigned i = 0; i < w->scenario->n_hosts; i++)
        if (!w->host[i].listener.owner.sock && !app_over(w))
            listen_again(w, &w->host[i]);
    for (unsigned i = 0; i < w->scenario->n_flows; i++)
        if (w->flow[i].plan->present)
            acted |= run_flow(w, &w->flow[i]);
    return acted;
}

bool app_over(const struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_flows; i++) {
        const struct flow *f = &w->flow[i];

        if (f->plan->present && (f->end[0].phase != PHASE_OVER || f->end[1].phase != PHASE_OVER))
            return false;
    }
    return true;
}

void app_close_listeners(struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_hosts; i++) {
        struct owner *o = &w->host[i].listener.owner;

        if (o->sock)
            weft_close(o->sock);
        o->sock = NULL;
    }
}

/* ---- setting up ---- */

static void setup_end(struct world *w, struct flow *f, unsigned side)
{
    const struct flow_plan *p = f->plan;
    const struct link_plan *l = &w->scenario->link[p->link];
    unsigned at = p->loopback ? p->client : side ? 1 - p->client : p->client;
    struct end *e = &f->end[side];

    *e = (struct end){.flow = f, .plan = &p->side[side], .side = side, .wake = WEFT_NEVER};
    e->owner = (struct owner){.kind = OWNER_END, .host = &w->host[l->host[at]]};
    rng_seed(&e->rng, p->seed + side);
    f->address[side].port = p->port[side];
    f->address[side].ip = p->loopback ? weft_ipv4(0x7f000001) : weft_ipv4(0x0a000001 + (p->link << 16) + at);
}

void app_setup(struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_flows; i++) {
        struct flow *f = &w->flow[i];
        const struct flow_plan *p = &w->scenario->flow[i];

        *f = (struct flow){.plan = p, .number = i};
        f->start = w->start + p->start;
        if (p->again >= 0 && w->scenario->flow[p->again].present)
            f->start = WEFT_NEVER;
        setup_end(w, f, 0);
        setup_end(w, f, 1);
    }
    for (unsigned i = 0; i < w->scenario->n_hosts; i++)
        w->host[i].listener.owner = (struct owner){.kind = OWNER_LISTENER, .host = &w->host[i]};
}
