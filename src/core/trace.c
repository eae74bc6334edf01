/* SPDX-License-Identifier: MIT */
/* What a stack tells of itself: drops, changes of state, counters, memory. */
#include "core/stack.h"

void stack_drop(weft_stack *s, enum weft_drop why)
{
    s->drops[why]++;
    if (s->env.trace) {
        struct weft_trace event = {.at = s->now, .kind = WEFT_TRACE_DROP, .drop = why};

        s->env.trace(s->env.ctx, &event);
    }
}

void stack_trace_state(weft_stack *s, const weft_sock *sock, const struct weft_addr *local,
                       const struct weft_addr *remote, enum weft_tcp_state from, enum weft_tcp_state to)
{
    struct weft_trace event = {
        .at = s->now,
        .kind = WEFT_TRACE_STATE,
        .sock = sock,
        .local = *local,
        .remote = *remote,
        .from = from,
        .to = to,
    };

    if (s->env.trace)
        s->env.trace(s->env.ctx, &event);
}

void stack_trace_why(weft_stack *s, const weft_sock *sock, const struct weft_addr *local,
                     const struct weft_addr *remote, enum weft_why why, uint32_t value)
{
    struct weft_trace event = {
        .at = s->now,
        .kind = WEFT_TRACE_WHY,
        .sock = sock,
        .local = *local,
        .remote = *remote,
        .why = why,
        .value = value,
    };

    if (s->env.trace)
        s->env.trace(s->env.ctx, &event);
}

uint64_t weft_drops(const weft_stack *stack, enum weft_drop drop)
{
    return (unsigned)drop < WEFT_DROP_COUNT ? stack->drops[drop] : 0;
}

uint64_t weft_counter(const weft_stack *stack, enum weft_counter counter)
{
    return (unsigned)counter < WEFT_COUNTER_COUNT ? stack->counters[counter] : 0;
}

void weft_count_drop(weft_stack *stack, enum weft_drop drop) { stack_drop(stack, drop); }

size_t weft_memory(const weft_stack *stack, size_t *peak)
{
    stack_settle(stack);
    if (peak)
        *peak = stack->mem.peak;
    return stack->mem.total;
}

bool weft_memory_info(const weft_stack *stack, size_t i, const char **owner, size_t *live)
{
    if (i >= MEM_CLASS_COUNT)
        return false;
    stack_settle(stack);
    *owner = mem_class_text((enum mem_class)i);
    *live = mem_live(&stack->mem, (enum mem_class)i);
    return true;
}

/* By a limit of its own; 0: there is none. */
static size_t own_cap(const weft_stack *stack, enum mem_class c)
{
    size_t cap = 0;

    if (c == MEM_frag)
        return stack->config.reassembly_memory;
    if (c == MEM_neigh)
        return stack->config.max_neighbours * stack->neighbours.slab.share;
    for (unsigned i = 0; i < STACK_TRANSPORTS && stack->assembly->transport[i] && !cap; i++) {
        const struct transport *t = stack->assembly->transport[i];

        cap = t->memory_cap ? t->memory_cap(stack, c) : 0;
    }
    return cap;
}

size_t weft_memory_cap(const weft_stack *stack, size_t i)
{
    size_t own, bound;

    if (i >= MEM_CLASS_COUNT)
        return 0;
    own = own_cap(stack, (enum mem_class)i);
    bound = mem_bound(&stack->mem, (enum mem_class)i);
    return own && (own < bound || !bound) ? own : bound;
}
