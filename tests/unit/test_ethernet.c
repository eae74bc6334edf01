/* SPDX-License-Identifier: MIT */
/* Ethernet framing (src/link/ethernet.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core_bench.h"

#define US   0x0a090002u /* 10.9.0.2/24 */
#define PEER 0x0a090001u

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 2}, peer_mac[6] = {2, 0, 0, 0, 0, 1};

struct lan {
    struct core_bench *b;
    weft_if *ifp;
};

static int setup(void **state)
{
    struct lan *n = malloc(sizeof *n);

    n->b = bench_open();
    n->ifp = bench_if(n->b->s, "eth0", WEFT_LINK_ETHERNET, 1500);
    bench_address(n->ifp, US, 24);
    bench_pull(n->b, n->ifp);
    *state = n;
    return 0;
}

static int teardown(void **state)
{
    struct lan *n = *state;

    bench_close(n->b);
    free(n);
    return 0;
}

static void hear(struct lan *n, const uint8_t dst[6], const uint8_t src[6], uint16_t type)
{
    uint8_t f[60] = {0};

    memcpy(f, dst, 6);
    memcpy(f + 6, src, 6);
    f[12] = (uint8_t)(type >> 8);
    f[13] = (uint8_t)type;
    memcpy(f + 14, "E payload", 9);
    bench_receive(n->b, n->ifp, f, sizeof f);
}

static void frame_for_us_reaches_the_network_without_its_header(void **state) /* R1122-2.3.3 */
{
    struct lan *n = *state;
    struct bench_network *net = bench_network_of(n->b->s);

    hear(n, our_mac, peer_mac, ETH_TYPE_IPV4);
    assert_int_equal(net->received, 1);
    assert_int_equal(net->len, 46);
    assert_memory_equal(net->bytes, "E payload", 9);
    assert_false(net->link_broadcast);
}

static void frames_for_groups_reach_the_network_marked_as_such(void **state)
{
    static const uint8_t group[6] = {0x01, 0, 0x5e, 0, 0, 0xfb}, nobody_listens[6] = {0x01, 0, 0x5e, 0, 0, 0xfc};
    struct lan *n = *state;
    struct bench_network *net = bench_network_of(n->b->s);

    hear(n, eth_broadcast, peer_mac, ETH_TYPE_IPV4);
    assert_true(net->link_broadcast);
    hear(n, our_mac, peer_mac, ETH_TYPE_IPV4);
    assert_false(net->link_broadcast);
    if_tune(n->ifp, group, true);
    hear(n, group, peer_mac, ETH_TYPE_IPV4);
    assert_true(net->link_broadcast);
    assert_int_equal(net->received, 3);
    hear(n, nobody_listens, peer_mac, ETH_TYPE_IPV4);
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_eth_not_ours), 1);
    if_tune(n->ifp, group, false);
    hear(n, group, peer_mac, ETH_TYPE_IPV4);
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_eth_not_ours), 2);
    assert_int_equal(net->received, 3);
}

static void what_is_not_for_us_is_dropped_by_name(void **state)
{
    static const uint8_t group[6] = {0x01, 0, 0x5e, 0, 0, 1};
    struct lan *n = *state;

    hear(n, peer_mac, peer_mac, ETH_TYPE_IPV4);
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_eth_not_ours), 1);
    hear(n, our_mac, group, ETH_TYPE_IPV4);
    hear(n, our_mac, eth_broadcast, ETH_TYPE_IPV4);
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_eth_bad_source), 2);
    hear(n, our_mac, peer_mac, ETH_TYPE_IPV6);
    hear(n, our_mac, peer_mac, 0xffff);
    hear(n, our_mac, peer_mac, ETH_TYPE_MIN);
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_eth_unknown_type), 3);
    assert_int_equal(bench_network_of(n->b->s)->received, 0);
    assert_int_equal(n->ifp->rx_drops, 6);
}

