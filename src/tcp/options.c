/* SPDX-License-Identifier: MIT */
/* TCP's socket options; see options.h. */
#include "tcp/options.h"

#include "tcp/acking.h"
#include "tcp/calls.h"
#include "tcp/info.h"
#include "tcp/ipoptions.h"
#include "tcp/origin.h"
#include "tcp/path.h"
#include "tcp/refused.h"
#include "tcp/settle.h"
#include "tcp/state.h"
#include "tcp/synsent.h"
#include "tcp/timeouts.h"
#include "tcp/window.h"
#include "tcp/usual.h"
#include "tcp/work.h"

#define MIN_SEND_BUFFER 4608  /* bytes; what Linux rounds the smallest one up to */
#define MAX_BUFFER (1u << 30) /* the largest window there is (RFC 7323 §2.3) */
#define MIN_MAXSEG 88
#define MAX_LINGER2 120u      /* s */
#define CC_NAME 16            /* bytes of a congestion control's name, with its end */

/* An option that is an int. Without functions it is a field of the connection's settings as it stands. */
struct row {
    int level, option;
    bool is_flag; /* any value counts, as 0 or 1 */
    int min, max;
    int (*set)(struct tcp_conn *c, int v); /* v is in range. 0, or an error */
    int (*get)(const struct tcp_conn *c);
    uint16_t field; /* in struct tcp_settings */
};

#define FLAG            true, INT_MIN, INT_MAX
#define ANY             false, INT_MIN, INT_MAX
#define RANGE(min, max) false, min, max
#define SETTING(member) offsetof(struct tcp_settings, member)

/* An option that is anything else. */
struct raw_row {
    int level, option;
    int (*set)(struct tcp_conn *c, const void *value, size_t n); /* NULL: read only */
    int (*get)(const struct tcp_conn *c, void *value, size_t *n);
};

/* Out of the buffer's n bytes as many as there are to give. */
static int give(void *value, size_t *n, const void *from, size_t size)
{
    *n = min_size(*n, size);
    memcpy(value, from, *n);
    return 0;
}

static int give_int(void *value, size_t *n, int v) { return give(value, n, &v, sizeof v); }

/* The connection's settings, to be written to; NULL: no memory. */
static struct tcp_settings *own(struct tcp_conn *c) { return settings_own(&c->settings, &c->ep.stack->mem); }

const struct sock_rare *tcp_rare(const weft_sock *e)
{
    return &container_of(e, const struct tcp_conn, ep)->settings->rare;
}

struct sock_rare *tcp_own_rare(weft_sock *e)
{
    struct tcp_settings *s = own(container_of(e, struct tcp_conn, ep));

    return s ? &s->rare : NULL;
}

/* ---- one by one ---- */

static bool is_working(const struct tcp_conn *c) { return c->state != WEFT_TCP_LISTEN && c->work; }

/* What waits to be filled up goes out, corked or not. */
static void push_now(struct tcp_conn *c)
{
    if (is_working(c))
        c->work->push_now = true;
}

static int set_nodelay(struct tcp_conn *c, int v)
{
    c->nodelay = v;
    if (v)
        push_now(c);
    return 0;
}
static int get_nodelay(const struct tcp_conn *c) { return c->nodelay; }

/* The cork holds what is written from now on: what could go before it, and only waits for the link's turn, goes. */
static int set_cork(struct tcp_conn *c, int v)
{
    struct tcp_plan plan = {.kind = PLAN_NOTHING};

    if (v && !c->cork && is_working(c))
        transmit_plan(c, &plan);
    c->cork = v;
    if (plan.kind == PLAN_DATA || (!v && c->nodelay))
        push_now(c);
    return 0;
}
static int get_cork(const struct tcp_conn *c) { return c->cork; }

/* 0 takes an earlier one back. */
static int set_maxseg(struct tcp_conn *c, int v)
{
    struct tcp_settings *s;

    if (v && v < MIN_MAXSEG)
        return WEFT_EINVAL;
    if (!(s = own(c)))
        return WEFT_ENOMEM;
    s->user_mss = (uint32_t)v; /* counts when a handshake is made, as on Linux */
    return 0;
}
static int get_maxseg(const struct tcp_conn *c)
{
    bool any = c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_LISTEN;

    if (any && c->settings->user_mss)
        return (int)c->settings->user_mss;
    if (c->state == WEFT_TCP_SYN_SENT)
        return (int)conn_mss_unheard(c);
    return c->peer_mss ? c->mss : TCP_DEFAULT_MSS_V4;
}

