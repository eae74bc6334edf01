/* SPDX-License-Identifier: MIT */
/*
 * The receive buffer and what of it may be promised to the peer. A buffer counts true size, as Linux counts it: payload
 * and what it costs to keep. Half of it is taken for payload until a full segment shows the real share (`ratio`). The
 * promise starts small (`ssthresh`) and grows with every segment that is worth its cost; the buffer itself grows when
 * the user reads more in a round trip than ever before: to twice that, and room for a sender that doubles.
 *
 * struct rcvspace stays with the connection; struct rcvtune is the measurement under way and is begun anew after a
 * rest. Windows are bytes of payload, at most 1 GiB (RFC 7323 §2.2).
 */
#ifndef TCP_RCVSPACE_H
#define TCP_RCVSPACE_H

#include "base/seq.h"

#define RCVSPACE_MIN 2304       /* bytes: no receive buffer is smaller */
#define RCVSPACE_RATIO_UNIT 256 /* of `ratio` */
#define RCVSPACE_SHARES 256     /* of the buffer, that `elsewhere` counts */

struct rcvspace {
    uint32_t buffer;   /* bytes of true size */
    uint32_t ssthresh; /* no larger window is promised yet */
    uint32_t clamp;    /* nor ever, as things stand; 0: not connected, and the user said nothing */
    uint8_t ratio;     /* payload in 256 bytes of true size */
    bool fixed;        /* by the user (SO_RCVBUF): it does not grow */
    bool clamped;      /* by the user (TCP_WINDOW_CLAMP): `clamp` is his */
    uint8_t elsewhere; /* so many 256ths of the buffer wait for the reader outside of it (weft_recv_waits) */
};

struct rcvtune {
    weft_time since;   /* the user's reading is measured from here; 0: it is not */
    struct seq from;   /* the first byte he had not read then */
    uint32_t most;     /* the most he read in one round trip */
    uint32_t echoed;   /* the last timestamp echo that was used */
    weft_time rtt;     /* as a receiver sees it; 0: not known */
    weft_time window_since; /* 0: not yet */
    struct seq window_end;  /* when RCV.NXT gets here, one window has taken one round trip or more */
};

/* What tcp_rmem and the like say. */
struct rcvspace_limits {
    uint32_t max;   /* the buffer grows to this by itself */
    bool moderate;  /* it grows at all */
};

void rcvspace_init(struct rcvspace *r, uint32_t buffer);

/* Payload that fits `true_size` bytes of buffer. */
static inline uint32_t rcvspace_window(const struct rcvspace *r, uint32_t true_size)
{
    return (uint32_t)((uint64_t)true_size * r->ratio / RCVSPACE_RATIO_UNIT);
}

/* Payload that fits when what is there already has this true size. */
static inline uint32_t rcvspace_free(const struct rcvspace *r, uint32_t cost)
{
    uint64_t taken = cost + (uint64_t)(r->buffer / RCVSPACE_SHARES) * r->elsewhere;

    return taken < r->buffer ? rcvspace_window(r, r->buffer - (uint32_t)taken) : 0;
}

/* So many bytes of true size wait outside of the buffer, at most nearly as much as all of it. */
void rcvspace_set_elsewhere(struct rcvspace *r, size_t bytes);

/* What a segment of this payload costs: bytes of true size in the kind of memory that Linux would take for it. */
uint32_t rcvspace_true_size(uint32_t payload);

/*
 * The true size of what was received and not read, by the same measure. Who reads a part of it frees as many segments
 * as he has read whole, were they all alike.
 */
struct rcvcost {
    uint32_t size;     /* bytes of true size, */
    uint32_t bytes;    /* when so much payload was there, */
    uint32_t segments; /* in so many segments */
    uint32_t tail;     /* payload that the last one's memory has room for */
};

/* How many segments were read whole, if `held` bytes are left? */
static inline uint32_t rcvcost_freed(const struct rcvcost *k, uint32_t held)
{
    return likely(held >= k->bytes) ? 0 : (uint32_t)((uint64_t)(k->bytes - held) * k->segments / k->bytes);
}

/* What `held` bytes of payload cost; since the last call of rcvcost_add they have become fewer, if anything. */
static inline uint32_t rcvcost_of(const struct rcvcost *k, uint32_t held)
{
    uint32_t freed = rcvcost_freed(k, held);

    return likely(freed == 0) ? k->size : (uint32_t)((uint64_t)k->size * (k->segments - freed) / k->segments);
}

/*
 * `segments` of `payload` bytes each were stored, in order or not; before, held: all the payload that was there without
 * them, and is there now. What costs more than the buffer is moved together: then it costs what full segments would.
 */
void rcvcost_add(struct rcvcost *k, const struct rcvspace *r, uint32_t payload, uint32_t segments, bool in_order,
                 uint32_t before, uint32_t held);

/* The same of one segment in order, when nothing was there without it. */
void rcvcost_first(struct rcvcost *k, const struct rcvspace *r, uint32_t payload);

/* The window that goes with a SYN or SYN,ACK: whole segments of `mss` (0: all there is), at most 65,535. */
uint32_t rcvspace_first_window(const struct rcvspace *r, uint32_t mss);

/* The scale that lets a window grow as far as the buffer may: 0 to 14. `max`: how large it may get. */
uint8_t rcvspace_shift(const struct rcvspace *r, uint32_t max);

/*
 * The handshake is over: `window` was promised with our SYN; shift: of the fields from now on; mss: what we announced.
 */
void rcvspace_start(struct rcvspace *r, uint32_t window, uint8_t shift, uint32_t mss);

/* Nothing is measured. */
void rcvtune_init(struct rcvtune *t);
/* What a user is taken to read in a round trip until it was measured; mss: what we announced. */
uint32_t rcvtune_first(const struct rcvspace *r, uint32_t mss);
/* A measurement begins where none runs. mss: what we announced; unread: the first byte not read yet. */
void rcvtune_begin(struct rcvtune *t, const struct rcvspace *r, uint32_t mss, struct seq unread, weft_time now);

/*
 * A segment of a new size, the largest so far or smaller than the largest was thought to be: `payload` bytes tell what
 * share of memory is payload. open: what is promised now.
 */
void rcvspace_learn_ratio(struct rcvspace *r, uint32_t payload, uint32_t open);

/*
 * A segment with `payload` bytes was stored; cost: true size of all that is there now; mss: what we announced; rcv_mss:
 * the peer's full segment. True when the promise grew.
 */
bool rcvspace_grow(struct rcvspace *r, uint32_t payload, uint32_t cost, uint32_t mss, uint32_t rcv_mss, uint32_t max);

/* One round trip took this long. windowed: it is only known that one window's worth took so long. */
void rcvtune_rtt(struct rcvtune *t, weft_time sample, bool windowed);

/* Text came: next is RCV.NXT before it, window what is open from there. A round trip may be over. */
void rcvtune_arrived(struct rcvtune *t, struct seq next, uint32_t window, weft_time now);

/* The user read up to `read`. The buffer may grow. */
void rcvtune_read(struct rcvtune *t, struct rcvspace *r, const struct rcvspace_limits *l, struct seq read, uint32_t mss,
                  weft_time now);

/* TCP_WINDOW_CLAMP: no window above `clamp` (at least half of the least buffer). open: what is promised now. */
void rcvspace_set_clamp(struct rcvspace *r, uint32_t clamp, uint32_t open);

#endif
