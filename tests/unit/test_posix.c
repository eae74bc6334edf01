/* SPDX-License-Identifier: MIT */
/* weft/posix.h where the kernel has no counterpart: forks, hosts that go, several hosts, the resolver. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "weft/driver.h"
#include "weft/posix.h"

static weft_host *host(void)
{
    char why[200];
    weft_host *h = weft_host_new(NULL, why, sizeof why);

    assert_non_null(h);
    assert_int_equal(weft_host_start(h, why, sizeof why), 0);
    return h;
}

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void pair_on(weft_host *h, int fd[2])
{
    struct sockaddr_in a = loopback(5000);
    int l = weft_posix_socket_on(h, AF_INET, SOCK_STREAM, 0);

    assert_int_equal(weft_posix_bind(l, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(weft_posix_listen(l, 1), 0);
    fd[0] = weft_posix_socket_on(h, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(weft_posix_connect(fd[0], (struct sockaddr *)&a, sizeof a), 0);
    fd[1] = weft_posix_accept(l, NULL, NULL);
    assert_true(fd[1] >= 0);
    weft_posix_close(l);
}

/* 0, or the number of the line that did not hold. */
static int child(weft_host *h, const int fd[2])
{
    char b;
    struct pollfd p = {fd[1], POLLIN, 0};
    weft_host *own;

    if (weft_posix_recv(fd[1], &b, 1, 0) != -1 || errno != ENETDOWN)
        return 1;
    if (weft_posix_socket_on(h, AF_INET, SOCK_STREAM, 0) != -1 || errno != ENETDOWN)
        return 2;
    if (weft_posix_poll(&p, 1, 1000) != 1 || p.revents != (POLLERR | POLLHUP))
        return 3;
    if (weft_host_socket(h, WEFT_TCP) != WEFT_ENETDOWN)
        return 4;
    if (weft_posix_close(fd[0]) != 0 || weft_posix_close(fd[0]) != -1 || errno != EBADF)
        return 5;
    weft_host_free(h);
    own = host();
    if (weft_posix_close(weft_posix_socket_on(own, AF_INET, SOCK_DGRAM, 0)) != 0)
        return 6;
    weft_host_free(own);
    return 0;
}

static void a_child_of_fork_is_refused_and_harms_nothing(void **state)
{
    weft_host *h = host();
    int fd[2], status;
    pid_t pid;
    char b;

    pair_on(h, fd);
    pid = fork();
    if (pid == 0)
        _exit(child(h, fd));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(weft_posix_write(fd[0], "x", 1), 1);
    assert_int_equal(weft_posix_read(fd[1], &b, 1), 1);
    weft_posix_close(fd[0]);
    weft_posix_close(fd[1]);
    weft_host_free(h);
}

static void sockets_outlive_their_host_and_say_so(void **state)
{
    weft_host *h = host();
    int fd[2];
    char b;

    pair_on(h, fd);
    weft_host_free(h);
    assert_int_equal(weft_posix_read(fd[0], &b, 1), -1);
    assert_int_equal(errno, ENETDOWN);
    assert_int_equal(weft_posix_close(fd[0]), 0);
    assert_int_equal(weft_posix_close(fd[1]), 0);
}

static void poll_watches_several_hosts(void **state)
{
    weft_host *h[2] = {host(), host()};
    int a[2], b[2];
    struct pollfd p[2];

    pair_on(h[0], a);
    pair_on(h[1], b);
    p[0] = (struct pollfd){a[1], POLLIN, 0};
    p[1] = (struct pollfd){b[1], POLLIN, 0};
    assert_int_equal(weft_posix_poll(p, 2, 5), 0);
    assert_int_equal(weft_posix_write(b[0], "x", 1), 1);
    assert_int_equal(weft_posix_poll(p, 2, 5000), 1);
    assert_int_equal(p[0].revents, 0);
    assert_int_equal(p[1].revents, POLLIN);
    for (int i = 0; i < 2; i++) {
        weft_posix_close(a[i]);
        weft_posix_close(b[i]);
    }
    weft_host_free(h[0]);
    weft_host_free(h[1]);
}

static int resolve(void *ctx, const char *name, int family, struct weft_ip *out, size_t max)
{
    (void)ctx, (void)family, (void)max;
    if (strcmp(name, "far.example") != 0)
        return EAI_AGAIN;
    out[0] = weft_ipv4(0x0a010203);
    return 1;
}

