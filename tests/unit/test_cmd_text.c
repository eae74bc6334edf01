/* SPDX-License-Identifier: MIT */
/* Small things the program says: ping's summary (src/cmd/ping_stats.c) and complaints (ping_errors.c), JSON (json.c), known streams (stream.c). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/demo.h"
#include "cmd/json.h"
#include "cmd/ping_errors.h"
#include "cmd/ping_stats.h"

static void ping_sums_up_as_the_original_does(void **state)
{
    struct ping_stats s = {.sent = 4};
    char text[512];

    ping_stats_reply(&s, 1 * WEFT_MS);
    ping_stats_reply(&s, 2 * WEFT_MS);
    ping_stats_reply(&s, 3 * WEFT_MS);
    ping_stats_text(&s, 3004 * WEFT_MS, text, sizeof text);
    assert_string_equal(text, "4 packets transmitted, 3 received, 25% packet loss, time 3004ms\n"
                              "rtt min/avg/max/mdev = 1.000/2.000/3.000/0.816 ms\n");
}

static void ping_without_a_reply_has_no_times(void **state)
{
    const struct ping_stats s = {.sent = 3, .errors = 1};
    char text[512];

    ping_stats_text(&s, 2000 * WEFT_MS, text, sizeof text);
    assert_string_equal(text, "3 packets transmitted, 0 received, +1 errors, 100% packet loss, time 2000ms\n\n");
}

static void ping_tells_how_many_were_on_their_way_and_how_close(void **state)
{
    struct ping_stats s = {.sent = 3, .dense = true};
    char text[512];

    ping_stats_settle(&s, 1);
    ping_stats_reply(&s, 8 * WEFT_MS);
    ping_stats_settle(&s, 3);
    ping_stats_reply(&s, 16 * WEFT_MS);
    assert_int_equal(s.settled, 3);
    ping_stats_settle(&s, 2); /* late: the latest stays */
    assert_int_equal(s.settled, 3);
    ping_stats_text(&s, 20 * WEFT_MS, text, sizeof text);
    assert_string_equal(text, "3 packets transmitted, 2 received, 33.3333% packet loss, time 20ms\n"
                              "rtt min/avg/max/mdev = 8.000/12.000/16.000/4.000 ms, pipe 3, ipg/ewma 10.000/9.000 ms\n");
}

static void ping_knows_the_latest_request_with_a_number_of_16_bits(void **state)
{
    const struct ping_stats s = {.sent = 65540}, few = {.sent = 3};

    assert_int_equal(ping_stats_request(&s, 4), 65540);
    assert_int_equal(ping_stats_request(&s, 5), 5);
    assert_int_equal(ping_stats_request(&s, 0), 65536);
    assert_int_equal(ping_stats_request(&few, 3), 3);
    assert_int_equal(ping_stats_request(&few, 4), 0); /* never sent */
    assert_int_equal(ping_stats_request(&few, 0), 0);
}

