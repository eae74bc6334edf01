/* SPDX-License-Identifier: MIT */
/*
 * Programs that choose packets: the classic filter machine of BSD (McCanne, Jacobson 1993), which libpcap compiles for
 * and Linux's SO_ATTACH_FILTER takes. A program has an accumulator, an index and sixteen words of memory; it reads the
 * packet and ends with a number: how many bytes of it to keep, 0: none of it.
 *
 * A program is checked once, when it comes. Jumps go forward only, so that it ends after at most as many steps as it
 * has instructions; a load from beyond the packet, or a division by zero, ends it with 0.
 */
#ifndef CORE_BPF_H
#define CORE_BPF_H

#include "core/pkt.h"
#include "weft/sock.h"

#define BPF_MAX 4096 /* instructions of a program, as on Linux */

struct bpf {
    unsigned owners; /* sockets: those that were accepted share their listener's */
    unsigned n;
    struct weft_filter code[];
};

/* May it run: do all instructions exist, jumps and memory lie inside, and does it end with a return? */
bool bpf_is_sound(const struct weft_filter *code, size_t n);

/* A checked copy with one owner; NULL and *err: WEFT_EINVAL, WEFT_ENOMEM. */
struct bpf *bpf_new(struct mem *m, const void *code, size_t size, int *err);
/* One owner more; one less, of which the last frees it. NULL is none. */
struct bpf *bpf_share(struct bpf *program);
void bpf_free(struct mem *m, struct bpf *program);

/* Runs it over the packet, from data on. Returns the bytes to keep, which may be more than there are. */
uint32_t bpf_run(const struct bpf *program, const struct weft_pkt *pkt);

#endif
