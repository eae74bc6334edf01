/* SPDX-License-Identifier: MIT */
/* What must hold after each step, and when all is over. */
#include <inttypes.h>
#include <stdarg.h>

#include "sim.h"

#define LEAST_WINDOW 500u /* of buffers of 2,304 bytes and more; half a kilobyte, or a segment where that is less */

void sim_fail(struct world *w, const char *format, ...)
{
    va_list args;
    int n;

    if (w->failed)
        return;
    w->failed = true;
    n = snprintf(w->why, sizeof w->why, "at %.6f s (step %" PRIu64 "): ", (double)(w->now - w->start) / 1e9, w->steps);
    va_start(args, format);
    vsnprintf(w->why + n, sizeof w->why - (size_t)n, format, args);
    va_end(args);
}

/* ---- after each step ---- */

void oracle_after_tick(struct world *w, struct host *h, bool quiet)
{
    weft_time at = weft_deadline(h->stack);

    if (quiet && at <= w->now)
        sim_fail(w, "host %u: a deadline %" PRIu64 " ns in the past after a tick with nothing to do", h->number,
                 w->now - at);
}

static void check_memory(struct world *w, const struct host *h)
{
    if (h->outside.wrong[0])
        sim_fail(w, "host %u: %s", h->number, h->outside.wrong);
    if (weft_memory(h->stack, NULL) != h->outside.live)
        sim_fail(w, "host %u accounts for %zu bytes and holds %zu", h->number, weft_memory(h->stack, NULL),
                 h->outside.live);
}

void oracle_step(struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_hosts; i++)
        check_memory(w, &w->host[i]);
}

/* A clamp is never more than what the buffer holds of segments as small as those that come: that may be little. */
static bool is_clamped_by_cost(const struct end *e)
{
    return e->plan->wide[SIM_WIDE_WINDOW_CLAMP] && e->plan->receive_buffer;
}

/*
 * Where bits flip or memory lacks, nobody can say from outside what was dropped; on a link that stands still, or where
 * the neighbour's address is asked for, when it would have been sent.
 */
static bool is_excused(const struct world *w, const struct end *e)
{
    const struct link_plan *l = &w->scenario->link[e->flow->plan->link];

    return e->owner.host->dropped || w->scenario->n_weather || w->scenario->dark != WEFT_NEVER || w->refusal.refused ||
           l->kind == WEFT_LINK_ETHERNET || l->how[0].corrupt || l->how[1].corrupt;
}

/* RFC 9293 §3.8.6.2.2: whoever has read everything must have said so, when what the peer may send is silly. */
static void check_window(struct world *w, struct end *e)
{
    const struct flow *f = e->flow;
    const struct link_plan *l = &w->scenario->link[f->plan->link];
    uint32_t room, least = l->mtu[0] < l->mtu[1] ? l->mtu[0] : l->mtu[1];

    least = least < LEAST_WINDOW ? least : LEAST_WINDOW;
    if (e->heard_end || e->left || weft_unread(e->owner.sock) || is_clamped_by_cost(e) ||
        weft_ready(e->owner.sock) & (WEFT_PEER_CLOSED | WEFT_HANGUP | WEFT_ERROR))
        return;
    room = checker_window(w->checker, e->owner.host, &f->address[e->side], &f->address[1 - e->side]);
    if (room < least)
        sim_fail(w, "flow %u side %u has read everything, but its peer was last told that %u bytes are welcome",
                 f->number, e->side, room);
}

/* RFC 9293 §3.8.6.3, MUST-40: what came in order is acknowledged within half a second. */
static void check_debt(struct world *w, const struct end *e)
{
    const struct flow *f = e->flow;
    weft_time since;

    if (e->owner.host->declined || weft_ready(e->owner.sock) & WEFT_HANGUP)
        return;
    since = checker_owes(w->checker, e->owner.host, &f->address[e->side], &f->address[1 - e->side]);
    if (since != WEFT_NEVER && w->now > since && w->now - since > 500 * WEFT_MS)
        sim_fail(w, "flow %u side %u has owed an acknowledgment for %.3f s", f->number, e->side,
                 (double)(w->now - since) / 1e9);
}

static void check_end(struct world *w, struct end *e)
{
    if (e->phase != PHASE_OPEN || is_excused(w, e))
        return;
    check_window(w, e);
    check_debt(w, e);
}

#define CAPS_EVERY 16 /* instants, about: to ask for each of them would take a tenth of the time */

/* Nobody has more memory than may be his. */
static void check_caps(struct world *w, struct host *h)
{
    const char *owner;
    size_t live, cap;

    for (size_t i = 0; weft_memory_info(h->stack, i, &owner, &live); i++) {
        cap = weft_memory_cap(h->stack, i);
        if (cap && live > cap)
            sim_fail(w, "host %u: %zu bytes of %s, where %zu are the most", h->number, live, owner, cap);
    }
}

void oracle_instant(struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_hosts && w->steps % CAPS_EVERY == 0; i++)
        check_caps(w, &w->host[i]);
    for (unsigned i = 0; i < w->scenario->n_flows; i++)
        for (unsigned side = 0; w->flow[i].begun && side < 2; side++)
            check_end(w, &w->flow[i].end[side]);
}

/* ---- at rest ---- */

/* Which owners of memory must own nothing once everything is closed. */
static bool must_be_empty(const char *owner)
{
    static const char *const names[] = {"packets", "payload blocks", "queue rings", "connections",
                                        "connections at work", "TIME-WAIT records", "half-open records",
                                        "UDP endpoints", "reassembly"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(owner, names[i]) == 0)
            return true;
    return false;
}

static bool visit_left_over(void *ctx, const struct weft_listing *item)
{
    struct host *h = ctx;

    sim_fail(h->world, "host %u at rest: a connection of port %u with port %u in %s is left", h->number,
             item->local.port, item->remote.port, weft_tcp_state_name(item->state));
    return false;
}

static void check_empty(struct world *w, struct host *h)
{
    const char *owner;
    size_t live;

    if (weft_deadline(h->stack) != WEFT_NEVER)
        sim_fail(w, "host %u at rest: it still waits for something", h->number);
    weft_list(h->stack, visit_left_over, h);
    for (size_t i = 0; weft_memory_info(h->stack, i, &owner, &live); i++)
        if (live && must_be_empty(owner))
            sim_fail(w, "host %u at rest: %zu bytes of %s are left", h->number, live, owner);
}

void oracle_at_rest(struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_hosts; i++)
        check_empty(w, &w->host[i]);
}

void oracle_after_free(struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_hosts; i++) {
        if (w->host[i].outside.wrong[0])
            sim_fail(w, "host %u: %s", i, w->host[i].outside.wrong);
        if (w->host[i].outside.live)
            sim_fail(w, "host %u leaks %zu bytes", i, w->host[i].outside.live);
    }
    for (unsigned i = 0; i < w->scenario->n_links; i++)
        if (w->link_outside[i].live)
            sim_fail(w, "link %u leaks %zu bytes", i, w->link_outside[i].live);
}
