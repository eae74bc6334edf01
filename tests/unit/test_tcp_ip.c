/* SPDX-License-Identifier: MIT */
/*
 * What TCP asks of IP: from which address a connection speaks, with which code point, with which options and by which
 * source route (RFC 9293 §3.9); and handshakes whose segments are put together by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/sock.h"
#include "core/stack.h"
#include "wire/ip.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#define NEAR_US 0x0a010001u /* 10.1.0.1/16 on the first interface */
#define FAR_US  0x0a020001u /* 10.2.0.1/16 on the second */

struct bench {
    struct harness_env e;
    weft_stack *s;
    weft_if *near, *far;
};

static weft_if *interface(weft_stack *s, const char *name, uint32_t us)
{
    struct weft_if_config config = {.name = name, .link = WEFT_LINK_IP, .mtu = 1500};
    weft_if *ifp = weft_if_new(s, &config, NULL);
    struct weft_ip v4 = weft_ipv4(us), v6 = {.b = {0x20, 1, 0x0d, 0xb8, (uint8_t)(us >> 16), [15] = 1}};

    assert_non_null(ifp);
    assert_int_equal(weft_if_add_address(ifp, &v4, 16), 0);
    assert_int_equal(weft_if_add_address(ifp, &v6, 64), 0);
    return ifp;
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct weft_env env;

    harness_env_init(&b->e, 1);
    env = harness_env(&b->e);
    b->s = weft_stack_new(&env, NULL, WEFT_S, NULL);
    assert_non_null(b->s);
    b->near = interface(b->s, "near", NEAR_US);
    b->far = interface(b->s, "far", FAR_US);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    weft_stack_free(b->s);
    harness_env_check(&b->e);
    free(b);
    return 0;
}

/* The first bytes of the next packet out of ifp; there must be one. */
static void take(weft_if *ifp, uint8_t head[40])
{
    weft_pkt *pkt;

    assert_int_equal(weft_output(ifp, &pkt, 1, WEFT_S), 1);
    assert_int_equal(weft_pkt_copy(pkt, 0, head, 40), 40);
    weft_pkt_release(pkt);
}

static uint32_t source_to(struct bench *b, weft_if *ifp, uint32_t peer)
{
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    struct weft_addr to = {weft_ipv4(peer), 80};
    uint8_t head[40];

    assert_int_equal(weft_connect(sock, &to), WEFT_EINPROGRESS);
    take(ifp, head);
    weft_abort(sock);
    return (uint32_t)head[12] << 24 | (uint32_t)head[13] << 16 | (uint32_t)head[14] << 8 | head[15];
}

/* MUST-44 */
static void a_socket_that_is_not_bound_speaks_from_where_its_route_leaves(void **state)
{
    struct bench *b = *state;

    assert_int_equal(source_to(b, b->near, NEAR_US + 8), NEAR_US);
    assert_int_equal(source_to(b, b->far, FAR_US + 8), FAR_US);
}

/* The connection's first segment, marked so by its user. */
static void syn_with(struct bench *b, enum weft_family family, int level, int option, int value, uint8_t head[40])
{
    weft_sock *sock = weft_socket_in(b->s, family, WEFT_TCP, NULL);
    struct weft_addr to = {weft_ipv4(NEAR_US + 8), 80};

    if (family == WEFT_INET6)
        to.ip = (struct weft_ip){.b = {0x20, 1, 0x0d, 0xb8, 1, [15] = 8}};
    assert_int_equal(weft_setsockopt(sock, level, option, &value, sizeof value), 0);
    assert_int_equal(weft_connect(sock, &to), WEFT_EINPROGRESS);
    take(b->near, head);
    weft_abort(sock);
}

/* SHLD-22 */
static void every_code_point_leaves_as_it_was_asked_for(void **state)
{
    struct bench *b = *state;
    uint8_t head[40];

    for (int point = 0; point < 64; point++) {
        syn_with(b, WEFT_INET, WEFT_SOL_IP, WEFT_IP_TOS, point << 2, head);
        assert_int_equal(head[1], point << 2);
        syn_with(b, WEFT_INET6, WEFT_SOL_IPV6, WEFT_IPV6_TCLASS, point << 2, head);
        assert_int_equal((head[0] << 4 | head[1] >> 4) & 0xff, point << 2);
    }
}

/* ---- options of IPv4 ---- */

