/* SPDX-License-Identifier: MIT */
/* What datagram sockets have in common; see dgram.h. */
#include "core/bpf.h"
#include "ip/group.h"

#define WORTH_MOVING 8 /* a packet that keeps so many times its bytes alive is copied into a fitting one */

static struct dgram_ep *dgram_ep(weft_sock *sock) { return container_of(sock, struct dgram_ep, sock); }
static const struct dgram_ep *const_dgram_ep(const weft_sock *sock)
{
    return container_of(sock, const struct dgram_ep, sock);
}

static size_t tailroom(const struct weft_pkt *pkt)
{
    return (size_t)(pkt->base + pkt->cap - pkt->data) - pkt->len;
}

/* ---- packets that share bytes ---- */

bool dgram_share(struct weft_pkt *to, const struct weft_pkt *from, uint32_t offset, uint32_t len)
{
    struct span pieces[PKT_SPANS + 1];
    unsigned n = pkt_slices(from, offset, len, pieces);

    for (unsigned i = 0; i < n; i++) {
        const struct span *p = &pieces[i];

        if (p->block) {
            if (!pkt_add_span(to, p->block, p->data, p->len))
                return false;
        } else if (to->n_spans || tailroom(to) < p->len) {
            return false;
        } else {
            memcpy(to->data + to->len, p->data, p->len);
            to->len += p->len;
        }
    }
    return true;
}

/* Bytes of IP's headers, when there is more to them than the usual one: readers may want to be told. */
static uint32_t headers_worth_keeping(const struct weft_pkt *pkt)
{
    return dgram_has_headers(pkt) ? (uint32_t)(pkt->l4 - pkt->l3) : 0;
}

/*
 * What IP found out about a datagram, for a packet that is to pass for it, with `headers` bytes of room in front for
 * IP's own. The data of `to` stands at its l4.
 */
static void copy_description(struct weft_pkt *to, const struct weft_pkt *from, uint32_t headers)
{
    to->ifp = from->ifp;
    to->l4 = (uint16_t)(to->data - to->base);
    to->l3 = (uint16_t)(to->l4 - headers);
    memcpy(to->base + to->l3, from->base + from->l3, headers);
    to->src = from->src;
    to->dst = from->dst;
    to->ttl = from->ttl;
    to->tos = from->tos;
    to->flow_label = from->flow_label;
    to->piece = from->piece;
    to->proto = from->proto;
    to->gso_size = from->gso_size;
    to->ip_group = from->ip_group;
    to->link_broadcast = from->link_broadcast;
}

struct weft_pkt *dgram_clone(weft_stack *s, const struct weft_pkt *pkt, uint32_t header)
{
    struct weft_pkt *clone = pkt_new(s);
    uint32_t total = pkt_total(pkt), headers = headers_worth_keeping(pkt);

    if (!clone)
        return NULL;
    weft_assert(header <= tailroom(clone), "a transport header of a datagram is small");
    pkt_copy(pkt, 0, clone->data, header);
    clone->len = header;
    if (headers > PKT_HEADROOM || !dgram_share(clone, pkt, header, total - header)) {
        pkt_release(clone);
        clone = pkt_new_linear(s, max_size(PKT_HEADROOM, headers), total);
        if (!clone)
            return NULL;
        pkt_copy(pkt, 0, clone->data, total);
    }
    copy_description(clone, pkt, headers);
    return clone;
}

struct weft_pkt *dgram_piece(weft_stack *s, const struct weft_pkt *train, uint32_t header, uint32_t at, uint32_t len)
{
    uint32_t headers = headers_worth_keeping(train);
    struct weft_pkt *piece = pkt_new_linear(s, max_size(PKT_HEADROOM, headers), header + len);

    if (!piece)
        return NULL;
    pkt_copy(train, 0, piece->data, header);
    pkt_copy(train, at, piece->data + header, len);
    copy_description(piece, train, headers);
    piece->gso_size = 0;
    return piece;
}

/* ---- receiving ---- */

/*
 * A short datagram in a large block would fill the queue's limit with nothing. Returns the packet to keep: a copy in a
 * fitting one, or pkt itself.
 */
static struct weft_pkt *compact(struct weft_pkt *pkt)
{
    uint32_t at = (uint32_t)(pkt->data - pkt->base), total = pkt_total(pkt), before;
    uint32_t headers = headers_worth_keeping(pkt);
    struct weft_pkt *copy;

