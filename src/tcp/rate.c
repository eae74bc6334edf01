/* SPDX-License-Identifier: MIT */
/* The delivery rate; see rate.h. */
#include "tcp/rate.h"

static uint32_t ago(weft_time at, weft_time then) { return (uint32_t)min_u64((at - then) / WEFT_US, UINT32_MAX); }

void rate_send(struct rate *r, struct sent *s, uint32_t pipe)
{
    s->delivered = r->delivered;
    if (pipe == 0) { /* a flight begins: what was idle before does not count */
        r->first_at = r->delivered_at = s->at;
        s->delivered_ago = s->first_ago = 0;
    } else {
        s->delivered_ago = ago(s->at, r->delivered_at);
        s->first_ago = ago(s->at, r->first_at);
    }
    if (r->starved_until)
        s->flags |= SENT_STARVED;
}

/* Keeps the better of two, and one that says what the path takes rather than one that says what the user gave. */
static void keep(struct rate *r, const struct rate_sample *s)
{
    uint64_t us = max_u64(s->interval / WEFT_US, 1);

    if (s->starved && r->best_us && (uint64_t)s->delivered * r->best_us < r->best * us)
        return;
    r->best = s->delivered;
    r->best_us = (uint32_t)min_u64(us, UINT32_MAX);
    r->best_starved = s->starved;
}

/* So many segments more have arrived. */
static void count_arrived(struct rate *r, uint32_t delivered)
{
    r->delivered += delivered;
    if (r->starved_until && (int32_t)(r->delivered - r->starved_until) > 0)
        r->starved_until = 0;
}

/* What the last sent of what arrived tells; they are counted. */
static inline struct rate_sample sample_of(struct rate *r, const struct sent *s, weft_time now, weft_time min_rtt)
{
    struct rate_sample sample = {0};
    weft_time since_sent = (weft_time)s->first_ago * WEFT_US;
    weft_time since_delivered = now - s->at + (weft_time)s->delivered_ago * WEFT_US;

    r->first_at = s->at;
    r->delivered_at = now;
    sample.before = s->delivered;
    sample.delivered = r->delivered - s->delivered;
    sample.starved = s->flags & SENT_STARVED;
    sample.again = s->flags & SENT_EVER;
    sample.interval = max_u64(since_sent, since_delivered); /* the slower of sending and arriving */
    if (sample.interval < min_rtt || sample.interval == 0)
        sample.interval = 0; /* no path is faster than light: it is an artefact of bunched acknowledgments */
    else
        keep(r, &sample);
    return sample;
}

struct rate_sample rate_deliver(struct rate *r, const struct sndmap_news *news, uint32_t delivered, weft_time min_rtt)
{
    count_arrived(r, delivered);
    return news->delivered ? sample_of(r, &news->newest, news->now, min_rtt) : (struct rate_sample){0};
}

struct rate_sample rate_deliver_one(struct rate *r, const struct sent *s, weft_time now, weft_time min_rtt)
{
    count_arrived(r, s->segments);
    return sample_of(r, s, now, min_rtt);
}

uint64_t rate_bytes(const struct rate *r, uint32_t mss)
{
    return r->best_us ? (uint64_t)r->best * mss * 1000000u / r->best_us : 0;
}
