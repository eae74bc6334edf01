/* SPDX-License-Identifier: MIT */
/*
 * Reads a frame as RFC 791, RFC 9293 §3.1-3.2, RFC 7323 §2-3 and RFC 2018 write it, on its own: whatever src/wire gets
 * wrong must not look right here. Every rule about a segment alone is checked here; what depends on others is
 * the checker's.
 */
#include "sim.h"

static unsigned get16(const uint8_t *p) { return (unsigned)p[0] << 8 | p[1]; }
static uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }

static void blame(struct frame *f, const char *what)
{
    if (!f->bad)
        f->bad = what;
}

/* The one's complement sum, folded. */
static uint32_t sum16(const uint8_t *p, size_t n, uint32_t sum)
{
    uint64_t wide = sum;

    for (; n > 1; p += 2, n -= 2)
        wide += get16(p);
    if (n)
        wide += (unsigned)p[0] << 8;
    while (wide >> 16)
        wide = (wide & 0xffff) + (wide >> 16);
    return (uint32_t)wide;
}

/* ---- options ---- */

static void read_sack(struct frame *f, const uint8_t *p, unsigned len)
{
    if (len < 10 || len > 34 || (len - 2) % 8) {
        blame(f, "SACK of an impossible length");
        return;
    }
    f->n_sack = (len - 2) / 8;
    for (unsigned i = 0; i < f->n_sack; i++) {
        f->sack[i][0] = get32(p + 2 + 8 * i);
        f->sack[i][1] = get32(p + 6 + 8 * i);
        if ((int32_t)(f->sack[i][1] - f->sack[i][0]) <= 0)
            blame(f, "an empty or reversed SACK block");
    }
}

/* One option of `len` bytes. */
static void read_option(struct frame *f, const uint8_t *p, unsigned len)
{
    static const uint8_t expected[9] = {[2] = 4, [3] = 3, [4] = 2, [8] = 10};
    bool syn = f->flags & F_SYN;

    if (p[0] > 8 || (p[0] != 5 && !expected[p[0]]))
        blame(f, "an option that nobody asked for");
    else if (p[0] == 5)
        read_sack(f, p, len);
    else if (len != expected[p[0]])
        blame(f, "an option of the wrong length");
    else if (p[0] == 2)
        f->mss = (uint16_t)get16(p + 2);
    else if (p[0] == 3)
        f->wscale = p[2];
    else if (p[0] == 4)
        f->sack_permitted = true;
    else
        f->has_ts = true, f->ts_val = get32(p + 2), f->ts_ecr = get32(p + 6);
    if (!syn && (p[0] == 2 || p[0] == 3 || p[0] == 4))
        blame(f, "MSS, window scale or SACK-permitted outside of a SYN");
    if (syn && p[0] == 5)
        blame(f, "SACK blocks on a SYN");
}

static void read_options(struct frame *f, const uint8_t *p, unsigned n)
{
    uint32_t seen = 0;

    for (unsigned i = 0; i < n;) {
        unsigned len;

        if (p[i] == 1) {
            i++;
            continue;
        }
        if (p[i] == 0) { /* the end: zeros from here on (MUST-69) */
            for (; i < n; i++)
                if (p[i])
                    blame(f, "padding that is not zero");
            return;
        }
        len = i + 1 < n ? p[i + 1] : 0;
        if (len < 2 || i + len > n) {
            blame(f, "an option that runs past the header");
            return;
        }
        if (p[i] < 32 && (seen >> p[i] & 1))
            blame(f, "an option twice");
        seen |= p[i] < 32 ? (uint32_t)1 << p[i] : 0;
        read_option(f, p + i, len);
        i += len;
    }
}

/* ---- TCP ---- */

