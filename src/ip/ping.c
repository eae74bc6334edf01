/* SPDX-License-Identifier: MIT */
/*
 * Ping sockets: a program sends ICMP or ICMPv6 echo requests and gets the replies to them, and nothing else of ICMP.
 * The socket's local port is the echo identifier, which is ours to write, so that nobody can send under another one's.
 *
 * Each family has a table. Invariant: an endpoint with a port stands in the table; no two have the same port.
 */
#include "core/ports.h"
#include "ip/private.h"

#define PING_MAX (IPV4_MAX_LEN - IPV4_HEADER) /* bytes of an ICMP message */
#define ID_AT    4                            /* offset of the identifier */

struct ping_ep {
    struct dgram_ep d;     /* first; its local port is the identifier of the echo */
    struct hash_node hash; /* in ping_table.by_id, when it has one */
    bool src_by_peer;      /* the local address was chosen by connect, and goes with the peer */
};

struct ping_table {
    struct slab slab;
    struct hashtab by_id;
    struct list all;
};

static const struct sock_ops ping_ops, ping6_ops;

static struct ping_table *table_of(const struct ping_ep *e)
{
    return stack_transport(e->d.sock.stack, (uint8_t)endpoint_ops(&e->d.sock)->proto);
}
static struct ping_ep *ping_ep(weft_sock *sock) { return container_of(sock, struct ping_ep, d.sock); }

/* Not keyed: identifiers in the table are our own choice, a stranger only picks where we look. */
static uint32_t id_hash(uint16_t id) { return id * 0x9e3779b1u; }

static uint32_t node_hash(const void *ctx, const struct hash_node *node, unsigned tag)
{
    (void)ctx, (void)tag;
    return id_hash(container_of(node, const struct ping_ep, hash)->d.local.port);
}

static struct ping_ep *find(const struct ping_table *t, uint16_t id)
{
    unsigned tag;
    struct hash_node *node = hashtab_first(&t->by_id, id_hash(id), &tag);

    for (; node; node = hashtab_next(node, &tag))
        if (container_of(node, struct ping_ep, hash)->d.local.port == id)
            return container_of(node, struct ping_ep, hash);
    return NULL;
}

/* ---- from below ---- */

void ping_reply_input(weft_stack *s, struct weft_pkt *pkt, uint16_t id)
{
    struct ping_ep *e = find(stack_transport(s, pkt->proto), id);

    if (!e || (e->d.rare.interface && pkt->ifp && dgram_interface(&e->d) != pkt->ifp) ||
         (!ip_is_any(&e->d.local.ip) && !ip_eq(&e->d.local.ip, &pkt->dst)) ||
        (!ip_is_any(&e->d.remote.ip) && !ip_eq(&e->d.remote.ip, &pkt->src)))
        pkt_drop(pkt, WEFT_DROP_icmp_no_endpoint);
    else if (!filter_keeps(&e->d.filter, pkt, 1))
        pkt_drop(pkt, WEFT_DROP_sock_filter);
    else if (dgram_push(&e->d.queue, pkt))
        endpoint_notify(&e->d.sock, WEFT_READABLE);
    else
        pkt_drop(pkt, WEFT_DROP_icmp_buffer_full);
}

/* Soft errors too: whoever pings wants to hear that nobody is there. */
static bool error(const struct ping_table *t, const struct ip_error *err)
{
    struct ping_ep *e = find(t, err->src_port);

    if (!e || (!ip_is_any(&e->d.remote.ip) && !ip_eq(&e->d.remote.ip, &err->dst)))
        return false;
    dgram_path_shrank(&e->d, err);
    dgram_hear(&e->d, err, 0, true);
    return true;
}

bool ping_error(weft_stack *s, const struct ip_error *err) { return error(stack_transport(s, IP_PROTO_ICMP), err); }
bool ping6_error(weft_stack *s, const struct ip_error *err) { return error(stack_transport(s, IP_PROTO_ICMPV6), err); }

/* ---- names ---- */

static bool id_taken(void *ctx, uint16_t id)
{
    return id == 0 || find(ctx, id);
}

