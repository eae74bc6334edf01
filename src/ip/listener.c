/* SPDX-License-Identifier: MIT */
/*
 * When routers are told of our groups (RFC 3376 §5 and §7, RFC 3810 §6 and §8, RFC 2236 §3, RFC 2710 §4): each change
 * as soon as it happens and again after random delays, in case the first report is lost; and what they ask, after a
 * random part of the time they give. One machine for IGMP and MLD; what differs is how the words are written.
 *
 * A router of an older version makes us speak its version until it has not been heard for a while. The older ones know
 * of groups only, and of one group a message, which is why then each group has its own delay.
 *
 * However many queries come in, there is one answer to them in the time they give (an attacker gives little:
 * RESPONSE_MIN), one for each group that was asked for. So a delay that runs is drawn anew only when it would end too
 * late: the earliest of very many draws (RFC 3376 §5.2) would be no delay at all.
 */
#include "ip/group.h"
#include "wire/group_record.h"

#define QUERY_INTERVAL    125                /* seconds (RFC 3376 §8.2) */
#define RESPONSE_MIN      (100 * WEFT_MS)    /* the shortest time to answer in that we believe */
#define UNSOLICITED       WEFT_S             /* RFC 3376 §8.11, RFC 3810 §9.11 */
#define UNSOLICITED_OLDER (10 * WEFT_S)      /* RFC 2236 §8.10, RFC 2710 §7.10 */
#define ASKED_MAX         64                 /* sources asked for that a group remembers; more: the whole group */

static uint8_t usual_robustness(const weft_stack *s, bool v4)
{
    return (uint8_t)(v4 ? s->config.igmp_robustness : s->config.mld_robustness);
}

void listener_init(struct listener *l, const weft_stack *s, bool v4)
{
    *l = (struct listener){
        .answer_at = WEFT_NEVER,
        .changes_at = WEFT_NEVER,
        .newest = v4 ? 3 : 2,
        .version = v4 ? 3 : 2,
        .robustness = usual_robustness(s, v4),
        .interval = QUERY_INTERVAL,
    };
}

static struct group *group_at(struct list *it) { return container_of(it, struct group, link); }

static bool is_older(const struct listener *l) { return l->version < l->newest; }

/* In (0, longest]. */
static weft_time some_time_in(weft_stack *s, weft_time longest)
{
    return time_after(s->now, 1 + rng_below(&s->rng, longest));
}

/* Invariant 3 of group.h. */
static void arm(weft_stack *s, weft_time at)
{
    struct timer *t = &ip_state(s)->groups.timer;

    if (at < t->deadline)
        timer_set(&s->wheel, t, at);
}

/* ---- versions ---- */

/* RFC 3376 §7.2.1: whoever changes his version cancels all that he was about to say. */
static void change_version(struct group_link *link, struct listener *l, bool v4, uint8_t version)
{
    l->version = version;
    l->answer_at = l->changes_at = WEFT_NEVER;
    l->covered_until = 0;
    list_each_safe(it, next, &link->groups) {
        struct group *g = group_at(it);

        if (ip_is_v4(&g->ip) != v4)
            continue;
        g->answer_at = WEFT_NEVER;
        g->mode_left = 0;
        g->changed.n = g->asked.n = 0;
        group_settle(g);
    }
}

/* The version is that of the oldest router which was heard lately. */
void listener_settle(struct group_link *link, bool v4)
{
    struct listener *l = listener_of(link, v4);
    uint8_t version = 1;

    while (version < l->newest && link->ifp->stack->now >= l->older_until[version - 1])
        version++;
    if (version != l->version)
        change_version(link, l, v4, version);
}

/* ---- changes ---- */

void listener_changed(struct group *g)
{
    weft_stack *s = g->at->ifp->stack;

    listener_of(g->at, ip_is_v4(&g->ip))->changes_at = s->now;
    arm(s, s->now);
}

void listener_repeat(weft_if *ifp, bool v4)
{
    if (!ifp->groups)
        return;
    list_each(it, &ifp->groups->groups) {
        struct group *g = group_at(it);

        if (ip_is_v4(&g->ip) != v4 || !group_listens(g) || !group_is_reported(g))
            continue;
        g->mode_left = listener_of(ifp->groups, v4)->robustness;
        listener_changed(g);
    }
}

static bool is_wanted(const struct group *g, const struct source *source)
{
    return group_filter_takes(&g->state, &source->ip);
}
static bool is_unwanted(const struct group *g, const struct source *source) { return !is_wanted(g, source); }

/* One report more has told of these sources. */
static void count_told(struct sources *changed)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < changed->n; i++)
        if (--changed->at[i].left)
            changed->at[kept++] = changed->at[i];
    changed->n = kept;
}

