/* SPDX-License-Identifier: MIT */
/*
 * weft link: a link between two devices that is as bad as wanted. It needs no stack but for its packets: one without an
 * interface, which nobody ever gives a packet to.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/link.h"
#include "cmd/parse.h"

#define SNAP_ALL 65535

struct link_opts {
    const char *spec[2];
    unsigned n_specs;
    struct weft_impairment how[2];
    bool said[2], seeded;
    uint64_t seed;
    weft_time every, duration; /* 0: not */
    const char *capture;
    uint64_t snap;
};

enum { KEY_FORWARD = 0x100, KEY_BACK, KEY_BOTH, KEY_SEED, KEY_STATS, KEY_DURATION, KEY_CAPTURE, KEY_SNAP };

static const struct argp_option link_options[] = {
    {"forward", KEY_FORWARD, "HOW", 0, "What happens to packets from the first device to the second: rate=10mbit,"
     "queue=64p,delay=5ms,jitter=1ms,loss=1%,gilbert=1%:25%,every=100,reorder=1%:3ms,dup=1%,corrupt=1%,mark=1%", 1},
    {"back", KEY_BACK, "HOW", 0, "What happens to those from the second to the first", 1},
    {"both", KEY_BOTH, "HOW", 0, "Both at once", 1},
    {"seed", KEY_SEED, "N", 0, "Decides, with the packets before it, what becomes of each (0)", 1},
    {"duration", KEY_DURATION, "SECONDS", 0, "End after so long, not when interrupted", 1},
    {"stats", KEY_STATS, "SECONDS", 0, "Print statistics this often, not only at the end and on SIGUSR1", 1},
    {"capture", KEY_CAPTURE, "FILE", 0, "Write what enters and leaves at both devices to this pcapng file", 1},
    {"snap", KEY_SNAP, "BYTES", 0, "Of each packet keep at most so many in the file", 1},
    {0},
};

static error_t take_how(struct argp_state *state, bool forward, bool back, const char *text)
{
    struct link_opts *o = args_opts(state);
    struct weft_impairment how;
    uint64_t seed;
    char bad[80];
    int d;

    if (!parse_impairment(text, &how, &seed, bad, sizeof bad))
        return args_error(state, "bad impairment '%s': give words as rate=10mbit,queue=64p,delay=5ms,loss=1%%", bad);
    for (d = 0; d < 2; d++) {
        if (!(d == 0 ? forward : back))
            continue;
        if (o->said[d])
            return args_error(state, "%s is said twice: join the words by commas", d == 0 ? "--forward" : "--back");
        o->said[d] = true;
        o->how[d] = how;
    }
    if (seed && !o->seeded)
        o->seed = seed;
    return 0;
}

static error_t take_device(struct argp_state *state, const char *spec)
{
    struct link_opts *o = args_opts(state);
    char why[CMD_WHY];

    if (!weft_driver_spec_check(spec, why, sizeof why))
        return args_error(state, "bad device '%s': %s, as tap:wt0", spec, why);
    o->spec[o->n_specs++] = spec;
    if (o->n_specs < 2)
        return 0;
    if ((strncmp(o->spec[0], "tun:", 4) == 0) != (strncmp(o->spec[1], "tun:", 4) == 0))
        return args_error(state, "%s and %s cannot be joined: one has Ethernet frames, the other IP", o->spec[0], spec);
    return strcmp(o->spec[0], spec) != 0 ? 0 : args_error(state, "%s cannot be both ends", spec);
}

