/* SPDX-License-Identifier: MIT */
/* What ping counts and how it says it. Pure. */
#ifndef CMD_PING_STATS_H
#define CMD_PING_STATS_H

#include "weft/types.h"

struct ping_stats {
    uint64_t sent, received, duplicates, errors;
    uint64_t settled;    /* the latest request that was answered, or about which something was said; 0: none */
    uint64_t pipe;       /* the most requests that were on their way when one was settled */
    bool dense;          /* answers paced the requests: the gap between these is told */
    weft_time min, max;  /* of received; meaningless when there are none */
    double sum, squares; /* nanoseconds, and their squares */
    double smoothed;     /* nanoseconds: an eighth of each, seven eighths of what was before */
};

/* Which request a sequence number of 16 bits means: the latest sent that has it; 0: none. */
uint64_t ping_stats_request(const struct ping_stats *s, uint16_t seq);

/* Something came about this request, counted from 1. */
void ping_stats_settle(struct ping_stats *s, uint64_t request);

void ping_stats_reply(struct ping_stats *s, weft_time rtt);

/* Mean deviation as ping computes it: the square root of the variance. Nanoseconds. */
double ping_stats_mdev(const struct ping_stats *s);

/* The lines after "--- ADDR ping statistics ---", each ended by a newline. took: from first to last. */
void ping_stats_text(const struct ping_stats *s, weft_time took, char *buf, size_t n);

/* "0.061", "1.23", "12.3", "123": milliseconds as ping shortens them. */
void ping_rtt_text(weft_time rtt, char *buf, size_t n);

#endif
