/* SPDX-License-Identifier: MIT */
/*
 * A whole TCP connection in time: the input is what happens to it — segments of a peer who knows the numbers and bends
 * them, errors that quote what was sent, the user's calls, time, failing allocations. Whatever happens:
 *
 * - what is delivered is the peer's stream from its beginning, and what is sent the user's: byte k of either is a known
 *   function of k, however often it was sent, cut and overlapped;
 * - nothing is acknowledged that the peer never sent, nothing is sent beyond the largest window that he granted;
 * - an output queue runs dry, every segment that goes out is sound, and all memory comes back.
 */
#include "base/checksum.h"
#include "fuzz_env.h"
#include "steps.h"
#include "weft/sock.h"
#include "wire/icmpv4.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#define US        0x0a090002u
#define PEER      0x0a090001u
#define OUR_PORT  80
#define PEER_PORT 4000
#define SOCKETS   4
#define MAX_TEXT  1600
#define LARGEST_WINDOW (1u << 30)
#define MOST_OUT  4000 /* packets that may come in a row */

struct world {
    struct fuzz_env env;
    weft_stack *stack;
    weft_if *ifp;
    weft_time now;
    weft_sock *listener;
    struct user {
        weft_sock *sock;
        uint64_t read, written;
    } user[SOCKETS];
    uint32_t irs, sent_end;       /* the peer's initial number; behind the last that he ever sent */
    uint32_t iss, next, una;      /* ours, as the wire shows it: initial, behind the last, acknowledged by the peer */
    uint32_t acked;               /* what we last acknowledged */
    uint32_t edge;                /* the right edge of the largest window that the peer granted */
    uint32_t ts;                  /* our last timestamp */
    unsigned shift;               /* of the peer's windows */
    bool seen, cookies, listens;  /* we have sent a SYN; its number may be a cookie; there is a listener */
    uint8_t quote[64];            /* the head of what we sent last */
    size_t quoted;
};

/* ---- the two streams ---- */

static uint8_t peers_byte(uint32_t k) { return (uint8_t)(k * 31 + (k >> 8) + 7); }
static uint8_t users_byte(uint32_t k) { return (uint8_t)(k * 17 + (k >> 7) + 3); }

static bool is_after(uint32_t a, uint32_t b) { return (int32_t)(a - b) > 0; }

/* ---- what the stack sends ---- */

static bool is_users(uint32_t first, const uint8_t *text, size_t n)
{
    size_t i = 0;

    while (i < n && text[i] == users_byte(first + (uint32_t)i))
        i++;
    return i == n;
}

/*
 * The last bits of a cookie say what was agreed. A peer who bends them has agreed to something else, and to an initial
 * number that is a little off.
 */
static void check_text(struct world *w, uint32_t at, const uint8_t *text, size_t n)
{
    uint32_t first = at - w->iss - 1;

    if (is_users(first, text, n))
        return;
    fuzz_check(w->cookies && w->listens);
    for (uint32_t off = 1; off < 64; off++) {
        bool later = is_users(first + off, text, n);

        if (later || is_users(first - off, text, n)) {
            w->iss += later ? -off : off;
            return;
        }
    }
    fuzz_check(false);
}

static void begin_at(struct world *w, uint32_t iss)
{
    w->iss = w->una = iss;
    w->next = w->edge = iss + 1;
    w->acked = w->irs;
    w->seen = true;
}

static void check_segment(struct world *w, const struct tcp_header *h, const uint8_t *text, size_t n)
{
    uint32_t end = h->seq.v + (uint32_t)n;

    if (h->flags & TCP_RST)
        return;
    if (h->flags & TCP_SYN && (!w->seen || h->seq.v != w->iss))
        begin_at(w, h->seq.v);
    check_text(w, h->seq.v + (h->flags & TCP_SYN ? 1 : 0), text, n);
    if (h->flags & TCP_ACK) {
        fuzz_check(!is_after(h->ack.v, w->sent_end));
        w->acked = h->ack.v;
    }
    /* A probe of a shut window may carry a byte that does not fit; text in a SYN has no window yet. */
    fuzz_check(h->flags & TCP_SYN || n == 0 || !is_after(end, w->edge + 1));
    end += (h->flags & (TCP_SYN | TCP_FIN)) != 0;
    if (is_after(end, w->next))
        w->next = end;
}

