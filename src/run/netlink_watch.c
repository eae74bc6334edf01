/* SPDX-License-Identifier: MIT */
/*
 * Who joined a group of rtnetlink(7) is told of what changes: interfaces, addresses, routes.
 *
 * Nobody tells us what it was that changed, only that something may have (weft_route_generation). So all that could be
 * told of is kept as the messages that say it, in order. When something may have changed it is written anew, and what
 * the two differ by is news: a message that was not there, RTM_NEW...; one that is no more, RTM_DEL...
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "run/netlink.h"
#include "weft/route.h"

#define IN_GROUP(g) (1u << ((g) - 1))
/* Of these nobody is told, though they may change. */
#define UNTOLD (IN_GROUP(RTNLGRP_NEIGH) | IN_GROUP(RTNLGRP_IPV6_PREFIX) | IN_GROUP(RTNLGRP_ND_USEROPT))

struct netlink_facts {
    uint32_t generation; /* of the routing table, when they were written */
    uint8_t *bytes;      /* whole messages, n bytes of room for `room` */
    size_t n, room;
    const struct nlmsghdr **sorted; /* into bytes */
    size_t count;
};

/* ---- facts ---- */

struct facts_writer {
    struct netlink_writer w; /* first */
    struct netlink_facts *facts;
    bool failed;
};

static void facts_take(struct netlink_writer *w)
{
    struct facts_writer *fw = (struct facts_writer *)w;
    struct netlink_facts *facts = fw->facts;
    size_t room = facts->room ? facts->room : NETLINK_DATAGRAM;
    uint8_t *bytes;

    while (room < facts->n + w->n)
        room *= 2;
    bytes = room == facts->room ? facts->bytes : realloc(facts->bytes, room);
    if (!bytes) {
        fw->failed = true;
        return;
    }
    facts->bytes = bytes;
    facts->room = room;
    memcpy(bytes + facts->n, w->out.bytes, w->n);
    facts->n += w->n;
}

static void facts_free(struct netlink_facts *facts)
{
    if (facts) {
        free(facts->bytes);
        free(facts->sorted);
        free(facts);
    }
}

static int compare_bytes(const struct nlmsghdr *a, const struct nlmsghdr *b, size_t from)
{
    size_t n = a->nlmsg_len < b->nlmsg_len ? a->nlmsg_len : b->nlmsg_len;
    int order = memcmp((const uint8_t *)a + from, (const uint8_t *)b + from, n - from);

    return order ? order : (a->nlmsg_len > b->nlmsg_len) - (a->nlmsg_len < b->nlmsg_len);
}

/*
 * Are two messages about the same? An interface is its number; an address, all but its flags and scope; a route, all
 * that is said of it. 0, or their order.
 */
static int compare_subjects(const struct nlmsghdr *a, const struct nlmsghdr *b)
{
    const struct ifinfomsg *link = NLMSG_DATA(a), *other = NLMSG_DATA(b);
    const struct ifaddrmsg *address = NLMSG_DATA(a), *another = NLMSG_DATA(b);
    int order = a->nlmsg_type - b->nlmsg_type;

    if (order)
        return order;
    if (a->nlmsg_type == RTM_NEWLINK)
        return (link->ifi_index > other->ifi_index) - (link->ifi_index < other->ifi_index);
    if (a->nlmsg_type == RTM_NEWROUTE)
        return compare_bytes(a, b, NLMSG_HDRLEN);
    if (address->ifa_index != another->ifa_index)
        return address->ifa_index < another->ifa_index ? -1 : 1;
    order = (address->ifa_family << 8 | address->ifa_prefixlen) - (another->ifa_family << 8 | another->ifa_prefixlen);
    return order ? order : compare_bytes(a, b, NLMSG_LENGTH(sizeof *address));
}

static int compare_for_sort(const void *a, const void *b)
{
    return compare_subjects(*(const struct nlmsghdr *const *)a, *(const struct nlmsghdr *const *)b);
}

static bool facts_sort(struct netlink_facts *facts)
{
    const struct nlmsghdr *h;
    size_t at;

    for (at = 0; at < facts->n; at += NLMSG_ALIGN(h->nlmsg_len)) {
        h = (const struct nlmsghdr *)(facts->bytes + at);
        facts->count++;
    }
    facts->sorted = malloc((facts->count + 1) * sizeof *facts->sorted);
    if (!facts->sorted)
        return false;
    facts->count = 0;
    for (at = 0; at < facts->n; at += NLMSG_ALIGN(h->nlmsg_len)) {
        h = (const struct nlmsghdr *)(facts->bytes + at);
        facts->sorted[facts->count++] = h;
    }
    qsort(facts->sorted, facts->count, sizeof *facts->sorted, compare_for_sort);
    return true;
}

