/* SPDX-License-Identifier: MIT */
/* weft arp: the neighbours of IPv4 that a stack knows, in the original's two forms; fixing and forgetting them. */
#include "cmd/neighbours.h"

struct arp_opts {
    struct neighbours_opts all; /* first */
    bool bsd;
};

static const struct argp_option arp_options[] = {
    {NULL, 'a', NULL, 0, "One sentence per neighbour, as BSD prints them", 1},
    {NULL, 'n', NULL, 0, "Addresses as numbers (they always are)", 1},
    {"device", 'i', "IF", 0, "Only behind this interface", 1},
    {"set", 's', NULL, 0, "Fix the station address of ADDR: it does not age, and nobody else can change it", 1},
    {"delete", 'd', NULL, 0, "Forget ADDR", 1},
    {0},
};

static error_t parse_arp(int key, char *arg, struct argp_state *state)
{
    struct arp_opts *o = args_opts(state);

    if (key != 'a')
        return neighbours_parse(key, arg, state, &o->all, true);
    o->bsd = true;
    return 0;
}

static void print_neighbour(struct cmd_ctx *ctx, const struct neighbour *n)
{
    const struct arp_opts *o = ctx->opts;
    bool fixed = n->n.state[0] == 'p' && n->n.state[1] == 'e';

    if (o->bsd)
        fprintf(ctx->out, "? (%s) at %s%s%s on %s\n", n->ip, n->known ? n->mac : "<incomplete>",
                n->known ? " [ether]" : "", fixed ? " PERM" : "", n->if_name);
    else if (n->known)
        fprintf(ctx->out, "%-24s %-7s %-19s %-5s %-15s %s\n", n->ip, "ether", n->mac, fixed ? "CM" : "C", "",
                n->if_name);
    else
        fprintf(ctx->out, "%-24s %-7s %-19s %-5s %-15s %s\n", n->ip, "", "(incomplete)", "", "", n->if_name);
}

/* As the original: before the first line alone. */
static const char head[] = "Address                  HWtype  HWaddress           Flags Mask            Iface\n";

static int run_arp(struct cmd_ctx *ctx)
{
    const struct arp_opts *o = ctx->opts;
    struct json j = {.out = ctx->out};
    struct neighbour n;
    bool headed = o->bsd || ctx->where.json;
    char text[WEFT_IP_TEXT];
    size_t i, found = 0;

    if (o->all.action != NEIGHBOURS_SHOW)
        return neighbours_act(ctx, &o->all, true);
    if (ctx->where.json)
        json_open(&j, NULL, '[');
    for (i = 0; neighbours_copy(ctx, i, &n); i++) {
        if (!neighbours_wanted(&o->all, &n, true))
            continue;
        if (!headed)
            fputs(head, ctx->out);
        headed = true;
        found++;
        if (ctx->where.json)
            neighbours_json(&j, &n);
        else
            print_neighbour(ctx, &n);
    }
    if (ctx->where.json) {
        json_close(&j, ']');
        json_end(&j);
    } else if (!found && o->all.has_ip) {
        weft_host_ip_text(ctx->host, &o->all.ip, text, sizeof text);
        fprintf(ctx->out, "%s (%s) -- no entry\n", text, text);
    }
    return 0;
}

const struct subcommand cmd_arp = {
    .name = "arp",
    .args = "[ADDR [MAC]]",
    .summary = "List, fix and forget neighbours of IPv4",
    .options = arp_options,
    .parse = parse_arp,
    .opts_size = sizeof(struct arp_opts),
    .max_args = 2,
    .on_host = true,
    .json = true,
    .run = run_arp,
};
