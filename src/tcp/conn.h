/* SPDX-License-Identifier: MIT */
/*
 * The connection: what all corridors see, and nobody else.
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

#include "core/ports.h"
#include "ip/ip.h"
#include "tcp/ackpolicy.h"
#include "tcp/alarm.h"
#include "tcp/cc.h"
#include "tcp/cookie.h"
#include "tcp/early.h"
#include "tcp/ecn.h"
#include "tcp/flow.h"
#include "tcp/halfopen.h"
#include "tcp/isn.h"
#include "tcp/listeners.h"
#include "tcp/merge.h"
#include "tcp/negotiate.h"
#include "tcp/pacer.h"
#include "tcp/pathsearch.h"
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
#include "tcp/savedsyn.h"
#include "tcp/seg.h"
#include "tcp/sendq.h"
#include "tcp/settings.h"
#include "tcp/sndbuf.h"
#include "tcp/sndmap.h"
#include "tcp/stats.h"
#include "tcp/tcp.h"
#include "tcp/timewait.h"
#include "tcp/usage.h"
#include "tcp/urgent.h"
#include "tcp/way.h"
#include "tcp/why.h"

#define OLD_WINDOW 65537 /* what a pair out of TIME-WAIT leaves between its old numbers and its new ones */
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

/* What may be sent now: one segment. */
enum tcp_plan_kind { PLAN_NOTHING, PLAN_SYN, PLAN_RETRANSMIT, PLAN_DATA, PLAN_PROBE, PLAN_ACK };
struct tcp_plan {  /* small enough to be returned in registers */
    uint8_t kind;  /* enum tcp_plan_kind */
    bool push;     /* PSH; known when it is emitted */
    bool fin;
    bool probe;    /* a tail loss probe: of new data, or of what is in flight */
    struct seq seq;
    uint32_t len;  /* payload */
    bool search;   /* a probe of the path: one segment, larger than the others */
    bool record;   /* of new data: it ends a record (MSG_EOR); known when it is emitted */
    uint16_t piece; /* bytes, 0 without payload: what a full segment of it carries; known when it is emitted */
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
    weft_time stuck_since;    /* when the oldest byte in flight became that; of a SYN the user time-out runs from here */
    weft_time told_at;        /* when a segment of any kind went out last */
    weft_time syn_sent_at;    /* WEFT_NEVER once it was repeated: no RTT sample then, but by an echo */
    uint32_t resent, duplicates; /* segments sent again, and reported as received twice */
    struct seq wl1;           /* SND.WL1: the segment that brought the window. SND.WL2 is SND.UNA (acknowledged.c) */
    struct seq small_end;     /* end of the last short segment (Minshall's variant of Nagle) */
    struct seq peer_fin;      /* where the peer's FIN stands, if it came out of order */
    uint32_t flow_label;      /* IPv6; 0: not worked out yet */
    uint32_t hash;            /* of its name, while it is in the table; 0: not known */
    uint8_t retries;          /* time-outs since the last progress */
    uint8_t probes;           /* window probes since the window closed */
    uint8_t lost_by;          /* enum weft_why: how the last loss was found */
    bool syn_due;             /* our SYN or SYN,ACK wants to go out */
    uint8_t probe_due;        /* so many window or keepalive probes want to go out: at most 2, the first of them urgent */
    bool override;            /* send what there is, silly or not (RFC 9293 §3.8.6.2.1) */
    uint8_t wait;             /* enum tcp_wait: what the retransmission timer is for */
    bool tail_due;            /* a tail loss probe wants to go out */
    bool tail_restart;        /* something went out or was acknowledged: the probe's time begins anew */
    bool early;               /* data may go with our SYN, or a cookie for that be asked for (RFC 7413) */
    bool syn_waits;           /* our SYN waits for the first write */
    uint16_t syn_data;        /* bytes that our first SYN carried */
    bool rested;              /* it is quiet, and what nobody will miss is forgotten */
    bool starved;             /* no memory for a packet: wait for the next event or timer */
    bool peer_fin_known;
    struct seq urgent_end;    /* SND.UP: behind the last urgent byte (MUST-62 sends it); at SND.UNA: nothing is urgent */
    bool more;                /* MSG_MORE: the user promised more */
    bool want_write;          /* somebody found no room, by writing or by asking: tell when there is some again */
    bool push_now;            /* short segments may go, whatever Nagle or CORK say, until the next write */
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
    uint16_t mss;             /* the payload of a full segment of ours, timestamps taken off: of the three below and TCP_MAXSEG */
    uint16_t peer_mss;        /* what the peer takes */
    uint16_t adv_mss;         /* what we announced to take */
    uint16_t rcv_mss;         /* the largest segment the peer has sent: what "a full segment" means for ACKs */
    struct cc cc;
    struct rtt rtt;
    struct rcvspace rcvspace;
    weft_time heard, spoke;   /* last segment received, last data sent */
    uint32_t send_buffer;     /* bytes */
    uint32_t ts_recent_at;    /* when ts_recent was taken: time_coarse (24 days make it void) */
    uint32_t challenged;      /* ms: last answer to a segment out of the window, one in 500 ms; 0: none yet */
    union tcp_key key;        /* last: only as long as its family needs */
};

