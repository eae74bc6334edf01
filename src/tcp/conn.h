/* SPDX-License-Identifier: MIT */
/*
 * The connection: what all corridors see, and nobody else. What they offer each other stands in the header of each.
 *
 * struct tcp_conn is what an idle connection needs. struct tcp_work holds the rooms side by side; it is borrowed when
 * bytes are to move and given back when the connection is quiet again: nothing queued, in flight, unread or out of
 * order, and no acknowledgment owed. config.tcp.park = false keeps it, and nothing else may change by that.
 *
 * A life: conn_new (CLOSED, on the loose list) → connect or listen, or made from a half-open record → … →
 * conn_finish (over) → the user's close, whichever comes last → freed. An orphan has no user any more: it is freed
 * by conn_finish itself, so whoever may finish a connection must not touch it afterwards (enum tcp_step GONE).
 *
 * Invariants, checked by conn_check after every event in test builds:
 *   1. snd.una <= snd.nxt on the circle; in flight = snd.nxt - snd.una
 *   2. with work, in a synchronized state: the scoreboard covers exactly [snd.una, snd.nxt)
 *   3. bytes sent and unacknowledged never exceed what the send queue holds (+1 for a FIN sent)
 *   4. rcv.nxt <= rcv.edge
 *   5. without work nothing is in flight and no acknowledgment is owed
 *   6. a retransmission timer runs exactly while something is in flight or wants to be; never together with persist
 */
#ifndef TCP_CONN_H
#define TCP_CONN_H

#include "ip/ip.h"
#include "tcp/ackpolicy.h"
#include "tcp/alarm.h"
#include "tcp/cc.h"
#include "tcp/ecn.h"
#include "tcp/flow.h"
#include "tcp/instance.h"
#include "tcp/negotiate.h"
#include "tcp/pacer.h"
#include "tcp/pathsearch.h"
#include "tcp/plan.h"
#include "tcp/probe.h"
#include "tcp/push.h"
#include "tcp/rack.h"
#include "tcp/rate.h"
#include "tcp/rcvspace.h"
#include "tcp/rcvwnd.h"
#include "tcp/reasm.h"
#include "tcp/recovery.h"
#include "tcp/recvq.h"
#include "tcp/reports.h"
#include "tcp/rtt.h"
#include "tcp/seg.h"
#include "tcp/sendq.h"
#include "tcp/settings.h"
#include "tcp/sndbuf.h"
#include "tcp/sndmap.h"
#include "tcp/stats.h"
#include "tcp/tcp.h"
#include "tcp/usage.h"
#include "tcp/urgent.h"
#include "tcp/way.h"
#include "tcp/why.h"

#define TS_OPTION 12 /* bytes of the timestamps option with its padding */

/* What the timer of sending waits for: only one of them at a time. */
enum tcp_wait {
    WAIT_TIMEOUT, /* the retransmission time-out (RFC 6298) */
    WAIT_PROBE,   /* a tail loss probe (RFC 8985 §7) */
    WAIT_REORDER, /* what may only be reordered (RFC 8985 §6.2) */
};

enum tcp_timer {
    TCP_TIMER_QUIET, /* keepalive, or an orphan's end in FIN-WAIT-2: conn_quiet_until */
    TCP_TIMER_RETRANSMIT,
    TCP_TIMER_PERSIST,
    TCP_TIMER_ACK,
    TCP_TIMER_PACE,
    TCP_TIMER_REST,
    TCP_TIMER_COUNT
};

