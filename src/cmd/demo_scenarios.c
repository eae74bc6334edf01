/* SPDX-License-Identifier: MIT */
/*
 * The books' stories about TCP, as data: what the two programs do and when, what the wire does to a segment, and what
 * must have happened at the end. One player acts them out in a world of two stacks.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/demo.h"

#define CLIENT      0
#define SERVER      1
#define PORT        7000
#define CLIENT_PORT 5000
#define DELAY       (10 * WEFT_MS)
#define MORNING     WEFT_S /* before the story: the interfaces announce themselves */

/* What a program (or fate) does. */
enum act {
    LISTEN,
    CONNECT,      /* from CLIENT_PORT */
    OPEN_BOTH,    /* both connect to each other */
    SEND,         /* n bytes */
    SHUT,         /* half-close */
    CLOSE,
    CLOSE_BOTH,
    ABORT,
    CRASH,        /* the end reboots */
    STOP_READING,
    READ_ON,
    WANDER,       /* the copy that the rule kept arrives at this end */
};

struct step {
    unsigned ms;
    int end;
    enum act act;
    unsigned n;
    const char *say; /* the note on the ladder */
};

/* What the wire does, once, to the first segment that fits. */
struct rule {
    bool active;
    int from;
    bool with_text;              /* only segments that carry bytes */
    int in_state;                /* only when the sender is in this state; -1: any */
    bool keep_copy;              /* else: lose it */
};

enum expect_kind { END, VISITED, ENDS, FAILED, GOT, SENT, AGAIN, CLOSED_WINDOW, COUNTED, DROPPED };

struct expectation {
    enum expect_kind kind;
    int end;
    int value;          /* state, error, flags, counter, drop */
    unsigned n;         /* bytes or times */
    const char *claim;
};

struct scenario {
    const char *name, *title, *prose;
    size_t buffer;      /* of sockets; 0: default */
    bool daytime;       /* the server tells the time to whom it accepts, and closes */
    bool echo_close[2]; /* closes when the other one has */
    unsigned until_ms;
    struct rule rule;
    struct step step[16];
    struct expectation expect[10];
};