/* A binding of an address and port, by bind or listen. */
struct tcp_binding {
    struct hash_node hash;
    struct tcp_conn *conn;
    struct weft_addr addr; /* any-address: all of them */
    uint32_t joined;       /* a listener: when it became one, among those who share its port */
};

enum tcp_tag { TCP_TAG_CONN, TCP_TAG_HALF_OPEN, TCP_TAG_TIME_WAIT };

/* TCP of one stack. */
struct tcp {
    weft_stack *stack;
    struct slab conn4, conn6, work, alarms, stats;
    unsigned timer_kind;      /* of every timer here */
    struct hashtab table;     /* connections, half-open and TIME-WAIT records, by flow */
    struct hashtab bindings;  /* by port */
    uint32_t joined;          /* of the latest listener */
    struct list loose;        /* connections that are not in `table` */
    struct halfopen_table half_open;
    struct saved_syns saved_syns; /* of half-open records with saved_syn */
    struct timewait_table time_wait;
    struct tcp_conn *recent;  /* in the table, and the last segment was for it; NULL: none */
    struct merge merge;       /* what the batch that is coming in may still add to */
    struct listeners listeners;
    struct list reports;      /* what ended connects; see reports.h */
    size_t n_reports;
    size_t orphans;           /* connections without a user */
    struct {
        struct sip_key key;
        struct fastopen_memory memory;
        uint32_t pending;     /* connections with fast_open */
        uint32_t resets;      /* of such, lately */
        weft_time resets_until; /* they count */
    } early;                  /* data in SYNs */
    struct sip_key table_key, offsets_key, cookie_key;
    struct port_table ports;  /* in use by what is in `table`, half-open records aside */
};

static inline struct tcp *tcp_of(const weft_stack *s) { return stack_transport(s, IP_PROTO_TCP); }
static inline const struct weft_tcp_config *tcp_config(const weft_stack *s) { return &s->config.tcp; }

/* Its SYN is dealt with: the rest goes on as any segment would, but its window has no scale (RFC 7323 §2.2). */
static inline void seg_take_syn_off(const struct tcp_conn *c, struct tcp_seg *seg)
{
    seg->h.flags &= (uint16_t)~(TCP_SYN | TCP_ECE | TCP_CWR); /* on a SYN they mean something else */
    seg->h.seq = c->rcv.nxt;
    seg->unscaled = true;
}

/* What became of a segment after a step. */
enum tcp_step {
    TCP_CONTINUE, /* on to the next step */
    TCP_DONE,     /* used up */
    TCP_DROPPED,  /* goes no further: seg->why */
    TCP_GONE,     /* used up, and the connection may be freed */
};

static inline enum tcp_step seg_drop(struct tcp_seg *seg, enum weft_drop why)
{
    seg->why = why;
    return TCP_DROPPED;
}

/* ---- conn.c ---- */

static inline struct tcp_conn *conn_of(const weft_sock *e)
{
    return container_of((weft_sock *)e, struct tcp_conn, ep);
}
static inline struct tcp *conn_tcp(const struct tcp_conn *c) { return tcp_of(c->ep.stack); }
/* The stack's, where the user has not set his own. */
static inline struct rtt_limits conn_rtt_limits(const struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    const struct tcp_settings *s = c->settings;

    return (struct rtt_limits){.initial = k->rto_initial,
                               .min = s->rto_min ? s->rto_min * WEFT_US : k->rto_min,
                               .max = s->rto_max ? s->rto_max * WEFT_MS : k->rto_max,
                               .whole = k->rto_min_whole};
}
static inline weft_time conn_now(const struct tcp_conn *c) { return c->ep.stack->now; }
/* The secret offsets of a flow. */
static inline struct flow_offsets tcp_offsets(const struct tcp *t, const struct tcp_flow *flow)
{
    return flow_offsets(t->offsets_key, &flow->local, &flow->remote);
}
static inline struct tcp_flow conn_flow(const struct tcp_conn *c) { return key_unpack(&c->key, c->v6); }

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

