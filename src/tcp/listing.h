/* SPDX-License-Identifier: MIT */
/* The connections of a stack, for netstat. */
#ifndef TCP_LISTING_H
#define TCP_LISTING_H

#include "tcp/conn.h"

/* netstat's lines; false when visit asked to stop. */
bool tcp_list(weft_stack *s, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx);

#endif
