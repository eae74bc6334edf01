/* SPDX-License-Identifier: MIT */
/* weft/unp.h on a host's loopback. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_counted_bytes_cross_a_connection),
        cmocka_unit_test(nobody_there_is_told),
        cmocka_unit_test(addresses_have_their_usual_form),
        cmocka_unit_test(a_request_is_repeated_until_its_own_reply_comes),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
