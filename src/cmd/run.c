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
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "run/run.h"

struct run_opts {
    char **program; /* in ctx->argv */
};

/* What the command knows of its child. The watcher lives as long as the process does, and so does this. */
static struct kept {
    struct run_child child;
    pthread_mutex_t lock;
    pthread_cond_t end;
    bool ended;
    int status; /* of waitpid, when it has */
    int hangup; /* eventfd: nobody is left for a signal, so it is for us */
    bool serving; /* this process keeps the host, which must come to its end in order */
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER, .end = PTHREAD_COND_INITIALIZER, .hangup = -1};

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

/* ---- signals ---- */

/* Somebody who has ended, or 0. A thread may stand there that is only held (run/hold.c), which is soon over. */
static pid_t next_ended(void)
{
    static const struct timespec soon = {0, 100000};
    siginfo_t who = {0};

    while (waitid(P_ALL, 0, &who, WEXITED | WNOHANG | WNOWAIT) == 0 && who.si_code == CLD_TRAPPED) {
        nanosleep(&soon, NULL);
        who = (siginfo_t){0};
    }
    return who.si_pid;
}

/* Reaps whoever has ended: orphans of the program's are our children too. */
static void reap(void)
{
    int status;
    pid_t pid;

    while ((pid = next_ended()) > 0) {
        if (waitpid(pid, &status, WNOHANG) != kept.child.pid)
            continue;
        pthread_mutex_lock(&kept.lock);
        kept.ended = true;
        kept.status = status;
        pthread_cond_signal(&kept.end);
        pthread_mutex_unlock(&kept.lock);
    }
}

/* To the program; what the terminal sends it has had itself. When it has ended, the signal is for us. */
static void pass_on(const siginfo_t *info)
{
    static const uint64_t one = 1;

    if (!kept.ended && info->si_code != SI_KERNEL)
        kill(kept.child.pid, info->si_signo);
    if (kept.ended && !(kept.serving && write(kept.hangup, &one, sizeof one) == sizeof one))
        _exit(128 + info->si_signo);
}

/* A thread: signals are waited for, so that no call of the others is interrupted. */
static void *watch(void *set)
{
    siginfo_t info;

    for (;;) {
        if (sigwaitinfo(set, &info) < 0)
            continue;
        if (info.si_signo == SIGCHLD)
            reap();
        else
            pass_on(&info);
    }
    return NULL;
}

static bool watch_begin(void)
{
    static const int watched[] = {SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    static sigset_t set;
    pthread_t thread;
    size_t i;

    sigemptyset(&set);
    for (i = 0; i < sizeof watched / sizeof *watched; i++)
        sigaddset(&set, watched[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    kept.hangup = eventfd(0, EFD_CLOEXEC);
    return kept.hangup >= 0 && pthread_create(&thread, NULL, watch, &set) == 0 && pthread_detach(thread) == 0;
}

/* ---- before and after ---- */

static int prepare(struct cmd_ctx *ctx)
{
    const struct run_opts *o = ctx->opts;
    char why[CMD_WHY] = "";

    /* What the program leaves behind becomes ours: to be reaped, and to be looked at. */
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (run_child_start(o->program, &kept.child, why, sizeof why) < 0)
        return cmd_fail(ctx, CMD_FAILED, "%s", why);
    if (!watch_begin()) {
        close(kept.child.go);
        return cmd_fail(ctx, CMD_FAILED, "cannot watch over the program: %s", strerror(errno));
    }
    ctx->prepared = &kept;
    dup2(kept.child.listener, STDIN_FILENO);
    dup2(kept.child.go, STDOUT_FILENO);
    close(kept.child.listener);
    close(kept.child.go);
    return CMD_GO_ON;
}

static int finish(struct cmd_ctx *ctx, int status)
{
    (void)ctx;
    close(STDIN_FILENO);
    close(STDOUT_FILENO); /* a program that has not begun ends now */
    pthread_mutex_lock(&kept.lock);
    while (!kept.ended)
        pthread_cond_wait(&kept.end, &kept.lock);
    pthread_mutex_unlock(&kept.lock);
    if (status == 0)
        status = WIFEXITED(kept.status) ? WEXITSTATUS(kept.status) : 128 + WTERMSIG(kept.status);
    return status;
}

/* ---- while it runs ---- */

/* Until nobody is left to be served, or we are to end. */
static void serve(const struct cmd_ctx *ctx, int over)
{
    struct pollfd p[2] = {{over, POLLIN, 0}, {ctx->remote ? ctx->hangup : kept.hangup, POLLIN, 0}};

    while (poll(p, 2, -1) < 0 && errno == EINTR)
        ;
}

static int run_program(struct cmd_ctx *ctx)
{
    char why[CMD_WHY] = "";
    struct run *run = run_begin(ctx->host, ctx->in, ctx->err, why, sizeof why);
    int status = 0;

    kept.serving = !ctx->remote;
    if (!run)
        return cmd_fail(ctx, CMD_FAILED, "%s", why);
    if (write(ctx->out_fd, "+", 1) != 1)
        status = cmd_fail(ctx, CMD_FAILED, "the program is gone already");
    else
        serve(ctx, run_over(run));
    run_end(run);
    if (kept.serving)
        ctx->hangup = kept.hangup;
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
    .own_signals = true,
    .prepare = prepare,
    .finish = finish,
    .run = run_program,
};
