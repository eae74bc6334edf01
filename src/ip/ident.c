/* SPDX-License-Identifier: MIT */
/*
 * Identification of IPv4 datagrams (RFC 791 §3.1, RFC 6864): atomic ones carry 0 and never come here; the others count
 * up from an unpredictable start, for each source, destination and protocol apart.
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

uint16_t ip_ident(struct ip_idents *ids, const struct weft_ip *src, const struct weft_ip *dst, uint8_t proto)
{
    uint32_t triple[3] = {ip_to_v4(src), ip_to_v4(dst), proto};
    uint64_t hash = siphash13(ids->key, triple, sizeof triple);
    uint32_t tag = (uint32_t)(hash >> 32) | 1; /* never that of an empty slot */
    unsigned i = (unsigned)hash % IP_IDENTS;

    if (ids->slot[i].tag != tag) {
        uint64_t start[2] = {hash, ids->fresh++};

        ids->slot[i].tag = tag;
        ids->slot[i].next = (uint16_t)siphash13(ids->key, start, sizeof start);
    }
    return ids->slot[i].next++;
}
