/* SPDX-License-Identifier: MIT */
/* RARP as a station that does not know its address sees it (src/link/rarp.c): questions out, answers of all kinds in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core_bench.h"
#include "wire/arp.h"

#define US     0x0a090002u /* what the server tells */
#define SERVER 0x0a090001u

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 2}, server_mac[6] = {2, 0, 0, 0, 0, 1}, other_mac[6] = {2, 0, 0, 0, 0, 9};

struct lan {
    struct core_bench *b;
    weft_if *ifp;
};

static int setup(void **state)
{
    struct lan *n = malloc(sizeof *n);

    n->b = bench_open();
    n->ifp = bench_if(n->b->s, "eth0", WEFT_LINK_ETHERNET, 1500);
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

static struct arp_packet answer(void)
{
    struct arp_packet a = {.op = RARP_REPLY, .sender_ip = SERVER, .target_ip = US};

    memcpy(a.sender_mac, server_mac, 6);
    memcpy(a.target_mac, our_mac, 6);
    return a;
}

/* A RARP packet arrives for this station address, of so many bytes behind the Ethernet header. */
static void hear(struct lan *n, const struct arp_packet *a, const uint8_t dst[6], size_t len)
{
    struct eth_header h = {.type = ETH_TYPE_RARP};
    uint8_t f[60] = {0};
    struct writer w = writer(f, sizeof f);

    memcpy(h.dst, dst, 6);
    memcpy(h.src, server_mac, 6);
    eth_emit(&w, &h);
    arp_emit(&w, a);
    bench_receive(n->b, n->ifp, f, ETH_HEADER + len);
}

static bool have(struct lan *n, uint32_t ip)
{
    struct weft_ip a = weft_ipv4(ip);

    return if_find_address(n->ifp, &a) != NULL;
}

static bool asking(struct lan *n)
{
    struct weft_if_info info;

    assert_true(weft_if_info(n->b->s, 1, &info));
    return info.asking;
}

/* ---- the question ---- */

static void question_is_broadcast_about_ourselves(void **state) /* R903-1 */
{
    struct lan *n = *state;
    struct reader r;
    struct eth_header h;
    struct arp_packet a;

    assert_int_equal(weft_if_rarp(n->ifp, 24), 0);
    assert_int_equal(bench_pull(n->b, n->ifp), 1);
    r = reader(n->b->frame[0].bytes, n->b->frame[0].len);
    assert_true(eth_parse(&r, &h));
    assert_memory_equal(h.dst, eth_broadcast, 6);
    assert_memory_equal(h.src, our_mac, 6);
    assert_int_equal(h.type, ETH_TYPE_RARP);
    assert_true(rarp_parse(&r, &a));
    assert_int_equal(a.op, RARP_REQUEST);
    assert_memory_equal(a.sender_mac, our_mac, 6);
    assert_memory_equal(a.target_mac, our_mac, 6);
    assert_int_equal(a.sender_ip, 0);
    assert_int_equal(a.target_ip, 0);
}

static void asks_until_answered_and_less_and_less_often(void **state)
{
    struct lan *n = *state;
    weft_time before = n->b->now, gap = 0;

    assert_int_equal(weft_if_rarp(n->ifp, 24), 0);
    assert_int_equal(bench_pull(n->b, n->ifp), 1);
    for (unsigned i = 0; i < 12; i++) {
        weft_time least = (weft_time)1 << (i < 5 ? i : 5);

        while (bench_pull(n->b, n->ifp) == 0)
            bench_pass(n->b, 10 * WEFT_MS);
        gap = n->b->now - before;
        assert_in_range(gap, least * WEFT_S, least * 3 * WEFT_S / 2 + 10 * WEFT_MS);
        before = n->b->now;
        assert_int_equal(n->b->n_frames, 1);
    }
    assert_true(asking(n));
    assert_int_equal(weft_counter(n->b->s, WEFT_COUNT_rarp_requests_out), 13);
}

static void what_cannot_ask_says_why(void **state)
{
    struct lan *n = *state;
    weft_if *tun = bench_if(n->b->s, "tun0", WEFT_LINK_IP, 1500);

    assert_int_equal(weft_if_rarp(tun, 24), WEFT_EOPNOTSUPP);
    assert_int_equal(weft_if_rarp(n->ifp, 33), WEFT_EINVAL);
    weft_if_set_up(n->ifp, false);
    assert_int_equal(weft_if_rarp(n->ifp, 24), WEFT_ENETDOWN);
    weft_if_set_up(n->ifp, true);
    assert_int_equal(weft_if_rarp(n->ifp, 24), 0);
    assert_int_equal(weft_if_rarp(n->ifp, 24), WEFT_EALREADY);
    weft_if_set_up(n->ifp, false); /* ends it */
    weft_if_set_up(n->ifp, true);
    assert_false(asking(n));
    bench_pull(n->b, n->ifp);
    bench_pass(n->b, 100 * WEFT_S);
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
    harness_env_fail_nth(&n->b->e, 1);
    assert_int_equal(weft_if_rarp(n->ifp, 24), WEFT_ENOMEM);
    assert_int_equal(weft_if_rarp(n->ifp, 24), 0); /* goes with the stack while it asks */
}

/* ---- answers ---- */

static void first_answer_gives_the_address_and_ends_the_question(void **state) /* R903-1 */
{
    struct lan *n = *state;
    struct arp_packet a = answer();

    assert_int_equal(weft_if_rarp(n->ifp, 24), 0);
    hear(n, &a, our_mac, 46);
    assert_true(have(n, US));
    assert_int_equal(n->ifp->address[0].prefix, 96 + 24);
    assert_false(asking(n));
    bench_pull(n->b, n->ifp);
    a.target_ip = US + 1; /* a second server comes too late */
    hear(n, &a, our_mac, 46);
    assert_false(have(n, US + 1));
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_rarp_not_ours), 1);
    bench_pass(n->b, 100 * WEFT_S);
    assert_int_equal(bench_pull(n->b, n->ifp), 0);
    assert_int_equal(weft_counter(n->b->s, WEFT_COUNT_rarp_replies_in), 1);
}

