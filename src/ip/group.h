/* SPDX-License-Identifier: MIT */
/*
 * Groups that an interface listens to, IPv4's and IPv6's alike (RFC 3376, RFC 3810, RFC 4607). Private to src/ip.
 *
 *   membership.c  what the sockets want: join, leave, sources
 *   group.c       what the interface listens to then: the merge of its sockets' filters (RFC 3376 §3.2)
 *   listener.c    when routers are told of it: changes, answers to queries, older versions
 *   report.c      records packed into reports of IGMPv3 and MLDv2
 *   igmp.c mld.c  the messages of the two protocols, in and out
 *   own.c         what we say to a group comes back to our own sockets
 *
 * Invariants
 *   1. a group stands in ip_groups.table and in the list of its link while a socket or the stack itself listens to it,
 *      or routers have still to be told that nobody does any more;
 *   2. group.state is the merge of its members' filters: INCLUDE of nothing is not to listen at all;
 *   3. ip_groups.timer stands at or before the earliest of all deadlines here.
 */
#ifndef IP_GROUP_H
#define IP_GROUP_H

#include "ip/private.h"
#include "ip/sources.h"

/* RFC 3376 §3.1. */
struct group_filter {
    bool exclude; /* all sources but these; else only these */
    struct sources sources;
};

struct group {
    struct hash_node node;
    struct list link;
    struct group_link *at;
    struct weft_ip ip;    /* with its zone */
    struct list members;  /* struct member */
    bool own;             /* the stack listens: the solicited-node group of one of the interface's addresses */
    struct group_filter state;
    /* what routers have still to be told (RFC 3376 §5.1) */
    uint8_t mode_left;      /* reports that tell of a change of mode; of the older versions, that tell of the group */
    struct sources changed; /* sources that came or went, each with the reports that have to tell of it */
    /* what they have asked (RFC 3376 §5.2) */
    weft_time answer_at;  /* WEFT_NEVER: nothing. Of the older versions, the next report in any case */
    struct sources asked; /* about these sources; none: about the group */
    bool spoke_last;      /* nobody has reported the group since we did (RFC 2236 §3) */
};

/* A socket's wish to hear a group on an interface. */
struct member {
    struct list in_socket, in_group;
    struct group *group;
    struct group_filter filter;
    bool listed; /* it named sources, in this mode: that stays its mode, even when there are none left */
};

/* What is known of the routers of one protocol on a link. */
struct listener {
    weft_time answer_at;      /* the answer to a query about all groups; WEFT_NEVER: nobody asked */
    weft_time changes_at;     /* the next report of changes */
    weft_time covered_until;  /* older versions: by then all groups will have been reported */
    weft_time older_until[2]; /* a router of version 1, of version 2, is believed to be there (RFC 3376 §7.2.1) */
    uint8_t newest, version;  /* what we speak when we may: IGMPv3, MLDv2; and what we speak now */
    uint8_t robustness;       /* as the routers say, or the usual */
    uint32_t interval;        /* between queries, seconds; the same */
};

struct group_link {
    weft_if *ifp;
    struct list groups;
    struct listener igmp, mld;
};

static inline struct listener *listener_of(struct group_link *l, bool v4) { return v4 ? &l->igmp : &l->mld; }

/* ---- group.c ---- */

/* What the interface keeps for its groups, made when it is not there; NULL: out of memory. */
struct group_link *group_link_get(weft_if *ifp);

/* The group, listened to or not; NULL: nobody knows it there. */
struct group *group_find(const weft_if *ifp, const struct weft_ip *ip);

/* The same, made when it is not there; then its user calls group_update soon. NULL: out of memory. */
struct group *group_get(weft_if *ifp, const struct weft_ip *ip);

/*
 * The group's members, or their filters, have changed: merges them anew and tells the routers. Frees what nobody
 * needs.
 */
void group_update(struct group *g);

static inline bool group_listens(const struct group *g) { return g->state.exclude || g->state.sources.n; }

/* Is what this source says to be heard by whoever has the filter? */
bool group_filter_takes(const struct group_filter *f, const struct weft_ip *source);

/* Are routers told of it (RFC 3376 §6, RFC 3810 §6)? */
bool group_is_reported(const struct group *g);

/* Frees the group if nobody listens and there is nothing left to tell. */
void group_settle(struct group *g);

/* ---- membership.c ---- */

/* As weft_setsockopt has it: one of WEFT_MCAST_JOIN_GROUP and its kin. */
int membership_set(struct dgram_ep *d, int option, bool v4, const void *value, size_t n);
int membership_get(const struct dgram_ep *d, int option, bool v4, void *value, size_t *n);

/* WEFT_IP_MULTICAST_IF: from where the socket sends to groups of IPv4. */
int membership_set_out(struct dgram_ep *d, const void *value, size_t n);
int membership_get_out(const struct dgram_ep *d, void *value, size_t *n);

/* Takes the member out of both lists and frees it; the group is not updated. */
void member_free(weft_stack *s, struct member *m);

/* ---- listener.c ---- */

void listener_init(struct listener *l, const weft_stack *s, bool v4);

/* Speaks the version again that the routers know, if the last older one has not been heard for long enough. */
void listener_settle(struct group_link *link, bool v4);

/* The group has something to tell (mode_left, changed): it goes out in the next tick. */
void listener_changed(struct group *g);

/* A query, checked as its protocol demands. */
struct listener_query {
    bool v4;
    uint8_t version;
    struct weft_ip group; /* any-address: about all; else with its zone */
    weft_time max_response;
    uint8_t robustness;   /* 0: not said */
    uint32_t interval;    /* seconds; 0: not said */
    uint16_t n_sources;
    struct reader sources;
};
enum weft_drop listener_query(weft_if *ifp, const struct listener_query *q);

/* Another host has reported the group in the way of the older versions. */
void listener_heard(weft_if *ifp, const struct weft_ip *ip);

/* ---- report.c ---- */

/* Reports under construction, for one link and family: records are packed in as many as it takes. */
struct report {
    weft_if *ifp;
    bool v4;
    uint16_t records;
    struct weft_pkt *pkt; /* NULL: none begun */
    struct writer w;
};

static inline struct report report_begin(weft_if *ifp, bool v4) { return (struct report){.ifp = ifp, .v4 = v4}; }

/*
 * Adds a record of this type (enum group_record_type) with those of the set's sources that `picks` picks (NULL: all).
 * Memory that is not there is counted, and the record missing: it will be told again, or asked for.
 */
void report_add(struct report *r, uint8_t type, const struct group *g, const struct sources *set,
                bool (*picks)(const struct group *g, const struct source *source));
/* Sends what is not sent yet. */
void report_end(struct report *r);

/* ---- igmp.c, mld.c ---- */

/* An IGMP message (data at its first byte, checksum filled in) goes to this group on the link. Owns pkt. */
void igmp_send(weft_if *ifp, struct weft_pkt *pkt, uint32_t dst);
/* Reports or leaves the group as this version has it; version 1 leaves in silence. */
void igmp_tell(const struct group *g, uint8_t version, bool listens);

void mld_send(weft_if *ifp, struct weft_pkt *pkt, const struct weft_ip *dst);
void mld_tell(const struct group *g, bool listens);

#endif
