/* SPDX-License-Identifier: MIT */
/* For the tests of the host: two hosts on one link, and what they say to each other. Include after cmocka.h. */
#ifndef TEST_HOST_PAIR_H
#define TEST_HOST_PAIR_H

#include <pthread.h>
#include <string.h>

#include "weft/host.h"

#define PATIENCE (10 * WEFT_S) /* long enough for any machine, short enough to fail */
#define ADDRESS(last) weft_ipv4(0x0a000000u + (last))

struct pair {
    weft_host *a, *b; /* 10.0.0.1 and 10.0.0.2 */
};

static inline weft_host *host_make(weft_driver *driver, const char *address)
{
    char why[200] = "";
    weft_host *h = weft_host_new(NULL, why, sizeof(why));

    assert_non_null(h);
    if (driver)
        assert_int_equal(weft_host_add_driver(h, driver, address, why, sizeof(why)), 0);
    assert_int_equal(weft_host_start(h, why, sizeof(why)), 0);
    return h;
}

static inline int pair_setup(void **state)
{
    static struct pair p;
    weft_driver *end[2];

    assert_true(weft_pair_open(end));
    p.a = host_make(end[0], "10.0.0.1/24");
    p.b = host_make(end[1], "10.0.0.2/24");
    *state = &p;
    return 0;
}

static inline int pair_teardown(void **state)
{
    struct pair *p = *state;

    if (p->a)
        weft_host_free(p->a);
    if (p->b)
        weft_host_free(p->b);
    return 0;
}

static inline int udp_bound(weft_host *h, uint16_t port)
{
    int s = weft_host_socket(h, WEFT_UDP);

    assert_true(s >= 0);
    assert_int_equal(weft_host_bind(h, s, &(struct weft_addr){weft_ipv4(0), port}), 0);
    return s;
}

static inline int tcp_listener(weft_host *h, uint16_t port)
{
    int s = weft_host_socket(h, WEFT_TCP);

    assert_true(s >= 0);
    assert_int_equal(weft_host_bind(h, s, &(struct weft_addr){weft_ipv4(0), port}), 0);
    assert_int_equal(weft_host_listen(h, s, 8), 0);
    return s;
}

static inline int tcp_connected(weft_host *h, struct weft_ip to, uint16_t port)
{
    int s = weft_host_socket(h, WEFT_TCP);

    assert_true(s >= 0);
    assert_int_equal(weft_host_connect(h, s, &(struct weft_addr){to, port}, PATIENCE), 0);
    return s;
}

#endif
