/* SPDX-License-Identifier: MIT */
/* The neighbour table (src/core/neigh.c), with a link below that only writes down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core_bench.h"

#define HOST(n) (0x0a090000u + (n)) /* 10.9.0.n */

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa}, mac_b[6] = {2, 0, 0, 0, 0, 0xb};

/* What the table asked of the link. */
struct link_log {
    unsigned broadcasts, unicasts, sent, failed;
    uint32_t asked;        /* about whom, the last time */
    weft_time asked_at;
    uint8_t payload[64];   /* first bytes of what was sent, in order */
    uint8_t lost[64];      /* of what failed */
    uint8_t to[6];
    void (*on_failed)(weft_if *ifp);
};

static struct link_log l;

static void solicit(weft_if *ifp, const struct neigh *n, bool unicast)
{
    *(unicast ? &l.unicasts : &l.broadcasts) += 1;
    l.asked = ip_to_v4(&n->ip);
    l.asked_at = ifp->stack->now;
}

static void transmit(weft_if *ifp, const struct neigh *n, struct weft_pkt *pkt)
{
    (void)ifp;
    assert_true(l.sent < 64);
    l.payload[l.sent++] = pkt->data[0];
    memcpy(l.to, n->mac, 6);
    pkt_release(pkt);
}

static void unreachable(weft_if *ifp, struct weft_pkt *pkt)
{
    if (l.failed < 64)
        l.lost[l.failed] = pkt->data[0];
    l.failed++;
    pkt_drop(pkt, WEFT_DROP_neigh_unreachable);
    if (l.on_failed)
        l.on_failed(ifp);
}

static const struct neigh_ops ops = {.solicit = solicit, .transmit = transmit, .unreachable = unreachable};

static const struct assembly parts = {
    .link = {&link_ethernet, &link_ip, &link_loopback},
    .neigh = &ops,
    .network = {&bench_v4},
    .ip_init = bench_network_init,
    .ip_fini = bench_network_fini,
};

struct net {
    struct core_bench *b;
    weft_if *ifp;
};

static struct net open_with(size_t max_neighbours)
{
    struct net n = {bench_new(), NULL};

    l = (struct link_log){0};
    n.b->config.max_neighbours = max_neighbours;
    bench_open_with(n.b, &parts);
    n.ifp = bench_if(n.b->s, "eth0", WEFT_LINK_ETHERNET, 1500);
    return n;
}

static int setup(void **state)
{
    struct net *n = malloc(sizeof *n);

    *n = open_with(1024);
    *state = n;
    return 0;
}

static int teardown(void **state)
{
    struct net *n = *state;

    bench_close(n->b);
    free(n);
    return 0;
}

/* Sends a datagram of one byte; returns whether it could go at once. */
static bool send(struct net *n, uint32_t to, uint8_t byte)
{
    struct weft_ip ip = weft_ipv4(to);
    struct weft_pkt *p = bench_pkt(n->b->s, &byte, 1);
    const struct neigh *found;

    weft_clock(n->b->s, n->b->now);
    found = neigh_resolve(n->ifp, &ip, p);
    if (!found)
        return false;
    memcpy(l.to, found->mac, 6);
    pkt_release(p);
    return true;
}

static void learn(struct net *n, uint32_t who, const uint8_t mac[6], bool solicited, bool create)
{
    struct weft_ip ip = weft_ipv4(who);

    weft_clock(n->b->s, n->b->now);
    neigh_learn(n->ifp, &ip, mac, solicited, create);
}

static void hint(struct net *n, uint32_t who, bool reachable)
{
    struct weft_ip ip = weft_ipv4(who);

    weft_clock(n->b->s, n->b->now);
    neigh_hint(n->ifp, &ip, reachable);
}

static const struct neigh *find(struct net *n, uint32_t who)
{
    struct weft_ip ip = weft_ipv4(who);

    return neigh_find(n->ifp, &ip);
}

/* ---- resolution ---- */

static void first_datagram_asks_and_goes_out_with_the_answer(void **state) /* R1122-2.3.2.2 */
{
    struct net *n = *state;

    assert_false(send(n, HOST(1), 'x'));
    assert_int_equal(l.broadcasts, 1);
    assert_int_equal(l.asked, HOST(1));
    assert_int_equal(l.failed, 0);
    learn(n, HOST(1), mac_a, true, false);
    assert_int_equal(l.sent, 1);
    assert_int_equal(l.payload[0], 'x');
    assert_memory_equal(l.to, mac_a, 6);
    assert_true(send(n, HOST(1), 'y'));
    assert_int_equal(l.broadcasts, 1);
}

