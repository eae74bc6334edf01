/* SPDX-License-Identifier: MIT */
/*
 * The segment that is foreseen (src/tcp/foreseen.h) is known by a few words of its header. Two ends that ask and answer
 * by turns are made twice, with shortcuts and without; what then comes for one of them differs from what is foreseen in
 * one bit, by its length or its window, and what it makes of that must not depend on the shortcuts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "harness.h"
#include "tcp/usual.h"
#include "weft/driver.h"
#include "weft/sock.h"
#include "wire/ip.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#define PORT    7
#define TURNS   3
#define HEADERS (IPV4_HEADER + TCP_STAMPED_HEADER)

struct world {
    struct harness_env e[2];
    weft_stack *s[2]; /* who asks; who answers */
    weft_if *ifp[2];
    weft_time now;
    weft_sock *listener, *end[2];
};

/* Which sums are made right after a change. */
enum mend { MEND_NOTHING, MEND_IP, MEND_BOTH };

/* A question of n bytes, and what is changed of it on its way: nothing, if all else is zero. */
struct change {
    size_t n;
    size_t flip; /* a bit, counted from 1 */
    bool shut;   /* its window becomes zero */
    enum mend mend;
};

static void open_end(struct world *w, int i, const struct weft_config *config)
{
    struct weft_if_config interface = {.name = "wire", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip ip = weft_ipv4(0x0a000001 + (uint32_t)i);
    struct weft_env env;

    harness_env_init(&w->e[i], 7 + (uint64_t)i);
    env = harness_env(&w->e[i]);
    w->s[i] = weft_stack_new(&env, config, w->now, NULL);
    assert_non_null(w->s[i]);
    w->ifp[i] = weft_if_new(w->s[i], &interface, NULL);
    assert_int_equal(weft_if_add_address(w->ifp[i], &ip, 24), 0);
}

/* All that they have to say to each other at the moment. */
static void carry(struct world *w)
{
    for (int from = 0; weft_output_wanted(w->ifp[0]) || weft_output_wanted(w->ifp[1]); from = !from) {
        weft_pkt *pkt[8];
        size_t n = weft_output(w->ifp[from], pkt, 8, w->now);

        for (size_t i = 0; i < n; i++)
            pkt[i] = weft_pkt_move(pkt[i], w->s[!from]);
        weft_input(w->ifp[!from], pkt, n, w->now);
    }
}

static void say(struct world *w, int from, size_t n)
{
    uint8_t bytes[256] = "question, answer";

    assert_int_equal(weft_send(w->end[from], bytes, n, 0), n);
    carry(w);
    assert_int_equal(weft_recv(w->end[!from], bytes, sizeof bytes, 0), n);
    w->now += WEFT_MS;
}

/* They have taken some turns. */
static void begin(struct world *w, bool shortcuts)
{
    struct weft_addr there = {weft_ipv4(0x0a000002), PORT};
    struct weft_config config;

    weft_config_default(&config);
    config.tcp.shortcuts = shortcuts;
    memset(w, 0, sizeof *w);
    w->now = 1000 * WEFT_S;
    open_end(w, 0, &config);
    open_end(w, 1, &config);
    w->listener = weft_socket(w->s[1], WEFT_TCP, NULL);
    assert_int_equal(weft_bind(w->listener, &there), 0);
    assert_int_equal(weft_listen(w->listener, 4), 0);
    w->end[0] = weft_socket(w->s[0], WEFT_TCP, NULL);
    assert_int_equal(weft_connect(w->end[0], &there), WEFT_EINPROGRESS);
    carry(w);
    w->end[1] = weft_accept(w->listener, NULL, NULL);
    assert_non_null(w->end[1]);
    for (int i = 0; i < TURNS; i++) {
        say(w, 0, 10);
        say(w, 1, 20);
    }
}

static void end(struct world *w)
{
    for (int i = 0; i < 2; i++) {
        weft_stack_free(w->s[i]);
        harness_env_check(&w->e[i]);
    }
}

/* ---- what it makes of a segment ---- */

struct digest {
    uint64_t v;
};

static void add(struct digest *d, const void *p, size_t n)
{
    const uint8_t *bytes = p;

    for (size_t i = 0; i < n; i++)
        d->v = (d->v ^ bytes[i]) * 0x100000001b3;
}

static void add_number(struct digest *d, uint64_t v) { add(d, &v, sizeof v); }

/* What who answers says next. */
static void add_output(struct world *w, struct digest *d)
{
    uint8_t bytes[2048];
    weft_pkt *pkt;

    while (weft_output(w->ifp[1], &pkt, 1, w->now) == 1) {
        add(d, bytes, weft_pkt_copy(pkt, 0, bytes, sizeof bytes));
        weft_pkt_release(pkt);
    }
}

static void add_counters(struct world *w, struct digest *d)
{
    for (int i = 0; i < WEFT_COUNTER_COUNT; i++)
        add_number(d, weft_counter(w->s[1], i));
    for (int i = 0; i < WEFT_DROP_COUNT; i++)
        add_number(d, weft_drops(w->s[1], i));
}

/* What comes of it: now, when it is read, when it is answered, and when time passes. */
static struct digest outcome(struct world *w, const uint8_t *packet, size_t n)
{
    struct digest d = {0xcbf29ce484222325};
    weft_pkt *pkt = weft_pkt_new(w->s[1], n);
    uint8_t bytes[2048];
    int64_t got;

    memcpy(weft_pkt_data(pkt), packet, n);
    weft_input(w->ifp[1], &pkt, 1, w->now);
    add_output(w, &d);
    got = weft_recv(w->end[1], bytes, sizeof bytes, 0);
    add_number(&d, (uint64_t)got);
    add(&d, bytes, got > 0 ? (size_t)got : 0);
    add_output(w, &d);
    add_number(&d, (uint64_t)weft_send(w->end[1], "answer", 6, 0));
    add_output(w, &d);
    for (int i = 0; i < 3; i++) {
        add_number(&d, weft_deadline(w->s[1]));
        w->now = weft_deadline(w->s[1]) < w->now + 10 * WEFT_S ? weft_deadline(w->s[1]) : w->now + 10 * WEFT_S;
        weft_tick(w->s[1], w->now);
        add_output(w, &d);
    }
    add_counters(w, &d);
    return d;
}

/* ---- what is sent ---- */

/* The next question, of n bytes, on its way. */
static size_t question(struct world *w, uint8_t *packet, size_t room, size_t n)
{
    uint8_t text[256];
    weft_pkt *pkt;
    size_t len;

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 37 + 1);
    assert_int_equal(weft_send(w->end[0], text, n, 0), n);
    assert_int_equal(weft_output(w->ifp[0], &pkt, 1, w->now), 1);
    len = weft_pkt_copy(pkt, 0, packet, room);
    weft_pkt_release(pkt);
    assert_int_equal(len, HEADERS + n);
    return len;
}

