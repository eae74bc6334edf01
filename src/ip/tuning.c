/* SPDX-License-Identifier: MIT */
/* Options that are for datagram sockets alone, or mean something else to streams: one row each, as Linux has them. */
#include "ip/private.h"

#define MAX_SEGMENT     65535 /* bytes */
#define SEND_BUFFER_MIN 4608  /* what Linux rounds the smallest one up to */

struct row {
    int level, option;
    int min, max;
    int (*get)(const struct dgram_ep *d);        /* or an error, negative; NULL: as below */
    int (*set)(struct dgram_ep *d, int v);       /* v is in range; NULL: as below */
    uint32_t bit;                                /* without functions: of enum sock_tell, as 0 or 1 */
    bool exact;                                  /* its length must be an int's */
};

/* At most what is allowed, doubled for what keeping costs; a negative number asks for all. */
static size_t buffer_of(int v, size_t limit)
{
    return max_size(2 * min_size((uint32_t)v, min_size(limit, INT_MAX / 2)), DGRAM_BUFFER_MIN);
}

static int get_rcvbuf(const struct dgram_ep *d) { return (int)d->queue.limit; }
static int get_sndbuf(const struct dgram_ep *d) { return (int)d->send_limit; }

static int set_rcvbuf(struct dgram_ep *d, int v)
{
    d->queue.limit = buffer_of(v, d->sock.stack->config.tcp.receive_buffer_limit);
    return 0;
}

static int set_sndbuf(struct dgram_ep *d, int v)
{
    d->send_limit = max_size(buffer_of(v, d->sock.stack->config.tcp.send_buffer_limit), SEND_BUFFER_MIN);
    return 0;
}

/* Beyond the limit, for whoever may; nobody asks here who that is. */
static int force_rcvbuf(struct dgram_ep *d, int v)
{
    d->queue.limit = buffer_of(v < 0 ? 0 : v, INT_MAX);
    return 0;
}

static int force_sndbuf(struct dgram_ep *d, int v)
{
    d->send_limit = max_size(buffer_of(v < 0 ? 0 : v, INT_MAX), SEND_BUFFER_MIN);
    return 0;
}

static int get_discovery(const struct dgram_ep *d) { return d->discovery; }
static int get_discovery6(const struct dgram_ep *d) { return d->discovery6; }

static int set_discovery(struct dgram_ep *d, int v)
{
    d->discovery = (uint8_t)v;
    d->path = (struct ip_path){0}; /* which may know less than there is to know */
    return 0;
}

static int set_discovery6(struct dgram_ep *d, int v)
{
    d->discovery6 = (uint8_t)v;
    d->path = (struct ip_path){0};
    return 0;
}

/* What the path to the peer carries. */
static int get_mtu(const struct dgram_ep *d)
{
    struct ip_path path = {0};

    if (ip_is_any(&d->remote.ip))
        return WEFT_ENOTCONN;
    return route_lookup(d->sock.stack, &d->remote.ip, &path) == 0 ? (int)path_mtu(&path) : WEFT_ENOTCONN;
}

/* No less than every link of IPv6 carries. */
static int set_mtu6(struct dgram_ep *d, int v)
{
    if (v && v < IPV6_MIN_MTU)
        return WEFT_EINVAL;
    d->mtu6 = (uint32_t)v;
    return 0;
}

static int get_segment(const struct dgram_ep *d) { return d->rare.segment; }

static int set_segment(struct dgram_ep *d, int v)
{
    d->rare.segment = v;
    return 0;
}

