/* SPDX-License-Identifier: MIT */
/*
 * epoll instances. Each keeps what it watches, and which of these have a turn: something happened to them since they
 * were last told of, or they are level-triggered and were ready then. Whether they are ready *now* is asked only when
 * epoll_wait comes to them, as Linux does.
 */
#ifndef PACKETDRILL_EPOLL_H
#define PACKETDRILL_EPOLL_H

#include "packetdrill/desc.h"

/* Gives a turn to whatever became ready in the stack. */
void epoll_collect(struct drill *d);
/* Something happened to a descriptor: these bits of poll(2); 0: it may be anything. */
void epoll_happened(struct drill *d, const struct desc *desc, unsigned bits);
/* It is being released: nobody watches it any more. */
void epoll_forget(struct drill *d, const struct desc *desc);

#endif
