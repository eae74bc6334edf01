/* SPDX-License-Identifier: MIT */
/* Two hosts in one process, on a pair of sockets: blocking calls, waiting, cancelling, dying. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "host_pair.h"

/* ---- a call in a thread of its own ---- */

struct background {
    pthread_t thread;
    weft_host *h;
    int s;
    int64_t result;
    char buf[64];
};

static void *receiving(void *ctx)
{
    struct background *b = ctx;

    b->result = weft_host_recv(b->h, b->s, b->buf, sizeof(b->buf), WEFT_NEVER);
    return NULL;
}

static void *accepting(void *ctx)
{
    struct background *b = ctx;

    b->result = weft_host_accept(b->h, b->s, NULL, WEFT_NEVER);
    return NULL;
}

static void *polling(void *ctx)
{
    struct background *b = ctx;
    struct weft_host_poll p = {b->s, WEFT_READABLE, 0};

    b->result = weft_host_poll(b->h, &p, 1, -1, WEFT_NEVER);
    return NULL;
}

static void start(struct background *b, weft_host *h, int s, void *(*run)(void *))
{
    *b = (struct background){.h = h, .s = s};
    assert_int_equal(pthread_create(&b->thread, NULL, run, b), 0);
    usleep(30000); /* so that it waits, most likely; the test holds either way */
}

static int64_t finish(struct background *b)
{
    pthread_join(b->thread, NULL);
    return b->result;
}

/* ---- datagrams ---- */

static void a_datagram_goes_there_and_back(void **state)
{
    struct pair *p = *state;
    int sa = udp_bound(p->a, 1000), sb = udp_bound(p->b, 7);
    struct weft_addr to = {ADDRESS(2), 7}, from;
    char buf[100];

    assert_int_equal(weft_host_sendto(p->a, sa, "hello", 5, &to), 5);
    assert_int_equal(weft_host_recvfrom(p->b, sb, buf, sizeof(buf), &from, PATIENCE), 5);
    assert_memory_equal(buf, "hello", 5);
    assert_int_equal(from.port, 1000);
    assert_int_equal(weft_host_sendto(p->b, sb, "there", 5, &from), 5);
    assert_int_equal(weft_host_recvfrom(p->a, sa, buf, sizeof(buf), &from, PATIENCE), 5);
    assert_memory_equal(buf, "there", 5);
    assert_int_equal(from.port, 7);
}

static void many_datagrams_keep_their_order(void **state)
{
    struct pair *p = *state;
    int sa = udp_bound(p->a, 1000), sb = udp_bound(p->b, 7);
    struct weft_addr to = {ADDRESS(2), 7}, from;
    uint32_t i, got;

    for (i = 0; i < 2000; i++) {
        assert_int_equal(weft_host_sendto(p->a, sa, &i, sizeof(i), &to), sizeof(i));
        assert_int_equal(weft_host_recvfrom(p->b, sb, &got, sizeof(got), &from, PATIENCE), sizeof(got));
        assert_int_equal(got, i);
    }
}

static void the_loopback_needs_no_device(void **state)
{
    weft_host *h = host_make(NULL, NULL);
    int s = udp_bound(h, 9), c = udp_bound(h, 0);
    struct weft_addr to = {weft_ipv4(0x7f000001), 9};
    char buf[8];

    (void)state;
    assert_int_equal(weft_host_sendto(h, c, "x", 1, &to), 1);
    assert_int_equal(weft_host_recv(h, s, buf, sizeof(buf), PATIENCE), 1);
    weft_host_free(h);
}

static void a_receive_gives_up_after_its_timeout(void **state)
{
    struct pair *p = *state;
    int s = udp_bound(p->a, 1000);
    weft_time before = weft_host_now(p->a), took;
    char c;

    assert_int_equal(weft_host_recv(p->a, s, &c, 1, 50 * WEFT_MS), WEFT_EAGAIN);
    took = weft_host_now(p->a) - before;
    assert_true(took >= 50 * WEFT_MS && took < 5 * WEFT_S);
    assert_int_equal(weft_host_recv(p->a, s, &c, 1, 0), WEFT_EAGAIN);
}

static void a_waiting_receive_wakes_when_data_comes(void **state)
{
    struct pair *p = *state;
    int sa = udp_bound(p->a, 1000), sb = udp_bound(p->b, 7);
    struct weft_addr to = {ADDRESS(2), 7};
    struct background b;

    start(&b, p->b, sb, receiving);
    assert_int_equal(weft_host_sendto(p->a, sa, "abc", 3, &to), 3);
    assert_int_equal(finish(&b), 3);
}

