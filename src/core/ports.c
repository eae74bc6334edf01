/* SPDX-License-Identifier: MIT */
/* Ephemeral ports, and ports in use; see ports.h. */
#include "core/ports.h"

#include "wire/ip.h"

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

    if (ip_is_v4(local) && ip_is_v4(&remote->ip))
        return siphash24_short(s->port_key, ip_v4_pair(local, &remote->ip), remote->port, 10);
    memcpy(input, local->b, 16);
    memcpy(input + 16, remote->ip.b, 16);
    memcpy(input + 32, &remote->port, 2);
    return siphash24(s->port_key, input, sizeof input);
}

struct port_range {
    uint32_t min, max;
};

/* The configured range, with those ends of the socket's own that are within. */
static struct port_range range_of(const weft_stack *s, uint32_t wish)
{
    struct port_range all = {s->config.port_min, s->config.port_max}, r = {wish & 0xffff, wish >> 16};

    if (r.min < all.min || r.min > all.max)
        r.min = all.min;
    if (r.max < all.min || r.max > all.max)
        r.max = all.max;
    return r;
}

/*
 * The counter goes through the whole range, one half after the other, and round: so the search goes on behind the last
 * port that was given, in whichever half that was. If it began each time with the half that is preferred, then once
 * all of that is taken (a busy client's TIME-WAIT pairs) each connection would look at all of it again.
 */
uint16_t port_pick(weft_stack *s, uint32_t wish, const struct weft_ip *local, const struct weft_addr *remote,
                   enum port_parity first, bool (*taken)(void *ctx, uint16_t port), void *ctx)
{
    struct port_range r = range_of(s, wish);
    uint32_t range = r.max - r.min + 1, half[] = {(range + 1 - first) / 2, (range + first) / 2};
    uint64_t hash = destination_hash(s, local, remote);
    uint16_t *counter = counter_of(s, (uint16_t)hash);
    uint32_t start = (uint32_t)(hash >> 32), at = *counter % range;

    for (uint32_t i = 0; i < range; i++, at = at + 1 == range ? 0 : at + 1) {
        bool second = at >= half[0];
        uint32_t step = (start + at) % half[second], parity = (uint32_t)first ^ second;
        uint16_t port = (uint16_t)(r.min + 2 * step + parity);

        if (taken(ctx, port))
            continue;
        *counter = (uint16_t)((at + 1 + (rng_below(&s->rng, SKIP_ONE_IN) == 0)) % range);
        return port;
    }
    return 0;
}

/* ---- ports in use ---- */

_Static_assert(PORT_USE_PAGES * PORT_USES_A_PAGE == 65536, "a place for each port");

void port_table_init(struct port_table *t, struct mem *m) { *t = (struct port_table){.mem = m}; }

static void page_free(struct port_table *t, struct port_page *page) { mem_free(t->mem, MEM_table, page, sizeof *page); }

void port_table_fini(struct port_table *t)
{
    for (unsigned i = 0; i < PORT_USE_PAGES; i++)
        page_free(t, t->page[i]);
    page_free(t, t->spare);
    port_table_init(t, t->mem);
}

/* All zero: nobody uses its ports. */
static struct port_page *page_new(struct port_table *t)
{
    struct port_page *page = t->spare;

    t->spare = NULL;
    if (page)
        return page;
    page = mem_alloc(t->mem, MEM_table, sizeof *page);
    if (page)
        memset(page, 0, sizeof *page);
    return page;
}

const struct port_use *port_users(const struct port_table *t, uint16_t port)
{
    const struct port_page *page = t->page[port / PORT_USES_A_PAGE];
    const struct port_use *u = page ? &page->use[port % PORT_USES_A_PAGE] : NULL;

    return u && u->users ? u : NULL;
}

bool port_use(struct port_table *t, uint16_t port, bool willing)
{
    struct port_page **page = &t->page[port / PORT_USES_A_PAGE];
    struct port_use *u;

    if (!*page && !(*page = page_new(t)))
        return false;
    u = &(*page)->use[port % PORT_USES_A_PAGE];
    (*page)->ports += u->users++ == 0;
    u->unwilling += !willing;
    return true;
}

void port_release(struct port_table *t, uint16_t port, bool willing)
{
    struct port_page **page = &t->page[port / PORT_USES_A_PAGE];
    struct port_use *u = *page ? &(*page)->use[port % PORT_USES_A_PAGE] : NULL;

    weft_assert(u && u->users && u->unwilling >= !willing, "each release answers one use");
    u->unwilling -= !willing;
    if (--u->users || --(*page)->ports)
        return;
    page_free(t, t->spare); /* one is kept for who opens and closes by turns */
    t->spare = *page;
    *page = NULL;
}
