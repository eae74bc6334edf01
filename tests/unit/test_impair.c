/* SPDX-License-Identifier: MIT */
/* The link that misbehaves on purpose (src/driver/impair.c), around a driver that a test fills and reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "harness.h"
#include "host_pair.h"
#include "weft/driver.h"

#define SEEN_MAX  50000
#define FRAME     60
#define OUTGOING  0
#define INCOMING  1
#define ROWS(a)   (sizeof(a) / sizeof((a)[0]))

/* The device inside. Packets are numbered by their first four bytes; the rest is 0x5a. */
struct device {
    struct weft_driver driver;
    uint32_t ready, received; /* how many wait to be received; the number of the next one */
    bool vouches;             /* what it receives has csum_valid */
    weft_time wakes;          /* when it wants to be asked; WEFT_NEVER: not at all */
    size_t takes;             /* packets it sends until it is full */
    bool dead, closed;
};

/* What came out at the far end of a direction. */
struct seen {
    uint32_t number;
    unsigned flipped; /* bits */
    weft_time at;
    bool vouched;
};

struct world {
    struct harness_env e;
    weft_stack *stack;
    struct device device;
    weft_driver *d;
    uint32_t sent;
    size_t n;
    struct seen seen[SEEN_MAX];
};

static struct world w;

static weft_time clock_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_nsec;
}

static void sleep_until(weft_time at)
{
    weft_time now = clock_now();
    struct timespec t;

    if (at <= now)
        return;
    t = (struct timespec){(time_t)((at - now) / WEFT_S), (long)((at - now) % WEFT_S)};
    nanosleep(&t, NULL);
}

static weft_pkt *frame_new(uint32_t number)
{
    weft_pkt *pkt = weft_pkt_new(w.stack, FRAME);

    assert_non_null(pkt);
    memset(weft_pkt_data(pkt), 0x5a, FRAME);
    memcpy(weft_pkt_data(pkt), &number, sizeof number);
    weft_pkt_set_len(pkt, FRAME);
    return pkt;
}

static void see(const weft_pkt *pkt)
{
    struct weft_pkt_offload offload;
    struct seen *s = &w.seen[w.n++];
    uint8_t bytes[FRAME];
    size_t i;

    assert_true(w.n < SEEN_MAX);
    assert_int_equal(weft_pkt_copy(pkt, 0, bytes, sizeof bytes), FRAME);
    weft_pkt_get_offload(pkt, &offload);
    *s = (struct seen){.at = clock_now(), .vouched = offload.csum_valid};
    memcpy(&s->number, bytes, sizeof s->number);
    for (i = sizeof s->number; i < FRAME; i++)
        s->flipped += (unsigned)__builtin_popcount(bytes[i] ^ 0x5au);
}

/* ---- the device ---- */

static int device_receive(weft_driver *d, weft_pkt **out, size_t max)
{
    struct weft_pkt_offload vouched = {.csum_valid = w.device.vouches};
    int n = 0;

    assert_ptr_equal(d->stack, w.stack);
    for (; (size_t)n < max && w.device.ready; n++, w.device.ready--) {
        out[n] = frame_new(w.device.received++);
        weft_pkt_set_offload(out[n], &vouched);
    }
    return n == 0 && w.device.dead ? -1 : n;
}

static size_t device_transmit(weft_driver *d, weft_pkt *const *pkts, size_t n)
{
    size_t i;

    assert_ptr_equal(d->stack, w.stack);
    for (i = 0; i < n && w.device.takes; i++, w.device.takes--) {
        see(pkts[i]);
        weft_pkt_release(pkts[i]);
    }
    return i;
}

static void device_close(weft_driver *d)
{
    (void)d;
    w.device.closed = true;
}

static weft_time device_deadline(weft_driver *d)
{
    (void)d;
    return w.device.wakes;
}

static const struct weft_driver_ops device_ops = {"device", device_receive, device_transmit, device_close, device_deadline};

/* ---- the bench ---- */

static void begin(const struct weft_impairment *how, uint64_t seed)
{
    const struct weft_impairment both[2] = {*how, *how};
    struct weft_env env;

    memset(&w, 0, sizeof w);
    harness_env_init(&w.e, 1);
    env = harness_env(&w.e);
    w.stack = weft_stack_new(&env, NULL, 0, NULL);
    assert_non_null(w.stack);
    w.device.driver = (struct weft_driver){.ops = &device_ops, .fd = 77};
    w.device.driver.ifc = (struct weft_if_config){.name = "wt0", .link = WEFT_LINK_IP, .mtu = 1400,
                                                  .offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO};
    w.device.takes = SIZE_MAX;
    w.device.wakes = WEFT_NEVER;
    w.d = weft_impair_open(&w.device.driver, both, seed);
    assert_non_null(w.d);
    w.d->stack = w.stack;
}

