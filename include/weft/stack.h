/* SPDX-License-Identifier: MIT */
/*
 * The engine: one TCP/IP stack as a value. It makes no system call, reads no clock, starts no thread and keeps
 * nothing outside the weft_stack, so a process may hold any number of them and replay one exactly from a seed.
 *
 * The whole loop is five verbs, each moving batches (a driver's view):
 *
 *     weft_input(ifp, pkts, n, now);                     what the link received goes in
 *     weft_tick(stack, now);                             timers that are due fire
 *     while ((n = weft_events(stack, ev, 64)) > 0) ...   sockets that became ready; call sock.h
 *     while ((n = weft_output(ifp, pkts, 64, now)) > 0) ...  what the stack wants to send is pulled out
 *     sleep until weft_deadline(stack)
 *
 * Not thread safe: one mutex per stack, held across each call, is the owner's business (weft/host.h does that).
 */
#ifndef WEFT_STACK_H
#define WEFT_STACK_H

#include "weft/route.h"
#include "weft/tables.h"
#include "weft/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_stack weft_stack;
typedef struct weft_if weft_if;
typedef struct weft_pkt weft_pkt;
typedef struct weft_sock weft_sock;

/* ---- what a stack needs from outside ---- */

struct weft_trace;

/* Copied at weft_stack_new; ctx is handed back to each function and stays the caller's. */
struct weft_env {
    void *ctx;
    /* size bytes aligned to `align` (a power of two), or NULL. Required. */
    void *(*alloc)(void *ctx, size_t size, size_t align);
    /* Takes back what alloc gave; size as asked. Required. */
    void (*free)(void *ctx, void *p, size_t size);
    /* Fills buf with n bytes nobody can guess; true when it could. Called only by weft_stack_new. Required. */
    bool (*random)(void *ctx, void *buf, size_t n);
    /* Told of every packet, drop and change of state as it happens. May be NULL. Must not call the stack. */
    void (*trace)(void *ctx, const struct weft_trace *event);
    /* For tests: true makes the allocation now asked for fail. May be NULL. */
    bool (*refuse)(void *ctx);
};

/* How the options of a SYN are arranged: by this, and by the window scale, systems are told apart. */
enum weft_syn_layout {
    WEFT_SYN_LINUX, /* mss, sackOK, TS, nop, wscale */
    WEFT_SYN_BSD,   /* mss, nop, wscale, sackOK, TS */
};

