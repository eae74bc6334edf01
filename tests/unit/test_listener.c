/* SPDX-License-Identifier: MIT */
/* When routers of IPv4 are told of our groups: changes and answers, within bounds. */
#include "igmp_bench.h"
#include "ip/private.h"

/* ---- changes ---- */

static void a_join_is_told_at_once_and_again(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    weft_time gap;

    /* R3376-4 */
    assert_int_equal(join(sock, "239.1.2.3"), 0);
    assert_int_equal(run_until_said(b, 0), 0);
    assert_said(b, "to_ex 239.1.2.3");
    gap = run_until_said(b, WEFT_S);
    assert_true(gap > 0 && gap <= WEFT_S);
    assert_said(b, "to_ex 239.1.2.3");
    assert_quiet(b, 1000 * WEFT_S);
    assert_int_equal(leave(sock, "239.1.2.3"), 0);
    assert_said_within(b, 0, "to_in 239.1.2.3");
    assert_said_within(b, WEFT_S, "to_in 239.1.2.3");
    assert_quiet(b, 1000 * WEFT_S);
    weft_close(sock);
}

static void closing_a_socket_leaves_its_groups(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL), *other = bench_udp(b, NULL);

    join(sock, "239.1.2.3");
    join(sock, "239.1.2.4");
    join(other, "239.1.2.4");
    hush(b);
    weft_close(sock);
    assert_said_within(b, 0, "to_in 239.1.2.3"); /* the other group has still a member */
    hush(b);
    weft_close(other);
    assert_said_within(b, 0, "to_in 239.1.2.4");
    hush(b);
}

static void all_hosts_is_never_reported(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    /* R1122-3.2.3 */
    assert_int_equal(join(sock, "224.0.0.1"), 0);
    ask(b, (struct ask){.code = 100});
    assert_quiet(b, 100 * WEFT_S);
    assert_int_equal(leave(sock, "224.0.0.1"), 0);
    assert_quiet(b, 100 * WEFT_S);
    weft_close(sock);
}

/* RFC 3376 §6: of all groups that one alone. Those of the link, which routers never pass on, are told as any other. */
static void groups_of_the_link_are_reported(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    assert_int_equal(join(sock, "224.0.0.2"), 0);
    assert_said_within(b, 0, "to_ex 224.0.0.2");
    hush(b);
    ask(b, (struct ask){.code = 10});
    assert_said_within(b, WEFT_S, "is_ex 224.0.0.2");
    assert_int_equal(leave(sock, "224.0.0.2"), 0);
    assert_said_within(b, 0, "to_in 224.0.0.2");
    hush(b);
    weft_close(sock);
}

/* Told as Linux's sysctl does. */
static void become(struct bench *b, bool router)
{
    b->s->config.ip_forward = router;
    ip_settings_changed(b->s);
}

/* RFC 1256 §4.3: a router is in the group of all routers, and says so as long as it is one, to whom there is a link to. */
static void a_router_is_in_the_group_of_all_routers(void **state)
{
    struct bench *b = *state;
    struct weft_ip us = weft_ipv4(US), all = group_ip("224.0.0.2");
    uint8_t out[128];

    become(b, true);
    assert_true(group_is_ours(b->ifp, &all));
    assert_said_within(b, 0, "to_ex 224.0.0.2");
    assert_said_within(b, WEFT_S, "to_ex 224.0.0.2");
    assert_quiet(b, 10 * WEFT_S);
    ask(b, (struct ask){.group = "224.0.0.2", .code = 10});
    assert_said_within(b, WEFT_S, "is_ex 224.0.0.2");
    become(b, true); /* nothing new */
    assert_quiet(b, 10 * WEFT_S);
    become(b, false);
    assert_false(group_is_ours(b->ifp, &all));
    assert_said_within(b, 0, "to_in 224.0.0.2");
    hush(b);
    assert_int_equal(weft_if_del_address(b->ifp, &us), 0);
    become(b, true); /* without an address there is nobody to say it */
    assert_quiet(b, 10 * WEFT_S);
    assert_int_equal(weft_if_add_address(b->ifp, &us, 24), 0);
    assert_said_within(b, 0, "to_ex 224.0.0.2");
    hush(b);
    while (bench_take_from(b, b->other, out, sizeof out))
        ;
}