/* Ends it, with packets on their way or not. */
static void end(void)
{
    w.d->ops->close(w.d);
    assert_true(w.device.closed);
    weft_stack_free(w.stack);
    harness_env_check(&w.e);
}

/* The stack's end hands over n packets; returns how many were taken. */
static size_t send(size_t n)
{
    weft_pkt *pkt[64];
    size_t i, taken;

    assert_true(n <= 64);
    for (i = 0; i < n; i++)
        pkt[i] = frame_new(w.sent + (uint32_t)i);
    taken = w.d->ops->transmit(w.d, pkt, n);
    w.sent += (uint32_t)taken;
    for (i = taken; i < n; i++)
        weft_pkt_release(pkt[i]);
    return taken;
}

/* What the driver receives now; when incoming, that is what is seen. */
static int receive(bool incoming)
{
    weft_pkt *pkt[64];
    int n = w.d->ops->receive(w.d, pkt, 64), i;

    for (i = 0; i < n; i++) {
        assert_true(incoming);
        see(pkt[i]);
        weft_pkt_release(pkt[i]);
    }
    return n;
}

/* n packets into this direction, and all out of it that come, as the host's loop does. */
static void pass(int direction, uint32_t n)
{
    weft_time at;

    if (direction == INCOMING)
        w.device.ready = n;
    for (uint32_t i = 0; direction == OUTGOING && i < n; i += 50)
        assert_int_equal(send(50), 50);
    while (w.device.ready || (at = w.d->ops->deadline(w.d)) != WEFT_NEVER) {
        if (!w.device.ready)
            sleep_until(at);
        receive(direction == INCOMING);
    }
}

/* Which of n came: bit by bit. */
static void which_came(const struct weft_impairment *how, uint64_t seed, int direction, uint8_t *came, uint32_t n)
{
    memset(came, 0, n / 8 + 1);
    begin(how, seed);
    pass(direction, n);
    for (size_t i = 0; i < w.n; i++)
        came[w.seen[i].number / 8] |= (uint8_t)(1u << w.seen[i].number % 8);
    end();
}

static void assert_share(size_t count, size_t n, uint32_t ppm)
{
    double p = ppm / 1e6, mean = (double)n * p, away = (double)count - mean;

    /* Five standard deviations: once in a million seeds, and the seed is fixed. */
    if (away * away > 25 * mean * (1 - p))
        fail_msg("%zu of %zu, where %.0f were expected", count, n, mean);
}

/* ---- tests ---- */

static void a_perfect_link_passes_everything_in_order_and_at_once(void **state)
{
    const struct weft_impairment perfect = {.loss = 0};

    for (int direction = OUTGOING; direction <= INCOMING; direction++) {
        begin(&perfect, 1);
        pass(direction, 1000);
        assert_int_equal(w.n, 1000);
        for (uint32_t i = 0; i < 1000; i++) {
            assert_int_equal(w.seen[i].number, i);
            assert_int_equal(w.seen[i].flipped, 0);
        }
        end();
    }
}

static void the_stack_is_offered_the_device_without_its_offloads(void **state)
{
    begin(&(struct weft_impairment){.loss = 0}, 1);
    assert_int_equal(w.d->fd, 77);
    assert_string_equal(w.d->ifc.name, "wt0");
    assert_int_equal(w.d->ifc.mtu, 1400);
    assert_int_equal(w.d->ifc.offload, 0);
    end();
}

static void a_seed_decides_who_is_lost(void **state)
{
    const struct weft_impairment how = {.loss = 100000, .duplicate = 20000};
    uint8_t once[126], again[126], other[126], inwards[126];

    which_came(&how, 7, OUTGOING, once, 1000);
    which_came(&how, 7, OUTGOING, again, 1000);
    which_came(&how, 8, OUTGOING, other, 1000);
    which_came(&how, 7, INCOMING, inwards, 1000);
    assert_memory_equal(once, again, sizeof once);
    assert_memory_not_equal(once, other, sizeof once);
    assert_memory_not_equal(once, inwards, sizeof once);
}

static void loss_keeps_to_its_share(void **state)
{
    static const uint32_t share[] = {0, 10000, 100000, 500000, 1000000};

    for (size_t i = 0; i < ROWS(share); i++) {
        for (int direction = OUTGOING; direction <= INCOMING; direction++) {
            begin(&(struct weft_impairment){.loss = share[i]}, 3);
            pass(direction, 20000);
            assert_share(20000 - w.n, 20000, share[i]);
            assert_int_equal(weft_drops(w.stack, WEFT_DROP_link_lost), 20000 - w.n);
            end();
        }
    }
}

