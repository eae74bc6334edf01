/* SPDX-License-Identifier: MIT */
/* Readiness as poll(2) spells it. */
#ifndef PACKETDRILL_READY_H
#define PACKETDRILL_READY_H

#include "packetdrill/desc.h"

#define READY_IN     (POLLIN | POLLRDNORM)
#define READY_OUT    (POLLOUT | POLLWRNORM)
#define READY_ALWAYS (POLLERR | POLLHUP) /* told whether asked for or not */

unsigned ready_socket(struct drill *d, struct desc *desc);

/* How long poll and epoll_wait wait. */
weft_time ready_timeout(int milliseconds);

#endif
