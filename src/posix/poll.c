/* SPDX-License-Identifier: MIT */
/*
 * poll and ppoll, over sockets of several hosts and the kernel's descriptors at once: hang a watch on each socket, then
 * sleep in ppoll(2) on what the hosts' waiters are woken by and on the kernel's.
 */
#include <stdlib.h>

#include "posix/posix.h"

#define HOSTS 8  /* in one call */
#define FEW   16 /* entries that need no memory of their own */

struct entry {
    struct px_sock *s; /* held; NULL: the kernel's */
    struct watch watch;
};

struct set {
    struct pollfd *fds;
    nfds_t n;
    struct entry *entry;
    struct pollfd *kernel; /* HOSTS places for waiters, then as fds, with -1 where it is ours */
    weft_host *host[HOSTS];
    struct waiter waiter[HOSTS];
    size_t n_hosts;
};

static bool add_host(struct set *set, weft_host *h)
{
    for (size_t i = 0; i < set->n_hosts; i++)
        if (set->host[i] == h)
            return true;
    if (set->n_hosts == HOSTS)
        return false;
    set->host[set->n_hosts++] = h;
    return true;
}

static int set_open(struct set *set, struct entry *few, struct pollfd *few_kernel)
{
    nfds_t n = set->n;

    set->entry = n <= FEW ? few : malloc(n * sizeof *set->entry);
    set->kernel = n <= FEW ? few_kernel : malloc((n + HOSTS) * sizeof *set->kernel);
    if (!set->entry || !set->kernel)
        return -ENOMEM;
    for (nfds_t i = 0; i < n; i++) {
        struct pollfd *p = &set->fds[i];

        p->revents = 0;
        set->entry[i].s = p->fd >= 0 ? px_get_sock(p->fd) : NULL;
        set->kernel[HOSTS + i] = (struct pollfd){set->entry[i].s ? -1 : p->fd, p->events, 0};
    }
    for (nfds_t i = 0; i < n; i++)
        if (set->entry[i].s && !add_host(set, set->entry[i].s->host))
            return -EINVAL;
    return 0;
}

static void set_close(struct set *set, const struct entry *few, const struct pollfd *few_kernel)
{
    for (nfds_t i = 0; set->entry && set->kernel && i < set->n; i++)
        if (set->entry[i].s)
            px_drop(&set->entry[i].s->px);
    if (set->entry != few)
        free(set->entry);
    if (set->kernel != few_kernel)
        free(set->kernel);
}

static int ask_one(struct pollfd *p, const struct entry *e)
{
    p->revents = (short)(px_ready(e->s) & ((unsigned short)p->events | POLLERR | POLLHUP));
    return p->revents != 0;
}

/* Asks the sockets of this host. With arm, hangs watches as well. */
static int ask_host(struct set *set, size_t which, bool arm)
{
    weft_host *h = set->host[which];
    int down = host_call_enter(h), count = 0;

    if (arm && !down)
        waiter_begin(h, &set->waiter[which], true);
    for (nfds_t i = 0; i < set->n; i++) {
        struct entry *e = &set->entry[i];

        if (!e->s || e->s->host != h)
            continue;
        if (host_is_elsewhere(h))
            set->fds[i].revents = POLLERR | POLLHUP;
        else
            ask_one(&set->fds[i], e);
        count += set->fds[i].revents != 0;
        if (arm && !down)
            watch_begin(&e->watch, &set->waiter[which], e->s->hs, linux_wants((unsigned short)set->fds[i].events));
    }
    if (!arm || down)
        host_call_leave(h);
    return count;
}

/* After ask_host with arm: lets go of the lock, the caller still counts as one inside. */
static void let_go(weft_host *h)
{
    host_settle(h);
    pthread_mutex_unlock(&h->lock);
}

static void disarm(struct set *set, size_t which)
{
    weft_host *h = set->host[which];

    host_enter(h);
    for (nfds_t i = 0; i < set->n; i++)
        if (set->entry[i].s && set->entry[i].s->host == h)
            watch_end(&set->entry[i].watch);
    waiter_end(h, &set->waiter[which]);
    host_call_leave(h);
}

