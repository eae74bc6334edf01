/* SPDX-License-Identifier: MIT */
/* Calls that may sleep; see drill.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "packetdrill/drill.h"

#define LOOK_AROUND 50000000 /* nanoseconds of real time between looks whether anybody else stirs */
#define PATIENCE    5        /* so many looks without a stir: everybody waits for us */

/* ---- attempts ---- */

static void attempt(struct drill *d, struct call *c)
{
    c->result = c->attempt(d, c);
    c->retried = true;
    c->done = c->result != CALL_SLEEPS;
}

/* The caller has its result from now on, and this is the time at which it got it. */
static void wake(struct drill *d, struct call *c)
{
    if (c->thread) {
        c->thread->owes = c->thread->frozen = true;
        c->thread->at = d->now;
        c->thread->asleep = 0;
    }
    pthread_cond_signal(&c->wake);
}

static void unlink_call(struct drill *d, struct call *c)
{
    struct call **at = &d->sleeping;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
}

bool call_retry_all(struct drill *d)
{
    bool ended = false;

    for (struct call *c = d->sleeping, *next; c; c = next) {
        next = c->next;
        c->late |= c->deadline <= d->now;
        attempt(d, c);
        if (!c->done)
            continue;
        unlink_call(d, c);
        wake(d, c);
        ended = true;
    }
    return ended;
}

weft_time call_deadline(const struct drill *d)
{
    weft_time first = WEFT_NEVER;

    for (const struct call *c = d->sleeping; c; c = c->next)
        if (c->deadline < first)
            first = c->deadline;
    return first;
}

void call_interrupt_all(struct drill *d)
{
    for (struct call *c = d->sleeping, *next; c; c = next) {
        next = c->next;
        c->done = true;
        c->result = -EINTR;
        unlink_call(d, c);
        wake(d, c);
    }
}

/* ---- waiting ---- */

/* Are all threads of the process but this one asleep? */
static bool all_others_sleep(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;
    bool asleep = true;

    while (tasks && (entry = readdir(tasks))) {
        pid_t id = (pid_t)atoi(entry->d_name);

        if (id > 0 && id != gettid())
            asleep &= thread_sleeps(id);
    }
    if (tasks)
        closedir(tasks);
    return tasks && asleep;
}

/*
 * The thread that moves the clock waits for this call, in its own way and without telling us: then virtual time goes
 * with real time, as it does for a kernel's sockets.
 */
static void go_with_real_time(struct drill *d, uint64_t *entries, unsigned *quiet)
{
    if (d->entries != *entries || d->moving || !all_others_sleep())
        *quiet = 0;
    else if (++*quiet > PATIENCE)
        clock_run(d, d->now + LOOK_AROUND);
    *entries = d->entries;
}

static void sleep_until_done(struct drill *d, struct call *c)
{
    uint64_t entries = d->entries;
    unsigned quiet = 0;

    while (!c->done) {
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_AROUND;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&c->wake, &d->lock, &until) == ETIMEDOUT && !c->done)
            go_with_real_time(d, &entries, &quiet);
    }
}

/* Nobody else would move the clock. */
static void drive_until_done(struct drill *d, struct call *c)
{
    while (!c->done)
        if (!clock_jump(d)) {
            pthread_mutex_unlock(&d->lock);
            drill_die(1, "%s() would sleep for ever: no timer runs", c->name);
        }
}

static weft_time after(weft_time now, weft_time delay)
{
    return delay < WEFT_NEVER - now ? now + delay : WEFT_NEVER;
}

int64_t call_run(struct drill *d, struct call *c, weft_time timeout)
{
    struct call **last = &d->sleeping;
    pthread_condattr_t attr;

    c->late = timeout == 0;
    c->deadline = after(d->now, timeout);
    attempt(d, c);
    if (c->done)
        return c->result;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->wake, &attr);
    pthread_condattr_destroy(&attr);
    c->thread = drill_thread(d);
    if (c->thread) /* it may have got something already, and wait for more */
        c->thread->owes = c->thread->frozen = false;
    pthread_cond_broadcast(&d->paid);
    c->next = NULL;
    while (*last)
        last = &(*last)->next;
    *last = c;
    drill_settle(d); /* what the attempt has begun goes out before we sleep */
    if (d->driver == gettid())
        drive_until_done(d, c);
    else
        sleep_until_done(d, c);
    pthread_cond_destroy(&c->wake);
    return c->result;
}