/* ---- numbers ---- */

static void numbers_are_reused_from_the_lowest(void **state)
{
    struct pair *p = *state;
    int s[200], i;

    for (i = 0; i < 200; i++) {
        s[i] = weft_host_socket(p->a, WEFT_UDP);
        assert_int_equal(s[i], i);
    }
    assert_int_equal(weft_host_close(p->a, 150), 0);
    assert_int_equal(weft_host_close(p->a, 3), 0);
    assert_int_equal(weft_host_close(p->a, 3), WEFT_EBADF);
    assert_int_equal(weft_host_socket(p->a, WEFT_UDP), 3);
    assert_int_equal(weft_host_socket(p->a, WEFT_UDP), 150);
    assert_int_equal(weft_host_socket(p->a, WEFT_UDP), 200);
}

static void a_wrong_number_is_an_error_everywhere(void **state)
{
    struct pair *p = *state;
    struct weft_addr addr = {weft_ipv4(0), 1};
    const int wrong[] = {-1, 0, 63, 64, 1 << 30};
    char c = 0;
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(weft_host_bind(p->a, wrong[i], &addr), WEFT_EBADF);
        assert_int_equal(weft_host_listen(p->a, wrong[i], 1), WEFT_EBADF);
        assert_int_equal(weft_host_accept(p->a, wrong[i], NULL, 0), WEFT_EBADF);
        assert_int_equal(weft_host_connect(p->a, wrong[i], &addr, 0), WEFT_EBADF);
        assert_int_equal(weft_host_send(p->a, wrong[i], &c, 1, 0), WEFT_EBADF);
        assert_int_equal(weft_host_sendto(p->a, wrong[i], &c, 1, &addr), WEFT_EBADF);
        assert_int_equal(weft_host_recv(p->a, wrong[i], &c, 1, 0), WEFT_EBADF);
        assert_int_equal(weft_host_shutdown(p->a, wrong[i], WEFT_SHUT_WR), WEFT_EBADF);
        assert_int_equal(weft_host_close(p->a, wrong[i]), WEFT_EBADF);
        assert_int_equal(weft_host_abort(p->a, wrong[i]), WEFT_EBADF);
        weft_host_cancel(p->a, wrong[i]);
        weft_host_label(p->a, wrong[i], "x");
    }
}

static bool find_label(void *ctx, const struct weft_listing *item)
{
    const weft_sock **found = ctx;

    *found = item->sock;
    return false;
}

static void a_label_is_shown_for_its_socket(void **state)
{
    struct pair *p = *state;
    int s = udp_bound(p->a, 7);
    const weft_sock *sock = NULL;

    weft_list(weft_host_lock(p->a), find_label, &sock);
    assert_non_null(sock);
    assert_string_equal(weft_host_label_of(p->a, sock), "-");
    weft_host_unlock(p->a);
    weft_host_label(p->a, s, "412/echo");
    weft_host_lock(p->a);
    assert_string_equal(weft_host_label_of(p->a, sock), "412/echo");
    assert_string_equal(weft_host_label_of(p->a, NULL), "-");
    weft_host_unlock(p->a);
}

/* ---- waking ---- */

static void cancel_wakes_and_stays(void **state)
{
    struct pair *p = *state;
    int s = udp_bound(p->a, 7);
    struct background b;
    char c;

    start(&b, p->a, s, receiving);
    weft_host_cancel(p->a, s);
    assert_int_equal(finish(&b), WEFT_ECONNABORTED);
    assert_int_equal(weft_host_recv(p->a, s, &c, 1, WEFT_NEVER), WEFT_ECONNABORTED);
    assert_int_equal(weft_host_close(p->a, s), 0);
}

static void close_wakes_whoever_waits(void **state)
{
    struct pair *p = *state;
    int s = udp_bound(p->a, 7);
    struct background receiver, poller;

    start(&receiver, p->a, s, receiving);
    start(&poller, p->a, s, polling);
    assert_int_equal(weft_host_close(p->a, s), 0);
    assert_int_equal(finish(&receiver), WEFT_ECONNABORTED);
    assert_int_equal(finish(&poller), 1); /* an error is ready: the number is gone */
}

