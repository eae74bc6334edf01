/* SPDX-License-Identifier: MIT */
/* See epoll.h. */
#include "packetdrill/epoll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/calls.h"
#include "packetdrill/ready.h"
#include "packetdrill/user.h"

#define WATCHES    256 /* per instance */
#define NESTING    4   /* instances that watch instances (Linux's EP_MAX_NESTS) */
#define EVENTS_MAX (INT32_MAX / (int)sizeof(struct epoll_event))

/* Bits of an event that say how to tell, and not of what. */
#define HOW (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)

struct watch {
    int fd; /* the number it was given by; together with desc its name */
    struct desc *desc;
    struct epoll_event event; /* as asked for, and what is always told */
    uint64_t turn; /* when its turn came; 0: it has none */
};

struct epoll {
    struct desc desc; /* first */
    size_t n;
    struct watch watch[WATCHES];
};

/* ---- turns ---- */

static unsigned ready_now(struct drill *d, const struct watch *w)
{
    return w->desc->ops->ready(d, w->desc) & w->event.events & ~(unsigned)HOW;
}

static void give_turn(struct drill *d, struct watch *w)
{
    if (!w->turn)
        w->turn = ++d->turns;
}

static struct epoll *epoll_at(const struct drill *d, int slot)
{
    struct desc *desc = d->fds[slot];

    return desc && desc->ops == &epoll_ops ? (struct epoll *)desc : NULL;
}

void epoll_happened(struct drill *d, const struct desc *desc, unsigned bits)
{
    for (int slot = 0; slot < DRILL_FDS; slot++) {
        struct epoll *e = epoll_at(d, slot);

        for (size_t i = 0; e && i < e->n; i++)
            if (e->watch[i].desc == desc && (!bits || bits & e->watch[i].event.events))
                give_turn(d, &e->watch[i]);
    }
}

/* Ends and errors wake everybody, whatever he asked for. */
static unsigned what_happened(unsigned became)
{
    if (became & (WEFT_ERROR | WEFT_HANGUP | WEFT_PEER_CLOSED))
        return 0;
    return (became & WEFT_READABLE ? READY_IN : 0u) | (became & WEFT_WRITABLE ? READY_OUT : 0u) |
           (became & WEFT_URGENT ? POLLPRI : 0u);
}

void epoll_collect(struct drill *d)
{
    struct weft_event event;

    while (weft_events(d->stack, &event, 1))
        if (event.cookie && event.ready)
            epoll_happened(d, event.cookie, what_happened(event.ready));
}

void epoll_forget(struct drill *d, const struct desc *desc)
{
    for (int slot = 0; slot < DRILL_FDS; slot++) {
        struct epoll *e = epoll_at(d, slot);
        size_t kept = 0;

        for (size_t i = 0; e && i < e->n; i++)
            if (e->watch[i].desc != desc)
                e->watch[kept++] = e->watch[i];
        if (e)
            e->n = kept;
    }
}

/* ---- the instance as a descriptor ---- */

static void release(struct drill *d, struct desc *desc)
{
    (void)d;
    free(desc);
}

static unsigned ready(struct drill *d, struct desc *desc)
{
    struct epoll *e = (struct epoll *)desc;

    for (size_t i = 0; i < e->n; i++)
        if ((e->watch[i].turn || e->watch[i].desc->ops == &epoll_ops) && ready_now(d, &e->watch[i]))
            return READY_IN;
    return 0;
}

const struct desc_ops epoll_ops = {release, ready};

int drill_epoll_create(void *userdata, int size)
{
    struct drill *d = drill_enter(userdata);
    struct epoll *e = size > 0 ? calloc(1, sizeof *e) : NULL;
    int fd;

    if (!e)
        return (int)drill_leave(d, size > 0 ? -ENOMEM : -EINVAL);
    e->desc.readable = e->desc.writable = true; /* as flags say; read and write are refused in another way */
    fd = desc_add(d, &e->desc, &epoll_ops);
    if (fd < 0)
        free(e);
    return (int)drill_leave(d, fd);
}

/* ---- epoll_ctl ---- */

static struct watch *find(struct epoll *e, int fd, const struct desc *desc)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->watch[i].fd == fd && e->watch[i].desc == desc)
            return &e->watch[i];
    return NULL;
}

/* How deep would instances watch each other if e were watched from depth up? */
static bool nests_too_deep(const struct epoll *e, const struct epoll *watcher, unsigned depth)
{
    if (e == watcher || depth > NESTING)
        return true;
    for (size_t i = 0; i < e->n; i++)
        if (e->watch[i].desc->ops == &epoll_ops &&
            nests_too_deep((const struct epoll *)e->watch[i].desc, watcher, depth + 1))
            return true;
    return false;
}

static void set_event(struct drill *d, struct watch *w, const struct epoll_event *event)
{
    w->event = *event;
    w->event.events |= READY_ALWAYS;
    if (ready_now(d, w))
        give_turn(d, w);
}

