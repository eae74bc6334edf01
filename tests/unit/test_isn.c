/* SPDX-License-Identifier: MIT */
/* Initial sequence numbers and timestamp offsets (src/tcp/isn.c): RFC 9293 §3.4.1, RFC 6528, RFC 7323 §5.4. */
#include "room.h"
#include "tcp/isn.h"

#define SAMPLES 100000

static const struct sip_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static struct weft_addr addr(uint32_t ip, uint16_t port) { return (struct weft_addr){weft_ipv4(ip), port}; }

static uint32_t isn_of(struct sip_key k, struct weft_addr local, struct weft_addr remote, weft_time now)
{
    return isn(flow_offsets(k, &local, &remote).isn, now).v;
}

/* MUST-8, R6528-1: the same pair again after dt differs by 250,000 a second */
static void isn_ticks_every_four_microseconds(void **state)
{
    static const struct {
        weft_time dt;
        uint32_t ticks;
    } rows[] = {
        {0, 0},
        {4 * WEFT_US, 1},
        {8 * WEFT_US, 2},
        {WEFT_MS, 250},
        {WEFT_S, 250000},
        {60 * WEFT_S, 15000000},
        {24 * 3600 * WEFT_S, (uint32_t)(24ull * 3600 * 250000)},
        {17179869184 * WEFT_US, 0}, /* 4.77 hours: once around */
    };
    struct weft_addr local = addr(0x0a090001, 80), remote = addr(0x0a090002, 40000);

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        weft_time at = 1234567 * 4 * WEFT_US;

        assert_int_equal(isn_of(key, local, remote, at + rows[i].dt) - isn_of(key, local, remote, at), rows[i].ticks);
    }
    assert_int_equal(isn_of(key, local, remote, 0), isn_of(key, local, remote, 3999));
}

/* MUST-9: fresh per boot */
static void isn_of_another_key_is_unrelated(void **state)
{
    struct weft_addr local = addr(0x0a090001, 80), remote = addr(0x0a090002, 40000);
    struct sip_key other = key;
    unsigned differing = 0;

    for (unsigned bit = 0; bit < 128; bit++) {
        uint32_t x;

        other = key;
        *(bit < 64 ? &other.k0 : &other.k1) ^= 1ull << bit % 64;
        x = isn_of(other, local, remote, 0) ^ isn_of(key, local, remote, 0);
        assert_int_not_equal(x, 0);
        differing += (unsigned)__builtin_popcount(x);
    }
    assert_in_range(differing, 128 * 16 - 150, 128 * 16 + 150); /* half the bits; sigma is 32 */
}

static struct weft_ip spread(uint32_t n)
{
    struct weft_ip ip;

    for (unsigned i = 0; i < 16; i++)
        ip.b[i] = (uint8_t)(n * 7 + i * 31);
    return ip;
}

static struct weft_addr flip(struct weft_addr a, unsigned bit)
{
    if (bit < 128)
        a.ip.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    else
        a.port ^= (uint16_t)(1u << (bit - 128));
    return a;
}

/* SHLD-1: each bit of each of the four fields turns half of the offset, on average */
static void isn_depends_on_every_bit_of_the_pair(void **state)
{
    const struct weft_addr local = {spread(1), 443}, remote = {spread(2), 51515};
    unsigned differing = 0;

    for (unsigned bit = 0; bit < 2 * 144; bit++) {
        struct weft_addr l = bit < 144 ? flip(local, bit) : local;
        struct weft_addr r = bit < 144 ? remote : flip(remote, bit - 144);
        uint32_t x = isn_of(key, l, r, 0) ^ isn_of(key, local, remote, 0);

        assert_int_not_equal(x, 0);
        differing += (unsigned)__builtin_popcount(x);
    }
    assert_in_range(differing, 288 * 16 - 240, 288 * 16 + 240); /* sigma is 48 */
    assert_int_not_equal(isn_of(key, local, remote, 0), isn_of(key, remote, local, 0));
}

/* What somebody sees who connects again and again: the ports count up, the addresses after them; the clock stands. */
static void take_samples(uint32_t *out)
{
    for (uint32_t i = 0; i < SAMPLES; i++)
        out[i] = isn_of(key, addr(0xc0000201, 80), addr(0xc6336401 + i / 28232, (uint16_t)(32768 + i % 28232)), 12345);
}

/* Pearson's statistic of these byte values. */
static double chi_squared(const uint32_t *x, unsigned shift)
{
    unsigned seen[256] = {0};
    double expected = SAMPLES / 256.0, sum = 0;

    for (unsigned i = 0; i < SAMPLES; i++)
        seen[x[i] >> shift & 255]++;
    for (unsigned i = 0; i < 256; i++)
        sum += (seen[i] - expected) * (seen[i] - expected) / expected;
    return sum;
}

/* MUST-9: 255 degrees of freedom, so 255 is usual and sigma 22.6 */
static void isn_of_a_frozen_clock_is_uniform(void **state)
{
    static uint32_t x[SAMPLES];

    take_samples(x);
    for (unsigned shift = 0; shift < 32; shift += 8) {
        double c = chi_squared(x, shift);

        assert_true(c > 255 - 4 * 22.6 && c < 255 + 4 * 22.6);
    }
}