static void names_go_to_the_resolver(void **state)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;

    assert_int_equal(weft_posix_getaddrinfo("far.example", "80", &hints, &list), EAI_NONAME);
    weft_posix_set_resolver(resolve, NULL);
    assert_int_equal(weft_posix_getaddrinfo("near.example", "80", &hints, &list), EAI_AGAIN);
    assert_int_equal(weft_posix_getaddrinfo("far.example", "80", &hints, &list), 0);
    assert_int_equal(((struct sockaddr_in *)(void *)list->ai_addr)->sin_addr.s_addr, htonl(0x0a010203));
    weft_posix_freeaddrinfo(list);
    weft_posix_set_resolver(NULL, NULL);
}

static int resolve_both(void *ctx, const char *name, int family, struct weft_ip *out, size_t max)
{
    (void)ctx, (void)name, (void)family, (void)max;
    weft_ip_parse("2001:db8::1", &out[0]);
    out[1] = weft_ipv4(0x7f000001);
    return 2;
}

static int family_of_first(void)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
    int family;

    assert_int_equal(weft_posix_getaddrinfo("both.example", "80", &hints, &list), 0);
    family = list->ai_family;
    assert_non_null(list->ai_next);
    assert_null(list->ai_next->ai_next);
    weft_posix_freeaddrinfo(list);
    return family;
}

/* R6724-6: as the addresses and routes of the host have it, to which there is a way to one of the two alone. */
static void addresses_of_a_name_come_in_the_order_in_which_to_try_them(void **state)
{
    weft_host *h = host();

    weft_posix_set_resolver(resolve_both, NULL);
    weft_posix_use(NULL);
    assert_int_equal(family_of_first(), AF_INET6); /* nobody knows better than the resolver */
    weft_posix_use(h);
    assert_int_equal(family_of_first(), AF_INET);
    weft_posix_use(NULL);
    weft_posix_set_resolver(NULL, NULL);
    weft_host_free(h);
}

/* ---- names of a hosts file of our own ---- */

static const char hosts[] = "10.1.2.3 one.example uno first\n"
                            "# 10.1.2.9 one.example\n"
                            "2001:db8::7 both.example # and a remark: one.example\n"
                            "10.1.2.7 other-name both.example\n";

static void write_hosts(char path[])
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, hosts, sizeof hosts - 1), sizeof hosts - 1);
    close(fd);
    weft_posix_set_hosts(path);
}

static void forget_hosts(const char *path)
{
    weft_posix_set_hosts(NULL);
    unlink(path);
}

/* What a name has, in order: "10.1.2.3 2001:db8::7", or the error. */
static const char *addresses(const char *name, int family, int flags)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = flags}, *list;
    static char text[200];
    size_t n = 0;
    int err = weft_posix_getaddrinfo(name, "80", &hints, &list);

    if (err) {
        snprintf(text, sizeof text, "%s", err == EAI_NONAME ? "none" : gai_strerror(err));
        return text;
    }
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        char one[64];

        assert_int_equal(weft_posix_getnameinfo(a->ai_addr, a->ai_addrlen, one, sizeof one, NULL, 0, NI_NUMERICHOST), 0);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? " " : "", one);
    }
    weft_posix_freeaddrinfo(list);
    return text;
}

/* RFC 3493 section 6.1. */
static void mapped_addresses_stand_in_for_those_of_six_or_beside_them(void **state)
{
    char path[] = "/tmp/weft-hosts-XXXXXX";

    write_hosts(path);
    assert_string_equal(addresses("one.example", AF_INET6, 0), "none");
    assert_string_equal(addresses("one.example", AF_INET6, AI_ALL), "none"); /* means nothing by itself */
    assert_string_equal(addresses("one.example", AF_INET6, AI_V4MAPPED), "::ffff:10.1.2.3");
    assert_string_equal(addresses("both.example", AF_INET6, AI_V4MAPPED), "2001:db8::7");
    assert_string_equal(addresses("both.example", AF_INET6, AI_V4MAPPED | AI_ALL), "2001:db8::7 ::ffff:10.1.2.7");
    assert_string_equal(addresses("one.example", AF_INET, AI_V4MAPPED | AI_ALL), "10.1.2.3");
    assert_string_equal(addresses("none.example", AF_INET6, AI_V4MAPPED | AI_ALL), "none");
    forget_hosts(path);
}

static void the_canonical_name_is_what_the_file_has_first(void **state)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM}, *list;
    char path[] = "/tmp/weft-hosts-XXXXXX";

    write_hosts(path);
    assert_int_equal(weft_posix_getaddrinfo("FIRST", NULL, &hints, &list), 0);
    assert_string_equal(list->ai_canonname, "one.example");
    weft_posix_freeaddrinfo(list);
    assert_int_equal(weft_posix_getaddrinfo("both.example", NULL, &hints, &list), 0);
    assert_string_equal(list->ai_canonname, "other-name");
    weft_posix_freeaddrinfo(list);
    weft_posix_set_resolver(resolve, NULL);
    assert_int_equal(weft_posix_getaddrinfo("far.example", NULL, &hints, &list), 0);
    assert_string_equal(list->ai_canonname, "far.example");
    weft_posix_freeaddrinfo(list);
    weft_posix_set_resolver(NULL, NULL);
    forget_hosts(path);
}

