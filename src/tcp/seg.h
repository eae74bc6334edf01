/* SPDX-License-Identifier: MIT */
/* A received segment as a value: what the header said, where the payload lies, what became of it. */
#ifndef TCP_SEG_H
#define TCP_SEG_H

#include "core/pkt.h"
#include "tcp/flow.h"
#include "wire/tcp.h"

/* A received segment, parsed; trimmed on its way through the steps. */
struct tcp_seg {
    struct tcp_header h;
    struct tcp_options o;
    struct tcp_flow flow; /* local is ours */
    uint32_t hash;        /* of flow, in the table; not for a segment of a connection */
    struct weft_pkt *pkt; /* borrowed by the corridors; tcp_input releases it */
    uint32_t offset;      /* of the payload behind pkt->data */
    uint32_t len;         /* payload bytes */
    enum weft_drop why;   /* with TCP_DROPPED */
    bool unscaled;        /* its window, for it came with SYN */
    bool reopens;         /* a SYN for a pair in TIME-WAIT: our new ISN must lie above `above` (MAY-2) */
    struct seq above;
};

static inline bool seg_has(const struct tcp_seg *s, uint16_t flag) { return s->h.flags & flag; }

/* SEG.LEN: what the segment occupies in sequence space. */
static inline uint32_t seg_len(const struct tcp_seg *s) { return s->len + seg_has(s, TCP_SYN) + seg_has(s, TCP_FIN); }

#endif
