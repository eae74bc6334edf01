/* SPDX-License-Identifier: MIT */
/*
 * Is every emitted segment legal? A view is one host's half of one pair of names: what it has said, and what it has
 * heard. Both come as frames, in the order in which the stack sent and received them, so every rule here can be stated
 * in the RFC's words without a look at the stack.
 *
 * Numbers are kept relative: what a host says to its own initial sequence number, what it hears to the peer's. A SYN
 * that was heard is only a candidate until the host's own acknowledgment shows which of them it took; what is heard
 * counts for each candidate. Whatever was heard counts as received although the stack may have dropped it: the rules
 * are upper bounds.
 */
#include <stdlib.h>

#include "sim.h"

#define CANDIDATES 3
#define OFFERS     4 /* SYN cookies that a host may have sent to one peer */
#define RECENT     512 /* segments heard, for the resets that answer them */
#define VIEWS      160
#define COOKIE_MSS 216 /* a SYN cookie remembers no smaller one (src/tcp/cookie.h) */
#define MOST_PATIENT (100 * WEFT_S) /* near the longest time-out there is */

/* One stream of the peer's, as this host heard it. */
struct heard {
    uint32_t irs;
    struct ranges got; /* 0 is the SYN */
    uint32_t fin_end;  /* 0: no FIN was heard */
    uint16_t mss;      /* 0: not announced */
    int wscale;
    bool sack_permitted, has_ts;
    bool ecn;          /* asks for marks, or grants them */
    uint32_t ts_first, ts_last;
    uint32_t ts_echo;  /* the latest of a segment at or before the last acknowledgment (RFC 7323 §4.3) */
};

/* What a SYN,ACK told the peer. A record's and a cookie's differ in more than the number: without timestamps a cookie keeps
 * no scale. */
struct offer {
    uint32_t isn, edge;
    int wscale;
    bool sack_permitted, has_ts;
};

struct view {
    const struct host *host;
    struct weft_addr local, remote;
    struct flow *flow; /* of this incarnation; NULL: nobody's */
    unsigned side;
    /* said */
    bool open, reset, synchronized;
    bool passive;            /* its SYN had ACK: it may have been a cookie */
    bool cookie_again;       /* its SYN,ACK was acknowledged when its connection may have gone */
    bool was_reset;          /* by the peer */
    bool was_marked;         /* the path marked something that it heard */
    uint32_t isn, sent, una; /* sent: the end of all that was ever said; una: the highest acknowledgment heard */
    uint32_t room;           /* the right end of the peer's window */
    struct offer offered[OFFERS]; /* SYN,ACKs that may have been SYN cookies: the peer may take any of them */
    unsigned n_offered;
    bool fin;
    uint32_t fin_end;
    int wscale;
    bool sack_permitted, has_ts;
    bool ecn;                /* a SYN of this host asked for marks, or granted them */
    uint32_t ts_said;
    /* heard, and what was said about it */
    struct heard peer[CANDIDATES];
    unsigned n_peers;
    int chosen;              /* -1: none yet */
    struct {
        uint32_t at, len;
        weft_time last, gap; /* gap: WEFT_NEVER until there were two */
        unsigned times;
    } again;                 /* retransmissions of the same first byte with silence between them */
    bool acked;
    uint32_t ack, edge;
    weft_time owes;          /* since when; WEFT_NEVER: it does not */
    weft_time waits_since, free_since; /* its TIME-WAIT began, ended */
    struct { uint32_t end, ack, edge; bool has_ack; } recent[RECENT]; /* edge: where the window ended that it told */
    unsigned n_recent;
};

struct checker {
    struct world *world;
    bool may_wait; /* segments may wait for a neighbour's address: not all that is seen was sent when it is seen */
    struct view *view[VIEWS];
    unsigned n_views, last;
};

