/* SPDX-License-Identifier: MIT */
/*
 * One seed in a child process, so that a crash or a loop is a failure like any other; and the search for what a
 * failure needs. The child goes on with the next seeds, for a process of its own costs a seed more than the seed does:
 * a world leaves nothing behind but memory that malloc knows. After a failure the next seed gets a new one.
 */
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim.h"

#define SECONDS 120 /* of real time; then it counts as hanging */
#define SEEDS_PER_CHILD 500

/* The child at work, pid 0 when there is none. */
static struct worker {
    pid_t pid;
    int to, from; /* trials to it, verdicts from it */
    unsigned done;
} worker;

static void run_here(const struct trial *t, struct verdict *v)
{
    static struct scenario s;
    const char *name;

    if (!t->small)
        scenario_draw(&s, t->seed, &t->trim);
    else if (!scenario_small(&s, (unsigned)t->seed, &name))
        abort();
    world_run(&s, &t->options, v);
}

/* Until nobody has another trial. Memory is kept from one to the next: to fault it in anew would take the most time. */
static void work(int trials, int verdicts)
{
    struct trial t;
    struct verdict v;

    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    while (read(trials, &t, sizeof t) == sizeof t) {
        alarm(SECONDS);
        run_here(&t, &v);
        alarm(0);
        if (write(verdicts, &v, sizeof v) != sizeof v)
            _exit(1);
    }
    _exit(0);
}

static void hire(void)
{
    int to[2], from[2];

    fflush(NULL);
    if (pipe(to) < 0 || pipe(from) < 0 || (worker.pid = fork()) < 0)
        abort();
    if (worker.pid == 0) {
        close(to[1]);
        close(from[0]);
        work(to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    worker.to = to[1];
    worker.from = from[0];
    worker.done = 0;
}

/* How it ended, as waitpid tells. */
static int dismiss(void)
{
    int status;

    close(worker.to);
    close(worker.from);
    if (waitpid(worker.pid, &status, 0) < 0)
        abort();
    worker.pid = 0;
    return status;
}

static void describe_death(int status, char *why, size_t n)
{
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

    if (number == SIGALRM)
        snprintf(why, n, "endless: no end after %d s", SECONDS);
    else if (number == SIGILL || number == SIGTRAP)
        snprintf(why, n, "an assertion of the engine failed");
    else
        snprintf(why, n, "crash: %s", number ? strsignal(number) : "exit");
}

/* Options point into this process, at the time of the fork: a trial with a file gets a child of its own. */
static bool wants_its_own(const struct trial *t)
{
    return t->options.pcap || t->options.script;
}

bool trial_run(const struct trial *t, struct verdict *v, char *why, size_t n)
{
    *v = (struct verdict){0};
    if (t->options.verbose) { /* for a debugger, and for whoever reads along */
        run_here(t, v);
        snprintf(why, n, "%s", v->why);
        return v->ok;
    }
    if (worker.pid && wants_its_own(t))
        dismiss();
    if (!worker.pid)
        hire();
    if (write(worker.to, t, sizeof *t) != sizeof *t || read(worker.from, v, sizeof *v) != sizeof *v) {
        describe_death(dismiss(), why, n);
        v->ok = false;
        return false;
    }
    snprintf(why, n, "%s", v->why);
    if (!v->ok || ++worker.done == SEEDS_PER_CHILD)
        dismiss();
    return v->ok;
}

/* What kind of failure is it? Its words, without numbers and without what stands in parentheses. */
static void kind_of(const char *why, char *kind, size_t n)
{
    const char *p = strstr(why, "): ");
    size_t i = 0;

    for (p = p ? p + 3 : why; *p && *p != '(' && i + 1 < n; p++)
        if (*p < '0' || *p > '9')
            kind[i++] = *p;
    kind[i] = 0;
}

static bool fails_alike(const struct trial *t, const char *kind)
{
    struct verdict v;
    char why[600], other[600];

    if (trial_run(t, &v, why, sizeof why))
        return false;
    kind_of(why, other, sizeof other);
    return strcmp(kind, other) == 0;
}

void trial_shrink(struct trial *t, const char *why)
{
    struct trial with = *t;
    char kind[600];

    kind_of(why, kind, sizeof kind);
    for (unsigned i = 0; i < SIM_FLOWS; i++) {
        with.trim.flows |= 1u << i;
        if (!fails_alike(&with, kind))
            with.trim.flows &= ~(1u << i);
    }
    for (unsigned i = 0; i < SIM_FEATURE_COUNT; i++) {
        with.trim.features |= 1u << i;
        if (!fails_alike(&with, kind))
            with.trim.features &= ~(1u << i);
    }
    *t = with;
}
