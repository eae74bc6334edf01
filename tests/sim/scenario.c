/* SPDX-License-Identifier: MIT */
/*
 * What a seed means. Every part draws from a generator of its own, so that taking one part out (trim) leaves the
 * others as they were.
 *
 * mild: no link loses more than one packet in fifty, no weather, nothing else that may break a connection; then every
 * conversation whose two ends are polite must be carried out without an error.
 */
#include "sim.h"

#define PICK(rng, ...)                                                                                                 \
    ((const uint64_t[]){__VA_ARGS__}[rng_below(rng, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))])

#define PLENTY 64 /* connections that may wait for accept */

const char *const sim_feature_name[] = {
#define X(name) #name,
    SIM_FEATURES(X)
#undef X
};

static bool one_in(struct rng *r, uint64_t n) { return rng_below(r, n) == 0; }

static bool without(const struct scenario *s, enum sim_feature f) { return s->trim.features >> f & 1; }

static struct rng stream(uint64_t seed, uint64_t part)
{
    struct rng r;

    rng_seed(&r, seed * 0x9e3779b97f4a7c15u + part * 0xd1342543de82ef95u);
    return r;
}

/* ---- hosts ---- */

static void draw_tcp(struct rng *r, struct weft_tcp_config *k)
{
    k->msl = PICK(r, WEFT_S, 30 * WEFT_S, 60 * WEFT_S);
    k->rto_min = PICK(r, 200 * WEFT_MS, 200 * WEFT_MS, 20 * WEFT_MS, WEFT_S);
    k->delayed_ack = PICK(r, 40 * WEFT_MS, 40 * WEFT_MS, 0, WEFT_MS, 200 * WEFT_MS, 499 * WEFT_MS);
    k->fin_wait_2 = PICK(r, 60 * WEFT_S, 60 * WEFT_S, WEFT_S);
    k->quick_acks = (unsigned)PICK(r, 16, 16, 0, 1);
    k->initial_window = (unsigned)PICK(r, 10, 10, 1, 2, 3);
    k->max_out_of_order = (size_t)PICK(r, 128, 128, 128, 1, 4, 16);
    k->max_time_wait = (size_t)PICK(r, 262144, 262144, 262144, 1, 3);
    k->rfc1337 = !one_in(r, 8);
    k->syncookies = (unsigned)PICK(r, 1, 1, 0); /* 2: an old duplicate of a third segment makes a connection, as it must */
    k->ecn = (unsigned)PICK(r, 2, 1, 1, 0);
    k->ecn_fallback = !one_in(r, 4);
}

static void draw_host(struct scenario *s, unsigned i)
{
    struct rng r = stream(s->seed, 100 + i), tcp = stream(s->seed, 150 + i);
    struct weft_config *k = &s->config[i];

    weft_config_default(k);
    k->ip_forward = s->routers;
    s->secret[i] = rng_u64(&r);
    if (!without(s, SIM_config) && !one_in(&tcp, 3))
        draw_tcp(&tcp, &k->tcp);
    k->tcp.timestamps = !one_in(&r, 4) && !without(s, SIM_timestamps);
    k->tcp.sack = !one_in(&r, 4) && !without(s, SIM_sack);
    k->tcp.window_scaling = !one_in(&r, 5) && !without(s, SIM_wscale);
    k->tcp.park = !one_in(&r, 4);
    if (one_in(&r, 3) && !without(s, SIM_buffers)) {
        k->tcp.send_buffer = (size_t)PICK(&r, 2304, 4096, 16384, 65536, 262144);
        k->tcp.receive_buffer = (size_t)PICK(&r, 2304, 4096, 16384, 65535, 65536, 262144);
        if (one_in(&r, 2)) { /* and they stay as they are */
            k->tcp.send_buffer_max = k->tcp.send_buffer;
            k->tcp.receive_buffer_max = k->tcp.receive_buffer;
        }
    }
}

/* ---- links ---- */

