/* SPDX-License-Identifier: MIT */
/*
 * We are a router of IPv4, and say so where that is wanted: the router's side of RFC 1256. An interface that gets an
 * address speaks soon, twice more within 16 seconds each, then every seven to ten minutes; who asks hears the next one
 * within two seconds. All that go to everybody on the link (DEVIATION: the answer may also go to him alone, §4.3), so a
 * flood of questions makes no more of them than one after another's delay.
 *
 * An interface that shall not speak any more says so with a lifetime of zero, when its next word would be due (§4.3).
 *
 * Invariant: no two records are of one interface; the timer stands at the earliest deadline.
 */
#include "ip/private.h"

/* RFC 1256 §4.1, §7.1 */
#define INTERVAL_MAX     (600 * WEFT_S)
#define INTERVAL_MIN     (450 * WEFT_S)
#define LIFETIME         1800 /* seconds */
#define INITIAL_INTERVAL (16 * WEFT_S)
#define INITIAL          3 /* that soon */
#define RESPONSE_DELAY   (2 * WEFT_S)

#define ALL_HOSTS  0xe0000001u
#define PREFERENCE 0
#define ENTRY      8 /* bytes: an address and its preference */

void advertise_init(struct ip_advertising *a)
{
    a->n = 0;
    timer_init(&a->timer);
    a->timer.kind = TIMER_IP;
}

void advertise_fini(weft_stack *s, struct ip_advertising *a) { timer_remove(&s->wheel, &a->timer); }

static bool is_wanted(const weft_stack *s) { return s->config.router_advertise && ip_forwards(s, true); }

static void arm(weft_stack *s, struct ip_advertising *a)
{
    weft_time at = WEFT_NEVER;

    for (unsigned i = 0; i < a->n; i++)
        at = min_u64(at, a->at[i].due);
    timer_set(&s->wheel, &a->timer, at);
}

static weft_time draw(weft_stack *s, weft_time min, weft_time max)
{
    return time_after(s->now, min + rng_below(&s->rng, (uint32_t)((max - min) / WEFT_US)) * WEFT_US);
}

static struct ip_advertiser *find(struct ip_advertising *a, unsigned if_index)
{
    for (unsigned i = 0; i < a->n; i++)
        if (a->at[i].if_index == if_index)
            return &a->at[i];
    return NULL;
}

void advertise_begin(weft_if *ifp)
{
    weft_stack *s = ifp->stack;
    struct ip_advertising *a = &ip_state(s)->advertising;
    struct ip_advertiser *r = find(a, ifp->index);

    if (!is_wanted(s) || ifp->ops->kind == WEFT_LINK_LOOPBACK)
        return;
    if (!r && a->n == IP_ADVERTISERS) /* it is silent */
        return;
    if (!r)
        r = &a->at[a->n++];
    *r = (struct ip_advertiser){.if_index = ifp->index, .due = draw(s, 0, RESPONSE_DELAY)};
    arm(s, a);
}

/* ---- speaking ---- */

/* All addresses of IPv4 that may be used, as entries; returns how many. */
static uint8_t write_addresses(const weft_if *ifp, struct writer *w)
{
    uint8_t n = 0;

    for (unsigned i = 0; i < ifp->n_addresses; i++) {
        const struct if_address *a = &ifp->address[i];

        if (!ip_is_v4(&a->ip) || !if_address_usable(a))
            continue;
        write_u32(w, ip_to_v4(&a->ip));
        write_u32(w, PREFERENCE);
        n++;
    }
    return n;
}

static void say(weft_if *ifp, uint16_t lifetime)
{
    weft_stack *s = ifp->stack;
    struct ip_send how = {.dst = weft_ipv4(ALL_HOSTS), .proto = IP_PROTO_ICMP, .ttl = 1};
    struct ip_path path = {.ifp = ifp, .next_hop = how.dst};
    struct icmpv4_routers m = {.words = ENTRY / 4, .lifetime = lifetime};
    struct icmpv4_header h = {.type = ICMPV4_ROUTER_ADVERT};
    struct writer head, entries;
    struct weft_pkt *pkt;

    if (route_source(s, &path, &how.dst, &how.src) != 0)
        return; /* the addresses have gone again */
    pkt = pkt_new_linear(s, PKT_HEADROOM, ICMPV4_HEADER + IF_ADDRESSES * ENTRY);
    if (!pkt) {
        stack_drop(s, WEFT_DROP_no_memory);
        return;
    }
    entries = writer(pkt->data + ICMPV4_HEADER, IF_ADDRESSES * ENTRY);
    m.count = write_addresses(ifp, &entries);
    h.rest.word = icmpv4_routers_word(&m);
    head = writer(pkt->data, ICMPV4_HEADER);
    icmpv4_emit(&head, &h);
    pkt->len = ICMPV4_HEADER + (uint32_t)m.count * ENTRY;
    stack_count(s, WEFT_COUNT_icmp_router_adverts_out);
    icmp_send(s, pkt, &how, &path);
}

/* A record's time has come; false: it was its last. */
static bool speak(weft_stack *s, struct ip_advertiser *r)
{
    weft_if *ifp = if_by_index(s, r->if_index);

    if (!ifp || !ifp->up)
        return false;
    say(ifp, is_wanted(s) ? LIFETIME : 0);
    r->due = draw(s, INTERVAL_MIN, INTERVAL_MAX);
    if (r->sent < INITIAL)
        r->sent++;
    if (r->sent < INITIAL)
        r->due = min_u64(r->due, time_after(s->now, INITIAL_INTERVAL));
    return is_wanted(s);
}

void advertise_timer(weft_stack *s)
{
    struct ip_advertising *a = &ip_state(s)->advertising;

    for (unsigned i = a->n; i-- > 0;)
        if (a->at[i].due <= s->now && !speak(s, &a->at[i]))
            a->at[i] = a->at[--a->n];
    arm(s, a);
}

/* ---- being asked ---- */

void advertise_solicited(weft_stack *s, struct weft_pkt *pkt, uint8_t code)
{
    struct ip_advertising *a = &ip_state(s)->advertising;
    struct ip_advertiser *r = find(a, pkt->ifp->index);

    if (!r || !is_wanted(s)) {
        pkt_drop(pkt, WEFT_DROP_icmp_unknown);
        return;
    }
    if (code != 0 || !(ip_is_any(&pkt->src) || ip_is_neighbour(s, pkt->ifp, &pkt->src))) { /* §4.2 */
        pkt_drop(pkt, WEFT_DROP_icmp_router_solicit);
        return;
    }
    stack_count(s, WEFT_COUNT_icmp_router_solicits_in);
    if (r->due > time_after(s->now, RESPONSE_DELAY))
        r->due = draw(s, 0, RESPONSE_DELAY);
    arm(s, a);
    pkt_release(pkt);
}
