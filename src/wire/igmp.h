/* SPDX-License-Identifier: MIT */
/* Messages of IGMP in its three versions (RFC 1112 Appendix I, RFC 2236 §2, RFC 3376 §4). */
#ifndef WIRE_IGMP_H
#define WIRE_IGMP_H

#include "wire/group_record.h"
#include "wire/ipv4.h"

#define IGMP_HEADER        8  /* all of a message of the first two versions, and the start of a report of the third */
#define IGMP_V3_QUERY      12 /* without its sources */
#define IGMP_RECORD        8  /* without its sources */
#define IGMP_ROUTER_ALERT  4  /* bytes of the IP option that goes with them (RFC 2113) */

#define IGMP_ALL_HOSTS     0xe0000001u /* 224.0.0.1 */
#define IGMP_ALL_ROUTERS   0xe0000002u /* 224.0.0.2 */
#define IGMP_V3_ROUTERS    0xe0000016u /* 224.0.0.22 */

enum igmp_type {
    IGMP_QUERY = 0x11,
    IGMP_V1_REPORT = 0x12,
    IGMP_V2_REPORT = 0x16,
    IGMP_LEAVE = 0x17,
    IGMP_V3_REPORT = 0x22,
};

/* The first eight bytes, which all types have alike but the reports of version 3. */
struct igmp_header {
    uint8_t type, code; /* code: of queries, the time to answer */
    uint16_t checksum;
    uint32_t group;     /* host order; of a version 3 report: the number of records in the low half */
};

bool igmp_parse(struct reader *r, struct igmp_header *h);

/* Writes a message of eight bytes, with its checksum. */
void igmp_emit(struct writer *w, uint8_t type, uint8_t code, uint32_t group);

struct igmp_query {
    uint8_t version;     /* 1, 2 or 3, as length and code tell (RFC 3376 §7.1) */
    uint32_t group;      /* 0: about all of them */
    uint32_t max_tenths; /* tenths of a second to answer in; version 1: 100 */
    bool suppress;       /* routers are not to start their timers */
    uint8_t robustness;  /* 0: not said */
    uint32_t interval;   /* seconds between queries; 0: not said */
    uint16_t n_sources;  /* this many addresses of four bytes are there ... */
    struct reader sources;
};

/* Reads a query of `n` bytes at p, type included; false when it is of no version, or its sources are not all there. */
bool igmp_query_parse(const uint8_t *p, size_t n, struct igmp_query *q);

/* A record of a version 3 report. Its sources, four bytes each, follow. */
struct igmp_record {
    uint8_t type; /* enum group_record_type */
    uint16_t n_sources;
    uint32_t group;
};

/*
 * Takes the next record; r then stands behind it, *sources sees its addresses. False at the end or (r->bad) when cut.
 */
bool igmp_record_next(struct reader *r, struct igmp_record *rec, struct reader *sources);
void igmp_record_emit(struct writer *w, const struct igmp_record *rec);

/* Is there a Router Alert (RFC 2113) among these option bytes? */
bool ipv4_router_alert(const uint8_t *options, size_t n);
void ipv4_router_alert_emit(uint8_t option[IGMP_ROUTER_ALERT]);

#endif
