/* SPDX-License-Identifier: MIT */
/* epoll: level, edge, one shot; what it refuses. */
#define CHAPTER "epoll"
#include "case.h"

#include <stdatomic.h>

static void watch(int e, int fd, unsigned events)
{
    struct epoll_event ev = {.events = events, .data.u64 = 7};

    SAY(epoll_ctl(e, EPOLL_CTL_ADD, fd, &ev));
}

static int await(int e, int milliseconds)
{
    struct epoll_event ev[4] = {0};
    int n = epoll_wait(e, ev, 4, milliseconds);

    for (int i = 0; i < n; i++)
        say_ready("event", (int)ev[i].data.u64, (short)ev[i].events);
    return n;
}

CASE(create)
{
    SAY(epoll_create1(0) > 0);
    SAY(epoll_create(1) > 0);
    SAY(epoll_create(0));
    SAY(epoll_create1(0x777));
    say("cloexec %d", fcntl(epoll_create1(EPOLL_CLOEXEC), F_GETFD));
}

CASE(level)
{
    int p[2], e = epoll_create1(0);
    char b[4];

    tcp_pair(p);
    watch(e, p[1], EPOLLIN);
    SAY(await(e, 0));
    write(p[0], "ab", 2);
    SAY(await(e, 1000));
    SAY(await(e, 0));
    SAY(read(p[1], b, 1));
    SAY(await(e, 0));
    SAY(read(p[1], b, 1));
    SAY(await(e, 10));
}

CASE(edge)
{
    int p[2], e = epoll_create1(0);
    char b[4];

    tcp_pair(p);
    watch(e, p[1], EPOLLIN | EPOLLET);
    write(p[0], "ab", 2);
    SAY(await(e, 1000));
    SAY(await(e, 10));
    SAY(read(p[1], b, 1));
    SAY(await(e, 10));
    write(p[0], "c", 1);
    SAY(await(e, 1000));
    SAY(await(e, 10));
}

CASE(one_shot)
{
    int p[2], e = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = 8};

    tcp_pair(p);
    watch(e, p[1], EPOLLIN | EPOLLONESHOT);
    write(p[0], "ab", 2);
    SAY(await(e, 1000));
    write(p[0], "c", 1);
    SAY(await(e, 20));
    SAY(epoll_ctl(e, EPOLL_CTL_MOD, p[1], &ev));
    SAY(await(e, 0));
    SAY(await(e, 0));
}

CASE(in_and_out)
{
    int p[2], e = epoll_create1(0);

    tcp_pair(p);
    watch(e, p[1], EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    SAY(await(e, 0));
    close(p[0]);
    when_readable(p[1]);
    SAY(await(e, 0));
}

CASE(edge_of_writing)
{
    int p[2], e = epoll_create1(0);

    tcp_pair(p);
    watch(e, p[1], EPOLLOUT | EPOLLET);
    SAY(await(e, 0));
    SAY(await(e, 10));
}

CASE(modify_and_delete)
{
    int p[2], e = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLOUT, .data.u64 = 9};

    tcp_pair(p);
    watch(e, p[1], EPOLLIN);
    SAY(epoll_ctl(e, EPOLL_CTL_MOD, p[1], &ev));
    SAY(await(e, 0));
    SAY(epoll_ctl(e, EPOLL_CTL_DEL, p[1], NULL));
    SAY(await(e, 0));
}

CASE(refuses)
{
    int p[2], e = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLIN};

    tcp_pair(p);
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, 99, &ev));
    SAY(epoll_ctl(98, EPOLL_CTL_ADD, p[0], &ev));
    SAY(epoll_ctl(p[1], EPOLL_CTL_ADD, p[0], &ev));
    SAY(epoll_ctl(e, EPOLL_CTL_MOD, p[0], &ev));
    SAY(epoll_ctl(e, EPOLL_CTL_DEL, p[0], &ev));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, p[0], &ev));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, p[0], &ev));
    SAY(epoll_ctl(e, 17, p[0], &ev));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, e, &ev));
    SAY(epoll_wait(e, &ev, 0, 0));
    SAY(epoll_wait(99, &ev, 1, 0));
    SAY(epoll_wait(p[0], &ev, 1, 0));
}

CASE(closing_forgets)
{
    int p[2], e = epoll_create1(0);

    tcp_pair(p);
    watch(e, p[1], EPOLLIN);
    write(p[0], "x", 1);
    when_readable(p[1]);
    close(p[1]);
    SAY(await(e, 10));
}

CASE(a_dup_keeps_it)
{
    int p[2], e = epoll_create1(0), d;

    tcp_pair(p);
    watch(e, p[1], EPOLLIN);
    d = dup(p[1]);
    close(p[1]);
    write(p[0], "x", 1);
    SAY(await(e, 1000));
    close(d);
    SAY(await(e, 10));
}

CASE(mixes_with_pipes)
{
    int p[2], q[2], e = epoll_create1(0);

    tcp_pair(p);
    if (pipe(q))
        return;
    watch(e, q[0], EPOLLIN);
    watch(e, p[1], EPOLLIN);
    SAY(write(q[1], "x", 1));
    SAY(await(e, 1000));
    write(p[0], "x", 1);
    when_readable(p[1]);
    SAY(await(e, 1000));
}

