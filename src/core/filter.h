/* SPDX-License-Identifier: MIT */
/* Filters of sockets (Linux's socket(7), SO_ATTACH_FILTER): which of the packets for a socket it hears. */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include "core/bpf.h"

struct filter {
    struct bpf *program; /* NULL: it hears all */
    bool locked;         /* and stays as it is: a program may hand the socket to one that it does not trust */
};

/* WEFT_SO_ATTACH_FILTER, WEFT_SO_DETACH_FILTER, WEFT_SO_LOCK_FILTER. */
bool filter_is_option(int level, int option);
/* WEFT_EINVAL (no sound program), WEFT_EPERM (locked), WEFT_ENOENT (none to detach), WEFT_ENOMEM. */
int filter_set(struct filter *f, struct mem *m, int option, const void *value, size_t n);
/* The program as it was given: WEFT_EINVAL, it has no room in *n bytes. Or whether it is locked. */
int filter_get(const struct filter *f, int option, void *value, size_t *n);

/* Does it keep this packet (data where it is to begin)? Then that is cut to what it keeps, but not to less than
 * `least` bytes. */
bool filter_keeps(const struct filter *f, struct weft_pkt *pkt, uint32_t least);

#endif