/* All times in nanoseconds, all sizes in bytes. weft_config_default() fills in the "linux" look. */
struct weft_tcp_config {
    weft_time msl;             /* half the stay in TIME-WAIT. Default 30 s. DEVIATION from 2 min, as Linux does */
    weft_time rto_initial;     /* before the first RTT sample: 1 s (RFC 6298 §2.1) */
    weft_time rto_min;         /* 200 ms. DEVIATION from RFC 6298 §2.4's 1 s, as Linux does */
    bool rto_min_whole;        /* rto_min bounds the whole of RTO (RFC 6298 §2.4); else, as Linux has it, the part of it
                                  that stands for deviation: SRTT comes on top. false */
    weft_time rto_max;         /* 120 s */
    bool thin_linear_timeouts; /* six time-outs without back-off while fewer than four segments are in flight: off */
    weft_time delayed_ack;     /* 40 ms; must be below 500 ms */
    weft_time fin_wait_2;      /* how long an orphan may wait for the peer's FIN: 60 s */
    weft_time keepalive_idle;  /* 2 h */
    weft_time keepalive_interval; /* 75 s */
    unsigned keepalive_probes; /* 9 */
    unsigned syn_retries;      /* 6: gives up after 127 s */
    unsigned syn_linear_timeouts; /* 0: so many repeats come before the time between them doubles, besides
                                     syn_retries */
    weft_time connect_time;    /* a connect that is not answered by then is given up, however often the SYN went (the
                                  75 s of the BSDs); 0: its repeats alone decide. 0 */
    unsigned synack_retries;   /* 5 */
    bool synack_linear;        /* the time between them does not double. false */
    unsigned retries_1;        /* 3: then the path is suspected (R1) */
    unsigned retries_2;        /* 15: then the connection is given up (R2), 924.6 s */
    unsigned orphan_retries;   /* 8 */
    unsigned min_mss;          /* 216: what a smaller MSS of the peer's counts as. DEVIATION (CVE-2019-11479); Linux has
                                  48 */
    unsigned quick_acks;       /* segments acknowledged at once at the start of a connection: 16 */
    weft_time comp_sack_delay; /* how long acknowledgments of what is out of order gather from the 4th on: 1 ms; 0:
                                  not */
    unsigned comp_sack_nr;     /* and how many at most: 44; 0: not */
    size_t notsent_lowat;      /* a socket is not writable with so many bytes unsent (TCP_NOTSENT_LOWAT): no such
                                  limit */
    unsigned initial_window;   /* segments: 10 (RFC 6928) */
    unsigned tso_segments;     /* segments that a packet carries at least, where the link cuts packets: 2 */
    unsigned tso_rtt_log;      /* log2 of a round trip in us: nearer peers get all that the link takes at once: 9; 0:
                                  no */
    /* Buffers count what it costs to keep bytes, about twice the payload. They grow by themselves from the default to
     * the maximum; one that the user sets is fixed, and counts double (WEFT_SO_RCVBUF). As tcp_rmem and tcp_wmem. */
    size_t receive_buffer_min, receive_buffer, receive_buffer_max; /* 4,096; 131,072; 6 MiB: decides the window scale */
    size_t send_buffer_min, send_buffer, send_buffer_max; /* 4,096; 16,384; 4 MiB; each at least 2,304, at most 2^31 */
    size_t receive_buffer_limit, send_buffer_limit; /* the most a user may ask for, before doubling: 212,992 */
    bool moderate_receive_buffer; /* false: it does not grow. Default true */
    size_t max_half_open;      /* half-open connections of all listeners: 65,536 */
    unsigned max_syn_backlog;  /* without SYN cookies, half-open connections per listener; a quarter is reserved:
                                  4,096 */
    unsigned max_backlog;      /* connections that may wait for accept, whatever listen asks for (somaxconn): 4,096 */
    unsigned syncookies;       /* 0: never; 1: when a listener has more half-open connections than backlog; 2: always.
                                  1 */
    bool abort_on_overflow;    /* reset who completes a handshake and finds the accept queue full. Off: he tries
                                  again */
    weft_time invalid_ratelimit; /* between two answers of a connection to old or misplaced segments: 500 ms, up to 10
                                    s */
    unsigned invalid_burst;    /* so many of them may follow each other at once, where none was needed for long: 1, up
                                  to 16 */
    unsigned fastopen;         /* TCP Fast Open, bits as Linux has them: 1 client, 2 server, 4 client without cookie,
                                  0x200 server without cookie, 0x400 every listener. 1 */
    size_t max_orphans;        /* connections without a user; one more is reset at once: 65,536 */
    unsigned tw_reuse;         /* connect may take a pair out of TIME-WAIT, by timestamps, after a second: 0: no; 1:
                                  yes; 2: over loopback only. 2 */
    size_t max_time_wait;      /* per stack: 262,144 */
    size_t max_out_of_order;   /* ranges kept out of order per connection: 128 */
    enum weft_syn_layout syn_layout;
    bool nagle_all;            /* a segment shorter than full waits for all that is under way, unless nothing was when
                                  its write began (RFC 9293 §3.7.4 as BSD reads it); else, as on Linux, for a short one
                                  alone (Minshall's variant). Where TCP_NODELAY is off. false */
    bool push_last;            /* PSH stands on what empties the send queue, as in BSD; else, as on Linux, at the end of
                                  each write as well, and twice in a window. false */
    bool plain_window;         /* half of the receive buffer less what it holds is what is offered, and after reading a
                                  quarter more is worth telling, as in BSD; else what Linux offers: little at first, and
                                  by true sizes. false */
    bool ack_second;           /* of two segments the second is acknowledged at once, however short, as in BSD; else
                                  two full ones (RFC 9293 §3.8.6.3). Where quick_acks is 0. false */
    bool reset_unread;         /* a close that leaves text unread resets (RFC 9293 §3.10.4, RFC 2525 §2.17). true */
    bool bsd_errors;           /* calls fail as in BSD: a write after a reset gives EPIPE and leaves its reason to the
                                  next read, one without a connection ENOTCONN; who listens cannot connect
                                  (EOPNOTSUPP), nor who had a connection (ECONNREFUSED). false */
    bool whole_first_window;   /* the window of our SYN is whole segments, as Linux has it; else all there is. true */
    char congestion_control[16]; /* "cubic" (RFC 9438, with RFC 9406) or "reno" (RFC 5681) */
    unsigned recovery;         /* Linux's tcp_recovery: 1 RACK (RFC 8985); 2 its window stays; 4 it ignores the count.
                                  1 */
    unsigned reordering;       /* segments overtaken before duplicates mean a loss: 3 (RFC 5681) ... */
    unsigned max_reordering;   /* ... and how far that may grow: 300 */
    unsigned mtu_probing;      /* RFC 4821, as Linux's tcp_mtu_probing: 0 never, 1 once nothing gets through, 2 always.
                                  0 */
    unsigned base_mss;         /* what then passes, it is believed: 1,024 */
    unsigned mtu_probe_floor;  /* and at the least: 48 */
    unsigned probe_threshold;  /* what is not worth a probe: 8 */
    weft_time probe_interval;  /* until larger segments are tried again: 600 s */
    unsigned ecn;              /* RFC 3168, as Linux's tcp_ecn: 0 never, 1 asks for it, 2 does as asked. 2 */
    bool ecn_fallback;         /* a SYN that asks for it and gets no answer goes again without (RFC 3168 §6.1.1.1) */
    unsigned pacing_ss_ratio, pacing_ca_ratio; /* per cent of cwnd in a round trip, in slow start and later: 200, 120 */
    bool tail_loss_probe;      /* RFC 8985 §7 */
    bool frto;                 /* RFC 5682 */
    bool dsack;                /* report duplicates (RFC 2883) */
    bool slow_start_after_idle; /* RFC 5681 §4.1, RFC 7661 */
    bool timestamps, sack, window_scaling;
    bool require_timestamps;   /* once agreed, drop what has none (RFC 7323 §3.2, a SHOULD). Off: Linux takes it */
    bool unreachable_ends_connect; /* what a router says of a SYN, or of our answer to one, ends it at once: true.
                                  DEVIATION from MUST-56 in the states before ESTABLISHED, as Linux has it (RFC 5461
                                  §4) */
    bool syn_ack_text;         /* take the text of a SYN,ACK (RFC 9293 §3.10.7.3). Off: Linux waits until it comes
                                  again */
    bool smaller_window;       /* take a smaller window from a segment whose numbers are no newer (RFC 9293 §3.10.7.4).
                                  Off: Linux takes only one as large, or none at all */
    bool drop_signed;          /* drop segments signed by RFC 2385: nobody has given a key. Else unknown options
                                  (MUST-6) are nothing special. true, as on Linux */
    bool statistics;           /* count for TCP_INFO what each connection does, once it moves data. Default true */
    bool park;                 /* give back the working memory of idle connections; off only for tests */
    bool shortcuts;            /* what is expected is not asked about; off only for tests: all else stays the same */
    bool rfc1337;              /* ignore resets in TIME-WAIT */
};

