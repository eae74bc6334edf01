/* SPDX-License-Identifier: MIT */
/*
 * Calls that wait: kept with their file, first come, first served. Each is tried again from its beginning whenever the
 * file has changed, and answers for itself that it still has to wait.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>

#include "run/private.h"

#define LATE_LOOK (WEFT_S / 100) /* how often those are looked at that hold_late is for */

static struct parked *parked_of(struct list *link) { return (struct parked *)link; }

static struct parked *timed_of(struct list *timed)
{
    return (struct parked *)((char *)timed - offsetof(struct parked, timed));
}

/* The timer rings at the earliest end there is; one ring too many does no harm. */
void park_ring(struct run *run)
{
    struct itimerspec at = {0};
    weft_time first = run->end_by, now = weft_host_now(run->host), left;

    if (run->n_late)
        first = now + LATE_LOOK < first ? now + LATE_LOOK : first;
    list_each(it, &run->timed)
        first = timed_of(it)->call.until < first ? timed_of(it)->call.until : first;
    if (first != WEFT_NEVER) {
        left = first > now ? first - now : 1;
        at.it_value = (struct timespec){(time_t)(left / WEFT_S), (long)(left % WEFT_S)};
    }
    timerfd_settime(run->timer, 0, &at, NULL);
}

int64_t call_park(struct call *c)
{
    struct parked *p;

    if (weft_host_now(c->run->host) >= c->until)
        return -EAGAIN;
    if (c->held) /* it is let go, and calls again */
        return ANSWER_LATER;
    p = malloc(sizeof *p);
    if (!p)
        return -ENOMEM;
    p->call = *c;
    p->call.fd = -1;
    p->call.again = true;
    list_init(&p->timed);
    list_push_back(&c->file->parked, &p->link);
    if (c->until != WEFT_NEVER) {
        list_push_back(&c->run->timed, &p->timed);
        park_ring(c->run);
    }
    return ANSWER_LATER;
}

int64_t call_park_or(struct call *c, int64_t late)
{
    int64_t r = call_park(c);

    return r == -EAGAIN ? late : r;
}

weft_time call_until(const struct call *c, weft_time timeout)
{
    weft_time now = weft_host_now(c->run->host);

    return timeout < WEFT_NEVER - now ? now + timeout : WEFT_NEVER;
}

/* Waits for what is not there yet, unless the call must not. */
static int64_t wait_for(struct call *c, unsigned flags, weft_time timeout)
{
    if (call_is_nonblocking(c) || flags & MSG_DONTWAIT)
        return -EAGAIN;
    if (!c->again)
        c->until = call_until(c, timeout);
    return call_park(c);
}

int64_t call_wait_room(struct call *c, unsigned flags) { return wait_for(c, flags, c->file->own.write_timeout); }
int64_t call_wait_readable(struct call *c, unsigned flags) { return wait_for(c, flags, c->file->own.read_timeout); }

static struct call parked_take(struct parked *p)
{
    struct call c = p->call;

    list_remove(&p->link);
    list_remove(&p->timed);
    free(p);
    return c;
}

void file_unpark(struct file *f)
{
    struct list now;
    struct call c;

    if (list_empty(&f->parked))
        return;
    /* Those that park again stand in the file's own list, behind nobody of these. */
    list_init(&now);
    while (!list_empty(&f->parked))
        list_push_back(&now, list_pop_front(&f->parked));
    while (!list_empty(&now)) {
        c = parked_take(parked_of(list_first(&now)));
        if (call_is_valid(&c))
            call_serve(&c);
    }
}

void file_unpark_all(struct file *f, int64_t answer)
{
    struct call c;

    while (!list_empty(&f->parked)) {
        c = parked_take(parked_of(list_first(&f->parked)));
        call_answer(&c, answer);
    }
}

static struct parked *first_expired(struct run *run, weft_time now)
{
    list_each(it, &run->timed) {
        if (timed_of(it)->call.until <= now)
            return timed_of(it);
    }
    return NULL;
}

void park_expire(struct run *run)
{
    weft_time now = weft_host_now(run->host);
    struct parked *p;
    struct call c;

    /* It ends: none that is tried after its time is parked again. */
    while ((p = first_expired(run, now)) != NULL) {
        c = parked_take(p);
        if (call_is_valid(&c))
            call_serve(&c);
    }
    park_ring(run);
}
