/* SPDX-License-Identifier: MIT */
/* Whose sockets these are. Compiled with -include weft/posix.h -DWEFT_POSIX_NAMES, all files here use weft's. */
#include <stdio.h>
#include <stdlib.h>

#include "servers.h"

#ifdef WEFT_POSIX_NAMES
const char *network_name(void)
{
    return "weft";
}

/* A host with nothing but its loopback. */
void network_begin(void)
{
    char why[256];
    weft_host *host = weft_host_new(NULL, why, sizeof why);

    if (!host || weft_host_start(host, why, sizeof why) < 0) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    weft_posix_use(host);
}
#else
const char *network_name(void)
{
    return "kernel";
}

void network_begin(void)
{
}
#endif