static void a_duplicate_follows_its_original(void **state)
{
    size_t twice = 0;

    begin(&(struct weft_impairment){.duplicate = 50000}, 3);
    pass(OUTGOING, 20000);
    for (size_t i = 1; i < w.n; i++) {
        assert_true(w.seen[i].number == w.seen[i - 1].number || w.seen[i].number == w.seen[i - 1].number + 1);
        twice += w.seen[i].number == w.seen[i - 1].number;
        assert_int_equal(w.seen[i].flipped, 0);
    }
    assert_int_equal(w.n, 20000 + twice);
    assert_share(twice, 20000, 50000);
    end();
}

static void corruption_flips_one_bit_and_nobody_vouches_for_it(void **state)
{
    size_t corrupted = 0;

    begin(&(struct weft_impairment){.corrupt = 200000}, 3);
    w.device.vouches = true;
    pass(INCOMING, 5000);
    assert_int_equal(w.n, 5000);
    for (size_t i = 0; i < w.n; i++) {
        unsigned flipped = w.seen[i].flipped + (unsigned)__builtin_popcount(w.seen[i].number ^ (uint32_t)i);

        assert_in_range(flipped, 0, 1);
        assert_int_equal(w.seen[i].vouched, !flipped);
        corrupted += flipped;
    }
    assert_share(corrupted, 5000, 200000);
    end();
}

/* The number is read as the beginning of a datagram of IPv4 whose ECN field says that it can be told. */
static void a_mark_shows_in_the_header(void **state)
{
    static const uint8_t before[4] = {0x45, 2, 0, 60}, after[4] = {0x45, 3, 0, 60};

    for (int direction = OUTGOING; direction <= INCOMING; direction++) {
        begin(&(struct weft_impairment){.mark = 1000000}, 3);
        memcpy(direction == OUTGOING ? &w.sent : &w.device.received, before, sizeof before);
        if (direction == OUTGOING)
            assert_int_equal(send(1), 1);
        else
            pass(INCOMING, 1);
        assert_int_equal(w.n, 1);
        assert_memory_equal(&w.seen[0].number, after, sizeof after);
        assert_int_equal(w.seen[0].flipped, __builtin_popcount(0x5a5a ^ csum_update(0x5a5a, 0x4502, 0x4503)));
        assert_int_equal(weft_impair_stats(w.d, direction)->marked, 1);
        end();
    }
}

static void delay_is_kept_and_so_is_the_order_in_spite_of_jitter(void **state)
{
    const struct weft_impairment how = {.delay = 5 * WEFT_MS, .jitter = 5 * WEFT_MS};
    weft_time start;

    for (int direction = OUTGOING; direction <= INCOMING; direction++) {
        begin(&how, 3);
        start = clock_now();
        pass(direction, 500);
        assert_int_equal(w.n, 500);
        for (uint32_t i = 0; i < 500; i++) {
            assert_int_equal(w.seen[i].number, i);
            assert_true(w.seen[i].at >= start + how.delay);
        }
        end();
    }
}

static void rate_and_queue_are_kept(void **state)
{
    const struct weft_impairment how = {.bits_per_second = 480000, .queue_packets = 20}; /* 1 ms each */
    weft_time start;

    for (int direction = OUTGOING; direction <= INCOMING; direction++) {
        begin(&how, 3);
        start = clock_now();
        pass(direction, 50);
        assert_in_range(w.n, 20, 25); /* more only if it took so long to hand them over */
        assert_int_equal(weft_drops(w.stack, WEFT_DROP_link_queue_full), 50 - w.n);
        assert_int_equal(weft_impair_stats(w.d, direction)->overflowed, 50 - w.n);
        assert_int_equal(weft_impair_stats(w.d, direction)->delivered, w.n);
        for (size_t i = 0; i < w.n; i++)
            assert_true(w.seen[i].at >= start + (i + 1) * WEFT_MS);
        end();
    }
}

static void the_deadline_is_when_the_next_packet_leaves(void **state)
{
    weft_time before, after;

    begin(&(struct weft_impairment){.delay = 10 * WEFT_MS}, 3);
    assert_true(w.d->ops->deadline(w.d) == WEFT_NEVER);
    before = clock_now();
    send(1);
    after = clock_now();
    assert_in_range(w.d->ops->deadline(w.d), before + 10 * WEFT_MS, after + 10 * WEFT_MS);
    w.device.ready = 1;
    receive(true);
    assert_in_range(w.d->ops->deadline(w.d), before + 10 * WEFT_MS, after + 10 * WEFT_MS);
    while (w.d->ops->deadline(w.d) != WEFT_NEVER) {
        sleep_until(w.d->ops->deadline(w.d));
        receive(true);
    }
    assert_int_equal(w.n, 2);
    end();
}

