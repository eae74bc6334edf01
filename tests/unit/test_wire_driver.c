/* SPDX-License-Identifier: MIT */
/* The in-memory wire (src/driver/mem.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core_bench.h"
#include "weft/driver.h"
#include "wire/buf.h"

/* Two stacks on one wire; what arrives is numbered by its second and third byte. */
struct world {
    struct harness_env e;
    weft_time now;
    weft_stack *s[2];
    weft_if *ifp[2];
    weft_wire *wire;
};

/* What arrived at one end, in order: written by the network layer of the bench's kind below. */
#define ARRIVALS 20000
struct arrivals {
    unsigned n;
    uint32_t broken; /* whose bytes are not as sent */
    uint32_t summed; /* bytes of the last one that the wire has summed */
    struct arrival {
        uint16_t number;
        weft_time at;
    } of[ARRIVALS];
    struct bench_network last;
};

static void *arrivals_init(weft_stack *s)
{
    (void)s;
    return calloc(1, sizeof(struct arrivals));
}

static void arrivals_fini(weft_stack *s, void *state)
{
    (void)s;
    free(state);
}

/* Whatever happened to it on the way. */
static void assert_no_other_sum_is_known(const struct weft_pkt *pkt)
{
    struct csum read = {0}, known = {0};

    csum_add_u16(&read, 1);
    csum_add_u16(&known, 1);
    pkt_csum(pkt, 0, pkt_total(pkt), &read);
    pkt_csum_received(pkt, &known);
    assert_int_equal(csum_fold(&known), csum_fold(&read));
}

static void arrivals_input(weft_if *ifp, struct weft_pkt *pkt)
{
    struct arrivals *a = ifp->stack->ip;
    uint8_t bytes[BENCH_FRAME];
    uint32_t n = pkt_copy(pkt, 0, bytes, min_u32(pkt_total(pkt), BENCH_FRAME));

    assert_true(a->n < ARRIVALS);
    a->of[a->n++] = (struct arrival){peek_u16(bytes + 1), ifp->stack->now};
    for (uint32_t i = 3; i < n; i++)
        if (bytes[i] != 0x5a) {
            a->broken++;
            break;
        }
    assert_no_other_sum_is_known(pkt);
    a->summed = pkt->summed;
    a->last.len = pkt_total(pkt);
    memcpy(a->last.bytes, bytes, n);
    a->last.csum_valid = pkt->csum_valid;
    a->last.csum_partial = pkt->csum_partial;
    a->last.gso_size = pkt->gso_size;
    assert_ptr_equal(pkt->stack, ifp->stack);
    pkt_release(pkt);
}

static const struct network numbered = {.ethertype = ETH_TYPE_IPV4, .input = arrivals_input};

static const struct assembly parts = {
    .link = {&link_ethernet, &link_ip, &link_loopback},
    .neigh = &link_neighbours,
    .network = {&numbered},
    .ip_init = arrivals_init,
    .ip_fini = arrivals_fini,
};

static struct world *world_new(const struct weft_wire_config *config)
{
    struct world *w = calloc(1, sizeof *w);
    struct weft_env env;
    struct weft_if_config k = {.name = "wire", .link = WEFT_LINK_IP, .mtu = 1500, .queue_limit = 100000,
                               .offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO};

    harness_env_init(&w->e, 1);
    env = harness_env(&w->e);
    w->now = WEFT_S;
    for (int i = 0; i < 2; i++) {
        w->s[i] = stack_new(&parts, &env, NULL, w->now, NULL);
        w->ifp[i] = weft_if_new(w->s[i], &k, NULL);
    }
    w->wire = weft_wire_new(&env, config, w->ifp[0], w->ifp[1]);
    assert_non_null(w->wire);
    return w;
}

static void world_free(struct world *w)
{
    weft_wire_free(w->wire);
    weft_stack_free(w->s[0]);
    weft_stack_free(w->s[1]);
    harness_env_check(&w->e);
    free(w);
}

static struct arrivals *at(struct world *w, int end) { return w->s[end]->ip; }

static void send(struct world *w, int end, uint16_t number, size_t len)
{
    uint8_t bytes[1500];

    memset(bytes, 0x5a, sizeof bytes);
    bytes[0] = 0x45;
    poke_u16(bytes + 1, number);
    if_transmit(w->ifp[end], bench_pkt(w->s[end], bytes, len));
}

