/* SPDX-License-Identifier: MIT */
/* weft route: the routing table as `route -n` prints it; adding and deleting; which way a datagram goes. */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/parse.h"
#include "cmd/routes.h"

enum route_action { ROUTE_SHOW, ROUTE_ADD, ROUTE_DEL, ROUTE_GET };

struct route_opts {
    enum route_action action;
    bool acted;   /* the first word was read */
    bool v4, v6;  /* show only these */
    bool has_dst; /* dst and prefix are there */
    const char *word; /* that waits for its value; NULL: none does */
    bool has_gateway, has_metric;
    bool host, net; /* what the destination was said to be */
    struct weft_route route;
};

static const struct argp_option route_options[] = {
    {NULL, '4', NULL, 0, "Only IPv4", 1},
    {NULL, '6', NULL, 0, "Only IPv6", 1},
    {NULL, 'A', "FAMILY", 0, "inet is -4, inet6 is -6", 1},
    {NULL, 'n', NULL, 0, "Addresses as numbers (they always are)", 1},
    {0},
};

/* ---- arguments ---- */

static bool take_action(struct route_opts *o, const char *arg)
{
    static const struct {
        const char *word;
        enum route_action action;
    } actions[] = {{"show", ROUTE_SHOW}, {"add", ROUTE_ADD},    {"del", ROUTE_DEL},
                   {"get", ROUTE_GET},   {"delete", ROUTE_DEL}, {"list", ROUTE_SHOW}};

    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(actions[i].word, arg) == 0) {
            o->action = actions[i].action;
            return o->acted = true;
        }
    }
    return false;
}

/* "default", "10.8.0.0/16", or one address. */
static error_t take_destination(struct argp_state *state, struct route_opts *o, const char *arg)
{
    static const struct weft_ip any6 = {{0}};
    struct weft_route *r = &o->route;

    o->has_dst = true;
    if (strcmp(arg, "default") == 0 && o->action != ROUTE_GET) {
        r->dst = o->v6 ? any6 : weft_ipv4(0);
        return 0;
    }
    if (o->action != ROUTE_GET && parse_cidr(arg, &r->dst, &r->prefix))
        return 0;
    if (args_ip(state, arg, &r->dst))
        return EINVAL;
    r->prefix = weft_ip_is_v4(&r->dst) ? 32 : 128;
    return 0;
}

static error_t take_mask(struct argp_state *state, struct route_opts *o, const char *arg)
{
    struct weft_ip mask;

    if (args_ip(state, arg, &mask))
        return EINVAL;
    if (!weft_ip_is_v4(&o->route.dst) || !parse_mask(&mask, &o->route.prefix))
        return args_error(state, "bad netmask '%s'", arg);
    return 0;
}

static error_t take_value(struct argp_state *state, struct route_opts *o, char *arg)
{
    const char *word = o->word;
    uint64_t metric;

    o->word = NULL;
    if (strcmp(word, "dev") == 0) {
        o->route.if_name = arg;
        return 0;
    }
    if (strcmp(word, "netmask") == 0)
        return take_mask(state, o, arg);
    if (strcmp(word, "metric") == 0) {
        o->has_metric = true;
        if (args_number(state, "metric", arg, 0, UINT32_MAX, &metric))
            return EINVAL;
        o->route.metric = (uint32_t)metric;
        return 0;
    }
    o->has_gateway = true;
    return args_ip(state, arg, &o->route.gateway);
}

