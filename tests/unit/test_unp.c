/* SPDX-License-Identifier: MIT */
/* weft/unp.h on a host's loopback. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "weft/unp.h"

static weft_host *h;

static int begin(void **state)
{
    char why[200];

    h = weft_host_new(NULL, why, sizeof why);
    weft_posix_use(h);
    return h && weft_host_start(h, why, sizeof why) == 0 ? 0 : -1;
}

static int end(void **state)
{
    weft_host_free(h);
    return 0;
}

static void lines_and_counted_bytes_cross_a_connection(void **state)
{
    int l = weft_unp_tcp_listen("127.0.0.1", "5000", NULL), c = weft_unp_tcp_connect("127.0.0.1", "5000");
    int s = weft_posix_accept(l, NULL, NULL);
    struct weft_unp_reader r = {.fd = s};
    char line[16];

    assert_true(s >= 0);
    assert_int_equal(weft_unp_writen(c, "one\ntwo\na line that is too long\nend", 35), 35);
    weft_posix_shutdown(c, SHUT_WR);
    assert_int_equal(weft_unp_readline(&r, line, sizeof line), 4);
    assert_string_equal(line, "one\n");
    assert_int_equal(weft_unp_readline(&r, line, sizeof line), 4);
    assert_int_equal(weft_unp_readline(&r, line, sizeof line), 15);
    assert_string_equal(line, "a line that is ");
    assert_int_equal(weft_unp_readline(&r, line, sizeof line), 9);
    assert_int_equal(weft_unp_readline(&r, line, sizeof line), 3);
    assert_int_equal(weft_unp_readline(&r, line, sizeof line), 0);
    assert_int_equal(weft_unp_writen(s, "abc", 3), 3);
    weft_posix_close(s);
    assert_int_equal(weft_unp_readn(c, line, sizeof line), 3);
    weft_posix_close(c);
    weft_posix_close(l);
}

static void nobody_there_is_told(void **state)
{
    assert_int_equal(weft_unp_tcp_connect("127.0.0.1", "5001"), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_int_equal(weft_unp_tcp_connect("no.such.example", "5001"), -1);
    assert_int_equal(errno, ENOENT);
}

static void addresses_have_their_usual_form(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0x0a010203)};
    struct sockaddr_in6 b = {.sin6_family = AF_INET6, .sin6_port = htons(80), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    char text[64];

    assert_string_equal(weft_unp_sock_ntop((struct sockaddr *)&a, sizeof a, text, sizeof text), "10.1.2.3:80");
    assert_string_equal(weft_unp_sock_ntop((struct sockaddr *)&b, sizeof b, text, sizeof text), "[::1]:80");
    a.sin_port = 0;
    assert_string_equal(weft_unp_sock_ntop((struct sockaddr *)&a, sizeof a, text, sizeof text), "10.1.2.3");
    assert_null(weft_unp_sock_ntop((struct sockaddr *)&a, sizeof a, text, 4));
}

/* Loses the first request, and answers the second twice; then the third, after an old reply. */
static void *forgetful(void *fd)
{
    char b[64];
    struct sockaddr_storage from;
    socklen_t n = sizeof from;
    ssize_t r;

    for (int i = 0; i < 3; i++) {
        n = sizeof from;
        r = weft_posix_recvfrom(*(int *)fd, b, sizeof b, 0, (struct sockaddr *)&from, &n);
        for (int times = 0; times < i; times++)
            weft_posix_sendto(*(int *)fd, b, (size_t)r, 0, (struct sockaddr *)&from, n);
    }
    return NULL;
}

static void a_request_is_repeated_until_its_own_reply_comes(void **state)
{
    int s = weft_unp_udp_server("127.0.0.1", "5002", NULL), c = weft_unp_udp_connect("127.0.0.1", "5002");
    struct weft_unp_rtt rtt = {.floor = 30, .ceiling = 60};
    pthread_t t;
    char in[16];

    pthread_create(&t, NULL, forgetful, &s);
    assert_int_equal(weft_unp_request(&rtt, c, "first", 5, in, sizeof in), 5);
    assert_memory_equal(in, "first", 5);
    assert_int_equal(rtt.repeated, 1);
    assert_int_equal(weft_unp_request(&rtt, c, "second", 6, in, sizeof in), 6);
    assert_memory_equal(in, "second", 6);
    pthread_join(t, NULL);
    assert_int_equal(weft_unp_request(&rtt, c, "third", 5, in, sizeof in), -1);
    assert_int_equal(errno, ETIMEDOUT);
    weft_posix_close(s);
    weft_posix_close(c);
}

