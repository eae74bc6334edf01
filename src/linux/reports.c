/* SPDX-License-Identifier: MIT */
/* What the error queue tells a sender about his own bytes; see linux.h. */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <stdlib.h>
#include <string.h>

#include "linux/linux.h"
#include "weft/tcp_info.h"

#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif
#define KINDS 4 /* of wishes, of one send */

void linux_reports_reset(struct linux_reports *r)
{
    free(r->wishes);
    free(r->report);
    *r = (struct linux_reports){0};
}

/* ---- wishes ---- */

static bool wants_reuse(const struct linux_own *own, int flags)
{
    return own->kept[LINUX_ZEROCOPY] && flags & MSG_ZEROCOPY;
}

/* Both lists are there from the first wish on. */
static bool get_lists(struct linux_reports *r)
{
    if (!r->wishes)
        r->wishes = malloc(LINUX_REPORTS * sizeof *r->wishes);
    if (!r->report)
        r->report = malloc(LINUX_REPORTS * sizeof *r->report);
    return r->wishes && r->report;
}

bool linux_reports_have_room(const struct linux_own *own, int flags)
{
    return !wants_reuse(own, flags) || own->reports.n_wishes + own->reports.n + KINDS <= LINUX_REPORTS;
}

static void wish(struct linux_reports *r, enum linux_wish_kind kind, uint32_t id)
{
    if (r->n_wishes < LINUX_REPORTS)
        r->wishes[r->n_wishes++] = (struct linux_wish){kind, r->sent, id};
}

/* A stream's number is that of the send's last byte; a datagram's counts those that are stamped. */
static uint32_t number_of(const struct linux_sock *s, struct linux_own *own, unsigned stamps)
{
    if (!(own->kept[LINUX_STAMPING] & SOF_TIMESTAMPING_OPT_ID))
        return 0;
    if (s->type == SOCK_STREAM)
        return (uint32_t)(own->reports.sent - own->reports.id_base - 1);
    return stamps & LINUX_STAMPS_OUT ? (uint32_t)own->reports.id_base++ : 0;
}

void linux_reports_sent(const struct linux_sock *s, struct linux_own *own, size_t n, int flags, unsigned stamps)
{
    struct linux_reports *r = &own->reports;
    bool stream = s->type == SOCK_STREAM;
    uint32_t id;

    if (!stream)
        stamps &= ~(unsigned)SOF_TIMESTAMPING_TX_ACK; /* nobody acknowledges those */
    r->sent += n;
    if ((n == 0 && stream) || (!wants_reuse(own, flags) && !(stamps & LINUX_STAMPS_OUT)) || !get_lists(r))
        return;
    id = number_of(s, own, stamps);
    if (stamps & SOF_TIMESTAMPING_TX_SCHED)
        wish(r, LINUX_WISH_SCHEDULED, id);
    if (stamps & SOF_TIMESTAMPING_TX_SOFTWARE)
        wish(r, LINUX_WISH_SENT, id);
    if (stamps & SOF_TIMESTAMPING_TX_ACK)
        wish(r, LINUX_WISH_ACKNOWLEDGED, id);
    if (wants_reuse(own, flags))
        wish(r, LINUX_WISH_REUSE, r->reuse_id++);
    if (!stream)
        linux_reports_collect(s, own);
}

/* ---- reports ---- */

/* Runs of what may be reused are one report. */
static bool extend(struct linux_reports *r, uint32_t id)
{
    struct sock_extended_err *last = r->n ? &r->report[r->n - 1].err : NULL;

    if (!last || last->ee_origin != SO_EE_ORIGIN_ZEROCOPY || last->ee_data + 1 != id)
        return false;
    last->ee_data = id;
    return true;
}

