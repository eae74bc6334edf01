/* SPDX-License-Identifier: MIT */
/* ARP as a station sees it: frames in, frames out (src/link/arp.c with src/core/neigh.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core_bench.h"
#include "wire/arp.h"

#define US     0x0a090002u /* 10.9.0.2/24 */
#define PEER   0x0a090001u
#define OTHER  0x0a090007u
#define US_TOO 0x0a0a0002u /* on the second interface */

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 1}, new_mac[6] = {2, 0, 0, 0, 0, 9}, no_mac[6];

struct lan {
    struct core_bench *b;
    weft_if *ifp;
};

static int setup(void **state)
{
    struct lan *n = malloc(sizeof *n);
    weft_if *second;

    n->b = bench_open();
    n->ifp = bench_if(n->b->s, "eth0", WEFT_LINK_ETHERNET, 1500);
    second = bench_if(n->b->s, "tun0", WEFT_LINK_IP, 1500);
    bench_address(n->ifp, US, 24);
    bench_address(second, US_TOO, 24);
    bench_pull(n->b, n->ifp); /* the announcement */
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

static size_t frame_of(uint8_t *f, const uint8_t dst[6], const uint8_t src[6], const struct arp_packet *a)
{
    struct writer w = writer(f, 60);
    struct eth_header h = {.type = ETH_TYPE_ARP};

    memset(f, 0, 60); /* padded, as every short frame is */
    memcpy(h.dst, dst, 6);
    memcpy(h.src, src, 6);
    eth_emit(&w, &h);
    arp_emit(&w, a);
    return 60;
}

static struct arp_packet arp(uint16_t op, const uint8_t sender_mac[6], uint32_t sender, uint32_t target)
{
    struct arp_packet a = {.op = op, .sender_ip = sender, .target_ip = target};

    memcpy(a.sender_mac, sender_mac, 6);
    return a;
}

/* An ARP packet arrives, broadcast. */
static void hear(struct lan *n, uint16_t op, const uint8_t sender_mac[6], uint32_t sender, uint32_t target)
{
    struct arp_packet a = arp(op, sender_mac, sender, target);
    uint8_t f[60];

    bench_receive(n->b, n->ifp, f, frame_of(f, eth_broadcast, sender_mac, &a));
}

static const struct neigh *known(struct lan *n, uint32_t ip)
{
    struct weft_ip a = weft_ipv4(ip);

    return neigh_find(n->ifp, &a);
}

static void send_to(struct lan *n, uint32_t ip, const char *text)
{
    struct weft_ip hop = weft_ipv4(ip);
    struct weft_pkt *p = pkt_new(n->b->s);

    memcpy(p->data, text, strlen(text));
    p->len = (uint32_t)strlen(text);
    weft_clock(n->b->s, n->b->now);
    n->ifp->ops->output(n->ifp, p, &hop, ETH_TYPE_IPV4);
}

/* The i-th frame pulled is this ARP packet to that station. */
static void sent_arp(struct lan *n, size_t i, const uint8_t dst[6], uint16_t op, uint32_t sender, const uint8_t tha[6],
                     uint32_t target)
{
    struct reader r = reader(n->b->frame[i].bytes, n->b->frame[i].len);
    struct eth_header h;
    struct arp_packet a;

    assert_true(i < n->b->n_frames);
    assert_true(eth_parse(&r, &h));
    assert_memory_equal(h.dst, dst, 6);
    assert_memory_equal(h.src, our_mac, 6);
    assert_int_equal(h.type, ETH_TYPE_ARP);
    assert_true(arp_parse(&r, &a));
    assert_int_equal(a.op, op);
    assert_memory_equal(a.sender_mac, our_mac, 6);
    assert_int_equal(a.sender_ip, sender);
    assert_memory_equal(a.target_mac, tha, 6);
    assert_int_equal(a.target_ip, target);
}

/* ---- RFC 826's packet reception ---- */

static void reception_follows_the_table(void **state) /* R826-1 */
{
    static const struct {
        bool known;
        uint32_t target;
        uint16_t op;
        bool in_table, refreshed, replied, dropped;
    } cases[] = {
        /* known target op             in the table, refreshed, replied, dropped */
        {false, US, ARP_REQUEST, true, true, true, false},
        {false, US, ARP_REPLY, false, false, false, true}, /* unsolicited: makes no entry (policy) */
        {false, OTHER, ARP_REQUEST, false, false, false, true},
        {false, OTHER, ARP_REPLY, false, false, false, true},
        {true, US, ARP_REQUEST, true, true, true, false},
        {true, US, ARP_REPLY, true, true, false, false},
        {true, OTHER, ARP_REQUEST, true, true, false, false},
        {true, OTHER, ARP_REPLY, true, true, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        void *s;
        struct lan *n;
        struct weft_ip peer = weft_ipv4(PEER);

        setup(&s);
        n = s;
        if (cases[i].known)
            neigh_learn(n->ifp, &peer, peer_mac, true, true);
        n->b->now += 2 * WEFT_S; /* the lock is off */
        hear(n, cases[i].op, new_mac, PEER, cases[i].target);
        assert_int_equal(known(n, PEER) != NULL, cases[i].in_table);
        if (cases[i].in_table)
            assert_memory_equal(known(n, PEER)->mac, cases[i].refreshed ? new_mac : peer_mac, 6);
        assert_int_equal(bench_pull(n->b, n->ifp), cases[i].replied);
        if (cases[i].replied)
            sent_arp(n, 0, new_mac, ARP_REPLY, US, new_mac, PEER);
        assert_int_equal(weft_drops(n->b->s, WEFT_DROP_arp_not_ours), cases[i].dropped);
        teardown(&s);
    }
}

static void malformed_packets_change_nothing(void **state) /* R826-2 */
{
    static const struct {
        size_t at;
        uint8_t value;
    } cases[] = {
        {14, 1}, {15, 6}, {16, 0x86}, {18, 5}, {18, 0}, {19, 16}, {19, 0}, {21, 0}, {21, 3}, {20, 1}, /* header */
        {22, 0x01}, {22, 0x33}, /* the sender's hardware address: a group */
        {28, 224}, {28, 127},   /* the sender's address: a group, loopback */
    };
    struct lan *n = *state;
    struct arp_packet a = arp(ARP_REQUEST, peer_mac, PEER, US), none = arp(ARP_REQUEST, no_mac, PEER, US),
                      all = arp(ARP_REQUEST, peer_mac, 0xffffffff, US);
    uint8_t f[60];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        frame_of(f, eth_broadcast, peer_mac, &a);
        f[cases[i].at] = cases[i].value;
        bench_receive(n->b, n->ifp, f, sizeof f);
    }
    for (size_t len = 14; len < 42; len++)
        bench_receive(n->b, n->ifp, f, len);
    frame_of(f, eth_broadcast, peer_mac, &none);
    bench_receive(n->b, n->ifp, f, sizeof f);
    frame_of(f, eth_broadcast, peer_mac, &all);
    bench_receive(n->b, n->ifp, f, sizeof f);
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_arp_malformed), ARRAY_LEN(cases) + 28 + 2);
    assert_int_equal(n->b->s->neighbours.table.count, 0);
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
}

