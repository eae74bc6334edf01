/* SPDX-License-Identifier: MIT */
/* ICMP for IPv6 (RFC 4443); see icmpv6.h. */
#include "wire/icmpv6.h"

bool icmpv6_parse(struct reader *r, struct icmpv6_header *h)
{
    const uint8_t *p = read_bytes(r, ICMPV6_HEADER);

    if (!p)
        return false;
    h->type = p[0];
    h->code = p[1];
    h->checksum = peek_u16(p + 2);
    h->word = peek_u32(p + 4);
    return true;
}

void icmpv6_emit(struct writer *w, const struct icmpv6_header *h)
{
    write_u8(w, h->type);
    write_u8(w, h->code);
    write_u16(w, h->checksum);
    write_u32(w, h->word);
}

bool icmpv6_quote_parse(struct reader *r, struct icmpv6_quote *q)
{
    struct ipv6_fragment f;
    const uint8_t *head;

    if (!ipv6_read(r, &q->ip))
        return false;
    q->proto = q->ip.next;
    if (!ipv6_chain_skip(r, &q->proto, &f) || f.offset != 0)
        return false;
    head = read_bytes(r, sizeof q->head);
    if (!head)
        return false;
    memcpy(q->head, head, sizeof q->head);
    return true;
}
