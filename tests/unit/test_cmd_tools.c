/* SPDX-License-Identifier: MIT */
/* What route, ifconfig and traceroute print and read (src/cmd): the originals' lines, and who answers a probe. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/ifconfig_format.h"
#include "cmd/routes.h"
#include "cmd/trace_print.h"
#include "wire/icmpv4.h"
#include "wire/icmpv6.h"
#include "wire/tcp.h"

static struct weft_ip address(const char *text)
{
    struct weft_ip ip;

    assert_int_equal(weft_ip_parse(text, &ip), 0);
    return ip;
}

/* ---- route ---- */

static void a_route_has_routes_columns(void **state)
{
    struct weft_route r = {.dst = weft_ipv4(0), .gateway = address("10.9.0.1"), .flags = 0x3, .metric = 100};
    char line[ROUTE_LINE];

    routes_line(line, sizeof line, &r, "wt0");
    assert_string_equal(line, "0.0.0.0         10.9.0.1        0.0.0.0         UG    100    0        0 wt0");
    r = (struct weft_route){.dst = address("10.8.0.7"), .gateway = address("10.9.0.3"), .prefix = 32, .flags = 0x17};
    routes_line(line, sizeof line, &r, "wt0");
    assert_string_equal(line, "10.8.0.7        10.9.0.3        255.255.255.255 UGHD  0      0        0 wt0");
    r = (struct weft_route){.dst = address("fd08::"), .gateway = address("fe80::1%3"), .prefix = 64, .flags = 0x23};
    routes_line(line, sizeof line, &r, "wt0");
    assert_string_equal(line, "fd08::/64                      fe80::1                    UGM  0   0      0 wt0");
}

static void an_answer_reads_as_ip_route_get(void **state)
{
    struct weft_route r = {.gateway = address("10.9.0.1"), .flags = WEFT_ROUTE_UP | WEFT_ROUTE_GATEWAY};
    struct weft_ip dst = address("10.8.0.2"), src = address("10.9.0.2"), none = {{0}};
    char line[ROUTE_LINE];

    routes_answer(line, sizeof line, &dst, &r, "wt0", &src, false);
    assert_string_equal(line, "10.8.0.2 via 10.9.0.1 dev wt0 src 10.9.0.2");
    r.flags = WEFT_ROUTE_UP | WEFT_ROUTE_DYNAMIC;
    routes_answer(line, sizeof line, &dst, &r, "wt0", &none, false);
    assert_string_equal(line, "10.8.0.2 dev wt0 redirected");
    r.flags = WEFT_ROUTE_UP;
    routes_answer(line, sizeof line, &src, &r, "lo", &src, true);
    assert_string_equal(line, "local 10.9.0.2 dev lo src 10.9.0.2");
}

/* ---- ifconfig ---- */

static char *printed(const struct weft_if_info *info, const char *name)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    ifconfig_print(out, info, name);
    fclose(out);
    return text;
}

static void an_interface_reads_as_from_ifconfig(void **state)
{
    struct weft_if_info info = {.link = WEFT_LINK_ETHERNET,
                                .mac = {2, 0, 0, 0, 0, 0xa},
                                .mtu = 1500,
                                .up = true,
                                .rx_packets = 12,
                                .rx_bytes = 1234,
                                .rx_drops = 1,
                                .tx_packets = 7,
                                .tx_bytes = 420,
                                .n_addresses = 2};
    char *text;

    info.address[0].ip = address("10.9.0.2");
    info.address[0].prefix = 24;
    info.address[0].broadcast = address("10.9.0.255");
    info.address[0].state = "preferred";
    info.address[1].ip = address("fe80::7%2");
    info.address[1].prefix = 64;
    info.address[1].state = "tentative";
    text = printed(&info, "wt0");
    assert_string_equal(text, "wt0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500\n"
                              "        inet 10.9.0.2  netmask 255.255.255.0  broadcast 10.9.0.255\n"
                              "        inet6 fe80::7  prefixlen 64  scopeid 0x20<link>  tentative\n"
                              "        ether 02:00:00:00:00:0a  (Ethernet)\n"
                              "        RX packets 12  bytes 1234 (1.2 KiB)\n"
                              "        RX errors 0  dropped 1  overruns 0  frame 0\n"
                              "        TX packets 7  bytes 420 (420.0 B)\n"
                              "        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0\n\n");
    free(text);
    info = (struct weft_if_info){.link = WEFT_LINK_LOOPBACK, .mtu = 65535, .up = true};
    text = printed(&info, "lo");
    assert_memory_equal(text, "lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65535\n        loop  (Local Loopback)\n", 75);
    free(text);
}

