/* SPDX-License-Identifier: MIT */
/*
 * One end of a conversation. It acts on events alone (and on moments of its own), so that an event which the stack
 * forgets leaves it waiting, and the world notices.
 *
 * What it checks: bytes arrive in order, once and unchanged; the end of the stream comes when the peer has ended it,
 * not a byte earlier or later; what is announced readable is readable.
 */
#include "sim.h"

#define BUFFER   100000u
#define FORSAKEN (2000 * WEFT_S) /* whose peer went without a farewell that arrived, and who has nothing to say */

static struct end *peer_of(const struct end *e) { return &e->flow->end[1 - e->side]; }
static struct world *world_of(const struct end *e) { return e->owner.host->world; }

bool end_is_polite(const struct end *e)
{
    return e->plan->ending == END_HALF_CLOSE || e->plan->ending == END_LAST;
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

void end_over(struct end *e)
{
    e->owner.sock = NULL;
    e->phase = PHASE_OVER;
    e->over_at = world_of(e)->now;
    e->wake = WEFT_NEVER;
    app_judge(world_of(e), e->flow);
}
static void close_it(struct end *e, bool hard)
{
    e->reset = hard || weft_unread(e->owner.sock);
    say(e, hard ? "abort" : "close", 0);
    script_called(world_of(e), e, 0, hard ? "abort()" : "close()");
    if (hard)
        weft_abort(e->owner.sock);
    else
        weft_close(e->owner.sock);
    end_over(e);
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

static void set(struct end *e, int level, int option, const char *name, int value)
{
    int r = weft_setsockopt(e->owner.sock, level, option, &value, sizeof value);

    script_called(world_of(e), e, r, "setsockopt(, %s, [%d], 4)", name, value);
}

static void set_wide_options(struct end *e)
{
    static const struct { int option; const char *name; } known[] = {
#define X(name) [SIM_WIDE_##name] = {WEFT_TCP_##name, "SOL_TCP, TCP_" #name},
        SIM_WIDE(X)
#undef X
    };

    for (unsigned i = 0; i < ARRAY_LEN(known); i++)
        if (e->plan->wide[i])
            set(e, WEFT_SOL_TCP, known[i].option, known[i].name, e->plan->wide[i]);
    if (e->plan->pacing)
        set(e, WEFT_SOL_SOCKET, WEFT_SO_MAX_PACING_RATE, "SOL_SOCKET, SO_MAX_PACING_RATE", e->plan->pacing);
}

static void set_options(struct end *e)
{
    const struct side_plan *p = e->plan;

    weft_set_cookie(e->owner.sock, e);
    if (p->send_buffer)
        set(e, WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, "SOL_SOCKET, SO_SNDBUF", p->send_buffer);
    if (p->receive_buffer)
        set(e, WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, "SOL_SOCKET, SO_RCVBUF", p->receive_buffer);
    if (p->nodelay)
        set(e, WEFT_SOL_TCP, WEFT_TCP_NODELAY, "SOL_TCP, TCP_NODELAY", 1);
    if (e->flow->plan->side[1 - e->side].urgent)
        set(e, WEFT_SOL_SOCKET, WEFT_SO_OOBINLINE, "SOL_SOCKET, SO_OOBINLINE", 1);
    if (p->cork)
        set(e, WEFT_SOL_TCP, WEFT_TCP_CORK, "SOL_TCP, TCP_CORK", 1);
    set_wide_options(e);
    if (p->keepalive) {
        set(e, WEFT_SOL_SOCKET, WEFT_SO_KEEPALIVE, "SOL_SOCKET, SO_KEEPALIVE", 1);
        set(e, WEFT_SOL_TCP, WEFT_TCP_KEEPIDLE, "SOL_TCP, TCP_KEEPIDLE", 1);
        set(e, WEFT_SOL_TCP, WEFT_TCP_KEEPINTVL, "SOL_TCP, TCP_KEEPINTVL", 40);
    }
}

/* Binds and connects; the error of the first call that failed. */
static int call_peer(struct end *e)
{
    struct flow *f = e->flow;
    int err;

    if (!f->plan->ephemeral || e->side == 1) {
        err = weft_bind(e->owner.sock, &f->address[e->side]);
        script_called(world_of(e), e, err, "bind(, ..., ...)");
        if (err)
            return err;
    }
    err = weft_connect(e->owner.sock, &f->address[1 - e->side]);
    script_called(world_of(e), e, err, "connect(, ..., ...)");
    if (err == WEFT_EINPROGRESS)
        weft_getsockname(e->owner.sock, &f->address[e->side]);
    return err;
}

void end_open(struct end *e)
{
    struct world *w = world_of(e);
    int err = 0;

    e->wake = WEFT_NEVER;
    e->resting = false;
    e->owner.sock = weft_socket(e->owner.host->stack, WEFT_TCP, &err);
    if (e->owner.sock) {
        script_socket(w, e, false);
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
    end_over(e);
}
void end_adopt(struct end *e, weft_sock *sock)
{
    e->owner.sock = sock;
    e->phase = PHASE_OPEN;
    e->wake = world_of(e)->now;
    script_socket(world_of(e), e, true);
    set_options(e);
    say(e, "accepted", 0);
}

/* ---- leaving before the time ---- */

static weft_time leave_time(const struct end *e)
{
    return end_is_polite(e) || e->left ? WEFT_NEVER : e->flow->start + e->plan->leave_at;
}

static bool wants_to_leave(const struct end *e)
{
    return !end_is_polite(e) && !e->left &&
           (world_of(e)->now >= leave_time(e) || e->sent + e->received >= e->plan->leave_after);
}

static void leave(struct end *e)
{
    struct weft_linger now = {.onoff = 1, .linger = 0};
    int err;

    e->left = true;
    switch (e->plan->ending) {
    case END_LINGER:
        weft_setsockopt(e->owner.sock, WEFT_SOL_SOCKET, WEFT_SO_LINGER, &now, sizeof now);
        script_called(world_of(e), e, 0, "setsockopt(, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8)");
        close_it(e, false);
        e->reset = true;
        break;
    case END_DEAF:
        err = weft_shutdown(e->owner.sock, WEFT_SHUT_RDWR);
        say(e, "shutdown both", err);
        script_called(world_of(e), e, err, "shutdown(, SHUT_RDWR)");
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

    const struct world *w = world_of(e);
    weft_time since = p->phase == PHASE_OVER ? p->over_at : e->flow->start;

    if (w->scenario->dark != WEFT_NEVER && w->now >= w->start + w->scenario->dark)
        since = since > w->start + w->scenario->dark ? since : w->start + w->scenario->dark;
    else if (p->phase != PHASE_OVER && p->phase != PHASE_IDLE) /* idle: the handshake's last word was lost, too often */
        return WEFT_NEVER;
    return (since > e->heard_at ? since : e->heard_at) + FORSAKEN;
}

static void give_up(struct end *e)
{
    say(e, "gives up", 0);
    if (!world_lost_anything(world_of(e)) && world_of(e)->scenario->n_weather == 0 &&
        world_of(e)->scenario->dark == WEFT_NEVER)
        sim_fail(world_of(e), "flow %u side %u was never told that its peer is gone, although nothing was lost",
                 e->flow->number, e->side);
    e->error = WEFT_ETIMEDOUT;
    close_it(e, true);
}

/* ---- sending ---- */

/* Of two that ask and answer, has the other one the word? Who has said all of his does not keep anybody waiting. */
static bool waits_its_turn(const struct end *e)
{
    const struct end *p = peer_of(e);
    uint32_t turn = e->flow->plan->turn;

    if (turn == 0 || e->heard_end || e->received == p->plan->bytes)
        return false;
    return e->side == 0 ? e->sent / turn > e->received / turn : e->sent / turn >= e->received / turn;
}

/* How much one write has: what is left, or what is left of a turn. */
static uint32_t next_write(const struct end *e)
{
    uint32_t turn = e->flow->plan->turn, left = e->plan->bytes - e->sent;
    uint32_t most = turn ? turn - e->sent % turn : left;

    left = most < left ? most : left;
    return left < e->plan->write_max ? left : e->plan->write_max;
}

static int64_t send_some(struct end *e, uint8_t *buffer, uint32_t n)
{
    bool more = e->plan->more && e->flow->plan->turn == 0 && e->sent + n < e->plan->bytes;
    unsigned flags = (more ? WEFT_MSG_MORE : 0) | (e->plan->urgent && rng_below(&e->rng, 4) == 0 ? WEFT_MSG_OOB : 0);
    struct weft_iov iov[2] = {{buffer, n / 3}, {buffer + n / 3, n - n / 3}};
    int64_t r;

    pattern_fill(e->flow->number, e->side, e->sent, buffer, n);
    r = e->plan->scatter ? weft_sendmsg(e->owner.sock, iov, 2, flags, NULL) : weft_send(e->owner.sock, buffer, n, flags);
    script_called(world_of(e), e, r, "send(, ..., %u, %s%s)", n, flags & WEFT_MSG_MORE ? "MSG_MORE|" : "",
                  flags & WEFT_MSG_OOB ? "MSG_OOB" : "0");
    return r;
}

/* What a buffer may hold: what the user asked for counts twice, as on Linux, and else it may grow to the maximum. */
static size_t most_buffered(int asked, size_t limit, size_t least, size_t normal, size_t max)
{
    size_t doubled = 2 * ((size_t)asked < limit ? (size_t)asked : limit);

    if (asked)
        return doubled > least ? doubled : least;
    return normal > max ? normal : max;
}

static const struct weft_tcp_config *config_of(const struct end *e)
{
    return &world_of(e)->scenario->config[e->owner.host->number].tcp;
}

/* Bytes that may wait to be read, which is as much as may be offered too. */
static size_t most_unread(const struct end *e)
{
    const struct weft_tcp_config *k = config_of(e);
    size_t asked = most_buffered(e->plan->receive_buffer, k->receive_buffer_limit, 2304, 0, 0);
    size_t most = most_buffered(0, 0, 0, k->receive_buffer, k->receive_buffer_max);

    return asked > most ? asked : most;
}

#define LARGEST_CHUNK 65535u /* of what is written: a packet, until it is cut */

/* As on Linux: who begins a chunk may end it, and what of it may go out at once makes room in it. */
static size_t most_unsent(const struct end *e)
{
    const struct weft_tcp_config *k = config_of(e);

    return most_buffered(e->plan->send_buffer, k->send_buffer_limit, 4608, k->send_buffer, k->send_buffer_max) +
           LARGEST_CHUNK + most_unread(peer_of(e));
}

/* The buffers hold what they may, no more; a window once offered stays so when the buffer shrinks. */
static void check_buffered(struct end *e)
{
    if (weft_unsent(e->owner.sock) > most_unsent(e))
        sim_fail(world_of(e), "flow %u side %u: %zu bytes in a send buffer of %zu", e->flow->number, e->side,
                 weft_unsent(e->owner.sock), most_unsent(e));
    if (weft_unread(e->owner.sock) > most_unread(e))
        sim_fail(world_of(e), "flow %u side %u: %zu bytes in a receive buffer of %zu", e->flow->number, e->side,
                 weft_unread(e->owner.sock), most_unread(e));
}

/* Why not? */
static void sent_nothing(struct end *e, int64_t n)
{
    if (is_refusal(e, n))
        return;
    if (n == 0)
        sim_fail(world_of(e), "flow %u side %u: send took nothing and gave no reason", e->flow->number, e->side);
    told_error(e, "send", (int)n);
}

/* Who asks whether there is room, and there is none, waits for the event that says so. */
static bool waits_for_room(const struct end *e)
{
    return e->plan->asks && !(weft_ready(e->owner.sock) & WEFT_WRITABLE);
}

/* Until all is sent or nothing more is taken. False: it may go no further now. */
static bool send_all(struct end *e)
{
    static uint8_t buffer[BUFFER];

    while (e->sent < e->plan->bytes && !e->shut) {
        int64_t n;

        if (waits_its_turn(e) || waits_for_room(e))
            return true;
        n = send_some(e, buffer, next_write(e));
        if (n == WEFT_EAGAIN)
            return true;
        if (n <= 0) {
            sent_nothing(e, n);
            return false;
        }
        e->sent += (uint32_t)n;
        check_buffered(e);
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
    int64_t r;

    if (e->plan->peek && rng_chance(&e->rng, 300000)) {
        int64_t seen = weft_recv(e->owner.sock, buffer, n, WEFT_MSG_PEEK);

        script_called(world_of(e), e, seen, "recv(, ..., %u, MSG_PEEK)", n);
        if (seen < 0 || (seen && !check_received(e, buffer, (size_t)seen)))
            return seen; /* an error is told once, to whoever asks first */
    }
    r = e->plan->scatter ? weft_recvmsg(e->owner.sock, iov, 2, 0, NULL, NULL) : weft_recv(e->owner.sock, buffer, n, 0);
    script_called(world_of(e), e, r, "recv(, ..., %u, 0)", n);
    return r;
}

/* Until nothing is there. False: it may go no further now. */
static bool receive_all(struct end *e)
{
    static uint8_t buffer[BUFFER];
    struct world *w = world_of(e);

    check_buffered(e);
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
        e->heard_at = w->now;
        if (takes_a_rest(e))
            return false;
    }
    return true;
}

/* ---- all that an end does ---- */

static bool peer_is_slow(const struct end *e)
{
    const struct side_plan *p = peer_of(e)->plan;

    return p->deaf_until || p->pauses;
}

static void finish(struct end *e)
{
    int err;

    if (!e->shut && e->sent == e->plan->bytes && e->plan->ending != END_STAY &&
        (e->plan->ending != END_LAST || e->heard_end)) {
        err = weft_shutdown(e->owner.sock, WEFT_SHUT_WR);
        say(e, "shutdown", err);
        script_called(world_of(e), e, err, "shutdown(, SHUT_WR)");
        if (is_refusal(e, err))
            return;
        if (err) {
            int why = weft_error(e->owner.sock);

            told_error(e, "shutdown", why ? why : err);
            return;
        }
        e->shut = true;
    }
    if (!e->shut || !e->heard_end)
        return;
    if (peer_is_slow(e) && weft_unsent(e->owner.sock)) /* an orphan may not wait long for a closed window */
        wake_in(e, WEFT_S);
    else
        close_it(e, false);
}

static void check_opening(struct end *e)
{
    int err = weft_error(e->owner.sock);

    if (err) {
        script_called(world_of(e), e, 0, "getsockopt(, SOL_SOCKET, SO_ERROR, [%d], [4])", -err);
        told_error(e, "opening", err);
        return;
    }
    if (weft_ready(e->owner.sock) & WEFT_WRITABLE) {
        e->phase = PHASE_OPEN;
        say(e, "open", weft_tcp_state(e->owner.sock));
    }
}

/* What was received may have given it the word. */
static bool answer(struct end *e) { return e->flow->plan->turn == 0 || e->phase != PHASE_OPEN || send_all(e); }

void end_act(struct end *e)
{
    if (e->resting && world_of(e)->now < e->wake)
        return;
    e->resting = false;
    e->wake = WEFT_NEVER;
    if (e->owner.sock)
        record_info(world_of(e), e->owner.sock);
    if (e->deaf <= world_of(e)->now)
        e->deaf = WEFT_NEVER;
    if (e->phase == PHASE_IDLE) {
        end_open(e);
        return;
    }
    if (e->left) { /* deaf: time to go */
        close_it(e, false);
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
    if (e->phase == PHASE_OPEN && send_all(e) && receive_all(e) && answer(e) && e->phase == PHASE_OPEN)
        finish(e);
    if (e->phase != PHASE_OVER && !e->resting && forsaken_at(e) <= world_of(e)->now)
        give_up(e);
}
/* ---- time ---- */

/* When an end wants to act next, whatever happens. */
weft_time end_next(const struct end *e)
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