static void check_packet(struct world *w, weft_pkt *pkt)
{
    static uint8_t bytes[IPV4_MAX_LEN];
    size_t n = weft_pkt_copy(pkt, 0, bytes, sizeof bytes);
    struct reader r = reader(bytes, n);
    struct ipv4_header ip;
    struct tcp_header tcp;
    struct tcp_options o;
    struct csum sum = {0};
    struct weft_ip src, dst;

    fuzz_check(n == weft_pkt_len(pkt) && ipv4_parse(&r, n, &ip) == IPV4_OK && ip.total_len == n);
    if (ip.proto != IP_PROTO_TCP)
        return;
    fuzz_check(tcp_parse(&r, n - ip.header_len, &tcp, &o) == TCP_OK);
    src = weft_ipv4(ip.src);
    dst = weft_ipv4(ip.dst);
    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_TCP, (uint32_t)(n - ip.header_len));
    csum_add(&sum, bytes + ip.header_len, n - ip.header_len);
    fuzz_check(csum_fold(&sum) == 0);
    if (o.has_ts)
        w->ts = o.ts_val;
    w->quoted = n < sizeof w->quote ? n : sizeof w->quote;
    memcpy(w->quote, bytes, w->quoted);
    check_segment(w, &tcp, r.p, n - ip.header_len - tcp.header_len);
}

static void drain(struct world *w)
{
    struct weft_event events[4];
    weft_pkt *pkt;
    unsigned n = 0;

    while (weft_events(w->stack, events, 4))
        ;
    for (; weft_output(w->ifp, &pkt, 1, w->now); n++) {
        check_packet(w, pkt);
        weft_pkt_release(pkt);
    }
    fuzz_check(n < MOST_OUT);
}

static void feed(struct world *w, const uint8_t *p, size_t n)
{
    weft_pkt *pkt = weft_pkt_new(w->stack, n);

    if (!pkt)
        return;
    memcpy(weft_pkt_data(pkt), p, n);
    weft_pkt_set_len(pkt, n);
    weft_input(w->ifp, &pkt, 1, w->now);
    drain(w);
}

/* ---- the peer ---- */

static size_t take_options(struct world *w, struct tape *t, bool syn, uint8_t *out)
{
    uint8_t which = tape_u8(t), many = tape_u8(t);
    struct tcp_options o = TCP_NO_OPTIONS;
    struct writer wr = writer(out, TCP_MAX_OPTIONS);

    if (syn) {
        o.mss = which & 1 ? tape_u16(t) : 1460;
        o.wscale = which & 2 ? (int8_t)(many % 16) : -1;
        o.sack_permitted = which & 4;
        w->shift = o.wscale < 0 ? 0 : o.wscale > 14 ? 14 : (unsigned)o.wscale;
    }
    o.has_ts = which & 8;
    o.ts_val = (uint32_t)(w->now / WEFT_MS) + (which & 0x10 ? tape_u16(t) - 0x8000u : 0);
    o.ts_ecr = w->ts - (which & 0x20 ? tape_u8(t) : 0);
    for (o.n_sack = 0; !syn && which & 4 && o.n_sack < many % 4; o.n_sack++) {
        uint32_t start = w->una + tape_u16(t);

        o.sack[o.n_sack] = (struct tcp_sack_block){seq(start), seq(start + tape_u16(t))};
    }
    tcp_options_emit(&wr, &o, syn, TCP_LAYOUT_LINUX);
    return (size_t)(wr.p - out);
}

/* Near a number that matters, or far from all. */
static uint32_t near(struct tape *t, uint8_t how, uint32_t exact, uint32_t other)
{
    switch (how % 8) {
    case 0: return other;
    case 1: return exact + 1;
    case 2: return exact - 1;
    case 3: return exact + tape_u8(t);
    case 4: return exact - tape_u16(t);
    case 5: return exact + ((uint32_t)tape_u16(t) << 16 | tape_u16(t));
    default: return exact;
    }
}

