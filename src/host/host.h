/* SPDX-License-Identifier: MIT */
/*
 * What the files of the host share: the host object, and the few functions by which they meet.
 *
 * Theory of operation. One mutex, `lock`, covers the stack and everything below but where another lock is named. It is
 * held by whoever works on the stack: the poll thread when a device or a timer calls, or any thread inside a socket
 * call. The holder runs to completion: after its own work it calls host_settle, which carries the loopback, wakes
 * those whose sockets became ready, pulls the output and writes the drivers. Only then does it unlock or wait.
 *
 * The poll thread sleeps until `sleep_until` without the lock. Another thread interrupts that sleep (host_kick) only
 * when the stack's deadline moved before it, or a driver is full and must be polled for writing.
 *
 *      file         owns
 *      host.c       birth and death, the clock, the lock as others see it
 *      memory.c     what the stack allocates
 *      loop.c       the poll thread, the movement of packets
 *      interface.c  interfaces and routes from text
 *      address.c    addresses from and to text; the wait for those that are being tried
 *      wait.c       who waits for which socket; weft_host_poll
 *      guest.c      who works on the host's thread
 *      calls.c      host sockets by number, the blocking calls
 *      story.c      traces into packets with comments
 *      capture.c    where those go: files, descriptors, functions
 *      control.c    the control socket's server        client.c  its client
 *
 * Lock order: control.lock, then lock, then a capture's own.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>

#include "linux/linux.h"
#include "weft/host.h"

#define HOST_BATCH      64 /* packets moved at once, either way */
#define HOST_INTERFACES 32
#define HOST_GUESTS     32
#define HOST_SPARE      8  /* eventfds kept for the next who wait */
#define HOST_CHUNKS     8  /* sizes of chunks that are kept, each twice the one before */

/* An interface with its driver. Its memory is the weft_if's cookie. */
struct host_if {
    weft_if *ifp;
    weft_driver *driver;
    weft_pkt *pending[HOST_BATCH]; /* pulled, and not yet taken by the driver: [first, n_pending) */
    size_t first, n_pending;
    bool dead; /* the device went away; the poll thread removes it */
};

/* A thread that waits for sockets: on cond, or in poll(2) on event_fd when it also waits for a descriptor. */
struct waiter {
    struct waiter *next, **at; /* in weft_host.waiters */
    pthread_cond_t cond;
    int event_fd; /* -1: cond */
    bool woken;
    bool drained; /* event_fd was read after that */
};

/* One socket a waiter waits for; counts as one of its users. */
struct watch {
    struct watch *next, **at; /* in host_sock.watches */
    struct host_sock *sock;
    struct waiter *waiter;
    unsigned want; /* enum weft_ready */
    bool one;      /* of those that are so, one is woken at a time: it takes what there is, and wakes the next */
    /* Instead of waking the waiter, which is NULL then: called under the lock, and must be quick. False: nobody was
     * woken by it, so that of those who are woken one at a time it is the next one's turn, too. */
    bool (*fire)(struct watch *watch, unsigned ready);
};

/* A socket of the host. Its address is the weft_sock's cookie. */
struct host_sock {
    weft_sock *sock; /* NULL once closed, while users are still about to leave */
    int number;      /* in weft_host.socks, while sock is not NULL */
    unsigned users;  /* calls under way on it */
    bool cancelled;
    struct watch *watches;
    char label[32];
};

/* A guest in its place. */
struct host_guest {
    const struct weft_guest *guest; /* NULL: the place is free */
    bool wanted;                    /* it has work */
    unsigned ready;                 /* which of its descriptors were so, since its last turn */
    uint32_t generation;            /* of the routing table then */
};

/* Called after each turn of the host, under the lock: there is something to look for in its sockets. */
struct host_look {
    struct host_look *next, **at; /* in weft_host.looks; at is NULL while it is not among them */
    void (*look)(struct host_look *l); /* may end itself, no other one */
};

struct story;
struct control;
struct kept;

struct weft_host {
    char name[64]; /* empty: none */
    pthread_mutex_t lock;
    pthread_cond_t quiet; /* no caller is inside any more */
    weft_time epoch;      /* CLOCK_MONOTONIC at birth, the zero of the stack's clock */
    weft_time now;        /* of the holder of the lock */
    weft_stack *stack;
    weft_if *loopback;

    struct host_if *interfaces[HOST_INTERFACES];
    size_t n_interfaces;

    struct host_guest guests[HOST_GUESTS];
    struct host_sock **socks; /* by number; NULL where free */
    size_t n_socks, lowest;   /* no number below lowest is free */
    struct waiter *waiters;
    struct host_look *looks;
    int spare[HOST_SPARE];
    unsigned n_spare;
    unsigned callers; /* threads inside a call, waiting ones included */
    bool down;        /* no call begins any more, and all that wait are leaving */
    bool gone;        /* nothing but the lock is left, for those who still hold the host */
    unsigned holders; /* who keeps the memory of the lock (host_hold), its owner not counted */
    unsigned forks;   /* of the process, at birth: in a child of fork the host is dead */

    pthread_t thread;
    bool running, stop;
    int kick;              /* eventfd: ends the poll thread's sleep */
    weft_time sleep_until; /* 0: it is awake and will look for itself */
    bool more;             /* a settling was cut short: go on without sleeping */

    struct kept *kept[HOST_CHUNKS]; /* chunks that the stack gave back */
    size_t kept_bytes;

    struct story *story;
    struct control *control;
};

