/* SPDX-License-Identifier: MIT */
/* The head of every endpoint, and the event list; see endpoint.h. */
#include "core/stack.h"

/* The number of these operations in the stack; new ones get the next. */
static uint8_t kind_of(weft_stack *s, const struct sock_ops *ops)
{
    uint8_t kind = 0;

    while (s->kinds[kind] != ops && s->kinds[kind]) {
        kind++;
        weft_assert(kind < SOCK_KINDS, "endpoint.h: there are no more kinds of endpoints than that");
    }
    s->kinds[kind] = ops;
    return kind;
}

void endpoint_init(weft_sock *e, weft_stack *s, const struct sock_ops *ops, enum weft_family family)
{
    memset(e, 0, sizeof *e);
    e->stack = s;
    e->kind = kind_of(s, ops) & (SOCK_KINDS - 1);
    e->v6 = family == WEFT_INET6;
    list_init(&e->event);
}

bool endpoint_take_rate(const void *value, size_t n, uint64_t *rate)
{
    uint32_t narrow;

    if (n < sizeof narrow)
        return false;
    memcpy(&narrow, value, sizeof narrow);
    *rate = narrow == UINT32_MAX ? UINT64_MAX : narrow;
    if (n >= sizeof *rate)
        memcpy(rate, value, sizeof *rate);
    return true;
}

void endpoint_fini(weft_sock *e)
{
    if (e->stack->unsettled == e)
        e->stack->unsettled = NULL;
    list_remove(&e->event);
}

void endpoint_notify(weft_sock *e, unsigned ready)
{
    e->became |= (uint8_t)ready;
    if (!list_linked(&e->event))
        list_push_back(&e->stack->events, &e->event);
}

void endpoint_fail(weft_sock *e, int err)
{
    e->error = (int16_t)err;
    endpoint_notify(e, WEFT_ERROR);
}

size_t weft_events(weft_stack *stack, struct weft_event *out, size_t max)
{
    size_t n = 0;

    while (n < max && !list_empty(&stack->events)) {
        weft_sock *e = container_of(list_pop_front(&stack->events), weft_sock, event);

        out[n++] = (struct weft_event){e, e->cookie, e->became};
        e->became = 0;
    }
    return n;
}
