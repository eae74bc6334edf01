/* SPDX-License-Identifier: MIT */
#include "cmd/ping_tell.h"

#include <time.h>

#include "cmd/ping_errors.h"
#include "wire/icmpv4.h"

#define ROW 32 /* bytes of data in a line, where they came back changed */

uint8_t ping_data_at(const struct ping_opts *o, size_t i)
{
    return o->n_pattern ? o->pattern[i % o->n_pattern] : (uint8_t)i;
}

static void begin_line(const struct ping_teller *t)
{
    struct timespec now;

    if (!t->o->stamps)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    fprintf(t->out, "[%lld.%06ld] ", (long long)now.tv_sec, now.tv_nsec / 1000);
}

/* ---- the first lines ---- */

static void tell_pattern(const struct ping_teller *t)
{
    fputs("PATTERN: 0x", t->out);
    for (size_t i = 0; i < t->o->n_pattern; i++)
        fprintf(t->out, "%02x", t->o->pattern[i]);
    fputc('\n', t->out);
}

void ping_tell_head(const struct ping_teller *t)
{
    unsigned long long size = t->o->size;
    bool v4 = weft_ip_is_v4(&t->o->ip);

    if (t->json) {
        json_open(t->json, NULL, '{');
        json_text(t->json, "target", t->to);
        json_open(t->json, "replies", '[');
        return;
    }
    if (t->o->n_pattern && !t->o->quiet)
        tell_pattern(t);
    fprintf(t->out, v4 ? "PING %s (%s) " : "PING %s(%s) ", t->to, t->to);
    if (t->from)
        fprintf(t->out, "from %s: ", t->from);
    if (v4)
        fprintf(t->out, "%llu(%llu) bytes of data.\n", size,
                size + ICMPV4_HEADER + IPV4_HEADER + (t->n_asked + 3) / 4 * 4);
    else
        fprintf(t->out, "%llu data bytes\n", size);
}

/* ---- a line for each thing that happens ---- */

void ping_tell_request(const struct ping_teller *t)
{
    if (t->o->flood && !t->o->quiet && !t->json)
        fputc('.', t->out);
}

static void reply_as_json(struct json *j, const struct ping_reply *r)
{
    json_open(j, NULL, '{');
    json_text(j, "from", r->from);
    json_number(j, "icmp_seq", r->seq);
    json_number(j, "bytes", r->n + ICMPV4_HEADER);
    json_number(j, "ttl", (uint64_t)r->ttl);
    json_number(j, "rtt_us", r->rtt / WEFT_US);
    json_number(j, "duplicate", r->again);
    json_close(j, '}');
}

/* The first byte that came back changed, and then all of them. */
static void tell_wrong_data(const struct ping_teller *t, const struct ping_reply *r)
{
    size_t i = 0;

    while (i < r->n && i < t->o->size && r->data[i] == ping_data_at(t->o, i))
        i++;
    if (i == r->n || i == t->o->size)
        return;
    fprintf(t->out, "\nwrong data byte #%zu should be 0x%x but was 0x%x", i, ping_data_at(t->o, i), r->data[i]);
    for (i = 0; i < r->n && i < t->o->size; i++) {
        if (i % ROW == 0)
            fprintf(t->out, "\n#%zu\t", i);
        fprintf(t->out, "%x ", r->data[i]);
    }
}

static void reply_in_words(struct ping_teller *t, const struct ping_reply *r)
{
    char time[24];

    begin_line(t);
    fprintf(t->out, "%zu bytes from %s: icmp_seq=%u ttl=%d", r->n + ICMPV4_HEADER, r->from, r->seq, r->ttl);
    if (r->n < t->o->size) {
        fputs(" (truncated)\n", t->out);
        return;
    }
    ping_rtt_text(r->rtt, time, sizeof time);
    fprintf(t->out, " time=%s ms%s", time, r->again && !ip_is_multicast(&t->o->ip) ? " (DUP!)" : "");
    tell_wrong_data(t, r);
    if (r->n_options)
        ping_options_print(t->out, r->options, r->n_options, t->last_route);
    fputc('\n', t->out);
}

