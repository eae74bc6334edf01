/* SPDX-License-Identifier: MIT */
/*
 * See shell.h: a command of the script's, run by /bin/sh. The sysctl that it finds first in PATH sends one question at
 * a time through a socket (../sysctl/ask.h), which is answered here from the running stack until the shell ends.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../sysctl/ask.h"
#include "lab.h"
#include "weft/sysctl.h"

struct command {
    pid_t shell;
    int ended;     /* readable once the shell has ended */
    int questions; /* our end */
    int output;    /* its standard output and error */
    char said[1024];
    size_t n_said;
};

/* In the child: never returns. */
static void become_shell(const char *path, const char *text, int questions, int output)
{
    const char *slash = strrchr(path, '/'), *old = getenv("PATH");
    char search[4096], number[16], directory[4096];

    snprintf(search, sizeof(search), "%s:%s", SYSCTL_DIR, old ? old : "/usr/bin:/bin");
    snprintf(number, sizeof(number), "%d", questions);
    snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    if (setenv("PATH", search, 1) != 0 || setenv(ASK_ENV, number, 1) != 0 || chdir(directory[0] ? directory : "/") != 0)
        _exit(126);
    dup2(output, 1);
    dup2(output, 2);
    execl("/bin/sh", "sh", "-c", text, (char *)NULL);
    _exit(127);
}

static void begin(struct command *c, const char *path, const char *text)
{
    int talk[2], out[2];

    *c = (struct command){0};
    fflush(NULL);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, talk) != 0 || pipe(out) != 0)
        abort();
    c->shell = fork();
    if (c->shell < 0)
        abort();
    if (c->shell == 0) {
        close(talk[0]);
        close(out[0]);
        become_shell(path, text, talk[1], out[1]);
    }
    close(talk[1]);
    close(out[1]);
    c->questions = talk[0];
    c->output = out[0];
    c->ended = (int)syscall(SYS_pidfd_open, c->shell, 0);
    if (c->ended < 0)
        abort();
}

/* "NAME" reads, "NAME=VALUE" sets. False: nobody will ask any more. */
static bool answer(struct lab *lab, struct command *c)
{
    char question[ASK_SIZE + 1], reply[ASK_SIZE], value[WEFT_SYSCTL_TEXT] = "";
    struct setting t = {{0}, {0}};
    ssize_t n = recv(c->questions, question, ASK_SIZE, 0);
    char *equals;
    int err;

    if (n <= 0)
        return false;
    question[n] = 0;
    equals = strchr(question, '=');
    snprintf(t.name, sizeof(t.name), "%.*s", equals ? (int)(equals - question) : (int)n, question);
    snprintf(t.value, sizeof(t.value), "%s", equals ? equals + 1 : "");
    reply[1] = 0;
    if (equals)
        err = shell_set(lab->stack, &t, reply + 1, sizeof(reply) - 1);
    else
        err = shell_get(lab->stack, &t, value, reply + 1, sizeof(reply) - 1);
    reply[0] = err == 0 ? ASK_DONE : err == WEFT_ENOENT ? ASK_UNKNOWN : ASK_REFUSED;
    if (err == 0)
        snprintf(reply + 1, sizeof(reply) - 1, "%s", value);
    n = send(c->questions, reply, strlen(reply), MSG_NOSIGNAL);
    return n > 0; /* who asked may have gone */
}

/* Keeps the beginning of what it says. */
static bool listen_to(struct command *c)
{
    char more[512];
    ssize_t n = read(c->output, more, sizeof(more));

    for (ssize_t i = 0; i < n && c->n_said + 1 < sizeof(c->said); i++)
        c->said[c->n_said++] = more[i];
    return n > 0;
}

static void serve(struct lab *lab, struct command *c)
{
    struct pollfd p[] = {{c->questions, POLLIN, 0}, {c->output, POLLIN, 0}, {c->ended, POLLIN, 0}};

    do {
        if (poll(p, 3, -1) < 0 && errno != EINTR)
            abort();
        if (p[0].revents && !answer(lab, c))
            p[0].fd = -1;
        if (p[1].revents && !listen_to(c))
            p[1].fd = -1;
    } while (p[0].revents || p[1].revents || !p[2].revents);
}

void lab_command(struct lab *lab, const struct event *e)
{
    struct command c;
    int status = 0;

    begin(&c, lab->script->path, e->code);
    serve(lab, &c);
    close(c.questions);
    close(c.output);
    close(c.ended);
    if (waitpid(c.shell, &status, 0) != c.shell)
        abort();
    while (c.n_said && c.said[c.n_said - 1] == '\n')
        c.n_said--;
    c.said[c.n_said] = 0;
    if (lab->options->verbose && c.n_said)
        printf("# %s\n", c.said);
    if (!WIFEXITED(status))
        lab_fail(lab, e->line, "`%s` was ended by signal %d", e->code, WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        lab_fail(lab, e->line, "`%s` ended with status %d%s%s", e->code, WEXITSTATUS(status), c.n_said ? ": " : "",
                 c.said);
    lab_settle(lab);
}
