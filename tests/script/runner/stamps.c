/* SPDX-License-Identifier: MIT */
/* See stamps.h. */
#include "stamps.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "weft/tcp_info.h"

/* Linux's numbers of SO_TIMESTAMPING. */
enum { TX_SOFTWARE = 0x2, SOFTWARE = 0x10, OPT_ID = 0x80, TX_SCHED = 0x100, TX_ACK = 0x200, OPT_TSONLY = 0x800 };

enum { STAMPS_MAX = 64 };

struct stamps {
    unsigned asked;
    bool reuse;
    uint32_t id_base, reuse_id;
    size_t n_wishes, n;
    struct stamp wish[STAMPS_MAX], got[STAMPS_MAX];
};

static struct stamps *stamps_of(struct lab_fd *fd)
{
    if (!fd->stamps)
        fd->stamps = calloc(1, sizeof *fd->stamps);
    if (!fd->stamps)
        abort();
    return fd->stamps;
}

void stamps_ask(struct lab_fd *fd, unsigned flags)
{
    struct stamps *s = stamps_of(fd);

    if (flags & OPT_ID && !(s->asked & OPT_ID))
        s->id_base = fd->wrote - (uint32_t)weft_unsent(fd->sock);
    s->asked = flags;
}

void stamps_allow_reuse(struct lab_fd *fd, bool on)
{
    stamps_of(fd)->reuse = on;
}

void stamps_inherit(struct lab_fd *fd, const struct lab_fd *listener)
{
    if (!listener->stamps)
        return;
    stamps_of(fd)->asked = listener->stamps->asked;
    fd->stamps->reuse = listener->stamps->reuse;
}

void stamps_free(struct lab_fd *fd)
{
    free(fd->stamps);
    fd->stamps = NULL;
}

static void wish(struct lab_fd *fd, enum stamp_kind kind, uint32_t id)
{
    struct stamps *s = fd->stamps;

    if (s->n_wishes < STAMPS_MAX)
        s->wish[s->n_wishes++] = (struct stamp){.kind = kind, .end = fd->wrote, .id = id, .first = id};
}

void stamps_sent(struct lab_fd *fd, size_t n, bool zerocopy, unsigned once)
{
    struct stamps *s = once ? stamps_of(fd) : fd->stamps;
    unsigned asked;
    uint32_t id;

    if (!s || n == 0)
        return;
    asked = once ? once : s->asked;
    id = s->asked & OPT_ID ? fd->wrote - s->id_base - 1 : 0;
    if (asked & TX_SCHED)
        wish(fd, STAMP_SCHEDULED, id);
    if (asked & TX_SOFTWARE)
        wish(fd, STAMP_SENT, id);
    if (asked & TX_ACK)
        wish(fd, STAMP_ACKNOWLEDGED, id);
    if (zerocopy && s->reuse)
        wish(fd, STAMP_REUSE, s->reuse_id++);
}

/* Sends in a row that may be reused are one stamp. */
static void keep(struct stamps *s, struct stamp w, weft_time now)
{
    struct stamp *last = s->n ? &s->got[s->n - 1] : NULL;

    if (w.kind == STAMP_REUSE && last && last->kind == STAMP_REUSE && last->id + 1 == w.id) {
        last->id = w.id;
        return;
    }
    if (s->n == STAMPS_MAX)
        return;
    w.at = now;
    w.has_time = w.kind != STAMP_REUSE && s->asked & SOFTWARE;
    w.has_segment = w.kind != STAMP_REUSE && !(s->asked & OPT_TSONLY);
    s->got[s->n++] = w;
}

/* Bytes that went to the link for the first time, or are acknowledged. What has ended gives all back, stamps nothing. */
static void collect(struct lab *lab, struct lab_fd *fd)
{
    struct stamps *s = fd->stamps;
    struct weft_tcp_info info = {0};
    size_t size = sizeof info, kept = 0;
    bool over = weft_tcp_state(fd->sock) == WEFT_TCP_CLOSED;
    uint32_t acknowledged = fd->wrote - (uint32_t)weft_unsent(fd->sock), out;

    (void)weft_getsockopt(fd->sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &size);
    out = fd->wrote - info.tcpi_notsent_bytes;
    for (size_t i = 0; i < s->n_wishes; i++) {
        const struct stamp *w = &s->wish[i];
        uint32_t far = w->kind == STAMP_SENT || w->kind == STAMP_SCHEDULED ? out : acknowledged;

        if (over ? w->kind == STAMP_REUSE : (int32_t)(far - w->end) >= 0)
            keep(s, *w, lab->now);
        else
            s->wish[kept++] = *w;
    }
    if (kept < s->n_wishes)
        poll_note(lab, fd, WEFT_ERROR);
    s->n_wishes = kept;
}

void stamps_collect(struct lab *lab)
{
    for (int i = 0; i < LAB_FDS; i++)
        if (lab->fds[i].kind == FD_SOCKET && lab->fds[i].stamps && lab->fds[i].stamps->n_wishes)
            collect(lab, &lab->fds[i]);
}

bool stamps_wait(const struct lab_fd *fd)
{
    return fd->stamps && fd->stamps->n;
}

bool stamps_take(struct lab_fd *fd, struct stamp *out)
{
    struct stamps *s = fd->stamps;

    if (!stamps_wait(fd))
        return false;
    *out = s->got[0];
    memmove(s->got, s->got + 1, --s->n * sizeof *s->got);
    return true;
}