struct checker *checker_new(struct world *w)
{
    struct checker *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    c->world = w;
    for (unsigned i = 0; i < w->scenario->n_links; i++)
        c->may_wait |= w->scenario->link[i].kind == WEFT_LINK_ETHERNET;
    return c;
}

void checker_free(struct checker *c)
{
    for (unsigned i = 0; i < c->n_views; i++)
        free(c->view[i]);
    free(c);
}

/* ---- views ---- */

static bool same_addr(const struct weft_addr *a, const struct weft_addr *b)
{
    return a->port == b->port && memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
}

static bool view_is(const struct view *v, const struct host *h, const struct weft_addr *local,
                    const struct weft_addr *remote)
{
    return v->host == h && same_addr(&v->local, local) && same_addr(&v->remote, remote);
}

/* NULL: more than can be watched. */
static struct view *view_of(struct checker *c, struct host *h, const struct weft_addr *local,
                            const struct weft_addr *remote)
{
    struct view *v;

    if (c->n_views && view_is(c->view[c->last], h, local, remote))
        return c->view[c->last];
    for (c->last = 0; c->last < c->n_views; c->last++)
        if (view_is(c->view[c->last], h, local, remote))
            return c->view[c->last];
    if (c->n_views == VIEWS) {
        c->last = 0;
        return NULL;
    }
    v = calloc(1, sizeof *v);
    if (!v)
        abort();
    v->host = h, v->local = *local, v->remote = *remote, v->chosen = -1;
    v->owes = v->free_since = WEFT_NEVER;
    return c->view[c->n_views++] = v;
}

/* ---- complaints ---- */

static bool complain(struct checker *c, const struct view *v, const struct frame *f, const char *rule)
{
    sim_fail(c->world,
             "host %u port %u emits an illegal segment to port %u: %s (flags %02x seq %u ack %u len %u win %u; "
             "relative: seq %u of %u said, ack %u of %u heard, peer's window to %u, own window to %u)",
             v->host->number, f->src_port, f->dst_port, rule, f->flags, f->seq, f->ack, f->len, f->window,
             f->seq - v->isn, v->sent, v->chosen >= 0 ? f->ack - v->peer[v->chosen].irs : 0,
             v->chosen >= 0 ? ranges_front(&v->peer[v->chosen].got) : 0, v->room, v->edge);
    return false;
}

#define REQUIRE(condition, rule)                                                                                       \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return complain(c, v, f, rule);                                                                            \
    } while (0)

/* ---- hearing ---- */

static struct heard *candidate(struct view *v, uint32_t irs)
{
    struct heard *p;

    for (unsigned i = 0; i < v->n_peers; i++)
        if (v->peer[i].irs == irs)
            return &v->peer[i];
    if (v->n_peers == CANDIDATES) { /* the oldest that is not in use goes */
        unsigned at = v->chosen == 0 ? 1 : 0;

        memmove(&v->peer[at], &v->peer[at + 1], (CANDIDATES - 1 - at) * sizeof v->peer[0]);
        v->chosen -= v->chosen > (int)at;
        v->n_peers--;
    }
    p = &v->peer[v->n_peers++];
    *p = (struct heard){.irs = irs, .wscale = -1};
    return p;
}

static void hear_syn(struct view *v, const struct frame *f)
{
    struct heard *p = candidate(v, f->seq);

    p->mss = f->mss > p->mss ? f->mss : p->mss; /* the link's MTU may have changed before it was said again */
    p->wscale = f->wscale;
    p->sack_permitted = f->sack_permitted;
    p->ecn |= (f->flags & (F_ECE | F_CWR)) == (f->flags & F_ACK ? F_ECE : F_ECE | F_CWR);
    if (f->has_ts && !p->has_ts)
        p->ts_first = p->ts_last = p->ts_echo = f->ts_val;
    else if (f->has_ts && (int32_t)(p->ts_first - f->ts_val) > 0)
        p->ts_first = f->ts_val; /* an earlier one, overtaken by what may have been dropped */
    p->has_ts = f->has_ts;
}

