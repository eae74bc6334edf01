/* SPDX-License-Identifier: MIT */
/* Routes as netstat and route print them. */
#ifndef CMD_ROUTES_H
#define CMD_ROUTES_H

#include "cmd/cmd.h"
#include "cmd/json.h"

#define ROUTE_LINE 256 /* room for a line */

/* The i-th route, safe to use after the lock was given back but for if_name, which name has; false: there is no i-th. */
bool routes_copy(struct cmd_ctx *ctx, size_t i, struct weft_route *route, char name[32]);

/* "UGHDM" as far as they apply. */
void routes_flags(const struct weft_route *r, char text[6]);

/* A line without its newline as `route -n` has it, or for IPv6 `route -6 -n`. */
void routes_line(char *buf, size_t n, const struct weft_route *r, const char *name);

/*
 * A line without its newline as `ip route get` has it: "10.8.0.1 via 10.9.0.1 dev wt0 src 10.9.0.2". src: any-address when
 * there is none to tell. `local`: dst is ours.
 */
void routes_answer(char *buf, size_t n, const struct weft_ip *dst, const struct weft_route *r, const char *name,
                   const struct weft_ip *src, bool local);

void routes_json(struct json *j, const struct weft_route *r, const char *name);

#endif
