/* SPDX-License-Identifier: MIT */
/*
 * IPv6 extension headers by the hundred (RFC 7112, RFC 8504 §5.3): long chains, headers full of padding or of options,
 * source routes, fragments within fragments, headers in the wrong place and cut anywhere. One pass, bounded by what is
 * followed at all; what is more is dropped by name.
 */
#include "field.h"

#include "wire/icmpv6.h"

static uint8_t packet[IPV6_MAX_LEN];

struct chain {
    size_t len;      /* of the whole packet so far */
    size_t named_at; /* the byte that names what comes next */
};

static struct chain begin(void)
{
    memset(packet, 0, IPV6_HEADER);
    packet[0] = 0x60;
    packet[7] = 64;
    memcpy(packet + 8, "\x20\x01\x0d\xb8\0\x66\0\0\0\0\0\0\0\0\0\1", 16);
    memcpy(packet + 24, "\x20\x01\x0d\xb8\0\x66\0\0\0\0\0\0\0\0\0\2", 16);
    return (struct chain){IPV6_HEADER, 6};
}

/* An extension header of so many bytes, all of them zero: for options that is Pad1 after Pad1. */
static void add(struct chain *c, uint8_t kind, size_t len)
{
    packet[c->named_at] = kind;
    c->named_at = c->len;
    memset(packet + c->len, 0, len);
    packet[c->len + 1] = (uint8_t)(len / 8 - 1);
    c->len += len;
}

static void finish(struct field *f, struct chain *c, uint8_t upper, size_t len)
{
    packet[c->named_at] = upper;
    memset(packet + c->len, 0, len);
    c->len += len;
    poke_u16(packet + 4, (uint16_t)(c->len - IPV6_HEADER));
    attack_throw(f, packet, c->len);
}

static uint64_t drops(struct field *f)
{
    uint64_t sum = 0;

    for (int d = 1; d < WEFT_DROP_COUNT; d++)
        sum += weft_drops(f->victim, (enum weft_drop)d);
    return sum;
}

static const uint8_t kinds[] = {IP_PROTO_HOPOPTS, IP_PROTO_DSTOPTS, IP_PROTO_ROUTING, IP_PROTO_FRAGMENT};

static void chains_of_every_length_are_followed_so_far_and_no_further(void **state)
{
    struct field *f = field_new(NULL);

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        for (unsigned n = IPV6_MAX_EXTENSIONS + 1; n < 180; n++) {
            uint64_t before = drops(f);
            struct chain c = begin();

            for (unsigned k = 0; k < n; k++)
                add(&c, k ? kinds[i] : IP_PROTO_HOPOPTS, 8);
            finish(f, &c, IP_PROTO_UDP, 8);
            assert_true(drops(f) > before || kinds[i] == IP_PROTO_FRAGMENT);
        }
    expect_work_below(f, 1500);
    field_run(f, WEFT_S);
    field_end(f);
}

static void headers_full_of_padding_or_options_cost_no_more(void **state)
{
    struct field *f = field_new(NULL);

    for (uint8_t option = 0; option < 4; option++)
        for (size_t len = 8; len <= 2048; len += 8) {
            struct chain c = begin();

            add(&c, IP_PROTO_HOPOPTS, len);
            for (size_t at = IPV6_HEADER + 2; at + 2 <= c.len; at += option ? 2u : 1u)
                packet[at] = option;
            finish(f, &c, IP_PROTO_UDP, 8);
        }
    expect_work_below(f, 1500);
    assert_true(weft_drops(f->victim, WEFT_DROP_ip6_chain_limit) > 500);
    field_run(f, WEFT_S);
    field_end(f);
}

/* R8200-4.5b: as long as there are pieces there is a bound, within one as well. */
static void fragments_within_fragments_end(void **state)
{
    struct field *f = field_new(NULL);
    size_t before = field_in_use(f);

    for (uint32_t id = 0; id < 2000; id++) {
        struct chain c = begin();

        for (unsigned k = 0; k < 50; k++) {
            add(&c, IP_PROTO_FRAGMENT, 8);
            poke_u32(packet + c.len - 4, id + k);
        }
        finish(f, &c, IP_PROTO_UDP, 8);
    }
    expect_work_below(f, 2500);
    field_run(f, 61 * WEFT_S);
    attack_drain(f);
    assert_true(field_in_use(f) <= before + 4096); /* the stream has more on its way at one time than at another */
    field_end(f);
}

/* A sound packet with one of each header, cut at each byte, and with each byte of its headers changed to each value. */
static void no_byte_of_a_chain_does_harm(void **state)
{
    static uint8_t sound[256];
    struct field *f = field_new(NULL);
    struct chain c = begin();
    size_t n;

    add(&c, IP_PROTO_HOPOPTS, 16);
    add(&c, IP_PROTO_DSTOPTS, 8);
    add(&c, IP_PROTO_ROUTING, 8);
    finish(f, &c, IP_PROTO_ICMPV6, 16);
    n = c.len;
    memcpy(sound, packet, n);
    for (size_t cut = 0; cut < n; cut++)
        attack_throw(f, sound, cut);
    for (size_t at = 0; at < n; at++)
        for (unsigned v = 0; v < 256; v++) {
            memcpy(packet, sound, n);
            packet[at] = (uint8_t)v;
            attack_throw(f, packet, n);
        }
    expect_work_below(f, 2500);
    attack_drain(f);
    field_run(f, WEFT_S);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_of_every_length_are_followed_so_far_and_no_further),
        cmocka_unit_test(headers_full_of_padding_or_options_cost_no_more),
        cmocka_unit_test(fragments_within_fragments_end),
        cmocka_unit_test(no_byte_of_a_chain_does_harm),
    };

    return cmocka_run_group_tests_name("attack_chains", tests, NULL, NULL);
}
