/* SPDX-License-Identifier: MIT */
/* Words of the command line (src/cmd/parse.c). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/parse.h"

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))

static void numbers_are_decimal_and_in_range_or_refused(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
    } rows[] = {
        {"1", true, 1},     {"100", true, 100}, {"007", true, 7}, {"0", false, 0},   {"101", false, 0},
        {"", false, 0},     {"-1", false, 0},   {"+1", false, 0}, {" 1", false, 0},  {"1 ", false, 0},
        {"0x10", false, 0}, {"1e2", false, 0},  {"18446744073709551617", false, 0},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint64_t value = 0;

        assert_int_equal(parse_u64(rows[i].text, 1, 100, &value), rows[i].good);
        assert_int_equal(value, rows[i].value);
    }
}

static void seconds_keep_their_fraction_to_the_nanosecond(void **state)
{
    static const struct {
        const char *text;
        bool good;
        weft_time value;
    } rows[] = {
        {"1", true, WEFT_S},          {"0.2", true, 200 * WEFT_MS},   {".5", true, 500 * WEFT_MS},
        {"2.", true, 2 * WEFT_S},     {"0.000000001", true, 1},       {"1.0000000009", true, WEFT_S},
        {"", false, 0},               {".", false, 0},                {"-1", false, 0},
        {"1s", false, 0},             {"999999999999", false, 0},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        weft_time value = 0;

        assert_int_equal(parse_seconds(rows[i].text, &value), rows[i].good);
        if (rows[i].good)
            assert_int_equal(value, rows[i].value);
    }
}

static void ports_are_numbers_and_never_zero(void **state)
{
    uint16_t port = 0;

    assert_true(parse_port("7007", NULL, &port));
    assert_int_equal(port, 7007);
    assert_true(parse_port("65535", NULL, &port));
    assert_false(parse_port("0", NULL, &port));
    assert_false(parse_port("65536", NULL, &port));
    assert_false(parse_port("7x", NULL, &port));
    assert_false(parse_port("", NULL, &port));
    assert_false(parse_port("no-such-service", NULL, &port));
}

static void an_interface_address_needs_its_prefix(void **state)
{
    const struct weft_ip want = weft_ipv4(0x0a090002);
    struct weft_ip ip = {{0}};
    unsigned prefix = 99;

    assert_true(parse_cidr("10.9.0.2/24", &ip, &prefix));
    assert_memory_equal(&ip, &want, sizeof ip);
    assert_int_equal(prefix, 24);
    assert_true(parse_cidr("10.9.0.2/0", &ip, &prefix));
    assert_true(parse_cidr("10.9.0.2/32", &ip, &prefix));
    assert_true(parse_cidr("2001:db8::2/64", &ip, &prefix));
    assert_int_equal(prefix, 64);
    assert_true(parse_cidr("fd00::/128", &ip, &prefix));
    assert_false(parse_cidr("fd00::2/129", &ip, &prefix));
    assert_false(parse_cidr("fd00::2", &ip, &prefix));
    assert_false(parse_cidr("10.9.0.2", &ip, &prefix));
    assert_false(parse_cidr("10.9.0.2/33", &ip, &prefix));
    assert_false(parse_cidr("10.9.0.2/", &ip, &prefix));
    assert_false(parse_cidr("10.9.0.256/24", &ip, &prefix));
    assert_false(parse_cidr("/24", &ip, &prefix));
    assert_false(parse_cidr("1000000000000000000000000000000000000000000000000000000/24", &ip, &prefix));
}

/* Of IPv4 and its mapped form: the same prefix, however it is written. */
static void a_prefix_counts_all_128_bits(void **state)
{
    const struct weft_ip v4 = weft_ipv4(0x0a000000), any = weft_ipv4(0);
    struct weft_ip ip = {{0}};
    unsigned bits = 99;

    (void)state;
    assert_true(parse_prefix("10.0.0.0/8", &ip, &bits));
    assert_memory_equal(&ip, &v4, sizeof ip);
    assert_int_equal(bits, 104);
    assert_true(parse_prefix("::ffff:10.0.0.0/104", &ip, &bits));
    assert_memory_equal(&ip, &v4, sizeof ip);
    assert_int_equal(bits, 104);
    assert_true(parse_prefix("::ffff:0:0/96", &ip, &bits));
    assert_memory_equal(&ip, &any, sizeof ip);
    assert_int_equal(bits, 96);
    assert_true(parse_prefix("2001:db8::/32", &ip, &bits));
    assert_int_equal(bits, 32);
    assert_true(parse_prefix("::/0", &ip, &bits));
    assert_int_equal(bits, 0);
    assert_false(parse_prefix("::/129", &ip, &bits));
    assert_false(parse_prefix("10.0.0.0/33", &ip, &bits));
    assert_false(parse_prefix("2001:db8::", &ip, &bits));
    assert_false(parse_prefix("default", &ip, &bits));
}

