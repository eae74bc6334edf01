/* SPDX-License-Identifier: MIT */
/* What ss has collected under the host's lock, to be printed after it. */
#ifndef CMD_SS_H
#define CMD_SS_H

#include "cmd/json.h"
#include "weft/tcp_info.h"

#define SS_WHYS 64 /* more than a connection keeps */

/* What only -i, -m and --why ask for. */
struct ss_detail {
    bool tcp; /* the rest is valid */
    struct weft_tcp_info info;
    uint32_t memory[WEFT_MEMINFO_COUNT];
    char cc[16];
    size_t n_whys;
    struct weft_why_event why[SS_WHYS];
};

struct ss_row {
    struct weft_listing item; /* cookie and sock not used */
    char label[64];           /* "412/echo" or "-" */
    struct ss_detail *detail; /* NULL: not asked for, or a record */
};

/* One socket as an object of an array; now: of the host. ss_json.c */
void ss_json_row(struct json *j, const struct ss_row *row, weft_time now);

#endif