    if (likely(pkt_true_size(pkt) <= sizeof *pkt + BLOCK_FRAME + (size_t)WORTH_MOVING * total))
        return pkt;
    weft_assert(at >= pkt->l4, "a raw socket's, which begins at IP's header, is a copy in a block that fits");
    before = at - pkt->l4;
    copy = pkt_new_linear(pkt->stack, headers, before + total);
    if (!copy)
        return pkt;
    memcpy(copy->data, pkt->data - before, before);
    pkt_copy(pkt, 0, copy->data + before, total);
    copy_description(copy, pkt, headers);
    pkt_pull(copy, before);
    pkt_release(pkt);
    return copy;
}

bool dgram_push(struct dgram_queue *q, struct weft_pkt *pkt)
{
    if (q->packets.count && q->held + pkt_true_size(pkt) > q->limit) {
        q->lost++;
        return false;
    }
    pkt = compact(pkt);
    pkt->if_index = pkt->ifp ? pkt->ifp->index : 0; /* the interface may go before the datagram is read */
    pkt->arrived = pkt->stack->now;
    pkt->csum_partial = false; /* nobody sums it any more */
    pkt->peeked = false;
    pkt->lost = q->lost;
    q->held += pkt_true_size(pkt);
    q->bytes += pkt_total(pkt);
    pkt_queue_push(&q->packets, pkt);
    return true;
}

static void forget_taken(struct dgram_queue *q)
{
    if (q->taken)
        pkt_release(q->taken);
    q->taken = NULL;
}

static void pop(struct dgram_queue *q)
{
    struct weft_pkt *pkt = pkt_queue_pop(&q->packets);

    q->held -= pkt_true_size(pkt);
    q->bytes -= pkt_total(pkt);
    if (unlikely(dgram_has_headers(pkt))) {
        forget_taken(q);
        q->taken = pkt;
        return;
    }
    pkt_release(pkt);
}

void dgram_clear(struct dgram_queue *q)
{
    while (q->packets.count)
        pop(q);
    forget_taken(q);
}

int64_t dgram_take(struct dgram_queue *q, const struct weft_iov *iov, size_t n, unsigned flags, unsigned *out_flags)
{
    const struct weft_pkt *pkt = q->packets.first;
    uint32_t total = pkt_total(pkt), done = 0;

    for (size_t i = 0; i < n && done < total; i++)
        done += pkt_copy(pkt, done, iov[i].base, (uint32_t)min_size(iov[i].len, total - done));
    *out_flags = done < total ? WEFT_MSG_TRUNC : 0;
    if (!(flags & WEFT_MSG_PEEK))
        pop(q);
    return flags & WEFT_MSG_TRUNC ? total : done;
}

/* ---- sending ---- */

size_t dgram_iov_len(const struct weft_iov *iov, size_t n)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        len += iov[i].len;
    return len;
}

struct weft_pkt *dgram_gather(weft_stack *s, size_t header, const struct weft_iov *iov, size_t n, size_t len,
                              struct csum *sum)
{
    struct weft_pkt *pkt = pkt_new_linear(s, PKT_HEADROOM, header + len);
    uint8_t *p;

    if (!pkt)
        return NULL;
    p = pkt->data + header;
    for (size_t i = 0; i < n; i++) {
        if (iov[i].len)
            csum_copy(sum, p, iov[i].base, iov[i].len);
        p += iov[i].len;
    }
    return pkt;
}

/* The interface that speaks to groups when neither an address nor a route says which: the first that is no loopback. */
static weft_if *first_wire(weft_stack *s, bool v4)
{
    list_each(it, &s->interfaces) {
        weft_if *ifp = container_of(it, weft_if, link);

        if (ifp->ops->kind == WEFT_LINK_LOOPBACK)
            continue;
        for (unsigned i = 0; i < ifp->n_addresses; i++)
            if (ip_is_v4(&ifp->address[i].ip) == v4)
                return ifp;
    }
    return NULL;
}

/*
 * RFC 1122 §3.3.1.1: a group is on the link and never behind a gateway. Which link, its zone says first, then the
 * socket's address.
 */
int dgram_group_path(weft_stack *s, const struct weft_ip *local, const struct weft_ip *dst, struct ip_path *path)
{
    weft_if *ifp = ip_zone(dst) ? if_by_index(s, ip_zone(dst)) : ip_is_any(local) ? NULL : if_by_address(s, local);

    if (!ifp && ip_zone(dst))
        return WEFT_ENETUNREACH;

    if (!ifp && route_lookup(s, dst, path) == 0)
        ifp = path->ifp;
    if (!ifp)
        ifp = first_wire(s, ip_is_v4(dst));
    if (!ifp)
        return WEFT_ENETUNREACH;
    *path = (struct ip_path){.ifp = ifp, .next_hop = *dst, .generation = s->routes.generation};
    ip_set_zone(&path->next_hop, ifp->index);
    return 0;
}

