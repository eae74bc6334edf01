/* SPDX-License-Identifier: MIT */
/* The headers of recvmsg and sendmsg: names, pieces, and what comes beside the bytes. */
#ifndef PACKETDRILL_CONTROL_H
#define PACKETDRILL_CONTROL_H

#include "packetdrill/data.h"

/* Copies and checks a header and its pieces. 0, -EFAULT, -EINVAL, -EMSGSIZE (too many pieces). */
int control_message(struct drill *d, struct msghdr *msg, const struct msghdr *user, struct user_iov *u, bool writes);

/*
 * The control messages of a sendmsg to there (NULL: to its peer), all that linux/linux.h knows. What is not among them stays as it is in *out. 0, -EFAULT,
 * -EINVAL, -ENOBUFS (too many).
 */
int control_take(struct drill *d, const struct socket *s, const struct msghdr *msg, const struct weft_addr *to,
                 struct beside *out);

/* The sender's address where recvfrom wants it; a stream has none to give. 0, -EFAULT, -EINVAL. */
int control_name(struct drill *d, const struct socket *s, const struct received *r, struct sockaddr *to,
                 socklen_t *n);

/* Fills in what a header says after recvmsg, which gave n bytes: name, control messages, flags. 0, -EFAULT. */
int control_give(struct drill *d, struct socket *s, const struct msghdr *msg, struct msghdr *user,
                 const struct received *r, int64_t n, int flags);

#endif