/* The rooms of a connection at work. */
struct tcp_work {
    struct tcp_alarm alarm;   /* for the earliest of `deadline` */
    struct sender sender;     /* while it wants the link */
    struct ip_path path;
    struct sendq sendq;
    struct recvq recvq;
    struct reasm reasm;
    struct tcp_sack_block twice; /* arrived twice, and the peer is to be told (RFC 2883); empty: nothing did */
    struct sndmap sndmap;
    struct recovery recovery;
    struct rack rack;
    struct tlp tlp;
    struct rate rate;
    struct usage usage;
    struct pacer pacer;
    struct path_search search;
    struct ackpolicy ack;
    struct rcvtune rcvtune;
    struct rcvcost rcvcost;
    struct push push;
    struct urgent urgent;
    union cc_private cc_private;
    weft_time deadline[TCP_TIMER_COUNT]; /* WEFT_NEVER: not running */
    weft_time probing_since;  /* the first probe into a closed window; 0: none since it closed */
    /* when the oldest byte in flight became that; of a SYN the user time-out runs from here */
    weft_time stuck_since;
    weft_time told_at;        /* when a segment of any kind went out last */
    weft_time syn_sent_at;    /* WEFT_NEVER once it was repeated: no RTT sample then, but by an echo */
    uint32_t resent, duplicates; /* segments sent again, and reported as received twice */
    struct seq wl1;           /* SND.WL1: the segment that brought the window. SND.WL2 is SND.UNA (acknowledged.c) */
    struct seq small_end;     /* end of the last segment that keeps short ones waiting (Nagle) */
    struct seq burst;         /* SND.UNA when sending began last with nothing under way */
    struct seq peer_fin;      /* where the peer's FIN stands, if it came out of order */
    uint32_t flow_label;      /* IPv6; 0: not worked out yet */
    uint32_t hash;            /* of its name, while it is in the table; 0: not known */
    uint8_t retries;          /* time-outs since the last progress */
    uint8_t probes;           /* window probes since the window closed */
    uint8_t lost_by;          /* enum weft_why: how the last loss was found */
    bool syn_due;             /* our SYN or SYN,ACK wants to go out */
    /* so many window or keepalive probes want to go out: at most 2, the first of them urgent */
    uint8_t probe_due;
    bool override;            /* send what there is, silly or not (RFC 9293 §3.8.6.2.1) */
    uint8_t wait;             /* enum tcp_wait: what the retransmission timer is for */
    bool tail_due;            /* a tail loss probe wants to go out */
    bool tail_restart;        /* something went out or was acknowledged: the probe's time begins anew */
    uint8_t said_wscale;      /* what our SYN said of the scale of our windows, plus one; 0: none went out */
    bool early;               /* data may go with our SYN, or a cookie for that be asked for (RFC 7413) */
    bool syn_waits;           /* our SYN waits for the first write */
    uint16_t syn_data;        /* bytes that our first SYN carried */
    bool rested;              /* it is quiet, and what nobody will miss is forgotten */
    bool starved;             /* no memory for a packet: wait for the next event or timer */
    bool peer_fin_known;
    /* SND.UP: behind the last urgent byte (MUST-62 sends it); at SND.UNA: nothing is urgent */
    struct seq urgent_end;
    bool more;                /* MSG_MORE: the user promised more */
    bool want_write;          /* somebody found no room, by writing or by asking: tell when there is some again */
    bool push_now;            /* short segments may go, whatever Nagle or CORK say, until the next write */
    bool usual;               /* it is as most are most of the time, and all of that was asked (usual.h) */
    bool planned;             /* `plan` is what the last settle found to be sent, and nothing has changed since */
    struct tcp_plan plan;     /* for the link's turn: a short segment that waits for no time to pass */
};

/* What a listener has besides. */
struct tcp_listen {
    struct list accept;       /* of struct weft_sock.event: who has no owner yet tells him nothing */
    uint32_t number;          /* in tcp.listeners */
    uint32_t waiting, backlog;
    uint32_t half_open;       /* records */
    uint32_t young;           /* of them: those whose SYN,ACK was not repeated */
    weft_time cookies_at;     /* when the last SYN cookie was sent; WEFT_NEVER: never */
};

struct tcp_conn {
    struct weft_sock ep;      /* first: a weft_sock pointer is a tcp_conn pointer */
    union {
        struct {                    /* in_table */
            struct hash_node hash;
            union {
                struct tcp_conn *parent; /* queued: the listener whose accept queue holds it */
                struct tcp_alarm *alarm; /* else, parked, and waiting for something: conn_quiet_until; else NULL */
            };
        };
        struct list loose;          /* not in_table: in tcp.loose */
    };
    union {
        struct tcp_work *work;     /* NULL: parked */
        struct tcp_listen *listen; /* in LISTEN */
    };
    const struct tcp_settings *settings; /* never NULL */
    struct tcp_stats *stats;  /* from its first data on; NULL: none yet, or no memory. Kept while parked */

