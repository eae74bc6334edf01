/* SPDX-License-Identifier: MIT */
/* UNP chapters 24 and 25: signals that sockets send. */
#define CHAPTER "signals"
#include "case.h"

static volatile sig_atomic_t io, urgent;

static void count_io(int signo) { (void)signo, io++; }
static void count_urgent(int signo) { (void)signo, urgent++; }

static void listen_to_signals(void)
{
    struct sigaction a = {.sa_handler = count_io, .sa_flags = SA_RESTART}, b = {.sa_handler = count_urgent};

    sigaction(SIGIO, &a, NULL);
    sigaction(SIGURG, &b, NULL);
}

/* How many came until now; and from now on. */
static int taken(volatile sig_atomic_t *count)
{
    int n;

    soon(20);
    n = *count;
    *count = 0;
    return n;
}

static void signalled(int fd)
{
    fcntl(fd, F_SETOWN, getpid());
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
}

CASE(owner)
{
    int fd = udp(), who = 0;

    SAY(fcntl(fd, F_GETOWN));
    SAY(fcntl(fd, F_SETOWN, getpid()));
    say("it is us: %d", fcntl(fd, F_GETOWN) == getpid());
    SAY(ioctl(fd, SIOCGPGRP, &who));
    say("it is us: %d", who == getpid());
    SAY(fcntl(fd, F_SETOWN, 99999999));
    say("it is us: %d", fcntl(fd, F_GETOWN) == getpid());
    who = -getpgrp();
    SAY(ioctl(fd, FIOSETOWN, &who));
    say("it is our group: %d", fcntl(fd, F_GETOWN) == -getpgrp());
    SAY(fcntl(fd, F_SETOWN, 0));
    SAY(fcntl(fd, F_GETOWN));
}

CASE(flag)
{
    int fd = tcp(), on = 1;

    say("%d", !!(fcntl(fd, F_GETFL) & O_ASYNC));
    SAY(fcntl(fd, F_SETFL, O_ASYNC));
    say("%d", !!(fcntl(fd, F_GETFL) & O_ASYNC));
    SAY(fcntl(fd, F_SETFL, O_NONBLOCK));
    say("%d", !!(fcntl(fd, F_GETFL) & O_ASYNC));
    SAY(ioctl(fd, FIOASYNC, &on));
    say("%d", !!(fcntl(fd, F_GETFL) & O_ASYNC));
    on = 0;
    SAY(ioctl(fd, FIOASYNC, &on));
    say("%d", !!(fcntl(fd, F_GETFL) & O_ASYNC));
    SAY(ioctl(fd, FIOASYNC, NULL));
}

CASE(each_datagram)
{
    int p[2];

    listen_to_signals();
    udp_pair(p);
    signalled(p[1]);
    for (int i = 0; i < 3; i++) {
        send(p[0], "x", 1, 0);
        say("signals %d", taken(&io));
    }
}

CASE(only_with_an_owner_and_the_flag)
{
    int p[2], on = 1;

    listen_to_signals();
    udp_pair(p);
    send(p[0], "x", 1, 0);
    say("neither: %d", taken(&io));
    ioctl(p[1], FIOASYNC, &on);
    send(p[0], "x", 1, 0);
    say("flag: %d", taken(&io));
    fcntl(p[1], F_SETOWN, getpid());
    send(p[0], "x", 1, 0);
    say("both: %d", taken(&io));
    fcntl(p[1], F_SETFL, 0);
    send(p[0], "x", 1, 0);
    say("owner: %d", taken(&io));
}

/* The book's server (25.3), but that it reads outside of the handler, as a program that is to be portable must. */
CASE(server_by_signals)
{
    sigset_t block, none;
    int p[2], got = 0;
    char b[16];

    listen_to_signals();
    udp_pair(p);
    signalled(p[1]);
    nonblocking(p[1]);
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGIO);
    sigprocmask(SIG_BLOCK, &block, NULL);
    for (int i = 0; i < 5; i++)
        send(p[0], "x", 1, 0);
    while (got < 5) {
        while (io == 0)
            sigsuspend(&none);
        io = 0;
        while (recv(p[1], b, sizeof b, 0) > 0)
            got++;
    }
    say("read %d", got);
}

CASE(stream)
{
    struct sockaddr_in a = in4(LO, 7000);
    int l = tcp_listener(7000), c = tcp(), s;
    char b[8];

    listen_to_signals();
    signalled(l);
    connect(c, ADDR(a));
    say("connection: %d", taken(&io) > 0);
    s = accept(l, NULL, NULL);
    say("flag goes on: %d, owner: %d", !!(fcntl(s, F_GETFL) & O_ASYNC), fcntl(s, F_GETOWN));
    write(c, "quiet", 5);
    say("not asked for: %d", taken(&io) > 0);
    read(s, b, sizeof b);
    signalled(s);
    write(c, "text", 4);
    say("text: %d", taken(&io) > 0);
    read(s, b, sizeof b);
    shutdown(c, SHUT_WR);
    say("end: %d", taken(&io) > 0);
}

