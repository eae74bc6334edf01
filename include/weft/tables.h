/* SPDX-License-Identifier: MIT */
/*
 * The named things a stack reports: why a packet was dropped, the states of TCP, what is counted.
 * Each is a table, so that a name, its sentence and its number can never drift apart.
 */
#ifndef WEFT_TABLES_H
#define WEFT_TABLES_H

#ifdef __cplusplus
extern "C" {
#endif

/* Why a packet went no further. X(name, sentence) */
#define WEFT_DROPS(X)                                                                                                  \
    X(none, "not dropped")                                                                                             \
    X(no_memory, "no memory to take it in, or a cap of the accounting was reached")                                    \
    X(if_down, "the interface is down")                                                                                \
    X(if_queue_full, "the interface's bounded queue of finished packets is full")                                      \
    X(if_oversize, "larger than the interface can carry")                                                              \
    X(eth_short, "shorter than an Ethernet header")                                                                    \
    X(eth_not_ours, "addressed to another station")                                                                    \
    X(eth_bad_source, "a group address as Ethernet source")                                                            \
    X(eth_unknown_type, "an EtherType that nothing here handles")                                                      \
    X(eth_llc, "an IEEE 802.3 frame without SNAP, or of a wrong length")                                               \
    X(eth_vlan, "a frame of another VLAN, or without the tag that the interface has")                                  \
    X(arp_malformed, "ARP with wrong types, lengths, operation or sender")                                             \
    X(arp_conflict, "ARP from another station that uses an address of ours (RFC 5227)")                                \
    X(arp_not_ours, "ARP that neither asks for us nor refreshes a known neighbour")                                    \
    X(rarp_malformed, "RARP with wrong types, lengths, operation or addresses, or an address that we cannot have")     \
    X(rarp_not_ours, "RARP that answers nothing we asked: requests of others, replies to them, late replies")          \
    X(nd_hop_limit, "neighbour discovery from beyond the link: a hop limit other than 255")                            \
    X(nd_malformed, "neighbour discovery with a wrong code, length, address or option")                                \
    X(nd_fragment, "neighbour discovery in fragments (RFC 6980)")                                                      \
    X(nd_not_ours, "neighbour discovery that concerns nobody here")                                                    \
    X(nd_redirect, "a redirect that is not the first hop's, or for no destination of ours")                            \
    X(neigh_queue_full, "pushed out of the queue that waits for a neighbour's address")                                \
    X(neigh_table_full, "no room for one more neighbour")                                                              \
    X(neigh_unreachable, "the neighbour did not answer")                                                               \
    X(ip_short, "shorter than an IP header")                                                                           \
    X(ip_version, "an IP version that does not belong here")                                                           \
    X(ip_header_length, "an impossible IP header length")                                                              \
    X(ip_total_length, "a total length that the frame does not hold")                                                  \
    X(ip_checksum, "a wrong IP header checksum")                                                                       \
    X(ip_bad_option, "an IP option that runs past the header")                                                         \
    X(ip_source_route, "a source route, refused by policy (RFC 7126)")                                                 \
    X(ip_bad_source, "a source address that no host may use")                                                          \
    X(ip_group_source, "for a group of ours, from a source that nobody here wants to hear")                            \
    X(ip_not_ours, "addressed to somebody else, and we do not forward")                                                \
    X(ip_martian, "not forwarded: an address that means nothing beyond its link or host (RFC 1812 §5.3.7)")            \
    X(ip_rp_filter, "not forwarded: we would not send to its source that way (rp_filter)")                             \
    X(ip_ttl, "its time to live was over before it could be forwarded")                                                \
    X(ip_link_broadcast, "a unicast datagram in a broadcast frame (RFC 1122 §3.3.6)")                                  \
    X(ip_unknown_protocol, "a protocol that nothing here handles")                                                     \
    X(ip_no_route, "no route to the destination")                                                                      \
    X(ip_too_big, "larger than the path carries, and must not be fragmented")                                          \
    X(ip_ident_used, "not sent: no identification is free that was not used lately (net.weft.ip_ident_life)")          \
    X(ip6_chain_cut, "IPv6 extension headers that run past the packet, or past its first fragment (RFC 7112)")         \
    X(ip6_chain_limit, "more or longer IPv6 extension headers, options or padding than we follow (RFC 8504 §5.3)")     \
    X(ip6_unknown_option, "an unknown IPv6 option that asks for the datagram to be dropped")                           \
    X(ip6_no_next_header, "an IPv6 datagram that says that it carries nothing")                                        \
    X(frag_misaligned, "a fragment of no bytes, or not the last and no multiple of eight long")                        \
    X(frag_too_long, "a fragment that ends past 65,535")                                                               \
    X(frag_overlap, "a fragment that overlaps another: the whole datagram goes")                                       \
    X(frag_duplicate, "a fragment that is already here")                                                               \
    X(frag_inconsistent, "a fragment that contradicts the datagram's known end")                                       \
    X(frag_too_many, "more fragments than one datagram may have")                                                      \
    X(frag_evicted, "evicted to make room in the reassembly cache")                                                    \
    X(frag_timeout, "never completed within the reassembly time")                                                      \
    X(icmp_short, "shorter than an ICMP header")                                                                       \
    X(icmp_checksum, "a wrong ICMP checksum")                                                                          \
    X(icmp_unknown, "an ICMP type that a host does not answer")                                                        \
    X(icmp_broadcast_echo, "an echo request to a broadcast or multicast address")                                      \
    X(icmp_echo_ignored, "an echo request, where the configuration has none answered")                                 \
    X(icmp_limited, "a question by ICMP whose answer the rate limit keeps back")                                       \
    X(icmp_bad_quote, "an ICMP error whose quote is too short or not ours")                                            \
    X(icmp_small_mtu, "a Packet Too Big that speaks of less than 1,280 bytes (RFC 8201 §4)")                           \
    X(icmp_no_endpoint, "an ICMP message that concerns nobody here")                                                   \
    X(icmp_buffer_full, "the receive buffer of a ping socket is full")                                                 \
    X(icmp_router_solicit, "a host's question for routers (RFC 1256) with a wrong code, or not from the link")         \
    X(icmp_router_advert, "a router's advertisement (RFC 1256) that is malformed or not from the link")                \
    X(icmp_redirect, "a redirect that is not the first hop's, or names no neighbour that may take its place")          \
    X(icmp_quench, "a source quench (RFC 6633)")                                                                       \
    X(igmp_malformed, "IGMP of no known version or length")                                                            \
    X(igmp_checksum, "a wrong IGMP checksum")                                                                          \
    X(igmp_ttl, "IGMP from beyond the link: a TTL other than 1")                                                       \
    X(igmp_router_alert, "a query of IGMPv2 or v3 without the Router Alert option (RFC 3376 §9.1)")                    \
    X(igmp_group, "IGMP about what is no group, or sent to the wrong one")                                             \
    X(igmp_not_ours, "IGMP for routers, or of an unknown type")                                                        \
    X(mld_malformed, "listener discovery of a wrong code or length")                                                   \
    X(mld_hop_limit, "listener discovery from beyond the link: a hop limit other than 1")                              \
    X(mld_source, "listener discovery from no link-local address")                                                     \
    X(mld_router_alert, "listener discovery without the Router Alert option (RFC 3810 §6.2)")                          \
    X(mld_group, "listener discovery about what is no group, or sent to the wrong one")                                \
    X(mld_not_ours, "listener discovery for routers")                                                                  \
    X(udp_short, "shorter than a UDP header")                                                                          \
    X(udp_length, "a UDP length that contradicts the datagram")                                                        \
    X(udp_checksum, "a wrong UDP checksum")                                                                            \
    X(udp_no_port, "nobody has this UDP port")                                                                         \
    X(udp_buffer_full, "the UDP receive buffer is full")                                                               \
    X(sock_filter, "not wanted by the filter of the socket (SO_ATTACH_FILTER)")                                        \
    X(raw_checksum, "a wrong checksum, where a raw socket has one (IPV6_CHECKSUM)")                                    \
    X(raw_buffer_full, "the receive buffer of a raw socket is full")                                                   \
    X(tcp_short, "shorter than a TCP header")                                                                          \
    X(tcp_offset, "a TCP data offset below 5 or past the segment")                                                     \
    X(tcp_bad_option, "a TCP option with a nonsense length")                                                           \
    X(tcp_checksum, "a wrong TCP checksum")                                                                            \
    X(tcp_not_unicast, "TCP to or from a broadcast or multicast address")                                              \
    X(tcp_signed, "a TCP signature (RFC 2385) that nobody has a key for")                                              \
    X(tcp_few_hops, "TCP from farther away than the socket allows")                                                    \
    X(tcp_no_connection, "a segment for which there is no connection")                                                 \
    X(tcp_listen_rst, "a reset to a listener")                                                                         \
    X(tcp_listen_ack, "an acknowledgment to a listener")                                                               \
    X(tcp_listen_syn_fin, "SYN and FIN together, for a listener")                                                      \
    X(tcp_listen_no_syn, "neither SYN, ACK nor RST to a listener")                                                     \
    X(tcp_accept_full, "the accept queue is full")                                                                     \
    X(tcp_accept_deferred, "a third segment without text to a listener that waits for text (TCP_DEFER_ACCEPT)")        \
    X(tcp_half_open_full, "the table of half-open connections is full")                                                \
    X(tcp_half_open_reserved, "without SYN cookies, the last quarter of the half-open records is for known peers")     \
    X(tcp_cookie_failed, "an acknowledgment to a listener that sent SYN cookies, but not this one")                    \
    X(tcp_half_open_repeat, "a repeated SYN for a half-open connection")                                               \
    X(tcp_half_open_bad_ack, "an acknowledgment that does not complete the handshake")                                 \
    X(tcp_half_open_reset, "a reset that ended a half-open connection")                                                \
    X(tcp_syn_sent_bad_echo, "in SYN-SENT: it echoes a timestamp that we never sent")                                  \
    X(tcp_syn_sent_bad_ack, "in SYN-SENT: an acknowledgment of something never sent")                                  \
    X(tcp_syn_sent_rst, "in SYN-SENT: a reset that proves nothing")                                                    \
    X(tcp_syn_sent_no_syn, "in SYN-SENT: neither SYN nor RST")                                                         \
    X(tcp_paws, "an old timestamp (RFC 7323 §5)")                                                                      \
    X(tcp_no_timestamp, "the agreed timestamp is missing (RFC 7323 §3.2)")                                             \
    X(tcp_old, "wholly before the window: seen already")                                                               \
    X(tcp_beyond_window, "beyond the window")                                                                          \
    X(tcp_challenge_rst, "a reset in the window but not at its edge (RFC 5961 §3.2)")                                  \
    X(tcp_challenge_syn, "a SYN on a synchronized connection (RFC 5961 §4.2)")                                         \
    X(tcp_challenge_ack, "an acknowledgment far outside (RFC 5961 §5.2)")                                              \
    X(tcp_reset, "the reset that ended the connection")                                                                \
    X(tcp_no_ack, "a segment without ACK on a synchronized connection")                                                \
    X(tcp_after_fin, "text after the peer's FIN")                                                                      \
    X(tcp_after_close, "text that nobody will read: answered by a reset")                                              \
    X(tcp_out_of_order_full, "no room to keep one more out-of-order segment")                                          \
    X(tcp_duplicate, "text that is all here already")                                                                  \
    X(tcp_time_wait, "an old segment in TIME-WAIT")                                                                    \
    X(tcp_time_wait_rst, "a reset in TIME-WAIT, ignored (RFC 1337)")                                                   \
    X(link_lost, "lost by the emulated link")                                                                          \
    X(link_queue_full, "overflowed the emulated link's queue")

enum weft_drop {
#define X(name, sentence) WEFT_DROP_##name,
    WEFT_DROPS(X)
#undef X
        WEFT_DROP_COUNT
};

/* The states of RFC 9293 §3.3.2, spelt as there. X(name, text) */
#define WEFT_TCP_STATES(X)                                                                                             \
    X(CLOSED, "CLOSED")                                                                                                \
    X(LISTEN, "LISTEN")                                                                                                \
    X(SYN_SENT, "SYN-SENT")                                                                                            \
    X(SYN_RECEIVED, "SYN-RECEIVED")                                                                                    \
    X(ESTABLISHED, "ESTABLISHED")                                                                                      \
    X(FIN_WAIT_1, "FIN-WAIT-1")                                                                                        \
    X(FIN_WAIT_2, "FIN-WAIT-2")                                                                                        \
    X(CLOSE_WAIT, "CLOSE-WAIT")                                                                                        \
    X(CLOSING, "CLOSING")                                                                                              \
    X(LAST_ACK, "LAST-ACK")                                                                                            \
    X(TIME_WAIT, "TIME-WAIT")

enum weft_tcp_state {
#define X(name, text) WEFT_TCP_##name,
    WEFT_TCP_STATES(X)
#undef X
        WEFT_TCP_STATE_COUNT
};

/* What is counted. X(name, group, sentence); `netstat -s` prints them by group in this order. */
#define WEFT_COUNTERS(X)                                                                                               \
    X(if_rx_packets, "Link", "packets received")                                                                       \
    X(if_rx_bytes, "Link", "bytes received")                                                                           \
    X(if_tx_packets, "Link", "packets sent")                                                                           \
    X(if_tx_bytes, "Link", "bytes sent")                                                                               \
    X(arp_requests_in, "Arp", "requests received")                                                                     \
    X(arp_replies_in, "Arp", "replies received")                                                                       \
    X(arp_requests_out, "Arp", "requests sent")                                                                        \
    X(arp_replies_out, "Arp", "replies sent")                                                                          \
    X(arp_conflicts, "Arp", "times that another station used an address of ours")                                      \
    X(neigh_moved, "Arp", "times that a neighbour, of either family, was found at another station")                    \
    X(rarp_requests_out, "Arp", "reverse requests sent")                                                               \
    X(rarp_replies_in, "Arp", "reverse replies that gave us an address")                                               \
    X(nd_solicits_in, "Nd", "neighbour solicitations received")                                                        \
    X(nd_adverts_in, "Nd", "neighbour advertisements received")                                                        \
    X(nd_solicits_out, "Nd", "neighbour solicitations sent")                                                           \
    X(nd_adverts_out, "Nd", "neighbour advertisements sent")                                                           \
    X(nd_router_solicits_out, "Nd", "router solicitations sent")                                                       \
    X(nd_router_adverts_in, "Nd", "router advertisements received")                                                    \
    X(nd_redirects_in, "Nd", "redirects followed")                                                                     \
    X(nd_redirects_out, "Nd", "redirects sent")                                                                        \
    X(nd_duplicates, "Nd", "addresses of ours that somebody else had")                                                 \
    X(ip_in, "Ip", "datagrams received")                                                                               \
    X(ip_in_delivered, "Ip", "datagrams delivered")                                                                    \
    X(ip_out, "Ip", "datagrams sent")                                                                                  \
    X(ip_forwarded, "Ip", "datagrams forwarded")                                                                       \
    X(ip_path_mtus, "Ip", "times that a path was learnt to carry less")                                              \
    X(ip_frags_in, "Ip", "fragments received")                                                                         \
    X(ip_reassembled, "Ip", "datagrams reassembled")                                                                   \
    X(ip_fragmented, "Ip", "datagrams fragmented")                                                                     \
    X(ip_frags_out, "Ip", "fragments made")                                                                            \
    X(icmp_in, "Icmp", "messages received")                                                                            \
    X(icmp_out, "Icmp", "messages sent")                                                                               \
    X(icmp_echo_in, "Icmp", "echo requests answered")                                                                  \
    X(icmp_errors_in, "Icmp", "errors received")                                                                       \
    X(icmp_router_solicits_out, "Icmp", "router solicitations sent")                                                   \
    X(icmp_router_solicits_in, "Icmp", "router solicitations answered")                                                \
    X(icmp_router_adverts_out, "Icmp", "router advertisements sent")                                                   \
    X(icmp_router_adverts_in, "Icmp", "router advertisements believed")                                                \
    X(icmp_redirects_in, "Icmp", "redirects followed")                                                                 \
    X(icmp_errors_out, "Icmp", "errors sent")                                                                          \
    X(igmp_in, "Igmp", "messages received")                                                                            \
    X(igmp_out, "Igmp", "messages sent")                                                                               \
    X(igmp_queries_in, "Igmp", "queries received")                                                                     \
    X(igmp_reports_in, "Igmp", "reports of other hosts received")                                                      \
    X(mld_out, "Mld", "messages sent")                                                                                 \
    X(mld_queries_in, "Mld", "queries received")                                                                       \
    X(mld_reports_in, "Mld", "reports of other hosts received")                                                        \
    X(icmp_rate_limited, "Icmp", "errors and answers not sent, by the rate limit")                                     \
    X(udp_in, "Udp", "datagrams received")                                                                             \
    X(udp_out, "Udp", "datagrams sent")                                                                                \
    X(tcp_active_opens, "Tcp", "active connection openings")                                                           \
    X(tcp_passive_opens, "Tcp", "passive connection openings")                                                         \
    X(tcp_attempt_fails, "Tcp", "failed connection attempts")                                                          \
    X(tcp_estab_resets, "Tcp", "connection resets received")                                                           \
    X(tcp_in_segs, "Tcp", "segments received")                                                                         \
    X(tcp_out_segs, "Tcp", "segments sent out")                                                                        \
    X(tcp_retrans_segs, "Tcp", "segments retransmitted")                                                               \
    X(tcp_in_errs, "Tcp", "bad segments received")                                                                     \
    X(tcp_out_rsts, "Tcp", "resets sent")                                                                              \
    X(tcp_timeouts, "Tcp", "retransmission time-outs")                                                                 \
    X(tcp_fast_retrans, "Tcp", "fast retransmissions started")                                                         \
    X(tcp_lost_retransmit, "Tcp", "retransmissions that were lost")                                                    \
    X(tcp_mtu_probes_passed, "Tcp", "probes of the path that arrived")                                                 \
    X(tcp_mtu_probes_failed, "Tcp", "probes of the path that it did not carry")                                        \
    X(tcp_tlp_probes, "Tcp", "tail loss probes sent")                                                                  \
    X(tcp_tlp_recovered, "Tcp", "losses that a tail loss probe repaired")                                              \
    X(tcp_spurious_rtos, "Tcp", "time-outs that proved spurious by F-RTO")                                             \
    X(tcp_full_undo, "Tcp", "recoveries undone when they were over, by timestamps or DSACK")                           \
    X(tcp_partial_undo, "Tcp", "recoveries undone by a partial acknowledgment of the original")                        \
    X(tcp_dsack_undo, "Tcp", "recoveries undone because each retransmission was a duplicate")                          \
    X(tcp_loss_undo, "Tcp", "time-outs undone")                                                                        \
    X(tcp_reordering, "Tcp", "times that segments were seen to overtake each other")                                   \
    X(tcp_sack_reneging, "Tcp", "time-outs that found the peer had taken back what it sacked")                         \
    X(tcp_dsack_received, "Tcp", "duplicates that peers reported")                                                     \
    X(tcp_delivered_ce, "Tcp", "segments delivered while the peer echoed congestion (RFC 3168)")                      \
    X(tcp_dsack_sent, "Tcp", "duplicates reported to peers")                                                           \
    X(tcp_delayed_acks, "Tcp", "delayed acks sent")                                                                    \
    X(tcp_challenge_acks, "Tcp", "challenge acks sent")                                                                \
    X(tcp_answers_skipped, "Tcp", "old or misplaced segments not answered, by the rate limit")                         \
    X(tcp_cookies_sent, "Tcp", "SYN cookies sent")                                                                     \
    X(tcp_cookies_received, "Tcp", "SYN cookies brought back")                                                         \
    X(tcp_cookies_failed, "Tcp", "SYN cookies that were none of ours, or too old")                                     \
    X(tcp_window_probes, "Tcp", "zero window probes sent")                                                             \
    X(tcp_keepalives, "Tcp", "keepalive probes sent")                                                                  \
    X(tcp_out_of_order, "Tcp", "segments kept out of order")                                                           \
    X(tcp_time_waits, "Tcp", "connections that went through TIME-WAIT")                                                \
    X(tcp_fastopen_active, "Tcp", "connections opened with data that was taken (RFC 7413)")                            \
    X(tcp_fastopen_active_fails, "Tcp", "SYNs whose data was not taken, or not all")                                   \
    X(tcp_fastopen_passive, "Tcp", "connections accepted out of a SYN")                                                \
    X(tcp_fastopen_cookies, "Tcp", "Fast Open cookies asked for by clients")                                           \
    X(tcp_fastopen_refused, "Tcp", "Fast Open cookies that were none of ours")                                         \
    X(tcp_fastopen_overflows, "Tcp", "SYNs with a good cookie that found the queue full")                              \
    X(tcp_orphans_reset, "Tcp", "connections reset because too many had no user")                                      \
    X(tcp_time_wait_reused, "Tcp", "TIME-WAIT pairs reopened")                                                         \
    X(tcp_time_wait_evicted, "Tcp", "TIME-WAIT records evicted early")                                                 \
    X(tcp_aborts, "Tcp", "connections aborted by time-out or lack of memory")

enum weft_counter {
#define X(name, group, sentence) WEFT_COUNT_##name,
    WEFT_COUNTERS(X)
#undef X
        WEFT_COUNTER_COUNT
};

/*
 * Why a TCP connection did what it did. X(name, unit, sentence): the unit is that of the value told with it. What was
 * sent again, why the congestion window changed, what held sending up, why the connection ended.
 */
#define WEFT_WHYS(X)                                                                                                   \
    X(none, "", "nothing happened")                                                                                    \
    X(retransmit_syn, "times", "our SYN was not answered in time")                                                     \
    X(retransmit_rack, "bytes", "something sent later arrived long before (RFC 8985)")                                 \
    X(retransmit_dupthresh, "bytes", "three duplicates or their worth in SACK blocks (RFC 6675)")                      \
    X(retransmit_partial, "bytes", "a partial acknowledgment showed the next hole (RFC 6582)")                         \
    X(retransmit_rto, "bytes", "the retransmission timer fired (RFC 6298)")                                            \
    X(retransmit_tlp, "bytes", "probed for a lost tail (RFC 8985 §7)")                                                 \
    X(retransmit_pmtu, "bytes", "the path takes smaller segments only")                                                \
    X(retransmit_reneged, "bytes", "the peer took back what its SACK blocks said")                                     \
    X(retransmit_fast_open, "bytes", "the peer did not take what our SYN carried")                                     \
    X(cwnd_start, "segments", "the window to begin with (RFC 6928)")                                                   \
    X(cwnd_slow_start, "segments", "grew in slow start")                                                               \
    X(cwnd_avoidance, "segments", "grew in congestion avoidance")                                                      \
    X(cwnd_hystart, "segments", "slow start left before a loss (RFC 9406)")                                            \
    X(cwnd_recovery, "segments", "shrinks after a loss")                                                               \
    X(cwnd_ecn, "segments", "shrinks because the path said congestion (RFC 3168)")                                     \
    X(cwnd_recovered, "segments", "recovery is over")                                                                  \
    X(cwnd_timeout, "segments", "starts anew after a time-out")                                                        \
    X(cwnd_undo, "segments", "restored: the retransmission was not needed")                                            \
    X(cwnd_idle, "segments", "shrinks after idleness (RFC 5681 §4.1)")                                                 \
    X(cwnd_limited_by_application, "segments", "shrinks because it was not used (RFC 7661)")                           \
    X(stall_application, "us", "the user gave nothing to send")                                                        \
    X(stall_receiver, "us", "the peer's window was full")                                                              \
    X(stall_congestion, "us", "the congestion window was full")                                                        \
    X(stall_pacing, "us", "waited for the pacer")                                                                      \
    X(stall_send_buffer, "us", "the user waited for room in the send buffer")                                          \
    X(stall_small, "us", "a short segment waited for company (Nagle, CORK)")                                           \
    X(close_orderly, "", "FIN both ways")                                                                              \
    X(close_reset_by_peer, "errno", "the peer reset it")                                                               \
    X(close_refused, "errno", "nobody listens there")                                                                  \
    X(close_aborted, "", "the user aborted it")                                                                        \
    X(close_linger, "", "closed with a lingering time of zero")                                                        \
    X(close_unread, "bytes", "closed before all was read")                                                             \
    X(close_text_after_close, "bytes", "text came for a user who is gone")                                             \
    X(close_listener, "", "nobody accepted it before the listener closed")                                             \
    X(close_retries, "times", "no answer to retransmissions")                                                          \
    X(close_syn_retries, "times", "no answer to our SYN")                                                              \
    X(close_user_timeout, "ms", "the user's time-out passed")                                                          \
    X(close_probes, "times", "no answer to window probes")                                                             \
    X(close_keepalive, "times", "no answer to keepalive probes")                                                       \
    X(close_fin_wait_2, "", "the peer's FIN never came")                                                               \
    X(close_orphan_limit, "", "too many connections without a user")                                                   \
    X(close_unreachable, "errno", "the network said that nobody is there")                                             \
    X(close_interface, "errno", "its interface has gone")                                                              \
    X(close_no_memory, "", "no memory to close in order")

enum weft_why {
#define X(name, unit, sentence) WEFT_WHY_##name,
    WEFT_WHYS(X)
#undef X
        WEFT_WHY_COUNT
};

/* Static strings; for a number outside the table "?". */
const char *weft_drop_name(enum weft_drop drop);
const char *weft_drop_text(enum weft_drop drop);
const char *weft_tcp_state_name(enum weft_tcp_state state);
const char *weft_why_name(enum weft_why why);
const char *weft_why_unit(enum weft_why why);
const char *weft_why_text(enum weft_why why);
const char *weft_counter_name(enum weft_counter counter);
const char *weft_counter_group(enum weft_counter counter);
const char *weft_counter_text(enum weft_counter counter);

#ifdef __cplusplus
}
#endif
#endif
