/* SPDX-License-Identifier: MIT */
#include "cmd/trace_print.h"

#include <string.h>

static void print_answer(FILE *out, const struct trace_probe *p, const struct weft_ip *last, bool numeric)
{
    char text[WEFT_IP_TEXT];

    if (!last || memcmp(last, &p->answer.from, sizeof *last) != 0) {
        weft_ip_text(&p->answer.from, text, sizeof text);
        if (numeric)
            fprintf(out, " %s", text);
        else
            fprintf(out, " %s (%s)", text, text);
    }
    fprintf(out, "  %.3f ms", (double)p->rtt / 1e6);
    if (p->answer.mark[0])
        fprintf(out, " %s", p->answer.mark);
}

void trace_print_hop(FILE *out, unsigned ttl, const struct trace_probe *probes, unsigned n, bool numeric)
{
    const struct weft_ip *last = NULL; /* who was printed last */

    fprintf(out, "%2u ", ttl);
    for (unsigned i = 0; i < n; i++) {
        if (probes[i].state != TRACE_ANSWERED) {
            fputs(" *", out);
            continue;
        }
        print_answer(out, &probes[i], last, numeric);
        last = &probes[i].answer.from;
    }
    fputc('\n', out);
}

void trace_json_hop(struct json *j, unsigned ttl, const struct trace_probe *probes, unsigned n)
{
    char text[WEFT_IP_TEXT];

    json_open(j, NULL, '{');
    json_number(j, "ttl", ttl);
    json_open(j, "probes", '[');
    for (unsigned i = 0; i < n; i++) {
        json_open(j, NULL, '{');
        if (probes[i].state == TRACE_ANSWERED) {
            json_text(j, "from", weft_ip_text(&probes[i].answer.from, text, sizeof text));
            json_number(j, "rtt_us", probes[i].rtt / WEFT_US);
            if (probes[i].answer.mark[0])
                json_text(j, "mark", probes[i].answer.mark);
        }
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}
