/* SPDX-License-Identifier: MIT */
/* Messages of multicast listener discovery (RFC 2710 §3, RFC 3810 §5), which are ICMPv6. */
#ifndef WIRE_MLD_H
#define WIRE_MLD_H

#include "wire/group_record.h"
#include "wire/icmpv6.h"

#define MLD_MESSAGE  24 /* all of a message of version 1 */
#define MLD_V2_QUERY 28 /* without its sources */
#define MLD_RECORD   20 /* without its sources */
#define MLD_REPORT   8  /* the start of a report of version 2 */
#define MLD_ALERT    8  /* bytes of the hop-by-hop header that goes with them: a Router Alert and padding (RFC 2711) */

struct mld_query {
    uint8_t version;     /* 1 or 2, as the length tells (RFC 3810 §8.1) */
    struct weft_ip group; /* ::, about all of them */
    uint32_t max_ms;     /* milliseconds to answer in */
    bool suppress;
    uint8_t robustness;  /* 0: not said */
    uint32_t interval;   /* seconds between queries; 0: not said */
    uint16_t n_sources;  /* this many addresses of sixteen bytes are there ... */
    struct reader sources;
};

/* Reads a query of `n` bytes at p, its type included; false as igmp_query_parse. */
bool mld_query_parse(const uint8_t *p, size_t n, struct mld_query *q);

/* The group of a version 1 report or done message, which is at least 24 bytes; false when there are fewer. */
bool mld_message_parse(const uint8_t *p, size_t n, struct weft_ip *group);

/* Writes a message of version 1, checksum zero. */
void mld_emit(struct writer *w, uint8_t type, const struct weft_ip *group);

/* Writes the start of a report of version 2, checksum zero. */
void mld_report_emit(struct writer *w, uint16_t records);

struct mld_record {
    uint8_t type; /* enum group_record_type */
    uint16_t n_sources;
    struct weft_ip group;
};

/* As igmp_record_next; sources have sixteen bytes each. */
bool mld_record_next(struct reader *r, struct mld_record *rec, struct reader *sources);
void mld_record_emit(struct writer *w, const struct mld_record *rec);

/* Writes the hop-by-hop header, which leads to ICMPv6. */
void mld_alert_emit(struct writer *w);

#endif
