/* SPDX-License-Identifier: MIT */
/* Two stacks and a wire on one virtual clock, for runs that are long. Whatever goes wrong ends the program. */
#ifndef LONG_PAIR_H
#define LONG_PAIR_H

#include "weft/driver.h"
#include "weft/sock.h"

enum { PAIR_PORT = 7000, PAIR_PATTERN = 65521 /* bytes until what is sent repeats itself; a prime */ };

struct pair {
    weft_time now;
    uint64_t random;
    size_t held, held_most; /* what the stacks and the wire have from the allocator, by its own count */
    weft_stack *stack[2];
    weft_if *ifp[2];
    weft_wire *wire;
    struct weft_addr server; /* of end 1 */
    uint8_t pattern[2 * PAIR_PATTERN];
};

/* Stops the program unless it is so. */
#define must(truth) ((truth) ? (void)0 : pair_fail(__FILE__, __LINE__, #truth))
void pair_fail(const char *file, int line, const char *what) __attribute__((noreturn));

/* From this moment on, with a wire that behaves like that in both directions. */
void pair_begin(struct pair *p, weft_time now, const struct weft_config *config, const struct weft_impairment *how);
/* Nothing may be open any more. All memory must have come back. */
void pair_end(struct pair *p);

/* Moves what can move now, then time to when anything else will happen, though not past `until`. */
void pair_step(struct pair *p, weft_time until);
/* Below n. */
uint32_t pair_random(struct pair *p, uint32_t n);

/* A connection of end 0 to end 1, on its way. */
weft_sock *pair_connect(struct pair *p);
weft_sock *pair_listen(struct pair *p);
/* What the owner of memory by this name has in both stacks. */
size_t pair_owned(const struct pair *p, const char *owner);

/*
 * One direction of a connection. The byte at each place follows from the place alone, so that a byte lost, doubled or
 * moved is seen.
 */
struct stream {
    uint64_t sent, received;
};

/* As much as is taken of n bytes more. Returns how many. */
size_t stream_send(struct pair *p, struct stream *s, weft_sock *from, size_t n);
/* All there is. True: the end was reached. */
bool stream_receive(struct pair *p, struct stream *s, weft_sock *to);

#endif
