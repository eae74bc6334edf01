/* SPDX-License-Identifier: MIT */
/* A stack's birth, clock, timers and end; see stack.h. */
#include "core/stack.h"

#include "core/ports.h"

#define LOOPBACK_BATCH 64
#define LOOPBACK_MAX   256 /* packets a tick carries over the loopback interface */

/* ---- configuration ---- */

static const struct weft_tcp_config tcp_default = {
    .msl = 30 * WEFT_S,
    .rto_initial = WEFT_S,
    .rto_min = 200 * WEFT_MS,
    .rto_max = 120 * WEFT_S,
    .delayed_ack = 40 * WEFT_MS,
    .fin_wait_2 = 60 * WEFT_S,
    .keepalive_idle = 7200 * WEFT_S,
    .keepalive_interval = 75 * WEFT_S,
    .keepalive_probes = 9,
    .syn_retries = 6,
    .min_mss = 216,
    .synack_retries = 5,
    .retries_1 = 3,
    .retries_2 = 15,
    .orphan_retries = 8,
    .quick_acks = 16,
    .comp_sack_delay = WEFT_MS,
    .comp_sack_nr = 44,
    .notsent_lowat = UINT32_MAX,
    .initial_window = 10,
    .tso_segments = 2,
    .tso_rtt_log = 9,
    .receive_buffer_min = 4096,
    .receive_buffer = 131072,
    .receive_buffer_max = 6 << 20,
    .send_buffer_min = 4096,
    .send_buffer = 16384,
    .send_buffer_max = 4 << 20,
    .receive_buffer_limit = 212992,
    .send_buffer_limit = 212992,
    .moderate_receive_buffer = true,
    .max_half_open = 65536,
    .max_syn_backlog = 4096,
    .max_backlog = 4096,
    .syncookies = 1,
    .invalid_ratelimit = 500 * WEFT_MS,
    .invalid_burst = 1,
    .fastopen = 1,
    .max_orphans = 65536,
    .tw_reuse = 2,
    .max_time_wait = 262144,
    .max_out_of_order = 128,
    .congestion_control = "cubic",
    .recovery = 1,
    .reordering = 3,
    .max_reordering = 300,
    .ecn = 2,
    .ecn_fallback = true,
    .pacing_ss_ratio = 200,
    .pacing_ca_ratio = 120,
    .tail_loss_probe = true,
    .base_mss = 1024,
    .mtu_probe_floor = 48,
    .probe_threshold = 8,
    .probe_interval = 600 * WEFT_S,
    .frto = true,
    .dsack = true,
    .slow_start_after_idle = true,
    .timestamps = true,
    .sack = true,
    .window_scaling = true,
    .statistics = true,
    .whole_first_window = true,
    .reset_unread = true,
    .unreachable_ends_connect = true,
    .drop_signed = true,
    .park = true,
    .shortcuts = true,
    .rfc1337 = true,
};

void weft_config_default(struct weft_config *config)
{
    *config = (struct weft_config){
        .port_min = 32768,
        .port_max = 60999,
        .reassembly_time = 60 * WEFT_S,
        .reassembly_memory = 4 << 20,
        .path_mtu_age = 600 * WEFT_S,
        .ip_default_ttl = 64,
        .ip6_hop_limit = 64,
        .min_path_mtu = 552,
        .arp_reachable = 60 * WEFT_S,
        .arp_defend = true,
        .max_neighbours = 1024,
        .icmp_errors_per_second = 1000,
        .icmp_errors_burst = 50,
        .icmp_error_interval = WEFT_S,
        .icmp6_error_interval = WEFT_S,
        .icmp_limited_types = 1 << 3 | 1 << 4 | 1 << 11 | 1 << 12,
        .accept_redirects = true,
        .ip6_accept_redirects = true,
        .secure_redirects = true,
        .send_redirects = true,
        .igmp_max_memberships = 20,
        .igmp_max_msf = 10,
        .mld_max_msf = 64,
        .igmp_robustness = 2,
        .mld_robustness = 2,
        .ipv6_accept_ra = true,
        .ipv6_accept_dad = true,
        .ipv6_addr_gen_mode = 2,
        .tcp = tcp_default,
    };
}

