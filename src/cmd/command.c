/* SPDX-License-Identifier: MIT */
/* The table of subcommands, and what they share. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>

#include "cmd/cmd.h"

static const struct subcommand *const table[] = {
    &cmd_demo, &cmd_up, &cmd_down, &cmd_run, &cmd_serve, &cmd_ping, &cmd_nc, &cmd_netstat, &cmd_arp, &cmd_ndp,
    &cmd_capture, &cmd_link, &cmd_sysctl, &cmd_ss, &cmd_route, &cmd_ifconfig, &cmd_traceroute,
    &cmd_addrlabel,
};

const struct subcommand *cmd_at(size_t i)
{
    return i < sizeof table / sizeof *table ? table[i] : NULL;
}

const struct subcommand *cmd_find(const char *name)
{
    const struct subcommand *cmd;
    size_t i;

    for (i = 0; (cmd = cmd_at(i)) != NULL; i++) {
        if (strcmp(cmd->name, name) == 0)
            break;
    }
    return cmd;
}

void cmd_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

void cmd_complain(struct cmd_ctx *ctx, const char *format, va_list ap)
{
    char text[CMD_COMPLAINT];

    vsnprintf(text, sizeof text, format, ap);
    cmd_one_line(text);
    fprintf(ctx->err, "weft %s: %s\n", ctx->cmd->name, text);
    fflush(ctx->err);
}

int cmd_fail(struct cmd_ctx *ctx, int status, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    cmd_complain(ctx, format, ap);
    va_end(ap);
    return status;
}

bool cmd_hung_up(const struct cmd_ctx *ctx)
{
    struct pollfd p = {.fd = ctx->hangup, .events = POLLIN};

    return ctx->hangup >= 0 && poll(&p, 1, 0) > 0;
}

bool cmd_sleep(const struct cmd_ctx *ctx, weft_time duration)
{
    struct pollfd p = {.fd = ctx->hangup, .events = POLLIN};
    struct timespec ts = {.tv_sec = (time_t)(duration / WEFT_S), .tv_nsec = (long)(duration % WEFT_S)};
    int n;

    do
        n = ppoll(&p, 1, duration == WEFT_NEVER ? NULL : &ts, NULL);
    while (n < 0 && errno == EINTR);
    return n == 0;
}
