/* SPDX-License-Identifier: MIT */
/*
 * Who is a segment for? A flow names a connection, a half-open or a TIME-WAIT record, all in one table; failing that,
 * a listener on its local address and port. Keyed hashes, so that nobody outside can make chains long.
 */
#include "tcp/demux.h"

/* The lengths are constants, so that each family's is a hash without a loop. */
static inline uint32_t hash_key(const struct tcp *t, const union tcp_key *key, bool v6)
{
    if (unlikely(v6))
        return (uint32_t)siphash13(t->table_key, key, sizeof key->v6);
    return (uint32_t)siphash13(t->table_key, key, sizeof key->v4);
}

ASIDE uint32_t demux_hash(const struct tcp *t, const struct tcp_flow *flow)
{
    union tcp_key key;
    bool v6 = flow_is_v6(flow);

    key_pack(&key, flow, v6);
    return hash_key(t, &key, v6);
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

    return hash_key(t, key, v6);
}

uint32_t demux_hash_of_conn(const struct tcp *t, const struct tcp_conn *c)
{
    struct tcp_flow flow;

    if (likely(c->work && c->work->hash)) /* the state is not LISTEN */
        return c->work->hash;
    flow = conn_flow(c);
    return demux_hash(t, &flow);
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
    unsigned tag;

    for (struct hash_node *n = hashtab_first(&t->table, hash, &tag); n; n = hashtab_next(n, &tag)) {
        bool is_v6;
        const union tcp_key *k = key_of(n, tag, &is_v6);

        if (is_v6 == v6 && key_is(k, flow, v6))
            return found(n, tag);
    }
    return (struct tcp_found){.any = false};
}

bool demux_insert(struct tcp *t, struct tcp_conn *c, uint32_t hash)
{
    if (!demux_hold_port(t, c))
        return false;
    list_remove(&c->loose);
    if (!hashtab_insert(&t->table, &c->hash, TCP_TAG_CONN, hash)) {
        list_push_back(&t->loose, &c->loose);
        demux_release_port(t, c);
        return false;
    }
    c->alarm = NULL;
    c->in_table = true;
    c->work->hash = hash;
    return true;
}

void demux_forget(struct tcp *t, struct tcp_conn *c)
{
    weft_assert(!c->queued && !c->alarm, "conn.h: where these stand the list of loose ones will");
    c->in_table = false;
    if (c->work)
        c->work->hash = 0;
    if (t->recent == c)
        t->recent = NULL;
}

void demux_remove(struct tcp *t, struct tcp_conn *c)
{
    hashtab_remove(&t->table, &c->hash, demux_hash_of_conn(t, c));
    demux_release_port(t, c);
    demux_forget(t, c);
    list_push_back(&t->loose, &c->loose);
}

void demux_remove_record(struct tcp *t, struct timewait *w)
{
    struct tcp_flow flow = key_unpack(&w->key, w->v6);

    hashtab_remove(&t->table, &w->hash, demux_hash(t, &flow));
    port_release(&t->ports, flow.local.port, w->reuse_addr);
}

static uint16_t local_port(const struct tcp_conn *c) { return c->v6 ? c->key.v6.local_port : c->key.v4.local_port; }

bool demux_hold_port(struct tcp *t, struct tcp_conn *c)
{
    c->shares_port = c->ep.reuse_addr; /* as it is now: it may change before it is released */
    return port_use(&t->ports, local_port(c), c->shares_port);
}

void demux_release_port(struct tcp *t, struct tcp_conn *c) { port_release(&t->ports, local_port(c), c->shares_port); }

/* ---- bindings: who holds a local port ---- */

/* Not keyed: what stands in the table of bindings are our own choices, a stranger only picks where we look. */
static uint32_t port_hash(uint16_t port) { return port * 0x9e3779b1u >> 7; }

uint32_t demux_binding_hash(const void *ctx, const struct hash_node *node, unsigned tag)
{
    const struct tcp_binding *b = container_of((struct hash_node *)node, struct tcp_binding, hash);

    (void)ctx, (void)tag;
    return port_hash(b->addr.port);
}

static struct tcp_binding *binding_first(struct tcp *t, uint16_t port)
{
    unsigned tag;
    struct hash_node *n = hashtab_first(&t->bindings, port_hash(port), &tag);

    return n ? container_of(n, struct tcp_binding, hash) : NULL;
}

static struct tcp_binding *binding_next(struct tcp_binding *b)
{
    unsigned tag;
    struct hash_node *n = hashtab_next(&b->hash, &tag);

    return n ? container_of(n, struct tcp_binding, hash) : NULL;
}

/*
 * What we send to an address of ours goes by the loopback interface, and counts as having come in where the address is,
 * as on Linux.
 */
bool conn_is_elsewhere(const struct tcp_conn *c, const weft_if *by, const struct weft_ip *ours)
{
    unsigned bound = (unsigned)c->settings->rare.interface;
    const weft_if *owner = by && by->ops->kind == WEFT_LINK_LOOPBACK ? if_by_address(by->stack, ours) : NULL;

    if (owner)
        by = owner;
    return bound && (!by || by->index != bound);
}

