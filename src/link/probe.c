/* SPDX-License-Identifier: MIT */
/*
 * Has another station this address of IPv4? Asked before the address is used (RFC 5227 §2.1), where the configuration
 * wants it: three probes in some seconds, and if nobody objects until two more have passed, the address is ours and
 * announced twice (§2.3). Who objects, or tries the same address at the same time, keeps us from it for good: it was
 * given to us by hand or by a server, and we know no other.
 */
#include "link/private.h"
#include "wire/ipv4.h"

/* RFC 5227 §1.1 */
#define PROBE_WAIT        WEFT_S
#define PROBE_NUM         3
#define PROBE_MIN         WEFT_S
#define PROBE_MAX         (2 * WEFT_S)
#define ANNOUNCE_WAIT     (2 * WEFT_S)
#define ANNOUNCE_NUM      2
#define ANNOUNCE_INTERVAL (2 * WEFT_S)

static weft_time draw(weft_if *ifp, weft_time below)
{
    return rng_below(&ifp->stack->rng, (uint32_t)(below / WEFT_US)) * WEFT_US;
}

static void forget(struct station *st, struct arp_trial *t) { *t = st->trial[--st->n_trials]; }

void probe_address_added(weft_if *ifp, const struct weft_ip *ip)
{
    struct station *st = ifp->stack->config.arp_probe ? station_get(ifp) : NULL;
    struct if_address *a = if_find_entry(ifp, ip);

    if (!st) {
        a->state = IF_ADDRESS_PREFERRED;
        arp_announce(ifp, ip);
        return;
    }
    weft_assert(st->n_trials < ARRAY_LEN(st->trial), "no more than the interface has addresses");
    a->state = IF_ADDRESS_TENTATIVE;
    st->trial[st->n_trials++] =
        (struct arp_trial){.ip = *ip, .due = time_after(ifp->stack->now, draw(ifp, PROBE_WAIT))};
    station_arm(st);
}

void probe_address_removed(weft_if *ifp, const struct weft_ip *ip)
{
    struct station *st = ifp->station;

    for (unsigned i = 0; st && i < st->n_trials; i++)
        if (ip_eq(&st->trial[i].ip, ip)) {
            forget(st, &st->trial[i]);
            station_arm(st);
            return;
        }
}

/* ---- time ---- */

/* Nobody has objected. */
static void succeed(struct station *st, struct arp_trial *t)
{
    if_find_entry(st->ifp, &t->ip)->state = IF_ADDRESS_PREFERRED;
    route_changed(st->ifp->stack);
    if_v4_ready(st->ifp);
}

static void step(struct station *st, struct arp_trial *t)
{
    weft_if *ifp = st->ifp;
    weft_time now = ifp->stack->now;

    if (t->probes < PROBE_NUM) {
        arp_probe(ifp, &t->ip);
        t->probes++;
        t->due = time_after(now, t->probes < PROBE_NUM ? PROBE_MIN + draw(ifp, PROBE_MAX - PROBE_MIN) : ANNOUNCE_WAIT);
        return;
    }
    if (t->announcements == 0)
        succeed(st, t);
    arp_announce(ifp, &t->ip);
    t->announcements++;
    t->due = time_after(now, ANNOUNCE_INTERVAL);
    if (t->announcements == ANNOUNCE_NUM)
        forget(st, t);
}

void probes_due(struct station *st)
{
    for (unsigned i = 0; i < st->n_trials;) {
        unsigned before = st->n_trials;

        if (st->trial[i].due <= st->ifp->stack->now)
            step(st, &st->trial[i]);
        i += before == st->n_trials; /* else another one has taken its place */
    }
}

weft_time probes_deadline(const struct station *st)
{
    weft_time at = WEFT_NEVER;

    for (unsigned i = 0; i < st->n_trials; i++)
        at = min_u64(at, st->trial[i].due);
    return at;
}

/* ---- conflicts (§2.1.1) ---- */

/* A bridge may bring our own words back, and two interfaces of ours may be on one link. */
static bool is_our_station(const weft_stack *s, const uint8_t mac[6])
{
    list_each(it, &s->interfaces) {
        const weft_if *ifp = container_of(it, weft_if, link);

        if (ifp->ops->kind == WEFT_LINK_ETHERNET && memcmp(ifp->mac, mac, 6) == 0)
            return true;
    }
    return false;
}

/* Who speaks from the address has it; who asks for it from none tries it as we do. */
static bool claims(const struct arp_packet *a, uint32_t ip)
{
    return a->sender_ip == ip || (a->op == ARP_REQUEST && a->sender_ip == 0 && a->target_ip == ip);
}

bool probe_conflicts(weft_if *ifp, const struct arp_packet *a)
{
    struct station *st = ifp->station;

    for (unsigned i = 0; st && i < st->n_trials; i++) {
        struct arp_trial *t = &st->trial[i];

        if (t->announcements || !claims(a, ip_to_v4(&t->ip)) || is_our_station(ifp->stack, a->sender_mac))
            continue;
        if_find_entry(ifp, &t->ip)->state = IF_ADDRESS_DUPLICATE;
        stack_count(ifp->stack, WEFT_COUNT_arp_conflicts);
        forget(st, t);
        station_arm(st);
        return true;
    }
    return false;
}