/* As Linux has it on every machine: the larger byte first. */
static uint32_t swapped(uint32_t v)
{
    uint8_t b[4];

    memcpy(b, &v, sizeof b);
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int set_out(struct dgram_ep *d, int v, uint16_t *out)
{
    uint32_t index = swapped((uint32_t)v);

    if (index && !if_by_index(d->sock.stack, index))
        return WEFT_EADDRNOTAVAIL;
    if (index && d->rare.interface && index != (uint32_t)d->rare.interface)
        return WEFT_EINVAL;
    *out = (uint16_t)index; /* an interface's: it fits */
    return 0;
}

static int get_out_v4(const struct dgram_ep *d) { return (int)swapped(d->out_v4); }
static int get_out_v6(const struct dgram_ep *d) { return (int)swapped(d->out_v6); }
static int set_out_v4(struct dgram_ep *d, int v) { return set_out(d, v, &d->out_v4); }
static int set_out_v6(struct dgram_ep *d, int v) { return set_out(d, v, &d->out_v6); }

#define ANY INT_MIN, INT_MAX

static const struct row rows[] = {
    {WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, ANY, get_rcvbuf, set_rcvbuf, 0, false},
    {WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, ANY, get_sndbuf, set_sndbuf, 0, false},
    {WEFT_SOL_SOCKET, WEFT_SO_RCVBUFFORCE, ANY, NULL, force_rcvbuf, 0, false},
    {WEFT_SOL_SOCKET, WEFT_SO_SNDBUFFORCE, ANY, NULL, force_sndbuf, 0, false},
    {WEFT_SOL_SOCKET, WEFT_SO_KEEPALIVE, ANY, NULL, NULL, RARE_KEEPALIVE, false},
    {WEFT_SOL_SOCKET, WEFT_SO_OOBINLINE, ANY, NULL, NULL, RARE_OOBINLINE, false},
    {WEFT_SOL_IP, WEFT_IP_MTU_DISCOVER, WEFT_PMTUDISC_DONT, WEFT_PMTUDISC_OMIT, get_discovery, set_discovery, 0, false},
    {WEFT_SOL_IP, WEFT_IP_MTU, 1, 0, get_mtu, NULL, 0, false},
    {WEFT_SOL_IPV6, WEFT_IPV6_MTU_DISCOVER, WEFT_PMTUDISC_DONT, WEFT_PMTUDISC_OMIT, get_discovery6, set_discovery6, 0,
     false},
    {WEFT_SOL_IP, WEFT_IP_UNICAST_IF, ANY, get_out_v4, set_out_v4, 0, true},
    {WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_IF, ANY, get_out_v6, set_out_v6, 0, true},
    {WEFT_SOL_IPV6, WEFT_IPV6_MTU, 0, INT_MAX, get_mtu, set_mtu6, 0, false},
    {WEFT_SOL_UDP, WEFT_UDP_SEGMENT, 0, MAX_SEGMENT, get_segment, set_segment, 0, false},
    {WEFT_SOL_UDP, WEFT_UDP_GRO, ANY, NULL, NULL, RARE_GRO, false},
};

static const struct row *find(const struct dgram_ep *d, int level, int option)
{
    if ((level == WEFT_SOL_UDP && endpoint_ops(&d->sock)->proto != WEFT_UDP) || (level == WEFT_SOL_IPV6 && !d->sock.v6))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].level == level && rows[i].option == option)
            return &rows[i];
    return NULL;
}

/* ---- those that are no int ---- */

/* WEFT_SO_MAX_PACING_RATE: kept and told, for datagrams go when they are sent. */
static int set_pacing(struct dgram_ep *d, const void *value, size_t n)
{
    uint64_t rate;

    if (!endpoint_take_rate(value, n, &rate))
        return WEFT_EINVAL;
    d->unpaced = ~rate;
    return 0;
}

static int get_pacing(const struct dgram_ep *d, void *value, size_t *n)
{
    uint64_t rate = ~d->unpaced;
    uint32_t narrow = (uint32_t)min_u64(rate, UINT32_MAX);
    bool wide = *n >= sizeof rate;

    *n = wide ? sizeof rate : min_size(*n, sizeof narrow);
    memcpy(value, wide ? (const void *)&rate : (const void *)&narrow, *n);
    return 0;
}

static int get_meminfo(const struct dgram_ep *d, void *value, size_t *n)
{
    uint32_t held[WEFT_MEMINFO_COUNT] = {0};

    held[WEFT_MEMINFO_RMEM] = (uint32_t)min_size(d->queue.held, UINT32_MAX);
    held[WEFT_MEMINFO_RCVBUF] = (uint32_t)d->queue.limit;
    held[WEFT_MEMINFO_SNDBUF] = (uint32_t)d->send_limit;
    held[WEFT_MEMINFO_DROPS] = d->queue.lost;
    *n = min_size(*n, sizeof held);
    memcpy(value, held, *n);
    return 0;
}

/* ---- all of them ---- */

int dgram_tune(struct dgram_ep *d, int level, int option, const void *value, size_t n)
{
    const struct row *row = find(d, level, option);
    int v = 0;

    if (level == WEFT_SOL_SOCKET && option == WEFT_SO_MAX_PACING_RATE)
        return set_pacing(d, value, n);
    if (!row || (!row->set && !row->bit))
        return WEFT_ENOPROTOOPT;
    if (n < sizeof v || (n != sizeof v && row->exact))
        return WEFT_EINVAL;
    memcpy(&v, value, sizeof v);
    if (v < row->min || v > row->max)
        return WEFT_EINVAL;
    if (row->set)
        return row->set(d, v);
    d->rare.tell = v ? d->rare.tell | row->bit : d->rare.tell & ~row->bit;
    return 0;
}

int dgram_tuned(const struct dgram_ep *d, int level, int option, void *value, size_t *n)
{
    const struct row *row = find(d, level, option);
    int v;

    if (level == WEFT_SOL_SOCKET && option == WEFT_SO_MAX_PACING_RATE)
        return get_pacing(d, value, n);
    if (level == WEFT_SOL_SOCKET && option == WEFT_SO_MEMINFO)
        return get_meminfo(d, value, n);
    if (!row || (!row->get && !row->bit))
        return WEFT_ENOPROTOOPT;
    v = row->get ? row->get(d) : (d->rare.tell & row->bit) != 0;
    if (v < 0)
        return v;
    ip_give_option(level, v, value, n);
    return 0;
}
