/* SPDX-License-Identifier: MIT */
/*
 * Carries packets between two drivers, sleeping in between to the nanosecond the kernel grants. Backpressure is a batch
 * that the other end has not taken whole: this end is not read again before it has.
 */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "cmd/link.h"

weft_time pump_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_nsec;
}

/* Moves a batch from this end to the other one. Returns how many packets moved; negative: this end has died. */
static int carry(struct pump *p, int from)
{
    struct pump_end *e = &p->end[from];
    weft_driver *to = p->end[!from].driver;
    size_t sent;
    int got;

    if (e->taken == e->n) {
        got = e->driver->ops->receive(e->driver, e->batch, PUMP_BATCH);
        if (got < 0)
            return got;
        e->taken = 0;
        e->n = (size_t)got;
    }
    sent = to->ops->transmit(to, e->batch + e->taken, e->n - e->taken);
    e->taken += sent;
    return (int)sent;
}

/* Both ways, once. */
static int carry_both(struct pump *p, int *dead)
{
    int total = 0, from, n;

    for (from = 0; from < 2; from++) {
        n = carry(p, from);
        if (n < 0)
            *dead = from;
        else
            total += n;
    }
    return total;
}

static weft_time next_deadline(struct pump *p, weft_time until)
{
    weft_time at;
    int i;

    for (i = 0; i < 2; i++) {
        at = p->end[i].driver->ops->deadline ? p->end[i].driver->ops->deadline(p->end[i].driver) : WEFT_NEVER;
        until = at < until ? at : until;
    }
    return until;
}

/* An end that waits for the other one's room is not read; that one is waited for instead. */
static void watch(const struct pump *p, struct pollfd fds[2])
{
    int i;

    for (i = 0; i < 2; i++) {
        const struct pump_end *mine = &p->end[i], *other = &p->end[!i];

        fds[i].fd = mine->driver->fd;
        fds[i].events = (short)((mine->taken == mine->n ? POLLIN : 0) | (other->taken < other->n ? POLLOUT : 0));
    }
}

/* Sleeps until then, or until there is something to do. True when one of `told` is readable. */
static bool pump_sleep(struct pump *p, weft_time until, const int told[2])
{
    struct pollfd fds[4] = {[2] = {.fd = told[0], .events = POLLIN}, [3] = {.fd = told[1], .events = POLLIN}};
    weft_time now = pump_now(), left = until > now ? until - now : 0;
    const struct timespec ts = {.tv_sec = (time_t)(left / WEFT_S), .tv_nsec = (long)(left % WEFT_S)};

    watch(p, fds);
    return ppoll(fds, 4, until == WEFT_NEVER ? NULL : &ts, NULL) > 0 && ((fds[2].revents | fds[3].revents) & POLLIN);
}

enum pump_result pump_run(struct pump *p, weft_time until, const int told[2])
{
    int dead = -1, moved;
    bool asked = false;

    while (!asked) {
        moved = carry_both(p, &dead);
        if (dead >= 0)
            return dead ? PUMP_DEAD_1 : PUMP_DEAD_0;
        if (pump_now() >= until)
            return PUMP_TIME_IS_UP;
        asked = pump_sleep(p, moved ? 0 : next_deadline(p, until), told);
    }
    return PUMP_TOLD;
}

void pump_release(struct pump *p)
{
    int i;

    for (i = 0; i < 2; i++) {
        struct pump_end *e = &p->end[i];

        while (e->taken < e->n)
            weft_pkt_release(e->batch[e->taken++]);
    }
}