static void any_28_bytes_are_survived(void **state) /* R826-2 */
{
    struct lan *n = *state;
    struct arp_packet a = arp(ARP_REQUEST, peer_mac, PEER, US);
    struct rng r;
    uint8_t f[60];

    rng_seed(&r, 3);
    for (unsigned i = 0; i < 20000; i++) {
        frame_of(f, our_mac, peer_mac, &a);
        for (unsigned k = (unsigned)rng_below(&r, 6); k; k--)
            f[14 + rng_below(&r, 28)] = (uint8_t)rng_u64(&r);
        bench_receive(n->b, n->ifp, f, 14 + rng_below(&r, 47));
        bench_pull(n->b, n->ifp);
    }
    assert_true(n->b->s->neighbours.table.count <= n->b->config.max_neighbours);
}

static void nonsense_senders_are_answered_but_not_learnt(void **state)
{
    static const uint32_t senders[] = {0, US_TOO, 0x0a0900ff, 0x0a090000};
    struct lan *n = *state;

    for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
        hear(n, ARP_REQUEST, peer_mac, senders[i], US);
        assert_int_equal(n->b->s->neighbours.table.count, 0);
        assert_int_equal(bench_pull(n->b, n->ifp), 1); /* RFC 5227 §2.1.1: a probe for our address gets its answer */
        sent_arp(n, 0, peer_mac, ARP_REPLY, US, peer_mac, senders[i]);
    }
    hear(n, ARP_REQUEST, our_mac, PEER, US); /* our own frame, come back */
    assert_int_equal(n->b->s->neighbours.table.count, 0);
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
}