/* RFC 3376 §5.1: while a change of mode has to be told, the whole state is; else the sources that came or went. */
static void report_change(struct report *r, struct group *g)
{
    if (g->mode_left) {
        report_add(r, g->state.exclude ? RECORD_TO_EXCLUDE : RECORD_TO_INCLUDE, g, &g->state.sources, NULL);
        g->mode_left--;
    } else {
        report_add(r, RECORD_ALLOW, g, &g->changed, is_wanted);
        report_add(r, RECORD_BLOCK, g, &g->changed, is_unwanted);
    }
    count_told(&g->changed);
}

/* The older versions repeat a report as if they answered; a leave is said once, by who spoke last (RFC 2236 §3). */
static void tell_change_older(struct group *g, uint8_t version)
{
    bool v4 = ip_is_v4(&g->ip);

    if (group_listens(g)) {
        g->answer_at = g->at->ifp->stack->now;
        return;
    }
    g->mode_left = 0;
    g->answer_at = WEFT_NEVER;
    if (!g->spoke_last)
        return;
    if (v4)
        igmp_tell(g, version, false);
    else
        mld_tell(g, false);
}

static void changes_due(struct group_link *link, bool v4)
{
    struct listener *l = listener_of(link, v4);
    struct report r = report_begin(link->ifp, v4);
    bool more = false;

    l->changes_at = WEFT_NEVER;
    list_each_safe(it, next, &link->groups) {
        struct group *g = group_at(it);

        if (ip_is_v4(&g->ip) != v4 || (!g->mode_left && !g->changed.n))
            continue;
        if (!is_older(l)) {
            report_change(&r, g);
            more |= g->mode_left || g->changed.n;
        } else if (g->answer_at == WEFT_NEVER || !group_listens(g)) { /* else its repetitions run already */
            tell_change_older(g, l->version);
        }
        group_settle(g);
    }
    report_end(&r);
    if (more)
        l->changes_at = some_time_in(link->ifp->stack, UNSOLICITED);
}

/* ---- queries ---- */

/* What a router says of itself; and the version it makes us speak. */
static void learn(struct group_link *link, struct listener *l, const struct listener_query *q)
{
    weft_stack *s = link->ifp->stack;

    if (q->version < l->newest) {
        l->older_until[q->version - 1] =
            time_after(s->now, l->robustness * l->interval * WEFT_S + q->max_response); /* RFC 3376 §8.12 */
    } else {
        l->robustness = q->robustness ? q->robustness : usual_robustness(s, q->v4);
        l->interval = q->interval ? q->interval : QUERY_INTERVAL;
    }
    listener_settle(link, q->v4);
}

/* RFC 2236 §3: a delay that runs is drawn anew only when what is left of it is more than there is now. */
static void schedule_older(struct group *g, weft_time longest)
{
    weft_stack *s = g->at->ifp->stack;

    if (!group_is_reported(g) || !group_listens(g) || g->answer_at <= time_after(s->now, longest))
        return;
    g->answer_at = some_time_in(s, longest);
    arm(s, g->answer_at);
}

static void query_all(struct group_link *link, struct listener *l, const struct listener_query *q, weft_time longest)
{
    weft_stack *s = link->ifp->stack;
    weft_time latest = time_after(s->now, longest), at = some_time_in(s, longest);

    if (!is_older(l)) {
        if (l->answer_at > latest)
            l->answer_at = at;
        arm(s, l->answer_at);
        return;
    }
    if (s->now < l->covered_until && l->covered_until <= latest)
        return;
    l->covered_until = latest;
    list_each(it, &link->groups)
        if (ip_is_v4(&group_at(it)->ip) == q->v4)
            schedule_older(group_at(it), longest);
}

/* One source of a query, from where its addresses stand. */
static struct weft_ip next_source(struct reader *r, bool v4)
{
    struct weft_ip ip = {{0}};
    const uint8_t *p;

    if (v4)
        return weft_ipv4(read_u32(r));
    p = read_bytes(r, 16);
    if (p)
        memcpy(ip.b, p, 16);
    return ip;
}

/* RFC 3376 §5.2, rules 3 to 5: what was asked before and what is asked now become one answer. */
static void note_asked(struct group *g, const struct listener_query *q, bool pending)
{
    struct reader sources = q->sources;
    bool whole = q->n_sources == 0 || q->n_sources > ASKED_MAX || (pending && g->asked.n == 0);

    for (unsigned i = 0; !whole && i < q->n_sources; i++) {
        struct weft_ip ip = next_source(&sources, q->v4);

        whole = g->asked.n == ASKED_MAX || !sources_add(&g->asked, &g->at->ifp->stack->mem, &ip);
    }
    if (whole)
        g->asked.n = 0;
}

