/* SPDX-License-Identifier: MIT */
/*
 * The option lists of IPv4 and TCP have one grammar, and here is its only walker: kind 0 ends the list, kind 1 is a
 * filler, every other kind, also of the future, has a length byte that counts the whole option
 * (RFC 791 §3.1, RFC 9293 §3.2).
 */
#ifndef WIRE_OPTION_H
#define WIRE_OPTION_H

#include "wire/buf.h"

#define OPTION_EOL 0
#define OPTION_NOP 1

struct option {
    uint8_t kind;
    uint8_t len;         /* bytes, kind and length included; 1 for the two kinds that have no length */
    const uint8_t *body; /* borrowed; what stands behind the length byte, len - 2 bytes */
};

/*
 * Takes the next option from r, which sees the option area and nothing else. False at the end; r->bad then tells
 * whether a length of 0, 1 or past the area ended it. An EOL is returned, and what follows it is passed over.
 */
static inline bool option_next(struct reader *r, struct option *o)
{
    const uint8_t *p = r->p;
    size_t left = reader_left(r);

    if (left == 0)
        return false;
    *o = (struct option){.kind = p[0], .len = 1};
    if (o->kind == OPTION_NOP) {
        r->p++;
        return true;
    }
    if (o->kind == OPTION_EOL) {
        r->p = r->end;
        return true;
    }
    if (left < 2 || p[1] < 2 || p[1] > left) {
        r->p = r->end;
        r->bad = true;
        return false;
    }
    o->len = p[1];
    o->body = p + 2;
    r->p += o->len;
    return true;
}

#endif