/* Borrows the rooms; NULL: out of memory. Not in LISTEN. */
struct tcp_work *conn_borrow_work(struct tcp_conn *c);
static inline struct tcp_work *conn_work(struct tcp_conn *c)
{
    weft_assert(c->state != WEFT_TCP_LISTEN, "a listener moves no bytes");
    return likely(c->work != NULL) ? c->work : conn_borrow_work(c);
}
/* The same for a new connection: nothing of an earlier one is left in them, what it left unread neither. */
struct tcp_work *conn_fresh_work(struct tcp_conn *c);

/* It is taken out of its listener's accept queue. */
static inline void conn_leave_queue(struct tcp_conn *c)
{
    c->queued = false;
    c->alarm = NULL;
}

static inline bool conn_has_alarm(const struct tcp_conn *c) { return c->in_table && !c->queued && c->alarm; }

/*
 * When keepalive has something to ask, or an orphan's patience in FIN-WAIT-2 ends; WEFT_NEVER: neither. Nothing else
 * wakes a parked connection. Not in LISTEN.
 */
static inline weft_time conn_quiet_until(const struct tcp_conn *c)
{
    if (c->work)
        return c->work->deadline[TCP_TIMER_QUIET];
    return conn_has_alarm(c) ? c->alarm->timer.deadline : WEFT_NEVER;
}
/* Of a connection that is parked, false: out of memory. WEFT_NEVER can always be set, and whenever there are rooms. */
bool conn_set_quiet(struct tcp_conn *c, weft_time at);

/* After an event: timers, a turn on the link if there is something to send, and parking. */
void conn_settle_now(struct tcp_conn *c);
/* The same, before anybody can see a difference (core/stack.h, stack_unsettle). */
static inline void conn_settle(struct tcp_conn *c)
{
    struct tcp_work *w = c->state == WEFT_TCP_LISTEN ? NULL : c->work;

    if (unlikely(!w || w->probes)) { /* what probes a window counts is told by settling, step by step */
        conn_settle_now(c);
        return;
    }
    w->planned = false;
    stack_unsettle(c->ep.stack, &c->ep);
}
/* The same when what may be sent is known already. There are rooms. */
void conn_settle_plan(struct tcp_conn *c, const struct tcp_plan *plan);
/* As much of that as must come before a turn that is taken at once, when the plan is that something goes. */
void conn_settle_before(struct tcp_conn *c, const struct tcp_plan *plan);
/*
 * The connection has been quiet long enough: it forgets what nobody will miss, so that it does not show whether its rooms
 * are given back, and gives them back.
 */
void conn_rest(struct tcp_conn *c);
/* Could the rooms be given back? */
bool conn_is_quiet(const struct tcp_conn *c);

/*
 * The connection is over: CLOSED, silently. err: what the user is told (0: an orderly end). An orphan is freed.
 */
void conn_finish(struct tcp_conn *c, int err);

/* Goes to TIME-WAIT: a record takes over, acknowledging at once if that is owed. An orphan is freed. */
void conn_linger(struct tcp_conn *c);

/*
 * FIN-WAIT-2 begins for an orphan, or its user leaves then. A record takes over, if nothing but the peer's FIN is still
 * waited for; more: the segment at hand has text or FIN of its own.
 */
enum tcp_step conn_wait_for_fin(struct tcp_conn *c, bool more);

/* It has no user any more. */
static inline void conn_orphan(struct tcp_conn *c)
{
    conn_tcp(c)->orphans += !c->orphan;
    c->orphan = true;
}

/* The user is gone and the connection over: frees it. */
void conn_free(struct tcp_conn *c);

/* Pacing begins, or goes on after a rest: nothing waits, and what was sent before counts. There are rooms. */
void conn_start_pacer(struct tcp_conn *c);

/* Asserts the invariants. */
void conn_check(const struct tcp_conn *c);

/* Works out `mss` anew: after the SYNs, a change of path, TCP_MAXSEG, or an ICMP message about the path. */
void conn_update_mss(struct tcp_conn *c);
/* The most that peer and path allow, options counted. */
uint32_t conn_most_mss(const struct tcp_conn *c);