/* Keepalive may change under a running connection: its timer starts from now. */
static int restart_keepalive(struct tcp_conn *c)
{
    weft_time at = c->keepalive ? time_after(max_u64(c->heard, c->spoke), conn_keepalive(c).idle) : WEFT_NEVER;

    if (!state_synchronized(c->state) || c->state == WEFT_TCP_TIME_WAIT || c->orphan)
        return 0;
    c->keepalive_sent = 0;
    return conn_set_quiet(c, at) ? 0 : WEFT_ENOMEM;
}

static int set_keepalive(struct tcp_conn *c, int v)
{
    int err;

    c->keepalive = v;
    err = restart_keepalive(c);
    if (err)
        c->keepalive = false;
    return err;
}
static int get_keepalive(const struct tcp_conn *c) { return c->keepalive; }

static int set_keepidle(struct tcp_conn *c, int v)
{
    struct tcp_settings *s = own(c);

    if (!s)
        return WEFT_ENOMEM;
    s->keepalive_idle = (uint32_t)v;
    return restart_keepalive(c);
}
static int get_keepidle(const struct tcp_conn *c) { return (int)(conn_keepalive(c).idle / WEFT_S); }
static int get_keepintvl(const struct tcp_conn *c) { return (int)(conn_keepalive(c).interval / WEFT_S); }
static int get_keepcnt(const struct tcp_conn *c) { return (int)conn_keepalive(c).probes; }

static int get_syncnt(const struct tcp_conn *c)
{
    return (int)(c->settings->syn_retries ? c->settings->syn_retries : tcp_config(c->ep.stack)->syn_retries);
}

/* Longer than two minutes is two minutes; negative: not at all. */
static int set_linger2(struct tcp_conn *c, int v)
{
    struct tcp_settings *s = own(c);

    if (!s)
        return WEFT_ENOMEM;
    s->fin_wait_2 = v < 0 ? -1 : (int32_t)min_u32((uint32_t)v, MAX_LINGER2);
    return 0;
}
static int get_linger2(const struct tcp_conn *c)
{
    return c->settings->fin_wait_2 ? c->settings->fin_wait_2 : (int)(tcp_config(c->ep.stack)->fin_wait_2 / WEFT_S);
}

/* Seconds as the number of SYN,ACKs that such a time takes, as on Linux: 1, 3, 7, … s; and back. */
static int set_defer_accept(struct tcp_conn *c, int v)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    weft_time wait = k->rto_initial, until = wait;
    struct tcp_settings *s = own(c);

    if (!s)
        return WEFT_ENOMEM;
    s->defers_itself = c->passive;
    s->defer_accept = v > 0;
    while (v > 0 && until < (weft_time)v * WEFT_S && s->defer_accept < HALFOPEN_MAX_REPEATS) {
        wait = min_u64(2 * wait, k->rto_max);
        until += wait;
        s->defer_accept++;
    }
    return 0;
}
static int get_defer_accept(const struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    weft_time wait = k->rto_initial, until = 0;

    if (c->passive && !c->settings->defers_itself) /* its listener's wish, which has been fulfilled */
        return 0;
    for (uint32_t i = 0; i < c->settings->defer_accept; i++) {
        until += wait;
        wait = min_u64(2 * wait, k->rto_max);
    }
    return (int)(until / WEFT_S);
}

/* How many connections of this listener may wait for their third segment with data in hand. */
static int set_fastopen(struct tcp_conn *c, int v)
{
    struct tcp_settings *s;

    if (c->state != WEFT_TCP_CLOSED && c->state != WEFT_TCP_LISTEN)
        return WEFT_EINVAL;
    if (!(s = own(c)))
        return WEFT_ENOMEM;
    s->fastopen_queue = min_u32((uint32_t)v, tcp_config(c->ep.stack)->max_backlog);
    return 0;
}
static int get_fastopen(const struct tcp_conn *c) { return (int)c->settings->fastopen_queue; }

static int set_fastopen_connect(struct tcp_conn *c, int v)
{
    struct tcp_settings *s;

    if (!(tcp_config(c->ep.stack)->fastopen & 1))
        return WEFT_EOPNOTSUPP;
    if (c->state != WEFT_TCP_CLOSED)
        return WEFT_EINVAL;
    if (!(s = own(c)))
        return WEFT_ENOMEM;
    s->fastopen_connect = (uint32_t)v;
    return 0;
}
static int get_fastopen_connect(const struct tcp_conn *c) { return (int)c->settings->fastopen_connect; }

static int set_fastopen_no_cookie(struct tcp_conn *c, int v)
{
    struct tcp_settings *s;

    if (c->state != WEFT_TCP_CLOSED && c->state != WEFT_TCP_LISTEN)
        return WEFT_EINVAL;
    if (!(s = own(c)))
        return WEFT_ENOMEM;
    s->fastopen_no_cookie = (uint32_t)v;
    return 0;
}
static int get_fastopen_no_cookie(const struct tcp_conn *c) { return (int)c->settings->fastopen_no_cookie; }

