/* SPDX-License-Identifier: MIT */
/* Tunables: the table, text to fields and back, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/base.h"
#include "weft/sysctl.h"

static const char *get(const struct weft_config *k, const char *name)
{
    static char text[WEFT_SYSCTL_TEXT];

    assert_int_equal(weft_config_get(k, name, text, sizeof(text)), 0);
    return text;
}

static void the_table_is_in_order_and_whole(void **state)
{
    struct weft_sysctl row, last = {.name = ""}, same;

    (void)state;
    for (size_t i = 0; weft_sysctl_info(i, &row); i++) {
        assert_true(strcmp(last.name, row.name) < 0);
        assert_true(weft_sysctl_find(row.name, &same));
        assert_ptr_equal(same.name, row.name);
        assert_true(row.gone ? strlen(row.gone) > 20 : strlen(row.text) > 10 && strlen(row.source) > 2);
        assert_true(row.min <= row.max);
        last = row;
    }
    assert_string_equal(last.name, "net.weft.tcp_statistics");
}

/* Every number in its range comes back as it was given, whatever its unit. */
static void what_is_set_is_read_back(void **state)
{
    struct weft_sysctl row;

    (void)state;
    for (size_t i = 0; weft_sysctl_info(i, &row); i++) {
        struct weft_config k;
        char before[WEFT_SYSCTL_TEXT];

        if (row.gone || row.read_only || row.values != 1)
            continue;
        if (strcmp(row.name, "net.ipv4.tcp_early_retrans") == 0)
            row.max = 3; /* 4 is the same to us */
        weft_config_default(&k);
        assert_int_equal(weft_config_get(&k, row.name, before, sizeof(before)), 0);
        for (int end = 0; end < 2; end++) {
            char text[32];

            snprintf(text, sizeof(text), "%llu", (unsigned long long)(end ? row.max : row.min));
            if (weft_config_set(&k, row.name, text) == 0) /* else at odds with another */
                assert_string_equal(get(&k, row.name), text);
        }
        assert_int_equal(weft_config_set(&k, row.name, before), 0);
        assert_string_equal(get(&k, row.name), before);
    }
}

static void values_have_the_units_of_linux(void **state)
{
    static const struct {
        const char *name, *initial;
    } rows[] = {
        {"net.ipv4.tcp_fin_timeout", "60"},         {"net.ipv4.tcp_keepalive_time", "7200"},
        {"net.ipv4.tcp_keepalive_intvl", "75"},     {"net.ipv4.tcp_keepalive_probes", "9"},
        {"net.ipv4.tcp_syn_retries", "6"},          {"net.ipv4.tcp_synack_retries", "5"},
        {"net.ipv4.tcp_retries1", "3"},             {"net.ipv4.tcp_retries2", "15"},
        {"net.ipv4.tcp_rto_min_us", "200000"},      {"net.ipv4.tcp_rto_max_ms", "120000"},
        {"net.ipv4.tcp_timestamps", "1"},           {"net.ipv4.tcp_sack", "1"},
        {"net.ipv4.tcp_window_scaling", "1"},       {"net.ipv4.tcp_max_tw_buckets", "262144"},
        {"net.ipv4.ip_local_port_range", "32768\t60999"},
        {"net.ipv4.tcp_congestion_control", "cubic"},
        {"net.ipv4.tcp_available_congestion_control", "cubic reno"},
        {"net.ipv4.tcp_frto", "2"},                 {"net.ipv4.tcp_early_retrans", "3"},
        {"net.ipv4.tcp_recovery", "1"},             {"net.ipv4.tcp_reordering", "3"},
        {"net.ipv4.tcp_ecn", "2"},                  {"net.ipv4.tcp_slow_start_after_idle", "1"},
        {"net.ipv4.icmp_ratemask", "6168"},          {"net.ipv4.ip_default_ttl", "64"},
        {"net.core.somaxconn", "4096"},             {"net.ipv4.tcp_syncookies", "1"},
        {"net.ipv4.tcp_rmem", "4096\t131072\t6291456"},
        {"net.ipv4.tcp_wmem", "4096\t16384\t4194304"},
    };
    struct weft_config k;

    (void)state;
    weft_config_default(&k);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(get(&k, rows[i].name), rows[i].initial);
}

