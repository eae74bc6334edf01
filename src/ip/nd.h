/* SPDX-License-Identifier: MIT */
/*
 * Neighbour discovery on one interface (RFC 4861, RFC 4862): what it knows of its link, its routers and their prefixes,
 * and which of its addresses are being tried. Private to src/ip.
 *
 *   nd.c          the link's life and its one timer; messages out; messages in, checked and sorted
 *   neighbour.c   solicitations and advertisements of neighbours, for the table of core/neigh.h
 *   dad.c         are our addresses ours alone?
 *   router.c      routers: asking for them, what they say, redirects
 *   slaac.c       addresses out of prefixes
 *
 * Invariants
 *   1. every list here is bounded by its array: who floods us with advertisements pushes out nothing that is in use;
 *   2. `timer` stands at the earliest deadline of any of them (nd_arm);
 *   3. a router in the list has a route for the default network, and a prefix with on_link set one to itself.
 */
#ifndef IP_ND_H
#define IP_ND_H

#include "ip/private.h"
#include "wire/nd.h"

#define ND_ROUTERS  16
#define ND_PREFIXES 16
#define ND_REDIRECTS 16
#define ND_SERVERS  8
#define ND_DOMAINS  8

struct nd_router {
    struct weft_ip ip;      /* link-local */
    weft_time until;
    bool lost;              /* did not answer: the others go first */
};

struct nd_known_prefix {
    struct weft_ip ip;
    uint8_t bits;
    bool on_link;
    weft_time until;        /* of on_link */
    uint8_t conflicts;      /* addresses made from it that somebody else had */
};

/* An address of ours that is being tried (RFC 4862 §5.4), by its place in the interface's list at the time. */
struct nd_trial {
    struct weft_ip ip;
    weft_time due;          /* of the next step */
    uint8_t sent;           /* solicitations */
    uint8_t nonce[6];       /* of ours (RFC 7527) */
};

/* A destination that a router sent us elsewhere for: to target, which may be the destination itself. */
struct nd_redirected {
    struct weft_ip dst, target;
    weft_time until;
};

struct nd_server {
    struct weft_ip ip;
    weft_time until;
};

struct nd_domain {
    char name[WEFT_DOMAIN_TEXT];
    weft_time until;
};

struct nd_link {
    weft_if *ifp;
    struct timer timer;
    struct nd_router router[ND_ROUTERS];
    struct nd_known_prefix prefix[ND_PREFIXES];
    struct nd_trial trial[IF_ADDRESSES];
    struct nd_redirected redirected[ND_REDIRECTS];
    struct nd_server server[ND_SERVERS];
    struct nd_domain domain[ND_DOMAINS];
    uint8_t n_routers, n_prefixes, n_trials, n_redirected, n_servers, n_domains;
    uint8_t link_conflicts;  /* link-local addresses that somebody else had */
    uint8_t solicits;        /* sent since the interface came up or lost its routers */
    uint8_t hop_limit;       /* of what we send; 0: nobody said */
    weft_time solicit_at;    /* the next one; WEFT_NEVER: no router is looked for */
    weft_time solicit_gap;   /* before the last one */
    weft_time reachable_base, reachable, reachable_until; /* RFC 4861 §6.3.2; the second drawn anew every two hours */
    weft_time retrans;
    uint32_t temporary_made; /* temporary addresses so far: no two are alike */
    weft_time renew_at;      /* the next temporary address; WEFT_NEVER: none */
};

/* ---- nd.c ---- */

/* The link's state, made when it is not there; NULL: out of memory, or a link without neighbours. */
struct nd_link *nd_link_get(weft_if *ifp);

/* Sets the timer to the earliest deadline (invariant 2). */
void nd_arm(struct nd_link *l);

/* A message of n bytes for the caller to write at data; NULL: out of memory, counted. */
struct weft_pkt *nd_message(weft_if *ifp, uint32_t n);
/* Sends it from src with hop limit 255. Owns pkt. */
void nd_send(weft_if *ifp, struct weft_pkt *pkt, const struct weft_ip *src, const struct weft_ip *dst);
/* The same to the station that has just spoken, whatever the table of neighbours knows: nobody is asked for. */
void nd_send_to(weft_if *ifp, struct weft_pkt *pkt, const struct weft_ip *src, const struct weft_ip *dst,
                const uint8_t mac[6]);

/* ---- neighbour.c: a message came in, checked as nd.c can; data behind type, code, checksum. Borrows pkt ---- */

enum weft_drop nd_solicit_input(struct nd_link *l, const struct weft_pkt *pkt, struct reader r);
enum weft_drop nd_advert_input(struct nd_link *l, const struct weft_pkt *pkt, struct reader r);

/* Sends an advertisement of our address that nobody asked for. */
void nd_announce(weft_if *ifp, const struct weft_ip *ip, const struct weft_ip *dst);
/* Sends a solicitation for target; nonce NULL: none. */
void nd_solicit(weft_if *ifp, const struct weft_ip *src, const struct weft_ip *dst, const struct weft_ip *target,
                const uint8_t *nonce);

/* ---- dad.c ---- */

/* The address is tentative now; its trial begins. */
void nd_try(struct nd_link *l, const struct weft_ip *ip);
void nd_trials_due(struct nd_link *l);
weft_time nd_trials_deadline(const struct nd_link *l);
/* Somebody else solicits, or has, this address of ours that is being tried. Is it being tried at all? */
bool nd_trial_conflict(struct nd_link *l, const struct weft_ip *ip);
/* The nonce came with a solicitation for an address that is being tried: is it our own, come back? */
bool nd_trial_is_echo(const struct nd_link *l, const struct weft_ip *ip, const uint8_t *nonce);
/* The address goes: so does its trial. */
void nd_trial_forget(struct nd_link *l, const struct weft_ip *ip);

/* ---- router.c ---- */

/* Looks for routers from now on. */
void nd_seek_routers(struct nd_link *l);
void nd_routers_due(struct nd_link *l);
weft_time nd_routers_deadline(const struct nd_link *l);
enum weft_drop nd_router_advert_input(struct nd_link *l, const struct weft_pkt *pkt, struct reader r);
enum weft_drop nd_redirect_input(struct nd_link *l, const struct weft_pkt *pkt, struct reader r);
/* A neighbour says that it forwards no more, or does not answer. */
void nd_router_gone(struct nd_link *l, const struct weft_ip *ip);
void nd_router_lost(struct nd_link *l, const struct weft_ip *ip);

/* ---- slaac.c ---- */

/* Makes the interface's link-local address (RFC 4862 §5.3). */
void slaac_link_local(struct nd_link *l);
/* A router advertised this prefix for addresses (RFC 4862 §5.5.3). */
void slaac_prefix(struct nd_link *l, const struct nd_prefix *p, const struct weft_ip *router, uint8_t *conflicts);
/* An address of ours turned out to be somebody else's: another one is made in its place, a few times. */
void slaac_conflict(struct nd_link *l, const struct weft_ip *ip);
/* Lifetimes end, temporary addresses are renewed. */
void slaac_due(struct nd_link *l);
weft_time slaac_deadline(const struct nd_link *l);

#endif
