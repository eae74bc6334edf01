/* SPDX-License-Identifier: MIT */
/* The script language: what its parser understands, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "script.h"
#include "weft/sock.h"

static struct script script;
static char why[512];

static void parse(const char *text)
{
    if (!script_parse(&script, "t.pkt", text, strlen(text), why, sizeof(why)))
        fail_msg("%s", why);
}

static int teardown(void **state)
{
    (void)state;
    if (script.arena)
        script_free(&script);
    return 0;
}

static void refused(const char *text, const char *reason)
{
    if (script_parse(&script, "t.pkt", text, strlen(text), why, sizeof(why)))
        fail_msg("\"%s\" was accepted", text);
    if (!strstr(why, reason))
        fail_msg("\"%s\": expected \"%s\", got \"%s\"", text, reason, why);
}

static void times_are_absolute_relative_ranges_or_any(void **state)
{
    static const struct {
        const char *text;
        struct when when;
    } row[] = {
        {"0", {false, false, false, 0, 0}},
        {"0.100", {false, false, false, 100000000, 100000000}},
        {"+.1", {false, true, false, 100000000, 100000000}},
        {"+0", {false, true, false, 0, 0}},
        {"+1.5~+2", {false, true, false, 1500000000, 2000000000}},
        {"1~2", {false, false, false, 1000000000, 2000000000}},
        {"*", {true, false, false, 0, 0}},
        {"+.000000001", {false, true, false, 1, 1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char text[64];

        snprintf(text, sizeof(text), "%s > . 1:1(0) ack 1", row[i].text);
        parse(text);
        assert_int_equal(script.n_events, 1);
        assert_int_equal(script.events[0].when.any, row[i].when.any);
        assert_int_equal(script.events[0].when.relative, row[i].when.relative);
        assert_int_equal(script.events[0].when.lo, row[i].when.lo);
        assert_int_equal(script.events[0].when.hi, row[i].when.hi);
        script_free(&script);
    }
}

static void blocking_calls_have_a_begin_and_an_end(void **state)
{
    (void)state;
    parse("0.1...0.3 accept(3, ..., ...) = 4\n+0...0.2 read(4, ..., 100) = 5");
    assert_true(script.events[0].when.blocking);
    assert_int_equal(script.events[0].when.lo, 100000000);
    assert_int_equal(script.events[0].when.hi, 300000000);
    assert_true(script.events[1].when.relative);
    assert_int_equal(script.events[1].when.hi, 200000000);
}

static void calls_keep_name_arguments_and_result(void **state)
{
    const struct call *c;

    (void)state;
    parse("0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3\n"
          "+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)\n"
          "+0 fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)\n"
          "+0 close(3) = ?\n");
    assert_int_equal(script.n_events, 4);
    c = &script.events[0].call;
    assert_string_equal(c->name, "socket");
    assert_int_equal(c->n_args, 3);
    assert_int_equal(c->arg[0].kind, VALUE_ELLIPSIS);
    assert_int_equal(c->arg[1].number, 1 | 04000);
    assert_int_equal(c->result, 3);
    assert_int_equal(script.events[1].call.error, 115);
    assert_int_equal(script.events[2].call.result, 2);
    assert_true(script.events[3].call.any_result);
}

static void structures_and_lists_nest(void **state)
{
    const struct value *v;

    (void)state;
    parse("0 sendto(3, ..., 10, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr(\"10.0.0.1\")}, ...) = 10\n"
          "0 poll([{fd=3, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1");
    v = &script.events[0].call.arg[4];
    assert_int_equal(v->kind, VALUE_STRUCT);
    assert_string_equal(v->items[1].field, "sin_port");
    assert_int_equal(v->items[1].number, 53);
    assert_string_equal(v->items[2].text, "10.0.0.1");
    v = &script.events[1].call.arg[0];
    assert_int_equal(v->kind, VALUE_LIST);
    assert_int_equal(v->items[0].items[1].number, 5);
}

/* What was parsed and printed is the same text: parser and printer agree on every field. */
static void packets_print_as_they_are_written(void **state)
{
    static const char *const row[] = {
        "> S 0:0(0) win 65535 <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 5>",
        "> S. 0:0(0) ack 1 <...>",
        "< . 1:1001(1000) ack 1 win 257",
        "< FP. 1:11(10) ack 4294967295 win 0 urg 3",
        "< - 1:1(0)",
        "> R 5:5(0)",
        "< . 1:1(0) ack 1 win 10 <nop,nop,sack 1:2 3:4,eol>",
        "< SEW 0:0(0) win 1 <hex c8070102030405>",
        "> . 1:1(0) ack 1 <nop,nop,TS val * ecr 7>",
        "< @2 . 1:1(0) ack 1 win 5",
        "< udp (100)",
        "> icmp unreachable port_unreachable",
        "< icmp echo_request id 7 seq 9 (56)",
        "> icmp type 200 code 3",
        "< [src 10.0.0.1,ttl 1,ce,frag 0-8] udp (8)",
        "> SEWA 0:0(0) <mss 1460,FO>",
        "< S 0:0(0) win 1 <FO 0123456789abcdef,FOEXP *,nop>",
        "> S. 0:0(0) ack 1 <FO *,FOEXP 01020304>",
        "> [flowlabel 0x12345] . 1:1(0) ack 1 <nop,nop,TS val 5 ecr *>",
        "< [src 2001:db8::1,dst fe80::1] . 1:1(0) ack 1",
        "> [absolute] R 5:5(0)",
        "> [ect01] . 1:11(10) ack 1",
        "< udplite (100)",
        "> udplite (100, 8)",
        "< ipv4 10.0.0.1 > 10.0.0.2: . 1:1(0) ack 1 win 5",
        "> ipv6 fd00::1 > fd00::: [ttl 1] udp (8)",
        "< ipv4 10.0.0.1 > 10.0.0.2: gre flags 0x0: S 0:0(0) win 1",
        "< ipv4 10.0.0.1 > 10.0.0.2: gre flags 0xb000, proto 0x800, sum 0x1, off 2, key 3, seq 4: S 0:0(0) win 1",
        "< ipv4 10.0.0.1 > 10.0.0.2: mpls (label 0, tc 0, ttl 0) (label 1048575, tc 7, [S], ttl 255): udp (8)",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char text[256], event[300];

        snprintf(event, sizeof(event), "0 %s", row[i]);
        parse(event);
        assert_int_equal(script.n_events, 1);
        packet_text(&script.events[0].packet, row[i][0] == '>', text, sizeof(text));
        assert_string_equal(text, row[i]);
        script_free(&script);
    }
}

