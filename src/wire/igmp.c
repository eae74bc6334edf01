/* SPDX-License-Identifier: MIT */
/* Messages of IGMP; see igmp.h. */
#include "wire/igmp.h"

#include "base/checksum.h"
#include "wire/option.h"

#define OPTION_ROUTER_ALERT 148
#define V1_TENTHS           100 /* RFC 3376 §7.2.1: what a query of version 1 does not say */

bool igmp_parse(struct reader *r, struct igmp_header *h)
{
    const uint8_t *p = read_bytes(r, IGMP_HEADER);

    if (!p)
        return false;
    *h = (struct igmp_header){p[0], p[1], peek_u16(p + 2), peek_u32(p + 4)};
    return true;
}

void igmp_emit(struct writer *w, uint8_t type, uint8_t code, uint32_t group)
{
    uint8_t *p = write_room(w, IGMP_HEADER);

    if (!p)
        return;
    p[0] = type;
    p[1] = code;
    poke_u16(p + 2, 0);
    poke_u32(p + 4, group);
    poke_u16(p + 2, csum(p, IGMP_HEADER));
}

/* What version 3 has behind the first eight bytes. */
static bool tail_parse(struct reader *r, struct igmp_query *q)
{
    const uint8_t *p = read_bytes(r, IGMP_V3_QUERY - IGMP_HEADER);
    const uint8_t *sources;

    if (!p)
        return false;
    q->suppress = p[0] & 8;
    q->robustness = p[0] & 7;
    q->interval = group_code_value(p[1], 4);
    q->n_sources = peek_u16(p + 2);
    sources = read_bytes(r, 4u * q->n_sources);
    if (!sources)
        return false;
    q->sources = reader(sources, 4u * q->n_sources);
    return true;
}

bool igmp_query_parse(const uint8_t *p, size_t n, struct igmp_query *q)
{
    struct reader r = reader(p, n);
    struct igmp_header h;

    if (!igmp_parse(&r, &h) || h.type != IGMP_QUERY || (n > IGMP_HEADER && n < IGMP_V3_QUERY))
        return false;
    *q = (struct igmp_query){.version = 3, .group = h.group, .max_tenths = h.code};
    if (n == IGMP_HEADER) {
        q->version = h.code ? 2 : 1;
        q->max_tenths = h.code ? h.code : V1_TENTHS;
        return true;
    }
    q->max_tenths = group_code_value(h.code, 4);
    return tail_parse(&r, q);
}

bool igmp_record_next(struct reader *r, struct igmp_record *rec, struct reader *sources)
{
    const uint8_t *p, *list;
    size_t auxiliary;

    if (reader_left(r) == 0)
        return false;
    p = read_bytes(r, IGMP_RECORD);
    if (!p)
        return false;
    *rec = (struct igmp_record){p[0], peek_u16(p + 2), peek_u32(p + 4)};
    auxiliary = 4u * p[1]; /* of no use in this version (RFC 3376 §4.2.10) */
    list = read_bytes(r, 4u * rec->n_sources);
    if (!list || !read_bytes(r, auxiliary))
        return false;
    *sources = reader(list, 4u * rec->n_sources);
    return true;
}

void igmp_record_emit(struct writer *w, const struct igmp_record *rec)
{
    write_u8(w, rec->type);
    write_u8(w, 0);
    write_u16(w, rec->n_sources);
    write_u32(w, rec->group);
}

bool ipv4_router_alert(const uint8_t *options, size_t n)
{
    struct reader r = reader(options, n);
    struct option o;

    while (option_next(&r, &o))
        if (o.kind == OPTION_ROUTER_ALERT && o.len == IGMP_ROUTER_ALERT)
            return true;
    return false;
}

void ipv4_router_alert_emit(uint8_t option[IGMP_ROUTER_ALERT])
{
    option[0] = OPTION_ROUTER_ALERT;
    option[1] = IGMP_ROUTER_ALERT;
    poke_u16(option + 2, 0); /* RFC 2113 §2.1: routers shall examine the datagram */
}
