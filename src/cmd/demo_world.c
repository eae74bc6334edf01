/* SPDX-License-Identifier: MIT */
#include "cmd/demo_world.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESS 0x0a010001u /* of end 0 */

/* ---- what the stacks need from outside ---- */

static void *env_alloc(void *ctx, size_t size, size_t align)
{
    void *p = NULL;

    (void)ctx;
    if (align <= sizeof(void *) * 2)
        return malloc(size);
    return posix_memalign(&p, align, size) == 0 ? p : NULL;
}

static void env_free(void *ctx, void *p, size_t size)
{
    (void)ctx, (void)size;
    free(p);
}

/* SplitMix64: these secrets need not be secret, but the same each time. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool env_random(void *ctx, void *buf, size_t n)
{
    struct world_end *end = ctx;
    uint8_t *p = buf;
    size_t i;

    for (i = 0; i < n; i++)
        p[i] = (uint8_t)next_random(&end->random);
    return true;
}

/* The wire lost what was entering it: for the filter's reasons, by chance, or because its queue was full. */
static void note_loss(struct world *w, int end, const struct weft_trace *event)
{
    if (!w->entering || (event->drop != WEFT_DROP_link_lost && event->drop != WEFT_DROP_link_queue_full))
        return;
    ladder_lost(&w->ladder, end, w->entering, event->at);
    if (w->config.plot && w->config.plot->side == end)
        plot_lost(w->config.plot);
    w->entering = NULL;
}

static void env_trace(void *ctx, const struct weft_trace *event)
{
    struct world_end *end = ctx;
    struct plot *plot = end->world->config.plot;
    uint8_t bytes[LADDER_FRAME];

    if (event->kind == WEFT_TRACE_DROP)
        note_loss(end->world, end->number, event);
    if (plot && event->kind == WEFT_TRACE_RX && plot->side == end->number)
        plot_arrived(plot, event->at, bytes, weft_pkt_copy(event->pkt, 0, bytes, sizeof bytes),
                     weft_pkt_len(event->pkt));
    ladder_trace(&end->world->ladder, end->number, event);
}

/* Where there is no ladder, packets are kept as they leave. */
static void keep_packet(struct world *w, const weft_pkt *pkt, weft_time now)
{
    struct world_capture *c = w->capture;

    if (!c || !c->pcap || !c->left || w->config.trace)
        return;
    c->left--;
    weft_pcap_write(c->pcap, c->interface, now, false, pkt, NULL);
}

static void keep_story(void *ctx, const struct ladder_frame *frame, int from, const char *story)
{
    struct world *w = ctx;
    struct world_capture *c = w->capture;

    (void)from;
    if (!c || !c->pcap || !c->left)
        return;
    c->left--;
    weft_pcap_write_bytes(c->pcap, c->interface, frame->at, false, frame->bytes, frame->n, story);
}

/* ---- making it ---- */

static bool stack_open(struct world *w, int i)
{
    const struct weft_env env = {.ctx = &w->end[i], .alloc = env_alloc, .free = env_free, .random = env_random,
                                 .trace = w->config.trace ? env_trace : NULL};
    struct weft_if_config ifc = {.name = "eth0", .link = WEFT_LINK_ETHERNET, .mtu = 1500,
                                 .mac = {2, 0, 0, 0, 0, (uint8_t)(i + 1)}};
    struct world_end *end = &w->end[i];
    struct weft_config config;

    weft_config_default(&config);
    if (w->config.settings)
        config = *w->config.settings;
    if (w->config.buffer) { /* half of a receive buffer is for payload; neither grows */
        config.tcp.send_buffer = config.tcp.send_buffer_max = w->config.buffer;
        config.tcp.receive_buffer = config.tcp.receive_buffer_max = 2 * w->config.buffer;
    }
    end->stack = weft_stack_new(&env, &config, w->now, NULL);
    end->ifp = end->stack ? weft_if_new(end->stack, &ifc, NULL) : NULL;
    return end->ifp && weft_if_add_address(end->ifp, &end->ip, 24) == 0;
}

static void plot_packet(struct plot *plot, const weft_pkt *pkt, weft_time now)
{
    uint8_t bytes[LADDER_FRAME];

    plot_sent(plot, now, bytes, weft_pkt_copy(pkt, 0, bytes, sizeof bytes), weft_pkt_len(pkt));
}

static enum weft_wire_verdict filter(void *ctx, int from, const weft_pkt *pkt, weft_time now)
{
    struct world *w = ctx;
    enum weft_wire_verdict verdict =
        w->config.filter ? w->config.filter(w->config.ctx, from, pkt, now) : WEFT_WIRE_PASS;