struct weft_config {
    size_t memory_limit;       /* for everything; 0: none. When three quarters are taken no more is kept for
                                  strangers, nor what can wait: text out of order, and more to read or to send than
                                  receive_buffer_min and send_buffer_min; and connections without a user whose peer
                                  takes nothing end. New connections and sockets get none beyond seven eighths. Some
                                  MiB at least: blocks come in pieces of up to 512 KiB */
    uint16_t port_min, port_max; /* ephemeral ports, inclusive: 32768 to 60999 */
    weft_time reassembly_time; /* 60 s (RFC 1122 §3.3.2) */
    size_t reassembly_memory;  /* 4 MiB for all incomplete datagrams together */
    weft_time path_mtu_age;    /* how long what a router said of a path is believed: 600 s (RFC 1191 §6.3) */
    weft_time ip_ident_life;   /* of IPv4: so long no identification comes again, or sending fails (RFC 6864 §4.3 has
                                * 120 s). 0: they come again after 65,536 */
    unsigned ip_default_ttl;   /* of IPv4, unless a socket says otherwise (RFC 1122 §3.2.1.7): 64; 1 to 255 */
    unsigned ip6_hop_limit;    /* the same of IPv6, where no router of the link says otherwise: 64; 1 to 255 */
    unsigned min_path_mtu;     /* below that we let routers fragment instead (IPv4): 552 bytes */
    weft_time arp_reachable;   /* how long an address resolution is trusted: 60 s */
    bool arp_defend;           /* say so to all when another station uses an address of ours (RFC 5227 §2.4). true */
    bool arp_probe;            /* ask whether another station has an address of IPv4 before it is used (RFC 5227 §2.1),
                                  which takes four to seven seconds. DEVIATION from its MUST: false, as Linux has it */
    bool proxy_arp;            /* a router answers for those behind it (RFC 1027). false */
    size_t max_neighbours;     /* 1,024 */
    unsigned icmp_errors_per_second; /* to all destinations together: 1,000. Redirects have the same rate to themselves,
                                        and so has what tells the size of a path. 0: none go out */
    unsigned icmp_errors_burst; /* so many at once: 50; at most INT_MAX. Beyond them 128 more, ever less likely, so that
                                   nobody learns from his own what others have got (DEVIATION: Linux's edge is sharper,
                                   0 to 2 for an error). 0: none go out */
    weft_time icmp_error_interval; /* of IPv4, between two to one destination, beyond a burst of 6: 1 s; at most 60. 0:
                                      no limit of its own. What tells the size of a path, and what stays in the host,
                                      goes without; between redirects it is always 1 s */
    weft_time icmp6_error_interval; /* the same of IPv6, for a route to one host; by a route to a network it is halved
                                       for each 32 bits that its prefix is shorter: 250 ms for one of 64 bits. 1 s */
    unsigned icmp_limited_types; /* of IPv4: what these limits are for, bit n for type n: errors (3, 11, 12) and answers
                                    (0 to echo, 14, 18); 6,168, which is 3, 4, 11 and 12. Redirects and what tells the
                                    size of a path keep to their own */
    bool icmp_echo_ignore, icmp6_echo_ignore; /* echo requests, of IPv4 and of IPv6, are not answered. false */
    bool icmp6_echo_ignore_groups; /* not those to a group of IPv6; to one of IPv4 nobody answers. false */
    bool ip_forward, ip6_forward; /* datagrams for others go on: we are a router (RFC 1812). false */
    bool accept_redirects;     /* a host believes a router that knows a better first hop (RFC 1122 §3.2.2.2). true */
    bool ip6_accept_redirects; /* the same of IPv6 (RFC 4861 §8). true */
    bool secure_redirects;     /* of IPv4 only among gateways that it has already. true */
    bool router_discovery;     /* a host asks for routers of IPv4, and believes them (RFC 1256). DEVIATION from its
                                  §5.1: false, for whoever is on the link could become the gateway */
    bool router_advertise;     /* a router of IPv4 says that it is one, on interfaces that get an address from now on
                                  (RFC 1256 §4). false */
    bool accept_source_route;  /* datagrams whose sender chose the way (RFC 7126 §4.3). false */
    bool icmp_timestamp_reply, icmp_mask_reply; /* these requests are answered (RFC 1122 §3.2.2.8, §3.2.2.9). false */
    bool send_redirects;       /* a router tells of better first hops (RFC 1812 §5.2.7.2). true */
    unsigned igmp_max_memberships; /* groups of IPv4 that a socket may join: 20 */
    unsigned igmp_max_msf, mld_max_msf; /* sources that it may name for one group: 10 of IPv4, 64 of IPv6 */
    unsigned igmp_robustness, mld_robustness; /* how often a change is reported, unless routers say otherwise: 2, up to
                                                 7 */
    unsigned rp_filter;        /* sources of what goes on: 1 from where we would send to them; 2 there is a route. 0 */
    /* What an interface of WEFT_IPV6_AUTO does with IPv6 by itself; as net.ipv6.conf.default has it. */
    bool ipv6_accept_ra;       /* listens to routers. true */
    bool ipv6_accept_dad;      /* tries its addresses before it uses them (RFC 4862 §5.4). true */
    bool ipv6_temporary;       /* makes temporary addresses besides (RFC 8981). false */
    unsigned ipv6_addr_gen_mode; /* 0: addresses out of the station address; 1: none, nothing by itself; 2: opaque ones
                                    (RFC 7217). 2 */
    struct weft_tcp_config tcp;
};