void ping_tell_reply(struct ping_teller *t, const struct ping_reply *reply)
{
    if (t->o->quiet || (t->o->flood && t->json))
        return;
    if (t->json)
        reply_as_json(t->json, reply);
    else if (t->o->flood)
        fputs("\b \b", t->out);
    else
        reply_in_words(t, reply);
}

static void error_as_json(struct json *j, uint16_t seq, const char *from, const char *text, const struct weft_report *r)
{
    json_open(j, NULL, '{');
    if (r->origin != WEFT_ORIGIN_LOCAL)
        json_text(j, "from", from);
    json_number(j, "icmp_seq", seq);
    json_text(j, "error", text);
    if (r->origin != WEFT_ORIGIN_LOCAL) {
        json_number(j, "type", r->type);
        json_number(j, "code", r->code);
    }
    json_close(j, '}');
}

void ping_tell_error(const struct ping_teller *t, uint16_t seq, const char *from, const struct weft_report *report)
{
    char text[80];

    if (report->origin == WEFT_ORIGIN_LOCAL)
        snprintf(text, sizeof text, "message too long, mtu=%u", (unsigned)report->info);
    else
        ping_error_text(report, text, sizeof text);
    if (t->o->quiet || (t->o->flood && t->json))
        return;
    if (t->json) {
        error_as_json(t->json, seq, from, text, report);
    } else if (t->o->flood) {
        fputs("\bE", t->out);
    } else if (report->origin == WEFT_ORIGIN_LOCAL) { /* on the other stream, but in this order */
        fflush(t->out);
        fprintf(t->err, "weft ping: local error: %s\n", text);
    } else {
        begin_line(t);
        fprintf(t->out, "From %s icmp_seq=%u %s\n", from, seq, text);
    }
}

void ping_tell_unsent(const struct ping_teller *t, uint16_t seq, int err)
{
    if (t->o->quiet || (t->o->flood && t->json))
        return;
    if (t->json)
        error_as_json(t->json, seq, NULL, weft_strerror(err), &(struct weft_report){.origin = WEFT_ORIGIN_LOCAL});
    else if (t->o->flood)
        fputs("\bE", t->out);
    else
        fprintf(t->err, "weft ping: sendmsg: %s\n", weft_strerror(err));
}

void ping_tell_silence(const struct ping_teller *t, uint16_t seq)
{
    if (t->json || t->o->quiet || t->o->flood)
        return;
    begin_line(t);
    fprintf(t->out, "no answer yet for icmp_seq=%u\n", seq);
}

/* ---- the end ---- */

static void foot_as_json(struct json *j, const struct ping_stats *s)
{
    json_close(j, ']');
    json_number(j, "transmitted", s->sent);
    json_number(j, "received", s->received);
    json_number(j, "duplicates", s->duplicates);
    json_number(j, "errors", s->errors);
    if (s->received) {
        json_number(j, "rtt_min_us", s->min / WEFT_US);
        json_number(j, "rtt_avg_us", (uint64_t)(s->sum / (double)s->received / 1e3));
        json_number(j, "rtt_max_us", s->max / WEFT_US);
        json_number(j, "rtt_mdev_us", (uint64_t)(ping_stats_mdev(s) / 1e3));
    }
    json_close(j, '}');
    json_end(j);
}

void ping_tell_foot(const struct ping_teller *t, const struct ping_stats *stats, weft_time took)
{
    char text[512];

    if (t->json) {
        foot_as_json(t->json, stats);
        return;
    }
    ping_stats_text(stats, took, text, sizeof text);
    fprintf(t->out, "\n--- %s ping statistics ---\n%s", t->to, text);
}
