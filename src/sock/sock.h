/* SPDX-License-Identifier: MIT */
/*
 * The sockets layer: BSD meaning over the protocols' tables. assemble.c is the one place that knows every layer and
 * plugs them together; sock.c validates and dispatches; options.c is the table of generic options.
 */
#ifndef SOCK_SOCK_H
#define SOCK_SOCK_H

#include "core/stack.h"

extern const struct assembly sock_assembly;

#endif