void weft_config_default(struct weft_config *config);

/*
 * Fills in a whole look: "linux" (the default), "rfc" (the letter of RFC 9293 and what it cites), "bsd" (as FreeBSD
 * does, and macOS in what a peer sees first). WEFT_EINVAL, and nothing changed, for another name.
 */
int weft_config_profile(struct weft_config *config, const char *name);

/*
 * Makes a stack whose clock stands at now. Copies env and config (NULL: the default). The loopback interface "lo"
 * with 127.0.0.1/8 and ::1/128 is there from the start.
 * Returns NULL and sets *err (may be NULL) to WEFT_ENOMEM, WEFT_EINVAL (a value out of range), or WEFT_EPROTO
 * (no randomness: a stack with guessable secrets is refused).
 */
weft_stack *weft_stack_new(const struct weft_env *env, const struct weft_config *config, weft_time now, int *err);

/* Destroys the stack with all its sockets and interfaces, silently. Packets pulled from it must be released before. */
void weft_stack_free(weft_stack *stack);

/* ---- the five verbs ---- */

/*
 * Takes n packets that the link received. The packets belong to the stack from here on, whatever happens to them;
 * a packet that goes no further is counted under its WEFT_DROP name. n is at most 4,096 per call.
 */
void weft_input(weft_if *ifp, weft_pkt *const *pkts, size_t n, weft_time now);

