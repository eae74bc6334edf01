/* SPDX-License-Identifier: MIT */
/*
 * What the next packets of a batch are going to touch is asked of memory before their turn comes: among millions of
 * connections each is cold, and one that waits for its cache lines waits longer than the whole of TCP takes. Nothing
 * here decides anything, and what it reads may be garbage: a wrong guess only fetches the wrong lines.
 */
#include "tcp/demux.h"
#include "tcp/input.h"

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

/* What is asked of a connection's key before it is believed to be the one: there are few chains with two like that. */
static uint32_t ports_of(const struct tcp_flow *flow) { return (uint32_t)flow->local.port << 16 | flow->remote.port; }

static uint32_t ports_in(const struct tcp_conn *c)
{
    return c->v6 ? (uint32_t)c->key.v6.local_port << 16 | c->key.v6.remote_port
                 : (uint32_t)c->key.v4.local_port << 16 | c->key.v4.remote_port;
}

static void fetch_lines(const void *object, size_t size)
{
    const uint8_t *first = object;

    for (size_t i = 0; i < size; i += LINE)
        __builtin_prefetch(first + i);
    __builtin_prefetch(first + size - 1);
}

struct foresight tcp_foresee(weft_stack *s, const uint8_t *datagram, size_t n)
{
    struct tcp *t = tcp_of(s);
    struct foresight seen = {0};
    struct tcp_flow flow;

    if (!t->table.buckets || !read_flow(datagram, n, &flow))
        return seen;
    seen = (struct foresight){.any = true, .hash = demux_hash(t, &flow), .name = ports_of(&flow)};
    __builtin_prefetch(hashtab_bucket(&t->table, seen.hash));
    return seen;
}

/*
 * What was fetched by earlier steps is walked, and the next thing asked for: another object of the chain, or what the
 * connection itself leads to. Each step begins at the bucket, for what stood there may be gone.
 */
void tcp_fetch(weft_stack *s, const struct foresight *seen, unsigned step)
{
    struct tcp *t = tcp_of(s);
    unsigned tag;
    struct hash_node *node = t->table.buckets ? hashtab_first(&t->table, seen->hash, &tag) : NULL;

    for (; node && step > 0; step--) {
        const struct tcp_conn *c = container_of(node, struct tcp_conn, hash);

        if (tag == TCP_TAG_CONN && ports_in(c) == seen->name) {
            if (c->stats)
                fetch_lines(c->stats, sizeof *c->stats);
            return;
        }
        node = hashtab_next(node, &tag);
    }
    if (!node)
        return;
    if (tag == TCP_TAG_CONN)
        fetch_lines(container_of(node, struct tcp_conn, hash), sizeof(struct tcp_conn));
    else
        fetch_lines(node, sizeof(struct timewait)); /* and of a half-open record, near enough */
}