/* Whom a segment is for: the address, and the interface it came in by. */
struct wanted {
    const struct weft_addr *local;
    const weft_if *by;
};

/*
 * How well a binding suits: 0 not at all, 2 any address of both families, 4 any of its own, 6 this one; and one more
 * when it keeps to the interface.
 */
static unsigned suits(const struct tcp_binding *b, const struct wanted *w)
{
    unsigned bound = b->conn->settings->rare.interface != 0;

    if (b->addr.port != w->local->port || b->conn->state != WEFT_TCP_LISTEN)
        return 0;
    if (unlikely(bound) && conn_is_elsewhere(b->conn, w->by, &w->local->ip))
        return 0;
    if (ip_eq(&b->addr.ip, &w->local->ip))
        return 6 + bound;
    if (!ip_takes(&b->addr.ip, b->conn->ep.v6only, &w->local->ip))
        return 0;
    return (ip_is_v4(&b->addr.ip) == ip_is_v4(&w->local->ip) ? 4 : 2) + bound;
}

/* The i-th of those that suit as well as this. */
static struct tcp_conn *ith_that_suits(struct tcp_binding *b, const struct wanted *w, unsigned how, uint32_t i)
{
    for (; suits(b, w) != how || i-- > 0; b = binding_next(b))
        ;
    return b->conn;
}

/* The i-th of them in the order in which they began to listen; NULL: there are not so many. */
static struct tcp_conn *ith_that_joined(struct tcp_binding *first, const struct wanted *w, unsigned how, uint32_t i)
{
    for (struct tcp_binding *b = first; b; b = binding_next(b)) {
        uint32_t before = 0;

        for (struct tcp_binding *o = first; o; o = binding_next(o))
            before += suits(o, w) == how && o->joined < b->joined;
        if (suits(b, w) == how && before == i)
            return b->conn;
    }
    return NULL;
}

/* Whom the program of those who suit so chooses (SO_ATTACH_REUSEPORT_CBPF); NULL: there is none, or nobody of that
 * number. */
static struct tcp_conn *chosen(struct tcp_binding *first, const struct wanted *w, unsigned how,
                               const struct tcp_seg *seg)
{
    const struct filter *latest = NULL;
    struct weft_pkt text;

    for (struct tcp_binding *b = first; b; b = binding_next(b)) {
        const struct filter *f = &b->conn->settings->filter;

        if (suits(b, w) == how && f->choice && (!latest || f->chosen_at > latest->chosen_at))
            latest = f;
    }
    if (!latest)
        return NULL;
    text = *seg->pkt; /* as far as a program looks: its bytes stay where they are */
    pkt_pull(&text, seg->h.header_len);
    return ith_that_joined(first, w, how, bpf_run(latest->choice, &text));
}

/*
 * Listeners that share a port (SO_REUSEPORT) share the peers, by their flow's hash: all segments of one peer find the
 * same listener as long as the group does not change. Of the hash the high bits count, for the table has the low ones.
 */
struct tcp_conn *demux_listener(struct tcp *t, const struct tcp_seg *seg)
{
    const struct weft_addr *local = &seg->flow.local;
    const struct wanted w = {local, seg->pkt->ifp};
    struct tcp_binding *best = NULL;
    struct tcp_conn *c;
    unsigned how = 0;
    uint32_t n = 0;

    for (struct tcp_binding *b = binding_first(t, local->port); b; b = binding_next(b)) {
        unsigned score = suits(b, &w);

        if (score > how) {
            best = b;
            how = score;
            n = 1;
        } else if (score == how) {
            n++;
        }
    }
    if (how == 0 || n == 1)
        return how ? best->conn : NULL;
    c = chosen(best, &w, how, seg);
    return c ? c : ith_that_suits(best, &w, how, (uint32_t)((uint64_t)seg->hash * n >> 32));
}

/* Do both keep to an interface, and not to the same one? */
static bool keep_apart(const struct tcp_conn *a, const struct tcp_conn *b)
{
    int32_t one = a->settings->rare.interface, other = b->settings->rare.interface;

    return one && other && one != other;
}