/*
 * Pulls up to max packets that should go out on the link; the caller owns them and must weft_pkt_release each.
 * Returns how many; 0 means there is nothing to send now.
 */
size_t weft_output(weft_if *ifp, weft_pkt **out, size_t max, weft_time now);

/* Is there anything to pull? May say yes for nothing, never no for something. */
bool weft_output_wanted(const weft_if *ifp);

/* When weft_tick is next worth calling: a lower bound. WEFT_NEVER when no timer runs. */
weft_time weft_deadline(const weft_stack *stack);

/* Fires the timers that are due and carries what the loopback interface holds. An early call is harmless. */
void weft_tick(weft_stack *stack, weft_time now);

/* Tells the stack the time before socket calls, without firing timers: one clock read serves a batch of calls. */
void weft_clock(weft_stack *stack, weft_time now);

/* Readiness, as level bits. */
enum weft_ready {
    WEFT_READABLE = 0x01, /* recv or accept gives something, or the end */
    WEFT_WRITABLE = 0x02, /* send takes something; after connect: established */
    WEFT_URGENT = 0x04,   /* urgent data */
    WEFT_ERROR = 0x08,    /* an error waits in weft_error */
    WEFT_HANGUP = 0x10,   /* both directions are over */
    WEFT_PEER_CLOSED = 0x20, /* the peer sends no more */
};

struct weft_event {
    weft_sock *sock;
    void *cookie;   /* what weft_set_cookie gave */
    unsigned ready; /* what became true since the last event for this socket; ask weft_ready for the level */
};

/*
 * Collects sockets whose readiness grew, each at most once. Returns how many were written. A socket that is closed is
 * forgotten here too, but not in a batch already handed out: whoever closes other sockets than the one at hand must
 * take one event a call, or know by the cookie which are gone.
 */
size_t weft_events(weft_stack *stack, struct weft_event *out, size_t max);

/* ---- interfaces ---- */

enum weft_link { WEFT_LINK_ETHERNET, WEFT_LINK_IP, WEFT_LINK_LOOPBACK };

/* What the link does for us. */
enum weft_offload {
    WEFT_OFFLOAD_CSUM = 0x1, /* completes transport checksums on sending */
    WEFT_OFFLOAD_TSO = 0x2,  /* takes TCP super-segments of up to gso_max bytes; needs WEFT_OFFLOAD_CSUM */
    WEFT_OFFLOAD_USO = 0x4,  /* takes trains of UDP datagrams in one, likewise */
};

