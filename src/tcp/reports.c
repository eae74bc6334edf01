/* SPDX-License-Identifier: MIT */
/* See reports.h. */
#include "tcp/reports.h"

#include "tcp/conn.h"

#define MOST 1024 /* of a stack */

struct kept_report {
    struct list link; /* in tcp.reports, oldest first */
    const struct tcp_conn *conn;
    struct weft_report report;
    struct weft_pkt *segment; /* as much of it as came back */
};

static struct kept_report *kept_at(struct list *it) { return container_of(it, struct kept_report, link); }

/* The oldest one of this connection behind `last` (NULL: of all). */
static struct kept_report *next_of(const struct tcp_conn *c, const struct kept_report *last)
{
    struct list *all = &conn_tcp(c)->reports;

    for (struct list *it = last ? last->link.next : all->next; it != all; it = it->next)
        if (kept_at(it)->conn == c)
            return kept_at(it);
    return NULL;
}

static struct weft_pkt *copy_quote(weft_stack *s, const struct ip_error *e)
{
    uint32_t total = e->quote ? pkt_total(e->quote) : 0, n = e->quoted_at < total ? total - e->quoted_at : 0;
    struct weft_pkt *pkt = pkt_new_linear(s, 0, n);

    if (pkt && n)
        pkt_copy(e->quote, e->quoted_at, pkt->data, n);
    return pkt;
}

void reports_keep(struct tcp_conn *c, const struct ip_error *e)
{
    struct tcp *t = conn_tcp(c);
    struct kept_report *k = t->n_reports < MOST ? mem_alloc(&t->stack->mem, MEM_conn, sizeof *k) : NULL;

    if (!k)
        return;
    *k = (struct kept_report){.conn = c, .segment = copy_quote(t->stack, e)};
    if (!k->segment) {
        mem_free(&t->stack->mem, MEM_conn, k, sizeof *k);
        return;
    }
    k->report = (struct weft_report){
        .error = e->err,
        .origin = ip_is_v4(&e->dst) ? WEFT_ORIGIN_ICMP : WEFT_ORIGIN_ICMPV6,
        .type = e->type,
        .code = e->code,
        .info = e->mtu,
        .to = {e->dst, e->dst_port},
        .offender = e->reporter,
    };
    list_push_back(&t->reports, &k->link);
    t->n_reports++;
    c->reported = true;
}

static void forget(struct tcp *t, struct kept_report *k)
{
    list_remove(&k->link);
    t->n_reports--;
    mem_free(&t->stack->mem, MEM_conn, k, sizeof *k);
}

bool tcp_report_waits(const weft_sock *e) { return container_of(e, const struct tcp_conn, ep)->reported; }

/* The pending error is the next report's, and gone with the last one (Linux's sock_dequeue_err_skb). */
int64_t tcp_recv_report(weft_sock *e, const struct weft_iov *iov, size_t n, unsigned *out_flags,
                        struct weft_report *report)
{
    struct tcp_conn *c = container_of(e, struct tcp_conn, ep);
    struct kept_report *k = c->reported ? next_of(c, NULL) : NULL, *next;
    struct dgram_queue q = {0};

    if (!k)
        return WEFT_EAGAIN;
    next = next_of(c, k);
    *report = k->report;
    q.held = pkt_true_size(k->segment);
    q.bytes = pkt_total(k->segment);
    pkt_queue_push(&q.packets, k->segment);
    forget(conn_tcp(c), k);
    c->reported = next;
    c->ep.error = (int16_t)(next ? next->report.error : 0);
    c->soft_error = 0; /* which may be the same once more */
    return dgram_take(&q, iov, n, 0, out_flags);
}

void reports_forget(struct tcp_conn *c)
{
    struct kept_report *k;

    while (c->reported && (k = next_of(c, NULL))) {
        pkt_release(k->segment);
        forget(conn_tcp(c), k);
    }
    c->reported = false;
}
