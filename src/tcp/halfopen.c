/* SPDX-License-Identifier: MIT */
/* Half-open records; see halfopen.h. */
#include "tcp/halfopen.h"

void halfopen_init(struct halfopen_table *t, struct mem *m)
{
    slab_init(&t->slab4, m, MEM_half_open, offsetof(struct halfopen, key) + sizeof(struct tcp_key4));
    slab_init(&t->slab6, m, MEM_half_open, offsetof(struct halfopen, key) + sizeof(struct tcp_key6));
    for (unsigned i = 0; i < ARRAY_LEN(t->fifo); i++)
        list_init(&t->fifo[i]);
    t->count = 0;
    timer_init(&t->timer);
}

void halfopen_fini(struct halfopen_table *t)
{
    for (unsigned i = 0; i < ARRAY_LEN(t->fifo); i++)
        list_each_safe(it, next, &t->fifo[i])
            halfopen_free(t, container_of(it, struct halfopen, link));
    slab_fini(&t->slab4);
    slab_fini(&t->slab6);
}

struct halfopen *halfopen_new(struct halfopen_table *t, const struct tcp_flow *flow, weft_time now, weft_time delay)
{
    bool v6 = flow_is_v6(flow);
    struct halfopen *h = slab_alloc(v6 ? &t->slab6 : &t->slab4);

    if (!h)
        return NULL;
    h->v6 = v6;
    h->repeats = 0;
    h->due = time_after(now, delay);
    key_pack(&h->key, flow, v6);
    list_push_back(&t->fifo[0], &h->link);
    t->count++;
    return h;
}

void halfopen_free(struct halfopen_table *t, struct halfopen *h)
{
    list_remove(&h->link);
    t->count--;
    slab_free(h->v6 ? &t->slab6 : &t->slab4, h);
}

struct halfopen *halfopen_due(struct halfopen_table *t, weft_time now)
{
    for (unsigned i = 0; i < ARRAY_LEN(t->fifo); i++) {
        struct list *first = list_first(&t->fifo[i]);

        if (first && container_of(first, struct halfopen, link)->due <= now)
            return container_of(first, struct halfopen, link);
    }
    return NULL;
}

bool halfopen_repeat(struct halfopen_table *t, struct halfopen *h, weft_time now, weft_time delay, unsigned max)
{
    if (h->repeats >= min_u32(max, HALFOPEN_MAX_REPEATS))
        return false;
    h->repeats++;
    h->due = time_after(now, delay << h->repeats);
    list_remove(&h->link);
    list_push_back(&t->fifo[h->repeats], &h->link);
    return true;
}

weft_time halfopen_deadline(const struct halfopen_table *t)
{
    weft_time due = WEFT_NEVER;

    for (unsigned i = 0; i < ARRAY_LEN(t->fifo); i++) {
        struct list *first = list_first(&t->fifo[i]);

        if (first)
            due = min_u64(due, container_of(first, struct halfopen, link)->due);
    }
    return due;
}
