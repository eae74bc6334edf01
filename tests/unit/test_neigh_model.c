/* SPDX-License-Identifier: MIT */
/*
 * The neighbour table (src/core/neigh.c) against one too simple to be wrong: a row of an array for each neighbour, and the
 * transitions as RFC 4861 §7.2.3, §7.2.5, §7.3 and appendix C tell them, gone through by hand after each operation. Half of
 * the neighbours are asked for by ARP, which has no DELAY.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core_bench.h"

#define STATIONS   12
#define OPERATIONS 1000000u
#define REACHABLE  (30 * WEFT_S) /* RFC 4861 §10 */
#define DELAY      (5 * WEFT_S)
#define RETRANS    WEFT_S
#define MULTICAST_TRIES 3
#define UNICAST_TRIES   3
#define FORGET     (20 * WEFT_S) /* a neighbour that failed is known as such for so long */

/* What the table asks of the link, or the model would. */
struct told {
    unsigned multicasts, unicasts, sent, unreachable;
};

static struct told by_table, by_model;

static void solicit(weft_if *ifp, const struct neigh *n, bool unicast)
{
    (void)ifp, (void)n;
    *(unicast ? &by_table.unicasts : &by_table.multicasts) += 1;
}

static void transmit(weft_if *ifp, const struct neigh *n, struct weft_pkt *pkt)
{
    (void)ifp, (void)n;
    by_table.sent++;
    pkt_release(pkt);
}

static void unreachable(weft_if *ifp, struct weft_pkt *pkt)
{
    (void)ifp;
    by_table.unreachable++;
    pkt_drop(pkt, WEFT_DROP_neigh_unreachable);
}

static weft_time reachable(const weft_if *ifp)
{
    (void)ifp;
    return REACHABLE;
}

static const struct neigh_ops arp = {.solicit = solicit, .transmit = transmit, .unreachable = unreachable,
                                     .reachable = reachable};
static const struct neigh_ops nd = {.solicit = solicit, .transmit = transmit, .unreachable = unreachable,
                                    .reachable = reachable, .delay = DELAY};

static const struct assembly parts = {
    .link = {&link_ethernet, &link_ip, &link_loopback},
    .neigh = &arp,
    .neigh6 = &nd,
    .network = {&bench_v4},
    .ip_init = bench_network_init,
    .ip_fini = bench_network_fini,
};

/* ---- the model ---- */

struct row {
    bool known, router;
    enum neigh_state state;
    uint8_t mac;
    unsigned asked, waiting;
    weft_time due, may_ask, confirmed;
};

struct net {
    struct core_bench *b;
    weft_if *ifp;
    struct row row[STATIONS];
    struct rng rng;
};

static bool is_ipv6(unsigned who) { return who % 2; }

static bool has_mac(const struct row *m)
{
    return m->known && m->state != NEIGH_INCOMPLETE && m->state != NEIGH_FAILED;
}

/* §7.2.2, §7.3.3: one question each RetransTimer. */
static void model_ask(struct row *m, weft_time now, bool unicast)
{
    if (now >= m->may_ask) {
        m->asked++;
        m->may_ask = now + RETRANS;
        *(unicast ? &by_model.unicasts : &by_model.multicasts) += 1;
    }
    m->due = m->may_ask;
}

static void model_probe(struct row *m, weft_time now)
{
    m->state = NEIGH_PROBE;
    m->asked = 0;
    model_ask(m, now, true);
}

/* It has a link address, so what waits goes out. */
static void model_becomes(struct row *m, enum neigh_state state, weft_time now)
{
    by_model.sent += m->waiting;
    m->waiting = m->asked = 0;
    m->state = state;
    m->due = state == NEIGH_REACHABLE ? now + REACHABLE : WEFT_NEVER;
    if (state == NEIGH_REACHABLE)
        m->confirmed = now;
}

static void model_search(struct row *m, weft_time now)
{
    m->state = NEIGH_INCOMPLETE;
    m->asked = 0;
    model_ask(m, now, false);
}

