/* SPDX-License-Identifier: MIT */
/* Whole looks: the settings that make a stack behave as one family of systems does. */
#include "core/stack.h"

/*
 * The letter of RFC 9293 and of what it cites, where Linux takes liberties: a lifetime of two minutes, time-outs of a
 * second at least, three minutes for a SYN (MUST-23), the initial window of RFC 5681, no acknowledgments but those due.
 */
static void look_rfc(struct weft_config *k)
{
    struct weft_tcp_config *t = &k->tcp;

    t->msl = 120 * WEFT_S;
    t->rto_min = WEFT_S;
    t->rto_min_whole = true;
    t->delayed_ack = 200 * WEFT_MS;
    t->syn_retries = 7; /* 1 + 2 + ... + 128 s: given up after 255 s */
    t->synack_retries = 7;
    t->quick_acks = 0;
    t->initial_window = 3; /* with 4,380 bytes at most, as cc_initial_window has it */
    memcpy(t->congestion_control, "reno", sizeof "reno"); /* RFC 5681, which RFC 9293 §3.8.2 names (MUST-19) */
    t->tail_loss_probe = false;
    t->ecn = 1;
    t->require_timestamps = true;
    t->unreachable_ends_connect = false;
    t->syn_ack_text = true;
    t->smaller_window = true;
    t->drop_signed = false;
    t->rfc1337 = false;
}

/* How long FreeBSD tries, and waits. */
static void bsd_times(struct weft_tcp_config *t)
{
    t->rto_min = 230 * WEFT_MS; /* 30 ms, and 200 ms of slop on top of every one */
    t->rto_max = 64 * WEFT_S;
    t->delayed_ack = 100 * WEFT_MS;
    t->syn_linear_timeouts = 4; /* after 1, 2, 3, 4 and 5 s, then 7, 11, 19, 35, 67 */
    t->syn_retries = 8;
    t->connect_time = 75 * WEFT_S;
    t->synack_retries = 3;
    t->synack_linear = true;
    t->retries_2 = 12;
    t->orphan_retries = 12;
    t->fin_wait_2 = 600 * WEFT_S; /* as long as keepalives that nobody answers */
    t->keepalive_probes = 8;
    t->invalid_ratelimit = 200 * WEFT_MS; /* five in a second */
    t->invalid_burst = 5;
}

/* FreeBSD, and macOS in what a peer sees first. */
static void look_bsd(struct weft_config *k)
{
    struct weft_tcp_config *t = &k->tcp;

    bsd_times(t);
    t->syn_layout = WEFT_SYN_BSD;
    t->whole_first_window = false;
    t->receive_buffer = 131072; /* of which half is for payload */
    t->receive_buffer_max = 2 << 20;
    t->quick_acks = 0;
    t->tail_loss_probe = false;
    t->require_timestamps = true;
    t->unreachable_ends_connect = false;
    t->syn_ack_text = true;
    t->smaller_window = true;
    t->drop_signed = false;
    t->recovery = 0; /* the scoreboard of RFC 6675 */
    t->frto = false;
    t->nagle_all = true;
    t->push_last = true;
    t->plain_window = true;
    t->ack_second = true;
    t->reset_unread = false;
    t->bsd_errors = true;
}

static void look_linux(struct weft_config *k) { (void)k; }

static const struct {
    const char *name;
    void (*look)(struct weft_config *k);
} profiles[] = {
    {"linux", look_linux},
    {"rfc", look_rfc},
    {"bsd", look_bsd},
};

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

int weft_config_profile(struct weft_config *config, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(profiles); i++)
        if (same(profiles[i].name, name)) {
            weft_config_default(config);
            profiles[i].look(config);
            return 0;
        }
    return WEFT_EINVAL;
}
