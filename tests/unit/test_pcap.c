/* SPDX-License-Identifier: MIT */
/* The pcapng writer: exact bytes, whole blocks, and what an independent reader makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "weft/driver.h"

struct sink {
    uint8_t bytes[200000];
    size_t n;
    unsigned writes;
    bool refuse;
};

static bool sink_write(void *ctx, const void *bytes, size_t n)
{
    struct sink *s = ctx;

    if (s->refuse)
        return false;
    assert_true(s->n + n <= sizeof(s->bytes));
    memcpy(s->bytes + s->n, bytes, n);
    s->n += n;
    s->writes++;
    return true;
}

static const uint8_t section_block[] = {
    0x0a, 0x0d, 0x0d, 0x0a, 40,   0,    0,    0,             /* type, length */
    0x4d, 0x3c, 0x2b, 0x1a, 1,    0,    0,    0,             /* byte order, version */
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,          /* section length: unknown */
    4,    0,    4,    0,    'w',  'e',  'f',  't', 0, 0, 0, 0, /* shb_userappl, end */
    40,   0,    0,    0,
};

static const uint8_t interface_block[] = {
    1,  0, 0, 0, 40, 0, 0,   0,                /* type, length */
    1,  0, 0, 0, 96, 0, 0,   0,                /* Ethernet, snaplen */
    2,  0, 3, 0, 'w', 't', '0', 0,             /* if_name and padding */
    9,  0, 1, 0, 9,  0, 0,   0,                /* if_tsresol: nanoseconds */
    0,  0, 0, 0, 40, 0, 0,   0,
};

static const uint8_t packet_block[] = {
    6,    0,    0,    0,    60,   0,    0, 0, 0, 0, 0, 0, /* type, length, interface */
    0xef, 0xcd, 0xab, 0x01, 0x78, 0x56, 0x34, 0x12,       /* time, upper half first */
    5,    0,    0,    0,    5,    0,    0, 0,             /* kept, length */
    'f',  'r',  'a',  'm',  'e',  0,    0, 0,
    1,    0,    2,    0,    'h',  'i',  0, 0,             /* comment */
    2,    0,    4,    0,    2,    0,    0, 0,             /* flags: outbound */
    0,    0,    0,    0,    60,   0,    0, 0,
};

static void writes_exactly_these_bytes(void **state)
{
    struct sink s = {.n = 0};
    weft_pcap *p = weft_pcap_open_sink(sink_write, &s);
    size_t at = 0;

    (void)state;
    assert_int_equal(weft_pcap_interface(p, "wt0", WEFT_LINK_ETHERNET, 96), 0);
    assert_true(weft_pcap_write_bytes(p, 0, 0x01abcdef12345678, true, "frame", 5, "hi"));
    assert_int_equal(s.n, 0); /* gathered, not yet written */
    assert_true(weft_pcap_close(p));
    assert_int_equal(s.n, sizeof(section_block) + sizeof(interface_block) + sizeof(packet_block));
    assert_memory_equal(s.bytes, section_block, sizeof(section_block));
    at += sizeof(section_block);
    assert_memory_equal(s.bytes + at, interface_block, sizeof(interface_block));
    at += sizeof(interface_block);
    assert_memory_equal(s.bytes + at, packet_block, sizeof(packet_block));
}

static uint32_t load_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Walks over whole blocks; returns how many, or fails. */
static unsigned count_blocks(const uint8_t *p, size_t n, uint32_t type)
{
    unsigned count = 0;
    uint32_t length;

    while (n) {
        assert_true(n >= 12);
        length = load_u32(p + 4);
        assert_true(length >= 12 && length % 4 == 0 && length <= n);
        assert_int_equal(load_u32(p + length - 4), length);
        count += load_u32(p) == type;
        p += length;
        n -= length;
    }
    return count;
}

static void every_write_is_whole_blocks(void **state)
{
    static uint8_t frame[3001];
    struct sink *s = calloc(1, sizeof(*s));
    weft_pcap *p = weft_pcap_open_sink(sink_write, s);
    unsigned i;

    (void)state;
    assert_int_equal(weft_pcap_interface(p, "a", WEFT_LINK_ETHERNET, 0), 0);
    for (i = 0; i < 40; i++) {
        assert_true(weft_pcap_write_bytes(p, 0, i, false, frame, sizeof(frame) - i, NULL));
        count_blocks(s->bytes, s->n, 6);
    }
    assert_true(s->writes > 0); /* some went out by themselves */
    assert_true(weft_pcap_close(p));
    assert_int_equal(count_blocks(s->bytes, s->n, 6), 40);
    free(s);
}

