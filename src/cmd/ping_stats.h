/* SPDX-License-Identifier: MIT */
/* What ping counts and how it says it. Pure. */
#ifndef CMD_PING_STATS_H
#define CMD_PING_STATS_H

#include "weft/types.h"

struct ping_stats {
    uint64_t sent, received, duplicates, errors;
    weft_time min, max; /* of received; meaningless when there are none */
    double sum, squares; /* nanoseconds, and their squares */
};

void ping_stats_reply(struct ping_stats *s, weft_time rtt);

/* Mean deviation as ping computes it: the square root of the variance. Nanoseconds. */
double ping_stats_mdev(const struct ping_stats *s);

/* The lines after "--- ADDR ping statistics ---", each ended by a newline. took: from first to last. */
void ping_stats_text(const struct ping_stats *s, weft_time took, char *buf, size_t n);

/* "0.061", "1.23", "12.3", "123": milliseconds as ping shortens them. */
void ping_rtt_text(weft_time rtt, char *buf, size_t n);

#endif
