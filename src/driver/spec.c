/* SPDX-License-Identifier: MIT */
/* Drivers from text: "tap:wt0", "packet:eth0,vlan=5". A kind, a colon, the device, and its VLAN. */
#include <stdio.h>
#include <string.h>

#include "weft/driver.h"

#define VLAN_MAX   4094 /* IEEE 802.1Q */
#define DEVICE_MAX 15 /* as the kernel has it: IFNAMSIZ without the zero */

static const struct kind {
    const char *name;
    weft_driver *(*open)(const char *device, bool offload, char *why, size_t n);
} kinds[] = {
    {"tap:", weft_tap_open},
    {"tun:", weft_tun_open},
    {"packet:", weft_packet_open},
};

/* The text taken apart. */
struct spec {
    const struct kind *kind;
    char device[64];
    uint16_t vlan;
};

static const struct kind *kind_of(const char *spec)
{
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strncmp(spec, kinds[i].name, strlen(kinds[i].name)) == 0)
            return &kinds[i];
    return NULL;
}

/* ",vlan=5", or nothing. */
static bool parse_vlan(const char *text, uint16_t *vlan)
{
    unsigned v = 0;

    *vlan = 0;
    if (!*text)
        return true;
    if (strncmp(text, ",vlan=", 6) != 0)
        return false;
    for (text += 6; *text >= '0' && *text <= '9' && v <= VLAN_MAX; text++)
        v = v * 10 + (unsigned)(*text - '0');
    *vlan = (uint16_t)v;
    return !*text && v >= 1 && v <= VLAN_MAX;
}

static bool spec_parse(const char *spec, struct spec *out, char *why, size_t n)
{
    const struct kind *kind = kind_of(spec);
    const char *device = kind ? spec + strlen(kind->name) : "";
    size_t length = strcspn(device, ",");

    *out = (struct spec){.kind = kind};
    snprintf(out->device, sizeof(out->device), "%.*s", (int)length, device);
    device = out->device;
    if (length > DEVICE_MAX)
        snprintf(why, n, "device name '%s' is too long (at most %d characters)", device, DEVICE_MAX);
    else if (length == 0 || strpbrk(device, "/ \t:"))
        snprintf(why, n, "'%s' is no interface: tap:NAME, tun:NAME or packet:NAME", spec);
    else if (!parse_vlan(spec + strlen(kind->name) + length, &out->vlan))
        snprintf(why, n, "'%s' has no VLAN that there can be: give it as %s%s,vlan=5", spec, kind->name, device);
    else if (out->vlan && kind->open == weft_tun_open)
        snprintf(why, n, "'%s' has no Ethernet frames, and so no VLAN", spec);
    else
        return true;
    return false;
}

bool weft_driver_spec_check(const char *spec, char *why, size_t n)
{
    struct spec parsed;

    return spec_parse(spec, &parsed, why, n);
}

weft_driver *weft_driver_open(const char *spec, bool offload, char *why, size_t n)
{
    struct spec parsed;
    weft_driver *d;

    if (!spec_parse(spec, &parsed, why, n))
        return NULL;
    d = parsed.kind->open(parsed.device, offload, why, n);
    if (d)
        d->ifc.vlan = parsed.vlan;
    return d;
}
