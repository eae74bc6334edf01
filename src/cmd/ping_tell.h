/* SPDX-License-Identifier: MIT */
/* What ping says, in the original's words or as JSON. */
#ifndef CMD_PING_TELL_H
#define CMD_PING_TELL_H

#include "cmd/json.h"
#include "cmd/ping_args.h"
#include "cmd/ping_stats.h"

struct ping_teller {
    FILE *out, *err;
    const struct ping_opts *o;
    struct json *json; /* NULL: in words */
    const char *to;    /* the address asked, as text; borrowed, as the next */
    const char *from;  /* ours, where -I chose it; or NULL */
    size_t n_asked;    /* bytes of options that requests carry */
    uint8_t last_route[IPV4_MAX_OPTIONS];
};

/* A reply as it came. */
struct ping_reply {
    const char *from;
    uint16_t seq;
    bool again;          /* not the first one to this request */
    int ttl;
    weft_time rtt;
    const uint8_t *data; /* behind the header */
    size_t n;            /* bytes of it */
    const uint8_t *options; /* of its IP header, where -R or -T asked for them */
    size_t n_options;
};

/* The byte of a request's data at this offset. */
uint8_t ping_data_at(const struct ping_opts *o, size_t i);

void ping_tell_head(const struct ping_teller *t);
/* A request went out. */
void ping_tell_request(const struct ping_teller *t);
void ping_tell_reply(struct ping_teller *t, const struct ping_reply *reply);
/* ICMP complained about a request, or our own stack did (report->origin). */
void ping_tell_error(const struct ping_teller *t, uint16_t seq, const char *from, const struct weft_report *report);
/* A request could not be sent; err is negative. */
void ping_tell_unsent(const struct ping_teller *t, uint16_t seq, int err);
/* Nothing has come of this request, and the next one is due. */
void ping_tell_silence(const struct ping_teller *t, uint16_t seq);
void ping_tell_foot(const struct ping_teller *t, const struct ping_stats *stats, weft_time took);

#endif
