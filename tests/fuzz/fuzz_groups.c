/* SPDX-License-Identifier: MIT */
/*
 * The messages of IGMP and of multicast listener discovery on any bytes. The first byte selects one, and whether its
 * counts are made to fit what is there.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/igmp.h"
#include "wire/mld.h"

static void check(bool truth)
{
    if (!truth)
        abort();
}

/* The addresses lie inside, and there are as many of them as it says. */
static void check_sources(const struct reader *sources, unsigned n, size_t each, const uint8_t *p, size_t len)
{
    check(reader_left(sources) == n * each);
    check(n == 0 || (sources->p >= p && sources->end <= p + len));
}

/* ---- IGMP ---- */

static void igmp_query_feed(const uint8_t *p, size_t n)
{
    struct igmp_query q;

    if (!igmp_query_parse(p, n, &q))
        return;
    check(p[0] == IGMP_QUERY && (q.version == 3 ? n >= IGMP_V3_QUERY : n == IGMP_HEADER && (q.version - 1u) < 2));
    check(q.version == 3 ? q.robustness < 8 && q.max_tenths <= 31744 && q.interval <= 31744
                         : q.max_tenths >= 1 && q.max_tenths < 256 && q.n_sources == 0);
    if (q.version == 3)
        check_sources(&q.sources, q.n_sources, 4, p, n);
}

/* Records lie one behind the other; what one says of itself comes back the same. */
static void igmp_records_feed(const uint8_t *p, size_t n)
{
    struct reader r = reader(p, n), sources;
    struct igmp_record rec;
    uint8_t out[IGMP_RECORD];

    for (const uint8_t *at = p; igmp_record_next(&r, &rec, &sources); at = r.p) {
        struct writer w = writer(out, sizeof out);

        check_sources(&sources, rec.n_sources, 4, at + IGMP_RECORD, (size_t)(r.p - at) - IGMP_RECORD);
        check(r.p == at + IGMP_RECORD + 4u * rec.n_sources + 4u * at[1]);
        igmp_record_emit(&w, &rec);
        out[1] = at[1]; /* words of auxiliary data, of which we have none */
        check(!w.bad && memcmp(out, at, sizeof out) == 0);
    }
    check(r.bad || r.p == p + n);
}

static void igmp_feed(const uint8_t *p, size_t n)
{
    struct reader r = reader(p, n);
    struct igmp_header h;

    check(igmp_parse(&r, &h) == (n >= IGMP_HEADER));
    check(n < IGMP_HEADER || (h.type == p[0] && h.code == p[1] && h.group == peek_u32(p + 4)));
    igmp_query_feed(p, n);
}

/* ---- MLD ---- */

static void mld_query_feed(const uint8_t *p, size_t n)
{
    struct mld_query q;

    if (!mld_query_parse(p, n, &q))
        return;
    check(p[0] == ICMPV6_MLD_QUERY && (q.version == 2 ? n >= MLD_V2_QUERY : n == MLD_MESSAGE && q.version == 1));
    check(q.version == 2 ? q.robustness < 8 && q.max_ms <= 8387584 && q.interval <= 31744
                         : q.max_ms <= UINT16_MAX && q.n_sources == 0);
    if (q.version == 2)
        check_sources(&q.sources, q.n_sources, 16, p, n);
}

static void mld_records_feed(const uint8_t *p, size_t n)
{
    struct reader r = reader(p, n), sources;
    struct mld_record rec;
    uint8_t out[MLD_RECORD];

    for (const uint8_t *at = p; mld_record_next(&r, &rec, &sources); at = r.p) {
        struct writer w = writer(out, sizeof out);

        check_sources(&sources, rec.n_sources, 16, at + MLD_RECORD, (size_t)(r.p - at) - MLD_RECORD);
        check(r.p == at + MLD_RECORD + 16u * rec.n_sources + 4u * at[1]);
        mld_record_emit(&w, &rec);
        out[1] = at[1];
        check(!w.bad && (ip_is_zoned(&rec.group) || memcmp(out, at, sizeof out) == 0));
    }
    check(r.bad || r.p == p + n);
}

static void mld_feed(const uint8_t *p, size_t n)
{
    uint8_t out[MLD_MESSAGE];
    struct writer w = writer(out, sizeof out);
    struct weft_ip group;

    check(mld_message_parse(p, n, &group) == (n >= MLD_MESSAGE));
    if (n >= MLD_MESSAGE) {
        mld_emit(&w, p[0], &group);
        check(!w.bad && (ip_is_zoned(&group) || memcmp(out + 8, p + 8, 16) == 0));
    }
    mld_query_feed(p, n);
}

/* ---- counts that fit ---- */

/* A query of the newest version, with up to as many sources as there are, or one more. */
static void mend_query(uint8_t *p, size_t n, bool v6)
{
    size_t fixed = v6 ? MLD_V2_QUERY : IGMP_V3_QUERY, each = v6 ? 16 : 4;

    p[0] = v6 ? ICMPV6_MLD_QUERY : IGMP_QUERY;
    if (n >= fixed)
        poke_u16(p + fixed - 2, (uint16_t)(p[fixed - 1] % ((n - fixed) / each + 2)));
}

/* Records of few sources and little auxiliary data. */
static void mend_records(uint8_t *p, size_t n, bool v6)
{
    size_t fixed = v6 ? MLD_RECORD : IGMP_RECORD, each = v6 ? 16 : 4;

    for (size_t at = 0; n - at >= fixed; at += min_size(fixed + each * p[at + 3] + 4u * p[at + 1], n - at)) {
        p[at + 1] &= p[at] & 3;
        p[at + 2] = 0;
        p[at + 3] &= 7;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool v6, records;
    uint8_t *p;
    size_t n;

    if (size < 2)
        return 0;
    v6 = data[0] & 1;
    records = data[0] & 2;
    n = size - 1;
    p = malloc(n);
    check(p != NULL);
    memcpy(p, data + 1, n);
    if (data[0] & 4)
        records ? mend_records(p, n, v6) : mend_query(p, n, v6);
    if (records)
        v6 ? mld_records_feed(p, n) : igmp_records_feed(p, n);
    else
        v6 ? mld_feed(p, n) : igmp_feed(p, n);
    free(p);
    return 0;
}