static bool buffer_is_sound(size_t size) { return size >= 2304 && size <= 1u << 31; }

static bool buffers_are_sound(const struct weft_tcp_config *k)
{
    return buffer_is_sound(k->receive_buffer_min) && buffer_is_sound(k->receive_buffer) &&
           buffer_is_sound(k->receive_buffer_max) && buffer_is_sound(k->send_buffer_min) &&
           buffer_is_sound(k->send_buffer) && buffer_is_sound(k->send_buffer_max) &&
           buffer_is_sound(k->receive_buffer_limit) && buffer_is_sound(k->send_buffer_limit);
}

static bool groups_are_sound(const struct weft_config *k)
{
    return k->igmp_max_memberships <= 65536 && k->igmp_max_msf <= 4096 && k->mld_max_msf <= 4096 &&
           k->igmp_robustness >= 1 && k->igmp_robustness <= 7 && k->mld_robustness >= 1 && k->mld_robustness <= 7;
}

static bool tcp_is_sound(const struct weft_tcp_config *k)
{
    return k->msl && k->msl <= 1000 * WEFT_S && k->rto_min && k->rto_min <= k->rto_max && k->rto_initial &&
           k->delayed_ack < 500 * WEFT_MS && k->synack_retries <= 8 && k->syn_retries <= 127 &&
           k->syn_linear_timeouts <= 127 && k->min_mss >= 48 && k->min_mss <= 65535 &&
           k->retries_2 <= 127 && k->orphan_retries <= 127 && k->keepalive_probes <= 127 && k->quick_acks <= 255 &&
           k->comp_sack_delay <= 100 * WEFT_MS && k->comp_sack_nr <= 255 &&
           k->initial_window && k->initial_window <= 1000 && k->tso_segments && k->tso_rtt_log <= 31 &&
           buffers_are_sound(k) &&
           k->max_out_of_order && k->max_out_of_order <= 65536 && k->max_backlog && k->max_backlog <= 65535 &&
           k->syncookies <= 2 && k->tw_reuse <= 2 && k->syn_layout <= WEFT_SYN_BSD &&
           k->invalid_ratelimit <= 10 * WEFT_S && k->invalid_burst >= 1 && k->invalid_burst <= 16 &&
           k->mtu_probing <= 2 && k->mtu_probe_floor >= 48 && k->mtu_probe_floor <= 65535 && k->base_mss >= 48 &&
           k->base_mss <= 65535 && k->recovery <= 7 && k->reordering &&
           k->reordering <= k->max_reordering && k->max_reordering <= 1000 && k->ecn <= 2 &&
           k->pacing_ss_ratio <= 1000 && k->pacing_ca_ratio <= 1000;
}

static bool hops_are_sound(unsigned hops) { return hops >= 1 && hops <= 255; }

bool stack_config_is_sound(const struct weft_config *k)
{
    return k->port_min && k->port_min <= k->port_max && k->reassembly_time && k->path_mtu_age &&
           hops_are_sound(k->ip_default_ttl) && hops_are_sound(k->ip6_hop_limit) &&
           k->min_path_mtu >= 68 && k->min_path_mtu <= 65535 && k->max_neighbours && k->ipv6_addr_gen_mode <= 2 &&
           k->icmp_errors_burst <= INT_MAX && k->icmp_error_interval <= 60 * WEFT_S &&
           k->icmp6_error_interval <= 60 * WEFT_S && groups_are_sound(k) && tcp_is_sound(&k->tcp);
}

struct sip_key stack_key(const weft_stack *s, enum key_purpose purpose)
{
    uint8_t input[2] = {(uint8_t)purpose, 0};
    struct sip_key key;