/* True: the datagram goes out at once. */
static bool model_send(struct row *m, weft_time now, bool ipv6)
{
    if (!m->known) {
        *m = (struct row){.known = true, .confirmed = now};
        model_search(m, now);
    } else if (m->state == NEIGH_FAILED && now < m->may_ask) {
        by_model.unreachable++;
        return false;
    } else if (m->state == NEIGH_FAILED) {
        model_search(m, now);
    }
    if (m->state == NEIGH_INCOMPLETE) {
        m->waiting += m->waiting < NEIGH_QUEUE; /* the oldest gives way */
        return false;
    }
    if (m->state == NEIGH_STALE && ipv6) { /* §7.3.3 */
        m->state = NEIGH_DELAY;
        m->due = now + DELAY;
    } else if (m->state == NEIGH_STALE) {
        model_probe(m, now);
    }
    return true;
}

/* §7.2.5 and the table of appendix C. mac 0: the advertisement names none. */
static void model_advertised(struct row *m, weft_time now, uint8_t mac, struct neigh_advert a)
{
    bool differs = mac && mac != m->mac;

    if (!m->known || (!has_mac(m) && !mac))
        return;
    if (!has_mac(m)) {
        m->mac = mac;
        m->router = a.router;
        model_becomes(m, a.solicited ? NEIGH_REACHABLE : NEIGH_STALE, now);
        return;
    }
    if (differs && !a.override) {
        if (m->state == NEIGH_REACHABLE)
            model_becomes(m, NEIGH_STALE, now);
        return;
    }
    m->router = a.router;
    if (differs)
        m->mac = mac;
    if (a.solicited)
        model_becomes(m, NEIGH_REACHABLE, now);
    else if (differs)
        model_becomes(m, NEIGH_STALE, now);
}

/* §7.2.3: a source link-layer address of somebody who may not hear us */
static void model_heard(struct row *m, weft_time now, uint8_t mac)
{
    if (has_mac(m) && m->mac == mac)
        return;
    if (!m->known)
        *m = (struct row){.known = true, .confirmed = now};
    m->mac = mac;
    model_becomes(m, NEIGH_STALE, now);
}

/* ARP (RFC 826); who was confirmed less than a second ago is not given another address by who was not asked. */
static void model_learn(struct row *m, weft_time now, uint8_t mac, bool solicited)
{
    if (!m->known && solicited)
        return;
    if (!m->known)
        *m = (struct row){.known = true};
    else if (has_mac(m) && !solicited && m->mac != mac && now - m->confirmed < WEFT_S)
        return;
    m->mac = mac;
    model_becomes(m, NEIGH_REACHABLE, now);
}

static void model_hint(struct row *m, weft_time now, bool good)
{
    if (!has_mac(m))
        return;
    if (good)
        model_becomes(m, NEIGH_REACHABLE, now);
    else if (m->state != NEIGH_PROBE)
        model_probe(m, now);
}

static void model_fail(struct row *m, weft_time now)
{
    by_model.unreachable += m->waiting;
    m->waiting = 0;
    m->state = NEIGH_FAILED;
    m->may_ask = now + RETRANS;
    m->due = now + FORGET;
}

/* Its time is over: §7.3.3. After as many questions by unicast as the RFC has, as many go to all (RFC 7048 §3). */
static void model_due(struct row *m, weft_time now)
{
    m->due = WEFT_NEVER;
    if (m->state == NEIGH_REACHABLE)
        m->state = NEIGH_STALE;
    else if (m->state == NEIGH_DELAY)
        model_probe(m, now);
    else if (m->state == NEIGH_FAILED)
        *m = (struct row){0};
    else if (m->asked == (m->state == NEIGH_PROBE ? UNICAST_TRIES : 0) + MULTICAST_TRIES)
        model_fail(m, now);
    else
        model_ask(m, now, m->state == NEIGH_PROBE && m->asked < UNICAST_TRIES);
}

static void model_pass(struct net *n, weft_time until)
{
    for (unsigned i = 0; i < STATIONS; i++)
        while (n->row[i].known && n->row[i].due <= until)
            model_due(&n->row[i], n->row[i].due);
}

/* ---- both ---- */

static struct weft_ip address_of(unsigned who)
{
    struct weft_ip ip = {{0xfe, 0x80, [15] = (uint8_t)(who + 1)}};