static void waiting_datagrams_are_bounded_and_the_latest_kept(void **state) /* R1122-2.3.2.2 R4861-7.2.2b */
{
    struct net *n = *state;

    for (uint8_t i = 0; i < NEIGH_QUEUE + 5; i++)
        assert_false(send(n, HOST(1), i));
    assert_int_equal(l.broadcasts, 1);
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_neigh_queue_full), 5);
    learn(n, HOST(1), mac_a, true, false);
    assert_int_equal(l.sent, NEIGH_QUEUE);
    for (uint8_t i = 0; i < NEIGH_QUEUE; i++)
        assert_int_equal(l.payload[i], i + 5);
}

static void unanswered_requests_end_in_failure_and_tell_the_senders(void **state)
{
    struct net *n = *state;

    send(n, HOST(1), 'x');
    send(n, HOST(1), 'y');
    bench_pass(n->b, WEFT_S - 1);
    assert_int_equal(l.broadcasts, 1);
    bench_pass(n->b, 1);
    assert_int_equal(l.broadcasts, 2);
    bench_pass(n->b, WEFT_S);
    assert_int_equal(l.broadcasts, NEIGH_TRIES);
    assert_int_equal(l.failed, 0); /* not before resolution has failed */
    bench_pass(n->b, WEFT_S);
    assert_int_equal(l.broadcasts, NEIGH_TRIES);
    assert_int_equal(l.failed, 2);
    assert_memory_equal(l.lost, "xy", 2);
    assert_int_equal(find(n, HOST(1))->state, NEIGH_FAILED);
}

static void failure_is_remembered_for_a_second_and_then_asked_again(void **state)
{
    struct net *n = *state;

    send(n, HOST(1), 'x');
    bench_pass(n->b, 3 * WEFT_S);
    assert_int_equal(l.failed, 1);
    assert_false(send(n, HOST(1), 'y'));
    assert_int_equal(l.failed, 2); /* at once */
    assert_int_equal(l.broadcasts, NEIGH_TRIES);
    bench_pass(n->b, WEFT_S);
    assert_false(send(n, HOST(1), 'z'));
    assert_int_equal(l.failed, 2);
    assert_int_equal(l.broadcasts, NEIGH_TRIES + 1);
    learn(n, HOST(1), mac_a, true, false);
    assert_int_equal(l.sent, 1);
    assert_int_equal(l.payload[0], 'z');
}

static void failed_entry_is_forgotten_in_the_end(void **state)
{
    struct net *n = *state;

    send(n, HOST(1), 'x');
    bench_pass(n->b, 60 * WEFT_S);
    assert_null(find(n, HOST(1)));
    assert_int_equal(weft_deadline(n->b->s), WEFT_NEVER);
}

static void absent_neighbour_is_asked_for_at_most_once_a_second(void **state) /* R1122-2.3.2.1b */
{
    struct net *n = *state;
    weft_time last = 0;

    for (unsigned i = 0; i < 100000; i++) { /* ten seconds of ten thousand datagrams each */
        unsigned before = l.broadcasts;

        send(n, HOST(1), 'x');
        bench_pass(n->b, 100 * WEFT_US);
        assert_true(l.broadcasts - before <= 1);
        if (l.broadcasts != before) {
            assert_true(last == 0 || l.asked_at - last >= WEFT_S);
            last = l.asked_at;
        }
    }
    assert_in_range(l.broadcasts, 6, 10);
}

static void doubts_do_not_ask_more_than_once_a_second(void **state) /* R1122-2.3.2.1b */
{
    struct net *n = *state;

    learn(n, HOST(1), mac_a, false, true);
    for (unsigned i = 0; i < 5000; i++) { /* five seconds */
        hint(n, HOST(1), false);
        bench_pass(n->b, WEFT_MS / 2);
        learn(n, HOST(1), mac_a, true, false);
        bench_pass(n->b, WEFT_MS / 2);
    }
    assert_in_range(l.unicasts + l.broadcasts, 1, 5);
}

