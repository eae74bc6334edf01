/* SPDX-License-Identifier: MIT */
/* What a program does with a UDP socket: names, peers, datagrams, options (RFC 768, RFC 1122 §4.1.4). */
#include "udp/private.h"

static struct weft_addr nobody(const weft_sock *sock) { return (struct weft_addr){.ip = endpoint_any(sock)}; }

/* Bytes of payload to dst: IPv6's length does not count its own header. */
static size_t udp_max(const struct weft_ip *dst)
{
    return (ip_is_v4(dst) ? IPV4_MAX_LEN - IPV4_HEADER : IP_MAX_LEN) - UDP_HEADER;
}

/* ---- names ---- */

/* The address alone: the port is chosen when it is needed (WEFT_IP_BIND_ADDRESS_NO_PORT). */
static int bind_without_port(struct udp_ep *e, const struct weft_ip *ip)
{
    e->d.local.ip = e->bound_ip = *ip;
    return 0;
}

static int udp_bind(weft_sock *sock, const struct weft_addr *local)
{
    struct udp_ep *e = udp_ep(sock);
    struct weft_addr none = nobody(sock);
    int err = e->d.rare.tell & RARE_FREEBIND ? 0 : dgram_check_local(sock->stack, &local->ip);

    if (e->d.local.port && (!err || sock->v6)) /* of IPv4 Linux looks at the address first */
        return WEFT_EINVAL;
    if (!err && !local->port && e->d.rare.tell & RARE_NO_PORT)
        return bind_without_port(e, &local->ip);
    return err ? err : udp_table_bind(udp_table(sock->stack), e, local, &none);
}

/* Gives a socket that wants to send a port, when it has none yet. */
static int bind_any(struct udp_ep *e, const struct weft_addr *remote)
{
    struct weft_addr local = {.ip = e->bound_ip};

    return e->d.local.port ? 0 : udp_table_bind(udp_table(e->d.sock.stack), e, &local, remote);
}

static void disconnect(struct udp_ep *e)
{
    struct udp_table *t = udp_table(e->d.sock.stack);
    struct weft_addr none = nobody(&e->d.sock);

    if (e->d.remote.port)
        udp_table_connect(t, e, &e->bound_ip, &none);
    if (e->port_chosen)
        udp_table_remove(t, e);
}

static int udp_connect(weft_sock *sock, const struct weft_addr *peer)
{
    struct udp_table *t = udp_table(sock->stack);
    struct udp_ep *e = udp_ep(sock);
    struct ip_path path = {0};
    struct weft_ip src;
    int err;

    udp_way_forget(e);
    if (ip_is_any(&peer->ip)) {
        disconnect(e);
        return 0;
    }
    if (peer->port == 0)
        return WEFT_EINVAL;
    err = dgram_route(sock, &e->bound_ip, &peer->ip, &path, &src);
    if (!err)
        err = bind_any(e, peer);
    if (!err)
        err = udp_table_connect(t, e, &src, peer);
    e->d.path = path;
    return err;
}

/* ---- sending ---- */

/*
 * A datagram of these pieces, or a train of them, header and checksum included; the sum is the link's to complete when
 * it can, and that of a train in any case: who cuts it takes the datagrams'. names: the sum of the pseudo-header, but
 * for the length.
 */
static struct weft_pkt *build(const struct udp_ep *e, const struct udp_message *m, const struct ip_send *how,
                              const struct ip_path *path, const struct csum *names)
{
    const struct weft_addr *dst = m->dst;
    struct csum data = {0}, sum = *names;
    struct udp_header h = {.src_port = e->d.local.port, .dst_port = dst->port, .len = (uint16_t)(m->len + UDP_HEADER)};
    struct weft_pkt *pkt = dgram_gather(e->d.sock.stack, UDP_HEADER, m->iov, m->n, m->len, &data);
    struct writer w;

    if (!pkt)
        return NULL;
    csum_add_u16(&sum, h.len); /* which the pseudo-header has, too */
    if (e->d.rare.tell & RARE_NO_CHECKSUM && ip_is_v4(&dst->ip)) {
        h.checksum = 0; /* SO_NO_CHECK; IPv6 insists on one */
    } else if (m->segment || (path->ifp->offload & WEFT_OFFLOAD_CSUM && h.len <= ip_max_message(how, path))) {
        pkt->gso_size = (uint16_t)m->segment;
        h.checksum = (uint16_t)~csum_fold(&sum);
        pkt->csum_partial = true;
        pkt->csum_offset = UDP_CHECKSUM_AT;
    } else {
        csum_add_u16(&sum, h.src_port);
        csum_add_u16(&sum, h.dst_port);
        csum_add_u16(&sum, h.len);
        csum_add_u16(&sum, (uint16_t)~csum_fold(&data));
        h.checksum = csum_fold(&sum);
        if (h.checksum == 0)
            h.checksum = 0xffff; /* RFC 768: zero says that there is none */
    }
    w = writer(pkt->data, UDP_HEADER);
    udp_emit(&w, &h);
    return pkt;
}

