/* SPDX-License-Identifier: MIT */
/*
 * weft ss: a host's sockets as ss(8) shows them. Facts are copied under the host's lock, and printed after it: a slow
 * terminal stops nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/netstat_format.h"
#include "cmd/ss.h"
#include "cmd/ss_filter.h"
#include "cmd/ss_format.h"

#define MAX_WORDS 64

struct ss_opts {
    bool all, listening, tcp, udp, numeric, processes, info, memory, options, extended, summary, no_header, one_line;
    bool why, v4, v6;
    const char *word[MAX_WORDS];
    size_t n_words;
    struct ss_filter filter;
};

enum { KEY_WHY = 0x100 };

static const struct argp_option ss_options[] = {
    {"all", 'a', NULL, 0, "Sockets in every state", 1},
    {"listening", 'l', NULL, 0, "Only sockets that listen", 1},
    {"tcp", 't', NULL, 0, "Only TCP", 1},
    {"udp", 'u', NULL, 0, "Only UDP", 1},
    {"ipv4", '4', NULL, 0, "Only IPv4", 1},
    {"ipv6", '6', NULL, 0, "Only IPv6", 1},
    {"numeric", 'n', NULL, 0, "Ports as numbers", 1},
    {"processes", 'p', NULL, 0, "Whose sockets they are", 2},
    {"info", 'i', NULL, 0, "What TCP knows of each connection", 2},
    {"memory", 'm', NULL, 0, "What each socket holds and may hold", 2},
    {"options", 'o', NULL, 0, "What timer runs, for how long, fired how often", 2},
    {"extended", 'e', NULL, 0, "Accepted: there are no users nor inodes here", 2},
    {"why", KEY_WHY, NULL, 0, "Why: what was sent again, window changes, stalls", 2},
    {"summary", 's', NULL, 0, "How many there are instead of which", 2},
    {"no-header", 'H', NULL, 0, "Without the line of titles", 3},
    {"oneline", 'O', NULL, 0, "All of a socket on one line", 3},
    {0},
};

static bool *flag_of(struct ss_opts *o, int key)
{
    static const struct {
        int key;
        size_t at;
    } flags[] = {
        {'a', offsetof(struct ss_opts, all)},      {'l', offsetof(struct ss_opts, listening)},
        {'t', offsetof(struct ss_opts, tcp)},      {'u', offsetof(struct ss_opts, udp)},
        {'4', offsetof(struct ss_opts, v4)},       {'6', offsetof(struct ss_opts, v6)},
        {'n', offsetof(struct ss_opts, numeric)},  {'p', offsetof(struct ss_opts, processes)},
        {'i', offsetof(struct ss_opts, info)},     {'m', offsetof(struct ss_opts, memory)},
        {'o', offsetof(struct ss_opts, options)},  {'e', offsetof(struct ss_opts, extended)},
        {'s', offsetof(struct ss_opts, summary)},  {'H', offsetof(struct ss_opts, no_header)},
        {'O', offsetof(struct ss_opts, one_line)}, {KEY_WHY, offsetof(struct ss_opts, why)},
    };
    size_t i;

    for (i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (flags[i].key == key)
            return (bool *)o + flags[i].at;
    }
    return NULL;
}

static error_t parse_ss(int key, char *arg, struct argp_state *state)
{
    struct ss_opts *o = args_opts(state);
    bool *flag = flag_of(o, key);
    char why[CMD_WHY];

    if (flag) {
        *flag = true;
        return 0;
    }
    if (key == ARGP_KEY_ARG) {
        o->word[o->n_words++] = arg; /* max_args bounds them */
        return 0;
    }
    if (key != ARGP_KEY_END)
        return ARGP_ERR_UNKNOWN;
    return ss_filter_parse(&o->filter, o->word, o->n_words, why, sizeof why) ? 0 : args_error(state, "%s", why);
}

/* ---- collecting ---- */

struct rows {
    const struct ss_opts *opts;
    weft_host *host;
    struct ss_row *row;
    size_t n, room;
    bool out_of_memory;
};

