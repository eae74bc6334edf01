/* SPDX-License-Identifier: MIT */
/*
 * The stacks, the links, the weather, and the one clock. An instant is played until nothing moves any more; then the
 * clock goes to the next moment at which anybody wants something.
 */
#include <inttypes.h>

#include "sim.h"

#define ROUNDS_MAX   200000          /* in one instant: a perfect link carries whole conversations in one */
#define STEPS_MAX    3000000
#define REFUSALS     (3 * WEFT_S)    /* how long random refusals go on: many conversations begin later */
#define DRAIN        (3 * 3600 * WEFT_S) /* orphans, half-open records and TIME-WAIT are gone by then */
#define SILENCE      (3600 * WEFT_S)

/* ---- making it ---- */

static bool make_port(struct world *w, unsigned link, unsigned end)
{
    const struct link_plan *l = &w->scenario->link[link];
    struct port *p = &w->port[link][end];
    struct weft_ip ip = link_address(link, end);
    struct weft_if_config c = {.link = l->kind, .mtu = l->mtu[end], .offload = l->offload[end], .cookie = p};
    char name[16];

    snprintf(name, sizeof name, "eth%u", link);
    c.name = name;
    memcpy(c.mac, (const uint8_t[]){2, 0, 0, 0, (uint8_t)link, (uint8_t)(end + 1)}, 6);
    p->host = &w->host[l->host[end]];
    p->link = link, p->end = end, p->mtu = l->mtu[end], p->kind = l->kind;
    p->ifp = weft_if_new(p->host->stack, &c, NULL);
    return p->ifp && weft_if_add_address(p->ifp, &ip, 24) == 0;
}

static bool make_host(struct world *w, unsigned i, const struct run_options *o)
{
    struct host *h = &w->host[i];
    struct weft_config config = w->scenario->config[i];
    struct weft_env env;

    h->world = w;
    h->number = i;
    outside_init(&h->outside, h, w->scenario->secret[i], &w->refusal);
    env = outside_env(&h->outside);
    if (o->park >= 0)
        config.tcp.park = o->park;
    if (o->shortcuts >= 0)
        config.tcp.shortcuts = o->shortcuts;
    h->stack = weft_stack_new(&env, &config, w->now, NULL);
    return h->stack;
}

static bool make_link(struct world *w, unsigned i)
{
    const struct link_plan *l = &w->scenario->link[i];
    struct weft_wire_config c = {.seed = l->seed, .direction = {l->how[0], l->how[1]}, .share = l->share};
    struct weft_env env;

    outside_init(&w->link_outside[i], NULL, 0, &w->refusal);
    env = outside_env(&w->link_outside[i]);
    if (!make_port(w, i, 0) || !make_port(w, i, 1))
        return false;
    w->wire[i] = weft_wire_new(&env, &c, w->port[i][0].ifp, w->port[i][1].ifp);
    return w->wire[i];
}

/* False: an allocation failed, as it was told to. */
static bool make(struct world *w, const struct run_options *o)
{
    bool ok = true;

    for (unsigned i = 0; ok && i < w->scenario->n_hosts; i++)
        ok = make_host(w, i, o);
    for (unsigned i = 0; ok && i < w->scenario->n_links; i++)
        ok = make_link(w, i);
    ok = ok && routers_setup(w);
    if (!ok && w->refusal.refused == 0)
        sim_fail(w, "the world cannot be made");
    return ok;
}

static void unmake(struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_links; i++)
        if (w->wire[i])
            weft_wire_free(w->wire[i]);
    for (unsigned i = 0; i < w->scenario->n_hosts; i++)
        if (w->host[i].stack)
            weft_stack_free(w->host[i].stack);
    oracle_after_free(w);
}

/* ---- weather ---- */

static void cut(struct world *w, unsigned link, unsigned mask)
{
    for (unsigned d = 0; d < 2; d++) {
        struct weft_impairment how = w->scenario->link[link].how[d];

        if (mask >> d & 1)
            how.loss = 1000000;
        weft_wire_impair(w->wire[link], (int)d, &how);
    }
}

/* The MTU of both ends: what it was, or less. */
static void narrow(struct world *w, unsigned link, uint32_t most)
{
    for (unsigned d = 0; d < 2; d++) {
        struct port *p = &w->port[link][d];
        uint32_t mtu = w->scenario->link[link].mtu[d];

        p->mtu = mtu < most ? mtu : most;
        if (weft_if_set_mtu(p->ifp, p->mtu) < 0)
            sim_fail(w, "an interface of link %u refuses an MTU of %u", link, p->mtu);
    }
}

