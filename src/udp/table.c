/* SPDX-License-Identifier: MIT */
/*
 * Which endpoint has which port. What comes in is looked up among the pairs, then among the open ones of its port, so
 * that ten thousand peers behind one port cost no more than one, whoever sends.
 *
 * The pair's hash is keyed, for half of it is a stranger's choice. The port's is not: what stands in those tables are
 * our own choices, a stranger only picks where we look.
 */
#include "core/ports.h"
#include "udp/private.h"

struct pair {
    struct weft_ip local, remote;
    uint16_t local_port, remote_port;
};

static uint32_t port_hash(uint16_t port) { return port * 0x9e3779b1u; }

static uint32_t pair_hash(const struct udp_table *t, const struct weft_addr *local, const struct weft_addr *remote)
{
    struct pair pair = {local->ip, remote->ip, local->port, remote->port};

    return (uint32_t)siphash13(t->key, &pair, sizeof pair);
}

static uint32_t port_node_hash(const void *ctx, const struct hash_node *node, unsigned tag)
{
    (void)ctx, (void)tag;
    return port_hash(container_of(node, const struct udp_ep, port_node)->d.local.port);
}

static uint32_t pair_node_hash(const void *ctx, const struct hash_node *node, unsigned tag)
{
    const struct udp_ep *e = container_of(node, const struct udp_ep, pair_node);

    (void)tag;
    return pair_hash(ctx, &e->d.local, &e->d.remote);
}

void udp_table_init(struct udp_table *t, weft_stack *s)
{
    *t = (struct udp_table){.key = stack_key(s, KEY_UDP_TABLE)};
    slab_init(&t->slab, &s->mem, MEM_udp, sizeof(struct udp_ep));
    hashtab_init(&t->open, &s->mem, port_node_hash, t);
    hashtab_init(&t->taken, &s->mem, port_node_hash, t);
    hashtab_init(&t->pairs, &s->mem, pair_node_hash, t);
    list_init(&t->all);
}

void udp_table_fini(struct udp_table *t)
{
    hashtab_fini(&t->open);
    hashtab_fini(&t->taken);
    hashtab_fini(&t->pairs);
    slab_fini(&t->slab);
}

/* ---- looking ---- */

/* The endpoint at this node or behind it in the chain that has the port. */
static struct udp_ep *with_port(struct hash_node *node, uint16_t port)
{
    unsigned tag;

    for (; node; node = hashtab_next(node, &tag))
        if (container_of(node, struct udp_ep, port_node)->d.local.port == port)
            return container_of(node, struct udp_ep, port_node);
    return NULL;
}

/* table: open or taken. */
static struct udp_ep *first_with_port(const struct hashtab *table, uint16_t port)
{
    unsigned tag;

    return with_port(hashtab_first(table, port_hash(port), &tag), port);
}

static struct udp_ep *next_with_port(const struct udp_ep *e)
{
    unsigned tag;

    return with_port(hashtab_next(&e->port_node, &tag), e->d.local.port);
}

static struct udp_ep *find_pair(const struct udp_table *t, const struct weft_addr *local,
                                const struct weft_addr *remote, unsigned interface)
{
    unsigned tag;
    struct hash_node *node;

    if (t->pairs.count == 0)
        return NULL;
    node = hashtab_first(&t->pairs, pair_hash(t, local, remote), &tag);
    for (; node; node = hashtab_next(node, &tag)) {
        struct udp_ep *e = container_of(node, struct udp_ep, pair_node);

        if (e->d.local.port == local->port && e->d.remote.port == remote->port && ip_eq(&e->d.remote.ip, &remote->ip) &&
            ip_eq(&e->d.local.ip, &local->ip) && udp_hears(e, interface))
            return e;
    }
    return NULL;
}

/*
 * How well an open endpoint suits the local address: 0 not at all, 1 any address of both families, 2 any of its own
 * family, 3 this very one.
 */
static int suits_address(const struct udp_ep *e, const struct weft_ip *local)
{
    if (ip_eq(&e->d.local.ip, local))
        return 3;
    if (!ip_takes(&e->d.local.ip, e->d.sock.v6only, local))
        return 0;
    return ip_is_v4(local) && e->d.sock.v6 ? 1 : 2;
}

