/* SPDX-License-Identifier: MIT */
/*
 * For tests of groups: sockets that join and leave, queries of routers, and what goes out told in words, once
 * everything that must hold for every message has been checked: TTL or hop limit 1, Router Alert, checksum,
 * destination.
 */
#ifndef UNIT_GROUP_BENCH_H
#define UNIT_GROUP_BENCH_H

#include <stdio.h>

#include "ip6_bench.h"
#include "wire/igmp.h"
#include "wire/mld.h"

#define MDNS   0xe00000fbu /* 224.0.0.251 */
#define GROUP  0xef010203u /* 239.1.2.3 */
#define GROUP2 0xef010204u

static inline struct weft_ip group_ip(const char *text)
{
    struct weft_ip ip;

    assert_int_equal(weft_ip_parse(text, &ip), 0);
    return ip;
}

/* One of the options about membership. source NULL: none. */
static inline int group_option(weft_sock *sock, int option, const char *group, const char *source)
{
    struct weft_group g = {.group = group_ip(group)};

    if (source)
        g.source = group_ip(source);
    return weft_setsockopt(sock, weft_ip_is_v4(&g.group) ? WEFT_SOL_IP : WEFT_SOL_IPV6, option, &g, sizeof g);
}

static inline int join(weft_sock *sock, const char *group)
{
    return group_option(sock, WEFT_MCAST_JOIN_GROUP, group, NULL);
}

static inline int leave(weft_sock *sock, const char *group)
{
    return group_option(sock, WEFT_MCAST_LEAVE_GROUP, group, NULL);
}

/* ---- queries ---- */

/* What a router asks. version 0: the newest. Sources are last bytes of 198.51.100.x or 2001:db8::x. */
struct ask {
    uint8_t version;
    const char *group; /* NULL: all */
    uint8_t code;      /* the time to answer in, as it is written */
    uint8_t robustness, interval;
    unsigned n_sources;
    uint8_t source[4];
};

/* An IGMP message in a datagram with Router Alert and TTL 1. */
static inline size_t make_igmp(uint8_t *out, struct ipv4_header h, uint8_t *message, size_t n)
{
    static uint8_t alert[IGMP_ROUTER_ALERT];

    ipv4_router_alert_emit(alert);
    poke_u16(message + 2, 0);
    poke_u16(message + 2, csum(message, n));
    if (!h.header_len) {
        h.header_len = IPV4_HEADER + IGMP_ROUTER_ALERT;
        h.options = alert;
    }
    h.ttl = h.ttl ? h.ttl : 1;
    h.src = h.src ? h.src : PEER;
    h.proto = IP_PROTO_IGMP;
    return make_ip(out, h, message, n);
}

static inline size_t make_query_message(uint8_t *m, const struct ask *q)
{
    struct weft_ip group = q->group ? group_ip(q->group) : weft_ipv4(0);
    size_t n = q->version == 1 || q->version == 2 ? IGMP_HEADER : IGMP_V3_QUERY;

    memset(m, 0, IGMP_V3_QUERY);
    m[0] = IGMP_QUERY;
    m[1] = q->code;
    poke_u32(m + 4, ip_to_v4(&group));
    if (n == IGMP_HEADER)
        return n;
    m[8] = q->robustness;
    m[9] = q->interval;
    poke_u16(m + 10, (uint16_t)q->n_sources);
    for (unsigned i = 0; i < q->n_sources; i++, n += 4)
        poke_u32(m + n, V4(198, 51, 100, q->source[i]));
    return n;
}

static inline void ask(struct bench *b, struct ask q)
{
    uint8_t message[64], out[128];
    struct weft_ip group = q.group ? group_ip(q.group) : weft_ipv4(IGMP_ALL_HOSTS);
    size_t n = make_query_message(message, &q);

    bench_input(b, out, make_igmp(out, (struct ipv4_header){.dst = ip_to_v4(&group)}, message, n));
}

/* ---- what goes out ---- */

static inline const char *record_name(unsigned type)
{
    static const char *const names[] = {"?", "is_in", "is_ex", "to_in", "to_ex", "allow", "block"};

    return type < ARRAY_LEN(names) ? names[type] : "?";
}

static inline void say_ip(char *text, size_t room, const struct weft_ip *ip, const char *after)
{
    char word[WEFT_IP_TEXT];
    size_t at = strlen(text);

    snprintf(text + at, room - at, "%s%s", weft_ip_text(ip, word, sizeof word), after);
}

static inline void say(char *text, size_t room, const char *word)
{
    size_t at = strlen(text);

    snprintf(text + at, room - at, "%s", word);
}

static inline void say_igmp_records(char *text, size_t room, struct reader r, unsigned n)
{
    struct igmp_record rec;
    struct reader sources;

    for (; n; n--) {
        struct weft_ip group;

        assert_true(igmp_record_next(&r, &rec, &sources));
        group = weft_ipv4(rec.group);
        say(text, room, *text ? ", " : "");
        say(text, room, record_name(rec.type));
        say(text, room, " ");
        say_ip(text, room, &group, "");
        for (unsigned i = 0; i < rec.n_sources; i++) {
            struct weft_ip source = weft_ipv4(read_u32(&sources));

            say_ip(text, room, (say(text, room, " "), &source), "");
        }
    }
    assert_int_equal(reader_left(&r), 0);
}

