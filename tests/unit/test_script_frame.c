/* SPDX-License-Identifier: MIT */
/* Headers that the script language puts around a packet, as bytes: what is built is as RFCs say, and is read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"

static uint8_t bytes[4096];

/* As if it came from 10.0.0.9 to 10.0.0.10, or fd00::9 to fd00::10. */
static struct packet packet_of(const char *text, bool v6)
{
    static const struct weft_ip src6 = {{0xfd, [15] = 9}}, dst6 = {{0xfd, [15] = 16}};
    struct packet p;
    struct scan s;

    scan_begin(&s, text, strlen(text));
    packet_parse(&s, &p, true, v6);
    if (s.failed)
        fail_msg("%s: %s", text, s.why);
    p.src = v6 ? src6 : weft_ipv4(0x0a000009);
    p.dst = v6 ? dst6 : weft_ipv4(0x0a00000a);
    p.sport = 1;
    p.dport = 2;
    return p;
}

static size_t build(const char *text, bool v6)
{
    struct packet p = packet_of(text, v6);

    return frame_build(&p, 0, NULL, 0, bytes);
}

static void expect(size_t at, const char *hex)
{
    char actual[129] = "";
    size_t n = strlen(hex) / 2;

    for (size_t i = 0; i < n; i++)
        snprintf(actual + 2 * i, 3, "%02x", bytes[at + i]);
    assert_string_equal(actual, hex);
}

/* RFC 2003 §3.1, RFC 4213 §3.5: protocols 4 and 41; each length is that of all behind it. */
static void ip_in_ip_names_what_is_inside(void **state)
{
    (void)state;
    assert_int_equal(build("ipv4 10.0.0.1 > 10.0.0.2: udp (4)", false), 52);
    expect(0, "45000034000000004004""66c4""0a000001""0a000002");
    expect(20, "45000020");
    assert_int_equal(build("ipv4 10.0.0.1 > 10.0.0.2: udp (4)", true), 72);
    expect(0, "45000048000000004029");
    expect(20, "60000000000c1140");
    assert_int_equal(build("ipv6 fd00::1 > fd00::2: udp (4)", false), 72);
    expect(0, "6000000000200440fd00");
}

/* RFC 2784 §2.1, RFC 2890 §2: what is there in its order, and a checksum over header and payload. */
static void gre_has_what_its_flags_say(void **state)
{
    (void)state;
    assert_int_equal(build("ipv4 10.0.0.1 > 10.0.0.2: gre: udp (4)", false), 56);
    expect(9, "2f");
    expect(20, "0000080045");
    assert_int_equal(build("ipv4 10.0.0.1 > 10.0.0.2: gre key 5, seq 6: udp (4)", true), 84);
    expect(20, "300086dd000000050000000660");
    assert_int_equal(build("ipv4 10.0.0.1 > 10.0.0.2: gre sum 0x1234, proto 0x6558, off 7: udp (4)", false), 60);
    expect(20, "800065581234000745");
}

/* RFC 3032 §2.1, RFC 4023 §3 and §4: protocol 137, or ether type 8847 in GRE. */
static void mpls_is_a_stack_of_labels(void **state)
{
    (void)state;
    assert_int_equal(build("ipv4 10.0.0.1 > 10.0.0.2: mpls (label 1, tc 2, ttl 3) (label 1048575, tc 7, [S], ttl 255): "
                           "udp (4)", false), 60);
    expect(9, "89");
    expect(20, "00001403""ffffffff""45");
    build("ipv4 10.0.0.1 > 10.0.0.2: gre: mpls (label 1, tc 0, [S], ttl 3): udp (4)", false);
    expect(20, "00008847""00001103""45");
}

/* RFC 3828 §3.1: the coverage stands where UDP has the length; bytes behind it may change unseen. */
static void udplite_covers_what_it_says(void **state)
{
    struct frame_view v;

    (void)state;
    assert_int_equal(build("udplite (4, 9)", false), 32);
    expect(9, "88");
    expect(20, "000100020009");
    bytes[31] ^= 1;
    assert_null(frame_read(bytes, 32, &v));
    bytes[28] ^= 1;
    assert_string_equal(frame_read(bytes, 32, &v), "a wrong UDP-Lite checksum");
    build("udplite (4)", false);
    expect(24, "0000");
    bytes[31] ^= 1;
    assert_string_equal(frame_read(bytes, 32, &v), "a wrong UDP-Lite checksum");
}

static void what_was_built_is_read_again(void **state)
{
    static const char *const row[] = {
        "udplite (40, 20)",
        "ipv4 10.0.0.1 > 10.0.0.2: udp (4)",
        "ipv6 fd00::1 > fd00::2: . 1:11(10) ack 7 win 3",
        "ipv4 10.0.0.1 > 10.0.0.2: gre flags 0xb000, off 0, key 5, seq 6: udp (4)",
        "ipv4 10.0.0.1 > 10.0.0.2: mpls (label 5, tc 1, [S], ttl 9): udp (4)",
        "ipv6 fd00::1 > fd00::2: gre flags 0x8000, off 0: mpls (label 5, tc 1, ttl 9) (label 6, tc 0, [S], ttl 1): "
        "udp (4)",
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(row) / sizeof(row[0]); i++) {
        struct packet p = packet_of(row[i / 2], i & 1);
        struct frame_view v;
        char what[128];
        const char *bad = frame_read(bytes, frame_build(&p, 0, NULL, 0, bytes), &v);

        if (bad || packet_differs(&p, &v.packet, what, sizeof(what)))
            fail_msg("%s: %s", row[i / 2], bad ? bad : what);
        v.packet.outer[0].kind = v.packet.outer[0].kind ^ 1;
        if (p.n_outer && packet_difference(&p, &v.packet) != PART_OUTER)
            fail_msg("%s: another header is no difference", row[i / 2]);
    }
}

static void broken_headers_are_told(void **state)
{
    struct frame_view v;
    size_t n;

    (void)state;
    n = build("ipv4 10.0.0.1 > 10.0.0.2: gre flags checksum: udp (4)", false);
    bytes[n - 1] ^= 1;
    assert_string_equal(frame_read(bytes, n, &v), "a wrong GRE checksum");
    n = build("ipv4 10.0.0.1 > 10.0.0.2: gre flags 1: udp (4)", false);
    assert_string_equal(frame_read(bytes, n, &v), "a GRE header that is none of RFC 2890's");
    n = build("ipv4 10.0.0.1 > 10.0.0.2: mpls (label 5, tc 1, ttl 9): udp (4)", false);
    assert_string_equal(frame_read(bytes, n, &v), "an MPLS stack without an end");
    n = build("ipv4 10.0.0.1 > 10.0.0.2: ipv4 10.0.0.1 > 10.0.0.2: ipv4 10.0.0.1 > 10.0.0.2: udp (4)", false);
    assert_string_equal(frame_read(bytes, n, &v), "too many headers around a packet");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip_in_ip_names_what_is_inside), cmocka_unit_test(gre_has_what_its_flags_say),
        cmocka_unit_test(mpls_is_a_stack_of_labels),     cmocka_unit_test(udplite_covers_what_it_says),
        cmocka_unit_test(what_was_built_is_read_again),  cmocka_unit_test(broken_headers_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
