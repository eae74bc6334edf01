/* SPDX-License-Identifier: MIT */
/* The calls of weft/sock.h that move data, and what comes from their callers: pieces, addresses, ancillary data. */
#include "sock/options.h"
#include "sock/sock.h"
#include "wire/ip.h"

/* ---- what comes from the caller ---- */

/* The only interface that has a link; 0: there are none or several. */
static unsigned only_zone(weft_stack *s)
{
    unsigned zone = 0;

    list_each(it, &s->interfaces) {
        const weft_if *ifp = container_of(it, weft_if, link);

        if (ifp->ops->kind == WEFT_LINK_LOOPBACK)
            continue;
        if (zone)
            return 0;
        zone = ifp->index;
    }
    return zone;
}

/* An address of link scope is whole with its zone only (RFC 4007 §6). */
static int complete_zone(weft_stack *s, struct weft_ip *ip)
{
    if (!ip_is_zoned(ip))
        return 0;
    if (ip_zone(ip) == 0)
        ip_set_zone(ip, only_zone(s));
    return if_by_index(s, ip_zone(ip)) ? 0 : WEFT_EINVAL;
}

int sock_take_addr(const weft_sock *sock, const struct weft_addr *from, struct weft_addr *to, int v4)
{
    if (!from)
        return WEFT_EINVAL;
    *to = *from;
    if (sock->v6)
        return sock->v6only && ip_is_v4(&to->ip) ? v4 : complete_zone(sock->stack, &to->ip);
    if (ip_is_any(&from->ip))
        to->ip = weft_ipv4(0);
    return ip_is_v4(&to->ip) ? 0 : WEFT_EAFNOSUPPORT;
}

/* Are the pieces usable, and is their sum a number that a result can say and that size_t holds? */
static int check_iov(const struct weft_iov *iov, size_t n)
{
    size_t left = PTRDIFF_MAX;

    if (n && !iov)
        return WEFT_EFAULT;
    for (size_t i = 0; i < n; i++) {
        if (iov[i].len && !iov[i].base)
            return WEFT_EFAULT;
        if (iov[i].len > left)
            return WEFT_EINVAL;
        left -= iov[i].len;
    }
    return 0;
}

/* ---- out ---- */

/* An interface that the caller names is the zone of a destination that has none. */
static struct weft_addr in_zone(const struct weft_addr *to, const struct weft_control *control)
{
    struct weft_addr addr = *to;

    if (control && control->has & (WEFT_CONTROL_PKTINFO | WEFT_CONTROL_PKTINFO6) && control->interface &&
        ip_is_zoned(&addr.ip) && ip_zone(&addr.ip) == 0)
        ip_set_zone(&addr.ip, control->interface);
    return addr;
}

int64_t weft_sendmsg_control(weft_sock *sock, const struct weft_iov *iov, size_t n_iov, unsigned flags,
                             const struct weft_addr *to, const struct weft_control *control)
{
    const struct sock_ops *ops = endpoint_ops(sock);
    struct weft_addr addr, whole;
    int err = check_iov(iov, n_iov);

    if (!err && flags & WEFT_MSG_OOB && ops->proto != WEFT_TCP) /* whatever else is wrong */
        err = WEFT_EOPNOTSUPP;
    if (!err && to) {
        whole = in_zone(to, control);
        err = sock_take_addr(sock, &whole, &addr, ops->proto == WEFT_RAW ? WEFT_EINVAL : WEFT_ENETUNREACH);
    }
    if (err)
        return err;
    return ops->send ? ops->send(sock, iov, n_iov, flags, to ? &addr : NULL, control) : WEFT_EOPNOTSUPP;
}

int64_t weft_sendmsg(weft_sock *sock, const struct weft_iov *iov, size_t n_iov, unsigned flags,
                     const struct weft_addr *to)
{
    return weft_sendmsg_control(sock, iov, n_iov, flags, to, NULL);
}

int64_t weft_sendto(weft_sock *sock, const void *buf, size_t n, unsigned flags, const struct weft_addr *to)
{
    struct weft_iov iov = {.base = (void *)(uintptr_t)buf, .len = n}; /* only read through */

    return weft_sendmsg(sock, &iov, 1, flags, to);
}

