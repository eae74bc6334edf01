/* SPDX-License-Identifier: MIT */
/*
 * What TCP makes of links of all kinds, in virtual time: the same table each time, to the last bit. A line per cell,
 * tab separated: kind, congestion control, loss, round trip in ms, and a number:
 *
 *     goodput    Mbit/s of a bulk flow, the mean of several seeds
 *     jain       Jain's index of two flows, the second begun some time after the first
 *     10kB       ms from the call to connect until so much has been read at the other end, the median of many seeds;
 *     10kB-p95   and what 95 % of them stay below. The same for 100kB
 *
 *     weft-goodput             the whole table
 *     weft-goodput CC LOSS RTT [MBIT]
 *                              one cell of goodput, with the counters of its first seed; MBIT: not the table's rate
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/demo_world.h"
#include "weft/sysctl.h"

#define RATE       20u /* Mbit/s */
#define FRAME      1514u
#define QUEUE_MIN  64u
#define PORT       7000
#define FLOWS      2
#define START      (10 * WEFT_MS) /* the interfaces have announced themselves */
#define ARRAY(a)   (sizeof(a) / sizeof *(a))

static const char *const controls[] = {"reno", "cubic"};
static const unsigned round_trips[] = {1, 20, 100, 200};

static uint32_t rate = RATE * 1000000; /* bit/s */

static const struct loss {
    const char *name;
    struct weft_impairment how;
} losses[] = {
    {"0", {.loss = 0}},
    {"0.1", {.loss = 1000}},
    {"1", {.loss = 10000}},
    {"5", {.loss = 50000}},
    {"reorder", {.reorder = 5000, .reorder_gap = 4, .reorder_delay = WEFT_S}},
};

/* One connection from end 0 to end 1. */
struct flow {
    weft_sock *listener, *from, *to;
    uint64_t left, got;
    weft_time began, over; /* over: when the last byte was read; WEFT_NEVER: not yet */
};

struct run {
    struct world world;
    struct flow flow[FLOWS];
    uint64_t bytes; /* of each flow */
};

static void push(struct flow *f)
{
    static const uint8_t zeroes[65536];
    int64_t n = 1;

    while (f->from && f->left && n > 0) {
        n = weft_send(f->from, zeroes, f->left < sizeof zeroes ? f->left : sizeof zeroes, 0);
        if (n > 0)
            f->left -= (uint64_t)n;
    }
}

static void pull(struct run *r, struct flow *f)
{
    static uint8_t buf[65536];
    int64_t n;

    while (f->to && (n = weft_recv(f->to, buf, sizeof buf, 0)) > 0)
        f->got += (uint64_t)n;
    if (f->got == r->bytes && f->over == WEFT_NEVER)
        f->over = r->world.now;
}

static void on_event(void *ctx, int end, const struct weft_event *event)
{
    struct run *r = ctx;
    struct weft_addr peer;
    int err;

    for (size_t i = 0; i < FLOWS; i++) {
        struct flow *f = &r->flow[i];

        if (end == 1 && f->listener && event->sock == f->listener)
            f->to = weft_accept(f->listener, &peer, &err);
        else if (event->sock != (end ? f->to : f->from))
            continue;
        push(f);
        pull(r, f);
    }
}

static void fail(const char *what)
{
    fprintf(stderr, "weft-goodput: %s\n", what);
    exit(2);
}

static void flow_begin(struct run *r, struct flow *f, uint16_t port)
{
    const struct weft_addr server = {.ip = r->world.end[1].ip, .port = port};
    int err;

    f->left = r->bytes;
    f->over = WEFT_NEVER;
    f->began = r->world.now;
    f->listener = weft_socket(r->world.end[1].stack, WEFT_TCP, &err);
    f->from = weft_socket(r->world.end[0].stack, WEFT_TCP, &err);
    if (!f->listener || !f->from || weft_bind(f->listener, &server) != 0 || weft_listen(f->listener, 1) != 0 ||
        weft_connect(f->from, &server) != WEFT_EINPROGRESS)
        fail("cannot connect");
}

/* Can this stack be told which congestion control to use, and has it this one? */
static bool choose_control(weft_stack *stack, const char *control)
{
    return weft_sysctl_set(stack, "net.ipv4.tcp_congestion_control", control) == 0;
}

/* A world whose way there is the link with this loss; the way back is only slow. */
static struct run *run_open(const char *control, const struct loss *loss, unsigned rtt, uint64_t seed)
{
    uint64_t bdp = (uint64_t)rate * rtt / 1000 / 8 / FRAME + 1;
    struct weft_impairment back = {.bits_per_second = rate, .delay = rtt * WEFT_MS / 2,
                                   .queue_packets = (uint32_t)(bdp > QUEUE_MIN ? bdp : QUEUE_MIN)};
    struct weft_impairment there = loss->how;
    struct run *r = calloc(1, sizeof *r);
    struct world_config config = {.seed = seed, .name = {"a", "b"}, .wire = back, .event = on_event, .ctx = r};

    there.bits_per_second = rate;
    there.delay = back.delay;
    there.queue_packets = back.queue_packets;
    if (!r || !world_open(&r->world, &config, NULL))
        fail("out of memory");
    weft_wire_impair(r->world.wire, 0, &there);
    for (int end = 0; end < 2; end++)
        choose_control(r->world.end[end].stack, control);
    world_run(&r->world, START);
    return r;
}

static void run_close(struct run *r)
{
    world_close(&r->world);
    free(r);
}

/* ---- kinds ---- */

#define SEEDS   8
#define SECONDS 10u

