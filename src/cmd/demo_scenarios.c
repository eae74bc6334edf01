/* SPDX-License-Identifier: MIT */
/* The books' stories about TCP connections: how they begin and end. */
#include "cmd/demo_story.h"

const struct scenario demo_connections[] = {
    {
        .name = "daytime",
        .title = "A connection from SYN to the end of TIME-WAIT: daytime (RFC 867)",
        .prose = "Three segments open the connection: each side's SYN is acknowledged by the other. The server\n"
                 "says one line and closes; the client sees the end of data and closes too. The server, which\n"
                 "closed first, stays in TIME-WAIT for twice the maximum segment lifetime before it forgets.",
        .daytime = true,
        .until_ms = 70000,
        .step = {{0, SERVER, LISTEN, 13, "server listens on port 13"},
                 {0, CLIENT, CONNECT, 13, "client connects"},
                 {200, CLIENT, CLOSE, 0, "client has seen the end of data and closes"}},
        .expect = {{VISITED, SERVER, WEFT_TCP_SYN_RECEIVED, 0, "the server went through SYN-RECEIVED"},
                   {VISITED, SERVER, WEFT_TCP_FIN_WAIT_2, 0, "and, closing first, through FIN-WAIT-1 and FIN-WAIT-2"},
                   {VISITED, CLIENT, WEFT_TCP_LAST_ACK, 0, "the client went through CLOSE-WAIT and LAST-ACK"},
                   {VISITED, SERVER, WEFT_TCP_TIME_WAIT, 0, "the server waited in TIME-WAIT"},
                   {ENDS, SERVER, WEFT_TCP_CLOSED, 0, "and its end has come"},
                   {GOT, CLIENT, 0, 26, "the client got the whole line"}},
    },
    {
        .name = "half-close",
        .title = "Half-close: one direction ends, the other goes on (RFC 9293 §3.6)",
        .prose = "The client sends its request and says with a FIN that this was all. That closes one direction\n"
                 "only: the server, in CLOSE-WAIT, still answers, and the client, in FIN-WAIT-2, still\n"
                 "acknowledges. Only the server's own FIN ends the connection.",
        .until_ms = 70000,
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {100, CLIENT, SEND, 20, "client sends a request of 20 bytes"},
                 {100, CLIENT, SHUT, 0, "client: that was all (shutdown)"},
                 {200, SERVER, SEND, 3000, "server answers with 3000 bytes"},
                 {300, SERVER, CLOSE, 0, "server closes"}},
        .expect = {{VISITED, SERVER, WEFT_TCP_CLOSE_WAIT, 0, "the server answered in CLOSE-WAIT"},
                   {VISITED, CLIENT, WEFT_TCP_FIN_WAIT_2, 0, "the client listened on in FIN-WAIT-2"},
                   {GOT, SERVER, 0, 20, "the request arrived whole"},
                   {GOT, CLIENT, 0, 3000, "the answer arrived whole, after the client's FIN"},
                   {VISITED, CLIENT, WEFT_TCP_TIME_WAIT, 0, "the client, which closed first, waited in TIME-WAIT"},
                   {ENDS, SERVER, WEFT_TCP_CLOSED, 0, "both are gone"}},
    },
    {
        .name = "simultaneous-open",
        .title = "Simultaneous open: two SYNs cross (RFC 9293 §3.5)",
        .prose = "Both ends connect to each other at the same moment. Neither listens, yet one connection comes\n"
                 "about, not two: each answers the SYN that it gets in SYN-SENT by a SYN,ACK, and stands in SYN-\n"
                 "RECEIVED until the other's arrives.",
        .echo_close = {[SERVER] = true},
        .until_ms = 70000,
        .step = {{0, CLIENT, OPEN_BOTH, PORT, "both connect to each other"},
                 {200, CLIENT, SEND, 10, "client sends 10 bytes"},
                 {300, CLIENT, CLOSE, 0, "client closes"}},
        .expect = {{VISITED, CLIENT, WEFT_TCP_SYN_RECEIVED, 0, "one end went from SYN-SENT to SYN-RECEIVED"},
                   {VISITED, SERVER, WEFT_TCP_SYN_RECEIVED, 0, "and so did the other"},
                   {VISITED, CLIENT, WEFT_TCP_ESTABLISHED, 0, "one connection came about"},
                   {GOT, SERVER, 0, 10, "and it carries bytes"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "and ends"}},
    },
    {
        .name = "simultaneous-close",
        .title = "Simultaneous close: two FINs cross (RFC 9293 §3.6)",
        .prose = "Both ends close at the same moment. Each gets a FIN in FIN-WAIT-1 that does not acknowledge\n"
                 "its own, and so stands in CLOSING until the acknowledgment comes. Both closed first: both wait\n"
                 "in TIME-WAIT.",
        .until_ms = 70000,
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {200, CLIENT, CLOSE_BOTH, 0, "both close"}},
        .expect = {{VISITED, CLIENT, WEFT_TCP_CLOSING, 0, "one end went through CLOSING"},
                   {VISITED, SERVER, WEFT_TCP_CLOSING, 0, "and so did the other"},
                   {VISITED, CLIENT, WEFT_TCP_TIME_WAIT, 0, "one end waited in TIME-WAIT"},
                   {VISITED, SERVER, WEFT_TCP_TIME_WAIT, 0, "and so did the other"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "both are gone"}},
    },
    {
        .name = "refused",
        .title = "Refused: nobody listens (RFC 9293 §3.10.7.1)",
        .prose = "A SYN to a port where nobody listens is answered by a reset that acknowledges it: proof that\n"
                 "it answers this SYN and no other. The client's connect fails at once instead of waiting for\n"
                 "minutes.",
        .until_ms = 1000,
        .step = {{0, CLIENT, CONNECT, PORT, "client connects"}},
        .expect = {{SENT, SERVER, TCP_RST | TCP_ACK, 1, "the server's stack answered RST,ACK"},
                   {FAILED, CLIENT, WEFT_ECONNREFUSED, 0, "the client was told: connection refused"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "nothing is left of it"}},
    },
    {
        .name = "abort",
        .title = "Abort: a reset instead of a FIN (RFC 9293 §3.10.5)",
        .prose = "The client gives up the connection rather than closing it. A reset says so: what was on the\n"
                 "way is lost, nobody acknowledges a reset, nobody waits in TIME-WAIT, and the server is told\n"
                 "that this was no orderly end.",
        .until_ms = 2000,
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {100, CLIENT, SEND, 1000, "client sends 1000 bytes"},
                 {200, CLIENT, ABORT, 0, "client aborts"}},
        .expect = {{SENT, CLIENT, TCP_RST, 1, "the client sent a reset"},
                   {FAILED, SERVER, WEFT_ECONNRESET, 0, "the server was told: connection reset by peer"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "the client is gone without TIME-WAIT"},
                   {ENDS, SERVER, WEFT_TCP_CLOSED, 0, "and so is the server"}},
    },
    {
        .name = "lost-final-ack",
        .title = "The lost final ACK: TIME-WAIT's first reason (RFC 9293 §3.6)",
        .prose = "The last acknowledgment of a connection is never acknowledged itself. Here it is lost. The\n"
                 "server, in LAST-ACK, cannot know, and sends its FIN again. Somebody must still be there to\n"
                 "answer it: that is what the client's TIME-WAIT is for. Had it forgotten, it would answer by a\n"
                 "reset, and a good connection would end in an error.",
        .echo_close = {[SERVER] = true},
        .until_ms = 70000,
        .rule = {.active = true, .from = CLIENT, .in_state = WEFT_TCP_TIME_WAIT},
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {200, CLIENT, CLOSE, 0, "client closes"}},
        .expect = {{VISITED, SERVER, WEFT_TCP_LAST_ACK, 0, "the server waited in LAST-ACK"},
                   {AGAIN, SERVER, TCP_FIN, 1, "and sent its FIN again"},
                   {SENT, CLIENT, TCP_ACK, 2, "the client, in TIME-WAIT, acknowledged it again"},
                   {ENDS, SERVER, WEFT_TCP_CLOSED, 0, "the server ended in order"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "and the client after its time"}},
    },
    {
        .name = "wandering-duplicate",
        .title = "The wandering duplicate: TIME-WAIT's second reason (RFC 9293 §3.4.3, §3.6)",
        .prose = "A router kept a copy of a segment. The connection is long over when it comes back. If the same\n"
                 "pair of addresses and ports were in use again, the old bytes could be taken for new ones.\n"
                 "TIME-WAIT prevents that: it keeps the pair for as long as a segment may live, throws the\n"
                 "duplicate away, and only then lets a new connection begin, with a later sequence number, out\n"
                 "of the old one's reach. (With timestamps, which tell old from new, it need not wait so long.)",
        .set = {{"net.ipv4.tcp_timestamps", "0"}},
        .until_ms = 140000,
        .echo_close = {[SERVER] = true},
        .rule = {.active = true, .from = SERVER, .with_text = true, .in_state = -1, .keep_copy = true},
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects from port 5000"},
                 {100, SERVER, SEND, 26, "server sends 26 bytes; a copy of them goes astray"},
                 {200, CLIENT, CLOSE, 0, "client closes"},
                 {2000, CLIENT, CONNECT, PORT, "client connects from port 5000 again"},
                 {5000, CLIENT, WANDER, 0, "the copy finds its way to the client"},
                 {70000, CLIENT, CONNECT, PORT, "after TIME-WAIT: client connects from port 5000"},
                 {70100, SERVER, SEND, 10, "server sends 10 bytes"},
                 {70200, CLIENT, WANDER, 0, "the copy comes once more"},
                 {70300, CLIENT, CLOSE, 0, "client closes"}},
        .expect = {{FAILED, CLIENT, WEFT_EADDRINUSE, 0, "in TIME-WAIT the pair was not given away"},
                   {DROPPED, CLIENT, WEFT_DROP_tcp_time_wait, 1, "the old number gave it away in TIME-WAIT"},
                   {DROPPED, CLIENT, WEFT_DROP_tcp_old, 1, "and in the new connection"},
                   {DROPPED, CLIENT, WEFT_DROP_tcp_time_wait_rst, 1, "TIME-WAIT ignored the reset it provoked"},
                   {SENT, CLIENT, TCP_SYN, 2, "after it, a new connection came about"},
                   {GOT, CLIENT, 0, 36, "no old byte was taken for a new one"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "and all is over"}},
    },
    {
        .name = "half-open",
        .title = "Half-open: the peer has crashed and come back (RFC 9293 §3.5.1)",
        .prose = "The server loses its memory. The client does not notice: nothing is exchanged on an idle\n"
                 "connection. The next segment reaches a stack that knows of no such connection, and its reset\n"
                 "tells the client what happened.",
        .until_ms = 2000,
        .step = {{0, SERVER, LISTEN, PORT, "server listens"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {100, CLIENT, SEND, 26, "client sends 26 bytes"},
                 {300, SERVER, CRASH, 0, "server crashes and comes back"},
                 {500, CLIENT, SEND, 26, "client, knowing nothing, sends 26 bytes"}},
        .expect = {{GOT, SERVER, 0, 26, "the first bytes arrived"},
                   {SENT, SERVER, TCP_RST, 1, "the new server answered the second ones by a reset"},
                   {FAILED, CLIENT, WEFT_ECONNRESET, 0, "the client was told: connection reset by peer"},
                   {ENDS, CLIENT, WEFT_TCP_CLOSED, 0, "and nothing is left"}},
    },
    {
        .name = "zero-window",
        .title = "Zero window: the receiver does not read (RFC 9293 §3.8.6.1)",
        .prose = "The server's program stops reading. Its stack takes what fits and closes the window; the\n"
                 "client must stop. The acknowledgment that will open it again could get lost, and then both\n"
                 "would wait for ever: so the client probes, ever more slowly, until the server reads on.",
        .buffer = 8192,
        .echo_close = {[SERVER] = true},
        .until_ms = 80000,
        .step = {{0, SERVER, LISTEN, PORT, "server listens, with a buffer of 8 KiB"},
                 {0, CLIENT, CONNECT, PORT, "client connects"},
                 {50, SERVER, STOP_READING, 0, "server stops reading"},
                 {100, CLIENT, SEND, 20000, "client sends 20000 bytes"},
                 {5000, SERVER, READ_ON, 0, "server reads on"},
                 {8000, CLIENT, CLOSE, 0, "client closes"}},
        .expect = {{CLOSED_WINDOW, SERVER, 0, 1, "the server closed its window"},
                   {COUNTED, CLIENT, WEFT_COUNT_tcp_window_probes, 3, "the client probed it"},
                   {GOT, SERVER, 0, 20000, "in the end every byte arrived"},
                   {ENDS, SERVER, WEFT_TCP_CLOSED, 0, "and the connection ended in order"}},
    },
};

const size_t n_demo_connections = sizeof demo_connections / sizeof *demo_connections;