/* Of seven requests it loses the first two and answers the fifth twice; what it gets is on its way for a while. */
static void *lossy(void *fd)
{
    char b[64];
    struct sockaddr_storage from;
    socklen_t n;
    ssize_t r = 1;

    for (int i = 0; r > 0; i++) {
        n = sizeof from;
        r = weft_posix_recvfrom(*(int *)fd, b, sizeof b, 0, (struct sockaddr *)&from, &n);
        usleep(2000);
        for (int times = i % 7 == 4 ? 2 : i % 7 > 1; times > 0 && r > 8; times--)
            weft_posix_sendto(*(int *)fd, b, (size_t)r, 0, (struct sockaddr *)&from, n);
        r -= 8; /* a request without text is the last one */
    }
    return NULL;
}

static void requests_survive_losses_and_round_trips_are_measured(void **state)
{
    int s = weft_unp_udp_server("127.0.0.1", "5003", NULL), c = weft_unp_udp_connect("127.0.0.1", "5003");
    struct weft_unp_rtt rtt = {.floor = 20, .ceiling = 400};
    unsigned repeated = 0;
    char out[16], in[16];
    pthread_t t;

    pthread_create(&t, NULL, lossy, &s);
    for (int i = 0; i < 15; i++) {
        snprintf(out, sizeof out, "no. %d", i);
        assert_int_equal(weft_unp_request(&rtt, c, out, strlen(out), in, sizeof in), strlen(out));
        assert_memory_equal(in, out, strlen(out));
        repeated += rtt.repeated;
    }
    assert_true(repeated >= 6); /* of 21 that came, three times two were lost */
    assert_in_range(rtt.srtt, 1, 1000);
    assert_true(rtt.rttvar >= 0);
    assert_int_equal(weft_posix_send(c, "12345678", 8, 0), 8);
    pthread_join(t, NULL);
    weft_posix_close(s);
    weft_posix_close(c);
}

static weft_time since(const struct timespec *begin)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (weft_time)(t.tv_sec - begin->tv_sec) * 1000 + (weft_time)((t.tv_nsec - begin->tv_nsec) / 1000000);
}

/* How long a request without a reply is repeated, in milliseconds. */
static weft_time gives_up_after(int fd, struct weft_unp_rtt rtt)
{
    struct timespec begin;
    char in[8];

    clock_gettime(CLOCK_MONOTONIC, &begin);
    assert_int_equal(weft_unp_request(&rtt, fd, "x", 1, in, sizeof in), -1);
    return since(&begin);
}

/*
 * 10, 20, 40 and 80 ms; then four times 40 ms, where it would be 600 without the ceiling. A busy machine can make it
 * longer, so it is asked more than once; without the ceiling no attempt takes less.
 */
static void the_time_out_doubles_from_the_floor_to_the_ceiling(void **state)
{
    int s = weft_unp_udp_server("127.0.0.1", "5004", NULL), c = weft_unp_udp_connect("127.0.0.1", "5004");
    weft_time took = WEFT_NEVER;

    assert_true(gives_up_after(c, (struct weft_unp_rtt){.srtt = 1, .rttvar = 1, .floor = 10}) >= 150);
    for (int i = 0; i < 20 && took >= 600; i++)
        took = gives_up_after(c, (struct weft_unp_rtt){.srtt = 1, .rttvar = 1, .floor = 40, .ceiling = 40});
    assert_in_range(took, 160, 599);
    weft_posix_close(s);
    weft_posix_close(c);
}

/* ---- daemons ---- */

/* In the place of libc's, in the daemon: into the open file, which is descriptor 5 there. */
void syslog(int priority, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vdprintf(5, format, arguments);
    va_end(arguments);
}

/* What syslog is where _FORTIFY_SOURCE is. */
void __syslog_chk(int priority, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));
void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vdprintf(5, format, arguments);
    va_end(arguments);
}

