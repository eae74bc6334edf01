/* SPDX-License-Identifier: MIT */
/* See config.h. Three tables: weft's own keys, packetdrill's options, Linux's sysctls. */
#include "config.h"

#include <string.h>

enum key_kind { KEY_TIME, KEY_UNSIGNED, KEY_SIZE, KEY_PORT, KEY_MTU, KEY_BOOL };

struct key {
    const char *name;
    enum key_kind kind;
    size_t offset; /* in struct config */
};

#define KEY(text, kind, field) {text, kind, offsetof(struct config, field)}
#define TCP_KEY(kind, field)   KEY("tcp." #field, kind, stack.tcp.field)
#define STACK_KEY(kind, field) KEY(#field, kind, stack.field)

static const struct key keys[] = {
    TCP_KEY(KEY_TIME, msl),
    TCP_KEY(KEY_TIME, rto_initial),
    TCP_KEY(KEY_TIME, rto_min),
    TCP_KEY(KEY_TIME, rto_max),
    TCP_KEY(KEY_TIME, delayed_ack),
    TCP_KEY(KEY_TIME, fin_wait_2),
    TCP_KEY(KEY_TIME, keepalive_idle),
    TCP_KEY(KEY_TIME, keepalive_interval),
    TCP_KEY(KEY_UNSIGNED, keepalive_probes),
    TCP_KEY(KEY_UNSIGNED, syn_retries),
    TCP_KEY(KEY_UNSIGNED, synack_retries),
    TCP_KEY(KEY_UNSIGNED, retries_1),
    TCP_KEY(KEY_UNSIGNED, retries_2),
    TCP_KEY(KEY_UNSIGNED, orphan_retries),
    TCP_KEY(KEY_UNSIGNED, quick_acks),
    TCP_KEY(KEY_UNSIGNED, initial_window),
    TCP_KEY(KEY_SIZE, send_buffer),
    TCP_KEY(KEY_SIZE, receive_buffer),
    TCP_KEY(KEY_SIZE, max_half_open),
    TCP_KEY(KEY_SIZE, max_time_wait),
    TCP_KEY(KEY_SIZE, max_out_of_order),
    TCP_KEY(KEY_BOOL, timestamps),
    TCP_KEY(KEY_BOOL, sack),
    TCP_KEY(KEY_BOOL, window_scaling),
    TCP_KEY(KEY_BOOL, park),
    TCP_KEY(KEY_BOOL, rfc1337),
    STACK_KEY(KEY_SIZE, memory_limit),
    STACK_KEY(KEY_PORT, port_min),
    STACK_KEY(KEY_PORT, port_max),
    STACK_KEY(KEY_TIME, reassembly_time),
    STACK_KEY(KEY_SIZE, reassembly_memory),
    STACK_KEY(KEY_UNSIGNED, icmp_errors_per_second),
    KEY("mtu", KEY_MTU, mtu),
    KEY("port", KEY_PORT, port),
    KEY("epoch", KEY_TIME, epoch),
};