static void weather_happens(struct world *w, const struct weather *e)
{
    w->happened[e->kind]++;
    switch (e->kind) {
    case WEATHER_CUT:
        if (w->cut_until[e->link] == WEFT_NEVER)
            break;
        cut(w, e->link, e->mask);
        w->cut_until[e->link] = w->now + e->length;
        break;
    case WEATHER_STALL:
        w->stalled_until[e->link] = w->now + e->length;
        break;
    case WEATHER_LEAP:
        w->now += e->length;
        break;
    case WEATHER_MTU:
        narrow(w, e->link, e->mtu);
        w->narrow_until[e->link] = w->now + e->length;
        break;
    }
}

static void weather_run(struct world *w)
{
    const struct scenario *s = w->scenario;

    while (w->weather_next < s->n_weather && w->start + s->weather[w->weather_next].at <= w->now)
        weather_happens(w, &s->weather[w->weather_next++]);
    for (unsigned i = 0; i < s->n_links; i++) {
        if (w->cut_until[i] && w->cut_until[i] <= w->now) {
            cut(w, i, 0);
            w->cut_until[i] = 0;
        }
        if (w->narrow_until[i] && w->narrow_until[i] <= w->now) {
            narrow(w, i, UINT32_MAX);
            w->narrow_until[i] = 0;
        }
        if (s->dark != WEFT_NEVER && w->now >= w->start + s->dark && w->cut_until[i] != WEFT_NEVER) {
            cut(w, i, 3);
            w->cut_until[i] = WEFT_NEVER;
        }
    }
    if (w->refusal.ppm && w->now >= w->refusals_end)
        w->refusal.ppm = 0;
}

static weft_time sooner(weft_time a, weft_time b) { return a < b ? a : b; }

static weft_time weather_deadline(const struct world *w)
{
    const struct scenario *s = w->scenario;
    weft_time at = w->refusal.ppm ? w->refusals_end : WEFT_NEVER;
    weft_time dark = s->dark == WEFT_NEVER ? WEFT_NEVER : w->start + s->dark;

    if (w->weather_next < s->n_weather)
        at = sooner(at, w->start + s->weather[w->weather_next].at);
    for (unsigned i = 0; i < s->n_links; i++) {
        if (w->cut_until[i])
            at = sooner(at, w->cut_until[i]);
        if (w->cut_until[i] != WEFT_NEVER)
            at = sooner(at, dark);
        if (w->stalled_until[i] > w->now)
            at = sooner(at, w->stalled_until[i]);
        if (w->narrow_until[i])
            at = sooner(at, w->narrow_until[i]);
    }
    return at;
}

/* ---- one instant ---- */

static bool stack_run(struct world *w, struct host *h)
{
    struct weft_event event[8];
    bool acted = false;
    size_t n;

    weft_tick(h->stack, w->now);
    while ((n = weft_events(h->stack, event, ARRAY_LEN(event))) > 0) {
        for (size_t i = 0; i < n; i++)
            app_event(w, &event[i]);
        acted = true;
    }
    return acted;
}

static bool link_run(struct world *w, unsigned i)
{
    return w->stalled_until[i] <= w->now && weft_wire_run(w->wire[i], w->now);
}

static bool round_run(struct world *w)
{
    const struct scenario *s = w->scenario;
    bool acted = false;

    weather_run(w);
    for (unsigned i = 0; i < s->n_hosts; i++)
        weft_clock(w->host[i].stack, w->now);
    acted |= app_run(w);
    for (unsigned i = 0; i < s->n_hosts; i++)
        acted |= stack_run(w, &w->host[i]);
    for (unsigned i = 0; i < s->n_links; i++)
        acted |= link_run(w, i);
    w->steps++;
    oracle_step(w);
    return acted;
}

/* Does a stack want a tick now? Loopback is carried by ticks, and a timer may have been set for now. */
static bool tick_wanted(const struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_hosts; i++)
        if (weft_deadline(w->host[i].stack) <= w->now)
            return true;
    return false;
}

static void instant(struct world *w)
{
    unsigned rounds = 0, idle = 0;

    while (!w->failed) {
        bool acted = round_run(w);

        idle = acted ? 0 : idle + 1;
        if (!acted && !tick_wanted(w)) {
            oracle_instant(w);
            break;
        }
        if (idle > 100) {
            for (unsigned i = 0; i < w->scenario->n_hosts; i++)
                oracle_after_tick(w, &w->host[i], true);
            break;
        }
        if (++rounds > ROUNDS_MAX)
            sim_fail(w, "an endless instant: something still moves after %u rounds", rounds);
    }
}

/* ---- the clock ---- */

static weft_time next_moment(const struct world *w)
{
    const struct scenario *s = w->scenario;
    weft_time at = sooner(app_deadline(w), weather_deadline(w));

    for (unsigned i = 0; i < s->n_hosts; i++)
        at = sooner(at, weft_deadline(w->host[i].stack));
    for (unsigned i = 0; i < s->n_links; i++)
        if (w->stalled_until[i] <= w->now)
            at = sooner(at, weft_wire_deadline(w->wire[i]));
    return at;
}