#define HOP_1  0x0a010105u /* 10.1.1.5, 10.1.1.6: on the first link */
#define HOP_2  0x0a010106u
#define HOPS   10, 1, 1, 5, 10, 1, 1, 6
#define BEYOND 0x0a090909u /* 10.9.9.9, which we have no route to */

static const uint8_t asked_route[] = {131, 11, 4, HOPS};

/* A datagram of TCP that came out. */
struct got {
    struct ipv4_header ip;
    struct tcp_header tcp;
    uint8_t bytes[1600];
    size_t len, text;
};

static struct got *next(struct bench *b)
{
    static struct got g;
    struct tcp_options o;
    enum ipv4_verdict verdict;
    struct csum sum = {0};
    struct weft_ip src, dst;
    struct reader r;
    weft_pkt *pkt;

    if (weft_output(b->near, &pkt, 1, b->s->now) == 0)
        return NULL;
    g.len = weft_pkt_copy(pkt, 0, g.bytes, sizeof g.bytes);
    weft_pkt_release(pkt);
    r = reader(g.bytes, g.len);
    verdict = ipv4_parse(&r, g.len, &g.ip);
    assert_true(verdict == IPV4_OK || verdict == IPV4_SOURCE_ROUTE);
    r = reader(g.bytes + g.ip.header_len, g.len - g.ip.header_len);
    assert_int_equal(tcp_parse(&r, g.len - g.ip.header_len, &g.tcp, &o), TCP_OK);
    g.text = g.len - g.ip.header_len - g.tcp.header_len;
    src = weft_ipv4(g.ip.src); /* the sum is over the last destination of a route */
    dst = weft_ipv4(verdict == IPV4_OK ? g.ip.dst : peek_u32(g.ip.options + g.ip.options[1] - 4));
    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_TCP, (uint32_t)(g.len - g.ip.header_len));
    csum_add(&sum, g.bytes + g.ip.header_len, g.len - g.ip.header_len);
    assert_int_equal(csum_fold(&sum), 0);
    return &g;
}

/* A segment to us, with these options of IPv4. */
static void put(struct bench *b, uint32_t from, struct tcp_header t, const uint8_t *options, size_t n)
{
    struct ipv4_header h = {.header_len = (uint8_t)(IPV4_HEADER + n), .options = options, .ttl = 64, .proto = IP_PROTO_TCP,
                            .src = from, .dst = NEAR_US};
    struct weft_ip src = weft_ipv4(from), dst = weft_ipv4(NEAR_US);
    weft_pkt *pkt = weft_pkt_new(b->s, h.header_len + (size_t)TCP_HEADER);
    uint8_t *p = weft_pkt_data(pkt);
    struct csum sum = {0};
    struct writer w;

    h.total_len = (uint16_t)(h.header_len + TCP_HEADER);
    w = writer(p, h.total_len);
    ipv4_emit(&w, &h);
    t.header_len = TCP_HEADER;
    t.window = 65535;
    tcp_emit(&w, &t);
    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_TCP, TCP_HEADER);
    csum_add(&sum, p + h.header_len, TCP_HEADER);
    poke_u16(p + h.header_len + 16, csum_fold(&sum));
    weft_pkt_set_len(pkt, h.total_len);
    weft_input(b->near, &pkt, 1, b->s->now);
}

/* These are the options of what came out, and no others. */
#define assert_options(g, ...)                                                                                         \
    do {                                                                                                               \
        const uint8_t want_[] = {__VA_ARGS__};                                                                         \
        const struct got *got_ = (g);                                                                                  \
        assert_non_null(got_);                                                                                         \
        assert_int_equal(got_->ip.header_len, IPV4_HEADER + sizeof want_);                                             \
        assert_memory_equal(got_->ip.options, want_, sizeof want_);                                                    \
    } while (0)

/* A connection opened to BEYOND by the user's route; its first segment has been looked at. */
static weft_sock *open_by_route(struct bench *b, struct got **syn)
{
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    struct weft_addr to = {weft_ipv4(BEYOND), 80};
    uint8_t back[40];
    size_t n = sizeof back;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, "\x83\x03\x04", 3), WEFT_EINVAL);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, asked_route, sizeof asked_route), 0);
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, back, &n), 0);
    assert_int_equal(n, sizeof asked_route);
    assert_memory_equal(back, asked_route, n);
    assert_int_equal(weft_connect(sock, &to), WEFT_EINPROGRESS);
    *syn = next(b);
    assert_non_null(*syn);
    return sock;
}