static error_t parse_link(int key, char *arg, struct argp_state *state)
{
    struct link_opts *o = args_opts(state);

    switch (key) {
    case ARGP_KEY_ARG:
        return take_device(state, arg);
    case KEY_FORWARD:
    case KEY_BACK:
    case KEY_BOTH:
        return take_how(state, key != KEY_BACK, key != KEY_FORWARD, arg);
    case KEY_SEED:
        o->seeded = true;
        return args_number(state, "seed", arg, 0, UINT64_MAX, &o->seed);
    case KEY_STATS:
        return args_seconds(state, "interval", arg, &o->every);
    case KEY_DURATION:
        return args_seconds(state, "duration", arg, &o->duration);
    case KEY_CAPTURE:
        o->capture = arg;
        return 0;
    case KEY_SNAP:
        return args_number(state, "snap", arg, 1, SNAP_ALL, &o->snap);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the link ---- */

struct link {
    struct cmd_ctx *ctx;
    const struct link_opts *o;
    weft_stack *stack;
    weft_pcap *pcap; /* NULL: none */
    struct pump pump;
    weft_time since;
};

static void *env_alloc(void *ctx, size_t size, size_t align)
{
    void *p = NULL;

    (void)ctx;
    return posix_memalign(&p, align < sizeof p ? sizeof p : align, size) == 0 ? p : NULL;
}

static void env_free(void *ctx, void *p, size_t size)
{
    (void)ctx, (void)size;
    free(p);
}

static bool env_random(void *ctx, void *buf, size_t n)
{
    (void)ctx;
    return getrandom(buf, n, 0) == (ssize_t)n;
}

/* Opens one end, recorded if wanted. NULL, and *why, on failure. */
static weft_driver *open_end(struct link *l, int i, char *why, size_t n)
{
    weft_driver *d = weft_driver_open(l->o->spec[i], false, why, n);
    int interface;

    if (!d || !l->pcap)
        return d;
    interface = weft_pcap_interface(l->pcap, d->ifc.name, d->ifc.link, l->o->snap ? (uint32_t)l->o->snap : SNAP_ALL);
    d = record_open(d, l->pcap, interface);
    if (!d)
        snprintf(why, n, "out of memory");
    return d;
}

/* False, and *why, on failure; link_close in any case. */
static bool link_open(struct link *l, char *why, size_t n)
{
    const struct weft_env env = {.alloc = env_alloc, .free = env_free, .random = env_random};
    weft_driver *second;

    if (l->o->capture && !(l->pcap = weft_pcap_open(l->o->capture, -1, why, n)))
        return false;
    snprintf(why, n, "out of memory");
    l->stack = weft_stack_new(&env, NULL, 0, NULL);
    if (!l->stack || !(l->pump.end[0].driver = open_end(l, 0, why, n)) || !(second = open_end(l, 1, why, n)))
        return false;
    l->pump.end[1].driver = weft_impair_open(second, l->o->how, l->o->seed);
    if (!l->pump.end[1].driver)
        return false;
    l->pump.end[0].driver->stack = l->pump.end[1].driver->stack = l->stack;
    return true;
}

/* False when the capture could not be written. */
static bool link_close(struct link *l)
{
    int i;

    pump_release(&l->pump);
    for (i = 0; i < 2; i++) {
        if (l->pump.end[i].driver)
            l->pump.end[i].driver->ops->close(l->pump.end[i].driver);
    }
    if (l->stack)
        weft_stack_free(l->stack);
    return !l->pcap || weft_pcap_close(l->pcap);
}

/* ---- statistics ---- */

static void print_lane(const struct link *l, int from, const struct weft_lane_stats *s)
{
    weft_time late = s->delivered ? s->late_total / s->delivered : 0;

    fprintf(l->ctx->out,
            "%s > %s: %llu packets, %llu bytes; %llu arrived, %llu lost, %llu found the queue full, %llu came twice, "
            "%llu corrupted, %llu marked, %llu out of order; waited %.3f ms at most; late by %.1f us, %.1f us at most\n",
            l->o->spec[from], l->o->spec[!from], (unsigned long long)s->sent, (unsigned long long)s->bytes,
            (unsigned long long)s->delivered, (unsigned long long)s->lost, (unsigned long long)s->overflowed,
            (unsigned long long)s->duplicated, (unsigned long long)s->corrupted, (unsigned long long)s->marked,
            (unsigned long long)s->reordered,
            (double)s->wait_max / 1e6, (double)late / 1e3, (double)s->late_max / 1e3);
}

static void json_lane(struct json *j, const char *key, const struct weft_lane_stats *s)
{
    json_open(j, key, '{');
    json_number(j, "packets", s->sent);
    json_number(j, "bytes", s->bytes);
    json_number(j, "arrived", s->delivered);
    json_number(j, "lost", s->lost);
    json_number(j, "queue_full", s->overflowed);
    json_number(j, "duplicated", s->duplicated);
    json_number(j, "corrupted", s->corrupted);
    json_number(j, "marked", s->marked);
    json_number(j, "reordered", s->reordered);
    json_number(j, "wait_max_ns", s->wait_max);
    json_number(j, "late_mean_ns", s->delivered ? s->late_total / s->delivered : 0);
    json_number(j, "late_max_ns", s->late_max);
    json_close(j, '}');
}

static void print_stats(const struct link *l)
{
    const struct weft_lane_stats *forward = weft_impair_stats(l->pump.end[1].driver, 0);
    const struct weft_lane_stats *back = weft_impair_stats(l->pump.end[1].driver, 1);
    weft_time age = pump_now() - l->since;
    struct json j = {.out = l->ctx->out};

    if (l->ctx->where.json) {
        json_open(&j, NULL, '{');
        json_number(&j, "ns", age);
        json_lane(&j, "forward", forward);
        json_lane(&j, "back", back);
        json_close(&j, '}');
        json_end(&j);
    } else {
        fprintf(l->ctx->out, "after %.3f s\n", (double)age / 1e9);
        print_lane(l, 0, forward);
        print_lane(l, 1, back);
    }
    fflush(l->ctx->out);
    if (l->pcap)
        weft_pcap_flush(l->pcap);
}

/* ---- running ---- */

/* SIGUSR1 becomes a descriptor; -1 when there are none left. */
static int usr1_as_descriptor(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Until it should end. Returns the exit status. */
static int live(struct link *l, int usr1)
{
    const weft_time end = l->o->duration ? l->since + l->o->duration : WEFT_NEVER;
    weft_time next = l->o->every ? l->since + l->o->every : WEFT_NEVER;
    const int told[2] = {l->ctx->hangup, usr1};
    struct signalfd_siginfo info;
    enum pump_result r;

    for (;;) {
        r = pump_run(&l->pump, next < end ? next : end, told);
        if (r == PUMP_DEAD_0 || r == PUMP_DEAD_1)
            return cmd_fail(l->ctx, CMD_FAILED, "%s is gone", l->o->spec[r == PUMP_DEAD_1]);
        if (cmd_hung_up(l->ctx) || pump_now() >= end)
            return 0;
        if (r == PUMP_TOLD)
            while (read(usr1, &info, sizeof info) == sizeof info)
                ;
        else
            next += l->o->every;
        print_stats(l);
    }
}

static int run_link(struct cmd_ctx *ctx)
{
    struct link l = {.ctx = ctx, .o = ctx->opts};
    int usr1 = usr1_as_descriptor(), status = CMD_USAGE;
    char why[CMD_WHY] = "";

    ctx->hangup = signals_as_descriptor();
    prctl(PR_SET_TIMERSLACK, 1ul); /* else the kernel may wake us 50 us late */
    if (link_open(&l, why, sizeof why)) {
        l.since = pump_now();
        status = live(&l, usr1);
        print_stats(&l);
    } else {
        cmd_fail(ctx, 0, "%s", why);
    }
    if (!link_close(&l))
        status = cmd_fail(ctx, CMD_FAILED, "cannot write %s", l.o->capture);
    close(usr1);
    close(ctx->hangup);
    return status;
}

const struct subcommand cmd_link = {
    .name = "link",
    .args = "DEVICE DEVICE",
    .summary = "Join two devices by a link as bad as wanted",
    .more = "Carries packets between two TAPs (or two TUNs), each with its own fate: after the queue and the rate comes "
            "the delay, and chance loses, duplicates, corrupts and reorders, from a seed. Ends when interrupted.",
    .options = link_options,
    .parse = parse_link,
    .opts_size = sizeof(struct link_opts),
    .min_args = 2,
    .max_args = 2,
    .json = true,
    .run = run_link,
};
