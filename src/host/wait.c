/* SPDX-License-Identifier: MIT */
/*
 * Waiting: a thread hangs a watch on each socket it waits for, then sleeps on a condition of its own, or, when it waits
 * for a kernel descriptor as well, in poll(2) on that and an eventfd.
 *
 * No wake-up is lost: readiness is asked for and the watches are hung under one hold of the lock, and whatever changes
 * readiness holds it too. A wake-up for nothing is harmless, every waiter asks again.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "host/host.h"

#define WATCHES 16 /* watches that need no memory of their own */

/* An eventfd that nobody has written to: one kept from before, or a new one. */
static int event_take(weft_host *h)
{
    return h->n_spare ? h->spare[--h->n_spare] : eventfd(0, EFD_CLOEXEC);
}

static void event_give(weft_host *h, int fd, bool written)
{
    uint64_t count;

    if (h->n_spare < HOST_SPARE && (!written || read(fd, &count, sizeof(count)) == sizeof(count)))
        h->spare[h->n_spare++] = fd;
    else
        close(fd);
}

void waiter_begin(weft_host *h, struct waiter *w, bool with_descriptor)
{
    pthread_condattr_t attr;

    w->event_fd = with_descriptor ? event_take(h) : -1;
    w->woken = w->drained = false;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->cond, &attr);
    pthread_condattr_destroy(&attr);
    w->next = h->waiters;
    w->at = &h->waiters;
    if (w->next)
        w->next->at = &w->next;
    h->waiters = w;
}

void waiter_end(weft_host *h, struct waiter *w)
{
    *w->at = w->next;
    if (w->next)
        w->next->at = w->at;
    pthread_cond_destroy(&w->cond);
    if (w->event_fd >= 0)
        event_give(h, w->event_fd, w->woken && !w->drained);
}

static void waiter_wake(struct waiter *w)
{
    static const uint64_t one = 1;

    if (w->woken)
        return;
    w->woken = true;
    pthread_cond_signal(&w->cond);
    if (w->event_fd >= 0 && write(w->event_fd, &one, sizeof(one)) < 0)
        return; /* cannot be full: it is written once */
}

void host_wake_all(weft_host *h)
{
    struct waiter *w;

    for (w = h->waiters; w; w = w->next)
        waiter_wake(w);
}

void watch_begin(struct watch *watch, struct waiter *w, struct host_sock *s, unsigned want)
{
    watch->waiter = w;
    watch->fire = NULL;
    watch->one = false;
    watch->sock = s;
    s->users++;
    watch->want = want | WEFT_ERROR | WEFT_HANGUP;
    watch->next = s->watches;
    watch->at = &s->watches;
    if (watch->next)
        watch->next->at = &watch->next;
    s->watches = watch;
}

void watch_end(struct watch *watch)
{
    *watch->at = watch->next;
    if (watch->next)
        watch->next->at = watch->at;
    host_sock_leave(watch->sock);
}

void sock_wake_next(struct host_sock *s, unsigned ready)
{
    struct watch *watch;

    for (watch = s->watches; watch; watch = watch->next) {
        if (!watch->one || !(watch->want & ready))
            continue;
        if (watch->fire && watch->fire(watch, ready))
            return;
        if (!watch->fire && !watch->waiter->woken) {
            waiter_wake(watch->waiter);
            return;
        }
    }
}

void sock_wake(struct host_sock *s, unsigned ready)
{
    struct watch *watch;

    sock_wake_next(s, ready);
    for (watch = s->watches; watch; watch = watch->next) {
        if (!(watch->want & ready) || (watch->one && !(ready & (WEFT_ERROR | WEFT_HANGUP))))
            continue;
        if (watch->fire)
            watch->fire(watch, ready);
        else
            waiter_wake(watch->waiter);
    }
}

void host_look_begin(weft_host *h, struct host_look *l, void (*look)(struct host_look *l))
{
    if (l->at)
        return;
    l->look = look;
    l->next = h->looks;
    l->at = &h->looks;
    if (l->next)
        l->next->at = &l->next;
    h->looks = l;
}

void host_look_end(struct host_look *l)
{
    if (!l->at)
        return;
    *l->at = l->next;
    if (l->next)
        l->next->at = l->at;
    l->at = NULL;
}

void host_look_all(weft_host *h)
{
    struct host_look *l, *next;

    for (l = h->looks; l; l = next) {
        next = l->next;
        l->look(l);
    }
}

