/* SPDX-License-Identifier: MIT */
/* Tunables: one row each, and text in and out of the fields of struct weft_config that a row names. */
#include "base/fmt.h"
#include "tcp/tcp.h"
#include "weft/sysctl.h"

#define MAX_VALUES 3

/* How a number of the user's stands in its field: as what type, multiplied by what. */
struct kind {
    uint8_t size;
    weft_time scale;
    const char *unit;
    uint8_t from, shown; /* of a bool: the least number that means true, and the one that true is shown as */
};

enum { BOOL, BOOL_2, BOOL_3, UNSIGNED, PORT, SIZE, BYTES, SECONDS, MILLIS, MICROS, NANOS, CONTROLLER, CONTROLLERS };

static const struct kind kinds[] = {
    [BOOL] = {sizeof(bool), 1, "", 1, 1},
    [BOOL_2] = {sizeof(bool), 1, "", 1, 2},
    [BOOL_3] = {sizeof(bool), 1, "", 3, 3},
    [CONTROLLER] = {0, 1, "", 0, 0},  /* a word: one of the congestion controls */
    [CONTROLLERS] = {0, 1, "", 0, 0}, /* all of them, read only */
    [UNSIGNED] = {sizeof(unsigned), 1, "", 0, 0},
    [PORT] = {sizeof(uint16_t), 1, "", 0, 0},
    [SIZE] = {sizeof(size_t), 1, "", 0, 0},
    [BYTES] = {sizeof(size_t), 1, "bytes", 0, 0},
    [SECONDS] = {sizeof(weft_time), WEFT_S, "s", 0, 0},
    [MILLIS] = {sizeof(weft_time), WEFT_MS, "ms", 0, 0},
    [MICROS] = {sizeof(weft_time), WEFT_US, "us", 0, 0},
    [NANOS] = {sizeof(weft_time), 1, "ns", 0, 0},
};

struct row {
    const char *name;
    uint8_t kind, values, scope; /* values 0: not there */
    uint16_t field[MAX_VALUES];  /* in struct weft_config */
    uint64_t min, max;
    const char *source, *text;
};

#define AT(member)             offsetof(struct weft_config, member)
#define TCP(member)            {AT(tcp.member)}
#define GONE(which, why)       {.name = which, .text = why}
#define NOW                    WEFT_SYSCTL_AT_ONCE
#define SOCKETS                WEFT_SYSCTL_NEW_SOCKETS
#define CONNECTIONS            WEFT_SYSCTL_NEW_CONNECTIONS
#define INTERFACES             WEFT_SYSCTL_NEW_INTERFACES

