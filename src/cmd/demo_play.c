/* SPDX-License-Identifier: MIT */
/* Acts out a story in a world of two stacks, and judges its end. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/demo_story.h"
#include "weft/sysctl.h"
#include "weft/tcp_info.h"

#define DELAY       (10 * WEFT_MS)
#define MORNING     WEFT_S /* before the story: the interfaces announce themselves */

const struct scenario *scenario_at(size_t i)
{
    if (i < n_demo_connections)
        return &demo_connections[i];
    i -= n_demo_connections;
    return i < n_demo_flows ? &demo_flows[i] : NULL;
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

#define READS 1024

struct actor {
    weft_sock *listener, *sock;
    size_t to_send;
    bool not_reading, over;
    uint64_t got;
    struct {
        uint64_t got;
        weft_time at;
    } read[READS]; /* how much it had when; the first READS times */
    unsigned n_reads;
    int failed[4]; /* errors it was told, in order */
    unsigned n_failed;
    char text[64]; /* the first bytes it got */
};

struct play {
    const struct scenario *s;
    struct world world;
    struct actor actor[2];
    unsigned fitting; /* segments that the rule looked at and found to fit */
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

static void remember_read(struct play *p, struct actor *a)
{
    if (a->n_reads == READS)
        return;
    a->read[a->n_reads].got = a->got;
    a->read[a->n_reads++].at = p->world.now;
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
        remember_read(p, a);
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

static bool fits(const struct play *p, int from, const weft_pkt *pkt, weft_time now)
{
    const struct rule *r = &p->s->rule;
    /* Ethernet, IP and TCP headers as our stacks send them: 14, 20, and 32 with timestamps. */
    bool with_text = weft_pkt_len(pkt) > 14 + 20 + 32 + 8;

    return r->active && from == r->from && (!r->with_text || with_text) &&
           now >= MORNING + r->from_ms * WEFT_MS &&
           (r->in_state < 0 || (int)p->world.ladder.state[from] == r->in_state);
}

/* Is the n-th segment that fits one to be lost? */
static bool is_listed(const struct rule *r, unsigned n)
{
    size_t i;

    for (i = 0; i < sizeof r->lose / sizeof *r->lose && r->lose[i]; i++) {
        if (r->lose[i] == n)
            return true;
    }
    return false;
}

static enum weft_wire_verdict on_packet(void *ctx, int from, const weft_pkt *pkt, weft_time now)
{
    struct play *p = ctx;
    const struct rule *r = &p->s->rule;

    if (!fits(p, from, pkt, now))
        return WEFT_WIRE_PASS;
    p->fitting++;
    if (r->lose[0])
        return is_listed(r, p->fitting) ? WEFT_WIRE_LOSE : WEFT_WIRE_PASS;
    if (p->fitting > (r->n_after ? r->n_after : 1))
        return WEFT_WIRE_PASS;
    if (!r->keep_copy)
        return WEFT_WIRE_LOSE;
    p->copy_len = weft_pkt_copy(pkt, 0, p->copy, sizeof p->copy);
    return WEFT_WIRE_PASS;
}

/* The sender's window, for the plot. */
static void on_moment(void *ctx)
{
    struct play *p = ctx;
    const struct actor *a = &p->actor[p->s->data_from];
    struct weft_tcp_info info;
    size_t n = sizeof info;

    if (p->world.config.plot && a->sock && weft_getsockopt(a->sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n) == 0 &&
        info.tcpi_state == WEFT_TCPI_ESTABLISHED)
        plot_cwnd(p->world.config.plot, p->world.now, info.tcpi_snd_cwnd, info.tcpi_snd_ssthresh);
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

static void act_nodelay(struct actor *a)
{
    const int on = 1;

    weft_setsockopt(a->sock, WEFT_SOL_TCP, WEFT_TCP_NODELAY, &on, sizeof on);
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
    case FLOOD:
        world_flood(&p->world, step->end, PORT, step->n);
        break;
    case NODELAY:
        act_nodelay(a);
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

/* When the end had read so much; WEFT_NEVER: not within the first READS times. */
static weft_time when_read(const struct actor *a, uint64_t bytes)
{
    unsigned i;

    for (i = 0; i < a->n_reads; i++) {
        if (a->read[i].got >= bytes)
            return a->read[i].at - MORNING;
    }
    return WEFT_NEVER;
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
    case GOT_BEFORE:
        return when_read(&p->actor[e->end], e->n) < (weft_time)e->value * WEFT_MS;
    case GOT_AFTER:
        return when_read(&p->actor[e->end], e->n) >= (weft_time)e->value * WEFT_MS;
    case SENT:
    case AGAIN:
    case CLOSED_WINDOW:
        return count_segments(l, e) >= e->n;
    case COUNTED:
        return weft_counter(stack, (enum weft_counter)e->value) >= e->n;
    case NONE:
        return weft_counter(stack, (enum weft_counter)e->value) == 0;
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

/* What both stacks are told. False when they know no such profile or tunable: then the story cannot be told. */
static bool settings(const struct scenario *s, struct weft_config *config)
{
    size_t i;
    bool good = weft_config_profile(config, s->profile ? s->profile : "linux") == 0;

    for (i = 0; good && i < sizeof s->set / sizeof *s->set && s->set[i].name; i++)
        good = weft_config_set(config, s->set[i].name, s->set[i].value) == 0;
    return good;
}

/* From the first bell to the last; p has its scenario and its world. */
static bool act_out(struct play *p, FILE *out)
{
    struct ladder *l = &p->world.ladder;
    bool good;

    world_run(&p->world, MORNING);
    l->out = out;
    l->origin = MORNING;
    l->most = p->s->most_lines;
    l->lines = 0;
    ladder_header(l);
    play_steps(p);
    if (l->left_out)
        fprintf(out, "\n  %u segments are left out.\n", l->left_out);
    if (p->s->daytime)
        fprintf(out, "\n  daytime said: %s", p->actor[CLIENT].text);
    fputc('\n', out);
    good = check(p, out);
    world_close(&p->world);
    return good;
}

bool scenario_play(const struct scenario *s, FILE *out, struct world_capture *capture, struct plot *plot)
{
    struct play *p = calloc(1, sizeof *p);
    struct weft_config config;
    const struct weft_impairment plain = {.delay = DELAY};
    /* The ladder is printed from MORNING on. */
    const struct world_config world = {.seed = 1,
                                       .name = {names[0], names[1]},
                                       .wire = s->wire.delay ? s->wire : plain,
                                       .buffer = s->buffer,
                                       .filter = on_packet,
                                       .event = on_event,
                                       .moment = on_moment,
                                       .ctx = p,
                                       .settings = &config,
                                       .plot = plot,
                                       .trace = true};
    bool good = false;

    fprintf(out, "\n%s\n\n%s\n\n", s->title, s->prose);
    if (plot)
        plot_begin(plot, s->data_from, MORNING);
    if (!settings(s, &config)) {
        fprintf(out, "  FAIL  the stacks cannot be set up for this\n");
    } else if (p && world_open(&p->world, &world, capture)) {
        p->s = s;
        good = act_out(p, out);
    } else {
        fprintf(out, "  FAIL  out of memory\n");
    }
    free(p);
    return good;
}