static const uint16_t kinds[] = {
    TCP_ACK, TCP_ACK | TCP_PSH, TCP_SYN, TCP_SYN | TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST, TCP_RST | TCP_ACK,
    TCP_URG | TCP_ACK, TCP_ACK | TCP_ECE, TCP_SYN | TCP_ECE | TCP_CWR, TCP_ACK | TCP_CWR, 0, TCP_SYN | TCP_FIN | TCP_ACK,
    TCP_FIN, TCP_SYN | TCP_RST, TCP_ACK,
};

static void note_what_the_peer_says(struct world *w, const struct tcp_header *h, size_t n)
{
    uint32_t end = h->seq.v + (uint32_t)n + (h->flags & TCP_SYN ? 1 : 0) + (h->flags & TCP_FIN ? 1 : 0);
    uint32_t edge = h->ack.v + ((uint32_t)h->window << (h->flags & TCP_SYN ? 0 : w->shift));

    if (is_after(end, w->sent_end) && !is_after(end, w->acked + LARGEST_WINDOW))
        w->sent_end = end; /* else no window can have taken it */
    if (!(h->flags & TCP_ACK) || is_after(h->ack.v, w->next))
        return;
    if (is_after(h->ack.v, w->una))
        w->una = h->ack.v;
    if (is_after(edge, w->edge))
        w->edge = edge;
}

/* Could a SYN begin a connection now? Then it has the peer's one initial number, for his bytes are counted from there. */
static bool may_begin(const struct world *w) { return w->listens || w->acked == w->irs; }

static void segment(struct world *w, struct tape *t)
{
    uint8_t bytes[IPV4_HEADER + TCP_MAX_HEADER + MAX_TEXT];
    uint8_t how = tape_u8(t), kind = tape_u8(t);
    struct tcp_header h = {.src_port = PEER_PORT, .dst_port = OUR_PORT, .flags = kinds[kind % 16]};
    bool syn = h.flags & TCP_SYN;
    size_t options = kind & 0x10 ? take_options(w, t, syn, bytes + IPV4_HEADER + TCP_HEADER) : 0;
    size_t n = kind & 0x20 ? tape_u16(t) % MAX_TEXT : 0, at = IPV4_HEADER + TCP_HEADER + options;
    struct ipv4_header ip = {.header_len = IPV4_HEADER, .ttl = 64, .proto = IP_PROTO_TCP, .src = PEER, .dst = US,
                             .total_len = (uint16_t)(at + n)};
    struct weft_ip src = weft_ipv4(PEER), dst = weft_ipv4(US);
    struct csum sum = {0};

    if (syn && !(kind & 0x10))
        w->shift = 0;
    h.seq = seq(syn && may_begin(w) ? w->irs : near(t, how, w->acked, w->sent_end));
    h.ack = seq(near(t, how >> 3, w->next, w->una));
    h.header_len = (uint8_t)(TCP_HEADER + options);
    h.window = how & 0x40 ? tape_u16(t) : 0xffff;
    h.urgent = h.flags & TCP_URG ? tape_u16(t) : 0;
    for (size_t i = 0; i < n; i++)
        bytes[at + i] = peers_byte(h.seq.v + syn + (uint32_t)i - w->irs - 1);
    ipv4_emit(&(struct writer){bytes, bytes + IPV4_HEADER, false}, &ip);
    tcp_emit(&(struct writer){bytes + IPV4_HEADER, bytes + IPV4_HEADER + TCP_HEADER, false}, &h);
    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_TCP, (uint32_t)(at + n - IPV4_HEADER));
    csum_add(&sum, bytes + IPV4_HEADER, at + n - IPV4_HEADER);
    poke_u16(bytes + IPV4_HEADER + 16, csum_fold(&sum));
    note_what_the_peer_says(w, &h, n);
    feed(w, bytes, at + n);
}

