/* SPDX-License-Identifier: MIT */
/*
 * The rate of ICMP errors and redirects (RFC 1812 §4.3.2.8; RFC 4443 §2.4 (f)), as Linux has it: a token bucket for
 * each destination, another for all destinations together, and a third for what tells the size of a path.
 *
 * A destination's bucket is kept as the time at which it will be full again, so that one that is full needs no memory.
 * A slot belongs to one destination at a time, as those of ident.c do; a destination that takes a slot over starts with
 * a full bucket. What somebody gains who makes up sources until slots change hands, the common bucket bounds.
 *
 * The common bucket's depth is drawn anew whenever it is full. With a fixed depth somebody who makes us answer forged
 * packets and then counts how many answers are left for himself would learn which of our ports are open
 * (CVE-2020-25705). For the same reason a destination's own bucket is asked first: what it refuses takes nothing from
 * the common one.
 */
#include "ip/private.h"

#define BURST        50
#define BURST_SPREAD 8      /* the depth is BURST less 0 to 7 */
#define ONE_ERROR    WEFT_S /* credit: rate times nanoseconds needs no division */
#define BURST_TO_ONE 6      /* Linux's XRLIM_BURST_FACTOR */

static void bucket_init(struct icmp_bucket *b, weft_time now)
{
    b->credit = BURST * ONE_ERROR;
    b->last = now;
}

void icmp_limit_init(struct icmp_limit *l, struct sip_key key, weft_time now)
{
    memset(l, 0, sizeof *l);
    bucket_init(&l->all, now);
    bucket_init(&l->too_big, now);
    l->key = key;
}

static bool bucket_allows(struct icmp_bucket *b, weft_stack *s)
{
    uint64_t rate = s->config.icmp_errors_per_second, elapsed = s->now - b->last;

    if (rate == 0)
        return false;
    /* Longer than it takes to fill counts as that, so that the product cannot overflow. */
    b->credit += min_u64(elapsed, BURST * ONE_ERROR / rate + 1) * rate;
    b->last = s->now;
    if (b->credit >= (BURST - BURST_SPREAD + 1) * ONE_ERROR)
        b->credit = min_u64(b->credit, (BURST - rng_below(&s->rng, BURST_SPREAD)) * ONE_ERROR);
    if (b->credit < ONE_ERROR)
        return false;
    b->credit -= ONE_ERROR;
    return true;
}

/* The slot of this destination, taken over from another one if need be. */
static struct icmp_slot *slot_of(struct icmp_limit *l, const struct weft_ip *to)
{
    uint64_t hash = siphash13(l->key, to, sizeof *to);
    uint32_t tag = (uint32_t)(hash >> 32) | 1; /* never that of an empty slot */
    struct icmp_slot *slot = &l->slot[(unsigned)hash % ICMP_SLOTS];

    if (slot->tag != tag)
        *slot = (struct icmp_slot){.tag = tag};
    return slot;
}

bool icmp_limit_allows(weft_stack *s, const struct ip_path *path, const struct weft_ip *to)
{
    struct icmp_limit *l = &ip_state(s)->limit;
    weft_time gap = s->config.icmp_error_interval, full;
    struct icmp_slot *slot;

    if (gap == 0 || path->ifp->ops->kind == WEFT_LINK_LOOPBACK)
        return bucket_allows(&l->all, s);
    slot = slot_of(l, to);
    full = time_after(max_u64(slot->full_at, s->now), gap);
    if (full > time_after(s->now, BURST_TO_ONE * gap) || !bucket_allows(&l->all, s))
        return false;
    slot->full_at = full;
    return true;
}

bool icmp_limit_allows_too_big(weft_stack *s)
{
    return bucket_allows(&ip_state(s)->limit.too_big, s);
}
