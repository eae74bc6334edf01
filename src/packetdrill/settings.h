/* SPDX-License-Identifier: MIT */
/*
 * What --so_flags may say, as "key=value,key=value":
 *
 *     local=192.168.0.1/16   our address; the prefix is 16 bits, or 48 for IPv6, when it is not said. May come twice,
 *                            once for each family. Default: 192.168.0.1
 *     gw=192.168.0.2         next hop of the default route. May come twice too. The link resolves no addresses, so a
 *                            gateway outside our own network is as good as none: the route then leads onto the link
 *     mtu=1500
 *     profile=linux          as in weft_config_profile
 *     sysctls=DIRECTORY      where net/ipv4/tcp_* are read from; "none": not at all. Default: /proc/sys, and none for
 *                            other profiles than linux
 *     tso=BYTES              hand out segments of up to so many bytes, as a card that cuts them itself would get them;
 *                            0: none larger than the MSS. Default: 65535, for packetdrill's own device on Linux is such
 *                            a card; 0 for other profiles than linux
 */
#ifndef PACKETDRILL_SETTINGS_H
#define PACKETDRILL_SETTINGS_H

#include "weft/stack.h"

struct settings_address {
    bool given;
    struct weft_ip ip;
    unsigned prefix;
};

struct settings {
    struct settings_address local[2], gateway[2]; /* [0]: IPv4, [1]: IPv6 */
    uint32_t mtu, tso;
    char profile[16];
    char sysctls[256]; /* empty: none */
};

/* flags: NULL or text. False and one line in why. */
bool settings_parse(struct settings *s, const char *flags, char *why, size_t n);

#endif
