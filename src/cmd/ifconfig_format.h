/* SPDX-License-Identifier: MIT */
/* An interface as ifconfig prints it. */
#ifndef CMD_IFCONFIG_FORMAT_H
#define CMD_IFCONFIG_FORMAT_H

#include <stdio.h>

#include "weft/stack.h"

/* All its lines and the empty one that ends them. name: info's, which may be gone. */
void ifconfig_print(FILE *out, const struct weft_if_info *info, const char *name);

/* "1.4 MB": bytes with the unit that fits, powers of 1,000, as ifconfig has it. */
void ifconfig_bytes(uint64_t bytes, char *buf, size_t n);

#endif