static void draw_impairment(struct rng *r, struct weft_impairment *how, uint32_t mtu)
{
    uint64_t jitters = rng_below(r, 3);

    how->bits_per_second = PICK(r, 0, 0, 64000, 1000000, 10000000, 100000000, 1000000000);
    how->queue_bytes = (size_t)(PICK(r, 0, 0, 0, 6, 30, 120) * mtu);
    how->delay = PICK(r, 0, 50 * WEFT_US, WEFT_MS, 10 * WEFT_MS, 60 * WEFT_MS, 400 * WEFT_MS);
    how->jitter = jitters ? 0 : rng_below(r, how->delay + WEFT_MS);
    how->loss = (uint32_t)PICK(r, 0, 0, 0, 1000, 10000, 20000, 50000, 200000, 500000);
    how->duplicate = (uint32_t)PICK(r, 0, 0, 0, 10000, 200000);
    how->reorder = (uint32_t)PICK(r, 0, 0, 0, 10000, 100000, 500000);
    how->reorder_delay = 1 + rng_below(r, how->delay + 4 * WEFT_MS);
    how->corrupt = (uint32_t)PICK(r, 0, 0, 0, 0, 5000, 50000);
    if (how->bits_per_second == 0)
        how->queue_bytes = 0;
    if (how->bits_per_second == 64000 && how->queue_bytes - 1 >= 30000) /* else minutes pass in the queue */
        how->queue_bytes = 30000;
}

static void trim_impairment(const struct scenario *s, struct weft_impairment *how)
{
    if (without(s, SIM_loss))
        how->loss = 0;
    if (without(s, SIM_duplicate))
        how->duplicate = 0;
    if (without(s, SIM_reorder))
        how->reorder = 0;
    if (without(s, SIM_corrupt))
        how->corrupt = 0;
    if (without(s, SIM_jitter))
        how->jitter = 0;
    if (without(s, SIM_rate))
        how->bits_per_second = how->queue_bytes = 0;
    if (without(s, SIM_delay))
        how->delay = 0;
}

/* The worst that a packet on this link has to go through, in parts of a million. */
static uint32_t loss_of(const struct link_plan *l)
{
    uint32_t worst = 0;

    for (unsigned d = 0; d < 2; d++)
        if (l->how[d].loss + l->how[d].corrupt > worst)
            worst = l->how[d].loss + l->how[d].corrupt;
    return worst;
}

static bool is_hard(const struct link_plan *l)
{
    return loss_of(l) > 20000 || l->mtu[0] < 256 || l->how[0].bits_per_second == 64000 ||
           l->how[1].bits_per_second == 64000;
}

static void draw_ends(struct scenario *s, struct rng *r, struct link_plan *l)
{
    uint32_t mtu = (uint32_t)PICK(r, 1500, 1500, 1500, 1500, 9000, 576, 296, 128, 68, 65535);
    uint32_t other = (uint32_t)PICK(r, 1500, 576, 9000);
    unsigned offload = (unsigned)PICK(r, 0, 0, WEFT_OFFLOAD_CSUM, WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO);

    l->kind = one_in(r, 3) ? WEFT_LINK_ETHERNET : WEFT_LINK_IP;
    l->mtu[0] = l->mtu[1] = mtu;
    if (one_in(r, 6))
        l->mtu[1] = other;
    for (unsigned d = 0; d < 2 && s->routers; d++) /* below that routers fragment, which is not looked at here */
        l->mtu[d] = l->mtu[d] < 576 ? 576 : l->mtu[d];
    l->share = one_in(r, 3) && !without(s, SIM_share);
    l->offload[0] = l->offload[1] = without(s, SIM_offload) ? 0 : offload;
}

