/* SPDX-License-Identifier: MIT */
#include "cmd/ladder.h"

#include <string.h>

#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/print.h"

#define TEXT_WIDTH 74 /* between the states */
#define TEXT_ROOM  200

void ladder_begin(struct ladder *l, FILE *out, const char *name0, const char *name1, weft_time delay)
{
    memset(l, 0, sizeof *l);
    l->out = out;
    l->name[0] = name0;
    l->name[1] = name1;
    l->delay = delay;
    l->side[0].wscale = l->side[1].wscale = -1;
}

/* ---- lines ---- */

static void time_text(char *buf, size_t n, weft_time t)
{
    struct fmt f = fmt_begin(buf, n);

    if (t != WEFT_NEVER)
        fmt_time(&f, t, 6);
}

/* "--- text ------->", "<------- text ---", or with an X where it got lost. Notes have no arrow. */
static void arrow_text(char *buf, int from, enum ladder_fate fate, const char *text)
{
    static const char dashes[] = "--------------------------------------------------------------------------------";
    int len = (int)strlen(text), fill = TEXT_WIDTH - 7 - len;
    char tip = fate == LADDER_LOST ? 'X' : from == 0 ? '>' : '<';

    if (fill < 1)
        fill = 1;
    if (from < 0)
        snprintf(buf, TEXT_ROOM, "  (%s)", text);
    else if (from == 0)
        snprintf(buf, TEXT_ROOM, "-- %s %.*s-%c", text, fill, dashes, tip);
    else
        snprintf(buf, TEXT_ROOM, "%c- %s %.*s-", tip, text, fill + 1, dashes);
}

void ladder_line(char *buf, size_t n, weft_time sent, weft_time arrives, int from, enum ladder_fate fate,
                 const char *text, enum weft_tcp_state left, enum weft_tcp_state right)
{
    char leaving[24], arriving[24], arrow[TEXT_ROOM];

    time_text(leaving, sizeof leaving, sent);
    time_text(arriving, sizeof arriving, arrives);
    arrow_text(arrow, from, fate, text);
    snprintf(buf, n, "%10s %10s %-12s %-*s %s", leaving, arriving, weft_tcp_state_name(left), TEXT_WIDTH, arrow,
             weft_tcp_state_name(right));
}

void ladder_header(const struct ladder *l)
{
    if (l->out)
        fprintf(l->out, "%10s %10s %-12s %-*s %s\n", "leaves", "arrives", l->name[0], TEXT_WIDTH, "", l->name[1]);
}

static weft_time since(const struct ladder *l, weft_time t)
{
    return t == WEFT_NEVER ? t : t - l->origin;
}

static void show(struct ladder *l, weft_time sent, weft_time arrives, int from, enum ladder_fate fate, const char *text)
{
    char line[512];

    ladder_line(line, sizeof line, since(l, sent), since(l, arrives), from, fate, text, l->state[0], l->state[1]);
    l->lines++;
    if (l->out && (from < 0 || l->most == 0 || l->lines <= l->most))
        fprintf(l->out, "%s\n", line);
    else if (l->out)
        l->left_out++;
    memcpy(l->shown, l->state, sizeof l->shown);
}

void ladder_note(struct ladder *l, weft_time now, const char *text)
{
    show(l, now, WEFT_NEVER, -1, LADDER_ARRIVED, text);
}

void ladder_settle(struct ladder *l, weft_time now)
{
    bool changed[2] = {l->state[0] != l->shown[0], l->state[1] != l->shown[1]};
    const char *who = changed[0] && changed[1] ? "both" : l->name[changed[0] ? 0 : 1];
    char text[TEXT_ROOM];

    if (!changed[0] && !changed[1])
        return;
    snprintf(text, sizeof text, "%s: %s is over", who, weft_tcp_state_name(l->shown[changed[0] ? 0 : 1]));
    ladder_note(l, now, text);
}

/* ---- segments ---- */

static void options_text(struct fmt *f, const struct tcp_options *o, int from, const uint32_t ts_base[2])
{
    const char *comma = " <";
    unsigned i;

    if (o->mss) {
        fmt_str(f, comma);
        fmt_str(f, "mss ");
        fmt_u64(f, o->mss);
        comma = ",";
    }
    if (o->sack_permitted) {
        fmt_str(f, comma);
        fmt_str(f, "sackOK");
        comma = ",";
    }
    if (o->has_ts) {
        fmt_str(f, comma);
        fmt_str(f, "TS ");
        fmt_i64(f, (int32_t)(o->ts_val - ts_base[from]));
        fmt_char(f, ' ');
        fmt_i64(f, o->ts_ecr ? (int32_t)(o->ts_ecr - ts_base[!from]) : 0);
        comma = ",";
    }
    if (o->wscale >= 0) {
        fmt_str(f, comma);
        fmt_str(f, "wscale ");
        fmt_u64(f, (uint64_t)o->wscale);
        comma = ",";
    }
    for (i = 0; i < o->n_sack; i++) {
        fmt_str(f, comma);
        fmt_str(f, "sack");
        comma = ",";
    }
    if (*comma == ',')
        fmt_char(f, '>');
}

