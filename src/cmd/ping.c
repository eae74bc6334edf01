/* SPDX-License-Identifier: MIT */
/*
 * weft ping: echo requests on an ICMP socket, told in ping's words. The socket says when a reply came and with which TTL,
 * and reports what ICMP complains about (weft_recv_report). The options of a reply's header it does not say: these are
 * seen on the host's tap as the packet comes in.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/links.h"
#include "cmd/ping_socket.h"
#include "cmd/ping_tell.h"
#include "wire/ethernet.h"
#include "wire/icmpv4.h"
#include "wire/icmpv6.h"

#define REMEMBERED 4096 /* requests whose time of sending is kept; a power of two */
#define RECORDED   64   /* replies whose options are kept until they are printed; a power of two */
#define HEADERS    128  /* of a frame, all that stands before an echo of IPv4 */
#define FLOOD_GAP  (10 * WEFT_MS) /* how long a flood waits for an answer */

struct ping {
    struct cmd_ctx *ctx;
    const struct ping_opts *o;
    struct ping_teller tell;
    char to[WEFT_IP_TEXT], from[WEFT_IP_TEXT + 24];
    bool v6;
    int s;
    uint8_t *out, *in; /* a request; room for any message */
    size_t len;        /* of a request */
    weft_time began, last_sent;
    struct ping_stats stats;
    struct links links;
    weft_time sent_at[REMEMBERED];
    bool answered[REMEMBERED];
    struct {
        uint8_t n, bytes[IPV4_MAX_OPTIONS];
    } options[RECORDED]; /* of replies; written by the tap, before the reply can be received */
};

/* ---- the tap: under the host's lock ---- */

static void note_options(void *ctx, const struct weft_trace *event)
{
    struct ping *p = ctx;
    uint8_t head[HEADERS];
    struct icmpv4_header icmp;
    struct ipv4_header ip;
    struct eth_header eth;
    struct reader r;
    size_t n;

    if (event->kind != WEFT_TRACE_RX || !event->pkt)
        return;
    r = reader(head, weft_pkt_copy(event->pkt, 0, head, sizeof head));
    if (links_is_ethernet(&p->links, event->ifp) && !eth_parse(&r, &eth))
        return;
    if (ipv4_parse(&r, weft_pkt_len(event->pkt), &ip) != IPV4_OK || ip.proto != IP_PROTO_ICMP ||
        !icmpv4_parse(&r, &icmp) || icmp.type != ICMPV4_ECHO_REPLY)
        return;
    n = ip.options ? ip.header_len - (size_t)IPV4_HEADER : 0;
    p->options[icmp.rest.echo.seq % RECORDED].n = (uint8_t)n;
    if (n)
        memcpy(p->options[icmp.rest.echo.seq % RECORDED].bytes, ip.options, n);
}

/* ---- what comes ---- */

/* Is it a reply, and to which sequence number? */
static bool read_reply(const struct ping *p, size_t n, uint16_t *seq)
{
    struct reader r = reader(p->in, n);
    struct icmpv4_header v4;
    struct icmpv6_header v6;

    if (p->v6) {
        *seq = icmpv6_parse(&r, &v6) ? (uint16_t)v6.word : 0;
        return !r.bad && v6.type == ICMPV6_ECHO_REPLY;
    }
    *seq = icmpv4_parse(&r, &v4) ? v4.rest.echo.seq : 0;
    return !r.bad && v4.type == ICMPV4_ECHO_REPLY;
}

static void take_reply(struct ping *p, size_t n, const struct weft_addr *peer, const struct weft_control *control)
{
    char from[WEFT_IP_TEXT];
    struct ping_reply reply = {.from = weft_host_ip_text(p->ctx->host, &peer->ip, from, sizeof from),
                               .ttl = control->ttl, .data = p->in + ICMPV4_HEADER, .n = n - ICMPV4_HEADER};
    uint64_t request;
    weft_time sent;

    if (!read_reply(p, n, &reply.seq))
        return;
    request = ping_stats_request(&p->stats, reply.seq);
    if (!request || p->stats.sent - request >= REMEMBERED)
        return;
    sent = p->sent_at[request % REMEMBERED];
    reply.rtt = control->arrived > sent ? control->arrived - sent : 0;
    reply.again = p->answered[request % REMEMBERED];
    p->answered[request % REMEMBERED] = true;
    ping_stats_settle(&p->stats, request);
    if (reply.again)
        p->stats.duplicates++;
    else
        ping_stats_reply(&p->stats, reply.rtt);
    if (p->tell.n_asked) {
        reply.options = p->options[reply.seq % RECORDED].bytes;
        reply.n_options = p->options[reply.seq % RECORDED].n;
    }
    ping_tell_reply(&p->tell, &reply);
}