/* The correlation between a value and the one `lag` later; both uniform in [0, 2^32). */
static double correlation(const uint32_t *x, unsigned lag)
{
    double mean = 2147483647.5, variance = 4294967296.0 * 4294967296.0 / 12, sum = 0;

    for (unsigned i = 0; i + lag < SAMPLES; i++)
        sum += (x[i] - mean) * (x[i + lag] - mean);
    return sum / (SAMPLES - lag) / variance;
}

/* MUST-9: sigma is 1/sqrt(100000) */
static void isn_of_a_frozen_clock_has_no_serial_correlation(void **state)
{
    static uint32_t x[SAMPLES];

    take_samples(x);
    for (unsigned lag = 1; lag <= 16; lag++) {
        double r = correlation(x, lag);

        assert_true(r < 4 * 0.00316 && r > -4 * 0.00316);
    }
}

static int ascending(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* MUST-9: of 100,000 values and of their differences, birthdays make 1.2 pairs alike on average */
static void isn_of_a_frozen_clock_neither_repeats_nor_steps(void **state)
{
    static uint32_t x[SAMPLES], step[SAMPLES - 1];
    unsigned same = 0, same_step = 0;

    take_samples(x);
    for (unsigned i = 0; i + 1 < SAMPLES; i++)
        step[i] = x[i + 1] - x[i];
    qsort(x, SAMPLES, sizeof *x, ascending);
    qsort(step, SAMPLES - 1, sizeof *step, ascending);
    for (unsigned i = 0; i + 1 < SAMPLES; i++)
        same += x[i] == x[i + 1];
    for (unsigned i = 0; i + 2 < SAMPLES; i++)
        same_step += step[i] == step[i + 1];
    assert_in_range(same, 0, 8);
    assert_in_range(same_step, 0, 8);
}

/* The hash sees nothing but the four fields: no padding, and ports apart from addresses. */
static void the_bytes_of_a_flow_are_packed(void **state)
{
    struct weft_addr local, remote;
    struct flow_bytes f;

    memset(&local, 0xaa, sizeof local);
    memset(&remote, 0x55, sizeof remote);
    local.ip = weft_ipv4(0x01020304);
    remote.ip = weft_ipv4(0x05060708);
    local.port = 0x1111;
    remote.port = 0x2222;
    f = flow_bytes(&local, &remote);
    assert_int_equal(f.n, 12);
    assert_memory_equal(f.b, "\x01\x02\x03\x04\x05\x06\x07\x08\x11\x11\x22\x22", 12);
    local.ip.b[0] = remote.ip.b[0] = 0x20; /* any of IPv6 */
    f = flow_bytes(&local, &remote);
    assert_int_equal(f.n, 36);
    assert_memory_equal(f.b, local.ip.b, 16);
    assert_memory_equal(f.b + 16, remote.ip.b, 16);
    assert_memory_equal(f.b + 32, "\x11\x11\x22\x22", 4);
}

/* R7323-5.4: differs among connections, and does not tell the ISN's offset */
static void the_timestamp_offset_is_the_flows_own(void **state)
{
    unsigned alike = 0;

    for (uint16_t port = 32768; port < 60000; port++) {
        struct weft_addr local = addr(0x0a090001, 80), remote = addr(0x0a090002, port);
        struct weft_addr next = addr(0x0a090002, (uint16_t)(port + 1));
        uint32_t mine = flow_offsets(key, &local, &remote).ts;

        assert_int_equal(mine, flow_offsets(key, &local, &remote).ts);
        alike += mine == flow_offsets(key, &local, &next).ts;
        alike += mine == isn_of(key, local, remote, 0);
    }
    assert_in_range(alike, 0, 1);
}

static void the_timestamp_clock_ticks_every_millisecond_and_wraps(void **state)
{
    assert_int_equal(ts_clock(0, 7), 7);
    assert_int_equal(ts_clock(999999, 7), 7);
    assert_int_equal(ts_clock(WEFT_MS, 7), 8);
    assert_int_equal(ts_clock(WEFT_S, UINT32_MAX), 999);
    assert_int_equal(ts_clock(4294967296 * WEFT_MS, 7), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(isn_ticks_every_four_microseconds),
        cmocka_unit_test(isn_of_another_key_is_unrelated),
        cmocka_unit_test(isn_depends_on_every_bit_of_the_pair),
        cmocka_unit_test(isn_of_a_frozen_clock_is_uniform),
        cmocka_unit_test(isn_of_a_frozen_clock_has_no_serial_correlation),
        cmocka_unit_test(isn_of_a_frozen_clock_neither_repeats_nor_steps),
        cmocka_unit_test(the_bytes_of_a_flow_are_packed),
        cmocka_unit_test(the_timestamp_offset_is_the_flows_own),
        cmocka_unit_test(the_timestamp_clock_ticks_every_millisecond_and_wraps),
    };

    return cmocka_run_group_tests_name("isn", tests, NULL, NULL);
}
