/* SPDX-License-Identifier: MIT */
/* SYN floods: how many SYNs a core answers while everybody who is honest gets his connection, and what each costs. */
#include <string.h>

#include "bench.h"
#include "figures.h"
#include "weft_pair.h"

enum {
    BATCH = 64,            /* SYNs a call */
    HONEST = 16,           /* batches for each honest connection */
    SYN_LEN = 60,          /* IPv4, TCP, the options of a current Linux */
    SYN_LEN6 = 80,
    RECORDS = 60000,
    A_LISTENER = 4000,     /* records */
    SLACK = 4 << 20,       /* bytes that may come and go during a flood */
};

/* ---- SYNs ---- */

static uint32_t rand_state = 1;

static uint32_t rand_next(void) { return rand_state = rand_state * 1664525u + 1013904223u; }

static uint32_t add(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    return sum;
}

static void put_sum(uint8_t *at, uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    at[0] = (uint8_t)(~sum >> 8);
    at[1] = (uint8_t)~sum;
}

/* A SYN to that port from nobody: the network is ours, the station is not there. */
static weft_pkt *forge(struct pair *p, uint16_t port)
{
    static const uint8_t head[SYN_LEN] = {
        0x45, 0, 0, SYN_LEN, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 0, 10, 0, 0, 2,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa0, 2, 0xfa, 0xf0, 0, 0, 0, 0,
        2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7,
    };
    weft_pkt *pkt = weft_pkt_new(p->stack[1], SYN_LEN);
    uint32_t from = rand_next(), seq = rand_next();
    uint8_t *b;

    if (!pkt)
        bench_fail("weft: no packet");
    b = weft_pkt_data(pkt);
    memcpy(b, head, SYN_LEN);
    b[15] = (uint8_t)(3 + (from >> 16) % 250);
    memcpy(b + 20, &from, 2);
    b[22] = (uint8_t)(port >> 8);
    b[23] = (uint8_t)port;
    memcpy(b + 24, &seq, 4);
    put_sum(b + 10, add(b, 20));
    put_sum(b + 36, add(b + 12, SYN_LEN - 12) + 6 + SYN_LEN - 20);
    weft_pkt_set_len(pkt, SYN_LEN);
    return pkt;
}

/* The same by IPv6: from somewhere in our network, fd00::/64. */
static weft_pkt *forge6(struct pair *p, uint16_t port)
{
    static const uint8_t head[SYN_LEN6] = {
        0x60, 0, 0, 0, 0, SYN_LEN6 - 40, 6, 64, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa0, 2, 0xfa, 0xf0, 0, 0, 0, 0,
        2, 4, 5, 0xa0, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7,
    };
    weft_pkt *pkt = weft_pkt_new(p->stack[1], SYN_LEN6);
    uint32_t from = rand_next(), seq = rand_next();
    uint8_t *b;

    if (!pkt)
        bench_fail("weft: no packet");
    b = weft_pkt_data(pkt);
    memcpy(b, head, SYN_LEN6);
    b[23] = (uint8_t)(3 + (from >> 16) % 250);
    memcpy(b + 40, &from, 2);
    b[42] = (uint8_t)(port >> 8);
    b[43] = (uint8_t)port;
    memcpy(b + 44, &seq, 4);
    put_sum(b + 56, add(b + 8, SYN_LEN6 - 8) + 6 + SYN_LEN6 - 40);
    weft_pkt_set_len(pkt, SYN_LEN6);
    return pkt;
}

static void flood(struct pair *p, uint16_t port, size_t n)
{
    weft_pkt *pkts[BATCH];

    for (size_t i = 0; i < n; i++)
        pkts[i] = p->family == WEFT_INET6 ? forge6(p, port) : forge(p, port);
    weft_input(p->ifp[1], pkts, n, p->now);
}

/* Takes what the server sends: the client's goes on, the rest is counted and ends here. */
static uint64_t drain(struct pair *p)
{
    weft_pkt *pkts[BATCH], *kept;
    struct weft_iov pieces[WEFT_PKT_PIECES];
    uint64_t answers = 0;
    size_t n;

    while ((n = weft_output(p->ifp[1], pkts, BATCH, p->now)) > 0)
        for (size_t i = 0; i < n; i++) {
            weft_pkt_pieces(pkts[i], pieces);
            if (((const uint8_t *)pieces[0].base)[19] != 1) {
                answers++;
                weft_pkt_release(pkts[i]);
            } else if ((kept = weft_pkt_move(pkts[i], p->stack[0]))) {
                weft_input(p->ifp[0], &kept, 1, p->now);
            }
        }
    return answers;
}