struct weft_if_config {
    const char *name;    /* up to 15 characters, unique in the stack */
    enum weft_link link;
    uint8_t mac[6];      /* for WEFT_LINK_ETHERNET */
    uint32_t mtu;        /* bytes of IP datagram, 68 to 65,535 */
    unsigned offload;    /* enum weft_offload */
    uint32_t gso_max;    /* bytes of IP datagram in a super-segment; 0: 65,535 */
    size_t queue_limit;  /* finished packets that may wait; 0: 1,024 */
    unsigned ipv6;       /* enum weft_if_ipv6; needs an MTU of 1,280 */
    uint16_t vlan;       /* of Ethernet: the VLAN whose frames, tagged (IEEE 802.1Q), are ours; 0: untagged ones */
    void *cookie;
};

/* What IPv6 does on an interface by itself. 0: nothing; it has the addresses that it is given. */
enum weft_if_ipv6 {
    WEFT_IPV6_LINK_LOCAL = 0x1, /* makes itself a link-local address (RFC 4862 §5.3) */
    WEFT_IPV6_ROUTERS = 0x2,    /* listens to routers: routes, prefixes, addresses (RFC 4861 §6.3). With LINK_LOCAL */
    WEFT_IPV6_TEMPORARY = 0x4,  /* makes temporary addresses besides (RFC 8981) */
    WEFT_IPV6_EUI64 = 0x8,      /* makes addresses from the station address, not opaque ones (RFC 7217) */
    WEFT_IPV6_NO_DAD = 0x10,    /* uses addresses without asking whether somebody has them */
    WEFT_IPV6_AUTO = 0x20,      /* instead of all these: as the stack's configuration says */
};

/* Adds an interface, up. Returns NULL and sets *err: WEFT_EINVAL, WEFT_EEXIST, WEFT_ENOMEM. */
weft_if *weft_if_new(weft_stack *stack, const struct weft_if_config *config, int *err);

/* Removes it with its addresses, routes, neighbours and queued packets. Connections through it see WEFT_ENETDOWN. */
void weft_if_free(weft_if *ifp);

/*
 * Gives the interface an address, and the route to its network. prefix counts bits of the address itself (0 to 32, or
 * 128). On Ethernet one of IPv6 is tentative first: it can be used when nobody else turns out to have it (RFC 4862
 * §5.4), and so is one of IPv4 where the configuration has arp_probe.
 * Errors: WEFT_EINVAL (a group, loopback or any-address, a prefix out of range, IPv6 on a link below 1,280 bytes),
 * WEFT_EEXIST, WEFT_ENOMEM.
 */
int weft_if_add_address(weft_if *ifp, const struct weft_ip *ip, unsigned prefix);

/*
 * Asks who is on the link which address of IPv4 this station has (RARP, RFC 903), until somebody answers or the
 * interface goes down. The first answer that names an address the interface may have gives it; RARP tells no prefix, so
 * it is the one given here, or with 0 that of the address's class (RFC 791 §3.2). weft_if_info tells whether it is
 * still asking. WEFT_EOPNOTSUPP (no Ethernet), WEFT_ENETDOWN, WEFT_EALREADY (it is asking), WEFT_EINVAL (prefix),
 * WEFT_ENOMEM.
 */
int weft_if_rarp(weft_if *ifp, unsigned prefix);

/* Takes it back, and the route to its network with its last address. WEFT_ENOENT: it has no such address. */
int weft_if_del_address(weft_if *ifp, const struct weft_ip *ip);

/*
 * Of an address of IPv4 that the interface has. On Ethernet the broadcast address is the network's all-ones at first;
 * it may be any other besides (RFC 1122 §3.3.6 speaks of those), or with the any-address none. A peer is the other end
 * of a link between two: the network on the link is then the peer's, of the same prefix; with the any-address it is the
 * own one again. WEFT_ENOENT: there is no such address; WEFT_EINVAL: the second cannot be that; WEFT_ENOMEM.
 */
int weft_if_set_broadcast(weft_if *ifp, const struct weft_ip *ip, const struct weft_ip *broadcast);
int weft_if_set_peer(weft_if *ifp, const struct weft_ip *ip, const struct weft_ip *peer);

/*
 * Puts it down or up again. Down: nothing comes in or goes out; its routes, neighbours and the addresses it made by
 * itself go, and connections through it see WEFT_ENETDOWN unless another route is there. Up: the addresses that it was
 * given are announced or tried as if new, the routes to their networks are back; other routes are their owners'
 * business.
 */
void weft_if_set_up(weft_if *ifp, bool up);

