/* SPDX-License-Identifier: MIT */
/* One thread that never waits for any one client: non-blocking sockets and epoll. The book has select (UNP 6.8). */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "servers.h"

struct client {
    int fd;
    size_t have; /* bytes of the request */
    long owed;   /* bytes of the answer, still to be sent */
    char line[16];
};

static void watch(int epoll, int operation, int fd, unsigned events, struct client *c)
{
    struct epoll_event want = {.events = events, .data.ptr = c};

    sure("epoll_ctl", epoll_ctl(epoll, operation, fd, &want));
}

/* Takes all who wait; the listener has no client to its event. */
static void welcome(int epoll, int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct client *c = calloc(1, sizeof *c);

        sure("calloc", c ? 0 : -1);
        c->fd = fd;
        watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, c);
    }
    if (errno != EAGAIN && errno != ECONNABORTED)
        sure("accept", -1);
}

/* As much of the answer as there is room for; false: the client is gone. */
static bool send_owed(struct client *c)
{
    ssize_t n = send(c->fd, answer, (size_t)c->owed, MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN;
    c->owed -= n;
    return true;
}

/* More of the request; false: the client is gone, or speaks nonsense. */
static bool read_more(struct client *c)
{
    ssize_t n = read(c->fd, c->line + c->have, sizeof c->line - c->have);

    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    c->have += (size_t)n;
    c->owed = wanted(c->line, c->have);
    if (c->owed != 0)
        c->have = 0;
    return c->owed >= 0;
}

static void attend(int epoll, struct client *c)
{
    bool waited = c->owed > 0, stays = waited || read_more(c);

    if (stays && c->owed > 0)
        stays = send_owed(c);
    if (!stays) {
        close(c->fd);
        free(c);
    } else if ((c->owed > 0) != waited) {
        watch(epoll, EPOLL_CTL_MOD, c->fd, c->owed > 0 ? EPOLLOUT : EPOLLIN, c);
    }
}

static void *run(void *arg)
{
    int listener = (int)(intptr_t)arg, epoll = (int)sure("epoll_create1", epoll_create1(0)), n;
    struct epoll_event event[64];

    sure("fcntl", fcntl(listener, F_SETFL, O_NONBLOCK));
    watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    for (;;) {
        n = (int)sure("epoll_wait", epoll_wait(epoll, event, 64, -1));
        for (int i = 0; i < n; i++) {
            if (event[i].data.ptr)
                attend(epoll, event[i].data.ptr);
            else
                welcome(epoll, listener);
        }
    }
    return NULL;
}

void event_loop(int listener)
{
    start(run, (void *)(intptr_t)listener);
}
