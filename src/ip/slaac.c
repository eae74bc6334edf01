/* SPDX-License-Identifier: MIT */
/*
 * Addresses that an interface makes itself (RFC 4862 §5.3, §5.5): from prefixes that routers advertise, with an
 * interface identifier that is opaque and stable (RFC 7217), or, if asked for, made of the station address; temporary
 * ones besides (RFC 8981).
 */
#include "ip/nd.h"

#define TWO_HOURS          (7200 * WEFT_S)
#define MAX_CONFLICTS      3                  /* RFC 7217 §6: then the prefix is given up */
#define TEMP_VALID         (2 * 86400 * WEFT_S)
#define TEMP_PREFERRED     (86400 * WEFT_S)
#define TEMP_DESYNC        (TEMP_PREFERRED / 10 * 4)
#define TEMP_REGEN_ADVANCE (5 * WEFT_S)       /* RFC 8981 §3.8, for one solicitation a second */
#define ID_BITS            64

/* ---- interface identifiers ---- */

/* RFC 7217 §5: F(prefix, interface, counter) under a secret. `what` keeps the families of addresses apart. */
static void opaque_id(const struct nd_link *l, struct weft_ip *ip, uint32_t counter, uint8_t what)
{
    struct {
        uint8_t prefix[8], mac[6], what, pad;
        uint32_t counter;
    } input = {.what = what, .counter = counter};
    uint64_t id;

    memcpy(input.prefix, ip->b, 8);
    if (ip_is_zoned(ip))
        memset(input.prefix + 2, 0, 2);
    memcpy(input.mac, l->ifp->mac, 6);
    id = siphash24(stack_key(l->ifp->stack, KEY_INTERFACE_ID), &input, sizeof input);
    memcpy(ip->b + 8, &id, 8);
}

/* RFC 2464 §4 */
static void eui64_id(const struct nd_link *l, struct weft_ip *ip)
{
    memcpy(ip->b + 8, l->ifp->mac, 3);
    ip->b[8] ^= 2;
    ip->b[11] = 0xff;
    ip->b[12] = 0xfe;
    memcpy(ip->b + 13, l->ifp->mac + 3, 3);
}

