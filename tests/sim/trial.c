/* SPDX-License-Identifier: MIT */
/*
 * One seed in a child process, so that a crash or a loop is a failure like any other; and the search for what a
 * failure needs.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim.h"

#define SECONDS 120 /* of real time; then it counts as hanging */

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

static void child(const struct trial *t, int to)
{
    struct verdict v;

    alarm(SECONDS);
    run_here(t, &v);
    _exit(write(to, &v, sizeof v) == sizeof v ? 0 : 1);
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

bool trial_run(const struct trial *t, struct verdict *v, char *why, size_t n)
{
    int pipes[2], status;
    pid_t pid;
    bool got;

    *v = (struct verdict){0};
    if (t->options.verbose) { /* for a debugger, and for whoever reads along */
        run_here(t, v);
        snprintf(why, n, "%s", v->why);
        return v->ok;
    }
    fflush(NULL);
    if (pipe(pipes) < 0 || (pid = fork()) < 0)
        abort();
    if (pid == 0)
        child(t, pipes[1]);
    close(pipes[1]);
    got = read(pipes[0], v, sizeof *v) == (ssize_t)sizeof *v;
    close(pipes[0]);
    if (waitpid(pid, &status, 0) < 0)
        abort();
    if (got && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        snprintf(why, n, "%s", v->why);
        return v->ok;
    }
    describe_death(status, why, n);
    v->ok = false;
    return false;
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
