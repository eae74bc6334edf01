/* SPDX-License-Identifier: MIT */
/* Reading a subcommand's arguments (src/cmd/args.c): a mistake is one line on err and exit status 2, wherever it is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/cmd.h"

#define MAX_WORDS 24

struct result {
    int status;
    char out[8192], err[1024];
    struct cmd_ctx ctx;
    char words[400];
};

/* Reads a command line whose words are divided by single spaces; '~' stands for a space inside a word. */
static void read_line(struct result *r, const char *line)
{
    static char *argv[MAX_WORDS];
    char *save = NULL, *word, *p;
    int argc = 0;

    memset(r, 0, sizeof *r);
    snprintf(r->words, sizeof r->words, "%s", line);
    for (word = strtok_r(r->words, " ", &save); word && argc < MAX_WORDS - 1; word = strtok_r(NULL, " ", &save)) {
        for (p = word; *p; p++)
            *p = *p == '~' ? ' ' : *p;
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    r->ctx.cmd = cmd_find(argv[0]);
    assert_non_null(r->ctx.cmd);
    r->ctx.argc = argc;
    r->ctx.argv = argv;
    r->ctx.out = fmemopen(r->out, sizeof r->out, "w");
    r->ctx.err = fmemopen(r->err, sizeof r->err, "w");
    r->status = args_parse(&r->ctx);
    fclose(r->ctx.out);
    fclose(r->ctx.err);
}

static const struct {
    const char *line, *says;
} mistakes[] = {
    {"ping", "needs ADDR"},
    {"ping 10.9", "bad address '10.9'"},
    {"ping 1.2.3.4 5.6.7.8", "unexpected argument '5.6.7.8'"},
    {"ping --bad 1.2.3.4", "unknown option '--bad'"},
    {"ping -x 1.2.3.4", "unknown option '-x'"},
    {"ping 1.2.3.4 -c", "option '-c' needs a value"},
    {"ping 1.2.3.4 --count", "option '--count' needs a value"},
    {"sysctl", "give NAME or NAME=VALUE"},
    {"sysctl net.ipv4.tcp_nonsense", "no tunable 'net.ipv4.tcp_nonsense'"},
    {"sysctl net.ipv4.tcp_sack=2", "bad value '2' for net.ipv4.tcp_sack: give a number from 0 to 1"},
    {"sysctl net.ipv4.tcp_rto_max_ms=999", "give a number from 1000 to 120000 ms"},
    {"sysctl net.ipv4.ip_local_port_range=5", "give 2 numbers from 1 to 65535"},
    {"sysctl net.ipv4.tcp_tw_recycle=1", "net.ipv4.tcp_tw_recycle is not there: it judged"},
    {"sysctl net.ipv4.tcp_congestion_control=vegas", "give one of cubic reno"},
    {"sysctl net.ipv4.tcp_available_congestion_control=x", "can only be read"},
    {"sysctl =1", "bad tunable '=1'"},
    {"sysctl -a --host h --profile rfc", "--profile and --sysctl are for a host made here"},
    {"up --name h --if tun:t --profile qnx", "bad profile 'qnx': there are linux, rfc and bsd"},
    {"up --name h --if tun:t --sysctl net.ipv4.tcp_sack", "bad setting 'net.ipv4.tcp_sack'"},
    {"up --name h --if tun:t --sysctl net.ipv4.tcp_sack=x", "bad value 'x' for net.ipv4.tcp_sack"},
    {"ping 1.2.3.4 -c 0", "bad count '0'"},
    {"ping 1.2.3.4 -s 70000", "bad size '70000'"},
    {"ping 1.2.3.4 -i x", "bad interval 'x'"},
    {"ping 1.2.3.4 --if wt0", "bad interface 'wt0'"},
    {"ping 1.2.3.4 --if tap:wt0 --addr 10.9.0.2", "bad address '10.9.0.2'"},
    {"ping 1.2.3.4 --addr 10.9.0.2/24", "before any --if"},
    {"ping 1.2.3.4 --if tap:a --addr 10.9.0.2/24 --addr fd00::2/129", "bad address 'fd00::2/129'"},
    {"ping 10.9.0.1%wt0", "bad address '10.9.0.1%wt0'"},
    {"ping -4 fd00::1", "an address of IPv6"},
    {"ping -6 10.9.0.1", "an address of IPv4"},
    {"route add -host 10.8.0.0/16 gw 10.9.0.1", "that is no host"},
    {"route add -net 10.8.0.0 netmask 255.0.255.0 gw 10.9.0.1", "bad netmask '255.0.255.0'"},
    {"route -A inet5", "bad family 'inet5': there are inet and inet6"},
    {"ping -net 10.9.0.1", "unknown option '-net'"},
    {"ifconfig wt0 10.9.0.3", "an address needs its prefix"},
    {"ifconfig wt0 up netmask 255.255.255.0", "netmask follows an address of IPv4"},
    {"ifconfig wt0 10.9.0.3 netmask 255.255.255.1", "bad netmask '255.255.255.1'"},
    {"ifconfig wt0 10.9.0.3 netmask", "the last word needs a value"},
    {"ping -p xy 10.9.0.1", "bad pattern 'xy': up to 32 hexadecimal digits"},
    {"ping -p 000102030405060708090a0b0c0d0e0f10 10.9.0.1", "bad pattern"},
    {"ping -M maybe 10.9.0.1", "-M maybe: it is do, want, dont or probe"},
    {"ping -T now 10.9.0.1", "-T now: it is tsonly or tsandaddr"},
    {"ping -R fd00::1", "IPv6 has neither broadcast nor"},
    {"ping -w x 10.9.0.1", "bad time 'x'"},
    {"nc -4 fd00::1 80", "-4 and -6 exclude each other"},
    {"ping 1.2.3.4 --impair loss=1%", "before any --if"},
    {"ping 1.2.3.4 --if tap:a --impair loss=1%,dup=x", "bad impairment 'dup"},
    {"ping 1.2.3.4 --if tap:a --impair loss=1% --impair dup=1%", "tap:a has two --impair"},
    {"ping 1.2.3.4 --if tap:a --host b", "exclude each other"},
    {"ping 1.2.3.4 --host a/b", "bad host name 'a/b'"},
    {"ping 1.2.3.4 --if tap:a --route default via", "bad route"},
    {"ping 1.2.3.4 --if tap:a --route default~via~x", "bad route 'default via x'"},
    {"up --if tap:a", "needs --name"},
    {"up --name a", "needs an interface"},
    {"up --name a --if tap:a --json", "unknown option '--json'"},
    {"down a/b", "bad host name"},
    {"serve", "needs SERVICE"},
    {"serve gopher", "unknown service 'gopher'"},
    {"serve echo:0", "bad port '0'"},
    {"serve echo:x", "bad port 'x'"},
    {"nc", "needs ADDR PORT"},
    {"nc 1.2.3.4", "needs ADDR PORT"},
    {"nc 80", "bad address '80'"},
    {"nc -l", "needs a PORT"},
    {"nc -l 1.2.3.4", "needs a PORT"},
    {"nc 1.2.3.4 70000", "bad port '70000'"},
    {"nc -w x 1.2.3.4 7", "bad time 'x'"},
    {"netstat x", "unexpected argument"},
    {"netstat -z", "unknown option '-z'"},
    {"capture -w x tcp port", "bad filter 'tcp port'"},
    {"capture tcp port", "bad filter 'tcp port'"},
    {"capture -c x", "bad count 'x'"},
    {"demo no-such", "unknown scenario 'no-such'"},
    /* What would be a second line, or an order to the terminal. */
    {"ping 1.2\n\033[31m.3", "bad address '1.2??[31m.3'"},
    {"ping --a\nb 1.2.3.4", "unknown option '--a?b'"},
    {"up --name a\rb", "bad host name 'a?b'"},
};

static void every_mistake_is_one_line_and_status_2(void **state)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct result r;
        char *newline;

        read_line(&r, mistakes[i].line);
        if (r.status != CMD_USAGE || !strstr(r.err, mistakes[i].says))
            fail_msg("weft %s: status %d, said: %s", mistakes[i].line, r.status, r.err);
        assert_int_equal(strncmp(r.err, "weft ", 5), 0);
        newline = strchr(r.err, '\n');
        assert_non_null(newline);
        assert_int_equal(newline[1], '\0');
        args_free(&r.ctx);
    }
}