/* ---- aging (RFC 1122 §2.3.2.1) ---- */

static void entry_gets_stale_and_is_asked_for_when_next_used(void **state) /* R1122-2.3.2.1 */
{
    struct net *n = *state;

    learn(n, HOST(1), mac_a, false, true);
    bench_pass(n->b, 60 * WEFT_S - 1);
    assert_int_equal(find(n, HOST(1))->state, NEIGH_REACHABLE);
    bench_pass(n->b, 1);
    assert_int_equal(find(n, HOST(1))->state, NEIGH_STALE);
    bench_pass(n->b, 600 * WEFT_S);
    assert_int_equal(l.unicasts + l.broadcasts, 0); /* nobody needs it */
    assert_true(send(n, HOST(1), 'x'));             /* usable meanwhile */
    assert_int_equal(l.unicasts, 1);
    assert_int_equal(find(n, HOST(1))->state, NEIGH_PROBE);
    assert_true(send(n, HOST(1), 'x'));
    assert_int_equal(l.unicasts, 1);
    learn(n, HOST(1), mac_a, true, false);
    assert_int_equal(find(n, HOST(1))->state, NEIGH_REACHABLE);
}

static void traffic_survives_a_silent_change_of_address(void **state) /* R1122-2.3.2.1 */
{
    struct net *n = *state;

    learn(n, HOST(1), mac_a, false, true);
    bench_pass(n->b, 60 * WEFT_S);
    send(n, HOST(1), 'x');
    assert_int_equal(l.unicasts, 1);
    bench_pass(n->b, 2 * WEFT_S);
    assert_int_equal(l.unicasts, NEIGH_TRIES);
    assert_int_equal(l.broadcasts, 0);
    bench_pass(n->b, WEFT_S); /* nobody at the old address: ask all */
    assert_int_equal(l.broadcasts, 1);
    learn(n, HOST(1), mac_b, true, false);
    assert_true(send(n, HOST(1), 'y'));
    assert_memory_equal(l.to, mac_b, 6);
}

static void neighbour_that_is_gone_fails_after_probing(void **state)
{
    struct net *n = *state;

    learn(n, HOST(1), mac_a, false, true);
    hint(n, HOST(1), false);
    bench_pass(n->b, 6 * WEFT_S - 1);
    assert_int_equal(l.unicasts, NEIGH_TRIES);
    assert_int_equal(l.broadcasts, NEIGH_TRIES);
    assert_true(send(n, HOST(1), 'x'));
    bench_pass(n->b, 1);
    assert_int_equal(find(n, HOST(1))->state, NEIGH_FAILED);
    assert_false(send(n, HOST(1), 'y'));
    assert_int_equal(l.failed, 1);
}

static void forward_progress_keeps_an_entry_fresh(void **state)
{
    struct net *n = *state;

    learn(n, HOST(1), mac_a, false, true);
    for (unsigned i = 0; i < 10; i++) {
        bench_pass(n->b, 50 * WEFT_S);
        assert_int_equal(find(n, HOST(1))->state, NEIGH_REACHABLE);
        hint(n, HOST(1), true);
    }
    hint(n, HOST(2), true); /* unknown: nothing happens */
    hint(n, HOST(2), false);
    assert_null(find(n, HOST(2)));
}

/* ---- claims ---- */

static void claim_is_learnt_only_when_an_entry_may_be_made(void **state)
{
    struct net *n = *state;

    learn(n, HOST(1), mac_a, false, false);
    assert_null(find(n, HOST(1)));
    learn(n, HOST(1), mac_a, false, true);
    assert_memory_equal(find(n, HOST(1))->mac, mac_a, 6);
}

static void unsolicited_claim_cannot_replace_what_was_just_confirmed(void **state) /* ARP-gratuitous */
{
    struct net *n = *state;

    learn(n, HOST(1), mac_a, false, true);
    bench_pass(n->b, WEFT_S - 1);
    learn(n, HOST(1), mac_b, false, false);
    assert_memory_equal(find(n, HOST(1))->mac, mac_a, 6);
    learn(n, HOST(1), mac_b, true, false); /* an answer to our own question may */
    assert_memory_equal(find(n, HOST(1))->mac, mac_b, 6);
    bench_pass(n->b, WEFT_S);
    learn(n, HOST(1), mac_a, false, false);
    assert_memory_equal(find(n, HOST(1))->mac, mac_a, 6);
}

