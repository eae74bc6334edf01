/* SPDX-License-Identifier: MIT */
/* The send buffer's size; see sndbuf.h. */
#include "tcp/sndbuf.h"

#define LEAST_SEGMENTS 10  /* RFC 6928 */
#define HEADERS_COST   640 /* room for headers, and what a packet's data costs besides itself */
#define PACKET_COST    256 /* what a packet costs besides its data */

uint32_t sndbuf_for(uint32_t cwnd, uint32_t mss, uint32_t path_mss)
{
    uint64_t segments = max_u32(LEAST_SEGMENTS, cwnd / max_u32(mss, 1));
    uint32_t need = max_u32(mss, path_mss) + HEADERS_COST, cost = 512;

    while (cost < need)
        cost *= 2;
    return (uint32_t)min_u64(2 * segments * (cost + PACKET_COST), UINT32_MAX);
}

/* A full chunk goes out: its first packet when nothing waits before it, all that may when enough was written. */
static void push_out(struct sndbuf *b)
{
    uint32_t go = min_u32(b->quota, b->last);

    if (b->since > b->half)
        b->since = 0;
    else
        go = b->last == b->unsent ? min_u32(go, b->packet) : 0;
    if (go == 0)
        return;
    b->cost += SNDBUF_PACKET * ((go + b->packet - 1) / b->packet - (go == b->last));
    b->quota -= go;
    b->unsent -= go;
    b->last -= go;
}

uint32_t sndbuf_take(struct sndbuf *b, uint32_t want)
{
    uint32_t taken = 0;

    while (taken < want) {
        uint32_t n;

        if (b->last == 0 || b->last >= b->chunk) {
            if (b->cost >= b->buffer || b->unsent >= b->lowat)
                break;
            b->cost += SNDBUF_PACKET;
            b->last = 0;
        }
        n = min_u32(want - taken, b->chunk - b->last);
        taken += n;
        b->cost += n;
        b->unsent += n;
        b->last += n;
        b->since += n;
        if (b->last == b->chunk)
            push_out(b);
    }
    return taken;
}