/* What the SYN or SYN,ACK of this connection, or for this listener, promises; ts: with timestamps on every segment. */
uint32_t conn_first_window(const struct tcp_conn *c, uint32_t mss, bool ts);

/* Asks for the route again when the table has changed; 0, or the error when there is none now. */
int conn_refresh_path(struct tcp_conn *c);

/* What one datagram to the peer may carry, as far as we know; 0 when there is no route to it. */
uint32_t conn_path_mtu(const struct tcp_conn *c);

/* As route_lookup, by the interface that the socket keeps to (WEFT_SO_BINDTOIFINDEX); gone, it is WEFT_ENETUNREACH. */
int conn_route(const struct tcp_conn *c, const struct weft_ip *dst, struct ip_path *path);

/* Does it keep to another interface than the one where something for our address came in? See demux.c. */
bool conn_is_elsewhere(const struct tcp_conn *c, const weft_if *by, const struct weft_ip *ours);

/* What we announce and can receive on this path. */
uint16_t conn_receive_mss(const struct ip_path *path, bool v6);

/* Until when a connection without a user waits for the peer's FIN, from now on. */
static inline weft_time conn_orphan_deadline(const struct tcp_conn *c)
{
    int32_t own = c->settings->fin_wait_2;

    if (own < 0)
        return conn_now(c);
    return time_after(conn_now(c), own ? (weft_time)own * WEFT_S : tcp_config(c->ep.stack)->fin_wait_2);
}

/* What keepalive goes by: the user's, else the stack's. */
static inline struct keepalive conn_keepalive(const struct tcp_conn *c)
{
    const struct tcp_settings *s = c->settings;
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);

    return (struct keepalive){
        .idle = s->keepalive_idle ? s->keepalive_idle * WEFT_S : k->keepalive_idle,
        .interval = s->keepalive_interval ? s->keepalive_interval * WEFT_S : k->keepalive_interval,
        .probes = s->keepalive_probes ? s->keepalive_probes : k->keepalive_probes,
    };
}

/* Its retransmission time-out now. */
weft_time conn_rto(const struct tcp_conn *c);
/*
 * How long what is in flight has been sent again in vain (timeouts.c): since the first retransmission of this episode, to
 * the millisecond, or since it went out. The user time-out runs from there, as on Linux.
 */
weft_time conn_retried_for(const struct tcp_conn *c);

/* What a segment of the peer's may carry besides its options. */
static inline uint32_t conn_announced_mss(const struct tcp_conn *c) { return c->adv_mss - (c->ts_ok ? TS_OPTION : 0u); }

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
    return c->work ? rcvcost_of(&c->work->rcvcost, conn_held(c)) : 0;
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

/* With so many bytes unsent there is no room for more. */
uint32_t conn_notsent_lowat(const struct tcp_conn *c);
/* Is there room for the user to write? telling: to wake him for it. */
bool conn_has_room(const struct tcp_conn *c, bool telling);
/* The same to wake him, at a glance: little is queued. False: ask for the sums. There are rooms. */
static inline bool conn_has_much_room(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;
    uint32_t bytes = w->sendq.bytes;

    return bytes <= c->mss && bytes + SNDBUF_PACKET * (w->sndmap.count + 1) <= c->send_buffer / 2 &&
           c->settings->notsent_lowat == 0 && 2 * bytes < tcp_config(c->ep.stack)->notsent_lowat;
}
/* What is in the send buffer, and what bounds it; there are rooms. chunk: bytes of a full one (push.h). */
struct sndbuf conn_send_buffer(const struct tcp_conn *c, uint32_t chunk);
/* The send buffer grows with the congestion window, unless the user has fixed it. */
void conn_grow_send_buffer(struct tcp_conn *c);

/* ---- window.c: the congestion window, but for what acknowledgments do to it ---- */

/* The handshake is over. lost_twice: more than one SYN was lost. */
void window_start(struct tcp_conn *c, bool lost_twice);
/* Data is about to go out: a connection that was idle does not burst (RFC 5681 §4.1). */
void window_after_idle(struct tcp_conn *c);
/* Bytes per second to send at; UINT64_MAX: unlimited. */
uint64_t window_rate(const struct tcp_conn *c);
/* Is what is sent spread over time at that rate? */
static inline bool window_paces(const struct tcp_conn *c) { return c->settings->paces || conn_cc(c)->paces; }
/* Something could be sent, and was: how much of the window is used? Something is in flight. */
void window_used(struct tcp_conn *c);

/* ---- pathmtu.c: the path is searched for larger segments (RFC 4821). There are rooms. ---- */

