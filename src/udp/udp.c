/* SPDX-License-Identifier: MIT */
/* UDP's state within a stack, and the transport table (RFC 768). */
#include "udp/private.h"

static void *udp_init(weft_stack *s)
{
    struct udp_table *t = mem_alloc(&s->mem, MEM_stack, sizeof *t);

    if (t)
        udp_table_init(t, s);
    return t;
}

static void udp_fini(weft_stack *s, void *state)
{
    struct udp_table *t = state;

    while (!list_empty(&t->all))
        udp_free(t, container_of(list_first(&t->all), struct udp_ep, d.link));
    udp_table_fini(t);
    mem_free(&s->mem, MEM_stack, t, sizeof *t);
}

static bool udp_list(weft_stack *s, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx)
{
    return dgram_list(&udp_table(s)->all, visit, ctx);
}

const struct transport udp_transport = {
    .number = IP_PROTO_UDP,
    .name = "udp",
    .init = udp_init,
    .fini = udp_fini,
    .input = udp_input,
    .error = udp_error,
    .socket = udp_socket,
    .list = udp_list,
};
