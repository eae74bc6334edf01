/* SPDX-License-Identifier: MIT */
/* weft sysctl: a host's tunables under Linux's names, read and set as sysctl(8) does. */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/tunable.h"

#define MAX_ARGS 64

struct sysctl_opts {
    bool all, values, names, explain;
    const char *arg[MAX_ARGS];
    size_t n;
};

static const struct argp_option sysctl_options[] = {
    {"all", 'a', NULL, 0, "All of them", 1},
    {"values", 'n', NULL, 0, "Only values, without names", 1},
    {"names", 'N', NULL, 0, "Only names, without values", 1},
    {"write", 'w', NULL, 0, "Accepted and not needed: NAME=VALUE sets", 1},
    {"explain", 'x', NULL, 0, "What each is: its range, default, source, and whom a change concerns", 1},
    {0},
};

static error_t take_arg(struct argp_state *state, struct sysctl_opts *o, const char *arg)
{
    if (args_sysctl(state, arg) != 0)
        return EINVAL;
    o->arg[o->n++] = arg; /* max_args bounds them */
    return 0;
}

static error_t parse_sysctl(int key, char *arg, struct argp_state *state)
{
    struct sysctl_opts *o = args_opts(state);

    switch (key) {
    case 'a':
        o->all = true;
        return 0;
    case 'n':
        o->values = true;
        return 0;
    case 'N':
        o->names = true;
        return 0;
    case 'w':
        return 0;
    case 'x':
        o->explain = true;
        return 0;
    case ARGP_KEY_ARG:
        return take_arg(state, o, arg);
    case ARGP_KEY_END:
        return o->n || o->all ? 0 : args_error(state, "give NAME or NAME=VALUE, or -a for all");
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char *scope_text(const struct weft_sysctl *row)
{
    static const char *const texts[] = {
        [WEFT_SYSCTL_AT_ONCE] = "everything, at once",
        [WEFT_SYSCTL_NEW_SOCKETS] = "sockets made afterwards",
        [WEFT_SYSCTL_NEW_CONNECTIONS] = "connections that begin afterwards",
        [WEFT_SYSCTL_NEW_INTERFACES] = "interfaces made afterwards",
    };

    return row->read_only ? "nothing: it can only be read" : texts[row->scope];
}

static void print_explained(FILE *out, const struct weft_sysctl *row, const char *value, const char *initial)
{
    char range[96];

    tunable_range(row, range, sizeof range);
    fprintf(out, "%s = %s\n    %s\n    takes %s; default %s; from %s\n    a change concerns %s\n", row->name, value,
            row->text, range, initial, row->source, scope_text(row));
}

static void print_json(struct json *j, const struct weft_sysctl *row, const char *value, const char *initial)
{
    json_open(j, NULL, '{');
    json_text(j, "name", row->name);
    json_text(j, "value", value);
    json_text(j, "default", initial);
    if (row->values) {
        json_number(j, "values", row->values);
        json_number(j, "min", row->min);
        json_number(j, "max", row->max);
        json_text(j, "unit", row->unit);
    }
    json_text(j, "source", row->source);
    json_text(j, "concerns", scope_text(row));
    json_text(j, "text", row->text);
    json_close(j, '}');
}

static void show(struct cmd_ctx *ctx, struct json *j, const struct weft_sysctl *row, const char *value)
{
    const struct sysctl_opts *o = ctx->opts;
    char initial[WEFT_SYSCTL_TEXT] = "";
    struct weft_config defaults;

    weft_config_default(&defaults);
    weft_config_get(&defaults, row->name, initial, sizeof initial);
    if (j)
        print_json(j, row, value, initial);
    else if (o->explain)
        print_explained(ctx->out, row, value, initial);
    else if (o->values)
        fprintf(ctx->out, "%s\n", value);
    else if (o->names)
        fprintf(ctx->out, "%s\n", row->name);
    else
        fprintf(ctx->out, "%s = %s\n", row->name, value);
}

/* Sets, if that is asked for, and reads. 0, or a status after a complaint. */
static int serve_one(struct cmd_ctx *ctx, struct json *j, const struct tunable *t)
{
    char value[WEFT_SYSCTL_TEXT] = "", why[CMD_WHY];
    struct weft_sysctl row = {0};
    weft_stack *stack = weft_host_lock(ctx->host);
    int err = t->value ? weft_sysctl_set(stack, t->name, t->value) : 0;

    if (err == 0)
        err = weft_sysctl_get(stack, t->name, value, sizeof value);
    weft_host_unlock(ctx->host);
    if (err < 0) {
        tunable_explain(t, err, why, sizeof why);
        return cmd_fail(ctx, CMD_USAGE, "%s", why);
    }
    weft_sysctl_find(t->name, &row);
    show(ctx, j, &row, value);
    return 0;
}

static void serve_all(struct cmd_ctx *ctx, struct json *j)
{
    struct weft_sysctl row;
    size_t i;

    for (i = 0; weft_sysctl_info(i, &row); i++) {
        struct tunable t = {.value = NULL};

        snprintf(t.name, sizeof t.name, "%s", row.name);
        if (!row.gone)
            serve_one(ctx, j, &t);
    }
}

static int run_sysctl(struct cmd_ctx *ctx)
{
    const struct sysctl_opts *o = ctx->opts;
    struct json json = {.out = ctx->out}, *j = ctx->where.json ? &json : NULL;
    struct tunable t;
    int status = 0, one;
    size_t i;

    if (j)
        json_open(j, NULL, '[');
    if (o->all)
        serve_all(ctx, j);
    for (i = 0; i < o->n; i++) {
        tunable_split(o->arg[i], &t);
        one = serve_one(ctx, j, &t);
        status = status ? status : one;
    }
    if (j) {
        json_close(j, ']');
        json_end(j);
    }
    return status;
}

const struct subcommand cmd_sysctl = {
    .name = "sysctl",
    .args = "NAME[=VALUE]...",
    .summary = "Read and set a host's tunables, under Linux's names",
    .options = sysctl_options,
    .parse = parse_sysctl,
    .opts_size = sizeof(struct sysctl_opts),
    .max_args = MAX_ARGS,
    .on_host = true,
    .json = true,
    .run = run_sysctl,
};
