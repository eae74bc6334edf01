/* SPDX-License-Identifier: MIT */
/*
 * Who is a segment for? A flow names a connection, a half-open or a TIME-WAIT record, all in one table; failing that,
 * a listener on its local address and port. Keyed hashes, so that nobody outside can make chains long.
 */
#include "tcp/conn.h"

uint32_t demux_hash(const struct tcp *t, const struct tcp_flow *flow)
{
    union tcp_key key;
    bool v6 = flow_is_v6(flow);

    key_pack(&key, flow, v6);
    return (uint32_t)siphash13(t->table_key, &key, key_size(v6));
}

/* Where a table entry keeps its key. */
static const union tcp_key *key_of(const struct hash_node *node, unsigned tag, bool *v6)
{
    if (tag == TCP_TAG_CONN) {
        const struct tcp_conn *c = container_of((struct hash_node *)node, struct tcp_conn, hash);

        *v6 = c->v6;
        return &c->key;
    }
    if (tag == TCP_TAG_HALF_OPEN) {
        const struct halfopen *h = container_of((struct hash_node *)node, struct halfopen, hash);

        *v6 = h->v6;
        return &h->key;
    }
    const struct timewait *w = container_of((struct hash_node *)node, struct timewait, hash);

    *v6 = w->v6;
    return &w->key;
}

uint32_t demux_hash_of(const void *ctx, const struct hash_node *node, unsigned tag)
{
    const struct tcp *t = ctx;
    bool v6;
    const union tcp_key *key = key_of(node, tag, &v6);

    return (uint32_t)siphash13(t->table_key, key, key_size(v6));
}

static struct tcp_found found(struct hash_node *node, unsigned tag)
{
    struct tcp_found f = {.any = true, .tag = tag};

    if (tag == TCP_TAG_CONN)
        f.conn = container_of(node, struct tcp_conn, hash);
    else if (tag == TCP_TAG_HALF_OPEN)
        f.half_open = container_of(node, struct halfopen, hash);
    else
        f.time_wait = container_of(node, struct timewait, hash);
    return f;
}

struct tcp_found demux_find(struct tcp *t, const struct tcp_flow *flow)
{
    return demux_find_hashed(t, flow, demux_hash(t, flow));
}

struct tcp_found demux_find_hashed(struct tcp *t, const struct tcp_flow *flow, uint32_t hash)
{
    bool v6 = flow_is_v6(flow);
    size_t size = key_size(v6);
    union tcp_key key;
    unsigned tag;

    key_pack(&key, flow, v6);
    for (struct hash_node *n = hashtab_first(&t->table, hash, &tag); n; n = hashtab_next(n, &tag)) {
        bool is_v6;
        const union tcp_key *k = key_of(n, tag, &is_v6);

        if (is_v6 == v6 && memcmp(k, &key, size) == 0)
            return found(n, tag);
    }
    return (struct tcp_found){.any = false};
}

bool demux_insert(struct tcp *t, struct tcp_conn *c, uint32_t hash)
{
    if (!hashtab_insert(&t->table, &c->hash, TCP_TAG_CONN, hash))
        return false;
    c->in_table = true;
    list_remove(&c->link);
    return true;
}

void demux_remove(struct tcp *t, struct tcp_conn *c)
{
    struct tcp_flow flow = conn_flow(c);

    hashtab_remove(&t->table, &c->hash, demux_hash(t, &flow));
    c->in_table = false;
    list_remove(&c->link);
    list_push_back(&t->loose, &c->link);
}

/* ---- bindings: who holds a local port ---- */

static uint32_t port_hash(const struct tcp *t, uint16_t port)
{
    return (uint32_t)siphash13(t->table_key, &port, sizeof port);
}

uint32_t demux_binding_hash(const void *ctx, const struct hash_node *node, unsigned tag)
{
    const struct tcp_binding *b = container_of((struct hash_node *)node, struct tcp_binding, hash);

    (void)tag;
    return port_hash(ctx, b->addr.port);
}

static struct tcp_binding *binding_first(struct tcp *t, uint16_t port)
{
    unsigned tag;
    struct hash_node *n = hashtab_first(&t->bindings, port_hash(t, port), &tag);

    return n ? container_of(n, struct tcp_binding, hash) : NULL;
}

static struct tcp_binding *binding_next(struct tcp_binding *b)
{
    unsigned tag;
    struct hash_node *n = hashtab_next(&b->hash, &tag);

    return n ? container_of(n, struct tcp_binding, hash) : NULL;
}

