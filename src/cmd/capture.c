/* SPDX-License-Identifier: MIT */
/*
 * weft capture: the packets of a host as they pass, as lines in tcpdump's format or as a pcapng file.
 *
 * Lines: a tap copies the head of each packet into a ring, under the host's lock; this thread prints them without it.
 * When it cannot keep up, the newest are left out and counted. The file is opened by the client, with its rights and in
 * its directory, and becomes the standard output that the host is given.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "cmd/links.h"
#include "wire/print.h"

#define SNAP 256  /* bytes of a packet that a line may need */
#define RING 4096 /* packets that may wait to be printed */
#define WHOLE 131072 /* more than any packet: what a filter may look at */

#define EXPRESSION_MAX 1024

struct capture_opts {
    const char *file; /* NULL: lines; else it has become our output */
    uint64_t count;   /* 0: no end */
    char expression[EXPRESSION_MAX]; /* the words of a filter with blanks between them; empty: every packet */
};

static const struct argp_option capture_options[] = {
    {"write", 'w', "FILE", 0, "Write a pcapng file (- for standard output) instead of lines", 1},
    {"count", 'c', "N", 0, "Stop after N packets (with -w, soon after)", 1},
    {0},
};

static error_t add_word(struct argp_state *state, struct capture_opts *o, const char *word)
{
    size_t n = strlen(o->expression), room = sizeof o->expression - n;

    if ((size_t)snprintf(o->expression + n, room, "%s%s", n ? " " : "", word) >= room)
        return args_error(state, "a filter of more than %d bytes", EXPRESSION_MAX - 1);
    return 0;
}

static error_t check_expression(struct argp_state *state, const struct capture_opts *o)
{
    char why[CMD_WHY];
    struct filter *f;

    if (!o->expression[0])
        return 0;
    f = filter_new(o->expression, why, sizeof why);
    if (!f)
        return args_error(state, "bad filter '%s': %s", o->expression, why);
    filter_free(f);
    return 0;
}