/* IPv4's way to choose an interface for groups is to name an address of it, which is then what one sends from. */
static bool chosen_source(const weft_sock *sock, const struct ip_path *path, const struct weft_ip *dst,
                          struct weft_ip *src)
{
    const struct weft_ip *chosen = &const_dgram_ep(sock)->groups.out_address;

    if (!ip_is_multicast(dst) || !ip_is_v4(dst) || ip_is_any(chosen) || !if_find_address(path->ifp, chosen))
        return false;
    *src = *chosen;
    return true;
}

/* The interface that the socket has chosen for groups goes before all but the zone. */
static int group_path_of(const weft_sock *sock, const struct weft_ip *local, const struct weft_ip *dst,
                         struct ip_path *path)
{
    const struct dgram_groups *groups = &const_dgram_ep(sock)->groups;
    unsigned out = ip_is_v4(dst) ? groups->out_v4 : groups->out_v6;
    weft_if *ifp = out && !ip_zone(dst) ? if_by_index(sock->stack, out) : NULL;

    if (!ifp || ip_is_limited_broadcast(dst))
        return dgram_group_path(sock->stack, local, dst, path);
    *path = (struct ip_path){.ifp = ifp, .next_hop = *dst, .generation = sock->stack->routes.generation};
    return 0;
}

static int path_to(const weft_sock *sock, weft_if *by, const struct weft_ip *local, const struct weft_ip *dst,
                   struct ip_path *path)
{
    if (by)
        return route_lookup_by(sock->stack, dst, by, path);
    if (ip_is_multicast(dst) || ip_is_limited_broadcast(dst))
        return group_path_of(sock, local, dst, path);
    return route_refresh(sock->stack, dst, path);
}

int dgram_route(const weft_sock *sock, const struct weft_ip *local, const struct weft_ip *dst, struct ip_path *path,
                struct weft_ip *src)
{
    const struct dgram_ep *d = const_dgram_ep(sock);
    struct weft_ip hop;

    return dgram_route_by(sock, dgram_out_interface(d, dst), local, dst,
                          ip_is_v4(dst) ? ip_options_first_hop(d->options, d->n_options, &hop) : NULL, path, src);
}

int dgram_route_by(const weft_sock *sock, weft_if *by, const struct weft_ip *local, const struct weft_ip *dst,
                   const struct weft_ip *hop, struct ip_path *path, struct weft_ip *src)
{
    weft_stack *s = sock->stack;
    int err = path_to(sock, by, local, hop ? hop : dst, path);

    if (err)
        return err;
    if (!ip_may_speak(path, local, dst))
        return WEFT_ENETUNREACH;
    if (!sock->broadcast && if_is_broadcast(path->ifp, dst))
        return WEFT_EACCES;
    if (ip_is_any(local) || ip_is_multicast(local) || if_is_broadcast(path->ifp, local))
        return chosen_source(sock, path, dst, src)
                   ? 0
                   : route_source_wished(s, path, dst, const_dgram_ep(sock)->rare.prefer, src);
    if (ip_is_loopback(local) && path->ifp->ops->kind != WEFT_LINK_LOOPBACK)
        return WEFT_EINVAL; /* as Linux: such a source must not be seen on a wire */
    *src = *local;
    return 0;
}

void dgram_scope(const struct dgram_ep *d, struct ip_send *how)
{
    bool v4 = ip_is_v4(&how->dst);

    if (!ip_is_multicast(&how->dst))
        return;
    how->ttl = v4 ? d->groups.ttl : d->groups.hops;
    if (v4 ? d->groups.loop_v4 : d->groups.loop_v6)
        how->own |= IP_OWN_HEAR;
    if (how->ttl == 0) /* RFC 1112 §6.1 */
        how->own |= IP_OWN_ONLY;
}

/* ---- names and options ---- */

int dgram_check_local(weft_stack *s, const struct weft_ip *ip)
{
    if (ip_is_any(ip) || ip_is_loopback(ip) || ip_is_multicast(ip) || if_by_address(s, ip))
        return 0;
    list_each(it, &s->interfaces)
        if (if_is_broadcast(container_of(it, weft_if, link), ip))
            return 0;
    return WEFT_EADDRNOTAVAIL;
}