static void icmp_quotes_stand_before_or_after(void **state)
{
    (void)state;
    parse("0 < [1:1001(1000)] icmp unreachable frag_needed mtu 1200\n"
          "0 < icmp unreachable host_unreachable [5:6(1)]\n"
          "0 < [udp (4)] icmp unreachable port_unreachable");
    assert_int_equal(script.events[0].packet.quote_seq, 1);
    assert_int_equal(script.events[0].packet.mtu, 1200);
    assert_int_equal(script.events[1].packet.quote_len, 1);
    assert_int_equal(script.events[2].packet.quote_proto, PACKET_UDP);
}

static void comparison_names_what_differs(void **state)
{
    static const struct {
        const char *expected, *sent, *what;
    } row[] = {
        {"> . 1:1(0) ack 1", "> . 1:1(0) ack 2", "ack"},
        {"> . 1:1(0) ack 1", "> P. 1:1(0) ack 1", "flags"},
        {"> . 1:1(0) ack 1", "> . 2:2(0) ack 1", "sequence number"},
        {"> . 1:2(1) ack 1", "> . 1:3(2) ack 1", "length"},
        {"> . 1:1(0) ack 1 win 5", "> . 1:1(0) ack 1 win 6", "window"},
        {"> . 1:1(0) ack 1", "> . 1:1(0) ack 1 <nop>", "options"},
        {"> S 0:0(0) <mss 1>", "> S 0:0(0) <mss 2>", "options"},
        {"> udp (1)", "> udp (2)", "length"},
        {"> udp (1)", "> . 1:1(0) ack 1", "protocol"},
        {"> [ttl 7] udp (1)", "> [ttl 8] udp (1)", "ttl"},
        {"> . 1:1(0) ack 1 win 5 <nop>", "> . 2:2(0) ack 2 win 6", "sequence number, ack, window and options"},
        {"> icmp echo_reply id 1 seq 1 (8)", "> icmp echo_reply id 1 seq 2 (8)", "ICMP message"},
        {"> icmp unreachable frag_needed mtu 5", "> icmp unreachable frag_needed mtu 6", "ICMP message"},
        {"> S 0:0(0) <FO *>", "> S 0:0(0) <FO>", "options"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char text[256], what[128];

        snprintf(text, sizeof(text), "0 %s\n0 %s", row[i].expected, row[i].sent);
        parse(text);
        assert_string_equal(
            packet_differs(&script.events[0].packet, &script.events[1].packet, what, sizeof(what)), row[i].what);
        assert_null(packet_differs(&script.events[1].packet, &script.events[1].packet, what, sizeof(what)));
        script_free(&script);
    }
}

static void what_is_not_written_is_not_compared(void **state)
{
    static const char *const row[][2] = {
        {"S. 0:0(0) ack 1 <...>", "S. 0:0(0) ack 1 win 9 <mss 5>"},
        {". 1:1(0) ack 1 <TS val * ecr *>", ". 1:1(0) ack 1 win 9 <TS val 7 ecr 8>"},
        {"S. 0:0(0) ack 1 <FO *>", "S. 0:0(0) ack 1 <FO 01020304>"},
        {"icmp unreachable frag_needed", "icmp unreachable frag_needed mtu 100"},
    };
    char text[256], what[128];

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        snprintf(text, sizeof(text), "0 > %s\n0 > %s", row[i][0], row[i][1]);
        parse(text);
        assert_null(packet_differs(&script.events[0].packet, &script.events[1].packet, what, sizeof(what)));
        script_free(&script);
    }
}

