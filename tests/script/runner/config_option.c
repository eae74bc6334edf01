/* SPDX-License-Identifier: MIT */
/*
 * packetdrill's options (--NAME, --NAME=VALUE). Each is obeyed, or has nothing to act upon here, or is refused with the
 * reason: a script never runs under other conditions than it asks for.
 */
#include <string.h>

#include "config.h"
#include "script.h"

static void set_version(struct scan *s, struct config *c)
{
    char word[24];

    scan_word(s, "-", word, sizeof(word));
    c->version_given = true;
    if (strcmp(word, "ipv4") == 0)
        c->version = IP_V4;
    else if (strcmp(word, "ipv6") == 0)
        c->version = IP_V6;
    else if (strcmp(word, "ipv4-mapped-ipv6") == 0)
        c->version = IP_V4_MAPPED;
    else
        scan_fail(s, "--ip_version is ipv4, ipv6 or ipv4-mapped-ipv6");
}

static void set_local(struct scan *s, struct config *c) { c->local = scan_ip(s); }
static void set_remote(struct scan *s, struct config *c) { c->remote = scan_ip(s); }
static void set_gateway(struct scan *s, struct config *c) { c->gateway = scan_ip(s); }
static void set_mtu(struct scan *s, struct config *c) { c->mtu = scan_number(s, 65535); }
static void set_tolerance(struct scan *s, struct config *c) { c->tolerance = scan_u32(s) * WEFT_US; }
static void set_percent(struct scan *s, struct config *c) { c->tolerance_percent = scan_number(s, 100); }
static void set_port(struct scan *s, struct config *c) { c->port = (uint16_t)scan_number(s, 65535); }
static void set_connect_port(struct scan *s, struct config *c) { c->connect_port = (uint16_t)scan_number(s, 65535); }

/* 255.255.0.0 is 16 */
static void set_netmask(struct scan *s, struct config *c)
{
    struct weft_ip mask = scan_ip(s);
    unsigned prefix = 0;

    while (prefix < 32 && mask.b[12 + prefix / 8] & 0x80 >> prefix % 8)
        prefix++;
    if (prefix == 0)
        scan_fail(s, "--netmask_ip must begin with a one");
    c->prefix = prefix;
}

/* NAME=5, NAME=OTHER, NAME="5" */
static void set_definition(struct scan *s, struct config *c)
{
    struct definition *d = &c->definition[c->n_definitions];
    char word[32];
    bool quoted;

    if (c->n_definitions == DEFINITIONS) {
        scan_fail(s, "more than %d definitions", DEFINITIONS);
        return;
    }
    scan_word(s, "", d->name, sizeof(d->name));
    scan_expect(s, "=");
    quoted = scan_accept(s, "\"");
    if (scan_peek(s) == '-' || (scan_peek(s) >= '0' && scan_peek(s) <= '9')) {
        d->number = scan_integer(s);
    } else {
        scan_word(s, "", word, sizeof(word));
        if (!constant_find(word, &d->number))
            scan_fail(s, "unknown constant %s", word);
    }
    if (quoted)
        scan_expect(s, "\"");
    c->n_definitions++;
}

/* Timestamps tick in milliseconds. */
static void check_tick(struct scan *s, struct config *c)
{
    (void)c;
    if (scan_u32(s) != 1000)
        scan_fail(s, "weft's timestamps tick once in 1000 us");
}

static void check_speed(struct scan *s, struct config *c)
{
    (void)c;
    if (scan_u32(s) != 0)
        scan_fail(s, "the link has no speed: only --speed=0 is possible");
}

static void check_format(struct scan *s, struct config *c)
{
    char word[32];

    (void)c;
    scan_word(s, "/.", word, sizeof(word));
    if (strncmp(word, "python", 6) != 0 && strncmp(word, "/usr/bin/python", 15) != 0)
        scan_fail(s, "code is Python's, run by python3");
}

static void check_sockopt(struct scan *s, struct config *c)
{
    char word[32];

    (void)c;
    scan_word(s, "", word, sizeof(word));
    if (strcmp(word, "TCP_INFO") != 0)
        scan_fail(s, "code sees TCP_INFO only");
}

/* Programs, with commas between them. */
static void set_init_scripts(struct scan *s, struct config *c)
{
    scan_word(s, "./-,", c->init_scripts, sizeof(c->init_scripts));
}

/* Nothing here for it to act upon; a value is read over. */
static void ignore(struct scan *s, struct config *c)
{
    (void)c;
    while (s->p < s->end && *s->p > ' ')
        s->p++;
}

static const struct {
    const char *name;
    void (*set)(struct scan *s, struct config *c); /* NULL: refused, for this reason: */
    const char *why;
} options[] = {
    {"ip_version", set_version, NULL},
    {"local_ip", set_local, NULL},
    {"remote_ip", set_remote, NULL},
    {"gateway_ip", set_gateway, NULL},
    {"netmask_ip", set_netmask, NULL},
    {"mtu", set_mtu, NULL},
    {"tolerance_usecs", set_tolerance, NULL},
    {"tolerance_percent", set_percent, NULL},
    {"bind_port", set_port, NULL},
    {"connect_port", set_connect_port, NULL},
    {"define", set_definition, NULL},
    {"tcp_ts_tick_usecs", check_tick, NULL},
    {"speed", check_speed, NULL},
    {"code_command", check_format, NULL},
    {"code_format", check_format, NULL},
    {"code_sockopt", check_sockopt, NULL},
    {"init_scripts", set_init_scripts, NULL}, /* run as commands are, before the first event */
    {"send_omit_free", ignore, NULL},       /* when a buffer is freed that zero-copy sending still uses: weft copies */
    {"strict_segments", ignore, NULL},      /* segments are always compared one by one */
    {"persistent_tun_dev", ignore, NULL},   /* no device */
    {"verbose", ignore, NULL},              /* -v */
    {"debug", ignore, NULL},
    {"timeout", ignore, NULL},              /* virtual time cannot hang; real time is bounded by the runner */
    {"tun_speed", ignore, NULL},
    {"any_ip", NULL, "the stack answers for its own addresses only"},
    {"dry_run", NULL, "use the parser's tests for that"},
    {"mss", NULL, "the MSS follows from the MTU"},
    {"non_fatal", NULL, "every difference is a failure"},
    {"so_filename", NULL, "the stack under test is weft"},
    {"so_flags", NULL, "the stack under test is weft"},
    {"udp_encapsulation", NULL, "there is no encapsulation"},
    {"wire_client", NULL, "the link is in memory"},
    {"wire_server", NULL, "the link is in memory"},
};

void config_parse_option(struct scan *s, struct config *c)
{
    char name[32];

    scan_word(s, "", name, sizeof(name));
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (strcmp(options[i].name, name) != 0)
            continue;
        if (!options[i].set) {
            scan_fail(s, "--%s: %s", name, options[i].why);
            return;
        }
        if (options[i].set != ignore)
            scan_accept(s, "="); /* `--mtu 1500` will do */
        options[i].set(s, c);
        return;
    }
    scan_fail(s, "unknown option --%s", name);
}