/* In order of names: weft_sysctl_info shows them so, and a test holds them to it. */
static const struct row rows[] = {
    {"net.core.rmem_max", BYTES, 1, NOW, TCP(receive_buffer_limit), 2304, INT_MAX, "Linux",
     "the most that SO_RCVBUF may ask for"},
    {"net.core.somaxconn", UNSIGNED, 1, NOW, TCP(max_backlog), 1, 65535, "Linux",
     "connections that may wait for accept, whatever listen asks for"},
    {"net.core.wmem_max", BYTES, 1, NOW, TCP(send_buffer_limit), 2304, INT_MAX, "Linux",
     "the most that SO_SNDBUF may ask for"},
    {"net.ipv4.conf.all.accept_redirects", BOOL, 1, NOW, {AT(accept_redirects)}, 0, 1, "RFC 1122 §3.2.2.2",
     "a host believes a router that tells it of a better first hop on its link"},
    {"net.ipv4.conf.all.accept_source_route", BOOL, 1, NOW, {AT(accept_source_route)}, 0, 1,
     "RFC 7126 §4.3; Linux has 1 here and 0 for each interface", "take, and pass on, what has its way prescribed"},
    {"net.ipv4.conf.all.proxy_arp", BOOL, 1, NOW, {AT(proxy_arp)}, 0, 1, "RFC 1027",
     "a router answers ARP requests for those behind it"},
    {"net.ipv4.conf.all.rp_filter", UNSIGNED, 1, NOW, {AT(rp_filter)}, 0, 2, "Linux; RFC 3704",
     "sources of what is forwarded: 0 any, 1 from where we would send to them, 2 those that we have a route to"},
    {"net.ipv4.conf.all.secure_redirects", BOOL, 1, NOW, {AT(secure_redirects)}, 0, 1, "Linux",
     "such a first hop must be a gateway of ours already"},
    {"net.ipv4.conf.all.send_redirects", BOOL, 1, NOW, {AT(send_redirects)}, 0, 1, "RFC 1812 §5.2.7.2",
     "a router tells a host of a better first hop on its link"},
    {"net.ipv4.icmp_echo_ignore_all", BOOL, 1, NOW, {AT(icmp_echo_ignore)}, 0, 1, "Linux",
     "echo requests of IPv4 are not answered"},
    GONE("net.ipv4.icmp_echo_ignore_broadcasts",
         "echo requests to everybody are never answered (RFC 1122 §3.2.2.6): who forges their source makes a whole "
         "network answer it"),
    GONE("net.ipv4.icmp_ignore_bogus_error_responses",
         "it kept warnings out of the kernel's log; here such errors are counted by name, and nothing is logged"),
    {"net.ipv4.icmp_msgs_burst", UNSIGNED, 1, NOW, {AT(icmp_errors_burst)}, 0, INT_MAX, "Linux; RFC 1812 §4.3.2.8",
     "ICMP errors sent at once; beyond these up to 128 more, ever less likely"},
    {"net.ipv4.icmp_msgs_per_sec", UNSIGNED, 1, NOW, {AT(icmp_errors_per_second)}, 0, INT_MAX,
     "Linux; RFC 1812 §4.3.2.8", "ICMP errors sent in a second at most"},
    {"net.ipv4.icmp_ratelimit", MILLIS, 1, NOW, {AT(icmp_error_interval)}, 0, 60000, "Linux; RFC 1812 §4.3.2.8",
     "between two ICMP errors of IPv4 to one destination, beyond a burst of 6; 0: no such limit"},
    {"net.ipv4.icmp_ratemask", UNSIGNED, 1, NOW, {AT(icmp_limited_types)}, 0, UINT32_MAX, "Linux; RFC 1812 §4.3.2.8",
     "types of ICMP (bit 3: destination unreachable) that icmp_ratelimit and icmp_msgs_per_sec are for"},
    {"net.ipv4.igmp_max_memberships", UNSIGNED, 1, NOW, {AT(igmp_max_memberships)}, 0, 65536, "Linux",
     "groups that a socket may join"},
    {"net.ipv4.igmp_max_msf", UNSIGNED, 1, NOW, {AT(igmp_max_msf)}, 0, 4096, "Linux",
     "sources that a socket may name for one group"},
    {"net.ipv4.igmp_qrv", UNSIGNED, 1, INTERFACES, {AT(igmp_robustness)}, 1, 7, "RFC 3376 §8.1",
     "how often a change of groups is reported, unless routers say otherwise"},
    {"net.ipv4.ip_default_ttl", UNSIGNED, 1, NOW, {AT(ip_default_ttl)}, 1, 255, "RFC 1122 §3.2.1.7",
     "the time to live of what has none of its own"},
    {"net.ipv4.ip_forward", BOOL, 1, NOW, {AT(ip_forward)}, 0, 1, "RFC 1812 §2.2.1; RFC 1122 §3.1",
     "datagrams for others go on to them"},
    {"net.ipv4.ip_local_port_range", PORT, 2, NOW, {AT(port_min), AT(port_max)}, 1, 65535, "Linux; RFC 6056 §3.2",
     "the first and the last port that is given to whoever asks for none"},
    {"net.ipv4.ipfrag_high_thresh", BYTES, 1, NOW, {AT(reassembly_memory)}, 0, INT_MAX, "Linux",
     "memory for all incomplete datagrams together"},
    GONE("net.ipv4.ipfrag_low_thresh", "the oldest incomplete datagram goes when one more would not fit; Linux has "
         "ignored it since 4.17"),
    {"net.ipv4.ipfrag_time", SECONDS, 1, NOW, {AT(reassembly_time)}, 1, 3600, "RFC 1122 §3.3.2; Linux has 30",
     "how long a datagram may stay incomplete"},
    {"net.ipv4.neigh.default.base_reachable_time_ms", MILLIS, 1, NOW, {AT(arp_reachable)}, 1, INT_MAX,
     "RFC 1122 §2.3.2.1",
     "how long the address of a neighbour is trusted"},
    GONE("net.ipv4.neigh.default.gc_thresh1", "a neighbour is forgotten when another one needs the place, and not "
         "before: net.ipv4.neigh.default.gc_thresh3"),
    GONE("net.ipv4.neigh.default.gc_thresh2", "a neighbour is forgotten when another one needs the place, and not "
         "before: net.ipv4.neigh.default.gc_thresh3"),
    {"net.ipv4.neigh.default.gc_thresh3", SIZE, 1, NOW, {AT(max_neighbours)}, 1, INT_MAX, "Linux",
     "neighbours that are remembered"},
    GONE("net.ipv4.route.error_burst", "errors of a router have the limits of all others: net.ipv4.icmp_msgs_burst"),
    GONE("net.ipv4.route.error_cost", "errors of a router have the limits of all others: net.ipv4.icmp_ratelimit"),
    GONE("net.ipv4.route.gc_thresh", "it was for a cache of routes, which Linux has not had since 3.6, nor have we"),
    GONE("net.ipv4.route.max_size", "it was for a cache of routes, which Linux has not had since 3.6, nor have we"),
    {"net.ipv4.route.min_pmtu", UNSIGNED, 1, NOW, {AT(min_path_mtu)}, 68, 65535, "Linux; RFC 1191 §3 has 68",
     "a path that carries less gets segments of this size, which routers may fragment"},
    {"net.ipv4.route.mtu_expires", SECONDS, 1, NOW, {AT(path_mtu_age)}, 1, 86400, "Linux; RFC 1191 §6.3",
     "how long a router is believed who says that a path carries less"},
    GONE("net.ipv4.route.redirect_load",
         "a sender is told once a second at most of one destination; redirects of all have the rate of "
         "net.ipv4.icmp_msgs_per_sec to themselves"),
    GONE("net.ipv4.route.redirect_number",
         "nobody is given up who does not listen to redirects: once a second is little enough"),
    GONE("net.ipv4.route.redirect_silence",
         "nobody is given up who does not listen to redirects: once a second is little enough"),
    {"net.ipv4.tcp_abort_on_overflow", BOOL, 1, NOW, TCP(abort_on_overflow), 0, 1, "Linux",
     "reset who completes a handshake and finds the accept queue full"},
    {"net.ipv4.tcp_available_congestion_control", CONTROLLERS, 1, NOW, {0}, 0, 0, "Linux",
     "the congestion controls there are"},
    {"net.ipv4.tcp_base_mss", UNSIGNED, 1, NOW, TCP(base_mss), 48, 65535, "Linux; RFC 4821 §7.2",
     "the segment that is believed to pass where paths are probed"},
    {"net.ipv4.tcp_comp_sack_delay_ns", NANOS, 1, NOW, TCP(comp_sack_delay), 0, 100000000, "Linux",
     "how long acknowledgments of text out of order gather, from the fourth on"},
    {"net.ipv4.tcp_comp_sack_nr", UNSIGNED, 1, NOW, TCP(comp_sack_nr), 0, 255, "Linux",
     "how many of them gather at most; 0: each is sent at once"},
    {"net.ipv4.tcp_congestion_control", CONTROLLER, 1, SOCKETS, TCP(congestion_control), 0, 0, "Linux; RFC 9438",
     "the congestion control: one of net.ipv4.tcp_available_congestion_control"},
    {"net.ipv4.tcp_dsack", BOOL, 1, NOW, TCP(dsack), 0, 1, "RFC 2883", "report text that came twice"},
    {"net.ipv4.tcp_early_retrans", BOOL_3, 1, NOW, TCP(tail_loss_probe), 0, 4, "RFC 8985 §7; Linux",
     "3 and 4: probe for a lost tail; less: do not"},
    {"net.ipv4.tcp_ecn", UNSIGNED, 1, CONNECTIONS, TCP(ecn), 0, 2, "RFC 3168; Linux",
     "congestion told by marks: 0 never, 1 when either side asks, 2 when the peer asks"},
    {"net.ipv4.tcp_ecn_fallback", BOOL, 1, CONNECTIONS, TCP(ecn_fallback), 0, 1, "RFC 3168 §6.1.1.1; Linux",
     "ask without marks when a SYN that asked for them is not answered"},
    GONE("net.ipv4.tcp_fack", "forward acknowledgments gave way to RACK (RFC 8985); Linux has ignored it since 4.15"),
    {"net.ipv4.tcp_fastopen", UNSIGNED, 1, NOW, TCP(fastopen), 0, 0x7ff, "Linux; RFC 7413",
     "TCP Fast Open: 1 client, 2 server, 4 client without cookie, 0x200 server without, 0x400 every listener"},
    {"net.ipv4.tcp_fin_timeout", SECONDS, 1, NOW, TCP(fin_wait_2), 1, 3600, "Linux; RFC 9293 §3.10.4 has no limit",
     "how long a connection without a user may wait for the peer's FIN"},
    {"net.ipv4.tcp_frto", BOOL_2, 1, NOW, TCP(frto), 0, 2, "RFC 5682; Linux",
     "find out whether a time-out was needed; 1 and 2 are the same"},
    {"net.ipv4.tcp_invalid_ratelimit", MILLIS, 1, NOW, TCP(invalid_ratelimit), 0, 10000, "Linux; RFC 5961 §7",
     "between two answers of a connection to old or misplaced segments"},
    {"net.ipv4.tcp_keepalive_intvl", SECONDS, 1, SOCKETS, TCP(keepalive_interval), 1, 32767, "Linux",
     "time between keepalive probes that nobody answers"},
    {"net.ipv4.tcp_keepalive_probes", UNSIGNED, 1, SOCKETS, TCP(keepalive_probes), 1, 127, "Linux",
     "keepalive probes without an answer that end a connection"},
    {"net.ipv4.tcp_keepalive_time", SECONDS, 1, SOCKETS, TCP(keepalive_idle), 1, 32767, "RFC 9293 §3.8.4 (MUST-28)",
     "how long a connection is quiet before the first keepalive probe"},
    GONE("net.ipv4.tcp_low_latency", "it chose how the kernel woke readers; Linux has ignored it since 4.14"),
    {"net.ipv4.tcp_max_orphans", SIZE, 1, NOW, TCP(max_orphans), 0, INT_MAX, "Linux",
     "connections without a user; one more is reset at once"},
    {"net.ipv4.tcp_max_reordering", UNSIGNED, 1, NOW, TCP(max_reordering), 1, 1000, "Linux",
     "how far a connection's tcp_reordering may grow"},
    {"net.ipv4.tcp_max_syn_backlog", UNSIGNED, 1, NOW, TCP(max_syn_backlog), 1, INT_MAX, "Linux",
     "without SYN cookies: half-open connections of a listener, of which a quarter is reserved for known peers"},
    {"net.ipv4.tcp_max_tw_buckets", SIZE, 1, NOW, TCP(max_time_wait), 0, INT_MAX, "Linux",
     "TIME-WAIT records at most; the oldest makes room for one more"},
    {"net.ipv4.tcp_min_snd_mss", UNSIGNED, 1, CONNECTIONS, TCP(min_mss), 48, 65535, "CVE-2019-11479; Linux has 48",
     "what a smaller MSS of the peer's counts as"},
    {"net.ipv4.tcp_min_tso_segs", UNSIGNED, 1, NOW, TCP(tso_segments), 1, 65535, "Linux",
     "segments that a packet carries at least, where the link cuts packets"},
    {"net.ipv4.tcp_moderate_rcvbuf", BOOL, 1, NOW, TCP(moderate_receive_buffer), 0, 1, "Linux",
     "a receive buffer grows with what is read in a round trip"},
    {"net.ipv4.tcp_mtu_probe_floor", UNSIGNED, 1, NOW, TCP(mtu_probe_floor), 48, 65535, "Linux",
     "no black hole makes segments smaller than this"},
    {"net.ipv4.tcp_mtu_probing", UNSIGNED, 1, NOW, TCP(mtu_probing), 0, 2, "RFC 4821; Linux",
     "find out what a path carries by trying: 0 never, 1 once nothing gets through, 2 always"},
    {"net.ipv4.tcp_notsent_lowat", BYTES, 1, NOW, TCP(notsent_lowat), 1, UINT32_MAX, "Linux",
     "bytes not sent yet with which a socket is not writable"},
    {"net.ipv4.tcp_orphan_retries", UNSIGNED, 1, NOW, TCP(orphan_retries), 0, 127, "Linux",
     "retransmissions of a connection without a user before it is given up"},
    {"net.ipv4.tcp_pacing_ca_ratio", UNSIGNED, 1, NOW, TCP(pacing_ca_ratio), 0, 1000, "Linux",
     "per cent of the congestion window that goes out in a round trip, paced, after slow start"},
    {"net.ipv4.tcp_pacing_ss_ratio", UNSIGNED, 1, NOW, TCP(pacing_ss_ratio), 0, 1000, "Linux",
     "the same in slow start"},
    {"net.ipv4.tcp_probe_interval", SECONDS, 1, NOW, TCP(probe_interval), 1, 86400, "RFC 4821 §7.7; Linux",
     "how long a size that did not pass is believed not to"},
    {"net.ipv4.tcp_probe_threshold", UNSIGNED, 1, NOW, TCP(probe_threshold), 0, 65535, "Linux",
     "bytes between what passes and what does not that are not worth a probe"},
    {"net.ipv4.tcp_recovery", UNSIGNED, 1, NOW, TCP(recovery), 0, 7, "RFC 8985; Linux",
     "how losses are found: 1 by time (RACK); 2 with a reordering window that stays, 4 without a count of duplicates"},
    {"net.ipv4.tcp_reordering", UNSIGNED, 1, CONNECTIONS, TCP(reordering), 1, 1000, "RFC 5681 §3.2",
     "segments that may be overtaken before duplicates mean a loss"},
    {"net.ipv4.tcp_retries1", UNSIGNED, 1, NOW, TCP(retries_1), 0, 255, "RFC 9293 §3.8.3 (R1)",
     "retransmissions before the path is suspected"},
    {"net.ipv4.tcp_retries2", UNSIGNED, 1, NOW, TCP(retries_2), 0, 127, "RFC 9293 §3.8.3 (R2)",
     "retransmissions before the connection is given up"},
    {"net.ipv4.tcp_rfc1337", BOOL, 1, NOW, TCP(rfc1337), 0, 1, "RFC 1337; Linux has 0",
     "ignore resets in TIME-WAIT"},
    {"net.ipv4.tcp_rmem", BYTES, 3, CONNECTIONS,
     {AT(tcp.receive_buffer_min), AT(tcp.receive_buffer), AT(tcp.receive_buffer_max)}, 2304, INT_MAX, "Linux",
     "a receive buffer's least, first and largest size, by what it costs to keep bytes: about half is payload"},
    {"net.ipv4.tcp_rto_max_ms", MILLIS, 1, NOW, TCP(rto_max), 1000, 120000, "RFC 6298 §2.5; Linux",
     "the longest retransmission time-out"},
    {"net.ipv4.tcp_rto_min_us", MICROS, 1, NOW, TCP(rto_min), 1, 1000000, "Linux; RFC 6298 §2.4 has 1 s",
     "the shortest retransmission time-out"},
    {"net.ipv4.tcp_sack", BOOL, 1, CONNECTIONS, TCP(sack), 0, 1, "RFC 2018",
     "offer and accept selective acknowledgments"},
    {"net.ipv4.tcp_slow_start_after_idle", BOOL, 1, NOW, TCP(slow_start_after_idle), 0, 1, "RFC 5681 §4.1; RFC 7661",
     "shrink the congestion window of a connection that was idle"},
    {"net.ipv4.tcp_syn_linear_timeouts", UNSIGNED, 1, NOW, TCP(syn_linear_timeouts), 0, 127,
     "RFC 6298 §5.5; Linux has 4",
     "times that our SYN is repeated before the time between doubles, besides tcp_syn_retries"},
    {"net.ipv4.tcp_syn_retries", UNSIGNED, 1, NOW, TCP(syn_retries), 1, 127, "Linux; RFC 9293 §3.8.3 (MUST-23)",
     "times that our SYN is repeated"},
    {"net.ipv4.tcp_synack_retries", UNSIGNED, 1, NOW, TCP(synack_retries), 0, 8, "Linux",
     "times that our SYN,ACK is repeated"},
    {"net.ipv4.tcp_syncookies", UNSIGNED, 1, NOW, TCP(syncookies), 0, 2, "Linux; RFC 4987 §3.6",
     "SYN cookies: 0 never, 1 when a listener has as many half-open connections as may wait for accept, 2 always"},
    {"net.ipv4.tcp_thin_linear_timeouts", BOOL, 1, NOW, TCP(thin_linear_timeouts), 0, 1, "Linux",
     "six time-outs without back-off while fewer than four segments are in flight"},
    {"net.ipv4.tcp_timestamps", BOOL, 1, CONNECTIONS, TCP(timestamps), 0, 1, "RFC 7323 §3",
     "offer and accept timestamps"},
    {"net.ipv4.tcp_tso_rtt_log", UNSIGNED, 1, NOW, TCP(tso_rtt_log), 0, 31, "Linux",
     "log2 of a round trip in us: what is nearer is sent as much as the link takes in one packet; 0: whatever is near"},
    GONE("net.ipv4.tcp_tw_recycle",
         "it judged a new connection by the last timestamp of its whole host, which cut off everybody behind a shared "
         "address; timestamps start at random for each connection today, and Linux removed it in 4.12"),
    {"net.ipv4.tcp_tw_reuse", UNSIGNED, 1, NOW, TCP(tw_reuse), 0, 2, "Linux; RFC 6191",
     "connect may take a pair out of TIME-WAIT by timestamps: 0 no, 1 yes, 2 over loopback only"},
    {"net.ipv4.tcp_window_scaling", BOOL, 1, CONNECTIONS, TCP(window_scaling), 0, 1, "RFC 7323 §2",
     "offer and accept scaled windows"},
    {"net.ipv4.tcp_wmem", BYTES, 3, SOCKETS, {AT(tcp.send_buffer_min), AT(tcp.send_buffer), AT(tcp.send_buffer_max)},
     2304, INT_MAX, "Linux", "a send buffer's least, first and largest size"},
    {"net.ipv6.conf.all.accept_redirects", BOOL, 1, NOW, {AT(ip6_accept_redirects)}, 0, 1, "RFC 4861 §8",
     "a host believes a router of IPv6 that tells it of a better first hop on its link"},
    {"net.ipv6.conf.all.forwarding", BOOL, 1, NOW, {AT(ip6_forward)}, 0, 1, "RFC 8200 §3",
     "pass on datagrams of IPv6 that are for others"},
    {"net.ipv6.conf.all.hop_limit", UNSIGNED, 1, NOW, {AT(ip6_hop_limit)}, 1, 255, "RFC 4861 §6.3.2",
     "the hop limit of what has none of its own, where no router says what it should be"},
    {"net.ipv6.conf.default.accept_dad", BOOL, 1, INTERFACES, {AT(ipv6_accept_dad)}, 0, 1, "RFC 4862 §5.4",
     "ask whether anybody has an address before it is used"},
    {"net.ipv6.conf.default.accept_ra", BOOL, 1, INTERFACES, {AT(ipv6_accept_ra)}, 0, 1, "RFC 4861 §6.3",
     "listen to routers: routes, prefixes, addresses"},
    {"net.ipv6.conf.default.addr_gen_mode", UNSIGNED, 1, INTERFACES, {AT(ipv6_addr_gen_mode)}, 0, 2,
     "RFC 7217; Linux has 0",
     "own addresses: 0 out of the station address, 2 opaque; 1: none, and routers are not listened to"},
    {"net.ipv6.conf.default.use_tempaddr", BOOL_2, 1, INTERFACES, {AT(ipv6_temporary)}, 0, 2, "RFC 8981; Linux has 0",
     "make temporary addresses besides, and prefer them; 1 and 2 are the same"},
    {"net.ipv6.icmp.echo_ignore_all", BOOL, 1, NOW, {AT(icmp6_echo_ignore)}, 0, 1, "Linux",
     "echo requests of IPv6 are not answered"},
    {"net.ipv6.icmp.echo_ignore_multicast", BOOL, 1, NOW, {AT(icmp6_echo_ignore_groups)}, 0, 1, "Linux",
     "echo requests to a group of IPv6 are not answered"},
    {"net.ipv6.icmp.ratelimit", MILLIS, 1, NOW, {AT(icmp6_error_interval)}, 0, 60000, "Linux; RFC 4443 §2.4 (f)",
     "the same of IPv6, halved for each 32 bits that the prefix of the route is shorter than an address"},
    GONE("net.ipv6.icmp.ratemask",
         "errors of ICMPv6 are limited but for what tells the size of a path, and nothing else is: Linux's default"),
    GONE("net.ipv6.ip6frag_high_thresh", "fragments of both families share net.ipv4.ipfrag_high_thresh"),
    GONE("net.ipv6.ip6frag_time", "fragments of both families have net.ipv4.ipfrag_time"),
    {"net.ipv6.mld_max_msf", UNSIGNED, 1, NOW, {AT(mld_max_msf)}, 0, 4096, "Linux",
     "sources that a socket may name for one group of IPv6"},
    {"net.ipv6.mld_qrv", UNSIGNED, 1, INTERFACES, {AT(mld_robustness)}, 1, 7, "RFC 3810 §9.1",
     "how often a change of groups of IPv6 is reported, unless routers say otherwise"},
    {"net.weft.arp_defend", BOOL, 1, NOW, {AT(arp_defend)}, 0, 1, "RFC 5227 §2.4",
     "tell all stations, at most every ten seconds, when another one uses our address"},
    {"net.weft.arp_probe", BOOL, 1, NOW, {AT(arp_probe)}, 0, 1, "RFC 5227 §2.1; Linux does not",
     "ask for some seconds whether another station has an address of IPv4 before it is used"},
    {"net.weft.icmp_mask_reply", BOOL, 1, NOW, {AT(icmp_mask_reply)}, 0, 1, "RFC 1122 §3.2.2.9",
     "tell who asks by ICMP the mask of our network"},
    {"net.weft.icmp_timestamp_reply", BOOL, 1, NOW, {AT(icmp_timestamp_reply)}, 0, 1, "RFC 1122 §3.2.2.8; Linux does",
     "tell who asks by ICMP a time, which is not that of day"},
    {"net.weft.ip_ident_life", SECONDS, 1, NOW, {AT(ip_ident_life)}, 0, 3600,
     "RFC 6864 §4.3 has 120; Linux has no limit",
     "how long no identification is used again of what may be fragmented: sending fails with ENOBUFS before; "
      "0: no limit"},
    {"net.weft.memory_limit", BYTES, 1, NOW, {AT(memory_limit)}, 0, SIZE_MAX / 2, "weft; Linux has tcp_mem",
     "memory for everything; 0: no limit. When it comes near, strangers go first (netstat -m)"},
    {"net.weft.router_advertise", BOOL, 1, INTERFACES, {AT(router_advertise)}, 0, 1, "RFC 1256 §4.1; Linux does not",
     "a router of IPv4 says that it is one, where it gets an address and to who asks"},
    {"net.weft.router_discovery", BOOL, 1, NOW, {AT(router_discovery)}, 0, 1, "RFC 1256 §5.1; Linux does not",
     "a host asks for routers of IPv4 where it gets an address, and takes default routes from those who say that they "
      "are"},
    {"net.weft.tcp_delayed_ack_ms", MILLIS, 1, NOW, TCP(delayed_ack), 0, 499, "RFC 9293 §3.8.6.3; Linux has 40",
     "how long an acknowledgment may wait for company"},
    {"net.weft.tcp_initial_window", UNSIGNED, 1, CONNECTIONS, TCP(initial_window), 1, 1000, "RFC 6928",
     "segments that may go out before the first acknowledgment"},
    {"net.weft.tcp_max_half_open", SIZE, 1, NOW, TCP(max_half_open), 1, INT_MAX, "RFC 4987 §3.4",
     "half-open connections of all listeners together"},
    {"net.weft.tcp_max_out_of_order", SIZE, 1, NOW, TCP(max_out_of_order), 1, 65536, "weft",
     "pieces of text that a connection keeps out of order"},
    {"net.weft.tcp_msl", SECONDS, 1, NOW, TCP(msl), 1, 1000, "RFC 9293 §3.4.2 has 120; Linux's TIME-WAIT is 60",
     "the maximum segment lifetime: TIME-WAIT takes two"},
    {"net.weft.tcp_quick_acks", UNSIGNED, 1, CONNECTIONS, TCP(quick_acks), 0, 255, "Linux",
     "segments acknowledged at once when a connection begins"},
    {"net.weft.tcp_rto_initial_ms", MILLIS, 1, NOW, TCP(rto_initial), 1, 120000, "RFC 6298 §2.1",
     "the retransmission time-out before the first round trip is known"},
    {"net.weft.tcp_statistics", BOOL, 1, SOCKETS, TCP(statistics), 0, 1, "weft",
     "count what each connection does (TCP_INFO), and keep why, once it moves data"},
};