/* The handshake says what the peer takes: the search begins, where it always does. */
void conn_search_path(struct tcp_conn *c);
/* Time-outs in a row: perhaps the path swallows large segments without a word. */
void conn_suspect_path(struct tcp_conn *c);
/* How much text a probe should carry now; 0: none is due, or it would tell nothing. */
uint32_t conn_probe_len(struct tcp_conn *c, uint32_t unsent, uint32_t room);
void conn_probe_sent(struct tcp_conn *c, const struct tcp_plan *plan);
/* SND.UNA has moved: larger segments from now on, if it passed the probe. */
void conn_probe_acknowledged(struct tcp_conn *c);
/* Something is lost. True: nothing but the probe, and the caller repairs that without a word about congestion. */
bool conn_probe_lost(struct tcp_conn *c);

/* ---- way.c: options of IPv4 ---- */

/* IP_OPTIONS: WEFT_EINVAL, WEFT_ENOMEM. */
int conn_set_options(struct tcp_conn *c, const void *value, size_t n);
/* What stands before its segments is another now: their way and their size may be, too. */
void conn_headers_changed(struct tcp_conn *c);
/* A segment came by a source route, and this is the way back (MUST-53, SHLD-24). */
void conn_take_way(struct tcp_conn *c, const struct tcp_way *w);
/* The same of a segment's packet, which seldom came by one. */
static inline void conn_follow(struct tcp_conn *c, const struct weft_pkt *pkt)
{
    if (unlikely(pkt->routed)) {
        struct tcp_way back = way_back_of(pkt);

        conn_take_way(c, &back);
    }
}

/* ---- account.c: what is kept for those who ask ---- */

/* Data is about to move: allocates the counters, if there are none yet. */
void account_open_now(struct tcp_conn *c);
static inline void account_open(struct tcp_conn *c)
{
    if (unlikely(!c->stats))
        account_open_now(c);
}
/* In SYN-SENT the peer's SYN came. Later nobody could tell that this handshake took more segments than others. */
void account_crossed(struct tcp_conn *c);
/* Its SYN,ACK was sent so many times more than once. */
void account_repeats(struct tcp_conn *c, unsigned repeats);
void account_close(struct tcp_conn *c);
/* The counters of a connection that has none. */
void account_handshake(const struct tcp_conn *c, struct tcp_stats *s);
/* A segment came for it, whatever becomes of it. */
void account_in(struct tcp_conn *c, const struct tcp_seg *seg);
/* This goes out. */
void account_out(struct tcp_conn *c, const struct tcp_plan *plan);
/* So much of our sequence space is newly acknowledged. There are counters. */
void account_progress(struct tcp_conn *c, uint32_t space);
/* The rooms are about to forget what they measured. There are counters. */
void account_rest(struct tcp_conn *c);
/* What the rooms have measured, or had when they were there; of a connection without counters nothing is kept. */
struct tcp_measured account_measured(const struct tcp_conn *c);
/* How much of what we sent was ever acknowledged, our SYN included; UINT64_MAX where nobody counts. */
uint64_t account_acknowledged(const struct tcp_conn *c);
/* What holds sending up now? There are counters. */
void account_held(struct tcp_conn *c, const struct tcp_plan *plan);

/* Keeps and tells it; conn_why asks first whether there is anybody to tell. */
void conn_why_tell(struct tcp_conn *c, enum weft_why why, uint32_t value);

/* Why the connection does what it does now: `value` in weft_why_unit. Cheap when nobody listens. */
static inline void conn_why(struct tcp_conn *c, enum weft_why why, uint32_t value)
{
    if (c->stats || unlikely(c->ep.stack->env.trace))
        conn_why_tell(c, why, value);
}

/* ---- acking.c: when to acknowledge. There are rooms. ---- */

/* Text came, whatever order it is in. */
void conn_text_came(struct tcp_conn *c);
/* In order, or a FIN: to be acknowledged now or later. */
void conn_acknowledge(struct tcp_conn *c);
/* Something came behind the peer's FIN, whose acknowledgment may still wait for the user's own FIN: not any more. */
void conn_remind(struct tcp_conn *c);
/* The same for `segments` out of order. */
void conn_acknowledge_holes(struct tcp_conn *c, uint32_t segments);
/* The user has read: does the peer have to hear of it now? */
void conn_acknowledge_reading(struct tcp_conn *c);
/* Something is wrong (old text, congestion): the next acknowledgments go out at once. most: 0 for the usual number. */
void conn_hurry_acks(struct tcp_conn *c, unsigned most);
/* We sent text. */
void conn_answered(struct tcp_conn *c);
/* A segment went out with ACK; pure: with nothing else. */
void conn_acknowledged(struct tcp_conn *c, bool pure);
void conn_ack_timer(struct tcp_conn *c);

