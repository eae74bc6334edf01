/* SPDX-License-Identifier: MIT */
/*
 * A run as scripts, one for each end of each conversation: what this end called and what that returned, which segments
 * came to its host and which went out, at their times. weft-script plays it to a single stack, so that a failure can be
 * looked at, cut down and kept without the simulator.
 *
 * Text is the runner's own pattern, and numbers are relative, so nothing of the seed is needed. Of the rest of the world a
 * script knows nothing; its head names what its host's link did that cannot be said in one: then times or sizes may
 * differ.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

struct script {
    FILE *to;       /* NULL: there is none */
    unsigned fd;    /* the conversation's; 0: not yet */
    bool said, heard;
    uint32_t iss, irs;
};

struct scripts {
    struct script of[SIM_FLOWS][2];
};

/* ---- the head ---- */

static void put_seconds(FILE *to, const char *name, weft_time t)
{
    fprintf(to, "config tcp.%s=%" PRIu64 ".%09" PRIu64 "\n", name, t / WEFT_S, t % WEFT_S);
}

static void put_config(FILE *to, const struct weft_tcp_config *k)
{
    put_seconds(to, "msl", k->msl);
    put_seconds(to, "rto_min", k->rto_min);
    put_seconds(to, "delayed_ack", k->delayed_ack);
    put_seconds(to, "fin_wait_2", k->fin_wait_2);
    fprintf(to, "config tcp.quick_acks=%u\nconfig tcp.initial_window=%u\nconfig tcp.max_out_of_order=%zu\n", k->quick_acks,
            k->initial_window, k->max_out_of_order);
    fprintf(to, "config tcp.max_time_wait=%zu\nconfig tcp.rfc1337=%d\nconfig tcp.syncookies=%u\n", k->max_time_wait,
            k->rfc1337, k->syncookies);
    fprintf(to, "config tcp.ecn=%u\nconfig tcp.ecn_fallback=%d\nconfig tcp.timestamps=%d\nconfig tcp.sack=%d\n", k->ecn,
            k->ecn_fallback, k->timestamps, k->sack);
    fprintf(to, "config tcp.window_scaling=%d\nconfig tcp.park=%d\n", k->window_scaling, k->park);
    fprintf(to, "config tcp.send_buffer=%zu\nconfig tcp.send_buffer_max=%zu\n", k->send_buffer, k->send_buffer_max);
    fprintf(to, "config tcp.receive_buffer=%zu\nconfig tcp.receive_buffer_max=%zu\n", k->receive_buffer,
            k->receive_buffer_max);
}

/* What only wide scenarios draw. */
static void put_wide_config(FILE *to, const struct weft_tcp_config *k)
{
    put_seconds(to, "rto_initial", k->rto_initial);
    put_seconds(to, "rto_max", k->rto_max);
    put_seconds(to, "comp_sack_delay", k->comp_sack_delay);
    put_seconds(to, "invalid_ratelimit", k->invalid_ratelimit);
    fprintf(to, "config tcp.congestion_control=%s\nconfig tcp.recovery=%u\nconfig tcp.reordering=%u\nconfig tcp.max_reordering=%u\n",
            k->congestion_control, k->recovery, k->reordering, k->max_reordering);
    fprintf(to, "config tcp.rto_min_whole=%d\nconfig tcp.thin_linear_timeouts=%d\nconfig tcp.tail_loss_probe=%d\n",
            k->rto_min_whole, k->thin_linear_timeouts, k->tail_loss_probe);
    fprintf(to, "config tcp.frto=%d\nconfig tcp.dsack=%d\nconfig tcp.tso_segments=%u\nconfig tcp.tso_rtt_log=%u\n", k->frto,
            k->dsack, k->tso_segments, k->tso_rtt_log);
    fprintf(to, "config tcp.pacing_ss_ratio=%u\nconfig tcp.pacing_ca_ratio=%u\nconfig tcp.slow_start_after_idle=%d\n",
            k->pacing_ss_ratio, k->pacing_ca_ratio, k->slow_start_after_idle);
    fprintf(to, "config tcp.notsent_lowat=%zu\nconfig tcp.nagle_all=%d\nconfig tcp.push_last=%d\nconfig tcp.min_mss=%u\n",
            k->notsent_lowat, k->nagle_all, k->push_last, k->min_mss);
    fprintf(to, "config tcp.mtu_probing=%u\nconfig tcp.base_mss=%u\nconfig tcp.comp_sack_nr=%u\nconfig tcp.invalid_burst=%u\n",
            k->mtu_probing, k->base_mss, k->comp_sack_nr, k->invalid_burst);
    fprintf(to, "config tcp.moderate_receive_buffer=%d\nconfig tcp.plain_window=%d\nconfig tcp.ack_second=%d\n",
            k->moderate_receive_buffer, k->plain_window, k->ack_second);
    fprintf(to, "config tcp.reset_unread=%d\nconfig tcp.require_timestamps=%d\nconfig tcp.syn_ack_text=%d\n", k->reset_unread,
            k->require_timestamps, k->syn_ack_text);
    fprintf(to, "config tcp.smaller_window=%d\nconfig tcp.whole_first_window=%d\nconfig tcp.statistics=%d\n", k->smaller_window,
            k->whole_first_window, k->statistics);
}

