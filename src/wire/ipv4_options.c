/* SPDX-License-Identifier: MIT */
/* See ipv4_options.h. In all of them byte 1 is the length, byte 2 a pointer that counts from 1. */
#include "wire/ipv4_options.h"

#include "wire/option.h"

#define LEN     1
#define POINTER 2
#define FLAGS   3 /* of a timestamp: what is recorded, and how often there was no room */

enum { STAMPS_ONLY = 0, STAMPS_AND_ADDRESSES = 1, STAMPS_AWAITED = 3 };

#define COPIED 0x80 /* in an option's kind: it stands in each fragment */

static uint8_t stamp_size(uint8_t flags) { return (flags & 15) == STAMPS_ONLY ? 4 : 8; }

/* Room for a whole entry at the pointer? */
static bool has_room(const uint8_t *o, uint8_t entry) { return o[POINTER] + entry - 1 <= o[LEN]; }

/* The offset within the option at p of what is wrong; IPV4_NOWHERE: nothing. */
static uint8_t fault_of_route(const uint8_t *p)
{
    if (p[LEN] < 3)
        return LEN;
    if (p[POINTER] < 4 || (p[POINTER] <= p[LEN] && !has_room(p, 4)))
        return POINTER;
    return IPV4_NOWHERE;
}

static uint8_t fault_of_stamp(const uint8_t *p)
{
    uint8_t kind;

    if (p[LEN] < 4)
        return LEN;
    kind = p[FLAGS] & 15;
    if (kind != STAMPS_ONLY && kind != STAMPS_AND_ADDRESSES && kind != STAMPS_AWAITED)
        return FLAGS;
    if (p[POINTER] < 5 || (p[POINTER] <= p[LEN] && !has_room(p, stamp_size(p[FLAGS]))))
        return POINTER;
    return IPV4_NOWHERE;
}

/* The place for this kind; NULL: nobody acts on it. */
static uint8_t *place_of(struct ipv4_places *p, uint8_t kind)
{
    switch (kind) {
    case IPV4_RECORD_ROUTE:
        return &p->record;
    case IPV4_TIMESTAMP:
        return &p->stamp;
    case IPV4_LOOSE_ROUTE:
    case IPV4_STRICT_ROUTE:
        return &p->route;
    default:
        return NULL;
    }
}

bool ipv4_options_find(const uint8_t *options, size_t n, struct ipv4_places *p, uint8_t *bad)
{
    struct reader r = reader(options, n);
    struct option o;
    uint8_t *place, at = 0, fault;

    *p = (struct ipv4_places){IPV4_NOWHERE, IPV4_NOWHERE, IPV4_NOWHERE};
    for (; option_next(&r, &o); at = (uint8_t)(r.p - options)) {
        place = place_of(p, o.kind);
        if (!place)
            continue;
        fault = o.kind == IPV4_TIMESTAMP ? fault_of_stamp(options + at) : fault_of_route(options + at);
        if (*place != IPV4_NOWHERE || fault != IPV4_NOWHERE) {
            *bad = *place != IPV4_NOWHERE ? at : (uint8_t)(at + fault);
            return false;
        }
        *place = at;
    }
    *bad = at;
    return !r.bad;
}

/* ---- recording ---- */

static void record_route(uint8_t *p, uint32_t address)
{
    if (!has_room(p, 4))
        return;
    poke_u32(p + p[POINTER] - 1, address);
    p[POINTER] = (uint8_t)(p[POINTER] + 4);
}

bool ipv4_stamp_awaits(const uint8_t *options, const struct ipv4_places *p, uint32_t *address)
{
    const uint8_t *o = options + p->stamp;

    if (p->stamp == IPV4_NOWHERE || (o[FLAGS] & 15) != STAMPS_AWAITED || !has_room(o, 8))
        return false;
    *address = peek_u32(o + o[POINTER] - 1);
    return true;
}

/* The high half of the flags counts those that found no room; it stays at its end. */
static void count_overflow(uint8_t *p)
{
    if (p[FLAGS] >> 4 < 15)
        p[FLAGS] = (uint8_t)(p[FLAGS] + 0x10);
}

static void record_stamp(uint8_t *p, uint32_t address, uint32_t stamp, bool is_ours)
{
    uint8_t kind = p[FLAGS] & 15, size = stamp_size(p[FLAGS]), *at = p + p[POINTER] - 1;

    if (!has_room(p, size)) {
        count_overflow(p);
        return;
    }
    if (kind == STAMPS_AWAITED && !is_ours)
        return;
    if (kind == STAMPS_AND_ADDRESSES)
        poke_u32(at, address);
    poke_u32(at + size - 4, stamp);
    p[POINTER] = (uint8_t)(p[POINTER] + size);
}

void ipv4_options_record(uint8_t *options, const struct ipv4_places *p, uint32_t address, uint32_t stamp, bool is_ours)
{
    if (p->record != IPV4_NOWHERE)
        record_route(options + p->record, address);
    if (p->stamp != IPV4_NOWHERE)
        record_stamp(options + p->stamp, address, stamp, is_ours);
}

/* ---- a prescribed route ---- */

bool ipv4_route_next(const uint8_t *options, const struct ipv4_places *p, uint32_t *next)
{
    const uint8_t *o = options + p->route;

    if (p->route == IPV4_NOWHERE || !has_room(o, 4))
        return false;
    *next = peek_u32(o + o[POINTER] - 1);
    return true;
}

void ipv4_route_advance(uint8_t *options, const struct ipv4_places *p, uint32_t address)
{
    record_route(options + p->route, address);
}

uint8_t ipv4_route_reverse(const uint8_t *options, const struct ipv4_places *p, uint32_t src, uint8_t *out,
                           uint32_t *first)
{
    const uint8_t *o = options + p->route;
    unsigned hops = p->route == IPV4_NOWHERE ? 0 : min_u32(o[LEN] - 3u, o[POINTER] - 4u) / 4;

    if (hops == 0)
        return 0;
    *first = peek_u32(o + 3 + 4 * (hops - 1));
    out[0] = o[0];
    out[LEN] = (uint8_t)(3 + 4 * hops);
    out[POINTER] = 4;
    for (unsigned i = 1; i < hops; i++)
        poke_u32(out + 3 + 4 * (i - 1), peek_u32(o + 3 + 4 * (hops - 1 - i)));
    poke_u32(out + 3 + 4 * (hops - 1), src);
    return out[LEN];
}

/* ---- fragments ---- */

uint8_t ipv4_options_copied(const uint8_t *options, size_t n, uint8_t out[IPV4_MAX_OPTIONS])
{
    struct reader r = reader(options, n);
    struct option o;
    uint8_t used = 0;

    memset(out, OPTION_EOL, IPV4_MAX_OPTIONS);
    while (option_next(&r, &o)) {
        if (!(o.kind & COPIED))
            continue;
        memcpy(out + used, o.body - 2, o.len);
        used += o.len;
    }
    return (used + 3) & ~3;
}
