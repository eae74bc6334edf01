/* SPDX-License-Identifier: MIT */
/*
 * weft up, weft down: a process that keeps a host.
 *
 * `up` forks before the host's thread exists. The child builds the host, says so, and reports through a pipe: a byte
 * means ready, none that it has complained; the parent then leaves with the right status. So whoever types the next command
 * finds the host there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/parse.h"
#include "service/service.h"

struct up_opts {
    const char *name, *capture;
    bool foreground;
};

enum { KEY_NAME = 0x100, KEY_CAPTURE, KEY_FOREGROUND, KEY_DETACH };

static const struct argp_option up_options[] = {
    {"name", KEY_NAME, "NAME", 0, "What the host is called; its control socket is NAME.sock", 1},
    {"capture", KEY_CAPTURE, "FILE", 0, "Write every packet to this pcapng file", 1},
    {"foreground", KEY_FOREGROUND, NULL, 0, "Stay in the foreground until SIGINT, SIGTERM or weft down", 1},
    {"detach", KEY_DETACH, NULL, 0, "Go to the background once the host is ready (the default)", 1},
    {0},
};

static error_t check_up(struct argp_state *state)
{
    const struct up_opts *o = args_opts(state);

    if (!o->name)
        return args_error(state, "needs --name NAME");
    if (args_ctx(state)->where.n_ifs == 0)
        return args_error(state, "needs an interface, as --if tap:wt0 --addr 10.9.0.2/24");
    return 0;
}

static error_t parse_up(int key, char *arg, struct argp_state *state)
{
    struct up_opts *o = args_opts(state);

    switch (key) {
    case KEY_NAME:
        o->name = arg;
        return parse_host_name(arg) ? 0 : args_error(state, "bad host name '%s': use letters, digits, - _ .", arg);
    case KEY_CAPTURE:
        o->capture = arg;
        return 0;
    case KEY_FOREGROUND:
        o->foreground = true;
        return 0;
    case KEY_DETACH:
        o->foreground = false;
        return 0;
    case ARGP_KEY_END:
        return check_up(state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool keeper_start(struct cmd_keeper *k, struct cmd_ctx *ctx, char *why, size_t n)
{
    const struct up_opts *o = ctx->opts;

    k->services = services_new(k->host);
    if (!k->services) {
        snprintf(why, n, "out of memory");
        return false;
    }
    return (!o->capture || weft_host_capture(k->host, o->capture, why, n) == 0) &&
           weft_host_start(k->host, why, n) == 0 && weft_control_serve(k->host, job_run, k, why, n) == 0;
}

static void keeper_close(struct cmd_keeper *k)
{
    if (k->services)
        services_stop(k->services);
    weft_host_free(k->host); /* ends the jobs, which may still ask for services */
    services_free(k->services);
    close(k->quit);
}

/* Builds the host and has it running, with addresses that may be used. 0, or a status after a complaint. */
static int keeper_open(struct cmd_keeper *k, struct cmd_ctx *ctx)
{
    const struct up_opts *o = ctx->opts;
    char why[CMD_WHY] = "";
    int status = CMD_USAGE;

    if (host_answers(o->name)) {
        cmd_fail(ctx, 0, "host name '%s' is taken: choose another, or weft down %s", o->name, o->name);
        return CMD_USAGE;
    }
    k->quit = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    k->host = host_build(ctx, o->name);
    if (!k->host)
        return status;
    if (keeper_start(k, ctx, why, sizeof why))
        status = host_has_addresses(k->host, k->quit, why, sizeof why) ? 0 : CMD_FAILED;
    if (status == 0)
        return 0;
    cmd_fail(ctx, 0, "%s", why);
    keeper_close(k);
    return status;
}

static void wait_for_end(const struct cmd_keeper *k, int signals)
{
    struct pollfd p[2] = {{.fd = k->quit, .events = POLLIN}, {.fd = signals, .events = POLLIN}};

    while (poll(p, 2, -1) < 0 && errno == EINTR)
        ;
}

/* The addresses of IPv4 that the i-th --if has by now; the loopback interface is before them all. */
static void announce_asked(struct cmd_ctx *ctx, weft_host *h, size_t i)
{
    struct weft_if_info info;
    char text[WEFT_IP_TEXT];
    bool is;

    is = weft_if_info(weft_host_lock(h), i + 1, &info);
    weft_host_unlock(h);
    for (size_t k = 0; is && k < info.n_addresses; k++)
        if (weft_ip_is_v4(&info.address[k].ip))
            fprintf(ctx->out, " = %s/%u", weft_ip_text(&info.address[k].ip, text, sizeof text), info.address[k].prefix);
}