static void snaplen_cuts_the_bytes_and_keeps_the_length(void **state)
{
    struct sink s = {.n = 0};
    weft_pcap *p = weft_pcap_open_sink(sink_write, &s);
    const uint8_t *block;

    (void)state;
    weft_pcap_interface(p, "a", WEFT_LINK_IP, 7);
    assert_true(weft_pcap_flush(p));
    block = s.bytes + s.n;
    assert_true(weft_pcap_write_bytes(p, 0, 0, false, "0123456789", 10, ""));
    assert_true(weft_pcap_close(p));
    assert_int_equal(load_u32(block + 20), 7);
    assert_int_equal(load_u32(block + 24), 10);
    assert_memory_equal(block + 28, "0123456\0", 8);
    assert_int_equal(load_u32(block + 36), 4 << 16 | 2); /* no comment: flags at once */
    assert_int_equal(load_u32(block + 40), 1);           /* inbound */
}

static void an_unknown_interface_is_refused(void **state)
{
    struct sink s = {.n = 0};
    weft_pcap *p = weft_pcap_open_sink(sink_write, &s);

    (void)state;
    assert_false(weft_pcap_write_bytes(p, 0, 0, false, "x", 1, NULL));
    assert_int_equal(weft_pcap_interface(p, "a", WEFT_LINK_ETHERNET, 0), 0);
    assert_int_equal(weft_pcap_interface(p, "b", WEFT_LINK_LOOPBACK, 0), 1);
    assert_false(weft_pcap_write_bytes(p, 2, 0, false, "x", 1, NULL));
    assert_false(weft_pcap_write_bytes(p, -1, 0, false, "x", 1, NULL));
    assert_true(weft_pcap_write_bytes(p, 1, 0, false, "x", 1, NULL));
    assert_true(weft_pcap_close(p));
    assert_int_equal(count_blocks(s.bytes, s.n, 6), 1);
    assert_int_equal(count_blocks(s.bytes, s.n, 1), 2);
}

static void a_failed_write_is_told_at_the_end_too(void **state)
{
    struct sink s = {.refuse = true};
    weft_pcap *p = weft_pcap_open_sink(sink_write, &s);

    (void)state;
    weft_pcap_interface(p, "a", WEFT_LINK_ETHERNET, 0);
    assert_false(weft_pcap_flush(p));
    s.refuse = false;
    assert_false(weft_pcap_write_bytes(p, 0, 0, false, "x", 1, NULL));
    assert_false(weft_pcap_close(p));
    assert_int_equal(s.n, 0);
}

static void a_path_that_cannot_be_made_is_one_line(void **state)
{
    char why[200] = "";

    (void)state;
    assert_null(weft_pcap_open("/nowhere/at/all.pcapng", -1, why, sizeof(why)));
    assert_string_equal(why, "/nowhere/at/all.pcapng: No such file or directory");
}

/* What a reader of its own says about the file; the fields of each packet on a line. */
static void tshark_reads_it(void **state)
{
    static const char ping[] = "\x45\0\0\x1c\0\0\0\0\x40\x01\x66\xdc\x0a\0\0\1\x0a\0\0\2\x08\0\xf7\xff\0\0\0\0";
    char path[] = "/tmp/weft-test-pcap-XXXXXX", command[300], line[300], why[100];
    int fd = mkstemp(path);
    weft_pcap *p;
    FILE *tshark;

    (void)state;
    assert_true(fd >= 0);
    p = weft_pcap_open(NULL, fd, why, sizeof(why));
    assert_non_null(p);
    weft_pcap_interface(p, "tun7", WEFT_LINK_IP, 0);
    assert_true(weft_pcap_write_bytes(p, 0, 1700000000123456789, true, ping, 28, "SYN-SENT → ESTABLISHED"));
    assert_true(weft_pcap_close(p));
    if (system("command -v tshark >/dev/null 2>&1") != 0) {
        unlink(path);
        print_message("skip: lacks tshark: what a reader of its own says of the file\n");
        skip();
    }
    snprintf(command, sizeof(command),
             "tshark -r %s -T fields -E separator='|' -e frame.time_epoch -e frame.interface_name -e frame.len "
             "-e frame.packet_flags_direction -e frame.comment -e ip.dst -e icmp.type 2>/dev/null", path);
    tshark = popen(command, "r");
    assert_non_null(tshark);
    assert_non_null(fgets(line, sizeof(line), tshark));
    pclose(tshark);
    unlink(path);
    assert_string_equal(line, "1700000000.123456789|tun7|28|0x00000002|SYN-SENT → ESTABLISHED|10.0.0.2|8\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_exactly_these_bytes),
        cmocka_unit_test(every_write_is_whole_blocks),
        cmocka_unit_test(snaplen_cuts_the_bytes_and_keeps_the_length),
        cmocka_unit_test(an_unknown_interface_is_refused),
        cmocka_unit_test(a_failed_write_is_told_at_the_end_too),
        cmocka_unit_test(a_path_that_cannot_be_made_is_one_line),
        cmocka_unit_test(tshark_reads_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