static void hear_text(struct heard *p, const struct frame *f, uint32_t acked)
{
    uint32_t at = f->seq - p->irs;
    uint32_t space = f->len + (f->flags & F_SYN ? 1u : 0) + (f->flags & F_FIN ? 1u : 0);

    if (at >= 1u << 30 || f->flags & F_RST)
        return;
    ranges_add(&p->got, at, at + space);
    if (f->flags & F_FIN)
        p->fin_end = at + space;
    if (f->has_ts && p->has_ts && (int32_t)(f->ts_val - p->ts_last) > 0)
        p->ts_last = f->ts_val;
    if (f->has_ts && p->has_ts && at <= acked && (int32_t)(f->ts_val - p->ts_echo) > 0)
        p->ts_echo = f->ts_val;
}

/* Something came in order, and is not acknowledged. */
static void note_debt(const struct checker *c, struct view *v)
{
    if (v->chosen >= 0 && v->synchronized && v->owes == WEFT_NEVER && ranges_front(&v->peer[v->chosen].got) > v->ack)
        v->owes = c->world->now;
}

/* Was the SYN,ACK that this host said last perhaps a SYN cookie, so that it may say another one? */
static bool may_be_a_cookie(const struct view *v) { return v->open && !v->reset && !v->synchronized && v->acked; }

static struct offer offer_now(const struct view *v)
{
    return (struct offer){v->isn, v->edge, v->wscale, v->sack_permitted, v->has_ts};
}

/*
 * SYN cookies differ from minute to minute, and a record has a number of its own: the one that the peer took counts from here
 * on, with the options that it was offered with. next: what follows the number of a SYN.
 */
static void choose_cookie(struct view *v, uint32_t next)
{
    bool bound = v->synchronized && !(v->passive && v->una == 0); /* what a record says before it is heard of binds nobody */

    if (!v->open || bound || next - v->isn == 1)
        return;
    for (unsigned i = 0; i < v->n_offered && i < OFFERS; i++)
        if (next - v->offered[i].isn == 1) {
            struct offer taken = v->offered[i];

            v->offered[i] = offer_now(v); /* what has it, a record perhaps, may still speak */
            v->isn = taken.isn, v->edge = taken.edge, v->wscale = taken.wscale;
            v->sack_permitted = taken.sack_permitted, v->has_ts = taken.has_ts;
            return;
        }
}

/* Has the connection perhaps gone, by a reset or because both ends have acknowledged the other's FIN? */
static bool may_be_gone(const struct view *v)
{
    const struct heard *p = v->chosen >= 0 ? &v->peer[v->chosen] : NULL;

    return v->reset || v->was_reset ||
           (v->fin && v->una == v->fin_end && p && p->fin_end && v->acked && v->ack == p->fin_end);
}

/*
 * Nobody remembers that a cookie was used (RFC 4987 §3.6): acknowledged once more after its connection has gone, by what was
 * late on the way, it opens another one with the same number, which says SND.NXT = ISS + 1 first.
 */
static void begin_again(struct view *v, const struct frame *f)
{
    if (!v->cookie_again || f->seq - v->isn != 1 || !may_be_gone(v))
        return;
    v->reset = v->was_reset = v->fin = v->acked = v->synchronized = v->cookie_again = false;
    v->sent = v->una = 1;
    v->again.times = 0;
    v->owes = WEFT_NEVER;
}

/* The right end of the window that a segment tells. */
static uint32_t told_edge(const struct view *v, const struct frame *f)
{
    const struct heard *p = v->chosen >= 0 ? &v->peer[v->chosen] : v->n_peers ? &v->peer[v->n_peers - 1] : NULL;
    unsigned shift = p && p->wscale > 0 && v->wscale >= 0 && !(f->flags & F_SYN) ? (unsigned)p->wscale : 0;

    return f->ack - v->isn + ((uint32_t)f->window << shift);
}

