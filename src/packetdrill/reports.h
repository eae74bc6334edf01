/* SPDX-License-Identifier: MIT */
/*
 * What Linux tells a sender about his bytes, through the error queue of his socket: they may be reused (MSG_ZEROCOPY),
 * they went to the link and when (SO_TIMESTAMPING, of streams).
 *
 * A send that wants to hear leaves *wishes*, each for an end in the stream. After each step they are held against how
 * far the stream has gone to the link, and how far it is acknowledged; what is reached becomes a *report* in the
 * queue.
 *
 * We copy, as Linux does where a device cannot do otherwise, and say so (SO_EE_CODE_ZEROCOPY_COPIED).
 */
#ifndef PACKETDRILL_REPORTS_H
#define PACKETDRILL_REPORTS_H

#include <time.h> /* what the next one needs and does not say */

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "packetdrill/drill.h"

struct socket;

#define REPORTS_MAX 256 /* wishes and reports of a socket, each: Linux has its optmem_max for them */

struct report {
    struct sock_extended_err err;
    weft_time at;     /* when it happened */
    bool blamed;      /* a datagram's: by whom */
    struct weft_addr offender;
    bool has_payload; /* the segment would come with it, had the reader given room */
};

/* In whose interest it is; each is reached by the bytes that went out, or by those acknowledged. */
enum wish_kind { WISH_SCHEDULED, WISH_SENT, WISH_ACKNOWLEDGED, WISH_REUSE };

struct wish {
    enum wish_kind kind;
    uint64_t end; /* offset in the stream behind the last byte it is about */
    uint32_t id;
};

struct reports {
    bool zerocopy;      /* SO_ZEROCOPY */
    unsigned stamping;  /* SO_TIMESTAMPING */
    uint64_t sent;      /* bytes that the stream has taken from its user */
    uint64_t id_base;   /* SOF_TIMESTAMPING_OPT_ID counts from here */
    uint32_t reuse_id;  /* of the next send with MSG_ZEROCOPY */
    size_t n_wishes, n;
    struct wish *wishes;
    struct report *report; /* first in, first out */
};

/* A new connection has no past; options stay. */
void reports_reset(struct reports *r);
/* Takes what a listener's socket was told: options, nothing else. */
void reports_inherit(struct reports *r);
void reports_free(struct reports *r);

/* What SO_TIMESTAMPING can ask about one send. */
#define REPORTS_STAMPS (SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK)

/* A send wants to hear of its bytes: is there room for that? False: -ENOBUFS. */
bool reports_have_room(const struct reports *r, int flags);
/* The stream has taken n bytes of a send with these flags; stamps: REPORTS_STAMPS. */
void reports_sent(struct reports *r, size_t n, int flags, unsigned stamps);
/* How far has it come? True when the queue grew. */
bool reports_collect(struct drill *d, struct socket *s);

/* The oldest report; false when there is none. */
bool reports_take(struct reports *r, struct report *out);

/* SO_TIMESTAMPING: 0, -EINVAL. */
int reports_set_stamping(struct socket *s, unsigned flags);

#endif