/* ---- rows ---- */

/* Names are equal, a slash being as good as a dot. */
static bool same_name(const char *a, const char *b)
{
    while (*a && (*a == *b || (*a == '.' && *b == '/')))
        a++, b++;
    return *a == *b;
}

static const struct row *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (same_name(rows[i].name, name))
            return &rows[i];
    return NULL;
}

static struct weft_sysctl describe(const struct row *r)
{
    if (!r->values)
        return (struct weft_sysctl){.name = r->name, .gone = r->text, .unit = "", .source = "", .text = ""};
    return (struct weft_sysctl){
        .name = r->name,
        .values = kinds[r->kind].size ? r->values : 0,
        .read_only = r->kind == CONTROLLERS,
        .min = r->min,
        .max = r->max,
        .unit = kinds[r->kind].unit,
        .scope = r->scope,
        .source = r->source,
        .text = r->text,
    };
}

bool weft_sysctl_info(size_t i, struct weft_sysctl *out)
{
    if (i >= ARRAY_LEN(rows))
        return false;
    *out = describe(&rows[i]);
    return true;
}

bool weft_sysctl_find(const char *name, struct weft_sysctl *out)
{
    const struct row *r = find(name);

    if (r)
        *out = describe(r);
    return r;
}

/* ---- fields ---- */