static bool is_membership(int level, int option)
{
    return (level == WEFT_SOL_IP || level == WEFT_SOL_IPV6) && option >= WEFT_MCAST_JOIN_GROUP &&
           option <= WEFT_MCAST_MSFILTER;
}

static int set_options(struct dgram_ep *d, const void *value, size_t n)
{
    int err = ip_options_check(value, n);

    if (err)
        return err;
    ip_options_take(d->options, value, n);
    d->n_options = (uint8_t)n;
    d->path = (struct ip_path){0}; /* the way may be another one now */
    return 0;
}

/* Ports are UDP's. */
static int set_choice(struct dgram_ep *d, int option, const void *value, size_t n)
{
    int err = d->sock.reuse_port && endpoint_ops(&d->sock)->proto == WEFT_UDP
                  ? filter_set(&d->filter, &d->sock.stack->mem, option, value, n)
                  : WEFT_EINVAL;

    if (!err)
        d->filter.chosen_at = ++d->sock.stack->choices;
    return err;
}

int dgram_setopt(weft_sock *sock, int level, int option, const void *value, size_t n)
{
    struct dgram_ep *d = dgram_ep(sock);

    if (is_membership(level, option))
        return membership_set(d, option, level == WEFT_SOL_IP, value, n);
    if (level == WEFT_SOL_IP && option == WEFT_IP_MULTICAST_IF)
        return membership_set_out(d, value, n);
    if (level == WEFT_SOL_IP && option == WEFT_IP_OPTIONS)
        return set_options(d, value, n);
    if (filter_is_option(level, option))
        return filter_is_choice(option) ? set_choice(d, option, value, n)
                                        : filter_set(&d->filter, &d->sock.stack->mem, option, value, n);
    if (sticky_is_option(d, level, option))
        return sticky_set(d, option, value, n);
    return dgram_tune(d, level, option, value, n);
}

int dgram_getopt(const weft_sock *sock, int level, int option, void *value, size_t *n)
{
    const struct dgram_ep *d = const_dgram_ep(sock);

    if (is_membership(level, option))
        return membership_get(d, option, level == WEFT_SOL_IP, value, n);
    if (level == WEFT_SOL_IP && option == WEFT_IP_MULTICAST_IF)
        return membership_get_out(d, value, n);
    if (level == WEFT_SOL_IP && option == WEFT_IP_OPTIONS) {
        *n = min_size(*n, d->n_options);
        memcpy(value, d->options, *n);
        return 0;
    }
    if (filter_is_option(level, option))
        return filter_get(&d->filter, option, value, n);
    if (sticky_is_option(d, level, option))
        return sticky_get(d, option, value, n);
    return dgram_tuned(d, level, option, value, n);
}

void dgram_names(const weft_sock *sock, struct weft_addr *local, struct weft_addr *peer)
{
    *local = const_dgram_ep(sock)->local;
    *peer = const_dgram_ep(sock)->remote;
}

/* ---- the endpoint ---- */

void dgram_init(struct dgram_ep *d, weft_stack *s, const struct sock_ops *ops, enum weft_family family,
                struct list *all)
{
    endpoint_init(&d->sock, s, ops, family);
    d->local.ip = d->remote.ip = endpoint_any(&d->sock);
    d->queue.limit = d->send_limit = DGRAM_BUFFER;
    d->groups = (struct dgram_groups){
        .ttl = 1, /* RFC 1112 §6.1, RFC 3493 §5.2 */
        .hops = 1,
        .loop_v4 = true,
        .loop_v6 = true,
        .all_v4 = family == WEFT_INET, /* as Linux has it: one of IPv6 hears what it has joined itself */
        .all_v6 = true,
        .out_address = weft_ipv4(0),
    };
    list_init(&d->groups.members);
    d->discovery6 = WEFT_PMTUDISC_WANT;
    list_push_back(all, &d->link);
}

void dgram_fini(struct dgram_ep *d)
{
    dgram_leave_groups(d);
    filter_release(&d->filter, &d->sock.stack->mem);
    sticky_forget(d);
    dgram_clear(&d->queue);
    dgram_clear(&d->reports);
    list_remove(&d->link);
    endpoint_fini(&d->sock);
}

int dgram_shutdown(weft_sock *sock, enum weft_shut how)
{
    struct dgram_ep *d = dgram_ep(sock);

    d->no_receive |= how != WEFT_SHUT_WR;
    d->no_send |= how != WEFT_SHUT_RD;
    if (d->no_receive)
        endpoint_notify(sock, WEFT_READABLE | WEFT_PEER_CLOSED | (d->no_send ? WEFT_HANGUP : 0));
    return ip_is_any(&d->remote.ip) ? WEFT_ENOTCONN : 0; /* it is shut down all the same, as on Linux */
}

