/* SPDX-License-Identifier: MIT */
/*
 * weft ndp: the neighbours of IPv6 as `ip -6 neigh` prints them, or as BSD's ndp -a does; fixing and forgetting them; the
 * routers and the servers of names that were heard of.
 */
#include "cmd/neighbours.h"

#include <ctype.h>
#include <string.h>

struct ndp_opts {
    struct neighbours_opts all; /* first */
    bool bsd, routers, names;
};

enum { KEY_NAMES = 0x100 };

static const struct argp_option ndp_options[] = {
    {NULL, 'a', NULL, 0, "As a table, as BSD prints it", 1},
    {NULL, 'n', NULL, 0, "Addresses as numbers (they always are)", 1},
    {NULL, 'i', "IF", 0, "Only behind this interface", 1},
    {NULL, 's', NULL, 0, "Fix the station address of ADDR: it does not age, and nobody else can change it", 1},
    {NULL, 'd', NULL, 0, "Forget ADDR", 1},
    {NULL, 'c', NULL, 0, "Forget all that are not fixed", 1},
    {NULL, 'r', NULL, 0, "The default routers instead", 2},
    {"dns", KEY_NAMES, NULL, 0, "What routers said of servers of names, and domains to search", 2},
    {0},
};

static error_t parse_ndp(int key, char *arg, struct argp_state *state)
{
    struct ndp_opts *o = args_opts(state);

    switch (key) {
    case 'a':
        o->bsd = true;
        return 0;
    case 'c':
        o->all.action = NEIGHBOURS_FLUSH;
        return 0;
    case 'r':
        o->routers = true;
        return 0;
    case KEY_NAMES:
        o->names = true;
        return 0;
    case ARGP_KEY_ARG:
        if (strcmp(arg, "show") == 0)
            return 0;
        break;
    }
    return neighbours_parse(key, arg, state, &o->all, false);
}

/* ---- neighbours ---- */

/* "23h59m59s", or "permanent": how long the state lasts. */
static void expiry_text(const struct cmd_ctx *ctx, const struct neighbour *n, char *buf, size_t size)
{
    weft_time now = weft_host_now(ctx->host), left = n->n.until > now ? (n->n.until - now) / WEFT_S : 0;

    if (n->n.until == WEFT_NEVER)
        snprintf(buf, size, "%s", strcmp(n->n.state, "permanent") == 0 ? "permanent" : "-");
    else if (left >= 60)
        snprintf(buf, size, "%llum%llus", (unsigned long long)(left / 60), (unsigned long long)(left % 60));
    else
        snprintf(buf, size, "%llus", (unsigned long long)left);
}

static void print_row(struct cmd_ctx *ctx, const struct neighbour *n)
{
    char expiry[32];

    expiry_text(ctx, n, expiry, sizeof expiry);
    fprintf(ctx->out, "%-39s %-17s %6s %-9s %c%s\n", n->ip, n->known ? n->mac : "(incomplete)", n->if_name, expiry,
            strcmp(n->n.state, "permanent") == 0 ? 'R' : toupper((unsigned char)n->n.state[0]), n->n.router ? " R" : "");
}

static void print_line(struct cmd_ctx *ctx, const struct neighbour *n)
{
    const char *s;

    fprintf(ctx->out, "%s dev %s ", n->bare, n->if_name);
    if (n->known)
        fprintf(ctx->out, "lladdr %s ", n->mac);
    if (n->n.router)
        fputs("router ", ctx->out);
    for (s = n->n.state; *s; s++)
        fputc(toupper((unsigned char)*s), ctx->out);
    fputs(" \n", ctx->out);
}

static void show_neighbours(struct cmd_ctx *ctx, struct json *j)
{
    const struct ndp_opts *o = ctx->opts;
    struct neighbour n;
    size_t i;

    if (!j && o->bsd)
        fprintf(ctx->out, "%-39s %-17s %6s %-9s %s\n", "Neighbor", "Linklayer Address", "Netif", "Expire", "S Flags");
    for (i = 0; neighbours_copy(ctx, i, &n); i++) {
        if (!neighbours_wanted(&o->all, &n, false))
            continue;
        if (j)
            neighbours_json(j, &n);
        else if (o->bsd)
            print_row(ctx, &n);
        else
            print_line(ctx, &n);
    }
}