/* Without memory to join it, it is heard all the same. */
static void a_router_without_memory_hears_its_group(void **state)
{
    struct bench *b = *state;
    struct weft_ip all = group_ip("224.0.0.2");
    uint8_t out[128];

    harness_env_fail_nth(&b->h, 1);
    become(b, true);
    assert_true(harness_env_failed(&b->h));
    harness_env_fail_nth(&b->h, 0);
    assert_true(group_is_ours(b->ifp, &all));
    assert_true(weft_drops(b->s, WEFT_DROP_no_memory) > 0);
    hush(b);
    while (bench_take_from(b, b->other, out, sizeof out))
        ;
}

static int try_filter(weft_sock *sock, unsigned mode, const char *sources)
{
    struct {
        struct weft_group_filter head;
        struct weft_ip source[8];
    } f = {.head = {.group.group = group_ip("239.1.2.3"), .mode = mode}};
    char name[] = "198.51.100.x";

    for (; *sources; sources++) {
        name[11] = *sources;
        f.source[f.head.n++] = group_ip(name);
    }
    return weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_MSFILTER, &f, sizeof f);
}

static void set_filter(weft_sock *sock, unsigned mode, const char *sources)
{
    assert_int_equal(try_filter(sock, mode, sources), 0);
}

/* RFC 3376 §5.1, the table of differences; sources by the last digit of their address. */
static void a_change_is_told_as_the_difference(void **state)
{
    enum { IN = WEFT_MCAST_INCLUDE, EX = WEFT_MCAST_EXCLUDE };
    static const struct {
        unsigned from, to;
        const char *before, *after, *said;
    } row[] = {
        {IN, IN, "12", "23", "allow 239.1.2.3 198.51.100.3, block 239.1.2.3 198.51.100.1"},
        {IN, IN, "12", "1", "block 239.1.2.3 198.51.100.2"},
        {IN, IN, "1", "123", "allow 239.1.2.3 198.51.100.2 198.51.100.3"},
        {EX, EX, "12", "23", "allow 239.1.2.3 198.51.100.1, block 239.1.2.3 198.51.100.3"},
        {EX, EX, "", "1", "block 239.1.2.3 198.51.100.1"},
        {EX, EX, "1", "", "allow 239.1.2.3 198.51.100.1"},
        {IN, EX, "12", "23", "to_ex 239.1.2.3 198.51.100.2 198.51.100.3"},
        {EX, IN, "12", "23", "to_in 239.1.2.3 198.51.100.2 198.51.100.3"},
        {IN, EX, "1", "", "to_ex 239.1.2.3"},
        {EX, IN, "", "", "to_in 239.1.2.3"},
        {IN, IN, "12", "", "block 239.1.2.3 198.51.100.1 198.51.100.2"},
    };
    struct bench *b = *state;

    /* R3376-4 */
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        weft_sock *sock = bench_udp(b, NULL);

        assert_int_equal(join(sock, "239.1.2.3"), 0);
        set_filter(sock, row[i].from, row[i].before);
        hush(b);
        set_filter(sock, row[i].to, row[i].after);
        assert_said_within(b, 0, row[i].said);
        assert_said_within(b, WEFT_S, row[i].said);
        assert_quiet(b, 10 * WEFT_S);
        weft_close(sock);
        hush(b);
    }
}

/* R3376-4: the source is of IPv4, whatever other addresses stand before it. */
static void a_report_comes_from_an_address_of_ipv4(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct weft_ip us = weft_ipv4(US), six = ip6("2001:db8:9::2");

    assert_int_equal(weft_if_del_address(b->ifp, &us), 0);
    assert_int_equal(weft_if_add_address(b->ifp, &six, 64), 0);
    assert_int_equal(weft_if_add_address(b->ifp, &us, 24), 0);
    hush(b);
    join(sock, "239.1.2.3");
    assert_said_within(b, 0, "to_ex 239.1.2.3"); /* by which the source is looked at */
    weft_close(sock);
    hush(b);
}

