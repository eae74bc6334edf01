/* SPDX-License-Identifier: MIT */
/*
 * Reassembly as a child would do it: a byte map of one datagram, every rule looked up anew for each fragment. What the
 * real one says about each piece, and what it delivers, must be what this says.
 */
#ifndef UNIT_REASSEMBLY_MODEL_H
#define UNIT_REASSEMBLY_MODEL_H

#include "core/stack.h"

#define MODEL_FRAGMENTS 64
#define MODEL_DELIVERED WEFT_DROP_COUNT /* a verdict: this piece made it whole */

struct model_piece {
    uint32_t start, len;
    bool last;
    uint8_t ecn;
};

struct model {
    uint8_t bytes[65536];
    bool here[65536];
    struct model_piece pieces[MODEL_FRAGMENTS];
    unsigned count;
    uint32_t end; /* 0: not known */
    uint32_t reach; /* nothing is here from there on: all that there is to clear */
    enum weft_drop poison;
    uint32_t headers; /* set by who has the model: bytes that count towards 65,535; 20 of IPv4, none of IPv6 */
};

/* m is all zeroes the first time. */
static inline void model_reset(struct model *m)
{
    memset(m->here, 0, m->reach);
    m->reach = 0;
    m->count = 0;
    m->end = 0;
    m->poison = WEFT_DROP_none;
}

static inline bool model_contradicts(const struct model *m, const struct model_piece *p)
{
    uint32_t end = p->start + p->len;

    if (m->end)
        return p->last ? end != m->end : end >= m->end;
    if (p->last)
        for (unsigned i = 0; i < m->count; i++)
            if (m->pieces[i].start + m->pieces[i].len >= end)
                return true;
    return false;
}

static inline enum weft_drop model_judge(const struct model *m, const struct model_piece *p)
{
    for (unsigned i = 0; i < m->count; i++)
        if (m->pieces[i].start == p->start && m->pieces[i].len == p->len)
            return WEFT_DROP_frag_duplicate;
    for (uint32_t i = p->start; i < p->start + p->len; i++)
        if (m->here[i])
            return WEFT_DROP_frag_overlap;
    return m->count == MODEL_FRAGMENTS ? WEFT_DROP_frag_too_many : WEFT_DROP_none;
}

static inline bool model_is_whole(const struct model *m)
{
    if (!m->end)
        return false;
    for (uint32_t i = 0; i < m->end; i++)
        if (!m->here[i])
            return false;
    return true;
}

/* RFC 3168 §5.3; -1: not to be delivered. first: the field of the piece at 0. */
static inline int model_ecn(const struct model *m)
{
    bool ce = false, not_ect = false;
    int first = 0;

    for (unsigned i = 0; i < m->count; i++) {
        ce |= m->pieces[i].ecn == 3;
        not_ect |= m->pieces[i].ecn == 0;
        if (m->pieces[i].start == 0)
            first = m->pieces[i].ecn;
    }
    if (ce)
        return not_ect ? -1 : 3;
    return not_ect ? 0 : first;
}

/*
 * One fragment with its bytes, in a datagram of the model. Returns the name under which it is dropped, WEFT_DROP_none when it is kept, MODEL_DELIVERED when it completes the datagram: then bytes[0, end) is the
 * message, *ecn its field (or -1: it is dropped as frag_inconsistent), and the model starts anew at the next call.
 */
static inline enum weft_drop model_add(struct model *m, struct model_piece p, const uint8_t *bytes, int *ecn)
{
    enum weft_drop why;

    if (p.len == 0 || (!p.last && p.len % 8))
        return WEFT_DROP_frag_misaligned;
    if (m->headers + p.start + p.len > 65535)
        return WEFT_DROP_frag_too_long;
    if (m->poison)
        return m->poison;
    why = model_contradicts(m, &p) ? WEFT_DROP_frag_inconsistent : model_judge(m, &p);
    if (why != WEFT_DROP_none) {
        if (why != WEFT_DROP_frag_duplicate)
            m->poison = why;
        return why;
    }
    m->pieces[m->count++] = p;
    m->reach = p.start + p.len > m->reach ? p.start + p.len : m->reach;
    memset(m->here + p.start, 1, p.len);
    memcpy(m->bytes + p.start, bytes, p.len);
    if (p.last)
        m->end = p.start + p.len;
    if (!model_is_whole(m))
        return WEFT_DROP_none;
    *ecn = model_ecn(m);
    return MODEL_DELIVERED;
}

#endif
