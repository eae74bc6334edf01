/* SPDX-License-Identifier: MIT */
/* weft ifconfig: interfaces as ifconfig prints them; addresses, up and down, MTU. */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/ifconfig_format.h"
#include "cmd/interfaces.h"
#include "cmd/json.h"
#include "cmd/parse.h"

#define MAX_CHANGES 8

enum change_kind { CHANGE_UP, CHANGE_DOWN, CHANGE_MTU, CHANGE_ADD, CHANGE_DEL, CHANGE_SET, CHANGE_MASK };

struct change {
    enum change_kind kind;
    uint32_t mtu;
    struct weft_ip ip;
    unsigned prefix;
    bool no_prefix; /* a netmask has to follow */
};

struct ifconfig_opts {
    bool all, brief, has_word;
    enum change_kind word; /* that waits for its value, if has_word */
    const char *if_name;   /* NULL: all of them */
    size_t n;
    struct change change[MAX_CHANGES];
};

static const struct argp_option ifconfig_options[] = {
    {"all", 'a', NULL, 0, "Those that are down, too", 1},
    {"short", 's', NULL, 0, "A line for each", 1},
    {0},
};

/* ---- arguments ---- */

static const struct {
    const char *word;
    enum change_kind kind;
    bool has_value;
} words[] = {{"up", CHANGE_UP, false},   {"down", CHANGE_DOWN, false}, {"mtu", CHANGE_MTU, true},
             {"add", CHANGE_ADD, true}, {"del", CHANGE_DEL, true},    {"inet", CHANGE_SET, true},
             {"netmask", CHANGE_MASK, true}};

/* "10.9.0.2/24", or one without a prefix where none is needed. */
static error_t take_address(struct argp_state *state, struct change *c, const char *arg)
{
    if (parse_cidr(arg, &c->ip, &c->prefix))
        return 0;
    c->no_prefix = c->kind == CHANGE_SET;
    if (c->kind == CHANGE_DEL || (c->no_prefix && weft_ip_parse(arg, &c->ip) == 0 && weft_ip_is_v4(&c->ip)))
        return args_ip(state, arg, &c->ip);
    return args_error(state, "bad address '%s': give it as 10.9.0.2/24", arg);
}

/* Belongs to the address before it. */
static error_t take_mask(struct argp_state *state, struct ifconfig_opts *o, const char *arg)
{
    struct change *c = o->n ? &o->change[o->n - 1] : NULL;
    struct weft_ip mask;

    o->has_word = false;
    if (!c || c->kind != CHANGE_SET || !weft_ip_is_v4(&c->ip))
        return args_error(state, "netmask follows an address of IPv4");
    if (args_ip(state, arg, &mask))
        return EINVAL;
    c->no_prefix = false;
    return parse_mask(&mask, &c->prefix) ? 0 : args_error(state, "bad netmask '%s'", arg);
}

static error_t take_value(struct argp_state *state, struct ifconfig_opts *o, const char *arg)
{
    struct change *c = &o->change[o->n];
    uint64_t mtu;

    if (o->word == CHANGE_MASK)
        return take_mask(state, o, arg);
    o->n++;
    *c = (struct change){.kind = o->word};
    o->has_word = false;
    if (c->kind != CHANGE_MTU)
        return take_address(state, c, arg);
    if (args_number(state, "mtu", arg, 68, 65535, &mtu))
        return EINVAL;
    c->mtu = (uint32_t)mtu;
    return 0;
}

static error_t take_word(struct argp_state *state, struct ifconfig_opts *o, const char *arg)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].word, arg) != 0)
            continue;
        o->has_word = words[i].has_value;
        o->word = words[i].kind;
        if (!o->has_word)
            o->change[o->n++] = (struct change){.kind = o->word};
        return 0;
    }
    o->word = CHANGE_SET;
    return take_value(state, o, arg);
}

static error_t take_arg(struct argp_state *state, struct ifconfig_opts *o, const char *arg)
{
    if (!o->if_name) {
        o->if_name = arg;
        return 0;
    }
    if (o->n == MAX_CHANGES && !(o->has_word && o->word == CHANGE_MASK))
        return args_error(state, "more than %d changes at once", MAX_CHANGES);
    return o->has_word ? take_value(state, o, arg) : take_word(state, o, arg);
}

static error_t check(const struct argp_state *state, const struct ifconfig_opts *o)
{
    if (o->has_word)
        return args_error(state, "the last word needs a value");
    for (size_t i = 0; i < o->n; i++)
        if (o->change[i].no_prefix)
            return args_error(state, "an address needs its prefix, as 10.9.0.2/24, or netmask 255.255.255.0 behind it");
    return 0;
}

