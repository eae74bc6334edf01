/* SPDX-License-Identifier: MIT */
/* SYN options (src/tcp/negotiate.c): RFC 9293 §3.7.1, RFC 7323 §2 and §3, RFC 2018 §2. */
#include "room.h"
#include "tcp/negotiate.h"

/* What one side is willing to do, as three bits. */
enum { SCALING = 1, TIMESTAMPS = 2, SACK = 4, ALL = 7 };

static struct tcp_offer offer(unsigned bits)
{
    return (struct tcp_offer){
        .min_mss = 216,
        .mss = 1460,
        .wscale = 5,
        .window_scaling = bits & SCALING,
        .timestamps = bits & TIMESTAMPS,
        .sack = bits & SACK,
    };
}

static struct tcp_options syn_of(unsigned bits)
{
    return (struct tcp_options){
        .mss = 1400,
        .wscale = bits & SCALING ? 7 : -1,
        .has_ts = bits & TIMESTAMPS,
        .ts_val = bits & TIMESTAMPS ? 0xabcdef01 : 0,
        .sack_permitted = bits & SACK,
    };
}

/* R7323-2.2, R2018-3 */
static void only_what_both_offer_holds(void **state)
{
    for (unsigned ours = 0; ours <= ALL; ours++)
        for (unsigned theirs = 0; theirs <= ALL; theirs++) {
            struct tcp_offer o = offer(ours);
            struct tcp_options t = syn_of(theirs);
            struct tcp_agreed a = negotiate(&o, &t, false);
            unsigned both = ours & theirs;

            assert_int_equal(a.snd_wscale, both & SCALING ? 7 : 0);
            assert_int_equal(a.rcv_wscale, both & SCALING ? 5 : 0);
            assert_int_equal(a.timestamps, !!(both & TIMESTAMPS));
            assert_int_equal(a.sack, !!(both & SACK));
            assert_int_equal(a.peer_mss, 1400);
        }
}

/* MUST-14 */
static void a_syn_offers_what_we_are_ready_for(void **state)
{
    for (unsigned ours = 0; ours <= ALL; ours++) {
        struct tcp_offer of = offer(ours);
        struct tcp_options o = negotiate_syn(&of, 12345);

        assert_int_equal(o.mss, 1460);
        assert_int_equal(o.wscale, ours & SCALING ? 5 : -1);
        assert_int_equal(o.sack_permitted, !!(ours & SACK));
        assert_int_equal(o.has_ts, !!(ours & TIMESTAMPS));
        if (o.has_ts)
            assert_int_equal(o.ts_val, 12345);
        assert_int_equal(o.ts_ecr, 0);
        assert_int_equal(o.n_sack, 0);
    }
}

/* R7323-2.2, R2018-3: what a SYN did not offer, its answer must not */
static void a_syn_ack_offers_nothing_that_the_syn_did_not(void **state)
{
    for (unsigned ours = 0; ours <= ALL; ours++)
        for (unsigned theirs = 0; theirs <= ALL; theirs++) {
            struct tcp_offer of = offer(ours);
            struct tcp_options t = syn_of(theirs);
            struct tcp_options o = negotiate_syn_ack(&of, &t, 777);
            unsigned both = ours & theirs;

            assert_int_equal(o.mss, 1460); /* MSS is no matter of agreement */
            assert_int_equal(o.wscale, both & SCALING ? 5 : -1);
            assert_int_equal(o.sack_permitted, !!(both & SACK));
            assert_int_equal(o.has_ts, !!(both & TIMESTAMPS));
            if (o.has_ts) {
                assert_int_equal(o.ts_val, 777);
                assert_int_equal(o.ts_ecr, 0xabcdef01);
            }
        }
}

/* R7323-2.2: a shift of zero scales nothing, but says that the sender knows of scaling */
static void a_shift_of_zero_is_an_offer_to_scale(void **state)
{
    struct tcp_offer of = offer(ALL);
    struct tcp_options t = syn_of(ALL);

    t.wscale = 0;
    assert_int_equal(negotiate_syn_ack(&of, &t, 777).wscale, 5);
    assert_int_equal(negotiate(&of, &t, false).rcv_wscale, 5);
    assert_int_equal(negotiate(&of, &t, false).snd_wscale, 0);
}

/* Either end of one handshake comes to the mirror image of the other's agreement. */
static void both_ends_agree_on_the_same(void **state)
{
    for (unsigned ours = 0; ours <= ALL; ours++)
        for (unsigned theirs = 0; theirs <= ALL; theirs++) {
            struct tcp_offer client = offer(ours), server = offer(theirs);
            struct tcp_options syn, answer;
            struct tcp_agreed at_client, at_server;

            client.wscale = 3;
            syn = negotiate_syn(&client, 1);
            answer = negotiate_syn_ack(&server, &syn, 2);
            at_client = negotiate(&client, &answer, false);
            at_server = negotiate(&server, &syn, false);
            assert_int_equal(at_client.snd_wscale, at_server.rcv_wscale);
            assert_int_equal(at_client.rcv_wscale, at_server.snd_wscale);
            assert_int_equal(at_client.timestamps, at_server.timestamps);
            assert_int_equal(at_client.sack, at_server.sack);
        }
}

/* MUST-15 */
static void without_an_mss_option_the_default_holds(void **state)
{
    struct tcp_offer of = offer(ALL);
    struct tcp_options none = TCP_NO_OPTIONS;

    assert_int_equal(negotiate(&of, &none, false).peer_mss, 536);
    assert_int_equal(negotiate(&of, &none, true).peer_mss, 1220);
}

/* MUST-14 */
static void the_peer_is_taken_at_its_word_down_to_the_floor(void **state)
{
    static const uint16_t rows[][2] = {{1, 216},     {48, 216},    {215, 216},    {216, 216},    {217, 217},
                                       {300, 300},   {536, 536},   {1460, 1460},  {9000, 9000},  {65535, 65535}};
    struct tcp_offer of = offer(ALL);

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct tcp_options t = syn_of(ALL);

        t.mss = rows[i][0];
        assert_int_equal(negotiate(&of, &t, false).peer_mss, rows[i][1]);
        assert_int_equal(negotiate(&of, &t, true).peer_mss, rows[i][1]);
    }
}

/* R7323-2.2: shift 15 is treated as 14 */
static void a_shift_above_fourteen_counts_as_fourteen(void **state)
{
    static const int8_t rows[][2] = {{0, 0}, {1, 1}, {13, 13}, {14, 14}, {15, 14}, {16, 14}, {127, 14}};
    struct tcp_offer of = offer(ALL);

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct tcp_options t = syn_of(ALL);

        t.wscale = rows[i][0];
        assert_int_equal(negotiate(&of, &t, false).snd_wscale, rows[i][1]);
        assert_int_equal(negotiate(&of, &t, false).rcv_wscale, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_both_offer_holds),
        cmocka_unit_test(a_syn_offers_what_we_are_ready_for),
        cmocka_unit_test(a_syn_ack_offers_nothing_that_the_syn_did_not),
        cmocka_unit_test(a_shift_of_zero_is_an_offer_to_scale),
        cmocka_unit_test(both_ends_agree_on_the_same),
        cmocka_unit_test(without_an_mss_option_the_default_holds),
        cmocka_unit_test(the_peer_is_taken_at_its_word_down_to_the_floor),
        cmocka_unit_test(a_shift_above_fourteen_counts_as_fourteen),
    };

    return cmocka_run_group_tests_name("negotiate", tests, NULL, NULL);
}
