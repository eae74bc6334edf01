/* SPDX-License-Identifier: MIT */
/* Who is to be signalled: F_SETOWN and O_ASYNC by fcntl and ioctl. What is told, not the signal. */
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

#define NOBODY 0x7ffffff0 /* no process has this number */

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

static int asked(struct bench *b, int fd, unsigned long request)
{
    int value = -1;

    assert_int_equal(b->t.ioctl(b->t.userdata, fd, request, &value), 0);
    return value;
}

static void an_owner_is_kept_whichever_way_it_is_named(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int fd = t->socket(t->userdata, AF_INET, SOCK_STREAM, 0), me = getpid(), group = -getpgrp(), none = 0;

    assert_int_equal(t->fcntl(t->userdata, fd, F_GETOWN, 0), 0);
    assert_int_equal(t->fcntl(t->userdata, fd, F_SETOWN, me), 0);
    assert_int_equal(t->fcntl(t->userdata, fd, F_GETOWN, 0), me);
    assert_int_equal(asked(b, fd, FIOGETOWN), me);
    assert_int_equal(t->ioctl(t->userdata, fd, SIOCSPGRP, &group), 0);
    assert_int_equal(asked(b, fd, SIOCGPGRP), group);
    assert_int_equal(t->ioctl(t->userdata, fd, FIOSETOWN, &none), 0);
    assert_int_equal(t->fcntl(t->userdata, fd, F_GETOWN, 0), 0);
}

static void an_owner_has_to_be_there(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int fd = t->socket(t->userdata, AF_INET, SOCK_STREAM, 0), nobody = NOBODY;

    assert_errno(t->fcntl(t->userdata, fd, F_SETOWN, NOBODY), ESRCH);
    assert_errno(t->fcntl(t->userdata, fd, F_SETOWN, -NOBODY), ESRCH);
    assert_errno(t->ioctl(t->userdata, fd, FIOSETOWN, &nobody), ESRCH);
    assert_errno(t->ioctl(t->userdata, fd, FIOSETOWN, NOWHERE), EFAULT);
    assert_errno(t->ioctl(t->userdata, fd, FIOGETOWN, NOWHERE), EFAULT);
}

static void asynchronous_is_a_flag_of_its_own(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int fd = t->socket(t->userdata, AF_INET, SOCK_STREAM, 0), on = 1, off = 0;

    assert_int_equal(t->ioctl(t->userdata, fd, FIOASYNC, &on), 0);
    assert_int_equal(t->fcntl(t->userdata, fd, F_GETFL, 0), O_RDWR | O_ASYNC);
    assert_int_equal(t->ioctl(t->userdata, fd, FIOASYNC, &off), 0);
    assert_int_equal(t->fcntl(t->userdata, fd, F_GETFL, 0), O_RDWR);
    assert_int_equal(t->fcntl(t->userdata, fd, F_SETFL, O_ASYNC | O_NONBLOCK), 0);
    assert_int_equal(t->fcntl(t->userdata, fd, F_GETFL, 0), O_RDWR | O_ASYNC | O_NONBLOCK);
    assert_errno(t->ioctl(t->userdata, fd, FIOASYNC, NOWHERE), EFAULT);
}

static void a_pipe_knows_its_owner_by_fcntl_alone(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int fds[2], value = 0;

    assert_int_equal(t->pipe(t->userdata, fds), 0);
    assert_int_equal(t->fcntl(t->userdata, fds[0], F_SETOWN, getpid()), 0);
    assert_int_equal(t->fcntl(t->userdata, fds[0], F_GETOWN, 0), getpid());
    assert_errno(t->ioctl(t->userdata, fds[0], FIOGETOWN, &value), ENOTTY);
    assert_errno(t->ioctl(t->userdata, fds[0], FIOSETOWN, &value), ENOTTY);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(an_owner_is_kept_whichever_way_it_is_named),
        T(an_owner_has_to_be_there),
        T(asynchronous_is_a_flag_of_its_own),
        T(a_pipe_knows_its_owner_by_fcntl_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