static error_t parse_ifconfig(int key, char *arg, struct argp_state *state)
{
    struct ifconfig_opts *o = args_opts(state);

    switch (key) {
    case 'a':
        o->all = true;
        return 0;
    case 's':
        o->brief = true;
        return 0;
    case ARGP_KEY_ARG:
        return take_arg(state, o, arg);
    case ARGP_KEY_END:
        return check(state, o);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- changing ---- */

/* As the original: the address takes the place of those of IPv4 that are there. */
static int set_address(weft_if *ifp, const struct change *c)
{
    weft_stack *stack = weft_if_stack(ifp);
    struct weft_if_info info;
    int err;

    for (size_t i = 0; weft_if_info(stack, i, &info); i++) {
        if (strcmp(info.name, weft_if_name(ifp)) != 0)
            continue;
        for (size_t k = 0; k < info.n_addresses; k++)
            if (weft_ip_is_v4(&info.address[k].ip) && weft_ip_is_v4(&c->ip))
                weft_if_del_address(ifp, &info.address[k].ip);
        break;
    }
    err = weft_if_add_address(ifp, &c->ip, c->prefix);
    if (err == 0)
        weft_if_set_up(ifp, true);
    return err;
}

static int apply(weft_if *ifp, const struct change *c)
{
    switch (c->kind) {
    case CHANGE_UP:
    case CHANGE_DOWN:
        weft_if_set_up(ifp, c->kind == CHANGE_UP);
        return 0;
    case CHANGE_MTU:
        return weft_if_set_mtu(ifp, c->mtu);
    case CHANGE_ADD:
        return weft_if_add_address(ifp, &c->ip, c->prefix);
    case CHANGE_DEL:
        return weft_if_del_address(ifp, &c->ip);
    default:
        return set_address(ifp, c);
    }
}

static int complain(struct cmd_ctx *ctx, const struct change *c, int err)
{
    char text[WEFT_IP_TEXT];

    if (c->kind == CHANGE_MTU)
        return cmd_fail(ctx, CMD_FAILED, "mtu %u: less than IPv6 needs, or more than the link carries", c->mtu);
    weft_ip_text(&c->ip, text, sizeof text);
    if (err == WEFT_ENOENT)
        return cmd_fail(ctx, CMD_FAILED, "it has no address %s", text);
    if (err == WEFT_EINVAL)
        return cmd_fail(ctx, CMD_USAGE, "%s/%u is no address for an interface", text, c->prefix);
    return cmd_fail(ctx, CMD_FAILED, "%s: %s", text, weft_strerror(err));
}

static int change(struct cmd_ctx *ctx, const struct ifconfig_opts *o)
{
    weft_if *ifp = weft_if_find(weft_host_lock(ctx->host), o->if_name);
    int err = 0;
    size_t i;

    for (i = 0; ifp && err == 0 && i < o->n; i++)
        err = apply(ifp, &o->change[i]);
    weft_host_unlock(ctx->host);
    if (!ifp)
        return cmd_fail(ctx, CMD_USAGE, "there is no interface %s", o->if_name);
    return err ? complain(ctx, &o->change[i - 1], err) : 0;
}

/* ---- showing ---- */

static bool is_there(struct cmd_ctx *ctx, const char *name)
{
    const weft_if *ifp = weft_if_find(weft_host_lock(ctx->host), name);

    weft_host_unlock(ctx->host);
    return ifp != NULL;
}

static int show(struct cmd_ctx *ctx, const struct ifconfig_opts *o)
{
    struct json json = {.out = ctx->out}, *j = ctx->where.json ? &json : NULL;
    struct weft_if_info info;
    char name[32];

    if (o->if_name && !is_there(ctx, o->if_name))
        return cmd_fail(ctx, CMD_USAGE, "there is no interface %s", o->if_name);
    if (j)
        json_open(j, NULL, '[');
    else if (o->brief)
        fputs(interfaces_head, ctx->out);
    for (size_t i = 0; interfaces_copy(ctx, i, &info, name); i++) {
        if (o->if_name ? strcmp(o->if_name, name) != 0 : !info.up && !o->all)
            continue;
        if (j)
            interfaces_json(j, &info, name);
        else if (o->brief)
            interfaces_line(ctx->out, &info, name);
        else
            ifconfig_print(ctx->out, &info, name);
    }
    if (j) {
        json_close(j, ']');
        json_end(j);
    }
    return 0;
}

static int run_ifconfig(struct cmd_ctx *ctx)
{
    const struct ifconfig_opts *o = ctx->opts;

    return o->n ? change(ctx, o) : show(ctx, o);
}

const struct subcommand cmd_ifconfig = {
    .name = "ifconfig",
    .args = "[IF [up] [down] [mtu N] [[inet] ADDR/N | ADDR netmask MASK] [add ADDR/N] [del ADDR]]",
    .summary = "List interfaces, change their addresses and state",
    .options = ifconfig_options,
    .parse = parse_ifconfig,
    .opts_size = sizeof(struct ifconfig_opts),
    .max_args = 2 * MAX_CHANGES + 1,
    .on_host = true,
    .json = true,
    .run = run_ifconfig,
};
