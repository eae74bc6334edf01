/* SPDX-License-Identifier: MIT */
/* The value of a socket option that is a number, as getsockopt gives it. */
#include "ip/ip.h"

void ip_give_option(int level, int v, void *value, size_t *n)
{
    uint8_t byte = (uint8_t)v;

    if (level == WEFT_SOL_IP && *n && *n < sizeof v && v >= 0 && v <= 255) {
        *n = sizeof byte;
        memcpy(value, &byte, sizeof byte);
        return;
    }
    *n = min_size(*n, sizeof v);
    if (*n)
        memcpy(value, &v, *n);
}
