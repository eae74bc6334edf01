/* SPDX-License-Identifier: MIT */
/* See lab.h: the clock and the list of events. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "stamps.h"

void lab_fail(struct lab *lab, int line, const char *format, ...)
{
    va_list ap;
    int n = 0;

    if (lab->failed || lab->lenient)
        return;
    lab->failed = true;
    if (line)
        n = snprintf(lab->why, sizeof(lab->why), "%s:%d: ", lab->script->path, line);
    else
        n = snprintf(lab->why, sizeof(lab->why), "%s: ", lab->script->path);
    va_start(ap, format);
    vsnprintf(lab->why + n, sizeof(lab->why) - (size_t)n, format, ap);
    va_end(ap);
}

/* ---- the clock ---- */

weft_time lab_deadline(const struct lab *lab)
{
    weft_time d = weft_deadline(lab->stack), epoch = lab->script->config.epoch;

    return d == WEFT_NEVER ? WEFT_NEVER : d < epoch ? 0 : d - epoch;
}

/* The next moment at which anything can happen: a timer of the stack, or the end of a call's patience. */
static weft_time next_moment(const struct lab *lab)
{
    weft_time d = lab_deadline(lab);

    return lab->pending.event && lab->pending.deadline < d ? lab->pending.deadline : d;
}

static bool is_late(const struct lab *lab) { return lab->script->config.late; }

void lab_settle(struct lab *lab)
{
    struct weft_event events[16];

    size_t n;

    if (!is_late(lab))
        lab_pull(lab);
    while ((n = weft_events(lab->stack, events, 16)) > 0)
        for (size_t i = 0; i < n; i++)
            lab_note_event(lab, &events[i]);
    stamps_collect(lab);
    lab_retry(lab);
    if (!is_late(lab))
        lab_pull(lab);
    stamps_collect(lab);
}

static void tick(struct lab *lab)
{
    weft_tick(lab->stack, lab->now + lab->script->config.epoch);
    lab_settle(lab);
}

/* A stack whose deadline never leaves the past would keep its driver spinning: that many ticks at once are a bug. */
#define TICKS_AT_ONCE 1000
/* So many ticks in one wait are one too. */
#define TICKS_IN_ALL 2000000

void lab_run_until(struct lab *lab, weft_time t, bool until_frame)
{
    unsigned stuck = 0, all = 0;

    while (!lab->failed && !(until_frame && lab->first)) {
        weft_time d;

        if (is_late(lab) && until_frame)
            lab_pull_one(lab);
        else if (is_late(lab) && t > lab->now)
            lab_pull(lab);
        d = next_moment(lab);
        if ((until_frame && lab->first) || d > t || d == WEFT_NEVER)
            break;
        stuck = d > lab->now ? 0 : stuck + 1;
        if (stuck > TICKS_AT_ONCE || ++all > TICKS_IN_ALL) {
            lab_fail(lab, 0, "the deadline does not move on at %.9f", (double)lab->now / 1e9);
            break;
        }
        lab->now = d > lab->now ? d : lab->now;
        tick(lab);
    }
    if (until_frame && lab->first)
        return;
    if (t != WEFT_NEVER && t > lab->now)
        lab->now = t;
    tick(lab);
}

/* ---- events ---- */

struct search {
    const struct tuple *tuple;
    enum weft_tcp_state state;
};

static bool visit(void *ctx, const struct weft_listing *item)
{
    struct search *s = ctx;

    if (item->proto != WEFT_TCP || item->local.port != s->tuple->local_port ||
        item->remote.port != s->tuple->remote_port || !ip_same(&item->remote.ip, &s->tuple->remote))
        return true;
    s->state = item->state;
    return false;
}

static enum weft_tcp_state state_of(struct lab *lab, const struct event *e)
{
    struct search s = {.state = WEFT_TCP_CLOSED};
    struct lab_fd *fd;

    if (e->fd >= 0) {
        fd = lab_fd_find(lab, e->fd);
        return fd ? weft_tcp_state(fd->sock) : WEFT_TCP_CLOSED;
    }
    for (struct tuple *t = lab->tuples; t && !s.tuple; t = t->next)
        if (t->proto == PACKET_TCP && t->flow == (e->flow < 0 ? 1 : e->flow))
            s.tuple = t;
    if (s.tuple)
        weft_list(lab->stack, visit, &s);
    return s.state;
}

