/* SPDX-License-Identifier: MIT */
/* UDP endpoints and the tables they stand in, for the files of src/udp alone. */
#ifndef UDP_PRIVATE_H
#define UDP_PRIVATE_H

#include "base/hashtab.h"
#include "ip/ip.h"
#include "udp/udp.h"
#include "wire/udp.h"

/* How messages to the peer go; see way.c. */
struct udp_way {
    uint32_t generation; /* of the routes it was found by; 0: it is not known */
    struct ip_send how;
    struct csum names;   /* of the pseudo-header but for the length */
};

/*
 * Invariants: an endpoint with a local port stands in udp_table.open, or, once it has a peer, in `taken` and `pairs`
 * instead, and then local.ip is a definite address of ours. One without a port has no peer.
 */
struct udp_ep {
    struct dgram_ep d;          /* first */
    struct hash_node port_node; /* in open or taken */
    struct hash_node pair_node; /* in pairs */
    uint32_t joined;            /* when it got its port, among those who share it */
    bool port_chosen;           /* nobody asked for this port: it goes back with the peer, as on Linux */
    int32_t peek_at;            /* WEFT_SO_PEEK_OFF: bytes; negative: a peek looks at the first datagram */
    struct weft_ip bound_ip;    /* d.local.ip as bind left it: what it is again when the peer is given up */
    struct udp_way way;         /* by d.path, to d.remote */
};

struct udp_table {
    struct slab slab;
    struct sip_key key;
    struct hashtab open;  /* by local port: those that take from anybody */
    struct hashtab taken; /* by local port: those with a peer. Asked only when one of ours wants a port */
    struct hashtab pairs; /* by local and remote address: those with a peer */
    struct list all;
    uint32_t joined;      /* of the latest */
};

static inline struct udp_table *udp_table(weft_stack *s) { return stack_transport(s, IP_PROTO_UDP); }
static inline struct udp_ep *udp_ep(weft_sock *sock) { return container_of(sock, struct udp_ep, d.sock); }

/* ---- table.c: who has which port ---- */

void udp_table_init(struct udp_table *t, weft_stack *s);
void udp_table_fini(struct udp_table *t);

/*
 * Gives e the local address; port 0: one that nobody near uses. WEFT_EADDRINUSE, WEFT_ENOMEM; e is unchanged then.
 * `remote` helps to choose (RFC 6056).
 */
int udp_table_bind(struct udp_table *t, struct udp_ep *e, const struct weft_addr *local,
                   const struct weft_addr *remote);

/*
 * Sets, changes or (port 0) dissolves the pair of a bound endpoint, and its local address. 0; or WEFT_ENOMEM, and e has
 * no peer.
 */
int udp_table_connect(struct udp_table *t, struct udp_ep *e, const struct weft_ip *local,
                      const struct weft_addr *remote);

/* Takes e out of all tables. */
void udp_table_remove(struct udp_table *t, struct udp_ep *e);

/*
 * Who gets a unicast datagram that came in by this interface (0: any): the pair, then who hears that interface alone,
 * then this very local address, then any; among equals as their program chooses (WEFT_SO_ATTACH_REUSEPORT_CBPF), of pkt
 * with data at the UDP header (NULL: it is not asked), else by a keyed choice.
 */
struct udp_ep *udp_table_find(const struct udp_table *t, const struct weft_addr *local, const struct weft_addr *remote,
                              unsigned interface, const struct weft_pkt *pkt);

/* Does it hear what comes in by this interface (SO_BINDTOIFINDEX)? */
static inline bool udp_hears(const struct udp_ep *e, unsigned interface)
{
    return !e->d.rare.interface || !interface || (unsigned)e->d.rare.interface == interface;
}

/*
 * The next endpoint, after `last` (NULL: the first), that gets a datagram for a group. As on Linux, one with a peer
 * gets none: it listens at a definite address.
 */
