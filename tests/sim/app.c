/* SPDX-License-Identifier: MIT */
/*
 * The applications: which conversations there are, who listens, who is called, when anybody acts next; and whether a
 * conversation of two polite ends in a mild world was carried out.
 */
#include "sim.h"

#define PATIENCE (200 * WEFT_S) /* a server that was never called gives up this long after its client */

/* ---- who is who ---- */

static bool is_server(const struct end *e) { return e->side == 1 && !e->flow->plan->crossing; }

static bool same(const struct weft_addr *a, const struct weft_addr *b)
{
    return a->port == b->port && memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
}

struct flow *app_flow(struct world *w, const struct weft_addr *local, const struct weft_addr *remote, unsigned *side)
{
    struct flow *found = NULL;

    for (unsigned i = 0; i < w->scenario->n_flows; i++) {
        struct flow *f = &w->flow[i];

        for (unsigned s = 0; s < 2; s++)
            if (f->begun && same(&f->address[s], local) && same(&f->address[1 - s], remote) &&
                (!found || f->start >= found->start)) {
                found = f;
                *side = s;
            }
    }
    return found;
}

/* Who asks for an address asks three times, a second apart (RFC 4861 §10): all of it may be lost, or too long on its way. */
static bool may_miss_its_neighbour(const struct world *w, const struct flow *f)
{
    const struct link_plan *l = &w->scenario->link[f->plan->link];

    return l->kind == WEFT_LINK_ETHERNET && (l->how[0].loss || l->how[1].loss) && f->end[0].error == WEFT_EHOSTUNREACH;
}

void app_judge(struct world *w, const struct flow *f)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct end *e = &f->end[side], *p = &f->end[1 - side];

        if (e->phase != PHASE_OVER)
            return;
        if (!w->scenario->mild || f->during_refusals || !end_is_polite(e) || !end_is_polite(p))
            continue;
        if (f->plan->unheard && side == 0 && e->error != WEFT_ECONNREFUSED)
            sim_fail(w, "flow %u: nobody listens, but the client is told %s", f->number, weft_strerror(e->error));
        if (f->plan->unheard || (f->plan->again >= 0 && f->end[0].error == WEFT_ETIMEDOUT))
            continue; /* a pair in TIME-WAIT may refuse a SYN in silence (RFC 6191 §2) */
        if (may_miss_its_neighbour(w, f))
            continue;
        if (e->error)
            sim_fail(w, "flow %u side %u: error in a mild world: %s", f->number, side, weft_strerror(e->error));
        else if (e->received != p->plan->bytes || e->sent != e->plan->bytes)
            sim_fail(w, "flow %u side %u: over after %u of %u bytes", f->number, side, e->received, p->plan->bytes);
    }
}
static void begin_flow(struct world *w, struct flow *f)
{
    f->begun = true;
    /* One refusal alone breaks nothing, but for crossing calls: who could not call in time refuses the other's. */
    f->during_refusals = w->refusal.ppm || (f->plan->crossing && w->refusal.at > w->refusal.asked);
    for (unsigned side = 0; side < 2; side++)
        f->end[side].deaf = f->start + f->plan->side[side].deaf_until;
    end_open(&f->end[0]);
    if (f->plan->crossing)
        end_open(&f->end[1]);
}

/* ---- listening ---- */

static void listen_again(struct world *w, struct host *h)
{
    struct weft_addr any = {weft_ipv4(0), 7};
    weft_sock *sock = weft_socket(h->stack, WEFT_TCP, NULL);
    int inline_too = 1; /* what is urgent may come before accept: only who inherits this reads all of it in line */

    if (!sock)
        return;
    weft_set_cookie(sock, &h->listener);
    weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_OOBINLINE, &inline_too, sizeof inline_too);
    if (weft_bind(sock, &any) < 0 || weft_listen(sock, w->scenario->backlog) < 0) {
        weft_close(sock);
        return;
    }
    h->listener.owner.sock = sock;
}

/* The server's end that such a call is for; NULL: nobody expects it any more. */
static struct end *end_for(struct world *w, const struct weft_addr *local, const struct weft_addr *peer)
{
    unsigned side;
    struct flow *f = app_flow(w, local, peer, &side);

    return f && side == 1 && f->end[1].phase == PHASE_IDLE ? &f->end[1] : NULL;
}

