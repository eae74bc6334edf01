/* SPDX-License-Identifier: MIT */
/* A host's interfaces, as netstat and ifconfig read them, and ping and traceroute look them up. */
#ifndef CMD_INTERFACES_H
#define CMD_INTERFACES_H

#include "cmd/cmd.h"
#include "cmd/json.h"

/* The i-th, safe to use after the lock was given back but for its name, which `name` has; false: there is no i-th. */
bool interfaces_copy(struct cmd_ctx *ctx, size_t i, struct weft_if_info *info, char name[32]);

/* The number of the one with this name; 0: there is none. */
int interfaces_index(weft_host *host, const char *name);

/* A table with a line for each, as netstat -i and ifconfig -s print it. */
extern const char interfaces_head[];
void interfaces_line(FILE *out, const struct weft_if_info *info, const char *name);

void interfaces_json(struct json *j, const struct weft_if_info *info, const char *name);

#endif