/* What a script's link does not do. */
static void put_warnings(FILE *to, const struct scenario *s, const struct link_plan *l, unsigned end)
{
    if (l->kind == WEFT_LINK_ETHERNET)
        fputs("// Its link asks for addresses: what waited for one went out later than a script's link lets it.\n", to);
    if (l->how[end].bits_per_second)
        fputs("// Its link has a rate: what found no room at once went out later, and may have said more.\n", to);
    if (l->offload[end])
        fputs("// Its link takes super-segments.\n", to);
    if (l->how[1 - end].mark || l->how[1 - end].mark_wait)
        fputs("// Its link marks congestion, which the segments that came in do not show.\n", to);
    if (s->n_weather)
        fputs("// Its link may have stood still, or had another MTU for a while.\n", to);
    if (s->n_flows > 1)
        fputs("// Its host had other conversations, too, which may have found the same queue full.\n", to);
}

static void put_head(const struct world *w, const struct end *e, FILE *to)
{
    const struct scenario *s = w->scenario;
    const struct flow_plan *f = e->flow->plan;
    unsigned at = e->side && f->far ? f->far_end : e->side ? 1 - f->client : f->client;
    const struct link_plan *l = &s->link[e->side && f->far ? f->far_link : f->link];

    fprintf(to, "// weft-sim --seed %" PRIu64 "%s%s: flow %u as side %u saw it\n", s->seed, s->trim.brief ? " --brief" : "",
            s->trim.wide ? " --wide" : "", e->flow->number, e->side);
    put_warnings(to, s, l, at);
    fprintf(to, "config epoch=%" PRIu64 ".%09" PRIu64 "\nconfig late=1\nconfig mtu=%u\n", w->start / WEFT_S, w->start % WEFT_S, l->mtu[at]);
    put_config(to, &s->config[e->owner.host->number].tcp);
    if (s->trim.wide)
        put_wide_config(to, &s->config[e->owner.host->number].tcp);
}

/* ---- lines ---- */

static struct script *script_of(const struct world *w, const struct flow *f, unsigned side)
{
    struct script *s = w->scripts && f ? &w->scripts->of[f->number][side] : NULL;

    return s && s->to ? s : NULL;
}

static void put_time(const struct world *w, struct script *s)
{
    weft_time t = w->now - w->start;

    fprintf(s->to, "%" PRIu64 ".%09" PRIu64 " ", t / WEFT_S, t % WEFT_S);
}

