/* SPDX-License-Identifier: MIT */
/*
 * What Linux tells who sends on a stream, through the socket's error queue: when his bytes went to the link and when
 * they were acknowledged (SO_TIMESTAMPING), and that they may be reused (MSG_ZEROCOPY; weft copies, and says so).
 *
 * A send leaves *wishes*, each about the bytes up to its end. After each step of the script they are held against how
 * far the stream has come; what is reached becomes a *stamp* in the queue, which recvmsg takes with MSG_ERRQUEUE.
 */
#ifndef SCRIPT_STAMPS_H
#define SCRIPT_STAMPS_H

#include "lab.h"

/* The first three have the numbers of Linux's SCM_TSTAMP_SND, _SCHED, _ACK. */
enum stamp_kind { STAMP_SENT, STAMP_SCHEDULED, STAMP_ACKNOWLEDGED, STAMP_REUSE };

struct stamp {
    enum stamp_kind kind;
    uint32_t end;       /* bytes of the stream */
    uint32_t id, first; /* REUSE: sends from `first` to `id`; else OPT_ID's number, or 0 */
    weft_time at;       /* when it was reached, on the script's clock */
    bool has_time;      /* SOF_TIMESTAMPING_SOFTWARE: the time is told */
    bool has_segment;   /* without OPT_TSONLY the segment would come with it, to who gives room */
};

/* setsockopt of SO_TIMESTAMPING and SO_ZEROCOPY. */
void stamps_ask(struct lab_fd *fd, unsigned flags);
void stamps_allow_reuse(struct lab_fd *fd, bool on);
/* A connection that was accepted asks what its listener did. */
void stamps_inherit(struct lab_fd *fd, const struct lab_fd *listener);
void stamps_free(struct lab_fd *fd);

/* The stream took n bytes of a send; zerocopy: with MSG_ZEROCOPY; once: what this send asks for instead, 0: nothing. */
void stamps_sent(struct lab_fd *fd, size_t n, bool zerocopy, unsigned once);
/* How far has each stream come by now? */
void stamps_collect(struct lab *lab);

bool stamps_wait(const struct lab_fd *fd);
/* The oldest; false when there is none. */
bool stamps_take(struct lab_fd *fd, struct stamp *out);

#endif