    uint8_t state;            /* enum weft_tcp_state; written by state_set only */
    bool v6 : 1;              /* its names are of IPv6; ep.v6 says what the socket can speak */
    bool wide : 1;            /* has room for such names */
    bool in_table : 1;        /* the demultiplexer knows it */
    bool queued : 1;          /* in_table: nobody has accepted it yet */
    bool shares_port : 1;     /* SO_REUSEADDR was on when it entered the table */
    bool fast_open : 1;       /* SYN-RECEIVED with data both ways: our SYN,ACK, before SND.UNA, is not acknowledged */
    bool bound : 1;           /* has a record in the table of bindings */
    bool orphan : 1;          /* the user has closed it */
    bool passive : 1;         /* came from LISTEN (MUST-11) */
    bool reported : 1;        /* there are reports for its user (reports.h) */
    bool syn_acked : 1;
    bool fin_wanted : 1;      /* the user sends no more */
    bool fin_sent : 1;        /* snd.nxt counts it */
    bool peer_fin : 1;        /* rcv.nxt counts it */
    bool read_shut : 1;       /* the user reads no more */
    bool ts_ok : 1, sack_ok : 1;
    bool nodelay : 1, cork : 1, keepalive : 1;
    bool oob_inline : 1;      /* urgent bytes stay in the stream */
    uint8_t path_discovery : 3; /* enum weft_pmtudisc */
    bool sndbuf_fixed : 1;    /* by the user (SO_SNDBUF): it does not grow */
    bool reordered : 1;       /* segments were seen to overtake each other */
    bool unresolved : 1;      /* SYN-SENT: the next hop does not answer, and that ends it */
    uint8_t recovered_here : 3; /* parked where a recovery without SACK ended: recovery.h's guard */
    bool window_old : 1;      /* parked: the peer's window came before the last of what he sent (acknowledged.c) */
    uint8_t snd_wscale, rcv_wscale;
    struct ecn ecn;
    struct ack_pace pace;
    uint8_t keepalive_sent;   /* probes without an answer */
    uint8_t cc_number;        /* whose window it is: cc_at */
    uint16_t reordering;      /* segments that may be overtaken before duplicates mean a loss */
    int16_t soft_error;       /* what an ICMP error said; the reason given if the connection times out */
    uint8_t bare_in, bare_out; /* segments after the handshake while there are no stats; both stop at 255 */

    struct {
        struct seq una, nxt;
        uint32_t wnd;         /* the peer's window, scaled */
        uint32_t max_wnd;     /* the largest ever */
    } snd;
    struct {
        struct seq nxt, edge; /* edge: the right end of what we ever announced */
        struct seq acked;     /* the last acknowledgment sent (RFC 7323 §4.3 Last.ACK.sent) */
    } rcv;
    uint32_t ts_recent, ts_offset;
    /* the payload of a full segment of ours, timestamps taken off: of the three below and TCP_MAXSEG */
    uint16_t mss;
    uint16_t peer_mss;        /* what the peer takes */
    uint16_t adv_mss;         /* what we announced to take */
    uint16_t rcv_mss;         /* the largest segment the peer has sent: what "a full segment" means for ACKs */
    struct cc cc;
    struct rtt rtt;
    struct rcvspace rcvspace;
    weft_time heard, spoke;   /* last segment received, last data sent */
    uint32_t send_buffer;     /* bytes */
    uint32_t ts_recent_at;    /* when ts_recent was taken: time_coarse (24 days make it void) */
    uint32_t challenged;      /* ms: last answer to a segment out of the window (may_answer); 0: none yet */
    union tcp_key key;        /* last: only as long as its family needs */
};

static inline struct tcp_conn *conn_of(const weft_sock *e)
{
    return container_of((weft_sock *)e, struct tcp_conn, ep);
}
static inline struct tcp *conn_tcp(const struct tcp_conn *c) { return tcp_of(c->ep.stack); }
static inline weft_time conn_now(const struct tcp_conn *c) { return c->ep.stack->now; }
static inline struct tcp_flow conn_flow(const struct tcp_conn *c) { return key_unpack(&c->key, c->v6); }