unsigned dgram_ready(const weft_sock *sock)
{
    const struct dgram_ep *d = const_dgram_ep(sock);

    return WEFT_WRITABLE | (d->queue.packets.count || d->no_receive ? WEFT_READABLE : 0) |
           (sock->error || d->reports.packets.count ? WEFT_ERROR : 0) | (d->no_receive ? WEFT_PEER_CLOSED : 0) |
           (d->no_receive && d->no_send ? WEFT_HANGUP : 0);
}

int64_t dgram_recv_whole(weft_sock *sock, const struct weft_iov *iov, size_t n, unsigned flags, struct weft_addr *from,
                         unsigned *out_flags)
{
    struct dgram_ep *d = dgram_ep(sock);
    const struct weft_pkt *first = d->queue.packets.first;
    int err = endpoint_take_error(sock);

    if (err)
        return err;
    if (flags & WEFT_MSG_OOB)
        return WEFT_EOPNOTSUPP;
    if (!first)
        return d->no_receive ? 0 : WEFT_EAGAIN;
    *from = (struct weft_addr){.ip = first->src};
    return dgram_take(&d->queue, iov, n, flags, out_flags);
}

size_t dgram_unread(const weft_sock *sock)
{
    const struct weft_pkt *first = const_dgram_ep(sock)->queue.packets.first;

    return first ? pkt_total(first) : 0;
}

static struct weft_listing describe(struct dgram_ep *d)
{
    return (struct weft_listing){
        .proto = endpoint_ops(&d->sock)->proto,
        .local = d->local,
        .remote = d->remote,
        .recv_q = d->queue.bytes,
        .cookie = d->sock.cookie,
        .sock = &d->sock,
    };
}

bool dgram_list(struct list *all, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx)
{
    list_each(it, all) {
        struct weft_listing item = describe(container_of(it, struct dgram_ep, link));

        if (!visit(ctx, &item))
            return false;
    }
    return true;
}

/* Goes by its own interface alone, whatever routers say. */
static bool trusts_nobody(uint8_t discovery) { return discovery >= WEFT_PMTUDISC_INTERFACE; }

static int decide_df_v6(const struct dgram_ep *d, size_t message, const struct ip_path *path, struct ip_send *how)
{
    size_t whole = IPV6_HEADER + ip_headers_len(how->headers) + message;
    uint32_t most = d->mtu6 ? min_u32(d->mtu6, path_mtu(path)) : path_mtu(path);

    how->df = how->df || d->rare.tell & RARE_DONTFRAG ||
              (d->discovery6 >= WEFT_PMTUDISC_DO && !trusts_nobody(d->discovery6));
    return (how->df || d->discovery6 == WEFT_PMTUDISC_INTERFACE) && whole > most ? WEFT_EMSGSIZE : 0;
}

int dgram_decide_df(const struct dgram_ep *d, size_t message, struct ip_path *path, struct ip_send *how)
{
    uint8_t discovery = ip_is_v4(&how->dst) ? d->discovery : d->discovery6;

    if (unlikely(trusts_nobody(discovery)))
        path->mtu = 0;
    if (!ip_is_v4(&how->dst))
        return decide_df_v6(d, message, path, how);
    if (d->discovery == WEFT_PMTUDISC_DONT || d->discovery == WEFT_PMTUDISC_OMIT)
        return 0;
    if (d->discovery == WEFT_PMTUDISC_INTERFACE)
        return message + IPV4_HEADER > path_mtu(path) ? WEFT_EMSGSIZE : 0;
    how->df = d->discovery != WEFT_PMTUDISC_WANT || message + IPV4_HEADER <= path_mtu(path);
    return d->discovery == WEFT_PMTUDISC_DO && message + IPV4_HEADER > path_mtu(path) ? WEFT_EMSGSIZE : 0;
}

void dgram_path_shrank(const struct dgram_ep *d, const struct ip_error *err)
{
    bool discovers = d->discovery == WEFT_PMTUDISC_WANT || d->discovery == WEFT_PMTUDISC_DO;

    if (err->too_big && (ip_is_v4(&err->dst) ? discovers : !trusts_nobody(d->discovery6)))
        route_learn_mtu(d->sock.stack, &err->dst, err->mtu, err->datagram);
}
