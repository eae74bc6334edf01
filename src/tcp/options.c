/* SPDX-License-Identifier: MIT */
/* TCP's socket options; see options.h. */
#include "tcp/options.h"

#include "tcp/conn.h"
#include "tcp/info.h"

#define MIN_BUFFER 2304       /* bytes; what Linux rounds the smallest receive buffer to */
#define MAX_BUFFER (1u << 30) /* the largest window there is (RFC 7323 §2.3) */

/* Each setter gets a value already checked against the row's range. */
struct row {
    int level, option;
    int min, max;
    void (*set)(struct tcp_conn *c, int v); /* NULL: read only */
    int (*get)(const struct tcp_conn *c);
};

static bool is_working(const struct tcp_conn *c) { return c->state != WEFT_TCP_LISTEN && c->work; }

static void set_nodelay(struct tcp_conn *c, int v) { c->nodelay = v; }
static int get_nodelay(const struct tcp_conn *c) { return c->nodelay; }
static void set_cork(struct tcp_conn *c, int v) { c->cork = v; }
static int get_cork(const struct tcp_conn *c) { return c->cork; }
static void set_maxseg(struct tcp_conn *c, int v)
{
    c->user_mss = (uint16_t)v;
    if (c->peer_mss)
        conn_update_mss(c);
}
static int get_maxseg(const struct tcp_conn *c)
{
    return c->peer_mss ? c->mss : c->user_mss ? c->user_mss : TCP_DEFAULT_MSS_V4;
}

/* Keepalive may change under a running connection: its timer starts from now. */
static void restart_keepalive(struct tcp_conn *c)
{
    if (!state_synchronized(c->state) || c->state == WEFT_TCP_TIME_WAIT || c->orphan)
        return;
    c->keepalive_sent = 0;
    c->quiet_deadline =
        c->keepalive ? time_after(max_u64(c->heard, c->spoke), c->keepalive_idle * WEFT_S) : WEFT_NEVER;
}

static void set_keepalive(struct tcp_conn *c, int v)
{
    c->keepalive = v;
    restart_keepalive(c);
}
static int get_keepalive(const struct tcp_conn *c) { return c->keepalive; }
static void set_keepidle(struct tcp_conn *c, int v)
{
    c->keepalive_idle = (uint32_t)v;
    restart_keepalive(c);
}
static int get_keepidle(const struct tcp_conn *c) { return (int)c->keepalive_idle; }
static void set_keepintvl(struct tcp_conn *c, int v) { c->keepalive_interval = (uint32_t)v; }
static int get_keepintvl(const struct tcp_conn *c) { return (int)c->keepalive_interval; }
static void set_keepcnt(struct tcp_conn *c, int v) { c->keepalive_probes = (uint8_t)v; }
static int get_keepcnt(const struct tcp_conn *c) { return c->keepalive_probes; }
static void set_user_timeout(struct tcp_conn *c, int v) { c->user_timeout = (uint32_t)v; }
static int get_user_timeout(const struct tcp_conn *c) { return (int)c->user_timeout; }

static void set_quickack(struct tcp_conn *c, int v)
{
    c->quick = v ? (uint8_t)tcp_config(c->ep.stack)->quick_acks : 0;
    if (v && is_working(c) && c->work->deadline[TCP_TIMER_ACK] != WEFT_NEVER)
        ackpolicy_now(&c->work->ack);
}
static int get_quickack(const struct tcp_conn *c) { return c->quick > 0; }

static void set_sndbuf(struct tcp_conn *c, int v) { c->send_buffer = max_u32((uint32_t)v, MIN_BUFFER); }
static int get_sndbuf(const struct tcp_conn *c) { return (int)c->send_buffer; }
/* The window scale is fixed by the SYN, and what was announced stands (SHLD-14): a smaller buffer only slows down. */
static void set_rcvbuf(struct tcp_conn *c, int v)
{
    c->receive_buffer = max_u32((uint32_t)v, MIN_BUFFER);
    if (is_working(c))
        recvq_limit(&c->work->recvq, RECEIVE_PIN * (size_t)c->receive_buffer);
}
static int get_rcvbuf(const struct tcp_conn *c) { return (int)c->receive_buffer; }
static int get_acceptconn(const struct tcp_conn *c) { return c->state == WEFT_TCP_LISTEN; }

