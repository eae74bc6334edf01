/* SPDX-License-Identifier: MIT */
/* netstat's lines (src/cmd/netstat_format.c): the originals' columns and words. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/netstat_format.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_netstats_columns),
        cmocka_unit_test(a_listeners_backlog_is_not_a_send_queue),
        cmocka_unit_test(the_state_is_the_word_before_the_last),
        cmocka_unit_test(ports_have_names_only_when_asked),
        cmocka_unit_test(masks_follow_the_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
