/* SPDX-License-Identifier: MIT */
/*
 * Sequence numbers (RFC 9293 §3.4): points on a circle of 2^32. A struct, so that `<` on them does not compile.
 * Comparisons hold while the two are less than 2^31 apart.
 */
#ifndef BASE_SEQ_H
#define BASE_SEQ_H

#include "base/base.h"

struct seq {
    uint32_t v;
};

static inline struct seq seq(uint32_t v) { return (struct seq){v}; }
static inline struct seq seq_add(struct seq s, uint32_t n) { return (struct seq){s.v + n}; }
static inline struct seq seq_sub(struct seq s, uint32_t n) { return (struct seq){s.v - n}; }

/* How far a lies after b; negative when it lies before. */
static inline int32_t seq_diff(struct seq a, struct seq b) { return (int32_t)(a.v - b.v); }

static inline bool seq_eq(struct seq a, struct seq b) { return a.v == b.v; }
static inline bool seq_lt(struct seq a, struct seq b) { return seq_diff(a, b) < 0; }
static inline bool seq_le(struct seq a, struct seq b) { return seq_diff(a, b) <= 0; }
static inline bool seq_gt(struct seq a, struct seq b) { return seq_diff(a, b) > 0; }
static inline bool seq_ge(struct seq a, struct seq b) { return seq_diff(a, b) >= 0; }
static inline struct seq seq_max(struct seq a, struct seq b) { return seq_gt(a, b) ? a : b; }
static inline struct seq seq_min(struct seq a, struct seq b) { return seq_lt(a, b) ? a : b; }

/* lo <= s < hi on the circle; also right when hi - lo exceeds 2^31. */
static inline bool seq_in(struct seq s, struct seq lo, struct seq hi) { return s.v - lo.v < hi.v - lo.v; }

#endif