static error_t take_arg(struct argp_state *state, struct route_opts *o, char *arg)
{
    static const char *const words[] = {"via", "gw", "dev", "metric", "netmask"};

    if (!o->acted)
        return take_action(o, arg) ? 0 : args_error(state, "'%s' is none of show, add, del, get", arg);
    if (o->action == ROUTE_SHOW)
        return args_error(state, "unexpected argument '%s'", arg);
    if (!o->has_dst && o->action != ROUTE_GET && (strcmp(arg, "net") == 0 || strcmp(arg, "host") == 0)) {
        *(arg[0] == 'n' ? &o->net : &o->host) = true;
        return 0;
    }
    if (!o->has_dst)
        return take_destination(state, o, arg);
    if (o->word)
        return take_value(state, o, arg);
    for (size_t i = 0; o->action != ROUTE_GET && i < sizeof words / sizeof *words; i++) {
        if (strcmp(arg, words[i]) == 0) {
            o->word = words[i];
            return 0;
        }
    }
    return args_error(state, "unexpected argument '%s'", arg);
}

static error_t check(const struct argp_state *state, const struct route_opts *o)
{
    if (o->word)
        return args_error(state, "%s needs a value", o->word);
    if (o->action != ROUTE_SHOW && !o->has_dst)
        return args_error(state, o->action == ROUTE_GET ? "get needs ADDR" : "the destination is missing");
    if (o->host && o->route.prefix != (weft_ip_is_v4(&o->route.dst) ? 32 : 128))
        return args_error(state, "that is no host");
    if (o->action == ROUTE_ADD && !o->has_gateway && !o->route.if_name)
        return args_error(state, "a route needs 'via ADDR' or 'dev IF'");
    return 0;
}

static error_t take_family(const struct argp_state *state, struct route_opts *o, const char *name)
{
    if (strcmp(name, "inet") == 0)
        o->v4 = true;
    else if (strcmp(name, "inet6") == 0)
        o->v6 = true;
    else
        return args_error(state, "bad family '%s': there are inet and inet6", name);
    return 0;
}