static void show_counters(const struct run *r)
{
    for (int end = 0; end < 2; end++)
        for (int i = 0; i < WEFT_COUNTER_COUNT; i++)
            if (weft_counter(r->world.end[end].stack, (enum weft_counter)i))
                printf("# %s %llu %s\n", end ? "receiver" : "sender",
                       (unsigned long long)weft_counter(r->world.end[end].stack, (enum weft_counter)i),
                       weft_counter_text((enum weft_counter)i));
}

/* kbit/s that arrive. */
static uint64_t goodput(const char *control, const struct loss *loss, unsigned rtt, bool counters)
{
    uint64_t bytes = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct run *r = run_open(control, loss, rtt, seed);

        r->bytes = UINT64_MAX;
        flow_begin(r, &r->flow[0], PORT);
        world_run(&r->world, START + SECONDS * WEFT_S);
        bytes += r->flow[0].got;
        if (counters && seed == 1)
            show_counters(r);
        run_close(r);
    }
    return bytes * 8 / (SEEDS * SECONDS) / 1000;
}

/* Thousandths. Of the rates in the second half. */
static uint64_t jain(const char *control, unsigned rtt)
{
    uint64_t sum = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct run *r = run_open(control, &losses[0], rtt, seed);
        uint64_t got[FLOWS], total = 0, squares = 0;

        r->bytes = UINT64_MAX;
        for (unsigned i = 0; i < FLOWS; i++) {
            flow_begin(r, &r->flow[i], (uint16_t)(PORT + i));
            world_run(&r->world, r->world.now + WEFT_S + seed * 7 * WEFT_MS);
        }
        world_run(&r->world, START + 15 * WEFT_S);
        for (unsigned i = 0; i < FLOWS; i++)
            got[i] = r->flow[i].got;
        world_run(&r->world, START + 30 * WEFT_S);
        for (unsigned i = 0; i < FLOWS; i++) {
            got[i] = (r->flow[i].got - got[i]) / 1000;
            total += got[i];
            squares += got[i] * got[i];
        }
        sum += total * total * 1000 / (FLOWS * squares);
        run_close(r);
    }
    return sum / SEEDS;
}

#define TRANSFERS 100

static int by_value(const void *a, const void *b)
{
    const weft_time *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* How long each of many transfers takes, sorted. */
static void transfers(const char *control, const struct loss *loss, unsigned rtt, uint64_t bytes,
                      weft_time took[TRANSFERS])
{
    for (uint64_t seed = 0; seed < TRANSFERS; seed++) {
        struct run *r = run_open(control, loss, rtt, 1000 + seed);
        struct flow *f = &r->flow[0];

        r->bytes = bytes;
        flow_begin(r, f, PORT);
        while (f->over == WEFT_NEVER && world_step(&r->world, START + 300 * WEFT_S))
            ;
        if (f->over == WEFT_NEVER)
            fail("a transfer never ended");
        took[seed] = f->over - f->began;
        run_close(r);
    }
    qsort(took, TRANSFERS, sizeof *took, by_value);
}

/* ---- the table ---- */

static void print_row(const char *kind, const char *control, const char *loss, unsigned rtt, double value)
{
    printf("%s\t%s\t%s\t%u\t%.3f\n", kind, control, loss, rtt, value);
}

static void print_transfers(const char *control, const struct loss *loss, unsigned rtt, const char *kind,
                            uint64_t bytes)
{
    weft_time took[TRANSFERS];
    char name[24];

    transfers(control, loss, rtt, bytes, took);
    print_row(kind, control, loss->name, rtt, (double)took[TRANSFERS / 2] / 1e6);
    snprintf(name, sizeof name, "%s-p95", kind);
    print_row(name, control, loss->name, rtt, (double)took[TRANSFERS * 95 / 100] / 1e6);
}

static void print_control(const char *control)
{
    size_t i, k;

    for (i = 0; i < ARRAY(losses); i++)
        for (k = 0; k < ARRAY(round_trips); k++)
            print_row("goodput", control, losses[i].name, round_trips[k],
                      (double)goodput(control, &losses[i], round_trips[k], false) / 1e3);
    for (k = 0; k < ARRAY(round_trips); k++)
        print_row("jain", control, "0", round_trips[k], (double)jain(control, round_trips[k]) / 1e3);
    for (i = 0; i < 3; i++)
        for (k = 1; k < ARRAY(round_trips); k++) {
            print_transfers(control, &losses[i], round_trips[k], "10kB", 10000);
            print_transfers(control, &losses[i], round_trips[k], "100kB", 100000);
        }
}

static bool has_control(const char *control)
{
    struct run *r = run_open(control, &losses[0], 1, 1);
    bool has = choose_control(r->world.end[0].stack, control);

    run_close(r);
    return has;
}

static int print_cell(const char *control, const char *loss, const char *rtt)
{
    for (size_t i = 0; i < ARRAY(losses); i++)
        if (strcmp(losses[i].name, loss) == 0) {
            print_row("goodput", control, loss, (unsigned)atoi(rtt),
                      (double)goodput(control, &losses[i], (unsigned)atoi(rtt), true) / 1e3);
            return 0;
        }
    fail("no such loss");
    return 2;
}

int main(int argc, char **argv)
{
    bool any = false;

    if (argc == 5 && atoi(argv[4]) >= 1 && atoi(argv[4]) <= 1000)
        rate = (uint32_t)atoi(argv[4]) * 1000000;
    if (argc == 4 || argc == 5)
        return print_cell(argv[1], argv[2], argv[3]);
    puts("kind\tcontrol\tloss\trtt_ms\tvalue");
    for (size_t i = 0; i < ARRAY(controls); i++)
        if (has_control(controls[i])) {
            print_control(controls[i]);
            any = true;
        }
    if (!any)
        print_control("default");
    return 0;
}