static void length_instead_of_a_type_is_counted_and_never_misread(void **state) /* R1122-2.3.3 */
{
    static const uint16_t lengths[] = {0, 1, 46, 0x05dc, ETH_TYPE_MIN - 1};
    struct lan *n = *state;

    for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
        hear(n, our_mac, peer_mac, lengths[i]);
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_eth_llc), ARRAY_LEN(lengths));
    assert_int_equal(bench_network_of(n->b->s)->received, 0);
}

/* A frame of these bytes behind the addresses. */
static void hear_bytes(struct lan *n, const char *bytes, size_t len)
{
    uint8_t f[80] = {0};

    memcpy(f, our_mac, 6);
    memcpy(f + 6, peer_mac, 6);
    memcpy(f + 12, bytes, len);
    bench_receive(n->b, n->ifp, f, 12 + len > 60 ? 12 + len : 60);
}

#define HEAR(n, bytes) hear_bytes(n, bytes, sizeof(bytes) - 1)

static void length_with_snap_is_a_type(void **state) /* R1122-2.3.3 */
{
    struct lan *n = *state;
    struct bench_network *net = bench_network_of(n->b->s);

    HEAR(n, "\x00\x11\xaa\xaa\x03\0\0\0\x08\x00" "E payload");
    assert_int_equal(net->received, 1);
    assert_int_equal(net->len, 9); /* the length says what is padding */
    assert_memory_equal(net->bytes, "E payload", 9);
    HEAR(n, "\x00\x11\xaa\xaa\x03\0\0\1\x08\x00" "E payload"); /* of another organisation */
    HEAR(n, "\x00\x11\xaa\xab\x03\0\0\0\x08\x00" "E payload");
    HEAR(n, "\x05\xdc\xaa\xaa\x03\0\0\0\x08\x00" "E payload"); /* longer than the frame */
    HEAR(n, "\x00\x07\xaa\xaa\x03\0\0\0\x08\x00" "E payload");
    HEAR(n, "\x00\x11\xaa\xaa\x03\0\0\0\x00\x2e" "E payload");
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_eth_llc), 5);
    assert_int_equal(net->received, 1);
}

static void priority_tag_is_no_vlan(void **state)
{
    struct lan *n = *state;
    struct bench_network *net = bench_network_of(n->b->s);

    HEAR(n, "\x81\x00\xe0\x00\x08\x00" "E payload");
    assert_int_equal(net->received, 1);
    assert_memory_equal(net->bytes, "E payload", 9);
    HEAR(n, "\x81\x00\xe0\x05\x08\x00" "E payload");
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_eth_vlan), 1);
    HEAR(n, "\x81\x00\x00\x00\x81\x00\x00\x00\x08\x00" "E payload"); /* a tag in a tag */
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_eth_unknown_type), 1);
    assert_int_equal(net->received, 1);
}

static void interface_of_a_vlan_has_its_tag_both_ways(void **state)
{
    struct weft_if_config k = {.name = "eth1", .link = WEFT_LINK_ETHERNET, .mtu = 1500, .vlan = 5};
    struct lan *n = *state;
    struct bench_network *net = bench_network_of(n->b->s);
    struct weft_ip hop = weft_ipv4(0xffffffff);
    struct weft_pkt *p = pkt_new(n->b->s);

    memcpy(k.mac, our_mac, 6);
    n->ifp = weft_if_new(n->b->s, &k, NULL);
    assert_non_null(n->ifp);
    HEAR(n, "\x81\x00\xe0\x05\x08\x00" "E payload");
    assert_int_equal(net->received, 1);
    HEAR(n, "\x81\x00\x00\x06\x08\x00" "E payload");
    HEAR(n, "\x81\x00\x00\x00\x08\x00" "E payload");
    HEAR(n, "\x08\x00" "E payload");
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_eth_vlan), 3);
    memcpy(p->data, "datagram", p->len = 8);
    n->ifp->ops->output(n->ifp, p, &hop, ETH_TYPE_IPV4);
    assert_int_equal(bench_pull(n->b, n->ifp), 1);
    assert_int_equal(n->b->frame[0].len, 26);
    assert_memory_equal(n->b->frame[0].bytes + 12, "\x81\x00\x00\x05\x08\x00" "datagram", 14);
    k.name = "eth2";
    k.vlan = 4095;
    assert_null(weft_if_new(n->b->s, &k, NULL));
}

