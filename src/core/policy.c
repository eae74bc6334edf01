/* SPDX-License-Identifier: MIT */
/* The policy table and what goes with it; see policy.h. */
#include "core/policy.h"

#include "core/stack.h"
#include "wire/ip.h"

static const struct weft_policy defaults[] = {
    {{{[15] = 1}}, 128, 50, 0},
    {{{[10] = 0xff, [11] = 0xff}}, 96, 35, 4},
    {{{0}}, 96, 1, 3},
    {{{0x20, 0x01, 0, 0}}, 32, 5, 5},
    {{{0x20, 0x02}}, 16, 30, 2},
    {{{0x3f, 0xfe}}, 16, 1, 12},
    {{{0xfe, 0xc0}}, 10, 1, 11},
    {{{0xfc}}, 7, 3, 13},
    {{{0}}, 0, 40, 1},
};

void policy_init(struct policy_table *t)
{
    memcpy(t->row, defaults, sizeof defaults);
    t->n = ARRAY_LEN(defaults);
}

const struct weft_policy *policy_of(const struct policy_table *t, const struct weft_ip *ip)
{
    const struct weft_policy *p = t->row;

    while (!ip_prefix_match(&p->prefix, ip, p->bits))
        p++;
    return p;
}

unsigned policy_scope(const struct weft_ip *ip)
{
    if (!ip_is_v4(ip))
        return ip_scope(ip);
    return ip->b[12] == 127 || (ip->b[12] == 169 && ip->b[13] == 254) ? 2 : 14;
}

unsigned policy_common_prefix(const struct if_address *source, const struct weft_ip *dst)
{
    unsigned bits = 0;

    while (bits < source->prefix && ip_prefix_match(&source->ip, dst, bits + 1))
        bits++;
    return bits;
}

/* ---- weft/route.h ---- */

/* The row of just this prefix; NULL: there is none. */
static struct weft_policy *find(struct policy_table *t, const struct weft_ip *prefix, unsigned bits)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->row[i].bits == bits && ip_eq(&t->row[i].prefix, prefix))
            return &t->row[i];
    return NULL;
}

int weft_policy_set(weft_stack *stack, const struct weft_policy *policy)
{
    struct policy_table *t = &stack->policies;
    struct weft_policy *row;
    struct weft_ip net;
    unsigned at = 0;

    if (policy->bits > 128)
        return WEFT_EINVAL;
    net = ip_network(&policy->prefix, policy->bits);
    if (!ip_eq(&net, &policy->prefix))
        return WEFT_EINVAL;
    row = find(t, &policy->prefix, policy->bits);
    if (row) {
        *row = *policy;
        return 0;
    }
    if (t->n == WEFT_POLICIES)
        return WEFT_ENOMEM;
    while (t->row[at].bits > policy->bits)
        at++;
    memmove(&t->row[at + 1], &t->row[at], (t->n - at) * sizeof t->row[0]);
    t->row[at] = *policy;
    t->n++;
    return 0;
}

int weft_policy_del(weft_stack *stack, const struct weft_ip *prefix, unsigned bits)
{
    struct policy_table *t = &stack->policies;
    struct weft_policy *row = find(t, prefix, bits);
    size_t behind;

    if (bits == 0)
        return WEFT_EINVAL;
    if (!row)
        return WEFT_ENOENT;
    behind = (size_t)(&t->row[t->n] - (row + 1));
    memmove(row, row + 1, behind * sizeof *row);
    t->n--;
    return 0;
}

bool weft_policy_info(weft_stack *stack, size_t i, struct weft_policy *out)
{
    if (i >= stack->policies.n)
        return false;
    *out = stack->policies.row[i];
    return true;
}

void weft_policy_of(weft_stack *stack, const struct weft_ip *ip, struct weft_policy *out)
{
    *out = *policy_of(&stack->policies, ip);
}