/* Where it stands, then a byte from one socket of its own host to another. All in one line of the file. */
static void tell_of_itself(pid_t began_as)
{
    char where[64], b = 0;
    int fd, c;

    dprintf(5, "%s, %s session, %s parent, stdin %d, ", getcwd(where, sizeof where), getsid(0) == getpid() ? "own" : "a",
            getppid() == began_as ? "old" : "no", (int)read(0, &b, 1));
    begin(NULL);
    fd = weft_unp_udp_server("127.0.0.1", "5005", NULL);
    c = weft_unp_udp_connect("127.0.0.1", "5005");
    weft_posix_send(c, "!", 1, 0);
    weft_posix_read(fd, &b, 1);
    weft_unp_err_quit("byte %c", b);
}

static void become_a_daemon(const char *path, int leaked)
{
    pid_t began_as = getpid();

    weft_posix_use(NULL);
    if (weft_unp_daemon_init("test", LOG_DAEMON) < 0)
        _exit(1);
    dup2(open(path, O_WRONLY), 5);
    if (fcntl(leaked, F_GETFD) < 0)
        tell_of_itself(began_as);
    _exit(1);
}

static void a_daemon_stands_alone_and_has_its_own_host(void **state)
{
    char path[] = "/tmp/weft-unp-XXXXXX", text[128] = "";
    int fd = mkstemp(path), leaked = fcntl(fd, F_DUPFD, 20);
    pid_t child = fork();

    if (child == 0)
        become_a_daemon(path, leaked);
    for (int i = 0; i < 500 && !strchr(text, '!'); i++) {
        usleep(10000);
        pread(fd, text, sizeof text - 1, 0);
    }
    assert_string_equal(text, "/, a session, no parent, stdin 0, byte !");
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(leaked);
    close(fd);
    unlink(path);
}

static void with_a_host_in_use_there_is_no_daemon(void **state)
{
    pid_t was = getpid();

    assert_int_equal(weft_unp_daemon_init("test", LOG_DAEMON), -1);
    assert_int_equal(errno, EBUSY);
    assert_int_equal(getpid(), was);
}

static void addresses_of_either_family_are_handled_alike(void **state)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0x0a000001)};
    struct sockaddr_in other = four;
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(81), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_storage s4 = {0}, s6 = {0};
    struct sockaddr unknown = {.sa_family = AF_UNIX};
    int fd = weft_posix_socket(AF_INET6, SOCK_DGRAM, 0), port;

    assert_int_equal(weft_unp_sock_get_port((struct sockaddr *)&four, sizeof four), 80);
    assert_int_equal(weft_unp_sock_get_port((struct sockaddr *)&six, sizeof six), 81);
    assert_int_equal(weft_unp_sock_set_port((struct sockaddr *)&six, sizeof six, 443), 0);
    assert_int_equal(ntohs(six.sin6_port), 443);
    assert_int_equal(weft_unp_sock_same_addr((struct sockaddr *)&four, (struct sockaddr *)&other, sizeof four), 1);
    other.sin_port = htons(81);
    assert_int_equal(weft_unp_sock_same_addr((struct sockaddr *)&four, (struct sockaddr *)&other, sizeof four), 1);
    assert_int_equal(weft_unp_sock_same_port((struct sockaddr *)&four, (struct sockaddr *)&other, sizeof four), 0);
    assert_int_equal(weft_unp_sock_set_wild((struct sockaddr *)&other, sizeof other), 0);
    assert_int_equal(other.sin_addr.s_addr, 0);
    assert_int_equal(weft_unp_sock_same_addr((struct sockaddr *)&four, (struct sockaddr *)&other, sizeof four), 0);
    memcpy(&s4, &four, sizeof four);
    memcpy(&s6, &six, sizeof six);
    assert_int_equal(weft_unp_sock_same_addr((struct sockaddr *)&s4, (struct sockaddr *)&s6, sizeof s4), 0);
    assert_int_equal(weft_unp_sock_get_port(&unknown, sizeof unknown), -1);
    assert_int_equal(errno, EAFNOSUPPORT);
    assert_int_equal(weft_unp_sock_get_port((struct sockaddr *)&six, 8), -1);
    assert_int_equal(errno, EINVAL);
    port = weft_unp_sock_bind_wild(fd, AF_INET6);
    assert_in_range(port, 1, 65535);
    weft_posix_close(fd);
}