/* host.c: the time on the host's clock, absolute, as CLOCK_MONOTONIC; and the other way. */
struct timespec host_timespec(const weft_host *h, weft_time at);
/* Takes the lock and reads the clock. */
void host_enter(weft_host *h);
void host_clock(weft_host *h); /* the latter alone */
/* Was the process forked since this host's birth? Its thread and its lock are then the parent's: touch nothing. */
bool host_is_elsewhere(const weft_host *h);
/* Keeps the lock's memory beyond weft_host_free: then calls find the host down instead of nothing. Needs the lock. */
void host_hold(weft_host *h);
void host_drop(weft_host *h);
/* Starts a thread that takes no signals: they are the program's business. */
int host_thread(pthread_t *thread, bool detached, void *(*run)(void *), void *arg);

static inline weft_time host_until(weft_time now, weft_time timeout)
{
    return timeout < WEFT_NEVER - now ? now + timeout : WEFT_NEVER;
}

/*
 * address.c: "fe80::1%wt0" into *ip, the zone by its interface's name or number; needs the lock. 0 or WEFT_EINVAL. A
 * decimal number up to max. "10.9.0.2/24" of len characters. The first of a list of those with commas between: returns
 * its length, and moves *list on to the next, or to the end; 0 and *list unmoved when it is none.
 */
int host_ip_parse(weft_host *h, const char *text, struct weft_ip *ip);
bool host_number_parse(const char *text, uint32_t max, uint32_t *out);
bool host_prefix_parse(const char *text, size_t len, struct weft_ip *ip, unsigned *prefix);
size_t host_prefix_next(const char **list, struct weft_ip *ip, unsigned *prefix);

/* memory.c: a weft_env's, ctx is the host. The last gives back what is kept; the stack is gone by then. */
void *host_alloc(void *ctx, size_t size, size_t align);
void host_dealloc(void *ctx, void *p, size_t size);
void host_memory_free(weft_host *h);

/* loop.c. Both need the lock. */
void host_settle(weft_host *h);
void host_kick(weft_host *h);
void *host_loop(void *host);

/* interface.c: gives back what the interface holds. The weft_if goes too. */
void host_if_free(struct host_if *i);

/* wait.c */
void waiter_begin(weft_host *h, struct waiter *w, bool with_descriptor);
void waiter_end(weft_host *h, struct waiter *w);
void watch_begin(struct watch *watch, struct waiter *w, struct host_sock *s, unsigned want);
void watch_end(struct watch *watch);
/* Settles, then waits until woken or until the time has come. fd: -1, or a descriptor to wait for too. */
void waiter_wait(weft_host *h, struct waiter *w, int fd, weft_time until);
/*
 * Settles, then sleeps as a system call does: until woken or until the time has come: 0; or until a signal handler has
 * run: -EINTR. Where there is no time, a handler installed with SA_RESTART lets it sleep on. For a waiter with a
 * descriptor.
 */
int waiter_sleep(weft_host *h, struct waiter *w, weft_time until);
/* These bits of the socket's readiness grew. */
void sock_wake(struct host_sock *s, unsigned ready);
/* Begins and ends to look; either is harmless twice. */
void host_look_begin(weft_host *h, struct host_look *l, void (*look)(struct host_look *l));
void host_look_end(struct host_look *l);
void host_look_all(weft_host *h);
/* There is more than one of them took: wakes the next of those that are woken one at a time. */
void sock_wake_next(struct host_sock *s, unsigned ready);
void host_wake_all(weft_host *h);

/* guest.c. All need the lock. Adds what the guests wait for to p, and whose it is to `who`; returns how many. */
struct guest_fd {
    size_t place; /* in weft_host.guests */
    unsigned bit; /* of host_guest.ready */
};
size_t guests_prepare(const weft_host *h, struct pollfd *p, struct guest_fd *who);
/* What became of that. */
void guests_note(weft_host *h, const struct pollfd *p, const struct guest_fd *who, size_t n);
/* Lets those who have work do it; true: some have more. */
bool guests_work(weft_host *h);
bool guests_want(const weft_host *h);

/* calls.c */
struct host_sock *host_sock_find(weft_host *h, int s); /* NULL: no such number */
void host_sock_leave(struct host_sock *s);             /* one user less; the last one frees what is closed */
void host_abort_all(weft_host *h);
/* Gives an engine's socket a number, or aborts it: WEFT_ENOMEM. */
int host_sock_adopt(weft_host *h, weft_sock *sock);
/* Takes the socket out of the table and away from whom waits for it; the engine's socket is the caller's then. */
void host_sock_retire(weft_host *h, int number);
int host_call_enter(weft_host *h); /* 0, or WEFT_ENETDOWN; host_call_leave in both cases */
void host_call_leave(weft_host *h);

/* story.c: env.trace, and what the captures there are see of it. */
struct story *story_new(weft_host *h);
void story_free(struct story *story); /* ends all captures */
void story_trace(void *host, const struct weft_trace *event);
void story_flush(struct story *story);

/* capture.c */
struct capture;
struct frame {
    const weft_if *ifp;
    const char *if_name;
    enum weft_link link;
    weft_time at; /* since 1970 */
    bool outbound;
    const void *bytes; /* or, when NULL, pkt */
    size_t n;
    const weft_pkt *pkt;
    const char *comment;
};
/* Takes fd. limited: leave packets out rather than wait. choice: NULL, or which ones. NULL and one line in why. */
struct capture *capture_new(int fd, bool limited, const struct weft_capture_choice *choice, char *why, size_t n);
void capture_write(struct capture *c, const struct frame *frame);
void capture_flush(struct capture *c);
void capture_free(struct capture *c);

/* client.c: opens the directory of control sockets; with make, creates it. -1, errno and one line in why. */
int control_directory(const char *path, bool make, char *why, size_t n);

#endif
