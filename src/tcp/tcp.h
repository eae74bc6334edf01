/* SPDX-License-Identifier: MIT */
/* What TCP shows to the sockets layer. */
#ifndef TCP_TCP_H
#define TCP_TCP_H

#include "core/stack.h"

extern const struct transport tcp_transport;

/* The name of the i-th congestion control; NULL when there is no i-th. */
const char *tcp_controller(unsigned i);

#endif