/* Gives the endpoint an identifier, chosen when id is 0, and puts it into the table. */
static int take_id(struct ping_ep *e, uint16_t id)
{
    struct ping_table *t = table_of(e);

    if (id == 0)
        id = port_pick(e->d.sock.stack, 0, &e->d.local.ip, &e->d.remote, PORT_ODD, id_taken, t);
    if (id == 0 || find(t, id))
        return WEFT_EADDRINUSE;
    e->d.local.port = id;
    if (hashtab_insert(&t->by_id, &e->hash, 0, id_hash(id)))
        return 0;
    e->d.local.port = 0;
    return WEFT_ENOMEM;
}

static int ping_bind(weft_sock *sock, const struct weft_addr *local)
{
    struct ping_ep *e = ping_ep(sock);
    struct weft_ip before = e->d.local.ip;
    int err;

    if (e->d.local.port)
        return WEFT_EINVAL;
    err = dgram_check_local(sock->stack, &local->ip);
    if (err)
        return err;
    e->d.local.ip = local->ip;
    err = take_id(e, local->port);
    if (err)
        e->d.local.ip = before;
    return err;
}

static int ping_connect(weft_sock *sock, const struct weft_addr *peer)
{
    struct ping_ep *e = ping_ep(sock);
    struct weft_ip bound = e->src_by_peer ? endpoint_any(sock) : e->d.local.ip, src;
    struct ip_path path = {0};
    int err;

    if (ip_is_any(&peer->ip)) {
        e->d.remote.ip = peer->ip;
        e->d.local.ip = bound;
        e->src_by_peer = false;
        return 0;
    }
    err = dgram_route(sock, &bound, &peer->ip, &path, &src);
    if (!err && !e->d.local.port)
        err = take_id(e, 0);
    if (err)
        return err;
    e->src_by_peer = ip_is_any(&bound);
    e->d.local.ip = src;
    e->d.remote.ip = peer->ip;
    e->d.path = path;
    return 0;
}

/* ---- messages ---- */

/* Only an echo request may be sent, and it is marked as this socket's. */
static int seal_request(const struct ping_ep *e, struct weft_pkt *pkt)
{
    struct reader r = reader(pkt->data, pkt->len);
    uint8_t type = read_u8(&r), code = read_u8(&r);

    if (!read_bytes(&r, ICMPV4_HEADER - 2) || code != 0 || type != (e->d.sock.v6 ? ICMPV6_ECHO : ICMPV4_ECHO))
        return WEFT_EINVAL;
    poke_u16(pkt->data + ID_AT, e->d.local.port);
    return 0;
}

static int send_request(struct ping_ep *e, struct weft_pkt *pkt, const struct weft_ip *dst,
                        const struct weft_control *control)
{
    weft_stack *s = e->d.sock.stack;
    bool to_peer = ip_eq(dst, &e->d.remote.ip);
    struct ip_path fresh = {0}, *path = to_peer && !control ? &e->d.path : &fresh;
    bool v6 = e->d.sock.v6;
    struct ip_send how = {.proto = v6 ? IP_PROTO_ICMPV6 : IP_PROTO_ICMP};
    int err = dgram_prepare(&e->d, dst, control, path, &how);
    struct weft_addr from = {how.src, e->d.local.port}, to = {*dst, 0};
    struct ip_extras extras;

    dgram_add_extras(&e->d, control, &how, &extras);
    if (!err && dgram_decide_df(&e->d, pkt_total(pkt), path, &how))
        err = dgram_too_long(&e->d, &to, path_mtu(path));
    if (!err)
        err = seal_request(e, pkt);
    if (err) {
        pkt_release(pkt);
        return err;
    }
    if (v6 && !how.flow_label)
        how.flow_label = ip_flow_label(s, &from, &to, IP_PROTO_ICMPV6);
    return icmp_send(s, pkt, &how, path);
}