int64_t weft_send(weft_sock *sock, const void *buf, size_t n, unsigned flags)
{
    return weft_sendto(sock, buf, n, flags, NULL);
}

int64_t weft_send_from(weft_sock *sock, size_t n, weft_carry *carry, void *ctx)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    return ops->send_from ? ops->send_from(sock, n, carry, ctx) : WEFT_EOPNOTSUPP;
}

int64_t weft_send_lent(weft_sock *sock, const void *bytes, size_t n, unsigned flags, weft_release *release, void *ctx)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    if (!ops->send_lent)
        return WEFT_EOPNOTSUPP;
    if (flags & ~(unsigned)(WEFT_MSG_MORE | WEFT_MSG_EOR))
        return WEFT_EINVAL;
    return n ? ops->send_lent(sock, bytes, n, flags, release, ctx) : 0;
}

/* ---- in ---- */

int64_t weft_recvmsg_control(weft_sock *sock, const struct weft_iov *iov, size_t n_iov, unsigned flags,
                             struct weft_addr *from, unsigned *out_flags, struct weft_control *control)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    *control = (struct weft_control){.arrived = sock->stack->now};
    if (ops->describe) /* before it is taken out of the queue */
        ops->describe(sock, flags, control);
    return weft_recvmsg(sock, iov, n_iov, flags, from, out_flags);
}

int64_t weft_recvmsg(weft_sock *sock, const struct weft_iov *iov, size_t n_iov, unsigned flags, struct weft_addr *from,
                     unsigned *out_flags)
{
    const struct sock_ops *ops = endpoint_ops(sock);
    struct weft_addr sender;
    unsigned result_flags = 0;
    int64_t n = check_iov(iov, n_iov);

    if (from) /* a stream says nothing of it */
        sender = (struct weft_addr){.ip = endpoint_any(sock)};
    if (n == 0)
        n = ops->recv ? ops->recv(sock, iov, n_iov, flags, &sender, &result_flags) : WEFT_EOPNOTSUPP;
    if (from && n >= 0)
        *from = sender;
    if (out_flags)
        *out_flags = result_flags;
    return n;
}

int64_t weft_recvfrom(weft_sock *sock, void *buf, size_t n, unsigned flags, struct weft_addr *from)
{
    struct weft_iov iov = {.base = buf, .len = n};

    return weft_recvmsg(sock, &iov, 1, flags, from, NULL);
}

int64_t weft_recv(weft_sock *sock, void *buf, size_t n, unsigned flags)
{
    return weft_recvfrom(sock, buf, n, flags, NULL);
}

int64_t weft_recv_to(weft_sock *sock, weft_carry *carry, void *ctx)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    return ops->recv_to ? ops->recv_to(sock, carry, ctx) : WEFT_EOPNOTSUPP;
}

void weft_recv_waits(weft_sock *sock, size_t bytes)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    if (ops->recv_waits)
        ops->recv_waits(sock, bytes);
}

int64_t weft_recv_borrowed(weft_sock *sock, struct weft_loan *piece, size_t *n)
{
    const struct sock_ops *ops = endpoint_ops(sock);
    int64_t got;

    if (*n == 0)
        return WEFT_EINVAL;
    got = ops->recv_borrowed ? ops->recv_borrowed(sock, piece, n) : WEFT_EOPNOTSUPP;
    if (got <= 0)
        *n = 0;
    return got;
}

void weft_return(const struct weft_loan *piece, size_t n)
{
    for (size_t i = 0; i < n; i++)
        block_unref(piece[i].of);
}

bool weft_report_waits(const weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    return ops->report_waits && ops->report_waits(sock);
}

int64_t weft_recv_report(weft_sock *sock, const struct weft_iov *iov, size_t n_iov, unsigned *out_flags,
                         struct weft_report *report)
{
    const struct sock_ops *ops = endpoint_ops(sock);
    int err = check_iov(iov, n_iov);

    *out_flags = 0;
    if (err)
        return err;
    return ops->recv_report ? ops->recv_report(sock, iov, n_iov, out_flags, report) : WEFT_EAGAIN;
}
