/* SPDX-License-Identifier: MIT */
/* The error queue of a stream: bytes that may be reused, and when bytes were sent. */
#include <time.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

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

struct report {
    struct sock_extended_err err;
    bool has_stamp;
    long long at; /* microseconds */
    int flags;
};

/* The next report; false when there is none. */
static bool take(struct bench *b, int fd, struct report *r)
{
    char control[200];
    struct msghdr m = {.msg_control = control, .msg_controllen = sizeof control};
    struct timespec stamp;

    *r = (struct report){0};
    errno = 0;
    if (b->t.recvmsg(b->t.userdata, fd, &m, MSG_ERRQUEUE) != 0) {
        assert_int_equal(errno, EAGAIN);
        return false;
    }
    r->flags = m.msg_flags;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
            memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
            r->has_stamp = true;
            r->at = stamp.tv_sec * 1000000ll + stamp.tv_nsec / 1000;
        } else {
            assert_int_equal(c->cmsg_level, IPPROTO_IP);
            assert_int_equal(c->cmsg_type, IP_RECVERR);
            assert_int_equal(c->cmsg_len, CMSG_LEN(sizeof r->err + sizeof(struct sockaddr_in)));
            memcpy(&r->err, CMSG_DATA(c), sizeof r->err);
        }
    }
    return true;
}

static void option(struct bench *b, int fd, int name, int value)
{
    assert_int_equal(b->t.setsockopt(b->t.userdata, fd, SOL_SOCKET, name, &value, sizeof value), 0);
}

static int polled(struct bench *b, int fd)
{
    struct pollfd p = {.fd = fd};

    b->t.poll(b->t.userdata, &p, 1, 0);
    return p.revents;
}

/* ---- MSG_ZEROCOPY ---- */

