/* SPDX-License-Identifier: MIT */
/* The UDP header (RFC 768); see udp.h. */
#include "wire/udp.h"

bool udp_parse(struct reader *r, struct udp_header *h)
{
    const uint8_t *p = read_bytes(r, UDP_HEADER);

    if (!p)
        return false;
    h->src_port = peek_u16(p);
    h->dst_port = peek_u16(p + 2);
    h->len = peek_u16(p + 4);
    h->checksum = peek_u16(p + 6);
    return true;
}

void udp_emit(struct writer *w, const struct udp_header *h)
{
    write_u16(w, h->src_port);
    write_u16(w, h->dst_port);
    write_u16(w, h->len);
    write_u16(w, h->checksum);
}

void udp_set_len(uint8_t *p, uint16_t len)
{
    poke_u16(p + 4, len);
}
