/* SPDX-License-Identifier: MIT */
/*
 * weft traceroute: probes with a growing TTL, and who answers them. Sockets only send; every answer is read on the host's
 * tap as it comes in, which knows who sent it and when. Several probes are on their way at a time.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cmd/interfaces.h"
#include "cmd/links.h"
#include "cmd/trace_print.h"
#include "wire/ethernet.h"
#include "wire/icmpv4.h"
#include "wire/icmpv6.h"
#include "wire/ipv4_options.h"

#define MAX_HOPS   255
#define MAX_PROBES 10
#define MAX_SIZE   65000
#define MAX_GATES  8 /* that a source route has room for */
#define HEAD       256 /* bytes of a frame that are looked at */
#define ALONE      (100 * WEFT_MS) /* the first probe's time by itself: the next hop's address may have to be found */

struct traceroute_opts {
    struct weft_ip ip;
    enum trace_method method;
    uint64_t first, hops, probes, at_a_time, port, size, tos;
    weft_time wait;
    bool numeric, df, v4, v6, has_ip, has_size, has_source;
    struct weft_ip source;
    const char *interface; /* NULL: as routes have it */
    size_t n_gates;
    struct weft_ip gate[MAX_GATES];
};

static const struct argp_option traceroute_options[] = {
    {"icmp", 'I', NULL, 0, "Probe with ICMP echo requests", 1},
    {"tcp", 'T', NULL, 0, "Probe with SYNs of TCP, to port 80", 1},
    {"udp", 'U', NULL, 0, "Probe with datagrams of UDP, as without -I and -T", 1},
    {"source", 's', "ADDR", 0, "From this address of ours", 2},
    {"interface", 'i', "IF", 0, "By this interface", 2},
    {"first", 'f', "TTL", 0, "Begin with this TTL: 1", 2},
    {"max-hops", 'm', "TTL", 0, "The largest TTL: 30", 2},
    {"queries", 'q', "N", 0, "Probes for each hop: 3", 2},
    {"sim-queries", 'N', "N", 0, "Probes on their way at a time: 16", 2},
    {"wait", 'w', "SECONDS", 0, "For an answer: 5", 2},
    {"port", 'p', "PORT", 0, "UDP: of the first probe, 33434; TCP: of all of them, 80", 2},
    {"tos", 't', "BYTE", 0, "Type of service, or traffic class", 2},
    {"gateway", 'g', "ADDR", 0, "By way of this router, up to 8 times (IPv4, UDP and ICMP)", 2},
    {"dont-fragment", 'F', NULL, 0, "Probes must not be fragmented", 2},
    {NULL, 'n', NULL, 0, "Each address once, as a number", 2},
    {NULL, '4', NULL, 0, "Only IPv4", 2},
    {NULL, '6', NULL, 0, "Only IPv6", 2},
    {0},
};

/* ---- arguments ---- */

static void set_defaults(struct traceroute_opts *o)
{
    *o = (struct traceroute_opts){.first = 1, .hops = 30, .probes = 3, .at_a_time = 16, .wait = 5 * WEFT_S};
}

