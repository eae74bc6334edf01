/* SPDX-License-Identifier: MIT */
/*
 * What a program does with a raw socket (raw(7), RFC 3542 §3): any protocol goes out and comes in, in IPv4 also with
 * the header that the program made. Nobody needs a permission: the stack is the program's own.
 */
#include "raw/private.h"

/* ---- names ---- */

static int raw_bind(weft_sock *sock, const struct weft_addr *local)
{
    struct raw_ep *e = raw_ep(sock);
    int err;

    if (!ip_is_any(&e->d.remote.ip))
        return WEFT_EINVAL;
    if (e->d.sock.v6 && ip_is_v4(&local->ip))
        return WEFT_EADDRNOTAVAIL;
    err = e->d.rare.tell & RARE_FREEBIND ? 0 : dgram_check_local(sock->stack, &local->ip);
    if (!err)
        e->bound = e->d.local.ip = local->ip;
    return err;
}

static int raw_connect(weft_sock *sock, const struct weft_addr *peer)
{
    struct raw_ep *e = raw_ep(sock);
    struct ip_path path = {0};
    struct weft_ip src = e->bound;
    struct weft_addr to = {.ip = endpoint_any(sock)};
    int err = 0;

    if (!ip_is_any(&peer->ip)) {
        to = *peer;
        err = dgram_route(sock, &e->bound, &to.ip, &path, &src);
    }
    if (err)
        return err;
    e->d.local.ip = src;
    e->d.remote = to;
    e->d.path = path;
    return 0;
}

/* ---- sending ---- */

/* Writes the checksum of a message of IPv6 where the socket has one. */
static int seal(const struct raw_ep *e, struct weft_pkt *pkt, const struct ip_send *how)
{
    struct csum sum = {0};
    uint8_t *at;

    if (ip_is_v4(&how->dst) || e->checksum_at < 0)
        return 0;
    if ((uint32_t)e->checksum_at + 2 > pkt_total(pkt))
        return WEFT_EINVAL;
    at = pkt->data + e->checksum_at;
    memset(at, 0, 2);
    ip_pseudo_header(&sum, &how->src, &how->dst, how->proto, pkt_total(pkt));
    pkt_csum(pkt, 0, pkt_total(pkt), &sum);
    poke_u16(at, csum_fold(&sum));
    return 0;
}

/* What belongs to a message whose header is ours to make. */
static int dress(struct raw_ep *e, struct weft_pkt *pkt, const struct weft_control *control, struct ip_path *path,
                 struct ip_send *how, struct ip_extras *extras)
{
    int err;

    dgram_add_extras(&e->d, control, how, extras);
    err = dgram_decide_df(&e->d, pkt_total(pkt), path, how);
    return err ? err : seal(e, pkt, how);
}

/* Owns pkt. */
static int send_message(struct raw_ep *e, struct weft_pkt *pkt, const struct weft_ip *dst,
                        const struct weft_control *control)
{
    weft_stack *s = e->d.sock.stack;
    struct ip_send how = {.proto = e->protocol};
    struct ip_path path = {0};
    struct ip_extras extras;
    int err = dgram_prepare(&e->d, dst, control, &path, &how);

    if (!err && e->header_included && !(how.own & IP_OWN_ONLY))
        return ip_output_whole(s, pkt, &how, &path);
    if (!err)
        err = dress(e, pkt, control, &path, &how, &extras);
    if (!err)
        return ip_output(s, pkt, &how, &path);
    pkt_release(pkt);
    return err;
}

/* Bytes that one call may hand over: with a header, one of IPv6 is not in its length. */
static size_t longest(const struct raw_ep *e)
{
    size_t header = e->d.sock.v6 ? 0 : IPV4_HEADER;

    if (e->header_included)
        header = e->d.sock.v6 ? IPV6_HEADER : 0;
    return min_size(e->header_included ? IP_MAX_LEN + header : IP_MAX_LEN - header, e->d.send_limit);
}