/* Runs until nothing is on the way. */
static void run(struct world *w)
{
    weft_time d;

    for (;;) {
        while (weft_wire_run(w->wire, w->now))
            ;
        d = weft_wire_deadline(w->wire);
        if (d == WEFT_NEVER)
            return;
        assert_true(d > w->now);
        w->now = d;
    }
}

static struct weft_lane_stats stats(struct world *w, int end)
{
    struct weft_lane_stats s;

    weft_wire_stats(w->wire, end, &s);
    /* Nothing is on the way: what went in came out or was lost. */
    assert_int_equal(s.sent + s.duplicated, s.delivered + s.lost + s.overflowed);
    return s;
}

/* ---- the perfect wire ---- */

static void perfect_wire_delivers_all_at_once_in_order_both_ways(void **state)
{
    struct weft_wire_config k = {.seed = 1};
    struct world *w = world_new(&k);

    (void)state;
    for (uint16_t i = 0; i < 300; i++) {
        send(w, 0, i, 100);
        send(w, 1, (uint16_t)(1000 + i), 1500);
    }
    run(w); /* in several turns: each moves a bounded number */
    for (int end = 0; end < 2; end++) {
        assert_int_equal(at(w, end)->n, 300);
        assert_int_equal(at(w, end)->broken, 0);
        for (uint16_t i = 0; i < 300; i++) {
            assert_int_equal(at(w, end)->of[i].number, end ? i : 1000 + i);
            assert_int_equal(at(w, end)->of[i].at, WEFT_S);
        }
    }
    assert_int_equal(stats(w, 0).bytes, 30000);
    assert_int_equal(stats(w, 0).delivered, 300);
    assert_int_equal(weft_wire_deadline(w->wire), WEFT_NEVER);
    assert_int_equal(weft_wire_run(w->wire, w->now), 0);
    world_free(w);
}

/* A packet of a header and a payload span whose checksum is left to the link; the transport header is at 20. */
static struct weft_pkt *unsummed(weft_stack *s, struct weft_block **block)
{
    struct weft_pkt *p = pkt_new(s);

    memset(pkt_push(p, 40), 0x11, 40);
    p->data[0] = 0x45;
    *block = block_new(&s->blocks, 1000);
    memset((*block)->data, 0x22, 1000);
    pkt_add_span(p, *block, (*block)->data, 999);
    p->csum_partial = true;
    p->csum_start = (uint16_t)(pkt_headroom(p) + 20);
    p->csum_offset = 16;
    poke_u16(p->data + 36, 0);
    return p;
}

static void copying_wire_finishes_checksums_and_leaves_them_to_be_checked(void **state)
{
    struct weft_wire_config k = {.seed = 1};
    struct world *w = world_new(&k);
    struct arrivals *a = at(w, 1);
    struct weft_block *block;

    (void)state;
    if_transmit(w->ifp[0], unsummed(w->s[0], &block));
    run(w);
    assert_int_equal(a->last.len, 1039);
    assert_false(a->last.csum_valid);
    assert_int_equal(csum(a->last.bytes + 20, 1019), 0);
    assert_int_equal(block->refs, 1);
    block_unref(block);
    world_free(w);
}

static void sharing_wire_hands_over_the_same_bytes_and_vouches_for_them(void **state)
{
    struct weft_wire_config k = {.seed = 1, .share = true, .direction[0].corrupt = 1000000};
    struct world *w = world_new(&k);
    struct weft_block *block;
    size_t blocks;

    (void)state;
    for (int delayed = 0; delayed < 2; delayed++) {
        struct weft_impairment how = {.delay = delayed ? WEFT_MS : 0, .corrupt = 1000000};

        weft_wire_impair(w->wire, 0, &how);
        if_transmit(w->ifp[0], unsummed(w->s[0], &block));
        blocks = w->s[1]->mem.live[MEM_block];
        weft_wire_run(w->wire, w->now);
        assert_int_equal(w->s[1]->mem.live[MEM_block], blocks); /* nothing was copied */
        assert_int_equal(block->refs, delayed ? 2 : 1);         /* on the way, or done with */
        run(w);
        assert_true(at(w, 1)->last.csum_valid);
        assert_int_equal(at(w, 1)->last.len, 1039);
        block_unref(block);
    }
    assert_int_equal(stats(w, 0).corrupted, 0);
    world_free(w);
}