static error_t parse_capture(int key, char *arg, struct argp_state *state)
{
    struct capture_opts *o = args_opts(state);

    switch (key) {
    case 'w':
        o->file = arg;
        return 0;
    case 'c':
        return args_number(state, "count", arg, 1, UINT64_MAX, &o->count);
    case ARGP_KEY_ARG:
        return add_word(state, o, arg);
    case ARGP_KEY_END:
        return check_expression(state, o);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int prepare_capture(struct cmd_ctx *ctx)
{
    const struct capture_opts *o = ctx->opts;
    int fd;

    if (!o->file)
        return CMD_GO_ON;
    if (strcmp(o->file, "-") == 0)
        return isatty(STDOUT_FILENO) ? cmd_fail(ctx, CMD_USAGE, "a pcapng file is nothing for a terminal: give -w FILE")
                                     : CMD_GO_ON;
    fd = open(o->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
        return cmd_fail(ctx, CMD_USAGE, "cannot write '%s': %s", o->file, strerror(errno));
    close(fd);
    return args_append(ctx, strdup("--write=-"));
}

/* ---- the ring ---- */

struct entry {
    weft_time at;
    size_t n, wire_len;
    bool ethernet;
    enum weft_drop drop;
    uint8_t bytes[SNAP];
};

struct capture {
    struct cmd_ctx *ctx;
    struct links links;
    struct filter *filter;  /* NULL: every packet is wanted */
    uint8_t *whole;         /* with it: room for a packet */
    int wake;               /* eventfd */
    pthread_mutex_t mutex;  /* guards what follows */
    struct entry *ring;
    uint64_t first, end;    /* printed up to, filled up to */
    uint64_t seen, missed;
    bool open;              /* the newest entry came in and may still be dropped: not for printing yet */
};

static void wake(struct capture *c)
{
    const uint64_t one = 1;

    if (write(c->wake, &one, sizeof one) < 0)
        return; /* it is awake as it is */
}

static bool is_wanted(const struct capture *c, const struct weft_trace *event)
{
    return !c->filter || filter_wants(c->filter, links_is_ethernet(&c->links, event->ifp), c->whole,
                                      weft_pkt_copy(event->pkt, 0, c->whole, WHOLE), weft_pkt_len(event->pkt));
}

/* The same for a file. */
static bool wants(void *ctx, enum weft_link link, const uint8_t *packet, size_t n)
{
    const struct capture *c = ctx;

    return filter_wants(c->filter, link == WEFT_LINK_ETHERNET, packet, n, n);
}

/* The newest entry is closed in any case: a drop that is told next is this packet's. */
static void take_packet(struct capture *c, const struct weft_trace *event)
{
    struct entry *e = &c->ring[c->end % RING];

    c->open = false;
    if (!is_wanted(c, event))
        return;
    c->seen++;
    if (c->end - c->first == RING) {
        c->missed++;
        return;
    }
    e->at = event->at;
    e->n = weft_pkt_copy(event->pkt, 0, e->bytes, SNAP);
    e->wire_len = weft_pkt_len(event->pkt);
    e->ethernet = links_is_ethernet(&c->links, event->ifp);
    e->drop = WEFT_DROP_none;
    c->open = event->kind == WEFT_TRACE_RX;
    c->end++;
}

static void tap(void *ctx, const struct weft_trace *event)
{
    struct capture *c = ctx;

    pthread_mutex_lock(&c->mutex);
    if (event->kind == WEFT_TRACE_RX || event->kind == WEFT_TRACE_TX)
        take_packet(c, event);
    else if (event->kind == WEFT_TRACE_DROP && c->open && c->end > c->first)
        c->ring[(c->end - 1) % RING].drop = event->drop;
    else if (event->kind == WEFT_TRACE_RX_DONE)
        c->open = false;
    pthread_mutex_unlock(&c->mutex);
    wake(c);
}

/* ---- lines ---- */

static void print_entry(struct capture *c, const struct entry *e, weft_time since_1970)
{
    weft_time at = e->at + since_1970;
    time_t seconds = (time_t)(at / WEFT_S);
    char line[1024], clock[16];
    struct fmt f = fmt_begin(line, sizeof line);
    struct tm tm;

    localtime_r(&seconds, &tm);
    strftime(clock, sizeof clock, "%H:%M:%S", &tm);
    print_packet(&f, e->ethernet ? PRINT_ETHERNET : PRINT_IP, e->bytes, e->n, e->wire_len);
    fprintf(c->ctx->out, "%s.%06u %s", clock, (unsigned)(at % WEFT_S / WEFT_US), line);
    if (e->drop != WEFT_DROP_none)
        fprintf(c->ctx->out, " [dropped: %s]", weft_drop_name(e->drop));
    fputc('\n', c->ctx->out);
}

/* Takes the oldest entry; false when there is none that is complete. */
static bool take_entry(struct capture *c, struct entry *out)
{
    bool there;

    pthread_mutex_lock(&c->mutex);
    there = c->first < c->end - (c->open && c->end > c->first ? 1 : 0);
    if (there)
        *out = c->ring[c->first++ % RING];
    pthread_mutex_unlock(&c->mutex);
    return there;
}

static weft_time offset_to_1970(weft_host *host)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (weft_time)ts.tv_sec * WEFT_S + (weft_time)ts.tv_nsec - weft_host_now(host);
}

/* Prints until the count is reached or it is time to end. */
static uint64_t print_packets(struct capture *c, uint64_t count)
{
    const weft_time since_1970 = offset_to_1970(c->ctx->host);
    struct pollfd p[2] = {{.fd = c->wake, .events = POLLIN}, {.fd = c->ctx->hangup, .events = POLLIN}};
    struct entry e;
    uint64_t printed = 0, ticks;

    while ((!count || printed < count) && !ferror(c->ctx->out)) {
        if (take_entry(c, &e)) {
            print_entry(c, &e, since_1970);
            printed++;
            continue;
        }
        fflush(c->ctx->out);
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            break;
        if (p[1].revents)
            break;
        if (read(c->wake, &ticks, sizeof ticks) < 0 && errno != EAGAIN && errno != EINTR)
            break;
    }
    return printed;
}

/* ---- a file ---- */

static uint64_t packets_seen(struct capture *c)
{
    uint64_t seen;

    pthread_mutex_lock(&c->mutex);
    seen = c->seen;
    c->first = c->end; /* only counting */
    pthread_mutex_unlock(&c->mutex);
    return seen;
}

/* Waits while the host writes, until the count is reached, nobody reads any more, or it is time to end. */
static void wait_for_count(struct capture *c, uint64_t count)
{
    struct pollfd p[3] = {{.fd = c->ctx->out_fd}, {.fd = c->ctx->hangup, .events = POLLIN},
                          {.fd = c->wake, .events = POLLIN}};
    uint64_t ticks;

    while (!count || packets_seen(c) < count) {
        if ((poll(p, 3, -1) < 0 && errno != EINTR) || p[0].revents & POLLERR || p[1].revents)
            return;
        if (p[2].revents && read(c->wake, &ticks, sizeof ticks) < 0 && errno != EAGAIN && errno != EINTR)
            return;
    }
}

/* What came before the file was there is not in it, so it does not count. */
static void count_anew(struct capture *c)
{
    pthread_mutex_lock(&c->mutex);
    c->seen = 0;
    pthread_mutex_unlock(&c->mutex);
}

static int write_file(struct capture *c, uint64_t count)
{
    char why[CMD_WHY] = "";
    const struct weft_capture_choice choice = {wants, c};
    int number = weft_host_capture_some(c->ctx->host, c->ctx->out_fd, c->filter ? &choice : NULL, why, sizeof why);

    if (number < 0)
        return cmd_fail(c->ctx, CMD_FAILED, "%s", why);
    count_anew(c);
    wait_for_count(c, count);
    weft_host_capture_stop(c->ctx->host, number);
    return 0;
}

static int capture_packets(struct capture *c)
{
    const struct capture_opts *o = c->ctx->opts;
    int number, status = 0;

    links_ask(&c->links, c->ctx->host);
    number = weft_host_tap_packets(c->ctx->host, tap, c);
    if (number < 0)
        return cmd_fail(c->ctx, CMD_FAILED, "out of memory");
    if (o->file)
        status = write_file(c, o->count);
    else
        print_packets(c, o->count);
    weft_host_capture_stop(c->ctx->host, number);
    if (status == 0 && o->file)
        fprintf(c->ctx->err, "%llu packets seen\n", (unsigned long long)c->seen);
    else if (status == 0)
        fprintf(c->ctx->err, "%llu packets seen, %llu left out because printing was too slow\n",
                (unsigned long long)c->seen, (unsigned long long)c->missed);
    return status;
}

static int run_capture(struct cmd_ctx *ctx)
{
    const struct capture_opts *o = ctx->opts;
    struct capture c = {.ctx = ctx, .mutex = PTHREAD_MUTEX_INITIALIZER};
    char why[CMD_WHY] = "";
    int status = CMD_FAILED;

    if (o->expression[0] && !(c.filter = filter_new(o->expression, why, sizeof why)))
        return cmd_fail(ctx, CMD_USAGE, "bad filter '%s': %s", o->expression, why);
    c.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c.ring = calloc(RING, sizeof *c.ring);
    c.whole = malloc(WHOLE);
    if (c.wake < 0 || !c.ring || !c.whole)
        cmd_fail(ctx, status, "out of memory or descriptors");
    else
        status = capture_packets(&c);
    if (c.wake >= 0)
        close(c.wake);
    free(c.ring);
    free(c.whole);
    filter_free(c.filter);
    return status;
}

const struct subcommand cmd_capture = {
    .name = "capture",
    .summary = "Show packets as tcpdump does, or write them to a pcapng file",
    .options = capture_options,
    .parse = parse_capture,
    .opts_size = sizeof(struct capture_opts),
    .max_args = 16,
    .on_host = true,
    .prepare = prepare_capture,
    .run = run_capture,
};
