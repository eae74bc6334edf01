/* SPDX-License-Identifier: MIT */
/* UNP chapters 6 and 16: select, pselect, poll; when is what ready? */
#define CHAPTER "ready"
#include "case.h"

#include <sys/resource.h>

CASE(poll_of_a_new_socket)
{
    say_ready("tcp", 1, ready(tcp(), POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0));
    say_ready("udp", 1, ready(udp(), POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0));
    say_ready("all of udp", 1, ready(udp(), POLLWRNORM | POLLWRBAND | POLLRDNORM, 0));
    say_ready("listener", 1, ready(tcp_listener(5000), POLLIN | POLLOUT, 0));
    say_ready("no such", 1, ready(99, POLLIN, 0));
    say_ready("negative", 0, ready(-1, POLLIN, 0));
}

CASE(poll_readable_and_writable)
{
    int p[2];
    char b[4];

    tcp_pair(p);
    say_ready("idle", 1, ready(p[1], POLLIN | POLLOUT, 0));
    SAY(write(p[0], "ab", 2));
    say_ready("data", 1, ready(p[1], POLLIN, 1000));
    say_ready("normal", 1, ready(p[1], POLLRDNORM | POLLWRNORM | POLLRDBAND, 0));
    SAY(read(p[1], b, 4));
    say_ready("taken", 1, ready(p[1], POLLIN, 0));
}

CASE(poll_counts)
{
    int p[2];
    struct pollfd f[3];

    tcp_pair(p);
    f[0] = (struct pollfd){p[0], POLLOUT, 0};
    f[1] = (struct pollfd){p[1], POLLIN, 0};
    f[2] = (struct pollfd){-5, POLLIN, 7};
    SAY(poll(f, 3, 0));
    say("negative numbers are passed over: %d", f[2].revents);
    f[2].fd = 98;
    SAY(poll(f, 3, 0));
    SAY(poll(f + 1, 1, 30));
    SAY(poll(NULL, 0, 10));
}

CASE(poll_mixes_with_pipes)
{
    int p[2], q[2];
    struct pollfd f[2];

    tcp_pair(p);
    if (pipe(q))
        return;
    f[0] = (struct pollfd){p[1], POLLIN, 0};
    f[1] = (struct pollfd){q[0], POLLIN, 0};
    SAY(poll(f, 2, 10));
    SAY(write(q[1], "x", 1));
    SAY(poll(f, 2, 1000));
    say_ready("socket", 0, f[0].revents);
    say_ready("pipe", 0, f[1].revents);
    SAY(write(p[0], "x", 1));
    soon(20);
    SAY(poll(f, 2, 1000));
}

static void *write_later(void *fd)
{
    soon(50);
    return write(*(int *)fd, "x", 1) == 1 ? NULL : fd;
}

CASE(poll_is_woken)
{
    int p[2];
    pthread_t t;

    tcp_pair(p);
    pthread_create(&t, NULL, write_later, &p[0]);
    say_ready("poll", 1, ready(p[1], POLLIN, 5000));
    pthread_join(t, NULL);
}

CASE(select_reads_and_writes)
{
    int p[2], top;
    fd_set r, w, x;
    struct timeval t = {0, 10000};

    tcp_pair(p);
    top = (p[0] > p[1] ? p[0] : p[1]) + 1;
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_ZERO(&x);
    FD_SET(p[0], &r);
    FD_SET(p[1], &r);
    FD_SET(p[1], &w);
    FD_SET(p[1], &x);
    SAY(select(top, &r, &w, &x, &t));
    say("r %d %d, w %d, x %d", !!FD_ISSET(p[0], &r), !!FD_ISSET(p[1], &r), !!FD_ISSET(p[1], &w), !!FD_ISSET(p[1], &x));
    SAY(write(p[0], "x", 1));
    FD_SET(p[1], &r);
    SAY(select(top, &r, NULL, NULL, NULL));
    say("r %d %d", !!FD_ISSET(p[0], &r), !!FD_ISSET(p[1], &r));
}

CASE(select_times_out)
{
    int p[2];
    fd_set r;
    struct timeval t = {0, 20000};

    tcp_pair(p);
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    SAY(select(p[0] + 1, &r, NULL, NULL, &t));
    say("set %d, left %ld %ld", !!FD_ISSET(p[0], &r), (long)t.tv_sec, (long)t.tv_usec);
    SAY(select(0, NULL, NULL, NULL, &t));
}

CASE(select_refuses)
{
    fd_set r;
    struct timeval t = {-1, 0};

    FD_ZERO(&r);
    FD_SET(40, &r);
    SAY(select(41, &r, NULL, NULL, NULL));
    SAY(select(-1, &r, NULL, NULL, NULL));
    SAY(select(1, NULL, NULL, NULL, &t));
}