/* MUST-51, MUST-52, MUST-16 */
static void a_users_source_route_is_on_every_segment(void **state)
{
    const uint8_t other[] = {131, 7, 8, 10, 1, 1, 9, 0};
    struct bench *b = *state;
    static const uint8_t text[5000];
    struct got *g;
    weft_sock *sock = open_by_route(b, &g);
    struct tcp_header t = {.src_port = 80, .dst_port = g->tcp.src_port, .flags = TCP_SYN | TCP_ACK};

    b->s->config.accept_source_route = true;
    assert_int_equal(g->ip.dst, HOP_1);
    assert_options(g, 131, 11, 4, 10, 1, 1, 6, 10, 9, 9, 9, 0);
    t.ack = seq_add(g->tcp.seq, 1);
    put(b, BEYOND, t, other, sizeof other); /* by another way, which is not ours */
    g = next(b);
    assert_int_equal(g->ip.dst, HOP_1);
    assert_options(g, 131, 11, 4, 10, 1, 1, 6, 10, 9, 9, 9, 0);
    assert_int_equal(weft_send(sock, text, sizeof text, 0), sizeof text);
    g = next(b);
    assert_options(g, 131, 11, 4, 10, 1, 1, 6, 10, 9, 9, 9, 0);
    assert_int_equal(g->text, 536 - 12); /* the peer announced nothing, and our options come out of that */
    weft_abort(sock);
    while ((g = next(b)))
        assert_options(g, 131, 11, 4, 10, 1, 1, 6, 10, 9, 9, 9, 0);
}

/* What the options take comes out of the segments at once, and is theirs again when the user takes them off. MUST-16 */
static void options_of_ip_come_out_of_the_segments_size_at_once(void **state)
{
    static const uint8_t nops[] = {1, 1, 1, 1, 1, 1, 1, 0}, text[536];
    struct bench *b = *state;
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    struct weft_addr to = {weft_ipv4(HOP_1), 80};
    struct tcp_header t = {.src_port = 80, .flags = TCP_SYN | TCP_ACK, .window = 60000};
    struct got *g;

    assert_int_equal(weft_connect(sock, &to), WEFT_EINPROGRESS);
    g = next(b);
    assert_non_null(g);
    t.dst_port = g->tcp.src_port;
    t.ack = seq_add(g->tcp.seq, 1);
    put(b, HOP_1, t, NULL, 0);
    next(b);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, nops, sizeof nops), 0);
    assert_int_equal(weft_send(sock, text, 536 - 8, 0), 536 - 8);
    g = next(b);
    assert_non_null(g);
    assert_int_equal(g->text, 536 - 8);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, nops, 0), 0);
    assert_int_equal(weft_send(sock, text, sizeof text, 0), sizeof text);
    g = next(b);
    assert_non_null(g);
    assert_int_equal(g->text, 536);
    weft_abort(sock);
    while (next(b))
        ;
}

/* MAY-10, MAY-11: they record, on each segment. */
static void a_users_record_of_route_and_time_is_kept(void **state)
{
    const uint8_t asked[] = {7, 7, 4, 0, 0, 0, 0, 68, 8, 5, 0, 0, 0, 0, 0};
    struct bench *b = *state;
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    struct weft_addr to = {weft_ipv4(NEAR_US + 8), 80};

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, asked, sizeof asked), 0);
    assert_int_equal(weft_connect(sock, &to), WEFT_EINPROGRESS);
    assert_options(next(b), 7, 7, 8, 10, 1, 0, 1, 68, 8, 9, 0, 0x80, 0, 3, 0xe8, 0);
    weft_abort(sock);
}

static weft_sock *listener(struct bench *b)
{
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    struct weft_addr at = {weft_ipv4(NEAR_US), 80};

    assert_int_equal(weft_bind(sock, &at), 0);
    assert_int_equal(weft_listen(sock, 5), 0);
    b->s->config.accept_source_route = true;
    return sock;
}

static void pass(struct bench *b, weft_time t)
{
    weft_time end = b->s->now + t;

    while (weft_deadline(b->s) <= end)
        weft_tick(b->s, max_u64(weft_deadline(b->s), b->s->now));
    weft_tick(b->s, end);
}

