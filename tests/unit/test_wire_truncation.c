/* SPDX-License-Identifier: MIT */
/*
 * The truncation sweep: sound packets of every kind, cut at every byte, with every length field lying in every usual
 * way. The parsers of src/wire must give a verdict and read nothing outside: each input ends at the end of a heap block
 * of its own size (for the address sanitizer) and once more right before an unmapped page (for everybody else).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "wire/arp.h"
#include "wire/ethernet.h"
#include "wire/icmpv4.h"
#include "wire/ipv4.h"
#include "wire/print.h"
#include "wire/tcp.h"
#include "wire/udp.h"

#define L3 ETH_HEADER

struct field {
    size_t at; /* from the frame's first byte; 0 ends the list */
    unsigned bits, shift;
};

struct sample {
    const char *name;
    uint8_t bytes[160];
    size_t len;
    size_t headers;  /* bytes a parser must see to accept all layers */
    unsigned layers; /* how many a sound packet has */
    struct field fields[12];
};

/* The fixed parts stand here; samples_make adds checksums. */
static struct sample samples[] = {
    {.name = "ARP request", .len = L3 + 28, .headers = L3 + 28, .layers = 2,
     .bytes = {[12] = 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 9, 0, 2, 0, 0, 0, 0, 0, 0, 10, 9, 0, 1},
     .fields = {{L3 + 4, 8, 0}, {L3 + 5, 8, 0}}},
    {.name = "ICMP echo", .len = L3 + 40, .headers = L3 + 28, .layers = 3,
     .bytes = {[12] = 8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 1, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1, 8, 0, 0, 0, 0, 7, 0, 3},
     .fields = {{L3, 4, 0}, {L3 + 2, 16, 0}}},
    {.name = "ICMP port unreachable, quoting TCP behind options", .len = L3 + 60, .headers = L3 + 60, .layers = 4,
     .bytes = {[12] = 8, 0, 0x45, 0, 0, 60, 0, 1, 0, 0, 64, 1, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1, 3, 3, 0, 0, 0, 0, 0, 0,
               0x46, 0, 0x05, 0xdc, 0, 2, 0, 0, 64, 6, 0xba, 0xad, 10, 9, 0, 1, 10, 9, 9, 9, 0x94, 4, 0, 0,
               0, 7, 0x84, 0xdc, 1, 2, 3, 4},
     .fields = {{L3, 4, 0}, {L3 + 2, 16, 0}, {L3 + 28, 4, 0}, {L3 + 30, 16, 0}, {L3 + 49, 8, 0}}},
    {.name = "UDP behind record route and router alert", .len = L3 + 48, .headers = L3 + 40, .layers = 3,
     .bytes = {[12] = 8, 0, 0x48, 0, 0, 48, 0, 1, 0, 0, 64, 17, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1,
               7, 7, 4, 0, 0, 0, 0, 1, 0x94, 4, 0, 0, 0x84, 0xdc, 0, 7, 0, 16, 0, 0},
     .fields = {{L3, 4, 0}, {L3 + 2, 16, 0}, {L3 + 21, 8, 0}, {L3 + 29, 8, 0}, {L3 + 36, 16, 0}}},
    {.name = "first fragment of UDP", .len = L3 + 36, .headers = L3 + 28, .layers = 3,
     .bytes = {[12] = 8, 0, 0x45, 0, 0, 36, 0, 1, 0x20, 0, 64, 17, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1,
               0x84, 0xdc, 0, 7, 0x0b, 0xb8, 0, 0},
     .fields = {{L3, 4, 0}, {L3 + 2, 16, 0}, {L3 + 6, 13, 0}, {L3 + 24, 16, 0}}},
    {.name = "TCP SYN", .len = L3 + 60, .headers = L3 + 60, .layers = 3,
     .bytes = {[12] = 8, 0, 0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1,
               0x84, 0xdc, 0, 7, 1, 2, 3, 4, 0, 0, 0, 0, 0xa0, 2, 0xff, 0xff, 0, 0, 0, 0,
               2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7},
     .fields = {{L3, 4, 0}, {L3 + 2, 16, 0}, {L3 + 32, 4, 4}, {L3 + 41, 8, 0}, {L3 + 45, 8, 0}, {L3 + 47, 8, 0},
                {L3 + 58, 8, 0}}},
    {.name = "TCP data with timestamps and SACK", .len = L3 + 80, .headers = L3 + 72, .layers = 3,
     .bytes = {[12] = 8, 0, 0x45, 0, 0, 80, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1,
               0x84, 0xdc, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 0xd0, 0x38, 0xff, 0xff, 0, 0, 0, 8,
               1, 1, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4},
     .fields = {{L3, 4, 0}, {L3 + 2, 16, 0}, {L3 + 32, 4, 4}, {L3 + 43, 8, 0}, {L3 + 55, 8, 0}, {L3 + 38, 16, 0}}},
    {.name = "TCP with experimental options up to the last byte", .len = L3 + 80, .headers = L3 + 80, .layers = 3,
     .bytes = {[12] = 8, 0, 0x45, 0, 0, 80, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1,
               0x84, 0xdc, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 0xf0, 0x10, 0xff, 0xff, 0, 0, 0, 0,
               253, 20, [L3 + 60] = 254, 18, [L3 + 78] = 200, 2},
     .fields = {{L3, 4, 0}, {L3 + 2, 16, 0}, {L3 + 32, 4, 4}, {L3 + 41, 8, 0}, {L3 + 61, 8, 0}, {L3 + 79, 8, 0}}},
};