static void super_segments_pass_whole(void **state)
{
    struct weft_wire_config k = {.seed = 1};
    struct world *w = world_new(&k);
    struct weft_pkt *p = pkt_new(w->s[0]);
    struct weft_block *block = block_new(&w->s[0]->blocks, 65000);

    (void)state;
    *pkt_push(p, 1) = 0x45;
    memset(block->data, 0x5a, 65000);
    pkt_add_span(p, block, block->data, 65000);
    block_unref(block);
    p->gso_size = 1448;
    if_transmit(w->ifp[0], p);
    run(w);
    assert_int_equal(at(w, 1)->last.len, 65001);
    assert_int_equal(at(w, 1)->last.gso_size, 1448);
    world_free(w);
}

/* ---- time ---- */

static void delay_is_exact(void **state)
{
    struct weft_wire_config k = {.seed = 1, .direction[0].delay = 12345678};
    struct world *w = world_new(&k);
    weft_time sent = w->now;

    (void)state;
    send(w, 0, 1, 100);
    weft_wire_run(w->wire, w->now);
    assert_int_equal(weft_wire_deadline(w->wire), sent + 12345678);
    assert_int_equal(weft_wire_run(w->wire, sent + 12345677), 0);
    assert_int_equal(at(w, 1)->n, 0);
    assert_int_equal(weft_wire_run(w->wire, sent + 12345678), 1);
    assert_int_equal(at(w, 1)->of[0].at, sent + 12345678);
    send(w, 1, 2, 100); /* the other direction is not concerned */
    weft_wire_run(w->wire, sent + 12345678);
    assert_int_equal(at(w, 0)->n, 1);
    world_free(w);
}

static void rate_spaces_packets_exactly(void **state)
{
    static const uint64_t rates[] = {10000000, 3000000, 7, 999999937, 100000000000};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        struct weft_wire_config k = {.seed = 1, .direction[0] = {.bits_per_second = rates[i], .delay = 5 * WEFT_MS}};
        struct world *w = world_new(&k);
        weft_time sent = w->now;
        uint64_t bits = 0;

        for (uint16_t n = 0; n < 100; n++)
            send(w, 0, n, 100 + 13u * n);
        run(w);
        assert_int_equal(at(w, 1)->n, 100);
        for (uint16_t n = 0; n < 100; n++) {
            bits += 8 * (100 + 13u * n);
            assert_int_equal(at(w, 1)->of[n].at, /* rounding does not add up */
                             sent + 5 * WEFT_MS + bits * WEFT_S / rates[i]);
        }
        world_free(w);
    }
}

static void rate_owes_nothing_after_a_pause(void **state)
{
    struct weft_wire_config k = {.seed = 1, .direction[0].bits_per_second = 3};
    struct world *w = world_new(&k);
    weft_time took = 800 * WEFT_S / 3; /* and two thirds of a nanosecond, which are not carried over */

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        weft_time start = w->now;

        send(w, 0, 1, 100);
        run(w);
        assert_int_equal(w->now, start + took);
        w->now += 10 * WEFT_MS;
    }
    world_free(w);
}

static void queue_before_the_bottleneck_is_bounded(void **state)
{
    struct weft_wire_config k = {.seed = 1,
                                 .direction[0] = {.bits_per_second = 8000000, .queue_bytes = 5000}};
    struct world *w = world_new(&k);

    (void)state;
    for (uint16_t n = 0; n < 10; n++)
        send(w, 0, n, 1000);
    weft_wire_run(w->wire, w->now);
    for (unsigned n = 0; n < 2; n++) { /* two are through: two more fit */
        w->now += WEFT_MS;
        weft_wire_run(w->wire, w->now);
    }
    for (uint16_t n = 10; n < 14; n++)
        send(w, 0, n, 1000);
    run(w);
    assert_int_equal(at(w, 1)->n, 7);
    assert_int_equal(at(w, 1)->of[4].number, 4);
    assert_int_equal(at(w, 1)->of[5].number, 10);
    assert_int_equal(at(w, 1)->of[6].number, 11);
    assert_int_equal(stats(w, 0).overflowed, 7);
    assert_int_equal(weft_drops(w->s[0], WEFT_DROP_link_queue_full), 7);
    world_free(w);
}

static void packet_larger_than_the_queue_passes_an_idle_link(void **state)
{
    struct weft_wire_config k = {.seed = 1, .direction[0] = {.bits_per_second = 8000000, .queue_bytes = 100}};
    struct world *w = world_new(&k);

    (void)state;
    send(w, 0, 1, 1000);
    send(w, 0, 2, 1000);
    run(w);
    assert_int_equal(at(w, 1)->n, 1);
    world_free(w);
}