/* WEFT_EINVAL: less than 68, than 1,280 where IPv6 is, or more than the link carries (what it was made with). */
int weft_if_set_mtu(weft_if *ifp, uint32_t mtu);

weft_stack *weft_if_stack(const weft_if *ifp);
const char *weft_if_name(const weft_if *ifp);
void *weft_if_cookie(const weft_if *ifp);
weft_if *weft_if_find(weft_stack *stack, const char *name);

/* The interface's number in the stack, from 1: the zone of its link-local addresses. NULL: there is none with it. */
unsigned weft_if_index(const weft_if *ifp);
weft_if *weft_if_by_index(weft_stack *stack, unsigned index);

struct weft_if_info {
    const char *name; /* valid while the interface lives */
    unsigned index;
    enum weft_link link;
    uint8_t mac[6];
    uint32_t mtu;
    bool up;
    bool asking;      /* for an address, by RARP: nobody has answered yet */
    unsigned offload;
    uint64_t rx_packets, rx_bytes, rx_drops, tx_packets, tx_bytes, tx_drops;
    size_t n_addresses;
    struct {
        struct weft_ip ip, broadcast, peer; /* the last two as they were set; any-address: none */
        unsigned prefix;
        const char *state; /* "preferred", "deprecated", "tentative", "duplicate" (RFC 4862 §2) */
        bool automatic, temporary; /* made from a router's prefix; with limited life on purpose (RFC 8981) */
        weft_time preferred_until, valid_until; /* WEFT_NEVER: always */
    } address[16];
};

/* Fills the i-th interface's facts, 0 first; false when there is no i-th. */
bool weft_if_info(weft_stack *stack, size_t i, struct weft_if_info *info);

/* A group that an interface listens to. Strings as above. */
struct weft_group_info {
    const char *if_name;
    struct weft_ip group;
    unsigned users;     /* sockets that have joined it, and the stack itself where it listens by itself */
    bool exclude;       /* hears all sources but n_sources of them; else only these */
    unsigned n_sources;
    const char *version; /* what routers there are told by: "IGMPv3", "MLDv1" ... */
};

/* Fills the facts of the i-th of all groups on all interfaces, 0 first; false when there is no i-th. */
bool weft_group_info(weft_stack *stack, size_t i, struct weft_group_info *info);

/* ---- neighbours; routes have a header of their own ---- */

struct weft_neighbour {
    struct weft_ip ip;
    uint8_t mac[6];
    const char *if_name;
    const char *state; /* "incomplete", "reachable", "stale", "delay", "probe", "failed"; "permanent": the user said
                          so */
    bool router;       /* IPv6: it says that it forwards */
    weft_time age;     /* since it was last confirmed */
    weft_time until;   /* when the state changes by itself; WEFT_NEVER: not */
};
bool weft_neighbour_info(weft_stack *stack, size_t i, struct weft_neighbour *out);
/*
 * Fixes the station address of a neighbour: nothing from the network changes it, and it does not age. WEFT_EOPNOTSUPP
 * (a link without station addresses), WEFT_EINVAL (no other single station's address, or a mac that none has),
 * WEFT_ENOMEM.
 */
int weft_neighbour_add(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6]);
/* The same for now: it ages, is asked for when it is used, and what the network says of it counts. */
int weft_neighbour_tell(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6]);
/* Forgets a neighbour, whatever is known of it: it is asked for anew. WEFT_ENOENT. */
int weft_neighbour_del(weft_if *ifp, const struct weft_ip *ip);

/* A server of names that a router told of (RFC 8106), for this interface, until then. */
struct weft_nameserver {
    struct weft_ip ip;
    const char *if_name;
    weft_time until;
};
/* The i-th; false when there is no i-th. */
bool weft_nameserver_info(weft_stack *stack, size_t i, struct weft_nameserver *out);

#define WEFT_DOMAIN_TEXT 256
/* A domain to search for short names in, as routers told of it. */
struct weft_search_domain {
    char name[WEFT_DOMAIN_TEXT];
    const char *if_name;
    weft_time until;
};
bool weft_search_domain_info(weft_stack *stack, size_t i, struct weft_search_domain *out);

/* ---- packets, for drivers ---- */

/*
 * A packet with room for n linear bytes, for a driver to fill. NULL when out of memory: the driver then counts a
 * WEFT_DROP_no_memory by weft_count_drop and carries on.
 */