/* Sets that are larger than libc's: numbers from 1,024 on. */
CASE(select_of_great_numbers)
{
    static unsigned long in[64], out[64];
    const int places[] = {1023, 1024, 1500, 4000};
    struct rlimit most = {4096, 4096};
    struct timeval now = {0};
    int p[2];

    setrlimit(RLIMIT_NOFILE, &most);
    tcp_pair(p);
    SAY(send(p[0], "x", 1, 0));
    when_readable(p[1]);
    for (unsigned i = 0; i < 4; i++) {
        dup2(p[i % 2], places[i]);
        in[places[i] / 64] |= 1UL << places[i] % 64;
        out[places[i] / 64] |= 1UL << places[i] % 64;
    }
    SAY(select(4001, (fd_set *)(void *)in, (fd_set *)(void *)out, NULL, &now));
    for (unsigned i = 0; i < 4; i++)
        say("%d: %lu %lu", places[i], in[places[i] / 64] >> places[i] % 64 & 1, out[places[i] / 64] >> places[i] % 64 & 1);
    in[20] |= 1;
    SAY(select(4001, (fd_set *)(void *)in, NULL, NULL, &now));
    SAY(select(1 << 30, NULL, NULL, NULL, &now));
}

CASE(select_urgent)
{
    int p[2];
    fd_set x;
    struct timeval t = {1, 0};

    tcp_pair(p);
    SAY(send(p[0], "!", 1, MSG_OOB));
    FD_ZERO(&x);
    FD_SET(p[1], &x);
    SAY(select(p[1] + 1, NULL, NULL, &x, &t));
    say_ready("poll", 1, ready(p[1], POLLPRI, 0));
}

static void caught(int sig) { (void)sig; }

CASE(pselect_lets_a_signal_in)
{
    struct sigaction a = {.sa_handler = caught};
    struct timespec t = {2, 0};
    sigset_t block, none;
    int p[2];
    fd_set r;

    sigaction(SIGUSR1, &a, NULL);
    sigemptyset(&none), sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, NULL);
    tcp_pair(p);
    raise(SIGUSR1);
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    SAY(pselect(p[0] + 1, &r, NULL, NULL, &t, &none));
}

CASE(low_water)
{
    int p[2];

    tcp_pair(p);
    SAY(set_int(p[1], SOL_SOCKET, SO_RCVLOWAT, 4));
    write(p[0], "abc", 3);
    say_ready("three", 1, ready(p[1], POLLIN, 50));
    write(p[0], "d", 1);
    say_ready("four", 1, ready(p[1], POLLIN, 1000));
}

/* More than a buffer holds would never come. */
CASE(low_water_beyond_the_buffer)
{
    int fd[2], l = tcp_listener(0), most = 0;
    char text[4096] = {0};
    struct sockaddr_in a;
    socklen_t n = sizeof a;

    SAY(set_int(l, SOL_SOCKET, SO_RCVBUF, 8192));
    getsockname(l, (struct sockaddr *)&a, &n);
    fd[0] = tcp();
    connect(fd[0], ADDR(a));
    fd[1] = accept(l, NULL, NULL);
    SAY(set_int(fd[1], SOL_SOCKET, SO_RCVLOWAT, 1 << 20));
    say_opt("SO_RCVLOWAT", fd[1], SOL_SOCKET, SO_RCVLOWAT);
    nonblocking(fd[0]);
    for (int i = 0; i < 100 && most < 50; i++, soon(1))
        most = send(fd[0], text, sizeof text, 0) < 0 ? most + 1 : 0;
    say_ready("full", 0, ready(fd[1], POLLIN, 500));
    SAY(set_int(fd[1], SOL_SOCKET, SO_RCVLOWAT, 0));
    say_opt("SO_RCVLOWAT", fd[1], SOL_SOCKET, SO_RCVLOWAT);
    SAY(set_int(fd[1], SOL_SOCKET, SO_RCVLOWAT, -1));
    say_opt("SO_RCVLOWAT", fd[1], SOL_SOCKET, SO_RCVLOWAT);
}

CASE(writable_until_full)
{
    static char big[1 << 16];
    int p[2];

    tcp_pair(p);
    nonblocking(p[0]);
    while (write(p[0], big, sizeof big) > 0)
        ;
    say("%s", strerrorname_np(errno));
    say_ready("full", 1, ready(p[0], POLLOUT, 50));
    nonblocking(p[1]);
    for (int i = 0; i < 200; i++) {
        while (read(p[1], big, sizeof big) > 0)
            ;
        if (ready(p[0], POLLOUT, 10))
            break;
    }
    say_ready("room", 1, ready(p[0], POLLOUT, 1000));
}

CASE(listener_is_readable)
{
    struct sockaddr_in a = in4(LO, 5000);
    int l = tcp_listener(5000), c = tcp();

    say_ready("before", 1, ready(l, POLLIN, 20));
    connect(c, ADDR(a));
    say_ready("after", 1, ready(l, POLLIN, 1000));
    SAY(accept(l, NULL, NULL) > 0);
    say_ready("taken", 1, ready(l, POLLIN, 20));
}