/*
 * May the whole message go down at once? Not when some of its datagrams would have to be fragmented, or have headers of
 * IP's that only a datagram of its own can have, or when others than the link take it.
 */
static bool is_train(const struct udp_ep *e, const struct udp_message *m, const struct ip_send *how,
                     const struct ip_path *path)
{
    return m->segment + UDP_HEADER <= ip_max_message(how, path) && !how->options && !how->headers &&
           !how->own && !(e->d.rare.tell & RARE_NO_CHECKSUM);
}

/* How many datagrams it becomes. */
static uint32_t datagrams(const struct udp_message *m)
{
    return m->segment ? (uint32_t)((m->len + m->segment - 1) / m->segment) : 1;
}

/* To ip, prepared. */
static int64_t send_so(struct udp_ep *e, const struct udp_message *m, const struct ip_send *how,
                       const struct ip_path *path, const struct csum *names)
{
    weft_stack *s = e->d.sock.stack;
    struct weft_pkt *pkt = build(e, m, how, path, names);
    int err = pkt ? ip_output(s, pkt, how, path) : WEFT_ENOMEM;

    if (unlikely(err))
        return err;
    stack_count_n(s, WEFT_COUNT_udp_out, datagrams(m));
    return (int64_t)m->len;
}

/* To somebody to whom the way is not known. */
static int64_t send_anew(struct udp_ep *e, const struct udp_message *m)
{
    weft_stack *s = e->d.sock.stack;
    struct ip_send how = {.proto = IP_PROTO_UDP};
    struct ip_path fresh = {0}, *path = m->dst == &e->d.remote && !m->control ? &e->d.path : &fresh;
    size_t each = m->segment ? m->segment : m->len;
    struct csum names = {0};
    struct ip_extras extras;
    struct weft_addr from;
    int err = dgram_prepare(&e->d, &m->dst->ip, m->control, path, &how);

    dgram_add_extras(&e->d, m->control, &how, &extras);
    if (!err)
        err = dgram_decide_df(&e->d, each + UDP_HEADER, path, &how);
    if (err == WEFT_EMSGSIZE || (!err && m->len > udp_max(&m->dst->ip)))
        return dgram_too_long(&e->d, m->dst, path_mtu(path));
    if (err)
        return err;
    if (unlikely(m->segment && !is_train(e, m, &how, path)))
        return udp_send_segments(e, m);
    from = (struct weft_addr){how.src, e->d.local.port};
    if (!ip_is_v4(&m->dst->ip) && !how.flow_label)
        how.flow_label = ip_flow_label(s, &from, m->dst, IP_PROTO_UDP);
    ip_pseudo_header(&names, &how.src, &m->dst->ip, IP_PROTO_UDP, 0);
    if (path == &e->d.path)
        udp_way_keep(e, m, &how, &names);
    return send_so(e, m, &how, path, &names);
}

int64_t udp_send_one(struct udp_ep *e, const struct udp_message *m)
{
    return likely(udp_way_is_good(e, m)) ? send_so(e, m, &e->way.how, &e->d.path, &e->way.names) : send_anew(e, m);
}

/* In how many bytes each is a message to be cut? 0: it goes as it is. */
static size_t segment_of(const struct udp_ep *e, const struct weft_control *control)
{
    if (control && control->has & WEFT_CONTROL_SEGMENT)
        return control->segment;
    return (size_t)e->d.rare.segment;
}

