/* SPDX-License-Identifier: MIT */
/* The name of a connection: both ends' addresses and ports, as a value, and packed as the tables keep it. */
#ifndef TCP_FLOW_H
#define TCP_FLOW_H

#include "wire/ipv4.h"

struct tcp_flow {
    struct weft_addr local, remote;
};

/* 12 bytes for IPv4, 36 for IPv6; the owner knows which. */
struct tcp_key4 {
    uint32_t local, remote;
    uint16_t local_port, remote_port;
};

struct tcp_key6 {
    struct weft_ip local, remote;
    uint16_t local_port, remote_port;
};

union tcp_key {
    struct tcp_key4 v4;
    struct tcp_key6 v6;
};

static inline bool flow_is_v6(const struct tcp_flow *f) { return !ip_is_v4(&f->remote.ip); }

/* Writes only the bytes that the family needs. */
static inline void key_pack(union tcp_key *k, const struct tcp_flow *f, bool v6)
{
    if (v6)
        k->v6 = (struct tcp_key6){f->local.ip, f->remote.ip, f->local.port, f->remote.port};
    else
        k->v4 = (struct tcp_key4){ip_to_v4(&f->local.ip), ip_to_v4(&f->remote.ip), f->local.port, f->remote.port};
}

/* The same from a key that may be only as long as its family needs. */
static inline void key_copy(union tcp_key *to, const union tcp_key *from, bool v6)
{
    if (v6)
        to->v6 = from->v6;
    else
        to->v4 = from->v4;
}

static inline void key_unpack_to(struct tcp_flow *f, const union tcp_key *k, bool v6)
{
    if (v6) {
        *f = (struct tcp_flow){{k->v6.local, k->v6.local_port}, {k->v6.remote, k->v6.remote_port}};
        return;
    }
    ip_set_v4(&f->local.ip, k->v4.local);
    ip_set_v4(&f->remote.ip, k->v4.remote);
    f->local.port = k->v4.local_port;
    f->remote.port = k->v4.remote_port;
}

static inline struct tcp_flow key_unpack(const union tcp_key *k, bool v6)
{
    struct tcp_flow f;

    key_unpack_to(&f, k, v6);
    return f;
}

/* Is it the key of this flow, which is of the same family? */
static inline bool key_is(const union tcp_key *k, const struct tcp_flow *f, bool v6)
{
    if (unlikely(v6))
        return k->v6.local_port == f->local.port && k->v6.remote_port == f->remote.port &&
               ip_eq(&k->v6.local, &f->local.ip) && ip_eq(&k->v6.remote, &f->remote.ip);
    return k->v4.local_port == f->local.port && k->v4.remote_port == f->remote.port &&
           k->v4.local == ip_to_v4(&f->local.ip) && k->v4.remote == ip_to_v4(&f->remote.ip);
}

static inline size_t key_size(bool v6) { return v6 ? sizeof(struct tcp_key6) : sizeof(struct tcp_key4); }

#endif