static void check_state(struct lab *lab, const struct event *e)
{
    enum weft_tcp_state state = state_of(lab, e);

    if (state != (enum weft_tcp_state)e->number)
        lab_fail(lab, e->line, "the state is %s, expected %s", weft_tcp_state_name(state),
                 weft_tcp_state_name((enum weft_tcp_state)e->number));
}

/* Which reasons were counted since the last packet went in. */
static void check_drop(struct lab *lab, const struct event *e)
{
    char text[256];
    size_t n = 0;
    bool found = false;

    text[0] = 0;
    for (int i = 1; i < WEFT_DROP_COUNT; i++) {
        if (weft_drops(lab->stack, (enum weft_drop)i) == lab->drops_before[i])
            continue;
        found |= (unsigned)i == e->number;
        if (n + 40 < sizeof(text))
            n += (size_t)snprintf(text + n, sizeof(text) - n, " %s", weft_drop_name((enum weft_drop)i));
    }
    if (e->number == WEFT_DROP_none ? n == 0 : found)
        return;
    lab_fail(lab, e->line, "the packet was dropped for:%s, expected %s", n ? text : " nothing",
             weft_drop_name((enum weft_drop)e->number));
}

static void check_count(struct lab *lab, const struct event *e)
{
    uint64_t n = weft_counter(lab->stack, (enum weft_counter)e->number);

    if (n != e->amount)
        lab_fail(lab, e->line, "%s stands at %llu, expected %llu", weft_counter_name((enum weft_counter)e->number),
                 (unsigned long long)n, (unsigned long long)e->amount);
}

static void check_quiet(struct lab *lab, const struct event *e)
{
    lab_check_leftover(lab);
    lab_run_until(lab, lab->base + e->amount, true);
    lab_check_leftover(lab);
    lab->base += e->amount;
}

/* Numbers and timestamps are not learnt from what is skipped; the rules that every segment obeys still hold. */
static void skip(struct lab *lab, const struct event *e)
{
    struct frame *f;

    lab_check_leftover(lab);
    lab_run_until(lab, lab->base + e->amount, false);
    while ((f = lab_take_frame(lab)))
        free(f);
    lab->base += e->amount;
}

static void check_idle(struct lab *lab, const struct event *e)
{
    lab_check_leftover(lab);
    for (int i = 0; i < 10000 && !lab->failed; i++) {
        if (lab_deadline(lab) == WEFT_NEVER)
            return;
        lab_run_until(lab, lab_deadline(lab), true);
        lab_check_leftover(lab);
        lab->base = lab->now;
    }
    lab_fail(lab, e->line, "timers run on for ever");
}

static void change_setting(struct lab *lab, const struct event *e)
{
    char why[192];

    if (shell_set(lab->stack, &e->setting, why, sizeof(why)) != 0)
        lab_fail(lab, e->line, "%s", why);
    lab_settle(lab);
}

static void run_event(struct lab *lab, const struct event *e)
{
    switch (e->kind) {
    case EVENT_CALL:    lab_call(lab, e); break;
    case EVENT_IN:      lab_inject(lab, e); break;
    case EVENT_OUT:     lab_expect(lab, e); break;
    case EVENT_STATE:   check_state(lab, e); break;
    case EVENT_DROP:    check_drop(lab, e); break;
    case EVENT_COUNT:   check_count(lab, e); break;
    case EVENT_QUIET:   check_quiet(lab, e); break;
    case EVENT_SKIP:    skip(lab, e); break;
    case EVENT_IDLE:    check_idle(lab, e); break;
    case EVENT_HOLD:    lab->holding = true; break;
    case EVENT_RELEASE: lab_release(lab); break;
    case EVENT_SETTING: change_setting(lab, e); break;
    case EVENT_SHELL:   lab_command(lab, e); break;
    case EVENT_CODE:    lab_capture(lab, e); break;
    }
}

/* Everything but an expectation happens at its own time: the clock goes there first. */
static void go_to(struct lab *lab, const struct event *e)
{
    weft_time t = (e->when.relative ? lab->base : 0) + e->when.lo;

    if (e->when.relative || t + lab->tolerance >= lab->now)
        lab->base = t;
    else
        lab_fail(lab, e->line, "time runs backwards: it is %.6f already", (double)lab->now / 1e9);
    lab_run_until(lab, t, false);
}