static int64_t udp_send(weft_sock *sock, const struct weft_iov *iov, size_t n, unsigned flags,
                        const struct weft_addr *to, const struct weft_control *control)
{
    struct udp_ep *e = udp_ep(sock);
    const struct weft_addr *dst = to ? to : &e->d.remote;
    struct udp_message m = {.iov = iov, .n = n, .len = dgram_iov_len(iov, n), .dst = dst, .control = control};
    size_t segment = segment_of(e, control);
    int err = endpoint_take_error(sock);

    if (err)
        return err;
    if (e->d.no_send)
        return WEFT_EPIPE;
    if (flags & (WEFT_MSG_OOB | WEFT_MSG_MORE))
        return WEFT_EOPNOTSUPP;
    if (!to && !e->d.remote.port)
        return WEFT_EDESTADDRREQ;
    if (dst->port == 0 || ip_is_any(&dst->ip))
        return WEFT_EINVAL;
    if (m.len > min_size(IP_MAX_LEN, e->d.send_limit))
        return WEFT_EMSGSIZE;
    err = bind_any(e, dst);
    if (err)
        return err;
    if (unlikely(segment && m.len > segment)) {
        if (m.len > segment * UDP_TRAIN_MAX)
            return WEFT_EINVAL;
        m.segment = segment;
    }
    return udp_send_one(e, &m);
}

/* ---- receiving ---- */

struct weft_addr udp_sender(const struct weft_pkt *pkt)
{
    struct reader r = reader(pkt->base + pkt->l4, UDP_HEADER);

    return (struct weft_addr){.ip = pkt->src, .port = read_u16(&r)};
}

static int64_t udp_recv(weft_sock *sock, const struct weft_iov *iov, size_t n, unsigned flags, struct weft_addr *from,
                        unsigned *out_flags)
{
    struct udp_ep *e = udp_ep(sock);
    struct weft_pkt *pkt;
    uint16_t segment;
    uint32_t at;
    int64_t got;
    int err = endpoint_take_error(sock);

    if (err)
        return err;
    pkt = udp_peeked(e, flags, &at);
    if (!pkt)
        return e->d.no_receive ? 0 : WEFT_EAGAIN;
    *from = udp_sender(pkt);
    if (unlikely(flags & WEFT_MSG_PEEK && e->peek_at >= 0))
        return udp_peek(e, pkt, at, iov, n, flags, out_flags);
    if (e->d.rare.tell & RARE_GRO)
        got = udp_take_train(e, udp_train(e, &segment), iov, n, flags, out_flags);
    else
        got = dgram_take(&e->d.queue, iov, n, flags, out_flags);
    if (!(flags & WEFT_MSG_PEEK))
        udp_peek_back(e, got);
    return got;
}

static void udp_describe(const weft_sock *sock, unsigned flags, struct weft_control *control)
{
    const struct udp_ep *e = container_of(sock, const struct udp_ep, d.sock);
    uint32_t at;
    const struct weft_pkt *pkt = udp_peeked(e, flags, &at);

    if (pkt)
        dgram_describe_one(&e->d, pkt, control);
    if (unlikely(flags & WEFT_MSG_PEEK && e->peek_at >= 0))
        return;
    if (pkt && e->d.rare.tell & RARE_GRO && (udp_train(e, &control->segment) > 1 || pkt->gso_size))
        control->has |= WEFT_CONTROL_SEGMENT;
}

/* ---- coming and going ---- */

void udp_free(struct udp_table *t, struct udp_ep *e)
{
    udp_table_remove(t, e);
    dgram_fini(&e->d);
    slab_free(&t->slab, e);
}

static void udp_close(weft_sock *sock)
{
    udp_free(udp_table(sock->stack), udp_ep(sock));
}

static const struct sock_ops udp_ops = {
    .proto = WEFT_UDP,
    .bind = udp_bind,
    .connect = udp_connect,
    .send = udp_send,
    .recv = udp_recv,
    .describe = udp_describe,
    .recv_report = dgram_recv_report,
    .rare = dgram_rare,
    .own_rare = udp_own_rare,
    .shutdown = dgram_shutdown,
    .close = udp_close,
    .abort = udp_close,
    .setopt = udp_setopt,
    .getopt = udp_getopt,
    .ready = dgram_ready,
    .names = dgram_names,
    .unread = dgram_unread,
};

weft_sock *udp_socket(weft_stack *s, enum weft_family family, int *err)
{
    struct udp_table *t = udp_table(s);
    struct udp_ep *e = slab_alloc(&t->slab);

    if (!e) {
        *err = WEFT_ENOMEM;
        return NULL;
    }
    *e = (struct udp_ep){0};
    dgram_init(&e->d, s, &udp_ops, family, &t->all);
    e->bound_ip = endpoint_any(&e->d.sock);
    e->peek_at = -1;
    return &e->d.sock;
}