struct udp_ep *udp_table_next_member(const struct udp_table *t, const struct udp_ep *last,
                                     const struct weft_addr *local);

/* ---- calls.c, batch.c: datagrams one by one, and many at once ---- */

#define UDP_TRAIN_MAX 128 /* datagrams of one call, as on Linux */

/*
 * What a program wants sent: len bytes in n pieces to dst, with what control (NULL: nothing) says besides. segment: in
 * datagrams of so many bytes, the last one perhaps shorter; 0: in one.
 */
struct udp_message {
    const struct weft_iov *iov;
    size_t n, len;
    size_t segment;
    const struct weft_addr *dst;
    const struct weft_control *control;
};

/* As one datagram, or as a train of them. len, or an error. */
int64_t udp_send_one(struct udp_ep *e, const struct udp_message *m);
/* As datagrams of m->segment bytes, one after the other. The same; some may have gone before an error. */
int64_t udp_send_segments(struct udp_ep *e, const struct udp_message *m);

/* How many of the waiting datagrams, the first included, can be received as one, and how long each of them is. */
size_t udp_train(const struct udp_ep *e, uint16_t *segment);
/* Receives so many as one. As dgram_take. */
int64_t udp_take_train(struct udp_ep *e, size_t count, const struct weft_iov *iov, size_t n, unsigned flags,
                       unsigned *out_flags);

/* ---- way.c ---- */

/* A message to the peer that has nothing of its own is about to go so: the next ones need not ask. */
void udp_way_keep(struct udp_ep *e, const struct udp_message *m, const struct ip_send *how, const struct csum *names);

/* Does it, and each datagram of a train, go in one piece? */
static inline bool udp_fits_path(const struct udp_ep *e, const struct udp_message *m)
{
    size_t headers = ip_header_len(&m->dst->ip) + UDP_HEADER;

    return m->len + headers <= IP_MAX_LEN && (m->segment ? m->segment : m->len) + headers <= path_mtu(&e->d.path);
}

static inline void udp_way_forget(struct udp_ep *e) { e->way.generation = 0; }

/* Is the way known, and right for this message? Then path is right as well. */
static inline bool udp_way_is_good(const struct udp_ep *e, const struct udp_message *m)
{
    const struct ip_send *how = &e->way.how;
    const weft_sock *sock = &e->d.sock;
    bool v6 = !ip_is_v4(&how->dst);

    return e->way.generation == sock->stack->routes.generation && m->dst == &e->d.remote && !m->control &&
           how->ttl == endpoint_ttl(sock, v6) && how->tos == endpoint_tos(sock, v6) && udp_fits_path(e, m);
}

/* ---- peek.c ---- */

/* The datagram that recv with these flags gives, and where in it a peek begins. NULL: there is none. */
struct weft_pkt *udp_peeked(const struct udp_ep *e, unsigned flags, uint32_t *at);
/* Peeks at it from there, and goes on with the offset. As dgram_take. */
int64_t udp_peek(struct udp_ep *e, struct weft_pkt *pkt, uint32_t at, const struct weft_iov *iov, size_t n,
                 unsigned flags, unsigned *out_flags);
/* So many bytes were read. */
void udp_peek_back(struct udp_ep *e, int64_t bytes);
struct sock_rare *udp_own_rare(weft_sock *sock);
int udp_setopt(weft_sock *sock, int level, int option, const void *value, size_t n);
int udp_getopt(const weft_sock *sock, int level, int option, void *value, size_t *n);

/* Where a queued datagram came from. */
struct weft_addr udp_sender(const struct weft_pkt *pkt);

/* ---- input.c, calls.c: what the transport's and the socket's tables point to ---- */

void udp_input(weft_stack *s, struct weft_pkt *pkt);
bool udp_error(weft_stack *s, const struct ip_error *err);
weft_sock *udp_socket(weft_stack *s, enum weft_family family, int *err);
void udp_free(struct udp_table *t, struct udp_ep *e);

#endif