static void a_route_may_be_one_word_or_several(void **state)
{
    static const char *const lines[] = {
        "ping 1.2.3.4 --if tap:a --route default~via~10.9.0.1 -c 1",
        "ping 1.2.3.4 --if tap:a --route default via 10.9.0.1 -c 1",
        "ping --if tap:a --route default via 10.9.0.1 1.2.3.4 -c 1",
        "ping --if tap:a --route=default via 10.9.0.1 -c 1 1.2.3.4",
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct result r;

        read_line(&r, lines[i]);
        assert_int_equal(r.status, CMD_GO_ON);
        assert_int_equal(r.ctx.where.n_routes, 1);
        assert_string_equal(r.ctx.where.routes[0], "default via 10.9.0.1");
        args_free(&r.ctx);
    }
}

static void a_route_takes_its_device_too(void **state)
{
    struct result r;

    read_line(&r, "up --name a --if tap:a --route 10.8.0.0/16 via 10.9.0.7 dev a "
                  "--route default via 10.9.0.1 --foreground");
    assert_int_equal(r.status, CMD_GO_ON);
    assert_int_equal(r.ctx.where.n_routes, 2);
    assert_string_equal(r.ctx.where.routes[0], "10.8.0.0/16 via 10.9.0.7 dev a");
    assert_string_equal(r.ctx.where.routes[1], "default via 10.9.0.1");
    args_free(&r.ctx);
}

