/* SPDX-License-Identifier: MIT */
/* Drivers from text: "tap:wt0". A kind, a colon, the device. */
#include <stdio.h>
#include <string.h>

#include "weft/driver.h"

#define DEVICE_MAX 15 /* as the kernel has it: IFNAMSIZ without the zero */

static const struct kind {
    const char *name;
    weft_driver *(*open)(const char *device, bool offload, char *why, size_t n);
} kinds[] = {
    {"tap:", weft_tap_open},
    {"tun:", weft_tun_open},
    {"packet:", weft_packet_open},
};

static const struct kind *kind_of(const char *spec)
{
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strncmp(spec, kinds[i].name, strlen(kinds[i].name)) == 0)
            return &kinds[i];
    return NULL;
}

bool weft_driver_spec_check(const char *spec, char *why, size_t n)
{
    const struct kind *kind = kind_of(spec);
    const char *device = kind ? spec + strlen(kind->name) : "";
    size_t length = strlen(device);

    if (length > DEVICE_MAX)
        snprintf(why, n, "device name '%s' is too long (at most %d characters)", device, DEVICE_MAX);
    else if (length == 0 || strpbrk(device, "/ \t:,"))
        snprintf(why, n, "'%s' is no interface: tap:NAME, tun:NAME or packet:NAME", spec);
    else
        return true;
    return false;
}

weft_driver *weft_driver_open(const char *spec, bool offload, char *why, size_t n)
{
    const struct kind *kind = kind_of(spec);

    if (!weft_driver_spec_check(spec, why, n))
        return NULL;
    return kind->open(spec + strlen(kind->name), offload, why, n);
}
