/* SPDX-License-Identifier: MIT */
/*
 * A run: its birth, its turns on the host's thread, and its end.
 *
 * A turn first collects what has happened to our ends of the pairs, then serves calls, then moves bytes for each file
 * that has something due. Files go only in the latter two, when no event points to them any more.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "run/private.h"
#include "run/run.h"

/* Younger than some headers. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1ul
#endif

#define EVENTS  64 /* a turn */
#define PUMPS   256
#define NOTICES 16
#define LEAVING (10 * WEFT_S) /* the longest that a process is expected to take from its end to that of its files */

/* Places among the guest's descriptors. Calls come by the listener itself: see SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP. */
enum { PAIRS, CALLS };

/* ---- a turn ---- */

static void file_happens(struct run *run, struct file *f, unsigned events)
{
    if (events & EPOLLOUT && f->awaits)
        file_await_room(run, f, false);
    f->ready |= events;
    file_due(run, f);
}

/* What the epoll instance has; true: there may be more. */
static bool collect(struct run *run)
{
    struct epoll_event e[EVENTS];
    uint64_t rings;
    int i, n = epoll_wait(run->epoll, e, EVENTS, 0);

    for (i = 0; i < n; i++) {
        if (e[i].data.ptr == &run->timer) {
            if (read(run->timer, &rings, sizeof rings) == sizeof rings)
                run->expiring = true;
        } else if (e[i].data.ptr == &run->closes) {
            closes_collect(run);
        } else {
            file_happens(run, e[i].data.ptr, e[i].events);
        }
    }
    return n == EVENTS;
}

static void file_pump(struct run *run, struct file *f)
{
    if (file_is_netlink(f)) {
        netlink_pump(run, f);
        return;
    }
    if (!f->sock)
        return;
    if (!file_is_stream(f))
        datagram_pump(run, f);
    else if (weft_tcp_state(f->sock) == WEFT_TCP_LISTEN && !(f->ready & EPOLLHUP))
        listener_pump(run, f);
    else
        stream_pump(run, f);
}

static struct file *file_of(struct list *due) { return (struct file *)((char *)due - offsetof(struct file, due)); }

static bool pump(struct run *run)
{
    struct list *due;
    int i;

    for (i = 0; i < PUMPS && (due = list_pop_front(&run->due)) != NULL; i++)
        file_pump(run, file_of(due));
    return !list_empty(&run->due);
}

void run_closes(struct run *run)
{
    while (collect(run))
        ;
    list_each_safe(due, next, &run->due) {
        struct file *f = file_of(due);

        if (f->ready & EPOLLHUP) {
            list_remove(due);
            file_pump(run, f);
        }
    }
}

/* Has somebody called? Or is nobody left who could, which is the end. */
static bool is_called(struct run *run)
{
    struct pollfd p = {run->listener, POLLIN, 0};

    if (run->ended || poll(&p, 1, 0) <= 0)
        return false;
    run->ended = (p.revents & POLLHUP) != 0;
    return p.revents & POLLIN;
}

static void tell_end(struct run *run)
{
    static const uint64_t one = 1;

    run->told = true;
    run->end_by = WEFT_NEVER;
    if (write(run->over, &one, sizeof one) != sizeof one)
        return; /* it has been told */
}

static bool any_is_open(const struct run *run)
{
    for (size_t i = 0; i < FILE_BUCKETS; i++) {
        for (const struct file *f = run->files[i]; f; f = f->next) {
            if (f->end >= 0)
                return true;
        }
    }
    return false;
}

/* The listener hangs up from now on. */
static void begin_end(struct run *run)
{
    run->guest.fd[CALLS] = -1;
    run->end_by = weft_host_now(run->host) + LEAVING;
    park_expire(run);
}

/*
 * Nobody is left who could call. A task that ends is seen to have gone before its descriptors are closed (Linux 6.11), and
 * what it wrote shows only then; once all are closed, the end is told. Somebody whom we do not serve may have been given
 * one: he is not waited for longer than a process takes to go. True: there is more to do first.
 */
static bool finish(struct run *run)
{
    bool more = collect(run);

    more |= pump(run);
    if (!more && ((!any_is_open(run) && !run->n_late) || weft_host_now(run->host) >= run->end_by))
        tell_end(run);
    return more;
}

