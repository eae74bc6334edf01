/* SPDX-License-Identifier: MIT */
/*
 * Reading the command line with argp. Two things differ from argp's habits: a mistake is told in one line that also
 * says what to do, and nothing here exits or uses stdio's own streams, because the same code reads the arguments again
 * inside a running host.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/parse.h"
#include "cmd/tunable.h"

enum { KEY_HOST = 0x1000, KEY_IF, KEY_ADDR, KEY_IMPAIR, KEY_ROUTE, KEY_PROFILE, KEY_SYSCTL, KEY_JSON, KEY_HELP, KEY_PID, KEY_TTY };

#define MAX_ROWS 14

static const struct argp_option rows_host[] = {
    {"host", KEY_HOST, "NAME", 0, "Work in this running host; not needed when only one runs", 90},
    {0},
};
static const struct argp_option rows_if[] = {
    {"if", KEY_IF, "SPEC", 0, "Open a device, tap:NAME, tun:NAME or packet:NAME, for a host of this command's own", 91},
    {"addr", KEY_ADDR, "ADDR/N", 0, "Address of the --if before it, or rarp or rarp/N to ask for it; again for more", 91},
    {"impair", KEY_IMPAIR, "HOW", 0, "Let the --if before it misbehave: rate=10mbit,queue=64p, "
     "delay=5ms,jitter=1ms, loss=1%,dup=1%,corrupt=1%,reorder=1%:3ms, seed=7 (without spaces)", 91},
    {"route", KEY_ROUTE, "ROUTE", 0, "Add a route: default via 10.9.0.1", 91},
    {"profile", KEY_PROFILE, "LOOK", 0, "Behave as linux (the default), rfc (to the letter) or bsd", 91},
    {"sysctl", KEY_SYSCTL, "NAME=VALUE", 0, "Set a tunable of the stack, as weft sysctl does on a running one", 91},
    {0},
};
static const struct argp_option rows_json[] = {
    {"json", KEY_JSON, NULL, 0, "Print JSON", 92},
    {0},
};
static const struct argp_option rows_help[] = {
    {"help", KEY_HELP, NULL, 0, "Show this help", -1},
    {"client-pid", KEY_PID, "N", OPTION_HIDDEN, NULL, -1},
    {"client-tty", KEY_TTY, NULL, OPTION_HIDDEN, NULL, -1},
    {0},
};

static size_t append_rows(struct argp_option *rows, size_t n, const struct argp_option *more)
{
    for (; more->name; more++)
        rows[n++] = *more;
    return n;
}

static void common_rows(const struct subcommand *cmd, struct argp_option rows[MAX_ROWS])
{
    size_t n = append_rows(rows, 0, rows_help);

    if (cmd->on_host)
        n = append_rows(rows, n, rows_host);
    if (cmd->on_host || cmd == &cmd_up)
        n = append_rows(rows, n, rows_if);
    if (cmd->json)
        n = append_rows(rows, n, rows_json);
    memset(&rows[n], 0, sizeof rows[n]);
}

error_t args_error(const struct argp_state *state, const char *format, ...)
{
    struct cmd_ctx *ctx = args_ctx(state);
    va_list ap;

    if (ctx->complained)
        return EINVAL;
    ctx->complained = true;
    va_start(ap, format);
    cmd_complain(ctx, format, ap);
    va_end(ap);
    return EINVAL;
}

error_t args_number(const struct argp_state *state, const char *what, const char *text, uint64_t min, uint64_t max,
                    uint64_t *out)
{
    if (parse_u64(text, min, max, out))
        return 0;
    return args_error(state, "bad %s '%s': give a number from %llu to %llu", what, text, (unsigned long long)min,
                      (unsigned long long)max);
}

error_t args_port(const struct argp_state *state, const char *text, uint16_t *out)
{
    if (parse_port(text, NULL, out))
        return 0;
    return args_error(state, "bad port '%s': give a number from 1 to 65535 or a service's name", text);
}

error_t args_ip(const struct argp_state *state, const char *text, struct weft_ip *out)
{
    weft_host *host = args_ctx(state)->host;

    if (host ? weft_host_ip_parse(host, text, out) == 0 : parse_ip(text, out))
        return 0;
    if (parse_ip(text, out))
        return args_error(state, "bad address '%s': there is no interface %s", text, strchr(text, '%') + 1);
    return args_error(state, "bad address '%s': give it as 10.9.0.1, 2001:db8::1 or fe80::1%%wt0", text);
}

error_t args_seconds(const struct argp_state *state, const char *what, const char *text, weft_time *out)
{
    if (parse_seconds(text, out))
        return 0;
    return args_error(state, "bad %s '%s': give seconds, as 0.5", what, text);
}

static error_t take_if(struct argp_state *state, struct cmd_where *w, const char *spec)
{
    char why[CMD_WHY];

    if (!weft_driver_spec_check(spec, why, sizeof why))
        return args_error(state, "bad interface '%s': %s, as tap:wt0", spec, why);
    if (w->n_ifs == CMD_MAX_IFS)
        return args_error(state, "more than %d interfaces", CMD_MAX_IFS);
    w->ifs[w->n_ifs++].spec = spec;
    return 0;
}

/* All addresses of an interface become one list, as weft_host_add_if reads it. */
static error_t take_addr(struct argp_state *state, struct cmd_where *w, const char *addr)
{
    struct weft_ip ip;
    unsigned prefix;
    char *list;
    size_t n;

    if (!parse_rarp(addr) && !parse_cidr(addr, &ip, &prefix))
        return args_error(state, "bad address '%s': give it with its prefix, as 10.9.0.2/24 or 2001:db8::2/64", addr);
    if (w->n_ifs == 0)
        return args_error(state, "--addr %s stands before any --if: name the interface first", addr);
    list = w->ifs[w->n_ifs - 1].addr;
    n = strlen(list);
    if (n + 1 + strlen(addr) >= CMD_ADDR_TEXT)
        return args_error(state, "%s has too many --addr", w->ifs[w->n_ifs - 1].spec);
    snprintf(list + n, CMD_ADDR_TEXT - n, "%s%s", n ? "," : "", addr);
    return 0;
}