static const struct scenario scenarios[] = {
    {
        .name = "daytime",
        .title = "A connection from SYN to the end of TIME-WAIT: daytime (RFC 867)",
        .prose = "Three segments open the connection: each side's SYN is acknowledged by the other. The server\n"
                 "says one line and closes; the client sees the end of data and closes too. The server, which\n"
                 "closed first, stays in TIME-WAIT for twice the maximum segment lifetime before it forgets.",
        .daytime = true,
        .until_ms = 70000,
        .step = {{0, SERVER, LISTEN, 13, "server listens on port 13"},
                 {0, CLIENT, CONNECT, 13, "client connects"},
                 {200, CLIENT, CLOSE, 0, "client has seen the end of data and closes"}},
        .expect = {{VISITED, SERVER, WEFT_TCP_SYN_RECEIVED, 0, "the server went through SYN-RECEIVED"},
                   {VISITED, SERVER, WEFT_TCP_FIN_WAIT_2, 0, "and, closing first, through FIN-WAIT-1 and FIN-WAIT-2"},
                   {VISITED, CLIENT, WEFT_TCP_LAST_ACK, 0, "the client went through CLOSE-WAIT and LAST-ACK"},
                   {VISITED, SERVER, WEFT_TCP_TIME_WAIT, 0, "the server waited in TIME-WAIT"},
                   {ENDS, SERVER, WEFT_TCP_CLOSED, 0, "and its end has come"},
                   {GOT, CLIENT, 0, 26, "the client got the whole line"}},
    },
    {
        .name = "half-close",
        .title = "Half-close: one direction ends, the other goes on (RFC 9293 §3.6)",
        .prose = "The client sends its request and says with a FIN that this was all. That closes one direction\n"
                 "only: the server, in CLOSE-WAIT, still answers, and the client, in FIN-WAIT-2, still\n"
                 "acknowledges. Only the server's own FIN ends the connection.",
        .until_ms = 70000,
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {100, CLIENT, SEND, 20, "client sends a request of 20 bytes"},
                 {100, CLIENT, SHUT, 0, "client: that was all (shutdown)"},
                 {200, SERVER, SEND, 3000, "server answers with 3000 bytes"},
                 {300, SERVER, CLOSE, 0, "server closes"}},
        .expect = {{VISITED, SERVER, WEFT_TCP_CLOSE_WAIT, 0, "the server answered in CLOSE-WAIT"},
                   {VISITED, CLIENT, WEFT_TCP_FIN_WAIT_2, 0, "the client listened on in FIN-WAIT-2"},
                   {GOT, SERVER, 0, 20, "the request arrived whole"},
                   {GOT, CLIENT, 0, 3000, "the answer arrived whole, after the client's FIN"},
                   {VISITED, CLIENT, WEFT_TCP_TIME_WAIT, 0, "the client, which closed first, waited in TIME-WAIT"},
                   {ENDS, SERVER, WEFT_TCP_CLOSED, 0, "both are gone"}},
    },
    {
        .name = "simultaneous-open",
        .title = "Simultaneous open: two SYNs cross (RFC 9293 §3.5)",
        .prose = "Both ends connect to each other at the same moment. Neither listens, yet one connection comes\n"
                 "about, not two: each answers the SYN that it gets in SYN-SENT by a SYN,ACK, and stands in SYN-\n"
                 "RECEIVED until the other's arrives.",
        .echo_close = {[SERVER] = true},
        .until_ms = 70000,
        .step = {{0, CLIENT, OPEN_BOTH, PORT, "both connect to each other"},
                 {200, CLIENT, SEND, 10, "client sends 10 bytes"},
                 {300, CLIENT, CLOSE, 0, "client closes"}},
        .expect = {{VISITED, CLIENT, WEFT_TCP_SYN_RECEIVED, 0, "one end went from SYN-SENT to SYN-RECEIVED"},
                   {VISITED, SERVER, WEFT_TCP_SYN_RECEIVED, 0, "and so did the other"},
                   {VISITED, CLIENT, WEFT_TCP_ESTABLISHED, 0, "one connection came about"},
                   {GOT, SERVER, 0, 10, "and it carries bytes"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "and ends"}},
    },
    {
        .name = "simultaneous-close",
        .title = "Simultaneous close: two FINs cross (RFC 9293 §3.6)",
        .prose = "Both ends close at the same moment. Each gets a FIN in FIN-WAIT-1 that does not acknowledge\n"
                 "its own, and so stands in CLOSING until the acknowledgment comes. Both closed first: both wait\n"
                 "in TIME-WAIT.",
        .until_ms = 70000,
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {200, CLIENT, CLOSE_BOTH, 0, "both close"}},
        .expect = {{VISITED, CLIENT, WEFT_TCP_CLOSING, 0, "one end went through CLOSING"},
                   {VISITED, SERVER, WEFT_TCP_CLOSING, 0, "and so did the other"},
                   {VISITED, CLIENT, WEFT_TCP_TIME_WAIT, 0, "one end waited in TIME-WAIT"},
                   {VISITED, SERVER, WEFT_TCP_TIME_WAIT, 0, "and so did the other"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "both are gone"}},
    },
    {
        .name = "refused",
        .title = "Refused: nobody listens (RFC 9293 §3.10.7.1)",
        .prose = "A SYN to a port where nobody listens is answered by a reset that acknowledges it: proof that\n"
                 "it answers this SYN and no other. The client's connect fails at once instead of waiting for\n"
                 "minutes.",
        .until_ms = 1000,
        .step = {{0, CLIENT, CONNECT, PORT, "client connects"}},
        .expect = {{SENT, SERVER, TCP_RST | TCP_ACK, 1, "the server's stack answered RST,ACK"},
                   {FAILED, CLIENT, WEFT_ECONNREFUSED, 0, "the client was told: connection refused"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "nothing is left of it"}},
    },
    {
        .name = "abort",
        .title = "Abort: a reset instead of a FIN (RFC 9293 §3.10.5)",
        .prose = "The client gives up the connection rather than closing it. A reset says so: what was on the\n"
                 "way is lost, nobody acknowledges a reset, nobody waits in TIME-WAIT, and the server is told\n"
                 "that this was no orderly end.",
        .until_ms = 2000,
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {100, CLIENT, SEND, 1000, "client sends 1000 bytes"},
                 {200, CLIENT, ABORT, 0, "client aborts"}},
        .expect = {{SENT, CLIENT, TCP_RST, 1, "the client sent a reset"},
                   {FAILED, SERVER, WEFT_ECONNRESET, 0, "the server was told: connection reset by peer"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "the client is gone without TIME-WAIT"},
                   {ENDS, SERVER, WEFT_TCP_CLOSED, 0, "and so is the server"}},
    },
    {
        .name = "lost-final-ack",
        .title = "The lost final ACK: TIME-WAIT's first reason (RFC 9293 §3.6)",
        .prose = "The last acknowledgment of a connection is never acknowledged itself. Here it is lost. The\n"
                 "server, in LAST-ACK, cannot know, and sends its FIN again. Somebody must still be there to\n"
                 "answer it: that is what the client's TIME-WAIT is for. Had it forgotten, it would answer by a\n"
                 "reset, and a good connection would end in an error.",
        .echo_close = {[SERVER] = true},
        .until_ms = 70000,
        .rule = {.active = true, .from = CLIENT, .in_state = WEFT_TCP_TIME_WAIT},
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {200, CLIENT, CLOSE, 0, "client closes"}},
        .expect = {{VISITED, SERVER, WEFT_TCP_LAST_ACK, 0, "the server waited in LAST-ACK"},
                   {AGAIN, SERVER, TCP_FIN, 1, "and sent its FIN again"},
                   {SENT, CLIENT, TCP_ACK, 2, "the client, in TIME-WAIT, acknowledged it again"},
                   {ENDS, SERVER, WEFT_TCP_CLOSED, 0, "the server ended in order"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "and the client after its time"}},
    },
    {
        .name = "wandering-duplicate",
        .title = "The wandering duplicate: TIME-WAIT's second reason (RFC 9293 §3.4.3, §3.6)",
        .prose = "A router kept a copy of a segment. The connection is long over when it comes back. If the same\n"
                 "pair of addresses and ports were in use again, the old bytes could be taken for new ones.\n"
                 "TIME-WAIT prevents that: it keeps the pair for as long as a segment may live, throws the\n"
                 "duplicate away, and only then lets a new connection begin, with a later sequence number, out\n"
                 "of the old one's reach.",
        .until_ms = 140000,
        .echo_close = {[SERVER] = true},
        .rule = {.active = true, .from = SERVER, .with_text = true, .in_state = -1, .keep_copy = true},
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects from port 5000"},
                 {100, SERVER, SEND, 26, "server sends 26 bytes; a copy of them goes astray"},
                 {200, CLIENT, CLOSE, 0, "client closes"},
                 {2000, CLIENT, CONNECT, PORT, "client connects from port 5000 again"},
                 {5000, CLIENT, WANDER, 0, "the copy finds its way to the client"},
                 {70000, CLIENT, CONNECT, PORT, "after TIME-WAIT: client connects from port 5000"},
                 {70100, SERVER, SEND, 10, "server sends 10 bytes"},
                 {70200, CLIENT, WANDER, 0, "the copy comes once more"},
                 {70300, CLIENT, CLOSE, 0, "client closes"}},
        .expect = {{FAILED, CLIENT, WEFT_EADDRINUSE, 0, "in TIME-WAIT the pair was not given away"},
                   {DROPPED, CLIENT, WEFT_DROP_tcp_paws, 2, "the old timestamp gave it away both times (PAWS)"},
                   {DROPPED, CLIENT, WEFT_DROP_tcp_time_wait_rst, 1, "TIME-WAIT ignored the reset it provoked"},
                   {SENT, CLIENT, TCP_SYN, 2, "after it, a new connection came about"},
                   {GOT, CLIENT, 0, 36, "no old byte was taken for a new one"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "and all is over"}},
    },
    {
        .name = "half-open",
        .title = "Half-open: the peer has crashed and come back (RFC 9293 §3.5.1)",
        .prose = "The server loses its memory. The client does not notice: nothing is exchanged on an idle\n"
                 "connection. The next segment reaches a stack that knows of no such connection, and its reset\n"
                 "tells the client what happened.",
        .until_ms = 2000,
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {100, CLIENT, SEND, 26, "client sends 26 bytes"},
                 {300, SERVER, CRASH, 0, "server crashes and comes back"},
                 {500, CLIENT, SEND, 26, "client, knowing nothing, sends 26 bytes"}},
        .expect = {{GOT, SERVER, 0, 26, "the first bytes arrived"},
                   {SENT, SERVER, TCP_RST, 1, "the new server answered the second ones by a reset"},
                   {FAILED, CLIENT, WEFT_ECONNRESET, 0, "the client was told: connection reset by peer"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "and nothing is left"}},
    },
    {
        .name = "zero-window",
        .title = "Zero window: the receiver does not read (RFC 9293 §3.8.6.1)",
        .prose = "The server's program stops reading. Its stack takes what fits and closes the window; the\n"
                 "client must stop. The acknowledgment that will open it again could get lost, and then both\n"
                 "would wait for ever: so the client probes, ever more slowly, until the server reads on.",
        .buffer = 8192,
        .echo_close = {[SERVER] = true},
        .until_ms = 80000,
        .step = {{0, SERVER, LISTEN, PORT, "server listens, with a buffer of 8 KiB"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {50, SERVER, STOP_READING, 0, "server stops reading"},
                 {100, CLIENT, SEND, 20000, "client sends 20000 bytes"},
                 {5000, SERVER, READ_ON, 0, "server reads on"},
                 {8000, CLIENT, CLOSE, 0, "client closes"}},
        .expect = {{CLOSED_WINDOW, SERVER, 0, 1, "the server closed its window"},
                   {COUNTED, CLIENT, WEFT_COUNT_tcp_window_probes, 3, "the client probed it"},
                   {GOT, SERVER, 0, 20000, "in the end every byte arrived"},
                   {ENDS, SERVER, WEFT_TCP_CLOSED, 0, "and the connection ended in order"}},
    },
};

