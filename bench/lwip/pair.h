/* SPDX-License-Identifier: MIT */
/* Two ends in one lwIP, joined by a wire that copies each packet once. */
#ifndef BENCH_LWIP_PAIR_H
#define BENCH_LWIP_PAIR_H

#include "lwip/tcp.h"

enum { PAIR_PORT = 7000 };

/* Starts lwIP and listens at end 1. */
void pair_open(void);

/* A pair of established connections: [0] the opener's, [1] the one accepted. */
void pair_connect(struct tcp_pcb *ends[2]);

/* Carries what is on the wire, and what that brings forth, 256 packets at most; fires due timers. */
void pair_run(void);

/* Bytes lwIP holds: pools and heap. */
size_t pair_memory(void);

#endif
