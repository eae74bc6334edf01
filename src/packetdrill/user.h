/* SPDX-License-Identifier: MIT */
/*
 * Memory that a script names: may it be touched? The kernel knows: a byte of each page is written into a pipe, and read
 * back from there when the memory is to be written. Neither can crash.
 */
#ifndef PACKETDRILL_USER_H
#define PACKETDRILL_USER_H

#include <sys/uio.h>

#include "packetdrill/drill.h"

bool user_open(struct drill *d);
void user_close(struct drill *d);

/* Always true for no bytes. */
bool user_reads(struct drill *d, const void *p, size_t n);
bool user_writes(struct drill *d, const void *p, size_t n);

#define USER_IOV 1024 /* Linux's UIO_MAXIOV */

/* The pieces of a call, checked as Linux checks them. */
struct user_iov {
    struct weft_iov iov[USER_IOV];
    size_t n;
    size_t len;  /* bytes in all */
    bool faulty; /* some of them must not be touched */
};

/* The pieces are to be written to when `writes`. 0, or -EINVAL, -EFAULT (the vector itself). */
int user_iov(struct drill *d, struct user_iov *u, const struct iovec *iov, size_t n, bool writes);
/* One piece. */
void user_buffer(struct drill *d, struct user_iov *u, const void *buf, size_t n, bool writes);
/* Drops the first n bytes. */
void user_skip(struct user_iov *u, size_t n);

#endif