/* As on Linux: who named a source, and be it one, keeps its mode when none is left. */
static void a_filter_of_one_source_keeps_its_mode(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL), *bare = bench_udp(b, NULL);

    join(sock, "239.1.2.3");
    set_filter(sock, WEFT_MCAST_EXCLUDE, "1");
    assert_int_equal(group_option(sock, WEFT_MCAST_UNBLOCK_SOURCE, "239.1.2.3", "198.51.100.1"), 0);
    assert_int_equal(group_option(sock, WEFT_MCAST_JOIN_SOURCE_GROUP, "239.1.2.3", "198.51.100.2"), WEFT_EINVAL);
    join(bare, "239.1.2.3");
    set_filter(bare, WEFT_MCAST_EXCLUDE, "");
    assert_int_equal(group_option(bare, WEFT_MCAST_JOIN_SOURCE_GROUP, "239.1.2.3", "198.51.100.2"), 0);
    weft_close(bare);
    weft_close(sock);
    hush(b);
}

static void a_change_of_nothing_is_not_told(void **state)
{
    struct bench *b = *state;
    weft_sock *one = bench_udp(b, NULL), *two = bench_udp(b, NULL);

    join(one, "239.1.2.3");
    hush(b);
    join(two, "239.1.2.3");
    set_filter(two, WEFT_MCAST_INCLUDE, "12"); /* the first one hears them anyway */
    assert_quiet(b, 10 * WEFT_S);
    weft_close(two);
    assert_quiet(b, 10 * WEFT_S);
    weft_close(one);
    hush(b);
}

/* RFC 3376 §3.2. */
static void filters_of_sockets_are_merged(void **state)
{
    struct bench *b = *state;
    weft_sock *one = bench_udp(b, NULL), *two = bench_udp(b, NULL), *three = bench_udp(b, NULL);

    join(one, "239.1.2.3");
    join(two, "239.1.2.3");
    join(three, "239.1.2.3");
    set_filter(one, WEFT_MCAST_EXCLUDE, "1234");
    set_filter(two, WEFT_MCAST_EXCLUDE, "2345");
    set_filter(three, WEFT_MCAST_INCLUDE, "37");
    hush(b);
    ask(b, (struct ask){.code = 10});
    assert_said_within(b, WEFT_S, "is_ex 239.1.2.3 198.51.100.2 198.51.100.4");
    weft_close(one);
    weft_close(two);
    hush(b);
    ask(b, (struct ask){.code = 10});
    assert_said_within(b, WEFT_S, "is_in 239.1.2.3 198.51.100.3 198.51.100.7");
    weft_close(three);
    hush(b);
}

/* RFC 3376 §5.1: a change while another one is still being repeated. */
static void changes_are_merged_with_those_not_told_often_enough(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    join(sock, "239.1.2.3");
    set_filter(sock, WEFT_MCAST_INCLUDE, "1");
    hush(b);
    set_filter(sock, WEFT_MCAST_INCLUDE, "12");
    assert_said_within(b, 0, "allow 239.1.2.3 198.51.100.2");
    set_filter(sock, WEFT_MCAST_INCLUDE, "23");
    assert_said_within(b, 0, "allow 239.1.2.3 198.51.100.2 198.51.100.3, block 239.1.2.3 198.51.100.1");
    assert_said_within(b, WEFT_S, "allow 239.1.2.3 198.51.100.3, block 239.1.2.3 198.51.100.1");
    assert_quiet(b, 10 * WEFT_S);
    set_filter(sock, WEFT_MCAST_INCLUDE, "3");
    assert_said_within(b, 0, "block 239.1.2.3 198.51.100.2");
    set_filter(sock, WEFT_MCAST_EXCLUDE, "4"); /* the mode goes before all else */
    assert_said_within(b, 0, "to_ex 239.1.2.3 198.51.100.4");
    assert_said_within(b, WEFT_S, "to_ex 239.1.2.3 198.51.100.4");
    assert_quiet(b, 10 * WEFT_S);
    weft_close(sock);
    hush(b);
}

static void robustness_is_as_routers_say(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    ask(b, (struct ask){.code = 10, .robustness = 4, .interval = 20});
    assert_quiet(b, 10 * WEFT_S);
    join(sock, "239.1.2.3");
    for (unsigned i = 0; i < 4; i++)
        assert_said_within(b, i ? WEFT_S : 0, "to_ex 239.1.2.3");
    assert_quiet(b, 10 * WEFT_S);
    weft_close(sock);
    hush(b);
}

/* ---- answers ---- */