/* What ss shows without being told: neither what listens nor what is over or not yet there. */
static unsigned wanted_states(const struct ss_opts *o)
{
    const unsigned all = (1u << WEFT_TCP_STATE_COUNT) - 1, listening = 1u << WEFT_TCP_LISTEN | 1u << WEFT_TCP_CLOSED;

    if (o->filter.states)
        return o->filter.states;
    if (o->all || o->summary)
        return all;
    return o->listening ? listening : all & ~(listening | 1u << WEFT_TCP_TIME_WAIT | 1u << WEFT_TCP_SYN_RECEIVED);
}

static bool is_v4(const struct weft_ip *ip)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(ip->b, mapped, sizeof mapped) == 0;
}

static bool wanted(const struct ss_opts *o, const struct weft_listing *item)
{
    bool v4 = is_v4(&item->local.ip);

    if ((o->tcp || o->udp) && !(o->tcp && item->proto == WEFT_TCP) && !(o->udp && item->proto == WEFT_UDP))
        return false;
    if ((o->v4 || o->v6) && !(o->v4 && v4) && !(o->v6 && !v4))
        return false;
    return wanted_states(o) & 1u << item->state && ss_filter_matches(&o->filter, item);
}

static bool collect(void *ctx, const struct weft_listing *listed)
{
    struct rows *rows = ctx;
    struct weft_listing item = *listed;
    const char *label = item.sock ? weft_host_label_of(rows->host, item.sock) : "-";

    if (item.proto != WEFT_TCP)
        item.state = item.remote.port ? WEFT_TCP_ESTABLISHED : WEFT_TCP_CLOSED;
    if (!wanted(rows->opts, &item))
        return true;
    if (rows->n == rows->room) {
        size_t room = rows->room ? rows->room * 2 : 256;
        struct ss_row *more = realloc(rows->row, room * sizeof *more);

        rows->out_of_memory = !more;
        if (!more)
            return false;
        rows->row = more;
        rows->room = room;
    }
    rows->row[rows->n] = (struct ss_row){.item = item};
    snprintf(rows->row[rows->n++].label, sizeof rows->row->label, "%s", label);
    return true;
}

/* A run may go on while others come and go: by when it happened last. */
static int why_order(const void *a, const void *b)
{
    weft_time x = ((const struct weft_why_event *)a)->at, y = ((const struct weft_why_event *)b)->at;

    return (x > y) - (x < y);
}

/* Still under the lock: the sockets are there. */
static struct ss_detail *look_closer(weft_sock *sock)
{
    struct ss_detail *d = calloc(1, sizeof *d);
    size_t n = sizeof d->info;

    if (!d)
        return NULL;
    d->tcp = weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &d->info, &n) == 0;
    n = sizeof d->memory;
    weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_MEMINFO, d->memory, &n);
    n = sizeof d->cc - 1;
    weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_CONGESTION, d->cc, &n);
    d->n_whys = weft_why_read(sock, d->why, SS_WHYS);
    qsort(d->why, d->n_whys, sizeof *d->why, why_order);
    return d;
}

static weft_time collect_all(struct rows *rows, bool closer)
{
    weft_stack *stack = weft_host_lock(rows->host);
    weft_time now = weft_host_now(rows->host);
    size_t i;

    weft_list(stack, collect, rows);
    for (i = 0; i < rows->n && closer; i++) {
        struct ss_row *row = &rows->row[i];

        if (row->item.sock && row->item.proto == WEFT_TCP && !(row->detail = look_closer(row->item.sock)))
            rows->out_of_memory = true;
    }
    weft_host_unlock(rows->host);
    return now;
}

/* TCP before UDP before the rest; those who listen first; then by port and peer. */
static int row_order(const void *a, const void *b)
{
    const struct weft_listing *x = &((const struct ss_row *)a)->item, *y = &((const struct ss_row *)b)->item;
    bool x_listens = x->state == WEFT_TCP_LISTEN, y_listens = y->state == WEFT_TCP_LISTEN;

    if (x->proto != y->proto)
        return (x->proto == WEFT_ICMP) - (y->proto == WEFT_ICMP) ?: (int)x->proto - (int)y->proto;
    if (x_listens != y_listens)
        return x_listens ? -1 : 1;
    if (x->local.port != y->local.port)
        return x->local.port - y->local.port;
    return memcmp(&x->remote.ip, &y->remote.ip, sizeof x->remote.ip) ?: x->remote.port - y->remote.port;
}