const struct scenario *scenario_at(size_t i)
{
    return i < sizeof scenarios / sizeof *scenarios ? &scenarios[i] : NULL;
}

const struct scenario *scenario_find(const char *name)
{
    const struct scenario *s;
    size_t i;

    for (i = 0; (s = scenario_at(i)) != NULL; i++) {
        if (strcmp(s->name, name) == 0)
            break;
    }
    return s;
}

const char *scenario_name(const struct scenario *s)
{
    return s->name;
}

const char *scenario_title(const struct scenario *s)
{
    return s->title;
}

/* ---- the player ---- */

struct actor {
    weft_sock *listener, *sock;
    size_t to_send;
    bool shut_when_sent, not_reading, over;
    uint64_t got;
    int failed[4]; /* errors it was told, in order */
    unsigned n_failed;
    char text[64]; /* the first bytes it got */
};

struct play {
    const struct scenario *s;
    struct world world;
    struct actor actor[2];
    bool rule_used;
    uint8_t copy[2048]; /* that the rule kept */
    size_t copy_len;
    unsigned greeted;
};

static const char *const names[2] = {"client", "server"};

static void note(struct play *p, const char *format, int end, const char *what)
{
    char text[120];

    snprintf(text, sizeof text, "%s%s%s", names[end], format, what);
    ladder_note(&p->world.ladder, p->world.now, text);
}