static void report(struct linux_own *own, const struct linux_wish *w, weft_time now)
{
    static const uint32_t info[] = {[LINUX_WISH_SCHEDULED] = SCM_TSTAMP_SCHED, [LINUX_WISH_SENT] = SCM_TSTAMP_SND,
                                    [LINUX_WISH_ACKNOWLEDGED] = SCM_TSTAMP_ACK};
    struct linux_reports *r = &own->reports;
    struct linux_report *to = &r->report[r->n];

    if (w->kind == LINUX_WISH_REUSE && extend(r, w->id))
        return;
    if (r->n == LINUX_REPORTS)
        return;
    r->n++;
    *to = (struct linux_report){.at = now};
    if (w->kind == LINUX_WISH_REUSE) {
        to->err = (struct sock_extended_err){.ee_origin = SO_EE_ORIGIN_ZEROCOPY, .ee_code = SO_EE_CODE_ZEROCOPY_COPIED,
                                             .ee_info = w->id, .ee_data = w->id};
        return;
    }
    to->err = (struct sock_extended_err){.ee_errno = ENOMSG, .ee_origin = SO_EE_ORIGIN_TIMESTAMPING,
                                         .ee_info = info[w->kind], .ee_data = w->id};
    to->has_payload = !(own->kept[LINUX_STAMPING] & SOF_TIMESTAMPING_OPT_TSONLY);
}

/*
 * How far the stream has gone out, and how far it is acknowledged. Of one that has ended all may be reused; so may what
 * was in a datagram, as soon as it is sent.
 */
struct progress {
    uint64_t out, acknowledged;
    bool over;
};

static struct progress look(const struct linux_sock *s, const struct linux_own *own)
{
    struct weft_tcp_info info = {0};
    size_t n = sizeof info;
    uint64_t sent = own->reports.sent;
    enum weft_tcp_state state = weft_tcp_state(s->sock);
    struct progress p = {sent, sent, false};

    if (s->type != SOCK_STREAM)
        return p;
    p.acknowledged = sent - weft_unsent(s->sock);
    p.over = state == WEFT_TCP_CLOSED || state == WEFT_TCP_TIME_WAIT;
    if (weft_getsockopt(s->sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n) == 0)
        p.out = sent - info.tcpi_notsent_bytes;
    return p;
}

static bool is_reached(const struct linux_wish *w, const struct progress *p)
{
    if (w->kind == LINUX_WISH_REUSE)
        return p->over || p->acknowledged >= w->end;
    return !p->over && (w->kind == LINUX_WISH_ACKNOWLEDGED ? p->acknowledged : p->out) >= w->end;
}

bool linux_reports_collect(const struct linux_sock *s, struct linux_own *own)
{
    struct linux_reports *r = &own->reports;
    struct progress p;
    size_t before = r->n_wishes, kept = 0;

    if (!before)
        return false;
    p = look(s, own);
    for (size_t i = 0; i < before; i++) {
        if (is_reached(&r->wishes[i], &p))
            report(own, &r->wishes[i], s->now);
        else
            r->wishes[kept++] = r->wishes[i];
    }
    r->n_wishes = kept;
    return kept < before;
}

/* By software; by hardware, which there is none of. How many bytes of control messages there are then. */
static size_t put_stamp(struct msghdr *msg, const struct linux_own *own, struct timespec when)
{
    struct linux_stamp_new as_new[3] = {{when.tv_sec, when.tv_nsec}};
    struct timespec at[3] = {when};

    if (own->stamp & LINUX_STAMP_NEW)
        return linux_put_control(msg, 0, SOL_SOCKET, SO_TIMESTAMPING_NEW, as_new, sizeof as_new);
    return linux_put_control(msg, 0, SOL_SOCKET, SCM_TIMESTAMPING, at, sizeof at);
}

bool linux_reports_give(const struct linux_sock *s, struct linux_own *own, struct msghdr *msg)
{
    struct linux_reports *r = &own->reports;
    struct {
        struct sock_extended_err ee;
        struct sockaddr_in6 offender; /* nobody */
    } message = {0};
    bool v6 = s->domain == AF_INET6;
    size_t n = sizeof message.ee + (v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)), used = 0;
    struct linux_report first;

    if (!r->n)
        return false;
    first = r->report[0];
    memmove(r->report, r->report + 1, --r->n * sizeof *r->report);
    message.ee = first.err;
    if (first.has_payload)
        msg->msg_flags |= MSG_TRUNC;
    if (first.err.ee_origin == SO_EE_ORIGIN_TIMESTAMPING && own->kept[LINUX_STAMPING] & SOF_TIMESTAMPING_SOFTWARE)
        used = put_stamp(msg, own, linux_day(s, first.at));
    msg->msg_controllen = linux_put_control(msg, used, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR,
                                            &message, n);
    return true;
}
