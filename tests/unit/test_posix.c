/* SPDX-License-Identifier: MIT */
/* weft/posix.h where the kernel has no counterpart: forks, hosts that go, several hosts, the resolver. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_of_fork_is_refused_and_harms_nothing),
        cmocka_unit_test(sockets_outlive_their_host_and_say_so),
        cmocka_unit_test(poll_watches_several_hosts),
        cmocka_unit_test(names_go_to_the_resolver),
        cmocka_unit_test(addresses_of_a_name_come_in_the_order_in_which_to_try_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