static error_t take_impair(struct argp_state *state, struct cmd_where *w, const char *text)
{
    struct weft_impairment how;
    char bad[80];
    uint64_t seed;

    if (!parse_impairment(text, &how, &seed, bad, sizeof bad))
        return args_error(state, "bad impairment '%s': give words as loss=1%%,reorder=1%%:3ms,delay=5ms", bad);
    if (w->n_ifs == 0)
        return args_error(state, "--impair %s stands before any --if: name the interface first", text);
    if (w->ifs[w->n_ifs - 1].impair)
        return args_error(state, "%s has two --impair: join them by commas", w->ifs[w->n_ifs - 1].spec);
    w->ifs[w->n_ifs - 1].impair = text;
    return 0;
}

static bool add_word(char *route, const char *word)
{
    size_t n = strlen(route), more = strlen(word);

    if (n + 1 + more >= CMD_ROUTE_TEXT)
        return false;
    if (n)
        route[n++] = ' ';
    memcpy(route + n, word, more + 1);
    return true;
}

/* A route may come as one word ('default via A') or as several: then its pairs follow as arguments, taken here. */
static error_t take_route(struct argp_state *state, struct cmd_where *w, const char *word)
{
    char *route;
    bool fits;

    if (w->n_routes == CMD_MAX_ROUTES)
        return args_error(state, "more than %d routes", CMD_MAX_ROUTES);
    route = w->routes[w->n_routes];
    fits = add_word(route, word);
    while (fits && state->next + 1 < state->argc) {
        char **pair = &state->argv[state->next];

        if (strcmp(pair[0], "via") != 0 && strcmp(pair[0], "dev") != 0)
            break;
        fits = add_word(route, pair[0]) && add_word(route, pair[1]);
        state->next += 2;
    }
    if (!fits || !parse_route(route))
        return args_error(state, "bad route '%s': give it as 'default via 10.9.0.1'", fits ? route : word);
    w->n_routes++;
    return 0;
}

