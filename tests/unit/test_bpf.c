/* SPDX-License-Identifier: MIT */
/*
 * The filter machine: programs that libpcap made (tcpdump -y RAW -ddd, of libpcap 1.10.3), what must not run, and any bytes
 * that pass the check.
 */
#include "core/bpf.h"
#include "ip_bench.h"

#define CODE_MAX 64

/* A program as tcpdump -ddd prints it: the number of instructions, then four numbers for each. */
static size_t read_program(const char *text, struct weft_filter *code)
{
    char *at;
    size_t n = strtoul(text, &at, 10);

    assert_in_range(n, 1, CODE_MAX);
    for (size_t i = 0; i < n; i++) {
        code[i].code = (uint16_t)strtoul(at, &at, 10);
        code[i].jt = (uint8_t)strtoul(at, &at, 10);
        code[i].jf = (uint8_t)strtoul(at, &at, 10);
        code[i].k = (uint32_t)strtoul(at, &at, 10);
    }
    return n;
}

static struct weft_pkt *packet_of(struct bench *b, const uint8_t *p, size_t n)
{
    struct weft_pkt *pkt = pkt_new_linear(b->s, 0, n);

    memcpy(pkt->data, p, n);
    return pkt;
}

static uint32_t run(struct bench *b, const struct weft_filter *code, size_t n, const uint8_t *p, size_t len)
{
    int err;
    struct bpf *program = bpf_new(&b->s->mem, code, n * sizeof *code, &err);
    struct weft_pkt *pkt = packet_of(b, p, len);
    uint32_t keep;

    assert_non_null(program);
    keep = bpf_run(program, pkt);
    pkt_release(pkt);
    bpf_free(&b->s->mem, program);
    return keep;
}

static void programs_of_libpcap_choose_as_they_say(void **state)
{
    static const char *const icmp = "7 48 0 0 0 84 0 0 240 21 0 3 64 48 0 0 9 21 0 1 1 6 0 0 262144 6 0 0 0";
    static const char *const udp_5000 =
        "19 48 0 0 0 84 0 0 240 21 0 4 96 48 0 0 6 21 0 13 17 40 0 0 42 21 10 11 5000 48 0 0 0 84 0 0 240 21 0 8 64 "
        "48 0 0 9 21 0 6 17 40 0 0 6 69 4 0 8191 177 0 0 0 72 0 0 2 21 0 1 5000 6 0 0 262144 6 0 0 0";
    static const char *const from_peer = /* src host 10.9.0.1 and not tcp */
        "9 48 0 0 0 84 0 0 240 21 0 5 64 32 0 0 12 21 0 3 168361985 48 0 0 9 21 1 0 6 6 0 0 262144 6 0 0 0";
    static const char *const begins_he = /* udp[8:2] = 0x6865 */
        "12 48 0 0 0 84 0 0 240 21 0 8 64 48 0 0 9 21 0 6 17 40 0 0 6 69 4 0 8191 177 0 0 0 72 0 0 8 21 0 1 26725 "
        "6 0 0 262144 6 0 0 0";
    static const char *const long_ones = "4 128 0 0 0 37 0 1 100 6 0 0 262144 6 0 0 0";
    static const struct {
        const char *program;
        bool udp, echo, stranger, big;
    } row[] = {
        {icmp, false, true, false, false},    {udp_5000, true, false, true, true}, {from_peer, true, true, false, true},
        {begins_he, true, false, true, false}, {long_ones, false, false, false, true},
    };
    struct bench *b = *state;
    struct ipv4_header peer = {.src = PEER, .dst = US}, stranger = {.src = STRANGER, .dst = US};
    uint8_t udp[256], echo[256], far[256], big[256], zeros[150] = {0};
    size_t n_udp = make_udp(udp, peer, 9, 5000, "hello", 5), n_echo = make_icmp(echo, peer, 8, 0, 1, "abc", 3),
           n_far = make_udp(far, stranger, 9, 5000, "hello", 5), n_big = make_udp(big, peer, 9, 5000, zeros, 150);
    struct weft_filter code[CODE_MAX];

    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        size_t n = read_program(row[i].program, code);

        assert_int_equal(run(b, code, n, udp, n_udp) != 0, row[i].udp);
        assert_int_equal(run(b, code, n, echo, n_echo) != 0, row[i].echo);
        assert_int_equal(run(b, code, n, far, n_far) != 0, row[i].stranger);
        assert_int_equal(run(b, code, n, big, n_big) != 0, row[i].big);
        assert_int_equal(run(b, code, n, udp, 1), 0);
    }
}

/* One instruction after the other on numbers, with the result as what to keep. */
static void arithmetic_is_of_32_bits(void **state)
{
    static const struct {
        uint16_t code;
        uint32_t a, k, result;
    } row[] = {
        {0x04, 0xffffffff, 2, 1}, {0x14, 1, 2, 0xffffffff}, {0x24, 0x10000, 0x10001, 0x10000}, {0x34, 7, 2, 3},
        {0x94, 7, 4, 3},          {0x44, 5, 2, 7},          {0x54, 7, 2, 2},                   {0xa4, 7, 2, 5},
        {0x64, 1, 31, 1u << 31},  {0x74, 1u << 31, 31, 1},  {0x84, 1, 0, 0xffffffff},
    };
    struct bench *b = *state;
    uint8_t byte = 0;

    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct weft_filter with_k[] = {{0x00, 0, 0, row[i].a}, {row[i].code, 0, 0, row[i].k}, {0x16, 0, 0, 0}};
        struct weft_filter with_x[] = {{0x00, 0, 0, row[i].k}, {0x02, 0, 0, 15}, {0x61, 0, 0, 15},
                                       {0x00, 0, 0, row[i].a}, {row[i].code | 8, 0, 0, 0}, {0x16, 0, 0, 0}};

        assert_int_equal(run(b, with_k, 3, &byte, 1), row[i].result);
        if (row[i].code != 0x84)
            assert_int_equal(run(b, with_x, 6, &byte, 1), row[i].result);
    }
}