static void a_general_query_gets_one_answer_in_its_time(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    weft_time delay;

    /* R3376-5.2 */
    join(sock, "239.1.2.3");
    join(sock, "239.1.2.4");
    join(sock, "224.0.0.251");
    hush(b);
    ask(b, (struct ask){.code = 0x81}); /* 0x11 << 3 tenths */
    delay = run_until_said(b, 100 * WEFT_S);
    assert_true(delay > 0 && delay <= 13600 * WEFT_MS);
    assert_said(b, "is_ex 239.1.2.3, is_ex 239.1.2.4, is_ex 224.0.0.251");
    assert_quiet(b, 100 * WEFT_S);
    weft_close(sock);
    hush(b);
}

/* The answer's delay is drawn at random, over the whole of the time. */
static void answers_come_at_random(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    unsigned late = 0;

    join(sock, "239.1.2.3");
    hush(b);
    for (unsigned i = 0; i < 100; i++) {
        ask(b, (struct ask){.code = 100});
        late += run_until_said(b, 10 * WEFT_S) > 5 * WEFT_S;
        assert_said(b, "is_ex 239.1.2.3");
    }
    assert_in_range(late, 30, 70);
    weft_close(sock);
    hush(b);
}

static void a_group_query_is_answered_for_the_group(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    /* R3376-5.2 */
    join(sock, "239.1.2.3");
    join(sock, "239.1.2.4");
    hush(b);
    ask(b, (struct ask){.group = "239.1.2.4", .code = 10});
    assert_said_within(b, WEFT_S, "is_ex 239.1.2.4");
    assert_quiet(b, 10 * WEFT_S);
    bench_expect_drop(b, ip_not_ours, ask(b, ((struct ask){.group = "239.1.2.5", .code = 10})));
    assert_quiet(b, 10 * WEFT_S);
    weft_close(sock);
    hush(b);
}

static void a_query_about_sources_is_answered_for_those_wanted(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct ask q = {.group = "239.1.2.3", .code = 10, .n_sources = 3, .source = {1, 2, 9}};

    /* R3376-5.2 */
    join(sock, "239.1.2.3");
    set_filter(sock, WEFT_MCAST_INCLUDE, "123");
    hush(b);
    ask(b, q);
    assert_said_within(b, WEFT_S, "is_in 239.1.2.3 198.51.100.1 198.51.100.2");
    set_filter(sock, WEFT_MCAST_EXCLUDE, "123");
    hush(b);
    ask(b, q);
    assert_said_within(b, WEFT_S, "is_in 239.1.2.3 198.51.100.9");
    q.n_sources = 2;
    ask(b, q); /* neither of them is wanted */
    assert_quiet(b, 10 * WEFT_S);
    weft_close(sock);
    hush(b);
}

/* RFC 3376 §5.2, rules 1 to 5, of each pair of queries in each order. */
static void queries_that_meet_become_one_answer(void **state)
{
    static const struct ask all = {.code = 10}, group = {.group = "239.1.2.3", .code = 10},
                            first = {.group = "239.1.2.3", .code = 10, .n_sources = 1, .source = {1}},
                            second = {.group = "239.1.2.3", .code = 10, .n_sources = 2, .source = {2, 9}};
    static const struct {
        const struct ask *one, *two;
        const char *said;
    } row[] = {
        {&group, &group, "is_in 239.1.2.3 198.51.100.1 198.51.100.2 198.51.100.3"},
        {&group, &first, "is_in 239.1.2.3 198.51.100.1 198.51.100.2 198.51.100.3"},
        {&first, &group, "is_in 239.1.2.3 198.51.100.1 198.51.100.2 198.51.100.3"},
        {&first, &second, "is_in 239.1.2.3 198.51.100.1 198.51.100.2"},
        {&second, &first, "is_in 239.1.2.3 198.51.100.1 198.51.100.2"},
        {&second, &second, "is_in 239.1.2.3 198.51.100.2"},
        {&all, &all, "is_in 239.1.2.3 198.51.100.1 198.51.100.2 198.51.100.3"},
    };
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    /* R3376-5.2 */
    join(sock, "239.1.2.3");
    set_filter(sock, WEFT_MCAST_INCLUDE, "123");
    hush(b);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        ask(b, *row[i].one);
        ask(b, *row[i].two);
        assert_said_within(b, WEFT_S, row[i].said);
        assert_quiet(b, 10 * WEFT_S);
    }
    weft_close(sock);
    hush(b);
}

