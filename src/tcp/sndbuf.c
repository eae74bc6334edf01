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
