/* SPDX-License-Identifier: MIT */
/* The table of controllers, and the steps they share; see cc.h. */
#include "tcp/cc.h"

static const struct cc_ops *const controllers[] = {[CC_CUBIC] = &cc_cubic, &cc_reno};

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

int cc_find(const char *name)
{
    for (unsigned i = 0; i < ARRAY_LEN(controllers); i++)
        if (same(controllers[i]->name, name))
            return (int)i;
    return -1;
}

const struct cc_ops *cc_at(unsigned number)
{
    return number < ARRAY_LEN(controllers) ? controllers[number] : NULL;
}

uint32_t cc_initial_window(uint32_t mss, unsigned segments)
{
    return min_u32(segments, max_u32(2, 1460 * segments / mss));
}

/*
 * DEVIATION from RFC 5681 §3.1 (one SMSS an ACK): as many as were acknowledged, as Linux does, because receivers
 * acknowledge whole batches. Whole segments are counted, so splitting acknowledgments gains nothing (RFC 3465).
 */
uint32_t cc_slow_start(struct cc *c, uint32_t acked)
{
    uint32_t step = min_u32(acked, c->ssthresh - c->cwnd);

    c->cwnd = min_u32(c->cwnd + step, CC_CWND_MAX);
    return acked - step;
}

void cc_add(struct cc *c, uint32_t *part, uint32_t per, uint32_t acked)
{
    if (*part >= per) { /* `per` has become smaller: one step, not many at once */
        *part = 0;
        c->cwnd++;
    }
    *part += acked;
    if (*part >= per) {
        c->cwnd += *part / per;
        *part %= per;
    }
    c->cwnd = min_u32(c->cwnd, CC_CWND_MAX);
}