/* --init_scripts: as if each were a command before the first event. */
static void run_init_scripts(struct lab *lab)
{
    char command[sizeof(lab->script->config.init_scripts) + 2];
    struct event e = {.kind = EVENT_SHELL, .line = 1, .code = command};
    const char *at = lab->script->config.init_scripts;

    while (*at && lab->stack && !lab->failed) {
        size_t n = strcspn(at, ",");

        snprintf(command, sizeof(command), "%s%.*s", memchr(at, '/', n) ? "" : "./", (int)n, at);
        if (n > 0)
            lab_command(lab, &e);
        at += n + (at[n] == ',');
    }
}

void lab_run(struct lab *lab)
{
    run_init_scripts(lab);
    for (size_t i = 0; i < lab->script->n_events && lab->stack && !lab->failed; i++) {
        const struct event *e = &lab->script->events[i];

        if (e->kind != EVENT_OUT)
            go_to(lab, e);
        if (!lab->failed)
            run_event(lab, e);
        if (lab->ledger.corrupt)
            lab_fail(lab, e->line, "memory was given back that was not given out so");
    }
    if (!lab->stack)
        return;
    lab_await_call(lab);
    lab_check_leftover(lab);
    lab_run_code(lab);
}

/* ---- begin and end ---- */

static bool build_stack(struct lab *lab)
{
    const struct config *c = &lab->script->config;
    struct weft_config config = c->stack;
    struct weft_env env = ledger_env(&lab->ledger);
    struct weft_if_config ifc = {.name = "script0", .link = WEFT_LINK_IP, .mtu = c->mtu};
    struct weft_route route = {.gateway = c->gateway, .if_name = "script0"};
    int err = 0;

    if (lab->options->park_given)
        config.tcp.park = lab->options->park;
    config.tcp.shortcuts = !lab->options->unabridged;
    lab->stack = weft_stack_new(&env, &config, c->epoch, &err);
    if (!lab->stack) {
        lab_fail(lab, 0, "weft_stack_new: %s", weft_strerror(err));
        return false;
    }
    lab->ifp = weft_if_new(lab->stack, &ifc, &err);
    if (!lab->ifp) {
        lab_fail(lab, 0, "weft_if_new: %s", weft_strerror(err));
        return false;
    }
    if (ip_is_v4(&c->gateway))
        route.dst = weft_ipv4(0);
    err = weft_if_add_address(lab->ifp, &c->local, c->prefix);
    if (err == 0)
        err = weft_route_add(lab->stack, &route);
    if (err != 0)
        lab_fail(lab, 0, "address and route: %s", weft_strerror(err));
    return err == 0;
}

struct lab *lab_new(const struct script *script, const struct options *options, uint64_t refuse_at)
{
    struct lab *lab = calloc(1, sizeof(*lab));

    if (!lab)
        abort();
    lab->script = script;
    lab->options = options;
    lab->lenient = refuse_at != 0;
    lab->ledger.refuse_at = refuse_at;
    lab->ledger.random = options->seed;
    lab->last = &lab->first;
    lab->tolerance = script->config.tolerance != WEFT_NEVER ? script->config.tolerance : options->tolerance;
    if (!build_stack(lab) && lab->stack) {
        weft_stack_free(lab->stack);
        lab->stack = NULL;
    }
    return lab;
}

static void free_lists(struct lab *lab)
{
    struct frame *f;

    while ((f = lab_take_frame(lab)))
        free(f);
    while (lab->tuples) {
        struct tuple *t = lab->tuples;

        lab->tuples = t->next;
        free(t);
    }
}

bool lab_finish(struct lab *lab, char *why, size_t n)
{
    bool ok;

    if (lab->stack && lab->n_held)
        lab_release(lab);
    if (lab->stack)
        weft_stack_free(lab->stack);
    lab->lenient = false; /* memory must come back in every run */
    if (lab->ledger.live != 0)
        lab_fail(lab, 0, "%zu bytes were never given back", lab->ledger.live);
    if (lab->ledger.corrupt)
        lab_fail(lab, 0, "memory was given back that was not given out so");
    ok = !lab->failed;
    snprintf(why, n, "%s", lab->why);
    free_lists(lab);
    lab_fds_free(lab);
    lab_code_free(lab);
    free(lab);
    return ok;
}
