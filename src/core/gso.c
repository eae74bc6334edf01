/* SPDX-License-Identifier: MIT */
/* Segmentation in software; see gso.h. */
#include "core/gso.h"

#include "wire/buf.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* Bytes from data to the payload. All headers are linear. */
static uint32_t headers_len(const struct weft_pkt *super)
{
    return super->l4 - (uint32_t)pkt_headroom(super) + gso_transport_header(super);
}

uint32_t gso_payload(const struct weft_pkt *super) { return pkt_total(super) - headers_len(super); }

uint32_t gso_pieces(const struct weft_pkt *super)
{
    return (gso_payload(super) + super->gso_size - 1) / super->gso_size;
}

/* [offset, offset + len) of the whole's linear run: it is a block's, or a few bytes in the whole's own room. */
ASIDE static void add_linear(struct weft_pkt *p, const struct weft_pkt *super, uint32_t offset, uint32_t len)
{
    if (super->block) {
        pkt_add_span(p, super->block, super->data + offset, len);
        return;
    }
    weft_assert(p->data + p->len + len <= p->base + p->cap, "what fitted behind the whole's headers fits here");
    memcpy(p->data + p->len, super->data + offset, len);
    p->len += len;
}

/* [offset, offset + len) of the whole, behind its headers. */
static void add_payload(struct weft_pkt *p, const struct weft_pkt *super, uint32_t offset, uint32_t len)
{
    uint32_t linear = offset < super->len ? min_u32(super->len - offset, len) : 0;

    if (unlikely(linear))
        add_linear(p, super, offset, linear);
    len -= linear;
    offset = len ? offset + linear - super->len : 0;
    for (const struct span *s = super->span; len; s++) {
        uint32_t k = offset < s->len ? min_u32(s->len - offset, len) : 0;

        if (k)
            pkt_add_span(p, s->block, s->data + offset, k);
        offset = k ? 0 : offset - s->len;
        len -= k;
    }
}

/* The whole's headers in a packet of their own, with [at, at + len) of its payload. NULL: out of memory. */
static struct weft_pkt *copy_piece(const struct weft_pkt *super, uint32_t head, uint32_t at, uint32_t len)
{
    struct weft_pkt *p = pkt_new(super->stack);
    uint32_t front = (uint32_t)pkt_headroom(super);

    if (!p)
        return NULL;
    p->data = p->base + PKT_HEADROOM - (super->l4 - front); /* so that l4 is where segments of their own have it */
    p->len = head;
    memcpy(p->data, super->data, head);
    p->l2 = (uint16_t)pkt_headroom(p);
    p->l3 = (uint16_t)(p->l2 + super->l3 - front);
    p->l4 = (uint16_t)(p->l2 + super->l4 - front);
    add_payload(p, super, head + at, len);
    return p;
}

/* Adds all from l4 on. Of TCP that is mostly a header with timestamps, and payload that is the whole's. */
static void add_message(const struct weft_pkt *p, uint32_t len, struct csum *sum)
{
    uint32_t front = (uint32_t)p->l4 - p->l2;

    if (likely(p->len - front == TCP_STAMPED_HEADER)) {
        csum_add_words(sum, p->base + p->l4, TCP_STAMPED_HEADER);
        pkt_csum_spans(p, sum);
    } else {
        pkt_csum(p, front, len, sum);
    }
}

/* The sum that the whole was begun with covers the length: here, another one. Three numbers add up without a carry. */
static void put_sum(const struct weft_pkt *super, struct weft_pkt *p, bool finish)
{
    uint8_t *field = p->base + p->l4 + super->csum_offset;
    uint32_t whole = pkt_total(super) - (super->l4 - (uint32_t)pkt_headroom(super));
    uint32_t len = pkt_total(p) - (p->l4 - p->l2);
    struct csum sum = {
        .acc = (uint64_t)wire_u16(peek_u16(field)) + wire_u16((uint16_t)~whole) + wire_u16((uint16_t)len),
    };
    uint16_t value;

    p->csum_start = p->l4;
    p->csum_offset = super->csum_offset;
    p->csum_partial = !finish;
    if (!finish) {
        poke_u16(field, (uint16_t)~csum_fold(&sum));
        return;
    }
    poke_u16(field, 0);
    add_message(p, len, &sum);
    value = csum_fold(&sum);
    poke_u16(field, value == 0 && gso_is_udp(super) ? 0xffff : value); /* RFC 768: zero says that there is none */
}

/* In the IP header at p of a datagram of len bytes, the n-th of its whole. Without DF it has a number of its own. */
static void put_len(uint8_t *p, uint32_t len, uint32_t n)
{
    if (p[0] >> 4 != 4) {
        ipv6_set_payload_len(p, (uint16_t)(len - IPV6_HEADER));
        return;
    }
    ipv4_set_total_len(p, (uint16_t)len);
    if (!ipv4_has_df(p))
        ipv4_set_id(p, (uint16_t)(peek_u16(p + 4) + n));
}

struct weft_pkt *gso_piece(const struct weft_pkt *super, uint32_t at, bool finish_sum)
{
    uint32_t head = headers_len(super), payload = pkt_total(super) - head;
    uint32_t len = min_u32(super->gso_size, payload - at);
    struct weft_pkt *p = copy_piece(super, head, at, len);

    weft_assert(super->csum_partial, "whoever makes a super-segment leaves its sum to be finished");
    if (!p)
        return NULL;
    put_len(p->base + p->l3, pkt_total(p) - (p->l3 - p->l2), at / super->gso_size);
    if (gso_is_udp(super))
        udp_set_len(p->base + p->l4, (uint16_t)(UDP_HEADER + len));
    else
        tcp_cut_header(p->base + p->l4, at, at + len == payload);
    put_sum(super, p, finish_sum);
    return p;
}
