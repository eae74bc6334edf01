/* SPDX-License-Identifier: MIT */
/* Traceroute's hops as text and as JSON. */
#ifndef CMD_TRACE_PRINT_H
#define CMD_TRACE_PRINT_H

#include "cmd/json.h"
#include "cmd/trace_answer.h"

enum trace_state { TRACE_UNSENT, TRACE_SENT, TRACE_ANSWERED, TRACE_SILENT };

struct trace_probe {
    enum trace_state state;
    weft_time sent_at, rtt;
    uint16_t key;
    int s;                      /* TCP: its socket; -1: none */
    struct trace_answer answer; /* when it was answered */
};

/* " 1  10.9.0.1 (10.9.0.1)  0.045 ms  0.012 ms *": the probes of a hop, all settled, and a newline. */
void trace_print_hop(FILE *out, unsigned ttl, const struct trace_probe *probes, unsigned n, bool numeric);

/* The same as an object. */
void trace_json_hop(struct json *j, unsigned ttl, const struct trace_probe *probes, unsigned n);

#endif