/* All that is so now; NULL: out of memory. */
static struct netlink_facts *facts_now(struct run *run)
{
    struct netlink_facts *facts = calloc(1, sizeof *facts);
    struct facts_writer fw = {.w = {.take = facts_take}, .facts = facts};

    if (!facts)
        return NULL;
    facts->generation = weft_route_generation(run->stack);
    netlink_tell_links(run, &fw.w);
    netlink_tell_addresses(run, &fw.w, AF_UNSPEC);
    netlink_tell_routes(run, &fw.w, AF_UNSPEC);
    netlink_flush(&fw.w);
    if (!fw.failed && facts_sort(facts))
        return facts;
    facts_free(facts);
    return NULL;
}

/* ---- news ---- */

unsigned netlink_group_of(const struct nlmsghdr *h)
{
    bool v4 = *(const unsigned char *)NLMSG_DATA(h) == AF_INET;

    switch (h->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        return IN_GROUP(RTNLGRP_LINK);
    case RTM_NEWADDR:
    case RTM_DELADDR:
        return v4 ? IN_GROUP(RTNLGRP_IPV4_IFADDR) : IN_GROUP(RTNLGRP_IPV6_IFADDR);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        return v4 ? IN_GROUP(RTNLGRP_IPV4_ROUTE) : IN_GROUP(RTNLGRP_IPV6_ROUTE);
    default:
        return 0;
    }
}

static void tell_member(struct run *run, struct file *f, const struct nlmsghdr *h)
{
    if (send(f->end, h, h->nlmsg_len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EAGAIN)
        complain(run, "netlink", "a program does not read what it asked to be told of: some of it is lost");
    file_due(run, f); /* somebody may be waiting for it */
}

/* One datagram for each message, as the kernel does it. */
static void tell_members(struct run *run, const struct nlmsghdr *fact, int change)
{
    union {
        struct nlmsghdr h;
        uint8_t bytes[NETLINK_DATAGRAM];
    } news;
    unsigned group;

    memcpy(news.bytes, fact, fact->nlmsg_len);
    news.h.nlmsg_type = (uint16_t)(news.h.nlmsg_type + change);
    group = netlink_group_of(&news.h);
    for (size_t i = 0; i < FILE_BUCKETS; i++) {
        for (struct file *f = run->files[i]; f; f = f->next) {
            if (f->groups & group)
                tell_member(run, f, &news.h);
        }
    }
}

#define APPEARED 0
#define GONE     (RTM_DELLINK - RTM_NEWLINK)

/* Both are in order. */
static void tell_difference(struct run *run, const struct netlink_facts *old, const struct netlink_facts *new)
{
    size_t i = 0, j = 0;
    int order;

    while (i < old->count || j < new->count) {
        order = i == old->count ? 1 : j == new->count ? -1 : compare_subjects(old->sorted[i], new->sorted[j]);
        if (order < 0) {
            tell_members(run, old->sorted[i++], GONE);
        } else if (order > 0) {
            tell_members(run, new->sorted[j++], APPEARED);
        } else {
            if (compare_bytes(old->sorted[i], new->sorted[j], 0) != 0)
                tell_members(run, new->sorted[j], APPEARED);
            i++, j++;
        }
    }
}

void netlink_news(struct run *run)
{
    struct netlink_facts *now;

    if (!run->facts || run->facts->generation == weft_route_generation(run->stack))
        return;
    now = facts_now(run);
    if (!now)
        return; /* out of memory: what is kept stays old, so that the next turn tries again */
    tell_difference(run, run->facts, now);
    facts_free(run->facts);
    run->facts = now;
}

/* ---- members ---- */

static bool anybody_listens(const struct run *run)
{
    for (size_t i = 0; i < FILE_BUCKETS; i++) {
        for (const struct file *f = run->files[i]; f; f = f->next) {
            if (f->groups)
                return true;
        }
    }
    return false;
}

int netlink_join(struct run *run, struct file *f, unsigned groups)
{
    netlink_news(run); /* what others have not heard yet is no news to f */
    if (groups && !run->facts && !(run->facts = facts_now(run)))
        return -ENOMEM;
    if (groups & ~f->groups & UNTOLD)
        complain(run, "netlink", "of neighbours, prefixes and options of routers nobody is told when they change");
    f->groups = groups;
    run->guest.follows = anybody_listens(run);
    if (!run->guest.follows)
        netlink_forget(run);
    return 0;
}

void netlink_forget(struct run *run)
{
    facts_free(run->facts);
    run->facts = NULL;
}
