/* SPDX-License-Identifier: MIT */
/*
 * The small scope, all of it: two ends, one connection, a byte each way at most, and every order in which the calls of
 * the ends, the packets and the timers can meet, with up to three faults of the network among them.
 *
 * There is no delay and no chance here. A world stands still until somebody chooses a move: the next call of an end, a
 * packet that arrives, is lost or doubled, the next timer. search.c chooses each in turn, everywhere.
 */
#ifndef SCOPE_H
#define SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "weft/sock.h"

#define FLIGHT_MAX 6   /* packets under way in one direction */
#define FRAME_MAX  160 /* bytes of one */
#define ACTS_MAX   4
#define MOVES_MAX  48  /* that a world can offer */
#define DEPTH_MAX  120 /* moves until an end must have come */

/* ---- what the ends do, in their order ---- */

enum act {
    ACT_END,
    ACT_CONNECT,
    ACT_SEND,      /* one byte, once the connection is there */
    ACT_SHUT,      /* no more to send */
    ACT_SHUT_LAST, /* the same, once the peer's end of file was read */
};

/* Whoever does not connect listens from the start. Reading, accepting and closing happen as soon as they can. */
struct drama {
    const char *name;
    enum act act[2][ACTS_MAX];
    const char *text[2]; /* what each end must have read in the end */
};

extern const struct drama dramas[];
extern const size_t n_dramas;

/* ---- moves ---- */

enum move_kind {
    MOVE_ACT,       /* end `from` calls what it calls next */
    MOVE_DELIVER,   /* the packet number `which` of those from `from` arrives; not the first: it overtakes */
    MOVE_DROP,      /* it is lost */
    MOVE_DUPLICATE, /* a copy goes behind all others */
    MOVE_TICK,      /* time goes on to the next timer; with packets under way: they are that late */
};

struct move {
    uint8_t kind, from, which;
    uint16_t steps; /* of MOVE_TICK: deadlines until something happened; 0: not known yet */
};

/* How many faults of the network a move is: 0 or 1. */
unsigned move_cost(const struct move *m, bool packets_under_way);

/* ---- world.c ---- */

struct frame {
    size_t n;
    uint8_t bytes[FRAME_MAX];
};

struct end {
    struct weft_env env;
    struct rng rng;
    weft_stack *stack;
    weft_if *ifp;
    weft_sock *sock, *listener; /* NULL: not yet, or closed */
    unsigned accepted, acts;    /* connections it got; calls made */
    bool shut, ended, closed;   /* sends no more; read the peer's end; closed the socket in order */
    char text[8];               /* read so far */
    size_t n;
    struct frame flight[FLIGHT_MAX]; /* from here, not yet there */
    unsigned n_flight;
};

struct world {
    const struct drama *drama;
    struct end end[2];
    weft_time now;
    bool crowded;  /* more packets than FLIGHT_MAX wanted to be under way */
    size_t live;   /* bytes that the stacks hold */
    char why[200]; /* what went wrong; empty: nothing */
};

void world_open(struct world *w, const struct drama *d);
/* Everything must have been given back. */
void world_close(struct world *w);

/* All that can happen next. */
size_t world_moves(const struct world *w, struct move *out);
/* Makes it happen, and all that follows by itself. Fills in m->steps, so that the same move is played again for less. */
void world_play(struct world *w, struct move *m);
bool world_packets_under_way(const struct world *w);
/* Nothing can happen any more: is that as it should be? Says why not in w->why. */
void world_judge(struct world *w);

/* ---- digest.c ---- */

/* A number for what determines the future; equal ones are taken for the same world. */
uint64_t world_digest(const struct world *w);
/* The same but for the time it is. */
uint64_t world_digest_timeless(const struct world *w);

#endif