static void only_this_interfaces_addresses_are_answered_for(void **state)
{
    struct lan *n = *state;

    hear(n, ARP_REQUEST, peer_mac, PEER, US_TOO);
    hear(n, ARP_REQUEST, peer_mac, PEER, 0x7f000001);
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_arp_not_ours), 2);
}

/* ---- asking ---- */

static void first_datagram_asks_by_broadcast_and_waits_for_the_answer(void **state) /* R1122-2.3.2.2 */
{
    struct lan *n = *state;

    send_to(n, PEER, "hello");
    assert_int_equal(bench_pull(n->b, n->ifp), 1);
    sent_arp(n, 0, eth_broadcast, ARP_REQUEST, US, no_mac, PEER);
    assert_int_equal(n->b->frame[0].len, 42);
    hear(n, ARP_REPLY, peer_mac, PEER, US);
    assert_int_equal(bench_pull(n->b, n->ifp), 1);
    assert_int_equal(n->b->frame[0].len, 14 + 5);
    assert_memory_equal(n->b->frame[0].bytes, peer_mac, 6);
    assert_memory_equal(n->b->frame[0].bytes + 6, our_mac, 6);
    assert_memory_equal(n->b->frame[0].bytes + 12, "\x08\x00hello", 7);
    assert_int_equal(bench_network_of(n->b->s)->failed, 0);
}

static void request_from_the_one_we_ask_is_an_answer_too(void **state)
{
    struct lan *n = *state;

    send_to(n, PEER, "hello");
    bench_pull(n->b, n->ifp);
    hear(n, ARP_REQUEST, peer_mac, PEER, US);
    assert_int_equal(bench_pull(n->b, n->ifp), 2); /* the datagram, and our reply */
}

static void answer_may_change_a_fresh_entry_only_when_asked_for(void **state) /* ARP-gratuitous */
{
    static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 7};
    struct lan *n = *state;
    struct weft_ip peer = weft_ipv4(PEER);

    hear(n, ARP_REQUEST, peer_mac, PEER, US);
    n->b->now += WEFT_S / 2;
    hear(n, ARP_REPLY, new_mac, PEER, US);
    assert_memory_equal(known(n, PEER)->mac, peer_mac, 6);
    neigh_hint(n->ifp, &peer, false); /* now we ask, but not for somebody else */
    hear(n, ARP_REPLY, new_mac, PEER, OTHER);
    assert_memory_equal(known(n, PEER)->mac, peer_mac, 6);
    hear(n, ARP_REPLY, other_mac, PEER, US);
    assert_memory_equal(known(n, PEER)->mac, other_mac, 6);
    hear(n, ARP_REQUEST, new_mac, PEER, PEER); /* gratuitous */
    assert_memory_equal(known(n, PEER)->mac, other_mac, 6);
    n->b->now += WEFT_S;
    hear(n, ARP_REQUEST, peer_mac, PEER, PEER);
    assert_memory_equal(known(n, PEER)->mac, peer_mac, 6);
    n->b->now += WEFT_S;
    hear(n, ARP_REQUEST, new_mac, PEER, PEER);
    assert_memory_equal(known(n, PEER)->mac, new_mac, 6);
}

static void absent_neighbour_is_asked_once_a_second_and_then_reported(void **state) /* R1122-2.3.2.1b */
{
    struct lan *n = *state;

    for (unsigned i = 0; i < 10000; i++) {
        send_to(n, PEER, "x");
        bench_pass(n->b, 100 * WEFT_US);
    }
    assert_in_range(bench_pull(n->b, n->ifp), 1, 2); /* at 0 s, and the one due at 1 s */
    assert_int_equal(bench_network_of(n->b->s)->failed, 0);
    bench_pass(n->b, 3 * WEFT_S);
    assert_int_equal(bench_network_of(n->b->s)->failed, NEIGH_QUEUE);
    assert_int_equal(weft_counter(n->b->s, WEFT_COUNT_arp_requests_out), 1 + 3); /* with the announcement */
}