/* ---- bounds ---- */

static void a_flood_of_queries_gets_one_answer_in_the_time_they_give(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct ask kinds[] = {{.code = 10}, {.group = "239.1.2.3", .code = 10}, {.code = 0},
                          {.group = "239.1.2.3", .n_sources = 4, .source = {1, 2, 3, 4}}, {.version = 2, .code = 1}};
    unsigned answers = 0;

    /* R3376-sec: 100,000 queries in a second */
    join(sock, "239.1.2.3");
    hush(b);
    for (unsigned i = 0; i < 100000; i++) {
        ask(b, kinds[i / 20000]);
        bench_tick(b, 10 * WEFT_US);
        while (*said(b))
            answers++;
    }
    assert_in_range(answers, 2, 100);
    weft_close(sock);
    hush(b);
}

static void a_list_of_sources_without_end_is_taken_for_the_group(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct ask q = {.group = "239.1.2.3", .code = 100, .n_sources = 4};
    size_t held;

    join(sock, "239.1.2.3");
    hush(b);
    held = b->h.live;
    for (unsigned i = 0; i < 63; i++) {
        for (unsigned k = 0; k < 4; k++)
            q.source[k] = (uint8_t)(i * 4 + k);
        ask(b, q);
    }
    assert_true(b->h.live < held + 8192);
    assert_said_within(b, 10 * WEFT_S, "is_ex 239.1.2.3");
    assert_quiet(b, 10 * WEFT_S);
    weft_close(sock);
    hush(b);
}

/* A query whose packet is there before memory begins to fail. */
static void ask_without_memory(struct bench *b, struct ask q, size_t nth)
{
    uint8_t message[64], out[128];
    size_t n = make_query_message(message, &q);
    weft_pkt *pkt;

    n = make_igmp(out, (struct ipv4_header){.dst = GROUP}, message, n);
    pkt = weft_pkt_new(b->s, n);
    memcpy(weft_pkt_data(pkt), out, n);
    weft_pkt_set_len(pkt, n);
    harness_env_fail_nth(&b->h, nth);
    weft_input(b->ifp, &pkt, 1, b->now);
}

static void failing_memory_loses_no_more_than_a_report(void **state)
{
    struct bench *b = *state;
    unsigned failed = 0;

    for (size_t nth = 1; nth < 20; nth++) {
        weft_sock *sock = bench_udp(b, NULL);

        harness_env_fail_nth(&b->h, nth);
        if (join(sock, "239.1.2.3") == 0)
            group_option(sock, WEFT_MCAST_BLOCK_SOURCE, "239.1.2.3", "198.51.100.1");
        failed += harness_env_failed(&b->h);
        hush(b);
        harness_env_fail_nth(&b->h, 0);
        join(sock, "239.1.2.3");
        hush(b);
        ask_without_memory(b, (struct ask){.group = "239.1.2.3", .code = 10, .n_sources = 1, .source = {3}}, nth);
        hush(b);
        failed += harness_env_failed(&b->h);
        harness_env_fail_nth(&b->h, 0);
        ask(b, (struct ask){.code = 10});
        run_until_said(b, WEFT_S);
        assert_memory_equal(said(b), "is_ex 239.1.2.3", 15);
        weft_close(sock);
        hush(b);
    }
    assert_true(failed > 5);
}

#define SEVEN \
    "198.51.100.2 198.51.100.3 198.51.100.4 198.51.100.5 198.51.100.6 198.51.100.7 198.51.100.8"

/* A change of one socket's filter, and what may be said of it: first by whoever has all the memory. */
struct scarce {
    unsigned mode;
    const char *before, *after, *enough[3];
};

