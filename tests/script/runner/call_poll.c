/* SPDX-License-Identifier: MIT */
/* See call.h: poll and epoll. Both wait until the script's time, or until their own patience ends. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "stamps.h"

/* Linux's numbers; epoll's are the same. */
enum { IN = 0x1, PRI = 0x2, OUT = 0x4, ERR = 0x8, HUP = 0x10, NVAL = 0x20, RDNORM = 0x40, WRNORM = 0x100,
       RDHUP = 0x2000 };
#define EPOLL_ET      0x80000000u
#define EPOLL_ONESHOT 0x40000000u

static unsigned poll_bits(unsigned ready)
{
    return (ready & WEFT_READABLE ? IN | RDNORM : 0u) | (ready & WEFT_URGENT ? PRI : 0u) |
           (ready & WEFT_WRITABLE ? OUT | WRNORM : 0u) | (ready & WEFT_ERROR ? ERR : 0u) |
           (ready & WEFT_HANGUP ? HUP : 0u) | (ready & WEFT_PEER_CLOSED ? RDHUP : 0u);
}

/* What waits in the error queue counts as an error. */
static unsigned bits_of(const struct lab_fd *fd)
{
    return poll_bits(weft_ready(fd->sock)) | (stamps_wait(fd) ? ERR : 0u);
}

/* Blocks; milliseconds from when the call began, none when negative. Already over: nothing was ready. */
static int64_t wait_for(struct attempt *a, int64_t milliseconds)
{
    struct pending *p = &a->lab->pending;

    if (milliseconds == 0 || a->lab->now >= p->deadline)
        return 0;
    if (milliseconds > 0 && p->deadline == WEFT_NEVER)
        p->deadline = a->lab->now + (weft_time)milliseconds * WEFT_MS;
    return BLOCKED;
}

/* ---- poll ---- */

static unsigned poll_one(struct attempt *a, const struct value *v)
{
    const struct value *fd = value_field(v, "fd", 0), *want = value_field(v, "events", 1);
    struct lab_fd *f = fd ? lab_fd_find(a->lab, (int)fd->number) : NULL;
    unsigned asked = (want ? (unsigned)want->number : 0) | ERR | HUP;

    if (fd && fd->number < 0)
        return 0;
    if (!f)
        return NVAL;
    return f->kind == FD_SOCKET ? bits_of(f) & asked : 0;
}

/* POLLERR and POLLHUP are reported unasked. */
int64_t call_poll(struct attempt *a)
{
    const struct value *list = argument(a, 0);
    unsigned bits, wrong_bits = 0;
    const struct value *expect, *wrong = NULL;
    int64_t n = 0, r;

    for (size_t i = 0; i < list->n_items; i++) {
        bits = poll_one(a, &list->items[i]);
        expect = value_field(&list->items[i], "revents", 2);
        n += bits != 0;
        if (expect && !number_matches(expect, bits) && !wrong) {
            wrong = expect;
            wrong_bits = bits;
        }
    }
    r = n ? n : wait_for(a, number_of(a, 2));
    if (r == BLOCKED || !wrong || a->lab->lenient)
        return r;
    return bad(a, "revents is 0x%x, expected 0x%llx", wrong_bits, (long long)wrong->number);
}

/* ---- epoll ---- */

#define EPOLL_MAX 16
struct epoll {
    struct interest {
        struct lab_fd *fd; /* NULL: free */
        unsigned events;
        unsigned edges; /* weft_ready bits that came since epoll_wait last told of it */
        int64_t data;
    } interest[EPOLL_MAX];
};

int64_t call_epoll_create(struct attempt *a)
{
    struct lab_fd *fd = fd_add(a->lab, FD_EPOLL, (int)a->call->result);

    fd->epoll = calloc(1, sizeof(*fd->epoll));
    if (!fd->epoll)
        abort();
    return a->call->result;
}

static struct interest *interest_find(struct epoll *e, const struct lab_fd *fd)
{
    for (size_t i = 0; i < EPOLL_MAX; i++)
        if (e->interest[i].fd == fd)
            return &e->interest[i];
    return NULL;
}

