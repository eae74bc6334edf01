/* SPDX-License-Identifier: MIT */
/*
 * weft netstat: what the stack holds, in the originals' columns. Facts are copied under the host's lock, and printed
 * after it: a slow terminal stops nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/interfaces.h"
#include "cmd/netstat_format.h"
#include "cmd/routes.h"

struct netstat_opts {
    bool program, all, numeric, tcp, udp, raw, listening;
    bool v4, v6, wide; /* neither family: both; nothing is ever cut */
    bool interfaces, groups, routes, statistics, memory;
};

static const struct argp_option netstat_options[] = {
    {"all", 'a', NULL, 0, "Sockets that listen, too", 1},
    {"listening", 'l', NULL, 0, "Only sockets that listen", 1},
    {"tcp", 't', NULL, 0, "Only TCP", 1},
    {"udp", 'u', NULL, 0, "Only UDP", 1},
    {"raw", 'w', NULL, 0, "Only raw sockets", 1},
    {"inet", '4', NULL, 0, "Only IPv4, of sockets and routes", 1},
    {"inet6", '6', NULL, 0, "Only IPv6", 1},
    {"wide", 'W', NULL, 0, "Addresses are not cut (they never are)", 1},
    {"numeric", 'n', NULL, 0, "Ports as numbers", 1},
    {"program", 'p', NULL, 0, "Whose sockets they are", 1},
    {"interfaces", 'i', NULL, 0, "Interfaces instead of sockets", 2},
    {"groups", 'g', NULL, 0, "Groups joined, instead of sockets", 2},
    {"route", 'r', NULL, 0, "Routes instead of sockets", 2},
    {"statistics", 's', NULL, 0, "Counters and drops instead of sockets", 2},
    {"memory", 'm', NULL, 0, "Who holds memory, instead of sockets", 2},
    {0},
};

static error_t parse_netstat(int key, char *arg, struct argp_state *state)
{
    struct netstat_opts *o = args_opts(state);
    static const struct {
        int key;
        size_t at;
    } flags[] = {
        {'a', offsetof(struct netstat_opts, all)},        {'l', offsetof(struct netstat_opts, listening)},
        {'t', offsetof(struct netstat_opts, tcp)},        {'u', offsetof(struct netstat_opts, udp)},
        {'n', offsetof(struct netstat_opts, numeric)},    {'p', offsetof(struct netstat_opts, program)},
        {'i', offsetof(struct netstat_opts, interfaces)}, {'r', offsetof(struct netstat_opts, routes)},
        {'s', offsetof(struct netstat_opts, statistics)}, {'m', offsetof(struct netstat_opts, memory)},
        {'g', offsetof(struct netstat_opts, groups)},     {'w', offsetof(struct netstat_opts, raw)},
        {'4', offsetof(struct netstat_opts, v4)},         {'6', offsetof(struct netstat_opts, v6)},
        {'W', offsetof(struct netstat_opts, wide)},
    };
    size_t i;

    (void)arg;
    for (i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (flags[i].key == key) {
            *((bool *)o + flags[i].at) = true;
            return 0;
        }
    }
    return ARGP_ERR_UNKNOWN;
}

/* ---- sockets ---- */

struct rows {
    const struct netstat_opts *opts;
    weft_host *host;
    struct netstat_row *row;
    size_t n, room;
    bool out_of_memory;
};

static bool is_server(const struct weft_listing *item)
{
    return item->proto == WEFT_TCP ? item->state == WEFT_TCP_LISTEN : item->remote.port == 0;
}

/* One that is of both is told as IPv6, as its address is. */
static bool family_wanted(const struct netstat_opts *o, bool v4)
{
    return o->v4 == o->v6 || o->v4 == v4;
}

static bool protocol_wanted(const struct netstat_opts *o, enum weft_proto proto)
{
    if (!o->tcp && !o->udp && !o->raw)
        return true;
    return (o->tcp && proto == WEFT_TCP) || (o->udp && proto == WEFT_UDP) || (o->raw && proto == WEFT_RAW);
}

static bool wanted(const struct netstat_opts *o, const struct weft_listing *item)
{
    if (!protocol_wanted(o, item->proto) || !family_wanted(o, weft_ip_is_v4(&item->local.ip)))
        return false;
    return o->all || is_server(item) == o->listening;
}

static bool collect(void *ctx, const struct weft_listing *item)
{
    struct rows *rows = ctx;
    const char *label = item->sock ? weft_host_label_of(rows->host, item->sock) : NULL;

    if (!wanted(rows->opts, item))
        return true;
    if (rows->n == rows->room) {
        size_t room = rows->room ? rows->room * 2 : 256;
        struct netstat_row *more = realloc(rows->row, room * sizeof *more);

        rows->out_of_memory = !more;
        if (!more)
            return false;
        rows->row = more;
        rows->room = room;
    }
    rows->row[rows->n].item = *item;
    snprintf(rows->row[rows->n++].label, sizeof rows->row->label, "%s", label ? label : "-");
    return true;
}

