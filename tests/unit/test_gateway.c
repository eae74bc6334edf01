/* SPDX-License-Identifier: MIT */
/* The choice among default gateways (src/core/gateway.c), with a link below that only counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core_bench.h"
#include "core/neigh.h"

#define FIRST    0x0a090001u /* 10.9.0.1, the better one */
#define SECOND   0x0a090003u
#define THIRD    0x0a090004u
#define STRANGER 0x0a070001u

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0xa};
static unsigned asked; /* requests for FIRST */

static void solicit(weft_if *ifp, const struct neigh *n, bool unicast)
{
    (void)ifp, (void)unicast;
    asked += ip_to_v4(&n->ip) == FIRST;
}

static void transmit(weft_if *ifp, const struct neigh *n, struct weft_pkt *pkt)
{
    (void)ifp, (void)n;
    pkt_release(pkt);
}

static void unreachable(weft_if *ifp, struct weft_pkt *pkt)
{
    (void)ifp;
    pkt_drop(pkt, WEFT_DROP_neigh_unreachable);
}

static const struct neigh_ops ops = {.solicit = solicit, .transmit = transmit, .unreachable = unreachable};

static const struct assembly parts = {
    .link = {&link_ethernet, &link_ip, &link_loopback},
    .neigh = &ops,
    .network = {&bench_v4},
    .ip_init = bench_network_init,
    .ip_fini = bench_network_fini,
};

struct net {
    struct core_bench *b;
    weft_if *ifp;
};

static void add(struct net *n, uint32_t gateway, uint32_t metric)
{
    struct weft_route r = {.dst = weft_ipv4(0), .gateway = weft_ipv4(gateway), .metric = metric};

    assert_int_equal(weft_route_add(n->b->s, &r), 0);
}

/* eth0 is 10.9.0.2/24; FIRST is the default gateway, SECOND the next best. */
static int setup(void **state)
{
    struct net *n = malloc(sizeof *n);

    n->b = bench_new();
    bench_open_with(n->b, &parts);
    n->ifp = bench_if(n->b->s, "eth0", WEFT_LINK_ETHERNET, 1500);
    bench_address(n->ifp, 0x0a090002, 24);
    add(n, FIRST, 1);
    add(n, SECOND, 2);
    asked = 0;
    *state = n;
    return 0;
}

static int teardown(void **state)
{
    struct net *n = *state;

    bench_close(n->b);
    free(n);
    return 0;
}

static uint32_t hop(struct net *n, uint32_t dst)
{
    struct weft_ip to = weft_ipv4(dst);
    struct ip_path path = {0};
    struct weft_route told;

    assert_int_equal(route_lookup(n->b->s, &to, &path), 0);
    assert_int_equal(weft_route_get(n->b->s, &to, &told), 0);
    if (ip_to_v4(&told.gateway) != 0)
        assert_int_equal(ip_to_v4(&told.gateway), ip_to_v4(&path.next_hop));
    return ip_to_v4(&path.next_hop);
}

static void send(struct net *n, uint32_t neighbour)
{
    struct weft_ip ip = weft_ipv4(neighbour);
    struct weft_pkt *p = bench_pkt(n->b->s, "x", 1);

    weft_clock(n->b->s, n->b->now);
    if (neigh_resolve(n->ifp, &ip, p))
        pkt_release(p);
}

static void answers(struct net *n, uint32_t neighbour)
{
    struct weft_ip ip = weft_ipv4(neighbour);

    weft_clock(n->b->s, n->b->now);
    neigh_learn(n->ifp, &ip, mac, true, true);
}

/* It is sent to, and nobody answers. */
static void dies(struct net *n, uint32_t neighbour)
{
    send(n, neighbour);
    bench_pass(n->b, NEIGH_TRIES * WEFT_S);
    send(n, neighbour); /* dropped at once */
}

/* ---- the choice ---- */

static void gateway_that_does_not_answer_is_left(void **state) /* R1122-3.3.1.4 */
{
    struct net *n = *state;
    uint32_t generation;

    assert_int_equal(hop(n, STRANGER), FIRST);
    generation = n->b->s->routes.generation;
    dies(n, FIRST);
    assert_int_not_equal(n->b->s->routes.generation, generation); /* whoever keeps a path looks again */
    assert_int_equal(hop(n, STRANGER), SECOND);
    assert_int_equal(hop(n, FIRST), FIRST); /* as a neighbour it is where it was */
}

static void doubt_of_upper_layers_ends_there_too(void **state) /* R1122-3.3.1.4 */
{
    struct net *n = *state;
    struct weft_ip first = weft_ipv4(FIRST);

    send(n, FIRST);
    answers(n, FIRST);
    assert_int_equal(hop(n, STRANGER), FIRST);
    weft_clock(n->b->s, n->b->now);
    neigh_hint(n->ifp, &first, false);
    assert_int_equal(hop(n, STRANGER), FIRST); /* only asked so far */
    bench_pass(n->b, (1 + 2 * NEIGH_TRIES) * WEFT_S); /* one question a second, and there was one just now */
    assert_int_equal(hop(n, STRANGER), SECOND);
}

