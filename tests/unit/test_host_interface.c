/* SPDX-License-Identifier: MIT */
/* What a host makes of text: names, interfaces, addresses, routes; every refusal is one line that names the culprit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host_pair.h"

static void only_plain_names_are_names(void **state)
{
    static const char *const bad[] = {
        "", ".", "..", ".hidden", "a/b", "a b", "a\n", "ä",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl", /* 64 */
    };
    char why[200];
    weft_host *h;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why[0] = '\0';
        assert_null(weft_host_new(&(struct weft_host_config){.name = bad[i]}, why, sizeof(why)));
        assert_non_null(strstr(why, "no name for a host"));
    }
    h = weft_host_new(&(struct weft_host_config){.name = "bar-1.x_Y"}, why, sizeof(why));
    assert_non_null(h);
    assert_string_equal(weft_host_name(h), "bar-1.x_Y");
    weft_host_free(h);
}

static void a_bad_stack_configuration_is_refused(void **state)
{
    struct weft_config config;
    char why[200] = "";

    (void)state;
    weft_config_default(&config);
    config.port_min = 2;
    config.port_max = 1;
    assert_null(weft_host_new(&(struct weft_host_config){.stack = &config}, why, sizeof(why)));
    assert_string_equal(why, "no stack: a value of the configuration is out of range");
}

static void wrong_interfaces_are_refused_in_one_line(void **state)
{
    static const struct {
        const char *spec, *address, *says;
    } rows[] = {
        {"", NULL, "'' is no interface: tap:NAME, tun:NAME or packet:NAME"},
        {"eth0", NULL, "'eth0' is no interface: tap:NAME, tun:NAME or packet:NAME"},
        {"tap", NULL, "'tap' is no interface: tap:NAME, tun:NAME or packet:NAME"},
        {"tap:x", "", "'' is no address with a prefix length, such as 10.9.0.2/24 or 2001:db8::2/64"},
        {"tap:x", "10.9.0.2", "'10.9.0.2' is no address with a prefix length, such as 10.9.0.2/24 or 2001:db8::2/64"},
        {"tap:x", "10.9.0.2/", "'10.9.0.2/' is no address with a prefix length, such as 10.9.0.2/24 or 2001:db8::2/64"},
        {"tap:x", "10.9.0.2/33", "'10.9.0.2/33' is no address with a prefix length, such as 10.9.0.2/24 or 2001:db8::2/64"},
        {"tap:x", "10.9.0.2/-1", "'10.9.0.2/-1' is no address with a prefix length, such as 10.9.0.2/24 or 2001:db8::2/64"},
        {"tap:x", "rarp/33", "'rarp/33' is no address with a prefix length, such as 10.9.0.2/24 or 2001:db8::2/64"},
        {"tap:x", "rarp/", "'rarp/' is no address with a prefix length, such as 10.9.0.2/24 or 2001:db8::2/64"},
        {"tap:x", "rarp,", "'' is no address with a prefix length, such as 10.9.0.2/24 or 2001:db8::2/64"},
        {"tap:x", "10.9.0/24", "'10.9.0/24' is no address with a prefix length, such as 10.9.0.2/24 or 2001:db8::2/64"},
    };
    weft_host *h = host_make(NULL, NULL);
    char why[200];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        why[0] = '\0';
        assert_int_equal(weft_host_add_if(h, rows[i].spec, rows[i].address, why, sizeof(why)), -1);
        assert_string_equal(why, rows[i].says);
    }
    weft_host_free(h);
}

static void an_address_that_no_host_may_have_is_refused(void **state)
{
    weft_host *h = host_make(NULL, NULL);
    char why[200] = "";
    weft_driver *refused[2], *first[2], *second[2]; /* an end whose other end is gone dies, and its interface with it */

    (void)state;
    assert_true(weft_pair_open(refused) && weft_pair_open(first) && weft_pair_open(second));
    assert_int_equal(weft_host_add_driver(h, refused[0], "224.0.0.1/24", why, sizeof(why)), -1);
    assert_non_null(strstr(why, "224.0.0.1/24 cannot be the address of pair0"));
    assert_int_equal(weft_host_add_driver(h, first[1], "10.0.0.1/24", why, sizeof(why)), 0);
    assert_int_equal(weft_host_add_driver(h, second[1], "10.0.1.1/24", why, sizeof(why)), -1);
    assert_string_equal(why, "there is an interface named pair1 already");
    assert_int_equal(weft_host_add_driver(h, first[0], NULL, why, sizeof(why)), 0);
    refused[1]->ops->close(refused[1]);
    second[0]->ops->close(second[0]);
    weft_host_free(h);
}

static void wrong_routes_are_refused_in_one_line(void **state)
{
    static const char *const bad[] = {
        "", "default", "10.8.0.0/16", "default via", "default via x", "default by 10.0.0.9",
        "default via 10.0.0.9 metric x", "10.8.0.0 via 10.0.0.9", "10.8.0.0/16 via 10.0.0.9 extra",
        "default via 0.0.0.0",
    };
    struct pair *p = *state;
    char why[300];
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why[0] = '\0';
        assert_int_equal(weft_host_add_route(p->a, bad[i], why, sizeof(why)), -1);
        assert_non_null(strstr(why, "is no route, such as"));
    }
    assert_int_equal(weft_host_add_route(p->a, "default dev wt9", why, sizeof(why)), -1);
    assert_string_equal(why, "route 'default dev wt9': there is no interface wt9");
    assert_int_equal(weft_host_add_route(p->a, "default via 10.77.0.1", why, sizeof(why)), -1);
    assert_string_equal(why, "route 'default via 10.77.0.1': the gateway is on no network of ours");
}

