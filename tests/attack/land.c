/* SPDX-License-Identifier: MIT */
/*
 * LAND (CVE-1999-0016) and its kin: segments that claim to come from the victim, from nobody or from everybody. Nothing
 * is answered, nothing is opened, and nobody talks to himself.
 */
#include "field.h"

static const uint32_t impostors[] = {
    FRONT,       /* LAND */
    VICTIM,      /* his other address */
    0x00000000u, /* nobody */
    0x7f000001u, /* loopback */
    0xe0000001u, /* a group */
    0xf0000001u, /* class E */
    0xffffffffu, /* everybody */
    0x0a42ffffu, /* everybody on this net */
    0x0a0000ffu, /* everybody on the other */
};

static const uint16_t flags[] = {TCP_SYN, TCP_ACK, TCP_RST, TCP_FIN, TCP_SYN | TCP_ACK, TCP_SYN | TCP_FIN, 0};

static void each_impostor(struct field *f, uint32_t dst, uint16_t src_port, uint16_t dst_port)
{
    struct segment s = {.dst = dst, .src_port = src_port, .dst_port = dst_port};

    for (size_t i = 0; i < ARRAY_LEN(impostors); i++)
        for (size_t j = 0; j < ARRAY_LEN(flags); j++) {
            s.flags = flags[j];
            s.src = impostors[i];
            s.from_nobody = !s.src;
            attack_segment(f, &s);
        }
}

static void segments_from_impossible_senders_are_not_answered(void **state)
{
    struct field *f = field_new(NULL);
    size_t before = field_memory(f);
    uint64_t opens = weft_counter(f->victim, WEFT_COUNT_tcp_passive_opens);

    each_impostor(f, FRONT, SERVICE, SERVICE);
    each_impostor(f, VICTIM, SERVICE, SERVICE);
    each_impostor(f, FRONT, 4711, SERVICE);
    each_impostor(f, FRONT, 4711, 4711);
    assert_int_equal(attack_drain(f), 0);
    field_run(f, 3 * WEFT_S);
    assert_int_equal(attack_drain(f), 0);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_tcp_passive_opens), opens);
    assert_true(field_memory(f) <= before + 65536);
    expect_work_below(f, 1000);
    field_end(f);
}

/* ---- IPv6 ---- */

static const struct weft_ip impostors_v6[] = {
    {{0x20, 1, 0x0d, 0xb8, 0, 0x66, [15] = 2}},         /* LAND */
    {{0}},                                              /* nobody */
    {{[15] = 1}},                                       /* loopback */
    {{0xff, 2, [15] = 1}},                              /* everybody on the link */
    {{0xff, 0x0e, [15] = 9}},                           /* a group */
    {{[10] = 0xff, 0xff, 10, 0x42, 0, 1}},              /* IPv4 in disguise */
};

static void throw_segment_v6(struct field *f, const struct weft_ip *src, uint16_t src_port, uint16_t flag)
{
    struct attack_v6 h = {.src = *src, .dst = front_v6(2), .next = IP_PROTO_TCP};
    struct tcp_header tcp = {.src_port = src_port, .dst_port = SERVICE, .header_len = TCP_HEADER, .flags = flag,
                             .window = 65535};
    uint8_t segment[TCP_HEADER];
    struct writer w = writer(segment, sizeof segment);

    tcp_emit(&w, &tcp);
    attack_v6(f, &h, segment, sizeof segment);
}

static void segments_of_ipv6_from_impossible_senders_are_not_answered(void **state)
{
    struct field *f = field_new(NULL);
    struct weft_ip stranger = front_v6(1);
    uint64_t opens = weft_counter(f->victim, WEFT_COUNT_tcp_passive_opens);
    size_t before = field_in_use(f);

    for (size_t i = 0; i < ARRAY_LEN(impostors_v6); i++)
        for (size_t j = 0; j < ARRAY_LEN(flags); j++) {
            throw_segment_v6(f, &impostors_v6[i], SERVICE, flags[j]);
            throw_segment_v6(f, &impostors_v6[i], 4711, flags[j]);
        }
    assert_int_equal(attack_drain(f), 0);
    field_run(f, 3 * WEFT_S);
    assert_int_equal(attack_drain(f), 0);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_tcp_passive_opens), opens);
    assert_true(field_in_use(f) <= before + 8192);
    throw_segment_v6(f, &stranger, 4711, TCP_SYN); /* so that it means something: who could be is answered */
    assert_int_equal(attack_drain(f), 1);
    expect_work_below(f, 1000);
    field_run(f, WEFT_S);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_from_impossible_senders_are_not_answered),
        cmocka_unit_test(segments_of_ipv6_from_impossible_senders_are_not_answered),
    };

    return cmocka_run_group_tests_name("attack_land", tests, NULL, NULL);
}
