/* SPDX-License-Identifier: MIT */
/* Raw sockets' state within a stack, and their transport table. */
#include "raw/private.h"

static void *raw_init(weft_stack *s)
{
    struct raw_table *t = mem_alloc(&s->mem, MEM_stack, sizeof *t);

    if (!t)
        return NULL;
    slab_init(&t->slab, &s->mem, MEM_udp, sizeof(struct raw_ep));
    list_init(&t->all);
    return t;
}

static void raw_fini(weft_stack *s, void *state)
{
    struct raw_table *t = state;

    while (!list_empty(&t->all))
        raw_free(t, container_of(list_first(&t->all), struct raw_ep, d.link));
    slab_fini(&t->slab);
    mem_free(&s->mem, MEM_stack, t, sizeof *t);
}

static bool raw_list(weft_stack *s, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx)
{
    return dgram_list(&raw_table(s)->all, visit, ctx);
}

/* A datagram of this very number, which is reserved: raw sockets have had their copies. */
static void refuse(weft_stack *s, struct weft_pkt *pkt)
{
    ip_refuse(s, pkt, IP_REFUSE_PROTOCOL, WEFT_DROP_ip_unknown_protocol);
}

const struct transport raw_transport = {
    .number = WEFT_RAW,
    .name = "raw",
    .init = raw_init,
    .fini = raw_fini,
    .input = refuse,
    .list = raw_list,
};
