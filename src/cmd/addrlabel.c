/* SPDX-License-Identifier: MIT */
/* weft addrlabel: the policy table of RFC 6724, in the words of `ip addrlabel` and with the precedence of gai.conf. */
#include <arpa/inet.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/parse.h"
#include "weft/route.h"

enum addrlabel_word { NO_WORD, PREFIX, LABEL, PRECEDENCE };
enum addrlabel_action { ADDRLABEL_LIST, ADDRLABEL_ADD, ADDRLABEL_DEL };

struct addrlabel_opts {
    enum addrlabel_action action;
    bool acted; /* the first word was read */
    bool has_prefix, has_label, has_precedence;
    enum addrlabel_word word; /* that waits for its value */
    struct weft_policy policy;
};

static const char *const words[] = {[PREFIX] = "prefix", [LABEL] = "label", [PRECEDENCE] = "precedence"};

/* ---- arguments ---- */

static error_t take_action(const struct argp_state *state, struct addrlabel_opts *o, const char *arg)
{
    static const char *const actions[] = {[ADDRLABEL_LIST] = "list", [ADDRLABEL_ADD] = "add", [ADDRLABEL_DEL] = "del"};

    o->acted = true;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(actions[i], arg) == 0) {
            o->action = (enum addrlabel_action)i;
            return 0;
        }
    }
    return args_error(state, "'%s' is none of list, add, del", arg);
}

static error_t take_number(const struct argp_state *state, const char *what, const char *arg, uint32_t *out)
{
    uint64_t n;

    if (args_number(state, what, arg, 0, UINT32_MAX, &n))
        return EINVAL;
    *out = (uint32_t)n;
    return 0;
}

static error_t take_value(const struct argp_state *state, struct addrlabel_opts *o, const char *arg)
{
    enum addrlabel_word word = o->word;

    o->word = NO_WORD;
    if (word == LABEL) {
        o->has_label = true;
        return take_number(state, words[LABEL], arg, &o->policy.label);
    }
    if (word == PRECEDENCE) {
        o->has_precedence = true;
        return take_number(state, words[PRECEDENCE], arg, &o->policy.precedence);
    }
    o->has_prefix = true;
    if (parse_prefix(arg, &o->policy.prefix, &o->policy.bits))
        return 0;
    return args_error(state, "bad prefix '%s': write 2001:db8::/32, or 10.0.0.0/8", arg);
}

static error_t take_arg(const struct argp_state *state, struct addrlabel_opts *o, const char *arg)
{
    if (!o->acted)
        return take_action(state, o, arg);
    if (o->word)
        return take_value(state, o, arg);
    for (int i = PREFIX; o->action != ADDRLABEL_LIST && i <= PRECEDENCE; i++) {
        if (strcmp(words[i], arg) == 0) {
            o->word = (enum addrlabel_word)i;
            return 0;
        }
    }
    return args_error(state, "unexpected argument '%s'", arg);
}

static error_t check(const struct argp_state *state, const struct addrlabel_opts *o)
{
    if (o->word)
        return args_error(state, "%s needs a value", words[o->word]);
    if (o->action != ADDRLABEL_LIST && !o->has_prefix)
        return args_error(state, "needs 'prefix PREFIX'");
    if (o->action == ADDRLABEL_ADD && !o->has_label && !o->has_precedence)
        return args_error(state, "add needs 'label N' or 'precedence N'");
    return 0;
}

static error_t parse_addrlabel(int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case ARGP_KEY_ARG:
        return take_arg(state, args_opts(state), arg);
    case ARGP_KEY_END:
        return check(state, args_opts(state));
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- list ---- */

/* As `ip addrlabel` has it: the mapped form of IPv4 shows that it is one. */
static void prefix_text(const struct weft_policy *row, char *text, size_t n)
{
    char address[INET6_ADDRSTRLEN];

    inet_ntop(AF_INET6, row->prefix.b, address, sizeof address);
    snprintf(text, n, "%s/%u", address, row->bits);
}

static void list(struct cmd_ctx *ctx)
{
    struct json json = {.out = ctx->out}, *j = ctx->where.json ? &json : NULL;
    char text[INET6_ADDRSTRLEN + 4];
    struct weft_policy row;
    bool there = true;

    if (j)
        json_open(j, NULL, '[');
    for (size_t i = 0; there; i++) {
        there = weft_policy_info(weft_host_lock(ctx->host), i, &row);
        weft_host_unlock(ctx->host);
        prefix_text(&row, text, sizeof text);
        if (there && j) {
            json_open(j, NULL, '{');
            json_text(j, "prefix", text);
            json_number(j, "label", row.label);
            json_number(j, "precedence", row.precedence);
            json_close(j, '}');
        } else if (there) {
            fprintf(ctx->out, "prefix %s label %u precedence %u\n", text, row.label, row.precedence);
        }
    }
    if (j) {
        json_close(j, ']');
        json_end(j);
    }
}

/* ---- add, del ---- */

/* What was not said is as it was for addresses of this prefix. */
static int add(weft_stack *stack, const struct addrlabel_opts *o)
{
    struct weft_policy row = o->policy, was;

    weft_policy_of(stack, &row.prefix, &was);
    if (!o->has_label)
        row.label = was.label;
    if (!o->has_precedence)
        row.precedence = was.precedence;
    return weft_policy_set(stack, &row);
}

static int run_addrlabel(struct cmd_ctx *ctx)
{
    const struct addrlabel_opts *o = ctx->opts;
    weft_stack *stack;
    int err;

    if (o->action == ADDRLABEL_LIST) {
        list(ctx);
        return 0;
    }
    stack = weft_host_lock(ctx->host);
    err = o->action == ADDRLABEL_ADD ? add(stack, o) : weft_policy_del(stack, &o->policy.prefix, o->policy.bits);
    weft_host_unlock(ctx->host);
    if (err == WEFT_ENOENT)
        return cmd_fail(ctx, CMD_FAILED, "there is no such prefix in the table");
    if (err == WEFT_ENOMEM)
        return cmd_fail(ctx, CMD_FAILED, "the table is full: it has room for %d", WEFT_POLICIES);
    if (err == WEFT_EINVAL && o->action == ADDRLABEL_DEL)
        return cmd_fail(ctx, CMD_USAGE, "::/0 stays: every address has a label");
    if (err == WEFT_EINVAL)
        return cmd_fail(ctx, CMD_USAGE, "that is no prefix: it has bits beyond its length");
    return err ? cmd_fail(ctx, CMD_FAILED, "%s", weft_strerror(err)) : 0;
}

const struct subcommand cmd_addrlabel = {
    .name = "addrlabel",
    .args = "[list | add|del prefix PREFIX [label N] [precedence N]]",
    .summary = "Which addresses go together, and which are tried first (RFC 6724)",
    .parse = parse_addrlabel,
    .opts_size = sizeof(struct addrlabel_opts),
    .max_args = 7,
    .on_host = true,
    .json = true,
    .run = run_addrlabel,
};
