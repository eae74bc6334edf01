/* SPDX-License-Identifier: MIT */
/* Socket addresses: libc's structures to weft's one and back. */
#ifndef PACKETDRILL_ADDRESS_H
#define PACKETDRILL_ADDRESS_H

#include "packetdrill/desc.h"

/* An address that a script gave, copied as Linux copies it (move_addr_to_kernel). */
struct address {
    struct sockaddr_storage bytes;
    socklen_t n;
};

/* 0, -EINVAL (an impossible length), -EFAULT. */
int address_copy(struct drill *d, struct address *a, const struct sockaddr *addr, socklen_t n);
/* Its family; -1 when it is too short to have one. */
int address_family(const struct address *a);
/* As an address for a socket of this domain: 0, -EINVAL (too short), -EAFNOSUPPORT (the wrong family). */
int address_read(const struct address *a, int domain, struct weft_addr *out);

/* The same for a peer of a datagram socket: one of IPv6 takes an IPv4 address too. */
int address_read_peer(const struct address *a, int domain, struct weft_addr *out);

/* Writes an address where accept and recvfrom want it: *n bytes at most, and *n becomes what it has. -EFAULT,
 * -EINVAL. */
int address_give(struct drill *d, const struct weft_addr *addr, int domain, struct sockaddr *to, socklen_t *n);

#endif