static void announce(struct cmd_ctx *ctx, weft_host *h)
{
    const struct up_opts *o = ctx->opts;
    size_t i;

    fprintf(ctx->out, "host %s is up:", o->name);
    for (i = 0; i < ctx->where.n_ifs; i++) {
        const char *addr = ctx->where.ifs[i].addr;

        fprintf(ctx->out, "%s %s %s", i ? "," : "", ctx->where.ifs[i].spec, *addr ? addr : "(no address)");
        if (strstr(addr, "rarp"))
            announce_asked(ctx, h, i);
    }
    fprintf(ctx->out, " (pid %d; weft down %s ends it)\n", (int)getpid(), o->name);
    fflush(ctx->out);
}

static int keep_in_front(struct cmd_ctx *ctx)
{
    struct cmd_keeper k = {.quit = -1};
    int signals = signals_as_descriptor(), status = keeper_open(&k, ctx);

    if (status)
        return status;
    announce(ctx, k.host);
    wait_for_end(&k, signals);
    keeper_close(&k);
    return 0;
}

static void leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        close(null);
    }
    if (chdir("/") < 0)
        return; /* only keeps a file system busy */
}

/* In the child: never returns. ready: told one byte when the host is up. */
static void keep_behind(struct cmd_ctx *ctx, int ready)
{
    struct cmd_keeper k = {.quit = -1};
    int signals, status;

    setsid();
    signals = signals_as_descriptor();
    status = keeper_open(&k, ctx);
    if (status)
        _exit(status);
    announce(ctx, k.host);
    if (write(ready, "+", 1) != 1)
        _exit(CMD_USAGE);
    close(ready);
    leave_terminal();
    wait_for_end(&k, signals);
    keeper_close(&k);
    _exit(0);
}

static int run_up(struct cmd_ctx *ctx)
{
    const struct up_opts *o = ctx->opts;
    int ends[2], status = 0;
    char byte;
    pid_t child;

    if (o->foreground)
        return keep_in_front(ctx);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return cmd_fail(ctx, CMD_FAILED, "cannot make a pipe: %s", strerror(errno));
    child = fork();
    if (child < 0)
        return cmd_fail(ctx, CMD_FAILED, "cannot fork: %s", strerror(errno));
    if (child == 0) {
        close(ends[0]);
        keep_behind(ctx, ends[1]);
    }
    close(ends[1]);
    if (read(ends[0], &byte, 1) == 1)
        return 0; /* it has said so itself */
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : cmd_fail(ctx, CMD_FAILED, "the host's process died");
}

const struct subcommand cmd_up = {
    .name = "up",
    .summary = "Start a named host: a stack with interfaces, kept by a process of its own",
    .more = "Each --if may have --addr after it, one for each address. A route may be given as three words or as one: "
            "--route default via 10.9.0.1.",
    .options = up_options,
    .parse = parse_up,
    .opts_size = sizeof(struct up_opts),
    .run = run_up,
};

static error_t parse_down(int key, char *arg, struct argp_state *state)
{
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    args_ctx(state)->where.host = arg;
    return parse_host_name(arg) ? 0 : args_error(state, "bad host name '%s'", arg);
}

static int order_end(struct cmd_ctx *ctx)
{
    const uint64_t one = 1;

    return write(ctx->keeper->quit, &one, sizeof one) == sizeof one ? 0 : CMD_FAILED;
}

/* Orders the end, and comes back when the control socket is gone: the name is then free again. */
static int run_down(struct cmd_ctx *ctx)
{
    static char word[] = "down";
    char *argv[] = {word, NULL};
    char why[CMD_WHY] = "";
    const char *name = ctx->where.host;
    bool alive;
    int i;

    if (ctx->remote)
        return order_end(ctx);
    if (!name)
        return cmd_fail(ctx, CMD_USAGE, "needs the host's NAME");
    alive = host_answers(name);
    /* The host may be gone before it could answer: that is what we wanted. */
    if (weft_control_call(name, 1, argv, why, sizeof why) < 0 && (!alive || host_answers(name)))
        return cmd_fail(ctx, CMD_USAGE, "%s", why);
    for (i = 0; i < 500 && host_answers(name); i++)
        cmd_sleep(ctx, 10 * WEFT_MS);
    if (i == 500)
        return cmd_fail(ctx, CMD_FAILED, "host %s does not end", name);
    return 0;
}

const struct subcommand cmd_down = {
    .name = "down",
    .args = "NAME",
    .summary = "Stop a host",
    .parse = parse_down,
    .min_args = 0,
    .max_args = 1,
    .run = run_down,
};