static uint64_t load(const struct weft_config *config, const struct row *r, unsigned i)
{
    const void *at = (const char *)config + r->field[i];

    switch (kinds[r->kind].size) {
    case sizeof(bool):
        return *(const bool *)at ? kinds[r->kind].shown : 0;
    case sizeof(uint16_t):
        return *(const uint16_t *)at;
    case sizeof(uint32_t):
        return *(const uint32_t *)at;
    default:
        return *(const uint64_t *)at;
    }
}

static void store(struct weft_config *config, const struct row *r, unsigned i, uint64_t v)
{
    void *at = (char *)config + r->field[i];

    switch (kinds[r->kind].size) {
    case sizeof(bool):
        *(bool *)at = v >= kinds[r->kind].from;
        break;
    case sizeof(uint16_t):
        *(uint16_t *)at = (uint16_t)v;
        break;
    case sizeof(uint32_t):
        *(uint32_t *)at = (uint32_t)v;
        break;
    default:
        *(uint64_t *)at = v;
    }
}

/* ---- text ---- */

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

/* Takes one number off the front; false when there is none, or it does not fit. */
static bool take_number(const char **text, uint64_t *v)
{
    const char *p = *text;

    while (is_space(*p))
        p++;
    if (*p < '0' || *p > '9')
        return false;
    for (*v = 0; *p >= '0' && *p <= '9'; p++) {
        if (*v > (UINT64_MAX - 9) / 10)
            return false;
        *v = *v * 10 + (uint64_t)(*p - '0');
    }
    *text = p;
    return *p == '\0' || is_space(*p);
}

