/* SPDX-License-Identifier: MIT */
/*
 * Control messages as the value of an option. IP_PKTOPTIONS tells of a stream where it came in; IPV6_2292PKTOPTIONS
 * (RFC 2292 §6) tells the same in the words of IPv6, and takes the extension headers that go with all that is sent.
 */
#include <errno.h>
#include <string.h>

#include "linux/linux.h"

#define LONGEST 65536 /* bytes of messages that may be set, as on Linux */

static int came(const struct linux_sock *s, int level, int option, struct weft_control *c)
{
    size_t size = sizeof *c;

    return weft_getsockopt(s->sock, level, option, c, &size);
}

int linux_pktoptions_get(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n)
{
    const struct linux_sock plain = {.type = SOCK_DGRAM};
    struct msghdr msg = {.msg_control = value, .msg_controllen = *n};
    struct weft_control c;
    int err = came(s, IPPROTO_IP, IP_PKTOPTIONS, &c);
    bool tos = !err && c.has & WEFT_CONTROL_TOS;

    (void)own;
    if (err)
        return err;
    c.has &= ~(unsigned)WEFT_CONTROL_TOS;
    linux_give_control(&plain, &c, &msg, false);
    if (tos) { /* an int, other than with datagrams */
        size_t used = msg.msg_controllen;

        msg.msg_controllen = *n;
        msg.msg_controllen = linux_put_control(&msg, used, IPPROTO_IP, IP_TOS, &c.tos, sizeof c.tos);
    }
    *n = (socklen_t)msg.msg_controllen;
    return 0;
}

int linux_pktoptions6_get(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n)
{
    const struct linux_sock plain = {.type = SOCK_DGRAM, .rfc2292 = s->rfc2292};
    struct msghdr msg = {.msg_control = value, .msg_controllen = *n};
    struct weft_control c;
    int err = came(s, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, &c);

    (void)own;
    if (err)
        return err;
    linux_give_control(&plain, &c, &msg, false);
    *n = (socklen_t)msg.msg_controllen;
    return 0;
}

static bool is_ours(weft_stack *stack, const struct weft_ip *ip)
{
    struct weft_if_info info;

    for (size_t i = 0; weft_if_info(stack, i, &info); i++)
        for (size_t a = 0; a < info.n_addresses; a++)
            if (memcmp(&info.address[a].ip, ip, sizeof *ip) == 0)
                return true;
    return false;
}

/* May it be sent from there? A link-local address needs its interface to be one. */
static bool is_source(weft_stack *stack, const struct weft_control *c)
{
    static const struct weft_ip any;
    struct weft_ip source = c->address;

    if (memcmp(&source, &any, sizeof any) == 0)
        return true;
    weft_ip_set_zone(&source, c->interface);
    return !weft_ip_is_v4(&source) && is_ours(stack, &source);
}

/* What counts for one send alone is looked at, and that is all, as on Linux. */
static int check(const struct linux_sock *s, const struct weft_control *c)
{
    struct weft_if_info info;

    if (c->has & WEFT_CONTROL_TTL && (c->ttl < -1 || c->ttl > 255))
        return -EINVAL;
    if (c->has & WEFT_CONTROL_TOS && (c->tos < -1 || c->tos > 255))
        return -EINVAL;
    if (c->interface && !linux_find_interface(weft_sock_stack(s->sock), NULL, c->interface, &info))
        return -ENODEV;
    return c->has & WEFT_CONTROL_PKTINFO6 && !is_source(weft_sock_stack(s->sock), c) ? -EINVAL : 0;
}

/* No header takes away what there was. */
static int put_sticky(const struct linux_sock *s, int option, const uint8_t *header)
{
    return weft_setsockopt(s->sock, IPPROTO_IPV6, option, header, header ? (header[1] + 1u) * 8 : 0);
}

int linux_pktoptions6_set(const struct linux_sock *s, const void *value, size_t n)
{
    struct linux_sock plain = {s->sock, .domain = AF_INET6, .type = SOCK_DGRAM, .now = s->now};
    struct msghdr msg = {.msg_control = (void *)(uintptr_t)value, .msg_controllen = n}; /* only read */
    struct weft_addr anybody = {0};
    struct weft_control c;
    unsigned stamps;
    int err;

    if (n > LONGEST)
        return -EINVAL;
    err = linux_take_control(&plain, &msg, &anybody, &c, &stamps);
    if (!err)
        err = check(s, &c);
    if (!err)
        err = put_sticky(s, IPV6_HOPOPTS, c.hop_options);
    return err ? err : put_sticky(s, IPV6_DSTOPTS, c.destination_options);
}
