/* SPDX-License-Identifier: MIT */
/*
 * The program's birth: fork, filter, exec.
 *
 * The listener is born in the child, where sending it would be a call that the filter hands to a supervisor that is
 * not there yet. So the child only says its number through a pipe, the parent takes a copy (pidfd_getfd), and the
 * child waits for a byte before it becomes the program: by then somebody serves.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/filter.h"
#include "run/run.h"

#define CANNOT_RUN 126 /* as shells have it */
#define NOT_FOUND  127

/* ---- in the child ---- */

static int install(const struct sock_fprog *program)
{
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
}

/* Returns the listener, or a negative errno. Who has the privilege keeps it: set-user-ID programs then work. */
static int filter_install(void)
{
    struct sock_filter code[RUN_FILTER_MAX];
    struct sock_fprog program = {(unsigned short)run_filter_build(code), code};
    int fd = install(&program);

    if (fd < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        fd = install(&program);
    return fd < 0 ? -errno : fd;
}

static void say(const char *what)
{
    if (write(STDERR_FILENO, what, strlen(what)) < 0)
        return; /* nobody to tell */
}

/* Does not return. */
static void become(char *const *argv, int say_fd, int go)
{
    int listener = filter_install(), error;
    char byte;

    if (write(say_fd, &listener, sizeof listener) != sizeof listener || listener < 0 || read(go, &byte, 1) != 1)
        _exit(CANNOT_RUN);
    signal(SIGPIPE, SIG_DFL); /* which weft ignores */
    execvp(argv[0], argv);
    error = errno;
    say("weft run: cannot run ");
    say(argv[0]);
    say(": ");
    say(strerror(error));
    say("\n");
    _exit(error == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

/* ---- in the parent ---- */

/* Takes a copy of the child's listener. Negative errno. */
static int take_listener(pid_t pid, int said)
{
    int number, pidfd, fd;

    if (read(said, &number, sizeof number) != sizeof number)
        return -ECHILD;
    if (number < 0)
        return number;
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        return -errno;
    fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
    fd = fd < 0 ? -errno : fd;
    close(pidfd);
    return fd;
}

static void explain(int error, char *why, size_t n)
{
    if (error == EINVAL || error == ENOSYS)
        snprintf(why, n, "the kernel has no seccomp user notification, which takes Linux 5.14 or newer");
    else
        snprintf(why, n, "cannot intercept the program's calls: %s", strerror(error));
}

/* Both pipes; all four ends or none. */
static int pipes_open(int say_ends[2], int go_ends[2])
{
    if (pipe2(say_ends, O_CLOEXEC) < 0)
        return -1;
    if (pipe2(go_ends, O_CLOEXEC) == 0)
        return 0;
    close(say_ends[0]);
    close(say_ends[1]);
    return -1;
}

int run_child_start(char *const *argv, struct run_child *child, char *why, size_t n)
{
    int say_ends[2], go_ends[2], listener;

    if (pipes_open(say_ends, go_ends) < 0) {
        snprintf(why, n, "cannot make a pipe: %s", strerror(errno));
        return -1;
    }
    child->pid = fork();
    if (child->pid == 0) {
        close(go_ends[1]); /* or we would wait for ourselves when the parent is gone */
        become(argv, say_ends[1], go_ends[0]);
    }
    close(say_ends[1]);
    close(go_ends[0]);
    listener = child->pid < 0 ? -errno : take_listener(child->pid, say_ends[0]);
    close(say_ends[0]);
    child->listener = listener;
    child->go = go_ends[1];
    if (listener >= 0)
        return 0;
    explain(-listener, why, n);
    close(go_ends[1]);
    if (child->pid > 0)
        waitpid(child->pid, NULL, 0);
    return -1;
}