/* The identifiers of RFC 5453 §3: the subnet's routers, and the anycast addresses at the end. */
static bool is_reserved(const struct weft_ip *ip)
{
    static const uint8_t zero[8], high[7] = {0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    return memcmp(ip->b + 8, zero, 8) == 0 || (memcmp(ip->b + 8, high, 7) == 0 && ip->b[15] >= 0x80);
}

/* An address of this prefix; false when conflicts leave none to try. */
static bool make_address(const struct nd_link *l, struct weft_ip *ip, uint8_t conflicts)
{
    if (l->ifp->ipv6 & WEFT_IPV6_EUI64) {
        eui64_id(l, ip);
        return conflicts == 0;
    }
    for (uint32_t counter = conflicts; conflicts < MAX_CONFLICTS; counter += MAX_CONFLICTS) {
        opaque_id(l, ip, counter, 0);
        if (!is_reserved(ip))
            return true;
    }
    return false;
}

/* ---- link-local ---- */

static void add_link_local(struct nd_link *l, uint8_t conflicts)
{
    struct if_address a = {
        .ip = {{0xfe, 0x80}}, .prefix = 64, .preferred_until = WEFT_NEVER, .valid_until = WEFT_NEVER};
    struct route way = {.dst = {{0xfe, 0x80}}, .prefix = 64, .ifp = l->ifp, .owner = WEFT_ROUTE_LINK};

    ip_set_zone(&a.ip, l->ifp->index);
    ip_set_zone(&way.dst, l->ifp->index);
    if (!make_address(l, &a.ip, conflicts))
        return;
    a.automatic = true;
    route_add(l->ifp->stack, &way);
    if_add_entry(l->ifp, &a); /* without room for it there is none: everything else goes on */
}

void slaac_link_local(struct nd_link *l) { add_link_local(l, 0); }

/* ---- from prefixes ---- */

static bool is_of(const struct if_address *a, const struct nd_prefix *p)
{
    return a->automatic && a->prefix == p->bits && ip_prefix_match(&a->ip, &p->prefix, p->bits);
}

static weft_time until(const weft_stack *s, uint32_t seconds)
{
    return seconds == UINT32_MAX ? WEFT_NEVER : time_after(s->now, seconds * WEFT_S);
}

static void settle_state(const weft_stack *s, struct if_address *a)
{
    if (if_address_usable(a))
        a->state = s->now < a->preferred_until ? IF_ADDRESS_PREFERRED : IF_ADDRESS_DEPRECATED;
}

/* RFC 4862 §5.5.3 e: one that is not authentic may not end an address in less than two hours. */
static void refresh(const weft_stack *s, struct if_address *a, const struct nd_prefix *p)
{
    weft_time told = until(s, p->valid), soon = time_after(s->now, TWO_HOURS);

    if (told > soon || told >= a->valid_until)
        a->valid_until = told;
    else if (a->valid_until > soon)
        a->valid_until = soon;
    a->preferred_until = min_u64(until(s, p->preferred), a->valid_until);
    settle_state(s, a);
}

/* RFC 6724 §5, rule 5.5: the newest of those who advertise the prefix stand first. */
static void note_router(struct if_address *a, const struct weft_ip *router)
{
    unsigned i = 0;

    while (i < IF_ADVERTISERS - 1 && !ip_eq(&a->router[i], router))
        i++;
    memmove(&a->router[1], &a->router[0], i * sizeof a->router[0]);
    a->router[0] = *router;
}

/* An address that is made of the same prefix has the same routers. */
static void take_routers(const struct nd_link *l, const struct nd_prefix *p, struct if_address *a)
{
    for (unsigned i = 0; i < l->ifp->n_addresses; i++)
        if (is_of(&l->ifp->address[i], p))
            memcpy(a->router, l->ifp->address[i].router, sizeof a->router);
}

static bool add_automatic(struct nd_link *l, const struct nd_prefix *p, struct weft_ip ip, weft_time preferred,
                          weft_time valid, bool temporary)
{
    struct if_address a = {.ip = ip,
                           .prefix = p->bits,
                           .automatic = true,
                           .temporary = temporary,
                           .preferred_until = preferred,
                           .valid_until = valid};

    take_routers(l, p, &a);
    return if_add_entry(l->ifp, &a) == 0;
}

/* ---- temporary addresses ---- */

static weft_time desync(struct nd_link *l)
{
    return rng_below(&l->ifp->stack->rng, (uint32_t)(TEMP_DESYNC / WEFT_MS)) * WEFT_MS;
}

/* One more, within the life of its prefix (RFC 8981 §3.4). */
static void add_temporary(struct nd_link *l, const struct nd_prefix *p)
{
    weft_stack *s = l->ifp->stack;
    weft_time preferred = min_u64(until(s, p->preferred), time_after(s->now, TEMP_PREFERRED - desync(l)));
    weft_time valid = min_u64(until(s, p->valid), time_after(s->now, TEMP_VALID));
    struct weft_ip ip = p->prefix;

    if (preferred <= time_after(s->now, TEMP_REGEN_ADVANCE))
        return;
    do
        opaque_id(l, &ip, l->temporary_made++, 1);
    while (is_reserved(&ip));
    if (add_automatic(l, p, ip, preferred, valid, true))
        l->renew_at = min_u64(l->renew_at, preferred - TEMP_REGEN_ADVANCE);
}

/* Their lives are never longer than the prefix's, and never prolonged beyond their own (RFC 8981 §3.4 1). */
static void limit_temporary(struct nd_link *l, const struct nd_prefix *p, struct if_address *a)
{
    weft_stack *s = l->ifp->stack;

    a->valid_until = min_u64(a->valid_until, max_u64(until(s, p->valid), time_after(s->now, TWO_HOURS)));
    a->preferred_until = min_u64(a->preferred_until, until(s, p->preferred));
    settle_state(s, a);
}

/*
 * Before the newest one is deprecated its successor is made (RFC 8981 §3.4 5); its prefix lives as its stable one does.
 */
static void renew(struct nd_link *l, const struct if_address *old)
{
    weft_stack *s = l->ifp->stack;

    for (unsigned i = 0; i < l->ifp->n_addresses; i++) {
        const struct if_address *a = &l->ifp->address[i];
        struct nd_prefix p = {.prefix = ip_network(&old->ip, old->prefix), .bits = old->prefix};

        if (a->temporary || !a->automatic || !ip_prefix_match(&a->ip, &old->ip, old->prefix) ||
            a->preferred_until <= s->now)
            continue;
        p.valid = a->valid_until == WEFT_NEVER ? UINT32_MAX : (uint32_t)((a->valid_until - s->now) / WEFT_S);
        p.preferred = a->preferred_until == WEFT_NEVER ? UINT32_MAX
                                                       : (uint32_t)((a->preferred_until - s->now) / WEFT_S);
        add_temporary(l, &p);
        return;
    }
}

static void renew_due(struct nd_link *l)
{
    weft_time soon = time_after(l->ifp->stack->now, TEMP_REGEN_ADVANCE), next = WEFT_NEVER;
    unsigned n = l->ifp->n_addresses;

    if (l->renew_at > l->ifp->stack->now)
        return;
    l->renew_at = WEFT_NEVER;
    for (unsigned i = 0; i < n; i++) {
        const struct if_address a = l->ifp->address[i];

        if (!a.temporary || a.state != IF_ADDRESS_PREFERRED)
            continue;
        if (a.preferred_until <= soon)
            renew(l, &a);
        else
            next = min_u64(next, a.preferred_until - TEMP_REGEN_ADVANCE);
    }
    l->renew_at = min_u64(l->renew_at, next);
}

/* ---- what comes from outside ---- */

static void note_routers(struct nd_link *l, const struct nd_prefix *p, const struct weft_ip *router)
{
    for (unsigned i = 0; i < l->ifp->n_addresses; i++)
        if (is_of(&l->ifp->address[i], p))
            note_router(&l->ifp->address[i], router);
}

/* Addresses of the prefix live as long as it says; those that are missing are made. */
static void take_prefix(struct nd_link *l, const struct nd_prefix *p, uint8_t *conflicts)
{
    weft_stack *s = l->ifp->stack;
    bool stable = false, temporary = false;
    struct weft_ip ip = p->prefix;

    for (unsigned i = 0; i < l->ifp->n_addresses; i++) {
        struct if_address *a = &l->ifp->address[i];

        if (!is_of(a, p))
            continue;
        if (a->temporary)
            limit_temporary(l, p, a);
        else
            refresh(s, a, p);
        temporary |= a->temporary;
        stable |= !a->temporary;
    }
    if (p->bits != 128 - ID_BITS || p->valid == 0)
        return;
    if (!stable && make_address(l, &ip, *conflicts))
        add_automatic(l, p, ip, until(s, p->preferred), until(s, p->valid), false);
    if (!temporary && (l->ifp->ipv6 & WEFT_IPV6_TEMPORARY))
        add_temporary(l, p);
}

void slaac_prefix(struct nd_link *l, const struct nd_prefix *p, const struct weft_ip *router, uint8_t *conflicts)
{
    take_prefix(l, p, conflicts);
    note_routers(l, p, router);
}

/* Which prefix was it? The next number makes another identifier (RFC 7217 §6). */
void slaac_conflict(struct nd_link *l, const struct weft_ip *ip)
{
    struct if_address *a = if_find_entry(l->ifp, ip);
    struct if_address gone = *a;
    struct nd_prefix p = {.prefix = ip_network(ip, gone.prefix), .bits = gone.prefix};

    if (!gone.automatic || (l->ifp->ipv6 & WEFT_IPV6_EUI64))
        return; /* given by hand, or what the station is: it stays, as a duplicate, to be seen */
    if (ip_is_link_local(ip)) {
        if_remove_entry(l->ifp, a);
        if (++l->link_conflicts < MAX_CONFLICTS)
            add_link_local(l, l->link_conflicts);
        return;
    }
    if_remove_entry(l->ifp, a);
    for (unsigned i = 0; i < l->n_prefixes; i++) {
        struct nd_known_prefix *k = &l->prefix[i];
        struct weft_ip next = p.prefix;

        if (k->bits != p.bits || !ip_eq(&k->ip, &p.prefix) || k->conflicts == MAX_CONFLICTS)
            continue;
        k->conflicts++;
        if (gone.temporary)
            opaque_id(l, &next, l->temporary_made++, 1);
        if (gone.temporary || make_address(l, &next, k->conflicts))
            add_automatic(l, &p, next, gone.preferred_until, gone.valid_until, gone.temporary);
    }
}

/* ---- time ---- */

void slaac_due(struct nd_link *l)
{
    weft_stack *s = l->ifp->stack;

    renew_due(l);
    for (unsigned i = l->ifp->n_addresses; i-- > 0;) {
        struct if_address *a = &l->ifp->address[i];

        if (a->valid_until <= s->now) {
            if_remove_entry(l->ifp, a);
        } else if (a->state == IF_ADDRESS_PREFERRED && a->preferred_until <= s->now) {
            a->state = IF_ADDRESS_DEPRECATED;
            route_changed(s);
        }
    }
}

weft_time slaac_deadline(const struct nd_link *l)
{
    weft_time at = l->renew_at;

    for (unsigned i = 0; i < l->ifp->n_addresses; i++) {
        const struct if_address *a = &l->ifp->address[i];

        if (a->state == IF_ADDRESS_PREFERRED)
            at = min_u64(at, a->preferred_until);
        at = min_u64(at, a->valid_until);
    }
    return at;
}