/* Flushed each time: the run may end in a trap. */
static void put_call(const struct world *w, struct script *s, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void put_call(const struct world *w, struct script *s, const char *format, ...)
{
    va_list args;

    put_time(w, s);
    va_start(args, format);
    vfprintf(s->to, format, args);
    va_end(args);
    fputc('\n', s->to);
    fflush(s->to);
}

static void put_listener(const struct world *w, struct script *s)
{
    fputs("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n0 setsockopt(3, SOL_SOCKET, SO_OOBINLINE, [1], 4) = 0\n", s->to);
    fprintf(s->to, "0 bind(3, ..., ...) = 0\n0 listen(3, %u) = 0\n", w->scenario->backlog);
}

void script_open(struct world *w, const char *prefix)
{
    char path[300];

    w->scripts = calloc(1, sizeof *w->scripts);
    if (!w->scripts)
        abort();
    for (unsigned i = 0; i < w->scenario->n_flows; i++)
        for (unsigned side = 0; side < 2; side++) {
            struct script *s = &w->scripts->of[i][side];
            const struct flow_plan *f = w->flow[i].plan;

            if (!f->present || f->loopback)
                continue;
            snprintf(path, sizeof path, "%s-flow%u-side%u.pkt", prefix, i, side);
            s->to = fopen(path, "w");
            if (!s->to) {
                fprintf(stderr, "weft-sim: %s cannot be written\n", path);
                continue;
            }
            put_head(w, &w->flow[i].end[side], s->to);
            if (side && !f->crossing && !f->unheard)
                put_listener(w, s);
        }
}

void script_close(struct world *w)
{
    for (unsigned i = 0; w->scripts && i < SIM_FLOWS; i++)
        for (unsigned side = 0; side < 2; side++)
            if (w->scripts->of[i][side].to) {
                if (w->failed)
                    fprintf(w->scripts->of[i][side].to, "// failed: %s\n", w->why);
                fclose(w->scripts->of[i][side].to);
            }
    free(w->scripts);
    w->scripts = NULL;
}

/* ---- calls ---- */

void script_called(struct world *w, const struct end *e, int64_t result, const char *format, ...)
{
    struct script *s = script_of(w, e->flow, e->side);
    char call[160], error[60] = "";
    const char *name;
    va_list args;

    record_result(w, result);
    if (!s)
        return;
    va_start(args, format);
    vsnprintf(call, sizeof call, format, args);
    va_end(args);
    if (result < 0) {
        name = strerrorname_np((int)-result);
        snprintf(error, sizeof error, " %s (%s)", name ? name : "?", weft_strerror((int)result));
    }
    put_call(w, s, "%.*s(%u%s = %" PRId64 "%s", (int)strcspn(call, "("), call, s->fd,
             strchr(call, '(') + 1, result < 0 ? -1 : result, error);
}

void script_socket(struct world *w, const struct end *e, bool accepted)
{
    struct script *s = script_of(w, e->flow, e->side);

    if (!s)
        return;
    s->fd = s->fd ? s->fd + 1 : accepted ? 4 : 3;
    if (accepted)
        put_call(w, s, "accept(3, ..., ...) = %u", s->fd);
    else
        put_call(w, s, "socket(..., SOCK_STREAM, IPPROTO_TCP) = %u", s->fd);
    script_called(w, e, 0, "fcntl(, F_SETFL, O_RDWR|O_NONBLOCK)");
}

/* ---- segments ---- */

static void put_option(FILE *to, const uint8_t *p, uint32_t base)
{
    uint32_t w[2];

    if (p[0] == 2)
        fprintf(to, "mss %u", (unsigned)p[2] << 8 | p[3]);
    else if (p[0] == 3)
        fprintf(to, "wscale %u", p[2]);
    else if (p[0] == 4)
        fputs("sackOK", to);
    else
        fputs(p[0] == 8 ? "TS" : "sack", to);
    for (unsigned i = 2; p[0] > 4 && i < p[1]; i += 8) {
        for (unsigned k = 0; k < 2; k++)
            w[k] = (uint32_t)p[i + 4 * k] << 24 | (uint32_t)p[i + 4 * k + 1] << 16 | (uint32_t)p[i + 4 * k + 2] << 8 | p[i + 4 * k + 3];
        if (p[0] == 8)
            fprintf(to, " val %u ecr %u", w[0], w[1]);
        else
            fprintf(to, " %u:%u", w[0] - base, w[1] - base);
    }
}

/* As they stand, NOPs among them. base: what SACK blocks count from. frame_read has found them sound. */
static void put_options(FILE *to, const struct frame *f, uint32_t base)
{
    const uint8_t *p = f->options, *end = p + f->options_len;

    for (const char *between = " <"; p < end && *p; between = ",") {
        fputs(between, to);
        if (*p == 1)
            fputs("nop", to);
        else
            put_option(to, p, base);
        p += *p == 1 ? 1 : p[1];
    }
    if (p > f->options)
        fputc('>', to);
}

static void put_flags(struct script *s, unsigned flags)
{
    static const struct { unsigned flag; char letter; } letters[] = {
        {F_FIN, 'F'}, {F_SYN, 'S'}, {F_RST, 'R'}, {F_PSH, 'P'}, {F_ACK, '.'}, {F_URG, 'U'}, {F_ECE, 'E'}, {F_CWR, 'W'}};

    fputc(' ', s->to);
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        if (flags & letters[i].flag)
            fputc(letters[i].letter, s->to);
}

/* Numbers count from the first SYN of each end. */
static void learn_numbers(struct script *s, const struct frame *f, bool out)
{
    if (f->flags & F_SYN && out && !s->said)
        s->said = true, s->iss = f->seq;
    if (f->flags & F_SYN && !out && !s->heard)
        s->heard = true, s->irs = f->seq;
}

void script_segment(struct world *w, const struct frame *f, bool out)
{
    struct weft_addr src = {weft_ipv4(f->src), f->src_port}, dst = {weft_ipv4(f->dst), f->dst_port};
    unsigned side = 0;
    struct flow *flow = w->scripts ? app_flow(w, out ? &src : &dst, out ? &dst : &src, &side) : NULL;
    struct script *s = script_of(w, flow, side);
    uint32_t at;

    if (!s || f->bad)
        return;
    learn_numbers(s, f, out);
    put_time(w, s);
    fputs(out ? ">" : "<", s->to);
    if (f->mark)
        fprintf(s->to, " [%s]", f->mark == 3 ? "ce" : f->mark == 2 ? "ect0" : "ect1");
    put_flags(s, f->flags);
    at = f->flags & F_RST && f->seq == 0 ? 0 : f->seq - (out ? s->iss : s->irs); /* what answers a segment without ACK */
    fprintf(s->to, " %u:%u(%u)", at, at + f->len, f->len);
    if (f->flags & F_ACK)
        fprintf(s->to, " ack %u", f->ack - (out ? s->irs : s->iss));
    fprintf(s->to, " win %u", f->window);
    if (f->flags & F_URG)
        fprintf(s->to, " urg %u", f->urgent);
    put_options(s->to, f, out ? s->irs : s->iss);
    fputc('\n', s->to);
    fflush(s->to);
}