static bool is_end(const char *text)
{
    while (is_space(*text))
        text++;
    return *text == '\0';
}

static int set_numbers(struct weft_config *config, const struct row *r, const char *value)
{
    for (unsigned i = 0; i < r->values; i++) {
        uint64_t v;

        if (!take_number(&value, &v) || v < r->min || v > r->max)
            return WEFT_EINVAL;
        store(config, r, i, v * kinds[r->kind].scale);
    }
    return is_end(value) ? 0 : WEFT_EINVAL;
}

/* The name of a congestion control, spaces around it left off. */
static int set_controller(struct weft_config *config, const struct row *r, const char *value)
{
    char *at = (char *)config + r->field[0];
    const char *name;
    size_t n;

    while (is_space(*value))
        value++;
    for (unsigned i = 0; (name = tcp_controller(i)); i++) {
        for (n = 0; name[n] && name[n] == value[n]; n++)
            ;
        if (name[n] || !is_end(value + n))
            continue;
        memcpy(at, name, n + 1);
        return 0;
    }
    return WEFT_EINVAL;
}

static int set_value(struct weft_config *config, const struct row *r, const char *value)
{
    if (r->kind == CONTROLLERS)
        return WEFT_EACCES;
    return r->kind == CONTROLLER ? set_controller(config, r, value) : set_numbers(config, r, value);
}