static void an_address_without_its_port_is_text_and_may_be_set(void **state)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(80)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(81)};
    struct in_addr ip4 = {htonl(0x0a010203)};
    struct in6_addr ip6 = IN6ADDR_LOOPBACK_INIT;
    struct sockaddr unknown = {.sa_family = AF_UNIX};
    char text[46];

    assert_int_equal(weft_unp_sock_set_addr((struct sockaddr *)&four, sizeof four, &ip4), 0);
    assert_int_equal(weft_unp_sock_set_addr((struct sockaddr *)&six, sizeof six, &ip6), 0);
    assert_ptr_equal(weft_unp_sock_ntop_host((struct sockaddr *)&four, sizeof four, text, sizeof text), text);
    assert_string_equal(text, "10.1.2.3");
    assert_int_equal(four.sin_port, htons(80));
    assert_ptr_equal(weft_unp_sock_ntop_host((struct sockaddr *)&six, sizeof six, text, sizeof text), text);
    assert_string_equal(text, "::1");
    assert_null(weft_unp_sock_ntop_host((struct sockaddr *)&four, sizeof four, text, 8)); /* with its end it needs 9 */
    assert_null(weft_unp_sock_ntop_host(&unknown, sizeof unknown, text, sizeof text));
    assert_int_equal(weft_unp_sock_set_addr(&unknown, sizeof unknown, &ip4), -1);
    assert_int_equal(errno, EAFNOSUPPORT);
}

static void interfaces_are_told_with_all_their_addresses_or_the_first(void **state)
{
    struct weft_unp_ifi *list;
    char text[46];

    for (int family = AF_INET;; family = AF_INET6) {
        for (int aliases = 0; aliases < 2; aliases++) {
            assert_int_equal(weft_unp_get_ifi_info(family, aliases, &list), 0);
            assert_non_null(list);
            assert_string_equal(list->name, "lo");
            assert_int_equal(list->index, weft_posix_if_nametoindex("lo"));
            assert_int_equal(list->flags & (IFF_UP | IFF_LOOPBACK), IFF_UP | IFF_LOOPBACK);
            assert_true(list->mtu > 1500);
            assert_int_equal(list->n_haddr, 6);
            assert_false(list->alias);
            assert_int_equal(list->broadcast.ss_family, 0);
            weft_unp_sock_ntop_host((struct sockaddr *)&list->addr, sizeof list->addr, text, sizeof text);
            assert_string_equal(text, family == AF_INET ? "127.0.0.1" : "::1");
            assert_null(list->next);
            weft_unp_free_ifi_info(list);
        }
        if (family == AF_INET6)
            break;
    }
    assert_int_equal(weft_unp_get_ifi_info(AF_UNIX, false, &list), -1);
    assert_int_equal(errno, EAFNOSUPPORT);
    assert_null(list);
}

static void groups_of_either_family_are_joined_alike(void **state)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xe8000107)}, from = four;
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = {{{0xff, 0x02, [15] = 0x77}}}};
    const struct sockaddr *group[] = {(struct sockaddr *)&four, (struct sockaddr *)&six};
    const socklen_t len[] = {sizeof four, sizeof six};

    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 2; i++) {
        int fd = weft_posix_socket(i ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);

        assert_int_equal(weft_unp_mcast_join(fd, group[i], len[i], "lo", 0), 0);
        assert_int_equal(weft_unp_mcast_join(fd, group[i], len[i], NULL, 1), -1);
        assert_int_equal(errno, EADDRINUSE);
        assert_int_equal(weft_unp_mcast_leave(fd, group[i], len[i], "lo", 0), 0);
        assert_int_equal(weft_unp_mcast_leave(fd, group[i], len[i], "lo", 0), -1);
        assert_int_equal(weft_unp_mcast_join(fd, group[i], len[i], "nobody9", 0), -1);
        assert_int_equal(errno, ENXIO);
        assert_int_equal(weft_unp_mcast_get_ttl(fd), 1);
        assert_int_equal(weft_unp_mcast_set_ttl(fd, 7), 0);
        assert_int_equal(weft_unp_mcast_get_ttl(fd), 7);
        assert_int_equal(weft_unp_mcast_get_loop(fd), 1);
        assert_int_equal(weft_unp_mcast_set_loop(fd, 0), 0);
        assert_int_equal(weft_unp_mcast_get_loop(fd), 0);
        assert_int_equal(weft_unp_mcast_get_if(fd), 0);
        assert_int_equal(weft_unp_mcast_set_if(fd, "lo", 0), 0);
        assert_int_equal(weft_unp_mcast_get_if(fd), weft_posix_if_nametoindex("lo"));
        if (i == 0) {
            const struct sockaddr *source = (struct sockaddr *)&from;

            assert_int_equal(weft_unp_mcast_source(fd, MCAST_JOIN_SOURCE_GROUP, source, group[0], len[0], "lo", 0), 0);
            assert_int_equal(weft_unp_mcast_source(fd, MCAST_LEAVE_SOURCE_GROUP, source, group[0], len[0], "lo", 0), 0);
        }
        weft_posix_close(fd);
    }
    assert_int_equal(weft_unp_mcast_source(0, MCAST_MSFILTER, group[0], group[0], len[0], "lo", 0), -1);
    assert_int_equal(errno, EINVAL);
}

