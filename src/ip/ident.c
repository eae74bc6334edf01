/* SPDX-License-Identifier: MIT */
/*
 * Identification of datagrams that are, or may be, cut into fragments (RFC 791 §3.1, RFC 6864; RFC 8200 §4.5, RFC
 * 7739): they count up from an unpredictable start, for each source, destination and protocol apart. IPv4's atomic
 * datagrams carry 0 and never come here.
 *
 * A slot belongs to one such triple at a time and not to all that hash to it, so that nobody can count, through
 * identifications sent to himself, what goes to others (the idle scan). A triple that takes a slot over starts anew.
 *
 * DEVIATION: RFC 6864 §4.3 wants a sender held to 65,536 non-atomic datagrams per triple and 120 s. Unless asked to
 * (config.ip_ident_life) we repeat sooner when more is sent, as every other host does; what needs integrity beyond a
 * checksum must not rely on fragments. Even then a triple that lost its slot to another one may meet numbers of before.
 */
#include "ip/private.h"

static uint64_t triple_hash(const struct ip_idents *ids, uint32_t src, uint32_t dst, uint32_t proto)
{
    uint32_t triple[3] = {src, dst, proto};

    return siphash13(ids->key, triple, sizeof triple);
}

void ip_idents_init(struct ip_idents *ids, struct sip_key key)
{
    memset(ids, 0, sizeof *ids);
    ids->key = key;
    ids->last.hash = triple_hash(ids, 0, 0, 0); /* what stands there is a triple, too */
}

/* The slot of the flow with this hash. */
static struct ip_ident_slot *slot_of(struct ip_idents *ids, uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32) | 1; /* never that of an empty slot */
    struct ip_ident_slot *slot = &ids->slot[(unsigned)hash % IP_IDENTS];

    if (slot->tag != tag) {
        uint64_t start[2] = {hash, ids->fresh++};

        *slot = (struct ip_ident_slot){.tag = tag, .next = (uint32_t)siphash13(ids->key, start, sizeof start)};
    }
    return slot;
}

/* The next number of the flow with this hash, of which n are taken. */
static uint32_t next_of(struct ip_idents *ids, uint64_t hash, uint32_t n)
{
    struct ip_ident_slot *slot = slot_of(ids, hash);

    slot->next += n;
    return slot->next - n;
}

/* The hash of a triple of IPv4, which mostly is that of the datagram before. */
static uint64_t hash_of(struct ip_idents *ids, uint32_t src, uint32_t dst, uint8_t proto)
{
    if (unlikely(ids->last.src != src || ids->last.dst != dst || ids->last.proto != proto)) {
        ids->last.src = src;
        ids->last.dst = dst;
        ids->last.proto = proto;
        ids->last.hash = triple_hash(ids, src, dst, proto);
    }
    return ids->last.hash;
}

/*
 * In each eighth of its life a ninth of all numbers may be used: then nine eighths in a row use fewer than there are,
 * and a number that comes again does so in the ninth eighth after its own, or later.
 */
bool ip_ident_allows(weft_stack *s, const struct ip_send *how, uint32_t n)
{
    struct ip_idents *ids = &ip_state(s)->idents;
    struct ip_ident_slot *slot = slot_of(ids, hash_of(ids, ip_to_v4(&how->src), ip_to_v4(&how->dst), how->proto));
    uint32_t eighth = (uint32_t)(s->now / (s->config.ip_ident_life / 8));

    if (slot->eighth != eighth) {
        slot->eighth = eighth;
        slot->used = 0;
    }
    if (slot->used + n > 65536 / 9)
        return false;
    slot->used += n;
    return true;
}

uint16_t ip_ident_v4(struct ip_idents *ids, uint32_t src, uint32_t dst, uint8_t proto, uint32_t n)
{
    return (uint16_t)next_of(ids, hash_of(ids, src, dst, proto), n);
}

uint16_t ip_ident(struct ip_idents *ids, const struct weft_ip *src, const struct weft_ip *dst, uint8_t proto)
{
    return ip_ident_v4(ids, ip_to_v4(src), ip_to_v4(dst), proto, 1);
}

uint32_t ip_ident_v6(struct ip_idents *ids, const struct weft_ip *src, const struct weft_ip *dst)
{
    struct weft_ip pair[2] = {*src, *dst};

    return next_of(ids, siphash13(ids->key, pair, sizeof pair), 1);
}