static void probe_goes_to_the_known_station_then_to_all(void **state) /* R1122-2.3.2.1 */
{
    struct lan *n = *state;

    hear(n, ARP_REQUEST, peer_mac, PEER, US);
    bench_pull(n->b, n->ifp);
    bench_pass(n->b, 60 * WEFT_S);
    send_to(n, PEER, "x");
    assert_int_equal(bench_pull(n->b, n->ifp), 2);
    sent_arp(n, 0, peer_mac, ARP_REQUEST, US, no_mac, PEER);
    assert_memory_equal(n->b->frame[1].bytes, peer_mac, 6); /* the datagram is not held up */
    bench_pass(n->b, 3 * WEFT_S);
    assert_int_equal(bench_pull(n->b, n->ifp), 3);
    sent_arp(n, 1, peer_mac, ARP_REQUEST, US, no_mac, PEER);
    sent_arp(n, 2, eth_broadcast, ARP_REQUEST, US, no_mac, PEER);
    hear(n, ARP_REPLY, new_mac, PEER, US);
    send_to(n, PEER, "y");
    bench_pull(n->b, n->ifp);
    assert_memory_equal(n->b->frame[0].bytes, new_mac, 6);
}

static void request_comes_from_the_address_of_the_targets_network(void **state)
{
    struct lan *n = *state;

    bench_address(n->ifp, 0x0a0b0002, 24);
    bench_pull(n->b, n->ifp);
    send_to(n, 0x0a0b0001, "x");
    bench_pull(n->b, n->ifp);
    sent_arp(n, 0, eth_broadcast, ARP_REQUEST, 0x0a0b0002, no_mac, 0x0a0b0001);
}

/* ---- announcing ---- */

static void new_address_is_announced_once(void **state) /* ARP-gratuitous */
{
    struct lan *n = *state;

    bench_address(n->ifp, 0x0a0b0002, 24);
    assert_int_equal(bench_pull(n->b, n->ifp), 1);
    sent_arp(n, 0, eth_broadcast, ARP_REQUEST, 0x0a0b0002, no_mac, 0x0a0b0002);
}

/* R5227-2.4 */
static void an_address_of_ours_is_defended_once_in_ten_seconds(void **state)
{
    struct lan *n = *state;

    for (unsigned i = 0; i < 100; i++) {
        hear(n, i % 2 ? ARP_REQUEST : ARP_REPLY, new_mac, US, i % 3 ? US : PEER);
        assert_int_equal(bench_pull(n->b, n->ifp), i == 0);
        if (i == 0)
            sent_arp(n, 0, eth_broadcast, ARP_REQUEST, US, no_mac, US);
    }
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_arp_conflict), 100);
    assert_int_equal(weft_counter(n->b->s, WEFT_COUNT_arp_conflicts), 100);
    assert_int_equal(n->b->s->neighbours.table.count, 0);
    n->b->now += 10 * WEFT_S;
    hear(n, ARP_REPLY, new_mac, US, PEER);
    assert_int_equal(bench_pull(n->b, n->ifp), 1);
    n->b->now += 10 * WEFT_S;
    n->b->s->config.arp_defend = false;
    hear(n, ARP_REPLY, new_mac, US, PEER);
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
}

/* R1027-1 */
static void a_router_answers_for_who_is_behind_it_when_asked_to(void **state)
{
    const uint32_t behind = 0x0a0a0009;
    struct lan *n = *state;

    hear(n, ARP_REQUEST, peer_mac, PEER, behind);
    n->b->s->config.proxy_arp = true;
    hear(n, ARP_REQUEST, peer_mac, PEER, behind); /* no router yet */
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
    n->b->s->config.ip_forward = true;
    hear(n, ARP_REQUEST, peer_mac, PEER, OTHER);      /* he is on that link himself */
    hear(n, ARP_REQUEST, peer_mac, PEER, 0xc6336401); /* nobody knows the way */
    hear(n, ARP_REQUEST, peer_mac, PEER, 0xe0000001);
    hear(n, ARP_REQUEST, peer_mac, 0, behind); /* a probe: the address is tried, not asked for */
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
    hear(n, ARP_REQUEST, peer_mac, PEER, behind);
    assert_int_equal(bench_pull(n->b, n->ifp), 1);
    sent_arp(n, 0, peer_mac, ARP_REPLY, behind, peer_mac, PEER);
}