    keep_packet(w, pkt, now);
    w->entering = pkt;
    if (w->config.trace)
        ladder_sent(&w->ladder, from, pkt, now);
    if (w->config.plot && w->config.plot->side == from)
        plot_packet(w->config.plot, pkt, now);
    return verdict;
}

static bool wire_open(struct world *w)
{
    const struct weft_env env = {.ctx = &w->end[0], .alloc = env_alloc, .free = env_free, .random = env_random};
    struct weft_wire_config config = {.seed = w->config.seed, .direction = {w->config.wire, w->config.wire},
                                      .filter = filter, .filter_ctx = w};

    w->wire = weft_wire_new(&env, &config, w->end[0].ifp, w->end[1].ifp);
    return w->wire != NULL;
}

bool world_open(struct world *w, const struct world_config *config, struct world_capture *capture)
{
    int i;

    memset(w, 0, sizeof *w);
    w->config = *config;
    w->capture = capture;
    ladder_begin(&w->ladder, config->ladder, config->name[0], config->name[1], config->wire.delay);
    w->ladder.told = keep_story;
    w->ladder.told_ctx = w;
    for (i = 0; i < 2; i++) {
        w->end[i] = (struct world_end){.world = w, .number = i, .random = config->seed * 2 + (uint64_t)i,
                                       .ip = weft_ipv4(ADDRESS + (uint32_t)i)};
        w->ladder.ip[i] = ADDRESS + (uint32_t)i;
        if (!stack_open(w, i))
            break;
    }
    if (config->plot) {
        config->plot->ours = ADDRESS + (uint32_t)config->plot->side;
        config->plot->theirs = ADDRESS + (uint32_t)!config->plot->side;
    }
    if (i == 2 && wire_open(w))
        return true;
    world_close(w);
    return false;
}

void world_close(struct world *w)
{
    int i;

    if (w->wire)
        weft_wire_free(w->wire);
    for (i = 0; i < 2; i++) {
        if (w->end[i].stack)
            weft_stack_free(w->end[i].stack);
        w->end[i].stack = NULL;
    }
    w->wire = NULL;
}

bool world_crash(struct world *w, int end)
{
    weft_wire_free(w->wire);
    w->wire = NULL;
    weft_stack_free(w->end[end].stack);
    w->ladder.state[end] = w->ladder.shown[end] = WEFT_TCP_CLOSED;
    return stack_open(w, end) && wire_open(w);
}

/* ---- living ---- */

static size_t tell_events(struct world *w)
{
    struct weft_event events[64];
    size_t n, i, all = 0;
    int end;

    for (end = 0; end < 2; end++) {
        while ((n = weft_events(w->end[end].stack, events, 64)) > 0) {
            for (i = 0; w->config.event && i < n; i++)
                w->config.event(w->config.ctx, end, &events[i]);
            all += n;
        }
    }
    return all;
}

/* Everything that happens at this moment. */
static void live_now(struct world *w)
{
    int end;

    for (end = 0; end < 2; end++)
        weft_tick(w->end[end].stack, w->now);
    while (weft_wire_run(w->wire, w->now) + tell_events(w) > 0)
        ;
    if (w->config.trace)
        ladder_settle(&w->ladder, w->now);
    if (w->config.moment)
        w->config.moment(w->config.ctx);
    w->steps++;
}

static weft_time next_moment(const struct world *w)
{
    weft_time t = weft_wire_deadline(w->wire), d;
    int end;

    for (end = 0; end < 2; end++) {
        d = weft_deadline(w->end[end].stack);
        t = d < t ? d : t;
    }
    return t;
}

bool world_step(struct world *w, weft_time until)
{
    weft_time next;

    live_now(w);
    next = next_moment(w);
    if (next <= w->now)
        next = w->now + 1; /* a deadline is a lower bound */
    if (next > until)
        return false;
    w->now = next;
    return true;
}

void world_run(struct world *w, weft_time until)
{
    while (world_step(w, until))
        ;
    if (until != WEFT_NEVER && w->now < until)
        w->now = until;
    for (int end = 0; end < 2; end++)
        weft_clock(w->end[end].stack, w->now);
}

void world_inject(struct world *w, int end, const void *frame, size_t n)
{
    weft_pkt *pkt = weft_pkt_new(w->end[end].stack, n);

    if (!pkt)
        return;
    memcpy(weft_pkt_data(pkt), frame, n);
    weft_pkt_set_len(pkt, n);
    w->ladder.wandered = true;
    weft_input(w->end[end].ifp, &pkt, 1, w->now);
    w->ladder.wandered = false;
}
