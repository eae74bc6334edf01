/* SPDX-License-Identifier: MIT */
/* TCP's socket options, one row each. */
#ifndef TCP_OPTIONS_H
#define TCP_OPTIONS_H

#include "core/endpoint.h"

/* As weft_setsockopt and weft_getsockopt, for WEFT_SOL_TCP and the generic options that only TCP can honour. */
int tcp_setopt(weft_sock *e, int level, int option, const void *value, size_t n);
int tcp_getopt(const weft_sock *e, int level, int option, void *value, size_t *n);

const struct sock_rare *tcp_rare(const weft_sock *e);
struct sock_rare *tcp_own_rare(weft_sock *e);

#endif