weft_pkt *weft_pkt_new(weft_stack *stack, size_t n);

/* The linear bytes of a packet from weft_pkt_new; the driver writes them, then sets how many are valid. */
uint8_t *weft_pkt_data(weft_pkt *pkt);
void weft_pkt_set_len(weft_pkt *pkt, size_t n);

/* All bytes of a packet, linear and spans. */
size_t weft_pkt_len(const weft_pkt *pkt);

/* The packet as pieces to gather from; returns how many (never more than WEFT_PKT_PIECES). They live as long as it. */
#define WEFT_PKT_PIECES 16
size_t weft_pkt_pieces(const weft_pkt *pkt, struct weft_iov iov[WEFT_PKT_PIECES]);

/* Copies out up to n bytes from offset; returns how many. */
size_t weft_pkt_copy(const weft_pkt *pkt, size_t offset, void *buf, size_t n);

void weft_pkt_release(weft_pkt *pkt);

/* What the link must still do (output), or has done (input). */
struct weft_pkt_offload {
    bool csum_partial;    /* the transport checksum holds only the pseudo-header's sum */
    bool csum_valid;      /* input: the link, or a trusted peer, vouches for the transport checksum */
    uint16_t csum_start;  /* offset of the transport header from the first byte of the packet */
    uint16_t csum_offset; /* of the checksum field from csum_start */
    uint16_t gso_size;    /* payload bytes per segment of a TCP super-segment or a train of UDP; 0: an ordinary
                             packet */
    uint16_t header_len;  /* link, IP and transport header together */
};
void weft_pkt_get_offload(const weft_pkt *pkt, struct weft_pkt_offload *o);
void weft_pkt_set_offload(weft_pkt *pkt, const struct weft_pkt_offload *o);

/*
 * Hands a packet pulled from one stack to another one in the same thread: bytes are shared where that is possible,
 * not copied. The first stack must outlive what the second keeps (so destroy them together). NULL when out of memory.
 * Takes pkt either way.
 */
weft_pkt *weft_pkt_move(weft_pkt *pkt, weft_stack *to);

/* ---- what happened ---- */

enum weft_trace_kind {
    WEFT_TRACE_RX,      /* a packet came in; its drops and state changes follow, then WEFT_TRACE_RX_DONE */
    WEFT_TRACE_RX_DONE,
    WEFT_TRACE_TX,      /* a packet is pulled */
    WEFT_TRACE_DROP,    /* a packet goes no further */
    WEFT_TRACE_STATE,   /* a TCP connection changed state */
    WEFT_TRACE_WHY,     /* a TCP connection sent again, changed its window, stalled or ended: and why */
};

struct weft_trace {
    weft_time at;
    enum weft_trace_kind kind;
    const weft_if *ifp;   /* NULL where no interface is concerned */
    const weft_pkt *pkt;  /* RX, TX: the frame as on the wire. Borrowed for the call. Else NULL */
    enum weft_drop drop;  /* DROP */
    const weft_sock *sock; /* STATE, WHY; NULL for a compact record */
    struct weft_addr local, remote; /* STATE, WHY */
    enum weft_tcp_state from, to;   /* STATE */
    enum weft_why why;    /* WHY */
    uint32_t value;       /* WHY: in weft_why_unit */
};

uint64_t weft_drops(const weft_stack *stack, enum weft_drop drop);
uint64_t weft_counter(const weft_stack *stack, enum weft_counter counter);

/* For a driver that had to throw a packet away before it could hand it over. */
void weft_count_drop(weft_stack *stack, enum weft_drop drop);

/* Bytes now held from env.alloc, and the most ever. */
size_t weft_memory(const weft_stack *stack, size_t *peak);
/* The i-th owner of memory: its name and live bytes; false when there is no i-th. */
bool weft_memory_info(const weft_stack *stack, size_t i, const char **owner, size_t *live);
/*
 * The most bytes that the i-th owner may have: by limits of its own, or by what of config.memory_limit all may have
 * taken before it gets no more. 0: it has no limit but what connections and sockets may have each; or there is no i-th.
 */
size_t weft_memory_cap(const weft_stack *stack, size_t i);

#ifdef __cplusplus
}
#endif
#endif