static int set_quickack(struct tcp_conn *c, int v)
{
    c->pace.interactive = !v;
    if (v && is_working(c) && c->work->ack.scheduled && state_synchronized(c->state)) {
        c->work->ack.pushed = true; /* so that it goes out when he has read all, as on Linux */
        if (tcp_config(c->ep.stack)->quick_acks)
            conn_acknowledge_reading(c);
        else
            ackpolicy_now(&c->work->ack);
        c->pace.interactive = !(v & 1);
    }
    return 0;
}
static int get_quickack(const struct tcp_conn *c) { return !c->pace.interactive; }

static int get_timestamp(const struct tcp_conn *c) { return (int)ts_clock(conn_now(c), c->ts_offset); }
/* Only a connection that is being moved between machines may do that. */
static int set_timestamp(struct tcp_conn *c, int v)
{
    (void)c, (void)v;
    return WEFT_EPERM;
}

/* At most `limit`, as net.core.wmem_max and rmem_max have it; a negative number asks for all there is, as on Linux. */
static uint32_t allowed(int v, size_t limit) { return (uint32_t)min_size((uint32_t)v, min_size(limit, MAX_BUFFER)); }

static int fix_sndbuf(struct tcp_conn *c, uint32_t asked)
{
    c->send_buffer = max_u32(2 * asked, MIN_SEND_BUFFER);
    c->sndbuf_fixed = true;
    return 0;
}
static int set_sndbuf(struct tcp_conn *c, int v)
{
    return fix_sndbuf(c, allowed(v, tcp_config(c->ep.stack)->send_buffer_limit));
}
/* Beyond the limit, for whoever may; nobody asks here who that is. */
static int force_sndbuf(struct tcp_conn *c, int v) { return fix_sndbuf(c, v < 0 ? 0 : allowed(v, MAX_BUFFER)); }
static int get_sndbuf(const struct tcp_conn *c) { return (int)min_u32(c->send_buffer, INT_MAX); }
/* The window scale is fixed by the SYN, and what was announced stands (SHLD-14): a smaller buffer only slows down. */
static int fix_rcvbuf(struct tcp_conn *c, uint32_t asked)
{
    c->rcvspace.buffer = max_u32(2 * asked, RCVSPACE_MIN);
    c->rcvspace.fixed = true;
    if (is_working(c))
        recvq_limit(&c->work->recvq, c->rcvspace.buffer);
    return 0;
}
static int set_rcvbuf(struct tcp_conn *c, int v)
{
    return fix_rcvbuf(c, allowed(v, tcp_config(c->ep.stack)->receive_buffer_limit));
}
static int force_rcvbuf(struct tcp_conn *c, int v) { return fix_rcvbuf(c, v < 0 ? 0 : allowed(v, MAX_BUFFER)); }
static int get_rcvbuf(const struct tcp_conn *c) { return (int)min_u32(c->rcvspace.buffer, INT_MAX); }

/* One setting, for a connection is of one family. */
static int set_discovery(struct tcp_conn *c, int v)
{
    c->path_discovery = (uint8_t)v;
    if (c->peer_mss && is_working(c))
        conn_update_mss(c);
    return 0;
}
static int get_discovery(const struct tcp_conn *c) { return c->path_discovery; }

static int set_oob_inline(struct tcp_conn *c, int v)
{
    c->oob_inline = v;
    return 0;
}
static int get_oob_inline(const struct tcp_conn *c) { return c->oob_inline; }

/* 0 counts as 1; a buffer that the user has not fixed grows so that as much can be there. */
static int set_rcvlowat(struct tcp_conn *c, int v)
{
    struct tcp_settings *s = own(c);
    uint32_t most = (uint32_t)tcp_config(c->ep.stack)->receive_buffer_max, want;

    if (!s)
        return WEFT_ENOMEM;
    want = v < 0 ? INT_MAX : (uint32_t)v;
    s->receive_lowat = min_u32(want, (c->rcvspace.fixed ? c->rcvspace.buffer : most) / 2);
    want = min_u32(s->receive_lowat, most / 2) * 2;
    if (!c->rcvspace.fixed && want > c->rcvspace.buffer) {
        c->rcvspace.buffer = want;
        if (c->rcvspace.clamp && !c->rcvspace.clamped)
            c->rcvspace.clamp = rcvspace_window(&c->rcvspace, want);
    }
    if (is_working(c) && conn_readable(c) & WEFT_READABLE)
        endpoint_notify(&c->ep, WEFT_READABLE);
    return 0;
}
static int get_rcvlowat(const struct tcp_conn *c) { return (int)max_u32(c->settings->receive_lowat, 1); }

