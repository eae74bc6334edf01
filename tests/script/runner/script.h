/* SPDX-License-Identifier: MIT */
/*
 * A parsed script: its settings, and a list of events with their times.
 *
 * The language is packetdrill's (https://github.com/google/packetdrill), with extensions:
 *
 *   config KEY=VALUE        before the first event (config.h lists the keys)
 *   TIME state [FD|@FLOW] NAME   the connection is in this state (RFC 9293's spelling); CLOSED: it is not there
 *   TIME drop REASON        the last inbound packet was dropped for this WEFT_DROP reason; `none`: it was not
 *   TIME count NAME N       the counter stands at N
 *   TIME quiet SECONDS      nothing goes out for so long
 *   TIME skip SECONDS       for so long whatever goes out is not looked at
 *   TIME idle               nothing will ever go out again, and no timer runs any more
 *   TIME hold, TIME release     inbound packets between them go into the stack as one batch
 *   TIME abort(FD) = 0      a reset instead of an orderly close
 *   < @2 S 0:0(0) ...       a second, third, ... peer port; without it the packet belongs to flow 1
 *   < [src 10.0.0.1, bad_checksum] ...   what is odd about a packet (attr.h lists them); on `>`: what is checked
 *
 * Shell commands in backquotes: shell.h. Python in %{ }%: code.h. Options and their wildcards: option.h.
 */
#ifndef SCRIPT_SCRIPT_H
#define SCRIPT_SCRIPT_H

#include "config.h"
#include "packet.h"
#include "shell.h"
#include "value.h"

#define CALL_ARGS 8
struct call {
    char name[24];
    struct value arg[CALL_ARGS];
    size_t n_args;
    bool any_result;  /* = ? */
    int64_t result;
    int error;        /* errno's number when result is -1; 0: not given */
};

/* When an event happens. For outbound packets lo..hi bounds their emission. */
struct when {
    bool any;       /* * */
    bool relative;  /* to the event before */
    bool blocking;  /* lo...hi: the call begins at lo and returns at hi */
    weft_time lo, hi;
};

enum event_kind {
    EVENT_CALL,
    EVENT_IN,
    EVENT_OUT,
    EVENT_STATE,
    EVENT_DROP,
    EVENT_COUNT,
    EVENT_QUIET,
    EVENT_SKIP,
    EVENT_IDLE,
    EVENT_HOLD,
    EVENT_RELEASE,
    EVENT_SETTING,
    EVENT_SHELL,
    EVENT_CODE,
};

struct event {
    enum event_kind kind;
    int line;
    struct when when;
    struct call call;      /* CALL */
    struct packet packet;  /* IN, OUT */
    int fd, flow;          /* STATE: -1: not named */
    unsigned number;       /* STATE: a weft_tcp_state; DROP: a weft_drop; COUNT: a weft_counter */
    uint64_t amount;       /* COUNT: how much; QUIET, SKIP: nanoseconds */
    struct setting setting;
    const char *code;      /* CODE: Python, which begins on this line; SHELL: a command */
};

struct script {
    const char *path;
    struct config config;
    bool is_of_other_version; /* it says itself --ip_version, and the options from outside another one */
    struct event *events;
    size_t n_events;
    struct arena *arena;
};

/*
 * Parses text. On failure returns false with one line in why ("path:line: ..."); script_free is then not needed.
 * path is borrowed; text is not needed afterwards.
 */
bool script_parse(struct script *script, const char *path, const char *text, size_t n, char *why, size_t why_size);
/* The same with packetdrill's options ("--ip_version=ipv6 --mtu=1520") in force, whatever the script's own say. */
bool script_parse_with(struct script *script, const char *options, const char *path, const char *text, size_t n,
                       char *why, size_t why_size);
void script_free(struct script *script);

/* The number of a constant of the socket interface ("SOL_SOCKET"), or of an error ("EAGAIN"); false when unknown. */
bool constant_find(const char *name, int64_t *number);
bool errno_find(const char *name, int *number);
const char *errno_name(int number);

#endif
