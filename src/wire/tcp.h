/* SPDX-License-Identifier: MIT */
/* The TCP header and its options (RFC 9293 §3.1-3.2, RFC 7323, RFC 2018). */
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include "base/fmt.h"
#include "base/seq.h"
#include "wire/buf.h"

#define TCP_HEADER      20
#define TCP_MAX_HEADER  60
#define TCP_CHECKSUM_AT 16 /* offset of the checksum in the header */
#define TCP_MAX_OPTIONS 40

enum tcp_flag {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
    TCP_ECE = 0x40,
    TCP_CWR = 0x80,
    TCP_AE = 0x100,
};

struct tcp_header {
    uint16_t src_port, dst_port;
    struct seq seq, ack;
    uint8_t header_len; /* bytes, 20 to 60 */
    uint16_t flags;     /* enum tcp_flag */
    uint16_t window;    /* as on the wire, unscaled */
    uint16_t checksum;
    uint16_t urgent;
};

enum tcp_option_kind {
    TCP_KIND_MSS = 2,
    TCP_KIND_WSCALE = 3,
    TCP_KIND_SACK_PERMITTED = 4,
    TCP_KIND_SACK = 5,
    TCP_KIND_TS = 8,
    TCP_KIND_SIGNATURE = 19, /* RFC 2385 */
    TCP_KIND_FASTOPEN = 34,
    TCP_KIND_EXPERIMENT = 254, /* RFC 4727; with TCP_FASTOPEN_MAGIC: Fast Open of before RFC 7413 */
};

/* Bytes, kind and length included; SACK is a head and one to four blocks. */
enum tcp_option_len {
    TCP_LEN_MSS = 4,
    TCP_LEN_WSCALE = 3,
    TCP_LEN_SACK_PERMITTED = 2,
    TCP_LEN_SACK_HEAD = 2,
    TCP_LEN_SACK_BLOCK = 8,
    TCP_LEN_TS = 10,
    TCP_LEN_SIGNATURE = 18,
    TCP_LEN_FASTOPEN_HEAD = 2,
    TCP_LEN_EXPERIMENT_HEAD = 4,
};

struct tcp_sack_block {
    struct seq start, end;
};

#define TCP_MAX_SACK 4

#define TCP_FASTOPEN_MAGIC 0xf989
enum tcp_fastopen { TCP_FASTOPEN_NONE, TCP_FASTOPEN_OPTION, TCP_FASTOPEN_EXPERIMENT };

struct tcp_options {
    uint16_t mss;   /* 0: absent */
    int8_t wscale;  /* shift as on the wire (127 for more); -1: absent */
    bool sack_permitted;
    bool has_ts;
    bool is_signed; /* RFC 2385. Never emitted */
    uint8_t n_sack; /* blocks, 0 to 4 */
    uint8_t fastopen;      /* enum tcp_fastopen: which option it is. On SYNs only */
    uint8_t cookie_len;    /* of Fast Open: 0 (a request), or 4 to 16, even */
    uint32_t ts_val, ts_ecr;
    const uint8_t *cookie; /* in the packet, or its sender's */
    struct tcp_sack_block sack[TCP_MAX_SACK];
};

#define TCP_NO_OPTIONS ((struct tcp_options){.wscale = -1})

enum tcp_verdict { TCP_OK, TCP_SHORT, TCP_BAD_OFFSET, TCP_BAD_OPTION };

/*
 * Reads header and options, leaving r at the payload. Unknown kinds are skipped; repeated kinds: the last wins.
 * A known kind with a wrong length is skipped by its length; a length of 0, 1 or past the header is TCP_BAD_OPTION.
 * `available` bytes are in the segment, of which r may see only the linear part; TCP_SHORT also says that r does not
 * see all options. *h is filled unless r sees fewer than 20 bytes; of *o, the options before a bad one.
 */
enum tcp_verdict tcp_parse(struct reader *r, size_t available, struct tcp_header *h, struct tcp_options *o);

/* How a SYN's options are arranged. */
enum tcp_option_layout {
    TCP_LAYOUT_LINUX, /* mss, sackOK, TS, nop, wscale; without TS: mss, nop, nop, sackOK, nop, wscale */
    TCP_LAYOUT_BSD,   /* mss, nop, wscale, sackOK, TS */
};

/*
 * Bytes that these options take, padded to a multiple of 4. On a segment without SYN: nop nop TS, nop nop SACK, with
 * timestamps at most three SACK blocks, for more do not fit. For a SYN pass syn = true.
 */
size_t tcp_options_len(const struct tcp_options *o, bool syn, enum tcp_option_layout layout);

/* Writes them; the header's padding bytes are NOP (before) or zero (after an EOL). */
void tcp_options_emit(struct writer *w, const struct tcp_options *o, bool syn, enum tcp_option_layout layout);

/* Writes the 20 fixed bytes, with header_len and checksum as given. */
void tcp_emit(struct writer *w, const struct tcp_header *h);

/* The length of a header whose options are timestamps and no more. */
#define TCP_STAMPED_HEADER 32
#define TCP_FULL_SYN_HEADER 40 /* of a SYN with the options that nearly every SYN has */

/*
 * Writes such a header, with a checksum of zero. Returns the sum of its words, as numbers: what the checksum is still
 * to be made of can be added.
 */
uint64_t tcp_emit_stamped(uint8_t *p, const struct tcp_header *h, uint32_t ts_val, uint32_t ts_ecr);

/* Are these all that nearly every SYN has, arranged in its way? Then their header is of TCP_FULL_SYN_HEADER bytes. */
bool tcp_options_are_full_syn(const struct tcp_options *o, enum tcp_option_layout layout);
/* As tcp_emit_stamped, of a SYN with such options. */
uint64_t tcp_emit_full_syn(uint8_t *p, const struct tcp_header *h, const struct tcp_options *o);

/*
 * Is the header at p, of which there are so many bytes, such a one, with ACK and no other flag but PSH, between these
 * ports (the source's in the upper half)? Then it is read: of *h all but ports, checksum and urgent pointer, of *o that
 * it has timestamps, which, and no SACK blocks. *sum: of all of its words, as numbers.
 */
bool tcp_read_stamped(const uint8_t *p, uint32_t ports, struct tcp_header *h, struct tcp_options *o, uint64_t *sum);

/* The length of the header at p, options included: 20 to 60. */
static inline uint32_t tcp_header_len(const uint8_t *p) { return (p[12] >> 4) * 4u; }

/*
 * Makes a copy of a super-segment's header that of a piece: `at` bytes further on in the stream. What is said once is
 * said by the first piece (CWR) or the last (FIN, PSH). The checksum is the caller's.
 */
void tcp_cut_header(uint8_t *p, uint32_t at, bool last);

/* "SYN,ACK" in the order FIN SYN RST PSH ACK URG ECE CWR; "none" for zero. */
void tcp_flags_text(struct fmt *f, uint16_t flags);

#endif
