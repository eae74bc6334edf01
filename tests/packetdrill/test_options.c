/* SPDX-License-Identifier: MIT */
/* Options that do more than to be kept, on streams and datagrams: what scripts may ask for is what programs may. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>

#include "bench.h"

enum { FLOWINFO_SEND = 33, NETNS_COOKIE = 71, PASSRIGHTS = 83 }; /* which not every libc names */

#define SIX "fd3d:fa7b:d17d::1"
#define SIX_PEER "fd3d:fa7b:d17d::2"

static int setup(void **state)
{
    static struct bench b;

    bench_open(&b, NULL);
    *state = &b;
    return 0;
}

static int setup_both(void **state)
{
    static struct bench b;

    bench_open(&b, "local=192.168.0.1,local=" SIX ",sysctls=none");
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    bench_close(*state);
    return 0;
}

static int set(struct bench *b, int fd, int level, int option, int value)
{
    return b->t.setsockopt(b->t.userdata, fd, level, option, &value, sizeof value);
}

static int get(struct bench *b, int fd, int level, int option)
{
    int value = -1;
    socklen_t n = sizeof value;

    assert_int_equal(b->t.getsockopt(b->t.userdata, fd, level, option, &value, &n), 0);
    assert_int_equal(n, sizeof value);
    return value;
}