static void accept_all(struct world *w, struct listener *l)
{
    struct weft_addr peer, local;
    struct end *e;
    weft_sock *sock;
    int err = 0;

    while ((sock = weft_accept(l->owner.sock, &peer, &err))) {
        weft_getsockname(sock, &local);
        e = end_for(w, &local, &peer);
        if (!e) {
            weft_abort(sock);
            continue;
        }
        end_adopt(e, sock);
    }
    if (err != WEFT_EAGAIN)
        sim_fail(w, "accept says %s", weft_strerror(err));
}
void app_event(struct world *w, const struct weft_event *event)
{
    struct owner *o = event->cookie;

    if (!o || o->sock != event->sock) /* closed since the event was made */
        return;
    if (o->kind == OWNER_LISTENER)
        accept_all(w, (struct listener *)o);
    else
        end_act((struct end *)o);
}
/* ---- time ---- */
/* Has the flow before this one, by the same ports, ended? Then this one is next. */
static void chain(struct world *w, struct flow *f)
{
    const struct flow *last = f->plan->again >= 0 ? &w->flow[f->plan->again] : NULL;

    if (f->start == WEFT_NEVER && last->end[0].phase == PHASE_OVER && last->end[1].phase == PHASE_OVER)
        f->start = w->now + f->plan->start;
}

/* A server that is not called any more. */
static void give_up_waiting(struct world *w, struct flow *f)
{
    struct end *e = &f->end[1];

    if (!is_server(e) || e->phase != PHASE_IDLE || f->end[0].phase != PHASE_OVER)
        return;
    if (e->wake == WEFT_NEVER)
        e->wake = w->now + PATIENCE;
    else if (e->wake <= w->now)
        end_over(e);
}

static weft_time flow_deadline(const struct world *w, const struct flow *f)
{
    weft_time at = WEFT_NEVER;

    (void)w;
    if (!f->begun)
        return f->start;
    for (unsigned side = 0; side < 2; side++) {
        weft_time next = end_next(&f->end[side]);

        if (f->end[side].phase == PHASE_IDLE && f->end[side].wake < next)
            next = f->end[side].wake;
        at = next < at ? next : at;
    }
    return at;
}

weft_time app_deadline(const struct world *w)
{
    weft_time at = WEFT_NEVER;

    for (unsigned i = 0; i < w->scenario->n_flows; i++) {
        weft_time next = w->flow[i].plan->present ? flow_deadline(w, &w->flow[i]) : WEFT_NEVER;

        at = next < at ? next : at;
    }
    return at;
}

static bool run_flow(struct world *w, struct flow *f)
{
    bool acted = false;

    chain(w, f);
    if (!f->begun && f->start <= w->now) {
        begin_flow(w, f);
        acted = true;
    }
    for (unsigned side = 0; f->begun && side < 2; side++)
        if (end_next(&f->end[side]) <= w->now) {
            end_act(&f->end[side]);
            acted = true;
        }
    give_up_waiting(w, f);
    return acted;
}

bool app_run(struct world *w)
{
    bool acted = false;

    for (unsigned i = 0; i < w->scenario->n_hosts; i++)
        if (!w->host[i].listener.owner.sock && !app_over(w))
            listen_again(w, &w->host[i]);
    for (unsigned i = 0; i < w->scenario->n_flows; i++)
        if (w->flow[i].plan->present)
            acted |= run_flow(w, &w->flow[i]);
    return acted;
}

bool app_over(const struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_flows; i++) {
        const struct flow *f = &w->flow[i];

        if (f->plan->present && (f->end[0].phase != PHASE_OVER || f->end[1].phase != PHASE_OVER))
            return false;
    }
    return true;
}

void app_close_listeners(struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_hosts; i++) {
        struct owner *o = &w->host[i].listener.owner;

        if (o->sock)
            weft_close(o->sock);
        o->sock = NULL;
    }
}

/* ---- setting up ---- */

static void setup_end(struct world *w, struct flow *f, unsigned side)
{
    const struct flow_plan *p = f->plan;
    unsigned link = side && p->far ? p->far_link : p->link, at = p->client;
    struct end *e = &f->end[side];

    if (side && !p->loopback)
        at = p->far ? p->far_end : 1 - p->client;
    *e = (struct end){.flow = f, .plan = &p->side[side], .side = side, .wake = WEFT_NEVER};
    e->owner = (struct owner){.kind = OWNER_END, .host = &w->host[w->scenario->link[link].host[at]]};
    rng_seed(&e->rng, p->seed + side);
    f->address[side].port = p->port[side];
    f->address[side].ip = p->loopback ? weft_ipv4(0x7f000001) : link_address(link, at);
}

void app_setup(struct world *w)
{
    for (unsigned i = 0; i < w->scenario->n_flows; i++) {
        struct flow *f = &w->flow[i];
        const struct flow_plan *p = &w->scenario->flow[i];

        *f = (struct flow){.plan = p, .number = i};
        f->start = w->start + p->start;
        if (p->again >= 0 && w->scenario->flow[p->again].present)
            f->start = WEFT_NEVER;
        setup_end(w, f, 0);
        setup_end(w, f, 1);
    }
    for (unsigned i = 0; i < w->scenario->n_hosts; i++)
        w->host[i].listener.owner = (struct owner){.kind = OWNER_LISTENER, .host = &w->host[i]};
}
