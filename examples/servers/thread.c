/* SPDX-License-Identifier: MIT */
/* A new thread for each client (UNP 30.10). */
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>

#include "servers.h"

static void *serve_one(void *fd)
{
    serve((int)(intptr_t)fd);
    return NULL;
}

static void *welcome(void *listener)
{
    for (;;)
        start(serve_one, (void *)(intptr_t)sure("accept", accept((int)(intptr_t)listener, NULL, NULL)));
    return NULL;
}

void thread_per_client(int listener)
{
    start(welcome, (void *)(intptr_t)listener);
}