static void bytes_may_be_reused_when_they_are_acknowledged(void **state)
{
    struct bench *b = *state;
    char buf[1000] = {0};
    struct report r;
    struct peer p;

    peer_open(b, &p);
    option(b, p.fd, SO_ZEROCOPY, 1);
    assert_int_equal(b->t.send(b->t.userdata, p.fd, buf, 1000, MSG_ZEROCOPY), 1000);
    peer_expect(&p, P | A, 1000, NULL);
    assert_false(take(b, p.fd, &r));
    assert_int_equal(polled(b, p.fd), 0);
    peer_ack(&p);
    assert_int_equal(polled(b, p.fd), POLLERR);
    assert_true(take(b, p.fd, &r));
    assert_int_equal(r.flags, MSG_ERRQUEUE);
    assert_int_equal(r.err.ee_errno, 0);
    assert_int_equal(r.err.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
    assert_int_equal(r.err.ee_code, SO_EE_CODE_ZEROCOPY_COPIED);
    assert_int_equal(r.err.ee_info, 0);
    assert_int_equal(r.err.ee_data, 0);
    assert_false(take(b, p.fd, &r));
    assert_int_equal(polled(b, p.fd), 0);
}

static void runs_of_sends_are_one_report(void **state)
{
    struct bench *b = *state;
    char buf[1000] = {0};
    struct report r;
    struct peer p;

    peer_open(b, &p);
    option(b, p.fd, SO_ZEROCOPY, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(b->t.send(b->t.userdata, p.fd, buf, 1000, MSG_ZEROCOPY), 1000);
        peer_expect(&p, P | A, 1000, NULL);
        peer_ack(&p);
    }
    assert_true(take(b, p.fd, &r));
    assert_int_equal(r.err.ee_info, 0);
    assert_int_equal(r.err.ee_data, 2);
    assert_false(take(b, p.fd, &r));
}

static void flag_without_the_option_is_not_looked_at(void **state)
{
    struct bench *b = *state;
    struct report r;
    struct peer p;

    peer_open(b, &p);
    assert_int_equal(b->t.send(b->t.userdata, p.fd, "x", 1, MSG_ZEROCOPY), 1);
    peer_expect(&p, P | A, 1, NULL);
    peer_ack(&p);
    assert_false(take(b, p.fd, &r));
}

static void reset_gives_all_bytes_back(void **state)
{
    struct bench *b = *state;
    struct report r;
    struct peer p;

    peer_open(b, &p);
    option(b, p.fd, SO_ZEROCOPY, 1);
    assert_int_equal(b->t.send(b->t.userdata, p.fd, "x", 1, MSG_ZEROCOPY), 1);
    peer_expect(&p, P | A, 1, NULL);
    peer_send(&p, R | A, 0);
    assert_true(take(b, p.fd, &r));
    assert_int_equal(r.err.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
}

static void datagram_may_be_reused_at_once(void **state)
{
    struct bench *b = *state;
    struct sockaddr_in to = bench_addr("192.0.2.1", 6000);
    int fd = b->t.socket(b->t.userdata, AF_INET, SOCK_DGRAM, 0);
    uint8_t raw[100];
    struct report r;

    option(b, fd, SO_ZEROCOPY, 1);
    assert_int_equal(b->t.sendto(b->t.userdata, fd, "x", 1, MSG_ZEROCOPY, (struct sockaddr *)&to, sizeof to), 1);
    assert_int_equal(bench_out_raw(b, raw, sizeof raw), 29);
    assert_int_equal(polled(b, fd), POLLERR);
    assert_true(take(b, fd, &r));
    assert_int_equal(r.err.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
}

static void epoll_is_told_of_each_report(void **state)
{
    struct bench *b = *state;
    struct epoll_event e = {.events = EPOLLET};
    int ep = b->t.epoll_create(b->t.userdata, 1);
    struct peer p;

    peer_open(b, &p);
    option(b, p.fd, SO_ZEROCOPY, 1);
    assert_int_equal(b->t.epoll_ctl(b->t.userdata, ep, EPOLL_CTL_ADD, p.fd, &e), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(b->t.send(b->t.userdata, p.fd, "x", 1, MSG_ZEROCOPY), 1);
        assert_int_equal(b->t.epoll_wait(b->t.userdata, ep, &e, 1, 0), 0);
        peer_expect(&p, P | A, 1, NULL);
        peer_ack(&p);
        assert_int_equal(b->t.epoll_wait(b->t.userdata, ep, &e, 1, 0), 1);
        assert_int_equal(e.events, EPOLLERR);
    }
}

/* ---- SO_TIMESTAMPING ---- */

#define ALL_STAMPS (SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK)

static void check_stamp(struct bench *b, int fd, uint32_t info, uint32_t id, long long at, int flags)
{
    struct report r;

    assert_true(take(b, fd, &r));
    assert_int_equal(r.err.ee_errno, ENOMSG);
    assert_int_equal(r.err.ee_origin, SO_EE_ORIGIN_TIMESTAMPING);
    assert_int_equal(r.err.ee_info, info);
    assert_int_equal(r.err.ee_data, id);
    assert_true(r.has_stamp);
    assert_in_range(r.at, at, at + bench_slack());
    assert_int_equal(r.flags, flags);
}

static void bytes_are_stamped_on_their_way(void **state)
{
    struct bench *b = *state;
    static char buf[30000];
    struct report r;
    struct segment s;
    struct peer p;
    long long sent, acknowledged;

    peer_open(b, &p);
    option(b, p.fd, SO_TIMESTAMPING,
           ALL_STAMPS | (int)(SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY));
    sent = bench_now(b);
    assert_int_equal(b->t.write(b->t.userdata, p.fd, buf, 1000), 1000);
    peer_expect(&p, P | A, 1000, NULL);
    check_stamp(b, p.fd, SCM_TSTAMP_SCHED, 999, sent, MSG_ERRQUEUE);
    check_stamp(b, p.fd, SCM_TSTAMP_SND, 999, sent, MSG_ERRQUEUE);
    assert_false(take(b, p.fd, &r));
    b->t.usleep(b->t.userdata, 10000);
    peer_ack(&p);
    acknowledged = sent + 10000;
    check_stamp(b, p.fd, SCM_TSTAMP_ACK, 999, acknowledged, MSG_ERRQUEUE);
    /* More than the window lets out: its last byte goes later. */
    assert_int_equal(b->t.write(b->t.userdata, p.fd, buf, 30000), 30000);
    for (int i = 0; i < 10; i++)
        bench_out(b, &s);
    assert_false(take(b, p.fd, &r));
}

static void without_tsonly_there_would_be_more_to_read(void **state)
{
    struct bench *b = *state;
    struct peer p;
    long long sent;

    peer_open(b, &p);
    option(b, p.fd, SO_TIMESTAMPING, (int)(SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE));
    sent = bench_now(b);
    assert_int_equal(b->t.write(b->t.userdata, p.fd, "x", 1), 1);
    check_stamp(b, p.fd, SCM_TSTAMP_SND, 0, sent, MSG_ERRQUEUE | MSG_TRUNC);
}

/* A control message asks for one send what the option asks for all. */
static void one_send_may_be_stamped(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(unsigned))] = {0};
    struct iovec iov = {(char[]){'x'}, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    unsigned stamps = SOF_TIMESTAMPING_TX_SOFTWARE;
    struct report r;
    struct peer p;
    long long sent;

    peer_open(b, &p);
    option(b, p.fd, SO_TIMESTAMPING, (int)(SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY));
    assert_int_equal(t->write(t->userdata, p.fd, "x", 1), 1);
    peer_expect(&p, P | A, 1, NULL);
    peer_ack(&p);
    assert_false(take(b, p.fd, &r));
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof stamps), .cmsg_level = SOL_SOCKET, .cmsg_type = SO_TIMESTAMPING};
    memcpy(CMSG_DATA(c), &stamps, sizeof stamps);
    sent = bench_now(b);
    assert_int_equal(t->sendmsg(t->userdata, p.fd, &m, 0), 1);
    check_stamp(b, p.fd, SCM_TSTAMP_SND, 0, sent, MSG_ERRQUEUE);
    stamps = SOF_TIMESTAMPING_SOFTWARE;
    memcpy(CMSG_DATA(c), &stamps, sizeof stamps);
    assert_errno(t->sendmsg(t->userdata, p.fd, &m, 0), EINVAL);
    c->cmsg_len = 1000;
    assert_errno(t->sendmsg(t->userdata, p.fd, &m, 0), EINVAL);
    m.msg_control = NOWHERE;
    assert_errno(t->sendmsg(t->userdata, p.fd, &m, 0), EFAULT);
}