/* ---- what answers a probe ---- */

#define ROUTER 0x0a090001
#define TARGET 0x0a080002
#define OURS   0x0a090002

/* An ICMP message from the router that quotes a probe of UDP, or what else stands in head. */
static size_t make_error(uint8_t *buf, struct icmpv4_header icmp, uint8_t proto, const uint8_t head[8])
{
    struct ipv4_header quoted = {
        .header_len = 20, .total_len = 60, .ttl = 1, .proto = proto, .src = OURS, .dst = TARGET};
    struct ipv4_header outer = {.header_len = 20, .total_len = 56, .ttl = 64, .proto = 1, .src = ROUTER, .dst = OURS};
    struct writer w = writer(buf, 56);

    ipv4_emit(&w, &outer);
    icmpv4_emit(&w, &icmp);
    ipv4_emit(&w, &quoted);
    write_bytes(&w, head, 8);
    assert_false(w.bad);
    return 56;
}

static const struct trace_flow udp_flow = {
    .method = TRACE_UDP, .dst = {{[10] = 0xff, [11] = 0xff, [12] = 10, [13] = 8, [15] = 2}}, .port = 40000};
static const uint8_t udp_head[8] = {40000 >> 8, 40000 & 255, 33436 >> 8, 33436 & 255, 0, 40, 0, 0};

static void time_exceeded_names_a_router_on_the_way(void **state)
{
    struct icmpv4_header icmp = {.type = ICMPV4_TIME_EXCEEDED};
    struct weft_ip router = weft_ipv4(ROUTER);
    struct trace_answer a;
    uint8_t buf[64];
    size_t n = make_error(buf, icmp, IP_PROTO_UDP, udp_head), cut;

    assert_true(trace_answer_read(&udp_flow, buf, n, n, &a));
    assert_memory_equal(&a.from, &router, sizeof router);
    assert_int_equal(a.key, 33436);
    assert_false(a.final);
    assert_string_equal(a.mark, "");
    for (cut = 0; cut < n; cut++)
        assert_false(trace_answer_read(&udp_flow, buf, cut, n, &a));
}

static void unreachables_have_traceroutes_marks(void **state)
{
    static const struct {
        uint8_t type, code;
        uint16_t mtu;
        const char *mark;
    } rows[] = {{3, 0, 0, "!N"},  {3, 1, 0, "!H"},  {3, 2, 0, "!P"},  {3, 3, 0, ""},     {3, 4, 1300, "!F-1300"},
                {3, 5, 0, "!S"},  {3, 9, 0, "!X"},  {3, 10, 0, "!X"}, {3, 13, 0, "!X"},  {3, 14, 0, "!V"},
                {3, 15, 0, "!C"}, {3, 16, 0, "!<16>"}, {12, 0, 0, "!<12-0>"}};
    struct trace_answer a;
    uint8_t buf[64];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct icmpv4_header icmp = {.type = rows[i].type, .code = rows[i].code};

        icmp.rest.unreachable.next_hop_mtu = rows[i].mtu;
        assert_true(trace_answer_read(&udp_flow, buf, make_error(buf, icmp, IP_PROTO_UDP, udp_head), 56, &a));
        assert_true(a.final);
        assert_string_equal(a.mark, rows[i].mark);
    }
}