static void waiting_has_an_end(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(5009), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int l = weft_unp_tcp_listen("127.0.0.1", "5009", NULL), fd = weft_posix_socket(AF_INET, SOCK_STREAM, 0), s;

    assert_int_equal(weft_unp_readable_timeo(l, 0), 0);
    assert_int_equal(weft_unp_connect_timeo(fd, (struct sockaddr *)&at, sizeof at, 60), 0);
    assert_int_equal(weft_posix_fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(weft_unp_readable_timeo(l, 60), 1);
    assert_int_equal(weft_unp_writable_timeo(fd, 60), 1);
    s = weft_posix_accept(l, NULL, NULL);
    weft_posix_close(s);
    weft_posix_close(fd);
    weft_posix_close(l);
    fd = weft_posix_socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(weft_unp_connect_timeo(fd, (struct sockaddr *)&at, sizeof at, 60), -1);
    assert_int_equal(errno, ECONNREFUSED);
    weft_posix_close(fd);
}

static void a_datagram_tells_its_flags_and_where_it_came_in(void **state)
{
    static const char *const at[] = {"127.0.0.5", "::1"};

    for (int i = 0; i < 2; i++) {
        int s = weft_unp_udp_server(i ? "::" : "0.0.0.0", "5011", NULL), c = weft_unp_udp_connect(at[i], "5011");
        int flags = 0, on = 1;
        struct weft_unp_received where;
        struct sockaddr_storage from;
        socklen_t n = sizeof from;
        char b[8], text[46];

        assert_int_equal(weft_unp_sockfd_to_family(s), i ? AF_INET6 : AF_INET);
        assert_int_equal(weft_posix_send(c, "hello", 5, 0), 5);
        assert_int_equal(weft_unp_recvfrom_flags(s, b, sizeof b, &flags, NULL, NULL, &where), 5);
        assert_int_equal(flags, 0);
        assert_int_equal(where.index, 0); /* nobody has asked for it */
        assert_int_equal(where.to.ss_family, 0);
        weft_posix_setsockopt(s, i ? IPPROTO_IPV6 : IPPROTO_IP, i ? IPV6_RECVPKTINFO : IP_PKTINFO, &on, sizeof on);
        assert_int_equal(weft_posix_send(c, "hello", 5, 0), 5);
        assert_int_equal(weft_unp_recvfrom_flags(s, b, 3, &flags, (struct sockaddr *)&from, &n, &where), 3);
        assert_int_equal(flags, MSG_TRUNC);
        assert_memory_equal(b, "hel", 3);
        assert_int_equal(from.ss_family, i ? AF_INET6 : AF_INET);
        assert_int_equal(where.index, weft_posix_if_nametoindex("lo"));
        assert_non_null(weft_unp_sock_ntop((struct sockaddr *)&where.to, sizeof where.to, text, sizeof text));
        assert_string_equal(text, at[i]);
        flags = MSG_DONTWAIT;
        assert_int_equal(weft_unp_recvfrom_flags(s, b, 3, &flags, NULL, NULL, NULL), -1);
        assert_int_equal(errno, EAGAIN);
        weft_posix_close(s);
        weft_posix_close(c);
    }
    assert_int_equal(weft_unp_sockfd_to_family(999), -1);
    assert_int_equal(errno, EBADF);
}

static void a_name_and_a_service_have_addresses_and_a_canonical_name(void **state)
{
    struct addrinfo *list = weft_unp_host_serv("127.0.0.1", "80", AF_UNSPEC, SOCK_STREAM);

    assert_non_null(list);
    assert_int_equal(list->ai_family, AF_INET);
    assert_string_equal(list->ai_canonname, "127.0.0.1");
    assert_int_equal(weft_unp_sock_get_port(list->ai_addr, list->ai_addrlen), 80);
    weft_posix_freeaddrinfo(list);
    assert_null(weft_unp_host_serv("127.0.0.1", "80", AF_INET6, SOCK_STREAM));
    assert_int_equal(errno, ENOENT);
    list = weft_unp_host_serv(NULL, "80", AF_INET6, SOCK_DGRAM);
    assert_non_null(list);
    assert_int_equal(list->ai_family, AF_INET6);
    weft_posix_freeaddrinfo(list);
}

static void time_is_subtracted_and_printed(void **state)
{
    struct timeval later = {10, 100}, earlier = {7, 900000};
    char text[16];

    weft_unp_tv_sub(&later, &earlier);
    assert_int_equal(later.tv_sec, 2);
    assert_int_equal(later.tv_usec, 100100);
    weft_unp_tv_sub(&later, &later);
    assert_int_equal(later.tv_sec, 0);
    assert_int_equal(later.tv_usec, 0);
    assert_ptr_equal(weft_unp_gf_time(text, sizeof text), text);
    assert_int_equal(strlen(text), 15);
    assert_int_equal(strspn(text, "0123456789:."), 15);
    assert_true(text[2] == ':' && text[5] == ':' && text[8] == '.');
    assert_null(weft_unp_gf_time(text, 15));
}

static void a_family_has_a_level(void **state)
{
    assert_int_equal(weft_unp_family_to_level(AF_INET), IPPROTO_IP);
    assert_int_equal(weft_unp_family_to_level(AF_INET6), IPPROTO_IPV6);
    assert_int_equal(weft_unp_family_to_level(AF_UNIX), -1);
    assert_int_equal(errno, EAFNOSUPPORT);
}

static void on_signal(int number) { (void)number; }

static void a_handler_lets_calls_go_on_but_for_the_alarms(void **state)
{
    struct sigaction now;

    assert_true(weft_unp_signal(SIGUSR1, on_signal) == SIG_DFL);
    assert_int_equal(sigaction(SIGUSR1, NULL, &now), 0);
    assert_true(now.sa_handler == on_signal && now.sa_flags & SA_RESTART);
    assert_true(weft_unp_signal(SIGUSR1, SIG_DFL) == on_signal);
    assert_true(weft_unp_signal(SIGALRM, on_signal) == SIG_DFL);
    assert_int_equal(sigaction(SIGALRM, NULL, &now), 0);
    assert_int_equal(now.sa_flags & SA_RESTART, 0);
    weft_unp_signal(SIGALRM, SIG_DFL);
    assert_true(weft_unp_signal(SIGKILL, on_signal) == SIG_ERR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_counted_bytes_cross_a_connection),
        cmocka_unit_test(nobody_there_is_told),
        cmocka_unit_test(addresses_of_either_family_are_handled_alike),
        cmocka_unit_test(an_address_without_its_port_is_text_and_may_be_set),
        cmocka_unit_test(interfaces_are_told_with_all_their_addresses_or_the_first),
        cmocka_unit_test(groups_of_either_family_are_joined_alike),
        cmocka_unit_test(waiting_has_an_end),
        cmocka_unit_test(a_datagram_tells_its_flags_and_where_it_came_in),
        cmocka_unit_test(a_name_and_a_service_have_addresses_and_a_canonical_name),
        cmocka_unit_test(a_handler_lets_calls_go_on_but_for_the_alarms),
        cmocka_unit_test(time_is_subtracted_and_printed),
        cmocka_unit_test(a_family_has_a_level),
        cmocka_unit_test(addresses_have_their_usual_form),
        cmocka_unit_test(requests_survive_losses_and_round_trips_are_measured),
        cmocka_unit_test(the_time_out_doubles_from_the_floor_to_the_ceiling),
        cmocka_unit_test(a_daemon_stands_alone_and_has_its_own_host),
        cmocka_unit_test(with_a_host_in_use_there_is_no_daemon),
        cmocka_unit_test(a_request_is_repeated_until_its_own_reply_comes),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
