/* SPDX-License-Identifier: MIT */
/* The TCP header (RFC 9293 §3.1) and its options (RFC 9293 §3.2, RFC 7323, RFC 2018); see tcp.h. */
#include "wire/tcp.h"

#include "wire/option.h"

/* NOP NOP TS, as one number: how nearly every segment of a connection with timestamps begins its options. */
#define ALIGNED_TS_HEAD ((uint32_t)OPTION_NOP << 24 | OPTION_NOP << 16 | TCP_KIND_TS << 8 | TCP_LEN_TS)
#define ALIGNED_TS_LEN  12

/*
 * The options of nearly every SYN, in Linux's order: MSS; SACK permitted and TS; behind the stamps NOP and window
 * scale.
 */
#define FULL_SYN_LEN (TCP_FULL_SYN_HEADER - TCP_HEADER)
#define FULL_SYN_MSS ((uint32_t)TCP_KIND_MSS << 24 | TCP_LEN_MSS << 16)
#define FULL_SYN_TS  \
    ((uint32_t)TCP_KIND_SACK_PERMITTED << 24 | TCP_LEN_SACK_PERMITTED << 16 | TCP_KIND_TS << 8 | TCP_LEN_TS)
#define FULL_SYN_WSCALE ((uint32_t)OPTION_NOP << 24 | TCP_KIND_WSCALE << 16 | TCP_LEN_WSCALE << 8)

static void ts_take(const uint8_t *body, struct tcp_options *o)
{
    o->has_ts = true;
    o->ts_val = peek_u32(body);
    o->ts_ecr = peek_u32(body + 4);
}

SELDOM static void sack_take(const struct option *opt, struct tcp_options *o)
{
    unsigned n = (unsigned)(opt->len - TCP_LEN_SACK_HEAD) / TCP_LEN_SACK_BLOCK;

    if ((opt->len - TCP_LEN_SACK_HEAD) % TCP_LEN_SACK_BLOCK != 0 || n < 1 || n > TCP_MAX_SACK)
        return;
    o->n_sack = (uint8_t)n;
    for (unsigned i = 0; i < n; i++) {
        o->sack[i].start = seq(peek_u32(opt->body + i * TCP_LEN_SACK_BLOCK));
        o->sack[i].end = seq(peek_u32(opt->body + i * TCP_LEN_SACK_BLOCK + 4));
    }
}

/* A cookie of an impossible length is no option (RFC 7413 §4.1.1). */
SELDOM static void fastopen_take(const uint8_t *cookie, unsigned len, enum tcp_fastopen kind, struct tcp_options *o)
{
    if (len % 2 || len > 16 || (len && len < 4))
        return;
    o->fastopen = (uint8_t)kind;
    o->cookie = cookie;
    o->cookie_len = (uint8_t)len;
}

/* A kind that is known, at a length that is right, is kept; anything else was skipped by its length. */
static void option_take(const struct option *opt, struct tcp_options *o)
{
    if (opt->kind == TCP_KIND_MSS && opt->len == TCP_LEN_MSS)
        o->mss = peek_u16(opt->body);
    else if (opt->kind == TCP_KIND_WSCALE && opt->len == TCP_LEN_WSCALE)
        o->wscale = (int8_t)min_u32(opt->body[0], INT8_MAX);
    else if (opt->kind == TCP_KIND_SACK_PERMITTED && opt->len == TCP_LEN_SACK_PERMITTED)
        o->sack_permitted = true;
    else if (opt->kind == TCP_KIND_SACK)
        sack_take(opt, o);
    else if (opt->kind == TCP_KIND_TS && opt->len == TCP_LEN_TS)
        ts_take(opt->body, o);
    else if (opt->kind == TCP_KIND_SIGNATURE && opt->len == TCP_LEN_SIGNATURE)
        o->is_signed = true;
    else if (opt->kind == TCP_KIND_FASTOPEN)
        fastopen_take(opt->body, opt->len - TCP_LEN_FASTOPEN_HEAD, TCP_FASTOPEN_OPTION, o);
    else if (opt->kind == TCP_KIND_EXPERIMENT && opt->len >= TCP_LEN_EXPERIMENT_HEAD &&
             peek_u16(opt->body) == TCP_FASTOPEN_MAGIC)
        fastopen_take(opt->body + 2, opt->len - TCP_LEN_EXPERIMENT_HEAD, TCP_FASTOPEN_EXPERIMENT, o);
}

/* One by one; false on a nonsense length. */
ASIDE static bool options_walk(struct reader r, struct tcp_options *o)
{
    struct option opt;

    while (option_next(&r, &opt))
        option_take(&opt, o);
    return !r.bad;
}

