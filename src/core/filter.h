/* SPDX-License-Identifier: MIT */
/* Filters of sockets (Linux's socket(7), SO_ATTACH_FILTER): which of the packets for a socket it hears. */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include "core/bpf.h"

struct filter {
    struct bpf *program; /* NULL: it hears all */
    bool locked;         /* and stays as it is: a program may hand the socket to one that it does not trust */
    struct bpf *choice;  /* says which of those who share its port gets what comes (SO_REUSEPORT); NULL: nothing */
    uint32_t chosen_at;  /* of several that say something the latest counts */
};

/* WEFT_SO_ATTACH_FILTER, WEFT_SO_DETACH_FILTER, WEFT_SO_LOCK_FILTER; and those of the choice. */
bool filter_is_option(int level, int option);
/* One of the choice: it is for who shares his port. */
bool filter_is_choice(int option);
/* The later choice of both; then it is the other's as well. A member of a group leaves, and one who stays has it. */
void filter_inherit_choice(struct filter *heir, struct mem *m, const struct filter *leaving);
/* What it owns. */
void filter_share(struct filter *f);
void filter_release(struct filter *f, struct mem *m);
/* WEFT_EINVAL (no sound program), WEFT_EPERM (locked), WEFT_ENOENT (none to detach), WEFT_ENOMEM. */
int filter_set(struct filter *f, struct mem *m, int option, const void *value, size_t n);
/* The program as it was given: WEFT_EINVAL, it has no room in *n bytes. Or whether it is locked. */
int filter_get(const struct filter *f, int option, void *value, size_t *n);

/* Does it keep this packet (data where it is to begin)? Then that is cut to what it keeps, but not to less than
 * `least` bytes. */
bool filter_keeps(const struct filter *f, struct weft_pkt *pkt, uint32_t least);

#endif
