/* SPDX-License-Identifier: MIT */
/*
 * The books' ladder: a conversation between two ends as lines of text, one per segment: when it left and arrived, what
 * it said, and both ends' states after it. Fed by the traces of the two stacks; a segment is shown when the end that
 * got it has dealt with it.
 *
 * Sequence numbers are shown relative to each side's initial one, timestamps relative to each side's first, windows in
 * bytes (scaled).
 */
#ifndef CMD_LADDER_H
#define CMD_LADDER_H

#include <stdio.h>

#include "weft/stack.h"
#include "wire/tcp.h"

enum ladder_fate {
    LADDER_ARRIVED,
    LADDER_LOST,
    LADDER_WANDERED, /* a copy that was away for a long time */
};

/* A TCP segment as the ladder understood it. Numbers are relative. */
struct ladder_segment {
    int from; /* 0 or 1 */
    enum ladder_fate fate;
    uint16_t flags; /* enum tcp_flag */
    int64_t seq, ack;
    uint32_t len, window;
    bool again;     /* everything in it had been sent before */
    enum weft_drop drop; /* what the receiver made of it; WEFT_DROP_none */
};

#define LADDER_LOG   512
#define LADDER_SENT  512 /* segments under way whose leaving is remembered */
#define LADDER_FRAME 256 /* bytes of a frame that are looked at */

struct ladder_frame {
    uint8_t bytes[LADDER_FRAME];
    size_t n, wire_len;
    weft_time at; /* arrived, or, when lost, sent */
    enum weft_drop drop;
    bool open;    /* being dealt with */
};

/* A segment that has left. */
struct ladder_sent {
    uint32_t seq, ack, len;
    uint16_t flags;
    weft_time at;
    bool open, again; /* open: neither arrived nor lost yet */
};

struct ladder {
    FILE *out;          /* NULL: only remember */
    unsigned most;      /* lines shown, but for notes; 0: all */
    unsigned lines, left_out;
    const char *name[2];
    uint32_t ip[2];     /* of the ends: what strangers send, or are sent, is not shown */
    weft_time origin;   /* the moment shown as zero */
    weft_time delay;    /* of the link: what lies between leaving and arriving, where nobody has told */
    enum weft_tcp_state state[2], shown[2];
    unsigned visited[2]; /* bit per state */
    bool wandered;      /* the frame now being delivered is such a copy */
    struct {
        bool known;
        uint32_t isn, ts_base;
        int8_t wscale;  /* -1: not offered */
        int64_t sent;   /* right edge of what was sent, relative */
    } side[2];
    struct ladder_frame frame[2]; /* arriving at this end */
    struct ladder_sent sent[2][LADDER_SENT]; /* by this end, as a ring */
    size_t n_sent[2];             /* ever */
    /* Told of each complete story, as the line without its newline; may be NULL. */
    void (*told)(void *ctx, const struct ladder_frame *frame, int from, const char *story);
    void *told_ctx;
    size_t n_log;
    struct ladder_segment log[LADDER_LOG];
};

void ladder_begin(struct ladder *l, FILE *out, const char *name0, const char *name1, weft_time delay);

/* The line above the columns. */
void ladder_header(const struct ladder *l);

/* An event in the stack of this end. */
void ladder_trace(struct ladder *l, int end, const struct weft_trace *event);

/* This end hands a packet to the link. */
void ladder_sent(struct ladder *l, int from, const weft_pkt *pkt, weft_time now);

/* The link loses a packet that this end sends. */
void ladder_lost(struct ladder *l, int from, const weft_pkt *pkt, weft_time now);

/* Something a program or a person does: "client connects". Shown with the states after it. */
void ladder_note(struct ladder *l, weft_time now, const char *text);

/* When all events of a moment are over: shows changes of state that neither a segment nor a note explains: timers. */
void ladder_settle(struct ladder *l, weft_time now);

/* One line without its newline. sent, arrives: WEFT_NEVER leaves the column empty. from: -1 for a note. */
void ladder_line(char *buf, size_t n, weft_time sent, weft_time arrives, int from, enum ladder_fate fate,
                 const char *text, enum weft_tcp_state left, enum weft_tcp_state right);

/* A TCP segment in a frame. */
struct ladder_tcp {
    uint32_t src, dst; /* IPv4 */
    struct tcp_header h;
    struct tcp_options o;
    uint32_t len; /* bytes of text */
};

/* Finds it in an Ethernet frame of wire_len bytes, of which n are there; false when there is none. */
bool ladder_dissect(const uint8_t *frame, size_t n, size_t wire_len, struct ladder_tcp *out);

/* A segment's text: "SYN,ACK seq 0 ack 1 win 65535 <mss 1460,...>", and in brackets why it went no further, if so. */
void ladder_segment_text(char *buf, size_t n, const struct ladder_segment *s, const struct tcp_options *o,
                         const uint32_t ts_base[2]);

#endif