/* R1027-1: though the way to all the world leads over us, we answer for no group and for nobody who is everybody. */
static void a_router_answers_for_single_hosts_only(void **state)
{
    static const uint32_t none[] = {0, 0xe0000001, 0xefffffff, 0xffffffff, 0x0a0900ff, 0x0a090000};
    struct weft_route all = {.gateway = weft_ipv4(US_TOO + 1)};
    struct lan *n = *state;

    n->b->s->config.proxy_arp = n->b->s->config.ip_forward = true;
    assert_int_equal(weft_route_add(n->b->s, &all), 0);
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        hear(n, ARP_REQUEST, peer_mac, PEER, none[i]);
    hear(n, ARP_REQUEST, peer_mac, 0x0a0900ff, 0xc6336401); /* nor is somebody answered who is everybody */
    hear(n, ARP_REPLY, peer_mac, PEER, 0xc6336401);
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
    hear(n, ARP_REQUEST, peer_mac, PEER, 0xc6336401);
    assert_int_equal(bench_pull(n->b, n->ifp), 1);
    sent_arp(n, 0, peer_mac, ARP_REPLY, 0xc6336401, peer_mac, PEER);
}

/* Whoever speaks in our station's name, from another one, hears nothing from us. */
static void our_own_request_is_not_answered(void **state)
{
    struct lan *n = *state;
    struct arp_packet a = arp(ARP_REQUEST, our_mac, PEER, US);
    uint8_t f[60];

    bench_receive(n->b, n->ifp, f, frame_of(f, eth_broadcast, new_mac, &a));
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
}

/* ---- trying (RFC 5227 §2.1) ---- */

#define TRIED 0x0a090009u

/* Time passes until the next frame goes out, which must be the only one; returns how long that took. */
static weft_time next_frame(struct lan *n)
{
    weft_time before = n->b->now;

    while (bench_pull(n->b, n->ifp) == 0 && n->b->now - before < 100 * WEFT_S)
        bench_pass(n->b, WEFT_MS);
    assert_int_equal(n->b->n_frames, 1);
    return n->b->now - before;
}

static const struct if_address *entry(struct lan *n, uint32_t ip)
{
    struct weft_ip a = weft_ipv4(ip);

    return if_find_entry(n->ifp, &a);
}

static void try_address(struct lan *n)
{
    n->b->s->config.arp_probe = true;
    bench_address(n->ifp, TRIED, 24);
    assert_int_equal(entry(n, TRIED)->state, IF_ADDRESS_TENTATIVE);
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
}

static void address_is_probed_three_times_then_used_and_announced_twice(void **state) /* R5227-2.1.1 R5227-2.3 */
{
    static const uint32_t least[] = {0, 1000, 1000, 2000, 2000}, most[] = {1000, 2000, 2000, 2001, 2001}; /* ms */
    struct lan *n = *state;

    try_address(n);
    for (unsigned i = 0; i < 5; i++) {
        weft_time ms;

        hear(n, ARP_REQUEST, peer_mac, PEER, TRIED); /* a question is no objection, and is not answered before its time */
        assert_int_equal(bench_pull(n->b, n->ifp), i == 4);
        ms = next_frame(n) / WEFT_MS;
        assert_in_range(ms, least[i], most[i]);
        sent_arp(n, 0, eth_broadcast, ARP_REQUEST, i < 3 ? 0 : TRIED, no_mac, TRIED);
        assert_int_equal(entry(n, TRIED)->state, i < 3 ? IF_ADDRESS_TENTATIVE : IF_ADDRESS_PREFERRED);
    }
    bench_pass(n->b, 100 * WEFT_S);
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
    assert_int_equal(weft_counter(n->b->s, WEFT_COUNT_arp_conflicts), 0);
}

