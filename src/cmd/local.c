/* SPDX-License-Identifier: MIT */
/*
 * Where a subcommand runs: in a host that another process keeps, found by its control socket, or in a short-lived host
 * of this process. Both ways lead to the same function with the same cmd_ctx.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/parse.h"
#include "service/service.h"

bool host_answers(const char *name)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    bool alive;
    int s;

    if (!weft_control_path(name, sa.sun_path, sizeof sa.sun_path))
        return false;
    s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (s < 0)
        return false;
    alive = connect(s, (struct sockaddr *)&sa, sizeof sa) == 0;
    close(s);
    return alive;
}

/* The directory of control sockets: where a host of any name would have its own. */
static DIR *open_control_dir(void)
{
    char path[256], *slash;

    if (!weft_control_path("x", path, sizeof path))
        return NULL;
    slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    return opendir(path);
}

size_t hosts_running(char names[][HOST_NAME_ROOM], size_t max)
{
    DIR *dir = open_control_dir();
    struct dirent *e;
    size_t n = 0;

    if (!dir)
        return 0;
    while ((e = readdir(dir)) != NULL) {
        char name[HOST_NAME_ROOM];
        size_t len = strlen(e->d_name);

        if (len <= 5 || len - 5 >= sizeof name || strcmp(e->d_name + len - 5, ".sock") != 0)
            continue;
        memcpy(name, e->d_name, len - 5);
        name[len - 5] = '\0';
        if (!host_answers(name))
            continue;
        if (n < max)
            memcpy(names[n], name, sizeof name);
        n++;
    }
    closedir(dir);
    return n;
}

