/* SPDX-License-Identifier: MIT */
/*
 * One run of one script: a stack on a virtual clock, the script's side of the link, the sockets it holds.
 *
 * The clock moves only in lab_run_until, from deadline to deadline of the stack. Every packet the stack sends is pulled
 * at once, so its time is the time of what caused it. A lenient run (allocations fail) goes through the same steps
 * without expecting anything of them.
 */
#ifndef SCRIPT_LAB_H
#define SCRIPT_LAB_H

#include "script.h"
#include "tuple.h"
#include "weft/sock.h"

struct options {
    bool verbose;
    weft_time tolerance;
    uint64_t seed;
    uint32_t remote_isn;
    bool park_given, park;
    bool unabridged; /* config.tcp.shortcuts is off */
    char script_options[512]; /* for script_parse_with */
};

/* A packet that the stack sent and no line of the script has met yet. */
struct frame {
    struct frame *next;
    weft_time at; /* on the script's clock */
    struct packet wire;
    struct tuple *tuple; /* NULL: not TCP or UDP */
};

enum fd_kind { FD_FREE, FD_SOCKET, FD_PIPE_OUT, FD_PIPE_IN, FD_FILE, FD_EPOLL };

#define LAB_FDS 64
struct lab_fd {
    enum fd_kind kind;
    int number; /* as the script calls it */
    weft_sock *sock;
    bool nonblocking;
    enum weft_proto proto;
    uint32_t wrote, read; /* bytes so far: where the pattern stands */
    struct pipe *pipe;    /* both ends share it */
    struct epoll *epoll;
    bool inquires;         /* TCP_INQ: recvmsg tells how much is left */
    struct stamps *stamps; /* stamps.h; NULL: nothing was asked */
};

/* A blocking system call on its way. */
struct pending {
    const struct event *event; /* NULL: none */
    weft_time until;
    weft_time deadline; /* when it gives up by itself (poll); WEFT_NEVER: not at all */
    int64_t done;       /* bytes written or read so far */
    bool connecting;
};

/* Memory as the stack gets it. */
struct ledger {
    size_t live;          /* bytes out */
    uint64_t asked;       /* allocations so far */
    uint64_t refuse_at;   /* this one is refused; 0: none */
    bool refused;
    bool corrupt;         /* given back with another size, or never given out */
    uint64_t random;
};

#define LAB_FRAME_MAX 66000
struct lab {
    const struct options *options;
    const struct script *script;
    bool lenient;
    struct ledger ledger;
    weft_stack *stack;
    weft_if *ifp;
    weft_time now;      /* of the script's clock; the stack's is later by config.epoch */
    weft_time base;     /* what `+` counts from */
    weft_time tolerance;
    struct frame *first, **last;
    struct tuple *tuples;
    struct lab_fd fds[LAB_FDS];
    struct pending pending;
    struct option cookie[2]; /* the last Fast Open cookie that weft sent, by OPT_FO and OPT_FOEXP */
    struct code *code;       /* what %{ }% blocks will see; NULL: none so far */
    bool holding;
    size_t n_held;
    weft_pkt *held[64];
    uint64_t drops_before[WEFT_DROP_COUNT]; /* when the last packet went in */
    size_t n_last_in;   /* the last datagram that went in, for what an ICMP error quotes */
    uint8_t last_in[LAB_FRAME_MAX];
    bool failed;
    char why[2048];
};

/* Runs the script. Returns the lab, which holds the outcome; lab_free it. */
struct lab *lab_new(const struct script *script, const struct options *options, uint64_t refuse_at);
void lab_run(struct lab *lab);
/* Also checks that all memory came back. Returns false and leaves the reason in why when the run failed. */
bool lab_finish(struct lab *lab, char *why, size_t n);

/* Keeps the first failure, with the line it happened at (0: none). */
void lab_fail(struct lab *lab, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Lets timers fire up to and including t; stops early when until_frame is set and a packet is there. */
void lab_run_until(struct lab *lab, weft_time t, bool until_frame);
/* Pulls what the stack wants to send now, and retries a blocked call. */
void lab_settle(struct lab *lab);
/* The stack's next deadline on the script's clock. */
weft_time lab_deadline(const struct lab *lab);

/* link.c: packets both ways */
void lab_inject(struct lab *lab, const struct event *e);
void lab_release(struct lab *lab);
void lab_pull(struct lab *lab);
void lab_pull_one(struct lab *lab);
void lab_expect(struct lab *lab, const struct event *e);
void lab_check_leftover(struct lab *lab);
struct frame *lab_take_frame(struct lab *lab);

/* calls.c: system calls */
void lab_call(struct lab *lab, const struct event *e);
/* Tries the blocked call again. */
void lab_retry(struct lab *lab);
/* Runs until the blocked call has returned or is late. */
void lab_await_call(struct lab *lab);
struct lab_fd *lab_fd_find(struct lab *lab, int number);
/* Readiness of a socket grew. */
void lab_note_event(struct lab *lab, const struct weft_event *event);
/* Frees what descriptors hold beside their sockets, which die with the stack. */
void lab_fds_free(struct lab *lab);

/* command.c: /bin/sh */
void lab_command(struct lab *lab, const struct event *e);

/* code.c: Python */
void lab_capture(struct lab *lab, const struct event *e);
/* Runs all blocks; the first that fails fails the script. */
void lab_run_code(struct lab *lab);
void lab_code_free(struct lab *lab);

/* ledger.c: the stack's environment */
struct weft_env ledger_env(struct ledger *ledger);

#endif
