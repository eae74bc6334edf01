/* SPDX-License-Identifier: MIT */
/*
 * The stack's memory: the C library's, but chunks that the stack gives back are kept for its next burst. Fresh ones
 * would be mapped and faulted in page by page, which costs more than all else that is done to the bytes in them.
 *
 * A chunk is what the stack's slabs ask for (base/mem.h): aligned to its size, a power of two.
 */
#include <stdlib.h>

#include "host/host.h"

#define SMALLEST 16                 /* log2 of bytes */
#define KEPT_MAX (16 * 1024 * 1024) /* bytes */

/* Lies in the chunk itself. */
struct kept {
    struct kept *next;
};

/* Which list: by log2 of its size; HOST_CHUNKS: it is none that is kept. */
static unsigned list_of(size_t size)
{
    unsigned i = 0;

    while (i < HOST_CHUNKS && size != (size_t)1 << (SMALLEST + i))
        i++;
    return i;
}

void *host_alloc(void *ctx, size_t size, size_t align)
{
    weft_host *h = ctx;
    unsigned i = align == size ? list_of(size) : HOST_CHUNKS;
    void *p = i < HOST_CHUNKS ? h->kept[i] : NULL;

    if (p) {
        h->kept[i] = h->kept[i]->next;
        h->kept_bytes -= size;
        return p;
    }
    if (align <= _Alignof(max_align_t))
        return malloc(size);
    return posix_memalign(&p, align, size) == 0 ? p : NULL;
}

void host_dealloc(void *ctx, void *p, size_t size)
{
    weft_host *h = ctx;
    unsigned i = ((uintptr_t)p & (size - 1)) == 0 ? list_of(size) : HOST_CHUNKS;
    struct kept *k = p;

    if (i == HOST_CHUNKS || h->kept_bytes + size > KEPT_MAX) {
        free(p);
        return;
    }
    k->next = h->kept[i];
    h->kept[i] = k;
    h->kept_bytes += size;
}

void host_memory_free(weft_host *h)
{
    struct kept *k;

    for (unsigned i = 0; i < HOST_CHUNKS; i++) {
        while ((k = h->kept[i]) != NULL) {
            h->kept[i] = k->next;
            free(k);
        }
    }
    h->kept_bytes = 0;
}