int signals_as_descriptor(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Gives the host an interface that misbehaves. Without offload: then each frame has a fate of its own. */
static int add_impaired_if(weft_host *h, const char *spec, const char *addr, const char *impair, char *why, size_t n)
{
    struct weft_impairment how[2];
    weft_driver *driver;
    uint64_t seed;

    if (!parse_impairment(impair, &how[0], &seed, why, n))
        return -1;
    how[1] = how[0];
    driver = weft_driver_open(spec, false, why, n);
    if (!driver)
        return -1;
    driver = weft_impair_open(driver, how, seed);
    if (driver)
        return weft_host_add_driver(h, driver, addr, why, n);
    snprintf(why, n, "out of memory");
    return -1;
}

static bool host_furnish(struct cmd_ctx *ctx, weft_host *h, char *why, size_t n)
{
    const struct cmd_where *w = &ctx->where;
    size_t i;

    for (i = 0; i < w->n_ifs; i++) {
        const char *spec = w->ifs[i].spec, *addr = *w->ifs[i].addr ? w->ifs[i].addr : NULL, *impair = w->ifs[i].impair;

        if ((impair ? add_impaired_if(h, spec, addr, impair, why, n) : weft_host_add_if(h, spec, addr, why, n)) < 0)
            return false;
    }
    for (i = 0; i < w->n_routes; i++) {
        if (weft_host_add_route(h, w->routes[i], why, n) < 0)
            return false;
    }
    return true;
}

weft_host *host_build(struct cmd_ctx *ctx, const char *name)
{
    struct weft_config stack;
    struct weft_host_config config = {.name = name, .stack = &stack};
    char why[CMD_WHY] = "";
    weft_host *h;

    args_config(ctx, &stack);
    h = weft_host_new(&config, why, sizeof why);
    if (h && host_furnish(ctx, h, why, sizeof why))
        return h;
    cmd_fail(ctx, CMD_USAGE, "%s", why);
    if (h)
        weft_host_free(h);
    return NULL;
}

/*
 * A device made only for a moment would have no other end: a command that comes and goes wants one that is there. What
 * stays may have it made, to be set up afterwards.
 */
static bool devices_are_there(struct cmd_ctx *ctx)
{
    size_t i;

    for (i = 0; i < ctx->where.n_ifs && !ctx->cmd->stays; i++) {
        const char *spec = ctx->where.ifs[i].spec, *device = strchr(spec, ':') + 1;

        if (if_nametoindex(device) == 0) {
            if (strncmp(spec, "packet:", 7) == 0)
                cmd_fail(ctx, 0, "there is no interface %s", device);
            else
                cmd_fail(ctx, 0, "no interface %s: make one with ip tuntap add dev %s mode %.3s, and bring it up", device,
                         device, spec);
            return false;
        }
    }
    return true;
}

bool host_has_addresses(weft_host *h, int end, char *why, size_t n)
{
    weft_time until = weft_host_now(h) + CMD_ADDRESS_PATIENCE;
    struct pollfd p = {.fd = end, .events = POLLIN};
    int err;

    do {
        err = weft_host_await_addresses(h, CMD_ADDRESS_LOOK, why, n);
        if (poll(&p, 1, 0) > 0) {
            snprintf(why, n, "told to end before the addresses could be used");
            return false;
        }
    } while (err && err != WEFT_EADDRINUSE && weft_host_now(h) < until);
    return err != WEFT_EADDRINUSE && err != WEFT_ETIMEDOUT; /* one that is tried still will be ours, most likely */
}

/* The arguments are read again, now that the names of interfaces mean something. */
static int run_when_ready(struct cmd_ctx *ctx)
{
    char why[CMD_WHY] = "";
    int status = args_parse(ctx);

    if (status != CMD_GO_ON)
        return status;
    if (!host_has_addresses(ctx->host, ctx->hangup, why, sizeof why))
        return cmd_fail(ctx, CMD_FAILED, "%s", why);
    return ctx->cmd->run(ctx);
}

static int run_here(struct cmd_ctx *ctx)
{
    struct cmd_keeper keeper = {.quit = -1};
    char why[CMD_WHY] = "";
    int status = CMD_USAGE;

    if (!devices_are_there(ctx))
        return status;
    ctx->hangup = signals_as_descriptor();
    ctx->host = host_build(ctx, NULL);
    if (!ctx->host)
        return CMD_USAGE;
    keeper.host = ctx->host;
    keeper.services = services_new(ctx->host);
    ctx->keeper = &keeper;
    if (!keeper.services)
        cmd_fail(ctx, status, "out of memory");
    else if (weft_host_start(ctx->host, why, sizeof why) < 0)
        cmd_fail(ctx, status, "%s", why);
    else
        status = run_when_ready(ctx);
    services_free(keeper.services);
    host_await_delivery(ctx);
    weft_host_free(ctx->host);
    ctx->keeper = NULL;
    ctx->host = NULL;
    return status;
}

static void interrupted(int signal)
{
    (void)signal; /* it only ends the wait in weft_control_call, which then hangs up; the second one kills */
}

static void let_signals_hang_up(void)
{
    const struct sigaction sa = {.sa_handler = interrupted, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}

static int run_there(struct cmd_ctx *ctx, const char *name)
{
    static char tty[] = "--client-tty";
    char pid[40], why[CMD_WHY] = "", **argv;
    int status, n = 0;

    argv = calloc((size_t)ctx->argc + 3, sizeof *argv);
    if (!argv)
        return cmd_fail(ctx, CMD_FAILED, "out of memory");
    snprintf(pid, sizeof pid, "--client-pid=%d", (int)getpid());
    argv[n++] = ctx->argv[0];
    argv[n++] = pid;
    if (ctx->tty)
        argv[n++] = tty;
    memcpy(argv + n, ctx->argv + 1, (size_t)(ctx->argc - 1) * sizeof *argv);
    n += ctx->argc - 1;
    fflush(ctx->out);
    if (!ctx->cmd->own_signals)
        let_signals_hang_up();
    status = weft_control_call(name, n, argv, why, sizeof why);
    free(argv);
    return status >= 0 ? status : cmd_fail(ctx, CMD_USAGE, "%s", why);
}

int run_on_host(struct cmd_ctx *ctx)
{
    char names[4][HOST_NAME_ROOM];
    size_t n;

    if (ctx->where.n_ifs)
        return run_here(ctx);
    if (ctx->where.n_routes)
        return cmd_fail(ctx, CMD_USAGE, "--route needs an --if before it");
    if (ctx->where.profile || ctx->where.n_sysctls)
        return cmd_fail(ctx, CMD_USAGE, "--profile and --sysctl need an --if: they are for a host made here");
    if (ctx->where.host)
        return run_there(ctx, ctx->where.host);
    n = hosts_running(names, 4);
    if (n == 1)
        return run_there(ctx, names[0]);
    if (n == 0)
        return cmd_fail(ctx, CMD_USAGE, "no host is running: start one with weft up, or give --if and --addr");
    return cmd_fail(ctx, CMD_USAGE, "%zu hosts are running (%s, %s%s): choose one with --host", n, names[0], names[1],
                    n > 2 ? ", ..." : "");
}

/* A stream of its own on the job's descriptor, which job_run's caller closes. */
static FILE *stream_on(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    FILE *f = copy < 0 ? NULL : fdopen(copy, "w");

    if (!f && copy >= 0)
        close(copy);
    return f;
}

int job_run(struct weft_job *job, void *keeper)
{
    struct cmd_ctx ctx = {.argc = job->argc, .argv = job->argv, .host = job->host, .keeper = keeper, .remote = true,
                          .in = job->in, .out_fd = job->out, .hangup = job->hangup};
    int status = CMD_USAGE;

    ctx.cmd = job->argc > 0 ? cmd_find(job->argv[0]) : NULL;
    ctx.out = stream_on(job->out);
    ctx.err = stream_on(job->err);
    if (ctx.err)
        setvbuf(ctx.err, NULL, _IOLBF, 0);
    if (ctx.cmd && (ctx.cmd->on_host || ctx.cmd == &cmd_down) && ctx.out && ctx.err) {
        status = args_parse(&ctx);
        if (status == CMD_GO_ON)
            status = ctx.cmd->run(&ctx);
        args_free(&ctx);
    } else if (ctx.err) {
        fprintf(ctx.err, "weft: host %s does not know this command: its weft is another version\n",
                weft_host_name(job->host));
    }
    if (ctx.out && fclose(ctx.out) != 0 && status == 0)
        status = CMD_FAILED;
    if (ctx.err)
        fclose(ctx.err);
    return status;
}