static error_t parse_numbers(int key, const char *arg, struct argp_state *state, struct traceroute_opts *o)
{
    switch (key) {
    case 'f':
        return args_number(state, "first TTL", arg, 1, MAX_HOPS, &o->first);
    case 'm':
        return args_number(state, "largest TTL", arg, 1, MAX_HOPS, &o->hops);
    case 'q':
        return args_number(state, "number of probes", arg, 1, MAX_PROBES, &o->probes);
    case 'N':
        return args_number(state, "number of probes", arg, 1, MAX_HOPS, &o->at_a_time);
    case 'p':
        return args_number(state, "port", arg, 1, UINT16_MAX, &o->port);
    case 't':
        return args_number(state, "type of service", arg, 0, 255, &o->tos);
    case 'w':
        return args_seconds(state, "time", arg, &o->wait);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t take_gate(struct argp_state *state, struct traceroute_opts *o, const char *arg)
{
    if (o->n_gates == MAX_GATES)
        return args_error(state, "more than %d gateways", MAX_GATES);
    if (args_ip(state, arg, &o->gate[o->n_gates]))
        return EINVAL;
    return weft_ip_is_v4(&o->gate[o->n_gates++]) ? 0 : args_error(state, "only IPv4 has source routes");
}

static error_t take_arg(struct argp_state *state, struct traceroute_opts *o, const char *arg)
{
    if (o->has_ip && o->has_size)
        return args_error(state, "unexpected argument '%s'", arg);
    if (o->has_ip) {
        o->has_size = true;
        return args_number(state, "size", arg, 0, MAX_SIZE, &o->size);
    }
    o->has_ip = true;
    return args_ip(state, arg, &o->ip);
}

static error_t take_source(struct argp_state *state, struct traceroute_opts *o, const char *arg)
{
    o->has_source = true;
    return args_ip(state, arg, &o->source);
}

/* Bytes in front of a probe's data. */
static size_t headers(const struct traceroute_opts *o)
{
    return (weft_ip_is_v4(&o->ip) ? IPV4_HEADER : IPV6_HEADER) + ICMPV4_HEADER; /* UDP's is as long */
}

static error_t check(const struct argp_state *state, struct traceroute_opts *o)
{
    bool v4 = weft_ip_is_v4(&o->ip);
    size_t least = headers(o);

    if (v4 ? o->v6 : o->v4)
        return args_error(state, "that is an address of IPv%c", o->v6 ? '4' : '6');
    if (o->has_source && weft_ip_is_v4(&o->source) != v4)
        return args_error(state, "the source is an address of IPv%c", v4 ? '6' : '4');
    if (o->first > o->hops)
        return args_error(state, "the first TTL is beyond the largest");
    if (o->n_gates && (!v4 || o->method == TRACE_TCP))
        return args_error(state, "-g needs IPv4, and probes of UDP or ICMP");
    if (o->has_size && o->method == TRACE_TCP)
        return args_error(state, "the size of a SYN cannot be chosen");
    if (!o->has_size)
        o->size = v4 ? 60 : 80;
    if (!o->port)
        o->port = o->method == TRACE_TCP ? 80 : 33434;
    if (o->method == TRACE_UDP && o->port + (o->hops - o->first + 1) * o->probes > 65536)
        return args_error(state, "there are not so many ports behind %u", (unsigned)o->port);
    if (o->size < least)
        o->size = least;
    return 0;
}

static error_t parse_traceroute(int key, char *arg, struct argp_state *state)
{
    struct traceroute_opts *o = args_opts(state);

    switch (key) {
    case ARGP_KEY_INIT:
        set_defaults(o);
        return 0;
    case 'I':
        o->method = TRACE_ICMP;
        return 0;
    case 'T':
        o->method = TRACE_TCP;
        return 0;
    case 'U':
        o->method = TRACE_UDP;
        return 0;
    case 's':
        return take_source(state, o, arg);
    case 'i':
        o->interface = arg;
        return 0;
    case 'g':
        return take_gate(state, o, arg);
    case 'F':
        o->df = true;
        return 0;
    case 'n':
        o->numeric = true;
        return 0;
    case '4':
        o->v4 = true;
        return 0;
    case '6':
        o->v6 = true;
        return 0;
    case ARGP_KEY_ARG:
        return take_arg(state, o, arg);
    case ARGP_KEY_END:
        return o->has_ip ? check(state, o) : 0;
    default:
        return parse_numbers(key, arg, state, o);
    }
}

/* ---- the state ---- */

/* The probes and what is read of them belong to the host's lock, for the tap runs under it. */
struct traceroute {
    struct cmd_ctx *ctx;
    const struct traceroute_opts *o;
    struct trace_flow flow;
    struct weft_addr to;
    char text[WEFT_IP_TEXT];
    bool v4;
    int s;       /* UDP, ICMP: all probes go out here */
    int wake_fd; /* eventfd: an answer came */
    struct links links;
    struct json *json;
    size_t n, next, shown; /* probes there may be, the next one to send, the first of the next hop to print */
    size_t end;            /* behind the last probe worth sending: the end of the hop that is the last */
    int error;             /* a probe could not be sent */
    uint8_t *data;
    struct trace_probe *probe;
};

static unsigned ttl_of(const struct traceroute *t, size_t i) { return (unsigned)(t->o->first + i / t->o->probes); }

/* ---- the tap: under the host's lock ---- */

static struct trace_probe *probe_of(struct traceroute *t, uint16_t key)
{
    for (size_t i = 0; i < t->next; i++)
        if (t->probe[i].key == key)
            return &t->probe[i];
    return NULL;
}

static void settle(struct traceroute *t, const struct trace_answer *answer, weft_time at)
{
    static const uint64_t one = 1;
    struct trace_probe *p = probe_of(t, answer->key);
    size_t hop_end;

    if (!p || p->state != TRACE_SENT)
        return;
    p->state = TRACE_ANSWERED;
    p->answer = *answer;
    p->rtt = at > p->sent_at ? at - p->sent_at : 0;
    hop_end = ((size_t)(p - t->probe) / t->o->probes + 1) * t->o->probes;
    if (answer->final && hop_end < t->end)
        t->end = hop_end;
    if (write(t->wake_fd, &one, sizeof one) < 0)
        return; /* it is readable already */
}

static void hear(void *ctx, const struct weft_trace *event)
{
    struct traceroute *t = ctx;
    struct trace_answer answer;
    struct eth_header eth;
    uint8_t head[HEAD];
    struct reader r;
    size_t n, before = 0;

    if (event->kind != WEFT_TRACE_RX || !event->pkt)
        return;
    n = weft_pkt_copy(event->pkt, 0, head, sizeof head);
    r = reader(head, n);
    if (links_is_ethernet(&t->links, event->ifp)) {
        if (!eth_parse(&r, &eth))
            return;
        before = n - reader_left(&r);
    }
    if (trace_answer_read(&t->flow, head + before, n - before, weft_pkt_len(event->pkt) - before, &answer))
        settle(t, &answer, event->at);
}

/* ---- sending ---- */

/* RFC 791 §3.1: the routers to go by, the first one first. */
static int set_route(struct traceroute *t, int s)
{
    uint8_t option[IPV4_MAX_OPTIONS] = {IPV4_LOOSE_ROUTE, (uint8_t)(3 + 4 * t->o->n_gates), 4};

    for (size_t i = 0; i < t->o->n_gates; i++)
        memcpy(option + 3 + 4 * i, t->o->gate[i].b + 12, 4);
    return t->o->n_gates ? weft_host_setsockopt(t->ctx->host, s, WEFT_SOL_IP, WEFT_IP_OPTIONS, option, option[1]) : 0;
}

static int set_options(struct traceroute *t, int s, int ttl)
{
    static const int always = WEFT_PMTUDISC_PROBE;
    int level = t->v4 ? WEFT_SOL_IP : WEFT_SOL_IPV6, tos = (int)t->o->tos;
    int err = weft_host_setsockopt(t->ctx->host, s, level, t->v4 ? WEFT_IP_TTL : WEFT_IPV6_UNICAST_HOPS, &ttl, sizeof ttl);

    if (!err && tos)
        err = weft_host_setsockopt(t->ctx->host, s, level, t->v4 ? WEFT_IP_TOS : WEFT_IPV6_TCLASS, &tos, sizeof tos);
    if (!err && t->o->df && t->v4)
        err = weft_host_setsockopt(t->ctx->host, s, level, WEFT_IP_MTU_DISCOVER, &always, sizeof always);
    return err;
}

/* By the interface, and from the address, that were asked for; *local becomes its name. */
static int bind_probe(struct traceroute *t, int s, struct weft_addr *local)
{
    static const struct weft_addr any_v4 = {.ip = {{[10] = 0xff, [11] = 0xff}}}, any_v6;
    struct weft_addr from = t->v4 ? any_v4 : any_v6;
    int index = t->o->interface ? interfaces_index(t->ctx->host, t->o->interface) : 0, err = 0;

    if (t->o->interface && !index)
        return WEFT_ENODEV;
    if (t->o->has_source)
        from.ip = t->o->source;
    if (index)
        err = weft_host_setsockopt(t->ctx->host, s, WEFT_SOL_SOCKET, WEFT_SO_BINDTOIFINDEX, &index, sizeof index);
    if (!err)
        err = weft_host_bind(t->ctx->host, s, &from);
    return err ? err : weft_host_getsockname(t->ctx->host, s, local);
}

/* From now on the tap looks for the next probe's answer: before it is sent, for on loopback that comes at once. */
static void expect_answer(struct traceroute *t, uint16_t key, int s)
{
    struct trace_probe *p = &t->probe[t->next];

    weft_host_lock(t->ctx->host);
    *p = (struct trace_probe){.state = TRACE_SENT, .key = key, .s = s, .sent_at = weft_host_now(t->ctx->host)};
    t->next++;
    weft_host_unlock(t->ctx->host);
}

/* Its SYN goes out at once; that nobody answered yet is no error. */
static int knock(struct traceroute *t, int ttl)
{
    enum weft_family family = t->v4 ? WEFT_INET : WEFT_INET6;
    struct weft_addr local;
    int err, s = weft_host_socket_in(t->ctx->host, family, WEFT_TCP);

    if (s < 0)
        return s;
    err = set_options(t, s, ttl);
    if (!err)
        err = bind_probe(t, s, &local);
    if (err) {
        weft_host_close(t->ctx->host, s);
        return err;
    }
    expect_answer(t, local.port, s);
    err = weft_host_connect(t->ctx->host, s, &t->to, 0);
    return err == WEFT_ENETUNREACH || err == WEFT_EADDRNOTAVAIL || err == WEFT_EACCES ? err : 0;
}

/* An echo request's header in front of the data; the socket fills in identifier and checksum. */
static void write_echo(struct traceroute *t, uint16_t seq)
{
    const struct icmpv4_header v4 = {.type = ICMPV4_ECHO, .rest.echo.seq = seq};
    const struct icmpv6_header v6 = {.type = ICMPV6_ECHO, .word = seq};
    struct writer w = writer(t->data, ICMPV4_HEADER);

    if (t->v4)
        icmpv4_emit(&w, &v4);
    else
        icmpv6_emit(&w, &v6);
}

static int send_datagram(struct traceroute *t, int ttl)
{
    bool icmp = t->o->method == TRACE_ICMP;
    uint16_t key = (uint16_t)(icmp ? t->next + 1 : t->o->port + t->next);
    size_t len = t->o->size - headers(t->o) + (icmp ? ICMPV4_HEADER : 0);
    struct weft_addr to = t->to;
    int64_t n = set_options(t, t->s, ttl);

    if (n < 0)
        return (int)n;
    if (icmp)
        write_echo(t, key);
    else
        to.port = key;
    expect_answer(t, key, -1);
    n = weft_host_sendto(t->ctx->host, t->s, t->data, len, &to);
    if (n < 0 && n != WEFT_EMSGSIZE) /* an earlier probe's fate was told first */
        n = weft_host_sendto(t->ctx->host, t->s, t->data, len, &to);
    return n < 0 ? (int)n : 0;
}

static void send_next(struct traceroute *t)
{
    int ttl = (int)ttl_of(t, t->next);

    t->error = t->o->method == TRACE_TCP ? knock(t, ttl) : send_datagram(t, ttl);
}

/* ---- the loop ---- */

static size_t on_their_way(const struct traceroute *t)
{
    size_t n = 0;

    for (size_t i = t->shown; i < t->next; i++)
        n += t->probe[i].state == TRACE_SENT;
    return n;
}

/* Gives up what nobody answered. Returns when the next one is given up. */
static weft_time give_up_late(struct traceroute *t)
{
    weft_time now = weft_host_now(t->ctx->host), next = WEFT_NEVER;

    for (size_t i = t->shown; i < t->next; i++) {
        struct trace_probe *p = &t->probe[i];

        if (p->state != TRACE_SENT)
            continue;
        if (p->sent_at + t->o->wait <= now)
            p->state = TRACE_SILENT;
        else if (p->sent_at + t->o->wait < next)
            next = p->sent_at + t->o->wait;
    }
    return next;
}

static bool hop_is_settled(const struct traceroute *t)
{
    for (size_t i = t->shown; i < t->shown + t->o->probes; i++)
        if (t->probe[i].state != TRACE_ANSWERED && t->probe[i].state != TRACE_SILENT)
            return false;
    return true;
}

static void close_sockets(struct traceroute *t, size_t i, size_t end)
{
    for (; i < end && t->o->method == TRACE_TCP; i++) {
        if (t->probe[i].state != TRACE_UNSENT && t->probe[i].s >= 0)
            weft_host_abort(t->ctx->host, t->probe[i].s);
        t->probe[i].s = -1;
    }
}

static void show_settled(struct traceroute *t)
{
    struct trace_probe hop[MAX_PROBES];
    unsigned n = (unsigned)t->o->probes;
    bool settled;

    while (t->shown < t->end) {
        weft_host_lock(t->ctx->host);
        settled = hop_is_settled(t);
        memcpy(hop, &t->probe[t->shown], n * sizeof *hop);
        weft_host_unlock(t->ctx->host);
        if (!settled)
            break;
        if (t->json)
            trace_json_hop(t->json, ttl_of(t, t->shown), hop, n);
        else
            trace_print_hop(t->ctx->out, ttl_of(t, t->shown), hop, n, t->o->numeric);
        close_sockets(t, t->shown, t->shown + n);
        t->shown += n;
    }
    fflush(t->ctx->out);
}

/* Until an answer comes or the time is over; false when it should end. */
static bool wait_for_answers(struct traceroute *t, weft_time until)
{
    struct pollfd p[2] = {{t->wake_fd, POLLIN, 0}, {t->ctx->hangup, POLLIN, 0}};
    weft_time now = weft_host_now(t->ctx->host), left = until > now ? until - now : 0;
    struct timespec ts = {(time_t)(left / WEFT_S), (long)(left % WEFT_S)};
    uint64_t count;

    if (ppoll(p, 2, &ts, NULL) < 0)
        return errno == EINTR;
    if (p[0].revents && read(t->wake_fd, &count, sizeof count) < 0)
        return errno == EAGAIN;
    return !p[1].revents;
}

/* May no other probe go out now? *until: when to look again, made earlier if need be. */
static bool is_full(const struct traceroute *t, weft_time *until)
{
    weft_time alone = t->next == 1 && t->probe[0].state == TRACE_SENT ? t->probe[0].sent_at + ALONE : 0;

    if (alone > weft_host_now(t->ctx->host)) {
        *until = alone < *until ? alone : *until;
        return true;
    }
    return t->next >= t->end || on_their_way(t) >= t->o->at_a_time;
}

static void trace(struct traceroute *t)
{
    weft_time until;
    bool full;

    while (t->shown < t->end && !t->error && !ferror(t->ctx->out)) {
        weft_host_lock(t->ctx->host);
        until = give_up_late(t);
        full = is_full(t, &until);
        weft_host_unlock(t->ctx->host);
        show_settled(t);
        if (!full)
            send_next(t);
        else if (t->shown < t->end && !wait_for_answers(t, until))
            break;
    }
    close_sockets(t, t->shown, t->next);
}

/* ---- beginning and end ---- */

static int open_socket(struct traceroute *t)
{
    bool icmp = t->o->method == TRACE_ICMP;
    struct weft_addr local;
    int err;

    t->flow = (struct trace_flow){.method = t->o->method, .dst = t->o->ip, .gate = t->o->gate, .n_gates = t->o->n_gates,
                                  .port = (uint16_t)t->o->port};
    weft_ip_set_zone(&t->flow.dst, 0);
    if (t->o->method == TRACE_TCP)
        return 0;
    t->s = weft_host_socket_in(t->ctx->host, t->v4 ? WEFT_INET : WEFT_INET6,
                               !icmp ? WEFT_UDP : t->v4 ? WEFT_ICMP : WEFT_ICMPV6);
    if (t->s < 0)
        return t->s;
    err = set_route(t, t->s);
    if (!err)
        err = bind_probe(t, t->s, &local);
    t->flow.port = err ? 0 : local.port;
    return err;
}

static void print_head(struct traceroute *t)
{
    if (!t->json) {
        fprintf(t->ctx->out, "traceroute to %s (%s), %u hops max, %u byte packets\n", t->text, t->text,
                (unsigned)t->o->hops, (unsigned)t->o->size);
        return;
    }
    json_open(t->json, NULL, '{');
    json_text(t->json, "target", t->text);
    json_number(t->json, "max_hops", t->o->hops);
    json_number(t->json, "packet_bytes", t->o->size);
    json_open(t->json, "hops", '[');
}

static int trace_all(struct traceroute *t)
{
    int tap, err = open_socket(t);

    if (err)
        return cmd_fail(t->ctx, CMD_FAILED, "%s", weft_strerror(err));
    links_ask(&t->links, t->ctx->host);
    tap = weft_host_tap_packets(t->ctx->host, hear, t);
    if (tap < 0)
        return cmd_fail(t->ctx, CMD_FAILED, "too many captures at once");
    print_head(t);
    trace(t);
    weft_host_capture_stop(t->ctx->host, tap);
    if (t->json) {
        json_close(t->json, ']');
        json_close(t->json, '}');
        json_end(t->json);
    }
    return t->error ? cmd_fail(t->ctx, CMD_FAILED, "%s: %s", t->text, weft_strerror(t->error)) : 0;
}

static int run_traceroute(struct cmd_ctx *ctx)
{
    const struct traceroute_opts *o = ctx->opts;
    struct json json = {.out = ctx->out};
    struct traceroute t = {.ctx = ctx, .o = o, .to = {.ip = o->ip, .port = (uint16_t)o->port}, .s = -1};
    int status = CMD_FAILED;

    t.v4 = weft_ip_is_v4(&o->ip);
    t.n = t.end = (size_t)((o->hops - o->first + 1) * o->probes);
    t.json = ctx->where.json ? &json : NULL;
    t.probe = calloc(t.n, sizeof *t.probe);
    t.data = calloc(1, o->size);
    t.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    weft_host_ip_text(ctx->host, &o->ip, t.text, sizeof t.text);
    if (!t.probe || !t.data || t.wake_fd < 0)
        cmd_fail(ctx, status, "out of memory");
    else
        status = trace_all(&t);
    if (t.s >= 0)
        weft_host_close(ctx->host, t.s);
    if (t.wake_fd >= 0)
        close(t.wake_fd);
    free(t.data);
    free(t.probe);
    return status;
}

const struct subcommand cmd_traceroute = {
    .name = "traceroute",
    .args = "ADDR [BYTES]",
    .summary = "Show the routers on the way to a host",
    .options = traceroute_options,
    .parse = parse_traceroute,
    .opts_size = sizeof(struct traceroute_opts),
    .min_args = 1,
    .max_args = 2,
    .on_host = true,
    .json = true,
    .run = run_traceroute,
};