static void what_is_not_there_ends_it_with_nothing(void **state)
{
    static const uint16_t loads[] = {0x20, 0x28, 0x30, 0xb1}; /* a word, a half, a byte, a header's length */
    struct bench *b = *state;
    uint8_t bytes[4] = {0xf0, 1, 2, 3};
    struct weft_filter divide[] = {{0x01, 0, 0, 0}, {0x00, 0, 0, 9}, {0x3c, 0, 0, 0}, {0x06, 0, 0, 1}};
    struct weft_filter far[] = {{0x01, 0, 0, 0xffffffff}, {0x50, 0, 0, 1}, {0x06, 0, 0, 7}};

    for (size_t i = 0; i < ARRAY_LEN(loads); i++) {
        unsigned size = i == 0 ? 4 : i == 1 ? 2 : 1;
        struct weft_filter code[] = {{loads[i], 0, 0, 4 - size}, {0x06, 0, 0, 7}};

        assert_int_equal(run(b, code, 2, bytes, 4), 7);
        code[0].k++;
        assert_int_equal(run(b, code, 2, bytes, 4), 0);
        code[0].k = INT32_MAX;
        assert_int_equal(run(b, code, 2, bytes, 4), 0);
    }
    assert_int_equal(run(b, divide, 4, bytes, 4), 0);
    assert_int_equal(run(b, far, 3, bytes, 4), 7); /* the sum wraps to 0, as on Linux */
}

static void unsound_programs_are_refused(void **state)
{
    static const struct weft_filter bad[][2] = {
        {{0x06, 0, 0, 0}, {0x00, 0, 0, 0}},   /* no return at the end */
        {{0x05, 0, 0, 1}, {0x06, 0, 0, 0}},   /* jumps past it */
        {{0x05, 0, 0, ~0u}, {0x06, 0, 0, 0}}, /* and back */
        {{0x15, 1, 0, 0}, {0x06, 0, 0, 0}},
        {{0x15, 0, 1, 0}, {0x06, 0, 0, 0}},
        {{0x02, 0, 0, 16}, {0x06, 0, 0, 0}}, /* beyond the memory */
        {{0x60, 0, 0, 16}, {0x06, 0, 0, 0}},
        {{0x61, 0, 0, 99}, {0x06, 0, 0, 0}},
        {{0x34, 0, 0, 0}, {0x06, 0, 0, 0}}, /* by zero */
        {{0x94, 0, 0, 0}, {0x06, 0, 0, 0}},
        {{0x64, 0, 0, 32}, {0x06, 0, 0, 0}},
        {{0x30, 0, 0, 0xfffff000}, {0x06, 0, 0, 0}}, /* Linux's ancillary data */
        {{0x38, 0, 0, 0}, {0x06, 0, 0, 0}},
        {{0xb4, 0, 0, 0}, {0x06, 0, 0, 0}},
        {{0x100, 0, 0, 0}, {0x06, 0, 0, 0}},
    };
    struct weft_filter *long_one = calloc(BPF_MAX + 1, sizeof *long_one);
    struct bench *b = *state;
    int err = 0;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (bpf_is_sound(bad[i], 2))
            fail_msg("program %zu", i);
    for (size_t i = 0; i <= BPF_MAX; i++)
        long_one[i].code = 0x06;
    assert_true(bpf_is_sound(long_one, BPF_MAX));
    assert_false(bpf_is_sound(long_one, BPF_MAX + 1));
    assert_null(bpf_new(&b->s->mem, long_one, (BPF_MAX + 1) * sizeof *long_one, &err));
    assert_int_equal(err, WEFT_EINVAL);
    assert_null(bpf_new(&b->s->mem, long_one, 0, &err));
    assert_null(bpf_new(&b->s->mem, long_one, 7, &err));
    harness_env_fail_nth(&b->h, 1);
    assert_null(bpf_new(&b->s->mem, long_one, 8, &err));
    assert_int_equal(err, WEFT_ENOMEM);
    harness_env_fail_nth(&b->h, 0);
    free(long_one);
}

/* What passes the check runs to an end, whatever it says, on packets of any length. */
static void any_program_that_passes_ends(void **state)
{
    struct bench *b = *state;
    struct rng rng;
    unsigned sound = 0;

    rng_seed(&rng, 5);
    for (unsigned i = 0; i < 200000; i++) {
        struct weft_filter code[8];
        size_t n = 1 + rng_below(&rng, 8);
        uint8_t bytes[64];

        for (size_t k = 0; k < n; k++)
            code[k] = (struct weft_filter){(uint16_t)rng_below(&rng, 256), (uint8_t)rng_below(&rng, 4),
                                           (uint8_t)rng_below(&rng, 4), (uint32_t)rng_below(&rng, 80)};
        code[n - 1].code = rng_below(&rng, 2) ? 0x06 : 0x16;
        if (!bpf_is_sound(code, n))
            continue;
        sound++;
        fill_pattern(bytes, sizeof bytes, i);
        run(b, code, n, bytes, rng_below(&rng, sizeof bytes + 1));
    }
    assert_true(sound > 10000);
}

static int setup(void **state)
{
    *state = bench_new();
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(programs_of_libpcap_choose_as_they_say, setup, teardown),
        cmocka_unit_test_setup_teardown(arithmetic_is_of_32_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there_ends_it_with_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(unsound_programs_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(any_program_that_passes_ends, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