/* Shut down or not: Linux does not look either. */
static int check_send(const struct raw_ep *e, const struct weft_ip *dst, size_t len, unsigned flags)
{
    bool v4 = !e->d.sock.v6;

    if (flags & (WEFT_MSG_OOB | WEFT_MSG_MORE))
        return WEFT_EOPNOTSUPP;
    if (ip_is_any(dst))
        return WEFT_EDESTADDRREQ;
    if (ip_is_v4(dst) != v4)
        return WEFT_EINVAL;
    if (e->header_included && len < (v4 ? IPV4_HEADER : IPV6_HEADER))
        return WEFT_EINVAL;
    return len > longest(e) ? WEFT_EMSGSIZE : 0;
}

static int64_t raw_send(weft_sock *sock, const struct weft_iov *iov, size_t n, unsigned flags,
                        const struct weft_addr *to, const struct weft_control *control)
{
    struct raw_ep *e = raw_ep(sock);
    const struct weft_ip *dst = to ? &to->ip : &e->d.remote.ip;
    size_t len = dgram_iov_len(iov, n);
    bool another = to && e->d.sock.v6 && to->port && to->port != e->protocol && e->protocol != WEFT_RAW;
    struct csum unused = {0};
    struct weft_pkt *pkt;
    int err = endpoint_take_error(sock);

    if (!err)
        err = another ? WEFT_EINVAL : check_send(e, dst, len, flags); /* in IPv6 a port names a protocol, as on Linux */
    if (err)
        return err;
    pkt = dgram_gather(sock->stack, 0, iov, n, len, &unused);
    if (!pkt)
        return WEFT_ENOMEM;
    err = send_message(e, pkt, dst, control);
    return err ? err : (int64_t)len;
}

/* ---- coming and going ---- */

void raw_free(struct raw_table *t, struct raw_ep *e)
{
    e->d.sock.stack->raw_sockets--;
    raw_set_alert(e, -1);
    dgram_fini(&e->d);
    slab_free(&t->slab, e);
}

static void raw_close(weft_sock *sock) { raw_free(raw_table(sock->stack), raw_ep(sock)); }

static unsigned raw_protocol(const weft_sock *sock) { return const_raw_ep(sock)->protocol; }

static const struct sock_ops raw_ops = {
    .proto = WEFT_RAW,
    .protocol = raw_protocol,
    .bind = raw_bind,
    .connect = raw_connect,
    .send = raw_send,
    .recv = dgram_recv_whole,
    .shutdown = dgram_shutdown,
    .close = raw_close,
    .abort = raw_close,
    .setopt = raw_setopt,
    .getopt = raw_getopt,
    .ready = dgram_ready,
    .names = dgram_names,
    .unread = dgram_unread,
    .describe = dgram_describe,
    .recv_report = dgram_recv_report,
    .rare = dgram_rare,
    .own_rare = dgram_own_rare,
};

weft_sock *raw_socket(weft_stack *s, enum weft_family family, uint8_t protocol, int *err)
{
    struct raw_table *t = raw_table(s);
    struct raw_ep *e = slab_alloc(&t->slab);

    if (!e) {
        *err = WEFT_ENOMEM;
        return NULL;
    }
    *e = (struct raw_ep){
        .protocol = protocol,
        .header_included = protocol == WEFT_RAW,
        .alert = -1,
        .checksum_at = family == WEFT_INET6 && protocol == IP_PROTO_ICMPV6 ? 2 : -1,
    };
    dgram_init(&e->d, s, &raw_ops, family, &t->all);
    e->d.sock.v6only = family == WEFT_INET6;
    e->d.sock.reuse_addr = true; /* as Linux tells it; several have an address in any case */
    e->bound = e->d.local.ip;
    e->d.local.port = protocol;
    s->raw_sockets++;
    return &e->d.sock;
}
