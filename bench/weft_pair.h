/* SPDX-License-Identifier: MIT */
/* Two weft stacks in one thread, joined by a wire: what each of the weft figures starts from. */
#ifndef BENCH_WEFT_PAIR_H
#define BENCH_WEFT_PAIR_H

#include "weft/driver.h"
#include "weft/sock.h"

enum { PAIR_PORT = 7000 };

struct pair_config {
    uint32_t mtu;
    unsigned offload;   /* enum weft_offload */
    bool share;         /* the wire hands bytes over instead of copying */
    size_t send_buffer; /* 0: the default */
    bool clock_stands;  /* time moves only by pair_advance */
    bool v6;            /* they speak IPv6 */
    bool ethernet;      /* over Ethernet; else their packets have no link header */
    bool by_hand;       /* no wire: packets are carried by pair_carry */
};

/* [0] opens connections, [1] accepts them. */
struct pair {
    weft_stack *stack[2];
    weft_if *ifp[2];
    weft_wire *wire; /* NULL: pair_carry does its work */
    struct weft_addr peer; /* of end 1; port PAIR_PORT */
    weft_time now;
    size_t held;     /* bytes both stacks and the wire have from the allocator */
    uint64_t drawn;  /* in place of chance, where the work is fixed */
    bool clock_stands;
    enum weft_family family;
};

/* config NULL: by hand, MTU 1500, no offload. */
void pair_open(struct pair *p, const struct pair_config *config);
void pair_close(struct pair *p);

/* Reads the clock, fires due timers, moves packets until none moves. */
void pair_run(struct pair *p);
/* Moves time on by this much, firing timers on the way (clock_stands only). */
void pair_advance(struct pair *p, weft_time by);

/* Pulls what `from` wants to send and gives it to the other end: bytes shared, no wire. */
void pair_carry(struct pair *p, int from);

/* A listener at end 1 on this port. */
weft_sock *pair_listen(struct pair *p, uint16_t port);
/* A connection to that port, established, and its accepted end. */
void pair_connect(struct pair *p, weft_sock *listener, uint16_t port, weft_sock *ends[2]);

void pair_no_delay(weft_sock *sock);

#endif