static void gateway_that_answers_again_is_taken_again(void **state) /* R1122-3.3.1.4 */
{
    struct net *n = *state;

    dies(n, FIRST);
    assert_int_equal(hop(n, STRANGER), SECOND);
    answers(n, FIRST);
    assert_int_equal(hop(n, STRANGER), FIRST);
}

static void dead_gateway_is_asked_every_20_seconds_while_it_is_wanted(void **state)
{
    struct net *n = *state;
    unsigned before;

    dies(n, FIRST);
    before = asked;
    for (unsigned second = 0; second < 100; second++) {
        assert_int_equal(hop(n, STRANGER), SECOND); /* and nobody waits for it */
        bench_pass(n->b, WEFT_S);
    }
    assert_in_range(asked - before, 2, 5);
    answers(n, FIRST);
    assert_int_equal(hop(n, STRANGER), FIRST);
}

static void dead_gateway_that_nobody_wants_is_forgotten_in_silence(void **state)
{
    struct net *n = *state;
    unsigned before;

    dies(n, FIRST);
    before = asked;
    bench_pass(n->b, 100 * WEFT_S);
    assert_int_equal(asked, before);
    assert_int_equal(weft_deadline(n->b->s), WEFT_NEVER);
    assert_int_equal(hop(n, STRANGER), FIRST);
}

static void looking_for_it_does_not_bring_it_to_life(void **state)
{
    struct net *n = *state;

    dies(n, FIRST);
    bench_pass(n->b, 2 * WEFT_S);
    send(n, FIRST); /* somebody pings the gateway itself: INCOMPLETE once more */
    assert_int_equal(hop(n, STRANGER), SECOND);
    bench_pass(n->b, NEIGH_TRIES * WEFT_S);
    assert_int_equal(hop(n, STRANGER), SECOND);
}

static void of_dead_ones_the_best_is_taken(void **state)
{
    struct net *n = *state;

    add(n, THIRD, 3);
    dies(n, FIRST);
    dies(n, SECOND);
    assert_int_equal(hop(n, STRANGER), THIRD);
    dies(n, THIRD);
    assert_int_equal(hop(n, STRANGER), FIRST);
    answers(n, SECOND);
    assert_int_equal(hop(n, STRANGER), SECOND);
}

static void only_gateway_is_kept_and_changes_nothing(void **state)
{
    struct net *n = *state;
    struct weft_route second = {.dst = weft_ipv4(0), .gateway = weft_ipv4(SECOND)};
    uint32_t generation;

    assert_int_equal(weft_route_del(n->b->s, &second), 0);
    generation = n->b->s->routes.generation;
    dies(n, FIRST);
    assert_int_equal(hop(n, STRANGER), FIRST);
    dies(n, THIRD); /* no gateway at all */
    assert_int_equal(n->b->s->routes.generation, generation);
    bench_pass(n->b, 60 * WEFT_S);
    assert_int_equal(weft_deadline(n->b->s), WEFT_NEVER);
}

/* The same by one interface alone, which is what WEFT_SO_BINDTOIFINDEX asks for. */
static void of_one_interface_too_the_dead_one_is_left(void **state) /* R1122-3.3.1.4 */
{
    struct net *n = *state;
    weft_if *other = bench_if(n->b->s, "eth1", WEFT_LINK_ETHERNET, 1500);
    struct weft_route by = {.dst = weft_ipv4(0), .gateway = weft_ipv4(0x0a050001), .if_name = "eth1"};
    struct weft_ip to = weft_ipv4(STRANGER);
    struct ip_path path = {0};

    bench_address(other, 0x0a050002, 24);
    assert_int_equal(weft_route_add(n->b->s, &by), 0); /* better than both */
    assert_int_equal(route_lookup_by(n->b->s, &to, n->ifp, &path), 0);
    assert_int_equal(ip_to_v4(&path.next_hop), FIRST);
    dies(n, FIRST);
    assert_int_equal(route_lookup_by(n->b->s, &to, n->ifp, &path), 0);
    assert_int_equal(ip_to_v4(&path.next_hop), SECOND);
    dies(n, SECOND); /* none is left there: the better one is tried, and not the other interface's */
    assert_int_equal(route_lookup_by(n->b->s, &to, n->ifp, &path), 0);
    assert_int_equal(ip_to_v4(&path.next_hop), FIRST);
    assert_ptr_equal(path.ifp, n->ifp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gateway_that_does_not_answer_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(doubt_of_upper_layers_ends_there_too, setup, teardown),
        cmocka_unit_test_setup_teardown(gateway_that_answers_again_is_taken_again, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_gateway_is_asked_every_20_seconds_while_it_is_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_gateway_that_nobody_wants_is_forgotten_in_silence, setup, teardown),
        cmocka_unit_test_setup_teardown(looking_for_it_does_not_bring_it_to_life, setup, teardown),
        cmocka_unit_test_setup_teardown(of_dead_ones_the_best_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(of_one_interface_too_the_dead_one_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(only_gateway_is_kept_and_changes_nothing, setup, teardown),
    };

    return cmocka_run_group_tests_name("gateway", tests, NULL, NULL);
}
