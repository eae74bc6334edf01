/* SPDX-License-Identifier: MIT */
/* netstat's lines (src/cmd/netstat_format.c): the originals' columns and words. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/cmd.h"
#include "cmd/netstat_format.h"
#include "host_pair.h"

static struct netstat_row row(enum weft_proto proto, enum weft_tcp_state state, uint16_t port, uint16_t remote_port)
{
    struct netstat_row r = {.item = {.proto = proto, .state = state}, .label = "412/echo"};

    r.item.local = (struct weft_addr){remote_port ? weft_ipv4(0x0a090002) : weft_ipv4(0), port};
    r.item.remote = (struct weft_addr){remote_port ? weft_ipv4(0x0a090001) : weft_ipv4(0), remote_port};
    return r;
}

static void lines_have_netstats_columns(void **state)
{
    struct netstat_row r = row(WEFT_TCP, WEFT_TCP_ESTABLISHED, 7, 34012);
    char line[256];

    r.item.recv_q = 12;
    r.item.send_q = 1048576;
    netstat_line(line, sizeof line, &r, true, true);
    assert_string_equal(line, "tcp       12 1048576 "
                              "10.9.0.2:7              10.9.0.1:34012          ESTABLISHED 412/echo");
    r = row(WEFT_UDP, WEFT_TCP_CLOSED, 13, 0);
    netstat_line(line, sizeof line, &r, true, true);
    assert_string_equal(line, "udp        0      0 "
                              "0.0.0.0:13              0.0.0.0:*                           412/echo");
    netstat_line(line, sizeof line, &r, true, false);
    assert_null(strstr(line, "412"));
}

static void a_listeners_backlog_is_not_a_send_queue(void **state)
{
    struct netstat_row r = row(WEFT_TCP, WEFT_TCP_LISTEN, 7, 0);
    char line[256];

    r.item.recv_q = 3;
    r.item.send_q = 128;
    netstat_line(line, sizeof line, &r, true, true);
    assert_string_equal(line, "tcp        3      0 "
                              "0.0.0.0:7               0.0.0.0:*               LISTEN      412/echo");
}

/* So that awk '{++S[$(NF-1)]}' counts states. */
static void the_state_is_the_word_before_the_last(void **state)
{
    static const char *const words[WEFT_TCP_STATE_COUNT] = {
        "CLOSE",     "LISTEN",    "SYN_SENT",   "SYN_RECV", "ESTABLISHED", "FIN_WAIT1",
        "FIN_WAIT2", "CLOSE_WAIT", "CLOSING",   "LAST_ACK", "TIME_WAIT"};
    int i;

    for (i = 0; i < WEFT_TCP_STATE_COUNT; i++) {
        struct netstat_row r = row(WEFT_TCP, (enum weft_tcp_state)i, 7, i == WEFT_TCP_LISTEN ? 0 : 34012);
        char line[256], *last, *before;

        netstat_line(line, sizeof line, &r, true, true);
        last = strrchr(line, ' ');
        while (last > line && last[-1] == ' ')
            last--;
        *last = '\0';
        before = strrchr(line, ' ');
        assert_string_equal(before + 1, words[i]);
    }
}

static void ports_have_names_only_when_asked(void **state)
{
    const struct weft_addr addr = {weft_ipv4(0x0a090002), 61234}; /* no service has this one */
    const struct weft_addr any = {{{0}}, 0};
    char text[96];

    netstat_address(text, sizeof text, &addr, WEFT_TCP, true);
    assert_string_equal(text, "10.9.0.2:61234");
    netstat_address(text, sizeof text, &addr, WEFT_TCP, false);
    assert_string_equal(text, "10.9.0.2:61234");
    netstat_address(text, sizeof text, &any, WEFT_UDP, true);
    assert_string_equal(text, ":::*");
}

static void masks_follow_the_prefix(void **state)
{
    static const struct {
        unsigned prefix;
        const char *text;
    } rows[] = {{0, "0.0.0.0"}, {1, "128.0.0.0"}, {24, "255.255.255.0"}, {31, "255.255.255.254"},
                {32, "255.255.255.255"}};
    char text[WEFT_IP_TEXT];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        netstat_mask(text, sizeof text, rows[i].prefix);
        assert_string_equal(text, rows[i].text);
    }
}

/* ---- netstat -m, of a host that has a connection ---- */

