/* SPDX-License-Identifier: MIT */
/* The `weft` program: finds the subcommand in a table, reads its arguments, and runs it where they say. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

static void print_usage(FILE *out)
{
    size_t i;

    fprintf(out, "Usage: weft COMMAND [OPTION...]\n"
                 "A TCP/IP suite in user space: stacks beside the kernel's, and the tools to use them.\n\n");
    for (i = 0; cmd_at(i); i++)
        fprintf(out, "  %-9s %s\n", cmd_at(i)->name, cmd_at(i)->summary);
    fprintf(out, "\n`weft COMMAND --help` tells more, `man weft` everything.\n"
                 "Exit status: 0; 1 when the network said no; 2 when a command cannot be carried out as given.\n");
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int run_command(const struct subcommand *cmd, int argc, char **argv)
{
    struct cmd_ctx ctx = {.cmd = cmd, .argc = argc, .argv = argv, .pid = getpid(), .tty = isatty(STDIN_FILENO),
                          .in = STDIN_FILENO, .out_fd = STDOUT_FILENO, .out = stdout, .err = stderr, .hangup = -1};
    int status = args_parse(&ctx);

    if (status == CMD_GO_ON && cmd->prepare)
        status = cmd->prepare(&ctx);
    if (status == CMD_GO_ON)
        status = cmd->on_host ? run_on_host(&ctx) : cmd->run(&ctx);
    if (cmd->finish && ctx.prepared)
        status = cmd->finish(&ctx, status);
    args_free(&ctx);
    if (fflush(stdout) != 0 && status == 0)
        status = CMD_FAILED;
    return status;
}

int main(int argc, char **argv)
{
    const struct subcommand *cmd;
    char *word = argc > 1 ? argv[1] : NULL;
    static char help[] = "--help";
    char *ask[] = {NULL, help, NULL};

    signal(SIGPIPE, SIG_IGN);
    if (!word) {
        fprintf(stderr, "weft: needs a command; see weft --help\n");
        return CMD_USAGE;
    }
    if (is_one_of(word, "--help", "-h") || (strcmp(word, "help") == 0 && argc == 2)) {
        print_usage(stdout);
        return 0;
    }
    if (is_one_of(word, "--version", "-V")) {
        printf("weft %s\n", WEFT_VERSION);
        return 0;
    }
    if (strcmp(word, "help") == 0)
        word = ask[0] = argv[2];
    cmd = cmd_find(word);
    if (!cmd) {
        cmd_one_line(word);
        fprintf(stderr, "weft: unknown command '%s'; see weft --help\n", word);
        return CMD_USAGE;
    }
    return ask[0] ? run_command(cmd, 2, ask) : run_command(cmd, argc - 1, argv + 1);
}
