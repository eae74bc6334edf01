/* SPDX-License-Identifier: MIT */
/*
 * weft ping: echo requests on an ICMP socket, told in ping's words. What the socket does not say, the reply's TTL, is
 * seen on the host's tap as the packet comes in.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/links.h"
#include "cmd/ping_options.h"
#include "cmd/ping_stats.h"
#include "wire/ethernet.h"
#include "wire/icmpv4.h"
#include "wire/icmpv6.h"

#define MAX_SIZE   65507
#define REMEMBERED 4096 /* requests whose time of sending is kept; a power of two */
#define RECORDED   64   /* replies whose options are kept until they are printed; a power of two */

struct ping_opts {
    struct weft_ip ip;
    uint64_t count, size, ttl;
    weft_time interval, wait;
    enum ping_record record;
    bool quiet, broadcast, v4, v6;
};

static const struct argp_option ping_options[] = {
    {"count", 'c', "N", 0, "Stop after N requests", 1},
    {"interval", 'i', "SECONDS", 0, "Between requests: 1", 1},
    {"size", 's', "BYTES", 0, "Of data in each request: 56", 1},
    {"wait", 'W', "SECONDS", 0, "For the last replies: 2", 1},
    {"ttl", 't', "TTL", 0, "Time to live, or hop limit, of requests", 1},
    {NULL, 'R', NULL, 0, "Record the route, there and back", 1},
    {NULL, 'T', "WHAT", 0, "Record times: tsonly, or tsandaddr with addresses", 1},
    {NULL, 'b', NULL, 0, "ADDR may be one of broadcast", 1},
    {"quiet", 'q', NULL, 0, "Only the summary", 1},
    {NULL, '4', NULL, 0, "Only IPv4", 1},
    {NULL, '6', NULL, 0, "Only IPv6", 1},
    {NULL, 'n', NULL, 0, "Addresses as numbers (they always are)", 1},
    {0},
};

static error_t take_times(const struct argp_state *state, struct ping_opts *o, const char *what)
{
    if (strcmp(what, "tsonly") == 0)
        o->record = PING_RECORD_TIMES;
    else if (strcmp(what, "tsandaddr") == 0)
        o->record = PING_RECORD_TIMES_AND_ADDRESSES;
    else
        return args_error(state, "-T %s: it is tsonly or tsandaddr", what);
    return 0;
}

static error_t check_ping(const struct argp_state *state, const struct ping_opts *o)
{
    if (weft_ip_is_v4(&o->ip) ? o->v6 : o->v4)
        return args_error(state, "that is an address of IPv%c", o->v6 ? '4' : '6');
    if (!weft_ip_is_v4(&o->ip) && (o->record || o->broadcast))
        return args_error(state, "IPv6 has neither broadcast nor what -R and -T ask for");
    return 0;
}

