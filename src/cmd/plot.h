/* SPDX-License-Identifier: MIT */
/*
 * The time-sequence graph of one direction of a conversation, as SVG: each segment when it was sent, what the
 * acknowledgments said when they came back, the edge of the window, and below it cwnd and ssthresh.
 *
 * Seen from the sender of the data. Sequence numbers are relative to its initial one. Marks are kept in the order in
 * which they happened, at most PLOT_MARKS; of what comes later, only that there was more.
 */
#ifndef CMD_PLOT_H
#define CMD_PLOT_H

#include <stdio.h>

#include "weft/types.h"
#include "wire/tcp.h"

#define PLOT_MARKS 20000

enum plot_kind {
    PLOT_SENT,    /* a segment with text, SYN or FIN: from to to */
    PLOT_ACK,     /* everything before `to` is acknowledged */
    PLOT_WINDOW,  /* `to` may be sent up to here */
    PLOT_SACK,    /* the peer has from to to */
    PLOT_PROBE,   /* a segment without text, before what was sent: is the window still closed? from */
    PLOT_CWND,    /* to: segments */
    PLOT_SSTHRESH,
};

struct plot_mark {
    weft_time at;
    enum plot_kind kind;
    int64_t from, to;
    bool again, lost; /* of PLOT_SENT */
};

struct plot {
    int side; /* whose data */
    bool known, scaled;
    uint32_t ours, theirs; /* addresses: what strangers send or get does not count. 0: those of the first segment */
    uint32_t isn;
    int8_t wscale[2];       /* of this side, of the other; -1: not offered */
    int64_t highest;        /* right edge of what was sent */
    int64_t acked, window, cwnd, ssthresh; /* the latest, to mark changes only */
    weft_time origin;       /* the moment shown as zero */
    size_t n;
    bool more;
    struct plot_mark mark[PLOT_MARKS];
};

/* An empty plot of the data that this end sends. */
void plot_begin(struct plot *p, int side, weft_time origin);

/* The sender hands a frame to the link. A segment that is no TCP is ignored. */
void plot_sent(struct plot *p, weft_time at, const uint8_t *frame, size_t n, size_t wire_len);
/* That frame was lost. */
void plot_lost(struct plot *p);

/* A frame arrives at the sender. */
void plot_arrived(struct plot *p, weft_time at, const uint8_t *frame, size_t n, size_t wire_len);

/* In segments; ssthresh UINT32_MAX / 2 or more: none yet. */
void plot_cwnd(struct plot *p, weft_time at, uint32_t cwnd, uint32_t ssthresh);

/* Writes the picture; false when out could not take it. plot_svg.c */
bool plot_write(const struct plot *p, const char *title, FILE *out);

#endif
