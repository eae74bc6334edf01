/* SPDX-License-Identifier: MIT */
/*
 * The script parser on any text: it comes back, with a script or with one line that says where it failed. What it
 * understood of a packet it prints, and reads again as the same packet.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "script.h"

enum { LARGEST_PACKET = 2048 };

static void check(bool truth)
{
    if (!truth)
        abort();
}

/* Attributes that a packet of weft's never shows are not printed. */
#define PRINTED (ATTR_TTL | ATTR_TOS | ATTR_ECN | ATTR_LABEL | ATTR_ID | ATTR_DF | ATTR_SRC | ATTR_DST | ATTR_SPORT | \
                 ATTR_DPORT | ATTR_ABSOLUTE)

/* An ICMP error's quote is not printed either. */
static bool prints_whole(const struct packet *p)
{
    return !(p->attrs & ~(unsigned)PRINTED) && p->proto != PACKET_ICMP;
}

static void check_packet(const struct packet *p, bool outbound)
{
    char text[LARGEST_PACKET], again[LARGEST_PACKET];
    struct packet q;
    struct scan s;

    packet_text(p, outbound, text, sizeof(text));
    check(strlen(text) > 2 && strlen(text) + 1 < sizeof(text));
    packet_marks(p, outbound, ~0u, again, sizeof(again));
    check(strlen(again) <= strlen(text) + 2);
    if (!prints_whole(p))
        return;
    scan_begin(&s, text + 2, strlen(text) - 2);
    packet_parse(&s, &q, outbound, p->v6);
    check(!s.failed && scan_at_end(&s));
    packet_text(&q, outbound, again, sizeof(again));
    check(strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script;
    char why[512] = "";

    if (!script_parse(&script, "fuzz.pkt", (const char *)data, size, why, sizeof(why))) {
        check(strncmp(why, "fuzz.pkt:", 9) == 0);
        return 0;
    }
    check(!why[0]);
    for (size_t i = 0; i < script.n_events; i++) {
        const struct event *e = &script.events[i];

        if (e->kind == EVENT_IN || e->kind == EVENT_OUT)
            check_packet(&e->packet, e->kind == EVENT_OUT);
    }
    script_free(&script);
    return 0;
}