/* A router's or the peer's complaint about what we sent last. */
static void complaint(struct world *w, struct tape *t)
{
    static const uint8_t types[] = {ICMPV4_UNREACHABLE, ICMPV4_TIME_EXCEEDED, ICMPV4_SOURCE_QUENCH,
                                    ICMPV4_PARAMETER_PROBLEM};
    uint8_t bytes[IPV4_HEADER + ICMPV4_HEADER + sizeof w->quote], which = tape_u8(t);
    size_t n = ICMPV4_HEADER + w->quoted;
    struct ipv4_header ip = {.header_len = IPV4_HEADER, .ttl = 64, .proto = IP_PROTO_ICMP, .src = PEER, .dst = US,
                             .total_len = (uint16_t)(IPV4_HEADER + n)};
    uint8_t *icmp = bytes + IPV4_HEADER;

    ipv4_emit(&(struct writer){bytes, icmp, false}, &ip);
    memset(icmp, 0, ICMPV4_HEADER);
    icmp[0] = types[which & 3];
    icmp[1] = which >> 2 & 15;
    poke_u16(icmp + 6, tape_u16(t));
    memcpy(icmp + ICMPV4_HEADER, w->quote, w->quoted);
    poke_u16(icmp + 2, csum(icmp, n));
    feed(w, bytes, IPV4_HEADER + n);
}

/* ---- the user ---- */

static void take(struct user *u, size_t n, unsigned flags)
{
    static uint8_t buffer[1 << 16];
    int64_t got = weft_recv(u->sock, buffer, n, flags);

    for (int64_t i = 0; i < got; i++)
        fuzz_check(buffer[i] == peers_byte((uint32_t)(u->read + (uint64_t)i)));
    if (got > 0 && !(flags & WEFT_MSG_PEEK))
        u->read += (uint64_t)got;
}

static void give(struct user *u, size_t n, unsigned flags)
{
    static uint8_t buffer[1 << 16];
    int64_t taken;

    for (size_t i = 0; i < n; i++)
        buffer[i] = users_byte((uint32_t)(u->written + i));
    taken = weft_send(u->sock, buffer, n, flags);
    if (taken > 0)
        u->written += (uint64_t)taken;
}

/* Urgent bytes stay in the stream here (SO_OOBINLINE), so that its bytes can be counted. */
static weft_sock *in_line(weft_sock *sock)
{
    int on = 1;

    if (sock)
        weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_OOBINLINE, &on, sizeof on);
    return sock;
}

static void set_option(struct user *u, struct tape *t)
{
    static const struct {
        int level, option;
    } options[] = {
        {WEFT_SOL_TCP, WEFT_TCP_NODELAY}, {WEFT_SOL_TCP, WEFT_TCP_CORK}, {WEFT_SOL_TCP, WEFT_TCP_MAXSEG},
        {WEFT_SOL_TCP, WEFT_TCP_QUICKACK}, {WEFT_SOL_TCP, WEFT_TCP_WINDOW_CLAMP}, {WEFT_SOL_TCP, WEFT_TCP_USER_TIMEOUT},
        {WEFT_SOL_TCP, WEFT_TCP_NOTSENT_LOWAT}, {WEFT_SOL_SOCKET, WEFT_SO_RCVBUF}, {WEFT_SOL_SOCKET, WEFT_SO_SNDBUF},
        {WEFT_SOL_SOCKET, WEFT_SO_RCVLOWAT}, {WEFT_SOL_SOCKET, WEFT_SO_KEEPALIVE}, {WEFT_SOL_TCP, WEFT_TCP_KEEPIDLE},
        {WEFT_SOL_SOCKET, WEFT_SO_MAX_PACING_RATE}, {WEFT_SOL_TCP, WEFT_TCP_LINGER2},
    };
    uint8_t which = tape_u8(t) % (sizeof options / sizeof *options);
    int value = tape_u16(t);

    weft_setsockopt(u->sock, options[which].level, options[which].option, &value, sizeof value);
}