static void an_address_may_have_an_interface_for_a_zone(void **state)
{
    static const char *const good[] = {"10.9.0.1", "2001:db8::1", "::", "fe80::1", "fe80::1%2", "fe80::1%wt0",
                                       "ff02::1%fifteen-charact"};
    static const char *const bad[] = {"", "10.9.0.1%wt0", "2001:db8::1%wt0", "fe80::1%", "%wt0",
                                      "fe80::1%sixteencharacter", "fe80:0:0:0:0:0:0:0:1%wt0"};
    const struct weft_ip bare = {{0xfe, 0x80, [15] = 1}};
    struct weft_ip ip;

    for (size_t i = 0; i < ROWS(good); i++)
        assert_true(parse_ip(good[i], &ip));
    for (size_t i = 0; i < ROWS(bad); i++)
        assert_false(parse_ip(bad[i], &ip));
    assert_true(parse_ip("fe80::1%wt0", &ip));
    assert_memory_equal(&ip, &bare, sizeof ip);
    assert_true(parse_ip("fe80::1%2", &ip));
    assert_int_equal(weft_ip_zone(&ip), 2);
}

/* It becomes a file name. */
static void a_host_name_cannot_leave_its_directory(void **state)
{
    static const char *const good[] = {"bar", "a", "web-1", "a.b", "A_9"};
    static const char *const bad[] = {"", ".", "..", "a/b", "/a", "-a", "a b", "a\n", "\xc3\xa4",
                                      "a1234567890123456789012345678901234567890"};

    for (size_t i = 0; i < ROWS(good); i++)
        assert_true(parse_host_name(good[i]));
    for (size_t i = 0; i < ROWS(bad); i++)
        assert_false(parse_host_name(bad[i]));
}

static void an_interface_is_a_kind_and_a_kernel_name(void **state)
{
    static const char *const bad[] = {"",        "wt0",     "tap:",                 "tap",
                                      "eth:wt0", "tap:a/b", "tap:sixteencharacter", "tap:a b"};

    char why[200];

    assert_true(weft_driver_spec_check("tap:wt0", why, sizeof why));
    assert_true(weft_driver_spec_check("tun:fifteen-charact", why, sizeof why));
    for (size_t i = 0; i < ROWS(bad); i++)
        assert_false(weft_driver_spec_check(bad[i], why, sizeof why));
}

static void a_route_names_a_network_and_a_way(void **state)
{
    static const char *const good[] = {"default via 10.9.0.1", "10.8.0.0/16 via 10.9.0.7", "10.8.0.0/16 dev tap0",
                                       "10.8.0.1 via 10.9.0.7", "default via 10.9.0.1 dev wt0",
                                       "  default\tvia 1.2.3.4 "};
    static const char *const bad[] = {"", "default", "default via", "via 10.9.0.1", "default via nowhere",
                                      "default 10.9.0.1", "10.8.0.0/99 dev tap0", "default via 1.2.3.4 via 1.2.3.4",
                                      "default via 1.2.3.4 metric"};

    for (size_t i = 0; i < ROWS(good); i++)
        assert_true(parse_route(good[i]));
    for (size_t i = 0; i < ROWS(bad); i++)
        assert_false(parse_route(bad[i]));
}