static void free_wakes_whoever_waits(void **state)
{
    struct pair *p = *state;
    int u = udp_bound(p->a, 7);
    struct background receiver, poller;

    start(&receiver, p->a, u, receiving);
    start(&poller, p->a, u, polling);
    weft_host_free(p->a);
    p->a = NULL;
    assert_int_equal(finish(&receiver), WEFT_ENETDOWN);
    assert_int_equal(finish(&poller), WEFT_ENETDOWN);
}

/* ---- poll ---- */

static void poll_tells_which_of_several_is_ready(void **state)
{
    struct pair *p = *state;
    struct weft_host_poll poll[20];
    int sb = udp_bound(p->b, 7), i;
    struct weft_addr to = {ADDRESS(1), 117};

    for (i = 0; i < 20; i++)
        poll[i] = (struct weft_host_poll){udp_bound(p->a, (uint16_t)(100 + i)), WEFT_READABLE, 99};
    assert_int_equal(weft_host_poll(p->a, poll, 20, -1, 20 * WEFT_MS), 0);
    assert_int_equal(weft_host_sendto(p->b, sb, "x", 1, &to), 1);
    assert_int_equal(weft_host_poll(p->a, poll, 20, -1, PATIENCE), 1);
    for (i = 0; i < 20; i++)
        assert_int_equal(poll[i].ready, i == 17 ? WEFT_READABLE : 0);
}

static void poll_also_waits_for_a_descriptor(void **state)
{
    struct pair *p = *state;
    struct weft_host_poll poll = {udp_bound(p->a, 100), WEFT_READABLE, 0};
    int sb = udp_bound(p->b, 7), fd[2];
    struct weft_addr to = {ADDRESS(1), 100};
    weft_time before = weft_host_now(p->a);

    assert_int_equal(pipe(fd), 0);
    assert_int_equal(weft_host_poll(p->a, &poll, 1, fd[0], 20 * WEFT_MS), 0);
    assert_true(weft_host_now(p->a) - before >= 20 * WEFT_MS);
    assert_int_equal(write(fd[1], "x", 1), 1);
    assert_int_equal(weft_host_poll(p->a, &poll, 1, fd[0], WEFT_NEVER), 0);
    assert_int_equal(weft_host_sendto(p->b, sb, "x", 1, &to), 1);
    close(fd[1]);
    assert_int_equal(read(fd[0], &(char){0}, 1), 1);
    while (weft_host_poll(p->a, &poll, 1, fd[0], WEFT_NEVER) == 0)
        ; /* the pipe's end is readable all the time */
    assert_int_equal(poll.ready, WEFT_READABLE);
    close(fd[0]);
}

static void poll_says_error_for_a_wrong_number(void **state)
{
    struct pair *p = *state;
    struct weft_host_poll poll = {5, WEFT_READABLE, 0};

    assert_int_equal(weft_host_poll(p->a, &poll, 1, -1, WEFT_NEVER), 1);
    assert_int_equal(poll.ready, WEFT_ERROR);
}

/* ---- TCP ---- */

static void accept_gives_the_connection_and_its_peer(void **state)
{
    struct pair *p = *state;
    int listener = tcp_listener(p->b, 80), c = tcp_connected(p->a, ADDRESS(2), 80), s;
    struct weft_addr peer, local;

    s = weft_host_accept(p->b, listener, &peer, PATIENCE);
    assert_true(s >= 0);
    assert_int_equal(weft_host_getsockname(p->a, c, &local), 0);
    assert_int_equal(peer.port, local.port);
    assert_memory_equal(&peer.ip, &local.ip, sizeof(peer.ip));
}

static void connecting_to_a_closed_port_is_refused(void **state)
{
    struct pair *p = *state;
    int s = weft_host_socket(p->a, WEFT_TCP);

    assert_int_equal(weft_host_connect(p->a, s, &(struct weft_addr){ADDRESS(2), 81}, PATIENCE), WEFT_ECONNREFUSED);
}

static void connecting_gives_up_after_its_timeout(void **state)
{
    struct pair *p = *state;
    int s = weft_host_socket(p->a, WEFT_TCP);

    /* nobody has this address, but it takes seconds to learn that */
    assert_int_equal(weft_host_connect(p->a, s, &(struct weft_addr){ADDRESS(77), 80}, 50 * WEFT_MS), WEFT_ETIMEDOUT);
}

struct flood {
    weft_host *h;
    int s;
    uint8_t seed;
    size_t n;
    bool good;
};