static void mend(uint8_t *p, size_t len)
{
    size_t header_len = (size_t)(p[L3] & 15) * 4;

    if (peek_u16(p + 12) != ETH_TYPE_IPV4 || L3 + header_len > len)
        return;
    poke_u16(p + L3 + 10, 0);
    poke_u16(p + L3 + 10, csum(p + L3, header_len));
}

static unsigned transport_layers(struct reader r, size_t len, const struct ipv4_header *ip)
{
    struct icmpv4_header icmp;
    struct icmpv4_quote quote;
    struct udp_header udp;
    struct tcp_options options;
    struct tcp_header tcp;

    switch (ip->proto) {
    case IP_PROTO_UDP:
        return udp_parse(&r, &udp);
    case IP_PROTO_TCP:
        return tcp_parse(&r, len, &tcp, &options) == TCP_OK;
    default:
        if (!icmpv4_parse(&r, &icmp))
            return 0;
        return icmpv4_is_error(icmp.type) && icmpv4_quote_parse(&r, &quote) ? 2 : 1;
    }
}

/* How many layers of the frame are accepted: `seen` bytes are at p, the frame has `len`. */
static unsigned layers_of(const uint8_t *p, size_t seen, size_t len)
{
    struct reader r = reader(p, seen);
    struct eth_header eth;
    struct arp_packet arp;
    struct ipv4_header ip;
    enum ipv4_verdict verdict;

    if (!eth_parse(&r, &eth))
        return 0;
    if (eth.type == ETH_TYPE_ARP)
        return 1 + arp_parse(&r, &arp);
    verdict = ipv4_parse(&r, len - ETH_HEADER, &ip);
    assert_in_range(verdict, IPV4_OK, IPV4_SOURCE_ROUTE);
    if (verdict != IPV4_OK)
        return 1;
    assert_true(ip.header_len <= ip.total_len && ip.total_len <= len - ETH_HEADER);
    assert_ptr_equal(r.p, p + ETH_HEADER + ip.header_len);
    r.end -= reader_left(&r) - min_size(reader_left(&r), ip.total_len - ip.header_len);
    return 2 + transport_layers(r, ip.total_len - ip.header_len, &ip);
}

static void line_check(const uint8_t *p, size_t seen, size_t len)
{
    char text[64], large[1024];
    struct fmt f = fmt_begin(text, sizeof text);
    struct fmt g = fmt_begin(large, sizeof large);

    print_packet(&f, PRINT_ETHERNET, p, seen, len);
    print_packet(&g, PRINT_ETHERNET, p, seen, len);
    assert_false(g.cut);
    assert_true(strlen(large) > 0);
    assert_memory_equal(text, large, strlen(text));
}

static uint8_t *page_end; /* the bytes before it can be read, the byte at it cannot */