static void flood_of_claims_pushes_out_only_claims(void **state) /* ARP-gratuitous */
{
    struct net n = open_with(16);

    (void)state;
    send(&n, HOST(1), 'x'); /* the gateway, in use */
    learn(&n, HOST(1), mac_a, true, false);
    send(&n, HOST(1), 'x');
    learn(&n, HOST(2), mac_b, false, true);
    send(&n, HOST(2), 'x');
    send(&n, HOST(3), 'w'); /* being asked for */
    for (uint32_t i = 0; i < 1000000; i++)
        learn(&n, 0x0b000000 + i, mac_b, false, true);
    assert_int_equal(n.b->s->neighbours.slab.objects, 16);
    assert_memory_equal(find(&n, HOST(1))->mac, mac_a, 6);
    assert_memory_equal(find(&n, HOST(2))->mac, mac_b, 6);
    learn(&n, HOST(3), mac_b, true, false);
    assert_int_equal(l.payload[l.sent - 1], 'w');
    bench_close(n.b);
}

static void claims_find_no_room_among_entries_in_use(void **state)
{
    struct net n = open_with(4);

    (void)state;
    for (uint32_t i = 1; i <= 4; i++) {
        send(&n, HOST(i), 'x');
        learn(&n, HOST(i), mac_a, true, false);
    }
    learn(&n, HOST(5), mac_b, false, true);
    assert_null(find(&n, HOST(5)));
    for (uint32_t i = 1; i <= 4; i++)
        assert_non_null(find(&n, HOST(i)));
    bench_close(n.b);
}

/* ---- bounds ---- */

static void own_need_evicts_the_oldest_unresolved_first(void **state)
{
    struct net n = open_with(4);

    (void)state;
    send(&n, HOST(1), 'x');
    learn(&n, HOST(1), mac_a, true, false);
    send(&n, HOST(2), 'x');
    learn(&n, HOST(2), mac_a, true, false);
    send(&n, HOST(3), 'p');
    send(&n, HOST(4), 'q');
    send(&n, HOST(5), 'r');
    assert_null(find(&n, HOST(3)));
    assert_non_null(find(&n, HOST(1)));
    assert_non_null(find(&n, HOST(4)));
    assert_int_equal(weft_drops(n.b->s, WEFT_DROP_neigh_table_full), 1); /* 'p' */
    bench_close(n.b);
}

static void own_need_evicts_the_least_recently_used_last(void **state)
{
    struct net n = open_with(4);

    (void)state;
    for (uint32_t i = 1; i <= 4; i++) {
        send(&n, HOST(i), 'x');
        learn(&n, HOST(i), mac_a, true, false);
    }
    send(&n, HOST(2), 'x');
    send(&n, HOST(1), 'x');
    send(&n, HOST(3), 'x');
    send(&n, HOST(9), 'x');
    assert_null(find(&n, HOST(4)));
    assert_non_null(find(&n, HOST(1)));
    assert_non_null(find(&n, HOST(2)));
    assert_non_null(find(&n, HOST(3)));
    bench_close(n.b);
}

static void table_of_one_still_works(void **state)
{
    struct net n = open_with(1);

    (void)state;
    for (uint32_t i = 1; i <= 3; i++) {
        assert_false(send(&n, HOST(i), (uint8_t)i));
        assert_null(n.ifp->last_neigh); /* it was evicted */
        learn(&n, HOST(i), mac_a, true, false);
        assert_int_equal(l.sent, i);
        assert_true(send(&n, HOST(i), 'x'));
        assert_int_equal(n.b->s->neighbours.slab.objects, 1);
    }
    bench_close(n.b);
}

static void entry_found_without_look_up_counts_as_used(void **state)
{
    struct net n = open_with(3);
    weft_if *second = bench_if(n.b->s, "eth1", WEFT_LINK_ETHERNET, 1500);
    struct net other = {n.b, second};
    struct weft_ip one = weft_ipv4(HOST(1));

    (void)state;
    learn(&n, HOST(1), mac_a, false, true);
    learn(&other, HOST(2), mac_a, false, true);
    send(&n, HOST(1), 'x');
    send(&other, HOST(2), 'x');
    assert_non_null(neigh_cached(n.ifp, &one));
    send(&n, HOST(3), 'x'); /* now it is not the last one any more, but it was until now */
    learn(&n, HOST(3), mac_a, true, false);
    send(&n, HOST(3), 'x');
    second->last_neigh = NULL;
    send(&n, HOST(4), 'x');
    assert_null(find(&other, HOST(2)));
    assert_non_null(find(&n, HOST(1)));
    bench_close(n.b);
}

