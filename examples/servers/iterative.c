/* SPDX-License-Identifier: MIT */
/* One client after the other (UNP 30.5). No server does less for a client: others compare their CPU time with its. */
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>

#include "servers.h"

static void *serve_all(void *listener)
{
    for (;;)
        serve((int)sure("accept", accept((int)(intptr_t)listener, NULL, NULL)));
    return NULL;
}

void iterative(int listener)
{
    start(serve_all, (void *)(intptr_t)listener);
}