/* In poll(2), without the lock: until the eventfd or fd is readable, or the time has come. */
static void waiter_poll(const weft_host *h, const struct waiter *w, int fd, weft_time until)
{
    struct pollfd p[2] = {{w->event_fd, POLLIN, 0}, {fd, POLLIN, 0}};
    weft_time now = weft_host_now(h), left = until > now ? until - now : 0;
    struct timespec t = {(time_t)(left / WEFT_S), (long)(left % WEFT_S)};

    ppoll(p, 2, until == WEFT_NEVER ? NULL : &t, NULL);
}

void waiter_wait(weft_host *h, struct waiter *w, int fd, weft_time until)
{
    struct timespec t = host_timespec(h, until);
    int error = 0;

    host_settle(h);
    if (w->event_fd >= 0 && !w->woken) {
        pthread_mutex_unlock(&h->lock);
        waiter_poll(h, w, fd, until);
        pthread_mutex_lock(&h->lock);
    }
    while (w->event_fd < 0 && !w->woken && error == 0)
        error = until == WEFT_NEVER ? pthread_cond_wait(&w->cond, &h->lock)
                                    : pthread_cond_timedwait(&w->cond, &h->lock, &t);
    h->now = weft_host_now(h);
    weft_clock(h->stack, h->now);
}

int waiter_sleep(weft_host *h, struct waiter *w, weft_time until)
{
    weft_time now, left;
    uint64_t count;
    ssize_t r = 0;

    host_settle(h);
    if (!w->woken) {
        pthread_mutex_unlock(&h->lock);
        if (until == WEFT_NEVER) {
            r = read(w->event_fd, &count, sizeof(count));
        } else {
            now = weft_host_now(h);
            left = until > now ? until - now : 0;
            r = ppoll(&(struct pollfd){w->event_fd, POLLIN, 0}, 1,
                      &(struct timespec){(time_t)(left / WEFT_S), (long)(left % WEFT_S)}, NULL);
        }
        r = r < 0 ? -errno : r;
        pthread_mutex_lock(&h->lock);
        w->drained = until == WEFT_NEVER && r > 0;
    }
    host_clock(h);
    return r < 0 ? (int)r : 0;
}

/* ---- several sockets ---- */

/* Fills in what is ready; returns how many are. */
static int poll_ask(weft_host *h, struct weft_host_poll *p, size_t n)
{
    const struct host_sock *s;
    int count = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        s = host_sock_find(h, p[i].s);
        if (!s || s->cancelled)
            p[i].ready = WEFT_ERROR;
        else
            p[i].ready = weft_ready(s->sock) & (p[i].want | WEFT_ERROR | WEFT_HANGUP);
        count += p[i].ready != 0;
    }
    return count;
}

static bool descriptor_is_ready(int fd)
{
    struct pollfd p = {fd, POLLIN, 0};

    return fd >= 0 && poll(&p, 1, 0) > 0;
}

/* Hangs the watches, waits once, takes them down again. */
static void poll_wait(weft_host *h, struct weft_host_poll *p, size_t n, struct watch *watch, int fd, weft_time until)
{
    struct waiter w;
    size_t i;

    waiter_begin(h, &w, fd >= 0);
    if (fd >= 0 && w.event_fd < 0) /* no descriptor left to wait for both: look again soon */
        until = until < h->now + 10 * WEFT_MS ? until : h->now + 10 * WEFT_MS;
    for (i = 0; i < n; i++)
        watch_begin(&watch[i], &w, host_sock_find(h, p[i].s), p[i].want);
    waiter_wait(h, &w, fd, until);
    for (i = 0; i < n; i++)
        watch_end(&watch[i]);
    waiter_end(h, &w);
}

int weft_host_poll(weft_host *h, struct weft_host_poll *p, size_t n, int fd, weft_time timeout)
{
    struct watch own[WATCHES], *watch = own;
    weft_time until;
    int r;

    if (n > WATCHES) {
        watch = calloc(n, sizeof(*watch));
        if (!watch)
            return WEFT_ENOMEM;
    }
    r = host_call_enter(h);
    until = host_until(h->now, timeout);
    while (r == 0 && (r = poll_ask(h, p, n)) == 0 && h->now < until && !descriptor_is_ready(fd)) {
        poll_wait(h, p, n, watch, fd, until);
        r = h->down ? WEFT_ENETDOWN : 0;
    }
    host_call_leave(h);
    if (watch != own)
        free(watch);
    return r;
}
