/* SPDX-License-Identifier: MIT */
/* The books' stories about the flow of data: how fast to send, what to do about losses, when to wait. */
#include "cmd/demo_story.h"

#define MSS_TEXT 1448 /* bytes of text in a full segment with timestamps */

const struct scenario demo_flows[] = {
    {
        .name = "slow-start",
        .title = "Slow start and congestion avoidance (RFC 5681 §3.1)",
        .prose = "A link of 4 Mbit/s holds thirteen segments, and its queue twelve more. The client knows neither: it\n"
                 "begins with ten and sends two for each that is acknowledged, until the queue runs over. Each loss\n"
                 "makes the window smaller, and from then on it grows slowly, to the next loss.",
        .until_ms = 6000,
        .wire = {.bits_per_second = 4000000, .queue_packets = 12, .delay = 20 * WEFT_MS},
        .most_lines = 60,
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {100, CLIENT, SEND, 1000000, "client sends 1,000,000 bytes"}},
        .expect = {{GOT, SERVER, 0, 1000000, "every byte arrived"},
                   {COUNTED, CLIENT, WEFT_COUNT_tcp_fast_retrans, 1, "what the queue lost was sent again at once"},
                   {NONE, CLIENT, WEFT_COUNT_tcp_timeouts, 0, "nobody had to wait for a time-out"},
                   {GOT_BEFORE, SERVER, 2700, 1000000, "and the link was never idle for long"}},
    },
    {
        .name = "fast-retransmit",
        .title = "Fast retransmit: three duplicates are news enough (RFC 5681 §3.2)",
        .prose = "Without selective acknowledgments a receiver can only repeat what it waits for. Each segment\n"
                 "behind the lost one makes it say so again; after three such duplicates the client does not wait\n"
                 "for its timer.",
        .until_ms = 2000,
        .set = {{"net.ipv4.tcp_sack", "0"}},
        .wire = {.bits_per_second = 10000000, .delay = 10 * WEFT_MS},
        .rule = {.active = true, .from = CLIENT, .with_text = true, .in_state = -1, .lose = {4}},
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {100, CLIENT, SEND, 20 * MSS_TEXT, "client sends 20 full segments; the fourth is lost"}},
        .expect = {{GOT, SERVER, 0, 20 * MSS_TEXT, "every byte arrived"},
                   {AGAIN, CLIENT, TCP_ACK, 1, "the lost segment was sent again"},
                   {COUNTED, CLIENT, WEFT_COUNT_tcp_fast_retrans, 1, "because of duplicate acknowledgments"},
                   {NONE, CLIENT, WEFT_COUNT_tcp_timeouts, 0, "long before the timer"},
                   {GOT_BEFORE, SERVER, 200, 20 * MSS_TEXT, "in a few round trips"}},
    },
    {
        .name = "sack-recovery",
        .title = "SACK: four holes in one window (RFC 2018, RFC 6675)",
        .prose = "Four segments of one window are lost. The receiver says which parts beyond the first hole it has,\n"
                 "so the client knows all the holes and mends them together, instead of one in each round trip.",
        .until_ms = 2000,
        .wire = {.bits_per_second = 10000000, .delay = 10 * WEFT_MS},
        .rule = {.active = true, .from = CLIENT, .with_text = true, .in_state = -1, .lose = {13, 15, 16, 20}},
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {100, CLIENT, SEND, 40 * MSS_TEXT, "client sends 40 full segments; four are lost"}},
        .expect = {{GOT, SERVER, 0, 40 * MSS_TEXT, "every byte arrived"},
                   {AGAIN, CLIENT, TCP_ACK, 3, "the lost ones were sent again, neighbours perhaps together"},
                   {COUNTED, CLIENT, WEFT_COUNT_tcp_fast_retrans, 1, "in one recovery"},
                   {NONE, CLIENT, WEFT_COUNT_tcp_timeouts, 0, "without a time-out"},
                   {GOT_BEFORE, SERVER, 220, 40 * MSS_TEXT, "in a few round trips"}},
    },
    {
        .name = "tail-loss",
        .title = "Tail loss probe: nothing behind the lost segments tells of them (RFC 8985 §7)",
        .prose = "The last two of six segments are lost. Nothing comes behind them that the receiver could report,\n"
                 "and the timer is far away. After two silent round trips the client sends the last segment again,\n"
                 "as a question. The answer has it beyond a hole: news enough to mend the other one at once.",
        .until_ms = 1000,
        .wire = {.bits_per_second = 10000000, .delay = 10 * WEFT_MS},
        .rule = {.active = true, .from = CLIENT, .with_text = true, .in_state = -1, .lose = {5, 6}},
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {100, CLIENT, SEND, 6 * MSS_TEXT, "client sends 6 full segments; the last two are lost"}},
        .expect = {{GOT_BEFORE, SERVER, 140, 4 * MSS_TEXT, "the first four arrived"},
                   {COUNTED, CLIENT, WEFT_COUNT_tcp_tlp_probes, 1, "nothing more was heard, so the client probed"},
                   {COUNTED, CLIENT, WEFT_COUNT_tcp_fast_retrans, 1, "what it was told began a recovery"},
                   {NONE, CLIENT, WEFT_COUNT_tcp_timeouts, 0, "before the timer fired"},
                   {GOT_BEFORE, SERVER, 250, 6 * MSS_TEXT, "and every byte arrived"}},
    },
    {
        .name = "nagle",
        .title = "Nagle against the delayed acknowledgment (RFC 9293 §3.7.4, §3.8.6.3)",
        .prose = "Nagle's rule: while something is unacknowledged, a small segment waits. The receiver's rule: an\n"
                 "acknowledgment may wait for something to go with. A program that writes twice and then waits for\n"
                 "the answer makes the two wait for each other, until the receiver gives in. TCP_NODELAY ends that.",
        .profile = "bsd",
        .until_ms = 1500,
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {100, CLIENT, SEND, 100, "client writes 100 bytes"},
                 {100, CLIENT, SEND, 100, "client writes 100 more, which wait"},
                 {700, CLIENT, NODELAY, 0, "client sets TCP_NODELAY"},
                 {700, CLIENT, SEND, 100, "client writes 100 bytes"},
                 {700, CLIENT, SEND, 100, "client writes 100 more, which do not wait"}},
        .expect = {{GOT_BEFORE, SERVER, 111, 100, "the first write left at once"},
                   {GOT_AFTER, SERVER, 160, 200, "the second one waited for the delayed acknowledgment"},
                   {GOT_BEFORE, SERVER, 711, 400, "with TCP_NODELAY both arrived together"}},
    },
    {
        .name = "persist",
        .title = "Persist: the acknowledgment that opens the window is lost (RFC 9293 §3.8.6.1)",
        .prose = "The server's window is closed. When its program reads on, the server says so, but the segment is\n"
                 "lost, and nobody acknowledges an acknowledgment. Without the client's probes both would wait for\n"
                 "ever: the client for a window, the server for bytes.",
        .buffer = 8192,
        .until_ms = 12000,
        .rule = {.active = true, .from = SERVER, .in_state = -1, .from_ms = 3000, .n_after = 1},
        .step = {{0, SERVER, LISTEN, PORT, "server listens, with a buffer of 8 KiB"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {50, SERVER, STOP_READING, 0, "server stops reading"},
                 {100, CLIENT, SEND, 20000, "client sends 20000 bytes"},
                 {3000, SERVER, READ_ON, 0, "server reads on; what it says of that is lost"}},
        .expect = {{CLOSED_WINDOW, SERVER, 0, 1, "the server closed its window"},
                   {COUNTED, CLIENT, WEFT_COUNT_tcp_window_probes, 2, "the client probed it"},
                   {GOT_AFTER, SERVER, 3100, 11000, "the news that it was open got lost"},
                   {GOT, SERVER, 0, 20000, "but a probe found it open, and every byte arrived"}},
    },
    {
        .name = "syn-flood",
        .title = "SYN flood: cookies keep the door open (RFC 4987 §3.6)",
        .prose = "Two hundred strangers ask for connections and never come back. As many as may wait are remembered;\n"
                 "to the others the server answers without remembering anything: all it must know stands in the\n"
                 "sequence number of its answer, and comes back with the acknowledgment, if one comes.",
        .until_ms = 1000,
        .data_from = SERVER,
        .set = {{"net.ipv4.tcp_syncookies", "1"}},
        .step = {{0, SERVER, LISTEN, PORT, "server listens; eight may wait"},
                 {50, SERVER, FLOOD, 200, "200 SYNs from strangers arrive (their answers are not shown)"},
                 {100, CLIENT, CONNECT, PORT, "client connects"},
                 {200, CLIENT, SEND, 100, "client sends 100 bytes"},
                 {300, SERVER, SEND, 3000, "server answers with 3000 bytes"}},
        .expect = {{COUNTED, SERVER, WEFT_COUNT_tcp_cookies_sent, 190, "most were answered by a cookie"},
                   {COUNTED, SERVER, WEFT_COUNT_tcp_cookies_received, 1, "one came back: the client's"},
                   {ENDS, CLIENT, WEFT_TCP_ESTABLISHED, 0, "which became a connection like any other"},
                   {GOT, SERVER, 0, 100, "the server got its bytes"},
                   {GOT, CLIENT, 0, 3000, "and the client the answer"}},
    },
    {
        .name = "syn-flood-won",
        .title = "SYN flood without cookies: nobody else gets in (RFC 4987 §2)",
        .prose = "The same, but the server may answer nobody whom it cannot remember, and it remembers eight. The\n"
                 "strangers come again as often as places fall free. The client tries in vain.",
        .until_ms = 20000,
        .set = {{"net.ipv4.tcp_syncookies", "0"}},
        .step = {{0, SERVER, LISTEN, PORT, "server listens; eight may wait"},
                 {50, SERVER, FLOOD, 200, "200 SYNs from strangers arrive"},
                 {100, CLIENT, CONNECT, PORT, "client connects"},
                 {1000, SERVER, FLOOD, 200, "200 SYNs from strangers arrive"},
                 {3000, SERVER, FLOOD, 200, "200 SYNs from strangers arrive"},
                 {7000, SERVER, FLOOD, 200, "200 SYNs from strangers arrive"},
                 {15000, SERVER, FLOOD, 200, "200 SYNs from strangers arrive"}},
        .expect = {{DROPPED, SERVER, WEFT_DROP_tcp_half_open_full, 900, "most strangers found no room"},
                   {AGAIN, CLIENT, TCP_SYN, 4, "and neither did the client, which asked again and again"},
                   {ENDS, CLIENT, WEFT_TCP_SYN_SENT, 0, "and still waits"},
                   {NONE, SERVER, WEFT_COUNT_tcp_passive_opens, 0, "no connection came about"}},
    },
};

const size_t n_demo_flows = sizeof demo_flows / sizeof *demo_flows;