static const struct row rows[] = {
    {WEFT_SOL_TCP, WEFT_TCP_NODELAY, INT_MIN, INT_MAX, set_nodelay, get_nodelay},
    {WEFT_SOL_TCP, WEFT_TCP_CORK, INT_MIN, INT_MAX, set_cork, get_cork},
    {WEFT_SOL_TCP, WEFT_TCP_MAXSEG, 88, 32767, set_maxseg, get_maxseg},
    {WEFT_SOL_TCP, WEFT_TCP_KEEPIDLE, 1, 32767, set_keepidle, get_keepidle},
    {WEFT_SOL_TCP, WEFT_TCP_KEEPINTVL, 1, 32767, set_keepintvl, get_keepintvl},
    {WEFT_SOL_TCP, WEFT_TCP_KEEPCNT, 1, 127, set_keepcnt, get_keepcnt},
    {WEFT_SOL_TCP, WEFT_TCP_QUICKACK, INT_MIN, INT_MAX, set_quickack, get_quickack},
    {WEFT_SOL_TCP, WEFT_TCP_USER_TIMEOUT, 0, INT_MAX, set_user_timeout, get_user_timeout},
    {WEFT_SOL_SOCKET, WEFT_SO_KEEPALIVE, INT_MIN, INT_MAX, set_keepalive, get_keepalive},
    {WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, 0, MAX_BUFFER, set_sndbuf, get_sndbuf},
    {WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, 0, MAX_BUFFER, set_rcvbuf, get_rcvbuf},
    {WEFT_SOL_SOCKET, WEFT_SO_ACCEPTCONN, 0, 0, NULL, get_acceptconn},
};

static const struct row *find(int level, int option)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].level == level && rows[i].option == option)
            return &rows[i];
    return NULL;
}

static int set_linger(struct tcp_conn *c, const void *value, size_t n)
{
    struct weft_linger linger;

    if (n < sizeof linger)
        return WEFT_EINVAL;
    memcpy(&linger, value, sizeof linger);
    c->linger_reset = linger.onoff && linger.linger == 0;
    return 0;
}

static int get_linger(const struct tcp_conn *c, void *value, size_t *n)
{
    struct weft_linger linger = {.onoff = c->linger_reset};

    *n = min_size(*n, sizeof linger);
    memcpy(value, &linger, *n);
    return 0;
}

static int get_info(const struct tcp_conn *c, void *value, size_t *n)
{
    struct weft_tcp_info info;

    info_fill(c, &info);
    *n = min_size(*n, sizeof info);
    memcpy(value, &info, *n);
    return 0;
}

int tcp_setopt(weft_sock *e, int level, int option, const void *value, size_t n)
{
    struct tcp_conn *c = conn_of(e);
    const struct row *row = find(level, option);
    int v;

    if (level == WEFT_SOL_SOCKET && option == WEFT_SO_LINGER)
        return set_linger(c, value, n);
    if (!row || !row->set)
        return WEFT_ENOPROTOOPT;
    if (n < sizeof v)
        return WEFT_EINVAL;
    memcpy(&v, value, sizeof v);
    if (v < row->min || v > row->max)
        return WEFT_EINVAL;
    row->set(c, row->min == INT_MIN ? v != 0 : v);
    conn_settle(c);
    return 0;
}

int tcp_getopt(const weft_sock *e, int level, int option, void *value, size_t *n)
{
    const struct row *row = find(level, option);
    int v;

    if (level == WEFT_SOL_SOCKET && option == WEFT_SO_LINGER)
        return get_linger(conn_of(e), value, n);
    if (level == WEFT_SOL_TCP && option == WEFT_TCP_INFO)
        return get_info(conn_of(e), value, n);
    if (!row)
        return WEFT_ENOPROTOOPT;
    v = row->get(conn_of(e));
    *n = min_size(*n, sizeof v);
    memcpy(value, &v, *n);
    return 0;
}