/* The words of ping of iputils. */
static void ping_has_words_for_what_icmp_says(void **state)
{
    static const struct {
        struct weft_report report;
        const char *text;
    } rows[] = {
        {{.origin = WEFT_ORIGIN_ICMP, .type = 3, .code = 0}, "Destination Net Unreachable"},
        {{.origin = WEFT_ORIGIN_ICMP, .type = 3, .code = 1}, "Destination Host Unreachable"},
        {{.origin = WEFT_ORIGIN_ICMP, .type = 3, .code = 4, .info = 1300}, "Frag needed and DF set (mtu = 1300)"},
        {{.origin = WEFT_ORIGIN_ICMP, .type = 3, .code = 13}, "Packet filtered"},
        {{.origin = WEFT_ORIGIN_ICMP, .type = 3, .code = 15}, "Precedence Cutoff"},
        {{.origin = WEFT_ORIGIN_ICMP, .type = 3, .code = 16}, "Dest Unreachable, Bad Code: 16"},
        {{.origin = WEFT_ORIGIN_ICMP, .type = 4}, "Source Quench"},
        {{.origin = WEFT_ORIGIN_ICMP, .type = 11, .code = 0}, "Time to live exceeded"},
        {{.origin = WEFT_ORIGIN_ICMP, .type = 11, .code = 1}, "Frag reassembly time exceeded"},
        {{.origin = WEFT_ORIGIN_ICMP, .type = 12, .info = 20}, "Parameter problem: pointer = 20"},
        {{.origin = WEFT_ORIGIN_ICMP, .type = 99}, "Bad ICMP type: 99"},
        {{.origin = WEFT_ORIGIN_ICMPV6, .type = 1, .code = 0}, "Destination unreachable: No route"},
        {{.origin = WEFT_ORIGIN_ICMPV6, .type = 1, .code = 4}, "Destination unreachable: Port unreachable"},
        {{.origin = WEFT_ORIGIN_ICMPV6, .type = 1, .code = 9}, "Destination unreachable: Unknown code 9"},
        {{.origin = WEFT_ORIGIN_ICMPV6, .type = 2, .info = 1280}, "Packet too big: mtu=1280"},
        {{.origin = WEFT_ORIGIN_ICMPV6, .type = 3, .code = 0}, "Time exceeded: Hop limit"},
        {{.origin = WEFT_ORIGIN_ICMPV6, .type = 3, .code = 1}, "Time exceeded: Defragmentation failure"},
        {{.origin = WEFT_ORIGIN_ICMPV6, .type = 4, .code = 1, .info = 40}, "Parameter problem: Unknown header at 40"},
        {{.origin = WEFT_ORIGIN_ICMPV6, .type = 4, .code = 3, .info = 6}, "Parameter problem: code 3 at 6"},
        {{.origin = WEFT_ORIGIN_ICMPV6, .type = 99}, "unknown icmp type: 99"},
    };
    char text[80];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ping_error_text(&rows[i].report, text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

static void ping_deviation_of_equal_times_is_zero(void **state)
{
    struct ping_stats s = {.sent = 2};

    ping_stats_reply(&s, 123456);
    ping_stats_reply(&s, 123456);
    assert_true(ping_stats_mdev(&s) < 1);
}

static void ping_shortens_times_as_they_grow(void **state)
{
    static const struct {
        weft_time rtt;
        const char *text;
    } rows[] = {{61 * WEFT_US, "0.061"}, {1234 * WEFT_US, "1.23"}, {12345 * WEFT_US, "12.3"},
                {123456 * WEFT_US, "123"}};
    char text[24];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ping_rtt_text(rows[i].rtt, text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

static void json_has_commas_and_escapes_where_they_belong(void **state)
{
    char text[256] = "";
    struct json j = {.out = fmemopen(text, sizeof text, "w")};

    json_open(&j, NULL, '{');
    json_text(&j, "a", "say \"\\\"\n");
    json_open(&j, "b", '[');
    json_number(&j, NULL, 1);
    json_number(&j, NULL, UINT64_MAX);
    json_close(&j, ']');
    json_open(&j, "c", '[');
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
    fclose(j.out);
    assert_string_equal(text, "{\"a\": \"say \\\"\\\\\\\"\\u000a\", \"b\": [1, 18446744073709551615], \"c\": []}\n");
}

static void a_stream_is_the_same_however_it_is_cut(void **state)
{
    uint8_t whole[1000], pieces[1000];

    stream_fill(5, 0, whole, sizeof whole);
    for (size_t at = 0; at < sizeof pieces; at += 104)
        stream_fill(5, at, pieces + at, sizeof pieces - at < 104 ? sizeof pieces - at : 104);
    assert_memory_equal(whole, pieces, sizeof whole);
    stream_fill(6, 0, pieces, sizeof pieces);
    assert_memory_not_equal(whole, pieces, sizeof whole);
}

/* The published values of FNV-1a for "" and "a". */
static void the_digest_is_fnv_1a(void **state)
{
    assert_true(stream_digest(STREAM_DIGEST, "", 0) == 0xcbf29ce484222325u);
    assert_true(stream_digest(STREAM_DIGEST, "a", 1) == 0xaf63dc4c8601ec8cu);
    assert_true(stream_digest(stream_digest(STREAM_DIGEST, "foo", 3), "bar", 3) ==
                stream_digest(STREAM_DIGEST, "foobar", 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ping_sums_up_as_the_original_does),
        cmocka_unit_test(ping_without_a_reply_has_no_times),
        cmocka_unit_test(ping_tells_how_many_were_on_their_way_and_how_close),
        cmocka_unit_test(ping_knows_the_latest_request_with_a_number_of_16_bits),
        cmocka_unit_test(ping_has_words_for_what_icmp_says),
        cmocka_unit_test(ping_deviation_of_equal_times_is_zero),
        cmocka_unit_test(ping_shortens_times_as_they_grow),
        cmocka_unit_test(json_has_commas_and_escapes_where_they_belong),
        cmocka_unit_test(a_stream_is_the_same_however_it_is_cut),
        cmocka_unit_test(the_digest_is_fnv_1a),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