/* What an acknowledgment allows this host; only what it could have said counts. */
static void hear_ack(struct view *v, const struct frame *f)
{
    uint32_t ack = f->ack - v->isn, edge = told_edge(v, f);

    if (!v->open || ack > v->sent || f->flags & F_RST)
        return;
    if (ack > v->una)
        v->una = ack;
    if (edge > v->room)
        v->room = edge;
}

/* A reset counts where all before it has come and not been acknowledged yet (RFC 5961 §3.2), elsewhere it does not. */
static bool may_end(const struct view *v, const struct frame *f)
{
    const struct heard *p = v->chosen >= 0 ? &v->peer[v->chosen] : NULL;
    uint32_t at = p ? f->seq - p->irs : 0;

    return !p || (at >= v->ack && at <= ranges_front(&p->got));
}

void checker_heard(struct checker *c, struct host *h, const struct frame *f)
{
    struct weft_addr local = {weft_ipv4(f->dst), f->dst_port}, remote = {weft_ipv4(f->src), f->src_port};
    struct view *v = view_of(c, h, &local, &remote);
    unsigned slot;

    if (!v)
        return;
    if (f->flags & F_SYN)
        hear_syn(v, f);
    for (unsigned i = 0; i < v->n_peers; i++)
        hear_text(&v->peer[i], f, v->chosen == (int)i && v->acked && v->ack > 1 ? v->ack : 1);
    note_debt(c, v);
    if (f->flags & F_ACK) {
        if (!(f->flags & (F_SYN | F_RST)))
            choose_cookie(v, f->ack);
        v->cookie_again |= v->passive && may_be_gone(v) && f->ack - v->isn == 1 && !(f->flags & (F_SYN | F_RST));
        hear_ack(v, f);
    }
    v->was_reset |= f->flags & F_RST && may_end(v, f);
    v->was_marked |= f->mark == 3;
    v->again.times = 0;
    slot = v->n_recent++ % RECENT;
    v->recent[slot].end = f->seq + f->len + (f->flags & F_SYN ? 1u : 0) + (f->flags & F_FIN ? 1u : 0);
    v->recent[slot].ack = f->ack;
    v->recent[slot].edge = told_edge(v, f);
    v->recent[slot].has_ack = f->flags & F_ACK;
}

/* ---- saying: SYN ---- */

static void begin(struct checker *c, struct view *v, const struct frame *f)
{
    if (may_be_a_cookie(v)) { /* what the peer said to one of the numbers holds if it is that one: una and room stay */
        v->offered[v->n_offered++ % OFFERS] = offer_now(v);
    } else {
        v->n_offered = 0;
        v->una = v->room = 0;
    }
    v->open = true;
    v->reset = v->was_reset = v->fin = v->acked = v->synchronized = v->cookie_again = false;
    v->passive = f->flags & F_ACK;
    v->isn = f->seq;
    v->sent = 1;
    v->chosen = -1;
    v->owes = WEFT_NEVER;
    v->ts_said = f->ts_val;
    v->flow = app_flow(c->world, &v->local, &v->remote, &v->side);
}

static bool choose(struct view *v, uint32_t irs)
{
    for (unsigned i = 0; i < v->n_peers; i++)
        if (v->peer[i].irs == irs) {
            v->chosen = (int)i;
            return true;
        }
    return false;
}

static bool check_syn_answer(struct checker *c, struct view *v, const struct frame *f)
{
    const struct heard *p;

    REQUIRE(choose(v, f->ack - 1), "it acknowledges a SYN that was never heard");
    p = &v->peer[v->chosen];
    REQUIRE(f->wscale < 0 || p->wscale >= 0, "a window scale that was not offered (RFC 7323 §2.2)");
    REQUIRE(!f->has_ts || p->has_ts, "timestamps that were not offered (RFC 7323 §3.2)");
    REQUIRE(!f->sack_permitted || p->sack_permitted, "SACK-permitted that was not offered (RFC 2018 §2)");
    v->ack = 1;
    v->edge = 1 + f->window;
    v->acked = true;
    return true;
}

