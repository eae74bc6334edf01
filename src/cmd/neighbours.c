/* SPDX-License-Identifier: MIT */
#include "cmd/neighbours.h"

#include <stdlib.h>
#include <string.h>

/* ---- arguments ---- */

/* "02:00:00:00:00:01", leading zeros or not. */
static bool parse_mac(const char *text, uint8_t mac[6])
{
    unsigned b[6];
    char rest;
    int i;

    if (strspn(text, "0123456789abcdefABCDEF:") != strlen(text) || strlen(text) > 17 ||
        sscanf(text, "%x:%x:%x:%x:%x:%x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &rest) != 6)
        return false;
    for (i = 0; i < 6; i++) {
        if (b[i] > 255)
            return false;
        mac[i] = (uint8_t)b[i];
    }
    return true;
}

static error_t take_arg(struct argp_state *state, struct neighbours_opts *o, const char *arg, bool v4)
{
    if (o->has_ip && o->action == NEIGHBOURS_SET && !o->has_mac) {
        o->has_mac = parse_mac(arg, o->mac);
        return o->has_mac ? 0 : args_error(state, "bad station address '%s': give it as 02:00:00:00:00:01", arg);
    }
    if (o->has_ip)
        return args_error(state, "unexpected argument '%s'", arg);
    if (args_ip(state, arg, &o->ip))
        return EINVAL;
    o->has_ip = true;
    return weft_ip_is_v4(&o->ip) == v4 ? 0 : args_error(state, "%s is an address of IPv%d: see weft %s", arg, v4 ? 6 : 4,
                                                        v4 ? "ndp" : "arp");
}

static error_t check(struct argp_state *state, const struct neighbours_opts *o)
{
    if (o->action == NEIGHBOURS_SET && !o->has_mac)
        return args_error(state, "-s needs ADDR MAC");
    if (o->action == NEIGHBOURS_DELETE && !o->has_ip)
        return args_error(state, "-d needs ADDR");
    return 0;
}

error_t neighbours_parse(int key, char *arg, struct argp_state *state, struct neighbours_opts *o, bool v4)
{
    switch (key) {
    case 'n':
        return 0;
    case 'i':
        o->if_name = arg;
        return 0;
    case 's':
        o->action = NEIGHBOURS_SET;
        return 0;
    case 'd':
        o->action = NEIGHBOURS_DELETE;
        return 0;
    case ARGP_KEY_ARG:
        return take_arg(state, o, arg, v4);
    case ARGP_KEY_END:
        return check(state, o);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- showing ---- */

bool neighbours_copy(struct cmd_ctx *ctx, size_t i, struct neighbour *out)
{
    bool there = weft_neighbour_info(weft_host_lock(ctx->host), i, &out->n);
    const uint8_t *m = out->n.mac;
    struct weft_ip bare;

    if (there)
        snprintf(out->if_name, sizeof out->if_name, "%s", out->n.if_name);
    weft_host_unlock(ctx->host);
    if (!there)
        return false;
    bare = out->n.ip;
    weft_ip_set_zone(&bare, 0);
    weft_ip_text(&bare, out->bare, sizeof out->bare);
    weft_host_ip_text(ctx->host, &out->n.ip, out->ip, sizeof out->ip);
    out->known = strcmp(out->n.state, "incomplete") != 0 && strcmp(out->n.state, "failed") != 0;
    snprintf(out->mac, sizeof out->mac, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
    return true;
}

bool neighbours_wanted(const struct neighbours_opts *o, const struct neighbour *n, bool v4)
{
    if (weft_ip_is_v4(&n->n.ip) != v4 || (o->if_name && strcmp(o->if_name, n->if_name) != 0))
        return false;
    return !o->has_ip || memcmp(&o->ip, &n->n.ip, sizeof o->ip) == 0;
}

void neighbours_json(struct json *j, const struct neighbour *n)
{
    json_open(j, NULL, '{');
    json_text(j, "address", n->ip);
    if (n->known)
        json_text(j, "mac", n->mac);
    json_text(j, "interface", n->if_name);
    json_text(j, "state", n->n.state);
    if (n->n.router)
        json_text(j, "flags", "router");
    json_number(j, "age_ms", n->n.age / WEFT_MS);
    json_close(j, '}');
}

/* ---- changing ---- */

static bool is_on_link(const struct weft_if_info *info, size_t k, const struct weft_ip *ip)
{
    unsigned bits = info->address[k].prefix + (weft_ip_is_v4(ip) ? 96 : 0), i;
    const struct weft_ip *ours = &info->address[k].ip;

    for (i = 0; i < bits; i++) {
        if ((ours->b[i / 8] ^ ip->b[i / 8]) & (0x80 >> i % 8))
            return false;
    }
    return weft_ip_is_v4(ours) == weft_ip_is_v4(ip);
}

/* The interface that the address lies behind: the one that was named, its zone, or one with an address beside it. */
static weft_if *find_interface(weft_stack *stack, const struct neighbours_opts *o)
{
    struct weft_if_info info;
    size_t i, k;

    if (o->if_name)
        return weft_if_find(stack, o->if_name);
    if (weft_ip_zone(&o->ip))
        return weft_if_by_index(stack, weft_ip_zone(&o->ip));
    for (i = 0; weft_if_info(stack, i, &info); i++) {
        for (k = 0; k < info.n_addresses; k++) {
            if (is_on_link(&info, k, &o->ip))
                return weft_if_find(stack, info.name);
        }
    }
    return NULL;
}

/* Forgets all of a family that are not fixed. */
static void flush(struct cmd_ctx *ctx, const struct neighbours_opts *o, bool v4)
{
    weft_stack *stack = weft_host_lock(ctx->host);
    struct weft_neighbour n;
    size_t i = 0;

    while (weft_neighbour_info(stack, i, &n)) {
        bool stays = weft_ip_is_v4(&n.ip) != v4 || strcmp(n.state, "permanent") == 0 ||
                     (o->if_name && strcmp(o->if_name, n.if_name) != 0);

        if (stays || weft_neighbour_del(weft_if_find(stack, n.if_name), &n.ip) < 0)
            i++;
    }
    weft_host_unlock(ctx->host);
}

int neighbours_act(struct cmd_ctx *ctx, const struct neighbours_opts *o, bool v4)
{
    char text[WEFT_IP_TEXT];
    weft_if *ifp;
    int err = 0;

    if (o->action == NEIGHBOURS_FLUSH) {
        flush(ctx, o, v4);
        return 0;
    }
    ifp = find_interface(weft_host_lock(ctx->host), o);
    if (ifp)
        err = o->action == NEIGHBOURS_SET ? weft_neighbour_add(ifp, &o->ip, o->mac) : weft_neighbour_del(ifp, &o->ip);
    weft_host_unlock(ctx->host);
    weft_host_ip_text(ctx->host, &o->ip, text, sizeof text);
    if (!ifp && o->if_name)
        return cmd_fail(ctx, CMD_USAGE, "there is no interface %s", o->if_name);
    if (!ifp)
        return cmd_fail(ctx, CMD_USAGE, "%s lies behind no interface of ours: name one with -i", text);
    return err == 0 ? 0 : cmd_fail(ctx, CMD_FAILED, "%s: %s", text, weft_strerror(err));
}
