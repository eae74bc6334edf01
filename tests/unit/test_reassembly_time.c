/* SPDX-License-Identifier: MIT */
/* Reassembly: how long a datagram waits for what is missing of it. */
#include "reassembly_bench.h"

/* Is this datagram the ICMP error "fragment reassembly time exceeded"? */
static bool is_time_exceeded(const uint8_t *p, size_t n)
{
    return read_ip(p, n).proto == IP_PROTO_ICMP && p[IPV4_HEADER] == ICMPV4_TIME_EXCEEDED && p[IPV4_HEADER + 1] == 1 &&
           peek_u32(p + IPV4_HEADER + 4) == 0; /* unused (RFC 792) */
}

static void an_incomplete_datagram_ends_after_its_time_with_a_word_to_the_sender(void **state)
{
    struct bench *b = *state;
    uint8_t out[1500];
    size_t n;

    /* R1122-3.3.2b */
    put(b, 1, 80, 8, false);
    bench_tick(b, 30 * WEFT_S);
    put(b, 1, 0, 40, true);
    bench_tick(b, 30 * WEFT_S - 1);
    bench_assert_silent(b);
    bench_tick(b, 1);
    n = bench_take(b, out, sizeof(out));
    assert_true(is_time_exceeded(out, n));
    assert_int_equal(n, IPV4_HEADER + ICMPV4_HEADER + IPV4_HEADER + 40);
    assert_int_equal(read_ip(out + 28, n - 28).frag_offset, 0);
    bench_assert_silent(b);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_timeout), 2);
    assert_int_equal(b->s->mem.live[MEM_frag], 0);
    assert_int_equal(weft_deadline(b->s), WEFT_NEVER);
}

static void without_its_first_fragment_a_datagram_ends_in_silence(void **state)
{
    struct bench *b = *state;

    /* R1122-3.3.2b */
    put(b, 1, 8, 8, true);
    put(b, 1, 80, 8, false);
    bench_tick(b, 60 * WEFT_S);
    bench_assert_silent(b);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_timeout), 2);
    assert_int_equal(b->s->mem.live[MEM_frag], 0);
}

static void each_datagram_has_a_time_of_its_own(void **state)
{
    struct bench *b = *state;

    for (uint16_t i = 0; i < 10; i++) {
        put(b, i, 8, 8, true);
        bench_tick(b, WEFT_S);
    }
    for (unsigned i = 1; i <= 10; i++) {
        bench_tick(b, i == 1 ? 50 * WEFT_S : WEFT_S);
        assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_timeout), i);
    }
}

static void an_interface_may_go_while_its_fragments_wait(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    struct ipv4_header h = plain;

    h.src = OTHER_PEER;
    h.dst = OTHER_US;
    h.mf = true;
    bench_input_on(b, b->other, p, make_ip(p, h, "01234567", 8));
    weft_if_free(b->other);
    b->other = NULL;
    bench_tick(b, 60 * WEFT_S);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_timeout), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(an_incomplete_datagram_ends_after_its_time_with_a_word_to_the_sender),
        CLAIM(without_its_first_fragment_a_datagram_ends_in_silence),
        CLAIM(each_datagram_has_a_time_of_its_own),
        CLAIM(an_interface_may_go_while_its_fragments_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