static void take_report(struct ping *p, const uint8_t *quote, size_t n, const struct weft_report *report)
{
    char from[WEFT_IP_TEXT];
    uint16_t seq = n >= ICMPV4_HEADER ? peek_u16(quote + ICMPV4_HEADER - 2) : (uint16_t)p->stats.sent;
    uint64_t request = ping_stats_request(&p->stats, seq);

    p->stats.errors++;
    if (request && report->origin != WEFT_ORIGIN_LOCAL)
        ping_stats_settle(&p->stats, request);
    ping_tell_error(&p->tell, seq, weft_host_ip_text(p->ctx->host, &report->offender, from, sizeof from), report);
}

/* Returns how many there were. */
static unsigned take_reports(struct ping *p)
{
    uint8_t quote[ICMPV4_HEADER];
    struct weft_report report;
    unsigned taken = 0;
    int64_t n;

    while ((n = weft_host_recv_report(p->ctx->host, p->s, quote, sizeof quote, &report)) >= 0) {
        take_report(p, quote, (size_t)n, &report);
        taken++;
    }
    return taken;
}

/* Everything that has come; false when the host is going down. */
static bool receive_all(struct ping *p)
{
    struct weft_control control;
    struct weft_addr from;
    int64_t n;

    for (;;) {
        n = weft_host_recv_control(p->ctx->host, p->s, p->in, IPV4_MAX_LEN, 0, &from, &control, 0);
        if (n == WEFT_EAGAIN || n == WEFT_ENETDOWN)
            break;
        if (n < 0)
            take_reports(p);
        else if (n >= ICMPV4_HEADER)
            take_reply(p, (size_t)n, &from, &control);
    }
    take_reports(p);
    fflush(p->ctx->out);
    return n == WEFT_EAGAIN;
}

/* ---- requests ---- */

/* The socket fills in identifier and checksum. */
static void write_echo(const struct ping *p, uint16_t seq)
{
    const struct icmpv4_header v4 = {.type = ICMPV4_ECHO, .rest.echo.seq = seq};
    const struct icmpv6_header v6 = {.type = ICMPV6_ECHO, .word = seq};
    struct writer w = writer(p->out, ICMPV4_HEADER);

    if (p->v6)
        icmpv6_emit(&w, &v6);
    else
        icmpv4_emit(&w, &v4);
}

static int64_t send_once(const struct ping *p)
{
    const struct weft_addr to = {.ip = p->o->ip};

    if (ping_asks_many(p->o)) /* anybody may answer: the socket has no peer */
        return weft_host_sendto(p->ctx->host, p->s, p->out, p->len, &to);
    return weft_host_send(p->ctx->host, p->s, p->out, p->len, 0);
}

static void send_request(struct ping *p)
{
    uint64_t request = p->stats.sent + 1;
    int64_t n;

    if (p->o->tell_silence && p->stats.sent && !p->answered[p->stats.sent % REMEMBERED])
        ping_tell_silence(&p->tell, (uint16_t)p->stats.sent);
    write_echo(p, (uint16_t)request);
    p->last_sent = p->sent_at[request % REMEMBERED] = weft_host_now(p->ctx->host);
    p->answered[request % REMEMBERED] = false;
    n = send_once(p);
    if (n < 0 && take_reports(p) > 0 && n != WEFT_EMSGSIZE) /* that was about an earlier one */
        n = send_once(p);
    else if (n == WEFT_EMSGSIZE) /* told already */
        n = 0;
    p->stats.sent++;
    if (n < 0) {
        p->stats.errors++;
        ping_tell_unsent(&p->tell, (uint16_t)request, (int)n);
    }
    ping_tell_request(&p->tell);
    fflush(p->ctx->out);
}

/* ---- when ---- */

/* With a deadline, requests go on until as many are answered. */
static bool has_sent_all(const struct ping *p)
{
    return p->o->count && p->stats.sent >= p->o->count && !p->o->deadline;
}

static weft_time next_request(const struct ping *p)
{
    bool by_answers = p->o->adaptive || p->o->interval == 0;

    if (p->stats.sent == 0)
        return p->began;
    if (by_answers && p->stats.settled == p->stats.sent)
        return p->last_sent;
    return p->last_sent + (p->o->interval ? p->o->interval : FLOOD_GAP);
}

/* How long after the last request replies are waited for: two round trips, where there was one. */
static weft_time patience(const struct ping *p)
{
    weft_time round_trips = 2 * p->stats.max;

    if (!p->stats.received)
        return p->o->wait;
    return round_trips > p->o->interval ? round_trips : p->o->interval;
}

