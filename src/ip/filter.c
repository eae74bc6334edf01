/* SPDX-License-Identifier: MIT */
/* Filters of datagram sockets (Linux's socket(7), SO_ATTACH_FILTER): which of the datagrams for a socket it hears. */
#include "core/bpf.h"
#include "ip/private.h"

bool filter_is_option(int level, int option)
{
    return level == WEFT_SOL_SOCKET && (option == WEFT_SO_ATTACH_FILTER || option == WEFT_SO_DETACH_FILTER ||
                                        option == WEFT_SO_LOCK_FILTER);
}

/* What is locked stays so: a program may hand the socket to one that it does not trust. */
static int lock(struct dgram_ep *d, const void *value, size_t n)
{
    int v;

    if (n < sizeof v)
        return WEFT_EINVAL;
    memcpy(&v, value, sizeof v);
    if (d->filter_locked && !v)
        return WEFT_EPERM;
    d->filter_locked = v != 0;
    return 0;
}

int filter_set(struct dgram_ep *d, int option, const void *value, size_t n)
{
    struct mem *m = &d->sock.stack->mem;
    struct bpf *program = NULL;
    int err = 0;

    if (option == WEFT_SO_LOCK_FILTER)
        return lock(d, value, n);
    if (d->filter_locked)
        err = WEFT_EPERM;
    else if (option == WEFT_SO_ATTACH_FILTER)
        program = bpf_new(m, value, n, &err);
    else if (!d->filter)
        err = WEFT_ENOENT;
    if (err)
        return err;
    bpf_free(m, d->filter);
    d->filter = program;
    return 0;
}

int filter_get(const struct dgram_ep *d, int option, void *value, size_t *n)
{
    size_t size = d->filter ? d->filter->n * sizeof d->filter->code[0] : 0;
    int locked = d->filter_locked;

    if (option == WEFT_SO_DETACH_FILTER)
        return WEFT_ENOPROTOOPT;
    if (option == WEFT_SO_LOCK_FILTER) {
        *n = min_size(*n, sizeof locked);
        memcpy(value, &locked, *n);
        return 0;
    }
    if (*n < size)
        return WEFT_EINVAL;
    *n = size;
    if (size)
        memcpy(value, d->filter->code, size);
    return 0;
}

bool dgram_filter(const struct dgram_ep *d, struct weft_pkt *pkt, uint32_t least)
{
    uint32_t keep = d->filter ? bpf_run(d->filter, pkt) : UINT32_MAX;

    if (keep == 0)
        return false;
    if (max_u32(keep, least) < pkt_total(pkt))
        pkt_trim(pkt, max_u32(keep, least));
    return true;
}
