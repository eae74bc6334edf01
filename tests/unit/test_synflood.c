/* SPDX-License-Identifier: MIT */
/*
 * A SYN flood beside honest clients, over the wire in memory, in virtual time (RFC 4987): with SYN cookies all of them
 * get their connection and their answer, and what the server holds stays flat; without, most do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/driver.h"
#include "weft/sock.h"

#define PORT    80
#define CLIENTS 200
#define FLOOD   100  /* SYNs a millisecond: 100,000 a second */
#define EVERY   10   /* milliseconds between two honest clients */
#define SYN     44

struct bench {
    struct harness_env e[2];
    weft_stack *s[2];  /* honest clients; the server */
    weft_if *ifp[2];
    weft_wire *wire;
    weft_time now;
    weft_sock *listener, *client[CLIENTS];
    struct rng rng;
};

static void open_end(struct bench *b, int i, const struct weft_config *config)
{
    struct weft_if_config interface = {.name = "wire", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip ip = weft_ipv4(0x0a000001 + (uint32_t)i);
    struct weft_env env;

    harness_env_init(&b->e[i], 7 + (uint64_t)i);
    env = harness_env(&b->e[i]);
    b->s[i] = weft_stack_new(&env, config, b->now, NULL);
    assert_non_null(b->s[i]);
    b->ifp[i] = weft_if_new(b->s[i], &interface, NULL);
    assert_int_equal(weft_if_add_address(b->ifp[i], &ip, 8), 0);
}

static struct bench *bench_new(unsigned syncookies)
{
    struct weft_impairment delay = {.delay = 3 * WEFT_MS};
    struct weft_wire_config wire = {.seed = 1, .direction = {delay, delay}};
    struct bench *b = calloc(1, sizeof *b);
    struct weft_addr here = {weft_ipv4(0x0a000002), PORT};
    struct weft_config config;
    struct weft_env env;

    weft_config_default(&config);
    config.tcp.syncookies = syncookies;
    b->now = 1000 * WEFT_S;
    rng_seed(&b->rng, 4987);
    for (int i = 0; i < 2; i++)
        open_end(b, i, &config);
    env = harness_env(&b->e[0]);
    b->wire = weft_wire_new(&env, &wire, b->ifp[0], b->ifp[1]);
    b->listener = weft_socket(b->s[1], WEFT_TCP, NULL);
    assert_int_equal(weft_bind(b->listener, &here), 0);
    assert_int_equal(weft_listen(b->listener, 128), 0);
    return b;
}

static void bench_free(struct bench *b)
{
    weft_wire_free(b->wire);
    for (int i = 0; i < 2; i++)
        weft_stack_free(b->s[i]);
    for (int i = 0; i < 2; i++)
        harness_env_check(&b->e[i]);
    free(b);
}

/* ---- the flood ---- */

static void put(uint8_t *at, uint32_t v, unsigned n)
{
    while (n-- > 0) {
        at[n] = (uint8_t)v;
        v >>= 8;
    }
}

static void put_sum(uint8_t *at, const uint8_t *p, size_t n, uint32_t sum)
{
    for (size_t i = 0; i < n; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    put(at, ~sum & 0xffff, 2);
}

/* From an address in 10.0.0.0/8 that nobody has, or hardly anybody. */
static weft_pkt *forge(struct bench *b)
{
    weft_pkt *pkt = weft_pkt_new(b->s[1], SYN);
    uint8_t *p;

    assert_non_null(pkt);
    p = weft_pkt_data(pkt);
    memset(p, 0, SYN);
    put(p, 0x4500, 2);
    put(p + 2, SYN, 2);
    put(p + 6, 0x4000, 2);
    put(p + 8, 0x4006, 2);
    put(p + 12, 0x0a010000 + (uint32_t)rng_below(&b->rng, 1 << 20), 4);
    put(p + 16, 0x0a000002, 4);
    put_sum(p + 10, p, 20, 0);
    put(p + 20, 1024 + (uint32_t)rng_below(&b->rng, 60000), 2);
    put(p + 22, PORT, 2);
    put(p + 24, (uint32_t)rng_u64(&b->rng), 4);
    put(p + 32, 0x6002, 2);
    put(p + 34, 65535, 2);
    put(p + 40, 0x020405b4, 4);
    put_sum(p + 36, p + 12, SYN - 12, 6 + SYN - 20);
    weft_pkt_set_len(pkt, SYN);
    return pkt;
}

static void flood(struct bench *b)
{
    weft_pkt *pkts[FLOOD];

    for (unsigned i = 0; i < FLOOD; i++)
        pkts[i] = forge(b);
    weft_input(b->ifp[1], pkts, FLOOD, b->now);
}

/* ---- the honest ---- */

static void carry(struct bench *b)
{
    for (int i = 0; i < 2; i++)
        weft_tick(b->s[i], b->now);
    while (weft_wire_run(b->wire, b->now))
        ;
}

/* The server answers each with one byte and closes. */
static void serve(struct bench *b)
{
    weft_sock *sock;

    while ((sock = weft_accept(b->listener, NULL, NULL))) {
        assert_int_equal(weft_send(sock, "!", 1, 0), 1);
        weft_close(sock);
    }
}

/* How many got their byte; *most: what the server held at most, after the first tenth. */
static unsigned run(struct bench *b, size_t *early, size_t *most)
{
    struct weft_addr to = {weft_ipv4(0x0a000002), PORT};
    unsigned happy = 0;
    char byte;

    for (unsigned ms = 0; ms < CLIENTS * EVERY + 1000; ms++) {
        b->now += WEFT_MS;
        flood(b);
        if (ms % EVERY == 0 && ms / EVERY < CLIENTS) {
            b->client[ms / EVERY] = weft_socket(b->s[0], WEFT_TCP, NULL);
            assert_int_equal(weft_connect(b->client[ms / EVERY], &to), WEFT_EINPROGRESS);
        }
        carry(b);
        serve(b);
        if (ms == CLIENTS * EVERY / 10)
            *early = b->e[1].live;
        *most = b->e[1].live > *most ? b->e[1].live : *most;
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        happy += weft_recv(b->client[i], &byte, 1, 0) == 1;
        weft_close(b->client[i]);
    }
    return happy;
}

/* R4987-1 */
static void with_cookies_everybody_gets_his_answer_and_memory_stays_flat(void **state)
{
    struct bench *b = bench_new(1);
    size_t early = 0, most = 0;

    assert_int_equal(run(b, &early, &most), CLIENTS);
    assert_true(weft_counter(b->s[1], WEFT_COUNT_tcp_cookies_sent) > 100000);
    assert_true(most < early + (1 << 20)); /* 220,000 SYNs later: the honest ones' TIME-WAIT, and what slabs keep */
    bench_free(b);
}

static void without_cookies_most_do_not(void **state)
{
    struct bench *b = bench_new(0);
    size_t early = 0, most = 0;

    assert_true(run(b, &early, &most) < CLIENTS / 2);
    assert_int_equal(weft_counter(b->s[1], WEFT_COUNT_tcp_cookies_sent), 0);
    assert_true(most < early + (1 << 20));
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_cookies_everybody_gets_his_answer_and_memory_stays_flat),
        cmocka_unit_test(without_cookies_most_do_not),
    };

    return cmocka_run_group_tests_name("synflood", tests, NULL, NULL);
}
