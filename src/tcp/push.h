/* SPDX-License-Identifier: MIT */
/*
 * Where PSH belongs in what was written and not yet sent (RFC 9293 §3.9.1.2), as Linux sets it: at the end of each
 * write, and within a long one whenever more than half of the peer's largest window was written since the last PSH.
 * Linux cuts a stream into chunks, of whole segments, no more than half a window and 64 KiB; PSH stands at ends of
 * chunks alone, and a segment holds bytes of one chunk. A later write that fills up the last chunk takes its PSH away
 * (SHLD-27). BSD has it simpler: PSH stands on the segment that empties the queue.
 *
 * Marks are ends of chunks, in order, above what was sent. Of more than PUSH_MARKS the ones between the first and the
 * last are forgotten, which only changes the look.
 */
#ifndef TCP_PUSH_H
#define TCP_PUSH_H

#include "base/seq.h"

#define PUSH_MARKS 16

struct push {
    struct seq mark[PUSH_MARKS]; /* the first at `head` */
    struct seq pushed;           /* the last mark ever */
    struct seq chunk;            /* where the last chunk starts */
    uint16_t records;            /* a bit for each place of a mark: it ends a record */
    uint8_t head, count;
    bool closed;                 /* the last chunk takes no more (MSG_EOR) */
};

/* Nothing is written and not sent; the next byte is `at`. */
void push_init(struct push *p, struct seq at);

/* The size of a chunk: mss, and the peer's largest window ever. */
uint32_t push_chunk(uint32_t mss, uint32_t max_window);

struct push_write {
    struct seq sent, from;     /* SND.NXT, and the first byte written */
    uint32_t len;              /* not 0 */
    uint32_t chunk, max_window;
    /* bytes of its last chunk that are not sent then (sndbuf.h); 0: as many as chunks leave */
    uint32_t last;
    bool more;                 /* no PSH at its end (MSG_MORE) */
    bool closes;               /* nothing is to be added to its last chunk (MSG_EOR) */
    bool only;                 /* PSH stands on the last byte alone, as BSD has it: chunks are nothing */
};
void push_written(struct push *p, const struct push_write *w);

/*
 * The same of a write that fits one chunk, from `from` to `end`, when nothing was unsent before it and it promises
 * nothing: that is the only mark then.
 */
static inline void push_written_lone(struct push *p, struct seq from, struct seq end)
{
    weft_assert(p->count == 0, "a mark lies above what was sent");
    p->mark[p->head] = p->pushed = end;
    p->count = 1;
    p->records &= (uint16_t)~(1u << p->head);
    p->chunk = from;
    p->closed = false;
}

/* Of what is written up to `end` and sent up to `sent`: unsent bytes of the last chunk; 0: none that takes more. */
static inline uint32_t push_last(const struct push *p, struct seq sent, struct seq end)
{
    return p->closed || seq_ge(sent, end) ? 0 : end.v - seq_max(p->chunk, sent).v;
}

/* Of the `unsent` bytes from SND.NXT on, those that one segment may hold at most: up to the first mark. */
uint32_t push_reach(const struct push *p, struct seq next, uint32_t unsent);

/* What ends where a segment does: nothing; something that PSH belongs to; a record, which PSH belongs to as well. */
enum push_end { PUSH_NOT, PUSH_HERE, PUSH_RECORD };

/* Bytes up to `end` are sent in one segment. */
enum push_end push_sent(struct push *p, struct seq end);

#endif
