/* SPDX-License-Identifier: MIT */
/* Whose turn it is to send, and how much: what is written is built into segments when its own link pulls, not before. */
#include "tcp_bench.h"

static void begin(struct bench *b)
{
    int one = 1;

    bench_begin(b, NULL);
    bench_connect(b);
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_non_null(b->server);
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_TCP, WEFT_TCP_NODELAY, &one, sizeof one), 0);
}

static void end(struct bench *b)
{
    weft_abort(b->client);
    weft_abort(b->server);
    bench_end(b);
}

/* Takes out of a link what it sends, so many at most, and returns how many there were. */
static size_t pull(struct bench *b, weft_if *ifp, size_t most, size_t *bytes)
{
    weft_pkt *pkt[64];
    size_t n = weft_output(ifp, pkt, most, b->now);

    *bytes = 0;
    for (size_t i = 0; i < n; i++) {
        *bytes += weft_pkt_len(pkt[i]);
        weft_pkt_release(pkt[i]);
    }
    return n;
}

/* What is written between two turns of its link is one segment, although another link had its turn between. */
static void another_links_turn_builds_nothing(void **state)
{
    static const struct weft_if_config other = {.name = "wire0", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip ip = weft_ipv4(0x0a000001);
    size_t bytes, alone;
    struct bench b;
    weft_if *ifp;

    (void)state;
    begin(&b);
    ifp = weft_if_new(b.s, &other, NULL);
    assert_non_null(ifp);
    assert_int_equal(weft_if_add_address(ifp, &ip, 24), 0);
    carry(&b);
    assert_int_equal(weft_send(b.client, "a", 1, 0), 1);
    assert_int_equal(pull(&b, b.lo, 64, &alone), 1);
    assert_int_equal(weft_send(b.client, "b", 1, 0), 1);
    assert_int_equal(pull(&b, ifp, 64, &bytes), 0);
    assert_int_equal(weft_send(b.client, "c", 1, 0), 1);
    assert_int_equal(pull(&b, b.lo, 64, &bytes), 1);
    assert_int_equal(bytes, alone + 1);
    end(&b);
}

/* A link that takes one packet gets one, and asks for the rest when it has room again. */
static void a_turn_is_no_longer_than_the_link_has_room(void **state)
{
    size_t first, second;
    struct bench b;

    (void)state;
    begin(&b);
    assert_int_equal(weft_send(b.client, "a", 1, WEFT_MSG_EOR), 1);
    assert_int_equal(weft_send(b.client, "bc", 2, WEFT_MSG_EOR), 2);
    assert_int_equal(pull(&b, b.lo, 1, &first), 1);
    assert_true(weft_output_wanted(b.lo));
    assert_int_equal(pull(&b, b.lo, 1, &second), 1);
    assert_int_equal(second, first + 1);
    assert_false(weft_output_wanted(b.lo));
    end(&b);
}

/* Of two that have more to send than the link takes, the first one's turn is as long as there is room. */
static void a_turn_is_as_long_as_the_link_has_room(void **state)
{
    enum { ROOM = 4 };
    int one = 1, mss = 1000; /* of larger segments not even four go at first */
    weft_sock *client[2];
    weft_pkt *pkt[ROOM];
    struct bench b;

    (void)state;
    bench_begin(&b, NULL);
    assert_int_equal(weft_setsockopt(b.listener, WEFT_SOL_TCP, WEFT_TCP_MAXSEG, &mss, sizeof mss), 0);
    for (int i = 0; i < 2; i++) {
        bench_connect(&b);
        carry(&b);
        client[i] = b.client;
        assert_int_equal(weft_setsockopt(client[i], WEFT_SOL_TCP, WEFT_TCP_NODELAY, &one, sizeof one), 0);
    }
    for (int i = 0; i < 2 * ROOM; i++) /* of different lengths */
        for (int k = 0; k < 2; k++)
            assert_int_equal(weft_send(client[k], "ab", 1 + (size_t)k, WEFT_MSG_EOR), 1 + k);
    assert_int_equal(weft_output(b.lo, pkt, ROOM, b.now), ROOM);
    for (int i = 0; i < ROOM; i++)
        assert_int_equal(weft_pkt_len(pkt[i]), weft_pkt_len(pkt[0]));
    for (int i = 0; i < ROOM; i++)
        weft_pkt_release(pkt[i]);
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_is_as_long_as_the_link_has_room),
        cmocka_unit_test(another_links_turn_builds_nothing),
        cmocka_unit_test(a_turn_is_no_longer_than_the_link_has_room),
    };

    return cmocka_run_group_tests_name("transmit", tests, NULL, NULL);
}
