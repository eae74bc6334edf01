/* SPDX-License-Identifier: MIT */
/* What UDP shows to the sockets layer. */
#ifndef UDP_UDP_H
#define UDP_UDP_H

#include "core/stack.h"

extern const struct transport udp_transport;

#endif