/* ---- state.c ---- */

/* The one place that writes the state; asserts the edge and tells the trace. */
void state_set(struct tcp_conn *c, enum weft_tcp_state to);
bool state_edge_allowed(enum weft_tcp_state from, enum weft_tcp_state to);
/* Has the handshake given both sides their sequence numbers (RFC 9293 §3.3.2)? */
static inline bool state_synchronized(enum weft_tcp_state s) { return s >= WEFT_TCP_ESTABLISHED; }
/* May the user still send? May the peer? */
static inline bool state_can_send(enum weft_tcp_state s)
{
    return s == WEFT_TCP_ESTABLISHED || s == WEFT_TCP_CLOSE_WAIT;
}
static inline bool state_can_receive(enum weft_tcp_state s)
{
    return s == WEFT_TCP_ESTABLISHED || s == WEFT_TCP_FIN_WAIT_1 || s == WEFT_TCP_FIN_WAIT_2;
}

/* ---- demux.c ---- */

struct tcp_found {
    bool any;
    enum tcp_tag tag;
    union {
        struct tcp_conn *conn;
        struct halfopen *half_open;
        struct timewait *time_wait;
    };
};
struct tcp_found demux_find(struct tcp *t, const struct tcp_flow *flow);
/* The same when its hash is wanted for more. */
struct tcp_found demux_find_hashed(struct tcp *t, const struct tcp_flow *flow, uint32_t hash);
/* The listener for a local address; hash: of the peer's flow. NULL: none. */
struct tcp_conn *demux_listener(struct tcp *t, const struct tcp_seg *seg);
/* It listens now. */
void demux_joins(struct tcp *t, const struct tcp_conn *c);
uint32_t demux_hash(const struct tcp *t, const struct tcp_flow *flow);
/* Of one that is in the table. */
uint32_t demux_hash_of_conn(const struct tcp *t, const struct tcp_conn *c);
uint32_t demux_hash_of(const void *ctx, const struct hash_node *node, unsigned tag);
uint32_t demux_binding_hash(const void *ctx, const struct hash_node *node, unsigned tag);
/* Puts a connection in under the hash of its name; false: out of memory. It leaves the loose list. There are rooms. */
bool demux_insert(struct tcp *t, struct tcp_conn *c, uint32_t hash);
/* It is in the table no more, for a record has its place. */
void demux_forget(struct tcp *t, struct tcp_conn *c);
/* Takes it out and puts it on the loose list. */
void demux_remove(struct tcp *t, struct tcp_conn *c);
/* Takes a TIME-WAIT record out. */
void demux_remove_record(struct tcp *t, struct timewait *w);
/* Its local port is in use; false: out of memory. For who puts it into the table by himself. */
bool demux_hold_port(struct tcp *t, struct tcp_conn *c);
void demux_release_port(struct tcp *t, struct tcp_conn *c);
/* Binds, with port 0 to the address alone; WEFT_EADDRINUSE, WEFT_ENOMEM. */
int demux_bind(struct tcp *t, struct tcp_conn *c, const struct weft_addr *addr);
void demux_unbind(struct tcp *t, struct tcp_conn *c);
struct tcp_binding *demux_binding(struct tcp *t, const struct tcp_conn *c);
/* Is there another listener that would take the same connections? */
bool demux_listen_conflict(struct tcp *t, const struct tcp_conn *c, const struct weft_addr *addr);
/* Has anybody bound a socket to a local address and port that c would take part of? */
bool demux_port_taken(struct tcp *t, const struct tcp_conn *c, const struct weft_addr *local);
/* Does any connection or TIME-WAIT record use this local port? */
bool demux_port_in_use(struct tcp *t, uint16_t port);

/* ---- segment.c: from a header's values to IP ---- */

