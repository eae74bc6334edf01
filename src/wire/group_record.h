/* SPDX-License-Identifier: MIT */
/* What IGMPv3 and MLDv2 have in common: the records of a report, and how they write long times (RFC 3376, RFC 3810). */
#ifndef WIRE_GROUP_RECORD_H
#define WIRE_GROUP_RECORD_H

#include "wire/buf.h"

/* RFC 3376 §4.2.12, RFC 3810 §5.2.12. */
enum group_record_type {
    RECORD_IS_INCLUDE = 1, /* the state is: only these sources */
    RECORD_IS_EXCLUDE = 2, /* the state is: all but these */
    RECORD_TO_INCLUDE = 3, /* it changed to that */
    RECORD_TO_EXCLUDE = 4,
    RECORD_ALLOW = 5,      /* these are wanted from now on */
    RECORD_BLOCK = 6,      /* these are wanted no more */
};

/*
 * A number in floating point: below 2^(mantissa + 3) it is itself, else its low bits are a mantissa with a hidden one
 * and three of exponent. 4 bits of mantissa in IGMPv3 and in the intervals of both (RFC 3376 §4.1.1), 12 in MLDv2's
 * delays (RFC 3810 §5.1.3).
 */
static inline uint32_t group_code_value(uint32_t code, unsigned mantissa)
{
    uint32_t hidden = 1u << mantissa;

    if (code < 8 * hidden)
        return code;
    return ((code & (hidden - 1)) | hidden) << ((code >> mantissa & 7) + 3);
}

#endif
