/* SPDX-License-Identifier: MIT */
/*
 * The program's last close of what hangs up nowhere. A pair of SOCK_DGRAM tells its one end nothing of the other's
 * close, and where our end has been given up nothing is left to be told at. But inotify(7) tells of the close of
 * whatever has an inode, sockets too, once the last of its descriptors is gone: IN_CLOSE.
 *
 * Its queue holds so many events (fs.inotify.max_queued_events). When it has run over, whoever is watched is asked: an
 * address of AF_UNIX goes with its socket.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "run/private.h"

static struct file **bucket_of(struct run *run, int watch) { return &run->watched[(unsigned)watch % FILE_BUCKETS]; }

static bool closes_open(struct run *run)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = &run->closes};

    if (run->closes >= 0)
        return true;
    run->closes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return run->closes >= 0 && epoll_ctl(run->epoll, EPOLL_CTL_ADD, run->closes, &e) == 0;
}

int closes_watch(struct run *run, struct file *f, int program)
{
    char path[40];
    int watch = -1;

    snprintf(path, sizeof path, "/proc/self/fd/%d", program);
    if (closes_open(run))
        watch = inotify_add_watch(run->closes, path, IN_CLOSE);
    if (watch < 0) {
        complain(run, "socket", "its close could not be heard, for want of a watch (inotify(7)) or of /proc");
        return -ENFILE;
    }
    f->watch = watch;
    f->next_watched = *bucket_of(run, watch);
    *bucket_of(run, watch) = f;
    return 0;
}

void closes_forget(struct run *run, struct file *f)
{
    struct file **at;

    if (!f->watch)
        return;
    for (at = bucket_of(run, f->watch); *at != f; at = &(*at)->next_watched)
        ;
    *at = f->next_watched;
    inotify_rm_watch(run->closes, f->watch);
    f->watch = 0;
}

/* What it wrote before shows as ever. */
static void closed(struct run *run, struct file *f)
{
    f->ready |= EPOLLHUP | EPOLLIN;
    file_due(run, f);
}

static bool is_gone(const struct file *f)
{
    struct sockaddr_un name;
    socklen_t n = sizeof name;

    return f->end >= 0 && !file_is_stream(f) && getpeername(f->end, (struct sockaddr *)&name, &n) == 0 &&
           connect(f->end, (struct sockaddr *)&name, n) < 0;
}

/* Some event has been lost. */
static void ask_all(struct run *run)
{
    for (size_t i = 0; i < FILE_BUCKETS; i++) {
        for (struct file *f = run->watched[i]; f; f = f->next_watched) {
            if (is_gone(f))
                closed(run, f);
        }
    }
}

static void happens(struct run *run, const struct inotify_event *e)
{
    struct file *f;

    if (e->mask & IN_Q_OVERFLOW)
        ask_all(run);
    if (e->wd < 0 || !(e->mask & IN_CLOSE))
        return;
    for (f = *bucket_of(run, e->wd); f && f->watch != e->wd; f = f->next_watched)
        ;
    if (f)
        closed(run, f);
}

void closes_collect(struct run *run)
{
    _Alignas(struct inotify_event) char events[4096]; /* none has a name: we watch no directory */
    const struct inotify_event *e;
    ssize_t n;

    while ((n = read(run->closes, events, sizeof events)) > 0) {
        for (const char *at = events; at < events + n; at += sizeof *e + e->len) {
            e = (const struct inotify_event *)at;
            happens(run, e);
        }
    }
}