static void jitter_keeps_order_and_its_bounds(void **state)
{
    struct weft_wire_config k = {.seed = 5, .direction[0] = {.delay = 10 * WEFT_MS, .jitter = 4 * WEFT_MS}};
    struct world *w = world_new(&k);
    weft_time least = WEFT_NEVER, most = 0;

    (void)state;
    for (uint16_t n = 0; n < 500; n++) {
        weft_time sent = w->now, took;

        send(w, 0, n, 100);
        run(w);
        assert_int_equal(at(w, 1)->of[n].number, n);
        took = at(w, 1)->of[n].at - sent;
        assert_in_range(took, 10 * WEFT_MS, 14 * WEFT_MS);
        least = min_u64(least, took);
        most = max_u64(most, took);
    }
    assert_true(least < 10 * WEFT_MS + 100 * WEFT_US && most > 14 * WEFT_MS - 100 * WEFT_US);
    for (uint16_t n = 500; n < 1000; n++) /* all at once */
        send(w, 0, n, 100);
    run(w);
    for (uint16_t n = 500; n < 1000; n++)
        assert_int_equal(at(w, 1)->of[n].number, n);
    world_free(w);
}

static void held_back_packets_are_overtaken(void **state)
{
    struct weft_wire_config k = {.seed = 5, .direction[0] = {.delay = WEFT_MS, .reorder = 100000,
                                                             .reorder_delay = 10 * WEFT_MS}};
    struct world *w = world_new(&k);
    weft_time start = w->now;
    unsigned late = 0;

    (void)state;
    for (uint16_t n = 0; n < 2000; n++) {
        send(w, 0, n, 100);
        weft_wire_run(w->wire, w->now);
        w->now += WEFT_MS;
    }
    run(w);
    assert_int_equal(at(w, 1)->n, 2000);
    for (unsigned i = 0; i < 2000; i++) {
        const struct arrival *a = &at(w, 1)->of[i];
        weft_time took = a->at - (start + a->number * WEFT_MS);

        assert_true(took == WEFT_MS || took == 11 * WEFT_MS);
        late += took > WEFT_MS;
    }
    assert_int_equal(stats(w, 0).reordered, late);
    assert_in_range(late, 140, 260);
    world_free(w);
}

/* ---- chance ---- */

#define MANY 10000

/* Of MANY packets, a share of p parts in a million: five standard deviations around. */
static void assert_share(uint64_t count, double p)
{
    double mean = MANY * p / 1e6, deviation = mean * (1 - p / 1e6), low = mean;

    while ((mean - low) * (mean - low) < 25 * deviation)
        low -= 1;
    assert_true((double)count >= low && (double)count <= 2 * mean - low);
}

static void loss_duplication_and_corruption_keep_their_rates(void **state)
{
    static const uint32_t rates[] = {0, 1000, 10000, 100000, 500000, 1000000};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rates); i++)
        for (unsigned what = 0; what < 3; what++) {
            struct weft_wire_config k = {.seed = i * 3 + what};
            struct weft_lane_stats s;
            struct world *w;

            *(what == 0 ? &k.direction[0].loss : what == 1 ? &k.direction[0].duplicate : &k.direction[0].corrupt) =
                rates[i];
            w = world_new(&k);
            for (uint16_t n = 0; n < MANY; n++) {
                send(w, 0, n, 60);
                weft_wire_run(w->wire, w->now);
            }
            run(w);
            s = stats(w, 0);
            assert_share(what == 0 ? s.lost : what == 1 ? s.duplicated : s.corrupted, rates[i]);
            assert_int_equal(s.lost == 0, what != 0 || rates[i] == 0);
            assert_int_equal(weft_drops(w->s[0], WEFT_DROP_link_lost), s.lost);
            assert_true(at(w, 1)->broken <= s.corrupted); /* flips in the first three bytes do not show there */
            assert_true(at(w, 1)->broken * 10 >= s.corrupted * 8);
            assert_int_equal(at(w, 1)->n + weft_drops(w->s[1], WEFT_DROP_ip_version), s.delivered);
            world_free(w);
        }
}

static void a_copy_is_marked_and_what_is_shared_is_not(void **state)
{
    static const uint8_t datagram[20] = {0x45, 2, 0, 20, 0, 0, 0, 0, 64, 6, 0x12, 0x34};

    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        struct weft_wire_config k = {.seed = 1, .share = shared, .direction[0].mark = 1000000};
        struct world *w = world_new(&k);

        if_transmit(w->ifp[0], bench_pkt(w->s[0], datagram, sizeof datagram));
        run(w);
        assert_int_equal(at(w, 1)->last.bytes[1], shared ? 2 : 3);
        assert_int_equal(stats(w, 0).marked, !shared);
        world_free(w);
    }
}

