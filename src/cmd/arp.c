/* SPDX-License-Identifier: MIT */
/* weft arp: the neighbours a stack knows, in the original's two forms. */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/json.h"

struct arp_opts {
    bool bsd, numeric;
};

static const struct argp_option arp_options[] = {
    {NULL, 'a', NULL, 0, "One sentence per neighbour, as BSD prints them", 1},
    {NULL, 'n', NULL, 0, "Addresses as numbers (they always are)", 1},
    {0},
};

static error_t parse_arp(int key, char *arg, struct argp_state *state)
{
    struct arp_opts *o = args_opts(state);

    (void)arg;
    if (key == 'a')
        o->bsd = true;
    else if (key != 'n')
        return ARGP_ERR_UNKNOWN;
    return 0;
}

struct neighbour {
    struct weft_neighbour n;
    bool known; /* mac means something */
    char ip[WEFT_IP_TEXT], mac[18], if_name[32];
};

static bool copy_neighbour(struct cmd_ctx *ctx, size_t i, struct neighbour *out)
{
    bool there = weft_neighbour_info(weft_host_lock(ctx->host), i, &out->n);
    const uint8_t *m = out->n.mac;

    if (there)
        snprintf(out->if_name, sizeof out->if_name, "%s", out->n.if_name);
    weft_host_unlock(ctx->host);
    if (!there)
        return false;
    out->known = strcmp(out->n.state, "incomplete") != 0 && strcmp(out->n.state, "failed") != 0;
    weft_ip_text(&out->n.ip, out->ip, sizeof out->ip);
    snprintf(out->mac, sizeof out->mac, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
    return true;
}

static void json_neighbour(struct json *j, const struct neighbour *n)
{
    json_open(j, NULL, '{');
    json_text(j, "address", n->ip);
    if (n->known)
        json_text(j, "mac", n->mac);
    json_text(j, "interface", n->if_name);
    json_text(j, "state", n->n.state);
    json_number(j, "age_ms", n->n.age / WEFT_MS);
    json_close(j, '}');
}

static void print_neighbour(struct cmd_ctx *ctx, const struct neighbour *n)
{
    const struct arp_opts *o = ctx->opts;

    if (o->bsd)
        fprintf(ctx->out, "? (%s) at %s on %s\n", n->ip, n->known ? n->mac : "<incomplete>", n->if_name);
    else if (n->known)
        fprintf(ctx->out, "%-24s %-7s %-19s %-5s %-15s %s\n", n->ip, "ether", n->mac, "C", "", n->if_name);
    else
        fprintf(ctx->out, "%-24s %-7s %-19s %-5s %-15s %s\n", n->ip, "", "(incomplete)", "", "", n->if_name);
}

static int run_arp(struct cmd_ctx *ctx)
{
    const struct arp_opts *o = ctx->opts;
    struct json j = {.out = ctx->out};
    struct neighbour n;
    size_t i;

    if (ctx->where.json)
        json_open(&j, NULL, '[');
    else if (!o->bsd)
        fprintf(ctx->out, "%-24s %-7s %-19s %-5s %-15s %s\n", "Address", "HWtype", "HWaddress", "Flags", "Mask",
                "Iface");
    for (i = 0; copy_neighbour(ctx, i, &n); i++) {
        if (ctx->where.json)
            json_neighbour(&j, &n);
        else
            print_neighbour(ctx, &n);
    }
    if (ctx->where.json) {
        json_close(&j, ']');
        json_end(&j);
    }
    return 0;
}

const struct subcommand cmd_arp = {
    .name = "arp",
    .summary = "List the neighbours and their link addresses",
    .options = arp_options,
    .parse = parse_arp,
    .opts_size = sizeof(struct arp_opts),
    .on_host = true,
    .json = true,
    .run = run_arp,
};
