/* SPDX-License-Identifier: MIT */
/*
 * The threads that call: a handle on each of those who called last, which is what their descriptors are taken by.
 *
 * Numbers of threads are used again. A handle is not: where the old one's thread is gone, it is opened anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/private.h"

#define PIDFD_OF_THREAD O_EXCL /* PIDFD_THREAD, since Linux 6.9 */
#define LABEL_AGE       WEFT_S /* exec changes a program's name */

static struct task *task_place(struct run *run, pid_t tid) { return &run->tasks[(unsigned)tid % TASKS]; }

/* Text after a word at the beginning of a line of /proc/TID/status. */
static const char *status_field(const char *status, const char *word)
{
    const char *at = strstr(status, word);

    return at ? at + strlen(word) + strspn(at + strlen(word), " \t") : NULL;
}

static bool status_read(pid_t tid, char *buf, size_t n)
{
    char path[40];
    ssize_t r;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    r = read(fd, buf, n - 1);
    close(fd);
    buf[r < 0 ? 0 : r] = '\0';
    return r > 0;
}

static pid_t task_group(pid_t tid)
{
    char status[512];
    const char *group = status_read(tid, status, sizeof status) ? status_field(status, "\nTgid:") : NULL;

    return group ? (pid_t)atoi(group) : tid;
}

bool task_is_child(pid_t tid)
{
    char status[512];
    const char *group, *parent;

    if (!status_read(tid, status, sizeof status))
        return false;
    group = status_field(status, "\nTgid:");
    parent = status_field(status, "\nPPid:");
    return group && parent && atoi(group) == tid && atoi(parent) == getpid();
}

static int pidfd_of(pid_t tid)
{
    int fd = (int)syscall(SYS_pidfd_open, tid, PIDFD_OF_THREAD);

    if (fd < 0 && errno == EINVAL)
        fd = (int)syscall(SYS_pidfd_open, task_group(tid), 0);
    return fd < 0 ? -errno : fd;
}

static void task_forget(struct task *t)
{
    if (t->tid)
        close(t->pidfd);
    *t = (struct task){0};
}

static struct task *task_find(struct run *run, pid_t tid)
{
    struct task *t = task_place(run, tid);
    int fd;

    if (t->tid == tid)
        return t;
    fd = pidfd_of(tid);
    if (fd < 0)
        return NULL;
    task_forget(t);
    *t = (struct task){.tid = tid, .pidfd = fd};
    return t;
}

int task_get_fd(struct run *run, pid_t tid, int fd)
{
    struct task *t = task_find(run, tid);
    int r = t ? (int)syscall(SYS_pidfd_getfd, t->pidfd, fd, 0) : -1;

    if (t && r < 0 && errno == ESRCH) { /* a new thread with an old one's number */
        task_forget(t);
        t = task_find(run, tid);
        r = t ? (int)syscall(SYS_pidfd_getfd, t->pidfd, fd, 0) : -1;
    }
    if (r >= 0)
        return r;
    return t ? -errno : -ESRCH;
}

const char *task_label(struct run *run, pid_t tid)
{
    static const char unknown[] = "-";
    struct task *t = task_find(run, tid);
    weft_time now = weft_host_now(run->host);
    const char *name, *group;
    char status[512];

    if (!t)
        return unknown;
    if (t->label[0] && now - t->asked < LABEL_AGE)
        return t->label;
    if (!status_read(tid, status, sizeof status))
        return unknown;
    name = status_field(status, "Name:");
    group = status_field(status, "\nTgid:");
    if (!name || !group)
        return unknown;
    snprintf(t->label, sizeof t->label, "%d/%.*s", atoi(group), (int)strcspn(name, "\n"), name);
    t->asked = now;
    return t->label;
}

void task_forget_all(struct run *run)
{
    size_t i;

    for (i = 0; i < TASKS; i++)
        task_forget(&run->tasks[i]);
}
