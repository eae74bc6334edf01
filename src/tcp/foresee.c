/* SPDX-License-Identifier: MIT */
/*
 * What the next packets of a batch are going to touch is asked of memory before their turn comes: among millions of
 * connections each is cold, and one that waits for its cache lines waits longer than the whole of TCP takes. Nothing
 * here decides anything, and what it reads may be garbage: a wrong guess only fetches the wrong lines.
 */
#include "tcp/conn.h"

#define LINE 64

/* The names in an IPv4 or IPv6 datagram that begins with a TCP header right behind its own. */
static bool read_flow(const uint8_t *datagram, size_t n, struct tcp_flow *flow)
{
    struct reader r = reader(datagram, n);
    struct ipv4_header v4;
    struct ipv6_header v6;

    if (n == 0)
        return false;
    if (datagram[0] >> 4 == 6) {
        if (!ipv6_read(&r, &v6) || v6.next != IP_PROTO_TCP)
            return false;
        flow->local.ip = v6.dst;
        flow->remote.ip = v6.src;
    } else {
        if (!ipv4_read(&r, &v4) || v4.proto != IP_PROTO_TCP || v4.frag_offset)
            return false;
        ip_set_v4(&flow->local.ip, v4.dst);
        ip_set_v4(&flow->remote.ip, v4.src);
    }
    flow->remote.port = read_u16(&r);
    flow->local.port = read_u16(&r);
    return !r.bad;
}

uint32_t tcp_foresee(weft_stack *s, const uint8_t *datagram, size_t n)
{
    struct tcp *t = tcp_of(s);
    struct tcp_flow flow;
    uint32_t hash;

    if (!t->table.buckets || !read_flow(datagram, n, &flow))
        return 0;
    hash = demux_hash(t, &flow);
    __builtin_prefetch(hashtab_bucket(&t->table, hash));
    return hash;
}

void tcp_fetch(weft_stack *s, uint32_t hash)
{
    struct tcp *t = tcp_of(s);
    unsigned tag;
    struct hash_node *node = t->table.buckets ? hashtab_first(&t->table, hash, &tag) : NULL;
    const uint8_t *first = (const uint8_t *)node;
    size_t size = sizeof(struct timewait); /* and of a half-open record, near enough */

    if (!node)
        return;
    if (tag == TCP_TAG_CONN) {
        first = (const uint8_t *)container_of(node, struct tcp_conn, hash);
        size = sizeof(struct tcp_conn);
    }
    for (size_t i = 0; i < size; i += LINE)
        __builtin_prefetch(first + i);
}
