/* SPDX-License-Identifier: MIT */
/* What very many cost each: connections that receive, connections that are held, timers that are pending. */
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/wheel.h"
#include "bench.h"
#include "figures.h"
#include "weft_pair.h"

enum {
    PORTS = 256,      /* listened on in turn: a pair of addresses has 64,512 connections to each */
    FEW = 10,         /* connections, and */
    MANY = 10000000,
    AT_WORK = 1 << 16, /* connections, before time passes */
    BATCH = 64,
    BATCHES = 4000,   /* timed, after as many that warm up for FEW */
    FEW_TIMERS = 1000,
    TIMER_STEPS = 2000000,
};

/* ---- many connections ---- */

struct crowd {
    struct pair p;
    weft_sock *listener[PORTS];
    weft_sock *(*ends)[2];
    size_t n;
};

/*
 * After connection i: time passes now and then, so that those that were used have parked before the next ones are. All
 * of them at once would want three times the memory of what is held in the end.
 */
static void let_some_park(struct crowd *c, size_t i)
{
    if (i % AT_WORK == AT_WORK - 1)
        pair_advance(&c->p, 5 * WEFT_S);
}

static void crowd_open(struct crowd *c, size_t n)
{
    c->n = n;
    c->ends = malloc(n * sizeof *c->ends);
    if (!c->ends)
        bench_fail("weft: no memory for %zu connections", n);
    pair_open(&c->p, &(struct pair_config){.mtu = 1500, .clock_stands = true});
    for (int i = 0; i < PORTS; i++)
        c->listener[i] = pair_listen(&c->p, (uint16_t)(PAIR_PORT + i));
    for (size_t i = 0; i < n; i++) {
        pair_connect(&c->p, c->listener[i % PORTS], (uint16_t)(PAIR_PORT + i % PORTS), c->ends[i]);
        pair_no_delay(c->ends[i][0]);
        let_some_park(c, i);
    }
    pair_advance(&c->p, 5 * WEFT_S);
}

static void crowd_close(struct crowd *c)
{
    pair_close(&c->p);
    free(c->ends);
}

/* A byte from the opener's side of connection i waits to be sent. */
static void speak(struct crowd *c, size_t i)
{
    if (weft_send(c->ends[i][0], "x", 1, 0) != 1)
        bench_fail("weft: send");
}

/* A batch as a link would bring it: a packet each from connections drawn at random. */
static size_t make_batch(struct crowd *c, struct rng *r, weft_pkt **batch)
{
    size_t n = 0;

    while (n < BATCH) {
        weft_pkt *pkt;

        speak(c, rng_below(r, c->n));
        if (weft_output(c->p.ifp[0], &pkt, 1, c->p.now) == 1)
            batch[n++] = weft_pkt_move(pkt, c->p.stack[1]);
    }
    return n;
}

/* Takes in the batch, finds out who can read, reads: what is timed. */
static void hear(struct crowd *c, weft_pkt **batch, size_t n)
{
    struct weft_event events[BATCH];
    size_t readable;
    uint8_t byte;

    weft_input(c->p.ifp[1], batch, n, c->p.now);
    readable = weft_events(c->p.stack[1], events, BATCH);
    for (size_t i = 0; i < readable; i++)
        while (weft_recv(events[i].sock, &byte, 1, 0) == 1)
            ;
}

/* Hears of all that has happened so far, so that the next events are of what comes next. */
static void catch_up(struct crowd *c)
{
    struct weft_event events[BATCH];

    for (int i = 0; i < 2; i++)
        while (weft_events(c->p.stack[i], events, BATCH))
            ;
}

/* A byte through each; returns how many arrived. */
static size_t speak_in_turn(struct crowd *c)
{
    size_t arrived = 0;

    for (size_t i = 0; i < c->n; i++) {
        uint8_t byte;

        speak(c, i);
        pair_run(&c->p);
        arrived += weft_recv(c->ends[i][1], &byte, 1, 0) == 1;
        let_some_park(c, i);
    }
    pair_advance(&c->p, 5 * WEFT_S);
    return arrived;
}

/* Nanoseconds a packet, for batches of 64 from connections drawn at random. */
static double receive_cost(struct crowd *c)
{
    uint64_t spent = 0, heard = 0;
    struct rng r;

    rng_seed(&r, 7);
    for (int round = 0; round < 2 * BATCHES; round++) {
        weft_pkt *batch[BATCH];
        size_t n = make_batch(c, &r, batch);
        uint64_t start = bench_nanoseconds();

        hear(c, batch, n);
        if (round >= BATCHES) {
            spent += bench_nanoseconds() - start;
            heard += n;
        }
        pair_advance(&c->p, 50 * WEFT_MS); /* delayed acknowledgments too */
    }
    return (double)spent / (double)heard;
}

static double receive_cost_among(size_t connections)
{
    static struct crowd c;
    double cost;

    crowd_open(&c, connections);
    speak_in_turn(&c); /* the first byte of a connection costs more than all later ones */
    catch_up(&c);
    cost = receive_cost(&c);
    crowd_close(&c);
    return cost;
}

double rx_scale(size_t connections)
{
    double few = receive_cost_among(FEW), many = receive_cost_among(connections ? connections : MANY);

    fprintf(stderr, "# rx_scale: %.0f ns a packet among %d connections, %.0f ns among %zu\n", few, FEW, many,
            connections ? connections : MANY);
    return many / few;
}

double pairs_held(size_t pairs)
{
    static struct crowd c;
    size_t arrived;

    crowd_open(&c, pairs ? pairs : MANY);
    arrived = speak_in_turn(&c);
    fprintf(stderr, "# pairs_held: %.0f bytes an endpoint after its byte\n", (double)c.p.held / (2.0 * (double)c.n));
    crowd_close(&c);
    return (double)arrived;
}

/* ---- many timers ---- */

/* Nanoseconds for arming, moving and firing, with this many pending all the time. */
static double timer_cost(size_t pending)
{
    struct timer *t = bench_pages(pending * sizeof *t), *fired;
    static struct wheel w;
    uint64_t start, done = 0;
    weft_time now = 0;
    struct rng r;

    if (!t)
        bench_fail("no memory for %zu timers", pending);
    rng_seed(&r, 3);
    wheel_init(&w, now);
    for (size_t i = 0; i < pending; i++) {
        timer_init(&t[i]);
        timer_set(&w, &t[i], 1 + rng_below(&r, 10 * WEFT_S));
    }
    start = bench_nanoseconds();
    while (done < TIMER_STEPS) {
        now += 10 * WEFT_S / pending;
        while ((fired = wheel_pop(&w, now))) { /* it is armed anew, and another one moved */
            timer_set(&w, fired, now + 1 + rng_below(&r, 10 * WEFT_S));
            timer_set(&w, &t[rng_below(&r, pending)], now + 1 + rng_below(&r, 10 * WEFT_S));
            done++;
        }
    }
    start = bench_nanoseconds() - start;
    return (double)start / (double)done;
}

double timers(size_t pending)
{
    double few = timer_cost(FEW_TIMERS), many = timer_cost(pending ? pending : MANY);

    fprintf(stderr, "# timers: %.0f ns for arm, move and expire with %d pending, %.0f ns with %zu\n", few, FEW_TIMERS,
            many, pending ? pending : MANY);
    return many / few;
}
