/* SPDX-License-Identifier: MIT */
/*
 * Every call on a socket in every state: what each says where it makes no sense, and what poll, epoll and select say of
 * each state. A state is a case; what is asked of it is a table.
 */
#define CHAPTER "states"
#include "case.h"

#include <linux/sockios.h>

/* ---- what a state looks like from outside ---- */

static void say_masks(const char *when, int fd)
{
    struct epoll_event want = {.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLRDNORM | EPOLLWRNORM};
    struct epoll_event got = {0};
    int e = epoll_create1(0), r;
    struct timeval now = {0};
    fd_set in, out, urgent;

    say_ready(when, 0, ready(fd, POLLIN | POLLPRI | POLLOUT | POLLRDHUP | POLLRDNORM | POLLWRNORM, 0));
    say_ready("  asked for nothing", 0, ready(fd, 0, 0));
    epoll_ctl(e, EPOLL_CTL_ADD, fd, &want);
    r = epoll_wait(e, &got, 1, 0);
    say_ready("  epoll", r, (short)got.events);
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&urgent);
    FD_SET(fd, &in);
    FD_SET(fd, &out);
    FD_SET(fd, &urgent);
    r = select(fd + 1, &in, &out, &urgent, &now);
    say("  select = %d:%s%s%s", r, FD_ISSET(fd, &in) ? " read" : "", FD_ISSET(fd, &out) ? " write" : "",
        FD_ISSET(fd, &urgent) ? " except" : "");
    close(e);
}

static void say_ioctl(const char *what, int fd, unsigned long request)
{
    int v = -77, r = ioctl(fd, request, &v);

    if (r < 0)
        say("  %s = -1 %s", what, strerrorname_np(errno));
    else
        say("  %s = %d", what, v);
}

static void say_state(int fd)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof info;
    int r = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n);

    if (r < 0)
        say("  TCP_INFO = -1 %s", strerrorname_np(errno));
    else
        say("  state %d", info.tcpi_state);
}

/* FIN-WAIT-1 and FIN-WAIT-2. */
static bool shutdown_was_seen(int fd)
{
    struct tcp_info info = {0};

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &(socklen_t){sizeof info}) == 0 &&
           (info.tcpi_state == TCP_FIN_WAIT1 || info.tcpi_state == TCP_FIN_WAIT2);
}

/* Linux acknowledges a FIN when it likes to, and of what is over SIOCOUTQ tells it nonsense: neither is asked then. */
static void look(const char *when, int fd)
{
    short events = ready(fd, POLLIN | POLLOUT, 0);
    bool ends = shutdown_was_seen(fd);

    say_masks(when, fd);
    if (!ends)
        say_state(fd);
    say_ioctl("FIONREAD", fd, FIONREAD);
    if (!ends && !(events & POLLHUP))
        say_ioctl("SIOCOUTQ", fd, SIOCOUTQ);
    say_ioctl("SIOCATMARK", fd, SIOCATMARK);
}

/* ---- what calls say ---- */

static long do_send(int fd) { return send(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL); }
static long do_send_nothing(int fd) { return send(fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL); }
static long do_send_urgent(int fd) { return send(fd, "x", 1, MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL); }
static long do_sendto(int fd)
{
    struct sockaddr_in a = in4(LO, 7099);

    return sendto(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL, ADDR(a));
}
static long do_recv(int fd) { return recv(fd, (char[8]){0}, 8, MSG_DONTWAIT); }
static long do_recv_nothing(int fd) { return recv(fd, (char[8]){0}, 0, MSG_DONTWAIT); }
static long do_peek(int fd) { return recv(fd, (char[8]){0}, 8, MSG_DONTWAIT | MSG_PEEK); }
static long do_recv_urgent(int fd) { return recv(fd, (char[8]){0}, 8, MSG_DONTWAIT | MSG_OOB); }
static long do_recv_report(int fd) { return recv(fd, (char[8]){0}, 8, MSG_DONTWAIT | MSG_ERRQUEUE); }
static long do_listen(int fd) { return listen(fd, 1); }
static long do_accept(int fd)
{
    int r = accept4(fd, NULL, NULL, SOCK_NONBLOCK);

    return r < 0 ? r : close(r);
}
static long do_bind(int fd)
{
    struct sockaddr_in a = in4(LO, 7098);

    return bind(fd, ADDR(a));
}
static long do_connect(int fd)
{
    struct sockaddr_in a = in4(LO, 7097);

    return connect(fd, ADDR(a));
}
static long do_connect_nowhere(int fd)
{
    struct sockaddr a = {.sa_family = AF_UNSPEC};

    return connect(fd, &a, sizeof a);
}
static long do_name(int fd)
{
    struct sockaddr_storage a;

    return getsockname(fd, (struct sockaddr *)&a, &(socklen_t){sizeof a});
}
static long do_peer(int fd)
{
    struct sockaddr_storage a;

    return getpeername(fd, (struct sockaddr *)&a, &(socklen_t){sizeof a});
}
static long do_shut_read(int fd) { return shutdown(fd, SHUT_RD); }
static long do_shut_write(int fd) { return shutdown(fd, SHUT_WR); }
static long do_shut_both(int fd) { return shutdown(fd, SHUT_RDWR); }
static long do_mark(int fd) { return sockatmark(fd); }
static long do_error(int fd)
{
    int v = 0;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &v, &(socklen_t){sizeof v}) < 0 ? -1 : v;
}

