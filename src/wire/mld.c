/* SPDX-License-Identifier: MIT */
/* Messages of multicast listener discovery; see mld.h. */
#include "wire/mld.h"

#define GROUP_AT 8

/* What version 2 has behind the group. */
static bool tail_parse(struct reader *r, struct mld_query *q)
{
    const uint8_t *p = read_bytes(r, MLD_V2_QUERY - MLD_MESSAGE);
    const uint8_t *sources;

    if (!p)
        return false;
    q->suppress = p[0] & 8;
    q->robustness = p[0] & 7;
    q->interval = group_code_value(p[1], 4);
    q->n_sources = peek_u16(p + 2);
    sources = read_bytes(r, 16u * q->n_sources);
    if (!sources)
        return false;
    q->sources = reader(sources, 16u * q->n_sources);
    return true;
}

bool mld_query_parse(const uint8_t *p, size_t n, struct mld_query *q)
{
    struct reader r = reader(p, n);

    if (n < MLD_MESSAGE || p[0] != ICMPV6_MLD_QUERY || (n > MLD_MESSAGE && n < MLD_V2_QUERY))
        return false;
    *q = (struct mld_query){.version = n == MLD_MESSAGE ? 1 : 2, .max_ms = peek_u16(p + 4)};
    memcpy(q->group.b, p + GROUP_AT, 16);
    if (q->version == 1)
        return true;
    q->max_ms = group_code_value(q->max_ms, 12);
    read_bytes(&r, MLD_MESSAGE);
    return tail_parse(&r, q);
}

bool mld_message_parse(const uint8_t *p, size_t n, struct weft_ip *group)
{
    if (n < MLD_MESSAGE)
        return false;
    memcpy(group->b, p + GROUP_AT, 16);
    return true;
}

void mld_emit(struct writer *w, uint8_t type, const struct weft_ip *group)
{
    struct weft_ip bare = ip_bare(*group);

    write_u8(w, type);
    write_u8(w, 0);
    write_u16(w, 0);
    write_u32(w, 0);
    write_bytes(w, bare.b, 16);
}

void mld_report_emit(struct writer *w, uint16_t records)
{
    write_u8(w, ICMPV6_MLD2_REPORT);
    write_u8(w, 0);
    write_u16(w, 0);
    write_u16(w, 0);
    write_u16(w, records);
}

bool mld_record_next(struct reader *r, struct mld_record *rec, struct reader *sources)
{
    const uint8_t *p, *list;
    size_t auxiliary;

    if (reader_left(r) == 0)
        return false;
    p = read_bytes(r, MLD_RECORD);
    if (!p)
        return false;
    *rec = (struct mld_record){.type = p[0], .n_sources = peek_u16(p + 2)};
    memcpy(rec->group.b, p + 4, 16);
    auxiliary = 4u * p[1];
    list = read_bytes(r, 16u * rec->n_sources);
    if (!list || !read_bytes(r, auxiliary))
        return false;
    *sources = reader(list, 16u * rec->n_sources);
    return true;
}

void mld_record_emit(struct writer *w, const struct mld_record *rec)
{
    struct weft_ip bare = ip_bare(rec->group);

    write_u8(w, rec->type);
    write_u8(w, 0);
    write_u16(w, rec->n_sources);
    write_bytes(w, bare.b, 16);
}

void mld_alert_emit(struct writer *w)
{
    static const uint8_t alert[MLD_ALERT] = {
        IP_PROTO_ICMPV6, 0, 5, 2, 0, 0, /* RFC 2711 §2.1: a datagram of listener discovery */
        1, 0,                           /* PadN of nothing */
    };

    write_bytes(w, alert, sizeof alert);
}