static void check_flags(struct frame *f, const uint8_t *p)
{
    unsigned kinds = (f->flags & F_SYN ? 1u : 0) + (f->flags & F_FIN ? 1u : 0) + (f->flags & F_RST ? 1u : 0);

    if (kinds > 1)
        blame(f, "more than one of SYN, FIN and RST");
    if (p[12] & 0x0f)
        blame(f, "reserved bits, or accurate ECN (RFC 9768)");
    if (!(f->flags & F_URG) && f->urgent)
        blame(f, "an urgent pointer without URG");
    if (!(f->flags & F_ACK) && f->ack)
        blame(f, "an acknowledgment number without ACK");
    if (!(f->flags & (F_ACK | F_SYN | F_RST)))
        blame(f, "neither ACK, SYN nor RST");
    if (f->wscale > 14)
        blame(f, "a window scale above 14");
    if (f->src_port == 0 || f->dst_port == 0)
        blame(f, "port 0");
}

static void check_sum(struct frame *f, const uint8_t *ip, const uint8_t *p, uint32_t n,
                      const struct weft_pkt_offload *o)
{
    uint32_t pseudo = sum16(ip + 12, 8, 6 + (n & 0xffff) + (n >> 16));

    if (o->csum_valid && !o->csum_partial)
        return;
    if (o->csum_partial ? get16(p + 16) != pseudo : sum16(p, n, pseudo) != 0xffff)
        blame(f, "a wrong TCP checksum");
}

static bool read_tcp(struct frame *f, const uint8_t *ip, const uint8_t *p, uint32_t n,
                     const struct weft_pkt_offload *o)
{
    unsigned header;

    if (n < 20 || p[12] >> 4 < 5 || (p[12] >> 4) * 4u > n) {
        blame(f, "an impossible data offset");
        return false;
    }
    header = (p[12] >> 4) * 4u;
    f->src_port = (uint16_t)get16(p);
    f->dst_port = (uint16_t)get16(p + 2);
    f->seq = get32(p + 4);
    f->ack = get32(p + 8);
    f->flags = p[13];
    f->mark = ip[1] & 3;
    f->window = (uint16_t)get16(p + 14);
    f->urgent = (uint16_t)get16(p + 18);
    f->wscale = -1;
    f->options = p + 20;
    f->options_len = header - 20;
    f->payload = p + header;
    f->len = n - header;
    f->super = o->gso_size != 0;
    f->segment = f->super ? o->gso_size : f->len;
    read_options(f, p + 20, header - 20);
    check_flags(f, p);
    check_sum(f, ip, p, n, o);
    return true;
}

/* ---- IP ---- */

static bool read_ip(struct frame *f, const uint8_t *p, size_t n, const struct weft_pkt_offload *o)
{
    unsigned header, total;

    if (n < 20 || p[0] >> 4 != 4 || (p[0] & 15) < 5 || (p[0] & 15) * 4u > n) {
        blame(f, "an impossible IP header");
        return false;
    }
    header = (p[0] & 15) * 4u;
    total = get16(p + 2);
    if (total > n || total < header) {
        blame(f, "an IP length that the frame does not hold");
        return false;
    }
    if (sum16(p, header, 0) != 0xffff)
        blame(f, "a wrong IP checksum");
    if (p[8] == 0)
        blame(f, "a time to live of zero");
    f->src = get32(p + 12);
    f->dst = get32(p + 16);
    if (f->src == 0 || f->src >> 28 == 14 || f->src == 0xffffffff)
        blame(f, "a source address that is no host's");
    if (p[9] == 1 && sum16(p + header, total - header, 0) != 0xffff && !(get16(p + 6) & 0x3fff))
        blame(f, "a wrong ICMP checksum");
    if (p[9] != 6)
        return false;
    if (get16(p + 6) & 0x3fff)
        blame(f, "a TCP segment in fragments");
    return read_tcp(f, p, p + header, total - header, o);
}

bool frame_read(struct frame *f, enum weft_link link, const uint8_t *p, size_t n, const struct weft_pkt_offload *o)
{
    *f = (struct frame){0};
    if (link == WEFT_LINK_ETHERNET) {
        if (n < 14) {
            blame(f, "shorter than an Ethernet header");
            return false;
        }
        if (p[6] & 1)
            blame(f, "a group address as Ethernet source");
        if (get16(p + 12) == 0x0806 && n < 14 + 28)
            blame(f, "a cut ARP message");
        if (get16(p + 12) != 0x0800)
            return false;
        p += 14;
        n -= 14;
    }
    return read_ip(f, p, n, o);
}