static void bad_values_change_nothing(void **state)
{
    static const struct {
        const char *name, *value;
        int err;
    } rows[] = {
        {"net.ipv4.tcp_sack", "2", WEFT_EINVAL},
        {"net.ipv4.tcp_sack", "", WEFT_EINVAL},
        {"net.ipv4.tcp_sack", "yes", WEFT_EINVAL},
        {"net.ipv4.tcp_sack", "1 1", WEFT_EINVAL},
        {"net.ipv4.tcp_sack", "1x", WEFT_EINVAL},
        {"net.ipv4.tcp_sack", "-1", WEFT_EINVAL},
        {"net.ipv4.tcp_syn_retries", "128", WEFT_EINVAL},
        {"net.ipv4.tcp_syn_retries", "99999999999999999999999", WEFT_EINVAL},
        {"net.ipv4.ip_local_port_range", "2000", WEFT_EINVAL},
        {"net.ipv4.ip_local_port_range", "2000 1000", WEFT_EINVAL},
        {"net.ipv4.ip_local_port_range", "0 1000", WEFT_EINVAL},
        {"net.ipv4.tcp_rto_min_us", "0", WEFT_EINVAL},
        {"net.ipv4.tcp_nonsense", "1", WEFT_ENOENT},
        {"tcp_sack", "1", WEFT_ENOENT},
        {"net.ipv4.tcp_tw_recycle", "1", WEFT_EOPNOTSUPP},
        {"net.ipv4.route.redirect_load", "1", WEFT_EOPNOTSUPP},
        {"net.ipv6.icmp.ratemask", "0-1,3-127", WEFT_EOPNOTSUPP},
        {"net.ipv4.ip_default_ttl", "0", WEFT_EINVAL},
        {"net.ipv4.ip_default_ttl", "256", WEFT_EINVAL},
        {"net.ipv6.conf.all.hop_limit", "256", WEFT_EINVAL},
        {"net.ipv4.tcp_congestion_control", "vegas", WEFT_EINVAL},
        {"net.ipv4.tcp_congestion_control", "", WEFT_EINVAL},
        {"net.ipv4.tcp_congestion_control", "cubi", WEFT_EINVAL},
        {"net.ipv4.tcp_congestion_control", "cubic2", WEFT_EINVAL},
        {"net.ipv4.tcp_congestion_control", "cubic reno", WEFT_EINVAL},
        {"net.ipv4.tcp_available_congestion_control", "cubic", WEFT_EACCES},
    };
    struct weft_config k, before;

    (void)state;
    memset(&before, 0, sizeof(before)); /* the padding too */
    weft_config_default(&before);
    k = before;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(weft_config_set(&k, rows[i].name, rows[i].value), rows[i].err);
        assert_memory_equal(&k, &before, sizeof(k));
    }
}

static void what_is_gone_says_why(void **state)
{
    struct weft_sysctl row;
    char text[WEFT_SYSCTL_TEXT];
    struct weft_config k;

    (void)state;
    weft_config_default(&k);
    assert_true(weft_sysctl_find("net.ipv4.tcp_tw_recycle", &row));
    assert_non_null(strstr(row.gone, "shared address"));
    assert_int_equal(weft_config_get(&k, "net.ipv4.tcp_tw_recycle", text, sizeof(text)), WEFT_EOPNOTSUPP);
    assert_int_equal(weft_config_get(&k, "net.ipv4.tcp_nonsense", text, sizeof(text)), WEFT_ENOENT);
}

static void names_may_have_slashes_and_values_any_space(void **state)
{
    struct weft_config k;

    (void)state;
    weft_config_default(&k);
    assert_int_equal(weft_config_set(&k, "net/ipv4/ip_local_port_range", "  1024 \t 2048\n"), 0);
    assert_int_equal(k.port_min, 1024);
    assert_int_equal(k.port_max, 2048);
}

static void a_switch_may_have_more_than_two_numbers(void **state)
{
    static const struct {
        const char *name, *value, *then;
    } rows[] = {
        {"net.ipv4.tcp_early_retrans", "4", "3"}, {"net.ipv4.tcp_early_retrans", "2", "0"},
        {"net.ipv4.tcp_frto", "1", "2"},          {"net.ipv4.tcp_frto", "0", "0"},
        {"net.ipv4.tcp_congestion_control", " reno\n", "reno"},
    };
    struct weft_config k;

    (void)state;
    weft_config_default(&k);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(weft_config_set(&k, rows[i].name, rows[i].value), 0);
        assert_string_equal(get(&k, rows[i].name), rows[i].then);
    }
    assert_false(k.tcp.tail_loss_probe);
    assert_false(k.tcp.frto);
}

static void a_profile_is_known_by_its_name(void **state)
{
    static const char *const names[] = {"linux", "rfc", "bsd"};
    struct weft_config k, before;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(weft_config_profile(&k, names[i]), 0);
    memset(&k, 0x55, sizeof(k));
    before = k;
    assert_int_equal(weft_config_profile(&k, "solaris"), WEFT_EINVAL);
    assert_int_equal(weft_config_profile(&k, "linux "), WEFT_EINVAL);
    assert_memory_equal(&k, &before, sizeof(k));
    assert_int_equal(weft_config_profile(&k, "rfc"), 0);
    assert_int_equal(k.tcp.msl, 120 * WEFT_S);
    assert_int_equal(k.tcp.rto_min, WEFT_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_in_order_and_whole),
        cmocka_unit_test(what_is_set_is_read_back),
        cmocka_unit_test(values_have_the_units_of_linux),
        cmocka_unit_test(bad_values_change_nothing),
        cmocka_unit_test(what_is_gone_says_why),
        cmocka_unit_test(names_may_have_slashes_and_values_any_space),
        cmocka_unit_test(a_switch_may_have_more_than_two_numbers),
        cmocka_unit_test(a_profile_is_known_by_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
