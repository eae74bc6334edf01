/* SPDX-License-Identifier: MIT */
/*
 * A lane is one direction of a link: a rate with a queue before it, a delay, and what goes wrong on the way, all from a
 * seed. It decides about packets and keeps them in the order of their arrival; it never looks into one but to mark it
 * (ECN), so a packet is whatever its owner says it is. The in-memory wire, the impair driver and `weft link` each have
 * two.
 *
 *     verdict = weft_lane_judge(lane);                          chance: does it pass?
 *     through = weft_lane_admit(lane, verdict, bytes, now);     the queue: when is it through the bottleneck?
 *     weft_lane_file(lane, packet, through);                    delay and order: when does it arrive?
 *     ...
 *     packet = weft_lane_take(lane, now);                       at weft_lane_deadline, or later
 *
 * Chance depends on the seed and on how many packets went before, never on time: the n-th packet has the same fate
 * however fast they come.
 */
#ifndef WEFT_LANE_H
#define WEFT_LANE_H

#include "weft/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_lane weft_lane;

/*
 * How a lane misbehaves. All zero is perfect and infinitely fast. ppm: parts in a million packets. The models of loss
 * may be combined; what one of them loses the others do not see.
 */
struct weft_impairment {
    uint64_t bits_per_second; /* 0: no limit */
    size_t queue_bytes;       /* waiting for the rate, with the packet that is being sent; more is lost from the tail */
    uint32_t queue_packets;   /* the same in packets. 0: no limit; both: whichever is reached first */
    weft_time delay, jitter;  /* each packet takes delay + uniform(0..jitter) after that */
    bool jitter_reorders;     /* let jitter change the order; else a packet waits for the one before it */
    uint32_t loss, duplicate, corrupt; /* ppm; corrupt flips one bit */
    uint32_t loss_burst;      /* how many packets in a row `loss` takes each time; 0 is 1 */
    uint32_t loss_every;      /* the n-th, 2n-th, ... packet is lost; 0: none */
    /* The two states of Gilbert and Elliott. Starts in the good one; all zero: none. All ppm, per packet. */
    struct {
        uint32_t to_bad, to_good;      /* changes of state after a packet */
        uint32_t lost_good, lost_bad;  /* loss in each state */
    } gilbert;
    /* ECN (RFC 3168 §5): who can be told so hears of congestion by a mark; others are not lost for it. */
    uint32_t mark;            /* ppm */
    weft_time mark_wait;      /* and whoever has to wait longer than that for the rate; 0: nobody */
    uint32_t reorder;         /* ppm of packets held back for reorder_delay, so that later ones overtake them */
    weft_time reorder_delay;
    uint32_t reorder_gap;     /* not 0: one at a time, until so many have overtaken it, for reorder_delay at most */
};

enum weft_wire_verdict { WEFT_WIRE_PASS, WEFT_WIRE_LOSE, WEFT_WIRE_DUPLICATE };

struct weft_lane_stats {
    uint64_t sent, bytes; /* that entered */
    uint64_t delivered;   /* that arrived, duplicates included */
    uint64_t lost;        /* by chance */
    uint64_t overflowed;  /* from the tail of the queue, or for want of memory */
    uint64_t duplicated, corrupted, reordered;
    uint64_t marked;      /* that could be and were */
    weft_time wait_max;   /* the longest wait for the rate */
    weft_time late_total, late_max; /* how long after their arrival packets were taken: in real time, the error */
};

/* env gives the memory (alloc, free, ctx); copied. NULL when out of memory. */
weft_lane *weft_lane_new(const struct weft_env *env, const struct weft_impairment *how, uint64_t seed);
/* What is still in it must be taken out first: weft_lane_take(lane, WEFT_NEVER) until NULL. */
void weft_lane_free(weft_lane *lane);

/* Changes its behaviour from now on. */
void weft_lane_impair(weft_lane *lane, const struct weft_impairment *how);

/* Would every packet arrive at once, and is nothing under way? */
bool weft_lane_is_plain(const weft_lane *lane);

/* What chance says of the next packet. A verdict of the owner's own may stand in its place. */
enum weft_wire_verdict weft_lane_judge(weft_lane *lane);

/*
 * A packet of so many bytes enters, with this verdict. Returns when it is through the bottleneck; WEFT_NEVER when it
 * was lost, or the queue is full. `now` does not run backwards.
 */
weft_time weft_lane_admit(weft_lane *lane, enum weft_wire_verdict verdict, uint64_t bytes, weft_time now);

/* Is the packet that was admitted last to be marked, if it can be? */
bool weft_lane_marks(const weft_lane *lane);

/*
 * Marks it, in these bytes of its frame: ECT(0) or ECT(1) in its IP header becomes CE, with IPv4's checksum. False, and
 * nothing changed or counted: it is neither, or no IP. The bytes are the caller's alone; one VLAN tag is looked behind.
 */
bool weft_lane_mark(weft_lane *lane, enum weft_link link, uint8_t *frame, size_t n);

/*
 * Is a bit of this packet (or this copy of it) to be flipped? Then *bit is which, counted from the first one; bytes >
 * 0.
 */
bool weft_lane_corrupts(weft_lane *lane, uint64_t bytes, uint64_t *bit);

/* Puts a packet on its way. False, and counted as overflowed, when out of memory: it stays the caller's. */
bool weft_lane_file(weft_lane *lane, void *packet, weft_time through);

/* The next packet that has arrived by now; NULL when there is none. */
void *weft_lane_take(weft_lane *lane, weft_time now);

/* When the next one arrives; WEFT_NEVER when none is under way. */
weft_time weft_lane_deadline(const weft_lane *lane);

/* How many are under way. */
size_t weft_lane_count(const weft_lane *lane);

/* Lives as long as the lane; its owner may add what the lane cannot know. */
struct weft_lane_stats *weft_lane_stats(weft_lane *lane);

#ifdef __cplusplus
}
#endif
#endif
