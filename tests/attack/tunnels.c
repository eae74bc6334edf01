/* SPDX-License-Identifier: MIT */
/*
 * Datagrams within datagrams (Ripple20: CVE-2020-11896, -11898, -11900; CVE-2020-10136): a host that unwraps what it was
 * not told to lets anybody speak in anybody's name. Nothing is unwrapped here, however deep, whatever the inner lengths
 * claim: the protocol is refused, no socket hears of it.
 */
#include "field.h"

#include "wire/ipv6.h"
#include "wire/udp.h"

#define DEEPEST 8

/* An echo request to FRONT from within the house, wrapped so many times; the inner length lies by `lie`. Returns bytes. */
static size_t wrap(uint8_t *out, unsigned depth, uint8_t proto, int lie)
{
    size_t n = 16;
    uint8_t inner[IPV4_MAX_HEADER * (DEEPEST + 1) + 16];
    struct csum sum = {0};

    memset(out, 0, n);
    out[0] = ICMPV4_ECHO;
    csum_add(&sum, out, n);
    poke_u16(out + 2, csum_fold(&sum));
    for (unsigned i = 0; i < depth; i++) {
        struct ipv4_header h = {.header_len = IPV4_HEADER, .ttl = 64, .src = BYSTANDER, .dst = FRONT,
                                .proto = i == 0 ? IP_PROTO_ICMP : proto,
                                .total_len = (uint16_t)(IPV4_HEADER + (int)n + (i + 1 == depth ? lie : 0))};

        memcpy(inner, out, n);
        ipv4_emit(&(struct writer){out, out + IPV4_HEADER, false}, &h);
        memcpy(out + IPV4_HEADER, inner, n);
        n += IPV4_HEADER;
    }
    return n;
}

static void what_is_wrapped_stays_wrapped(void **state)
{
    static const uint8_t protocols[] = {4, 41, 47, 55, 94, 98}; /* IP, IPv6, GRE, minimal, IPIP, ENCAP */
    static const int lies[] = {0, -36, -20, -1, 1, 1000, 65000 - 36};
    uint8_t bytes[1024];
    struct field *f = field_new(NULL);
    uint64_t sent = 0;
    struct caught *c = malloc(sizeof *c);

    assert_non_null(c);
    for (size_t p = 0; p < sizeof protocols; p++)
        for (unsigned depth = 1; depth <= DEEPEST; depth++)
            for (size_t i = 0; i < sizeof lies / sizeof *lies; i++, sent++) {
                size_t n = wrap(bytes, depth, protocols[p], lies[i]);

                attack_datagram(f, (struct ipv4_header){.proto = protocols[p], .src = ATTACKER, .dst = FRONT}, bytes, n);
                while (attack_take(f, c)) { /* an error at most, to who really sent it */
                    assert_int_equal(c->ip.proto, IP_PROTO_ICMP);
                    assert_int_equal(c->ip.dst, ATTACKER);
                    assert_int_equal(c->bytes[c->ip.header_len], ICMPV4_UNREACHABLE);
                }
            }
    assert_int_equal(weft_drops(f->victim, WEFT_DROP_ip_unknown_protocol), sent);
    expect_work_below(f, 900);
    field_run(f, 100 * WEFT_MS);
    free(c);
    field_end(f);
}

/* An echo request from within the house, wrapped in IPv6 so many times, or in IPv4 within IPv6. */
static void what_is_wrapped_in_ipv6_stays_wrapped(void **state)
{
    struct field *f = field_new(NULL);
    struct attack_v6 h = {.src = front_v6(1), .dst = front_v6(2)};
    uint8_t bytes[1024], out[1280];
    uint64_t sent = 0;
    weft_pkt *pkt;

    for (unsigned depth = 1; depth <= DEEPEST; depth++, sent += 2) {
        size_t n = wrap(bytes, depth, 4, 0);

        h.next = 4;
        attack_v6(f, &h, bytes, n);
        for (unsigned i = 0; i < depth; i++) {
            memmove(bytes + IPV6_HEADER, bytes, n);
            memset(bytes, 0, IPV6_HEADER);
            bytes[0] = 0x60;
            poke_u16(bytes + 4, (uint16_t)n);
            bytes[6] = i ? 41 : 4;
            bytes[7] = 64;
            memcpy(bytes + 8, &h.src, 16);
            memcpy(bytes + 24, &h.dst, 16);
            n += IPV6_HEADER;
        }
        h.next = 41;
        attack_v6(f, &h, bytes, n);
    }
    while (weft_output(f->back, &pkt, 1, f->now)) {
        weft_pkt_copy(pkt, 0, out, sizeof out);
        weft_pkt_release(pkt);
        assert_int_equal(out[6], IP_PROTO_ICMPV6); /* an error at most, to who really sent it: unknown next header */
        assert_memory_equal(out + 24, &h.src, 16);
        assert_int_equal(out[IPV6_HEADER], ICMPV6_PARAMETER_PROBLEM);
    }
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_icmp_echo_in), 0);
    assert_int_equal(weft_drops(f->victim, WEFT_DROP_ip_unknown_protocol), sent);
    expect_work_below(f, 900);
    field_run(f, 100 * WEFT_MS);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrapped_stays_wrapped),
        cmocka_unit_test(what_is_wrapped_in_ipv6_stays_wrapped),
    };

    return cmocka_run_group_tests_name("attack_tunnels", tests, NULL, NULL);
}