static void entry_that_is_being_sent_to_is_not_evicted(void **state)
{
    struct net n = open_with(3);
    struct net other = {n.b, bench_if(n.b->s, "eth1", WEFT_LINK_ETHERNET, 1500)};

    (void)state;
    learn(&n, HOST(1), mac_a, false, true);
    send(&n, HOST(1), 'x'); /* and ever on, without look-up */
    for (uint32_t i = 2; i < 10; i++) {
        send(&other, HOST(i), 'x');
        learn(&other, HOST(i), mac_a, true, false);
        send(&other, HOST(i), 'x');
    }
    assert_non_null(find(&n, HOST(1)));
    bench_close(n.b);
}

static struct net *sends_on_failure;

static void send_elsewhere(weft_if *ifp)
{
    static uint32_t next = 100;

    (void)ifp;
    if (next < 110)
        send(sends_on_failure, HOST(next++), 'n');
}

static void what_senders_do_about_failure_may_change_the_table(void **state)
{
    struct net n = open_with(1); /* every new destination evicts the one that fails */

    (void)state;
    sends_on_failure = &n;
    l.on_failed = send_elsewhere;
    for (uint8_t i = 0; i < 5; i++)
        send(&n, HOST(1), i);
    bench_pass(n.b, 3 * WEFT_S);
    assert_int_equal(l.failed, 5);
    assert_memory_equal(l.lost, "\0\1\2\3\4", 5);
    bench_close(n.b);
}

static void lack_of_memory_drops_the_datagram(void **state)
{
    struct net *n = *state;
    struct weft_ip ip = weft_ipv4(HOST(1));
    size_t nth = 0;

    do {
        struct weft_pkt *p = bench_pkt(n->b->s, "x", 1);

        harness_env_fail_nth(&n->b->e, ++nth);
        neigh_resolve(n->ifp, &ip, p);
        if (harness_env_failed(&n->b->e))
            assert_null(find(n, HOST(1)));
    } while (harness_env_failed(&n->b->e));
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_no_memory), nth - 1);
    assert_non_null(find(n, HOST(1)));
}

/* ---- interfaces ---- */

static void entries_belong_to_an_interface(void **state)
{
    struct net *n = *state;
    weft_if *second = bench_if(n->b->s, "eth1", WEFT_LINK_ETHERNET, 1500);
    struct weft_ip ip = weft_ipv4(HOST(1));
    struct weft_neighbour info;

    learn(n, HOST(1), mac_a, false, true);
    assert_null(neigh_find(second, &ip));
    neigh_learn(second, &ip, mac_b, false, true);
    assert_true(send(n, HOST(1), 'x'));
    assert_memory_equal(l.to, mac_a, 6);
    send(n, HOST(2), 'w');
    weft_if_free(n->ifp);
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_if_down), 1);
    assert_true(weft_neighbour_info(n->b->s, 0, &info));
    assert_string_equal(info.if_name, "eth1");
    assert_false(weft_neighbour_info(n->b->s, 1, &info));
}

static void info_tells_address_state_and_age(void **state)
{
    struct net *n = *state;
    struct weft_neighbour info;

    learn(n, HOST(1), mac_a, false, true);
    bench_pass(n->b, 5 * WEFT_S);
    send(n, HOST(2), 'x');
    assert_true(weft_neighbour_info(n->b->s, 0, &info));
    assert_int_equal(ip_to_v4(&info.ip), HOST(1));
    assert_memory_equal(info.mac, mac_a, 6);
    assert_string_equal(info.state, "reachable");
    assert_int_equal(info.age, 5 * WEFT_S);
    assert_true(weft_neighbour_info(n->b->s, 1, &info));
    assert_string_equal(info.state, "incomplete");
    assert_int_equal(info.age, 0);
    assert_false(weft_neighbour_info(n->b->s, 2, &info));
}