/* A report of version 3, or one of the older messages, in words: "to_ex 239.1.2.3", "v2 report 239.1.2.3". */
static inline void say_igmp(char *text, size_t room, const uint8_t *p, size_t n)
{
    struct ipv4_header ip = read_ip(p, n);
    struct reader r = reader(p + ip.header_len, n - ip.header_len);
    struct weft_ip group;
    struct igmp_header h;

    assert_int_equal(ip.proto, IP_PROTO_IGMP);
    assert_int_equal(ip.ttl, 1);
    assert_int_equal(ip.tos, 0xc0);
    assert_int_equal(ip.src, US);
    assert_true(ipv4_router_alert(p + IPV4_HEADER, ip.header_len - IPV4_HEADER));
    assert_int_equal(csum(p + ip.header_len, n - ip.header_len), 0);
    assert_true(igmp_parse(&r, &h));
    group = weft_ipv4(h.group);
    *text = '\0';
    if (h.type == IGMP_V3_REPORT) {
        assert_int_equal(ip.dst, IGMP_V3_ROUTERS);
        say_igmp_records(text, room, r, h.group & 0xffff);
        return;
    }
    assert_int_equal(n, ip.header_len + IGMP_HEADER);
    assert_int_equal(h.code, 0);
    assert_int_equal(ip.dst, h.type == IGMP_LEAVE ? IGMP_ALL_ROUTERS : h.group);
    say(text, room, h.type == IGMP_V1_REPORT ? "v1 report " : h.type == IGMP_V2_REPORT ? "v2 report " : "leave ");
    say_ip(text, room, &group, "");
}

/* The same of listener discovery. */
static inline void say_mld(char *text, size_t room, const uint8_t *p, size_t n)
{
    static const uint8_t alert[8] = {IP_PROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0};
    struct ipv6_header ip = read_ip6(p, n, NULL, NULL);
    const uint8_t *m = p + IPV6_HEADER + MLD_ALERT;
    size_t len = n - IPV6_HEADER - MLD_ALERT;
    struct weft_ip v2_routers = ip6("ff02::16"), routers = ip6("ff02::2"), group;
    struct csum sum = {0};

    assert_int_equal(ip.next, IP_PROTO_HOPOPTS);
    assert_int_equal(ip.hop_limit, 1);
    assert_memory_equal(p + IPV6_HEADER, alert, sizeof alert);
    assert_true(ip_is_link_local(&ip.src) || ip_is_any(&ip.src));
    ip_pseudo_header(&sum, &ip.src, &ip.dst, IP_PROTO_ICMPV6, (uint32_t)len);
    csum_add(&sum, m, len);
    assert_int_equal(csum_fold(&sum), 0);
    *text = '\0';
    if (m[0] == ICMPV6_MLD2_REPORT) {
        struct reader r = reader(m + MLD_REPORT, len - MLD_REPORT), sources;
        struct mld_record rec;

        assert_memory_equal(&ip.dst, &v2_routers, 16);
        for (unsigned left = peek_u16(m + 6); left; left--) {
            assert_true(mld_record_next(&r, &rec, &sources));
            say(text, room, *text ? ", " : "");
            say(text, room, record_name(rec.type));
            say(text, room, " ");
            say_ip(text, room, &rec.group, "");
            for (unsigned i = 0; i < rec.n_sources; i++) {
                struct weft_ip source;

                memcpy(source.b, read_bytes(&sources, 16), 16);
                say(text, room, " ");
                say_ip(text, room, &source, "");
            }
        }
        assert_int_equal(reader_left(&r), 0);
        return;
    }
    assert_true(mld_message_parse(m, len, &group));
    assert_int_equal(len, MLD_MESSAGE);
    assert_memory_equal(&ip.dst, m[0] == ICMPV6_MLD_DONE ? &routers : &group, 16);
    say(text, room, m[0] == ICMPV6_MLD_DONE ? "done " : "v1 report ");
    say_ip(text, room, &group, "");
}

/* The next message that waits on the bench's first interface; "" when there is none. */
static inline const char *said(struct bench *b)
{
    static char text[8192];
    uint8_t p[2048];
    size_t n = bench_take(b, p, sizeof p);

    *text = '\0';
    if (n && p[0] >> 4 == 4)
        say_igmp(text, sizeof text, p, n);
    else if (n)
        say_mld(text, sizeof text, p, n);
    return text;
}

#define assert_said(b, words) assert_string_equal(said(b), words)

/* Runs for so long, or until something goes out. Returns how long it took. */
static inline weft_time run_until_said(struct bench *b, weft_time longest)
{
    weft_time start = b->now, end = b->now + longest;

    while (!weft_output_wanted(b->ifp) && weft_deadline(b->s) <= end) {
        b->now = max_u64(b->now, weft_deadline(b->s));
        weft_tick(b->s, b->now);
    }
    if (!weft_output_wanted(b->ifp))
        weft_clock(b->s, b->now = end);
    return b->now - start;
}

/* These words go out within `longest`, and nothing before. */
#define assert_said_within(b, longest, words)                                                                          \
    do {                                                                                                               \
        run_until_said(b, longest);                                                                                    \
        assert_said(b, words);                                                                                         \
    } while (0)

/* Nothing goes out for so long. */
#define assert_quiet(b, longest)                                                                                       \
    do {                                                                                                               \
        run_until_said(b, longest);                                                                                    \
        assert_said(b, "");                                                                                            \
    } while (0)

/* Lets all that waits to be said go out unheard. */
static inline void hush(struct bench *b)
{
    while (run_until_said(b, 60 * WEFT_S), *said(b))
        ;
}

#endif
