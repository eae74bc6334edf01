/* SPDX-License-Identifier: MIT */
/* Threads made before the first client, each of which accepts for itself (UNP 30.11): all at once, or one at a time. */
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>

#include "servers.h"

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void *serve_any(void *listener)
{
    for (;;)
        serve((int)sure("accept", accept((int)(intptr_t)listener, NULL, NULL)));
    return NULL;
}

static void *serve_in_turn(void *listener)
{
    int fd;

    for (;;) {
        pthread_mutex_lock(&turn);
        fd = (int)sure("accept", accept((int)(intptr_t)listener, NULL, NULL));
        pthread_mutex_unlock(&turn);
        serve(fd);
    }
    return NULL;
}

void prethreaded(int listener)
{
    for (int i = 0; i < WORKERS; i++)
        start(serve_any, (void *)(intptr_t)listener);
}

void prethreaded_lock(int listener)
{
    for (int i = 0; i < WORKERS; i++)
        start(serve_in_turn, (void *)(intptr_t)listener);
}