static void without_a_prefix_the_class_decides(void **state)
{
    static const struct {
        uint32_t ip;
        unsigned prefix;
    } rows[] = {{0x0a090002, 8}, {0x7ffffffe, 0}, {0x80000002, 16}, {0xbffffffe, 16}, {0xc0000002, 24}, {0xdffffffe, 24}};
    struct lan *n = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arp_packet a = answer();

        a.target_ip = rows[i].ip;
        assert_int_equal(weft_if_rarp(n->ifp, 0), rows[i].prefix || i == 1 ? 0 : WEFT_EALREADY);
        hear(n, &a, our_mac, 46);
        assert_int_equal(have(n, rows[i].ip), rows[i].prefix != 0); /* 127/8 is nobody's */
        if (!rows[i].prefix) {
            weft_if_set_up(n->ifp, false);
            weft_if_set_up(n->ifp, true);
            continue;
        }
        assert_int_equal(n->ifp->address[n->ifp->n_addresses - 1].prefix, 96 + rows[i].prefix);
    }
}

static void hostile_answers_are_dropped_by_name_and_the_question_stays(void **state) /* R903-1 */
{
    enum { SHORT = 1, REQUEST, ARP_OP, NOT_US, BROADCAST, GROUP_SENDER, NO_SENDER, SENDER_IP };
    static const struct {
        unsigned how;
        uint32_t target;
        enum weft_drop why;
    } rows[] = {
        {SHORT, US, WEFT_DROP_rarp_malformed},        {REQUEST, US, WEFT_DROP_rarp_not_ours},
        {ARP_OP, US, WEFT_DROP_rarp_malformed},       {NOT_US, US, WEFT_DROP_rarp_not_ours},
        {BROADCAST, US, WEFT_DROP_rarp_not_ours},     {GROUP_SENDER, US, WEFT_DROP_rarp_malformed},
        {NO_SENDER, US, WEFT_DROP_rarp_malformed},    {SENDER_IP, US, WEFT_DROP_rarp_malformed},
        {0, 0, WEFT_DROP_rarp_malformed},             {0, 0xffffffff, WEFT_DROP_rarp_malformed},
        {0, 0xe0000001, WEFT_DROP_rarp_malformed},    {0, 0x7f000001, WEFT_DROP_rarp_malformed},
        {0, 0x0a0900ff, WEFT_DROP_rarp_malformed},    {0, 0x0a090000, WEFT_DROP_rarp_malformed},
    };
    struct lan *n = *state;
    struct arp_packet good = answer();

    assert_int_equal(weft_if_rarp(n->ifp, 24), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arp_packet a = answer();
        uint64_t before = weft_drops(n->b->s, rows[i].why);

        a.target_ip = rows[i].target;
        if (rows[i].how == REQUEST || rows[i].how == ARP_OP)
            a.op = rows[i].how == REQUEST ? RARP_REQUEST : ARP_REPLY;
        if (rows[i].how == NOT_US)
            memcpy(a.target_mac, other_mac, 6);
        if (rows[i].how == GROUP_SENDER)
            a.sender_mac[0] |= 1;
        if (rows[i].how == NO_SENDER)
            memset(a.sender_mac, 0, 6);
        if (rows[i].how == SENDER_IP)
            a.sender_ip = 0xe0000001;
        hear(n, &a, rows[i].how == BROADCAST ? eth_broadcast : our_mac, rows[i].how == SHORT ? 27 : 46);
        assert_int_equal(weft_drops(n->b->s, rows[i].why), before + 1);
        assert_int_equal(n->ifp->n_addresses, 0);
        assert_true(asking(n));
    }
    hear(n, &good, our_mac, 46);
    assert_true(have(n, US));
}

static void nobody_is_believed_who_was_not_asked(void **state) /* R903-1 */
{
    struct lan *n = *state;
    struct arp_packet a = answer();

    hear(n, &a, our_mac, 46);
    assert_int_equal(n->ifp->n_addresses, 0);
    assert_int_equal(weft_drops(n->b->s, WEFT_DROP_rarp_not_ours), 1);
    assert_null(n->ifp->station);
}

static void being_told_what_we_have_ends_the_question_too(void **state)
{
    struct lan *n = *state;
    struct arp_packet a = answer();

    bench_address(n->ifp, US, 24);
    assert_int_equal(weft_if_rarp(n->ifp, 24), 0);
    hear(n, &a, our_mac, 46);
    assert_false(asking(n));
    assert_int_equal(n->ifp->n_addresses, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(question_is_broadcast_about_ourselves, setup, teardown),
        cmocka_unit_test_setup_teardown(asks_until_answered_and_less_and_less_often, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_ask_says_why, setup, teardown),
        cmocka_unit_test_setup_teardown(first_answer_gives_the_address_and_ends_the_question, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_prefix_the_class_decides, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_answers_are_dropped_by_name_and_the_question_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_is_believed_who_was_not_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(being_told_what_we_have_ends_the_question_too, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
