/* SPDX-License-Identifier: MIT */
/*
 * The rate of ICMP errors and redirects (RFC 1812 §4.3.2.8; RFC 4443 §2.4 (f); RFC 4861 §8.2), as Linux has it: a
 * token bucket for each destination, another for all destinations together. Redirects have buckets of their own, so
 * that a flood of the ones keeps back none of the others; what tells the size of a path has one for all destinations.
 *
 * Who stands for a whole network of IPv6 may hear more: the shorter the prefix of the route to him, the shorter the
 * interval.
 *
 * A destination's bucket is kept as the time at which it will be full again, so that one that is full needs no memory.
 * A slot belongs to one destination at a time, as those of ident.c do; a destination that takes a slot over starts with
 * a full bucket. What somebody gains who makes up sources until slots change hands, the common bucket bounds.
 *
 * The common bucket has no sharp edge: the last FAINT errors in it go out by chance, the less likely the fewer there
 * are. With an edge, wherever it lay, somebody who makes us answer forged packets up to it and then asks once for
 * himself would learn which of our ports are open (CVE-2020-25705). By chance one answer more or less changes what he
 * sees in one case out of FAINT, however well he knows what the bucket holds. In the long run as many go out as before.
 * And a destination's own bucket is asked first: what it refuses takes nothing from the common one.
 */
#include "ip/private.h"

#define FAINT        128    /* errors beyond the configured burst, whose chance is as many 128ths as are left */
#define ONE_ERROR    WEFT_S /* credit: rate times nanoseconds needs no division */
#define BURST_TO_ONE 6      /* Linux's XRLIM_BURST_FACTOR */
#define REDIRECT_GAP WEFT_S /* between two to one destination, whatever it is between errors */

/* What the common bucket holds when it is full. 0: nothing ever goes out. */
static uint64_t all_of_it(const weft_stack *s)
{
    uint64_t burst = s->config.icmp_errors_burst;

    return burst ? (burst + FAINT) * ONE_ERROR : 0;
}

void icmp_limit_init(struct icmp_limit *l, const weft_stack *s, struct sip_key key)
{
    memset(l, 0, sizeof *l);
    for (unsigned i = 0; i < ICMP_LIMITED; i++)
        l->all[i] = (struct icmp_bucket){.credit = all_of_it(s), .last = s->now};
    l->key = key;
}

static bool bucket_allows(struct icmp_bucket *b, weft_stack *s)
{
    uint64_t rate = s->config.icmp_errors_per_second, elapsed = s->now - b->last, most = all_of_it(s), left;

    if (rate == 0)
        return false;
    /* Longer than it takes to fill counts as that, so that the product cannot overflow. */
    b->credit = min_u64(b->credit + min_u64(elapsed, most / rate + 1) * rate, most);
    b->last = s->now;
    left = b->credit / ONE_ERROR;
    if (left < FAINT && rng_below(&s->rng, FAINT) >= left)
        return false;
    b->credit -= ONE_ERROR;
    return true;
}

/* The slot of this destination, taken over from another one if need be. */
static struct icmp_slot *slot_of(struct icmp_limit *l, enum icmp_limited what, const struct weft_ip *to)
{
    struct {
        struct weft_ip to;
        uint32_t what;
    } name = {*to, what};
    uint64_t hash = siphash13(l->key, &name, sizeof name);
    uint32_t tag = (uint32_t)(hash >> 32) | 1; /* never that of an empty slot */
    struct icmp_slot *slot = &l->slot[(unsigned)hash % ICMP_SLOTS];

    if (slot->tag != tag)
        *slot = (struct icmp_slot){.tag = tag};
    return slot;
}

/* Between two to this destination; 0: there is no such limit. */
static weft_time interval(const weft_stack *s, enum icmp_limited what, const struct weft_ip *to)
{
    const struct route *r;

    if (what != ICMP_ERROR)
        return what == ICMP_REDIRECT ? REDIRECT_GAP : 0;
    if (ip_is_v4(to))
        return s->config.icmp_error_interval;
    r = route_find(s, to);
    return s->config.icmp6_error_interval >> (r ? (128 - r->prefix) / 32 : 0); /* as Linux's icmpv6_xrlim_allow */
}

bool icmp_limit_allows(weft_stack *s, enum icmp_limited what, const struct ip_path *path, const struct weft_ip *to)
{
    struct icmp_limit *l = &ip_state(s)->limit;
    weft_time gap = path->ifp->ops->kind == WEFT_LINK_LOOPBACK ? 0 : interval(s, what, to), full;
    struct icmp_slot *slot;

    if (gap == 0)
        return bucket_allows(&l->all[what], s);
    slot = slot_of(l, what, to);
    full = time_after(max_u64(slot->full_at, s->now), gap);
    if (full > time_after(s->now, BURST_TO_ONE * gap) || !bucket_allows(&l->all[what], s))
        return false;
    slot->full_at = full;
    return true;
}

bool icmp_type_allowed(weft_stack *s, uint8_t type, const struct ip_path *path, const struct weft_ip *to)
{
    return !(s->config.icmp_limited_types >> (type & 31) & 1) || icmp_limit_allows(s, ICMP_ERROR, path, to);
}