static int set_notsent_lowat(struct tcp_conn *c, int v)
{
    struct tcp_settings *s = own(c);

    if (!s)
        return WEFT_ENOMEM;
    s->notsent_lowat = (uint32_t)v;
    return 0;
}
static int get_notsent_lowat(const struct tcp_conn *c) { return (int)c->settings->notsent_lowat; }

/* 0 takes an earlier one back, while there is no connection; less than that is as little as there may be. */
static int set_clamp(struct tcp_conn *c, int v)
{
    if (v == 0 && c->state != WEFT_TCP_CLOSED)
        return WEFT_EINVAL;
    if (v == 0)
        c->rcvspace.clamp = c->rcvspace.clamped = 0;
    else
        rcvspace_set_clamp(&c->rcvspace, v < 0 ? 0 : (uint32_t)v, conn_open_window(c));
    return 0;
}
/* While our SYN is under way there is what its scale can say, as on Linux. */
static int get_clamp(const struct tcp_conn *c)
{
    if (!c->rcvspace.clamp && is_working(c) && c->state == WEFT_TCP_SYN_SENT) {
        struct tcp_offer offer = conn_offer(c, &c->work->path, c->v6);

        return UINT16_MAX << (offer.window_scaling ? offer.wscale : 0);
    }
    return (int)min_u32(c->rcvspace.clamp, INT_MAX);
}

static int get_nothing(const struct tcp_conn *c)
{
    (void)c;
    return 0;
}
static int set_nothing(struct tcp_conn *c, int v)
{
    (void)c, (void)v;
    return 0;
}

static int get_rto_max(const struct tcp_conn *c) { return (int)(conn_rtt_limits(c).max / WEFT_MS); }
static int get_rto_min(const struct tcp_conn *c) { return (int)(conn_rtt_limits(c).min / WEFT_US); }
static int get_delack_max(const struct tcp_conn *c)
{
    return c->settings->delack_max ? (int)c->settings->delack_max : ACK_DELAY_MAX * 1000;
}

static const struct row rows[] = {
    {WEFT_SOL_TCP, WEFT_TCP_RTO_MAX_MS, RANGE(1000, 120000), NULL, get_rto_max, SETTING(rto_max)},
    {WEFT_SOL_TCP, WEFT_TCP_RTO_MIN_US, RANGE(1000, 200000), NULL, get_rto_min, SETTING(rto_min)},
    {WEFT_SOL_TCP, WEFT_TCP_DELACK_MAX_US, RANGE(1000, ACK_DELAY_MAX * 1000), NULL, get_delack_max,
     SETTING(delack_max)},
    {WEFT_SOL_TCP, WEFT_TCP_THIN_LINEAR_TIMEOUTS, RANGE(0, 1), NULL, NULL, SETTING(thin_linear)},
    {WEFT_SOL_TCP, WEFT_TCP_THIN_DUPACK, RANGE(0, 1), set_nothing, get_nothing, 0},
    {WEFT_SOL_TCP, WEFT_TCP_SAVE_SYN, RANGE(0, 2), NULL, NULL, SETTING(save_syn)},
    {WEFT_SOL_TCP, WEFT_TCP_NODELAY, FLAG, set_nodelay, get_nodelay, 0},
    {WEFT_SOL_TCP, WEFT_TCP_MAXSEG, RANGE(0, 32767), set_maxseg, get_maxseg, 0},
    {WEFT_SOL_TCP, WEFT_TCP_WINDOW_CLAMP, ANY, set_clamp, get_clamp, 0},
    {WEFT_SOL_TCP, WEFT_TCP_NOTSENT_LOWAT, ANY, set_notsent_lowat, get_notsent_lowat, 0},
    {WEFT_SOL_IP, WEFT_IP_MTU_DISCOVER, RANGE(WEFT_PMTUDISC_DONT, WEFT_PMTUDISC_OMIT), set_discovery, get_discovery, 0},
    {WEFT_SOL_IPV6, WEFT_IPV6_MTU_DISCOVER, RANGE(WEFT_PMTUDISC_DONT, WEFT_PMTUDISC_OMIT), set_discovery,
     get_discovery, 0},
    {WEFT_SOL_SOCKET, WEFT_SO_OOBINLINE, FLAG, set_oob_inline, get_oob_inline, 0},
    {WEFT_SOL_SOCKET, WEFT_SO_RCVLOWAT, ANY, set_rcvlowat, get_rcvlowat, 0},
    {WEFT_SOL_TCP, WEFT_TCP_CORK, FLAG, set_cork, get_cork, 0},
    {WEFT_SOL_TCP, WEFT_TCP_KEEPIDLE, RANGE(1, 32767), set_keepidle, get_keepidle, 0},
    {WEFT_SOL_TCP, WEFT_TCP_KEEPINTVL, RANGE(1, 32767), NULL, get_keepintvl, SETTING(keepalive_interval)},
    {WEFT_SOL_TCP, WEFT_TCP_KEEPCNT, RANGE(1, 127), NULL, get_keepcnt, SETTING(keepalive_probes)},
    {WEFT_SOL_TCP, WEFT_TCP_SYNCNT, RANGE(1, 127), NULL, get_syncnt, SETTING(syn_retries)},
    {WEFT_SOL_TCP, WEFT_TCP_LINGER2, ANY, set_linger2, get_linger2, 0},
    {WEFT_SOL_TCP, WEFT_TCP_DEFER_ACCEPT, ANY, set_defer_accept, get_defer_accept, 0},
    {WEFT_SOL_TCP, WEFT_TCP_FASTOPEN, RANGE(0, INT_MAX), set_fastopen, get_fastopen, 0},
    {WEFT_SOL_TCP, WEFT_TCP_FASTOPEN_CONNECT, RANGE(0, 1), set_fastopen_connect, get_fastopen_connect, 0},
    {WEFT_SOL_TCP, WEFT_TCP_FASTOPEN_NO_COOKIE, RANGE(0, 1), set_fastopen_no_cookie, get_fastopen_no_cookie, 0},
    {WEFT_SOL_TCP, WEFT_TCP_QUICKACK, ANY, set_quickack, get_quickack, 0},
    {WEFT_SOL_TCP, WEFT_TCP_USER_TIMEOUT, RANGE(0, INT_MAX), NULL, NULL, SETTING(user_timeout)},
    {WEFT_SOL_TCP, WEFT_TCP_TIMESTAMP, FLAG, set_timestamp, get_timestamp, 0},
    {WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, ANY, set_sndbuf, get_sndbuf, 0},
    {WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, ANY, set_rcvbuf, get_rcvbuf, 0},
    {WEFT_SOL_SOCKET, WEFT_SO_SNDBUFFORCE, ANY, force_sndbuf, NULL, 0},
    {WEFT_SOL_SOCKET, WEFT_SO_RCVBUFFORCE, ANY, force_rcvbuf, NULL, 0},
    {WEFT_SOL_SOCKET, WEFT_SO_KEEPALIVE, FLAG, set_keepalive, get_keepalive, 0},
};