/* Does p begin like a full SYN's options? Then they are taken. There are so many bytes. */
static bool full_syn_take(const uint8_t *p, struct tcp_options *o)
{
    uint32_t mss = peek_u32(p) ^ FULL_SYN_MSS, scale = peek_u32(p + 16) ^ FULL_SYN_WSCALE;

    if (mss >> 16 || scale >> 8 || peek_u32(p + 4) != FULL_SYN_TS)
        return false;
    o->mss = (uint16_t)mss;
    o->sack_permitted = true;
    ts_take(p + 8, o);
    o->wscale = (int8_t)min_u32(scale, INT8_MAX);
    return true;
}

/* Do options begin with timestamps, as in most segments, where they are all there is? Then these are taken. */
static inline bool stamps_parse(struct reader *r, struct tcp_options *o)
{
    if (unlikely(reader_left(r) < ALIGNED_TS_LEN || peek_u32(r->p) != ALIGNED_TS_HEAD))
        return false;
    ts_take(r->p + 4, o);
    r->p += ALIGNED_TS_LEN;
    return true;
}

/* False on a nonsense length. */
static bool options_parse(struct reader r, struct tcp_options *o)
{
    if (!stamps_parse(&r, o) && reader_left(&r) >= FULL_SYN_LEN && full_syn_take(r.p, o))
        r.p += FULL_SYN_LEN;
    return reader_left(&r) == 0 || options_walk(r, o);
}

enum tcp_verdict tcp_parse(struct reader *r, size_t available, struct tcp_header *h, struct tcp_options *o)
{
    const uint8_t *p = read_bytes(r, TCP_HEADER);
    const uint8_t *options;
    uint16_t bits;
    size_t n;

    *o = TCP_NO_OPTIONS;
    if (unlikely(!p))
        return TCP_SHORT;
    h->src_port = peek_u16(p);
    h->dst_port = peek_u16(p + 2);
    h->seq = seq(peek_u32(p + 4));
    h->ack = seq(peek_u32(p + 8));
    bits = peek_u16(p + 12);
    h->header_len = (uint8_t)(bits >> 12) * 4;
    h->flags = bits & 0x1ff; /* the other three bits are reserved: ignored (RFC 9293 §3.1) */
    h->window = peek_u16(p + 14);
    h->checksum = peek_u16(p + 16);
    h->urgent = peek_u16(p + 18);
    if (likely(h->header_len == TCP_STAMPED_HEADER && stamps_parse(r, o)))
        return TCP_OK;
    if (unlikely(h->header_len < TCP_HEADER || h->header_len > available))
        return TCP_BAD_OFFSET;
    n = (size_t)h->header_len - TCP_HEADER;
    if (n == 0)
        return TCP_OK;
    options = read_bytes(r, n);
    if (unlikely(!options))
        return TCP_SHORT;
    return likely(options_parse(reader(options, n), o)) ? TCP_OK : TCP_BAD_OPTION;
}

static void nops_emit(struct writer *w, unsigned n)
{
    while (n-- > 0)
        write_u8(w, OPTION_NOP);
}

static void mss_emit(struct writer *w, const struct tcp_options *o)
{
    write_u8(w, TCP_KIND_MSS);
    write_u8(w, TCP_LEN_MSS);
    write_u16(w, o->mss);
}

/* With the NOP in front that makes four bytes of it. */
static void wscale_emit(struct writer *w, const struct tcp_options *o)
{
    nops_emit(w, 1);
    write_u8(w, TCP_KIND_WSCALE);
    write_u8(w, TCP_LEN_WSCALE);
    write_u8(w, (uint8_t)o->wscale);
}

static void sack_permitted_emit(struct writer *w)
{
    write_u8(w, TCP_KIND_SACK_PERMITTED);
    write_u8(w, TCP_LEN_SACK_PERMITTED);
}

static void ts_emit(struct writer *w, const struct tcp_options *o)
{
    write_u8(w, TCP_KIND_TS);
    write_u8(w, TCP_LEN_TS);
    write_u32(w, o->ts_val);
    write_u32(w, o->ts_ecr);
}

/* How many of the SACK blocks fit beside what else the segment carries. */
static unsigned sack_room(const struct tcp_options *o)
{
    unsigned left = TCP_MAX_OPTIONS - (o->has_ts ? ALIGNED_TS_LEN : 0);

    return min_u32(o->n_sack, (left - 2 - TCP_LEN_SACK_HEAD) / TCP_LEN_SACK_BLOCK);
}

SELDOM static void sack_emit(struct writer *w, const struct tcp_options *o, unsigned n)
{
    nops_emit(w, 2);
    write_u8(w, TCP_KIND_SACK);
    write_u8(w, (uint8_t)(TCP_LEN_SACK_HEAD + n * TCP_LEN_SACK_BLOCK));
    for (unsigned i = 0; i < n; i++) {
        write_u32(w, o->sack[i].start.v);
        write_u32(w, o->sack[i].end.v);
    }
}