/* MUST-53, SHLD-24 */
static void a_connection_goes_back_by_the_way_it_came(void **state)
{
    const uint8_t came[] = {131, 11, 12, HOPS, 0}, later[] = {131, 7, 8, 10, 1, 1, 9, 0};
    struct tcp_header t = {.src_port = 5000, .dst_port = 80, .flags = TCP_SYN, .seq = {100}};
    struct bench *b = *state;
    weft_sock *l = listener(b), *sock;
    struct got *g;

    put(b, BEYOND, t, came, sizeof came);
    g = next(b);
    assert_int_equal(g->ip.dst, HOP_2);
    assert_options(g, 131, 11, 4, 10, 1, 1, 5, 10, 9, 9, 9, 0);
    pass(b, 1500 * WEFT_MS);
    g = next(b); /* once more, by the same way */
    assert_int_equal(g->tcp.flags, TCP_SYN | TCP_ACK);
    assert_options(g, 131, 11, 4, 10, 1, 1, 5, 10, 9, 9, 9, 0);
    t.flags = TCP_ACK;
    t.seq = seq_add(t.seq, 1);
    t.ack = seq_add(g->tcp.seq, 1);
    put(b, BEYOND, t, NULL, 0); /* that says nothing of a way */
    sock = weft_accept(l, NULL, NULL);
    assert_non_null(sock);
    assert_int_equal(weft_send(sock, "x", 1, 0), 1);
    assert_options(next(b), 131, 11, 4, 10, 1, 1, 5, 10, 9, 9, 9, 0);
    t.ack = seq_add(t.ack, 1);
    put(b, BEYOND, t, later, sizeof later); /* the later one counts */
    assert_int_equal(weft_send(sock, "y", 1, 0), 1);
    g = next(b);
    assert_int_equal(g->ip.dst, 0x0a010109);
    assert_options(g, 131, 7, 4, 10, 9, 9, 9, 0);
    weft_abort(sock);
    assert_options(next(b), 131, 7, 4, 10, 9, 9, 9, 0);
    weft_close(l);
}

/* MUST-52 */
static void a_listeners_own_route_goes_before_the_peers(void **state)
{
    const uint8_t came[] = {131, 7, 8, 10, 1, 1, 9, 0};
    struct tcp_header t = {.src_port = 5000, .dst_port = 80, .flags = TCP_SYN, .seq = {100}};
    struct bench *b = *state;
    weft_sock *l = listener(b), *sock;
    struct got *g;

    assert_int_equal(weft_setsockopt(l, WEFT_SOL_IP, WEFT_IP_OPTIONS, asked_route, sizeof asked_route), 0);
    put(b, BEYOND, t, came, sizeof came);
    g = next(b);
    assert_options(g, 131, 11, 4, 10, 1, 1, 6, 10, 9, 9, 9, 0);
    t.flags = TCP_ACK;
    t.seq = seq_add(t.seq, 1);
    t.ack = seq_add(g->tcp.seq, 1);
    put(b, BEYOND, t, came, sizeof came);
    sock = weft_accept(l, NULL, NULL);
    assert_non_null(sock);
    assert_int_equal(weft_send(sock, "x", 1, 0), 1);
    assert_options(next(b), 131, 11, 4, 10, 1, 1, 6, 10, 9, 9, 9, 0);
    weft_abort(sock);
    weft_close(l);
}

/* MUST-53 */
static void nobody_answers_a_route_that_is_not_accepted(void **state)
{
    const uint8_t came[] = {137, 7, 8, 10, 1, 1, 9, 0};
    struct tcp_header t = {.src_port = 5000, .dst_port = 81, .flags = TCP_SYN, .seq = {100}};
    struct bench *b = *state;
    weft_sock *l = listener(b);
    struct got *g;

    put(b, BEYOND, t, came, sizeof came); /* nobody listens: so says a reset, by the way that it came */
    g = next(b);
    assert_int_equal(g->tcp.flags, TCP_RST | TCP_ACK);
    assert_options(g, 137, 7, 4, 10, 9, 9, 9, 0);
    b->s->config.accept_source_route = false;
    t.dst_port = 80;
    put(b, BEYOND, t, came, sizeof came);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_ip_source_route), 1);
    assert_null(next(b));
    weft_close(l);
}

/* ---- a next hop that does not answer ---- */

#define LAN_US 0x0a030001u /* 10.3.0.1/16 on Ethernet, where nobody is */