static void told_error(struct play *p, int end, int err)
{
    struct actor *a = &p->actor[end];

    if (a->n_failed < 4)
        a->failed[a->n_failed++] = err;
    note(p, " is told: ", end, weft_strerror(err));
}

static void give_up(struct actor *a)
{
    if (a->sock)
        weft_close(a->sock);
    a->sock = NULL;
    a->to_send = 0;
}

static void send_some(struct play *p, int end)
{
    struct actor *a = &p->actor[end];
    char text[1024];
    int64_t n = 1;

    while (a->sock && a->to_send && n > 0) {
        size_t want = a->to_send < sizeof text ? a->to_send : sizeof text;
        size_t i;

        for (i = 0; i < want; i++)
            text[i] = (char)('a' + (a->to_send - i) % 26);
        n = weft_send(a->sock, text, want, want < a->to_send ? WEFT_MSG_MORE : 0);
        if (n > 0)
            a->to_send -= (size_t)n;
    }
}

static void read_some(struct play *p, int end)
{
    struct actor *a = &p->actor[end];
    char buf[4096];
    int64_t n;

    if (!a->sock || a->not_reading)
        return;
    while ((n = weft_recv(a->sock, buf, sizeof buf, 0)) > 0) {
        size_t room = a->got < sizeof a->text - 1 ? sizeof a->text - 1 - (size_t)a->got : 0;

        if (room)
            memcpy(a->text + a->got, buf, (size_t)n < room ? (size_t)n : room);
        a->got += (uint64_t)n;
    }
    if (n == 0 && !a->over) {
        a->over = true;
        if (p->s->echo_close[end]) {
            give_up(a);
            note(p, " sees the end of data", end, " and closes");
        }
    } else if (n < 0 && n != WEFT_EAGAIN && n != WEFT_ENOTCONN) {
        told_error(p, end, (int)n);
        give_up(a);
    }
}