/* ---- printing ---- */

/* As wide as the widest of each column. */
struct widths {
    int state, recv, send, local, local_port, peer, peer_port;
};

struct cells {
    char state[16], recv[24], send[24], local[WEFT_IP_TEXT + 2], local_port[32], peer[WEFT_IP_TEXT + 2], peer_port[32];
};

/* "10.9.0.2", "[fe80::1]" */
static void put_ip(char *buf, size_t n, const struct weft_ip *ip)
{
    char text[WEFT_IP_TEXT];

    weft_ip_text(ip, text, sizeof text);
    snprintf(buf, n, is_v4(ip) ? "%s" : "[%s]", text);
}

static void fill_cells(struct cells *c, const struct ss_row *row, bool numeric)
{
    const struct weft_listing *item = &row->item;

    snprintf(c->state, sizeof c->state, "%s", ss_state(item->state));
    snprintf(c->recv, sizeof c->recv, "%zu", item->recv_q);
    snprintf(c->send, sizeof c->send, "%zu", item->send_q);
    put_ip(c->local, sizeof c->local, &item->local.ip);
    netstat_port(c->local_port, sizeof c->local_port, item->local.port, item->proto, numeric);
    put_ip(c->peer, sizeof c->peer, &item->remote.ip);
    netstat_port(c->peer_port, sizeof c->peer_port, item->remote.port, item->proto, numeric);
}

static const struct cells titles = {"State", "Recv-Q", "Send-Q", "Local Address", "Port", "Peer Address", "Port"};

static void widen(int *width, const char *text)
{
    if ((int)strlen(text) > *width)
        *width = (int)strlen(text);
}

static void widen_all(struct widths *w, const struct cells *c)
{
    widen(&w->state, c->state);
    widen(&w->recv, c->recv);
    widen(&w->send, c->send);
    widen(&w->local, c->local);
    widen(&w->local_port, c->local_port);
    widen(&w->peer, c->peer);
    widen(&w->peer_port, c->peer_port);
}

static void print_cells(FILE *out, const struct widths *w, const struct cells *c)
{
    fprintf(out, "%-*s %-*s %-*s %*s:%-*s %*s:%-*s ", w->state, c->state, w->recv, c->recv, w->send, c->send, w->local,
            c->local, w->local_port, c->local_port, w->peer, c->peer, w->peer_port, c->peer_port);
}

/* "412/echo" as ss has it: users:(("echo",pid=412)) */
static void print_user(FILE *out, const char *label)
{
    const char *slash = strchr(label, '/');

    if (slash)
        fprintf(out, " users:((\"%s\",pid=%.*s))", slash + 1, (int)(slash - label), label);
}

static void print_row(struct cmd_ctx *ctx, const struct widths *w, const struct ss_row *row, weft_time now)
{
    const struct ss_opts *o = ctx->opts;
    const struct ss_detail *d = row->detail;
    struct cells cells;
    char timer[64];
    size_t i;

    fill_cells(&cells, row, o->numeric);
    if (o->tcp == o->udp)
        fprintf(ctx->out, "%-5s ", netstat_proto(row->item.proto));
    print_cells(ctx->out, w, &cells);
    if (o->processes)
        print_user(ctx->out, row->label);
    ss_timer(timer, sizeof timer, &row->item, now);
    if (o->options && timer[0])
        fprintf(ctx->out, " %s", timer);
    if (d && d->tcp && (o->info || o->memory) && !o->one_line)
        fputs("\n\t", ctx->out);
    if (d && d->tcp && o->memory)
        ss_memory(ctx->out, d->memory);
    if (d && d->tcp && o->info)
        ss_info(ctx->out, &d->info, d->cc);
    fputc('\n', ctx->out);
    for (i = 0; d && o->why && i < d->n_whys; i++)
        ss_why(ctx->out, &d->why[i]);
}

