/* SPDX-License-Identifier: MIT */
/*
 * Are our addresses ours alone (RFC 4862 §5.4)? One solicitation from nobody, and if a second passes without an answer,
 * the address may be used. A nonce in it tells our own words, come back by a loop, from another's (RFC 7527).
 */
#include "ip/nd.h"

#define SOLICITS   1      /* DupAddrDetectTransmits */
#define MAX_DELAY  WEFT_S /* MAX_RTR_SOLICITATION_DELAY: before the first word on a link */

static const struct weft_ip nobody;

static struct nd_trial *find(struct nd_link *l, const struct weft_ip *ip)
{
    for (unsigned i = 0; i < l->n_trials; i++)
        if (ip_eq(&l->trial[i].ip, ip))
            return &l->trial[i];
    return NULL;
}

static void forget(struct nd_link *l, struct nd_trial *t) { *t = l->trial[--l->n_trials]; }

void nd_trial_forget(struct nd_link *l, const struct weft_ip *ip)
{
    struct nd_trial *t = find(l, ip);

    if (t)
        forget(l, t);
}

/* Is it the first thing that the interface says? Machines that start together must not speak all at once. */
static weft_time first_delay(const struct nd_link *l)
{
    weft_stack *s = l->ifp->stack;

    if (l->ifp->tx_packets || !(l->ifp->ipv6 & WEFT_IPV6_LINK_LOCAL))
        return 0;
    return rng_below(&s->rng, MAX_DELAY / WEFT_US) * WEFT_US;
}

void nd_try(struct nd_link *l, const struct weft_ip *ip)
{
    struct if_address *a = if_find_entry(l->ifp, ip);
    weft_stack *s = l->ifp->stack;
    struct nd_trial *t = &l->trial[l->n_trials];
    uint64_t draw = (uint64_t)rng_below(&s->rng, UINT32_MAX) << 16 ^ rng_below(&s->rng, UINT32_MAX);

    weft_assert(l->n_trials < ARRAY_LEN(l->trial), "as many as an interface has addresses");
    a->state = IF_ADDRESS_TENTATIVE;
    *t = (struct nd_trial){.ip = *ip, .due = time_after(s->now, first_delay(l))};
    memcpy(t->nonce, &draw, sizeof t->nonce);
    if (l->ifp->ipv6 & WEFT_IPV6_NO_DAD) { /* it has succeeded, as soon as the timer comes */
        t->sent = SOLICITS;
        t->due = s->now;
    }
    l->n_trials++;
}

weft_time nd_trials_deadline(const struct nd_link *l)
{
    weft_time at = WEFT_NEVER;

    for (unsigned i = 0; i < l->n_trials; i++)
        at = min_u64(at, l->trial[i].due);
    return at;
}

/* Nobody has objected. Routers hear of a new global address before anybody asks them for it (RFC 9131 §6.1). */
static void succeed(struct nd_link *l, struct nd_trial *t)
{
    struct if_address *a = if_find_entry(l->ifp, &t->ip);
    struct weft_ip ip = t->ip, all_routers = {{0xff, 2, [15] = 2}};
    weft_stack *s = l->ifp->stack;

    forget(l, t);
    a->state = s->now < a->preferred_until ? IF_ADDRESS_PREFERRED : IF_ADDRESS_DEPRECATED;
    route_changed(s);
    if (ip_is_link_local(&ip))
        listener_repeat(l->ifp, false);
    ip_set_zone(&all_routers, l->ifp->index);
    if (!ip_is_link_local(&ip))
        nd_announce(l->ifp, &ip, &all_routers);
    else if (l->ifp->ipv6 & WEFT_IPV6_ROUTERS)
        nd_seek_routers(l);
}

static void step(struct nd_link *l, struct nd_trial *t)
{
    struct weft_ip group = group_of_address(l->ifp, &t->ip);

    group_join_own(l->ifp, &t->ip); /* before the first word (RFC 4862 §5.4.2) */
    if (t->sent == SOLICITS) {
        succeed(l, t);
        return;
    }
    t->sent++;
    t->due = time_after(l->ifp->stack->now, l->retrans);
    nd_solicit(l->ifp, &nobody, &group, &t->ip, t->nonce);
}

void nd_trials_due(struct nd_link *l)
{
    for (unsigned i = 0; i < l->n_trials;) {
        struct nd_trial *t = &l->trial[i];
        unsigned before = l->n_trials;

        if (t->due <= l->ifp->stack->now)
            step(l, t);
        i += before == l->n_trials; /* else another one has taken its place */
    }
}

bool nd_trial_is_echo(const struct nd_link *l, const struct weft_ip *ip, const uint8_t *nonce)
{
    for (unsigned i = 0; nonce && i < l->n_trials; i++)
        if (ip_eq(&l->trial[i].ip, ip) && memcmp(l->trial[i].nonce, nonce, sizeof l->trial[i].nonce) == 0)
            return true;
    return false;
}

bool nd_trial_conflict(struct nd_link *l, const struct weft_ip *ip)
{
    struct nd_trial *t = find(l, ip);
    struct weft_ip theirs = *ip;

    if (!t)
        return false;
    forget(l, t);
    if_find_entry(l->ifp, &theirs)->state = IF_ADDRESS_DUPLICATE;
    stack_count(l->ifp->stack, WEFT_COUNT_nd_duplicates);
    slaac_conflict(l, &theirs);
    return true;
}