static bool check_syn(struct checker *c, struct view *v, const struct frame *f, uint32_t mtu)
{
    bool again = v->open && !v->reset && f->seq == v->isn;

    REQUIRE(f->len == 0, "text on a SYN");
    REQUIRE(f->mss != 0 && f->mss + 40u <= mtu, "no MSS, or one that the link cannot carry (MUST-14, MUST-67)");
    REQUIRE(!(again && v->synchronized && v->sent > 1 && v->una > 1), "a SYN in the middle of a connection");
    REQUIRE(again || v->free_since != c->world->now || !(f->flags & F_ACK) || (int32_t)(f->seq - v->isn - v->sent) >= 0,
            "a pair reopened out of TIME-WAIT with old numbers (MAY-2)");
    if (!again)
        begin(c, v, f);
    v->wscale = f->wscale;
    v->sack_permitted = f->sack_permitted;
    v->has_ts = f->has_ts;
    return !(f->flags & F_ACK) || check_syn_answer(c, v, f);
}

/* ---- saying: marks (RFC 3168 §6.1.1) ---- */

static bool any_peer_asks(const struct view *v)
{
    for (unsigned i = 0; i < v->n_peers; i++)
        if (v->peer[i].ecn)
            return true;
    return false;
}

/* On a SYN both flags ask; on a SYN,ACK ECE grants, what was asked for only. */
static bool check_ecn_offer(struct checker *c, struct view *v, const struct frame *f)
{
    unsigned flags = f->flags & (F_ECE | F_CWR);

    if (f->flags & F_ACK)
        REQUIRE(flags == 0 || (flags == F_ECE && any_peer_asks(v)), "a SYN,ACK that grants what nobody asked for");
    else
        REQUIRE(flags == 0 || flags == (F_ECE | F_CWR), "half of the question for ECN on a SYN");
    v->ecn = flags || (v->ecn && v->open && (f->seq == v->isn || may_be_a_cookie(v))); /* of this incarnation */
    return true;
}

/* New text may be marked as capable, when both asked for it. A mark of the path may be echoed, what was none may not. */
static bool check_marks(struct checker *c, struct view *v, const struct frame *f)
{
    bool fresh = f->len && !(f->flags & (F_SYN | F_RST)) && f->seq - v->isn >= v->sent;

    REQUIRE(f->mark == 0 || f->mark == 2, "a mark that is not ECT(0)");
    REQUIRE(f->mark == 0 || fresh || v->host->dropped, "a mark on what is no new text");
    if (f->flags & F_SYN)
        return check_ecn_offer(c, v, f);
    REQUIRE(!(f->flags & F_ECE) || v->was_marked, "an echo of a mark that never came");
    REQUIRE((f->mark == 0 && !(f->flags & F_CWR)) || (v->ecn && any_peer_asks(v)), "ECN that was not agreed");
    REQUIRE(!(f->flags & F_CWR) || fresh || v->host->dropped, "CWR on what is no new text");
    return true;
}

/* ---- saying: RST ---- */

/* Does it answer something heard lately, as RFC 9293 §3.10.7.1 writes? */
static bool answers_something(const struct view *v, const struct frame *f)
{
    for (unsigned i = 0; i < v->n_recent && i < RECENT; i++) {
        if (f->flags & F_ACK ? !v->recent[i].has_ack && f->seq == 0 && f->ack == v->recent[i].end
                             : v->recent[i].has_ack && f->seq == v->recent[i].ack)
            return true;
    }
    return false;
}

/*
 * Beyond the window a reset does not count (RFC 9293 §3.5.3). Where the peer took some of his back, so that SND.NXT lies
 * behind its end, a reset stands at that end, as on Linux.
 */
