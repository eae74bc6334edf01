/* SPDX-License-Identifier: MIT */
/* See extension.h. */
#include "tcp/extension.h"

#define LONGEST (255 * 8)

void extensions_share(const struct tcp_extensions *e)
{
    for (unsigned i = 0; i < EXTENSION_KINDS; i++)
        if (e->of[i])
            e->of[i]->owners++;
}

static void drop(struct tcp_extension **at, struct mem *m)
{
    struct tcp_extension *x = *at;

    if (x && --x->owners == 0)
        mem_free(m, MEM_conn, x, sizeof *x + ip_extension_len(x->bytes));
    *at = NULL;
}

void extensions_free(struct tcp_extensions *e, struct mem *m)
{
    for (unsigned i = 0; i < EXTENSION_KINDS; i++)
        drop(&e->of[i], m);
}

int extensions_put(struct tcp_extensions *e, struct mem *m, enum tcp_extension_kind kind, const uint8_t *header,
                   size_t n)
{
    struct tcp_extension *x = NULL;
    uint32_t len;

    if (n && (n % 8 || n > LONGEST || ip_extension_len(header) > n))
        return WEFT_EINVAL;
    if (n) {
        len = ip_extension_len(header);
        x = mem_alloc(m, MEM_conn, sizeof *x + len);
        if (!x)
            return WEFT_ENOMEM;
        x->owners = 1;
        memcpy(x->bytes, header, len);
    }
    drop(&e->of[kind], m);
    e->of[kind] = x;
    return 0;
}
