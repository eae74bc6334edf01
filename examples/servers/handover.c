/* SPDX-License-Identifier: MIT */
/* Threads made before, and one more that accepts for them all and hands the clients over (UNP 30.12). */
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>

#include "servers.h"

#define PLACES 32

/* Who was accepted and is not served yet: taken at `first`, `n` of them. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned first, n;
    int client[PLACES];
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void put(int fd)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.n == PLACES)
        pthread_cond_wait(&queue.changed, &queue.lock);
    queue.client[(queue.first + queue.n++) % PLACES] = fd;
    pthread_cond_broadcast(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
}

static int get(void)
{
    int fd;

    pthread_mutex_lock(&queue.lock);
    while (queue.n == 0)
        pthread_cond_wait(&queue.changed, &queue.lock);
    fd = queue.client[queue.first];
    queue.first = (queue.first + 1) % PLACES;
    queue.n--;
    pthread_cond_broadcast(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
    return fd;
}

static void *serve_given(void *unused)
{
    (void)unused;
    for (;;)
        serve(get());
    return NULL;
}

static void *welcome(void *listener)
{
    for (;;)
        put((int)sure("accept", accept((int)(intptr_t)listener, NULL, NULL)));
    return NULL;
}

void handed_over(int listener)
{
    for (int i = 0; i < WORKERS; i++)
        start(serve_given, NULL);
    start(welcome, (void *)(intptr_t)listener);
}