static bool stands_at_a_window_taken_back(const struct view *v, uint32_t at)
{
    for (unsigned i = 0; at >= v->una && at < v->sent && i < v->n_recent && i < RECENT; i++)
        if (v->recent[i].has_ack && v->recent[i].edge == at)
            return true;
    return false;
}

static bool check_reset(struct checker *c, struct view *v, const struct frame *f)
{
    const struct heard *p = v->chosen >= 0 ? &v->peer[v->chosen] : NULL;
    uint32_t at = f->seq - v->isn;

    REQUIRE(f->len == 0, "text on a reset");
    if (f->options_len == 0 && answers_something(v, f))
        return true;
    REQUIRE(v->open || v->host->dropped, "a reset out of nothing"); /* its SYN may have found no neighbour */
    REQUIRE(!p || f->has_ts == (v->has_ts && p->has_ts), "a reset without timestamps, or they are not agreed (RFC 7323 §3.2)");
    REQUIRE(f->flags & F_ACK, "a reset without ACK that answers nothing (RFC 9293 §3.5.2)");
    REQUIRE(at == v->sent || at == v->una || stands_at_a_window_taken_back(v, at) || v->host->dropped,
            "a reset that is not at SND.NXT (RFC 9293 §3.10.5)");
    REQUIRE(!p || f->ack - p->irs <= ranges_front(&p->got), "a reset that acknowledges what was not heard");
    v->reset = true;
    return true;
}

/* ---- saying: the rest ---- */

/* Which of the peer's SYNs does this host go by? */
static bool find_peer(struct view *v, uint32_t ack)
{
    for (unsigned i = v->n_peers; v->chosen < 0 && i-- > 0;) {
        uint32_t relative = ack - v->peer[i].irs;

        if (relative && relative <= ranges_front(&v->peer[i].got)) {
            v->chosen = (int)i;
            v->ack = 0;
            v->acked = false;
        }
    }
    return v->chosen >= 0;
}

/*
 * A half-open record keeps no window, nor does a cookie: what its SYN,ACK told is computed anew when the connection begins,
 * in whole segments. By then the MTU may be another one, and until then the host has said nothing but its SYN.
 */
static uint32_t edge_may_yield(const struct checker *c, const struct view *v)
{
    const struct link_plan *l = c->world->scenario->link;

    if (v->sent > 1 || !c->world->happened[WEATHER_MTU])
        return 0;
    return v->flow ? l[v->flow->plan->link].mtu[0] + l[v->flow->plan->link].mtu[1] : 65535;
}

static bool check_ack(struct checker *c, struct view *v, const struct frame *f)
{
    const struct heard *p;
    uint32_t ack, edge;
    unsigned shift;

    REQUIRE(find_peer(v, f->ack), "it acknowledges nothing that was heard");
    p = &v->peer[v->chosen];
    ack = f->ack - p->irs;
    shift = v->wscale > 0 && p->wscale >= 0 ? (unsigned)v->wscale : 0;
    edge = ack + ((uint32_t)f->window << shift);
    REQUIRE(ack <= ranges_front(&p->got), "it acknowledges more than was heard");
    REQUIRE(!v->acked || ack >= v->ack, "its acknowledgment goes back");
    /* But for what the scale rounds off (RFC 7323 §2.4). */
    REQUIRE(!v->acked || edge + edge_may_yield(c, v) + ((uint32_t)1 << shift) > v->edge,
            "its window's right edge moves left (RFC 9293 §3.8.6)");
    v->edge = v->acked && v->edge > edge + edge_may_yield(c, v) ? v->edge : edge;
    v->acked = true;
    v->ack = ack;
    v->synchronized = true;
    if (ack == ranges_front(&p->got))
        v->owes = WEFT_NEVER;
    return true;
}

/*
 * After close, FIN-WAIT-2 is a small record that takes all that was received for acknowledged, as on Linux; text before the
 * FIN may not have been.
 */
static bool is_forsaken(const struct view *v) { return v->fin && v->flow && v->flow->end[v->side].phase == PHASE_OVER; }

