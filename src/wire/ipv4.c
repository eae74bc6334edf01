/* SPDX-License-Identifier: MIT */
/* The IPv4 header (RFC 791 §3.1); see ipv4.h. */
#include "wire/ipv4.h"

#include "base/checksum.h"
#include "wire/ipv4_options.h"
#include "wire/option.h"

#define FLAG_DF 0x4000
#define FLAG_MF 0x2000
#define IS_FRAGMENT 0x3fff /* FLAG_MF, and where it stands */

/* The twenty fixed bytes at p. */
static void header_decode(const uint8_t *p, struct ipv4_header *h)
{
    uint16_t frag = peek_u16(p + 6);

    h->header_len = (uint8_t)((p[0] & 15) * 4);
    h->tos = p[1];
    h->total_len = peek_u16(p + 2);
    h->id = peek_u16(p + 4);
    h->df = frag & FLAG_DF;
    h->mf = frag & FLAG_MF;
    h->frag_offset = (uint16_t)(frag << 3); /* the three flags fall out at the top */
    h->ttl = p[8];
    h->proto = p[9];
    h->checksum = peek_u16(p + 10);
    h->src = peek_u32(p + 12);
    h->dst = peek_u32(p + 16);
    h->options = NULL;
}

/*
 * The sum of the fixed bytes: a few words of a known number, which every packet pays for twice. A plain sum of 32-bit
 * words, in the machine's own order (RFC 1071 §2 (B)), takes a fraction of the time of csum().
 */
static inline uint64_t fixed_sum(const uint8_t *p)
{
    uint32_t word[IPV4_HEADER / 4];

    memcpy(word, p, sizeof word);
    return (uint64_t)word[0] + word[1] + word[2] + word[3] + word[4];
}

/* The checksum of a header of n bytes, a multiple of four. */
static uint16_t header_csum(const uint8_t *p, size_t n)
{
    uint64_t sum = fixed_sum(p);
    uint8_t pair[2];
    uint16_t folded;
    uint32_t word;

    for (size_t i = IPV4_HEADER; i < n; i += 4) {
        memcpy(&word, p + i, sizeof word);
        sum += word;
    }
    folded = (uint16_t)~csum_half(sum);
    memcpy(pair, &folded, sizeof pair);
    return (uint16_t)(pair[0] << 8 | pair[1]);
}

bool ipv4_read(struct reader *r, struct ipv4_header *h)
{
    const uint8_t *p = read_bytes(r, IPV4_HEADER);

    if (!p)
        return false;
    header_decode(p, h);
    if (p[0] >> 4 != 4 || h->header_len < IPV4_HEADER)
        return false;
    if (h->header_len > IPV4_HEADER)
        h->options = read_bytes(r, h->header_len - IPV4_HEADER);
    return !r->bad;
}

bool ipv4_is_plain(const uint8_t *p, size_t total)
{
    const uint32_t first = (4u << 4 | IPV4_HEADER / 4) << 24, but_tos = 0xff00ffff;

    return (peek_u32(p) & but_tos) == (first | total) && (peek_u16(p + 6) & IS_FRAGMENT) == 0 &&
           csum_half(fixed_sum(p)) == UINT16_MAX;
}

static enum ipv4_verdict options_verdict(const struct ipv4_header *h)
{
    bool source_route = false;

    if (!ipv4_options_check(h->options, h->header_len - IPV4_HEADER, &source_route))
        return IPV4_BAD_OPTION;
    return source_route ? IPV4_SOURCE_ROUTE : IPV4_OK;
}

enum ipv4_verdict ipv4_parse(struct reader *r, size_t available, struct ipv4_header *h)
{
    const uint8_t *p = read_bytes(r, IPV4_HEADER);

    if (unlikely(!p))
        return IPV4_SHORT;
    header_decode(p, h);
    if (unlikely(p[0] >> 4 != 4))
        return IPV4_BAD_VERSION;
    if (unlikely(h->header_len < IPV4_HEADER || h->header_len > available))
        return IPV4_BAD_HEADER_LEN;
    if (unlikely(h->total_len < h->header_len || h->total_len > available))
        return IPV4_BAD_TOTAL_LEN;
    if (unlikely(h->header_len > IPV4_HEADER)) {
        h->options = read_bytes(r, h->header_len - IPV4_HEADER);
        if (!h->options)
            return IPV4_SHORT;
    }
    if (unlikely(header_csum(p, h->header_len) != 0))
        return IPV4_BAD_CHECKSUM;
    return likely(!h->options) ? IPV4_OK : options_verdict(h);
}

/*
 * The fixed part is put together in words of 32 bits, and summed before it is written: a sum that reads in words what
 * was just written in bytes has to wait for them. Of numbers the sum is a number, so it needs no order of bytes.
 */
void ipv4_emit(struct writer *w, const struct ipv4_header *h)
{
    uint8_t *p = write_room(w, h->header_len);
    uint16_t fragment = (uint16_t)((h->df ? FLAG_DF : 0) | (h->mf ? FLAG_MF : 0) | h->frag_offset >> 3);
    uint32_t first = (4u << 4 | h->header_len / 4) << 24 | (uint32_t)h->tos << 16 | h->total_len;
    uint32_t second = (uint32_t)h->id << 16 | fragment, third = (uint32_t)h->ttl << 24 | (uint32_t)h->proto << 16;
    uint64_t sum = (uint64_t)first + second + third + h->src + h->dst;

    weft_assert(h->header_len >= IPV4_HEADER && h->header_len <= IPV4_MAX_HEADER && h->header_len % 4 == 0,
                "headers are composed here, never by a peer");
    weft_assert(h->frag_offset % 8 == 0, "the fragmenter cuts at multiples of eight");
    if (!p)
        return;
    for (size_t i = IPV4_HEADER; i < h->header_len; i += 4) {
        memcpy(p + i, h->options + (i - IPV4_HEADER), 4);
        sum += peek_u32(p + i);
    }
    poke_u32(p, first);
    poke_u32(p + 4, second);
    poke_u32(p + 8, third | (uint16_t)~csum_half(sum));
    poke_u32(p + 12, h->src);
    poke_u32(p + 16, h->dst);
}

void ipv4_reseal(uint8_t *p)
{
    poke_u16(p + 10, 0);
    poke_u16(p + 10, header_csum(p, (p[0] & 15) * (size_t)4));
}

void ipv4_set_total_len(uint8_t *p, uint16_t total_len)
{
    poke_u16(p + 10, csum_update(peek_u16(p + 10), peek_u16(p + 2), total_len));
    poke_u16(p + 2, total_len);
}

void ipv4_set_id(uint8_t *p, uint16_t id)
{
    poke_u16(p + 10, csum_update(peek_u16(p + 10), peek_u16(p + 4), id));
    poke_u16(p + 4, id);
}

bool ipv4_options_check(const uint8_t *options, size_t n, bool *source_route)
{
    struct reader r = reader(options, n);
    struct option o;

    *source_route = false;
    while (option_next(&r, &o)) {
        if (o.kind == IPV4_LOOSE_ROUTE || o.kind == IPV4_STRICT_ROUTE)
            *source_route = true;
    }
    return !r.bad;
}