static const struct key sysctls[] = {
    KEY("net.ipv4.tcp_syn_retries", KEY_UNSIGNED, stack.tcp.syn_retries),
    KEY("net.ipv4.tcp_synack_retries", KEY_UNSIGNED, stack.tcp.synack_retries),
    KEY("net.ipv4.tcp_retries1", KEY_UNSIGNED, stack.tcp.retries_1),
    KEY("net.ipv4.tcp_retries2", KEY_UNSIGNED, stack.tcp.retries_2),
    KEY("net.ipv4.tcp_orphan_retries", KEY_UNSIGNED, stack.tcp.orphan_retries),
    KEY("net.ipv4.tcp_fin_timeout", KEY_TIME, stack.tcp.fin_wait_2),
    KEY("net.ipv4.tcp_timestamps", KEY_BOOL, stack.tcp.timestamps),
    KEY("net.ipv4.tcp_sack", KEY_BOOL, stack.tcp.sack),
    KEY("net.ipv4.tcp_window_scaling", KEY_BOOL, stack.tcp.window_scaling),
    KEY("net.ipv4.tcp_rfc1337", KEY_BOOL, stack.tcp.rfc1337),
    KEY("net.ipv4.tcp_keepalive_time", KEY_TIME, stack.tcp.keepalive_idle),
    KEY("net.ipv4.tcp_keepalive_intvl", KEY_TIME, stack.tcp.keepalive_interval),
    KEY("net.ipv4.tcp_keepalive_probes", KEY_UNSIGNED, stack.tcp.keepalive_probes),
    KEY("net.ipv4.tcp_max_tw_buckets", KEY_SIZE, stack.tcp.max_time_wait),
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void config_default(struct config *c)
{
    *c = (struct config){
        .local = 0xc0a80001, .prefix = 16, .remote = 0xc0000201, .gateway = 0xc0a80002, .mtu = 1500, .port = 8080,
        .tolerance = WEFT_NEVER,
    };
    weft_config_default(&c->stack);
}

static void key_set(struct scan *s, struct config *c, const struct key *k)
{
    char *at = (char *)c + k->offset;

    switch (k->kind) {
    case KEY_TIME:     memcpy(at, &(weft_time){scan_seconds(s)}, sizeof(weft_time)); break;
    case KEY_UNSIGNED: memcpy(at, &(unsigned){scan_u32(s)}, sizeof(unsigned)); break;
    case KEY_SIZE:     memcpy(at, &(size_t){scan_u32(s)}, sizeof(size_t)); break;
    case KEY_PORT:     memcpy(at, &(uint16_t){(uint16_t)scan_number(s, 65535)}, sizeof(uint16_t)); break;
    case KEY_MTU:      memcpy(at, &(uint32_t){scan_number(s, 65535)}, sizeof(uint32_t)); break;
    case KEY_BOOL:     memcpy(at, &(bool){scan_number(s, 1) != 0}, sizeof(bool)); break;
    }
}

static const struct key *key_find(const struct key *table, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

/* The keys that are no plain number. */
static bool set_special(struct scan *s, struct config *c, const char *name)
{
    char word[24];

    if (strcmp(name, "local") == 0) {
        c->local = scan_ipv4(s);
        if (scan_accept(s, "/"))
            c->prefix = scan_number(s, 32);
    } else if (strcmp(name, "remote") == 0) {
        c->remote = scan_ipv4(s);
    } else if (strcmp(name, "gateway") == 0) {
        c->gateway = scan_ipv4(s);
    } else if (strcmp(name, "profile") == 0) {
        scan_word(s, "", word, sizeof(word));
        if (strcmp(word, "linux") != 0)
            scan_fail(s, "the only profile is \"linux\"");
    } else {
        return false;
    }
    return true;
}

void config_parse(struct scan *s, struct config *c)
{
    char name[48];
    const struct key *k;

    scan_word(s, ".", name, sizeof(name));
    scan_expect(s, "=");
    k = key_find(keys, COUNT(keys), name);
    if (k)
        key_set(s, c, k);
    else if (!set_special(s, c, name))
        scan_fail(s, "config knows no \"%s\"", name);
}

void config_parse_option(struct scan *s, struct config *c)
{
    char name[32];

    scan_word(s, "", name, sizeof(name));
    scan_expect(s, "=");
    if (strcmp(name, "tolerance_usecs") == 0)
        c->tolerance = scan_u32(s) * WEFT_US;
    else if (strcmp(name, "mtu") == 0)
        c->mtu = scan_number(s, 65535);
    else if (strcmp(name, "local_ip") == 0)
        c->local = scan_ipv4(s);
    else if (strcmp(name, "remote_ip") == 0)
        c->remote = scan_ipv4(s);
    else if (strcmp(name, "gateway_ip") == 0)
        c->gateway = scan_ipv4(s);
    else
        scan_fail(s, "unknown option --%s", name);
}

/* tcp_rmem="4096 131072 1048576": the last one is the most, which decides the window scale. */
static void set_buffer(struct scan *s, size_t *buffer)
{
    const char *stop = scan_accept(s, "\"") ? "\"" : scan_accept(s, "'") ? "'" : NULL;

    scan_u32(s);
    scan_u32(s);
    *buffer = scan_u32(s);
    if (stop)
        scan_expect(s, stop);
}

static void parse_sysctl(struct scan *s, struct config *c)
{
    char name[64];
    const struct key *k;

    scan_accept(s, "-q");
    scan_accept(s, "-w");
    while (!scan_sees(s, "`") && !scan_accept(s, ";") && !scan_sees(s, "sysctl")) {
        scan_word(s, ".", name, sizeof(name));
        scan_expect(s, "=");
        k = key_find(sysctls, COUNT(sysctls), name);
        if (k)
            key_set(s, c, k);
        else if (strcmp(name, "net.ipv4.tcp_rmem") == 0)
            set_buffer(s, &c->stack.tcp.receive_buffer);
        else if (strcmp(name, "net.ipv4.tcp_wmem") == 0)
            set_buffer(s, &c->stack.tcp.send_buffer);
        else
            scan_fail(s, "no setting of weft corresponds to sysctl %s", name);
        if (s->failed)
            return;
    }
}

void config_parse_shell(struct scan *s, struct config *c)
{
    while (!s->failed && !scan_accept(s, "`")) {
        if (scan_accept(s, "sysctl")) {
            parse_sysctl(s, c);
        } else if (!scan_accept(s, ";")) {
            scan_fail(s, "shell commands are not executed; of them only sysctl is understood");
        }
    }
}