static bool check_options(struct checker *c, struct view *v, const struct frame *f)
{
    const struct heard *p = &v->peer[v->chosen];

    REQUIRE(f->has_ts == (v->has_ts && p->has_ts), "timestamps missing, or not agreed (RFC 7323 §3.2)");
    if (f->has_ts) {
        REQUIRE((int32_t)(f->ts_val - v->ts_said) >= 0, "its timestamp goes back");
        REQUIRE((int32_t)(f->ts_ecr - p->ts_first) >= 0 && (int32_t)(p->ts_last - f->ts_ecr) >= 0,
                "it echoes a timestamp that was never heard");
        REQUIRE((int32_t)(p->ts_echo - f->ts_ecr) >= 0 || c->may_wait || is_forsaken(v),
                "it echoes a timestamp from beyond a hole (RFC 7323 §4.3)");
        v->ts_said = f->ts_val;
    }
    REQUIRE(f->n_sack == 0 || (v->sack_permitted && p->sack_permitted), "SACK that was not agreed");
    for (unsigned i = 0; i < f->n_sack; i++) {
        uint32_t from = f->sack[i][0] - p->irs, to = f->sack[i][1] - p->irs;

        bool former = i == 0 && (int32_t)(f->sack[i][1] - p->irs) <= 0; /* a duplicate from before this connection */

        REQUIRE(former || ranges_hold(&p->got, from, to), "a SACK block that was never heard (RFC 2018 §3)");
        REQUIRE(from > v->ack || i == 0, "a SACK block at or below the acknowledgment");
    }
    return true;
}

/* The bytes themselves: what the application gave, whichever segment carries them. */
static bool check_bytes(struct checker *c, struct view *v, const struct frame *f, uint32_t at)
{
    if (!v->flow || f->len == 0)
        return true;
    REQUIRE(at + f->len <= v->flow->end[v->side].sent + 1, "more bytes than the application gave");
    REQUIRE(pattern_matches(v->flow->number, v->side, at - 1, f->payload, f->len),
            "bytes that the application never gave");
    return true;
}

/* Linear time-outs, bounds of time-outs, and searches for the path's MTU (RFC 4821) are set as the scenario likes. */
static bool doubles_its_time_outs(const struct checker *c) { return !c->world->scenario->trim.wide; }

/*
 * RFC 6298 §5.5: while nothing is heard, each time-out is twice as long as the one before. The first two are let pass:
 * the timer may have run since before the segment went out. What goes again in smaller pieces was too large for a router,
 * who said so, and goes at once. Where clocks leap, links stall or memory was refused (a time-out
 * then passes without a segment) nothing can be said.
 */
static bool check_back_off(struct checker *c, struct view *v, const struct frame *f, uint32_t at)
{
    const struct scenario *s = c->world->scenario;
    weft_time now = c->world->now, gap = now - v->again.last;

    if (at != v->una || at + f->len > v->sent || !doubles_its_time_outs(c))
        return true;
    if (f->len < v->again.len)
        v->again.times = 0;
    if (v->again.times && v->again.at == at && gap) {
        REQUIRE(v->again.times < 3 || s->n_weather || c->may_wait || v->host->dropped || c->world->refusal.refused ||
                    gap >= MOST_PATIENT || gap + gap / 4 >= 2 * v->again.gap,
                "a time-out that is not twice the one before (RFC 6298 §5.5)");
        v->again.gap = gap;
        v->again.times++;
    } else if (v->again.at != at || !v->again.times) {
        v->again.times = 1;
    }
    v->again.at = at;
    v->again.len = f->len;
    v->again.last = now;
    return true;
}

