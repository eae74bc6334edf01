/* SPDX-License-Identifier: MIT */
/*
 * The life of a connection between two ends, from the first SYN to both CLOSED, as RFC 9293 §3.10 tells it: no text, only
 * SYN (number 0) and FIN (number 1) of each end, over a network that loses, doubles and delays what it likes, a bounded
 * number of times. spin looks at everything that can happen.
 *
 * What must hold:
 *   1. only edges of the engine's table are taken (EDGE, made by edges.c);
 *   2. nobody is stuck: it always ends with both ends CLOSED (no invalid end state);
 *   3. without a reset, both have read each other's FIN by then.
 *
 * Three things stand for time: a timer fires only when nothing is under way; 2 MSL is longer than a time-out; FIN-WAIT-2
 * ends by itself only when the peer is gone (its reset was lost).
 */
#include "edges.h"

#ifndef LOSSES
#define LOSSES 2
#endif
#define UNDER_WAY 3 /* packets, each way; what does not fit is lost */

/* What is seen of the edges: not of the model's state, so that looking costs nothing. See check. */
c_decl {
    static unsigned char taken[16][16];
    __attribute__((destructor)) static void tell_edges(void)
    {
        for (int from = 0; from < 16; from++)
            for (int to = 0; to < 16; to++)
                if (taken[from][to])
                    printf("edge %d %d\n", from, to);
    }
}

typedef segment {
    bool syn, ack, fin, rst;
    byte seq, acknowledges;
}

typedef end {
    byte state;
    byte una, nxt, rcv_nxt; /* SND.UNA, SND.NXT, RCV.NXT; all initial sequence numbers are 0 */
    bool listens, opened;   /* a SYN makes a connection; it was opened, once */
    bool wants_close;       /* its user has yet to close */
    bool may_abort;         /* or to abort */
}

end e[2];
chan wire[2] = [UNDER_WAY] of { segment }; /* from end 0, from end 1 */
byte lost = 0, doubled = 0;
bool reset = false;                        /* somebody sent one, or gave up */

#define peer (1 - me)

inline become(to) {
    assert(EDGE(e[me].state, to));
    c_code { taken[now.e[PEnd->me].state][PEnd->next_state] = 1; };
    e[me].state = to
}

inline go(to) {
    next_state = to;
    become(next_state)
}

inline send(is_syn, is_ack, is_fin, is_rst, number) {
    out.syn = is_syn;
    out.ack = is_ack;
    out.fin = is_fin;
    out.rst = is_rst;
    out.seq = number;
    out.acknowledges = (is_ack -> e[me].rcv_nxt : 0);
    if
    :: nfull(wire[me]) -> wire[me]!out
    :: full(wire[me])
    fi
}

inline send_ack() { send(false, true, false, false, e[me].nxt) }

/* §3.10.7.1: in the name of nobody */
inline refuse() {
    if
    :: in.rst
    :: !in.rst && in.ack -> reset = true; send(false, false, false, true, in.acknowledges)
    :: !in.rst && !in.ack -> reset = true; e[me].rcv_nxt = in.seq + in.syn + in.fin;
        send(false, true, false, true, 0); e[me].rcv_nxt = 0
    fi
}

inline forget() {
    e[me].listens = e[me].state == SYN_RECEIVED && !opens; /* back to LISTEN */
    go(CLOSED);
    e[me].una = 0;
    e[me].nxt = 0
}

inline send_first() {
    e[me].nxt = 1;
    send(true, e[me].state == SYN_RECEIVED, false, false, 0)
}

inline send_fin() {
    e[me].nxt = 2;
    send(false, true, true, false, 1)
}

/* ---- §3.10.7: a segment arrives ---- */

inline arrives_nowhere() {
    if
    :: e[me].listens && in.syn && !in.ack && !in.rst ->
        e[me].listens = false;
        e[me].rcv_nxt = 1;
        go(SYN_RECEIVED);
        send_first()
    :: else -> refuse()
    fi
}

inline arrives_in_syn_sent() {
    if
    :: in.ack && in.acknowledges != 1 -> refuse()
    :: in.rst && in.ack && in.acknowledges == 1 -> forget()
    :: !(in.ack && in.acknowledges != 1) && !in.rst && in.syn ->
        e[me].rcv_nxt = 1;
        if
        :: in.ack -> e[me].una = 1; go(ESTABLISHED); send_ack()
        :: else -> go(SYN_RECEIVED); send_first()
        fi
    :: else
    fi
}

/* The ACK step; ok: go on with the segment. */
inline acknowledged() {
    ok = true;
    if
    :: e[me].state == SYN_RECEIVED && (in.acknowledges == 0 || in.acknowledges > e[me].nxt) -> refuse(); ok = false
    :: e[me].state == SYN_RECEIVED && in.acknowledges > 0 && in.acknowledges <= e[me].nxt -> go(ESTABLISHED)
    :: e[me].state != SYN_RECEIVED && in.acknowledges > e[me].nxt -> send_ack(); ok = false
    :: else
    fi;
    if
    :: ok && in.acknowledges > e[me].una -> e[me].una = in.acknowledges
    :: else
    fi;
    if
    :: ok && e[me].una == 2 && e[me].state == FIN_WAIT_1 -> go(FIN_WAIT_2)
    :: ok && e[me].una == 2 && e[me].state == CLOSING -> go(TIME_WAIT)
    :: ok && e[me].una == 2 && e[me].state == LAST_ACK -> forget(); ok = false
    :: else
    fi
}