    key.k0 = siphash24(s->secret, input, sizeof input);
    input[1] = 1;
    key.k1 = siphash24(s->secret, input, sizeof input);
    return key;
}

/* ---- birth ---- */

/* The object itself, in memory that it accounts for. NULL: out of memory. */
static weft_stack *allocate(const struct weft_env *env, const struct weft_config *config)
{
    struct mem mem = {
        .ctx = env->ctx,
        .alloc = env->alloc,
        .free = env->free,
        .refuse = env->refuse,
        .limit = config->memory_limit,
    };
    weft_stack *s = mem_alloc(&mem, MEM_stack, sizeof *s);

    if (!s)
        return NULL;
    memset(s, 0, sizeof *s);
    s->mem = mem;
    s->env = *env;
    s->config = *config;
    return s;
}

static void init_parts(weft_stack *s, const struct assembly *parts, weft_time now)
{
    uint64_t seed[2] = {0, 0};

    s->now = now;
    wheel_init(&s->wheel, now);
    list_init(&s->events);
    list_init(&s->interfaces);
    list_init(&s->removed);
    slab_init(&s->pkts, &s->mem, MEM_packet, sizeof(struct weft_pkt));
    slab_keep_at_hand(&s->pkts);
    block_pool_init(&s->blocks, &s->mem);
    route_table_init(&s->routes, &s->mem);
    policy_init(&s->policies);
    pathmtu_init(&s->path_mtus, stack_key(s, KEY_PATH_MTU));
    s->assembly = parts;
    neigh_table_init(s, parts->neigh, parts->neigh6);
    s->port_key = stack_key(s, KEY_PORT);
    rng_seed(&s->rng, siphash24(s->secret, seed, sizeof seed));
}

static bool init_transports(weft_stack *s)
{
    const struct assembly *parts = s->assembly;

    for (unsigned i = 0; i < STACK_TRANSPORTS && parts->transport[i]; i++) {
        s->slot_of[parts->transport[i]->number] = (uint8_t)(i + 1);
        s->transport[i + 1] = parts->transport[i]->init(s);
        if (!s->transport[i + 1])
            return false;
    }
    return true;
}

static bool add_loopback(weft_stack *s)
{
    struct weft_if_config lo = {
        .name = "lo",
        .link = WEFT_LINK_LOOPBACK,
        .mtu = 65535,
        .offload = WEFT_OFFLOAD_CSUM,
        .queue_limit = 4096,
    };
    const struct weft_ip v4 = weft_ipv4(0x7f000001), v6 = {.b = {[15] = 1}};

    s->loopback = weft_if_new(s, &lo, NULL);
    return s->loopback && weft_if_add_address(s->loopback, &v4, 8) == 0 &&
           weft_if_add_address(s->loopback, &v6, 128) == 0;
}

static int build(weft_stack *s)
{
    const struct assembly *parts = s->assembly;

    if (parts->ip_init && !(s->ip = parts->ip_init(s)))
        return WEFT_ENOMEM;
    return init_transports(s) && add_loopback(s) ? 0 : WEFT_ENOMEM;
}

weft_stack *stack_new(const struct assembly *parts, const struct weft_env *env, const struct weft_config *config,
                      weft_time now, int *err)
{
    struct weft_config defaults;
    struct sip_key secret;
    weft_stack *s = NULL;
    int why = 0;

    weft_config_default(&defaults);
    if (!config)
        config = &defaults;
    if (!stack_config_is_sound(config)) {
        why = WEFT_EINVAL;
    } else if (!env->random(env->ctx, &secret, sizeof secret)) {
        why = WEFT_EPROTO;
    } else if (!(s = allocate(env, config))) {
        why = WEFT_ENOMEM;
    } else {
        s->secret = secret;
        init_parts(s, parts, now);
        why = build(s);
    }
    if (why && s) {
        weft_stack_free(s);
        s = NULL;
    }
    if (why && err)
        *err = why;
    return s;
}

