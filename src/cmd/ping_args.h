/* SPDX-License-Identifier: MIT */
/* What `weft ping` was asked to do. */
#ifndef CMD_PING_ARGS_H
#define CMD_PING_ARGS_H

#include "cmd/cmd.h"
#include "cmd/ping_options.h"

#define PING_MAX_PATTERN 16

struct ping_opts {
    struct weft_ip ip;
    uint64_t count, size; /* count 0: until it is ended */
    uint64_t ttl, tos;    /* 0: as the socket has it */
    weft_time interval, wait, deadline; /* interval, deadline 0: none */
    const char *from;     /* an interface, or an address of ours; NULL: as routes have it */
    int discover;         /* enum weft_pmtudisc; -1: as the socket has it */
    enum ping_record record;
    size_t n_pattern;
    uint8_t pattern[PING_MAX_PATTERN];
    bool quiet, broadcast, flood, adaptive, stamps, tell_silence, v4, v6, has_interval;
};

extern const struct argp_option ping_options[];

/* May many answer: a group, or everybody on a link? */
bool ping_asks_many(const struct ping_opts *o);

/* A parser as struct subcommand has it; the options are a struct ping_opts. */
error_t ping_parse(int key, char *arg, struct argp_state *state);

#endif
