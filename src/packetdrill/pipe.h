/* SPDX-License-Identifier: MIT */
/* A pipe's ring, for who moves bytes between it and something else. Each function takes either end. */
#ifndef PACKETDRILL_PIPE_H
#define PACKETDRILL_PIPE_H

#include "packetdrill/desc.h"

size_t pipe_unread(const struct desc *desc);
size_t pipe_room(const struct desc *desc);
bool pipe_has_writer(const struct desc *desc);
bool pipe_has_reader(const struct desc *desc);
bool pipe_same(const struct desc *a, const struct desc *b);

/* Appends n bytes: at most pipe_room. */
void pipe_put(struct drill *d, struct desc *desc, const void *from, size_t n);
/* Copies out the first n bytes: at most pipe_unread. */
void pipe_look(const struct desc *desc, void *to, size_t n);
/* Drops them. */
void pipe_drop(struct drill *d, struct desc *desc, size_t n);

/* F_GETPIPE_SZ, F_SETPIPE_SZ (size > 0): the size in force, or -EINVAL, -EPERM, -EBUSY, -ENOMEM. */
int64_t pipe_size(struct desc *desc, int size);

#endif