static void print_rows(struct cmd_ctx *ctx, const struct rows *rows, weft_time now)
{
    const struct ss_opts *o = ctx->opts;
    struct widths w = {0};
    struct cells cells;
    size_t i;

    widen_all(&w, &titles);
    for (i = 0; i < rows->n; i++) {
        fill_cells(&cells, &rows->row[i], o->numeric);
        widen_all(&w, &cells);
    }
    if (!o->no_header) {
        if (o->tcp == o->udp)
            fprintf(ctx->out, "%-5s ", "Netid");
        print_cells(ctx->out, &w, &titles);
        fputs("Process\n", ctx->out);
    }
    for (i = 0; i < rows->n; i++)
        print_row(ctx, &w, &rows->row[i], now);
}

/* ---- the summary ---- */

struct sums {
    unsigned total, tcp, estab, closed, orphaned, timewait;
    unsigned of[3], v4[3]; /* TCP, UDP, ICMP: in all, and of IPv4 */
};

static void add(struct sums *s, const struct weft_listing *item)
{
    unsigned kind = item->proto == WEFT_TCP ? 0 : item->proto == WEFT_UDP ? 1 : 2;

    s->total++;
    s->of[kind]++;
    s->v4[kind] += is_v4(&item->local.ip);
    if (item->proto != WEFT_TCP)
        return;
    s->tcp++;
    s->estab += item->state == WEFT_TCP_ESTABLISHED;
    s->closed += item->state == WEFT_TCP_CLOSED;
    s->timewait += item->state == WEFT_TCP_TIME_WAIT;
    s->orphaned += item->sock && !item->cookie;
}

static void print_summary(struct cmd_ctx *ctx, struct json *j, const struct rows *rows)
{
    static const char *const names[] = {"TCP", "UDP", "ICMP"};
    struct sums s = {0};
    size_t i;

    for (i = 0; i < rows->n; i++)
        add(&s, &rows->row[i].item);
    if (j) {
        json_number(j, "total", s.total);
        json_number(j, "tcp", s.tcp);
        json_number(j, "established", s.estab);
        json_number(j, "closed", s.closed);
        json_number(j, "orphaned", s.orphaned);
        json_number(j, "timewait", s.timewait);
        return;
    }
    fprintf(ctx->out, "Total: %u\nTCP:   %u (estab %u, closed %u, orphaned %u, timewait %u)\n\n"
                      "Transport Total     IP        IPv6\n",
            s.total, s.tcp, s.estab, s.closed, s.orphaned, s.timewait);
    for (i = 0; i < 3; i++)
        fprintf(ctx->out, "%-9s %-9u %-9u %u\n", names[i], s.of[i], s.v4[i], s.of[i] - s.v4[i]);
}

/* ---- all of it ---- */

static void print_json(struct json *j, const struct rows *rows, weft_time now)
{
    size_t i;

    json_open(j, "sockets", '[');
    for (i = 0; i < rows->n; i++)
        ss_json_row(j, &rows->row[i], now);
    json_close(j, ']');
}

static int run_ss(struct cmd_ctx *ctx)
{
    const struct ss_opts *o = ctx->opts;
    struct rows rows = {.opts = o, .host = ctx->host};
    struct json json = {.out = ctx->out}, *j = ctx->where.json ? &json : NULL;
    weft_time now = collect_all(&rows, o->info || o->memory || o->why || j);
    size_t i;

    if (rows.n)
        qsort(rows.row, rows.n, sizeof *rows.row, row_order);
    if (j)
        json_open(j, NULL, '{');
    if (o->summary)
        print_summary(ctx, j, &rows);
    else if (j)
        print_json(j, &rows, now);
    else
        print_rows(ctx, &rows, now);
    if (j) {
        json_close(j, '}');
        json_end(j);
    }
    for (i = 0; i < rows.n; i++)
        free(rows.row[i].detail);
    free(rows.row);
    return rows.out_of_memory ? cmd_fail(ctx, CMD_FAILED, "out of memory") : 0;
}

const struct subcommand cmd_ss = {
    .name = "ss",
    .args = "[FILTER]",
    .summary = "List sockets in detail",
    .more = "FILTER as in ss(8): state established, exclude time-wait, dst 10.9.0.1, src 10.0.0.0/8:80, sport = :22, "
            "dport gt :1024, joined by and, or, not and parentheses.",
    .options = ss_options,
    .parse = parse_ss,
    .opts_size = sizeof(struct ss_opts),
    .max_args = MAX_WORDS,
    .on_host = true,
    .json = true,
    .run = run_ss,
};