inline fin_arrives() {
    e[me].rcv_nxt = 2;
    if
    :: e[me].state == ESTABLISHED -> go(CLOSE_WAIT)
    :: e[me].state == FIN_WAIT_1 -> go(CLOSING)
    :: e[me].state == FIN_WAIT_2 -> go(TIME_WAIT)
    fi;
    send_ack()
}

#define LENGTH     (in.syn + in.fin)
#define ACCEPTABLE (in.seq + LENGTH > e[me].rcv_nxt || (LENGTH == 0 && in.seq >= e[me].rcv_nxt))

inline arrives() {
    if
    :: !ACCEPTABLE && in.rst
    :: !ACCEPTABLE && !in.rst -> send_ack()
    :: ACCEPTABLE && in.rst && in.seq == e[me].rcv_nxt -> forget()
    :: ACCEPTABLE && ((in.rst && in.seq != e[me].rcv_nxt) || (in.syn && !in.rst)) -> send_ack() /* RFC 5961 */
    :: ACCEPTABLE && !in.rst && !in.syn && in.ack ->
        acknowledged();
        if
        :: ok && in.fin && in.seq == e[me].rcv_nxt -> fin_arrives()
        :: else
        fi
    :: else
    fi
}

/* ---- an end ---- */

#define NOTHING_UNDER_WAY (empty(wire[0]) && empty(wire[1]))
#define UNACKNOWLEDGED(i) (e[i].una != e[i].nxt)

inline send_again() {
    if
    :: e[me].una == 0 -> send(true, e[me].state == SYN_RECEIVED, false, false, 0)
    :: e[me].una == 1 && e[me].nxt == 2 -> send(false, true, true, false, 1)
    fi
}

inline user_closes() {
    e[me].wants_close = false;
    if
    :: e[me].state == ESTABLISHED -> go(FIN_WAIT_1); send_fin()
    :: e[me].state == CLOSE_WAIT -> go(LAST_ACK); send_fin()
    fi
}

#ifdef ABORTS
#define ABORTS_TOO true
#else
#define ABORTS_TOO false
#endif

inline user_aborts() {
    e[me].wants_close = false;
    e[me].may_abort = false;
    reset = true;
    if
    :: e[me].state != SYN_SENT -> send(false, true, false, true, e[me].nxt)
    :: else
    fi;
    forget()
}

proctype End(byte me; bool opens) {
    segment in, out;
    byte next_state;
    bool ok;

    e[me].wants_close = true;
    e[me].may_abort = ABORTS_TOO;
    e[me].listens = !opens;
end_closed:
    do
    :: atomic { opens && !e[me].opened -> e[me].opened = true; go(SYN_SENT); send_first() }
    :: atomic { wire[peer]?in ->
        if
        :: e[me].state == CLOSED -> arrives_nowhere()
        :: e[me].state == SYN_SENT -> arrives_in_syn_sent()
        :: else -> arrives()
        fi }
    :: atomic { e[me].wants_close && (e[me].state == ESTABLISHED || e[me].state == CLOSE_WAIT) -> user_closes() }
    :: atomic { e[me].may_abort && e[me].state != CLOSED -> user_aborts() }
    :: atomic { UNACKNOWLEDGED(me) && NOTHING_UNDER_WAY -> send_again() }
    :: atomic { e[me].state == FIN_WAIT_2 && NOTHING_UNDER_WAY && e[peer].state == CLOSED -> forget() }
    :: atomic { e[me].state == TIME_WAIT && NOTHING_UNDER_WAY && !UNACKNOWLEDGED(peer) -> forget() }
    od
}

/* ---- the network's faults ---- */

proctype Network() {
    segment s;

end_calm:
    do
    :: atomic { lost < LOSSES && nempty(wire[0]) -> wire[0]?s; lost++ }
    :: atomic { lost < LOSSES && nempty(wire[1]) -> wire[1]?s; lost++ }
    :: atomic { doubled < 1 && len(wire[0]) > 0 && nfull(wire[0]) -> wire[0]?<s>; wire[0]!s; doubled++ }
    :: atomic { doubled < 1 && len(wire[1]) > 0 && nfull(wire[1]) -> wire[1]?<s>; wire[1]!s; doubled++ }
    od
}

#ifdef BOTH_OPEN
#define SECOND_OPENS true
#else
#define SECOND_OPENS false
#endif

/* When nothing can happen any more (timeout), it must be over, and in order. */
init {
    atomic { run End(0, true); run End(1, SECOND_OPENS); run Network() }
    timeout;
    assert(e[0].state == CLOSED && e[1].state == CLOSED);
    assert(reset || (e[0].rcv_nxt == 2 && e[1].rcv_nxt == 2))
}
