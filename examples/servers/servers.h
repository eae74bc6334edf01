/* SPDX-License-Identifier: MIT */
/* What the servers of UNP chapter 30 share, their client, and the table of them. Plain POSIX: see the README. */
#ifndef SERVERS_H
#define SERVERS_H

#include <stdbool.h>
#include <stddef.h>

#define PORT 7030

/* A way to serve. begin returns once connections are welcome at the listener; the threads it made stay for good. */
struct design {
    const char *name, *what;
    void (*begin)(int listener);
};
extern const struct design designs[];

void iterative(int listener);        /* iterative.c */
void thread_per_client(int listener); /* thread.c */
void prethreaded(int listener);      /* prethread.c: each thread accepts for itself */
void prethreaded_lock(int listener); /* ... one at a time */
void handed_over(int listener);      /* handover.c: one thread accepts, others serve */
void event_loop(int listener);       /* loop.c */

#define WORKERS 15 /* as in the book */

/* request.c. A client asks for so many bytes with a line "4000\n"; serve answers until he leaves, and closes. */
#define MOST 16384
void serve(int fd);
/* One request out of what has come, up to n bytes: how many are wanted; 0: the line is not whole; -1: nonsense. */
long wanted(const char *text, size_t n);
/* So many bytes to send. */
extern const char answer[MOST];

/* client.c: so many clients at a time, each connecting so many times and asking for so many bytes. */
struct load {
    unsigned clients, connections, bytes;
};
void ask(const struct load *load);

/* begin.c: what the sockets of this program need before the first one. */
void network_begin(void);
const char *network_name(void);

/* request.c: tells what failed, with errno, and ends the program. Gives the result back when it is not negative. */
long sure(const char *what, long result);
/* Starts a thread that nobody waits for. */
void start(void *(*run)(void *), void *arg);

#endif