static bool is_over(const struct ping *p, weft_time now)
{
    const struct ping_stats *t = &p->stats;

    if (p->o->deadline && (now >= p->began + p->o->deadline || t->errors))
        return true;
    if (p->o->count && t->received + t->errors >= p->o->count)
        return true;
    return has_sent_all(p) && now >= p->last_sent + patience(p);
}

/* When to look again, though nothing comes. */
static weft_time next_look(const struct ping *p)
{
    weft_time next = has_sent_all(p) ? p->last_sent + patience(p) : next_request(p);
    weft_time end = p->o->deadline ? p->began + p->o->deadline : WEFT_NEVER;

    return next < end ? next : end;
}

static void ping_loop(struct ping *p)
{
    struct weft_host_poll poll = {.s = p->s, .want = WEFT_READABLE};
    weft_time now = weft_host_now(p->ctx->host), until;
    int n;

    p->began = p->last_sent = now;
    while (!is_over(p, now) && !ferror(p->ctx->out)) {
        if (!has_sent_all(p) && now >= next_request(p))
            send_request(p);
        now = weft_host_now(p->ctx->host);
        until = next_look(p);
        n = weft_host_poll(p->ctx->host, &poll, 1, p->ctx->hangup, until > now ? until - now : 0);
        if (n < 0 || cmd_hung_up(p->ctx) || (n > 0 && !receive_all(p)))
            return;
        now = weft_host_now(p->ctx->host);
    }
}

/* ---- beginning and end ---- */

/* The line about where requests come from: "10.9.0.2 wt0", or without the interface "10.9.0.2 ". */
static void name_source(struct ping *p)
{
    char text[WEFT_IP_TEXT];
    struct weft_addr local;
    struct weft_ip ip;

    if (weft_host_getsockname(p->ctx->host, p->s, &local))
        return;
    snprintf(p->from, sizeof p->from, "%s %s", weft_host_ip_text(p->ctx->host, &local.ip, text, sizeof text),
             weft_host_ip_parse(p->ctx->host, p->o->from, &ip) == 0 ? "" : p->o->from);
    p->tell.from = p->from;
}

/* As ping has it: no reply, or fewer than asked for within the deadline, is failure. */
static int status_of(const struct ping *p)
{
    return p->stats.received == 0 || (p->o->deadline && p->stats.received < p->o->count) ? CMD_FAILED : 0;
}

static int ping_run(struct ping *p)
{
    int tap = -1;

    p->s = ping_open(p->ctx, p->o, p->to, &p->tell.n_asked);
    if (p->s < 0)
        return CMD_USAGE;
    if (p->o->from)
        name_source(p);
    if (p->tell.n_asked) {
        links_ask(&p->links, p->ctx->host);
        tap = weft_host_tap_packets(p->ctx->host, note_options, p);
    }
    ping_tell_head(&p->tell);
    ping_loop(p);
    if (tap >= 0)
        weft_host_capture_stop(p->ctx->host, tap);
    ping_tell_foot(&p->tell, &p->stats, p->last_sent - p->began);
    weft_host_close(p->ctx->host, p->s);
    return status_of(p);
}

static int run_ping(struct cmd_ctx *ctx)
{
    struct ping *p = calloc(1, sizeof *p);
    struct json json = {.out = ctx->out};
    int status = CMD_FAILED;

    if (!p)
        return cmd_fail(ctx, CMD_FAILED, "out of memory");
    p->ctx = ctx;
    p->o = ctx->opts;
    p->v6 = !weft_ip_is_v4(&p->o->ip);
    p->len = ICMPV4_HEADER + p->o->size;
    p->stats.dense = p->o->flood || p->o->adaptive || p->o->interval == 0;
    p->tell = (struct ping_teller){.out = ctx->out, .err = ctx->err, .o = p->o, .to = p->to,
                                   .json = ctx->where.json ? &json : NULL};
    p->out = malloc(p->len);
    p->in = malloc(IPV4_MAX_LEN);
    weft_host_ip_text(ctx->host, &p->o->ip, p->to, sizeof p->to);
    if (!p->out || !p->in) {
        cmd_fail(ctx, status, "out of memory");
    } else {
        for (size_t i = 0; i < p->o->size; i++)
            p->out[ICMPV4_HEADER + i] = ping_data_at(p->o, i);
        status = ping_run(p);
    }
    free(p->out);
    free(p->in);
    free(p);
    return status;
}

const struct subcommand cmd_ping = {
    .name = "ping",
    .args = "ADDR",
    .summary = "Ask a host whether it is there",
    .options = ping_options,
    .parse = ping_parse,
    .opts_size = sizeof(struct ping_opts),
    .min_args = 1,
    .max_args = 1,
    .on_host = true,
    .json = true,
    .run = run_ping,
};
