/* SPDX-License-Identifier: MIT */
/*
 * What must not be guessed (RFC 6528, RFC 6056, RFC 6864, RFC 7739): initial sequence numbers, ephemeral ports and
 * identifications. Samples at a clock that stands still; each byte of them is as often as any other (chi-square), and
 * the next does not follow from the last (serial correlation), nor from what other destinations see.
 */
#include "field.h"

#define SAMPLES 4096

/*
 * Of 255 degrees of freedom: mean 255, standard deviation 22.6. Outside of 150 to 400 a fair source is once in a hundred
 * million; the seed is fixed, so the result is always the same.
 */
static double chi_square_of_bytes(const uint32_t *v, size_t n, unsigned shift)
{
    unsigned count[256] = {0};
    double expected = (double)n / 256, sum = 0;

    for (size_t i = 0; i < n; i++)
        count[v[i] >> shift & 0xff]++;
    for (size_t i = 0; i < 256; i++)
        sum += (count[i] - expected) * (count[i] - expected) / expected;
    return sum;
}

/* Between each number and the next, from -1 to 1; a fair source of n stays within 5/sqrt(n). */
static double serial_correlation(const uint32_t *v, size_t n, double range)
{
    double mean = range / 2, variance = range * range / 12, sum = 0;

    for (size_t i = 1; i < n; i++)
        sum += (v[i] - mean) * (v[i - 1] - mean);
    return sum / ((double)(n - 1) * variance);
}

static void expect_fair_bytes(const uint32_t *v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        double x = chi_square_of_bytes(v, SAMPLES, 8 * i);

        if (x < 150 || x > 400)
            fail_msg("byte %u: chi-square %d", i, (int)x);
    }
}

static void expect_uncorrelated(const uint32_t *v, double range)
{
    double r = serial_correlation(v, SAMPLES, range);

    if (r > 5.0 / 64 || r < -5.0 / 64)
        fail_msg("serial correlation %d/1000", (int)(1000 * r));
}

/* What differs from one sample to the next: a constant step would show here. */
static void differences(const uint32_t *v, uint32_t *d)
{
    for (size_t i = 0; i < SAMPLES; i++)
        d[i] = v[(i + 1) % SAMPLES] - v[i];
}

/* ---- initial sequence numbers ---- */

static uint32_t isn_for(struct field *f, struct caught *c, uint32_t src, uint16_t port)
{
    attack_segment(f, SEGMENT(.src = src, .src_port = port, .dst_port = SERVICE, .seq = 1, .flags = TCP_SYN,
                              .options = {.mss = 1460}));
    assert_true(attack_take(f, c));
    attack_segment(f, SEGMENT(.src = src, .src_port = port, .dst_port = SERVICE, .seq = 2, .flags = TCP_RST));
    return c->tcp.seq.v;
}

/* MUST-9 */
static void initial_sequence_numbers_of_other_pairs_tell_nothing(void **state)
{
    static uint32_t v[SAMPLES], d[SAMPLES];
    struct field *f = field_new(NULL);
    struct caught *c = malloc(sizeof *c);

    for (uint32_t i = 0; i < SAMPLES; i++)
        v[i] = isn_for(f, c, ATTACKER + 0x100 + i % 64, (uint16_t)(1024 + i / 64));
    expect_fair_bytes(v, 4);
    expect_uncorrelated(v, 4294967296.0);
    differences(v, d);
    expect_fair_bytes(d, 4);
    field_run(f, WEFT_S);
    field_end(f);
    free(c);
}

/* ---- ephemeral ports ---- */

static uint32_t port_to(struct field *f, struct caught *c, uint32_t dst, uint16_t port)
{
    struct weft_addr to = {weft_ipv4(dst), port};
    weft_sock *sock = weft_socket(f->victim, WEFT_TCP, NULL);
    uint32_t chosen;

    assert_int_equal(weft_connect(sock, &to), WEFT_EINPROGRESS);
    assert_true(attack_take(f, c));
    chosen = c->tcp.src_port;
    weft_abort(sock);
    return chosen;
}

/* R6056-1: who sees the ports of connections to himself learns nothing of those to others. */
static void ports_to_one_destination_tell_nothing_of_another(void **state)
{
    static uint32_t v[SAMPLES];
    struct field *f = field_new(NULL);
    struct caught *c = malloc(sizeof *c);

    for (uint32_t i = 0; i < SAMPLES; i++) /* what the victim chooses for others, less what he chose for me just before */
        v[i] = (port_to(f, c, ATTACKER + 0x100 + i, 80) - port_to(f, c, ATTACKER, 80)) / 2; /* connect takes even ones */
    expect_fair_bytes(v, 1);
    field_run(f, WEFT_S);
    field_end(f);
    free(c);
}

/* ---- identifications ---- */

static uint32_t identification_to(struct field *f, struct caught *c, weft_sock *sock, uint32_t dst)
{
    static const uint8_t large[2000];
    struct weft_addr to = {weft_ipv4(dst), 9};
    uint32_t id;

    assert_int_equal(weft_sendto(sock, large, sizeof large, 0, &to), sizeof large);
    assert_true(attack_take(f, c));
    assert_true(c->ip.mf);
    id = c->ip.id;
    attack_drain(f);
    return id;
}

/* The idle scan: a count for all destinations together would tell how much was sent to others. */
static void identifications_to_one_destination_tell_nothing_of_another(void **state)
{
    static uint32_t v[SAMPLES];
    struct field *f = field_new(NULL);
    struct caught *c = malloc(sizeof *c);
    weft_sock *sock = weft_socket(f->victim, WEFT_UDP, NULL);

    for (uint32_t i = 0; i < SAMPLES; i++)
        v[i] = (identification_to(f, c, sock, ATTACKER + 0x100 + i) - identification_to(f, c, sock, ATTACKER)) & 0xffff;
    expect_fair_bytes(v, 2);
    weft_close(sock);
    field_run(f, WEFT_S);
    field_end(f);
    free(c);
}

/* R6864-1 */
static void identifications_to_one_destination_do_not_come_again_soon(void **state)
{
    struct field *f = field_new(NULL);
    struct caught *c = malloc(sizeof *c);
    weft_sock *sock = weft_socket(f->victim, WEFT_UDP, NULL);
    static bool seen[65536];

    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t id = identification_to(f, c, sock, ATTACKER);

        assert_false(seen[id]);
        seen[id] = true;
    }
    weft_close(sock);
    field_run(f, WEFT_S);
    field_end(f);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initial_sequence_numbers_of_other_pairs_tell_nothing),
        cmocka_unit_test(ports_to_one_destination_tell_nothing_of_another),
        cmocka_unit_test(identifications_to_one_destination_tell_nothing_of_another),
        cmocka_unit_test(identifications_to_one_destination_do_not_come_again_soon),
    };

    return cmocka_run_group_tests_name("attack_predict", tests, NULL, NULL);
}