/* Goes on until `over` says so, or nobody wants anything before `until`. */
static void play(struct world *w, weft_time until, bool (*over)(const struct world *))
{
    instant(w);
    while (!w->failed && !(over && over(w))) {
        weft_time at = next_moment(w);

        if (at > until) {
            w->now = until != WEFT_NEVER && until > w->now ? until : w->now;
            break;
        }
        if (w->steps > STEPS_MAX)
            sim_fail(w, "more than %u steps", STEPS_MAX);
        if (w->pretend && w->steps >= w->pretend)
            sim_fail(w, "so it was asked for");
        w->now = at > w->now ? at : w->now;
        instant(w);
    }
}

static void complain_of_hanging(struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_flows; i++)
        for (unsigned side = 0; side < 2; side++) {
            const struct end *e = &w->flow[i].end[side];

            if (w->flow[i].plan->present && e->phase != PHASE_OVER)
                sim_fail(w, "hangs: flow %u side %u (%s, sent %u of %u, received %u of %u%s%s), the next event is %s", i,
                         side, e->owner.sock ? weft_tcp_state_name(weft_tcp_state(e->owner.sock)) : "no socket",
                         e->sent, e->plan->bytes, e->received, e->flow->plan->side[1 - side].bytes,
                         e->shut ? " shut" : "", e->heard_end ? " heard the end" : "",
                         next_moment(w) == WEFT_NEVER ? "never" : "too late");
        }
}

/* All is closed: what is under way ends, then there is silence, and nothing is left. */
static void fall_silent(struct world *w)
{
    uint64_t sent = 0;

    app_close_listeners(w);
    play(w, w->now + DRAIN, NULL);
    for (unsigned i = 0; i < w->scenario->n_hosts; i++)
        sent += w->host[i].sent;
    play(w, w->now + SILENCE, NULL);
    for (unsigned i = 0; i < w->scenario->n_hosts; i++)
        sent -= w->host[i].sent;
    if (sent)
        sim_fail(w, "%" PRIu64 " frames in an hour that should be silent", -sent);
    if (!w->failed)
        oracle_at_rest(w);
}

static void live(struct world *w, const struct run_options *o)
{
    app_setup(w);
    w->now = w->start = wrap_start(w);
    app_setup(w);
    if (o->script)
        script_open(w, o->script);
    w->refusals_end = w->start + REFUSALS;
    play(w, w->start + w->scenario->bound, app_over);
    if (!w->failed && !app_over(w))
        complain_of_hanging(w);
    if (!w->failed)
        fall_silent(w);
}

/* ---- a run ---- */

bool world_lost_anything(const struct world *w)
{
    uint64_t n = w->refusal.refused;

    for (unsigned i = 0; i < w->scenario->n_hosts; i++)
        n += w->host[i].dropped + w->host[i].declined;
    for (unsigned i = 0; i < w->scenario->n_links; i++)
        for (int end = 0; end < 2; end++) {
            struct weft_lane_stats s;

            weft_wire_stats(w->wire[i], end, &s);
            n += s.lost + s.corrupted + s.overflowed;
        }
    return n;
}

static void sum_up(const struct world *w, struct verdict *v)
{
    v->sums = *record_sums(w->record);
    v->steps = w->steps;
    v->took = w->now - w->start;
    v->allocations = w->refusal.asked;
    v->refused = w->refusal.refused;
    memcpy(v->weather, w->happened, sizeof v->weather);
    for (unsigned i = 0; i < w->scenario->n_hosts; i++)
        v->forwarded += w->host[i].stack ? weft_counter(w->host[i].stack, WEFT_COUNT_ip_forwarded) : 0;
    for (unsigned i = 0; i < w->scenario->n_links; i++)
        for (int end = 0; w->wire[i] && end < 2; end++) {
            struct weft_lane_stats s;

            weft_wire_stats(w->wire[i], end, &s);
            v->link[0] += s.lost, v->link[1] += s.duplicated, v->link[2] += s.corrupted;
            v->link[3] += s.reordered, v->link[4] += s.overflowed, v->link[5] += s.sent;
        }
}

void world_run(const struct scenario *s, const struct run_options *o, struct verdict *v)
{
    static struct world w;

    w = (struct world){.scenario = s, .now = s->epoch, .start = s->epoch, .pretend = o->pretend};
    w.refusal = (struct refusal){.ppm = o->refuse_ppm, .at = o->refuse_at};
    rng_seed(&w.refusal.rng, s->seed ^ 0x5eed);
    w.record = record_new(&w, o);
    w.checker = checker_new(&w);
    if (make(&w, o))
        live(&w, o);
    *v = (struct verdict){0};
    sum_up(&w, v);
    if (!w.failed)
        unmake(&w);
    v->ok = !w.failed;
    memcpy(v->why, w.why, sizeof v->why);
    script_close(&w);
    checker_free(w.checker);
    record_free(w.record);
}