static const struct row *find(int level, int option)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].level == level && rows[i].option == option)
            return &rows[i];
    return NULL;
}

/* ---- those that are no int ---- */

static int set_linger(struct tcp_conn *c, const void *value, size_t n)
{
    struct weft_linger linger;
    struct tcp_settings *s;

    if (n < sizeof linger)
        return WEFT_EINVAL;
    if (!(s = own(c)))
        return WEFT_ENOMEM;
    memcpy(&linger, value, sizeof linger);
    s->linger = linger.onoff;
    if (linger.onoff)
        s->linger_time = (uint32_t)linger.linger;
    return 0;
}

static int get_linger(const struct tcp_conn *c, void *value, size_t *n)
{
    struct weft_linger linger = {.onoff = c->settings->linger, .linger = (int)c->settings->linger_time};

    return give(value, n, &linger, sizeof linger);
}

/* A running connection keeps its window; the new controller takes it from there. */
static int set_congestion(struct tcp_conn *c, const void *value, size_t n)
{
    char name[CC_NAME] = "";
    struct tcp_settings *s;
    int number;

    if (n == 0)
        return WEFT_EINVAL;
    memcpy(name, value, min_size(n, sizeof name - 1));
    number = cc_find(name);
    if (number < 0)
        return WEFT_ENOENT;
    if (!(s = own(c)))
        return WEFT_ENOMEM;
    s->own_controller = true;
    if (number == c->cc_number)
        return 0;
    c->cc_number = (uint8_t)number;
    c->cc.kept = 0;
    if (is_working(c)) {
        memset(&c->work->cc_private, 0, sizeof c->work->cc_private);
        if (conn_cc(c)->init)
            conn_cc(c)->init(&c->cc, &c->work->cc_private);
    }
    return 0;
}

static int get_congestion(const struct tcp_conn *c, void *value, size_t *n)
{
    const char *from = conn_cc(c)->name;
    char name[CC_NAME] = "";

    for (size_t i = 0; i < sizeof name - 1 && from[i]; i++)
        name[i] = from[i];
    return give(value, n, name, sizeof name);
}

