/* SPDX-License-Identifier: MIT */
/*
 * Identification of datagrams that are, or may be, cut into fragments (RFC 791 §3.1, RFC 6864; RFC 8200 §4.5, RFC 7739):
 * they count up from an unpredictable start, for each source, destination and protocol apart. IPv4's atomic datagrams
 * carry 0 and never come here.
 *
 * A slot belongs to one such triple at a time and not to all that hash to it, so that nobody can count, through
 * identifications sent to himself, what goes to others (the idle scan). A triple that takes a slot over starts anew.
 *
 * DEVIATION: RFC 6864 §4.3 wants a sender held to 65,536 non-atomic datagrams per triple and 120 s. We repeat sooner
 * when more is sent, as every other host does; what needs integrity beyond a checksum must not rely on fragments.
 */
#include "ip/private.h"

void ip_idents_init(struct ip_idents *ids, struct sip_key key)
{
    memset(ids, 0, sizeof *ids);
    ids->key = key;
}

/* The next number of the flow with this hash, of which n are taken. */
static uint32_t next_of(struct ip_idents *ids, uint64_t hash, uint32_t n)
{
    uint32_t tag = (uint32_t)(hash >> 32) | 1; /* never that of an empty slot */
    unsigned i = (unsigned)hash % IP_IDENTS;

    if (ids->slot[i].tag != tag) {
        uint64_t start[2] = {hash, ids->fresh++};

        ids->slot[i].tag = tag;
        ids->slot[i].next = (uint32_t)siphash13(ids->key, start, sizeof start);
    }
    ids->slot[i].next += n;
    return ids->slot[i].next - n;
}

uint16_t ip_ident_several(struct ip_idents *ids, const struct weft_ip *src, const struct weft_ip *dst, uint8_t proto,
                          uint32_t n)
{
    uint32_t triple[3] = {ip_to_v4(src), ip_to_v4(dst), proto};

    return (uint16_t)next_of(ids, siphash13(ids->key, triple, sizeof triple), n);
}

uint16_t ip_ident(struct ip_idents *ids, const struct weft_ip *src, const struct weft_ip *dst, uint8_t proto)
{
    return ip_ident_several(ids, src, dst, proto, 1);
}

uint32_t ip_ident_v6(struct ip_idents *ids, const struct weft_ip *src, const struct weft_ip *dst)
{
    struct weft_ip pair[2] = {*src, *dst};

    return next_of(ids, siphash13(ids->key, pair, sizeof pair), 1);
}