/* A host with an interface beside loopback, with this address of IPv4 if there is one. */
static weft_host *host_on_a_link(weft_driver *ends[2], const char *ip)
{
    weft_host *h = host();
    struct sockaddr_in a = {.sin_family = AF_INET};
    struct ifreq r = {.ifr_name = "pair0"};
    char why[200];
    int fd;

    assert_true(weft_pair_open(ends));
    assert_int_equal(weft_host_add_driver(h, ends[0], NULL, why, sizeof why), 0);
    if (!ip)
        return h;
    inet_pton(AF_INET, ip, &a.sin_addr);
    memcpy(&r.ifr_addr, &a, sizeof a);
    fd = weft_posix_socket_on(h, AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(weft_posix_ioctl(fd, SIOCSIFADDR, &r), 0);
    weft_posix_close(fd);
    return h;
}

static void the_hosts_own_addresses_say_what_families_are_of_use(void **state)
{
    char path[] = "/tmp/weft-hosts-XXXXXX";
    weft_driver *ends[2];
    weft_host *h = host();

    write_hosts(path);
    weft_posix_use(h);
    assert_string_equal(addresses("one.example", AF_INET, AI_ADDRCONFIG), "none"); /* loopback does not count */
    assert_string_equal(addresses("one.example", AF_UNSPEC, AI_ADDRCONFIG), "10.1.2.3");
    weft_posix_use(NULL);
    weft_host_free(h);
    h = host_on_a_link(ends, "10.1.2.1");
    weft_posix_use(h);
    assert_string_equal(addresses("one.example", AF_INET, AI_ADDRCONFIG), "10.1.2.3");
    assert_string_equal(addresses("one.example", AF_INET, 0), "10.1.2.3");
    weft_posix_use(NULL);
    weft_host_free(h);
    ends[1]->ops->close(ends[1]);
    forget_hosts(path);
}

/* ---- MSG_CONFIRM ---- */

/* Is the only neighbour there, without a doubt? */
static bool is_reachable(weft_host *h)
{
    struct weft_neighbour n;
    bool any = weft_neighbour_info(weft_host_lock(h), 0, &n);

    weft_host_unlock(h);
    assert_true(any);
    return strcmp(n.state, "reachable") == 0;
}

/* Whoever answers a program is where he was: without that flag his station is asked (RFC 4861 section 7.3.3). */
static void who_was_heard_is_confirmed_by_who_answers_him(void **state)
{
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(7)};
    struct arpreq r = {.arp_flags = ATF_COM, .arp_ha = {.sa_family = ARPHRD_ETHER, .sa_data = {2, 0, 0, 7, 8, 9}}};
    weft_driver *ends[2];
    weft_host *h = host_on_a_link(ends, "192.168.7.1");
    int fd = weft_posix_socket_on(h, AF_INET, SOCK_DGRAM, 0);

    inet_pton(AF_INET, "192.168.7.9", &peer.sin_addr);
    memcpy(&r.arp_pa, &peer, sizeof peer);
    assert_int_equal(weft_posix_ioctl(fd, SIOCSARP, &r), 0);
    assert_false(is_reachable(h));
    assert_int_equal(weft_posix_sendto(fd, "x", 1, MSG_CONFIRM, (struct sockaddr *)&peer, sizeof peer), 1);
    assert_true(is_reachable(h));
    assert_int_equal(weft_posix_ioctl(fd, SIOCSARP, &r), 0);
    assert_int_equal(weft_posix_sendto(fd, "x", 1, 0, (struct sockaddr *)&peer, sizeof peer), 1);
    assert_false(is_reachable(h));
    weft_posix_close(fd);
    weft_host_free(h);
    ends[1]->ops->close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_of_fork_is_refused_and_harms_nothing),
        cmocka_unit_test(sockets_outlive_their_host_and_say_so),
        cmocka_unit_test(poll_watches_several_hosts),
        cmocka_unit_test(names_go_to_the_resolver),
        cmocka_unit_test(addresses_of_a_name_come_in_the_order_in_which_to_try_them),
        cmocka_unit_test(mapped_addresses_stand_in_for_those_of_six_or_beside_them),
        cmocka_unit_test(the_canonical_name_is_what_the_file_has_first),
        cmocka_unit_test(the_hosts_own_addresses_say_what_families_are_of_use),
        cmocka_unit_test(who_was_heard_is_confirmed_by_who_answers_him),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
