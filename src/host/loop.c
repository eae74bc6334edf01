/* SPDX-License-Identifier: MIT */
/*
 * The movement of packets between drivers and stack, and the thread that starts it when a device or a timer calls.
 *
 * Invariant: when the lock is given up, nothing that could be done at once is left undone, or the poll thread has been
 * kicked and will do it.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/host.h"

#define SETTLE_ROUNDS 16 /* before a busy holder of the lock leaves the rest to the poll thread */

/* ---- out ---- */

/* Gives the driver what is pending; true when nothing is left. */
static bool if_push(struct host_if *i)
{
    weft_driver *d = i->driver;

    if (i->first < i->n_pending)
        i->first += d->ops->transmit(d, i->pending + i->first, i->n_pending - i->first);
    return i->first == i->n_pending;
}

/* One batch out; true when there may be another one. */
static bool if_transmit_batch(weft_host *h, struct host_if *i)
{
    if (i->dead || !if_push(i))
        return false;
    i->first = 0;
    i->n_pending = weft_output(i->ifp, i->pending, HOST_BATCH, h->now);
    if (!i->n_pending)
        return false;
    return if_push(i);
}

static bool host_transmit(weft_host *h)
{
    bool more = false;
    size_t i;

    for (i = 0; i < h->n_interfaces; i++)
        more |= if_transmit_batch(h, h->interfaces[i]);
    return more;
}

static void host_events(weft_host *h)
{
    struct weft_event event[HOST_BATCH];
    size_t n, i;

    while ((n = weft_events(h->stack, event, HOST_BATCH)) > 0) {
        for (i = 0; i < n; i++) {
            if (event[i].cookie)
                sock_wake(event[i].cookie, event[i].ready);
        }
    }
}

void host_kick(weft_host *h)
{
    static const uint64_t one = 1;

    h->sleep_until = 0;
    if (write(h->kick, &one, sizeof(one)) < 0)
        return; /* EAGAIN: the counter is full, so the thread is about to wake anyway */
}

/* When the driver wants to be called although its descriptor is silent, on the host's clock. */
static weft_time if_deadline(const weft_host *h, const struct host_if *i)
{
    weft_time at = i->driver->ops->deadline ? i->driver->ops->deadline(i->driver) : WEFT_NEVER;

    if (at == WEFT_NEVER)
        return at;
    return at > h->epoch ? at - h->epoch : 0;
}

/* When the poll thread has to work next. */
static weft_time host_deadline(const weft_host *h)
{
    weft_time at = weft_deadline(h->stack), driver_at;
    size_t i;

    for (i = 0; i < h->n_interfaces; i++) {
        driver_at = if_deadline(h, h->interfaces[i]);
        if (driver_at < at)
            at = driver_at;
    }
    return at;
}

/* Must the poll thread know at once: work left over, an earlier deadline, a driver to poll for writing? */
static bool host_must_kick(const weft_host *h)
{
    size_t i;

    if (h->sleep_until == 0)
        return false;
    if (h->more || host_deadline(h) < h->sleep_until)
        return true;
    for (i = 0; i < h->n_interfaces; i++) {
        if (h->interfaces[i]->n_pending > h->interfaces[i]->first)
            return true;
    }
    return false;
}

void host_settle(weft_host *h)
{
    bool more = true;
    int round;

    for (round = 0; more && round < SETTLE_ROUNDS; round++) {
        if (weft_deadline(h->stack) <= h->now || weft_output_wanted(h->loopback))
            weft_tick(h->stack, h->now);
        host_events(h);
        more = guests_work(h);
        more |= host_transmit(h) || weft_output_wanted(h->loopback);
        host_look_all(h);
    }
    host_events(h);
    story_flush(h->story);
    h->more = more || guests_want(h);
    if (host_must_kick(h))
        host_kick(h);
}

/* ---- in ---- */

static void if_receive(weft_host *h, struct host_if *i)
{
    weft_pkt *pkt[HOST_BATCH];
    int n = i->driver->ops->receive(i->driver, pkt, HOST_BATCH);

    if (n < 0)
        i->dead = true;
    if (n > 0)
        weft_input(i->ifp, pkt, (size_t)n, h->now);
}

/* Removes what died; the stack tells the connections. */
static void host_bury(weft_host *h)
{
    size_t i = 0;

    while (i < h->n_interfaces) {
        if (!h->interfaces[i]->dead) {
            i++;
            continue;
        }
        host_if_free(h->interfaces[i]);
        h->interfaces[i] = h->interfaces[--h->n_interfaces];
    }
}

/* ---- the thread ---- */

#define LOOP_POLLS (1 + HOST_INTERFACES + HOST_GUESTS * WEFT_GUEST_FDS)

/* What to poll: the kick, then each interface in order. Returns how many. */
static size_t loop_prepare(const weft_host *h, struct pollfd p[LOOP_POLLS])
{
    const struct host_if *f;
    size_t i;

    p[0] = (struct pollfd){h->kick, POLLIN, 0};
    for (i = 0; i < h->n_interfaces; i++) {
        f = h->interfaces[i];
        p[i + 1] = (struct pollfd){f->driver->fd, POLLIN, 0};
        if (f->first < f->n_pending)
            p[i + 1].events |= POLLOUT;
    }
    return i + 1;
}

/* Sleeps without the lock until something happens or the time has come. */
static void loop_sleep(weft_host *h, struct pollfd *p, size_t n)
{
    weft_time until = host_deadline(h), now = weft_host_now(h), left;
    struct timespec t, *timeout = &t;

    left = until > now ? until - now : 0;
    if (h->more)
        left = 0;
    t = (struct timespec){(time_t)(left / WEFT_S), (long)(left % WEFT_S)};
    if (until == WEFT_NEVER && left)
        timeout = NULL;
    h->sleep_until = until;
    pthread_mutex_unlock(&h->lock);
    ppoll(p, n, timeout, NULL); /* interrupted: no revents are set, the next round asks again */
    host_enter(h);
    h->sleep_until = 0;
}

static void loop_drain_kick(const weft_host *h)
{
    uint64_t count;

    while (read(h->kick, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
}

void *host_loop(void *host)
{
    struct pollfd p[LOOP_POLLS];
    struct guest_fd guest[HOST_GUESTS * WEFT_GUEST_FDS];
    size_t n, n_guests, i;
    weft_host *h = host;

    host_enter(h);
    while (!h->stop) {
        n = loop_prepare(h, p);
        n_guests = guests_prepare(h, p + n, guest);
        loop_sleep(h, p, n + n_guests);
        if (p[0].revents)
            loop_drain_kick(h);
        if (weft_deadline(h->stack) <= h->now)
            weft_tick(h->stack, h->now);
        for (i = 1; i < n; i++) {
            if ((p[i].revents & (POLLIN | POLLERR | POLLHUP)) || if_deadline(h, h->interfaces[i - 1]) <= h->now)
                if_receive(h, h->interfaces[i - 1]);
        }
        guests_note(h, p + n, guest, n_guests);
        host_bury(h);
        host_settle(h);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}
