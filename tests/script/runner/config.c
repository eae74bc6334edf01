/* SPDX-License-Identifier: MIT */
/* See config.h. Here: weft's own keys. */
#include "config.h"

#include <string.h>

#include "address.h"

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
    TCP_KEY(KEY_BOOL, rto_min_whole),
    TCP_KEY(KEY_TIME, rto_max),
    TCP_KEY(KEY_BOOL, thin_linear_timeouts),
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
    TCP_KEY(KEY_UNSIGNED, min_mss),
    TCP_KEY(KEY_UNSIGNED, quick_acks),
    TCP_KEY(KEY_TIME, comp_sack_delay),
    TCP_KEY(KEY_UNSIGNED, comp_sack_nr),
    TCP_KEY(KEY_SIZE, notsent_lowat),
    TCP_KEY(KEY_UNSIGNED, initial_window),
    TCP_KEY(KEY_UNSIGNED, tso_segments),
    TCP_KEY(KEY_UNSIGNED, tso_rtt_log),
    TCP_KEY(KEY_SIZE, send_buffer),
    TCP_KEY(KEY_SIZE, receive_buffer),
    TCP_KEY(KEY_SIZE, receive_buffer_max),
    TCP_KEY(KEY_SIZE, send_buffer_max),
    TCP_KEY(KEY_SIZE, receive_buffer_limit),
    TCP_KEY(KEY_SIZE, send_buffer_limit),
    TCP_KEY(KEY_BOOL, moderate_receive_buffer),
    TCP_KEY(KEY_SIZE, max_half_open),
    TCP_KEY(KEY_UNSIGNED, max_syn_backlog),
    TCP_KEY(KEY_UNSIGNED, max_backlog),
    TCP_KEY(KEY_UNSIGNED, syncookies),
    TCP_KEY(KEY_BOOL, abort_on_overflow),
    TCP_KEY(KEY_TIME, invalid_ratelimit),
    TCP_KEY(KEY_UNSIGNED, invalid_burst),
    TCP_KEY(KEY_SIZE, max_time_wait),
    TCP_KEY(KEY_SIZE, max_orphans),
    TCP_KEY(KEY_UNSIGNED, fastopen),
    TCP_KEY(KEY_UNSIGNED, tw_reuse),
    TCP_KEY(KEY_SIZE, max_out_of_order),
    TCP_KEY(KEY_BOOL, nagle_all),
    TCP_KEY(KEY_BOOL, push_last),
    TCP_KEY(KEY_BOOL, plain_window),
    TCP_KEY(KEY_BOOL, ack_second),
    TCP_KEY(KEY_BOOL, reset_unread),
    TCP_KEY(KEY_BOOL, whole_first_window),
    TCP_KEY(KEY_UNSIGNED, recovery),
    TCP_KEY(KEY_UNSIGNED, reordering),
    TCP_KEY(KEY_UNSIGNED, max_reordering),
    TCP_KEY(KEY_UNSIGNED, mtu_probing),
    TCP_KEY(KEY_UNSIGNED, base_mss),
    TCP_KEY(KEY_UNSIGNED, ecn),
    TCP_KEY(KEY_BOOL, ecn_fallback),
    TCP_KEY(KEY_UNSIGNED, pacing_ss_ratio),
    TCP_KEY(KEY_UNSIGNED, pacing_ca_ratio),
    TCP_KEY(KEY_BOOL, tail_loss_probe),
    TCP_KEY(KEY_BOOL, frto),
    TCP_KEY(KEY_BOOL, dsack),
    TCP_KEY(KEY_BOOL, slow_start_after_idle),
    TCP_KEY(KEY_BOOL, timestamps),
    TCP_KEY(KEY_BOOL, require_timestamps),
    TCP_KEY(KEY_BOOL, unreachable_ends_connect),
    TCP_KEY(KEY_BOOL, syn_ack_text),
    TCP_KEY(KEY_BOOL, smaller_window),
    TCP_KEY(KEY_BOOL, drop_signed),
    TCP_KEY(KEY_BOOL, sack),
    TCP_KEY(KEY_BOOL, window_scaling),
    TCP_KEY(KEY_BOOL, statistics),
    TCP_KEY(KEY_BOOL, park),
    TCP_KEY(KEY_BOOL, rfc1337),
    STACK_KEY(KEY_SIZE, memory_limit),
    STACK_KEY(KEY_PORT, port_min),
    STACK_KEY(KEY_PORT, port_max),
    STACK_KEY(KEY_TIME, reassembly_time),
    STACK_KEY(KEY_SIZE, reassembly_memory),
    STACK_KEY(KEY_UNSIGNED, icmp_errors_per_second),
    STACK_KEY(KEY_UNSIGNED, icmp_errors_burst),
    STACK_KEY(KEY_TIME, icmp_error_interval),
    STACK_KEY(KEY_TIME, icmp6_error_interval),
    KEY("mtu", KEY_MTU, mtu),
    KEY("port", KEY_PORT, port),
    KEY("epoch", KEY_TIME, epoch),
    KEY("late", KEY_BOOL, late),
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void config_default(struct config *c)
{
    *c = (struct config){.mtu = 1500, .port = 8080, .connect_port = 8080, .tolerance = WEFT_NEVER};
    weft_config_default(&c->stack);
}

/* packetdrill's own addresses. */
void config_finish(struct config *c)
{
    static const struct weft_ip local = {{0xfd, 0x3d, 0x0a, 0x0b, 0x17, 0xd6, [15] = 1}},
                                remote = {{0xfd, 0x3d, 0xfa, 0x7b, 0xd1, 0x7d, [15] = 1}},
                                gateway = {{0xfd, 0x3d, 0x0a, 0x0b, 0x17, 0xd6, 0x88, 0x88, [15] = 1}};
    bool v6 = c->version == IP_V6;

    if (ip_is_unset(&c->local))
        c->local = v6 ? local : weft_ipv4(0xc0a80001);
    if (ip_is_unset(&c->remote))
        c->remote = v6 ? remote : weft_ipv4(0xc0000201);
    if (ip_is_unset(&c->gateway))
        c->gateway = v6 ? gateway : weft_ipv4(0xc0a80002);
    if (c->prefix == 0)
        c->prefix = v6 ? 48 : 16;
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

    if (strcmp(name, "tcp.congestion_control") == 0) {
        scan_word(s, "_", c->stack.tcp.congestion_control, sizeof c->stack.tcp.congestion_control);
        return true;
    }
    if (strcmp(name, "local") == 0) {
        c->local = scan_ip(s);
        if (scan_accept(s, "/"))
            c->prefix = scan_number(s, 128);
    } else if (strcmp(name, "remote") == 0) {
        c->remote = scan_ip(s);
    } else if (strcmp(name, "gateway") == 0) {
        c->gateway = scan_ip(s);
    } else if (strcmp(name, "profile") == 0) {
        scan_word(s, "", word, sizeof(word));
        if (weft_config_profile(&c->stack, word) != 0)
            scan_fail(s, "there is no profile \"%s\"", word);
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