static void query_group(struct group *g, struct listener *l, const struct listener_query *q, weft_time longest)
{
    weft_stack *s = g->at->ifp->stack;
    weft_time at = some_time_in(s, longest);

    if (is_older(l)) {
        schedule_older(g, longest);
        return;
    }
    if (l->answer_at <= at) /* rule 1: all will be told before */
        return;
    note_asked(g, q, g->answer_at != WEFT_NEVER);
    if (g->answer_at > time_after(s->now, longest))
        g->answer_at = at;
    arm(s, g->answer_at);
}

enum weft_drop listener_query(weft_if *ifp, const struct listener_query *q)
{
    struct group_link *link = group_link_get(ifp);
    weft_time longest = max_u64(q->max_response, RESPONSE_MIN);
    struct listener *l;
    struct group *g;

    if (!link)
        return WEFT_DROP_no_memory;
    l = listener_of(link, q->v4);
    learn(link, l, q);
    if (ip_is_any(&q->group)) {
        query_all(link, l, q, longest);
        return WEFT_DROP_none;
    }
    g = group_find(ifp, &q->group);
    if (g && group_listens(g) && group_is_reported(g))
        query_group(g, l, q, longest);
    return WEFT_DROP_none;
}

void listener_heard(weft_if *ifp, const struct weft_ip *ip)
{
    struct group *g = group_find(ifp, ip);

    if (!g || !is_older(listener_of(g->at, ip_is_v4(ip))))
        return; /* RFC 3376 §7.2.2: version 3 suppresses nothing */
    g->answer_at = WEFT_NEVER;
    g->mode_left = 0;
    g->spoke_last = false;
    group_settle(g);
}

/* ---- answers ---- */

static void report_state(struct report *r, const struct group *g)
{
    if (group_listens(g) && group_is_reported(g))
        report_add(r, g->state.exclude ? RECORD_IS_EXCLUDE : RECORD_IS_INCLUDE, g, &g->state.sources, NULL);
}

static void answer_all(struct group_link *link, bool v4)
{
    struct report r = report_begin(link->ifp, v4);

    listener_of(link, v4)->answer_at = WEFT_NEVER;
    list_each(it, &link->groups)
        if (ip_is_v4(&group_at(it)->ip) == v4)
            report_state(&r, group_at(it));
    report_end(&r);
}

static void report_group_older(struct group *g, uint8_t version)
{
    weft_stack *s = g->at->ifp->stack;

    g->answer_at = WEFT_NEVER;
    if (!group_listens(g))
        return;
    if (ip_is_v4(&g->ip))
        igmp_tell(g, version, true);
    else
        mld_tell(g, true);
    g->spoke_last = true;
    if (g->mode_left && --g->mode_left)
        g->answer_at = some_time_in(s, UNSOLICITED_OLDER);
}

/* RFC 3376 §5.2: the group's whole state, or which of the sources that were asked for we want to hear. */
static void answer_group(struct group *g)
{
    bool v4 = ip_is_v4(&g->ip);
    struct listener *l = listener_of(g->at, v4);
    struct report r = report_begin(g->at->ifp, v4);

    if (is_older(l)) {
        report_group_older(g, l->version);
        return;
    }
    g->answer_at = WEFT_NEVER;
    if (g->asked.n)
        report_add(&r, RECORD_IS_INCLUDE, g, &g->asked, is_wanted);
    else
        report_state(&r, g);
    g->asked.n = 0;
    report_end(&r);
}

/* ---- the timer ---- */

static void listener_due(struct group_link *link, bool v4)
{
    struct listener *l = listener_of(link, v4);
    weft_time now = link->ifp->stack->now;

    listener_settle(link, v4);
    if (l->changes_at <= now)
        changes_due(link, v4);
    if (l->answer_at <= now)
        answer_all(link, v4);
}

/* All that is due on a link. Returns when it is the next one's turn. */
static weft_time link_due(struct group_link *link)
{
    weft_time at;

    listener_due(link, true);
    listener_due(link, false);
    at = min_u64(min_u64(link->igmp.answer_at, link->igmp.changes_at),
                 min_u64(link->mld.answer_at, link->mld.changes_at));
    list_each(it, &link->groups) {
        if (group_at(it)->answer_at <= link->ifp->stack->now)
            answer_group(group_at(it));
        at = min_u64(at, group_at(it)->answer_at);
    }
    return at;
}

void listener_timer(weft_stack *s)
{
    weft_time at = WEFT_NEVER;

    list_each(it, &s->interfaces) {
        weft_if *ifp = container_of(it, weft_if, link);

        if (ifp->groups)
            at = min_u64(at, link_due(ifp->groups));
    }
    timer_set(&s->wheel, &ip_state(s)->groups.timer, at);
}