/* Would a local address, of c or not yet of anybody, take something that is for b's? */
static bool overlap(const struct tcp_binding *b, const struct tcp_conn *c, const struct weft_addr *local)
{
    return !keep_apart(b->conn, c) && b->addr.port == local->port &&
           (ip_takes(&b->addr.ip, b->conn->ep.v6only, &local->ip) ||
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

/* Does a connection or record that this socket cannot share a port with use the address? Walks the table. */
static bool flows_conflict(struct tcp *t, const struct tcp_conn *c, const struct weft_addr *addr)
{
    struct hashtab_walk walk = {0};

    while (hashtab_walk(&t->table, &walk)) {
        bool v6, willing = false;
        const union tcp_key *key = key_of(walk.at, walk.tag, &v6);
        struct tcp_flow flow = key_unpack(key, v6);

        if (walk.tag == TCP_TAG_HALF_OPEN || flow.local.port != addr->port ||
            !ip_takes(&addr->ip, c->ep.v6only, &flow.local.ip)) /* half-open ones are their listener's */
            continue;
        if (walk.tag == TCP_TAG_CONN) {
            const struct tcp_conn *other = container_of(walk.at, struct tcp_conn, hash);

            willing = (c->ep.reuse_addr && other->shares_port) || (c->ep.reuse_port && other->ep.reuse_port);
        } else {
            willing = c->ep.reuse_port ||
                      (c->ep.reuse_addr && container_of(walk.at, struct timewait, hash)->reuse_addr);
        }
        if (!willing)
            return true;
    }
    return false;
}

/* Does it take every address that anybody here can have? */
static bool takes_all(const struct tcp *t, const struct tcp_conn *c, const struct weft_addr *addr)
{
    if (!ip_is_any(&addr->ip))
        return false;
    return ip_is_v4(&addr->ip) ? slab_live(&t->conn6) + timewait_count_v6(&t->time_wait) == 0 : !c->ep.v6only;
}

/*
 * The same, by the table of ports in use, which nearly always knows: the port is free, or its users share it as this
 * socket does, or none of them could have another address.
 */
static bool use_conflicts(struct tcp *t, const struct tcp_conn *c, const struct weft_addr *addr)
{
    const struct port_use *u = port_users(&t->ports, addr->port);

    if (!u || (c->ep.reuse_addr && u->unwilling == 0))
        return false;
    if (takes_all(t, c, addr) && !c->ep.reuse_port)
        return true;
    return flows_conflict(t, c, addr);
}

bool demux_port_taken(struct tcp *t, const struct tcp_conn *c, const struct weft_addr *local)
{
    for (struct tcp_binding *b = binding_first(t, local->port); b; b = binding_next(b))
        if (overlap(b, c, local))
            return true;
    return false;
}

bool demux_port_in_use(struct tcp *t, uint16_t port) { return port_users(&t->ports, port); }

int demux_bind(struct tcp *t, struct tcp_conn *c, const struct weft_addr *addr)
{
    struct tcp_binding *b;

    if (addr->port && (bind_conflict(t, c, addr) || use_conflicts(t, c, addr)))
        return WEFT_EADDRINUSE;
    b = mem_alloc(&t->stack->mem, MEM_table, sizeof *b);
    if (!b)
        return WEFT_ENOMEM;
    b->conn = c;
    b->addr = *addr;
    b->joined = 0;
    if (!hashtab_insert(&t->bindings, &b->hash, 0, port_hash(addr->port))) {
        mem_free(&t->stack->mem, MEM_table, b, sizeof *b);
        return WEFT_ENOMEM;
    }
    c->bound = true;
    return 0;
}

static struct tcp_binding *binding_of(struct tcp *t, const struct tcp_conn *c, uint16_t port)
{
    for (struct tcp_binding *b = binding_first(t, port); b; b = binding_next(b))
        if (b->conn == c)
            return b;
    return NULL;
}

/* A socket that bound an address alone (IP_BIND_ADDRESS_NO_PORT) stands under port 0, whatever port it got since. */
struct tcp_binding *demux_binding(struct tcp *t, const struct tcp_conn *c)
{
    struct tcp_binding *b = binding_of(t, c, local_port(c));

    return b ? b : binding_of(t, c, 0);
}

void demux_joins(struct tcp *t, const struct tcp_conn *c)
{
    struct tcp_binding *b = demux_binding(t, c);

    if (b)
        b->joined = ++t->joined;
}

/* Who joined last among those who shared its port takes its place, and their program stays theirs, as on Linux. */
static void give_place(struct tcp *t, const struct tcp_binding *leaving)
{
    const struct filter *choice = &leaving->conn->settings->filter;
    struct tcp_binding *last = NULL;
    struct tcp_settings *own;

    if (!leaving->joined)
        return;
    for (struct tcp_binding *b = binding_first(t, leaving->addr.port); b; b = binding_next(b))
        if (b != leaving && b->addr.port == leaving->addr.port && b->conn->state == WEFT_TCP_LISTEN &&
            b->conn->ep.reuse_port && ip_eq(&b->addr.ip, &leaving->addr.ip) && (!last || b->joined > last->joined))
            last = b;
    if (!last)
        return;
    own = choice->choice ? settings_own(&last->conn->settings, &t->stack->mem) : NULL;
    if (own)
        filter_inherit_choice(&own->filter, &t->stack->mem, choice);
    if (last->joined > leaving->joined)
        last->joined = leaving->joined;
}

void demux_unbind(struct tcp *t, struct tcp_conn *c)
{
    struct tcp_binding *b = c->bound ? demux_binding(t, c) : NULL;

    if (!b)
        return;
    hashtab_remove(&t->bindings, &b->hash, port_hash(b->addr.port));
    if (unlikely(c->ep.reuse_port))
        give_place(t, b);
    mem_free(&t->stack->mem, MEM_table, b, sizeof *b);
    c->bound = false;
}