/* This very address first, then any address of its family, then any address of both families. */
struct tcp_conn *demux_listener(struct tcp *t, const struct weft_addr *local)
{
    struct tcp_conn *any = NULL, *dual = NULL;

    for (struct tcp_binding *b = binding_first(t, local->port); b; b = binding_next(b)) {
        if (b->addr.port != local->port || b->conn->state != WEFT_TCP_LISTEN)
            continue;
        if (ip_eq(&b->addr.ip, &local->ip))
            return b->conn;
        if (!ip_takes(&b->addr.ip, b->conn->ep.v6only, &local->ip))
            continue;
        if (ip_is_v4(&b->addr.ip) == ip_is_v4(&local->ip))
            any = b->conn;
        else
            dual = b->conn;
    }
    return any ? any : dual;
}

/* Would a local address, of c or not yet of anybody, take something that is for b's? */
static bool overlap(const struct tcp_binding *b, const struct tcp_conn *c, const struct weft_addr *local)
{
    return b->addr.port == local->port && (ip_takes(&b->addr.ip, b->conn->ep.v6only, &local->ip) ||
                                           ip_takes(&local->ip, c->ep.v6only, &b->addr.ip));
}

/* May two sockets hold overlapping local addresses, as Linux has it? */
static bool may_share(const struct tcp_conn *a, const struct tcp_conn *b)
{
    if (a->ep.reuse_port && b->ep.reuse_port)
        return true;
    return a->ep.reuse_addr && b->ep.reuse_addr && a->state != WEFT_TCP_LISTEN && b->state != WEFT_TCP_LISTEN;
}

bool demux_listen_conflict(struct tcp *t, const struct tcp_conn *c, const struct weft_addr *addr)
{
    for (struct tcp_binding *b = binding_first(t, addr->port); b; b = binding_next(b))
        if (b->conn != c && b->conn->state == WEFT_TCP_LISTEN && overlap(b, c, addr) &&
            !(c->ep.reuse_port && b->conn->ep.reuse_port))
            return true;
    return false;
}

static bool bind_conflict(struct tcp *t, const struct tcp_conn *c, const struct weft_addr *addr)
{
    for (struct tcp_binding *b = binding_first(t, addr->port); b; b = binding_next(b))
        if (b->conn != c && overlap(b, c, addr) && !may_share(c, b->conn))
            return true;
    return false;
}

bool demux_flow_uses(struct tcp *t, const struct tcp_conn *c, const struct weft_addr *local)
{
    struct hashtab_walk walk = {0};

    while (hashtab_walk(&t->table, &walk)) {
        bool v6;
        const union tcp_key *key = key_of(walk.at, walk.tag, &v6);
        struct tcp_flow flow = key_unpack(key, v6);

        if (flow.local.port == local->port && ip_takes(&local->ip, c->ep.v6only, &flow.local.ip))
            return true;
    }
    return false;
}

bool demux_port_taken(struct tcp *t, const struct tcp_conn *c, const struct weft_addr *local)
{
    for (struct tcp_binding *b = binding_first(t, local->port); b; b = binding_next(b))
        if (overlap(b, c, local))
            return true;
    return false;
}

int demux_bind(struct tcp *t, struct tcp_conn *c, const struct weft_addr *addr)
{
    struct tcp_binding *b;

    if (bind_conflict(t, c, addr) || (!c->ep.reuse_addr && !c->ep.reuse_port && demux_flow_uses(t, c, addr)))
        return WEFT_EADDRINUSE;
    b = mem_alloc(&t->stack->mem, MEM_table, sizeof *b);
    if (!b)
        return WEFT_ENOMEM;
    b->conn = c;
    b->addr = *addr;
    if (!hashtab_insert(&t->bindings, &b->hash, 0, port_hash(t, addr->port))) {
        mem_free(&t->stack->mem, MEM_table, b, sizeof *b);
        return WEFT_ENOMEM;
    }
    c->bound = true;
    return 0;
}

struct tcp_binding *demux_binding(struct tcp *t, const struct tcp_conn *c)
{
    struct tcp_flow flow = conn_flow(c);

    for (struct tcp_binding *b = binding_first(t, flow.local.port); b; b = binding_next(b))
        if (b->conn == c)
            return b;
    return NULL;
}

void demux_unbind(struct tcp *t, struct tcp_conn *c)
{
    struct tcp_binding *b = c->bound ? demux_binding(t, c) : NULL;

    if (!b)
        return;
    hashtab_remove(&t->bindings, &b->hash, port_hash(t, b->addr.port));
    mem_free(&t->stack->mem, MEM_table, b, sizeof *b);
    c->bound = false;
}