static void who_has_or_tries_the_same_address_keeps_us_from_it(void **state) /* R5227-2.1.1 */
{
    static const struct {
        uint16_t op;
        const uint8_t *mac;
        uint32_t sender, target;
        bool conflict;
    } rows[] = {
        {ARP_REPLY, new_mac, TRIED, US, true},       {ARP_REQUEST, new_mac, TRIED, PEER, true},
        {ARP_REQUEST, new_mac, TRIED, TRIED, true},  {ARP_REQUEST, new_mac, 0, TRIED, true},
        {ARP_REPLY, new_mac, 0, TRIED, false},       {ARP_REQUEST, our_mac, 0, TRIED, false},
        {ARP_REPLY, our_mac, TRIED, TRIED, false},   {ARP_REQUEST, new_mac, 0, TRIED + 1, false},
        {ARP_REQUEST, new_mac, PEER, TRIED, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (unsigned probes = 0; probes <= 3; probes++) { /* until ANNOUNCE_WAIT is over */
            struct lan *n;

            setup(state);
            n = *state;
            try_address(n);
            for (unsigned k = 0; k < probes; k++)
                next_frame(n);
            hear(n, rows[i].op, rows[i].mac, rows[i].sender, rows[i].target);
            assert_int_equal(entry(n, TRIED)->state, rows[i].conflict ? IF_ADDRESS_DUPLICATE : IF_ADDRESS_TENTATIVE);
            assert_int_equal(weft_counter(n->b->s, WEFT_COUNT_arp_conflicts), rows[i].conflict);
            assert_int_equal(weft_drops(n->b->s, WEFT_DROP_arp_conflict), rows[i].conflict);
            bench_pass(n->b, 100 * WEFT_S);
            assert_int_equal(entry(n, TRIED)->state, rows[i].conflict ? IF_ADDRESS_DUPLICATE : IF_ADDRESS_PREFERRED);
            assert_int_equal(bench_pull(n->b, n->ifp), rows[i].conflict ? 0 : 5 - probes);
            teardown(state);
        }
}

static void an_address_that_another_has_is_neither_answered_for_nor_defended_nor_used(void **state) /* R5227-2.1.1 */
{
    struct lan *n = *state;
    struct weft_ip tried = weft_ipv4(TRIED), src;
    struct ip_path path = {.ifp = n->ifp, .next_hop = weft_ipv4(PEER)};

    assert_int_equal(weft_if_del_address(n->ifp, &(struct weft_ip){{[10] = 0xff, 0xff, 10, 9, 0, 2}}), 0);
    try_address(n);
    assert_int_equal(route_source(n->b->s, &path, &path.next_hop, &src), WEFT_EADDRNOTAVAIL);
    hear(n, ARP_REPLY, new_mac, TRIED, US);
    hear(n, ARP_REQUEST, new_mac, TRIED, PEER);
    hear(n, ARP_REQUEST, peer_mac, PEER, TRIED);
    bench_pass(n->b, 100 * WEFT_S);
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
    assert_int_equal(route_source(n->b->s, &path, &path.next_hop, &src), WEFT_EADDRNOTAVAIL);
    assert_null(if_find_address(n->ifp, &tried));
    weft_if_set_up(n->ifp, false); /* put up again it is tried anew */
    weft_if_set_up(n->ifp, true);
    assert_int_equal(entry(n, TRIED)->state, IF_ADDRESS_TENTATIVE);
    bench_pass(n->b, 100 * WEFT_S);
    assert_int_equal(entry(n, TRIED)->state, IF_ADDRESS_PREFERRED);
    assert_int_equal(bench_pull(n->b, n->ifp), 5);
}

/* R5227-2.1.1: two interfaces of ours may be on one link, and what the one says is no conflict for the other. */
static void what_another_interface_of_ours_says_is_no_conflict(void **state)
{
    struct weft_if_config config = {.name = "eth1", .link = WEFT_LINK_ETHERNET, .mtu = 1500};
    struct lan *n = *state;

    memcpy(config.mac, new_mac, 6);
    assert_non_null(weft_if_new(n->b->s, &config, NULL));
    try_address(n);
    next_frame(n);
    hear(n, ARP_REQUEST, new_mac, 0, TRIED);
    hear(n, ARP_REPLY, new_mac, TRIED, TRIED);
    assert_int_equal(entry(n, TRIED)->state, IF_ADDRESS_TENTATIVE);
    hear(n, ARP_REPLY, peer_mac, TRIED, TRIED);
    assert_int_equal(entry(n, TRIED)->state, IF_ADDRESS_DUPLICATE);
}

static void an_address_that_goes_is_tried_no_more(void **state)
{
    struct lan *n = *state;
    struct weft_ip tried = weft_ipv4(TRIED);

    for (unsigned i = 0; i < 100; i++) { /* as often as one likes */
        try_address(n);
        assert_int_equal(weft_if_del_address(n->ifp, &tried), 0);
    }
    bench_pass(n->b, 100 * WEFT_S);
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
    try_address(n); /* and the stack may end meanwhile */
}

static void anothers_probe_teaches_nothing(void **state) /* R5227-1.1 */
{
    struct lan *n = *state;

    hear(n, ARP_REQUEST, new_mac, 0, US);
    hear(n, ARP_REQUEST, new_mac, 0, OTHER);
    assert_int_equal(n->b->s->neighbours.table.count, 0);
    assert_int_equal(bench_pull(n->b, n->ifp), 1); /* we have it: he hears so */
    sent_arp(n, 0, new_mac, ARP_REPLY, US, new_mac, 0);
}

static void flood_of_spoofed_packets_stays_bounded_and_the_gateway_right(void **state) /* ARP-gratuitous */
{
    struct lan *n = *state;

    send_to(n, PEER, "x");
    hear(n, ARP_REPLY, peer_mac, PEER, US);
    send_to(n, PEER, "x");
    bench_pull(n->b, n->ifp);
    for (uint32_t i = 0; i < 200000; i++) {
        uint32_t spoofed = 0x0a090003 + i % 60000;

        hear(n, i & 1 ? ARP_REQUEST : ARP_REPLY, new_mac, spoofed, i & 2 ? US : spoofed);
        if (i % 100 == 0) {
            hear(n, ARP_REPLY, new_mac, PEER, US); /* poison for the gateway, within its lock */
            bench_pull(n->b, n->ifp);
        }
    }
    assert_true(n->b->s->neighbours.table.count <= n->b->config.max_neighbours);
    assert_memory_equal(known(n, PEER)->mac, peer_mac, 6);
}

static void nothing_is_sent_without_memory_and_nothing_leaks(void **state)
{
    struct lan *n = *state;
    uint8_t f[60];
    struct arp_packet a = arp(ARP_REQUEST, peer_mac, PEER, US);
    size_t nth = 0;

    do {
        struct weft_pkt *p = bench_pkt(n->b->s, f, frame_of(f, eth_broadcast, peer_mac, &a));

        harness_env_fail_nth(&n->b->e, ++nth);
        weft_input(n->ifp, &p, 1, n->b->now);
    } while (harness_env_failed(&n->b->e));
    assert_true(nth > 2);
    bench_pull(n->b, n->ifp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_router_answers_for_single_hosts_only, setup, teardown),
        cmocka_unit_test_setup_teardown(our_own_request_is_not_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(what_another_interface_of_ours_says_is_no_conflict, setup, teardown),
        cmocka_unit_test(reception_follows_the_table),
        cmocka_unit_test_setup_teardown(malformed_packets_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(any_28_bytes_are_survived, setup, teardown),
        cmocka_unit_test_setup_teardown(nonsense_senders_are_answered_but_not_learnt, setup, teardown),
        cmocka_unit_test_setup_teardown(only_this_interfaces_addresses_are_answered_for, setup, teardown),
        cmocka_unit_test_setup_teardown(first_datagram_asks_by_broadcast_and_waits_for_the_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(request_from_the_one_we_ask_is_an_answer_too, setup, teardown),
        cmocka_unit_test_setup_teardown(answer_may_change_a_fresh_entry_only_when_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(absent_neighbour_is_asked_once_a_second_and_then_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(probe_goes_to_the_known_station_then_to_all, setup, teardown),
        cmocka_unit_test_setup_teardown(request_comes_from_the_address_of_the_targets_network, setup, teardown),
        cmocka_unit_test_setup_teardown(new_address_is_announced_once, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_of_ours_is_defended_once_in_ten_seconds, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_answers_for_who_is_behind_it_when_asked_to, setup, teardown),
        cmocka_unit_test_setup_teardown(address_is_probed_three_times_then_used_and_announced_twice, setup, teardown),
        cmocka_unit_test(who_has_or_tries_the_same_address_keeps_us_from_it),
        cmocka_unit_test_setup_teardown(an_address_that_another_has_is_neither_answered_for_nor_defended_nor_used, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_address_that_goes_is_tried_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(anothers_probe_teaches_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(flood_of_spoofed_packets_stays_bounded_and_the_gateway_right, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_sent_without_memory_and_nothing_leaks, setup, teardown),
    };

    return cmocka_run_group_tests_name("arp", tests, NULL, NULL);
}
