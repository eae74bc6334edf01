/* SPDX-License-Identifier: MIT */
/*
 * The packetdrill adapter: Linux's system calls, errno by errno, on a weft stack whose clock is ours.
 *
 * **Time.** The clock is virtual and moves in three calls only: gettimeofday (by a microsecond), usleep (by what it is
 * told) and netdev_receive (to the next timer, while nothing was sent). It walks from timer to timer and after each
 * step everything settles: what the stack sends is pulled and keeps that time as its own, readiness is collected, calls
 * that sleep are tried again.
 *
 * **Calls that sleep.** packetdrill makes them from a second thread. A call is an *attempt* that can be repeated; while
 * it says CALL_SLEEPS its thread waits on a condition, and whoever moves the clock repeats the attempt for it. So it
 * ends at the exact time of what ended it. Then the clock stands still until the woken thread has asked for the time
 * or sleeps again, for instance on a lock of packetdrill's; in any case it is told the time at which it was woken. The
 * thread that loaded us moves the clock: if that one sleeps in a call, it drives the timers itself.
 *
 * **Errors.** Inside, results are counts or negative errno numbers, which weft's are too. drill_leave turns them into
 * what libc gives. Pointers come from scripts: user.h asks the kernel about them before anybody touches them.
 *
 * One lock covers everything. It is given up only while a call sleeps.
 */
#ifndef PACKETDRILL_DRILL_H
#define PACKETDRILL_DRILL_H

#include <pthread.h>

#include "packetdrill/hooks.h"
#include "packetdrill/interface.h"
#include "packetdrill/settings.h"
#include "weft/sock.h"

#define DRILL_FDS     1024
#define DRILL_THREADS 8
#define DRILL_SCRATCH 65536

struct desc;
struct sysctl_memory;

/* A thread of packetdrill's that does not move the clock. */
struct drill_thread {
    pid_t id;        /* 0: free */
    bool inside;     /* in a call of ours */
    bool owes;       /* has its result and has not asked for the time: the clock waits */
    bool frozen;     /* the next time it is told is `at` */
    weft_time at;
    unsigned asleep; /* how often in a row it was seen asleep while it owed */
};

/* A datagram that the stack sent and nobody has received. */
struct frame {
    struct frame *next;
    weft_time at;
    size_t n;
    uint8_t bytes[];
};

struct drill {
    pthread_mutex_t lock;
    struct settings settings;
    weft_stack *stack;
    weft_if *ifp;
    struct sysctl_memory *sysctls;
    weft_time now;
    pid_t driver;            /* the thread that moves the clock */
    bool moving;             /* it is doing so */
    uint64_t entries;        /* calls so far: does anybody stir? */
    struct drill_thread threads[DRILL_THREADS];
    pthread_cond_t paid;     /* a thread no longer owes */
    struct call *sleeping;   /* calls that wait for something, first come first */
    struct desc *fds[DRILL_FDS];
    struct frame *first, **last;
    uint64_t turns;          /* counts what became ready, for epoll's order */
    int probe[2];            /* a pipe: the kernel's judgement of pointers */
    uint8_t scratch[DRILL_SCRATCH];
};

/* ---- entering and leaving (adapter.c) ---- */

struct drill *drill_enter(void *userdata);
/* Settles, unlocks, and gives what libc would: r, or -1 with errno. */
ssize_t drill_leave(struct drill *d, int64_t r);
/* One line on stderr, and the end of the process. Give up the lock first. */
_Noreturn void drill_die(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- time (clock.c) ---- */

/* Walks to t, from timer to timer. */
void clock_run(struct drill *d, weft_time t);
/* Walks to the next timer; false when none runs. */
bool clock_jump(struct drill *d);
/* The threads that have a result ask for the time first. */
void clock_hold(struct drill *d);
/* Pulls what is sent, collects readiness, tries calls that sleep. */
void drill_settle(struct drill *d);
/* The record of the calling thread; NULL for the one that moves the clock, and when there are too many. */
struct drill_thread *drill_thread(struct drill *d);
/* Does this thread of the process sleep, or has it ended? Has it? */
bool thread_sleeps(pid_t id);
bool thread_is_gone(pid_t id);

/* ---- calls that may sleep (call.c) ---- */

#define CALL_SLEEPS INT64_MIN

struct call {
    const char *name;
    /* Tries; CALL_SLEEPS when it must wait, which it may not say once `late` is set. */
    int64_t (*attempt)(struct drill *d, struct call *c);
    bool late;            /* its time has passed, or it must not wait at all */
    bool retried;         /* not the first attempt */
    weft_time deadline;
    bool done;
    int64_t result;
    struct call *next;
    pthread_cond_t wake;
    struct drill_thread *thread;
};

/* Runs a call for at most so long (0: without waiting, WEFT_NEVER: for ever) and returns its result. */
int64_t call_run(struct drill *d, struct call *c, weft_time timeout);
/* Tries those that sleep; true when one ended. */
bool call_retry_all(struct drill *d);
/* The earliest deadline of a sleeping call. */
weft_time call_deadline(const struct drill *d);
/* Ends all with EINTR. */
void call_interrupt_all(struct drill *d);

/* ---- the link (netdev.c) ---- */

bool netdev_open(struct drill *d, char *why, size_t n);
void netdev_pull(struct drill *d);
void netdev_clear(struct drill *d);

#endif