/* Below the packet sent stands a ^ under every character of what differs, and where something is missing. */
static void marks_stand_below_what_differs(void **state)
{
    static const struct {
        const char *expected, *sent, *marks;
    } row[] = {
        {"> P. 1:11(10) ack 2", "> P. 1:11(10) ack 1 win 5", "              ^^^ ^"},
        {"> . 1:1(0) ack 1", "> P. 2:2(0) ack 1", "  ^^ ^^^"},
        {"> . 1:1(0) ack 1 <nop>", "> . 1:1(0) ack 1", "                 ^"},
        {"> udp (1)", "> . 1:1(0) ack 1", "  ^ ^^^^^^ ^^^ ^"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char text[256], marks[256];
        const struct packet *sent;

        snprintf(text, sizeof(text), "0 %s\n0 %s", row[i].expected, row[i].sent);
        parse(text);
        sent = &script.events[1].packet;
        packet_marks(sent, true, packet_difference(&script.events[0].packet, sent), marks, sizeof(marks));
        assert_string_equal(marks, row[i].marks);
        script_free(&script);
    }
}

static void icmp_names_depend_on_the_family(void **state)
{
    (void)state;
    parse("0 < icmp unreachable port_unreachable [1:2(1)]");
    assert_int_equal(script.events[0].packet.type, 3);
    assert_int_equal(script.events[0].packet.code, 3);
    script_free(&script);
    parse("--ip_version=ipv6\n0 < icmp unreachable port_unreachable [1:2(1)]\n"
          "0 < [1:2(1)] icmp packet_too_big mtu 1280");
    assert_int_equal(script.events[0].packet.type, 1);
    assert_int_equal(script.events[0].packet.code, 4);
    assert_int_equal(script.events[1].packet.type, 2);
    assert_int_equal(script.events[1].packet.mtu, 1280);
    script_free(&script);
    refused("0 < icmp packet_too_big mtu 1280 [1:2(1)]", "unknown ICMP message");
}

static void brackets_parentheses_and_ports_stand_in_front(void **state)
{
    const struct packet *p;

    (void)state;
    parse("0 < (ect0, ttl 5) 40000 > 8080 P.5 1:2(1) ack 1 win 9");
    p = &script.events[0].packet;
    assert_int_equal(p->ecn, 2);
    assert_int_equal(p->ttl, 5);
    assert_int_equal(p->sport, 40000);
    assert_int_equal(p->dport, 8080);
    assert_int_equal(p->flags, TCP_P | TCP_A | TCP_AE | TCP_E);
}

static void messages_nest(void **state)
{
    const struct value *m, *control;

    (void)state;
    parse("0 recvmsg(4, {msg_name(...)=..., msg_iov(2)=[{..., 10}, {..., 20}], msg_flags=MSG_TRUNC, "
          "msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=5}]}, 0) = 30");
    m = &script.events[0].call.arg[1];
    assert_string_equal(m->items[1].field, "msg_iov");
    assert_int_equal(value_field(m, "msg_iov", 9)->n_items, 2);
    assert_int_equal(value_field(m, "msg_iov", 9)->items[1].items[1].number, 20);
    assert_int_equal(value_field(m, "msg_flags", 9)->number, WEFT_MSG_TRUNC);
    control = &value_field(m, "msg_control", 9)->items[0];
    assert_int_equal(value_field(control, "cmsg_data", 9)->number, 5);
    script_free(&script);
    parse("0 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_addr=inet_pton(AF_INET6, \"::1\", &sin6_addr)}, "
          "...) = 0");
    assert_string_equal(value_field(&script.events[0].call.arg[1], "sin6_addr", 9)->text, "::1");
}

static void options_are_obeyed_ignored_or_refused(void **state)
{
    (void)state;
    parse("--ip_version=ipv6\n--mtu=1520 --local_ip=2001:db8::2\n--send_omit_free\n--netmask_ip=255.255.255.0\n"
          "--define=ONE=1 --define=LEVEL=SOL_TCP\n--tolerance_percent=10\n--connect_port=99\n--code_format=python\n"
          "0 setsockopt(3, LEVEL, ONE, [1], 4) = 0");
    assert_int_equal(script.config.version, IP_V6);
    assert_int_equal(script.config.mtu, 1520);
    assert_int_equal(script.config.local.b[15], 2);
    assert_int_equal(script.config.remote.b[0], 0xfd);
    assert_int_equal(script.config.prefix, 24);
    assert_int_equal(script.config.connect_port, 99);
    assert_int_equal(script.config.tolerance_percent, 10);
    assert_int_equal(script.events[0].call.arg[1].number, WEFT_SOL_TCP);
    assert_int_equal(script.events[0].call.arg[2].number, 1);
    script_free(&script);
    refused("--any_ip", "its own addresses");
    refused("--speed=5", "no speed");
    refused("--ip_version=ipv5", "ipv4, ipv6");
    refused("--wire_client", "in memory");
    refused("0 close(3) = 0\n--mtu=9", "before the first event");
}

static void options_from_outside_hold_against_the_scripts(void **state)
{
    const char *text = "--mtu=1500\n--local_ip=10.0.0.1\n0 < icmp unreachable no_route [1:2(1)]";

    (void)state;
    if (!script_parse_with(&script, "--ip_version=ipv6\n--local_ip=2001:db8::7\n--mtu=1400", "t.pkt", text, strlen(text),
                           why, sizeof(why)))
        fail_msg("%s", why);
    assert_int_equal(script.config.mtu, 1400);
    assert_int_equal(script.config.local.b[15], 7);
    assert_int_equal(script.events[0].packet.type, 1);
    script_free(&script);
    assert_false(script_parse_with(&script, "--what", "t.pkt", text, strlen(text), why, sizeof(why)));
    assert_non_null(strstr(why, "--what"));
}

static void code_and_settings_are_events(void **state)
{
    (void)state;
    parse("0 close(3) = 0\n+1 `sysctl -q net.ipv4.tcp_sack=0 net.ipv4.tcp_timestamps=1`\n+0 %{\n  assert a }\n}%\n"
          "`sysctl -w net.ipv4.tcp_sack='1'`");
    assert_int_equal(script.n_events, 5);
    assert_int_equal(script.events[1].kind, EVENT_SETTING);
    assert_int_equal(script.events[1].when.lo, WEFT_S);
    assert_string_equal(script.events[1].setting.name, "net.ipv4.tcp_sack");
    assert_string_equal(script.events[2].setting.value, "1");
    assert_int_equal(script.events[2].when.lo, 0);
    assert_int_equal(script.events[3].kind, EVENT_CODE);
    assert_int_equal(script.events[3].line, 3);
    assert_string_equal(script.events[3].code, "\n  assert a }\n");
    assert_string_equal(script.events[4].setting.value, "1");
}

/* All that is more than plain settings is for /bin/sh, as it stands. */
static void other_commands_are_events(void **state)
{
    static const char *const row[] = {"tc qdisc add", "sysctl net.ipv4.tcp_sack", "sysctl -q a.b=$X",
                                      "./set 'x y'; true\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char text[64];

        snprintf(text, sizeof(text), "`%s`\n+1 close(3) = 0", row[i]);
        parse(text);
        assert_int_equal(script.n_events, 2);
        assert_int_equal(script.events[0].kind, EVENT_SHELL);
        assert_true(script.events[0].when.relative);
        assert_string_equal(script.events[0].code, row[i]);
        script_free(&script);
    }
    script.arena = NULL;
}

/* packetdrill's grammar has them; what they hold is not looked at. */
static void strings_may_be_repeated_and_results_noted(void **state)
{
    (void)state;
    parse("0 write(4, \"abc\"..., 100) = 100\n@1 write(4, \"a\", 1) = -1 EPIPE (Broken pipe)\n"
          "+0 close(4) = 0 (a note)");
    assert_int_equal(script.n_events, 3);
    assert_int_equal(script.events[0].call.n_args, 3);
    assert_string_equal(script.events[0].call.arg[1].text, "abc");
    assert_false(script.events[1].when.relative);
    assert_int_equal(script.events[1].when.lo, WEFT_S);
}

static void own_events_are_understood(void **state)
{
    (void)state;
    parse("0 state 4 ESTABLISHED\n0 state SYN_RECEIVED\n0 state @2 TIME-WAIT\n0 drop tcp_paws\n0 quiet 10\n0 idle\n"
          "0 hold\n0 release\n0 count tcp_out_rsts 3\n");
    assert_int_equal(script.n_events, 9);
    assert_int_equal(script.events[0].fd, 4);
    assert_int_equal(script.events[0].number, WEFT_TCP_ESTABLISHED);
    assert_int_equal(script.events[1].fd, -1);
    assert_int_equal(script.events[1].number, WEFT_TCP_SYN_RECEIVED);
    assert_int_equal(script.events[2].flow, 2);
    assert_int_equal(script.events[3].number, WEFT_DROP_tcp_paws);
    assert_int_equal(script.events[4].amount, 10 * WEFT_S);
    assert_int_equal(script.events[8].amount, 3);
}

static void settings_change_the_stack(void **state)
{
    struct weft_ip local = weft_ipv4(0x0a010203);

    (void)state;
    parse("--tolerance_usecs=4000\nconfig tcp.msl=1.5\nconfig mtu=576\nconfig local=10.1.2.3/24\n"
          "0 `sysctl -q net.ipv4.tcp_timestamps=0 net.ipv4.tcp_syn_retries=2\n"
          "sysctl net.ipv4.ip_local_port_range=\"5000  6000\"`\n"
          "0 close(3) = 0");
    assert_int_equal(script.config.tolerance, 4000 * WEFT_US);
    assert_int_equal(script.config.stack.tcp.msl, 1500 * WEFT_MS);
    assert_int_equal(script.config.mtu, 576);
    assert_memory_equal(&script.config.local, &local, sizeof(local));
    assert_int_equal(script.config.prefix, 24);
    assert_false(script.config.stack.tcp.timestamps);
    assert_int_equal(script.config.stack.tcp.syn_retries, 2);
    assert_int_equal(script.config.stack.port_max, 6000);
    assert_int_equal(script.n_events, 1);
}

static void comments_and_line_ends_do_not_matter(void **state)
{
    (void)state;
    parse("// one\n/* two\n three */ 0 /* x */ >\n . 1:1(0)\n ack 1 # end\n+0 close(3) = 0 // last");
    assert_int_equal(script.n_events, 2);
    assert_int_equal(script.events[0].line, 3);
    assert_int_equal(script.events[1].line, 6);
}

static void nonsense_is_refused_with_its_line(void **state)
{
    (void)state;
    refused("0 > . 1:1001(999) ack 1", "does not add up");
    refused("0 > . 1:1(0)", "go together");
    refused("0 > S 0:0(0) ack 1", "go together");
    refused("\n\n0 > Q 0:0(0)", "t.pkt:3");
    refused("0 %{ print", "missing");
    refused("0 < ipv4 10.0.0.1 > fd00::1: . 1:1(0) ack 1", "of that version");
    refused("0 < ipv6 10.0.0.1 > 10.0.0.2: . 1:1(0) ack 1", "of that version");
    refused("0 < ipv4 10.0.0 > 10.0.0.2: . 1:1(0) ack 1", "is no address");
    refused("0 > gre: . 1:1(0) ack 1", "outermost header is ipv4 or ipv6");
    refused("0 < ipv4 10.0.0.1 > 10.0.0.2: gre routing: . 1:1(0) ack 1", "a GRE header has");
    refused("0 < ipv4 10.0.0.1 > 10.0.0.2: mpls (label 1048576, tc 0, ttl 1): . 1:1(0) ack 1", "between 0 and");
    refused("0 < ipv4 10.0.0.1 > 10.0.0.2: gre: gre: gre: gre: . 1:1(0) ack 1", "more than 4 headers");
    refused("0 < udplite (8, 17)", "between 0 and 16");
    refused("0 < sctp: INIT", "no sctp");
    refused("0 < [ect01] . 1:1(0) ack 1", "outbound only");
    refused("0 < . 1:1(0) ack 1 <TS val * ecr 1>", "outbound only");
    refused("0 < . 1:1(0) ack 1 <md5>", "not computed");
    refused("0 f([[[[[[[[[[1]]]]]]]]]]) = 0", "too deep");
    refused("0 `sysctl net.ipv4.tcp_tw_recycle=1`", "is not there");
    refused("0 `sysctl net.ipv4.tcp_sack=7`", "does not take");
    refused("0~1 `tc qdisc add`", "vague times");
    refused("0 `tc qdisc add", "missing");
    refused("0 `sysctl net.ipv4.tcp_nothing=1`", "net.ipv4.tcp_nothing");
    refused("0 socket(..., SOCK_WHAT, 0) = 3", "SOCK_WHAT");
    refused("0 read(3, ..., 1) = -1 EWHAT", "EWHAT");
    refused("0 state 4 DREAMING", "DREAMING");
    refused("0 drop because", "because");
    refused("config tcp.nothing=1", "tcp.nothing");
    refused("0 close(3) = 0\nconfig mtu=1500", "before the first event");
    refused("0.2~0.1 > . 1:1(0) ack 1", "ends before");
    refused("0~1 close(3) = 0", "vague");
    refused("0...1 > . 1:1(0) ack 1", "takes time");
    refused("* close(3) = 0", "vague");
    refused("--what=3", "--what");
    refused("0 > . 1:1(0) ack 99999999999", "between");
    refused("0 /* no end", "missing");
    refused("0 close(", "expected");
    refused("0", "expected");
    refused("0 < . 1:1(0) ack 1 <...>", "outbound only");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(times_are_absolute_relative_ranges_or_any, teardown),
        cmocka_unit_test_teardown(blocking_calls_have_a_begin_and_an_end, teardown),
        cmocka_unit_test_teardown(calls_keep_name_arguments_and_result, teardown),
        cmocka_unit_test_teardown(structures_and_lists_nest, teardown),
        cmocka_unit_test_teardown(packets_print_as_they_are_written, teardown),
        cmocka_unit_test_teardown(icmp_quotes_stand_before_or_after, teardown),
        cmocka_unit_test_teardown(comparison_names_what_differs, teardown),
        cmocka_unit_test_teardown(what_is_not_written_is_not_compared, teardown),
        cmocka_unit_test_teardown(code_and_settings_are_events, teardown),
        cmocka_unit_test_teardown(options_from_outside_hold_against_the_scripts, teardown),
        cmocka_unit_test_teardown(options_are_obeyed_ignored_or_refused, teardown),
        cmocka_unit_test_teardown(messages_nest, teardown),
        cmocka_unit_test_teardown(brackets_parentheses_and_ports_stand_in_front, teardown),
        cmocka_unit_test_teardown(icmp_names_depend_on_the_family, teardown),
        cmocka_unit_test_teardown(marks_stand_below_what_differs, teardown),
        cmocka_unit_test_teardown(other_commands_are_events, teardown),
        cmocka_unit_test_teardown(strings_may_be_repeated_and_results_noted, teardown),
        cmocka_unit_test_teardown(own_events_are_understood, teardown),
        cmocka_unit_test_teardown(settings_change_the_stack, teardown),
        cmocka_unit_test_teardown(comments_and_line_ends_do_not_matter, teardown),
        cmocka_unit_test_teardown(nonsense_is_refused_with_its_line, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