/* The same change again and again, and each time another allocation fails. Nothing else is said, and all of it once. */
static void change_without_memory(struct bench *b, const struct scarce *c)
{
    unsigned by[ARRAY_LEN(c->enough)] = {0};

    for (size_t nth = 1; nth < 20; nth++) {
        weft_sock *sock = bench_udp(b, NULL);
        const char *words;
        size_t how = 0;
        int err;

        join(sock, "239.1.2.3");
        set_filter(sock, c->mode, c->before);
        hush(b);
        harness_env_fail_nth(&b->h, nth);
        err = try_filter(sock, c->mode, c->after);
        harness_env_fail_nth(&b->h, 0);
        run_until_said(b, WEFT_S);
        words = said(b);
        while (err == 0 && how < ARRAY_LEN(c->enough) && strcmp(words, c->enough[how]) != 0)
            how++;
        if (how == ARRAY_LEN(c->enough))
            fail_msg("from %s to %s, allocation %zu: %s", c->before, c->after, nth, words);
        if (err == 0)
            by[how]++;
        hush(b);
        weft_close(sock);
        hush(b);
    }
    for (size_t how = 0; how < ARRAY_LEN(by); how++)
        if (!by[how])
            fail_msg("from %s to %s: not \"%s\"", c->before, c->after, c->enough[how]);
}

/*
 * Whatever there was no memory for, routers learn what the sockets want: by the change, by all of it, or because it is
 * still what they were told before; never by a part of it.
 */
static void failing_memory_loses_no_change(void **state)
{
    static const struct scarce changes[] = {
        {WEFT_MCAST_INCLUDE, "1", "12345678",
         {"allow 239.1.2.3 " SEVEN, "to_in 239.1.2.3 198.51.100.1 " SEVEN, "to_ex 239.1.2.3"}},
        {WEFT_MCAST_INCLUDE, "12345678", "1",
         {"block 239.1.2.3 " SEVEN, "to_in 239.1.2.3 198.51.100.1", "to_ex 239.1.2.3"}},
        {WEFT_MCAST_EXCLUDE, "", "2345678", {"block 239.1.2.3 " SEVEN, "to_ex 239.1.2.3 " SEVEN, ""}},
    };

    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        change_without_memory(*state, &changes[i]);
}

static void groups_outlive_a_pause_of_the_interface(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    join(sock, "239.1.2.3");
    hush(b);
    weft_if_set_up(b->ifp, false);
    assert_quiet(b, 10 * WEFT_S);
    weft_if_set_up(b->ifp, true);
    assert_said_within(b, 0, "to_ex 239.1.2.3");
    assert_said_within(b, WEFT_S, "to_ex 239.1.2.3");
    assert_quiet(b, 10 * WEFT_S);
    assert_int_equal(leave(sock, "239.1.2.3"), 0);
    weft_close(sock);
    hush(b);
}

static void an_interface_goes_with_its_groups(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct weft_group g = {.interface = weft_if_index(b->other), .group = group_ip("239.1.2.3")};

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_JOIN_GROUP, &g, sizeof g), 0);
    weft_if_free(b->other);
    b->other = b->ifp;
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_LEAVE_GROUP, &g, sizeof g), WEFT_ENODEV);
    assert_quiet(b, 10 * WEFT_S);
    weft_close(sock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_join_is_told_at_once_and_again, setup, teardown),
        cmocka_unit_test_setup_teardown(closing_a_socket_leaves_its_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(all_hosts_is_never_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(groups_of_the_link_are_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_is_in_the_group_of_all_routers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_without_memory_hears_its_group, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_is_told_as_the_difference, setup, teardown),
        cmocka_unit_test_setup_teardown(a_report_comes_from_an_address_of_ipv4, setup, teardown),
        cmocka_unit_test_setup_teardown(a_filter_of_one_source_keeps_its_mode, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_of_nothing_is_not_told, setup, teardown),
        cmocka_unit_test_setup_teardown(filters_of_sockets_are_merged, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_are_merged_with_those_not_told_often_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(robustness_is_as_routers_say, setup, teardown),
        cmocka_unit_test_setup_teardown(a_general_query_gets_one_answer_in_its_time, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_come_at_random, setup, teardown),
        cmocka_unit_test_setup_teardown(a_group_query_is_answered_for_the_group, setup, teardown),
        cmocka_unit_test_setup_teardown(a_query_about_sources_is_answered_for_those_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(queries_that_meet_become_one_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_queries_gets_one_answer_in_the_time_they_give, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_of_sources_without_end_is_taken_for_the_group, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_memory_loses_no_more_than_a_report, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_memory_loses_no_change, setup, teardown),
        cmocka_unit_test_setup_teardown(groups_outlive_a_pause_of_the_interface, setup, teardown),
        cmocka_unit_test_setup_teardown(an_interface_goes_with_its_groups, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
