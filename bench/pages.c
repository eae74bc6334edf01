/* SPDX-License-Identifier: MIT */
/*
 * Memory in large pages, as a program that keeps millions of connections would give it to its stacks: regions of 2 MiB
 * that the kernel is asked to back by one page each (madvise; where it does not, nothing else changes), cut into pieces
 * of one of a few sizes. Pieces that come back are used again; regions are kept.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "bench.h"

#define REGION ((size_t)2 << 20)

static struct piece {
    struct piece *next;
} *free_pieces[64]; /* by the size's power of two */

static void *region(size_t size)
{
    uint8_t *at = mmap(NULL, size + REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t ahead;

    if (at == MAP_FAILED)
        return NULL;
    ahead = -(uintptr_t)at & (REGION - 1);
    if (ahead)
        munmap(at, ahead);
    munmap(at + ahead + size, REGION - ahead);
    madvise(at + ahead, size, MADV_HUGEPAGE);
    return at + ahead;
}

void *bench_pages(size_t size)
{
    return region((size + REGION - 1) & ~(REGION - 1));
}

int bench_is_piece(size_t size, size_t align)
{
    return size >= BENCH_PIECE_MIN && size <= BENCH_PIECE_MAX && (size & (size - 1)) == 0 && align <= size;
}

void *bench_piece(size_t size)
{
    struct piece **list = &free_pieces[__builtin_ctzll(size)], *piece = *list;

    if (!piece) {
        uint8_t *fresh = region(REGION);

        for (size_t i = REGION; fresh && i > 0; i -= size) {
            piece = (struct piece *)(void *)(fresh + i - size);
            piece->next = *list;
            *list = piece;
        }
        piece = *list;
    }
    if (piece)
        *list = piece->next;
    return piece;
}

void bench_piece_free(void *memory, size_t size)
{
    struct piece **list = &free_pieces[__builtin_ctzll(size)], *piece = memory;

    piece->next = *list;
    *list = piece;
}
