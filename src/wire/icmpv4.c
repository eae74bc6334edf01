/* SPDX-License-Identifier: MIT */
/* ICMP for IPv4 (RFC 792, RFC 1191); see icmpv4.h. */
#include "wire/icmpv4.h"

bool icmpv4_is_error(uint8_t type)
{
    switch (type) {
    case ICMPV4_UNREACHABLE:
    case ICMPV4_SOURCE_QUENCH:
    case ICMPV4_REDIRECT:
    case ICMPV4_TIME_EXCEEDED:
    case ICMPV4_PARAMETER_PROBLEM:
        return true;
    default:
        return false;
    }
}

/* Is the second word an identifier and a sequence number? */
static bool is_query(uint8_t type)
{
    switch (type) {
    case ICMPV4_ECHO:
    case ICMPV4_ECHO_REPLY:
    case ICMPV4_TIMESTAMP:
    case ICMPV4_TIMESTAMP_REPLY:
        return true;
    default:
        return false;
    }
}

bool icmpv4_parse(struct reader *r, struct icmpv4_header *h)
{
    const uint8_t *p = read_bytes(r, ICMPV4_HEADER);
    uint16_t high, low;

    if (!p)
        return false;
    h->type = p[0];
    h->code = p[1];
    h->checksum = peek_u16(p + 2);
    high = peek_u16(p + 4);
    low = peek_u16(p + 6);
    if (is_query(h->type)) {
        h->rest.echo.id = high;
        h->rest.echo.seq = low;
    } else if (h->type == ICMPV4_UNREACHABLE) {
        h->rest.unreachable.unused = high;
        h->rest.unreachable.next_hop_mtu = low;
    } else {
        h->rest.word = (uint32_t)high << 16 | low;
    }
    return true;
}

void icmpv4_emit(struct writer *w, const struct icmpv4_header *h)
{
    write_u8(w, h->type);
    write_u8(w, h->code);
    write_u16(w, h->checksum);
    if (is_query(h->type)) {
        write_u16(w, h->rest.echo.id);
        write_u16(w, h->rest.echo.seq);
    } else if (h->type == ICMPV4_UNREACHABLE) {
        write_u16(w, h->rest.unreachable.unused);
        write_u16(w, h->rest.unreachable.next_hop_mtu);
    } else {
        write_u32(w, h->rest.word);
    }
}

bool icmpv4_quote_parse(struct reader *r, struct icmpv4_quote *q)
{
    const uint8_t *head;

    if (!ipv4_read(r, &q->ip) || q->ip.frag_offset != 0)
        return false;
    head = read_bytes(r, sizeof q->head);
    if (!head)
        return false;
    memcpy(q->head, head, sizeof q->head);
    return true;
}
