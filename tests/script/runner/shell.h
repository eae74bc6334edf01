/* SPDX-License-Identifier: MIT */
/*
 * Shell text in `backquotes`. Nothing is executed: of all commands only sysctl has a meaning here, and its settings
 * become weft's (weft/sysctl.h), before the first event for the stack to be, later for the running one.
 *
 *     `sysctl -q net.ipv4.tcp_sack=0 net.ipv4.tcp_retries2=5; sysctl -w net.ipv4.tcp_rmem="4096 131072 6291456"`
 */
#ifndef SCRIPT_SHELL_H
#define SCRIPT_SHELL_H

#include "scan.h"
#include "weft/stack.h"

struct setting {
    char name[64];
    char value[64];
};

/* After the first backquote: the next setting; false after the second backquote, or when the cursor has failed. */
bool shell_next(struct scan *s, struct setting *out);

/* Sets it for a stack to be; 0, or a negative error with one line in why. */
int shell_configure(struct weft_config *config, const struct setting *setting, char *why, size_t n);
/* The same for a running stack. */
int shell_set(weft_stack *stack, const struct setting *setting, char *why, size_t n);

#endif
