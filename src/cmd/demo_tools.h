/* SPDX-License-Identifier: MIT */
/* What the demo against the kernel needs from the system: a network namespace, addresses, other people's programs. */
#ifndef CMD_DEMO_TOOLS_H
#define CMD_DEMO_TOOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Moves this process, which must have one thread, into a network namespace of its own (and, without privileges, a user
 * namespace). False and one line in why.
 */
bool namespace_enter(char *why, size_t n);

/* Gives the kernel's interface an IPv4 address (and a /24 mask) and brings it up. False: errno says why. */
bool kernel_address(const char *device, const char *address);

/* A listening TCP socket of the kernel's; -1: errno says why. */
int kernel_listen(uint16_t port);

enum tool_result { TOOL_OK, TOOL_FAILED, TOOL_MISSING, TOOL_TIMED_OUT };

/*
 * Runs a program with this text as its input (NULL: none), and keeps the beginning of what it says, terminated. Gives
 * it ten seconds.
 */
enum tool_result tool_run(const char *const argv[], const char *input, char *output, size_t n);

#endif
