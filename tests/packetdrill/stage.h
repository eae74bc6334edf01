/* SPDX-License-Identifier: MIT */
/*
 * A script of tests/script run through the adapter instead of on the engine: each call goes to the table, each packet
 * over its link, and all times are the adapter's. A second back end for the same language, so hundreds of scripts hold
 * the adapter to what it promises.
 *
 * What looks into the stack (state, drop, count, idle, %{ }%) is left out. A script that needs more than packetdrill's
 * own language and Linux's tunables is not for the adapter, and says so.
 */
#ifndef TESTS_PACKETDRILL_STAGE_H
#define TESTS_PACKETDRILL_STAGE_H

#include <pthread.h>
#include <sys/socket.h>

#include "packetdrill/interface.h"
#include "script.h"
#include "tuple.h"

#define STAGE_FDS 64

struct stage_fd {
    int script, live; /* live 0: free */
    bool stream;
    uint32_t wrote, read; /* bytes so far: where the pattern stands */
};

/* A call on the second thread. */
struct background {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    volatile pid_t id;
    const struct event *event; /* NULL: nothing to do */
    weft_time until;
    volatile bool done;
    weft_time ended;
};

struct stage {
    struct packetdrill_interface t;
    const struct script *script;
    long long start;      /* the adapter's time at the script's 0, in microseconds */
    weft_time now;        /* the script's; asking the adapter would take time */
    weft_time base, tolerance;
    weft_time skip_until; /* what went out by then is not looked at */
    struct tuple *tuples;
    struct stage_fd fds[STAGE_FDS];
    struct background background;
    size_t n_last_in;
    uint8_t last_in[66000];
};

/* Ends the process: the script has failed, with the line it happened at (0: none). */
_Noreturn void stage_fail(struct stage *s, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Runs the script; returns only if all went well. */
void stage_run(struct stage *s);

/* stage_link.c */
void stage_in(struct stage *s, const struct event *e);
void stage_out(struct stage *s, const struct event *e);

/* stage_call.c: runs the call on this thread and compares what it gives. */
void stage_call(struct stage *s, const struct event *e);
/* stage_control.c: the control messages of a sendmsg, into the room that m has; those of a recvmsg against the
 * script's. */
void stage_control_make(const struct value *message, struct msghdr *m);
void stage_control_check(struct stage *s, const struct event *e, const struct value *message, struct msghdr *m);

/* Does the table have the call? */
bool stage_knows(const char *name);

#endif