void args_config(const struct cmd_ctx *ctx, struct weft_config *config)
{
    const struct cmd_where *w = &ctx->where;
    struct tunable t;
    size_t i;

    weft_config_profile(config, w->profile ? w->profile : "linux");
    for (i = 0; i < w->n_sysctls; i++) {
        if (tunable_split(w->sysctls[i], &t))
            weft_config_set(config, t.name, t.value);
    }
}

error_t args_sysctl(const struct argp_state *state, const char *text)
{
    struct weft_config config;
    struct tunable t;
    char why[CMD_WHY], value[WEFT_SYSCTL_TEXT];
    int err;

    if (!tunable_split(text, &t))
        return args_error(state, "bad tunable '%s': give it as net.ipv4.tcp_sack=0", text);
    args_config(args_ctx(state), &config);
    err = t.value ? weft_config_set(&config, t.name, t.value)
                  : weft_config_get(&config, t.name, value, sizeof value);
    if (err == 0)
        return 0;
    tunable_explain(&t, err, why, sizeof why);
    return args_error(state, "%s", why);
}

static error_t take_sysctl(struct argp_state *state, struct cmd_where *w, const char *text)
{
    if (!strchr(text, '='))
        return args_error(state, "bad setting '%s': give it as net.ipv4.tcp_sack=0", text);
    if (args_sysctl(state, text) != 0)
        return EINVAL;
    if (w->n_sysctls == CMD_MAX_SYSCTLS)
        return args_error(state, "more than %d --sysctl", CMD_MAX_SYSCTLS);
    w->sysctls[w->n_sysctls++] = text;
    return 0;
}

static error_t take_profile(struct argp_state *state, struct cmd_where *w, const char *name)
{
    struct weft_config config;

    if (weft_config_profile(&config, name) < 0)
        return args_error(state, "bad profile '%s': there are linux, rfc and bsd", name);
    w->profile = name;
    return 0;
}

static void print_help(struct cmd_ctx *ctx, const struct argp_state *state)
{
    char name[32];

    snprintf(name, sizeof name, "weft %s", ctx->cmd->name);
    argp_help(state->root_argp, ctx->out, ARGP_HELP_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC, name);
}

