/* SPDX-License-Identifier: MIT */
/*
 * A world of two stacks on one wire, in virtual time and one thread, over the engine's public calls only: everything in
 * it happens exactly so each time. Packets go into a pcapng file, and, when somebody wants it, up a ladder.
 */
#ifndef CMD_DEMO_WORLD_H
#define CMD_DEMO_WORLD_H

#include "cmd/ladder.h"
#include "cmd/plot.h"
#include "weft/driver.h"
#include "weft/sock.h"

struct world;

/* A packet on its way from an end: shall it pass? May keep a copy. */
typedef enum weft_wire_verdict world_filter(void *ctx, int from, const weft_pkt *pkt, weft_time now);
/* A socket of an end became ready. */
typedef void world_event(void *ctx, int end, const struct weft_event *event);

struct world_config {
    uint64_t seed;
    const char *name[2];
    struct weft_impairment wire; /* both ways */
    size_t buffer;               /* of each socket; 0: the default */
    world_filter *filter;        /* may be NULL */
    world_event *event;          /* may be NULL */
    void (*moment)(void *ctx);   /* after all that happens at a moment; may be NULL */
    void *ctx;                   /* of all three */
    const struct weft_config *settings; /* of both stacks; NULL: the default */
    struct plot *plot;           /* NULL: none. Needs trace */
    FILE *ladder;                /* where it is printed; NULL: nowhere */
    bool trace;                  /* keep a ladder at all */
};

/* Where packets are kept; shared by several worlds. */
struct world_capture {
    weft_pcap *pcap;
    int interface;
    uint64_t left; /* packets still to be written; the rest of them is not */
};

struct world_end {
    struct world *world;
    int number;
    weft_stack *stack;
    weft_if *ifp;
    struct weft_ip ip;
    uint64_t random; /* state of the generator that its secrets come from */
};

struct world {
    struct world_config config;
    struct world_end end[2];
    weft_wire *wire;
    weft_time now;
    struct ladder ladder;
    const weft_pkt *entering; /* the wire, at this moment: what the wire says it loses */
    struct world_capture *capture;
    uint64_t steps; /* moments lived through */
};

/* Time starts at zero. Address of end i: 10.1.0.(i+1). capture may be NULL. False when out of memory. */
bool world_open(struct world *w, const struct world_config *config, struct world_capture *capture);
void world_close(struct world *w);

/* Lives on until then, or until nothing is left to happen before. */
void world_run(struct world *w, weft_time until);

/* Lives one moment on: false when nothing will ever happen again. */
bool world_step(struct world *w, weft_time until);

/* An end loses its memory and comes back: a new stack with the same addresses. False when out of memory. */
bool world_crash(struct world *w, int end);

/* A frame arrives at an end from nowhere. */
void world_inject(struct world *w, int end, const void *frame, size_t n);

/*
 * So many SYNs to this port of an end, each from another address that nobody has; answers go to the other end, which
 * does not know what to do with them. demo_flood.c
 */
void world_flood(struct world *w, int end, uint16_t port, unsigned n);

#endif