static int64_t ping_send(weft_sock *sock, const struct weft_iov *iov, size_t n, unsigned flags,
                         const struct weft_addr *to, const struct weft_control *control)
{
    struct ping_ep *e = ping_ep(sock);
    const struct weft_ip *dst = to ? &to->ip : &e->d.remote.ip;
    size_t len = dgram_iov_len(iov, n);
    struct csum unused = {0};
    struct weft_pkt *pkt;
    int err = endpoint_take_error(sock);

    if (err)
        return err;
    if (e->d.no_send)
        return WEFT_EPIPE;
    if (flags & (WEFT_MSG_OOB | WEFT_MSG_MORE))
        return WEFT_EOPNOTSUPP;
    if (ip_is_any(dst))
        return WEFT_EDESTADDRREQ;
    if (len > min_size(PING_MAX, e->d.send_limit))
        return WEFT_EMSGSIZE;
    err = e->d.local.port ? 0 : take_id(e, 0);
    if (err)
        return err;
    pkt = dgram_gather(sock->stack, 0, iov, n, len, &unused);
    if (!pkt)
        return WEFT_ENOMEM;
    err = send_request(e, pkt, dst, control);
    return err ? err : (int64_t)len;
}

/* ---- coming and going ---- */

static weft_sock *new_socket(weft_stack *s, const struct sock_ops *ops, enum weft_family family, int *err)
{
    struct ping_table *t = stack_transport(s, (uint8_t)ops->proto);
    struct ping_ep *e = slab_alloc(&t->slab);

    if (!e) {
        *err = WEFT_ENOMEM;
        return NULL;
    }
    *e = (struct ping_ep){0};
    dgram_init(&e->d, s, ops, family, &t->all);
    e->d.sock.v6only = true;
    return &e->d.sock;
}

weft_sock *ping_socket(weft_stack *s, enum weft_family family, int *err)
{
    *err = WEFT_EPROTONOSUPPORT;
    return family == WEFT_INET ? new_socket(s, &ping_ops, family, err) : NULL;
}

weft_sock *ping6_socket(weft_stack *s, enum weft_family family, int *err)
{
    *err = WEFT_EPROTONOSUPPORT;
    return family == WEFT_INET6 ? new_socket(s, &ping6_ops, family, err) : NULL;
}

static void free_endpoint(struct ping_table *t, struct ping_ep *e)
{
    if (e->d.local.port)
        hashtab_remove(&t->by_id, &e->hash, id_hash(e->d.local.port));
    dgram_fini(&e->d);
    slab_free(&t->slab, e);
}

static void ping_close(weft_sock *sock)
{
    free_endpoint(table_of(ping_ep(sock)), ping_ep(sock));
}

void *ping_init(weft_stack *s)
{
    struct ping_table *t = mem_alloc(&s->mem, MEM_stack, sizeof *t);

    if (!t)
        return NULL;
    *t = (struct ping_table){0};
    slab_init(&t->slab, &s->mem, MEM_udp, sizeof(struct ping_ep));
    hashtab_init(&t->by_id, &s->mem, node_hash, t);
    list_init(&t->all);
    return t;
}

void ping_fini(weft_stack *s, void *state)
{
    struct ping_table *t = state;

    while (!list_empty(&t->all))
        free_endpoint(t, container_of(list_first(&t->all), struct ping_ep, d.link));
    hashtab_fini(&t->by_id);
    slab_fini(&t->slab);
    mem_free(&s->mem, MEM_stack, t, sizeof *t);
}

bool ping_list(weft_stack *s, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx)
{
    return dgram_list(&((struct ping_table *)stack_transport(s, IP_PROTO_ICMP))->all, visit, ctx);
}

bool ping6_list(weft_stack *s, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx)
{
    return dgram_list(&((struct ping_table *)stack_transport(s, IP_PROTO_ICMPV6))->all, visit, ctx);
}

/* Both tables but for the protocol. */
#define PING_OPS(number)                                                                                               \
    {                                                                                                                  \
        .proto = (number), .bind = ping_bind, .connect = ping_connect, .send = ping_send,                              \
        .recv = dgram_recv_whole,                                                                                      \
        .shutdown = dgram_shutdown, .close = ping_close, .abort = ping_close, .setopt = dgram_setopt,                  \
        .getopt = dgram_getopt, .ready = dgram_ready, .names = dgram_names, .unread = dgram_unread,                    \
        .describe = dgram_describe, .recv_report = dgram_recv_report, .rare = dgram_rare, .own_rare = dgram_own_rare,  \
    }

static const struct sock_ops ping_ops = PING_OPS(WEFT_ICMP);
static const struct sock_ops ping6_ops = PING_OPS(WEFT_ICMPV6);
