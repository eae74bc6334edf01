/* SPDX-License-Identifier: MIT */
/* The life of a connection; see conn.h. */
#include "tcp/conn.h"

#include "tcp/account.h"
#include "tcp/calls.h"
#include "tcp/demux.h"
#include "tcp/state.h"
#include "tcp/work.h"

/* The number of the configured controller. Each new connection asks: what most have needs no search by name. */
static unsigned controller(const struct weft_tcp_config *k)
{
    const char *name = k->congestion_control;

    return likely(memcmp(name, "cubic", sizeof "cubic") == 0) ? CC_CUBIC : cc_default(name);
}

static void conn_defaults(struct tcp_conn *c, const struct weft_tcp_config *k)
{
    c->send_buffer = (uint32_t)k->send_buffer;
    rcvspace_init(&c->rcvspace, (uint32_t)k->receive_buffer);
    c->settings = &settings_default;
    c->path_discovery = WEFT_PMTUDISC_WANT;
    c->cc_number = (uint8_t)controller(k);
    c->reordering = (uint16_t)k->reordering;
    c->rcv_mss = TCP_DEFAULT_MSS_V4;
}

struct tcp_conn *conn_new(struct tcp *t, enum weft_family family, bool wide)
{
    size_t size = offsetof(struct tcp_conn, key) + key_size(wide);
    struct tcp_conn *c = slab_alloc(wide ? &t->conn6 : &t->conn4);

    if (!c)
        return NULL;
    memset(c, 0, size);
    endpoint_init(&c->ep, t->stack, &tcp_sock_ops, family);
    c->v6 = c->wide = wide;
    c->state = WEFT_TCP_CLOSED;
    rtt_init(&c->rtt);
    conn_defaults(c, tcp_config(t->stack));
    list_push_back(&t->loose, &c->loose);
    return c;
}

void conn_name(struct tcp_conn *c, const struct tcp_flow *flow)
{
    weft_assert(!c->in_table, "the table finds it by this name");
    c->v6 = flow_is_v6(flow);
    weft_assert(c->wide || !c->v6, "sockets of IPv4 are given its addresses only");
    key_pack(&c->key, flow, c->v6);
}

void conn_free(struct tcp_conn *c)
{
    struct tcp *t = conn_tcp(c);

    weft_assert(c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT, "only what is over is freed");
    conn_give_back_work(c);
    alarm_drop_own(c);
    t->orphans -= c->orphan;
    t->early.pending -= c->fast_open;
    account_close(c);
    reports_forget(c);
    demux_unbind(t, c);
    settings_drop(&c->settings, &t->stack->mem);
    if (c->in_table) {
        conn_leave_queue(c);
        demux_remove(t, c);
    }
    list_remove(&c->loose);
    endpoint_fini(&c->ep);
    slab_free(c->wide ? &t->conn6 : &t->conn4, c);
}

/* A connection that nobody has accepted dies with nobody to tell. */
static void leave_accept_queue(struct tcp_conn *c)
{
    if (!c->in_table || !c->queued)
        return;
    list_remove(&c->ep.event);
    c->parent->listen->waiting--;
    conn_leave_queue(c);
    conn_orphan(c);
}

void conn_finish(struct tcp_conn *c, int err)
{
    struct tcp *t = conn_tcp(c);

    if (c->state != WEFT_TCP_CLOSED)
        state_set(c, WEFT_TCP_CLOSED);
    leave_accept_queue(c);
    conn_set_quiet(c, WEFT_NEVER);
    if (c->in_table)
        demux_remove(t, c);
    conn_stop_work(c);
    if (c->orphan) {
        conn_free(c);
        return;
    }
    if (err)
        endpoint_fail(&c->ep, err);
    endpoint_notify(&c->ep, WEFT_READABLE | WEFT_WRITABLE | WEFT_HANGUP | WEFT_PEER_CLOSED);
}

void conn_check(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->state == WEFT_TCP_LISTEN ? NULL : c->work;

    if (c->state == WEFT_TCP_LISTEN || c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT)
        return;
    weft_assert(seq_le(c->snd.una, c->snd.nxt), "1: acknowledgments beyond snd.nxt are refused");
    weft_assert(seq_le(c->rcv.nxt, c->rcv.edge) || !c->syn_acked, "4: text beyond the edge is cut off");
    if (!w) {
        weft_assert(conn_in_flight(c) == 0, "5: only the quiet are parked");
        return;
    }
    if (c->syn_acked) {
        weft_assert(seq_eq(w->sndmap.una, c->snd.una), "2: the ACK step moves both");
        weft_assert(seq_eq(sndmap_end(&w->sndmap), c->snd.nxt), "2: transmit moves both");
        weft_assert(conn_in_flight(c) <= w->sendq.bytes + (c->fin_sent ? 1 : 0), "3: sent bytes are queued bytes");
    }
    weft_assert(w->deadline[TCP_TIMER_RETRANSMIT] == WEFT_NEVER || w->deadline[TCP_TIMER_PERSIST] == WEFT_NEVER,
                "6: transmit_arm runs one of them");
    (void)w;
}
