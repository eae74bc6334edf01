/* SPDX-License-Identifier: MIT */
/*
 * Command lines: any words after any subcommand are taken, answered with help, or refused in one line with status 2;
 * read a second time, as a running host does, they mean the same.
 *
 * An input: a byte for the subcommand, then words, a NUL after each. A word that begins with a byte of 0x80 or more
 * begins with one of the subcommand's own options, by number, so that the fuzzer need not guess its letters.
 *
 * Not `capture`: its words are libpcap's to read, which asks the resolver about names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "fuzz.h"

enum { MAX_WORDS = 40, ROOM = 6000 };

struct line {
    char *argv[MAX_WORDS + 1];
    int argc;
    char text[ROOM];
    size_t used;
};

static void check(bool truth)
{
    if (!truth)
        abort();
}

static const struct subcommand *pick(uint8_t number)
{
    const struct subcommand *cmd;
    size_t n = 0;

    while (cmd_at(n))
        n++;
    cmd = cmd_at(number % n);
    return cmd == &cmd_capture ? &cmd_ping : cmd;
}

/* The option of that number, as one writes it; "--" when it has none. */
static void add_option(struct line *l, const struct subcommand *cmd, unsigned number)
{
    const struct argp_option *o = cmd->options;
    unsigned n = 0;

    while (o && (o[n].name || o[n].key))
        n++;
    if (n)
        o += number % n;
    l->used += (size_t)snprintf(l->text + l->used, ROOM - l->used, "--%s", n && o->name ? o->name : "");
}

/* Up to a NUL, or the end. Returns what follows. */
static const uint8_t *add_word(struct line *l, const struct subcommand *cmd, const uint8_t *p, const uint8_t *end)
{
    l->argv[l->argc++] = l->text + l->used;
    if (*p >= 0x80)
        add_option(l, cmd, *p++ - 0x80u);
    while (p < end && *p && l->used < ROOM - 1)
        l->text[l->used++] = (char)*p++;
    l->text[l->used++] = '\0';
    return p < end && !*p ? p + 1 : p;
}

/* One line, which says whose it is. */
static void check_complaint(const struct subcommand *cmd, const char *err)
{
    char begin[64];
    int n = snprintf(begin, sizeof begin, "weft %s: ", cmd->name);
    const char *newline = strchr(err, '\n');

    check(strncmp(err, begin, (size_t)n) == 0 && newline && !newline[1]);
    for (const char *p = err; p < newline; p++)
        check((uint8_t)*p >= ' ' && *p != 0x7f);
}

static int parse(struct cmd_ctx *ctx)
{
    char *out = NULL, *err = NULL;
    size_t out_n, err_n;
    int status;

    ctx->out = open_memstream(&out, &out_n);
    ctx->err = open_memstream(&err, &err_n);
    check(ctx->out && ctx->err);
    ctx->complained = false;
    status = args_parse(ctx);
    fclose(ctx->out);
    fclose(ctx->err);
    switch (status) {
    case CMD_GO_ON: check(out_n == 0 && err_n == 0); break;
    case 0: check(out_n > 0 && err_n == 0); break;
    case CMD_USAGE: check(out_n == 0), check_complaint(ctx->cmd, err); break;
    default: check(false);
    }
    free(out);
    free(err);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *p = data, *end = data + size;
    struct line line = {.argc = 1};
    struct cmd_ctx ctx = {.hangup = -1};
    int status;

    if (size == 0)
        return 0;
    ctx.cmd = pick(*p++);
    line.argv[0] = line.text;
    line.used = (size_t)snprintf(line.text, ROOM, "%s", ctx.cmd->name) + 1;
    while (p < end && line.argc < MAX_WORDS && line.used < ROOM - 200)
        p = add_word(&line, ctx.cmd, p, end);
    ctx.argc = line.argc;
    ctx.argv = line.argv;
    status = parse(&ctx);
    if (status == CMD_GO_ON)
        check(parse(&ctx) == CMD_GO_ON);
    args_free(&ctx);
    return 0;
}