/* ---- end ---- */

static void fini_transports(weft_stack *s)
{
    for (unsigned i = STACK_TRANSPORTS; i-- > 0;)
        if (s->transport[i + 1])
            s->assembly->transport[i]->fini(s, s->transport[i + 1]);
}

void weft_stack_free(weft_stack *stack)
{
    struct mem mem;

    stack->env.trace = NULL; /* it ends without a word */
    fini_transports(stack);
    if (stack->ip)
        stack->assembly->ip_fini(stack, stack->ip);
    while (!list_empty(&stack->interfaces))
        weft_if_free(container_of(list_first(&stack->interfaces), weft_if, link));
    if_free_removed(stack);
    neigh_table_fini(stack);
    route_table_fini(stack);
    pathmtu_fini(&stack->path_mtus, &stack->mem);
    port_counters_fini(stack);
    slab_fini(&stack->pkts);
    block_pool_fini(&stack->blocks);
    memset(&stack->secret, 0, sizeof stack->secret);
    mem = stack->mem; /* which is about to free itself */
    mem_free(&mem, MEM_stack, stack, sizeof *stack);
}

/* ---- time ---- */

/* There is somebody who is not. */
ASIDE void stack_settle_now(const weft_stack *s) { endpoint_ops(s->unsettled)->settle(s->unsettled); }

void weft_clock(weft_stack *stack, weft_time now)
{
    if (now <= stack->now)
        return;
    stack_settle(stack);
    stack->now = now;
}

weft_time weft_deadline(const weft_stack *stack)
{
    stack_settle(stack);
    return stack->loopback && if_wants(stack->loopback) ? stack->now : wheel_deadline(&stack->wheel);
}

static void fire(weft_stack *s, struct timer *t)
{
    switch (t->kind) {
    case TIMER_NEIGH:
        neigh_timer(s, t);
        break;
    case TIMER_IP:
        s->assembly->ip_timer(s, t);
        break;
    case TIMER_LINK: /* of Ethernet: no other link does anything over time */
        s->assembly->link[WEFT_LINK_ETHERNET]->timer(t);
        break;
    default:
        s->assembly->transport[t->kind - TIMER_TRANSPORT]->timer(s, t);
    }
}

/* What goes out on the loopback interface comes in on it, a bounded number of packets each tick. */
static void carry_loopback(weft_stack *s)
{
    weft_pkt *batch[LOOPBACK_BATCH];

    for (unsigned done = 0; done < LOOPBACK_MAX && s->loopback && weft_output_wanted(s->loopback);) {
        size_t n = weft_output(s->loopback, batch, LOOPBACK_BATCH, s->now);

        if (n == 0)
            return;
        for (size_t i = 0; i < n; i++) { /* it never leaves this memory */
            batch[i]->csum_valid = true;
            batch[i]->csum_partial = false;
        }
        weft_input(s->loopback, batch, n, s->now);
        done += (unsigned)n;
    }
}

void weft_tick(weft_stack *stack, weft_time now)
{
    struct timer *t;

    weft_clock(stack, now);
    stack_settle(stack);
    while ((t = wheel_pop(&stack->wheel, stack->now))) {
        fire(stack, t);
        stack_settle(stack); /* it may be due again */
    }
    carry_loopback(stack);
}

/* ---- protocols ---- */

bool stack_deliver(weft_stack *s, struct weft_pkt *pkt)
{
    uint8_t slot = s->slot_of[pkt->proto];

    if (!slot)
        return false;
    s->assembly->transport[slot - 1]->input(s, pkt);
    return true;
}

bool stack_report(weft_stack *s, uint8_t proto, const struct ip_error *e)
{
    uint8_t slot = s->slot_of[proto];
    const struct transport *t = slot ? s->assembly->transport[slot - 1] : NULL;

    return t && t->error && t->error(s, e);
}
