/* SPDX-License-Identifier: MIT */
/*
 * Programs on a host: unmodified, with all of their AF_INET and AF_INET6 sockets on its stack.
 *
 * A program starts under a seccomp filter (run_child_start) that hands its socket calls to whoever holds the filter's
 * listener, and that is run_serve, in the process that keeps the host. Everything the program starts inherits this.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include <stdio.h>
#include <sys/types.h>

#include "weft/host.h"

/* A program that stands ready: it begins when a byte is written to `go`, and ends when that closes without one. */
struct run_child {
    pid_t pid;
    int listener, go; /* the caller's to close */
};

/*
 * Forks, with the filter installed in the child; the process should have one thread. What keeps the program from
 * beginning afterwards is told on the child's stderr, status 127 or 126. 0, or -1 and one line in why.
 */
int run_child_start(char *const *argv, struct run_child *child, char *why, size_t n);

struct run;

/*
 * Serves the calls of the programs behind a listener, on the host's thread, until run_end. Complaints go to err, a
 * line each, which must outlive it. `over` becomes readable when there is no such program any more. NULL and one line
 * in why.
 */
struct run *run_begin(weft_host *h, int listener, FILE *err, char *why, size_t n);
int run_over(const struct run *run); /* that descriptor; the run's */
/* Resets what connections are left. */
void run_end(struct run *run);

#endif