/* What `weft netstat -m` prints on this host; to be freed. */
static char *memory_of(weft_host *host, bool json)
{
    char name[] = "netstat", option[] = "-m", *argv[] = {name, option, NULL}, *out = NULL, *err = NULL;
    size_t out_n, err_n;
    struct cmd_ctx ctx = {.cmd = &cmd_netstat, .argc = 2, .argv = argv, .hangup = -1};

    ctx.out = open_memstream(&out, &out_n);
    ctx.err = open_memstream(&err, &err_n);
    assert_int_equal(args_parse(&ctx), CMD_GO_ON);
    ctx.host = host;
    ctx.where.json = json;
    assert_int_equal(cmd_netstat.run(&ctx), 0);
    args_free(&ctx);
    fclose(ctx.out);
    fclose(ctx.err);
    assert_string_equal(err, "");
    free(err);
    return out;
}

static int at_work(void **state)
{
    struct pair *p;
    int door;

    assert_int_equal(pair_setup(state), 0);
    p = *state;
    door = tcp_listener(p->b, 7);
    tcp_connected(p->a, ADDRESS(2), 7);
    assert_true(weft_host_accept(p->b, door, NULL, PATIENCE) >= 0);
    udp_bound(p->b, 9);
    return 0;
}

/* "       12288            - look-up tables": two columns of twelve, and a name. */
static size_t owners_line(const char *line, size_t *cap, const char **name)
{
    char *end;
    size_t live = strtoul(line, &end, 10);

    assert_int_equal(end - line, 4 + 12);
    *cap = strtoul(end, NULL, 10);
    assert_int_equal(end[0], ' ');
    assert_true(*cap || end[12] == '-');
    assert_int_equal(end[13], ' ');
    *name = end + 14;
    return live;
}

/* Each owner has a line, none has more than he may, and together with what is idle they make what there is in all. */
static void memory_has_a_line_for_each_owner_and_a_sum(void **state)
{
    struct pair *p = *state;
    char *text = memory_of(p->b, false), *rest = text, *line;
    size_t sum = 0, total = 0, cap, live, owners = 0, idle = 0;
    const char *name;

    assert_string_equal(strtok_r(rest, "\n", &rest), "Memory (bytes)");
    assert_string_equal(strtok_r(NULL, "\n", &rest), "             now      at most");
    while ((line = strtok_r(NULL, "\n", &rest)) && !strstr(line, " in all")) {
        live = owners_line(line, &cap, &name);
        assert_true(cap == 0 || live <= cap);
        sum += live;
        idle += strncmp(name, "idle: ", 6) == 0;
        owners++;
        if (strcmp(name, "connections") == 0 || strcmp(name, "UDP endpoints") == 0)
            assert_true(live > 0);
    }
    assert_non_null(line);
    assert_int_equal(idle, 1);
    assert_true(owners > 10);
    total = strtoul(line, NULL, 10);
    assert_int_equal(sum, total);
    line = strtok_r(NULL, "\n", &rest);
    assert_non_null(strstr(line, " the most until now"));
    assert_true(strtoul(line, NULL, 10) >= total);
    assert_null(strtok_r(NULL, "\n", &rest));
    free(text);
}

/* The number behind a key of the JSON, which must be there. */
static size_t json_value(const char *text, const char *key)
{
    char quoted[64];
    const char *at;

    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    at = strstr(text, quoted);
    assert_non_null(at);
    return strtoul(at + strlen(quoted), NULL, 10);
}

static void memory_as_json_has_the_same_sum(void **state)
{
    struct pair *p = *state;
    char *text = memory_of(p->b, true), *at, *end;
    size_t sum = json_value(text, "memory_idle");

    at = strstr(text, "\"memory\":");
    assert_non_null(at);
    end = strchr(at, '}');
    assert_non_null(end);
    for (at = strchr(at, '{'); at && at < end; at = strchr(at, ',')) {
        at = strchr(at, ':') + 1;
        sum += strtoul(at, NULL, 10);
    }
    assert_int_equal(sum, json_value(text, "memory_total"));
    assert_true(json_value(text, "memory_peak") >= json_value(text, "memory_total"));
    assert_non_null(strstr(end, "\"memory_caps\":"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_netstats_columns),
        cmocka_unit_test(a_listeners_backlog_is_not_a_send_queue),
        cmocka_unit_test(the_state_is_the_word_before_the_last),
        cmocka_unit_test(ports_have_names_only_when_asked),
        cmocka_unit_test(masks_follow_the_prefix),
        cmocka_unit_test_setup_teardown(memory_has_a_line_for_each_owner_and_a_sum, at_work, pair_teardown),
        cmocka_unit_test_setup_teardown(memory_as_json_has_the_same_sum, at_work, pair_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
