/* SPDX-License-Identifier: MIT */
/* SYN options; see negotiate.h. */
#include "tcp/negotiate.h"


struct tcp_options negotiate_syn(const struct tcp_offer *ours, uint32_t ts)
{
    return (struct tcp_options){
        .mss = ours->mss,
        .wscale = ours->window_scaling ? (int8_t)ours->wscale : -1,
        .sack_permitted = ours->sack,
        .has_ts = ours->timestamps,
        .ts_val = ts,
    };
}

struct tcp_options negotiate_syn_ack(const struct tcp_offer *ours, const struct tcp_options *theirs, uint32_t ts)
{
    struct tcp_options o = negotiate_syn(ours, ts);

    if (theirs->wscale < 0)
        o.wscale = -1;
    if (!theirs->sack_permitted)
        o.sack_permitted = false;
    if (!theirs->has_ts)
        o.has_ts = false;
    o.ts_ecr = theirs->ts_val;
    return o;
}

struct tcp_agreed negotiate(const struct tcp_offer *ours, const struct tcp_options *theirs, bool v6)
{
    bool scaling = ours->window_scaling && theirs->wscale >= 0;
    uint16_t mss = theirs->mss ? theirs->mss : v6 ? TCP_DEFAULT_MSS_V6 : TCP_DEFAULT_MSS_V4;

    return (struct tcp_agreed){
        .peer_mss = (uint16_t)max_u32(mss, ours->min_mss),
        .snd_wscale = scaling ? (uint8_t)min_u32((uint32_t)theirs->wscale, TCP_MAX_SHIFT) : 0, /* RFC 7323 §2.3 */
        .rcv_wscale = scaling ? ours->wscale : 0,
        .timestamps = ours->timestamps && theirs->has_ts,
        .sack = ours->sack && theirs->sack_permitted,
    };
}