static bool check_text(struct checker *c, struct view *v, const struct frame *f, uint32_t mtu)
{
    const struct heard *p = &v->peer[v->chosen];
    uint32_t at = f->seq - v->isn, fin = f->flags & F_FIN ? 1 : 0;
    uint32_t floor = c->world->scenario->config[v->host->number].tcp.min_mss; /* a deviation: src/tcp/negotiate.h */
    uint32_t end = at + f->len + fin, most = p->mss ? p->mss : 536;

    floor = v->passive && floor < COOKIE_MSS ? COOKIE_MSS : floor;
    most = most > floor ? most : floor;
    most = most < mtu - 40 ? most : mtu - 40;
    REQUIRE(at <= v->sent || (v->host->dropped && at < v->sent + (1u << 24)), /* what it dropped itself leaves a hole */
            "a hole in its sequence numbers, or numbers before its own");
    REQUIRE(f->len == 0 || at >= 1, "text in the place of its SYN");
    REQUIRE(f->segment == 0 || f->segment + f->options_len <= most, "larger than the peer's MSS or the link (MUST-16)");
    REQUIRE(f->super || f->len <= f->segment, "a segment that is longer than itself");
    REQUIRE(!v->fin || end <= v->fin_end, "something behind its FIN");
    REQUIRE(!(v->fin && fin) || end == v->fin_end, "its FIN moves");
    REQUIRE(end <= v->sent || end <= v->room || end == v->una + 1, "beyond the peer's window (RFC 9293 §3.8.6)");
    if (f->len + fin && !check_back_off(c, v, f, at))
        return false;
    if (fin) {
        v->fin = true;
        v->fin_end = end;
    }
    if (end > v->sent)
        v->sent = end;
    return check_bytes(c, v, f, at);
}

void checker_in_time_wait(struct checker *c, struct host *h, const struct weft_addr *local,
                          const struct weft_addr *remote)
{
    struct view *v = view_of(c, h, local, remote);

    if (v)
        v->waits_since = c->world->now;
}

/* MUST-13; only a table that is full ends it before. */
void checker_left_time_wait(struct checker *c, struct host *h, const struct weft_addr *local,
                            const struct weft_addr *remote, bool of_itself)
{
    const struct weft_tcp_config *k = &c->world->scenario->config[h->number].tcp;
    struct view *v = view_of(c, h, local, remote);

    if (!v)
        return;
    v->free_since = c->world->now;
    if (of_itself && v->free_since - v->waits_since < 2 * k->msl && k->max_time_wait > 1000)
        sim_fail(c->world, "host %u port %u: TIME-WAIT with port %u ends after %.6f s", h->number, local->port,
                 remote->port, (double)(v->free_since - v->waits_since) / 1e9);
}

weft_time checker_owes(struct checker *c, struct host *h, const struct weft_addr *local,
                       const struct weft_addr *remote)
{
    const struct view *v = view_of(c, h, local, remote);

    return v && v->open && !v->reset ? v->owes : WEFT_NEVER;
}

uint32_t checker_window(struct checker *c, struct host *h, const struct weft_addr *local,
                        const struct weft_addr *remote)
{
    const struct view *v = view_of(c, h, local, remote);

    return v && v->open && v->synchronized && v->acked ? v->edge - v->ack : UINT32_MAX;
}

void checker_sent(struct checker *c, struct host *h, const struct frame *f, uint32_t mtu)
{
    struct weft_addr local = {weft_ipv4(f->src), f->src_port}, remote = {weft_ipv4(f->dst), f->dst_port};
    struct view *v = view_of(c, h, &local, &remote);

    if (v && !(f->flags & F_SYN) && f->flags & F_ACK) /* a reset without ACK answers something that fits nothing */
        choose_cookie(v, f->seq), begin_again(v, f);
    if (!v || !check_marks(c, v, f))
        return;
    if (f->flags & F_RST)
        check_reset(c, v, f);
    else if (f->flags & F_SYN)
        check_syn(c, v, f, mtu);
    else if (!v->open || v->reset)
        complain(c, v, f, v->open ? "a segment after its own reset" : "a segment without a SYN before it");
    else if (check_ack(c, v, f) && check_options(c, v, f))
        check_text(c, v, f, mtu);
}