void ladder_segment_text(char *buf, size_t n, const struct ladder_segment *s, const struct tcp_options *o,
                         const uint32_t ts_base[2])
{
    struct fmt f = fmt_begin(buf, n);

    tcp_flags_text(&f, s->flags);
    fmt_str(&f, " seq ");
    fmt_i64(&f, s->seq);
    if (s->len) {
        fmt_char(&f, ':');
        fmt_i64(&f, s->seq + s->len);
        fmt_char(&f, '(');
        fmt_u64(&f, s->len);
        fmt_char(&f, ')');
    }
    if (s->flags & TCP_ACK) {
        fmt_str(&f, " ack ");
        fmt_i64(&f, s->ack);
    }
    fmt_str(&f, " win ");
    fmt_u64(&f, s->window);
    options_text(&f, o, s->from, ts_base);
    if (s->fate == LADDER_WANDERED)
        fmt_str(&f, " (wandering)");
    else if (s->again)
        fmt_str(&f, " (again)");
    if (s->drop != WEFT_DROP_none && s->drop < WEFT_DROP_COUNT) {
        fmt_str(&f, " [");
        fmt_str(&f, weft_drop_name(s->drop));
        fmt_char(&f, ']');
    }
}

bool ladder_dissect(const uint8_t *frame, size_t n, size_t wire_len, struct ladder_tcp *out)
{
    struct reader r = reader(frame, n);
    struct eth_header eth;
    struct ipv4_header ip;

    out->o = TCP_NO_OPTIONS;
    if (!eth_parse(&r, &eth) || eth.type != ETH_TYPE_IPV4 || ipv4_parse(&r, wire_len - ETH_HEADER, &ip) != IPV4_OK ||
        ip.proto != IP_PROTO_TCP || tcp_parse(&r, (size_t)(ip.total_len - ip.header_len), &out->h, &out->o) != TCP_OK)
        return false;
    out->src = ip.src;
    out->dst = ip.dst;
    out->len = (uint32_t)(ip.total_len - ip.header_len - out->h.header_len);
    return true;
}

static bool is_stranger(const struct ladder *l, int from, const struct ladder_tcp *t)
{
    return t->src != l->ip[from] || t->dst != l->ip[!from];
}

/* What a SYN teaches about its sender. One with another sequence number begins another conversation. */
static void learn(struct ladder *l, int from, const struct tcp_header *h, const struct tcp_options *o)
{
    bool again = l->side[from].known && l->side[from].isn == h->seq.v;

    if (!(h->flags & TCP_SYN) || again)
        return;
    l->side[from].known = true;
    l->side[from].isn = h->seq.v;
    l->side[from].wscale = o->wscale;
    l->side[from].sent = 0;
    if (o->has_ts)
        l->side[from].ts_base = o->ts_val;
}

static int64_t relative(const struct ladder *l, int side, uint32_t v)
{
    return l->side[side].known ? (int32_t)(v - l->side[side].isn) : (int64_t)v;
}

static void understand(struct ladder *l, int from, const struct tcp_header *h, uint32_t len,
                       struct ladder_segment *s)
{
    bool scaled = !(h->flags & TCP_SYN) && l->side[0].wscale >= 0 && l->side[1].wscale >= 0;

    s->from = from;
    s->flags = h->flags;
    s->seq = relative(l, from, h->seq.v);
    s->ack = h->flags & TCP_ACK ? relative(l, !from, h->ack.v) : 0;
    s->len = len;
    s->window = scaled ? (uint32_t)h->window << l->side[from].wscale : h->window;
}

/* Everything in it had been sent before? Remembers how far this goes. */
static bool note_edge(struct ladder *l, int from, const struct tcp_header *h, uint32_t len)
{
    uint32_t space = len + ((h->flags & TCP_SYN) != 0) + ((h->flags & TCP_FIN) != 0);
    int64_t end = relative(l, from, h->seq.v) + space;
    bool again = space > 0 && end <= l->side[from].sent;

    if (end > l->side[from].sent && l->side[from].known)
        l->side[from].sent = end;
    return again;
}