static error_t take_where(int key, char *arg, struct argp_state *state)
{
    struct cmd_where *w = &args_ctx(state)->where;

    switch (key) {
    case KEY_HOST:
        w->host = arg;
        return parse_host_name(arg) ? 0 : args_error(state, "bad host name '%s'", arg);
    case KEY_IF:
        return take_if(state, w, arg);
    case KEY_ADDR:
        return take_addr(state, w, arg);
    case KEY_IMPAIR:
        return take_impair(state, w, arg);
    case KEY_ROUTE:
        return take_route(state, w, arg);
    case KEY_PROFILE:
        return take_profile(state, w, arg);
    case KEY_SYSCTL:
        return take_sysctl(state, w, arg);
    case KEY_JSON:
        w->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t check_end(struct argp_state *state)
{
    struct cmd_ctx *ctx = args_ctx(state);

    if (ctx->n_args < ctx->cmd->min_args)
        return args_error(state, "needs %s; see weft %s --help", ctx->cmd->args, ctx->cmd->name);
    if (ctx->where.host && ctx->where.n_ifs)
        return args_error(state, "--host and --if exclude each other: name a running host, or make one here");
    if (ctx->where.host && (ctx->where.profile || ctx->where.n_sysctls))
        return args_error(state, "--profile and --sysctl are for a host made here; weft sysctl sets those of %s",
                          ctx->where.host);
    return 0;
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
    struct cmd_ctx *ctx = args_ctx(state);
    uint64_t pid;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = ctx;
        return 0;
    case ARGP_KEY_ARG:
        /* Counted here: argp's own count is of what this very parser took. */
        return ctx->n_args++ < ctx->cmd->max_args ? ARGP_ERR_UNKNOWN
                                                  : args_error(state, "unexpected argument '%s'", arg);
    case ARGP_KEY_END:
        return check_end(state);
    case ARGP_KEY_ERROR:
        ctx->stopped_at = state->next;
        return 0;
    case KEY_HELP:
        print_help(ctx, state);
        ctx->complained = true;
        return ECANCELED;
    case KEY_PID:
        if (parse_u64(arg, 1, INT32_MAX, &pid))
            ctx->pid = (int)pid;
        return 0;
    case KEY_TTY:
        ctx->tty = true;
        return 0;
    default:
        return take_where(key, arg, state);
    }
}

static bool known(const struct argp_option *rows, const char *word)
{
    for (; rows && (rows->name || rows->key); rows++) {
        if (strncmp(word, "--", 2) == 0 ? rows->name && strcmp(rows->name, word + 2) == 0
                                        : word[1] && !word[2] && rows->key == word[1])
            return true;
    }
    return false;
}

/* argp told us only that it gave up: find out over which word, and say it in one line. */
static void explain(struct cmd_ctx *ctx, const struct argp_option *common)
{
    const char *word = ctx->stopped_at > 0 ? ctx->argv[ctx->stopped_at - 1] : "?";

    if (ctx->complained)
        return;
    if (word[0] != '-' && ctx->stopped_at < ctx->argc) /* within several letters behind one dash */
        word = ctx->argv[ctx->stopped_at];
    if (known(ctx->cmd->options, word) || known(common, word))
        cmd_fail(ctx, 0, "option '%s' needs a value; see weft %s --help", word, ctx->cmd->name);
    else
        cmd_fail(ctx, 0, "unknown option '%s'; see weft %s --help", word, ctx->cmd->name);
}

/* The same words, but for those that only look like options: without their dash. To be freed; NULL: no memory. */
static char **plain_words(const struct cmd_ctx *ctx)
{
    char **argv = calloc((size_t)ctx->argc + 1, sizeof *argv);

    for (int i = 0; argv && i < ctx->argc; i++) {
        argv[i] = ctx->argv[i];
        for (const char *const *word = ctx->cmd->words; word && *word; word++)
            if (strcmp(argv[i], *word) == 0)
                argv[i]++;
    }
    return argv;
}

/* What args_parse made. */
static void args_free_parsed(struct cmd_ctx *ctx)
{
    free(ctx->opts);
    free(ctx->plain);
}

int args_parse(struct cmd_ctx *ctx)
{
    const unsigned flags = ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP | ARGP_IN_ORDER;
    const struct subcommand *cmd = ctx->cmd;
    struct argp own = {.options = cmd->options, .parser = cmd->parse};
    struct argp_child children[2] = {{.argp = &own, .group = 1}, {0}};
    struct argp_option common[MAX_ROWS];
    char doc[1024];
    struct argp all = {.options = common, .parser = parse_common, .args_doc = cmd->args, .doc = doc};
    error_t err;

    args_free_parsed(ctx);
    ctx->plain = plain_words(ctx);
    ctx->where = (struct cmd_where){0};
    ctx->n_args = 0;
    ctx->opts = calloc(1, cmd->opts_size ? cmd->opts_size : 1);
    if (!ctx->opts || !ctx->plain)
        return cmd_fail(ctx, CMD_FAILED, "out of memory");
    all.children = children;
    common_rows(cmd, common);
    snprintf(doc, sizeof doc, "%s.\v%s", cmd->summary, cmd->more ? cmd->more : "");
    err = argp_parse(&all, ctx->argc, ctx->plain, flags, NULL, ctx);
    if (err == 0)
        return CMD_GO_ON;
    if (err == ECANCELED)
        return 0;
    explain(ctx, common);
    return CMD_USAGE;
}

int args_append(struct cmd_ctx *ctx, char *word)
{
    ctx->own_word = word;
    ctx->own_argv = calloc((size_t)ctx->argc + 2, sizeof *ctx->own_argv);
    if (!word || !ctx->own_argv)
        return cmd_fail(ctx, CMD_FAILED, "out of memory");
    memcpy(ctx->own_argv, ctx->argv, (size_t)ctx->argc * sizeof *ctx->own_argv);
    ctx->own_argv[ctx->argc++] = word;
    ctx->argv = ctx->own_argv;
    return CMD_GO_ON;
}

void args_free(struct cmd_ctx *ctx)
{
    args_free_parsed(ctx);
    free(ctx->own_argv);
    free(ctx->own_word);
}