static void routes_are_what_the_text_said(void **state)
{
    struct pair *p = *state;
    struct weft_route r;
    char why[200], text[WEFT_IP_TEXT];
    unsigned seen = 0;
    size_t i;

    assert_int_equal(weft_host_add_route(p->a, "default via 10.0.0.9 metric 5", why, sizeof(why)), 0);
    assert_int_equal(weft_host_add_route(p->a, "10.8.0.0/16  dev pair0", why, sizeof(why)), 0);
    assert_int_equal(weft_host_add_route(p->a, "10.7.0.0/16 via 10.0.0.7 dev pair0", why, sizeof(why)), 0);
    for (i = 0; weft_route_info(weft_host_lock(p->a), i, &r); i++) {
        weft_host_unlock(p->a);
        weft_ip_text(&r.gateway, text, sizeof(text));
        if (r.prefix == 0) {
            assert_string_equal(text, "10.0.0.9");
            assert_string_equal(r.if_name, "pair0");
            assert_int_equal(r.metric, 5);
            seen |= 1;
        } else if (r.dst.b[13] == 8) {
            assert_int_equal(r.prefix, 16);
            assert_string_equal(r.if_name, "pair0");
            seen |= 2;
        } else if (r.dst.b[13] == 7) {
            assert_string_equal(text, "10.0.0.7");
            seen |= 4;
        }
    }
    weft_host_unlock(p->a);
    assert_int_equal(seen, 7);
}

static void an_interface_may_have_addresses_of_both_families(void **state)
{
    struct weft_if_info info;
    weft_driver *end[2], *refused[2];
    char why[200] = "", text[WEFT_IP_TEXT];
    struct weft_ip ip;
    weft_host *h;

    (void)state;
    assert_true(weft_pair_open(end) && weft_pair_open(refused)); /* an interface goes when its peer is closed */
    h = host_make(end[0], "10.0.0.1/24,fe80::1/64,fd00::1/64");
    assert_int_equal(weft_host_add_driver(h, refused[0], "fd01::1/64,", why, sizeof(why)), -1);
    assert_string_equal(why, "'' is no address with a prefix length, such as 10.9.0.2/24 or 2001:db8::2/64");
    assert_true(weft_if_info(weft_host_lock(h), 1, &info));
    weft_host_unlock(h);
    assert_string_equal(info.name, "pair0");
    assert_int_equal(info.n_addresses, 3);
    assert_int_equal(weft_host_add_route(h, "default via fe80::9%pair0", why, sizeof(why)), 0);
    assert_int_equal(weft_host_add_route(h, "2001:db8::/32 via fe80::9", why, sizeof(why)), -1);
    assert_int_equal(weft_host_ip_parse(h, "fe80::9%pair0", &ip), 0);
    assert_int_equal(weft_ip_zone(&ip), info.index);
    assert_string_equal(weft_host_ip_text(h, &ip, text, sizeof(text)), "fe80::9%pair0");
    assert_int_equal(weft_host_ip_parse(h, "fe80::9%wt0", &ip), WEFT_EINVAL);
    assert_int_equal(weft_host_ip_parse(h, "fd00::9%pair0", &ip), WEFT_EINVAL);
    weft_host_free(h);
    end[1]->ops->close(end[1]);
    refused[1]->ops->close(refused[1]);
}

static void who_asks_for_its_address_in_vain_is_told(void **state)
{
    char why[200] = "";
    struct weft_if_info info;
    weft_driver *end[2];
    weft_host *h;

    (void)state;
    assert_true(weft_pair_open(end));
    h = host_make(end[0], "10.0.0.1/24,rarp/24");
    assert_true(weft_if_info(weft_host_lock(h), 1, &info));
    weft_host_unlock(h);
    assert_true(info.asking);
    assert_int_equal(weft_host_await_addresses(h, 20 * WEFT_MS, why, sizeof(why)), WEFT_ETIMEDOUT);
    assert_non_null(strstr(why, "nobody has told pair0 its address"));
    weft_host_free(h);
    end[1]->ops->close(end[1]);
}

#define pair_test(f) cmocka_unit_test_setup_teardown(f, pair_setup, pair_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_plain_names_are_names),
        cmocka_unit_test(a_bad_stack_configuration_is_refused),
        cmocka_unit_test(wrong_interfaces_are_refused_in_one_line),
        cmocka_unit_test(an_address_that_no_host_may_have_is_refused),
        cmocka_unit_test(an_interface_may_have_addresses_of_both_families),
        cmocka_unit_test(who_asks_for_its_address_in_vain_is_told),
        pair_test(wrong_routes_are_refused_in_one_line),
        pair_test(routes_are_what_the_text_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