    return is_ipv6(who) ? ip : weft_ipv4(0x0a090001u + who);
}

static void both_send(struct net *n, unsigned who)
{
    struct weft_ip ip = address_of(who);
    uint8_t byte = 0;
    struct weft_pkt *pkt = bench_pkt(n->b->s, &byte, 1);
    const struct neigh *found = neigh_resolve(n->ifp, &ip, pkt);

    if (found)
        pkt_release(pkt);
    assert_int_equal(found != NULL, model_send(&n->row[who], n->b->now, is_ipv6(who)));
}

/* What the network says: of ARP a claim or an answer, of ND an advertisement or a question. */
static void both_hear(struct net *n, unsigned who, bool some)
{
    struct weft_ip ip = address_of(who);
    uint8_t last = (uint8_t)(1 + rng_below(&n->rng, 2)), mac[6] = {2, 0, 0, 0, 0, last};
    struct neigh_advert a = {rng_below(&n->rng, 2), rng_below(&n->rng, 2), rng_below(&n->rng, 2)};

    if (!is_ipv6(who)) {
        neigh_learn(n->ifp, &ip, mac, some, !some);
        model_learn(&n->row[who], n->b->now, last, some);
    } else if (some) {
        bool named = rng_below(&n->rng, 4);

        neigh_advertised(n->ifp, &ip, named ? mac : NULL, a);
        model_advertised(&n->row[who], n->b->now, named ? last : 0, a);
    } else {
        neigh_heard(n->ifp, &ip, mac);
        model_heard(&n->row[who], n->b->now, last);
    }
}

static void both_hint(struct net *n, unsigned who, bool good)
{
    struct weft_ip ip = address_of(who);

    neigh_hint(n->ifp, &ip, good);
    model_hint(&n->row[who], n->b->now, good);
}

static void both_pass(struct net *n, weft_time by)
{
    bench_pass(n->b, by);
    model_pass(n, n->b->now);
}

static void compare(struct net *n)
{
    for (unsigned i = 0; i < STATIONS; i++) {
        struct weft_ip ip = address_of(i);
        const struct neigh *e = neigh_find(n->ifp, &ip);
        const struct row *m = &n->row[i];

        assert_int_equal(e != NULL, m->known);
        if (!e)
            continue;
        assert_int_equal(e->state, m->state);
        assert_int_equal(e->queue.count, m->waiting);
        assert_int_equal(e->router, m->router);
        if (has_mac(m))
            assert_int_equal(e->mac[5], m->mac);
    }
    assert_memory_equal(&by_table, &by_model, sizeof by_table);
}

/* R4861-7.3 R4861-7.2.5 */
static void it_goes_as_the_tables_of_the_rfc_say(void **state)
{
    static struct net n;
    unsigned seen[NEIGH_FIXED] = {0};

    (void)state;
    n.b = bench_new();
    n.b->config.max_neighbours = 2 * STATIONS;
    bench_open_with(n.b, &parts);
    n.ifp = bench_if(n.b->s, "eth0", WEFT_LINK_ETHERNET, 1500);
    rng_seed(&n.rng, 4861);
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        unsigned who = (unsigned)rng_below(&n.rng, STATIONS);

        switch (rng_below(&n.rng, 16)) {
        case 0: case 1: both_hear(&n, who, true); break;
        case 2: both_hear(&n, who, false); break;
        case 3: both_hint(&n, who, rng_below(&n.rng, 3)); break;
        case 4: case 5: case 6: both_pass(&n, rng_below(&n.rng, 2 * WEFT_S)); break;
        case 7: both_pass(&n, rng_chance(&n.rng, 100000) ? rng_below(&n.rng, 60 * WEFT_S) : WEFT_S); break;
        default: both_send(&n, who); break;
        }
        compare(&n);
        if (n.row[who].known)
            seen[n.row[who].state]++;
    }
    for (unsigned i = 0; i < NEIGH_FIXED; i++)
        assert_true(seen[i] > OPERATIONS / 1000); /* nothing was left out */
    bench_close(n.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_goes_as_the_tables_of_the_rfc_say)};

    return cmocka_run_group_tests_name("neigh_model", tests, NULL, NULL);
}
