/* SPDX-License-Identifier: MIT */
/* ss: its filters, and the spelling of its lines (src/cmd/ss_filter.c, ss_format.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/ss_filter.h"
#include "cmd/ss_format.h"

/* Reads a filter whose words are divided by spaces. */
static bool parse(struct ss_filter *f, const char *text, char why[200])
{
    const char *word[1] = {text};

    why[0] = '\0';
    return ss_filter_parse(f, word, 1, why, 200);
}

static struct weft_listing socket_of(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port)
{
    return (struct weft_listing){
        .proto = WEFT_TCP,
        .state = WEFT_TCP_ESTABLISHED,
        .local = {weft_ipv4(local), local_port},
        .remote = {weft_ipv4(remote), remote_port},
    };
}

/* Of 10.9.0.2:80 with 10.9.0.1:40000. */
static void conditions_mean_what_they_say(void **state)
{
    static const struct {
        const char *filter;
        bool matches;
    } rows[] = {
        {"", true},
        {"sport = :80", true},
        {"sport=80", true},
        {"sport :80", true},
        {"sport = :http", true},
        {"sport != :80", false},
        {"sport ne :80", false},
        {"dport > :1024", true},
        {"dport gt 40000", false},
        {"dport >= :40000", true},
        {"dport < 40000", false},
        {"dport <= 40000", true},
        {"dport le 39999", false},
        {"dst 10.9.0.1", true},
        {"dst 10.9.0.2", false},
        {"dst = 10.9.0.1:40000", true},
        {"dst 10.9.0.1:40001", false},
        {"dst != 10.9.0.1", false},
        {"dst 10.9.0.0/24", true},
        {"dst 10.9.1.0/24", false},
        {"dst 10.8.0.0/15", true},
        {"dst 10.10.0.0/15", false},
        {"dst 0.0.0.0/0", true},
        {"src *:80", true},
        {"src :81", false},
        {"src [::ffff:10.9.0.2]:80", true},
        {"not sport = :80", false},
        {"! sport = :81", true},
        {"not not sport = :80", true},
        {"sport = :80 dport = :40000", true},
        {"sport = :80 and dport = :1", false},
        {"sport = :1 or dport = :40000", true},
        {"sport = :1 or dport = :40000 and src 1.2.3.4", false}, /* and binds closer */
        {"( sport = :1 or dport = :40000 ) and src 10.9.0.2", true},
        {"(sport=:80)and(dport=:40000)", true},
        {"not ( sport = :80 and dport = :1 )", true},
        {"state established sport = :80", true},
        {"state time-wait sport = :80", true}, /* the states are not its business */
    };
    struct weft_listing item = socket_of(0x0a090002, 80, 0x0a090001, 40000);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ss_filter f;
        char why[200];

        if (!parse(&f, rows[i].filter, why))
            fail_msg("%s: %s", rows[i].filter, why);
        if (ss_filter_matches(&f, &item) != rows[i].matches)
            fail_msg("'%s' is not %s", rows[i].filter, rows[i].matches ? "true" : "false");
    }
}

#define BIT(name) (1u << WEFT_TCP_##name)