static int add(struct drill *d, struct epoll *e, int fd, struct desc *desc, const struct epoll_event *event)
{
    struct watch *w = &e->watch[e->n];

    if (find(e, fd, desc))
        return -EEXIST;
    if (desc->ops == &epoll_ops && nests_too_deep((const struct epoll *)desc, e, 1))
        return -ELOOP;
    if (e->n == WATCHES)
        return -ENOSPC;
    *w = (struct watch){.fd = fd, .desc = desc};
    e->n++;
    set_event(d, w, event);
    return 0;
}

static int change(struct drill *d, struct watch *w, const struct epoll_event *event)
{
    if (w->event.events & EPOLLEXCLUSIVE)
        return -EINVAL;
    set_event(d, w, event);
    return 0;
}

static int64_t control(struct drill *d, int epfd, int op, int fd, const struct epoll_event *event)
{
    struct desc *desc = desc_find(d, fd);
    struct epoll *e = (struct epoll *)desc_find(d, epfd);
    struct watch *w;

    if (!e || !desc)
        return -EBADF;
    if (e->desc.ops != &epoll_ops || &e->desc == desc)
        return -EINVAL;
    w = find(e, fd, desc);
    if (op != EPOLL_CTL_DEL && !linux_may_exclude(op, event->events))
        return -EINVAL;
    if (op == EPOLL_CTL_ADD)
        return add(d, e, fd, desc, event);
    if (op != EPOLL_CTL_MOD && op != EPOLL_CTL_DEL)
        return -EINVAL;
    if (!w)
        return -ENOENT;
    if (op == EPOLL_CTL_MOD)
        return change(d, w, event);
    memmove(w, w + 1, (size_t)(e->watch + e->n - (w + 1)) * sizeof *w);
    e->n--;
    return 0;
}

int drill_epoll_ctl(void *userdata, int epfd, int op, int fd, struct epoll_event *event)
{
    struct drill *d = drill_enter(userdata);
    struct epoll_event copy = {0};

    if (op != EPOLL_CTL_DEL) {
        if (!user_reads(d, event, sizeof *event))
            return (int)drill_leave(d, -EFAULT);
        copy = *event;
    }
    return (int)drill_leave(d, control(d, epfd, op, fd, &copy));
}

/* ---- epoll_wait ---- */

struct wait {
    struct call call;
    struct epoll *e;
    struct epoll_event *events; /* the caller's */
    bool faulty;                /* which must not be touched */
    int max;
};

/* The watch whose turn came first, but after the given one. */
static struct watch *next_turn(struct epoll *e, uint64_t after)
{
    struct watch *first = NULL;

    for (size_t i = 0; i < e->n; i++)
        if (e->watch[i].turn > after && (!first || e->watch[i].turn < first->turn))
            first = &e->watch[i];
    return first;
}

/* An instance that is watched has its turn whenever one of its own has. */
static void collect_nested(struct drill *d, struct epoll *e)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->watch[i].desc->ops == &epoll_ops && ready_now(d, &e->watch[i]))
            give_turn(d, &e->watch[i]);
}

/* It has been told of: level-triggered ones go to the end of the line, others wait for something to happen. */
static void end_turn(struct drill *d, struct watch *w)
{
    w->turn = w->event.events & EPOLLET ? 0 : ++d->turns;
    if (w->event.events & EPOLLONESHOT) {
        w->event.events &= HOW;
        w->turn = 0;
    }
}

static int64_t try_wait(struct drill *d, struct call *call)
{
    struct wait *w = (struct wait *)call;
    uint64_t last, at = 0;
    struct watch *watch;
    int n = 0;

    collect_nested(d, w->e);
    last = d->turns;
    while (n < w->max && (watch = next_turn(w->e, at)) && watch->turn <= last) {
        unsigned bits = ready_now(d, watch);

        at = watch->turn;
        if (!bits) {
            watch->turn = 0;
            continue;
        }
        if (w->faulty)
            return -EFAULT;
        w->events[n].events = bits;
        w->events[n++].data = watch->event.data;
        end_turn(d, watch);
    }
    return n || call->late ? n : CALL_SLEEPS;
}

static int64_t wait_desc(struct drill *d, int epfd, struct epoll_event *events, int max, int timeout)
{
    struct desc *desc = desc_find(d, epfd);
    struct wait w = {.call = {.name = "epoll_wait", .attempt = try_wait}, .e = (struct epoll *)desc,
                     .events = events, .max = max};
    int64_t n;

    if (max <= 0 || max > EVENTS_MAX)
        return -EINVAL;
    if (!desc)
        return -EBADF;
    if (desc->ops != &epoll_ops)
        return -EINVAL;
    if (w.max > WATCHES)
        w.max = WATCHES;
    w.faulty = !user_writes(d, events, (size_t)w.max * sizeof *events);
    desc_hold(desc);
    n = call_run(d, &w.call, ready_timeout(timeout));
    desc_drop(d, desc);
    return n;
}

int drill_epoll_wait(void *userdata, int epfd, struct epoll_event *events, int max, int timeout)
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, wait_desc(d, epfd, events, max, timeout));
}