/* The kernel's, with this much patience. How many of them are ready; negative errno. */
static int ask_kernel(struct set *set, const struct timespec *patience, const sigset_t *mask)
{
    int n = ppoll(set->kernel, HOSTS + set->n, patience, mask), count = 0;

    if (n < 0)
        return -errno;
    for (nfds_t i = 0; i < set->n; i++) {
        if (!set->entry[i].s) {
            set->fds[i].revents = set->kernel[HOSTS + i].revents;
            count += set->fds[i].revents != 0;
        }
    }
    return count;
}

static weft_time monotonic(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_nsec;
}

static struct timespec timespec_of(weft_time t)
{
    return (struct timespec){(time_t)(t / WEFT_S), (long)(t % WEFT_S)};
}

/* Hangs the watches, sleeps once, takes them down. Negative errno, or how many were seen ready. */
static int sleep_once(struct set *set, weft_time until, const sigset_t *mask)
{
    weft_time now;
    struct timespec patience;
    size_t armed;
    bool blind = false;
    int found = 0, r;

    for (armed = 0; armed < set->n_hosts && found == 0; armed++) {
        found += ask_host(set, armed, true);
        if (set->host[armed]->down || host_is_elsewhere(set->host[armed]))
            break;
        set->kernel[armed] = (struct pollfd){set->waiter[armed].event_fd, POLLIN, 0};
        blind |= set->waiter[armed].event_fd < 0;
        let_go(set->host[armed]);
    }
    now = monotonic();
    if (blind && until > now + 10 * WEFT_MS) /* no descriptor left to be woken by: look again soon */
        until = now + 10 * WEFT_MS;
    patience = timespec_of(found || until <= now ? 0 : until - now);
    r = ask_kernel(set, until == WEFT_NEVER && !found ? NULL : &patience, mask);
    while (armed--) {
        set->kernel[armed].fd = -1;
        disarm(set, armed);
    }
    return r < 0 ? r : r + found;
}

/* until: on CLOCK_MONOTONIC. */
static int poll_set(struct set *set, weft_time until, const sigset_t *mask)
{
    static const struct timespec at_once;
    int count, r;

    for (size_t i = 0; i < HOSTS; i++)
        set->kernel[i] = (struct pollfd){-1, 0, 0};
    for (;;) {
        count = 0;
        for (size_t i = 0; i < set->n_hosts; i++)
            count += ask_host(set, i, false);
        r = ask_kernel(set, &at_once, NULL);
        if (r < 0 || count + r || (until != WEFT_NEVER && monotonic() >= until))
            return r < 0 ? r : count + r;
        r = sleep_once(set, until, mask);
        if (r < 0)
            return r;
    }
}

static int poll_until(struct pollfd *fds, nfds_t n, weft_time until, const sigset_t *mask)
{
    struct entry few[FEW];
    struct pollfd few_kernel[FEW + HOSTS];
    struct set set = {.fds = fds, .n = n};
    int r;

    if (n > INT32_MAX)
        return -EINVAL;
    if (n && !fds)
        return -EFAULT;
    r = set_open(&set, few, few_kernel);
    r = r ? r : poll_set(&set, until, mask);
    set_close(&set, few, few_kernel);
    return r;
}

int weft_posix_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    weft_time until = timeout < 0 ? WEFT_NEVER : timeout ? monotonic() + (weft_time)timeout * WEFT_MS : 0;

    return (int)px_result(poll_until(fds, n, until, NULL));
}

int weft_posix_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    weft_time until = WEFT_NEVER;

    if (timeout && (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec > 999999999))
        return (int)px_result(-EINVAL);
    if (timeout && (uint64_t)timeout->tv_sec < WEFT_NEVER / WEFT_S / 2)
        until = monotonic() + (weft_time)timeout->tv_sec * WEFT_S + (weft_time)timeout->tv_nsec;
    return (int)px_result(poll_until(fds, n, until, mask));
}