/* packet: looks after an interface that went down without a word, and has a time for that. */
static void a_device_that_wants_to_be_asked_is_asked(void **state)
{
    begin(&(struct weft_impairment){.delay = 10 * WEFT_MS}, 3);
    w.device.wakes = 1234;
    assert_int_equal(w.d->ops->deadline(w.d), 1234);
    send(1);
    assert_int_equal(w.d->ops->deadline(w.d), 1234);
    w.device.wakes = WEFT_NEVER - 1; /* what leaves is sooner */
    assert_true(w.d->ops->deadline(w.d) < WEFT_NEVER - 1);
    end();
}

static void later_ones_overtake_those_that_are_held_back(void **state)
{
    size_t overtaken = 0;
    uint32_t highest = 0;

    begin(&(struct weft_impairment){.reorder = 100000, .reorder_delay = 20 * WEFT_MS}, 3);
    pass(INCOMING, 2000);
    assert_int_equal(w.n, 2000);
    for (size_t i = 0; i < w.n; i++) {
        overtaken += w.seen[i].number < highest;
        if (w.seen[i].number > highest)
            highest = w.seen[i].number;
    }
    assert_share(overtaken, 2000, 100000);
    end();
}

static void what_a_full_device_refuses_stays_with_the_caller(void **state)
{
    begin(&(struct weft_impairment){.loss = 0}, 3);
    w.device.takes = 5;
    assert_int_equal(send(8), 8); /* taken before it was known */
    assert_int_equal(w.n, 5);
    assert_int_equal(send(8), 0);
    w.device.takes = 100;
    assert_int_equal(send(4), 4);
    assert_int_equal(w.n, 12);
    for (uint32_t i = 0; i < 12; i++)
        assert_int_equal(w.seen[i].number, i);
    end();
}

static void a_full_device_is_asked_again_without_being_polled(void **state)
{
    weft_time at;

    begin(&(struct weft_impairment){.loss = 0}, 3);
    w.device.takes = 0;
    send(3);
    at = w.d->ops->deadline(w.d);
    assert_in_range(at, clock_now(), clock_now() + 10 * WEFT_MS); /* soon, and not in a busy loop */
    w.device.takes = 100;
    sleep_until(at);
    receive(false);
    assert_int_equal(w.n, 3);
    assert_true(w.d->ops->deadline(w.d) == WEFT_NEVER);
    end();
}

static void the_death_of_the_device_is_told(void **state)
{
    begin(&(struct weft_impairment){.loss = 0}, 3);
    w.device.ready = 2;
    w.device.dead = true;
    assert_int_equal(receive(true), 2);
    assert_int_equal(receive(true), -1);
    end();
}

static void what_is_under_way_when_it_is_closed_is_given_back(void **state)
{
    begin(&(struct weft_impairment){.delay = WEFT_S, .reorder = 300000, .duplicate = 300000}, 3);
    send(64);
    w.device.ready = 64;
    receive(true);
    assert_int_equal(w.n, 0);
    end(); /* checks it */
}

static void without_memory_for_a_copy_there_is_none(void **state)
{
    static const struct weft_impairment how[] = {{.duplicate = 1000000}, {.corrupt = 1000000}};
    static const size_t arrive[] = {1, 0};

    for (size_t i = 0; i < ROWS(how); i++) {
        size_t fillers = 0;
        weft_pkt *filler[4096], *pkt;

        begin(&how[i], 3);
        pkt = frame_new(0);
        /* Packets come from slabs: the allocation that fails is that of a new one. */
        harness_env_fail_nth(&w.e, 1);
        while (!harness_env_failed(&w.e) && fillers < ROWS(filler) &&
               (filler[fillers] = weft_pkt_new(w.stack, FRAME)) != NULL)
            fillers++;
        assert_true(harness_env_failed(&w.e));
        harness_env_fail_nth(&w.e, 1);
        assert_int_equal(w.d->ops->transmit(w.d, &pkt, 1), 1);
        assert_int_equal(w.n, arrive[i]);
        assert_int_equal(weft_drops(w.stack, WEFT_DROP_no_memory), 1);
        while (fillers)
            weft_pkt_release(filler[--fillers]);
        end();
    }
}