/* What the daytime server says; always 26 characters. */
static void tell_time(struct play *p, struct actor *a)
{
    time_t now = time(NULL);
    char text[64];
    struct tm tm;

    localtime_r(&now, &tm);
    strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y\r\n", &tm);
    weft_send(a->sock, text, strlen(text), 0);
    weft_close(a->sock);
    a->sock = NULL;
    note(p, " tells the time", SERVER, " and closes");
}

static void accept_all(struct play *p, int end)
{
    struct actor *a = &p->actor[end];
    struct weft_addr peer;
    weft_sock *sock;
    int err;

    while (a->listener && (sock = weft_accept(a->listener, &peer, &err)) != NULL) {
        a->sock = sock;
        a->over = false;
        if (p->s->daytime)
            tell_time(p, a);
        else
            read_some(p, end);
    }
}

static void on_event(void *ctx, int end, const struct weft_event *event)
{
    struct play *p = ctx;
    struct actor *a = &p->actor[end];

    if (a->listener && event->sock == a->listener) {
        accept_all(p, end);
    } else if (event->sock == a->sock) {
        int err = event->ready & WEFT_ERROR ? weft_error(a->sock) : 0;

        if (err) {
            told_error(p, end, err);
            give_up(a);
            return;
        }
        send_some(p, end);
        read_some(p, end);
    }
}

static enum weft_wire_verdict on_packet(void *ctx, int from, const weft_pkt *pkt, weft_time now)
{
    struct play *p = ctx;
    const struct rule *r = &p->s->rule;
    /* Ethernet, IP and TCP headers as our stacks send them: 14, 20, and 32 with timestamps. */
    bool with_text = weft_pkt_len(pkt) > 14 + 20 + 32 + 8;

    (void)now;
    if (!r->active || p->rule_used || from != r->from || (r->with_text && !with_text) ||
        (r->in_state >= 0 && (int)p->world.ladder.state[from] != r->in_state))
        return WEFT_WIRE_PASS;
    p->rule_used = true;
    if (!r->keep_copy)
        return WEFT_WIRE_LOSE;
    p->copy_len = weft_pkt_copy(pkt, 0, p->copy, sizeof p->copy);
    return WEFT_WIRE_PASS;
}

/* ---- acts ---- */

static void act_listen(struct play *p, int end, unsigned port)
{
    const struct weft_addr local = {.ip = p->world.end[end].ip, .port = (uint16_t)port};
    struct actor *a = &p->actor[end];
    int err;

    a->listener = weft_socket(p->world.end[end].stack, WEFT_TCP, &err);
    if (a->listener && weft_bind(a->listener, &local) == 0)
        weft_listen(a->listener, 8);
}

static void act_connect(struct play *p, int end, unsigned local_port, unsigned port)
{
    const struct weft_addr local = {.ip = p->world.end[end].ip, .port = (uint16_t)local_port};
    const struct weft_addr peer = {.ip = p->world.end[!end].ip, .port = (uint16_t)port};
    struct actor *a = &p->actor[end];
    const int on = 1;
    int err = 0;

    a->sock = weft_socket(p->world.end[end].stack, WEFT_TCP, &err);
    if (!a->sock)
        return;
    a->over = false;
    weft_setsockopt(a->sock, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, &on, sizeof on);
    err = weft_bind(a->sock, &local);
    if (err == 0)
        err = weft_connect(a->sock, &peer);
    if (err == WEFT_EINPROGRESS || err == 0)
        return;
    /* Whether the port or the pair is refused depends on who is asked first. */
    told_error(p, end, err == WEFT_EADDRNOTAVAIL ? WEFT_EADDRINUSE : err);
    give_up(a);
}

static void act_abort(struct actor *a)
{
    if (a->sock)
        weft_abort(a->sock);
    a->sock = NULL;
}

static void act_read_on(struct play *p, int end)
{
    p->actor[end].not_reading = false;
    read_some(p, end);
}

static void act_crash(struct play *p, int end)
{
    p->actor[end].sock = p->actor[end].listener = NULL;
    if (!world_crash(&p->world, end))
        abort(); /* out of memory in a demonstration */
}

