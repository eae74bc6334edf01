/* SPDX-License-Identifier: MIT */
/*
 * A story about TCP, as data: what the two programs do and when, what the wire does to a segment, and what must have
 * happened at the end. demo_scenarios.c and demo_flows.c have them, demo_play.c acts them out.
 */
#ifndef CMD_DEMO_STORY_H
#define CMD_DEMO_STORY_H

#include "cmd/demo.h"

#define CLIENT      0
#define SERVER      1
#define PORT        7000
#define CLIENT_PORT 5000

/* What a program (or fate) does. */
enum act {
    LISTEN,
    CONNECT,      /* from CLIENT_PORT */
    OPEN_BOTH,    /* both connect to each other */
    SEND,         /* n bytes */
    SHUT,         /* half-close */
    CLOSE,
    CLOSE_BOTH,
    ABORT,
    CRASH,        /* the end reboots */
    STOP_READING,
    READ_ON,
    FLOOD,        /* n SYNs from strangers arrive at PORT of this end */
    NODELAY,      /* from now on: TCP_NODELAY */
    WANDER,       /* the copy that the rule kept arrives at this end */
};

struct step {
    unsigned ms;
    int end;
    enum act act;
    unsigned n;
    const char *say; /* the note on the ladder */
};

/* What the wire does to the first segment that fits, or to several. */
struct rule {
    bool active;
    int from;
    bool with_text;              /* only segments that carry bytes */
    int in_state;                /* only when the sender is in this state; -1: any */
    bool keep_copy;              /* else: lose it */
    unsigned lose[8];            /* not the first one: those of these numbers, counted from 1, in rising order */
    unsigned from_ms, n_after;   /* lose, from this moment on, the first so many */
};

enum expect_kind {
    END, VISITED, ENDS, FAILED, GOT, GOT_BEFORE, GOT_AFTER, SENT, AGAIN, CLOSED_WINDOW, COUNTED, NONE, DROPPED
};

struct expectation {
    enum expect_kind kind;
    int end;
    int value;          /* state, error, flags, counter (NONE: one that stayed 0), drop; GOT_BEFORE, _AFTER: ms */
    unsigned n;         /* bytes or times */
    const char *claim;
};

struct scenario {
    const char *name, *title, *prose;
    size_t buffer;      /* of sockets; 0: default */
    bool daytime;       /* the server tells the time to whom it accepts, and closes */
    bool echo_close[2]; /* closes when the other one has */
    unsigned until_ms;
    const char *profile; /* NULL: "linux" */
    struct {
        const char *name, *value;
    } set[4];           /* tunables of both stacks */
    struct weft_impairment wire; /* delay 0: 10 ms, and nothing else */
    unsigned most_lines; /* of the ladder; 0: all */
    int data_from;      /* the end whose data a plot shows */
    struct rule rule;
    struct step step[16];
    struct expectation expect[10];
};

/* Connections: how they begin and end. */
extern const struct scenario demo_connections[];
extern const size_t n_demo_connections;

/* Data: how it flows, and what is done about losses. */
extern const struct scenario demo_flows[];
extern const size_t n_demo_flows;

#endif