static void draw_link(struct scenario *s, unsigned i)
{
    struct rng r = stream(s->seed, 200 + i);
    struct link_plan *l = &s->link[i];
    bool symmetric = !one_in(&r, 3), calm = one_in(&r, 4);

    l->host[0] = i == 0 ? 0 : (unsigned)rng_below(&r, i + 1u);
    l->host[1] = i + 1;
    l->seed = rng_u64(&r);
    draw_ends(s, &r, l);
    draw_impairment(&r, &l->how[0], l->mtu[0]);
    draw_impairment(&r, &l->how[1], l->mtu[1]);
    if (symmetric)
        l->how[1] = l->how[0];
    for (unsigned d = 0; d < 2; d++) {
        if (calm)
            l->how[d].loss = l->how[d].corrupt = 0;
        if (l->share)
            l->how[d].corrupt = 0;
    }
    l->hard = is_hard(l);
    for (unsigned d = 0; d < 2; d++)
        trim_impairment(s, &l->how[d]);
}

/* ---- conversations ---- */

static uint32_t draw_bytes(struct rng *r, bool hard)
{
    uint64_t size = PICK(r, 0, 1, 20, 600, 3000, 3000, 20000, 20000, 60000, 200000, 400000, 1500000);

    if (hard && size > 20000)
        size /= 20;
    return (uint32_t)(size ? 1 + rng_below(r, size) : 0);
}

static void draw_pace(const struct scenario *s, struct rng *r, struct side_plan *p)
{
    p->write_max = (uint32_t)PICK(r, 100000, 100000, 4096, 1460, 100, 7, 1);
    p->read_max = (uint32_t)PICK(r, 65536, 65536, 65536, 4096, 500, 10, 1);
    if (p->write_max <= 100 && p->bytes > 4000)
        p->bytes = 4000;
    if (one_in(r, 3)) {
        p->pauses = 1 + (uint32_t)rng_below(r, 40);
        p->pause_ppm = (uint32_t)PICK(r, 1000, 50000, 500000);
        p->pause_max = PICK(r, WEFT_MS, 50 * WEFT_MS, 300 * WEFT_MS, 3 * WEFT_S);
    }
    if (one_in(r, 6))
        p->deaf_until = rng_below(r, PICK(r, WEFT_S, 10 * WEFT_S, 100 * WEFT_S));
    if (without(s, SIM_pauses))
        p->pauses = p->pause_ppm = 0, p->deaf_until = 0;
}

static void draw_options(const struct scenario *s, struct rng *r, struct side_plan *p)
{
    p->nodelay = one_in(r, 4);
    p->cork = one_in(r, 12);
    p->keepalive = one_in(r, 6);
    p->more = one_in(r, 8);
    p->peek = one_in(r, 6);
    p->scatter = one_in(r, 4);
    if (one_in(r, 5))
        p->send_buffer = (int)PICK(r, 2304, 5000, 30000, 300000);
    if (one_in(r, 5))
        p->receive_buffer = (int)PICK(r, 2304, 5000, 30000, 300000);
    p->asks = one_in(r, 2);
    p->urgent = one_in(r, 8) && !without(s, SIM_urgent);
    if (without(s, SIM_options)) {
        p->nodelay = p->cork = p->keepalive = p->more = p->peek = p->scatter = p->asks = false;
        p->send_buffer = p->receive_buffer = 0;
    }
}

static void draw_side(struct scenario *s, struct rng *r, struct side_plan *p, bool hard)
{
    *p = (struct side_plan){.bytes = draw_bytes(r, hard)};
    draw_pace(s, r, p);
    draw_options(s, r, p);
    p->ending = END_HALF_CLOSE;
    if (one_in(r, 4))
        p->ending = (enum ending)PICK(r, END_CLOSE, END_CLOSE, END_ABORT, END_LINGER, END_DEAF, END_STAY);
    p->leave_after = (uint32_t)rng_below(r, PICK(r, 2, 100, 20000, 300000));
    p->leave_at = rng_below(r, PICK(r, WEFT_MS, 100 * WEFT_MS, 5 * WEFT_S, 60 * WEFT_S, 300 * WEFT_S));
    if (p->ending == END_STAY)
        p->leave_after = UINT32_MAX;
}