/* One that hears this interface alone goes before all that hear any. */
static int suits(const struct udp_ep *e, const struct weft_ip *local, unsigned interface)
{
    int score = udp_hears(e, interface) ? suits_address(e, local) : 0;

    return score && e->d.rare.interface ? score + 3 : score;
}

/* The i-th of those that suit as well as this. */
static struct udp_ep *ith_that_suits(struct udp_ep *e, const struct weft_ip *local, unsigned interface, int score,
                                     uint32_t i)
{
    for (; suits(e, local, interface) != score || i-- > 0; e = next_with_port(e))
        ;
    return e;
}

/* Those who suit a datagram equally well, in the table's order. */
struct equals {
    struct udp_ep *first;
    const struct weft_ip *local;
    unsigned interface;
    int score;
    uint32_t n;
};

static struct udp_ep *next_equal(const struct equals *q, struct udp_ep *e)
{
    for (e = e ? next_with_port(e) : q->first; e && suits(e, q->local, q->interface) != q->score;)
        e = next_with_port(e);
    return e;
}

/* The i-th of them in the order in which they joined. */
static struct udp_ep *ith_that_joined(const struct equals *q, uint32_t i)
{
    for (struct udp_ep *e = next_equal(q, NULL); e; e = next_equal(q, e)) {
        uint32_t before = 0;

        for (struct udp_ep *other = next_equal(q, NULL); other; other = next_equal(q, other))
            before += other->joined < e->joined;
        if (before == i)
            return e;
    }
    return NULL;
}

/* Whom their program chooses; NULL: there is no program, or nobody of that number. */
static struct udp_ep *chosen(const struct equals *q, const struct weft_pkt *pkt)
{
    const struct filter *latest = NULL;
    struct weft_pkt payload;

    for (struct udp_ep *e = next_equal(q, NULL); e; e = next_equal(q, e))
        if (e->d.filter.choice && (!latest || e->d.filter.chosen_at > latest->chosen_at))
            latest = &e->d.filter;
    if (!latest || !pkt)
        return NULL;
    payload = *pkt; /* as far as a program looks: its bytes stay where they are */
    pkt_pull(&payload, UDP_HEADER);
    return ith_that_joined(q, bpf_run(latest->choice, &payload));
}

struct udp_ep *udp_table_find(const struct udp_table *t, const struct weft_addr *local, const struct weft_addr *remote,
                              unsigned interface, const struct weft_pkt *pkt)
{
    struct udp_ep *e = find_pair(t, local, remote, interface), *first = NULL;
    uint32_t equals = 0;
    int best = 0;

    if (e)
        return e;
    for (e = first_with_port(&t->open, local->port); e; e = next_with_port(e)) {
        int score = suits(e, &local->ip, interface);

        if (score > best) {
            best = score;
            equals = 0;
            first = e;
        }
        equals += score && score == best;
    }
    if (likely(equals <= 1) || !first->d.sock.reuse_port)
        return first;
    e = chosen(&(struct equals){first, &local->ip, interface, best, equals}, pkt);
    if (e)
        return e;
    return ith_that_suits(first, &local->ip, interface, best, pair_hash(t, local, remote) % equals);
}

struct udp_ep *udp_table_next_member(const struct udp_table *t, const struct udp_ep *last,
                                     const struct weft_addr *local)
{
    struct udp_ep *e = last ? next_with_port(last) : first_with_port(&t->open, local->port);

    while (e && !suits_address(e, &local->ip))
        e = next_with_port(e);
    return e;
}

/* ---- coming and going ---- */

/* May a and e have the same port, when a is at this address? Both must say so (SO_REUSEADDR or SO_REUSEPORT), or hear
 * different interfaces. */
static bool may_share(const struct udp_ep *a, const struct weft_ip *ip, const struct udp_ep *e)
{
    if (a->d.rare.interface && e->d.rare.interface && a->d.rare.interface != e->d.rare.interface)
        return true;
    if ((a->d.sock.reuse_addr && e->d.sock.reuse_addr) || (a->d.sock.reuse_port && e->d.sock.reuse_port))
        return true;
    return !ip_takes(ip, a->d.sock.v6only, &e->d.local.ip) && !ip_takes(&e->d.local.ip, e->d.sock.v6only, ip);
}

