/* SPDX-License-Identifier: MIT */
/* What must hold after each step, and when all is over. */
#include <inttypes.h>
#include <stdarg.h>

#include "sim.h"

#define DRAIN_LIMIT (3 * 3600 * WEFT_S) /* orphans, half-open records and TIME-WAIT are gone by then */
#define QUIET       (3600 * WEFT_S)

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