#define CALL(name) {#name, do_##name}
static const struct call {
    const char *name;
    long (*run)(int fd);
} calls[] = {CALL(error), CALL(name), CALL(peer), CALL(mark), CALL(recv), CALL(recv_nothing), CALL(peek),
             CALL(recv_urgent), CALL(recv_report), CALL(send), CALL(send_nothing), CALL(send_urgent), CALL(sendto),
             CALL(listen), CALL(accept), CALL(bind), CALL(connect), CALL(connect_nowhere), CALL(shut_read),
             CALL(shut_write), CALL(shut_both)};

/* Each call on a socket of its own, which `make` brings into the state; then what the state has become. */
static void ask_all(int (*make)(void))
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int fd = make();
        long r;

        nonblocking(fd);
        r = calls[i].run(fd);
        say_result(calls[i].name, r);
        soon(1);
        say_ready("  then", 0, ready(fd, POLLIN | POLLOUT | POLLRDHUP, 0));
        say("  error %ld", do_error(fd));
        close(fd);
    }
}

#define STATE(name)                                                                                                    \
    static int make_##name(void);                                                                                      \
    CASE(name)                                                                                                         \
    {                                                                                                                  \
        int fd = make_##name();                                                                                        \
                                                                                                                       \
        look(#name, fd);                                                                                               \
        close(fd);                                                                                                     \
        ask_all(make_##name);                                                                                          \
    }                                                                                                                  \
    static int make_##name(void)

/* ---- streams ---- */

/* Two ends that speak with each other; the other one is kept till the next is made. */
static int other = -1;

static int fresh_pair(void)
{
    static unsigned port = 7100;
    struct sockaddr_in a = in4(LO, ++port);
    int l = tcp_listener(port), c = tcp();

    if (other >= 0)
        close(other);
    connect(c, ADDR(a));
    other = accept(l, NULL, NULL);
    close(l);
    return c;
}

STATE(stream_new) { return tcp(); }

STATE(stream_bound)
{
    struct sockaddr_in a = in4(LO, 0);
    int fd = tcp();

    bind(fd, ADDR(a));
    return fd;
}

STATE(stream_listening) { return tcp_listener(0); }

STATE(stream_listening_with_one)
{
    static unsigned port = 7200;
    struct sockaddr_in a = in4(LO, ++port);
    int l = tcp_listener(port);

    if (other >= 0)
        close(other);
    connect(other = tcp(), ADDR(a));
    when_readable(l);
    return l;
}

STATE(stream_connected) { return fresh_pair(); }

STATE(stream_with_text)
{
    int fd = fresh_pair();

    write(other, "abc", 3);
    when_readable(fd);
    return fd;
}

STATE(stream_with_urgent_data)
{
    int fd = fresh_pair();

    send(other, "abc", 3, MSG_OOB);
    ready(fd, POLLPRI, 1000);
    return fd;
}

STATE(stream_whose_peer_ended)
{
    int fd = fresh_pair();

    shutdown(other, SHUT_WR);
    ready(fd, POLLRDHUP, 1000);
    return fd;
}

STATE(stream_whose_peer_ended_after_text)
{
    int fd = fresh_pair();

    write(other, "abc", 3);
    shutdown(other, SHUT_WR);
    ready(fd, POLLRDHUP, 1000);
    return fd;
}

STATE(stream_shut_for_writing)
{
    int fd = fresh_pair();

    shutdown(fd, SHUT_WR);
    ready(other, POLLRDHUP, 1000);
    soon(2);
    return fd;
}

STATE(stream_shut_for_reading)
{
    int fd = fresh_pair();

    shutdown(fd, SHUT_RD);
    return fd;
}

STATE(stream_shut_for_both)
{
    int fd = fresh_pair();

    shutdown(fd, SHUT_RDWR);
    ready(other, POLLRDHUP, 1000);
    soon(2);
    return fd;
}

STATE(stream_shut_on_both_sides)
{
    int fd = fresh_pair();

    shutdown(fd, SHUT_WR);
    ready(other, POLLRDHUP, 1000);
    shutdown(other, SHUT_WR);
    ready(fd, POLLHUP, 1000);
    soon(2);
    return fd;
}

STATE(stream_shut_second)
{
    int fd = fresh_pair();

    shutdown(other, SHUT_WR);
    ready(fd, POLLRDHUP, 1000);
    shutdown(fd, SHUT_WR);
    ready(fd, POLLHUP, 1000);
    soon(2);
    return fd;
}

STATE(stream_that_was_reset)
{
    int fd = fresh_pair();

    reset_by(other);
    other = -1;
    ready(fd, POLLHUP, 1000);
    return fd;
}

STATE(stream_that_was_reset_with_text)
{
    int fd = fresh_pair();

    write(other, "abc", 3);
    when_readable(fd);
    reset_by(other);
    other = -1;
    ready(fd, POLLHUP, 1000);
    return fd;
}

STATE(stream_that_was_reset_after_an_end)
{
    int fd = fresh_pair();

    shutdown(other, SHUT_WR);
    ready(fd, POLLRDHUP, 1000);
    write(fd, "abc", 3);
    when_readable(other);
    reset_by(other);
    other = -1;
    ready(fd, POLLHUP, 1000);
    return fd;
}

STATE(stream_that_was_reset_and_told)
{
    int fd = fresh_pair();

    reset_by(other);
    other = -1;
    ready(fd, POLLHUP, 1000);
    do_error(fd);
    return fd;
}

static int refused(bool asked)
{
    struct sockaddr_in a = in4(LO, 7096);
    int fd = tcp();

    nonblocking(fd);
    connect(fd, ADDR(a));
    ready(fd, POLLOUT, 1000);
    if (asked)
        do_error(fd);
    return fd;
}

STATE(stream_that_was_refused) { return refused(false); }
STATE(stream_that_was_refused_and_told) { return refused(true); }

STATE(stream_that_was_dissolved)
{
    int fd = fresh_pair();

    do_connect_nowhere(fd);
    return fd;
}

/* The listener's queue is full: nobody answers. */
STATE(stream_that_is_connecting)
{
    static unsigned port = 7300;
    struct sockaddr_in a = in4(LO, ++port);
    int fd = tcp(), l = tcp();

    bind(l, ADDR(a));
    listen(l, 0);
    for (int i = 0; i < 2; i++) {
        int filler = tcp();

        nonblocking(filler);
        connect(filler, ADDR(a));
    }
    soon(5);
    nonblocking(fd);
    connect(fd, ADDR(a));
    return fd;
}

/* ---- datagrams ---- */

STATE(datagrams_new) { return udp(); }
STATE(datagrams_bound) { return udp_at(0); }

static int udp_between(void)
{
    static unsigned port = 7400;
    struct sockaddr_in a = in4(LO, ++port), mine = {0};
    int fd = udp();

    if (other >= 0)
        close(other);
    other = udp_at(port);
    connect(fd, ADDR(a));
    getsockname(fd, (struct sockaddr *)&mine, &(socklen_t){sizeof mine});
    connect(other, ADDR(mine));
    return fd;
}

STATE(datagrams_connected) { return udp_between(); }

STATE(datagrams_with_one)
{
    int fd = udp_between();

    send(other, "abc", 3, 0);
    when_readable(fd);
    return fd;
}

STATE(datagrams_with_an_empty_one)
{
    int fd = udp_between();

    send(other, "", 0, 0);
    when_readable(fd);
    return fd;
}

STATE(datagrams_refused)
{
    int fd = udp_between();

    close(other);
    other = -1;
    send(fd, "abc", 3, 0);
    ready(fd, POLLERR, 1000);
    return fd;
}

STATE(datagrams_refused_with_a_report)
{
    int fd = udp_between();

    set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
    close(other);
    other = -1;
    send(fd, "abc", 3, 0);
    ready(fd, POLLERR, 1000);
    return fd;
}

STATE(datagrams_shut_for_reading)
{
    int fd = udp_between();

    shutdown(fd, SHUT_RD);
    return fd;
}

STATE(datagrams_shut_for_writing)
{
    int fd = udp_between();

    shutdown(fd, SHUT_WR);
    return fd;
}

STATE(datagrams_shut_for_both_with_one)
{
    int fd = udp_between();

    send(other, "abc", 3, 0);
    when_readable(fd);
    shutdown(fd, SHUT_RDWR);
    return fd;
}

STATE(datagrams_dissolved)
{
    int fd = udp_between();

    do_connect_nowhere(fd);
    return fd;
}

/* ---- raw sockets ---- */

STATE(raw_new) { return socket(AF_INET, SOCK_RAW, 200); }

STATE(raw_connected)
{
    struct sockaddr_in a = in4(LO, 0);
    int fd = socket(AF_INET, SOCK_RAW, 201);

    connect(fd, ADDR(a));
    return fd;
}

STATE(raw_shut)
{
    struct sockaddr_in a = in4(LO, 0);
    int fd = socket(AF_INET, SOCK_RAW, 202);

    connect(fd, ADDR(a));
    shutdown(fd, SHUT_RDWR);
    return fd;
}
