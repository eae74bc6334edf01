/* SPDX-License-Identifier: MIT */
/* Addresses and table entries as text (src/base/text.c, fmt.c, tables.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>

#include "base/base.h"
#include "base/rng.h"

static const struct {
    const char *text;
    const char *canonical;
} good[] = {
    {"0.0.0.0", "0.0.0.0"},
    {"10.9.0.2", "10.9.0.2"},
    {"255.255.255.255", "255.255.255.255"},
    {"::ffff:10.9.0.2", "10.9.0.2"},
    {"::ffff:a09:2", "10.9.0.2"},
    {"::", "::"},
    {"::1", "::1"},
    {"1::", "1::"},
    {"fe80::1", "fe80::1"},
    {"FE80::ABCD", "fe80::abcd"},
    {"2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"},
    {"0:0:0:0:0:0:0:0", "::"},
    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"::1.2.3.4", "::102:304"},
    {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
    /* RFC 5952 §4.2.1: as short as possible; §4.2.2: not one group; §4.2.3: the longest run, the first of equals */
    {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
    {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"0:0:1:0:0:0:0:0", "0:0:1::"},
};

static void ip_text_is_canonical_for_whatever_was_read(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        char buf[WEFT_IP_TEXT];
        struct weft_ip ip;

        assert_int_equal(weft_ip_parse(good[i].text, &ip), 0);
        assert_ptr_equal(weft_ip_text(&ip, buf, sizeof buf), buf);
        assert_string_equal(buf, good[i].canonical);
    }
}

static void ip_parse_refuses_what_is_no_address_and_leaves_the_place_alone(void **state)
{
    static const char *const bad[] = {
        "", " ", "x", "1", "1.2", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "1.2.3.256",
        "1.2.3.1000", "01.2.3.4", "1.2.3.04", "00.0.0.0", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4x", "1.2.3.4/24", "-1.2.3.4",
        "0x1.2.3.4", "1.2.3.4.", "16909060", ":", ":::", ":1", "1:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8:", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "1::2::3", "12345::", "g::",
        "::1.2.3", "::1.2.3.4:5", "::1.2.3.256", "::1.2.3.04", "1:2:3:4:5:6:7:1.2.3.4", "::1%lo", "[::1]", "::1 ",
        "1.2.3.4::", "fe80:", ":fe80", "::1:",
    };
    const struct weft_ip before = {{9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 6}};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct weft_ip ip = before;

        if (weft_ip_parse(bad[i], &ip) != WEFT_EINVAL)
            fail_msg("took \"%s\"", bad[i]);
        assert_memory_equal(&ip, &before, sizeof ip);
    }
}

/* libc's reader as the judge, over random strings of the alphabet that matters. */
static void ip_parse_agrees_with_libc_on_random_strings(void **state)
{
    struct rng r;
    size_t taken = 0;

    rng_seed(&r, 1);
    for (int round = 0; round < 2000000; round++) {
        char text[48];
        size_t n = 0, pieces = 1 + rng_below(&r, 10);
        struct weft_ip ip, expected = weft_ipv4(0);
        bool v6 = round % 2, ok;

        for (size_t i = 0; i < pieces && n < 40; i++) {
            static const char *const piece[] = {"0", "1", "25", "ff", "1a2b", "::", "0", "255", "1.2.3.4", "256", "00"};
            const char *p = piece[rng_below(&r, ARRAY_LEN(piece))];

            memcpy(text + n, p, strlen(p));
            n += strlen(p);
            if (rng_below(&r, 20))
                text[n++] = v6 ? ':' : '.';
        }
        n -= n > 1 && rng_below(&r, 8);
        text[n] = '\0';
        ok = strchr(text, ':') ? inet_pton(AF_INET6, text, &expected) == 1
                               : inet_pton(AF_INET, text, expected.b + 12) == 1;
        if ((weft_ip_parse(text, &ip) == 0) != ok)
            fail_msg("libc disagrees on \"%s\"", text);
        if (ok) {
            assert_memory_equal(&ip, &expected, sizeof ip);
            taken++;
        }
    }
    assert_true(taken > 10000);
}