static void states_add_up(void **state)
{
    static const struct {
        const char *filter;
        unsigned states;
    } rows[] = {
        {"sport = :1", 0},
        {"state established", BIT(ESTABLISHED)},
        {"state established state close-wait", BIT(ESTABLISHED) | BIT(CLOSE_WAIT)},
        {"state bucket", BIT(SYN_RECEIVED) | BIT(TIME_WAIT)},
        {"state connected exclude established",
         ((1u << WEFT_TCP_STATE_COUNT) - 1) & ~(BIT(CLOSED) | BIT(LISTEN) | BIT(ESTABLISHED))},
        {"exclude time-wait", ((1u << WEFT_TCP_STATE_COUNT) - 1) & ~BIT(TIME_WAIT)},
        {"state all", (1u << WEFT_TCP_STATE_COUNT) - 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ss_filter f;
        char why[200];

        assert_true(parse(&f, rows[i].filter, why));
        assert_int_equal(f.states, rows[i].states);
    }
}

static void what_is_not_understood_is_said(void **state)
{
    static const struct {
        const char *filter, *says;
    } rows[] = {
        {"state foo", "no such state: 'foo'"},
        {"state", "no such state: ''"},
        {"dst 10.9", "no such address: '10.9'"},
        {"dst 10.9.0.1/33", "no such address"},
        {"dst", "no such address"},
        {"dst > 1.2.3.4", "addresses have no order"},
        {"sport = :99999", "no such port: ':99999'"},
        {"sport", "no such port: ''"},
        {"dev eth0", "not understood: 'dev'"},
        {"( sport = :1", "expected ) at ''"},
        {"sport = :1 )", "not understood: ')'"},
        {"sport = :1 or", "not understood: ''"},
        {"((((((((((((((((((((((((((((((((((((((((sport = :1", "too deep"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ss_filter f;
        char why[200];

        assert_false(parse(&f, rows[i].filter, why));
        if (!strstr(why, rows[i].says))
            fail_msg("'%s' says: %s", rows[i].filter, why);
    }
}

static void a_filter_has_a_bound(void **state)
{
    const char *word[80];
    struct ss_filter f;
    char why[200];

    (void)state;
    for (size_t i = 0; i < 80; i++)
        word[i] = "sport=1";
    assert_true(ss_filter_parse(&f, word, 30, why, sizeof why));
    assert_false(ss_filter_parse(&f, word, 80, why, sizeof why));
    assert_non_null(strstr(why, "too many conditions"));
}

/* ---- lines ---- */

static void what_is_left_of_a_timer_reads_as_in_ss(void **state)
{
    static const struct {
        weft_time left;
        const char *text;
    } rows[] = {
        {0, "0sec"},
        {200 * WEFT_MS, "200ms"},
        {5 * WEFT_MS, "005ms"},
        {WEFT_S, "1sec"},
        {1204 * WEFT_MS, "1.204ms"},
        {9999 * WEFT_MS, "9.999ms"},
        {10500 * WEFT_MS, "10sec"},
        {59 * WEFT_S, "59sec"},
        {60 * WEFT_S, "1min"},
        {119 * WEFT_S + 500 * WEFT_MS, "1min59sec"},
        {7200 * WEFT_S, "120min"},
        {605 * WEFT_S, "10min"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[48];

        ss_timer_text(text, sizeof text, rows[i].left);
        assert_string_equal(text, rows[i].text);
    }
}

static void a_timer_is_told_with_its_kind_and_tries(void **state)
{
    struct weft_listing item = {.timer = WEFT_TIMER_ON, .timer_at = 5 * WEFT_S, .timer_tries = 3};
    char text[64];

    (void)state;
    ss_timer(text, sizeof text, &item, 5 * WEFT_S - 200 * WEFT_MS);
    assert_string_equal(text, "timer:(on,200ms,3)");
    ss_timer(text, sizeof text, &item, 9 * WEFT_S);
    assert_string_equal(text, "timer:(on,0sec,3)");
    item.timer = WEFT_TIMER_OFF;
    ss_timer(text, sizeof text, &item, 0);
    assert_string_equal(text, "");
}

static const char *info_line(const struct weft_tcp_info *info, const char *cc)
{
    static char text[2000];
    FILE *f = fmemopen(text, sizeof text, "w");

    ss_info(f, info, cc);
    fclose(f);
    return text;
}

/* The order and spelling of iproute2 6.1: what `ss -ti` would print of the same struct tcp_info. */
static void a_connection_reads_as_in_ss(void **state)
{
    static const struct weft_tcp_info info = {
        .tcpi_state = WEFT_TCPI_ESTABLISHED,
        .tcpi_options = WEFT_TCPI_OPT_TIMESTAMPS | WEFT_TCPI_OPT_SACK | WEFT_TCPI_OPT_WSCALE | WEFT_TCPI_OPT_ECN,
        .tcpi_snd_wscale = 7,
        .tcpi_rcv_wscale = 8,
        .tcpi_backoff = 2,
        .tcpi_rto = 204000,
        .tcpi_rtt = 1500,
        .tcpi_rttvar = 750,
        .tcpi_ato = 40000,
        .tcpi_snd_mss = 1448,
        .tcpi_pmtu = 1500,
        .tcpi_rcv_mss = 536,
        .tcpi_advmss = 1448,
        .tcpi_snd_cwnd = 10,
        .tcpi_snd_ssthresh = 7,
        .tcpi_bytes_sent = 5000,
        .tcpi_bytes_retrans = 1448,
        .tcpi_bytes_acked = 4001,
        .tcpi_bytes_received = 300,
        .tcpi_segs_out = 12,
        .tcpi_segs_in = 11,
        .tcpi_data_segs_out = 9,
        .tcpi_data_segs_in = 3,
        .tcpi_last_data_sent = 160,
        .tcpi_last_data_recv = 60,
        .tcpi_last_ack_recv = 50,
        .tcpi_pacing_rate = 125000,
        .tcpi_max_pacing_rate = UINT64_MAX,
        .tcpi_delivery_rate = 250000,
        .tcpi_delivered = 8,
        .tcpi_delivery_rate_app_limited = 1,
        .tcpi_busy_time = 40000,
        .tcpi_rwnd_limited = 10000,
        .tcpi_unacked = 4,
        .tcpi_retrans = 1,
        .tcpi_total_retrans = 2,
        .tcpi_lost = 1,
        .tcpi_sacked = 2,
        .tcpi_dsack_dups = 1,
        .tcpi_reordering = 5,
        .tcpi_rcv_rtt = 21,
        .tcpi_rcv_space = 14600,
        .tcpi_notsent_bytes = 100,
        .tcpi_min_rtt = 900,
        .tcpi_snd_wnd = 65536,
    };

    (void)state;
    assert_string_equal(
        info_line(&info, "cubic"),
        " ts sack ecn cubic wscale:7,8 rto:204 backoff:2 rtt:1.5/0.75 ato:40 mss:1448 pmtu:1500 rcvmss:536 advmss:1448"
        " cwnd:10 ssthresh:7 bytes_sent:5000 bytes_retrans:1448 bytes_acked:4001 bytes_received:300 segs_out:12"
        " segs_in:11 data_segs_out:9 data_segs_in:3 send 77226667bps lastsnd:160 lastrcv:60 lastack:50"
        " pacing_rate 1000000bps delivery_rate 2000000bps delivered:8 app_limited busy:40ms"
        " rwnd_limited:10ms(25.0%) unacked:4 retrans:1/2 lost:1 sacked:2 dsack_dups:1 reordering:5 rcv_rtt:0.021"
        " rcv_space:14600 notsent:100 minrtt:0.9 snd_wnd:65536");
}

static void a_listener_has_little_to_tell(void **state)
{
    struct weft_tcp_info info = {.tcpi_state = WEFT_TCPI_LISTEN, .tcpi_snd_cwnd = 10, .tcpi_rto = 1000000,
                                 .tcpi_unacked = 3, .tcpi_sacked = 128, .tcpi_pacing_rate = UINT64_MAX};

    (void)state;
    assert_string_equal(info_line(&info, "cubic"), " cubic cwnd:10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_mean_what_they_say),
        cmocka_unit_test(states_add_up),
        cmocka_unit_test(what_is_not_understood_is_said),
        cmocka_unit_test(a_filter_has_a_bound),
        cmocka_unit_test(what_is_left_of_a_timer_reads_as_in_ss),
        cmocka_unit_test(a_timer_is_told_with_its_kind_and_tries),
        cmocka_unit_test(a_connection_reads_as_in_ss),
        cmocka_unit_test(a_listener_has_little_to_tell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