/* ---- with hosts around it ---- */

static weft_host *impaired_host(weft_driver *driver, const char *address, const struct weft_impairment *how)
{
    const struct weft_impairment both[2] = {*how, *how};

    driver = weft_impair_open(driver, both, 5);
    assert_non_null(driver);
    return host_make(driver, address);
}

static void a_host_wakes_up_for_what_was_delayed(void **state)
{
    weft_driver *ends[2];
    weft_host *a, *b;
    weft_time start;
    char said[8];
    int s, t;

    assert_true(weft_pair_open(ends));
    a = impaired_host(ends[0], "10.0.0.1/24", &(struct weft_impairment){.delay = 20 * WEFT_MS});
    b = host_make(ends[1], "10.0.0.2/24");
    s = udp_bound(a, 4000);
    t = udp_bound(b, 4000);
    start = weft_host_now(a);
    /* Out, and at most an address resolution before it, out and back: nothing else would wake anybody. */
    assert_int_equal(weft_host_sendto(a, s, "hello", 5, &(struct weft_addr){ADDRESS(2), 4000}), 5);
    assert_int_equal(weft_host_recv(b, t, said, sizeof said, PATIENCE), 5);
    assert_true(weft_host_now(a) - start >= 20 * WEFT_MS);
    weft_host_free(a);
    weft_host_free(b);
}

#define BULK 300000

static void *send_bulk(void *host)
{
    int s = tcp_connected(host, ADDRESS(2), 5000);
    uint8_t *bytes = malloc(BULK);

    for (size_t i = 0; i < BULK; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    assert_int_equal(weft_host_send(host, s, bytes, BULK, 3 * PATIENCE), BULK);
    assert_int_equal(weft_host_close(host, s), 0);
    free(bytes);
    return NULL;
}

static void tcp_loses_nothing_on_a_link_with_all_faults(void **state)
{
    const struct weft_impairment how = {.loss = 10000, .duplicate = 10000, .corrupt = 5000, .reorder = 10000,
                                        .reorder_delay = 2 * WEFT_MS, .delay = 200 * WEFT_US, .jitter = 100 * WEFT_US};
    weft_driver *ends[2];
    weft_host *a, *b;
    pthread_t sender;
    size_t n = 0;
    int64_t r;
    int l, s;

    assert_true(weft_pair_open(ends));
    a = impaired_host(ends[0], "10.0.0.1/24", &how);
    b = host_make(ends[1], "10.0.0.2/24");
    l = tcp_listener(b, 5000);
    assert_int_equal(pthread_create(&sender, NULL, send_bulk, a), 0);
    s = weft_host_accept(b, l, NULL, PATIENCE);
    assert_true(s >= 0);
    do {
        uint8_t bytes[8192];

        r = weft_host_recv(b, s, bytes, sizeof bytes, 3 * PATIENCE);
        assert_true(r >= 0);
        for (int64_t i = 0; i < r; i++, n++)
            assert_int_equal(bytes[i], (uint8_t)(n * 7 + n / 251));
    } while (r > 0);
    assert_int_equal(n, BULK);
    pthread_join(sender, NULL);
    weft_host_free(a);
    weft_host_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_link_passes_everything_in_order_and_at_once),
        cmocka_unit_test(the_stack_is_offered_the_device_without_its_offloads),
        cmocka_unit_test(a_seed_decides_who_is_lost),
        cmocka_unit_test(loss_keeps_to_its_share),
        cmocka_unit_test(a_duplicate_follows_its_original),
        cmocka_unit_test(corruption_flips_one_bit_and_nobody_vouches_for_it),
        cmocka_unit_test(a_mark_shows_in_the_header),
        cmocka_unit_test(delay_is_kept_and_so_is_the_order_in_spite_of_jitter),
        cmocka_unit_test(rate_and_queue_are_kept),
        cmocka_unit_test(the_deadline_is_when_the_next_packet_leaves),
        cmocka_unit_test(a_device_that_wants_to_be_asked_is_asked),
        cmocka_unit_test(later_ones_overtake_those_that_are_held_back),
        cmocka_unit_test(what_a_full_device_refuses_stays_with_the_caller),
        cmocka_unit_test(a_full_device_is_asked_again_without_being_polled),
        cmocka_unit_test(the_death_of_the_device_is_told),
        cmocka_unit_test(what_is_under_way_when_it_is_closed_is_given_back),
        cmocka_unit_test(without_memory_for_a_copy_there_is_none),
        cmocka_unit_test(a_host_wakes_up_for_what_was_delayed),
        cmocka_unit_test(tcp_loses_nothing_on_a_link_with_all_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
