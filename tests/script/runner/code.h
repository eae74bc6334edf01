/* SPDX-License-Identifier: MIT */
/*
 * Python in a script: %{ assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd }%
 *
 * A block sees, as variables, every field of struct weft_tcp_info (weft/tcp_info.h) as it stood at the block's time,
 * and Linux's names for their values (TCP_CA_Recovery, TCPI_OPT_SACK, TCP_ESTABLISHED). They are those of the newest
 * connection that is open: the newest TCP descriptor that does not listen. What a block defines, later ones see.
 *
 * All blocks run after the script, in one python3 (code.py), and only if the script has any.
 */
#ifndef SCRIPT_CODE_H
#define SCRIPT_CODE_H

#include "weft/tcp_info.h"

/* A field by its name; false when there is none. */
bool code_field(const struct weft_tcp_info *info, const char *name, int64_t *value);

#endif