static bool conflicts_in(const struct hashtab *table, const struct udp_ep *a, const struct weft_addr *local)
{
    for (const struct udp_ep *e = first_with_port(table, local->port); e; e = next_with_port(e))
        if (!may_share(a, &local->ip, e))
            return true;
    return false;
}

static bool port_taken(void *ctx, uint16_t port)
{
    const struct udp_table *t = ctx;

    return first_with_port(&t->open, port) || first_with_port(&t->taken, port);
}

int udp_table_bind(struct udp_table *t, struct udp_ep *e, const struct weft_addr *local,
                   const struct weft_addr *remote)
{
    struct weft_addr want = *local, before = e->d.local;

    if (want.port == 0)
        want.port = port_pick(e->d.sock.stack, e->d.rare.ports, &want.ip, remote, PORT_ODD, port_taken, t);
    if (want.port == 0 || conflicts_in(&t->open, e, &want) || conflicts_in(&t->taken, e, &want))
        return WEFT_EADDRINUSE;
    e->d.local = want;
    if (!hashtab_insert(&t->open, &e->port_node, 0, port_hash(want.port))) {
        e->d.local = before;
        return WEFT_ENOMEM;
    }
    e->bound_ip = want.ip;
    e->joined = ++t->joined;
    e->port_chosen = local->port == 0;
    return 0;
}

/* Makes a connected endpoint an open one again; an open one stays what it is. */
static void disconnect(struct udp_table *t, struct udp_ep *e)
{
    bool back;

    if (!e->d.remote.port)
        return;
    hashtab_remove(&t->pairs, &e->pair_node, pair_hash(t, &e->d.local, &e->d.remote));
    hashtab_remove(&t->taken, &e->port_node, port_hash(e->d.local.port));
    e->d.local.ip = e->bound_ip;
    e->d.remote = (struct weft_addr){.ip = endpoint_any(&e->d.sock)};
    back = hashtab_insert(&t->open, &e->port_node, 0, port_hash(e->d.local.port));
    weft_assert(back, "the endpoint was in before it was connected, and a table keeps its first buckets");
    (void)back;
}

int udp_table_connect(struct udp_table *t, struct udp_ep *e, const struct weft_ip *local,
                      const struct weft_addr *remote)
{
    uint32_t port = port_hash(e->d.local.port);

    disconnect(t, e);
    if (remote->port == 0)
        return 0;
    hashtab_remove(&t->open, &e->port_node, port);
    e->d.local.ip = *local;
    e->d.remote = *remote;
    if (hashtab_insert(&t->taken, &e->port_node, 0, port)) {
        if (hashtab_insert(&t->pairs, &e->pair_node, 0, pair_hash(t, &e->d.local, &e->d.remote)))
            return 0;
        hashtab_remove(&t->taken, &e->port_node, port);
    }
    e->d.local.ip = e->bound_ip;
    e->d.remote = (struct weft_addr){.ip = endpoint_any(&e->d.sock)};
    hashtab_insert(&t->open, &e->port_node, 0, port);
    return WEFT_ENOMEM;
}

/* Who joined last among those who shared its port takes its place, and their program stays theirs, as on Linux. */
static void give_place(struct udp_table *t, const struct udp_ep *e)
{
    struct udp_ep *last = NULL;

    for (struct udp_ep *o = first_with_port(&t->open, e->d.local.port); o; o = next_with_port(o))
        if (o != e && o->d.sock.reuse_port && ip_eq(&o->d.local.ip, &e->d.local.ip) &&
            (!last || o->joined > last->joined))
            last = o;
    if (!last)
        return;
    filter_inherit_choice(&last->d.filter, &e->d.sock.stack->mem, &e->d.filter);
    if (last->joined > e->joined)
        last->joined = e->joined;
}

void udp_table_remove(struct udp_table *t, struct udp_ep *e)
{
    if (!e->d.local.port)
        return;
    disconnect(t, e);
    hashtab_remove(&t->open, &e->port_node, port_hash(e->d.local.port));
    if (unlikely(e->d.sock.reuse_port))
        give_place(t, e);
    e->d.local.port = 0;
    e->port_chosen = false;
}