static void shares_are_percents_down_to_a_millionth(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint32_t value;
    } rows[] = {
        {"1%", true, 10000},  {"0.0001%", true, 1}, {"100%", true, 1000000}, {"0%", true, 0},  {".5%", true, 5000},
        {"100.1%", false, 0}, {"1", false, 0},      {"%", false, 0},         {"", false, 0},   {"-1%", false, 0},
        {"1%%", false, 0},    {"x%", false, 0},     {"0.00001%", false, 0},  {"1 %", false, 0},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint32_t value = 0;

        assert_int_equal(parse_percent(rows[i].text, &value), rows[i].good);
        if (rows[i].good)
            assert_int_equal(value, rows[i].value);
    }
}

static void durations_name_their_unit(void **state)
{
    static const struct {
        const char *text;
        bool good;
        weft_time value;
    } rows[] = {
        {"5ms", true, 5 * WEFT_MS}, {"20us", true, 20 * WEFT_US}, {"2s", true, 2 * WEFT_S},     {".5ms", true, 500000},
        {"60s", true, 60 * WEFT_S}, {"61s", false, 0},            {"5", false, 0},                {"ms", false, 0},
        {"", false, 0},             {"5m", false, 0},             {"-5ms", false, 0},             {"5 ms", false, 0},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        weft_time value = 0;

        assert_int_equal(parse_duration(rows[i].text, &value), rows[i].good);
        if (rows[i].good)
            assert_int_equal(value, rows[i].value);
    }
}

static void an_impairment_is_words_joined_by_commas(void **state)
{
    struct weft_impairment how;
    uint64_t seed;
    char bad[40];

    assert_true(parse_impairment("loss=1%,dup=0.5%,reorder=2%:4ms,delay=5ms,jitter=1ms,corrupt=0.01%,seed=7", &how,
                                 &seed, bad, sizeof bad));
    assert_int_equal(how.loss, 10000);
    assert_int_equal(how.duplicate, 5000);
    assert_int_equal(how.corrupt, 100);
    assert_int_equal(how.reorder, 20000);
    assert_int_equal(how.reorder_delay, 4 * WEFT_MS);
    assert_int_equal(how.delay, 5 * WEFT_MS);
    assert_int_equal(how.jitter, WEFT_MS);
    assert_int_equal(seed, 7);
    assert_true(parse_impairment("reorder=1%", &how, &seed, bad, sizeof bad));
    assert_int_equal(how.reorder_delay, 3 * WEFT_MS);
    assert_int_equal(how.loss, 0);
    assert_int_equal(seed, 0);
}

static void an_impairment_says_how_fast_and_how_patient_a_link_is(void **state)
{
    static const struct {
        const char *text;
        uint64_t rate, bytes;
        uint32_t packets;
    } rows[] = {
        {"rate=9600bit", 9600, 0, 0},
        {"rate=64kbit,queue=10p", 64000, 0, 10},
        {"rate=100mbit,queue=150kB", 100000000, 150000, 0},
        {"rate=2gbit,queue=1MB,queue=500p", 2000000000, 1000000, 500},
        {"rate=1mbit,queue=1500B", 1000000, 1500, 0},
    };
    struct weft_impairment how;
    uint64_t seed;
    char bad[40];

    for (size_t i = 0; i < ROWS(rows); i++) {
        assert_true(parse_impairment(rows[i].text, &how, &seed, bad, sizeof bad));
        assert_int_equal(how.bits_per_second, rows[i].rate);
        assert_int_equal(how.queue_bytes, rows[i].bytes);
        assert_int_equal(how.queue_packets, rows[i].packets);
    }
}

