/* SPDX-License-Identifier: MIT */
/* Which source an address of IPv6 is spoken to from (RFC 6724 §5), and what a socket prefers (RFC 5014). */
#include "ip6_bench.h"
#include "weft/sock.h"

static int setup(void **state)
{
    *state = bench6_new();
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

enum kind { STABLE, DEPRECATED, TEMPORARY };

static void give(struct bench *b, const char *text, enum kind kind)
{
    struct weft_ip ip = ip6(text);

    assert_int_equal(weft_if_add_address(b->ifp, &ip, 64), 0);
    for (unsigned i = 0; i < b->ifp->n_addresses; i++) {
        struct if_address *a = &b->ifp->address[i];

        if (ip_eq(&a->ip, &ip)) {
            a->state = kind == DEPRECATED ? IF_ADDRESS_DEPRECATED : a->state;
            a->temporary = kind == TEMPORARY;
        }
    }
}

static void take_away(struct bench *b, const char *text)
{
    struct weft_ip ip = ip6(text);

    assert_int_equal(weft_if_del_address(b->ifp, &ip), 0);
}

static struct weft_ip source_for(struct bench *b, const char *dst)
{
    struct ip_path path = {.ifp = b->ifp};
    struct weft_ip to = ip6(dst), src;

    assert_int_equal(route_source(b->s, &path, &to, &src), 0);
    return src;
}

/* R6724-1: but for rule 5.5 (test_router.c), whichever of the two addresses was there first. */
static void the_better_of_two_sources_is_taken(void **state)
{
    static const struct {
        const char *dst, *better, *other;
        enum kind better_is, other_is;
    } cases[] = {
        {"2001:db8:1::1", "2001:db8:1::1", "2001:db8:1::2", DEPRECATED, STABLE},     /* 1 before 3: the same */
        {"2001:db8:1::1", "2001:db8:3::2", "2001:db8:1::2", STABLE, DEPRECATED},     /* 3 before 8 */
        {"fd00:1::1", "fd00:2::2", "2001:db8:1::2", STABLE, STABLE},                 /* 6: the same label */
        {"2002:c633:6401::1", "2002:c633:6401::2", "2001:db8:1::2", STABLE, STABLE}, /* 6 */
        {"2002:c633:6401::1", "2002:c633::2", "2001:db8:1::2", STABLE, TEMPORARY},   /* 6 before 7 */
        {"2001:db8:1::1", "2001:db8:3::2", "2001:db8:1::2", TEMPORARY, STABLE},      /* 7 before 8 */
        {"2001:db8:1::1", "2001:db8:1::2", "2001:db8:3::2", STABLE, STABLE},         /* 8: the longer common prefix */
    };
    struct bench *b = *state;
    struct weft_ip src;

    take_away(b, US6);
    for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
        size_t row = i / 2;
        struct weft_ip better = ip6(cases[row].better);

        if (i % 2)
            give(b, cases[row].better, cases[row].better_is);
        give(b, cases[row].other, cases[row].other_is);
        if (i % 2 == 0)
            give(b, cases[row].better, cases[row].better_is);
        src = source_for(b, cases[row].dst);
        assert_memory_equal(&src, &better, sizeof src);
        src = source_for(b, "ff02::5");
        assert_true(ip_is_link_local(&src)); /* 2: scope */
        take_away(b, cases[row].better);
        take_away(b, cases[row].other);
    }
}

/* From where a new socket with these preferences speaks to dst. */
static struct weft_ip source_of_one_who_prefers(struct bench *b, enum weft_proto proto, int prefer, const char *dst)
{
    int err;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, proto, &err);
    struct weft_addr to = {ip6(dst), 7}, name;

    assert_non_null(sock);
    err = weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_ADDR_PREFERENCES, &prefer, sizeof prefer);
    assert_int_equal(err, 0);
    err = weft_connect(sock, &to);
    assert_true(err == 0 || err == WEFT_EINPROGRESS);
    assert_int_equal(weft_getsockname(sock, &name), 0);
    weft_abort(sock);
    return name.ip;
}

/* RFC 5014 §4: rule 7 is the application's to reverse. */
static void who_prefers_lasting_addresses_speaks_from_them(void **state)
{
    static const enum weft_proto protos[] = {WEFT_UDP, WEFT_ICMPV6};
    struct bench *b = *state;
    struct weft_ip temporary = ip6("2001:db8:1::3"), lasting = ip6("2001:db8:1::2"), src;

    take_away(b, US6);
    give(b, "2001:db8:1::2", STABLE);
    give(b, "2001:db8:1::3", TEMPORARY);
    for (size_t i = 0; i < ARRAY_LEN(protos); i++) {
        src = source_of_one_who_prefers(b, protos[i], WEFT_PREFER_USUAL, "2001:db8:1::9");
        assert_memory_equal(&src, &temporary, sizeof src);
        src = source_of_one_who_prefers(b, protos[i], WEFT_PREFER_TEMPORARY, "2001:db8:1::9");
        assert_memory_equal(&src, &temporary, sizeof src);
        src = source_of_one_who_prefers(b, protos[i], WEFT_PREFER_PUBLIC, "2001:db8:1::9");
        assert_memory_equal(&src, &lasting, sizeof src);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_better_of_two_sources_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(who_prefers_lasting_addresses_speaks_from_them, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