/* Some wait for the peer's end before they say theirs: a request and its answer; sometimes the server speaks first. */
static void who_speaks_last(struct flow_plan *f, struct rng *r)
{
    struct side_plan *p = &f->side[one_in(r, 3) ? 0 : 1];

    if (one_in(r, 3) && p->ending == END_HALF_CLOSE)
        p->ending = END_LAST;
    if (p->ending == END_LAST && one_in(r, 2))
        p->bytes = 0;
}

/* Is a link on its way hard? One that goes by routers counts as on each of them. */
static bool is_on_hard_link(const struct scenario *s, const struct flow_plan *f)
{
    bool hard = false;

    for (unsigned i = 0; i < s->n_links; i++)
        hard |= (f->far || i == f->link) && s->link[i].hard;
    return hard && !f->loopback;
}

static void draw_way(const struct scenario *s, struct flow_plan *f, unsigned i)
{
    struct rng r = stream(s->seed, 2000 + i);

    if (s->routers && !f->loopback && one_in(&r, 2) && !without(s, SIM_far))
        routers_lengthen(s, f, &r);
}

/* The client asks, the server answers, as often as one of them has to say. */
static void draw_turns(const struct scenario *s, struct flow_plan *f, unsigned i)
{
    struct rng r = stream(s->seed, 3000 + i);

    if (!one_in(&r, 5) || s->trim.brief || f->crossing || without(s, SIM_turns))
        return;
    f->turn = (uint32_t)PICK(&r, 1, 20, 64, 64, 130, 1000);
    for (unsigned side = 0; side < 2; side++)
        f->side[side].bytes = f->turn * (3 + (uint32_t)rng_below(&r, 40));
}

static void draw_flow(struct scenario *s, unsigned i)
{
    struct rng r = stream(s->seed, 1000 + i);
    struct flow_plan *f = &s->flow[i];
    weft_time spread = PICK(&r, 1, WEFT_MS, WEFT_S, 20 * WEFT_S);

    *f = (struct flow_plan){.present = !(s->trim.flows >> i & 1), .again = -1, .seed = rng_u64(&r)};
    f->link = (unsigned)rng_below(&r, s->n_links);
    f->client = (unsigned)rng_below(&r, 2);
    f->start = WEFT_MS + rng_below(&r, spread);
    f->port[0] = (uint16_t)(20000 + 97 * i + rng_below(&r, 97));
    f->port[1] = 7;
    f->loopback = one_in(&r, 20);
    f->crossing = one_in(&r, 8) && !f->loopback;
    f->unheard = one_in(&r, 25) && !f->crossing;
    f->ephemeral = one_in(&r, 4) && !f->crossing;
    draw_way(s, f, i);
    for (unsigned side = 0; side < 2; side++)
        draw_side(s, &r, &f->side[side], is_on_hard_link(s, f));
    who_speaks_last(f, &r);
    draw_turns(s, f, i);
    if (f->crossing || f->unheard)
        f->port[1] = (uint16_t)(10000 + i);
    if (i && one_in(&r, 5) && !s->flow[i - 1].ephemeral && !s->flow[i - 1].crossing && !f->crossing) {
        const struct flow_plan *last = &s->flow[i - 1]; /* the same pair of ports once more */

        f->again = (int)i - 1;
        f->link = last->link, f->client = last->client, f->loopback = last->loopback, f->unheard = last->unheard;
        f->far = last->far, f->far_link = last->far_link, f->far_end = last->far_end;
        f->ephemeral = false;
        memcpy(f->port, last->port, sizeof f->port);
        for (unsigned side = 0; side < 2 && is_on_hard_link(s, f); side++)
            if (f->side[side].bytes > 20000)
                f->side[side].bytes /= 20;
    }
}

/* ---- weather ---- */