static error_t parse_route_args(int key, char *arg, struct argp_state *state)
{
    struct route_opts *o = args_opts(state);

    switch (key) {
    case '4':
        o->v4 = true;
        return 0;
    case '6':
        o->v6 = true;
        return 0;
    case 'A':
        return take_family(state, o, arg);
    case 'n':
        return 0;
    case ARGP_KEY_ARG:
        return take_arg(state, o, arg);
    case ARGP_KEY_END:
        return check(state, o);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- show ---- */

static void show_family(struct cmd_ctx *ctx, struct json *j, bool v4)
{
    char name[32], line[ROUTE_LINE];
    struct weft_route r;

    if (!j && v4)
        fputs("IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n",
              ctx->out);
    else if (!j)
        fputs("IPv6 routing table\nDestination                    Next Hop                   Flag Met Ref  Use If\n",
              ctx->out);
    for (size_t i = 0; routes_copy(ctx, i, &r, name); i++) {
        if (weft_ip_is_v4(&r.dst) != v4)
            continue;
        if (j) {
            routes_json(j, &r, name);
        } else {
            routes_line(line, sizeof line, &r, name);
            fprintf(ctx->out, "%s\n", line);
        }
    }
}

static int show(struct cmd_ctx *ctx, const struct route_opts *o)
{
    struct json json = {.out = ctx->out}, *j = ctx->where.json ? &json : NULL;
    bool both = o->v4 == o->v6;

    if (j)
        json_open(j, NULL, '[');
    if (o->v4 || both)
        show_family(ctx, j, true);
    if (!j && both)
        fputc('\n', ctx->out);
    if (o->v6 || both)
        show_family(ctx, j, false);
    if (j) {
        json_close(j, ']');
        json_end(j);
    }
    return 0;
}

/* ---- get ---- */

static int get(struct cmd_ctx *ctx, const struct weft_ip *dst)
{
    struct json json = {.out = ctx->out};
    char name[32] = "", line[ROUTE_LINE], text[WEFT_IP_TEXT];
    struct weft_ip src = {{0}};
    struct weft_route r;
    weft_stack *stack = weft_host_lock(ctx->host);
    int err = weft_route_get(stack, dst, &r);
    bool local = err == 0 && strcmp(r.if_name, "lo") == 0;

    if (err == 0) {
        snprintf(name, sizeof name, "%s", r.if_name);
        if (weft_route_source(stack, dst, &src) != 0)
            memset(&src, 0, sizeof src);
    }
    weft_host_unlock(ctx->host);
    if (err)
        return cmd_fail(ctx, CMD_FAILED, "%s: %s", weft_host_ip_text(ctx->host, dst, text, sizeof text),
                        weft_strerror(err));
    if (ctx->where.json) {
        routes_json(&json, &r, name);
        json_end(&json);
        return 0;
    }
    routes_answer(line, sizeof line, dst, &r, name, &src, local);
    fprintf(ctx->out, "%s\n", line);
    return 0;
}

/* ---- add, del ---- */

static bool same_interface(const char *asked, const char *name) { return !asked || strcmp(asked, name) == 0; }

/* A route to that network which is what was asked for as far as was said: the best of them. */
static bool find(weft_stack *stack, const struct route_opts *o, struct weft_route *found)
{
    const struct weft_route *asked = &o->route;
    bool v6 = asked->prefix == 0 && (o->has_gateway ? !weft_ip_is_v4(&asked->gateway) : o->v6);

    for (size_t i = 0; weft_route_info(stack, i, found); i++) {
        bool there = found->prefix == asked->prefix && memcmp(&found->dst, &asked->dst, sizeof found->dst) == 0;

        if (asked->prefix == 0)
            there = found->prefix == 0 && weft_ip_is_v4(&found->dst) != v6;
        if (there && same_interface(asked->if_name, found->if_name) &&
            (!o->has_gateway || memcmp(&found->gateway, &asked->gateway, sizeof found->gateway) == 0) &&
            (!o->has_metric || found->metric == asked->metric))
            return true;
    }
    return false;
}

static int change(struct cmd_ctx *ctx, const struct route_opts *o)
{
    weft_stack *stack = weft_host_lock(ctx->host);
    bool there = !o->route.if_name || weft_if_find(stack, o->route.if_name);
    struct weft_route found;
    int err = 0;

    if (there && o->action == ROUTE_ADD)
        err = weft_route_add(stack, &o->route);
    else if (there)
        err = find(stack, o, &found) ? weft_route_del(stack, &found) : WEFT_ENOENT;
    weft_host_unlock(ctx->host);
    if (!there)
        return cmd_fail(ctx, CMD_USAGE, "there is no interface %s", o->route.if_name);
    if (err == WEFT_ENETUNREACH)
        return cmd_fail(ctx, CMD_FAILED, "the gateway is on no network of ours");
    if (err == WEFT_ENOENT)
        return cmd_fail(ctx, CMD_FAILED, "there is no such route");
    if (err == WEFT_EEXIST)
        return cmd_fail(ctx, CMD_FAILED, "that route is there already");
    if (err == WEFT_EINVAL)
        return cmd_fail(ctx, CMD_USAGE, "that is no route: bits beyond the prefix, or a gateway that cannot be one");
    return err ? cmd_fail(ctx, CMD_FAILED, "%s", weft_strerror(err)) : 0;
}

static int run_route(struct cmd_ctx *ctx)
{
    const struct route_opts *o = ctx->opts;

    switch (o->action) {
    case ROUTE_SHOW:
        return show(ctx, o);
    case ROUTE_GET:
        return get(ctx, &o->route.dst);
    default:
        return change(ctx, o);
    }
}

static const char *const route_words[] = {"-net", "-host", NULL};

const struct subcommand cmd_route = {
    .name = "route",
    .args = "[show | get ADDR | add|del [-net|-host] NET [netmask MASK] [via ADDR] [dev IF] [metric N]]",
    .summary = "List, add and delete routes; ask which is taken",
    .options = route_options,
    .words = route_words,
    .parse = parse_route_args,
    .opts_size = sizeof(struct route_opts),
    .max_args = 12,
    .on_host = true,
    .json = true,
    .run = run_route,
};
