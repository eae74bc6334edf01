/* SPDX-License-Identifier: MIT */
/*
 * The eleven states of RFC 9293 §3.3.2 and the edges between them, as in its figure 5 (and as RFC 5961 and resets
 * add). One function writes the state.
 *
 *                                  CLOSED <------------------------------------------------+
 *              passive OPEN |   ^  ^ |  active OPEN: send SYN                              |
 *                           v   |  | v                                                     |
 *      rcv SYN: (half-open) LISTEN SYN-SENT --rcv SYN: send SYN,ACK--> SYN-RECEIVED        |
 *                 :                  |  rcv SYN,ACK: send ACK             |    |  |        |
 *                 : rcv ACK          v             rcv ACK                |    |  |        |
 *                 +.............> ESTABLISHED <---------------------------+    |  |        |
 *                    CLOSE: send FIN |   |  rcv FIN: send ACK                  |  |        |
 *              FIN-WAIT-1 <----------+   +----------> CLOSE-WAIT <-------------|--+        |
 *                |  |  ^  <--------------------CLOSE---------|-----------------+           |
 *    rcv ACK     |  |  rcv FIN: send ACK                     | CLOSE: send FIN             |
 *    of FIN      |  +----> CLOSING --rcv ACK of FIN--+       v                             |
 *                v                                   |     LAST-ACK --rcv ACK of FIN-------+
 *            FIN-WAIT-2 --rcv FIN: send ACK--> TIME-WAIT --2 MSL---------------------------+
 *
 * A SYN to a listener makes a compact half-open record (halfopen.h), not a connection; the connection is born in
 * SYN-RECEIVED by the acknowledgment that completes it. TIME-WAIT is a record too (timewait.h); a connection stays in
 * that state only as long as its user still holds it. Every state may go to CLOSED: reset, abort, time-out.
 */
#include "tcp/state.h"

#define TO(state) (1u << WEFT_TCP_##state)

static const uint16_t edges[WEFT_TCP_STATE_COUNT] = {
    [WEFT_TCP_CLOSED] = TO(LISTEN) | TO(SYN_SENT) | TO(SYN_RECEIVED),
    [WEFT_TCP_LISTEN] = TO(CLOSED) | TO(SYN_SENT),
    [WEFT_TCP_SYN_SENT] = TO(CLOSED) | TO(SYN_RECEIVED) | TO(ESTABLISHED),
    [WEFT_TCP_SYN_RECEIVED] = TO(CLOSED) | TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(CLOSE_WAIT),
    [WEFT_TCP_ESTABLISHED] = TO(CLOSED) | TO(FIN_WAIT_1) | TO(CLOSE_WAIT),
    [WEFT_TCP_FIN_WAIT_1] = TO(CLOSED) | TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT),
    [WEFT_TCP_FIN_WAIT_2] = TO(CLOSED) | TO(TIME_WAIT),
    [WEFT_TCP_CLOSE_WAIT] = TO(CLOSED) | TO(LAST_ACK),
    [WEFT_TCP_CLOSING] = TO(CLOSED) | TO(TIME_WAIT),
    [WEFT_TCP_LAST_ACK] = TO(CLOSED),
    [WEFT_TCP_TIME_WAIT] = TO(CLOSED),
};

bool state_edge_allowed(enum weft_tcp_state from, enum weft_tcp_state to) { return edges[from] >> to & 1; }

void state_set(struct tcp_conn *c, enum weft_tcp_state to)
{
    enum weft_tcp_state from = c->state;

    weft_assert(state_edge_allowed(from, to), "each caller stands for one edge of RFC 9293 figure 5");
    c->state = (uint8_t)to;
    if (unlikely(c->ep.stack->env.trace)) {
        struct tcp_flow flow = conn_flow(c);

        stack_trace_state(c->ep.stack, &c->ep, &flow.local, &flow.remote, from, to);
    }
}
