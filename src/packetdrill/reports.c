/* SPDX-License-Identifier: MIT */
/* See reports.h. */
#include "packetdrill/reports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/desc.h"
#include "weft/tcp_info.h"

#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif
#define STAMPING_END (1u << 17) /* flags from here on are younger than this */
#define KINDS        4

void reports_reset(struct reports *r)
{
    reports_free(r);
    reports_inherit(r);
}

void reports_inherit(struct reports *r)
{
    *r = (struct reports){.zerocopy = r->zerocopy, .stamping = r->stamping};
}

void reports_free(struct reports *r)
{
    free(r->wishes);
    free(r->report);
    r->wishes = NULL;
    r->report = NULL;
    r->n_wishes = r->n = 0;
}

/* ---- wishes ---- */

static bool wants_reuse(const struct reports *r, int flags)
{
    return r->zerocopy && flags & MSG_ZEROCOPY;
}

/* Both lists are there from the first wish on. */
static bool get_lists(struct reports *r)
{
    if (!r->wishes)
        r->wishes = malloc(REPORTS_MAX * sizeof *r->wishes);
    if (!r->report)
        r->report = malloc(REPORTS_MAX * sizeof *r->report);
    return r->wishes && r->report;
}

bool reports_have_room(const struct reports *r, int flags)
{
    return !wants_reuse(r, flags) || r->n_wishes + r->n + KINDS <= REPORTS_MAX;
}

static void wish(struct reports *r, enum wish_kind kind, uint32_t id)
{
    if (r->n_wishes < REPORTS_MAX)
        r->wishes[r->n_wishes++] = (struct wish){kind, r->sent, id};
}

void reports_sent(struct reports *r, size_t n, int flags, unsigned stamps)
{
    uint32_t id;

    r->sent += n;
    if (n == 0 || (!wants_reuse(r, flags) && !(stamps & REPORTS_STAMPS)) || !get_lists(r))
        return;
    id = r->stamping & SOF_TIMESTAMPING_OPT_ID ? (uint32_t)(r->sent - r->id_base - 1) : 0;
    if (stamps & SOF_TIMESTAMPING_TX_SCHED)
        wish(r, WISH_SCHEDULED, id);
    if (stamps & SOF_TIMESTAMPING_TX_SOFTWARE)
        wish(r, WISH_SENT, id);
    if (stamps & SOF_TIMESTAMPING_TX_ACK)
        wish(r, WISH_ACKNOWLEDGED, id);
    if (wants_reuse(r, flags))
        wish(r, WISH_REUSE, r->reuse_id++);
}

/* ---- reports ---- */

/* Runs of what may be reused are one report. */
static bool extend(struct reports *r, uint32_t id)
{
    struct sock_extended_err *last = r->n ? &r->report[r->n - 1].err : NULL;

    if (!last || last->ee_origin != SO_EE_ORIGIN_ZEROCOPY || last->ee_data + 1 != id)
        return false;
    last->ee_data = id;
    return true;
}

static void report(struct reports *r, const struct wish *w, weft_time now)
{
    static const uint32_t info[] = {[WISH_SCHEDULED] = SCM_TSTAMP_SCHED, [WISH_SENT] = SCM_TSTAMP_SND,
                                    [WISH_ACKNOWLEDGED] = SCM_TSTAMP_ACK};
    struct report *to = &r->report[r->n];

    if (w->kind == WISH_REUSE && extend(r, w->id))
        return;
    if (r->n == REPORTS_MAX)
        return;
    r->n++;
    *to = (struct report){.at = now};
    if (w->kind == WISH_REUSE) {
        to->err = (struct sock_extended_err){.ee_origin = SO_EE_ORIGIN_ZEROCOPY, .ee_code = SO_EE_CODE_ZEROCOPY_COPIED,
                                             .ee_info = w->id, .ee_data = w->id};
        return;
    }
    to->err = (struct sock_extended_err){.ee_errno = ENOMSG, .ee_origin = SO_EE_ORIGIN_TIMESTAMPING,
                                         .ee_info = info[w->kind], .ee_data = w->id};
    to->has_payload = !(r->stamping & SOF_TIMESTAMPING_OPT_TSONLY);
}

/*
 * How far the stream has gone out, and how far it is acknowledged. Of one that has ended all may be reused; so may what
 * was in a datagram, as soon as it is sent.
 */
struct progress_made {
    uint64_t out, acknowledged;
    bool over;
};

static struct progress_made look(const struct socket *s)
{
    struct weft_tcp_info info = {0};
    size_t n = sizeof info;
    uint64_t kept = weft_unsent(s->sock), sent = s->reports.sent;
    struct progress_made p = {sent, sent - kept, socket_is_closed(s)};

    if (weft_getsockopt(s->sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n) == 0)
        p.out = sent - info.tcpi_notsent_bytes;
    return p;
}

static bool is_reached(const struct wish *w, const struct progress_made *p)
{
    if (w->kind == WISH_REUSE)
        return p->over || p->acknowledged >= w->end;
    return !p->over && (w->kind == WISH_ACKNOWLEDGED ? p->acknowledged : p->out) >= w->end;
}

bool reports_collect(struct drill *d, struct socket *s)
{
    struct reports *r = &s->reports;
    struct progress_made p;
    size_t before = r->n_wishes, kept = 0;

    if (!before)
        return false;
    p = look(s);
    for (size_t i = 0; i < before; i++) {
        if (is_reached(&r->wishes[i], &p))
            report(r, &r->wishes[i], d->now);
        else
            r->wishes[kept++] = r->wishes[i];
    }
    r->n_wishes = kept;
    return kept < before;
}

bool reports_take(struct reports *r, struct report *out)
{
    if (r->n == 0)
        return false;
    *out = r->report[0];
    memmove(r->report, r->report + 1, --r->n * sizeof *r->report);
    return true;
}

int reports_set_stamping(struct socket *s, unsigned flags)
{
    bool new_ids = flags & SOF_TIMESTAMPING_OPT_ID && !(s->reports.stamping & SOF_TIMESTAMPING_OPT_ID);

    if (flags >= STAMPING_END)
        return -EINVAL;
    if (new_ids && socket_is_stream(s)) {
        if (socket_is_closed(s) || weft_tcp_state(s->sock) == WEFT_TCP_LISTEN)
            return -EINVAL;
        s->reports.id_base = s->reports.sent - weft_unsent(s->sock);
    }
    s->reports.stamping = flags;
    return 0;
}