static void draw_weather(struct scenario *s)
{
    struct rng r = stream(s->seed, 300);

    s->n_weather = one_in(&r, 4) && !without(s, SIM_weather) ? 1 + (unsigned)rng_below(&r, SIM_WEATHER) : 0;
    for (unsigned i = 0; i < s->n_weather; i++) {
        struct weather *w = &s->weather[i];

        w->kind = (enum weather_kind)PICK(&r, WEATHER_CUT, WEATHER_CUT, WEATHER_STALL, WEATHER_LEAP, WEATHER_MTU);
        w->at = (i ? s->weather[i - 1].at : 0) + rng_below(&r, PICK(&r, 100 * WEFT_MS, 2 * WEFT_S, 30 * WEFT_S));
        w->length = 1 + rng_below(&r, PICK(&r, 50 * WEFT_MS, WEFT_S, 10 * WEFT_S, 100 * WEFT_S));
        if (w->kind == WEATHER_LEAP && one_in(&r, 4))
            w->length *= 50;
        w->link = (unsigned)rng_below(&r, s->n_links);
        w->mask = (unsigned)PICK(&r, 3, 3, 1, 2);
        w->mtu = (uint32_t)PICK(&r, 576, 600, 1280, 1400);
    }
}

/* ---- brief ones ---- */

static void say_little(struct side_plan *p, uint32_t mtu)
{
    uint32_t least = p->write_max < p->read_max ? p->write_max : p->read_max;
    uint32_t most = least <= 10 ? 40 : least <= 500 || mtu < 576 ? 600 : 6000;

    if (p->bytes > most)
        p->bytes = 1 + p->bytes % most;
    p->pauses = p->pauses > 3 ? 3 : p->pauses;
}

/* Most of what connections do wrong they do in their first and last few segments. */
static void shorten(struct scenario *s)
{
    s->routers = false;
    s->n_links = 1;
    s->n_hosts = 2;
    s->n_flows = s->n_flows > 2 ? 1 + (unsigned)s->seed % 2 : s->n_flows;
}

static void shorten_flows(struct scenario *s)
{
    for (unsigned i = 0; i < s->n_flows; i++)
        for (unsigned side = 0; side < 2; side++)
            say_little(&s->flow[i].side[side], s->link[0].mtu[0] < s->link[0].mtu[1] ? s->link[0].mtu[0] : s->link[0].mtu[1]);
}

/* ---- wide ones ---- */

static void draw_wide_recovery(struct rng *r, struct weft_tcp_config *k)
{
    k->recovery = (unsigned)PICK(r, 1, 1, 0, 2, 3, 5);
    k->reordering = (unsigned)PICK(r, 3, 3, 1, 2, 10);
    k->max_reordering = (unsigned)PICK(r, 300, 300, 10, 12);
    k->rto_initial = PICK(r, WEFT_S, WEFT_S, 3 * WEFT_S, 300 * WEFT_MS);
    k->rto_max = PICK(r, 120 * WEFT_S, 120 * WEFT_S, 60 * WEFT_S, 5 * WEFT_S);
    k->rto_min_whole = one_in(r, 3);
    k->thin_linear_timeouts = one_in(r, 6);
    k->tail_loss_probe = !one_in(r, 4);
    k->frto = !one_in(r, 4);
    k->dsack = !one_in(r, 4);
}

static void draw_wide_sending(struct rng *r, struct weft_tcp_config *k)
{
    snprintf(k->congestion_control, sizeof k->congestion_control, "%s", one_in(r, 2) ? "reno" : "cubic");
    k->tso_segments = (unsigned)PICK(r, 2, 2, 1, 8);
    k->tso_rtt_log = (unsigned)PICK(r, 9, 9, 0, 15);
    k->pacing_ss_ratio = (unsigned)PICK(r, 200, 200, 100, 400);
    k->pacing_ca_ratio = (unsigned)PICK(r, 120, 120, 80, 200);
    k->slow_start_after_idle = !one_in(r, 3);
    k->notsent_lowat = (size_t)PICK(r, UINT32_MAX, UINT32_MAX, 500, 10000);
    k->nagle_all = one_in(r, 5);
    k->push_last = one_in(r, 5);
    k->min_mss = (unsigned)PICK(r, 216, 216, 48, 536);
    k->mtu_probing = (unsigned)PICK(r, 0, 0, 1, 2);
    k->base_mss = (unsigned)PICK(r, 1024, 1024, 512);
}