static int connected(struct bench *b)
{
    struct sockaddr_in to = bench_addr("192.0.2.1", PEER_PORT);
    int fd = b->t.socket(b->t.userdata, AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(b->t.connect(b->t.userdata, fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* ---- datagrams ---- */

static void corked_datagrams_leave_as_one(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    uint8_t buf[2000];
    int fd = connected(b);

    assert_int_equal(set(b, fd, IPPROTO_UDP, UDP_CORK, 1), 0);
    assert_int_equal(get(b, fd, IPPROTO_UDP, UDP_CORK), 1);
    assert_int_equal(t->write(t->userdata, fd, "abc", 3), 3);
    assert_int_equal(t->write(t->userdata, fd, "de", 2), 2);
    assert_int_equal(set(b, fd, IPPROTO_UDP, UDP_CORK, 0), 0);
    assert_int_equal(bench_out_raw(b, buf, sizeof buf), 20 + 8 + 5);
    assert_memory_equal(buf + 28, "abcde", 5);
    assert_int_equal(t->send(t->userdata, fd, "f", 1, MSG_MORE), 1);
    assert_int_equal(t->send(t->userdata, fd, "g", 1, 0), 1);
    assert_int_equal(bench_out_raw(b, buf, sizeof buf), 20 + 8 + 2);
    assert_memory_equal(buf + 28, "fg", 2);
}

static void datagram_that_was_corked_and_closed_is_lost(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    uint8_t buf[2000];
    int fd = connected(b), other = connected(b);

    assert_int_equal(t->send(t->userdata, fd, "lost", 4, MSG_MORE), 4);
    assert_int_equal(t->close(t->userdata, fd), 0);
    assert_int_equal(t->send(t->userdata, other, "kept", 4, 0), 4);
    assert_int_equal(bench_out_raw(b, buf, sizeof buf), 20 + 8 + 4);
    assert_memory_equal(buf + 28, "kept", 4);
}

static void flow_label_of_an_address_goes_out(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in6 to = bench_addr6(SIX_PEER, PEER_PORT);
    uint8_t buf[2000];
    int fd = t->socket(t->userdata, AF_INET6, SOCK_DGRAM, 0);

    to.sin6_flowinfo = htonl(0x12345);
    assert_int_equal(set(b, fd, IPPROTO_IPV6, FLOWINFO_SEND, 1), 0);
    assert_int_equal(get(b, fd, IPPROTO_IPV6, FLOWINFO_SEND), 1);
    assert_int_equal(t->sendto(t->userdata, fd, "a", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
    assert_int_equal(bench_out_raw(b, buf, sizeof buf), 40 + 8 + 1);
    assert_int_equal((buf[1] & 0xf) << 16 | buf[2] << 8 | buf[3], 0x12345);
    assert_int_equal(t->connect(t->userdata, fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(t->send(t->userdata, fd, "b", 1, 0), 1);
    assert_int_equal(bench_out_raw(b, buf, sizeof buf), 40 + 8 + 1);
    assert_int_equal((buf[1] & 0xf) << 16 | buf[2] << 8 | buf[3], 0x12345);
}

static void path_that_is_too_small_is_told(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in6 to = bench_addr6(SIX_PEER, PEER_PORT);
    static char big[1600];
    char control[128];
    struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof control};
    struct ip6_mtuinfo info;
    socklen_t n = sizeof info;
    struct cmsghdr *h;
    int fd = t->socket(t->userdata, AF_INET6, SOCK_DGRAM, 0);

    assert_errno(t->getsockopt(t->userdata, fd, IPPROTO_IPV6, IPV6_PATHMTU, &info, &n), ENOTCONN);
    assert_int_equal(t->connect(t->userdata, fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(t->getsockopt(t->userdata, fd, IPPROTO_IPV6, IPV6_PATHMTU, &info, &n), 0);
    assert_int_equal(info.ip6m_mtu, 1500);
    assert_int_equal(set(b, fd, IPPROTO_IPV6, IPV6_RECVPATHMTU, 1), 0);
    assert_int_equal(set(b, fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1), 0);
    assert_errno(t->send(t->userdata, fd, big, sizeof big, 0), EMSGSIZE);
    assert_int_equal(t->recvmsg(t->userdata, fd, &msg, MSG_DONTWAIT), 0);
    h = CMSG_FIRSTHDR(&msg);
    assert_non_null(h);
    assert_int_equal(h->cmsg_level, IPPROTO_IPV6);
    assert_int_equal(h->cmsg_type, IPV6_PATHMTU);
    memcpy(&info, CMSG_DATA(h), sizeof info);
    assert_int_equal(info.ip6m_mtu, 1500);
}

/* ---- streams ---- */

static void peeking_goes_on_in_a_stream(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    uint8_t buf[10];
    struct peer p;

    peer_open(b, &p);
    peer_send(&p, P | A, 8);
    assert_int_equal(set(b, p.fd, SOL_SOCKET, SO_PEEK_OFF, 2), 0);
    assert_int_equal(t->recv(t->userdata, p.fd, buf, 3, MSG_PEEK), 3);
    assert_int_equal(get(b, p.fd, SOL_SOCKET, SO_PEEK_OFF), 5);
    assert_int_equal(t->recv(t->userdata, p.fd, buf, sizeof buf, MSG_PEEK), 3);
    assert_errno(t->recv(t->userdata, p.fd, buf, sizeof buf, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
    assert_int_equal(t->recv(t->userdata, p.fd, buf, 6, 0), 6);
    assert_int_equal(get(b, p.fd, SOL_SOCKET, SO_PEEK_OFF), 2);
}

static void filter_keeps_text_out_of_a_stream(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0), got[1];
    struct sock_fprog program = {1, &nothing};
    socklen_t n = 1;
    uint8_t buf[10];
    struct peer p;

    peer_open(b, &p);
    program.filter = NOWHERE;
    assert_errno(t->setsockopt(t->userdata, p.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), EFAULT);
    program.filter = &nothing;
    assert_int_equal(t->setsockopt(t->userdata, p.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    assert_int_equal(t->getsockopt(t->userdata, p.fd, SOL_SOCKET, SO_GET_FILTER, got, &n), 0);
    assert_int_equal(n, 1);
    assert_memory_equal(got, &nothing, sizeof nothing);
    peer_send(&p, P | A, 4);
    assert_errno(t->recv(t->userdata, p.fd, buf, sizeof buf, MSG_DONTWAIT), EAGAIN);
    assert_int_equal(set(b, p.fd, SOL_SOCKET, SO_DETACH_FILTER, 0), 0);
    p.seq -= 4;
    peer_send(&p, P | A, 4);
    assert_int_equal(t->recv(t->userdata, p.fd, buf, sizeof buf, MSG_DONTWAIT), 4);
}

static void headers_of_ones_own_go_before_a_syn(void **state)
{
    static const uint8_t header[8] = {0, 0, 0x1e, 4};
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in6 to = bench_addr6(SIX_PEER, PEER_PORT);
    uint8_t buf[2000];
    int fd = t->socket(t->userdata, AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);

    assert_int_equal(t->setsockopt(t->userdata, fd, IPPROTO_IPV6, IPV6_DSTOPTS, header, sizeof header), 0);
    assert_errno(t->connect(t->userdata, fd, (struct sockaddr *)&to, sizeof to), EINPROGRESS);
    assert_int_equal(bench_out_raw(b, buf, sizeof buf), 40 + 8 + 40);
    assert_int_equal(buf[6], IPPROTO_DSTOPTS);
    assert_int_equal(buf[40], IPPROTO_TCP);
    assert_memory_equal(buf + 42, header + 2, 6);
}

/* ---- what is only told ---- */

static void sockets_have_cookies_and_peers(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int one = connected(b), other = connected(b);
    uint64_t cookie[2], again, host = 0;
    struct sockaddr_in peer;
    socklen_t n = sizeof cookie[0];

    assert_int_equal(t->getsockopt(t->userdata, one, SOL_SOCKET, SO_COOKIE, &cookie[0], &n), 0);
    assert_int_equal(t->getsockopt(t->userdata, other, SOL_SOCKET, SO_COOKIE, &cookie[1], &n), 0);
    assert_int_equal(t->getsockopt(t->userdata, one, SOL_SOCKET, SO_COOKIE, &again, &n), 0);
    assert_true(cookie[0] != cookie[1] && cookie[0] == again);
    assert_int_equal(t->getsockopt(t->userdata, one, SOL_SOCKET, NETNS_COOKIE, &host, &n), 0);
    assert_true(host != 0);
    n = sizeof peer;
    assert_int_equal(t->getsockopt(t->userdata, one, SOL_SOCKET, SO_PEERNAME, &peer, &n), 0);
    assert_int_equal(ntohs(peer.sin_port), PEER_PORT);
    assert_errno(t->setsockopt(t->userdata, one, SOL_SOCKET, SO_COOKIE, &host, sizeof host), ENOPROTOOPT);
}

static void last_datagram_has_a_time(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in at = bench_addr("0.0.0.0", LOCAL_PORT);
    struct timeval when[2];
    int fd = t->socket(t->userdata, AF_INET, SOCK_DGRAM, 0);
    char c[8];

    assert_int_equal(t->bind(t->userdata, fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_errno(t->ioctl(t->userdata, fd, SIOCGSTAMP, &when[0]), ENOENT);
    bench_in_udp(b, PEER_PORT, LOCAL_PORT, "abc", 3);
    assert_int_equal(t->recv(t->userdata, fd, c, sizeof c, 0), 3);
    assert_int_equal(t->ioctl(t->userdata, fd, SIOCGSTAMP, &when[0]), 0);
    t->usleep(t->userdata, 1000);
    assert_int_equal(t->ioctl(t->userdata, fd, SIOCGSTAMP, &when[1]), 0);
    assert_memory_equal(&when[0], &when[1], sizeof when[0]);
    assert_errno(t->ioctl(t->userdata, fd, SIOCGSTAMP, NOWHERE), EFAULT);
}

/* The name by which the next datagram's time comes. */
static int name_of_stamp(struct bench *b, int fd)
{
    struct packetdrill_interface *t = &b->t;
    _Alignas(struct cmsghdr) char control[128];
    char c[8];
    struct iovec v = {c, sizeof c};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};

    bench_in_udp(b, PEER_PORT, LOCAL_PORT, "abc", 3);
    assert_int_equal(t->recvmsg(t->userdata, fd, &m, 0), 3);
    assert_int_equal(CMSG_FIRSTHDR(&m)->cmsg_level, SOL_SOCKET);
    assert_int_equal(CMSG_FIRSTHDR(&m)->cmsg_len, CMSG_LEN(16));
    return CMSG_FIRSTHDR(&m)->cmsg_type;
}

static void time_comes_by_the_name_it_was_asked_by(void **state)
{
    static const int names[] = {SO_TIMESTAMP, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS, SO_TIMESTAMPNS_NEW};
    struct bench *b = *state;
    struct sockaddr_in at = bench_addr("0.0.0.0", LOCAL_PORT);
    int fd = b->t.socket(b->t.userdata, AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(b->t.bind(b->t.userdata, fd, (struct sockaddr *)&at, sizeof at), 0);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(set(b, fd, SOL_SOCKET, names[i], 1), 0);
        assert_int_equal(name_of_stamp(b, fd), names[i]);
        assert_int_equal(get(b, fd, SOL_SOCKET, names[i]), 1);
        assert_int_equal(get(b, fd, SOL_SOCKET, names[i ^ 1]), 0); /* the other name of the same */
    }
}

static void options_of_others_are_refused_as_such(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    int fd = t->socket(t->userdata, AF_INET, SOCK_STREAM, 0), value;
    socklen_t n = sizeof value;

    assert_errno(set(b, fd, SOL_SOCKET, PASSRIGHTS, 1), EOPNOTSUPP);
    assert_errno(t->getsockopt(t->userdata, fd, SOL_SOCKET, PASSRIGHTS, &value, &n), EOPNOTSUPP);
    assert_errno(set(b, fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, 1), EPERM);
    assert_errno(t->getsockopt(t->userdata, fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &value, &n), EINVAL);
}

static void accepted_connection_keeps_how_long_it_would_defer(void **state)
{
    struct bench *b = *state;
    struct peer p;

    peer_open(b, &p);
    assert_int_equal(get(b, p.fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
    assert_int_equal(set(b, p.fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 3), 0);
    assert_int_equal(get(b, p.fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), 3);
}

static void connection_in_the_making_has_a_clamp_and_a_segment_size(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct sockaddr_in to = bench_addr("192.0.2.1", PEER_PORT);
    int fd = t->socket(t->userdata, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    assert_errno(t->connect(t->userdata, fd, (struct sockaddr *)&to, sizeof to), EINPROGRESS);
    assert_int_equal(get(b, fd, IPPROTO_TCP, TCP_WINDOW_CLAMP), 65535 << 7);
    assert_int_equal(get(b, fd, IPPROTO_TCP, TCP_MAXSEG), 536 - 12);
}

static void interfaces_can_be_asked_for(void **state)
{
    struct bench *b = *state;
    struct packetdrill_interface *t = &b->t;
    struct ifreq rows[8], r = {.ifr_name = "lo"};
    struct ifconf conf = {.ifc_len = sizeof rows, .ifc_req = rows};
    int fd = t->socket(t->userdata, AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(t->ioctl(t->userdata, fd, SIOCGIFCONF, &conf), 0);
    assert_true(conf.ifc_len > 0 && conf.ifc_len % (int)sizeof rows[0] == 0);
    assert_int_equal(t->ioctl(t->userdata, fd, SIOCGIFFLAGS, &r), 0);
    assert_true(r.ifr_flags & IFF_LOOPBACK);
    assert_errno(t->ioctl(t->userdata, fd, SIOCGIFFLAGS, NOWHERE), EFAULT);
    strcpy(r.ifr_name, "nobody9");
    assert_errno(t->ioctl(t->userdata, fd, SIOCGIFFLAGS, &r), ENODEV);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define BOTH(name) cmocka_unit_test_setup_teardown(name, setup_both, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(corked_datagrams_leave_as_one),
        T(datagram_that_was_corked_and_closed_is_lost),
        BOTH(flow_label_of_an_address_goes_out),
        BOTH(path_that_is_too_small_is_told),
        T(peeking_goes_on_in_a_stream),
        T(filter_keeps_text_out_of_a_stream),
        BOTH(headers_of_ones_own_go_before_a_syn),
        T(sockets_have_cookies_and_peers),
        T(last_datagram_has_a_time),
        T(time_comes_by_the_name_it_was_asked_by),
        T(options_of_others_are_refused_as_such),
        T(accepted_connection_keeps_how_long_it_would_defer),
        T(connection_in_the_making_has_a_clamp_and_a_segment_size),
        T(interfaces_can_be_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