static void mend_ip(uint8_t *p)
{
    poke_u16(p + 10, 0);
    poke_u16(p + 10, csum(p, IPV4_HEADER));
}

static void mend_tcp(uint8_t *p, size_t n)
{
    struct csum sum = {0};

    poke_u16(p + IPV4_HEADER + TCP_CHECKSUM_AT, 0);
    ip_pseudo_header_v4(&sum, ipv4_source(p), ipv4_destination(p), IP_PROTO_TCP, (uint32_t)n - IPV4_HEADER);
    csum_add(&sum, p + IPV4_HEADER, n - IPV4_HEADER);
    poke_u16(p + IPV4_HEADER + TCP_CHECKSUM_AT, csum_fold(&sum));
}

static void apply(const struct change *c, uint8_t *packet, size_t len)
{
    if (c->flip)
        packet[(c->flip - 1) / 8] ^= (uint8_t)(0x80 >> (c->flip - 1) % 8);
    if (c->shut)
        poke_u16(packet + IPV4_HEADER + 14, 0);
    if (c->mend >= MEND_IP)
        mend_ip(packet);
    if (c->mend == MEND_BOTH)
        mend_tcp(packet, len);
}

static uint64_t outcome_of(struct change c, bool shortcuts)
{
    uint8_t packet[512];
    struct digest d;
    struct world w;
    size_t len;

    begin(&w, shortcuts);
    len = question(&w, packet, sizeof packet, c.n);
    apply(&c, packet, len);
    d = outcome(&w, packet, len);
    end(&w);
    return d.v;
}

static bool is_the_same_without_shortcuts(struct change c) { return outcome_of(c, true) == outcome_of(c, false); }

static void every_bit_of_a_foreseen_segment_counts_as_it_does_without_shortcuts(void **state)
{
    const size_t n = 11, bits = 8 * (HEADERS + n);

    (void)state;
    for (enum mend mend = MEND_NOTHING; mend <= MEND_BOTH; mend++)
        for (size_t bit = 1; bit <= bits; bit++)
            if (!is_the_same_without_shortcuts((struct change){.n = n, .flip = bit, .mend = mend}))
                fail_msg("bit %zu of byte %zu, sums mended: %d", (bit - 1) % 8, (bit - 1) / 8, mend);
}

static void a_question_of_any_length_is_taken_as_it_is_without_shortcuts(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 140; n++)
        if (!is_the_same_without_shortcuts((struct change){.n = n}))
            fail_msg("%zu bytes", n);
}

static void a_window_that_closes_is_taken_as_it_is_without_shortcuts(void **state)
{
    (void)state;
    assert_true(is_the_same_without_shortcuts((struct change){.n = 11, .shut = true, .mend = MEND_BOTH}));
}

/* The outcomes above are of something. */
static void what_comes_of_a_question_is_told_apart(void **state)
{
    const size_t text = 8 * HEADERS + 1;
    uint64_t whole = outcome_of((struct change){.n = 11}, true);

    (void)state;
    assert_true(outcome_of((struct change){.n = 11, .flip = text, .mend = MEND_BOTH}, true) != whole);
    assert_true(outcome_of((struct change){.n = 11, .flip = text}, true) != whole);
    assert_true(outcome_of((struct change){.n = 11, .shut = true, .mend = MEND_BOTH}, true) != whole);
    assert_true(outcome_of((struct change){.n = 11, .mend = MEND_BOTH}, true) == whole);
}

/* Else all of this would compare the long way with itself. */
static void two_ends_that_take_turns_are_as_usual(void **state)
{
    struct world w;

    (void)state;
    begin(&w, true);
    assert_true(conn_known_usual(conn_of(w.end[0])));
    assert_true(conn_known_usual(conn_of(w.end[1])));
    end(&w);
    begin(&w, false);
    assert_false(conn_known_usual(conn_of(w.end[0])));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bit_of_a_foreseen_segment_counts_as_it_does_without_shortcuts),
        cmocka_unit_test(a_question_of_any_length_is_taken_as_it_is_without_shortcuts),
        cmocka_unit_test(a_window_that_closes_is_taken_as_it_is_without_shortcuts),
        cmocka_unit_test(what_comes_of_a_question_is_told_apart),
        cmocka_unit_test(two_ends_that_take_turns_are_as_usual),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