/* {events=EPOLLIN, fd=4}: the second field is whatever the user wants to be told. */
static const struct value *data_of(const struct value *event)
{
    static const char *const names[] = {"fd", "u32", "u64", "ptr"};
    const struct value *v = NULL;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !v; i++)
        v = value_field(event, names[i], 1);
    return v;
}

int64_t call_epoll_ctl(struct attempt *a)
{
    enum { ADD = 1, DEL = 2, MOD = 3 };
    struct lab_fd *fd = lab_fd_find(a->lab, (int)number_of(a, 2));
    const struct value *event = argument(a, 3), *events = value_field(event, "events", 0), *data = data_of(event);
    struct interest *i;

    if (!fd)
        return EBADF_RESULT;
    if (a->fd->kind != FD_EPOLL || fd->kind != FD_SOCKET)
        return bad(a, "epoll watches sockets");
    i = interest_find(a->fd->epoll, fd);
    if (number_of(a, 1) == ADD && i)
        return WEFT_EEXIST;
    if (number_of(a, 1) != ADD && !i)
        return WEFT_ENOENT;
    if (!i && !(i = interest_find(a->fd->epoll, NULL)))
        return bad(a, "more than %d sockets", EPOLL_MAX);
    *i = (struct interest){0};
    if (number_of(a, 1) == DEL)
        return 0;
    /* Watched anew: what is ready counts as news. */
    *i = (struct interest){fd, events ? (unsigned)events->number : 0, weft_ready(fd->sock), data ? data->number : 0};
    return 0;
}

/* What there is to tell of one socket now. */
static unsigned epoll_bits(const struct interest *i)
{
    unsigned asked = i->events | ERR | HUP, level;

    if (!i->fd || i->events == 0)
        return 0;
    level = bits_of(i->fd) & asked;
    return i->events & EPOLL_ET && !(poll_bits(i->edges) & asked) ? 0 : level;
}

static bool event_matches(struct attempt *a, size_t n, unsigned bits, const struct interest *i)
{
    const struct value *all = argument(a, 1), *e = all->kind == VALUE_LIST && n < all->n_items ? &all->items[n] : all;
    const struct value *events = e->kind == VALUE_STRUCT ? value_field(e, "events", 0) : NULL, *data = data_of(e);

    if (a->lab->lenient)
        return true;
    if (events && !number_matches(events, bits)) {
        bad(a, "events is 0x%x, expected 0x%llx", bits, (long long)events->number);
        return false;
    }
    if (e->kind == VALUE_STRUCT && data && !number_matches(data, i->data)) {
        bad(a, "the event is that of %lld, expected %lld", (long long)i->data, (long long)data->number);
        return false;
    }
    return true;
}

int64_t call_epoll_wait(struct attempt *a)
{
    int64_t n = 0, max = number_of(a, 2);

    if (a->fd->kind != FD_EPOLL)
        return WEFT_EINVAL;
    for (size_t k = 0; k < EPOLL_MAX && n < max; k++) {
        struct interest *i = &a->fd->epoll->interest[k];
        unsigned bits = epoll_bits(i);

        if (!bits)
            continue;
        if (!event_matches(a, (size_t)n++, bits, i))
            return BAD;
        i->edges = 0;
        if (i->events & EPOLL_ONESHOT)
            i->events = 0;
    }
    return n ? n : wait_for(a, number_of(a, 3));
}

void poll_note(struct lab *lab, const struct lab_fd *fd, unsigned ready)
{
    for (size_t k = 0; k < LAB_FDS; k++) {
        struct interest *i = lab->fds[k].epoll ? interest_find(lab->fds[k].epoll, fd) : NULL;

        if (i)
            i->edges |= ready;
    }
}

void poll_forget(struct lab *lab, const struct lab_fd *fd)
{
    for (size_t k = 0; k < LAB_FDS; k++) {
        struct interest *i = lab->fds[k].epoll ? interest_find(lab->fds[k].epoll, fd) : NULL;

        if (i)
            *i = (struct interest){0};
    }
}