/* TCP before UDP before the rest; those who listen first; then by address. */
static int row_order(const void *a, const void *b)
{
    const struct weft_listing *x = &((const struct netstat_row *)a)->item, *y = &((const struct netstat_row *)b)->item;

    if (x->proto != y->proto)
        return (x->proto == WEFT_ICMP) - (y->proto == WEFT_ICMP) ?: (int)x->proto - (int)y->proto;
    if (is_server(x) != is_server(y))
        return is_server(x) ? -1 : 1;
    if (x->local.port != y->local.port)
        return x->local.port - y->local.port;
    return memcmp(&x->remote.ip, &y->remote.ip, sizeof x->remote.ip) ?: x->remote.port - y->remote.port;
}

static void print_rows(struct cmd_ctx *ctx, const struct rows *rows)
{
    const struct netstat_opts *o = rows->opts;
    char line[256];
    size_t i;

    fprintf(ctx->out, "Active Internet connections (%s)\n",
            o->all ? "servers and established" : o->listening ? "only servers" : "w/o servers");
    fprintf(ctx->out, "Proto Recv-Q Send-Q Local Address           Foreign Address         State      %s\n",
            o->program ? " PID/Program name" : "");
    for (i = 0; i < rows->n; i++) {
        netstat_line(line, sizeof line, &rows->row[i], o->numeric, o->program);
        fprintf(ctx->out, "%s\n", line);
    }
}

static void json_addr(struct json *j, const char *ip_key, const char *port_key, const struct weft_addr *addr)
{
    char text[WEFT_IP_TEXT];

    json_text(j, ip_key, weft_ip_text(&addr->ip, text, sizeof text));
    json_number(j, port_key, addr->port);
}