/* What the user says stands against claims, doubts, time and the need for room. */
static void what_the_user_fixes_stays(void **state)
{
    struct net *n = *state;
    struct weft_ip ip = weft_ipv4(HOST(1)), other = weft_ipv4(HOST(2));
    struct weft_neighbour info;

    assert_false(send(n, HOST(1), 'x'));
    assert_int_equal(weft_neighbour_add(n->ifp, &ip, mac_a), 0);
    assert_int_equal(l.sent, 1); /* what waited went out */
    learn(n, HOST(1), mac_b, true, true);
    hint(n, HOST(1), false);
    bench_pass(n->b, 3600 * WEFT_S);
    learn(n, HOST(1), mac_b, false, true);
    assert_true(send(n, HOST(1), 'y'));
    assert_memory_equal(l.to, mac_a, 6);
    assert_int_equal(l.unicasts, 0);
    assert_true(weft_neighbour_info(n->b->s, 0, &info));
    assert_string_equal(info.state, "permanent");
    assert_true(info.until == WEFT_NEVER);
    n->b->s->config.max_neighbours = 1;
    learn(n, HOST(3), mac_b, false, true);
    assert_null(find(n, HOST(3)));
    assert_false(send(n, HOST(3), 'z'));
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_neigh_table_full), 1);
    assert_int_equal(weft_neighbour_del(n->ifp, &other), WEFT_ENOENT);
    assert_int_equal(weft_neighbour_del(n->ifp, &ip), 0);
    assert_null(find(n, HOST(1)));
}

/* What he says for now is believed until it is used, and takes the place of what stood for good. */
static void what_the_user_tells_ages(void **state)
{
    struct net *n = *state;
    struct weft_ip ip = weft_ipv4(HOST(1));
    struct weft_neighbour info;

    assert_int_equal(weft_neighbour_add(n->ifp, &ip, mac_b), 0);
    assert_int_equal(weft_neighbour_tell(n->ifp, &ip, mac_a), 0);
    assert_true(weft_neighbour_info(n->b->s, 0, &info));
    assert_string_equal(info.state, "stale");
    assert_true(send(n, HOST(1), 'x'));
    assert_memory_equal(l.to, mac_a, 6);
    assert_int_equal(l.unicasts, 1); /* it is asked whether that is so */
    bench_pass(n->b, 2 * WEFT_S);
    learn(n, HOST(1), mac_b, true, true);
    assert_true(send(n, HOST(1), 'y'));
    assert_memory_equal(l.to, mac_b, 6);
}

static void only_a_single_other_station_can_be_fixed(void **state)
{
    static const uint8_t group[6] = {1}, none[6];
    struct net *n = *state;
    const struct weft_ip fine = weft_ipv4(HOST(1)), any = weft_ipv4(0), all = weft_ipv4(0xffffffff);

    assert_int_equal(weft_neighbour_add(n->ifp, &fine, group), WEFT_EINVAL);
    assert_int_equal(weft_neighbour_add(n->ifp, &fine, none), WEFT_EINVAL);
    assert_int_equal(weft_neighbour_add(n->ifp, &any, mac_a), WEFT_EINVAL);
    assert_int_equal(weft_neighbour_add(n->ifp, &all, mac_a), WEFT_EINVAL);
    assert_int_equal(weft_neighbour_add(n->ifp, &fine, mac_a), 0);
}

static void cache_of_the_last_one_gives_way_when_something_is_due(void **state)
{
    struct net *n = *state;
    struct weft_ip one = weft_ipv4(HOST(1)), two = weft_ipv4(HOST(2));

    learn(n, HOST(1), mac_a, false, true);
    assert_null(neigh_cached(n->ifp, &one)); /* never used */
    send(n, HOST(1), 'x');
    assert_ptr_equal(neigh_cached(n->ifp, &one), find(n, HOST(1)));
    assert_null(neigh_cached(n->ifp, &two));
    bench_pass(n->b, 60 * WEFT_S);
    assert_null(neigh_cached(n->ifp, &one)); /* stale */
    weft_if_free(n->ifp);
}

/* ---- everything at once ---- */

