/* SPDX-License-Identifier: MIT */
/* Messages of rtnetlink(7) in the making, for who answers (netlink.c) and who tells of changes (netlink_watch.c). */
#ifndef RUN_NETLINK_H
#define RUN_NETLINK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "run/private.h"

#define NETLINK_DATAGRAM 4096 /* bytes of one; libc's buffers are no smaller */
#define NETLINK_ROUTES   4096 /* are told of, no more */

struct netlink_writer {
    uint32_t flags, sequence, port; /* of each message: nlmsg_flags, _seq, _pid */
    /* Takes the n bytes, which are whole messages, when there is no room for another. */
    void (*take)(struct netlink_writer *w);
    size_t n;
    size_t message; /* where the last one begins */
    union {
        struct nlmsghdr first;
        uint8_t bytes[NETLINK_DATAGRAM];
    } out;
};

/* A message's header, and its body of n bytes. What attributes may add to it has room with it. */
void netlink_begin(struct netlink_writer *w, uint16_t type, const void *body, size_t n);
/* Hands over what there is. */
void netlink_flush(struct netlink_writer *w);

/* RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE; addresses and routes of a family, or of all (AF_UNSPEC). */
void netlink_tell_link(struct netlink_writer *w, const struct weft_if_info *info);
void netlink_tell_links(struct run *run, struct netlink_writer *w);
void netlink_tell_addresses(struct run *run, struct netlink_writer *w, unsigned char family);
void netlink_tell_routes(struct run *run, struct netlink_writer *w, unsigned char family);
/* The way to one address, with the source it has there. 0, or -ENETUNREACH and nothing is told. */
int netlink_tell_way(struct run *run, struct netlink_writer *w, const struct weft_ip *dst);

#endif
