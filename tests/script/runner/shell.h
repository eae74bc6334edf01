/* SPDX-License-Identifier: MIT */
/*
 * Shell text in `backquotes`. Plain settings, which are most of it, are understood here and become weft's
 * (weft/sysctl.h), before the first event for the stack to be, later for the running one:
 *
 *     `sysctl -q net.ipv4.tcp_sack=0 net.ipv4.tcp_retries2=5; sysctl -w net.ipv4.tcp_rmem="4096 131072 6291456"`
 *
 * Any other text is run by /bin/sh at its time (command.c), in the script's directory, with a `sysctl` first in PATH
 * that asks the running stack (../sysctl/sysctl.c). Time stands still meanwhile; a command that fails fails the script.
 */
#ifndef SCRIPT_SHELL_H
#define SCRIPT_SHELL_H

#include "scan.h"
#include "weft/stack.h"

struct setting {
    char name[64];
    char value[64];
};

/* After the first backquote: is all up to the second one plain settings? Nothing is taken. */
bool shell_is_plain(const struct scan *s);
/* Then: the next setting; false after the second backquote, or when the cursor has failed. */
bool shell_next(struct scan *s, struct setting *out);

/* Sets it for a stack to be; 0, or a negative error with one line in why. */
int shell_configure(struct weft_config *config, const struct setting *setting, char *why, size_t n);
/* The same for a running stack. */
int shell_set(weft_stack *stack, const struct setting *setting, char *why, size_t n);
/* Asks for it; value has room for WEFT_SYSCTL_TEXT bytes. */
int shell_get(weft_stack *stack, const struct setting *setting, char *value, char *why, size_t n);

#endif
