/* SPDX-License-Identifier: MIT */
/* The schedules of probes: into a closed window (RFC 9293 §3.8.6.1) and over an idle connection (§3.8.4). */
#ifndef TCP_PROBE_H
#define TCP_PROBE_H

#include "base/base.h"

/* How long to wait for the n-th window probe (0 first): rto, doubling, at most max (SHLD-29, SHLD-30). */
weft_time probe_window_delay(weft_time rto, unsigned n, weft_time max);

struct keepalive {
    weft_time idle, interval;
    unsigned probes;
    weft_time patience; /* the user's own limit, counted from what was heard last, in place of `probes`; 0: none */
};

enum keepalive_verdict { KEEPALIVE_WAIT, KEEPALIVE_PROBE, KEEPALIVE_GIVE_UP };

/*
 * What to do at `now` for a connection last heard at `heard` after `sent` unanswered probes; *next is when to ask
 * again.
 */
enum keepalive_verdict keepalive_check(const struct keepalive *k, weft_time now, weft_time heard, unsigned sent,
                                       weft_time *next);

#endif
