/* SPDX-License-Identifier: MIT */
/* A tunable as users write it: "net.ipv4.tcp_sack=0", and what to say when it cannot be so. */
#ifndef CMD_TUNABLE_H
#define CMD_TUNABLE_H

#include "weft/sysctl.h"

struct tunable {
    char name[64];
    const char *value; /* NULL: only a name was given */
};

/* "NAME=VALUE" or "NAME", spaces around either allowed; false when it is neither. value points into text. */
bool tunable_split(const char *text, struct tunable *t);

/* "a number from 0 to 1", "3 numbers from 4096 to 2147483647", "one of cubic reno" */
void tunable_range(const struct weft_sysctl *row, char *buf, size_t n);

/* One line that says why weft_sysctl_set or weft_sysctl_get answered err to this. */
void tunable_explain(const struct tunable *t, int err, char *buf, size_t n);

#endif