static inline enum tcp_option_layout segment_layout(const weft_stack *s)
{
    return s->config.tcp.syn_layout == WEFT_SYN_BSD ? TCP_LAYOUT_BSD : TCP_LAYOUT_LINUX;
}
struct segment {
    struct tcp_flow flow;
    bool plain;            /* all is usual (struct ip_plain): the names are in `v4`, and in the ports of h; flow is nothing */
    struct {
        uint32_t local, remote;
    } v4;
    struct tcp_header h;   /* ports (but of a plain one), header_len and checksum are filled in */
    struct tcp_options o;
    uint8_t ttl, tos;      /* ttl 0: what is usual */
    uint16_t gso_size;
    bool fragment;         /* routers may cut it (IPv4) */
    uint32_t flow_label;   /* IPv6; 0: worked out */
    struct ip_path *path;  /* NULL: segment_reply looks it up */
    const struct tcp_way *way; /* options of IPv4; NULL: none */
    const struct tcp_extensions *extensions; /* headers of IPv6; NULL: none */
};
/*
 * A packet ready for the header of this segment, whose options stand and do not change any more: it is told how long the
 * header will be. syn: SYN will be among its flags. Payload may be attached behind it. NULL: out of memory.
 */
struct weft_pkt *segment_begin(weft_stack *s, struct segment *seg, bool syn);
/* Writes header and checksum and gives the packet to IP. */
void segment_finish(weft_stack *s, struct weft_pkt *pkt, struct segment *seg);
/* A segment without payload and without a connection. */
void segment_reply(weft_stack *s, const struct segment *seg);
/* The reset that answers a segment for which there is no connection (RFC 9293 §3.10.7.1). Never for a RST. */
void segment_refuse(weft_stack *s, const struct tcp_seg *in);

/* ---- the corridors ---- */

void tcp_input(weft_stack *s, struct weft_pkt *pkt);                             /* input.c */
struct foresight tcp_foresee(weft_stack *s, const uint8_t *datagram, size_t n);  /* foresee.c */
void tcp_fetch(weft_stack *s, const struct foresight *seen, unsigned step);
void tcp_flush(weft_stack *s); /* what was held back of the batch goes on */
void listen_arrives(struct tcp_conn *listener, struct tcp_seg *seg);             /* listen.c, RFC 9293 §3.10.7.2 */
/* Does somebody bring a cookie back? Then *h is the record that it stands for. */
bool listen_recall(const struct tcp_conn *listener, struct halfopen *h, const struct tcp_seg *seg);
void half_open_arrives(struct tcp *t, struct halfopen *h, struct tcp_seg *seg);  /* passive.c, §3.10.7.4 for SYN-RECEIVED */
void half_open_timer(struct tcp *t);
void half_open_send(struct tcp *t, const struct halfopen *h);                    /* the SYN,ACK; listen.c */
void half_open_release(struct tcp *t, struct halfopen *h);                       /* out of the table: frees it */
void half_open_forget(struct tcp *t, struct tcp_conn *listener);                 /* the listener goes */
void half_open_unreachable(struct tcp *t, struct halfopen *h);                   /* its SYN,ACK does not get there */
enum tcp_step synsent_arrives(struct tcp_conn *c, struct tcp_seg *seg);          /* synsent.c, §3.10.7.3 */
enum tcp_step arrives(struct tcp_conn *c, struct tcp_seg *seg);                  /* arrives.c, §3.10.7.4 */
enum tcp_step acknowledged(struct tcp_conn *c, struct tcp_seg *seg);             /* acknowledged.c: its fifth step */
enum tcp_step text_arrives(struct tcp_conn *c, struct tcp_seg *seg);             /* text.c: its seventh step */
struct ack_report;
void losses_on_ack(struct tcp_conn *c, struct ack_report *r);                    /* losses.c: what it says of losses */
void losses_on_timeout(struct tcp_conn *c);                                      /* the retransmission timer expired */
void losses_on_patience(struct tcp_conn *c);                                     /* the reordering timer did */
void losses_on_smaller_path(struct tcp_conn *c);                                 /* segments must be smaller (errors.c) */
void time_wait_arrives(struct tcp *t, struct timewait *w, struct tcp_seg *seg);  /* lingering.c */
void time_wait_timer(struct tcp *t);
void time_wait_moved(void *tcp, struct timewait *from, struct timewait *to);     /* timewait_table.moved */
void time_wait_end(struct tcp *t, struct timewait *w);                           /* before its turn */
void timeouts_fire(struct tcp_conn *c);                                          /* timeouts.c, §3.10.8 */
/* netstat's lines; false when visit asked to stop. */
bool tcp_list(weft_stack *s, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx); /* listing.c */
bool tcp_error(weft_stack *s, const struct ip_error *e);                         /* errors.c, §3.9.2.2 */
void conn_end_connect(struct tcp_conn *c, int err);                              /* SYN-SENT ends for this reason */

