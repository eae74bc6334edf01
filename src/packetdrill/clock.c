/* SPDX-License-Identifier: MIT */
/* The virtual clock, and who may make it wait; see drill.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "packetdrill/calls.h"
#include "packetdrill/desc.h"
#include "packetdrill/epoll.h"

#define LOOK_EVERY     1000000 /* nanoseconds of real time between looks at the threads that owe */
#define SEEN_ASLEEP    3       /* so often in a row: it waits for something else */
#define LOOKS_IN_ALL   2000
#define STEPS_AT_ONCE  10000   /* a stack whose timers never leave the present is broken */

/* ---- threads ---- */

bool thread_is_gone(pid_t id)
{
    return syscall(SYS_tgkill, getpid(), id, 0) != 0;
}

struct drill_thread *drill_thread(struct drill *d)
{
    pid_t id = gettid();
    struct drill_thread *vacant = NULL;

    if (id == d->driver)
        return NULL;
    for (size_t i = 0; i < DRILL_THREADS; i++)
        if (d->threads[i].id == id)
            return &d->threads[i];
    for (size_t i = 0; i < DRILL_THREADS && !vacant; i++)
        if (!d->threads[i].id || thread_is_gone(d->threads[i].id))
            vacant = &d->threads[i];
    if (vacant)
        *vacant = (struct drill_thread){.id = id};
    return vacant;
}

/* The letter behind the name in /proc/self/task/ID/stat is S. A thread that has ended sleeps well. */
bool thread_sleeps(pid_t id)
{
    char path[64], text[256], *state;
    FILE *f;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)id);
    f = fopen(path, "re");
    if (!f)
        return true;
    state = fgets(text, sizeof text, f) ? strrchr(text, ')') : NULL;
    fclose(f);
    return state && strncmp(state, ") S", 3) == 0;
}

static struct drill_thread *who_owes(struct drill *d)
{
    struct drill_thread *me = drill_thread(d);

    for (size_t i = 0; i < DRILL_THREADS; i++)
        if (d->threads[i].owes && &d->threads[i] != me)
            return &d->threads[i];
    return NULL;
}

/* It has left us, and sleeps: on a lock that whoever moves the clock holds, or because it has nothing more to do. */
static void look_at(struct drill_thread *t)
{
    t->asleep = !t->inside && thread_sleeps(t->id) ? t->asleep + 1 : 0;
    if (t->asleep == SEEN_ASLEEP)
        t->owes = false;
}

void clock_hold(struct drill *d)
{
    struct drill_thread *t;

    for (unsigned looks = 0; (t = who_owes(d)); looks++) {
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_EVERY;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&d->paid, &d->lock, &until) == ETIMEDOUT)
            look_at(t);
        if (looks == LOOKS_IN_ALL)
            t->owes = false;
    }
}

/* ---- moving ---- */

void drill_settle(struct drill *d)
{
    do {
        netdev_pull(d);
        desc_collect_reports(d);
        epoll_collect(d);
    } while (call_retry_all(d));
}

static weft_time next_timer(const struct drill *d)
{
    weft_time stack = weft_deadline(d->stack), call = call_deadline(d);

    return stack < call ? stack : call;
}

static void step(struct drill *d, weft_time t)
{
    if (t > d->now)
        d->now = t;
    weft_tick(d->stack, d->now);
    drill_settle(d);
    clock_hold(d);
}

/* Everything that is due at t or before happens at its own time. */
static void walk(struct drill *d, weft_time t)
{
    weft_time next, before = d->now;
    unsigned stuck = 0;

    while ((next = next_timer(d)) <= t && stuck < STEPS_AT_ONCE) {
        stuck = next > before ? 0 : stuck + 1;
        before = next;
        step(d, next);
    }
    if (stuck == STEPS_AT_ONCE) {
        pthread_mutex_unlock(&d->lock);
        drill_die(1, "the timers do not move on");
    }
}

void clock_run(struct drill *d, weft_time t)
{
    bool moving = d->moving;

    d->moving = true;
    clock_hold(d);
    walk(d, t);
    if (t > d->now)
        d->now = t;
    weft_clock(d->stack, d->now);
    d->moving = moving;
}

bool clock_jump(struct drill *d)
{
    weft_time next = next_timer(d);

    if (next == WEFT_NEVER)
        return false;
    clock_run(d, next > d->now ? next : d->now);
    return true;
}

/* ---- the calls ---- */

/* A thread that was woken learns when that was. */
static weft_time tell_time(struct drill *d)
{
    struct drill_thread *t = drill_thread(d);

    if (!t || !t->frozen) {
        clock_run(d, d->now + WEFT_US);
        return d->now;
    }
    t->frozen = t->owes = false;
    pthread_cond_broadcast(&d->paid);
    if (d->now < t->at + WEFT_US)
        clock_run(d, t->at + WEFT_US);
    return t->at + WEFT_US;
}

int drill_gettimeofday(void *userdata, struct timeval *tv, struct timezone *tz)
{
    struct drill *d = userdata;
    weft_time now;

    (void)tz;
    pthread_mutex_lock(&d->lock);
    d->entries++;
    now = tell_time(d);
    pthread_mutex_unlock(&d->lock);
    *tv = (struct timeval){(time_t)(now / WEFT_S), (suseconds_t)(now % WEFT_S / WEFT_US)};
    return 0;
}

int drill_usleep(void *userdata, useconds_t usecs)
{
    struct drill *d = drill_enter(userdata);

    clock_run(d, d->now + usecs * WEFT_US);
    return (int)drill_leave(d, 0);
}