static void draw_wide_receiving(struct rng *r, struct weft_tcp_config *k)
{
    k->comp_sack_delay = PICK(r, WEFT_MS, WEFT_MS, 0, 10 * WEFT_MS);
    k->comp_sack_nr = (unsigned)PICK(r, 44, 44, 0, 3);
    k->moderate_receive_buffer = !one_in(r, 4);
    k->plain_window = one_in(r, 5);
    k->ack_second = one_in(r, 5);
    k->invalid_ratelimit = PICK(r, 500 * WEFT_MS, 500 * WEFT_MS, 0, 5 * WEFT_S);
    k->invalid_burst = (unsigned)PICK(r, 1, 1, 5);
    k->reset_unread = !one_in(r, 5);
    k->require_timestamps = one_in(r, 5);
    k->syn_ack_text = one_in(r, 5);
    k->smaller_window = one_in(r, 5);
    k->whole_first_window = !one_in(r, 5);
    k->statistics = !one_in(r, 8);
}

/* An option that is set by one side in four. */
static int seldom(struct rng *r, uint64_t value) { return one_in(r, 4) ? (int)value : 0; }

static void draw_wide_side(struct rng *r, struct side_plan *p)
{
    p->wide[SIM_WIDE_MAXSEG] = seldom(r, PICK(r, 88, 536, 1000, 8000));
    p->wide[SIM_WIDE_WINDOW_CLAMP] = seldom(r, PICK(r, 1500, 5000, 40000));
    p->wide[SIM_WIDE_QUICKACK] = seldom(r, 1);
    p->wide[SIM_WIDE_USER_TIMEOUT] = seldom(r, PICK(r, 300, 5000, 100000));
    p->wide[SIM_WIDE_NOTSENT_LOWAT] = seldom(r, PICK(r, 1, 1000, 20000));
    p->wide[SIM_WIDE_RTO_MAX_MS] = seldom(r, PICK(r, 1000, 10000));
    p->wide[SIM_WIDE_RTO_MIN_US] = seldom(r, PICK(r, 1000, 50000));
    p->wide[SIM_WIDE_DELACK_MAX_US] = seldom(r, PICK(r, 1000, 20000));
    p->wide[SIM_WIDE_THIN_LINEAR_TIMEOUTS] = seldom(r, 1);
    p->wide[SIM_WIDE_SYNCNT] = seldom(r, PICK(r, 1, 3));
    p->pacing = seldom(r, PICK(r, 20000, 200000, 10000000));
}

/* Marks want who can hear them: both ends ask for ECN then. */
static void draw_wide_link(struct scenario *s, struct rng *r, struct link_plan *l)
{
    uint32_t mark = (uint32_t)PICK(r, 0, 0, 10000, 200000), burst = (uint32_t)PICK(r, 1, 1, 3, 8);
    weft_time wait = PICK(r, 0, 0, WEFT_MS);

    for (unsigned d = 0; d < 2; d++) {
        l->how[d].loss_burst = burst;
        if (l->share)
            continue;
        l->how[d].mark = mark;
        l->how[d].mark_wait = wait;
    }
    for (unsigned i = 0; (mark || wait) && !l->share && i < s->n_hosts; i++)
        s->config[i].tcp.ecn = 1;
}