static void check(struct net *n, size_t max)
{
    struct neigh_table *t = &n->b->s->neighbours;
    size_t count = 0;
    bool used = false;

    list_each(it, &t->lru) {
        const struct neigh *e = container_of(it, struct neigh, lru);

        assert_true(e->state == NEIGH_REACHABLE || e->state == NEIGH_STALE || e->state == NEIGH_PROBE);
        assert_int_equal(e->queue.count, 0);
        assert_true(e->ifp->last_neigh == e || !used || e->used);
        used |= e->used && e->ifp->last_neigh != e;
        count++;
    }
    list_each(it, &t->unresolved) {
        const struct neigh *e = container_of(it, struct neigh, lru);

        assert_true(e->state == NEIGH_INCOMPLETE || e->state == NEIGH_FAILED);
        assert_true(e->queue.count <= (e->state == NEIGH_INCOMPLETE ? NEIGH_QUEUE : 0));
        assert_true(e->ifp->last_neigh != e);
        count++;
    }
    assert_int_equal(count, t->slab.objects);
    assert_int_equal(count, t->table.count);
    assert_true(count <= max);
}

static void invariants_hold_under_anything(void **state)
{
    struct net n = open_with(6);
    struct rng r;

    (void)state;
    rng_seed(&r, 5);
    for (unsigned i = 0; i < 1000000; i++) {
        uint32_t who = HOST(1 + (uint32_t)rng_below(&r, 12));
        const uint8_t *mac = rng_below(&r, 2) ? mac_a : mac_b;

        l.sent = 0;
        switch (rng_below(&r, 6)) {
        case 0: case 1: send(&n, who, 'x'); break;
        case 2: learn(&n, who, mac, true, false); break;
        case 3: learn(&n, who, mac, false, true); break;
        case 4: hint(&n, who, rng_below(&r, 2)); break;
        case 5: bench_pass(n.b, rng_below(&r, 3 * WEFT_S)); break;
        }
        check(&n, 6);
    }
    bench_close(n.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_datagram_asks_and_goes_out_with_the_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(waiting_datagrams_are_bounded_and_the_latest_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(unanswered_requests_end_in_failure_and_tell_the_senders, setup, teardown),
        cmocka_unit_test_setup_teardown(failure_is_remembered_for_a_second_and_then_asked_again, setup, teardown),
        cmocka_unit_test_setup_teardown(failed_entry_is_forgotten_in_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(absent_neighbour_is_asked_for_at_most_once_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(doubts_do_not_ask_more_than_once_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(entry_gets_stale_and_is_asked_for_when_next_used, setup, teardown),
        cmocka_unit_test_setup_teardown(traffic_survives_a_silent_change_of_address, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbour_that_is_gone_fails_after_probing, setup, teardown),
        cmocka_unit_test_setup_teardown(forward_progress_keeps_an_entry_fresh, setup, teardown),
        cmocka_unit_test_setup_teardown(claim_is_learnt_only_when_an_entry_may_be_made, setup, teardown),
        cmocka_unit_test_setup_teardown(unsolicited_claim_cannot_replace_what_was_just_confirmed, setup, teardown),
        cmocka_unit_test(flood_of_claims_pushes_out_only_claims),
        cmocka_unit_test(claims_find_no_room_among_entries_in_use),
        cmocka_unit_test(own_need_evicts_the_oldest_unresolved_first),
        cmocka_unit_test(own_need_evicts_the_least_recently_used_last),
        cmocka_unit_test(table_of_one_still_works),
        cmocka_unit_test(entry_found_without_look_up_counts_as_used),
        cmocka_unit_test(entry_that_is_being_sent_to_is_not_evicted),
        cmocka_unit_test(what_senders_do_about_failure_may_change_the_table),
        cmocka_unit_test_setup_teardown(lack_of_memory_drops_the_datagram, setup, teardown),
        cmocka_unit_test_setup_teardown(entries_belong_to_an_interface, setup, teardown),
        cmocka_unit_test_setup_teardown(info_tells_address_state_and_age, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_user_fixes_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_user_tells_ages, setup, teardown),
        cmocka_unit_test_setup_teardown(only_a_single_other_station_can_be_fixed, setup, teardown),
        cmocka_unit_test_setup_teardown(cache_of_the_last_one_gives_way_when_something_is_due, setup, teardown),
        cmocka_unit_test(invariants_hold_under_anything),
    };

    return cmocka_run_group_tests_name("neigh", tests, NULL, NULL);
}