static void an_impairment_knows_the_models_of_loss_and_order(void **state)
{
    struct weft_impairment how;
    uint64_t seed;
    char bad[40];

    assert_true(parse_impairment("loss=0.5%:3,every=100,gilbert=1%:25%,jitter=1ms:anyorder,reorder=1%:2p", &how, &seed,
                                 bad, sizeof bad));
    assert_int_equal(how.loss, 5000);
    assert_int_equal(how.loss_burst, 3);
    assert_int_equal(how.loss_every, 100);
    assert_int_equal(how.gilbert.to_bad, 10000);
    assert_int_equal(how.gilbert.to_good, 250000);
    assert_int_equal(how.gilbert.lost_bad, 1000000);
    assert_int_equal(how.gilbert.lost_good, 0);
    assert_true(how.jitter_reorders);
    assert_int_equal(how.reorder, 10000);
    assert_int_equal(how.reorder_gap, 2);
    assert_int_equal(how.reorder_delay, WEFT_S);
    assert_true(parse_impairment("gilbert=1%:25%:50%:0.1%", &how, &seed, bad, sizeof bad));
    assert_int_equal(how.gilbert.lost_bad, 500000);
    assert_int_equal(how.gilbert.lost_good, 1000);
}

static void an_impairment_marks_by_chance_and_by_waiting(void **state)
{
    struct weft_impairment how;
    uint64_t seed;
    char bad[40];

    assert_true(parse_impairment("rate=1mbit,mark=0.5%,mark=2ms", &how, &seed, bad, sizeof bad));
    assert_int_equal(how.mark, 5000);
    assert_int_equal(how.mark_wait, 2 * WEFT_MS);
    assert_true(parse_impairment("mark=100%", &how, &seed, bad, sizeof bad));
    assert_int_equal(how.mark, 1000000);
    assert_int_equal(how.mark_wait, 0);
}

static void a_word_that_makes_no_sense_is_named(void **state)
{
    static const struct {
        const char *text, *bad;
    } rows[] = {
        {"", ""},           {"loss", "loss"},           {"loss=1%,", ""},           {"loss=1%,dup=x", "dup=x"},
        {"lost=1%", "lost=1%"}, {"delay=5", "delay=5"}, {"reorder=1%:", "reorder=1%:"}, {"seed=-1,loss=1%", "seed=-1"},
        {"rate=10", "rate=10"}, {"rate=0mbit", "rate=0mbit"}, {"rate=1mbit,queue=5", "queue=5"},
        {"queue=5p", "queue without rate"}, {"rate=1mbit,queue=0p", "queue=0p"}, {"loss=1%:0", "loss=1%:0"},
        {"gilbert=1%", "gilbert=1%"}, {"gilbert=1%:1%:1%:1%:1%", "gilbert=1%:1%:1%:1%:1%"}, {"every=0", "every=0"},
        {"mark=2ms", "mark=TIME without rate"}, {"mark=2", "mark=2"}, {"rate=1mbit,mark=0ms", "mark=0ms"},
        {"jitter=1ms:order", "jitter=1ms:order"}, {"reorder=1%:0p", "reorder=1%:0p"}, {"reorder=1%:p", "reorder=1%:p"},
    };
    struct weft_impairment how;
    uint64_t seed;
    char bad[40];

    for (size_t i = 0; i < ROWS(rows); i++) {
        assert_false(parse_impairment(rows[i].text, &how, &seed, bad, sizeof bad));
        assert_string_equal(bad, rows[i].bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_decimal_and_in_range_or_refused),
        cmocka_unit_test(seconds_keep_their_fraction_to_the_nanosecond),
        cmocka_unit_test(ports_are_numbers_and_never_zero),
        cmocka_unit_test(an_interface_address_needs_its_prefix),
        cmocka_unit_test(a_prefix_counts_all_128_bits),
        cmocka_unit_test(an_address_may_have_an_interface_for_a_zone),
        cmocka_unit_test(a_host_name_cannot_leave_its_directory),
        cmocka_unit_test(an_interface_is_a_kind_and_a_kernel_name),
        cmocka_unit_test(a_route_names_a_network_and_a_way),
        cmocka_unit_test(shares_are_percents_down_to_a_millionth),
        cmocka_unit_test(durations_name_their_unit),
        cmocka_unit_test(an_impairment_is_words_joined_by_commas),
        cmocka_unit_test(an_impairment_says_how_fast_and_how_patient_a_link_is),
        cmocka_unit_test(an_impairment_knows_the_models_of_loss_and_order),
        cmocka_unit_test(an_impairment_marks_by_chance_and_by_waiting),
        cmocka_unit_test(a_word_that_makes_no_sense_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