static void plain_emit(struct writer *w, const struct tcp_options *o)
{
    unsigned n = sack_room(o);

    if (likely(o->has_ts)) {
        uint8_t *p = write_room(w, ALIGNED_TS_LEN);

        if (p) {
            poke_u32(p, ALIGNED_TS_HEAD);
            poke_u32(p + 4, o->ts_val);
            poke_u32(p + 8, o->ts_ecr);
        }
    }
    if (unlikely(n > 0))
        sack_emit(w, o, n);
}

/* A full SYN's options; returns the sum of their words. */
static uint64_t full_syn_put(uint8_t *p, const struct tcp_options *o)
{
    uint32_t mss = FULL_SYN_MSS | o->mss, scale = FULL_SYN_WSCALE | (uint8_t)o->wscale;

    poke_u32(p, mss);
    poke_u32(p + 4, FULL_SYN_TS);
    poke_u32(p + 8, o->ts_val);
    poke_u32(p + 12, o->ts_ecr);
    poke_u32(p + 16, scale);
    return (uint64_t)mss + FULL_SYN_TS + o->ts_val + o->ts_ecr + scale;
}

static bool is_full_syn(const struct tcp_options *o)
{
    return o->mss && o->sack_permitted && o->has_ts && o->wscale >= 0;
}

/* Here sackOK stands where the two NOPs before a timestamp would. */
static void syn_linux_emit(struct writer *w, const struct tcp_options *o)
{
    if (is_full_syn(o)) {
        uint8_t *p = write_room(w, FULL_SYN_LEN);

        if (p)
            full_syn_put(p, o);
        return;
    }
    if (o->mss)
        mss_emit(w, o);
    if (o->sack_permitted != o->has_ts)
        nops_emit(w, 2);
    if (o->sack_permitted)
        sack_permitted_emit(w);
    if (o->has_ts)
        ts_emit(w, o);
    if (o->wscale >= 0)
        wscale_emit(w, o);
}

static void syn_bsd_emit(struct writer *w, const struct tcp_options *o)
{
    if (o->mss)
        mss_emit(w, o);
    if (o->wscale >= 0)
        wscale_emit(w, o);
    if (o->sack_permitted)
        sack_permitted_emit(w);
    else if (o->has_ts)
        nops_emit(w, 2);
    if (o->has_ts) {
        ts_emit(w, o);
    } else if (o->sack_permitted) {
        write_u8(w, OPTION_EOL);
        write_u8(w, 0); /* RFC 9293 §3.1: nothing but zeros behind an EOL */
    }
}

/* Behind the others, with NOPs after it up to a multiple of four, as Linux has it. */
SELDOM static void fastopen_emit(struct writer *w, const struct tcp_options *o)
{
    bool experiment = o->fastopen == TCP_FASTOPEN_EXPERIMENT;
    unsigned len = (experiment ? TCP_LEN_EXPERIMENT_HEAD : TCP_LEN_FASTOPEN_HEAD) + o->cookie_len;

    write_u8(w, experiment ? TCP_KIND_EXPERIMENT : TCP_KIND_FASTOPEN);
    write_u8(w, (uint8_t)len);
    if (experiment)
        write_u16(w, TCP_FASTOPEN_MAGIC);
    if (o->cookie_len)
        write_bytes(w, o->cookie, o->cookie_len);
    nops_emit(w, (4 - len % 4) % 4);
}

ASIDE static void syn_emit(struct writer *w, const struct tcp_options *o, enum tcp_option_layout layout)
{
    if (layout == TCP_LAYOUT_BSD)
        syn_bsd_emit(w, o);
    else
        syn_linux_emit(w, o);
    if (o->fastopen)
        fastopen_emit(w, o);
}

bool tcp_options_are_full_syn(const struct tcp_options *o, enum tcp_option_layout layout)
{
    return layout == TCP_LAYOUT_LINUX && is_full_syn(o) && !o->fastopen;
}

/* Measured by doing it, so that length and bytes cannot drift apart; but for those that nearly every SYN has. */
static size_t syn_len(const struct tcp_options *o, enum tcp_option_layout layout)
{
    uint8_t scratch[TCP_MAX_OPTIONS];
    struct writer w = writer(scratch, sizeof scratch);

    if (likely(tcp_options_are_full_syn(o, layout)))
        return FULL_SYN_LEN;
    syn_emit(&w, o, layout);
    return sizeof scratch - writer_left(&w);
}

