/* SPDX-License-Identifier: MIT */
/* The socket that requests go out by. */
#ifndef CMD_PING_SOCKET_H
#define CMD_PING_SOCKET_H

#include "cmd/ping_args.h"

/*
 * Opens one as o asks for it, connected to o->ip (text: to) where one station alone has that. It tells TTLs and reports errors.
 * Returns its number, and in *n_asked the bytes of options that its requests carry; or -1 after a complaint.
 */
int ping_open(struct cmd_ctx *ctx, const struct ping_opts *o, const char *to, size_t *n_asked);

#endif
