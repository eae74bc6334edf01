/* SPDX-License-Identifier: MIT */
/* poll, epoll, pipes, splice. */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "bench.h"

static int setup(void **state)
{
    static struct bench b;

    bench_open(&b, NULL);
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    bench_close(*state);
    return 0;
}

/* ---- poll ---- */

static int polled(struct bench *b, int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    b->t.poll(b->t.userdata, &p, 1, 0);
    return (unsigned short)p.revents;
}

#define ALL (POLLIN | POLLPRI | POLLOUT | POLLRDHUP)

static void poll_bits_are_linuxs_in_each_state(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int fresh = t->socket(t->userdata, AF_INET, SOCK_STREAM, 0), listener = bench_listener(b, 1), fds[2];
    struct peer p;
    char c;

    assert_int_equal(polled(b, fresh, ALL), POLLOUT | POLLHUP);
    assert_int_equal(polled(b, fresh, 0), POLLHUP);
    assert_int_equal(polled(b, listener, ALL), 0);
    assert_int_equal(polled(b, 77, ALL), POLLNVAL);
    assert_int_equal(polled(b, -1, ALL), 0);
    peer_handshake(b, &p, PEER_PORT);
    assert_int_equal(polled(b, listener, ALL), POLLIN);
    p.fd = t->accept(t->userdata, listener, NULL, NULL);
    assert_int_equal(polled(b, p.fd, ALL), POLLOUT);
    peer_send(&p, P | A, 1);
    assert_int_equal(polled(b, p.fd, ALL | POLLRDNORM | POLLWRNORM), POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
    assert_int_equal(t->read(t->userdata, p.fd, &c, 1), 1);
    peer_send(&p, F | A, 0);
    assert_int_equal(polled(b, p.fd, ALL), POLLIN | POLLOUT | POLLRDHUP);
    assert_int_equal(t->shutdown(t->userdata, p.fd, SHUT_WR), 0);
    assert_int_equal(polled(b, p.fd, ALL), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    assert_int_equal(t->pipe(t->userdata, fds), 0);
    assert_int_equal(polled(b, fds[0], ALL), 0);
    assert_int_equal(polled(b, fds[1], ALL), POLLOUT);
    assert_int_equal(t->close(t->userdata, fds[1]), 0);
    assert_int_equal(polled(b, fds[0], ALL), POLLHUP);
}

static void reset_is_all_bits(void **state)
{
    struct bench *b = *state;
    struct peer p;

    peer_open(b, &p);
    peer_send(&p, R | A, 0);
    assert_int_equal(polled(b, p.fd, ALL), POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR);
}

static void our_own_shutdown_is_seen(void **state)
{
    struct bench *b = *state;
    struct peer p;

    peer_open(b, &p);
    assert_int_equal(b->t.shutdown(b->t.userdata, p.fd, SHUT_RD), 0);
    assert_int_equal(polled(b, p.fd, ALL), POLLIN | POLLOUT | POLLRDHUP);
    assert_int_equal(b->t.shutdown(b->t.userdata, p.fd, SHUT_WR), 0);
    assert_int_equal(polled(b, p.fd, ALL), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
}

static int64_t run_poll(struct bench *b, void *argument)
{
    struct pollfd p = {.fd = *(int *)argument, .events = POLLIN};

    return b->t.poll(b->t.userdata, &p, 1, 300) == 1 ? p.revents : 0;
}

static void poll_waits_for_what_it_was_asked_for(void **state)
{
    struct bench *b = *state;
    struct peer p;
    struct task t = {.b = b, .run = run_poll, .argument = &p.fd};

    peer_open(b, &p);
    task_begin(&t);
    b->t.usleep(b->t.userdata, 100000);
    peer_send(&p, P | A, 1);
    task_end(&t);
    assert_int_equal(t.result, POLLIN);
    assert_in_range(t.ended - t.begun, 100000, 100000 + bench_slack());
}

static void poll_ends_when_its_time_is_over(void **state)
{
    struct bench *b = *state;
    struct peer p;
    struct task t = {.b = b, .run = run_poll, .argument = &p.fd};

    peer_open(b, &p);
    task_begin(&t);
    b->t.usleep(b->t.userdata, 1000000);
    task_end(&t);
    assert_int_equal(t.result, 0);
    assert_in_range(t.ended - t.begun, 300000, 300000 + bench_slack());
}

static void low_water_mark_decides_what_is_readable(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct peer p;
    int bytes = 1000;

    peer_open(b, &p);
    assert_int_equal(t->setsockopt(t->userdata, p.fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes), 0);
    peer_send(&p, P | A, 999);
    assert_int_equal(polled(b, p.fd, ALL), POLLOUT);
    peer_send(&p, P | A, 1);
    assert_int_equal(polled(b, p.fd, ALL), POLLIN | POLLOUT);
}

/* ---- epoll ---- */

static int waited(struct bench *b, int ep, uint64_t *data)
{
    struct epoll_event e[4] = {{0}};
    int n = b->t.epoll_wait(b->t.userdata, ep, e, 4, 0);

    assert_in_range(n, 0, 1);
    if (data)
        *data = e[0].data.u64;
    return n ? (int)e[0].events : 0;
}

static int watched(struct bench *b, int fd, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.u64 = 0x1234567890};
    int ep = b->t.epoll_create(b->t.userdata, 1);

    assert_int_equal(b->t.epoll_ctl(b->t.userdata, ep, EPOLL_CTL_ADD, fd, &e), 0);
    return ep;
}

static void level_triggered_is_told_as_long_as_it_lasts(void **state)
{
    struct bench *b = *state;
    struct peer p;
    uint64_t data = 0;
    char buf[10];
    int ep;

    peer_open(b, &p);
    ep = watched(b, p.fd, EPOLLIN);
    assert_int_equal(waited(b, ep, NULL), 0);
    peer_send(&p, P | A, 10);
    assert_int_equal(waited(b, ep, &data), EPOLLIN);
    assert_true(data == 0x1234567890);
    assert_int_equal(waited(b, ep, NULL), EPOLLIN);
    assert_int_equal(b->t.read(b->t.userdata, p.fd, buf, sizeof buf), 10);
    assert_int_equal(waited(b, ep, NULL), 0);
}

static void edge_triggered_is_told_once_for_each_arrival(void **state)
{
    struct bench *b = *state;
    struct peer p;
    int ep;

    peer_open(b, &p);
    ep = watched(b, p.fd, EPOLLIN | EPOLLET);
    peer_send(&p, P | A, 10);
    assert_int_equal(waited(b, ep, NULL), EPOLLIN);
    assert_int_equal(waited(b, ep, NULL), 0);
    peer_send(&p, P | A, 10); /* nothing was read: it is an arrival all the same */
    assert_int_equal(waited(b, ep, NULL), EPOLLIN);
    assert_int_equal(waited(b, ep, NULL), 0);
}

/* The turn comes with one event, and all that is true then is told. */
static void edge_tells_all_that_is_ready(void **state)
{
    struct bench *b = *state;
    struct peer p;
    int ep;

    peer_open(b, &p);
    ep = watched(b, p.fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    assert_int_equal(waited(b, ep, NULL), EPOLLOUT);
    assert_int_equal(waited(b, ep, NULL), 0);
    peer_send(&p, P | A, 10);
    assert_int_equal(waited(b, ep, NULL), EPOLLIN | EPOLLOUT);
    peer_send(&p, F | A, 0);
    assert_int_equal(waited(b, ep, NULL), EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    assert_int_equal(waited(b, ep, NULL), 0);
}

static void oneshot_is_told_once_until_it_is_armed_again(void **state)
{
    struct bench *b = *state;
    struct epoll_event again = {.events = EPOLLIN | EPOLLONESHOT};
    struct peer p;
    int ep;

    peer_open(b, &p);
    ep = watched(b, p.fd, EPOLLIN | EPOLLONESHOT);
    peer_send(&p, P | A, 10);
    assert_int_equal(waited(b, ep, NULL), EPOLLIN);
    peer_send(&p, P | A, 10);
    assert_int_equal(waited(b, ep, NULL), 0);
    assert_int_equal(b->t.epoll_ctl(b->t.userdata, ep, EPOLL_CTL_MOD, p.fd, &again), 0);
    assert_int_equal(waited(b, ep, NULL), EPOLLIN);
}

static void errors_and_ends_are_told_unasked(void **state)
{
    struct bench *b = *state;
    struct peer p;
    int ep;

    peer_open(b, &p);
    ep = watched(b, p.fd, 0);
    peer_send(&p, R | A, 0);
    assert_int_equal(waited(b, ep, NULL), EPOLLERR | EPOLLHUP);
}

static void closed_descriptor_is_watched_no_more(void **state)
{
    struct bench *b = *state;
    struct epoll_event e = {.events = EPOLLIN};
    struct peer p;
    int ep, fds[2];

    peer_open(b, &p);
    ep = watched(b, p.fd, EPOLLIN);
    peer_send(&p, P | A, 10);
    assert_int_equal(b->t.close(b->t.userdata, p.fd), 0);
    assert_int_equal(waited(b, ep, NULL), 0);
    assert_int_equal(b->t.pipe(b->t.userdata, fds), 0); /* the number comes back as something else */
    assert_int_equal(b->t.epoll_ctl(b->t.userdata, ep, EPOLL_CTL_ADD, fds[0], &e), 0);
}

static void instances_are_descriptors_too(void **state)
{
    struct bench *b = *state;
    struct epoll_event e = {.events = EPOLLIN};
    struct peer p;
    int inner, outer;

    peer_open(b, &p);
    inner = watched(b, p.fd, EPOLLIN);
    outer = watched(b, inner, EPOLLIN);
    assert_int_equal(polled(b, inner, POLLIN), 0);
    peer_send(&p, P | A, 10);
    assert_int_equal(polled(b, inner, POLLIN), POLLIN);
    assert_int_equal(waited(b, outer, NULL), EPOLLIN);
    assert_errno(b->t.epoll_ctl(b->t.userdata, inner, EPOLL_CTL_ADD, outer, &e), ELOOP);
    assert_errno(b->t.epoll_ctl(b->t.userdata, inner, EPOLL_CTL_ADD, inner, &e), EINVAL);
}

static void epoll_refuses_what_linux_refuses(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct epoll_event e = {.events = EPOLLIN};
    int fd = t->socket(t->userdata, AF_INET, SOCK_STREAM, 0), ep = watched(b, fd, EPOLLIN), other = bench_listener(b, 1);

    assert_errno(t->epoll_create(t->userdata, 0), EINVAL);
    assert_errno(t->epoll_create(t->userdata, -1), EINVAL);
    assert_errno(t->epoll_ctl(t->userdata, ep, EPOLL_CTL_ADD, fd, &e), EEXIST);
    assert_errno(t->epoll_ctl(t->userdata, ep, EPOLL_CTL_MOD, other, &e), ENOENT);
    assert_errno(t->epoll_ctl(t->userdata, ep, EPOLL_CTL_DEL, other, NULL), ENOENT);
    assert_errno(t->epoll_ctl(t->userdata, fd, EPOLL_CTL_ADD, other, &e), EINVAL);
    assert_errno(t->epoll_ctl(t->userdata, ep, 9, other, &e), EINVAL);
    assert_errno(t->epoll_wait(t->userdata, fd, &e, 1, 0), EINVAL);
    assert_errno(t->epoll_wait(t->userdata, ep, &e, 0, 0), EINVAL);
    assert_errno(t->epoll_wait(t->userdata, ep, &e, -1, 0), EINVAL);
    assert_int_equal(t->epoll_ctl(t->userdata, ep, EPOLL_CTL_DEL, fd, NULL), 0);
    assert_errno(t->epoll_ctl(t->userdata, ep, EPOLL_CTL_DEL, fd, NULL), ENOENT);
    assert_errno(t->read(t->userdata, ep, &e, 1), EINVAL);
}

static int64_t run_epoll(struct bench *b, void *argument)
{
    struct epoll_event e;

    return b->t.epoll_wait(b->t.userdata, *(int *)argument, &e, 1, -1) == 1 ? (int64_t)e.events : -1;
}

static void epoll_wait_wakes_at_the_event(void **state)
{
    struct bench *b = *state;
    struct peer p;
    int ep;
    struct task t = {.b = b, .run = run_epoll, .argument = &ep};

    peer_open(b, &p);
    ep = watched(b, p.fd, EPOLLIN | EPOLLET);
    task_begin(&t);
    b->t.usleep(b->t.userdata, 70000);
    peer_send(&p, P | A, 1);
    task_end(&t);
    assert_int_equal(t.result, EPOLLIN);
    assert_in_range(t.ended - t.begun, 70000, 70000 + bench_slack());
}

/* ---- pipes and splice ---- */

static void pipe_carries_bytes_and_its_end(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    static char big[70000];
    int fds[2];
    char buf[10];

    assert_int_equal(t->pipe(t->userdata, fds), 0);
    assert_int_equal(t->fcntl(t->userdata, fds[0], F_GETFL, 0), O_RDONLY);
    assert_int_equal(t->fcntl(t->userdata, fds[1], F_GETFL, 0), O_WRONLY);
    assert_errno(t->read(t->userdata, fds[1], buf, 1), EBADF);
    assert_errno(t->write(t->userdata, fds[0], buf, 1), EBADF);
    assert_int_equal(t->fcntl(t->userdata, fds[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(t->fcntl(t->userdata, fds[1], F_SETFL, O_NONBLOCK), 0);
    assert_errno(t->read(t->userdata, fds[0], buf, 1), EAGAIN);
    assert_int_equal(t->write(t->userdata, fds[1], "hello", 5), 5);
    assert_errno(t->read(t->userdata, fds[0], NOWHERE, 1), EFAULT);
    assert_int_equal(t->read(t->userdata, fds[0], buf, 3), 3);
    assert_int_equal(t->read(t->userdata, fds[0], buf + 3, 7), 2);
    assert_memory_equal(buf, "hello", 5);
    assert_int_equal(t->write(t->userdata, fds[1], big, sizeof big), 65536);
    assert_errno(t->write(t->userdata, fds[1], big, 1), EAGAIN);
    assert_int_equal(t->fcntl(t->userdata, fds[1], F_GETPIPE_SZ, 0), 65536);
    assert_int_equal(t->fcntl(t->userdata, fds[1], F_SETPIPE_SZ, 100000), 131072);
    assert_errno(t->fcntl(t->userdata, fds[1], F_SETPIPE_SZ, 4096), EBUSY);
    assert_int_equal(t->write(t->userdata, fds[1], big, sizeof big), 65536);
    assert_int_equal(t->read(t->userdata, fds[0], big, sizeof big), 70000);
    assert_int_equal(t->close(t->userdata, fds[0]), 0);
    assert_errno(t->write(t->userdata, fds[1], big, 1), EPIPE);
}

static void splice_moves_from_socket_to_pipe_to_socket(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    off_t null = 0;
    struct segment s;
    struct peer p;
    int fds[2];

    peer_open(b, &p);
    assert_int_equal(t->pipe(t->userdata, fds), 0);
    peer_send(&p, P | A, 900);
    peer_expect(&p, A, 0, NULL);
    assert_int_equal(t->splice(t->userdata, p.fd, &null, fds[1], &null, 600, 0), 600);
    assert_int_equal(t->splice(t->userdata, p.fd, NULL, fds[1], NULL, 600, 0), 300);
    assert_int_equal(t->splice(t->userdata, fds[0], &null, p.fd, &null, 1000, 0), 900);
    peer_expect(&p, P | A, 900, &s);
    for (int i = 0; i < 900; i++)
        assert_int_equal(s.payload[i], 'x');
}

static void splice_refuses_what_linux_refuses(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    off_t place = 7;
    struct peer p, other = {0};
    int fds[2];

    peer_open(b, &p);
    assert_int_equal(t->pipe(t->userdata, fds), 0);
    other.fd = t->socket(t->userdata, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(t->splice(t->userdata, -1, NULL, -1, NULL, 0, 0), 0);
    assert_errno(t->splice(t->userdata, fds[0], NULL, p.fd, NULL, 1, 0x1000), EINVAL);
    assert_errno(t->splice(t->userdata, fds[1], NULL, p.fd, NULL, 1, 0), EBADF);
    assert_errno(t->splice(t->userdata, p.fd, NULL, other.fd, NULL, 1, 0), EINVAL);
    assert_errno(t->splice(t->userdata, fds[0], NULL, fds[1], NULL, 1, 0), EINVAL);
    assert_errno(t->splice(t->userdata, p.fd, NULL, fds[1], &place, 1, 0), ESPIPE);
    assert_errno(t->splice(t->userdata, p.fd, NOWHERE, fds[1], NULL, 1, 0), EFAULT);
    assert_errno(t->splice(t->userdata, fds[0], NULL, p.fd, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    assert_int_equal(t->fcntl(t->userdata, p.fd, F_SETFL, O_NONBLOCK), 0);
    assert_errno(t->splice(t->userdata, p.fd, NULL, fds[1], NULL, 1, 0), EAGAIN);
    assert_errno(t->splice(t->userdata, other.fd, NULL, fds[1], NULL, 1, 0), ENOTCONN);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(poll_bits_are_linuxs_in_each_state),
        T(reset_is_all_bits),
        T(our_own_shutdown_is_seen),
        T(poll_waits_for_what_it_was_asked_for),
        T(poll_ends_when_its_time_is_over),
        T(low_water_mark_decides_what_is_readable),
        T(level_triggered_is_told_as_long_as_it_lasts),
        T(edge_triggered_is_told_once_for_each_arrival),
        T(edge_tells_all_that_is_ready),
        T(oneshot_is_told_once_until_it_is_armed_again),
        T(errors_and_ends_are_told_unasked),
        T(closed_descriptor_is_watched_no_more),
        T(instances_are_descriptors_too),
        T(epoll_refuses_what_linux_refuses),
        T(epoll_wait_wakes_at_the_event),
        T(pipe_carries_bytes_and_its_end),
        T(splice_moves_from_socket_to_pipe_to_socket),
        T(splice_refuses_what_linux_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