CASE(connection_made)
{
    struct sockaddr_in a = in4(LO, 7000);
    int c = tcp();

    tcp_listener(7000);
    listen_to_signals();
    nonblocking(c);
    signalled(c);
    connect(c, ADDR(a));
    say("connected: %d", taken(&io) > 0);
}

CASE(reset)
{
    int p[2];

    listen_to_signals();
    tcp_pair(p);
    signalled(p[1]);
    reset_by(p[0]);
    say("reset: %d", taken(&io) > 0);
}

CASE(urgent_data)
{
    int p[2];

    listen_to_signals();
    tcp_pair(p);
    send(p[0], "a", 1, MSG_OOB);
    say("no owner: %d", taken(&urgent));
    fcntl(p[1], F_SETOWN, getpid());
    send(p[0], "b", 1, MSG_OOB);
    say("owner: %d", taken(&urgent));
    say("nothing else: %d", taken(&io));
}

CASE(to_a_group)
{
    int p[2];

    listen_to_signals();
    udp_pair(p);
    setpgid(0, 0);
    signalled(p[1]);
    fcntl(p[1], F_SETOWN, -getpgrp());
    send(p[0], "x", 1, 0);
    say("signals %d", taken(&io));
}

CASE(after_close)
{
    int p[2], other;

    listen_to_signals();
    udp_pair(p);
    signalled(p[1]);
    other = dup(p[1]);
    close(p[1]);
    send(p[0], "x", 1, 0);
    say("one is left: %d", taken(&io));
    close(other);
    send(p[0], "x", 1, 0);
    say("none is left: %d", taken(&io));
}

/* ---- other signals, other owners ---- */

static volatile sig_atomic_t told_fd, told_band, told_times;

static void take_note(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    told_fd = info->si_fd;
    told_band = (sig_atomic_t)info->si_band;
    told_times++;
}

static int told(int number, int at_least)
{
    (void)number;
    for (int i = 0; i < 200 && told_times < at_least; i++)
        soon(10);
    return told_times >= at_least;
}

CASE(a_signal_that_says_what_it_is_about)
{
    struct sigaction action = {.sa_sigaction = take_note, .sa_flags = SA_SIGINFO | SA_RESTART};
    int p[2];

    udp_pair(p);
    sigaction(SIGRTMIN + 3, &action, NULL);
    SAY(fcntl(p[1], F_GETSIG));
    SAY(fcntl(p[1], F_SETSIG, SIGRTMIN + 3));
    say("it is that one: %d", fcntl(p[1], F_GETSIG) == SIGRTMIN + 3);
    SAY(fcntl(p[1], F_SETSIG, 65));
    SAY(fcntl(p[1], F_SETSIG, -1));
    SAY(fcntl(p[1], F_SETOWN, getpid()));
    SAY(fcntl(p[1], F_SETFL, O_ASYNC));
    send(p[0], "a", 1, 0);
    say("told %d, of this one %d, to read %d", told(SIGRTMIN + 3, 1), told_fd == p[1], !!(told_band & POLLIN));
}

CASE(a_thread_owns_a_socket)
{
    struct sigaction action = {.sa_sigaction = take_note, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct f_owner_ex ex = {F_OWNER_TID, gettid()};
    int p[2];

    udp_pair(p);
    sigaction(SIGIO, &action, NULL);
    SAY(fcntl(p[1], F_SETOWN_EX, &ex));
    ex = (struct f_owner_ex){-7, -7};
    SAY(fcntl(p[1], F_GETOWN_EX, &ex));
    say("type %d, us %d", ex.type, ex.pid == gettid());
    SAY(fcntl(p[1], F_SETFL, O_ASYNC));
    send(p[0], "a", 1, 0);
    say("told %d", told(SIGIO, 1));
    ex = (struct f_owner_ex){F_OWNER_PGRP, getpgrp()};
    SAY(fcntl(p[1], F_SETOWN_EX, &ex));
    say("as a group %d", fcntl(p[1], F_GETOWN) == -getpgrp());
    SAY(fcntl(p[1], F_GETOWN_EX, &ex));
    say("type %d, ours %d", ex.type, ex.pid == getpgrp());
    ex = (struct f_owner_ex){9, getpid()};
    SAY(fcntl(p[1], F_SETOWN_EX, &ex));
    ex = (struct f_owner_ex){F_OWNER_TID, 99999999};
    SAY(fcntl(p[1], F_SETOWN_EX, &ex));
    SAY(fcntl(p[1], F_SETOWN_EX, NULL));
    SAY(fcntl(p[1], F_GETOWN_EX, NULL));
}
