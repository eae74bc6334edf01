/* SPDX-License-Identifier: MIT */
/* The figures of weft-bench by file; weft.c lists them. Each takes its one argument, or 0 for its own default. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stddef.h>

/* scale.c: what very many cost each */
double rx_scale(size_t connections);
double pairs_held(size_t pairs);
double timers(size_t pending);

/* flood.c */
double synflood(size_t argument);
double halfopen_bytes(size_t records);
double halfopen_bytes6(size_t records);

/* route.c */
double route_lookup_v4(size_t routes);
double route_lookup_v6(size_t routes);
double route_bytes(size_t routes);
double route_bytes_v6(size_t routes);

/* forward.c */
double forward_v4(size_t argument);
double forward_v6(size_t argument);

/* udp.c */
double udp_mem(size_t argument);

/* train.c */
double train(size_t argument);

#endif