static void an_address_belongs_to_the_interface_before_it(void **state)
{
    struct result r;

    read_line(&r, "up --if tap:a --addr 10.1.0.2/24 --if tun:b --if tap:c --addr 10.3.0.2/24 --addr fd00::2/64 --name x");
    assert_int_equal(r.status, CMD_GO_ON);
    assert_int_equal(r.ctx.where.n_ifs, 3);
    assert_string_equal(r.ctx.where.ifs[0].addr, "10.1.0.2/24");
    assert_string_equal(r.ctx.where.ifs[1].addr, "");
    assert_string_equal(r.ctx.where.ifs[2].spec, "tap:c");
    assert_string_equal(r.ctx.where.ifs[2].addr, "10.3.0.2/24,fd00::2/64");
    args_free(&r.ctx);
}

static void every_subcommand_has_help(void **state)
{
    for (size_t i = 0; cmd_at(i); i++) {
        struct result r;
        char line[64];

        snprintf(line, sizeof line, "%s --help", cmd_at(i)->name);
        read_line(&r, line);
        assert_int_equal(r.status, 0);
        assert_string_equal(r.err, "");
        assert_non_null(strstr(r.out, "Usage: weft"));
        assert_non_null(strstr(r.out, "--help"));
        assert_non_null(strstr(r.out, cmd_at(i)->summary));
        assert_null(strstr(r.out, "client-pid"));
        args_free(&r.ctx);
    }
}

static void listings_take_json_and_others_do_not(void **state)
{
    struct result r;

    read_line(&r, "netstat --json -antpu");
    assert_int_equal(r.status, CMD_GO_ON);
    assert_true(r.ctx.where.json);
    args_free(&r.ctx);
    read_line(&r, "arp --json");
    assert_int_equal(r.status, CMD_GO_ON);
    args_free(&r.ctx);
    read_line(&r, "nc --json 1.2.3.4 7");
    assert_int_equal(r.status, CMD_USAGE);
    args_free(&r.ctx);
}

static void a_name_finds_its_subcommand_and_nothing_else_does(void **state)
{
    assert_ptr_equal(cmd_find("netstat"), &cmd_netstat);
    assert_null(cmd_find("nets"));
    assert_null(cmd_find(""));
}

static void settings_are_those_of_the_profile_and_then_each_tunable(void **state)
{
    struct result r;
    struct weft_config k;

    (void)state;
    read_line(&r, "up --name h --if tun:t --sysctl net.ipv4.tcp_rto_min_us=7000 --profile rfc "
                  "--sysctl net.ipv4.ip_local_port_range=1000~2000 --sysctl net.ipv4.tcp_sack~=~0");
    assert_int_equal(r.status, CMD_GO_ON);
    args_config(&r.ctx, &k);
    assert_int_equal(k.tcp.msl, 120 * WEFT_S); /* rfc */
    assert_int_equal(k.tcp.rto_min, 7 * WEFT_MS);
    assert_int_equal(k.port_min, 1000);
    assert_int_equal(k.port_max, 2000);
    assert_false(k.tcp.sack);
    args_free(&r.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_one_line_and_status_2),
        cmocka_unit_test(a_route_may_be_one_word_or_several),
        cmocka_unit_test(a_route_takes_its_device_too),
        cmocka_unit_test(an_address_belongs_to_the_interface_before_it),
        cmocka_unit_test(every_subcommand_has_help),
        cmocka_unit_test(listings_take_json_and_others_do_not),
        cmocka_unit_test(a_name_finds_its_subcommand_and_nothing_else_does),
        cmocka_unit_test(settings_are_those_of_the_profile_and_then_each_tunable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