static error_t parse_ping(int key, char *arg, struct argp_state *state)
{
    struct ping_opts *o = args_opts(state);

    switch (key) {
    case ARGP_KEY_INIT:
        o->size = 56;
        o->interval = WEFT_S;
        o->wait = 2 * WEFT_S;
        return 0;
    case 'c':
        return args_number(state, "count", arg, 1, UINT32_MAX, &o->count);
    case 'i':
        return args_seconds(state, "interval", arg, &o->interval);
    case 's':
        return args_number(state, "size", arg, 0, MAX_SIZE, &o->size);
    case 'W':
        return args_seconds(state, "time", arg, &o->wait);
    case 'q':
        o->quiet = true;
        return 0;
    case '4':
        o->v4 = true;
        return 0;
    case '6':
        o->v6 = true;
        return 0;
    case 'n':
        return 0;
    case 't':
        return args_number(state, "time to live", arg, 1, 255, &o->ttl);
    case 'R':
        o->record = PING_RECORD_ROUTE;
        return 0;
    case 'T':
        return take_times(state, o, arg);
    case 'b':
        o->broadcast = true;
        return 0;
    case ARGP_KEY_END:
        return check_ping(state, o);
    case ARGP_KEY_ARG:
        return args_ip(state, arg, &o->ip);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

struct ping {
    struct cmd_ctx *ctx;
    const struct ping_opts *o;
    char to[WEFT_IP_TEXT];
    bool v6;
    int s;
    uint8_t *out, *in; /* a message each */
    size_t len;        /* of a message */
    weft_time began, last_sent;
    struct ping_stats stats;
    struct links links;
    weft_time sent_at[REMEMBERED];
    bool answered[REMEMBERED];
    uint8_t ttl[REMEMBERED]; /* written by the tap, before the reply can be received */
    uint8_t asked[IPV4_MAX_OPTIONS], last_route[IPV4_MAX_OPTIONS];
    size_t n_asked;
    struct {
        uint8_t n, bytes[IPV4_MAX_OPTIONS];
    } options[RECORDED]; /* of replies, as ttl */
    struct json *json;
};

/* ---- the tap: under the host's lock ---- */

#define HEADERS 256 /* of a frame, all that may stand before an echo */

static void note_options(struct ping *p, uint16_t seq, const struct ipv4_header *ip)
{
    size_t n = ip->options ? ip->header_len - (size_t)IPV4_HEADER : 0;

    p->options[seq % RECORDED].n = (uint8_t)n;
    if (n)
        memcpy(p->options[seq % RECORDED].bytes, ip->options, n);
}

static void note_ttl_v4(struct ping *p, struct reader r, size_t len)
{
    struct icmpv4_header icmp;
    struct ipv4_header ip;

    if (ipv4_parse(&r, len, &ip) == IPV4_OK && ip.proto == IP_PROTO_ICMP && icmpv4_parse(&r, &icmp) &&
        icmp.type == ICMPV4_ECHO_REPLY) {
        p->ttl[icmp.rest.echo.seq % REMEMBERED] = ip.ttl;
        note_options(p, icmp.rest.echo.seq, &ip);
    }
}

static void note_ttl_v6(struct ping *p, struct reader r)
{
    struct icmpv6_header icmp;
    struct ipv6_fragment frag;
    struct ipv6_header ip;
    uint8_t next;

    if (!ipv6_read(&r, &ip))
        return;
    next = ip.next;
    if (ipv6_chain_skip(&r, &next, &frag) && frag.offset == 0 && next == IP_PROTO_ICMPV6 && icmpv6_parse(&r, &icmp) &&
        icmp.type == ICMPV6_ECHO_REPLY)
        p->ttl[(icmp.word & 0xffff) % REMEMBERED] = ip.hop_limit;
}

static void note_ttl(void *ctx, const struct weft_trace *event)
{
    struct ping *p = ctx;
    uint8_t head[HEADERS];
    struct eth_header eth;
    struct reader r;

    if (event->kind != WEFT_TRACE_RX || !event->pkt)
        return;
    r = reader(head, weft_pkt_copy(event->pkt, 0, head, sizeof head));
    if (links_is_ethernet(&p->links, event->ifp) && !eth_parse(&r, &eth))
        return;
    if (p->v6)
        note_ttl_v6(p, r);
    else
        note_ttl_v4(p, r, weft_pkt_len(event->pkt));
}

/* ---- requests and replies ---- */

static uint8_t data_at(size_t i)
{
    return (uint8_t)i;
}

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

/* Is it a reply, and to which request? */
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

static void send_request(struct ping *p)
{
    uint16_t seq = (uint16_t)(p->stats.sent + 1);
    int64_t n;

    write_echo(p, seq);
    p->last_sent = weft_host_now(p->ctx->host);
    p->sent_at[seq % REMEMBERED] = p->last_sent;
    p->answered[seq % REMEMBERED] = false;
    p->stats.sent++;
    if (p->o->broadcast) /* everybody may answer: the socket has no peer */
        n = weft_host_sendto(p->ctx->host, p->s, p->out, p->len, &(struct weft_addr){.ip = p->o->ip});
    else
        n = weft_host_send(p->ctx->host, p->s, p->out, p->len, 0);
    if (n < 0) {
        p->stats.errors++;
        if (!p->json)
            fprintf(p->ctx->out, "ping: icmp_seq=%u not sent: %s\n", seq, weft_strerror((int)n));
    }
}

/* Where the data came back changed, or the length of what did not. */
static size_t first_wrong(const struct ping *p, size_t n)
{
    size_t i;

    for (i = ICMPV4_HEADER; i < n; i++) {
        if (p->in[i] != data_at(i - ICMPV4_HEADER))
            break;
    }
    return i;
}

static void print_reply(struct ping *p, const char *from, uint16_t seq, size_t n, weft_time rtt, bool again)
{
    char time[24];
    size_t wrong = first_wrong(p, n);

    if (p->json) {
        json_open(p->json, NULL, '{');
        json_text(p->json, "from", from);
        json_number(p->json, "icmp_seq", seq);
        json_number(p->json, "bytes", n);
        json_number(p->json, "ttl", p->ttl[seq % REMEMBERED]);
        json_number(p->json, "rtt_us", rtt / WEFT_US);
        json_number(p->json, "duplicate", again);
        json_close(p->json, '}');
        return;
    }
    ping_rtt_text(rtt, time, sizeof time);
    fprintf(p->ctx->out, "%zu bytes from %s: icmp_seq=%u ttl=%u time=%s ms%s", n, from, seq, p->ttl[seq % REMEMBERED],
            time, again ? " (DUP!)" : "");
    if (wrong < n)
        fprintf(p->ctx->out, " (wrong data at byte %zu)", wrong - ICMPV4_HEADER);
    if (p->n_asked)
        ping_options_print(p->ctx->out, p->options[seq % RECORDED].bytes, p->options[seq % RECORDED].n, p->last_route);
    fputc('\n', p->ctx->out);
}

static void take_reply(struct ping *p, size_t n, const struct weft_addr *peer)
{
    char from[WEFT_IP_TEXT];
    weft_time rtt;
    uint16_t seq;
    bool again;

    if (!read_reply(p, n, &seq) || (uint16_t)(p->stats.sent - seq) >= REMEMBERED)
        return;
    rtt = weft_host_now(p->ctx->host) - p->sent_at[seq % REMEMBERED];
    again = p->answered[seq % REMEMBERED];
    p->answered[seq % REMEMBERED] = true;
    if (again)
        p->stats.duplicates++;
    else
        ping_stats_reply(&p->stats, rtt);
    if (!p->o->quiet)
        print_reply(p, weft_host_ip_text(p->ctx->host, &peer->ip, from, sizeof from), seq, n, rtt, again);
}

static void take_error(struct ping *p, int err)
{
    p->stats.errors++;
    if (!p->o->quiet && !p->json)
        fprintf(p->ctx->out, "From %s: icmp_seq=%u %s\n", p->to, (unsigned)(uint16_t)p->stats.sent, weft_strerror(err));
}

/* Everything that has come; false when the host is going down. */
static bool receive_all(struct ping *p)
{
    struct weft_addr from;
    int64_t n;

    for (;;) {
        n = weft_host_recvfrom(p->ctx->host, p->s, p->in, p->len, &from, 0);
        if (n == WEFT_EAGAIN || n == WEFT_ENETDOWN)
            break;
        if (n < 0)
            take_error(p, (int)n);
        else
            take_reply(p, (size_t)n, &from);
    }
    fflush(p->ctx->out);
    return n == WEFT_EAGAIN;
}

/* Receives until then; false when it should end. */
static bool receive_until(struct ping *p, weft_time until, bool all_in_is_enough)
{
    struct weft_host_poll poll = {.s = p->s, .want = WEFT_READABLE};
    weft_time now;
    int n;

    while ((now = weft_host_now(p->ctx->host)) < until) {
        if (all_in_is_enough && p->stats.received + p->stats.errors >= p->stats.sent)
            return true;
        n = weft_host_poll(p->ctx->host, &poll, 1, p->ctx->hangup, until - now);
        if (n < 0 || cmd_hung_up(p->ctx) || (n > 0 && !receive_all(p)))
            return false;
    }
    return true;
}

static void ping_loop(struct ping *p)
{
    const uint64_t count = p->o->count;

    p->began = weft_host_now(p->ctx->host);
    for (;;) {
        send_request(p);
        fflush(p->ctx->out);
        if (count && p->stats.sent >= count)
            break;
        if (!receive_until(p, p->last_sent + p->o->interval, false) || ferror(p->ctx->out))
            return;
    }
    receive_until(p, p->last_sent + p->o->wait, true);
}

static int set_options(struct ping *p)
{
    static const int yes = 1;
    int ttl = (int)p->o->ttl, err = 0;

    if (ttl)
        err = weft_host_setsockopt(p->ctx->host, p->s, p->v6 ? WEFT_SOL_IPV6 : WEFT_SOL_IP,
                                   p->v6 ? WEFT_IPV6_UNICAST_HOPS : WEFT_IP_TTL, &ttl, sizeof ttl);
    if (!err && p->o->broadcast)
        err = weft_host_setsockopt(p->ctx->host, p->s, WEFT_SOL_SOCKET, WEFT_SO_BROADCAST, &yes, sizeof yes);
    p->n_asked = ping_options_ask(p->o->record, p->asked);
    if (!err && p->n_asked)
        err = weft_host_setsockopt(p->ctx->host, p->s, WEFT_SOL_IP, WEFT_IP_OPTIONS, p->asked, p->n_asked);
    return err;
}

static int ping_open(struct ping *p)
{
    const struct weft_addr peer = {.ip = p->o->ip};
    char label[32];
    int err;

    p->s = weft_host_socket(p->ctx->host, p->v6 ? WEFT_ICMPV6 : WEFT_ICMP);
    if (p->s < 0)
        return cmd_fail(p->ctx, CMD_FAILED, "%s", weft_strerror(p->s));
    snprintf(label, sizeof label, "%d/ping", p->ctx->pid);
    weft_host_label(p->ctx->host, p->s, label);
    err = set_options(p);
    if (!err && !p->o->broadcast)
        err = weft_host_connect(p->ctx->host, p->s, &peer, WEFT_NEVER);
    if (err == 0)
        return 0;
    weft_host_close(p->ctx->host, p->s);
    return cmd_fail(p->ctx, CMD_FAILED, "cannot reach %s: %s", p->to, weft_strerror(err));
}

static void print_head(struct ping *p)
{
    unsigned long long size = p->o->size;

    if (p->json) {
        json_open(p->json, NULL, '{');
        json_text(p->json, "target", p->to);
        json_open(p->json, "replies", '[');
    } else if (p->v6) {
        fprintf(p->ctx->out, "PING %s(%s) %llu data bytes\n", p->to, p->to, size);
    } else {
        fprintf(p->ctx->out, "PING %s (%s) %llu(%llu) bytes of data.\n", p->to, p->to, size,
                size + ICMPV4_HEADER + IPV4_HEADER + (p->n_asked + 3) / 4 * 4);
    }
}

static void print_foot(struct ping *p)
{
    const struct ping_stats *t = &p->stats;
    char text[512];

    if (!p->json) {
        ping_stats_text(t, p->last_sent - p->began, text, sizeof text);
        fprintf(p->ctx->out, "\n--- %s ping statistics ---\n%s", p->to, text);
        return;
    }
    json_close(p->json, ']');
    json_number(p->json, "transmitted", t->sent);
    json_number(p->json, "received", t->received);
    json_number(p->json, "duplicates", t->duplicates);
    json_number(p->json, "errors", t->errors);
    if (t->received) {
        json_number(p->json, "rtt_min_us", t->min / WEFT_US);
        json_number(p->json, "rtt_avg_us", (uint64_t)(t->sum / (double)t->received / 1e3));
        json_number(p->json, "rtt_max_us", t->max / WEFT_US);
    }
    json_close(p->json, '}');
    json_end(p->json);
}

static int ping_run(struct ping *p)
{
    int tap, status = ping_open(p);

    if (status)
        return status;
    links_ask(&p->links, p->ctx->host);
    tap = weft_host_tap_packets(p->ctx->host, note_ttl, p);
    print_head(p);
    ping_loop(p);
    if (tap >= 0)
        weft_host_capture_stop(p->ctx->host, tap);
    print_foot(p);
    weft_host_close(p->ctx->host, p->s);
    return p->stats.received ? 0 : CMD_FAILED;
}

static int run_ping(struct cmd_ctx *ctx)
{
    struct ping *p = calloc(1, sizeof *p);
    struct json json = {.out = ctx->out};
    int status = CMD_FAILED;
    size_t i;

    if (!p)
        return cmd_fail(ctx, CMD_FAILED, "out of memory");
    p->ctx = ctx;
    p->o = ctx->opts;
    p->json = ctx->where.json ? &json : NULL;
    p->len = ICMPV4_HEADER + p->o->size;
    p->out = malloc(p->len);
    p->in = malloc(p->len);
    p->v6 = !weft_ip_is_v4(&p->o->ip);
    weft_host_ip_text(ctx->host, &p->o->ip, p->to, sizeof p->to);
    if (!p->out || !p->in) {
        cmd_fail(ctx, status, "out of memory");
    } else {
        for (i = 0; i < p->o->size; i++)
            p->out[ICMPV4_HEADER + i] = data_at(i);
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
    .parse = parse_ping,
    .opts_size = sizeof(struct ping_opts),
    .min_args = 1,
    .max_args = 1,
    .on_host = true,
    .json = true,
    .run = run_ping,
};
