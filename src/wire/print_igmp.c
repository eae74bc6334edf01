/* SPDX-License-Identifier: MIT */
/* IGMP in tcpdump's words; see print.h. */
#include "wire/igmp.h"
#include "wire/print_private.h"

#define USUAL_TENTHS 100 /* a time to answer in that goes without saying */

static void group_print(struct fmt *f, const char *before, uint32_t group)
{
    struct weft_ip ip = weft_ipv4(group);

    text_ip_print(f, before, &ip);
}

/* "25.6s"; from a minute on "52m54s", without zero seconds. */
static void tenths_print(struct fmt *f, uint32_t tenths)
{
    uint32_t seconds = tenths / 10 % 60;

    if (tenths < 600) {
        num_print(f, "", tenths / 10);
        num_print(f, ".", tenths % 10);
        fmt_char(f, 's');
        return;
    }
    num_print(f, "", tenths / 600);
    fmt_char(f, 'm');
    if (seconds) {
        num_print(f, "", seconds);
        fmt_char(f, 's');
    }
}

static void older_query_print(struct fmt *f, const struct igmp_header *h, size_t len)
{
    fmt_str(f, h->code ? " v2" : " v1");
    if (h->code && h->code != USUAL_TENTHS) {
        num_print(f, " [max resp time ", h->code);
        fmt_char(f, ']');
    }
    if (h->group) {
        group_print(f, " [gaddr ", h->group);
        fmt_char(f, ']');
    }
    if (len != IGMP_HEADER) {
        num_print(f, " [len ", len);
        fmt_char(f, ']');
    }
}

/* r stands behind the first eight bytes. */
static void query_print(struct fmt *f, const struct igmp_header *h, struct reader r, size_t len)
{
    uint32_t tenths = group_code_value(h->code, 4);
    const uint8_t *tail = len >= IGMP_V3_QUERY ? read_bytes(&r, IGMP_V3_QUERY - IGMP_HEADER) : NULL;
    unsigned n;

    fmt_str(f, "igmp query");
    if (!tail) {
        older_query_print(f, h, len);
        return;
    }
    fmt_str(f, " v3");
    if (tenths != USUAL_TENTHS) {
        fmt_str(f, " [max resp time ");
        tenths_print(f, tenths);
        fmt_char(f, ']');
    }
    if (!h->group)
        return;
    group_print(f, " [gaddr ", h->group);
    n = peek_u16(tail + 2);
    if (len < IGMP_V3_QUERY + 4 * (size_t)n)
        fmt_str(f, " [invalid number of sources]");
    else if (n)
        num_print(f, ", ", n);
    if (n && len >= IGMP_V3_QUERY + 4 * (size_t)n)
        fmt_str(f, " source(s)");
    fmt_char(f, ']');
}

static void report_print(struct fmt *f, const struct igmp_header *h)
{
    num_print(f, "igmp v3 report, ", h->group & 0xffff);
    fmt_str(f, " group record(s)");
}

void igmp_print(struct fmt *f, struct reader r, size_t len)
{
    struct igmp_header h;

    if (!igmp_parse(&r, &h)) {
        cut_print(f, "igmp");
        return;
    }
    if (h.type == IGMP_QUERY) {
        query_print(f, &h, r, len);
    } else if (h.type == IGMP_V3_REPORT) {
        report_print(f, &h);
    } else if (h.type == IGMP_V1_REPORT || h.type == IGMP_V2_REPORT || h.type == IGMP_LEAVE) {
        fmt_str(f, h.type == IGMP_V1_REPORT ? "igmp v1 report" : h.type == IGMP_V2_REPORT ? "igmp v2 report"
                                                                                          : "igmp leave");
        group_print(f, " ", h.group);
    } else {
        num_print(f, "igmp-", h.type);
    }
}
