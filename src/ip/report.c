/* SPDX-License-Identifier: MIT */
/*
 * Reports of IGMPv3 and MLDv2 (RFC 3376 §4.2, RFC 3810 §5.2): records, packed in as many messages as the link's MTU
 * asks for. A list of sources that does not fit goes on in a record of the same kind, unless it says whom not to send:
 * of such lists a router believes the last one, so what is too much is left out (RFC 3376 §4.2.16).
 */
#include "ip/group.h"
#include "wire/igmp.h"
#include "wire/mld.h"

#define REPORT_MAX 1500 /* bytes of a datagram, also where more would go */

static uint32_t record_len(const struct report *r) { return r->v4 ? IGMP_RECORD : MLD_RECORD; }
static uint32_t address_len(const struct report *r) { return r->v4 ? 4 : 16; }

/* Bytes of a message that the link carries. */
static uint32_t message_max(const struct report *r)
{
    uint32_t headers = r->v4 ? IPV4_HEADER + IGMP_ROUTER_ALERT : IPV6_HEADER + MLD_ALERT;

    return min_u32(r->v4 ? r->ifp->mtu : nd_mtu(r->ifp), REPORT_MAX) - headers;
}

static bool begin_message(struct report *r)
{
    uint32_t max = message_max(r);

    if (r->pkt)
        return true;
    r->pkt = pkt_new_linear(r->ifp->stack, PKT_HEADROOM, max);
    if (!r->pkt) {
        stack_drop(r->ifp->stack, WEFT_DROP_no_memory);
        return false;
    }
    r->w = writer(r->pkt->data, max);
    r->records = 0;
    write_room(&r->w, r->v4 ? IGMP_HEADER : MLD_REPORT); /* written at the end */
    return true;
}

static void send_v4(struct report *r)
{
    struct writer head = writer(r->pkt->data, IGMP_HEADER);

    igmp_emit(&head, IGMP_V3_REPORT, 0, r->records);
    poke_u16(r->pkt->data + 2, 0);
    poke_u16(r->pkt->data + 2, csum(r->pkt->data, r->pkt->len));
    igmp_send(r->ifp, r->pkt, IGMP_V3_ROUTERS);
}

static void send_v6(struct report *r)
{
    static const struct weft_ip routers = {{0xff, 2, [15] = 0x16}};
    struct writer head = writer(r->pkt->data, MLD_REPORT);

    mld_report_emit(&head, r->records);
    mld_send(r->ifp, r->pkt, &routers);
}

void report_end(struct report *r)
{
    if (!r->pkt)
        return;
    r->pkt->len = (uint32_t)(r->w.p - r->pkt->data);
    if (r->v4)
        send_v4(r);
    else
        send_v6(r);
    r->pkt = NULL;
}

static void emit_record(struct report *r, uint8_t type, const struct group *g, uint16_t n)
{
    if (r->v4) {
        struct igmp_record rec = {type, n, ip_to_v4(&g->ip)};

        igmp_record_emit(&r->w, &rec);
    } else {
        struct mld_record rec = {type, n, g->ip};

        mld_record_emit(&r->w, &rec);
    }
    r->records++;
}

typedef bool pick(const struct group *g, const struct source *source);

static uint32_t count(const struct group *g, const struct sources *set, pick *picks)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < set->n; i++)
        n += !picks || picks(g, &set->at[i]);
    return n;
}

/* Writes n of the set's picked sources, from number *i on. */
static void emit_sources(struct report *r, const struct group *g, const struct sources *set, pick *picks, uint32_t n,
                         uint32_t *i)
{
    uint32_t len = address_len(r);

    for (; n; ++*i) {
        const struct source *source = &set->at[*i];

        if (picks && !picks(g, source))
            continue;
        write_bytes(&r->w, source->ip.b + 16 - len, len);
        n--;
    }
}

/* How many sources a record at the end of this message could have; -1: it has no room even for one (or for none). */
static int64_t room_for(const struct report *r, uint32_t wanted)
{
    size_t left = writer_left(&r->w), need = record_len(r) + (wanted ? address_len(r) : 0);

    return left < need ? -1 : (int64_t)((left - record_len(r)) / address_len(r));
}

void report_add(struct report *r, uint8_t type, const struct group *g, const struct sources *set, pick *picks)
{
    bool excludes = type == RECORD_IS_EXCLUDE || type == RECORD_TO_EXCLUDE;
    bool may_be_empty = excludes || type == RECORD_TO_INCLUDE;
    uint32_t left = count(g, set, picks), i = 0;

    if (left == 0 && !may_be_empty)
        return;
    do {
        int64_t room;
        uint32_t n;

        if (r->pkt && room_for(r, left) < (excludes ? (int64_t)left : 0))
            report_end(r); /* an excluding record is whole in an own message, if it can be */
        if (!begin_message(r))
            return;
        room = room_for(r, left);
        n = min_u32(left, (uint32_t)room);
        emit_record(r, type, g, (uint16_t)n);
        emit_sources(r, g, set, picks, n, &i);
        left -= n;
    } while (left && !excludes);
}