/* ---- beside the flood ---- */

static void carry(struct pair *p, uint64_t *answers)
{
    for (int i = 0; i < 4; i++) {
        pair_carry(p, 0);
        *answers += drain(p);
    }
}

/* Somebody who is there connects, is accepted, and goes. */
static void connect_honestly(struct pair *p, weft_sock *listener, uint64_t *answers)
{
    int err = 0;
    weft_sock *client = weft_socket(p->stack[0], WEFT_TCP, &err), *server;

    if (!client || (err = weft_connect(client, &p->peer)) != WEFT_EINPROGRESS)
        bench_fail("weft: connect: %s", weft_strerror(err));
    carry(p, answers);
    server = weft_accept(listener, NULL, &err);
    if (!server || weft_tcp_state(client) != WEFT_TCP_ESTABLISHED)
        bench_fail("weft: an honest client finds no room: %s", weft_strerror(err));
    weft_abort(client);
    carry(p, answers);
    weft_close(server);
}

double synflood(size_t argument)
{
    struct bench_span span = {0};
    uint64_t sent = 0, answers = 0, turns = 0;
    size_t before = 0;
    weft_sock *listener;
    struct pair p;

    (void)argument;
    pair_open(&p, NULL);
    listener = pair_listen(&p, PAIR_PORT);
    while (bench_going(&span, answers)) {
        p.now = bench_nanoseconds();
        weft_tick(p.stack[0], p.now);
        weft_tick(p.stack[1], p.now);
        flood(&p, PAIR_PORT, BATCH);
        sent += BATCH;
        answers += drain(&p);
        if (++turns % HONEST == 0)
            connect_honestly(&p, listener, &answers);
        if (turns == 100)
            before = p.held;
    }
    if (p.held > before + SLACK)
        bench_fail("weft: the flood took %zu bytes", p.held - before);
    if (answers < sent - sent / 100)
        bench_fail("weft: of %llu SYNs %llu were answered", (unsigned long long)sent, (unsigned long long)answers);
    pair_close(&p);
    return bench_rate(&span);
}

/* ---- memory ---- */

static weft_sock *listen_widely(struct pair *p, uint16_t port)
{
    struct weft_addr at = {p->peer.ip, port};
    weft_sock *listener = weft_socket_in(p->stack[1], p->family, WEFT_TCP, NULL);

    if (!listener || weft_bind(listener, &at) < 0 || weft_listen(listener, 4096) < 0)
        bench_fail("weft: listen");
    return listener;
}

static bool count_half_open(void *ctx, const struct weft_listing *item)
{
    *(size_t *)ctx += item->state == WEFT_TCP_SYN_RECEIVED;
    return true;
}

static double half_open(size_t n, bool v6)
{
    size_t before, records = 0;
    double each;
    struct pair p;

    pair_open(&p, &(struct pair_config){.mtu = 1500, .by_hand = true, .v6 = v6});
    for (size_t i = 0; i <= n / A_LISTENER; i++)
        listen_widely(&p, (uint16_t)(PAIR_PORT + i));
    flood(&p, PAIR_PORT, 1);
    drain(&p);
    before = p.held;
    for (size_t i = 1; i < n; i++) {
        flood(&p, (uint16_t)(PAIR_PORT + i / A_LISTENER), 1);
        drain(&p);
    }
    weft_list(p.stack[1], count_half_open, &records);
    each = (double)(p.held - before) / (double)(records - 1);
    if (records < n - n / 100) /* a pair drawn twice is one */
        bench_fail("weft: %zu SYNs left %zu records", n, records);
    pair_close(&p);
    return each;
}

double halfopen_bytes(size_t argument) { return half_open(argument ? argument : RECORDS, false); }
double halfopen_bytes6(size_t argument) { return half_open(argument ? argument : RECORDS, true); }
