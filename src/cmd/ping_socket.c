/* SPDX-License-Identifier: MIT */
#include "cmd/ping_socket.h"

#include "cmd/interfaces.h"

struct opening {
    weft_host *host;
    const struct ping_opts *o;
    int s;
    bool v6;
};

static int set(const struct opening *p, int level, int option, int value)
{
    return weft_host_setsockopt(p->host, p->s, level, option, &value, sizeof value);
}

/* An option that both families have, under different numbers. */
static int set_ip(const struct opening *p, int option4, int option6, int value)
{
    return p->v6 ? set(p, WEFT_SOL_IPV6, option6, value) : set(p, WEFT_SOL_IP, option4, value);
}

static int set_options(const struct opening *p)
{
    int err = set_ip(p, WEFT_IP_RECVERR, WEFT_IPV6_RECVERR, 1);

    if (!err)
        err = set_ip(p, WEFT_IP_RECVTTL, WEFT_IPV6_RECVHOPLIMIT, 1);
    if (!err && p->o->ttl)
        err = set_ip(p, WEFT_IP_TTL, WEFT_IPV6_UNICAST_HOPS, (int)p->o->ttl);
    if (!err && p->o->ttl)
        err = set_ip(p, WEFT_IP_MULTICAST_TTL, WEFT_IPV6_MULTICAST_HOPS, (int)p->o->ttl);
    if (!err && p->o->tos)
        err = set_ip(p, WEFT_IP_TOS, WEFT_IPV6_TCLASS, (int)p->o->tos);
    if (!err && p->o->discover >= 0)
        err = set_ip(p, WEFT_IP_MTU_DISCOVER, WEFT_IPV6_MTU_DISCOVER, p->o->discover);
    if (!err && p->o->broadcast)
        err = set(p, WEFT_SOL_SOCKET, WEFT_SO_BROADCAST, 1);
    return err;
}

/* -R, -T */
static int ask_for_options(const struct opening *p, size_t *n_asked)
{
    uint8_t asked[IPV4_MAX_OPTIONS];

    *n_asked = ping_options_ask(p->o->record, asked);
    return *n_asked ? weft_host_setsockopt(p->host, p->s, WEFT_SOL_IP, WEFT_IP_OPTIONS, asked, *n_asked) : 0;
}

/* -I: an address of ours, or else an interface. */
static int choose_source(const struct opening *p)
{
    struct weft_addr local = {.port = 0};
    int index;

    if (!p->o->from)
        return 0;
    if (weft_host_ip_parse(p->host, p->o->from, &local.ip) == 0)
        return weft_ip_is_v4(&local.ip) == !p->v6 ? weft_host_bind(p->host, p->s, &local) : WEFT_EINVAL;
    index = interfaces_index(p->host, p->o->from);
    return index ? set(p, WEFT_SOL_SOCKET, WEFT_SO_BINDTOIFINDEX, index) : WEFT_ENODEV;
}

static int prepare(struct cmd_ctx *ctx, const struct opening *p, const char *to, size_t *n_asked)
{
    const struct weft_addr peer = {.ip = p->o->ip};
    int err = choose_source(p);

    if (err)
        return cmd_fail(ctx, CMD_USAGE, "-I %s: %s", p->o->from, weft_strerror(err));
    err = set_options(p);
    if (!err)
        err = ask_for_options(p, n_asked);
    if (!err && !ping_asks_many(p->o))
        err = weft_host_connect(p->host, p->s, &peer, WEFT_NEVER);
    if (err == WEFT_EACCES)
        return cmd_fail(ctx, CMD_USAGE, "%s is an address of broadcast: -b asks everybody there", to);
    return err ? cmd_fail(ctx, CMD_USAGE, "cannot reach %s: %s", to, weft_strerror(err)) : 0;
}

int ping_open(struct cmd_ctx *ctx, const struct ping_opts *o, const char *to, size_t *n_asked)
{
    struct opening p = {.host = ctx->host, .o = o, .v6 = !weft_ip_is_v4(&o->ip)};
    char label[32];

    p.s = weft_host_socket(ctx->host, p.v6 ? WEFT_ICMPV6 : WEFT_ICMP);
    if (p.s < 0) {
        cmd_fail(ctx, CMD_FAILED, "%s", weft_strerror(p.s));
        return -1;
    }
    snprintf(label, sizeof label, "%d/ping", ctx->pid);
    weft_host_label(ctx->host, p.s, label);
    if (prepare(ctx, &p, to, n_asked) == 0)
        return p.s;
    weft_host_close(ctx->host, p.s);
    return -1;
}