static void put_controllers(struct fmt *f)
{
    const char *name;

    for (unsigned i = 0; (name = tcp_controller(i)); i++) {
        if (i)
            fmt_char(f, ' ');
        fmt_str(f, name);
    }
}

int weft_config_set(struct weft_config *config, const char *name, const char *value)
{
    const struct row *r = find(name);
    struct weft_config changed = *config;
    int err;

    if (!r)
        return WEFT_ENOENT;
    if (!r->values)
        return WEFT_EOPNOTSUPP;
    err = set_value(&changed, r, value);
    if (err == 0 && !stack_config_is_sound(&changed))
        err = WEFT_EINVAL;
    if (err == 0)
        *config = changed;
    return err;
}

int weft_config_get(const struct weft_config *config, const char *name, char *buf, size_t n)
{
    const struct row *r = find(name);
    struct fmt f = fmt_begin(buf, n);

    if (!r || !r->values)
        return r ? WEFT_EOPNOTSUPP : WEFT_ENOENT;
    if (r->kind == CONTROLLERS)
        put_controllers(&f);
    if (r->kind == CONTROLLER)
        fmt_str(&f, (const char *)config + r->field[0]);
    for (unsigned i = 0; i < r->values && kinds[r->kind].size; i++) {
        if (i)
            fmt_char(&f, '\t');
        fmt_u64(&f, load(config, r, i) / kinds[r->kind].scale);
    }
    return 0;
}

int weft_sysctl_set(weft_stack *stack, const char *name, const char *value)
{
    int err = weft_config_set(&stack->config, name, value);

    if (err == 0)
        stack->mem.limit = stack->config.memory_limit; /* who has more keeps it, and gets none */
    if (err == 0 && stack->assembly->settings_changed)
        stack->assembly->settings_changed(stack);
    return err;
}

int weft_sysctl_get(const weft_stack *stack, const char *name, char *buf, size_t n)
{
    return weft_config_get(&stack->config, name, buf, n);
}