static inline struct tcp_conn *half_open_listener(const struct tcp *t, const struct halfopen *h)
{
    return listeners_get(&t->listeners, h->listener);
}

/* birth.c: the third segment makes a connection in the record's place, or of a cookie, and goes through its steps. */
/* The headers of a SYN, as its listener's user wants them (TCP_SAVE_SYN); NULL: out of memory. */
struct saved_syn *conn_save_syn(const struct tcp_conn *listener, const struct tcp_seg *seg);
void conn_born_of_record(struct tcp *t, struct halfopen *h, struct tcp_seg *seg);
void conn_born_of_cookie(struct tcp_conn *listener, const struct halfopen *h, struct tcp_seg *seg);
/* Of a SYN alone (RFC 7413). */
void conn_born_early(struct tcp_conn *listener, const struct halfopen *h, struct tcp_seg *seg);

/* Of SYNs that were repeated, the timestamp that came back says which one is answered, to the millisecond (RFC 6298 §3). */
void conn_time_syn_by_echo(struct tcp_conn *c, const struct tcp_seg *seg);
/* The connection's SYN was acknowledged: ESTABLISHED, and whoever waits for that is told. */
void conn_established(struct tcp_conn *c);
/* Takes over what the SYNs agreed. */
void conn_agree(struct tcp_conn *c, const struct tcp_agreed *agreed, uint32_t rcv_mss);
/* Our side of the negotiation, for a connection or on behalf of a listener. */
struct tcp_offer conn_offer(const struct tcp_conn *c, const struct ip_path *path, bool v6);
/* A window update out of a segment (RFC 9293 §3.10.7.4, fifth). */
void conn_take_window(struct tcp_conn *c, const struct tcp_seg *seg);
/* Answers a segment that is not acceptable; an empty one at most every 500 ms. */
void conn_answer(struct tcp_conn *c, const struct tcp_seg *seg);

/* Bytes that the user could read in one go: up to the urgent mark. */
size_t conn_unread(const struct tcp_conn *c);

/* Is there something to read, urgent, or its end? WEFT_READABLE, WEFT_URGENT and WEFT_PEER_CLOSED, or 0. */
unsigned conn_readable(const struct tcp_conn *c);

/* Is there urgent data that was not acknowledged? There are rooms. */
static inline bool conn_is_urgent(const struct tcp_conn *c)
{
    return c->syn_acked && seq_gt(c->work->urgent_end, c->snd.una);
}

/* These bytes arrived once more: the next segment reports them (RFC 2883). */
void conn_note_twice(struct tcp_conn *c, struct seq start, struct seq end);
/* Is there something that came twice and was not reported yet? */
static inline bool conn_reports_twice(const struct tcp_conn *c)
{
    return c->work && !seq_eq(c->work->twice.start, c->work->twice.end);
}

/* ---- plan.c and transmit.c ---- */

/* What may be sent now? Changes nothing. */
struct tcp_plan transmit_plan(struct tcp_conn *c);
/* What keeps the bytes that are unsent from going now, for the statistics; there are some. */
enum tcp_held transmit_held(struct tcp_conn *c);
/* How many bytes more than are queued may go out now, and how many of them in one packet. */
uint32_t transmit_quota(const struct tcp_conn *c, uint32_t *packet);
/* Builds and sends it; false: out of memory, nothing happened. */
bool transmit_emit(struct tcp_conn *c, const struct tcp_plan *plan);
/* Starts and stops the retransmission and persist timers after an event. */
void transmit_arm(struct tcp_conn *c, const struct tcp_plan *plan);
bool transmit_pull(struct sender *sender, unsigned budget);
/* The turn of one that is not settled; see struct sock_ops. */
bool transmit_pull_at_once(weft_sock *e, const weft_if *ifp, unsigned budget);
/*
 * The number of a segment without content: SND.NXT, or the edge of a window that was drawn back since, for what lies
 * beyond it the peer would throw away.
 */
struct seq transmit_seq(const struct tcp_conn *c);
/* Sends a reset for a synchronized connection (RFC 9293 §3.10.5), with window and options like any other segment of it. */
void transmit_reset(struct tcp_conn *c);
/* What the advertised window depends on. */
struct rcvwnd transmit_window_now(const struct tcp_conn *c);
/* The window field for our next segment, and the edge it stands for. */
uint16_t transmit_window(const struct tcp_conn *c, struct seq *edge);

extern const struct sock_ops tcp_sock_ops; /* calls.c; also open.c, close.c: §3.10.1-6 */

#endif
