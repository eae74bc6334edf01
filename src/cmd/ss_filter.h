/* SPDX-License-Identifier: MIT */
/*
 * Which sockets ss shows: its FILTER language, as much of it as weft has use for.
 *
 *     state established                    one or more of these, also "exclude NAME"; groups as in ss(8)
 *     dst 10.9.0.1   src 10.0.0.0/8:80     an address, a network, with or without a port
 *     sport = :80    dport gt :1024        = == eq, != ne, < lt, > gt, <= le, >= ge
 *     and, or, not, ( )                    two conditions side by side mean "and"
 */
#ifndef CMD_SS_FILTER_H
#define CMD_SS_FILTER_H

#include "weft/sock.h"

#define SS_FILTER_STEPS 64

enum ss_step_kind { SS_ALWAYS, SS_AND, SS_OR, SS_NOT, SS_ADDRESS, SS_PORT };
enum ss_compare { SS_EQ, SS_NE, SS_LT, SS_GT, SS_LE, SS_GE };

/* One step of the condition in postfix order: it pushes a truth value, or combines those on top. */
struct ss_step {
    enum ss_step_kind kind;
    enum ss_compare compare;
    bool remote;          /* dst, dport */
    struct weft_ip ip;
    unsigned prefix;      /* bits of the mapped form; 0: any address */
    uint16_t port;        /* ADDRESS: 0: any */
};

struct ss_filter {
    unsigned states;      /* bits 1 << enum weft_tcp_state; 0: not said */
    size_t n;
    struct ss_step step[SS_FILTER_STEPS];
};

/* Reads n words. On failure false, and one line in why. */
bool ss_filter_parse(struct ss_filter *f, const char *const *words, size_t n, char *why, size_t why_room);

/* Is the condition, states aside, true of this socket? */
bool ss_filter_matches(const struct ss_filter *f, const struct weft_listing *item);

#endif