/* Who calls is waiting, and what it caused is not: calls that came meanwhile are served before packets are sent. */
static bool run_work(void *ctx, unsigned ready)
{
    struct run *run = ctx;
    bool calls = ready & 1u << CALLS && is_called(run), more = false;
    int rounds = 0;

    netlink_news(run);
    if (ready & 1u << PAIRS)
        more = collect(run);
    do {
        if (calls)
            notice_take(run);
        if (run->expiring) {
            run->expiring = false;
            hold_late(run);
            park_expire(run);
        }
        more |= pump(run);
    } while (calls && ++rounds < NOTICES && (calls = is_called(run)));
    if (run->ended && run->guest.fd[CALLS] >= 0)
        begin_end(run);
    if (run->ended && !run->told)
        more |= finish(run);
    return more;
}

bool run_is_anothers(const struct run *run, ino_t inode)
{
    const struct weft_guest *guest;

    for (size_t i = 0; i < HOST_GUESTS; i++) {
        guest = run->host->guests[i].guest;
        if (guest && guest->work == run_work && guest->ctx != run && file_find(guest->ctx, inode))
            return true;
    }
    return false;
}

static void run_ready(void *ctx, void *of, unsigned ready)
{
    (void)ready; /* the engine knows its level */
    file_due(ctx, of);
}

/* ---- birth ---- */

/* The kernel says how large its structures are; it may know more fields than we do. */
static bool notices_alloc(struct run *run)
{
    struct seccomp_notif_sizes sizes;
    size_t n;

    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
        return false;
    run->notif_size = sizes.seccomp_notif > sizeof *run->notif ? sizes.seccomp_notif : sizeof *run->notif;
    n = sizes.seccomp_notif_resp > sizeof *run->answer ? sizes.seccomp_notif_resp : sizeof *run->answer;
    run->notif = calloc(1, run->notif_size);
    run->answer = calloc(1, n);
    return run->notif && run->answer;
}

static bool watch(struct run *run, int fd, void *what)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = what};

    return fd >= 0 && epoll_ctl(run->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

/* Each socket costs us a descriptor. What programs may open was settled before, when they were forked. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool run_open(struct run *run)
{
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    run->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    run->over = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return run->epoll >= 0 && run->over >= 0 && watch(run, run->timer, &run->timer) && notices_alloc(run);
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void run_free(struct run *run)
{
    complain_free(run);
    hold_free(run);
    task_forget_all(run);
    close_if_open(run->epoll);
    close_if_open(run->timer);
    close_if_open(run->closes);
    close_if_open(run->over);
    free(run->notif);
    free(run->answer);
    free(run);
}

struct run *run_begin(weft_host *h, int listener, FILE *err, char *why, size_t n)
{
    struct run *run = calloc(1, sizeof *run);

    if (!run) {
        snprintf(why, n, "out of memory");
        return NULL;
    }
    run->host = h;
    run->listener = listener;
    run->err = err;
    run->end_by = WEFT_NEVER;
    run->closes = -1;
    list_init(&run->due);
    list_init(&run->timed);
    /* Who holds a thread must be the one who lets it go. */
    run->guest = (struct weft_guest){.work = run_work, .ready = run_ready, .at_home = true, .ctx = run};
    if (!run_open(run)) {
        snprintf(why, n, "cannot serve programs: %s", strerror(errno));
        run_free(run);
        return NULL;
    }
    raise_limit();
    hold_begin();
    run->stack = weft_host_lock(h);
    weft_host_unlock(h);
    /* Both on one processor, where that is known (Linux 6.6): between two that are idle a call is many times as
     * dear. */
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    run->guest.fd[PAIRS] = run->epoll;
    run->guest.fd[CALLS] = run->listener;
    if (weft_host_guest_begin(h, &run->guest) == 0)
        return run;
    snprintf(why, n, "the host has too many guests");
    run_free(run);
    return NULL;
}

int run_over(const struct run *run)
{
    return run->over;
}

/* ---- end ---- */

void run_end(struct run *run)
{
    weft_host_guest_end(run->host, &run->guest);
    weft_host_lock(run->host);
    file_free_all(run);
    netlink_forget(run);
    weft_host_unlock(run->host);
    run_free(run);
}