/* Was it a connection, or about to become one, since it was opened last? */
static inline bool conn_has_ended(const struct tcp_conn *c)
{
    return c->state == WEFT_TCP_CLOSED && (c->snd.una.v || c->snd.nxt.v);
}

/* Is this its name? */
static inline bool conn_has_name(const struct tcp_conn *c, const struct tcp_flow *flow)
{
    return c->v6 == flow_is_v6(flow) && key_is(&c->key, flow, c->v6);
}

/* CLOSED, loose, with the stack's defaults, of a socket of this family; wide: room for IPv6. NULL: out of memory. */
struct tcp_conn *conn_new(struct tcp *t, enum weft_family family, bool wide);

/* What its segments carry, in the family of its names. */
static inline uint8_t conn_ttl(const struct tcp_conn *c) { return endpoint_ttl(&c->ep, c->v6); }
static inline uint8_t conn_tos(const struct tcp_conn *c) { return endpoint_tos(&c->ep, c->v6); }

/* Sets both names, of one family; not while in the table. */
void conn_name(struct tcp_conn *c, const struct tcp_flow *flow);

/* It is taken out of its listener's accept queue. */
static inline void conn_leave_queue(struct tcp_conn *c)
{
    c->queued = false;
    c->alarm = NULL;
}

/*
 * The connection is over: CLOSED, silently. err: what the user is told (0: an orderly end). An orphan is freed.
 */
void conn_finish(struct tcp_conn *c, int err);

/* It has no user any more. */
static inline void conn_orphan(struct tcp_conn *c)
{
    conn_tcp(c)->orphans += !c->orphan;
    c->orphan = true;
}

/* The user is gone and the connection over: frees it. */
void conn_free(struct tcp_conn *c);

/* Asserts the invariants. */
void conn_check(const struct tcp_conn *c);

/* Bytes that the peer may still send by what we promised. */
static inline uint32_t conn_open_window(const struct tcp_conn *c)
{
    int32_t open = seq_diff(c->rcv.edge, c->rcv.nxt);

    return open > 0 ? (uint32_t)open : 0;
}

/* Payload that is kept for the user, in order or not. */
static inline uint32_t conn_held(const struct tcp_conn *c)
{
    return c->work ? c->work->recvq.bytes + c->work->reasm.bytes : 0;
}

/* The true size of that; see rcvspace.h. */
static inline uint32_t conn_cost(const struct tcp_conn *c)
{
    uint32_t held = conn_held(c);

    return held ? rcvcost_of(&c->work->rcvcost, held) : 0;
}

/* The first byte that the user has not read. */
static inline struct seq conn_unread_from(const struct tcp_conn *c)
{
    return seq_sub(c->rcv.nxt, (c->work ? c->work->recvq.bytes : 0) + (c->peer_fin ? 1 : 0));
}

/* The controller of its window. */
static inline const struct cc_ops *conn_cc(const struct tcp_conn *c) { return cc_at(c->cc_number); }

/* Segments in the network, as far as we can tell; each duplicate ACK without SACK says that one has left it. */
static inline uint32_t conn_pipe(const struct tcp_conn *c)
{
    uint32_t pipe = sndmap_pipe(&c->work->sndmap), left = c->sack_ok ? 0 : c->work->recovery.duplicates;

    return pipe > left ? pipe - left : 0;
}

/* Bytes of sequence space in flight. */
static inline uint32_t conn_in_flight(const struct tcp_conn *c) { return c->snd.nxt.v - c->snd.una.v; }

/* Bytes of the send queue that were never sent. */
static inline uint32_t conn_unsent(const struct tcp_conn *c)
{
    uint32_t in_flight = conn_in_flight(c);

    if (!c->syn_acked) /* what is in flight is our SYN */
        in_flight = 0;
    if (c->fin_sent && in_flight) /* the FIN is the last to be acknowledged, and no byte of the queue */
        in_flight--;
    return c->work ? c->work->sendq.bytes - in_flight : 0;
}

/* Is there urgent data that was not acknowledged? There are rooms. */
static inline bool conn_is_urgent(const struct tcp_conn *c)
{
    return c->syn_acked && seq_gt(c->work->urgent_end, c->snd.una);
}

#endif