/* ---- routers, names ---- */

static bool is_default_of_v6(const struct weft_route *r)
{
    static const struct weft_ip any;

    return r->prefix == 0 && !weft_ip_is_v4(&r->dst) && memcmp(&r->gateway, &any, sizeof any) != 0;
}

static void show_routers(struct cmd_ctx *ctx, struct json *j)
{
    struct weft_route r;
    char name[32], text[WEFT_IP_TEXT];
    bool there;
    size_t i;

    for (i = 0;; i++) {
        there = weft_route_info(weft_host_lock(ctx->host), i, &r);
        if (there)
            snprintf(name, sizeof name, "%s", r.if_name ? r.if_name : "");
        weft_host_unlock(ctx->host);
        if (!there)
            break;
        if (!is_default_of_v6(&r))
            continue;
        weft_host_ip_text(ctx->host, &r.gateway, text, sizeof text);
        if (j) {
            json_open(j, NULL, '{');
            json_text(j, "router", text);
            json_text(j, "interface", name);
            json_number(j, "metric", r.metric);
            json_close(j, '}');
        } else {
            fprintf(ctx->out, "%s if=%s, metric=%u\n", text, name, (unsigned)r.metric);
        }
    }
}

static void print_name(struct cmd_ctx *ctx, struct json *j, const char *kind, const char *name, const char *if_name,
                       weft_time until)
{
    weft_time now = weft_host_now(ctx->host);
    unsigned long long left = until > now ? (until - now) / WEFT_S : 0;

    if (j) {
        json_open(j, NULL, '{');
        json_text(j, kind, name);
        json_text(j, "interface", if_name);
        if (until != WEFT_NEVER)
            json_number(j, "lifetime_s", left);
        json_close(j, '}');
    } else if (until == WEFT_NEVER) {
        fprintf(ctx->out, "%s %s dev %s lifetime infinite\n", kind, name, if_name);
    } else {
        fprintf(ctx->out, "%s %s dev %s lifetime %llus\n", kind, name, if_name, left);
    }
}

static void show_names(struct cmd_ctx *ctx, struct json *j)
{
    struct weft_search_domain domain;
    struct weft_nameserver server;
    char name[32], text[WEFT_IP_TEXT];
    bool there;
    size_t i;

    for (i = 0;; i++) {
        there = weft_nameserver_info(weft_host_lock(ctx->host), i, &server);
        if (there)
            snprintf(name, sizeof name, "%s", server.if_name);
        weft_host_unlock(ctx->host);
        if (!there)
            break;
        print_name(ctx, j, "nameserver", weft_host_ip_text(ctx->host, &server.ip, text, sizeof text), name, server.until);
    }
    for (i = 0;; i++) {
        there = weft_search_domain_info(weft_host_lock(ctx->host), i, &domain);
        if (there)
            snprintf(name, sizeof name, "%s", domain.if_name);
        weft_host_unlock(ctx->host);
        if (!there)
            break;
        print_name(ctx, j, "search", domain.name, name, domain.until);
    }
}

static int run_ndp(struct cmd_ctx *ctx)
{
    const struct ndp_opts *o = ctx->opts;
    struct json json = {.out = ctx->out}, *j = ctx->where.json ? &json : NULL;

    if (o->all.action != NEIGHBOURS_SHOW)
        return neighbours_act(ctx, &o->all, false);
    if (j)
        json_open(j, NULL, '[');
    if (o->routers)
        show_routers(ctx, j);
    else if (o->names)
        show_names(ctx, j);
    else
        show_neighbours(ctx, j);
    if (j) {
        json_close(j, ']');
        json_end(j);
    }
    return 0;
}

const struct subcommand cmd_ndp = {
    .name = "ndp",
    .args = "[show] [ADDR [MAC]]",
    .summary = "List, fix and forget neighbours of IPv6; list routers",
    .options = ndp_options,
    .parse = parse_ndp,
    .opts_size = sizeof(struct ndp_opts),
    .max_args = 3,
    .on_host = true,
    .json = true,
    .run = run_ndp,
};