size_t tcp_options_len(const struct tcp_options *o, bool syn, enum tcp_option_layout layout)
{
    unsigned n;

    if (syn)
        return syn_len(o, layout);
    n = likely(o->n_sack == 0) ? 0 : sack_room(o);
    return (o->has_ts ? ALIGNED_TS_LEN : 0) + (n ? 2 + TCP_LEN_SACK_HEAD + n * TCP_LEN_SACK_BLOCK : 0);
}

void tcp_options_emit(struct writer *w, const struct tcp_options *o, bool syn, enum tcp_option_layout layout)
{
    if (syn)
        syn_emit(w, o, layout);
    else
        plain_emit(w, o);
}

void tcp_emit(struct writer *w, const struct tcp_header *h)
{
    uint8_t *p = write_room(w, TCP_HEADER);

    weft_assert(h->header_len >= TCP_HEADER && h->header_len <= TCP_MAX_HEADER && h->header_len % 4 == 0,
                "headers are composed here, never by a peer");
    if (!p)
        return;
    poke_u16(p, h->src_port);
    poke_u16(p + 2, h->dst_port);
    poke_u32(p + 4, h->seq.v);
    poke_u32(p + 8, h->ack.v);
    poke_u16(p + 12, (uint16_t)(h->header_len / 4 << 12 | (h->flags & 0x1ff)));
    poke_u16(p + 14, h->window);
    poke_u16(p + 16, h->checksum);
    poke_u16(p + 18, h->urgent);
}

/* The 20 fixed bytes of a header of `len`, with a checksum of zero; returns the sum of their words. */
static inline uint64_t fixed_put(uint8_t *p, const struct tcp_header *h, uint32_t len)
{
    uint32_t ports = (uint32_t)h->src_port << 16 | h->dst_port;
    uint32_t rest = len / 4 << 28 | (uint32_t)(h->flags & 0x1ff) << 16 | h->window;

    poke_u32(p, ports);
    poke_u32(p + 4, h->seq.v);
    poke_u32(p + 8, h->ack.v);
    poke_u32(p + 12, rest);
    poke_u32(p + 16, h->urgent);
    return (uint64_t)ports + h->seq.v + h->ack.v + rest + h->urgent;
}

uint64_t tcp_emit_stamped(uint8_t *p, const struct tcp_header *h, uint32_t ts_val, uint32_t ts_ecr)
{
    uint64_t sum = fixed_put(p, h, TCP_STAMPED_HEADER);

    poke_u32(p + 20, ALIGNED_TS_HEAD);
    poke_u32(p + 24, ts_val);
    poke_u32(p + 28, ts_ecr);
    return sum + ALIGNED_TS_HEAD + ts_val + ts_ecr;
}

uint64_t tcp_emit_full_syn(uint8_t *p, const struct tcp_header *h, const struct tcp_options *o)
{
    return fixed_put(p, h, TCP_FULL_SYN_HEADER) + full_syn_put(p + TCP_HEADER, o);
}

bool tcp_read_stamped(const uint8_t *p, uint32_t ports, struct tcp_header *h, struct tcp_options *o, uint64_t *sum)
{
    const uint32_t reserved = 0xe000000, window = 0xffff, push = (uint32_t)TCP_PSH << 16;
    uint32_t rest = peek_u32(p + 12);

    if (peek_u32(p) != ports || peek_u32(p + 20) != ALIGNED_TS_HEAD ||
        (rest & ~(reserved | push | window)) != ((uint32_t)TCP_STAMPED_HEADER / 4 << 28 | (uint32_t)TCP_ACK << 16))
        return false;
    h->seq = seq(peek_u32(p + 4));
    h->ack = seq(peek_u32(p + 8));
    h->header_len = TCP_STAMPED_HEADER;
    h->flags = (uint16_t)(TCP_ACK | (rest & push) >> 16);
    h->window = (uint16_t)rest;
    ts_take(p + 24, o);
    o->n_sack = 0;
    *sum = (uint64_t)ports + h->seq.v + h->ack.v + rest + peek_u32(p + 16) + ALIGNED_TS_HEAD + o->ts_val + o->ts_ecr;
    return true;
}

void tcp_cut_header(uint8_t *p, uint32_t at, bool last)
{
    poke_u32(p + 4, peek_u32(p + 4) + at);
    if (at)
        p[13] &= (uint8_t)~TCP_CWR;
    if (!last)
        p[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
}

void tcp_flags_text(struct fmt *f, uint16_t flags)
{
    static const char names[][4] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"};
    const char *separator = "";

    if (flags == 0)
        fmt_str(f, "none");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (flags >> i & 1) {
            fmt_str(f, separator);
            fmt_str(f, names[i]);
            separator = ",";
        }
    }
}
