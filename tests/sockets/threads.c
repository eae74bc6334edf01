/* SPDX-License-Identifier: MIT */
/* UNP chapters 5, 14, 26: signals and time-outs in blocking calls, threads, fork. */
#define CHAPTER "threads"
#include "case.h"

static void caught(int sig) { (void)sig; }

static void *signal_later(void *thread)
{
    soon(50);
    pthread_kill(*(pthread_t *)thread, SIGUSR1);
    return NULL;
}

/* A signal comes 50 ms from now. */
static void disturb(int flags)
{
    static pthread_t self;
    struct sigaction a = {.sa_handler = caught, .sa_flags = flags};
    pthread_t t;

    self = pthread_self();
    sigaction(SIGUSR1, &a, NULL);
    pthread_create(&t, NULL, signal_later, &self);
    pthread_detach(t);
}

static void *write_later(void *fd)
{
    soon(150);
    return write(*(int *)fd, "x", 1) == 1 ? NULL : fd;
}

CASE(recv_is_interrupted)
{
    int p[2];
    char b;

    tcp_pair(p);
    disturb(0);
    SAY(recv(p[0], &b, 1, 0));
}

CASE(recv_is_restarted)
{
    int p[2];
    char b;
    pthread_t t;

    tcp_pair(p);
    disturb(SA_RESTART);
    pthread_create(&t, NULL, write_later, &p[1]);
    SAY(recv(p[0], &b, 1, 0));
    pthread_join(t, NULL);
}

CASE(recv_with_a_time_out_is_interrupted)
{
    int p[2];
    char b;

    tcp_pair(p);
    set_timeout(p[0], SO_RCVTIMEO, 2000);
    disturb(SA_RESTART);
    SAY(recv(p[0], &b, 1, 0));
}

CASE(accept_is_interrupted)
{
    int l = tcp_listener(5000);

    disturb(0);
    SAY(accept(l, NULL, NULL));
}

CASE(poll_is_interrupted)
{
    struct pollfd f = {tcp_listener(5000), POLLIN, 0};

    disturb(SA_RESTART);
    SAY(poll(&f, 1, 2000));
}

CASE(epoll_wait_is_interrupted)
{
    struct epoll_event ev;

    disturb(SA_RESTART);
    SAY(epoll_wait(epoll_create1(0), &ev, 1, 2000));
}

CASE(part_of_the_bytes_beats_a_signal)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    write(p[1], "abc", 3);
    disturb(0);
    SAY(recv(p[0], b, sizeof b, MSG_WAITALL));
}

CASE(send_times_out)
{
    static char big[1 << 16];
    int p[2];

    tcp_pair(p);
    set_timeout(p[0], SO_SNDTIMEO, 50);
    while (write(p[0], big, sizeof big) > 0)
        ;
    say("%s", strerrorname_np(errno));
}

static void *echo(void *fd)
{
    char b[64];
    ssize_t n;

    while ((n = read(*(int *)fd, b, sizeof b)) > 0 && write(*(int *)fd, b, (size_t)n) == n)
        ;
    return NULL;
}

CASE(a_thread_serves)
{
    int p[2];
    char b[8];
    pthread_t t;

    tcp_pair(p);
    pthread_create(&t, NULL, echo, &p[1]);
    for (int i = 0; i < 3; i++) {
        SAY(write(p[0], "ping", 4));
        say_bytes("read", recv(p[0], b, 4, MSG_WAITALL), b);
    }
    SAY(shutdown(p[0], SHUT_WR));
    pthread_join(t, NULL);
}

/* ---- threads that wait for connections ---- */

static void *accept_one(void *listener)
{
    int fd = accept(*(int *)listener, NULL, NULL);

    return fd >= 0 && write(fd, "x", 1) == 1 ? listener : NULL;
}

CASE(each_connection_finds_a_thread)
{
    struct sockaddr_in a = in4(LO, 7000);
    int l = tcp_listener(7000), fd[8], served = 0, told = 0;
    pthread_t thread[8];
    void *done;
    char b;

    for (int i = 0; i < 8; i++)
        pthread_create(&thread[i], NULL, accept_one, &l);
    soon(50);
    for (int i = 0; i < 8; i++) {
        fd[i] = tcp();
        connect(fd[i], ADDR(a));
    }
    for (int i = 0; i < 8; i++)
        served += read(fd[i], &b, 1) == 1;
    for (int i = 0; i < 8; i++) {
        pthread_join(thread[i], &done);
        told += done != NULL;
    }
    say("served %d by %d", served, told);
}

CASE(the_end_of_a_listener_wakes_all_its_threads)
{
    int l = tcp_listener(7000), ended = 0;
    pthread_t thread[4];
    void *done;

    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, accept_one, &l);
    soon(50);
    SAY(shutdown(l, SHUT_RD));
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], &done);
        ended += done == NULL;
    }
    say("ended %d", ended);
}