static void json_rows(struct json *j, const struct rows *rows)
{
    size_t i;

    json_open(j, "sockets", '[');
    for (i = 0; i < rows->n; i++) {
        const struct weft_listing *item = &rows->row[i].item;

        json_open(j, NULL, '{');
        json_text(j, "proto", netstat_proto(item->proto));
        json_number(j, "recv_q", item->recv_q);
        json_number(j, "send_q", item->send_q);
        json_addr(j, "local_address", "local_port", &item->local);
        json_addr(j, "remote_address", "remote_port", &item->remote);
        if (item->proto == WEFT_TCP)
            json_text(j, "state", netstat_state(item->state));
        json_text(j, "program", rows->row[i].label);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static int show_sockets(struct cmd_ctx *ctx, struct json *j)
{
    struct rows rows = {.opts = ctx->opts, .host = ctx->host};

    weft_list(weft_host_lock(ctx->host), collect, &rows);
    weft_host_unlock(ctx->host);
    if (rows.n)
        qsort(rows.row, rows.n, sizeof *rows.row, row_order);
    if (j)
        json_rows(j, &rows);
    else
        print_rows(ctx, &rows);
    free(rows.row);
    return rows.out_of_memory ? cmd_fail(ctx, CMD_FAILED, "out of memory") : 0;
}

/* ---- interfaces ---- */

static int show_interfaces(struct cmd_ctx *ctx, struct json *j)
{
    struct weft_if_info info;
    char name[32];
    size_t i;

    if (j)
        json_open(j, "interfaces", '[');
    else
        fprintf(ctx->out, "Interface table\n%s", interfaces_head);
    for (i = 0; interfaces_copy(ctx, i, &info, name); i++) {
        if (j)
            interfaces_json(j, &info, name);
        else
            interfaces_line(ctx->out, &info, name);
    }
    if (j)
        json_close(j, ']');
    return 0;
}

/* ---- groups ---- */

static bool copy_group(struct cmd_ctx *ctx, size_t i, struct weft_group_info *info, char name[32])
{
    bool there = weft_group_info(weft_host_lock(ctx->host), i, info);

    if (there)
        snprintf(name, 32, "%s", info->if_name);
    weft_host_unlock(ctx->host);
    return there;
}

static void json_group(struct json *j, const struct weft_group_info *info, const char *name, const char *group)
{
    json_open(j, NULL, '{');
    json_text(j, "interface", name);
    json_text(j, "group", group);
    json_number(j, "users", info->users);
    json_text(j, "mode", info->exclude ? "exclude" : "include");
    json_number(j, "sources", info->n_sources);
    json_text(j, "version", info->version);
    json_close(j, '}');
}

/* The original's three columns, and a fourth of what it does not know: sources, and how routers are told. */
static int show_groups(struct cmd_ctx *ctx, struct json *j)
{
    struct weft_group_info info;
    char name[32], group[WEFT_IP_TEXT];

    if (j)
        json_open(j, "groups", '[');
    else
        fprintf(ctx->out, "IPv6/IPv4 Group Memberships\n"
                          "Interface       RefCnt Group                    Sources\n"
                          "--------------- ------ ------------------------ -------\n");
    for (size_t i = 0; copy_group(ctx, i, &info, name); i++) {
        weft_ip_set_zone(&info.group, 0); /* the interface stands beside it */
        weft_ip_text(&info.group, group, sizeof group);
        if (j)
            json_group(j, &info, name, group);
        else
            fprintf(ctx->out, "%-15.15s %-6u %-24s %s %u (%s)\n", name, info.users, group,
                    info.exclude ? "all but" : "only", info.n_sources, info.version);
    }
    if (j)
        json_close(j, ']');
    return 0;
}

/* ---- routes ---- */

/* The network with its prefix, as the original prints routes of IPv6. */
static void print_route_v6(struct cmd_ctx *ctx, const struct weft_route *r, const char *flags, const char *name)
{
    struct weft_ip bare = r->dst, via = r->gateway; /* the interface stands beside them */
    char dst[WEFT_IP_TEXT], network[WEFT_IP_TEXT + 4], gateway[WEFT_IP_TEXT];

    weft_ip_set_zone(&bare, 0);
    weft_ip_set_zone(&via, 0);
    snprintf(network, sizeof network, "%s/%u", weft_ip_text(&bare, dst, sizeof dst), r->prefix);
    fprintf(ctx->out, "%-30s %-26s %-4s %-6u %s\n", network, weft_ip_text(&via, gateway, sizeof gateway), flags,
            (unsigned)r->metric, name);
}

static void print_route(struct cmd_ctx *ctx, struct json *j, const struct weft_route *r, const char *name)
{
    char dst[WEFT_IP_TEXT], gateway[WEFT_IP_TEXT], mask[WEFT_IP_TEXT], flags[6];
    bool v4 = weft_ip_is_v4(&r->dst);

    weft_ip_text(&r->dst, dst, sizeof dst);
    weft_ip_text(&r->gateway, gateway, sizeof gateway);
    routes_flags(r, flags);
    if (!j && !v4) {
        print_route_v6(ctx, r, flags, name);
        return;
    }
    if (!j) {
        netstat_mask(mask, sizeof mask, r->prefix);
        fprintf(ctx->out, "%-15s %-15s %-15s %-6s%5d %-6d %6d %s\n", dst, gateway, mask, flags, 0, 0, 0, name);
        return;
    }
    routes_json(j, r, name);
}

static void print_family(struct cmd_ctx *ctx, struct json *j, bool v4)
{
    struct weft_route route;
    char name[32];

    for (size_t i = 0; routes_copy(ctx, i, &route, name); i++)
        if (weft_ip_is_v4(&route.dst) == v4)
            print_route(ctx, j, &route, name);
}

static int show_routes(struct cmd_ctx *ctx, struct json *j)
{
    const struct netstat_opts *o = ctx->opts;
    bool v4 = family_wanted(o, true), v6 = family_wanted(o, false);

    if (j)
        json_open(j, "routes", '[');
    else if (v4)
        fprintf(ctx->out, "IP routing table\n"
                          "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n");
    if (v4)
        print_family(ctx, j, true);
    if (!j && v6)
        fprintf(ctx->out, "%sIPv6 routing table\n"
                          "Destination                    Next Hop                   Flag Metric If\n", v4 ? "\n" : "");
    if (v6)
        print_family(ctx, j, false);
    if (j)
        json_close(j, ']');
    return 0;
}

/* ---- counters ---- */

static void print_counters(FILE *out, const uint64_t counters[WEFT_COUNTER_COUNT],
                           const uint64_t drops[WEFT_DROP_COUNT])
{
    const char *group = "";
    int i;

    for (i = 0; i < WEFT_COUNTER_COUNT; i++) {
        if (strcmp(group, weft_counter_group(i)) != 0)
            fprintf(out, "%s:\n", group = weft_counter_group(i));
        fprintf(out, "    %llu %s\n", (unsigned long long)counters[i], weft_counter_text(i));
    }
    fprintf(out, "Drops:\n");
    for (i = 1; i < WEFT_DROP_COUNT; i++) {
        if (drops[i])
            fprintf(out, "    %llu %s: %s\n", (unsigned long long)drops[i], weft_drop_name(i), weft_drop_text(i));
    }
}

static void json_counters(struct json *j, const uint64_t counters[WEFT_COUNTER_COUNT],
                          const uint64_t drops[WEFT_DROP_COUNT])
{
    int i;

    json_open(j, "counters", '{');
    for (i = 0; i < WEFT_COUNTER_COUNT; i++)
        json_number(j, weft_counter_name(i), counters[i]);
    json_close(j, '}');
    json_open(j, "drops", '{');
    for (i = 1; i < WEFT_DROP_COUNT; i++) {
        if (drops[i])
            json_number(j, weft_drop_name(i), drops[i]);
    }
    json_close(j, '}');
}

static int show_statistics(struct cmd_ctx *ctx, struct json *j)
{
    uint64_t counters[WEFT_COUNTER_COUNT], drops[WEFT_DROP_COUNT];
    const weft_stack *stack = weft_host_lock(ctx->host);
    int i;

    for (i = 0; i < WEFT_COUNTER_COUNT; i++)
        counters[i] = weft_counter(stack, i);
    for (i = 0; i < WEFT_DROP_COUNT; i++)
        drops[i] = weft_drops(stack, i);
    weft_host_unlock(ctx->host);
    if (j)
        json_counters(j, counters, drops);
    else
        print_counters(ctx->out, counters, drops);
    return 0;
}

/* ---- memory ---- */

enum { MAX_OWNERS = 64 };

struct memory_owner {
    const char *name;
    size_t live, cap; /* cap: 0, none but the limits of connections and sockets */
};

static size_t read_memory(struct cmd_ctx *ctx, struct memory_owner owner[MAX_OWNERS], size_t *total, size_t *peak)
{
    const weft_stack *stack = weft_host_lock(ctx->host);
    size_t n = 0;

    *total = weft_memory(stack, peak);
    while (n < MAX_OWNERS && weft_memory_info(stack, n, &owner[n].name, &owner[n].live)) {
        owner[n].cap = weft_memory_cap(stack, n);
        n++;
    }
    weft_host_unlock(ctx->host);
    return n;
}

/* What no owner has: free room in slabs, which the next one gets. With it the lines make what there is in all. */
static size_t idle_memory(const struct memory_owner *owner, size_t n, size_t total)
{
    for (size_t i = 0; i < n; i++)
        total -= owner[i].live;
    return total;
}

static void json_memory(struct json *j, const struct memory_owner *owner, size_t n)
{
    json_open(j, "memory", '{');
    for (size_t i = 0; i < n; i++)
        json_number(j, owner[i].name, owner[i].live);
    json_close(j, '}');
    json_open(j, "memory_caps", '{');
    for (size_t i = 0; i < n; i++)
        if (owner[i].cap)
            json_number(j, owner[i].name, owner[i].cap);
    json_close(j, '}');
}

static void print_memory(FILE *out, const struct memory_owner *owner, size_t n)
{
    fprintf(out, "Memory (bytes)\n    %12s %12s\n", "now", "at most");
    for (size_t i = 0; i < n; i++)
        if (owner[i].cap)
            fprintf(out, "    %12zu %12zu %s\n", owner[i].live, owner[i].cap, owner[i].name);
        else
            fprintf(out, "    %12zu %12s %s\n", owner[i].live, "-", owner[i].name);
}

static int show_memory(struct cmd_ctx *ctx, struct json *j)
{
    struct memory_owner owner[MAX_OWNERS];
    size_t total, peak = 0, n = read_memory(ctx, owner, &total, &peak);

    if (j) {
        json_memory(j, owner, n);
        json_number(j, "memory_idle", idle_memory(owner, n, total));
        json_number(j, "memory_total", total);
        json_number(j, "memory_peak", peak);
        return 0;
    }
    print_memory(ctx->out, owner, n);
    fprintf(ctx->out, "    %12zu %12s idle: nobody's, until somebody asks\n", idle_memory(owner, n, total), "-");
    fprintf(ctx->out, "    %12zu %12s in all\n    %12zu %12s the most until now\n", total, "", peak, "");
    return 0;
}

static int run_netstat(struct cmd_ctx *ctx)
{
    const struct netstat_opts *o = ctx->opts;
    struct json json = {.out = ctx->out}, *j = ctx->where.json ? &json : NULL;
    int status = 0;

    if (j)
        json_open(j, NULL, '{');
    if (o->interfaces)
        status = show_interfaces(ctx, j);
    if (o->groups)
        status = show_groups(ctx, j);
    if (o->routes)
        status = show_routes(ctx, j);
    if (o->statistics)
        status = show_statistics(ctx, j);
    if (o->memory)
        status = show_memory(ctx, j);
    if (!o->interfaces && !o->groups && !o->routes && !o->statistics && !o->memory)
        status = show_sockets(ctx, j);
    if (j) {
        json_close(j, '}');
        json_end(j);
    }
    return status;
}

const struct subcommand cmd_netstat = {
    .name = "netstat",
    .summary = "List sockets, interfaces, routes, counters",
    .options = netstat_options,
    .parse = parse_netstat,
    .opts_size = sizeof(struct netstat_opts),
    .on_host = true,
    .json = true,
    .run = run_netstat,
};