static void what_nothing_can_happen_to_is_summed_as_it_is_copied(void **state)
{
    static const struct {
        uint32_t corrupt, len, summed;
    } rows[] = {{0, 1000, 1000}, {0, 100, 0}, {1000000, 1000, 0}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct weft_wire_config k = {.seed = 3, .direction[0].corrupt = rows[i].corrupt};
        struct world *w = world_new(&k);
        struct weft_pkt *p = pkt_new_linear(w->s[0], 0, rows[i].len);

        memset(p->data, 0x45, rows[i].len);
        if_transmit(w->ifp[0], p);
        run(w);
        assert_int_equal(at(w, 1)->n, 1);
        assert_int_equal(at(w, 1)->summed, rows[i].summed);
        world_free(w);
    }
}

static void corruption_flips_one_bit_of_the_copy(void **state)
{
    struct weft_wire_config k = {.seed = 9, .direction[0].corrupt = 1000000};
    struct world *w = world_new(&k);
    struct weft_block *block;

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        struct weft_pkt *p = unsummed(w->s[0], &block), *clean;
        unsigned bits = 0, n = at(w, 1)->n;

        clean = pkt_duplicate(p, w->s[0]);
        if_transmit(w->ifp[0], p);
        run(w);
        for (uint32_t k2 = 0; k2 < clean->len && at(w, 1)->n > n; k2++)
            bits += (unsigned)__builtin_popcount(clean->data[k2] ^ at(w, 1)->last.bytes[k2]);
        assert_int_equal(bits, at(w, 1)->n - n);
        for (unsigned k2 = 0; k2 < 1000; k2++)
            assert_int_equal(block->data[k2], 0x22); /* the sender's bytes are whole: it may send them again */
        pkt_release(clean);
        block_unref(block);
    }
    world_free(w);
}

/* All that may go wrong, at once; returns a digest of what arrived where and when. */
static uint64_t chaos(uint64_t seed)
{
    struct weft_impairment how = {.bits_per_second = 10000000, .queue_bytes = 20000, .delay = 3 * WEFT_MS,
                                  .jitter = WEFT_MS, .loss = 50000, .duplicate = 50000, .corrupt = 50000,
                                  .reorder = 50000, .reorder_delay = 5 * WEFT_MS};
    struct weft_wire_config k = {.seed = seed, .direction = {how, how}};
    struct world *w = world_new(&k);
    uint64_t digest = 0;

    for (uint16_t n = 0; n < 1000; n++) {
        send(w, n & 1, n, 60 + n);
        weft_wire_run(w->wire, w->now);
        w->now += 300 * WEFT_US;
    }
    run(w);
    for (int end = 0; end < 2; end++) {
        stats(w, end);
        for (unsigned i = 0; i < at(w, end)->n; i++)
            digest = digest * 1000003 + at(w, end)->of[i].at * 31 + at(w, end)->of[i].number;
        assert_true(at(w, end)->broken > 0);
    }
    world_free(w);
    return digest;
}

static void same_seed_same_fate(void **state)
{
    (void)state;
    assert_int_equal(chaos(1), chaos(1));
    assert_true(chaos(1) != chaos(2));
}

/* ---- the filter ---- */

static enum weft_wire_verdict by_number(void *ctx, int from_end, const weft_pkt *pkt, weft_time now)
{
    uint8_t b[3];

    assert_int_equal(weft_pkt_copy(pkt, 0, b, 3), 3);
    assert_true(now >= WEFT_S);
    ++*(unsigned *)ctx;
    if (from_end == 1)
        return WEFT_WIRE_PASS;
    return b[2] == 3 ? WEFT_WIRE_LOSE : b[2] == 5 ? WEFT_WIRE_DUPLICATE : WEFT_WIRE_PASS;
}

static void filter_is_asked_about_each_packet_and_obeyed(void **state)
{
    unsigned asked = 0;
    struct weft_wire_config k = {.seed = 1, .filter = by_number, .filter_ctx = &asked};
    struct world *w = world_new(&k);
    static const uint16_t want[] = {0, 1, 2, 4, 5, 5, 6, 7};

    (void)state;
    for (uint16_t n = 0; n < 8; n++) {
        send(w, 0, n, 60);
        send(w, 1, n, 60);
    }
    run(w);
    assert_int_equal(asked, 16);
    assert_int_equal(at(w, 0)->n, 8);
    assert_int_equal(at(w, 1)->n, ARRAY_LEN(want));
    for (unsigned i = 0; i < ARRAY_LEN(want); i++)
        assert_int_equal(at(w, 1)->of[i].number, want[i]);
    assert_int_equal(stats(w, 0).lost, 1);
    assert_int_equal(stats(w, 0).duplicated, 1);
    world_free(w);
}