static unsigned feed(const uint8_t *p, size_t seen, size_t len)
{
    uint8_t *exact = malloc(seen + !seen);
    uint8_t *guarded = page_end - seen;
    unsigned layers;

    assert_non_null(exact);
    memcpy(exact, p, seen);
    memcpy(guarded, p, seen);
    line_check(guarded, seen, len);
    line_check(exact, seen, len);
    layers = layers_of(exact, seen, len);
    assert_int_equal(layers_of(guarded, seen, len), layers);
    free(exact);
    return layers;
}

static void whole_packets_are_accepted(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++)
        assert_int_equal(feed(samples[i].bytes, samples[i].len, samples[i].len), samples[i].layers);
}

static void cut_packets_lose_their_upper_layers(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        for (size_t n = 0; n < samples[i].len; n++)
            assert_int_equal(feed(samples[i].bytes, n, n), n < L3 ? 0 : 1);
    }
}

static void packets_are_accepted_when_all_headers_are_in_the_linear_part(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        const struct sample *s = &samples[i];

        for (size_t seen = 0; seen < s->len; seen++) {
            unsigned layers = feed(s->bytes, seen, s->len);

            if (seen >= s->headers)
                assert_int_equal(layers, s->layers);
            else
                assert_true(layers < s->layers);
        }
    }
}

static uint16_t field_get(const struct sample *s, const struct field *f)
{
    uint16_t v = f->bits > 8 ? peek_u16(s->bytes + f->at) : s->bytes[f->at];

    return (uint16_t)(v >> f->shift & ((1u << f->bits) - 1));
}

static void field_set(uint8_t *p, const struct field *f, unsigned value)
{
    unsigned mask = (1u << f->bits) - 1;
    unsigned old = f->bits > 8 ? peek_u16(p + f->at) : p[f->at];
    unsigned v = (old & ~(mask << f->shift)) | (value & mask) << f->shift;

    if (f->bits > 8)
        poke_u16(p + f->at, (uint16_t)v);
    else
        p[f->at] = (uint8_t)v;
}

/* This field with this value, the checksum right again, whole and cut at every byte. */
static void lie_feed(const struct sample *s, const struct field *f, unsigned value)
{
    struct sample lie = *s;

    field_set(lie.bytes, f, value);
    mend(lie.bytes, lie.len);
    for (size_t n = 0; n <= lie.len; n++) {
        assert_true(feed(lie.bytes, n, n) <= lie.layers);
        assert_true(feed(lie.bytes, n, lie.len) <= lie.layers);
    }
}

/* MUST-7 */
static void lying_length_fields_get_a_verdict_and_no_byte_too_many(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        for (const struct field *f = samples[i].fields; f->at; f++) {
            unsigned right = field_get(&samples[i], f);
            unsigned max = (1u << f->bits) - 1;
            unsigned lies[] = {0, 1, right - 1, right + 1, max, max / 2, max - 1, 2, 3};

            for (size_t k = 0; k < ARRAY_LEN(lies); k++)
                lie_feed(&samples[i], f, lies[k]);
        }
    }
}

static void every_byte_may_have_any_value(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        for (size_t at = 0; at < samples[i].headers; at++) {
            for (unsigned value = 0; value < 256; value++) {
                struct sample s = samples[i];

                s.bytes[at] = (uint8_t)value;
                mend(s.bytes, s.len);
                feed(s.bytes, s.len, s.len);
                feed(s.bytes, s.headers, s.len);
            }
        }
    }
}

static int samples_make(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED || mprotect(p + page, page, PROT_NONE) != 0)
        return -1;
    page_end = p + page;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++)
        mend(samples[i].bytes, samples[i].len);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_packets_are_accepted),
        cmocka_unit_test(cut_packets_lose_their_upper_layers),
        cmocka_unit_test(packets_are_accepted_when_all_headers_are_in_the_linear_part),
        cmocka_unit_test(lying_length_fields_get_a_verdict_and_no_byte_too_many),
        cmocka_unit_test(every_byte_may_have_any_value),
    };

    return cmocka_run_group_tests(tests, samples_make, NULL);
}
