/* SPDX-License-Identifier: MIT */
/* SYN cookies; see cookie.h. */
#include "tcp/cookie.h"

#include "tcp/isn.h"
#include "tcp/negotiate.h"

#define MINUTE   (60 * WEFT_S)
#define CLASSES  8

#define TS_WSCALE    0x0f /* TS_NO_WSCALE: none */
#define TS_NO_WSCALE 0x0f
#define TS_SACK      0x10
#define TS_ECN       0x20
#define TS_BITS      0x3f

/* What peers announce most: the defaults, tunnels, and links of 1500 and 9000 bytes with either family. */
static const uint16_t mss_of_class[CLASSES] = {216, 536, 1220, 1300, 1400, 1440, 1460, 8940};

static unsigned class_of(uint16_t mss)
{
    unsigned i = CLASSES - 1;

    while (i && mss < mss_of_class[i])
        i--;
    return i;
}

static uint32_t mac(struct sip_key key, const struct tcp_flow *flow, struct seq irs, uint64_t minute)
{
    struct flow_bytes f = flow_bytes(&flow->local, &flow->remote);
    uint32_t when = (uint32_t)minute;

    memcpy(f.b + f.n, &irs.v, 4);
    memcpy(f.b + f.n + 4, &when, 4);
    return (uint32_t)siphash24(key, f.b, f.n + 8u);
}

struct seq cookie_make(struct sip_key key, const struct tcp_flow *flow, struct seq irs, uint16_t mss, weft_time now)
{
    return seq(mac(key, flow, irs, now / MINUTE) + class_of(mss));
}

uint16_t cookie_check(struct sip_key key, const struct tcp_flow *flow, struct seq irs, struct seq cookie, weft_time now)
{
    for (uint64_t age = 0; age < COOKIE_MINUTES && age <= now / MINUTE; age++) {
        uint32_t class = cookie.v - mac(key, flow, irs, now / MINUTE - age);

        if (class < CLASSES)
            return mss_of_class[class];
    }
    return 0;
}

uint32_t cookie_timestamp(uint32_t ts, struct cookie_options o)
{
    uint32_t bits = (o.wscale < 0 ? TS_NO_WSCALE : min_u32((uint32_t)o.wscale, TS_NO_WSCALE - 1)) |
                    (o.sack ? TS_SACK : 0) | (o.ecn ? TS_ECN : 0);
    uint32_t with = (ts & ~(uint32_t)TS_BITS) | bits;

    return bits > (ts & TS_BITS) ? with - (TS_BITS + 1) : with;
}

struct cookie_options cookie_read_timestamp(uint32_t ts)
{
    return (struct cookie_options){
        .wscale = (ts & TS_WSCALE) == TS_NO_WSCALE ? -1 : (int8_t)(ts & TS_WSCALE),
        .sack = ts & TS_SACK,
        .ecn = ts & TS_ECN,
    };
}
