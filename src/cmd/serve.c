/* SPDX-License-Identifier: MIT */
/* weft serve: the small services, inside a running host (and then it returns) or in front on a host of its own. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fmt.h"
#include "cmd/cmd.h"
#include "cmd/parse.h"
#include "service/service.h"

#define MAX_SERVICES 16

struct serve_opts {
    const char *root;
    size_t n;
    struct {
        const struct service_type *type;
        uint16_t port;
    } wanted[MAX_SERVICES];
};

enum { KEY_ROOT = 0x100 };

static const struct argp_option serve_options[] = {
    {"root", KEY_ROOT, "DIR", 0, "http: serve the files below this directory instead of the built-in page", 1},
    {0},
};

static error_t unknown_service(struct argp_state *state, const char *word)
{
    char list[160];
    struct fmt names = fmt_begin(list, sizeof list);
    size_t i;

    for (i = 0; service_at(i); i++) {
        fmt_str(&names, i ? ", " : "");
        fmt_str(&names, service_at(i)->name);
    }
    return args_error(state, "unknown service '%s': there are %s", word, list);
}

static error_t take_service(struct argp_state *state, struct serve_opts *o, const char *word)
{
    const char *colon = strchr(word, ':');
    char name[24];
    size_t len = colon ? (size_t)(colon - word) : strlen(word);

    if (o->n == MAX_SERVICES)
        return args_error(state, "more than %d services", MAX_SERVICES);
    snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), word);
    o->wanted[o->n].type = service_find(name);
    if (!o->wanted[o->n].type)
        return unknown_service(state, word);
    o->wanted[o->n].port = o->wanted[o->n].type->port;
    if (colon && args_port(state, colon + 1, &o->wanted[o->n].port))
        return EINVAL;
    o->n++;
    return 0;
}

static error_t parse_serve(int key, char *arg, struct argp_state *state)
{
    struct serve_opts *o = args_opts(state);

    switch (key) {
    case KEY_ROOT:
        o->root = arg;
        return 0;
    case ARGP_KEY_ARG:
        return take_service(state, o, arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The host's process has another working directory: a relative root is made absolute by a second --root. */
static int prepare_serve(struct cmd_ctx *ctx)
{
    const struct serve_opts *o = ctx->opts;
    char path[PATH_MAX], *option = NULL;
    struct stat st;

    if (!o->root)
        return CMD_GO_ON;
    if (!realpath(o->root, path) || stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return cmd_fail(ctx, CMD_USAGE, "no directory '%s': give --root one that is there", o->root);
    if (asprintf(&option, "--root=%s", path) < 0)
        option = NULL;
    return args_append(ctx, option);
}

static int run_serve(struct cmd_ctx *ctx)
{
    const struct serve_opts *o = ctx->opts;
    const char *name = weft_host_name(ctx->host) ? weft_host_name(ctx->host) : "";
    char why[CMD_WHY] = "";
    size_t i;

    for (i = 0; i < o->n; i++) {
        const struct service_type *type = o->wanted[i].type;
        struct service_config config = {.type = type, .port = o->wanted[i].port,
                                        .root = type == &service_http ? o->root : NULL};

        if (services_start(ctx->keeper->services, &config, why, sizeof why) < 0)
            return cmd_fail(ctx, CMD_USAGE, "%s", why);
        fprintf(ctx->out, "%s%s%s on port %u (%s): %s\n", *name ? name : "", *name ? ": " : "", type->name, config.port,
                type->answer ? "TCP, UDP" : "TCP", type->summary);
    }
    fflush(ctx->out);
    if (!ctx->remote)
        cmd_sleep(ctx, WEFT_NEVER);
    return 0;
}

const struct subcommand cmd_serve = {
    .name = "serve",
    .args = "SERVICE[:PORT]...",
    .summary = "Start services: echo, discard, chargen, daytime, time (TCP and UDP), http",
    .more = "In a running host the services stay until the host ends, and the command returns. With --if it stays in "
            "the foreground.",
    .options = serve_options,
    .parse = parse_serve,
    .opts_size = sizeof(struct serve_opts),
    .min_args = 1,
    .max_args = MAX_SERVICES,
    .on_host = true,
    .stays = true,
    .prepare = prepare_serve,
    .run = run_serve,
};