/* ---- changes, memory ---- */

static void change_concerns_only_what_enters_later(void **state)
{
    struct weft_wire_config k = {.seed = 1, .direction[0].delay = 10 * WEFT_MS};
    struct world *w = world_new(&k);
    struct weft_impairment none = {0};

    (void)state;
    send(w, 0, 1, 60);
    weft_wire_run(w->wire, w->now);
    weft_wire_impair(w->wire, 0, &none);
    send(w, 0, 2, 60); /* keeps its place behind the first */
    run(w);
    assert_int_equal(at(w, 1)->n, 2);
    assert_int_equal(at(w, 1)->of[0].number, 1);
    w->now += WEFT_S;
    send(w, 0, 3, 60);
    weft_wire_run(w->wire, w->now);
    assert_int_equal(at(w, 1)->of[2].at, w->now);
    world_free(w);
}

static void packets_on_the_way_die_with_the_wire(void **state)
{
    struct weft_wire_config k = {.seed = 1, .direction[0].delay = WEFT_S};
    struct world *w = world_new(&k);

    (void)state;
    for (uint16_t n = 0; n < 600; n++)
        send(w, 0, n, 1000);
    weft_wire_run(w->wire, w->now);
    world_free(w);
}

static void lack_of_memory_loses_packets_by_name(void **state)
{
    (void)state;
    for (size_t nth = 1; nth < 12; nth++)
        for (int delayed = 0; delayed < 2; delayed++) {
            struct weft_wire_config k = {.seed = 1, .direction[0].delay = delayed};
            struct world *w = world_new(&k);
            unsigned n = 0;

            for (uint16_t i = 0; i < 3; i++)
                send(w, 0, i, 1000);
            harness_env_fail_nth(&w->e, nth);
            run(w);
            n = harness_env_failed(&w->e);
            assert_int_equal(at(w, 1)->n, 3 - n);
            assert_int_equal(weft_drops(w->s[1], WEFT_DROP_no_memory), n);
            assert_int_equal(stats(w, 0).overflowed, n);
            world_free(w);
        }
}

static void wire_needs_memory(void **state)
{
    struct weft_wire_config k = {.seed = 1};
    struct world *w = world_new(&k);
    struct weft_env env = harness_env(&w->e);

    (void)state;
    harness_env_fail_nth(&w->e, 1);
    assert_null(weft_wire_new(&env, &k, w->ifp[0], w->ifp[1]));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(perfect_wire_delivers_all_at_once_in_order_both_ways),
        cmocka_unit_test(copying_wire_finishes_checksums_and_leaves_them_to_be_checked),
        cmocka_unit_test(sharing_wire_hands_over_the_same_bytes_and_vouches_for_them),
        cmocka_unit_test(super_segments_pass_whole),
        cmocka_unit_test(delay_is_exact),
        cmocka_unit_test(rate_spaces_packets_exactly),
        cmocka_unit_test(rate_owes_nothing_after_a_pause),
        cmocka_unit_test(queue_before_the_bottleneck_is_bounded),
        cmocka_unit_test(packet_larger_than_the_queue_passes_an_idle_link),
        cmocka_unit_test(jitter_keeps_order_and_its_bounds),
        cmocka_unit_test(held_back_packets_are_overtaken),
        cmocka_unit_test(loss_duplication_and_corruption_keep_their_rates),
        cmocka_unit_test(a_copy_is_marked_and_what_is_shared_is_not),
        cmocka_unit_test(what_nothing_can_happen_to_is_summed_as_it_is_copied),
        cmocka_unit_test(corruption_flips_one_bit_of_the_copy),
        cmocka_unit_test(same_seed_same_fate),
        cmocka_unit_test(filter_is_asked_about_each_packet_and_obeyed),
        cmocka_unit_test(change_concerns_only_what_enters_later),
        cmocka_unit_test(packets_on_the_way_die_with_the_wire),
        cmocka_unit_test(lack_of_memory_loses_packets_by_name),
        cmocka_unit_test(wire_needs_memory),
    };

    return cmocka_run_group_tests_name("wire_driver", tests, NULL, NULL);
}