/* Neither of the controllers has anything to tell: nothing is what Linux answers too. */
static int get_cc_info(const struct tcp_conn *c, void *value, size_t *n)
{
    (void)c;
    return give(value, n, "", 0);
}

static int set_max_pacing_rate(struct tcp_conn *c, const void *value, size_t n)
{
    struct tcp_settings *s;
    uint64_t rate;

    if (!endpoint_take_rate(value, n, &rate))
        return WEFT_EINVAL;
    if (!(s = own(c)))
        return WEFT_ENOMEM;
    if (is_working(c) && !window_paces(c))
        conn_start_pacer(c);
    s->paces |= rate != UINT64_MAX;
    s->max_pacing_rate = max_u64(rate, 1);
    return 0;
}

static int get_max_pacing_rate(const struct tcp_conn *c, void *value, size_t *n)
{
    uint64_t rate = c->settings->max_pacing_rate ? c->settings->max_pacing_rate : UINT64_MAX;

    if (*n >= sizeof rate)
        return give(value, n, &rate, sizeof rate);
    return give_int(value, n, (int)(uint32_t)min_u64(rate, UINT32_MAX));
}

static int get_info(const struct tcp_conn *c, void *value, size_t *n)
{
    struct weft_tcp_info info;

    info_fill(c, &info);
    return give(value, n, &info, sizeof info);
}

/* Of the route to the peer, as far as we know it; there must be one. */
static int get_mtu(const struct tcp_conn *c, void *value, size_t *n)
{
    if (!c->peer_mss || c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT)
        return WEFT_ENOTCONN;
    return give_int(value, n, (int)conn_path_mtu(c));
}

/* Datagrams are cut by it; segments are as long as the path says, as on Linux. */
static int set_mtu6(struct tcp_conn *c, const void *value, size_t n)
{
    int v;

    (void)c;
    if (n < sizeof v)
        return WEFT_EINVAL;
    memcpy(&v, value, sizeof v);
    return v && v < IPV6_MIN_MTU ? WEFT_EINVAL : 0;
}

static int get_meminfo(const struct tcp_conn *c, void *value, size_t *n)
{
    uint32_t held[WEFT_MEMINFO_COUNT] = {0};

    held[WEFT_MEMINFO_RCVBUF] = (uint32_t)get_rcvbuf(c);
    held[WEFT_MEMINFO_SNDBUF] = (uint32_t)get_sndbuf(c);
    if (is_working(c)) {
        held[WEFT_MEMINFO_RMEM] = (uint32_t)min_size(c->work->recvq.ring.pinned, UINT32_MAX);
        held[WEFT_MEMINFO_QUEUED] = (uint32_t)min_size(c->work->sendq.ring.pinned, UINT32_MAX);
    }
    return give(value, n, held, sizeof held);
}

/* One key of 16 bytes, or two, the second of which only tests cookies. */
static int set_fastopen_key(struct tcp_conn *c, const void *value, size_t n)
{
    struct tcp_settings *s;

    if (n != 16 && n != 32)
        return WEFT_EINVAL;
    if (!(s = own(c)))
        return WEFT_ENOMEM;
    memcpy(s->fastopen_key, value, n);
    s->fastopen_keys = (uint32_t)(n / 16);
    return 0;
}

static int get_fastopen_key(const struct tcp_conn *c, void *value, size_t *n)
{
    return give(value, n, c->settings->fastopen_key, 16 * c->settings->fastopen_keys);
}

/* The user has it from now on. Where it does not fit he hears how long it is. */
static int get_saved_syn(const struct tcp_conn *c, void *value, size_t *n)
{
    struct saved_syn *syn = c->settings->saved_syn;
    bool fits = !syn || *n >= syn->len;

    *n = syn ? syn->len : 0;
    if (!syn || !fits)
        return fits ? 0 : WEFT_EINVAL;
    memcpy(value, syn->bytes, syn->len);
    /* as WEFT_SO_ERROR, it is given away by looking */
    ((struct tcp_settings *)(uintptr_t)c->settings)->saved_syn = NULL;
    saved_syn_free(&c->ep.stack->mem, syn);
    return 0;
}

/* There are none, so none is in use. */
static int get_ulp(const struct tcp_conn *c, void *value, size_t *n) { return get_cc_info(c, value, n); }
static int set_ulp(struct tcp_conn *c, const void *value, size_t n)
{
    (void)c, (void)value;
    return n ? WEFT_ENOENT : WEFT_EINVAL;
}

static int get_is_mptcp(const struct tcp_conn *c, void *value, size_t *n)
{
    (void)c;
    return give_int(value, n, 0);
}

static int get_options(const struct tcp_conn *c, void *value, size_t *n)
{
    return give(value, n, c->settings->way.options, c->settings->way.n);
}