CASE(nested)
{
    int p[2], e = epoll_create1(0), outer = epoll_create1(0);

    tcp_pair(p);
    watch(e, p[1], EPOLLIN);
    watch(outer, e, EPOLLIN);
    SAY(await(outer, 10));
    write(p[0], "x", 1);
    SAY(await(outer, 1000));
    say_ready("poll", 1, ready(e, POLLIN, 0));
    SAY(await(e, 0));
}

CASE(accepts_by_events)
{
    struct sockaddr_in a = in4(LO, 5000);
    int l = tcp_listener(5000), e = epoll_create1(0), c = tcp();

    watch(e, l, EPOLLIN);
    SAY(await(e, 0));
    connect(c, ADDR(a));
    SAY(await(e, 1000));
    SAY(accept(l, NULL, NULL) > 0);
    SAY(await(e, 10));
}

CASE(connect_by_events)
{
    struct sockaddr_in a = in4(LO, 5000), no = in4(LO, 5001);
    int e = epoll_create1(0), c = tcp(), d = tcp();

    tcp_listener(5000);
    nonblocking(c), nonblocking(d);
    connect(c, ADDR(a));
    watch(e, c, EPOLLOUT);
    SAY(await(e, 1000));
    SAY(epoll_ctl(e, EPOLL_CTL_DEL, c, NULL));
    connect(d, ADDR(no));
    watch(e, d, EPOLLOUT);
    SAY(await(e, 1000));
}

static void *write_later(void *fd)
{
    soon(50);
    return write(*(int *)fd, "x", 1) == 1 ? NULL : fd;
}

CASE(is_woken)
{
    int p[2], e = epoll_create1(0);
    pthread_t t;

    tcp_pair(p);
    watch(e, p[1], EPOLLIN);
    pthread_create(&t, NULL, write_later, &p[0]);
    SAY(await(e, -1));
    pthread_join(t, NULL);
}

/* ---- EPOLLEXCLUSIVE ---- */

enum { WAITERS = 3 };
static struct {
    int listener, thread[WAITERS];
    atomic_int named, begun, woken; /* begun: with a number to be read */
} shared;

static void *wait_exclusively(void *unused)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLEXCLUSIVE};
    int e = epoll_create1(0);

    epoll_ctl(e, EPOLL_CTL_ADD, shared.listener, &ev);
    shared.thread[atomic_fetch_add(&shared.named, 1)] = gettid();
    atomic_fetch_add(&shared.begun, 1);
    if (epoll_wait(e, &ev, 1, -1) == 1)
        atomic_fetch_add(&shared.woken, 1);
    return unused;
}

/* Does the kernel say that it sleeps? */
static bool is_asleep(int thread)
{
    char path[64], line[256] = "";
    FILE *f;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    f = fopen(path, "r");
    if (f) {
        if (!fgets(line, sizeof line, f))
            line[0] = 0;
        fclose(f);
    }
    return strstr(line, ") S") != NULL;
}

static void all_sleep(void)
{
    for (int same = 0, tries = 0; same < 5 && tries < 2000; tries++) {
        bool all = shared.begun == WAITERS;

        for (int i = 0; all && i < WAITERS; i++)
            all = is_asleep(shared.thread[i]);
        same = all ? same + 1 : 0;
        soon(2);
    }
}

/* One connection after the other: of those who wait one is woken for each, and the others sleep on. */
CASE(one_of_several_is_woken)
{
    struct sockaddr_in a = in4(LO, 5000);
    pthread_t t;

    shared.listener = tcp_listener(5000);
    for (int i = 0; i < WAITERS; i++) {
        pthread_create(&t, NULL, wait_exclusively, NULL);
        pthread_detach(t); /* who is never woken must not be waited for */
    }
    all_sleep();
    for (int n = 1; n <= WAITERS; n++) {
        SAY(connect(tcp(), ADDR(a)));
        for (int tries = 0; shared.woken < n && tries < 2000; tries++)
            soon(1);
        soon(20); /* for whoever else might be woken */
        say("woken %d", shared.woken);
        SAY(accept(shared.listener, NULL, NULL) > 0);
    }
}

/* Where nobody waits, all are told when they ask. */
CASE(all_are_told_where_nobody_waits)
{
    struct sockaddr_in a = in4(LO, 5000);
    int l = tcp_listener(5000), e = epoll_create1(0), other = epoll_create1(0);

    watch(e, l, EPOLLIN | EPOLLEXCLUSIVE);
    watch(other, l, EPOLLIN | EPOLLEXCLUSIVE);
    SAY(connect(tcp(), ADDR(a)));
    when_readable(l);
    SAY(await(e, 0));
    SAY(await(other, 0));
    SAY(accept(l, NULL, NULL) > 0);
    SAY(await(e, 0));
    SAY(await(other, 0));
}

static void say_edge(const char *what, int ep)
{
    struct epoll_event e = {0};
    int n = epoll_wait(ep, &e, 1, 150);

    say("%s = %d: %x", what, n, n > 0 ? e.events : 0);
}

CASE(edges_of_an_end_that_the_peer_began)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    int p[2], ep = epoll_create1(0);

    tcp_pair(p);
    epoll_ctl(ep, EPOLL_CTL_ADD, p[1], &e);
    say_edge("at first", ep);
    shutdown(p[0], SHUT_WR);
    say_edge("the peer's end", ep);
    say_edge("again", ep);
    shutdown(p[1], SHUT_WR);
    say_edge("both", ep);
    say_edge("again", ep);
}
