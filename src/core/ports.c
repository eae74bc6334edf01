/* SPDX-License-Identifier: MIT */
/* Ephemeral ports, and ports in use; see ports.h. */
#include "core/ports.h"

#define SKIP_ONE_IN 16 /* how often a counter goes a step further than it must */

/* ---- counters, in pages that come with their first use ---- */

_Static_assert(PORT_COUNTER_PAGES * PORT_COUNTERS_A_PAGE == 65536, "a counter for each 16 bits of the hash");

/* The counter of a hash; without memory for its page, one for all. */
static uint16_t *counter_of(weft_stack *s, uint16_t hash)
{
    uint16_t **page = &s->port_counters.page[hash / PORT_COUNTERS_A_PAGE];
    const size_t size = PORT_COUNTERS_A_PAGE * sizeof **page;

    if (!*page) {
        *page = mem_alloc(&s->mem, MEM_table, size);
        if (!*page)
            return &s->port_counters.common;
        memset(*page, 0, size);
    }
    return &(*page)[hash % PORT_COUNTERS_A_PAGE];
}

void port_counters_fini(weft_stack *s)
{
    for (unsigned i = 0; i < PORT_COUNTER_PAGES; i++)
        mem_free(&s->mem, MEM_table, s->port_counters.page[i], PORT_COUNTERS_A_PAGE * sizeof(uint16_t));
}

/* ---- picking ---- */

static uint64_t destination_hash(const weft_stack *s, const struct weft_ip *local, const struct weft_addr *remote)
{
    uint8_t input[34];

    memcpy(input, local->b, 16);
    memcpy(input + 16, remote->ip.b, 16);
    memcpy(input + 32, &remote->port, 2);
    return siphash24(s->port_key, input, sizeof input);
}

uint16_t port_pick(weft_stack *s, const struct weft_ip *local, const struct weft_addr *remote, enum port_parity first,
                   bool (*taken)(void *ctx, uint16_t port), void *ctx)
{
    uint32_t range = (uint32_t)s->config.port_max - s->config.port_min + 1;
    uint64_t hash = destination_hash(s, local, remote);
    uint16_t *counter = counter_of(s, (uint16_t)hash);
    uint32_t start = (uint32_t)(hash >> 32) + *counter;

    for (unsigned half = 0; half < 2; half++) {
        uint32_t parity = (uint32_t)first ^ half, ports = (range + 1 - parity) / 2;

        for (uint32_t i = 0; i < ports; i++) {
            uint16_t port = (uint16_t)(s->config.port_min + 2 * ((start + i) % ports) + parity);

            if (taken(ctx, port))
                continue;
            *counter = (uint16_t)(*counter + i + 1 + (rng_below(&s->rng, SKIP_ONE_IN) == 0));
            return port;
        }
    }
    return 0;
}

/* ---- ports in use ---- */

/* Not keyed: what stands in this table are our own choices. */
static uint32_t hash_of_port(uint16_t port) { return port * 0x9e3779b1u >> 7; }

static uint32_t hash_of_node(const void *ctx, const struct hash_node *node, unsigned tag)
{
    (void)ctx, (void)tag;
    return hash_of_port(container_of(node, const struct port_use, hash)->port);
}

void port_table_init(struct port_table *t, struct mem *m)
{
    hashtab_init(&t->table, m, hash_of_node, NULL);
    slab_init(&t->slab, m, MEM_table, sizeof(struct port_use));
}

void port_table_fini(struct port_table *t)
{
    struct hashtab_walk walk = {0};
    struct port_use *behind = NULL; /* the walk goes on from it, so it lives a step longer */

    while (hashtab_walk(&t->table, &walk)) {
        slab_free(&t->slab, behind);
        behind = container_of(walk.at, struct port_use, hash);
    }
    slab_free(&t->slab, behind);
    hashtab_fini(&t->table);
    slab_fini(&t->slab);
}

static struct port_use *find(const struct port_table *t, uint16_t port)
{
    unsigned tag;

    for (struct hash_node *n = hashtab_first(&t->table, hash_of_port(port), &tag); n; n = hashtab_next(n, &tag))
        if (container_of(n, struct port_use, hash)->port == port)
            return container_of(n, struct port_use, hash);
    return NULL;
}

const struct port_use *port_users(const struct port_table *t, uint16_t port) { return find(t, port); }

static struct port_use *add(struct port_table *t, uint16_t port)
{
    struct port_use *u = slab_alloc(&t->slab);

    if (!u)
        return NULL;
    *u = (struct port_use){.port = port};
    if (hashtab_insert(&t->table, &u->hash, 0, hash_of_port(port)))
        return u;
    slab_free(&t->slab, u);
    return NULL;
}

bool port_use(struct port_table *t, uint16_t port, bool willing)
{
    struct port_use *u = find(t, port);

    if (!u && !(u = add(t, port)))
        return false;
    u->users++;
    u->unwilling += !willing;
    return true;
}

void port_release(struct port_table *t, uint16_t port, bool willing)
{
    struct port_use *u = find(t, port);

    weft_assert(u && u->users && u->unwilling >= !willing, "each release answers one use");
    u->unwilling -= !willing;
    if (--u->users)
        return;
    hashtab_remove(&t->table, &u->hash, hash_of_port(port));
    slab_free(&t->slab, u);
}
