/* SPDX-License-Identifier: MIT */
/*
 * sysctl, as a script's shell commands find it: it asks the stack that the script runs on, not the kernel.
 *
 *     sysctl [-q] [-n] [-e] [-w] NAME|NAME=VALUE...
 *
 * As of procps: -q tells nothing of what was set, -n leaves out the name, -e passes over names that are not known.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ask.h"

struct wish {
    bool quiet, only_value, ignore;
};

static int usage(void)
{
    fputs("usage: sysctl [-q] [-n] [-e] [-w] NAME|NAME=VALUE...\n", stderr);
    return 2;
}

static bool take_flags(struct wish *w, const char *flags)
{
    if (strcmp(flags, "-quiet") == 0 || strcmp(flags, "-write") == 0) {
        w->quiet |= flags[1] == 'q';
        return true;
    }
    for (; *flags; flags++) {
        switch (*flags) {
        case 'q': w->quiet = true; break;
        case 'n': w->only_value = true; break;
        case 'e': w->ignore = true; break;
        case 'w': break;
        default:  return false;
        }
    }
    return true;
}

/* Setting and reading both answer with the value. Returns false when it was refused. */
static bool ask(int fd, const struct wish *w, const char *question)
{
    char reply[ASK_SIZE + 1];
    const char *equals = strchr(question, '=');
    int name = equals ? (int)(equals - question) : (int)strlen(question);
    ssize_t n = -1;

    if (strlen(question) < ASK_SIZE && send(fd, question, strlen(question), MSG_NOSIGNAL) >= 0)
        n = recv(fd, reply, ASK_SIZE, 0);
    if (n <= 0) {
        fprintf(stderr, "sysctl: %.*s: nobody answers\n", name, question);
        return false;
    }
    reply[n] = 0;
    if (reply[0] == ASK_UNKNOWN && w->ignore)
        return true;
    if (reply[0] != ASK_DONE) {
        fprintf(stderr, "sysctl: %s\n", reply + 1);
        return false;
    }
    if (equals && w->quiet)
        return true;
    if (!w->only_value)
        printf("%.*s = ", name, question);
    printf("%s\n", equals ? equals + 1 : reply + 1);
    return true;
}

int main(int argc, char **argv)
{
    struct wish w = {0};
    const char *number = getenv(ASK_ENV);
    bool ok = true;
    int i = 1;

    if (!number) {
        fputs("sysctl: this one is for the shell commands of scripts (" ASK_ENV " is not set)\n", stderr);
        return 2;
    }
    for (; i < argc && argv[i][0] == '-'; i++)
        if (!take_flags(&w, argv[i] + 1))
            return usage();
    if (i == argc)
        return usage();
    for (; i < argc; i++)
        ok = ask(atoi(number), &w, argv[i]) && ok;
    return ok ? 0 : 1;
}