static void short_frames_are_dropped(void **state)
{
    struct lan *n = *state;

    for (size_t len = 0; len < ETH_HEADER; len++)
        bench_receive(n->b, n->ifp, our_mac, len < 6 ? len : 6);
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_eth_short), ETH_HEADER);
}

static void datagrams_leave_as_ethernet_ii(void **state) /* R1122-2.3.3 */
{
    static const uint8_t mdns[6] = {0x01, 0, 0x5e, 0, 0, 0xfb};
    static const struct {
        uint32_t hop;
        const uint8_t *dst;
    } cases[] = {{PEER, peer_mac}, {0xffffffff, eth_broadcast}, {0x0a0900ff, eth_broadcast}, {0xe00000fb, mdns},
                 {PEER, peer_mac}};
    struct lan *n = *state;
    struct weft_ip peer = weft_ipv4(PEER);

    neigh_learn(n->ifp, &peer, peer_mac, false, true);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct weft_pkt *p = pkt_new(n->b->s);
        struct weft_ip hop = weft_ipv4(cases[i].hop);

        memcpy(p->data, "datagram", p->len = 8);
        n->ifp->ops->output(n->ifp, p, &hop, ETH_TYPE_IPV4);
        assert_int_equal(bench_pull(n->b, n->ifp), 1);
        assert_int_equal(n->b->frame[0].len, 22);
        assert_memory_equal(n->b->frame[0].bytes, cases[i].dst, 6);
        assert_memory_equal(n->b->frame[0].bytes + 6, our_mac, 6);
        assert_memory_equal(n->b->frame[0].bytes + 12, "\x08\x00" "datagram", 10);
    }
    assert_int_equal(weft_counter(n->b->s, WEFT_COUNT_arp_requests_out), 1); /* the announcement */
}

static void neighbour_that_becomes_a_broadcast_address_is_one_at_once(void **state)
{
    struct lan *n = *state;
    struct weft_ip hop = weft_ipv4(0x0a0805ff);

    bench_address(n->ifp, 0x0a080002, 16);
    neigh_learn(n->ifp, &hop, peer_mac, false, true);
    for (int before = 1; before >= 0; before--) {
        struct weft_pkt *p = pkt_new(n->b->s);

        memcpy(p->data, "datagram", p->len = 8);
        bench_pull(n->b, n->ifp);
        n->ifp->ops->output(n->ifp, p, &hop, ETH_TYPE_IPV4);
        assert_int_equal(bench_pull(n->b, n->ifp), 1);
        assert_memory_equal(n->b->frame[0].bytes, before ? peer_mac : eth_broadcast, 6);
        if (before)
            bench_address(n->ifp, 0x0a080501, 24); /* whose network ends there */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(frame_for_us_reaches_the_network_without_its_header, setup, teardown),
        cmocka_unit_test_setup_teardown(frames_for_groups_reach_the_network_marked_as_such, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_for_us_is_dropped_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(length_instead_of_a_type_is_counted_and_never_misread, setup, teardown),
        cmocka_unit_test_setup_teardown(length_with_snap_is_a_type, setup, teardown),
        cmocka_unit_test_setup_teardown(priority_tag_is_no_vlan, setup, teardown),
        cmocka_unit_test_setup_teardown(interface_of_a_vlan_has_its_tag_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(short_frames_are_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(datagrams_leave_as_ethernet_ii, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbour_that_becomes_a_broadcast_address_is_one_at_once, setup, teardown),
    };

    return cmocka_run_group_tests_name("ethernet", tests, NULL, NULL);
}