static void *flood_send(void *ctx)
{
    struct flood *f = ctx;
    uint8_t *bytes = malloc(f->n);
    size_t i;

    for (i = 0; i < f->n; i++)
        bytes[i] = (uint8_t)(f->seed + i * 7 + i / 251);
    f->good = weft_host_send(f->h, f->s, bytes, f->n, WEFT_NEVER) == (int64_t)f->n &&
              weft_host_shutdown(f->h, f->s, WEFT_SHUT_WR) == 0;
    free(bytes);
    return NULL;
}

static void *flood_receive(void *ctx)
{
    struct flood *f = ctx;
    uint8_t buf[7000];
    size_t at = 0, i;
    int64_t n;

    f->good = true;
    while ((n = weft_host_recv(f->h, f->s, buf, sizeof(buf), WEFT_NEVER)) > 0) {
        for (i = 0; i < (size_t)n; i++, at++)
            f->good &= buf[i] == (uint8_t)(f->seed + at * 7 + at / 251);
    }
    f->good &= n == 0 && at == f->n;
    return NULL;
}

/* Both directions at once, by four threads; each also ends it with a FIN. */
static void much_data_crosses_both_ways(void **state)
{
    enum { N = 3000000 };
    struct pair *p = *state;
    int listener = tcp_listener(p->b, 80), c = tcp_connected(p->a, ADDRESS(2), 80);
    int s = weft_host_accept(p->b, listener, NULL, PATIENCE), i;
    struct flood f[4] = {{p->a, c, 1, N, 0}, {p->b, s, 1, N, 0}, {p->b, s, 2, N, 0}, {p->a, c, 2, N, 0}};
    pthread_t thread[4];

    for (i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, i % 2 ? flood_receive : flood_send, &f[i]), 0);
    for (i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    for (i = 0; i < 4; i++)
        assert_true(f[i].good);
    assert_int_equal(weft_host_close(p->a, c), 0);
    assert_int_equal(weft_host_close(p->b, s), 0);
}

static void a_waiting_accept_is_cancelled(void **state)
{
    struct pair *p = *state;
    struct background b;
    int s = tcp_listener(p->a, 80);

    start(&b, p->a, s, accepting);
    weft_host_cancel(p->a, s);
    assert_int_equal(finish(&b), WEFT_ECONNABORTED);
}

static void an_abort_reaches_the_peer(void **state)
{
    struct pair *p = *state;
    int listener = tcp_listener(p->b, 80), c = tcp_connected(p->a, ADDRESS(2), 80);
    int s = weft_host_accept(p->b, listener, NULL, PATIENCE);
    char byte;

    assert_int_equal(weft_host_abort(p->a, c), 0);
    assert_int_equal(weft_host_recv(p->b, s, &byte, 1, PATIENCE), WEFT_ECONNRESET);
}

/* A host that goes resets what it has open, on the wire too; the other one also loses the link. */
static void a_dying_host_resets_its_connections(void **state)
{
    struct pair *p = *state;
    int listener = tcp_listener(p->b, 80), c = tcp_connected(p->a, ADDRESS(2), 80);
    int s = weft_host_accept(p->b, listener, NULL, PATIENCE);
    struct background b;

    (void)c;
    start(&b, p->b, s, receiving);
    weft_host_free(p->a);
    p->a = NULL;
    assert_int_equal(finish(&b), WEFT_ECONNRESET);
}

#define pair_test(f) cmocka_unit_test_setup_teardown(f, pair_setup, pair_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        pair_test(a_datagram_goes_there_and_back),
        pair_test(many_datagrams_keep_their_order),
        cmocka_unit_test(the_loopback_needs_no_device),
        pair_test(a_receive_gives_up_after_its_timeout),
        pair_test(a_waiting_receive_wakes_when_data_comes),
        pair_test(numbers_are_reused_from_the_lowest),
        pair_test(a_wrong_number_is_an_error_everywhere),
        pair_test(a_label_is_shown_for_its_socket),
        pair_test(cancel_wakes_and_stays),
        pair_test(close_wakes_whoever_waits),
        pair_test(free_wakes_whoever_waits),
        pair_test(poll_tells_which_of_several_is_ready),
        pair_test(poll_also_waits_for_a_descriptor),
        pair_test(poll_says_error_for_a_wrong_number),
        pair_test(accept_gives_the_connection_and_its_peer),
        pair_test(connecting_to_a_closed_port_is_refused),
        pair_test(connecting_gives_up_after_its_timeout),
        pair_test(much_data_crosses_both_ways),
        pair_test(a_waiting_accept_is_cancelled),
        pair_test(an_abort_reaches_the_peer),
        pair_test(a_dying_host_resets_its_connections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