/* A connection to the peer from the one port that he knows of; NULL where that is taken, or memory failed. */
static weft_sock *opened(struct world *w)
{
    struct weft_addr peer = {.ip = weft_ipv4(PEER), .port = PEER_PORT}, here = {.ip = weft_ipv4(US), .port = OUR_PORT};
    weft_sock *sock = in_line(weft_socket(w->stack, WEFT_TCP, NULL));

    if (sock && weft_bind(sock, &here) == 0 && weft_connect(sock, &peer) == WEFT_EINPROGRESS)
        return sock;
    if (sock)
        weft_close(sock);
    return NULL;
}

static void call(struct world *w, struct tape *t)
{
    uint8_t which = tape_u8(t);
    struct user *u = &w->user[which % SOCKETS];

    if (!u->sock) {
        *u = (struct user){.sock = which & 0x80 ? opened(w) : weft_accept(w->listener, NULL, NULL)};
        drain(w);
        return;
    }
    switch (which / SOCKETS % 8) {
    case 0:
    case 1: give(u, tape_u16(t) % 16384, which & 0x80 ? WEFT_MSG_MORE : which & 0x40 ? WEFT_MSG_OOB : 0); break;
    case 2:
    case 3: take(u, tape_u16(t), which & 0x80 ? WEFT_MSG_PEEK : 0); break;
    case 4: weft_shutdown(u->sock, (enum weft_shut)(which / 0x40 % 3)); break;
    case 5: set_option(u, t); break;
    case 6: weft_close(u->sock), u->sock = NULL; break;
    default: weft_abort(u->sock), u->sock = NULL;
    }
    drain(w);
}

/* ---- the world ---- */

static void pass_time(struct world *w, unsigned step)
{
    w->now += WEFT_MS << step % 18;
    weft_tick(w->stack, w->now);
    drain(w);
}

static void step(struct world *w, struct tape *t)
{
    uint8_t op = tape_u8(t);

    switch (op % 8) {
    case 4: pass_time(w, op >> 3); break;
    case 5:
    case 6: call(w, t); break;
    case 7: op & 0x80 ? complaint(w, t) : (void)(w->env.refuse_in = op >> 3); break;
    default: segment(w, t);
    }
}

static void world_make(struct world *w, struct tape *t)
{
    struct weft_if_config bare = {.name = "t0", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_addr here = {.ip = weft_ipv4(US), .port = OUR_PORT};
    struct weft_ip us = weft_ipv4(US);
    struct weft_env env = fuzz_weft_env(&w->env);
    static const char *const profiles[] = {"linux", "rfc", "bsd", "linux"};
    static const uint32_t beginnings[] = {1, 0x7fffff00, 0xffffff80, 0x12345678};
    uint8_t look = tape_u8(t);
    struct weft_config config;
    int on = 1;

    fuzz_check(weft_config_profile(&config, profiles[look & 3]) == 0);
    w->cookies = look >> 2 & 1;
    config.tcp.syncookies = w->cookies ? 2 : 0;
    config.tcp.ecn = look >> 3 & 1 ? 1 : 2;
    w->stack = weft_stack_new(&env, &config, 0, NULL);
    fuzz_check(w->stack != NULL);
    w->ifp = weft_if_new(w->stack, &bare, NULL);
    fuzz_check(w->ifp && weft_if_add_address(w->ifp, &us, 24) == 0);
    w->irs = w->acked = w->sent_end = beginnings[look >> 4 & 3];
    w->listener = in_line(weft_socket(w->stack, WEFT_TCP, NULL));
    weft_setsockopt(w->listener, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, &on, sizeof on);
    w->listens = look & 0x40;
    if (w->listens)
        fuzz_check(weft_bind(w->listener, &here) == 0 && weft_listen(w->listener, 2) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {0};
    struct tape t = {data, data + size};

    world_make(&w, &t);
    steps_begin(data);
    while (t.p < t.end) {
        steps_mark(t.p);
        step(&w, &t);
    }
    w.env.refuse_in = 0;
    for (unsigned i = 0; i < 20; i++)
        pass_time(&w, 17);
    weft_stack_free(w.stack);
    fuzz_check(w.env.live == 0);
    return 0;
}