static weft_if *empty_lan(weft_stack *s)
{
    struct weft_if_config config = {.name = "lan", .link = WEFT_LINK_ETHERNET, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 1}};
    struct weft_ip v4 = weft_ipv4(LAN_US), v6 = {.b = {0x20, 1, 0x0d, 0xb8, 3, [15] = 1}};
    weft_if *ifp = weft_if_new(s, &config, NULL);

    assert_non_null(ifp);
    assert_int_equal(weft_if_add_address(ifp, &v4, 16), 0);
    assert_int_equal(weft_if_add_address(ifp, &v6, 64), 0);
    return ifp;
}

/* When, in virtual time from now on, and how a connect ends that nobody answers. */
static weft_time connect_ends_after(struct bench *b, weft_if *ifp, enum weft_family family, struct weft_ip peer, int *error)
{
    weft_sock *sock = weft_socket_in(b->s, family, WEFT_TCP, NULL);
    struct weft_addr to = {peer, 80};
    weft_time begin = b->s->now, now = begin;
    size_t n = sizeof *error;
    weft_pkt *pkt;

    assert_int_equal(weft_connect(sock, &to), WEFT_EINPROGRESS);
    while (weft_tcp_state(sock) == WEFT_TCP_SYN_SENT) {
        while (weft_output(ifp, &pkt, 1, now) == 1)
            weft_pkt_release(pkt);
        now = weft_deadline(b->s);
        assert_true(now < begin + 200 * WEFT_S);
        weft_tick(b->s, now);
    }
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_ERROR, error, &n), 0);
    weft_close(sock);
    return now - begin;
}

/* As on Linux. RFC 1122 §4.2.3.9 would have it tried on: the profile rfc does. */
static void a_connect_ends_with_the_search_for_its_neighbour(void **state)
{
    struct bench *b = *state;
    weft_if *lan = empty_lan(b->s);
    struct weft_ip v6 = {.b = {0x20, 1, 0x0d, 0xb8, 3, [15] = 8}};
    int error;

    assert_in_range(connect_ends_after(b, lan, WEFT_INET, weft_ipv4(LAN_US + 8), &error), 2 * WEFT_S, 4 * WEFT_S);
    assert_int_equal(error, -WEFT_EHOSTUNREACH);
    assert_in_range(connect_ends_after(b, lan, WEFT_INET6, v6, &error), 2 * WEFT_S, 4 * WEFT_S);
    assert_int_equal(error, -WEFT_EHOSTUNREACH);
    b->s->config.tcp.unreachable_ends_connect = false;
    assert_true(connect_ends_after(b, lan, WEFT_INET, weft_ipv4(LAN_US + 9), &error) > 60 * WEFT_S);
    assert_int_equal(error, -WEFT_EHOSTUNREACH);
}

/* R1122-3.3.1.4: the gateway is dead; the SYN goes by the other one. */
static void a_connect_goes_on_by_another_gateway(void **state)
{
    struct bench *b = *state;
    weft_if *lan = empty_lan(b->s);
    struct weft_route dead = {.dst = weft_ipv4(0), .gateway = weft_ipv4(LAN_US + 8), .metric = 1};
    struct weft_route alive = {.dst = weft_ipv4(0), .gateway = weft_ipv4(NEAR_US + 8), .metric = 2};
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    struct weft_addr to = {weft_ipv4(0x0b000001), 80};
    weft_time end = b->s->now + 30 * WEFT_S;
    size_t syns = 0;
    weft_pkt *pkt;

    assert_int_equal(weft_route_add(b->s, &dead), 0);
    assert_int_equal(weft_route_add(b->s, &alive), 0);
    assert_int_equal(weft_connect(sock, &to), WEFT_EINPROGRESS);
    while (b->s->now < end) {
        while (weft_output(lan, &pkt, 1, b->s->now) == 1)
            weft_pkt_release(pkt);
        for (; weft_output(b->near, &pkt, 1, b->s->now) == 1; syns++)
            weft_pkt_release(pkt);
        weft_tick(b->s, weft_deadline(b->s));
    }
    assert_int_equal(weft_tcp_state(sock), WEFT_TCP_SYN_SENT);
    assert_true(syns >= 2);
    weft_abort(sock);
}