static void ip_text_is_read_back_as_the_same_address(void **state)
{
    char buf[WEFT_IP_TEXT];
    struct rng r;

    rng_seed(&r, 2);
    for (int round = 0; round < 100000; round++) {
        struct weft_ip ip, back;
        uint64_t zeros = rng_u64(&r) & rng_u64(&r);

        for (size_t i = 0; i < 16; i++)
            ip.b[i] = zeros >> (i / 2) & 1 ? 0 : (uint8_t)rng_u64(&r);
        assert_int_equal(weft_ip_parse(weft_ip_text(&ip, buf, sizeof buf), &back), 0);
        assert_memory_equal(&ip, &back, sizeof ip);
    }
}

static void ip_text_is_cut_to_the_buffer(void **state)
{
    const struct weft_ip ip = weft_ipv4(0x0a090002);
    char buf[6] = "xxxxx";

    weft_ip_text(&ip, buf, 0);
    assert_string_equal(buf, "xxxxx");
    weft_ip_text(&ip, buf, 5);
    assert_string_equal(buf, "10.9");
}

static void the_longest_address_fits(void **state)
{
    char buf[WEFT_IP_TEXT];
    struct weft_ip ip;

    memset(&ip, 0xff, sizeof ip);
    assert_string_equal(weft_ip_text(&ip, buf, sizeof buf), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void tables_have_a_text_for_each_number(void **state)
{
    assert_string_equal(weft_drop_name(WEFT_DROP_none), "none");
    assert_string_equal(weft_drop_text(WEFT_DROP_if_down), "the interface is down");
    assert_string_equal(weft_drop_name(WEFT_DROP_link_queue_full), "link_queue_full");
    assert_string_equal(weft_tcp_state_name(WEFT_TCP_FIN_WAIT_1), "FIN-WAIT-1");
    assert_string_equal(weft_tcp_state_name(WEFT_TCP_TIME_WAIT), "TIME-WAIT");
    assert_string_equal(weft_counter_name(WEFT_COUNT_ip_in), "ip_in");
    assert_string_equal(weft_counter_group(WEFT_COUNT_ip_in), "Ip");
    assert_string_equal(weft_counter_text(WEFT_COUNT_ip_in), "datagrams received");
    for (int i = 0; i < WEFT_DROP_COUNT; i++)
        assert_true(weft_drop_name((enum weft_drop)i)[0] != '?' && *weft_drop_text((enum weft_drop)i));
    for (int i = 0; i < WEFT_COUNTER_COUNT; i++)
        assert_true(weft_counter_name((enum weft_counter)i)[0] != '?' && *weft_counter_text((enum weft_counter)i));
}

static void tables_answer_a_number_outside_with_a_question_mark(void **state)
{
    assert_string_equal(weft_drop_name(WEFT_DROP_COUNT), "?");
    assert_string_equal(weft_drop_text((enum weft_drop)-1), "?");
    assert_string_equal(weft_tcp_state_name(WEFT_TCP_STATE_COUNT), "?");
    assert_string_equal(weft_counter_name(WEFT_COUNTER_COUNT), "?");
    assert_string_equal(weft_counter_group(WEFT_COUNTER_COUNT), "?");
    assert_string_equal(weft_counter_text((enum weft_counter)1000), "?");
}

static void strerror_knows_each_error_and_says_when_it_does_not(void **state)
{
    assert_string_equal(weft_strerror(WEFT_ECONNREFUSED), "connection refused");
    assert_string_equal(weft_strerror(-12345), "unknown error");
    assert_string_equal(weft_strerror(0), "unknown error");
    assert_string_equal(weft_strerror(111), "unknown error");
}

static void errors_carry_the_numbers_of_errno(void **state)
{
#define X(name, number, sentence) assert_int_equal(-WEFT_##name, name);
    WEFT_ERRORS(X)
#undef X
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip_text_is_canonical_for_whatever_was_read),
        cmocka_unit_test(ip_parse_refuses_what_is_no_address_and_leaves_the_place_alone),
        cmocka_unit_test(ip_parse_agrees_with_libc_on_random_strings),
        cmocka_unit_test(ip_text_is_read_back_as_the_same_address),
        cmocka_unit_test(ip_text_is_cut_to_the_buffer),
        cmocka_unit_test(the_longest_address_fits),
        cmocka_unit_test(tables_have_a_text_for_each_number),
        cmocka_unit_test(tables_answer_a_number_outside_with_a_question_mark),
        cmocka_unit_test(strerror_knows_each_error_and_says_when_it_does_not),
        cmocka_unit_test(errors_carry_the_numbers_of_errno),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