static void perform(struct play *p, const struct step *step)
{
    struct actor *a = &p->actor[step->end];

    switch (step->act) {
    case LISTEN:
        act_listen(p, step->end, step->n);
        break;
    case CONNECT:
        act_connect(p, step->end, CLIENT_PORT, step->n);
        break;
    case OPEN_BOTH:
        act_connect(p, CLIENT, CLIENT_PORT, step->n);
        act_connect(p, SERVER, step->n, CLIENT_PORT);
        break;
    case SEND:
        a->to_send += step->n;
        send_some(p, step->end);
        break;
    case SHUT:
        weft_shutdown(a->sock, WEFT_SHUT_WR);
        break;
    case CLOSE_BOTH:
        give_up(&p->actor[!step->end]);
        give_up(a);
        break;
    case CLOSE:
        give_up(a);
        break;
    case ABORT:
        act_abort(a);
        break;
    case CRASH:
        act_crash(p, step->end);
        break;
    case STOP_READING:
        a->not_reading = true;
        break;
    case READ_ON:
        act_read_on(p, step->end);
        break;
    case WANDER:
        break; /* after its note: see play_steps */
    }
}

static void play_steps(struct play *p)
{
    const struct step *step;

    for (step = p->s->step; step->say; step++) {
        world_run(&p->world, MORNING + (weft_time)step->ms * WEFT_MS);
        perform(p, step);
        ladder_note(&p->world.ladder, p->world.now, step->say);
        if (step->act == WANDER)
            world_inject(&p->world, step->end, p->copy, p->copy_len);
    }
    world_run(&p->world, MORNING + (weft_time)p->s->until_ms * WEFT_MS);
}

/* ---- what must have happened ---- */

static unsigned count_segments(const struct ladder *l, const struct expectation *e)
{
    unsigned n = 0;
    size_t i;

    for (i = 0; i < l->n_log; i++) {
        const struct ladder_segment *s = &l->log[i];

        if (s->from != e->end || s->fate == LADDER_WANDERED)
            continue;
        if (e->kind == CLOSED_WINDOW)
            n += s->window == 0 && !(s->flags & TCP_RST);
        else
            n += (s->flags & e->value) == e->value && (e->kind != AGAIN || s->again);
    }
    return n;
}

static bool was_told(const struct actor *a, int err)
{
    unsigned i;

    for (i = 0; i < a->n_failed; i++) {
        if (a->failed[i] == err)
            return true;
    }
    return false;
}

static bool holds(const struct play *p, const struct expectation *e)
{
    const struct ladder *l = &p->world.ladder;
    const weft_stack *stack = p->world.end[e->end].stack;

    switch (e->kind) {
    case VISITED:
        return l->visited[e->end] & 1u << e->value;
    case ENDS:
        return (int)l->state[e->end] == e->value;
    case FAILED:
        return was_told(&p->actor[e->end], e->value);
    case GOT:
        return p->actor[e->end].got == e->n;
    case SENT:
    case AGAIN:
    case CLOSED_WINDOW:
        return count_segments(l, e) >= e->n;
    case COUNTED:
        return weft_counter(stack, (enum weft_counter)e->value) >= e->n;
    case DROPPED:
        return weft_drops(stack, (enum weft_drop)e->value) >= e->n;
    case END:
        break;
    }
    return false;
}

static bool check(const struct play *p, FILE *out)
{
    const struct expectation *e;
    bool all = true;

    for (e = p->s->expect; e->kind != END; e++) {
        bool good = holds(p, e);

        fprintf(out, "  %s  %s\n", good ? "ok  " : "FAIL", e->claim);
        all = all && good;
    }
    return all;
}

bool scenario_play(const struct scenario *s, FILE *out, struct world_capture *capture)
{
    struct play *p = calloc(1, sizeof *p);
    /* The ladder is printed from MORNING on. */
    const struct world_config config = {.seed = 1,
                                        .name = {names[0], names[1]},
                                        .wire = {.delay = DELAY},
                                        .buffer = s->buffer,
                                        .filter = on_packet,
                                        .event = on_event,
                                        .ctx = p,
                                        .trace = true};
    bool good = false;

    fprintf(out, "\n%s\n\n%s\n\n", s->title, s->prose);
    if (p && world_open(&p->world, &config, capture)) {
        p->s = s;
        world_run(&p->world, MORNING);
        p->world.ladder.out = out;
        p->world.ladder.origin = MORNING;
        ladder_header(&p->world.ladder);
        play_steps(p);
        if (s->daytime)
            fprintf(out, "\n  daytime said: %s", p->actor[CLIENT].text);
        fputc('\n', out);
        good = check(p, out);
        world_close(&p->world);
    } else {
        fprintf(out, "  FAIL  out of memory\n");
    }
    free(p);
    return good;
}