/* SHLD-14: whole segments are promised, and with another MTU that is another number of bytes. */
static void what_a_syn_promised_is_not_taken_back_with_the_mtu(void **state)
{
    struct tcp_header theirs = {.src_port = 80, .seq = seq(1000), .flags = TCP_SYN};
    struct bench *b = *state;
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    struct weft_addr to = {weft_ipv4(NEAR_US + 8), 80};
    const struct got *g;
    uint16_t promised;

    assert_int_equal(weft_connect(sock, &to), WEFT_EINPROGRESS);
    g = next(b);
    assert_non_null(g);
    promised = g->tcp.window;
    assert_int_equal(promised % 1460, 0);
    theirs.dst_port = g->tcp.src_port;
    assert_int_equal(weft_if_set_mtu(b->near, 1435), 0); /* 1,395 fit 64 KiB with more left over than 1,460 */
    put(b, NEAR_US + 8, theirs, NULL, 0); /* SYNs have crossed */
    assert_int_equal(weft_tcp_state(sock), WEFT_TCP_SYN_RECEIVED);
    g = next(b);
    assert_non_null(g);
    assert_int_equal(g->tcp.flags, TCP_SYN | TCP_ACK);
    assert_true(g->tcp.window >= promised);
    promised = g->tcp.window;
    theirs.flags = TCP_ACK;
    theirs.ack = seq_add(g->tcp.seq, 1);
    theirs.seq = seq(1001);
    put(b, NEAR_US + 8, theirs, NULL, 0);
    assert_int_equal(weft_tcp_state(sock), WEFT_TCP_ESTABLISHED);
    assert_true(weft_send(sock, "x", 1, 0) == 1);
    g = next(b);
    assert_non_null(g);
    assert_true(g->tcp.window >= promised); /* no scale was agreed on */
    weft_abort(sock);
}

/*
 * RFC 4987 §3.6: a SYN that found no room for a record got a cookie; the same SYN once more finds room, and gets another
 * number. The peer answers what he saw first: as on Linux the cookie is as good as it was.
 */
static void a_cookie_outlives_the_record_of_a_later_syn(void **state)
{
    struct tcp_header first = {.src_port = 1, .dst_port = 80, .seq = seq(9), .flags = TCP_SYN}, later = first;
    struct weft_addr port = {weft_ipv4(0), 80};
    struct bench *b = *state;
    weft_sock *listener = weft_socket(b->s, WEFT_TCP, NULL), *sock;
    const struct got *g;
    struct seq cookie;
    int err;

    assert_int_equal(weft_bind(listener, &port), 0);
    assert_int_equal(weft_listen(listener, 0), 0);
    put(b, NEAR_US + 8, first, NULL, 0);
    assert_non_null(next(b));
    later.src_port = 2;
    put(b, NEAR_US + 8, later, NULL, 0);
    g = next(b);
    assert_non_null(g);
    cookie = g->tcp.seq;
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_tcp_cookies_sent), 1);
    first.flags = TCP_RST;
    first.seq = seq(10);
    put(b, NEAR_US + 8, first, NULL, 0); /* now there is room */
    put(b, NEAR_US + 8, later, NULL, 0);
    g = next(b);
    assert_non_null(g);
    assert_true(!seq_eq(g->tcp.seq, cookie));
    later.flags = TCP_ACK;
    later.seq = seq(10);
    later.ack = seq_add(cookie, 100000); /* of neither */
    put(b, NEAR_US + 8, later, NULL, 0);
    g = next(b);
    assert_non_null(g);
    assert_int_equal(g->tcp.flags, TCP_RST);
    assert_null(weft_accept(listener, NULL, &err));
    later.ack = seq_add(cookie, 1);
    put(b, NEAR_US + 8, later, NULL, 0);
    sock = weft_accept(listener, NULL, &err);
    assert_non_null(sock);
    assert_int_equal(weft_tcp_state(sock), WEFT_TCP_ESTABLISHED);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_tcp_cookies_received), 1);
    weft_abort(sock);
    weft_abort(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_socket_that_is_not_bound_speaks_from_where_its_route_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(every_code_point_leaves_as_it_was_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_users_source_route_is_on_every_segment, setup, teardown),
        cmocka_unit_test_setup_teardown(options_of_ip_come_out_of_the_segments_size_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_users_record_of_route_and_time_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_connection_goes_back_by_the_way_it_came, setup, teardown),
        cmocka_unit_test_setup_teardown(a_listeners_own_route_goes_before_the_peers, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_answers_a_route_that_is_not_accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_connect_ends_with_the_search_for_its_neighbour, setup, teardown),
        cmocka_unit_test_setup_teardown(a_connect_goes_on_by_another_gateway, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cookie_outlives_the_record_of_a_later_syn, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_syn_promised_is_not_taken_back_with_the_mtu, setup, teardown),
    };

    return cmocka_run_group_tests_name("tcp_ip", tests, NULL, NULL);
}