/* Of everything a wide scenario draws, so that a narrow one of the same seed stays as it is. */
static void widen(struct scenario *s)
{
    struct rng r = stream(s->seed, 600);

    for (unsigned i = 0; i < s->n_hosts; i++) {
        draw_wide_recovery(&r, &s->config[i].tcp);
        draw_wide_sending(&r, &s->config[i].tcp);
        draw_wide_receiving(&r, &s->config[i].tcp);
    }
    for (unsigned i = 0; i < s->n_links; i++)
        draw_wide_link(s, &r, &s->link[i]);
    for (unsigned i = 0; i < s->n_flows; i++)
        for (unsigned side = 0; side < 2; side++)
            draw_wide_side(&r, &s->flow[i].side[side]);
}

/* ---- all of it ---- */

static bool is_disorderly(const struct link_plan *l)
{
    return l->how[0].reorder || l->how[1].reorder || l->how[0].jitter || l->how[1].jitter || l->how[0].duplicate ||
           l->how[1].duplicate;
}

static void judge(struct scenario *s)
{
    bool hard = false;

    s->mild = s->n_weather == 0 && s->dark == WEFT_NEVER && !s->trim.wide; /* wide: users give up when they like */
    for (unsigned i = 0; i < s->n_links; i++) {
        if (loss_of(&s->link[i]) > 20000)
            s->mild = false;
        if (s->backlog < PLENTY && (is_disorderly(&s->link[i]) || loss_of(&s->link[i])))
            s->mild = false; /* a FIN or an acknowledgment that comes before the text proves no cookie */
        hard |= s->link[i].hard;
    }
    s->bound = s->mild && !hard ? 4000 * WEFT_S : 10 * 24 * 3600 * WEFT_S;
}

static void draw_clock(struct scenario *s)
{
    struct rng r = stream(s->seed, 400);

    s->epoch = PICK(&r, 0, 1, WEFT_S, 3600 * WEFT_S, 24 * 3600 * WEFT_S, 365 * 24 * 3600 * WEFT_S);
    s->epoch = s->epoch ? rng_below(&r, s->epoch) : 0;
    s->wrap = (unsigned)PICK(&r, WRAP_ISN, WRAP_ISN, WRAP_ISN, WRAP_TS, WRAP_NONE, WRAP_NONE);
    s->wrap_side = (unsigned)rng_below(&r, 2);
    if (without(s, SIM_wrap))
        s->wrap = WRAP_NONE;
}

void scenario_draw(struct scenario *s, uint64_t seed, const struct trim *trim)
{
    struct rng r = stream(seed, 0), more = stream(seed, 500);
    bool crowd = one_in(&r, 12);

    *s = (struct scenario){.seed = seed};
    if (trim)
        s->trim = *trim;
    s->n_links = one_in(&r, 8) ? 2 + (unsigned)rng_below(&r, SIM_HOSTS - 2) : 1;
    s->routers = one_in(&more, 5);
    if (s->routers)
        s->n_links = 2 + (unsigned)rng_below(&more, SIM_HOSTS - 2);
    s->n_hosts = s->n_links + 1;
    s->n_flows = crowd ? 6 + (unsigned)rng_below(&r, SIM_FLOWS - 6) : 1 + (unsigned)rng_below(&r, 4);
    if (s->trim.brief)
        shorten(s);
    s->dark = one_in(&r, 12) && !without(s, SIM_weather) ? rng_below(&r, 20 * WEFT_S) : WEFT_NEVER;
    s->backlog = one_in(&r, 10) ? 1 + (uint32_t)rng_below(&r, 3) : PLENTY;
    for (unsigned i = 0; i < s->n_hosts; i++)
        draw_host(s, i);
    for (unsigned i = 0; i < s->n_links; i++)
        draw_link(s, i);
    for (unsigned i = 0; i < s->n_flows; i++)
        draw_flow(s, i);
    if (s->trim.brief)
        shorten_flows(s);
    if (s->trim.wide)
        widen(s);
    draw_weather(s);
    draw_clock(s);
    judge(s);
}