void ladder_sent(struct ladder *l, int from, const weft_pkt *pkt, weft_time now)
{
    uint8_t bytes[LADDER_FRAME];
    size_t n = weft_pkt_copy(pkt, 0, bytes, sizeof bytes);
    struct ladder_tcp t;

    if (!ladder_dissect(bytes, n, weft_pkt_len(pkt), &t) || is_stranger(l, from, &t))
        return;
    learn(l, from, &t.h, &t.o);
    l->sent[from][l->n_sent[from]++ % LADDER_SENT] =
        (struct ladder_sent){t.h.seq.v, t.h.ack.v, t.len, t.h.flags, now, true, note_edge(l, from, &t.h, t.len)};
}

/* When the segment left, and whether it was sent again: of those alike, the first that is still under way. */
static weft_time departure(struct ladder *l, int from, const struct tcp_header *h, uint32_t len, bool *again)
{
    size_t n = l->n_sent[from], i;

    for (i = n > LADDER_SENT ? n - LADDER_SENT : 0; i < n; i++) {
        struct ladder_sent *s = &l->sent[from][i % LADDER_SENT];

        if (s->open && s->seq == h->seq.v && s->ack == h->ack.v && s->len == len && s->flags == h->flags) {
            s->open = false;
            *again = s->again;
            return s->at;
        }
    }
    return WEFT_NEVER;
}

/* Tells one frame's story: a segment, or what else came along. */
static void tell(struct ladder *l, int from, const struct ladder_frame *f, enum ladder_fate fate)
{
    static const char *const fates[] = {
        [LADDER_ARRIVED] = "", [LADDER_LOST] = ", lost", [LADDER_WANDERED] = ", wandered"};
    weft_time sent = fate == LADDER_ARRIVED ? f->at - l->delay : fate == LADDER_LOST ? f->at : WEFT_NEVER;
    struct ladder_segment s = {.fate = fate, .drop = f->drop};
    char text[TEXT_ROOM] = "", story[TEXT_ROOM + 64];
    struct fmt other = fmt_begin(text, sizeof text);
    struct ladder_tcp t;

    if (ladder_dissect(f->bytes, f->n, f->wire_len, &t)) {
        if (is_stranger(l, from, &t))
            return;
        understand(l, from, &t.h, t.len, &s);
        if (fate != LADDER_WANDERED)
            sent = departure(l, from, &t.h, t.len, &s.again);
        ladder_segment_text(text, sizeof text, &s, &t.o,
                            (const uint32_t[2]){l->side[0].ts_base, l->side[1].ts_base});
        if (l->n_log < LADDER_LOG)
            l->log[l->n_log++] = s;
    } else {
        print_packet(&other, PRINT_ETHERNET, f->bytes, f->n, f->wire_len);
    }
    show(l, sent, fate == LADDER_LOST ? WEFT_NEVER : f->at, from, fate, text);
    if (!l->told)
        return;
    snprintf(story, sizeof story, "%s %s, %s %s%s", l->name[0], weft_tcp_state_name(l->state[0]), l->name[1],
             weft_tcp_state_name(l->state[1]), fates[fate]);
    l->told(l->told_ctx, f, from, story);
}

static void keep(struct ladder_frame *f, const weft_pkt *pkt, weft_time at)
{
    f->n = weft_pkt_copy(pkt, 0, f->bytes, sizeof f->bytes);
    f->wire_len = weft_pkt_len(pkt);
    f->at = at;
    f->drop = WEFT_DROP_none;
}

void ladder_lost(struct ladder *l, int from, const weft_pkt *pkt, weft_time now)
{
    struct ladder_frame f = {.open = false};

    keep(&f, pkt, now);
    tell(l, from, &f, LADDER_LOST);
}

/* A listener's own states count only while there is no connection. */
static void note_state(struct ladder *l, int end, const struct weft_trace *event)
{
    bool of_listener = event->remote.port == 0;

    if (of_listener && l->state[end] != WEFT_TCP_CLOSED && l->state[end] != WEFT_TCP_LISTEN)
        return;
    l->state[end] = event->to;
    l->visited[end] |= 1u << event->to;
}

void ladder_trace(struct ladder *l, int end, const struct weft_trace *event)
{
    struct ladder_frame *f = &l->frame[end];

    switch (event->kind) {
    case WEFT_TRACE_RX:
        keep(f, event->pkt, event->at);
        f->open = true;
        break;
    case WEFT_TRACE_DROP:
        if (f->open)
            f->drop = event->drop;
        break;
    case WEFT_TRACE_RX_DONE:
        f->open = false;
        tell(l, !end, f, l->wandered ? LADDER_WANDERED : LADDER_ARRIVED);
        break;
    case WEFT_TRACE_STATE:
        note_state(l, end, event);
        break;
    case WEFT_TRACE_TX:
    case WEFT_TRACE_WHY:
        break;
    }
}
