/* SPDX-License-Identifier: MIT */
/*
 * weft run: a program whose sockets are on a host's stack.
 *
 * The program is a child of the command itself, forked before anything else (`prepare`). The two descriptors that
 * whoever keeps the host needs of it take the place of our own input and output, which the program has, and so travel
 * like those: the listener as 0, the pipe that lets the program begin as 1. That is the same in this process and, with
 * --host, through the control socket.
 *
 * The command ends when the program and all it has started have: until then somebody must serve them.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "run/run.h"

struct run_opts {
    char **program; /* in ctx->argv */
};

/* What the command knows of its child. */
struct kept {
    struct run_child child;
    bool ended;
    int status; /* of waitpid, when it has */
};

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
    struct run_opts *o = args_opts(state);

    (void)arg;
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    /* The rest is the program's, whatever it looks like. */
    o->program = &state->argv[state->next - 1];
    state->next = state->argc;
    return 0;
}

static int prepare(struct cmd_ctx *ctx)
{
    const struct run_opts *o = ctx->opts;
    struct kept *kept = calloc(1, sizeof *kept);
    char why[CMD_WHY] = "";

    if (!kept)
        return cmd_fail(ctx, CMD_FAILED, "out of memory");
    /* What the program leaves behind becomes ours: to be reaped, and to be looked at. */
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (run_child_start(o->program, &kept->child, why, sizeof why) < 0) {
        free(kept);
        return cmd_fail(ctx, CMD_FAILED, "%s", why);
    }
    ctx->prepared = kept;
    dup2(kept->child.listener, STDIN_FILENO);
    dup2(kept->child.go, STDOUT_FILENO);
    close(kept->child.listener);
    close(kept->child.go);
    return CMD_GO_ON;
}

/* ---- the program's end ---- */

/* Reaps whoever has ended; wait: until the program has. */
static void reap(struct kept *kept, bool wait)
{
    int status;
    pid_t pid;

    while (!(wait && kept->ended) && (pid = waitpid(-1, &status, wait ? 0 : WNOHANG)) != 0) {
        if (pid < 0 && errno != EINTR)
            break;
        if (pid != kept->child.pid)
            continue;
        kept->ended = true;
        kept->status = status;
    }
}

static int finish(struct cmd_ctx *ctx, int status)
{
    struct kept *kept = ctx->prepared;

    close(STDIN_FILENO);
    close(STDOUT_FILENO); /* a program that has not begun ends now */
    reap(kept, true);
    if (status == 0 && kept->ended)
        status = WIFEXITED(kept->status) ? WEXITSTATUS(kept->status) : 128 + WTERMSIG(kept->status);
    free(kept);
    return status;
}

/* ---- while it runs ---- */

static int child_signals(void)
{
    static const int passed_on[] = {SIGCHLD, SIGQUIT, SIGUSR1, SIGUSR2};
    sigset_t set;
    size_t i;

    sigemptyset(&set);
    for (i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
        sigaddset(&set, passed_on[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Passes signals on to the program; those of the terminal's it had itself. False: there is no program for them. */
static bool pass_on(struct kept *kept, int signals)
{
    struct signalfd_siginfo info;
    bool wanted = true;

    while (read(signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap(kept, false);
        else if (kept->ended)
            wanted = false;
        else if (info.ssi_code != SI_KERNEL)
            kill(kept->child.pid, (int)info.ssi_signo);
    }
    return wanted;
}

static void serve_here(struct cmd_ctx *ctx, int over)
{
    struct kept *kept = ctx->prepared;
    int signals = child_signals();
    struct pollfd p[3] = {{over, POLLIN, 0}, {ctx->hangup, POLLIN, 0}, {signals, POLLIN, 0}};

    while (!(p[0].revents & POLLIN) && pass_on(kept, ctx->hangup) && pass_on(kept, signals))
        poll(p, 3, -1);
    close(signals);
}

static void serve_there(const struct cmd_ctx *ctx, int over)
{
    struct pollfd p[2] = {{over, POLLIN, 0}, {ctx->hangup, POLLIN, 0}};

    while (poll(p, 2, -1) < 0 && errno == EINTR)
        ;
}

static int run_program(struct cmd_ctx *ctx)
{
    char why[CMD_WHY] = "";
    struct run *run = run_begin(ctx->host, ctx->in, ctx->err, why, sizeof why);
    int status = 0;

    if (!run)
        return cmd_fail(ctx, CMD_FAILED, "%s", why);
    if (write(ctx->out_fd, "+", 1) != 1)
        status = cmd_fail(ctx, CMD_FAILED, "the program is gone already");
    else if (ctx->remote)
        serve_there(ctx, run_over(run));
    else
        serve_here(ctx, run_over(run));
    run_end(run);
    return status;
}

const struct subcommand cmd_run = {
    .name = "run",
    .args = "PROGRAM [ARGUMENT...]",
    .summary = "Run any program with its IPv4 and IPv6 sockets on a stack of ours",
    .more = "The program need not know, nor be able to tell: its system calls for sockets are intercepted, and those "
            "of whatever it starts. The exit status is the program's, or 128 and the number of the signal that ended "
            "it; 127 when it is not found, 126 when it cannot be run.",
    .parse = parse_run,
    .opts_size = sizeof(struct run_opts),
    .min_args = 1,
    .max_args = 1,
    .on_host = true,
    .stays = true,
    .prepare = prepare,
    .finish = finish,
    .run = run_program,
};
