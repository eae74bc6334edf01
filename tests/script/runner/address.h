/* SPDX-License-Identifier: MIT */
/* Addresses of both families in one form: an IPv4 address is the mapped one (weft/types.h). */
#ifndef SCRIPT_ADDRESS_H
#define SCRIPT_ADDRESS_H

#include <string.h>

#include "weft/types.h"

static inline bool ip_same(const struct weft_ip *a, const struct weft_ip *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool ip_is_v4(const struct weft_ip *ip)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(ip->b, mapped, sizeof(mapped)) == 0;
}

/* Not even the any-address: nobody wrote one. */
static inline bool ip_is_unset(const struct weft_ip *ip)
{
    static const struct weft_ip unset;

    return ip_same(ip, &unset);
}

#endif