/* Of WEFT_IPV6_RTHDR. */
static int get_none(const struct tcp_conn *c, void *value, size_t *n)
{
    (void)c, (void)value;
    *n = 0;
    return 0;
}

static int get_origin(const struct tcp_conn *c, void *value, size_t *n)
{
    struct weft_control origin;

    origin_tell(c, false, &origin);
    return give(value, n, &origin, sizeof origin);
}

static int get_origin6(const struct tcp_conn *c, void *value, size_t *n)
{
    struct weft_control origin;

    origin_tell(c, true, &origin);
    return give(value, n, &origin, sizeof origin);
}

static int keep_origin(struct tcp_conn *c, const void *value, size_t n)
{
    struct tcp_settings *s;
    int on;

    if (n < sizeof on)
        return WEFT_EINVAL;
    if (!(s = own(c)))
        return WEFT_ENOMEM;
    memcpy(&on, value, sizeof on);
    s->keeps_origin = on != 0;
    return 0;
}

static int set_filter(struct tcp_conn *c, int option, const void *value, size_t n)
{
    struct tcp_settings *s;
    int err;

    if (filter_is_choice(option) && !c->ep.reuse_port)
        return WEFT_EINVAL;
    if (!(s = own(c)))
        return WEFT_ENOMEM;
    err = filter_set(&s->filter, &c->ep.stack->mem, option, value, n);
    if (!err && filter_is_choice(option))
        s->filter.chosen_at = ++c->ep.stack->choices;
    return err;
}

/* ---- extension headers of IPv6 ---- */

static int set_extension(struct tcp_conn *c, enum tcp_extension_kind kind, const void *value, size_t n)
{
    struct tcp_settings *s = own(c);
    int err = s ? extensions_put(&s->extensions, &c->ep.stack->mem, kind, value, n) : WEFT_ENOMEM;

    if (!err)
        conn_headers_changed(c);
    return err;
}

static int get_extension(const struct tcp_conn *c, enum tcp_extension_kind kind, void *value, size_t *n)
{
    const uint8_t *header = extensions_at(&c->settings->extensions, kind);

    return give(value, n, header ? header : (const uint8_t *)"", ip_extension_len(header));
}

static int set_hop(struct tcp_conn *c, const void *v, size_t n) { return set_extension(c, EXTENSION_HOP, v, n); }
static int get_hop(const struct tcp_conn *c, void *v, size_t *n) { return get_extension(c, EXTENSION_HOP, v, n); }
static int set_destination(struct tcp_conn *c, const void *v, size_t n)
{
    return set_extension(c, EXTENSION_DESTINATION, v, n);
}
static int get_destination(const struct tcp_conn *c, void *v, size_t *n)
{
    return get_extension(c, EXTENSION_DESTINATION, v, n);
}
static int set_before_route(struct tcp_conn *c, const void *v, size_t n)
{
    return set_extension(c, EXTENSION_BEFORE_ROUTE, v, n);
}
static int get_before_route(const struct tcp_conn *c, void *v, size_t *n)
{
    return get_extension(c, EXTENSION_BEFORE_ROUTE, v, n);
}
/* Type 0 is dead (RFC 5095), and no other is known here. */
static int set_route(struct tcp_conn *c, const void *v, size_t n)
{
    (void)c, (void)v;
    return n ? WEFT_EINVAL : 0;
}

/* Streams go by where they began; Linux takes it nevertheless. */
static int set_pktinfo(struct tcp_conn *c, const void *value, size_t n)
{
    (void)c, (void)value;
    return n < sizeof(struct weft_ip) + sizeof(uint32_t) ? WEFT_EINVAL : 0;
}

static int get_no_option(const struct tcp_conn *c, void *value, size_t *n)
{
    (void)c, (void)value, (void)n;
    return WEFT_ENOPROTOOPT;
}