static void what_quotes_somebody_elses_probe_is_no_answer(void **state)
{
    const uint8_t other_port[8] = {1, 2, 33436 >> 8, 33436 & 255};
    struct icmpv4_header icmp = {.type = ICMPV4_TIME_EXCEEDED};
    struct trace_flow elsewhere = udp_flow;
    struct trace_answer a;
    uint8_t buf[64];

    assert_false(trace_answer_read(&udp_flow, buf, make_error(buf, icmp, IP_PROTO_UDP, other_port), 56, &a));
    assert_false(trace_answer_read(&udp_flow, buf, make_error(buf, icmp, IP_PROTO_TCP, udp_head), 56, &a));
    elsewhere.dst = weft_ipv4(TARGET + 1);
    elsewhere.gate = &udp_flow.dst; /* but by way of there */
    elsewhere.n_gates = 1;
    assert_true(trace_answer_read(&elsewhere, buf, make_error(buf, icmp, IP_PROTO_UDP, udp_head), 56, &a));
    elsewhere.n_gates = 0;
    assert_false(trace_answer_read(&elsewhere, buf, make_error(buf, icmp, IP_PROTO_UDP, udp_head), 56, &a));
    icmp.type = ICMPV4_REDIRECT;
    assert_false(trace_answer_read(&udp_flow, buf, make_error(buf, icmp, IP_PROTO_UDP, udp_head), 56, &a));
}

static void echoes_and_segments_are_keyed_by_what_differs(void **state)
{
    const uint8_t echo_head[8] = {8, 0, 0, 0, 0x12, 0x34, 0, 5}, tcp_head[8] = {0x90, 1, 0, 80};
    struct icmpv4_header icmp = {.type = ICMPV4_TIME_EXCEEDED};
    struct trace_flow echo = {.method = TRACE_ICMP, .dst = udp_flow.dst, .port = 0x1234};
    struct trace_flow tcp = {.method = TRACE_TCP, .dst = udp_flow.dst, .port = 80};
    struct trace_answer a;
    uint8_t buf[64];

    assert_true(trace_answer_read(&echo, buf, make_error(buf, icmp, IP_PROTO_ICMP, echo_head), 56, &a));
    assert_int_equal(a.key, 5);
    assert_true(trace_answer_read(&tcp, buf, make_error(buf, icmp, IP_PROTO_TCP, tcp_head), 56, &a));
    assert_int_equal(a.key, 0x9001);
}

/* ---- a hop ---- */

static void a_hop_names_each_answerer_once(void **state)
{
    struct trace_probe p[4] = {{.state = TRACE_ANSWERED, .rtt = 45 * WEFT_US, .answer = {.from = weft_ipv4(ROUTER)}},
                               {.state = TRACE_ANSWERED, .rtt = 1234567, .answer = {.from = weft_ipv4(ROUTER)}},
                               {.state = TRACE_SILENT},
                               {.state = TRACE_ANSWERED, .rtt = WEFT_MS,
                                .answer = {.from = weft_ipv4(TARGET), .mark = "!H"}}};
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    trace_print_hop(out, 3, p, 4, true);
    trace_print_hop(out, 12, p, 1, false);
    fclose(out);
    assert_string_equal(text, " 3  10.9.0.1  0.045 ms  1.235 ms * 10.8.0.2  1.000 ms !H\n"
                              "12  10.9.0.1 (10.9.0.1)  0.045 ms\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_has_routes_columns),
        cmocka_unit_test(an_answer_reads_as_ip_route_get),
        cmocka_unit_test(an_interface_reads_as_from_ifconfig),
        cmocka_unit_test(time_exceeded_names_a_router_on_the_way),
        cmocka_unit_test(unreachables_have_traceroutes_marks),
        cmocka_unit_test(what_quotes_somebody_elses_probe_is_no_answer),
        cmocka_unit_test(echoes_and_segments_are_keyed_by_what_differs),
        cmocka_unit_test(a_hop_names_each_answerer_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