static void impossible_wishes_are_refused(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int fd = t->socket(t->userdata, AF_INET, SOCK_STREAM, 0), udp = t->socket(t->userdata, AF_INET, SOCK_DGRAM, 0);
    int two = 2, high = 1 << 28, ids = SOF_TIMESTAMPING_OPT_ID;

    assert_errno(t->setsockopt(t->userdata, fd, SOL_SOCKET, SO_ZEROCOPY, &two, sizeof two), EINVAL);
    assert_errno(t->setsockopt(t->userdata, udp, SOL_SOCKET, SO_ZEROCOPY, &two, sizeof two), EINVAL);
    assert_errno(t->setsockopt(t->userdata, fd, SOL_SOCKET, SO_TIMESTAMPING, &high, sizeof high), EINVAL);
    assert_errno(t->setsockopt(t->userdata, fd, SOL_SOCKET, SO_TIMESTAMPING, &ids, sizeof ids), EINVAL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(bytes_may_be_reused_when_they_are_acknowledged),
        T(runs_of_sends_are_one_report),
        T(flag_without_the_option_is_not_looked_at),
        T(reset_gives_all_bytes_back),
        T(datagram_may_be_reused_at_once),
        T(epoll_is_told_of_each_report),
        T(bytes_are_stamped_on_their_way),
        T(without_tsonly_there_would_be_more_to_read),
        T(one_send_may_be_stamped),
        T(impossible_wishes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
