/* SPDX-License-Identifier: MIT */
/*
 * TCP options as a script writes them in <angle brackets>, separated by commas:
 *   mss N   wscale N   sackOK   sack A:B C:D   TS val N ecr N   nop   eol
 *   FO   FO HEX   FO *                 Fast Open (RFC 7413): a request, a cookie, on `>` any cookie, which is kept, and
 *                                      on `<` the one that was kept
 *   FOEXP   FOEXP HEX   FOEXP *        the same in the experimental option (kind 254, magic F989)
 *   md5 HEX                            the 16 bytes of RFC 2385's signature
 *   hex HEX                            any option by its bytes
 *   ...                                on `>`: whatever they are
 * A value may be `*` in TS val and TS ecr: any, on `>` only.
 */
#ifndef SCRIPT_OPTION_H
#define SCRIPT_OPTION_H

#include "scan.h"
#include "text.h"

enum option_kind { OPT_EOL = 0, OPT_NOP = 1, OPT_MSS = 2, OPT_WSCALE = 3, OPT_SACK_OK = 4, OPT_SACK = 5, OPT_TS = 8,
                   OPT_FO = 34, OPT_FOEXP = 254, OPT_HEX = 256 };

struct option {
    enum option_kind kind;
    uint32_t a, b;         /* mss | wscale | TS val and ecr | first SACK block */
    bool any_a, any_b;     /* TS val *, ecr *; FO *: any_a */
    unsigned n_blocks;     /* SACK */
    uint32_t block[4][2];
    size_t n_hex;          /* HEX: all bytes; FO, FOEXP: the cookie */
    uint8_t hex[40];
};

struct packet;

/* After `<`: up to and with `>`. */
void option_parse_all(struct scan *s, struct packet *p, bool outbound);
void option_print_all(struct text *t, const struct packet *p);
/* Is what was sent what was expected? */
bool option_same_all(const struct packet *expected, const struct packet *sent);
/* NULL when there is none. */
const struct option *option_find(const struct packet *p, enum option_kind kind);
/* Bytes of all options, padding included. */
size_t option_bytes(const struct packet *p);

#endif