static const struct raw_row raw_rows[] = {
    {WEFT_SOL_IPV6, WEFT_IPV6_PKTINFO, set_pktinfo, get_no_option},
    {WEFT_SOL_IPV6, WEFT_IPV6_HOPOPTS, set_hop, get_hop},
    {WEFT_SOL_IPV6, WEFT_IPV6_DSTOPTS, set_destination, get_destination},
    {WEFT_SOL_IPV6, WEFT_IPV6_RTHDRDSTOPTS, set_before_route, get_before_route},
    {WEFT_SOL_IPV6, WEFT_IPV6_RTHDR, set_route, get_none},
    {WEFT_SOL_IP, WEFT_IP_PKTOPTIONS, NULL, get_origin},
    {WEFT_SOL_IPV6, WEFT_IPV6_2292PKTOPTIONS, keep_origin, get_origin6},
    {WEFT_SOL_TCP, WEFT_TCP_SAVED_SYN, NULL, get_saved_syn},
    {WEFT_SOL_TCP, WEFT_TCP_ULP, set_ulp, get_ulp},
    {WEFT_SOL_TCP, WEFT_TCP_IS_MPTCP, NULL, get_is_mptcp},
    {WEFT_SOL_TCP, WEFT_TCP_FASTOPEN_KEY, set_fastopen_key, get_fastopen_key},
    {WEFT_SOL_SOCKET, WEFT_SO_MEMINFO, NULL, get_meminfo},
    {WEFT_SOL_TCP, WEFT_TCP_INFO, NULL, get_info},
    {WEFT_SOL_TCP, WEFT_TCP_CONGESTION, set_congestion, get_congestion},
    {WEFT_SOL_TCP, WEFT_TCP_CC_INFO, NULL, get_cc_info},
    {WEFT_SOL_SOCKET, WEFT_SO_LINGER, set_linger, get_linger},
    {WEFT_SOL_SOCKET, WEFT_SO_MAX_PACING_RATE, set_max_pacing_rate, get_max_pacing_rate},
    {WEFT_SOL_IP, WEFT_IP_MTU, NULL, get_mtu},
    {WEFT_SOL_IPV6, WEFT_IPV6_MTU, set_mtu6, get_mtu},
    {WEFT_SOL_IP, WEFT_IP_OPTIONS, conn_set_options, get_options},
};

static const struct raw_row *find_raw(int level, int option)
{
    for (size_t i = 0; i < ARRAY_LEN(raw_rows); i++)
        if (raw_rows[i].level == level && raw_rows[i].option == option)
            return &raw_rows[i];
    return NULL;
}

/* ---- all of them ---- */

static int set_field(struct tcp_conn *c, const struct row *row, int v)
{
    struct tcp_settings *s = own(c);

    if (!s)
        return WEFT_ENOMEM;
    *(uint32_t *)((char *)s + row->field) = (uint32_t)v;
    return 0;
}

static int get_field(const struct tcp_conn *c, const struct row *row)
{
    return (int)*(const uint32_t *)((const char *)c->settings + row->field);
}

static int set_row(struct tcp_conn *c, const struct row *row, const void *value, size_t n)
{
    int v, err;

    if (n < sizeof v)
        return WEFT_EINVAL;
    if (!row || row->min > row->max)
        return WEFT_ENOPROTOOPT;
    memcpy(&v, value, sizeof v);
    if (v < row->min || v > row->max)
        return WEFT_EINVAL;
    if (row->is_flag)
        v = v != 0;
    err = row->set ? row->set(c, v) : set_field(c, row, v);
    if (err == 0)
        conn_settle(c);
    return err;
}

int tcp_setopt(weft_sock *e, int level, int option, const void *value, size_t n)
{
    const struct raw_row *raw = find_raw(level, option);
    const struct tcp_refused *refused = level == WEFT_SOL_TCP ? tcp_refused(option) : NULL;

    conn_doubt_usual(conn_of(e));
    if (level == WEFT_SOL_IPV6 && !e->v6)
        return WEFT_ENOPROTOOPT;
    if (refused)
        return n < sizeof(int) ? WEFT_EINVAL : conn_of(e)->state == WEFT_TCP_CLOSED ? refused->set : refused->set_open;
    if (filter_is_option(level, option))
        return set_filter(conn_of(e), option, value, n);
    if (raw && raw->set)
        return raw->set(conn_of(e), value, n);
    if (raw)
        return level == WEFT_SOL_TCP && n < sizeof(int) ? WEFT_EINVAL : WEFT_ENOPROTOOPT;
    if (level != WEFT_SOL_TCP && level != WEFT_SOL_SOCKET && !find(level, option))
        return WEFT_ENOPROTOOPT;
    return set_row(conn_of(e), find(level, option), value, n);
}

int tcp_getopt(const weft_sock *e, int level, int option, void *value, size_t *n)
{
    const struct tcp_conn *c = conn_of(e);
    const struct raw_row *raw = find_raw(level, option);
    const struct row *row = find(level, option);
    const struct tcp_refused *refused = level == WEFT_SOL_TCP ? tcp_refused(option) : NULL;

    if (filter_is_option(level, option))
        return filter_get(&c->settings->filter, option, value, n);
    if (refused)
        return refused->get ? refused->get : give_int(value, n, 0);
    if (raw)
        return raw->get(c, value, n);
    if (!row || (!row->get && !row->field))
        return WEFT_ENOPROTOOPT;
    ip_give_option(level, row->get ? row->get(c) : get_field(c, row), value, n);
    return 0;
}
