/* SPDX-License-Identifier: MIT */
/*
 * The scoreboard and RACK (src/tcp/sndmap.c, sndloss.c, rack.c) against a sender who keeps each segment alone in a plain
 * array and goes through all of it, in the words of RFC 8985 §6.2 and RFC 6675: a million acknowledgments.
 */
#include "sndmap_bench.h"
#include "tcp/rack.h"

#define FLIGHT  30u /* segments: fewer than are looked at to see how long to wait */
#define MIN_RTT 400u
#define SRTT    1000u

/* A segment of its own. */
struct one {
    weft_time at;
    uint32_t delivered;
    bool sacked, lost, again, ever;
};

struct model {
    struct one one[FLIGHT]; /* from `una` on; place by number */
    uint32_t una, nxt;      /* in segments, since the start */
    uint32_t delivered;
    bool proven, reordered;
    weft_time proof_at, rtt;
    uint32_t proof_delivered, proof_end; /* the end in segments */
};

/* What one acknowledgment told. */
struct told {
    uint32_t delivered, acked, sacked, last, late; /* last: the highest that proves something */
    bool proof, reordered;
    uint32_t highest; /* of what was sacked before; the first in flight: nothing was */
    weft_time echo_until;
};

struct pair {
    struct bench b;
    struct rack rack;
    bool reordered;
    struct model m;
};

static struct one *at(struct model *m, uint32_t i) { return &m->one[i % FLIGHT]; }

/* ---- the model ---- */

/* RACK_sent_after: by time; of equal times by what was delivered then; then by sequence. */
static bool went_after_proof(const struct model *m, const struct one *o, uint32_t end)
{
    if (o->at != m->proof_at)
        return o->at > m->proof_at;
    if (o->delivered != m->proof_delivered)
        return o->delivered > m->proof_delivered;
    return end >= m->proof_end;
}

/* echo_until: of what is sacked no timestamp says which copy it was. */
static void model_arrives(struct model *m, struct told *t, uint32_t i, weft_time now, weft_time echo_until)
{
    struct one *o = at(m, i);

    t->delivered++;
    if (o->ever && (now - o->at < MIN_RTT || o->at > echo_until))
        return;
    t->proof = true;
    t->last = i;
    if (!m->proven || went_after_proof(m, o, i + 1)) {
        m->proven = true;
        m->proof_at = o->at;
        m->proof_delivered = o->delivered;
        m->proof_end = i + 1;
    }
    m->rtt = now - o->at;
}

static bool model_highest(struct model *m, uint32_t *highest)
{
    bool any = false;

    for (uint32_t i = m->una; i < m->nxt; i++)
        if (at(m, i)->sacked) {
            *highest = i;
            any = true;
        }
    return any;
}

static void model_late(struct told *t, uint32_t i)
{
    t->late = t->reordered && t->late < i ? t->late : i;
    t->reordered = true;
}

static void model_sack(struct model *m, struct told *t, uint32_t from, uint32_t to, weft_time now)
{
    uint32_t highest = 0;
    bool any = model_highest(m, &highest);

    for (uint32_t i = from; i < to; i++) {
        struct one *o = at(m, i);

        if (o->sacked)
            continue;
        model_arrives(m, t, i, now, WEFT_NEVER);
        t->sacked++;
        if (!o->ever && any && i < highest)
            model_late(t, i);
        o->again = o->again && !o->lost;
        o->sacked = true;
        o->lost = false;
    }
}

/* Late is what leaves after a later one had been reported, by an earlier acknowledgment than this. */
static void model_ack(struct model *m, struct told *t, uint32_t ack, weft_time now)
{
    for (; m->una < ack; m->una++) {
        struct one *o = at(m, m->una);

        t->acked++;
        if (o->sacked)
            continue;
        if (!o->ever)
            model_late(t, m->una);
        model_arrives(m, t, m->una, now, t->echo_until);
    }
    t->reordered = t->reordered && t->late < t->highest;
}

/* A quarter of the shortest round trip, the smoothed one at most; none where a loss is evident and nothing was reordered. */
static weft_time model_window(const struct model *m, uint32_t steps, bool evident)
{
    weft_time quarters = steps * (MIN_RTT / 4);

    if (!m->reordered && evident)
        return 0;
    return quarters < SRTT ? quarters : SRTT;
}

/* RACK_detect_loss */
static struct sndmap_lost model_detect(struct model *m, weft_time now, weft_time window)
{
    struct sndmap_lost found = {0};

    for (uint32_t i = m->una; i < m->nxt; i++) {
        struct one *o = at(m, i);
        weft_time due = o->at + m->rtt + window;

        if (o->sacked || (o->lost && !o->again) || went_after_proof(m, o, i + 1))
            continue;
        if (due > now) {
            found.wait = due - now > found.wait ? due - now : found.wait;
            continue;
        }
        found.segments++;
        found.again += o->again;
        o->lost = true;
        o->again = false;
    }
    return found;
}

/* ---- the same to both ---- */

static void send_some(struct pair *p)
{
    struct model *m = &p->m;
    uint32_t n = 1 + room_below(&p->b.r, rng_chance(&p->b.r.rng, 300000) ? 16 : 1);
    struct sent s;

    n = n < m->una + FLIGHT - m->nxt ? n : m->una + FLIGHT - m->nxt;
    if (n == 0)
        return;
    s = (struct sent){.at = p->b.now, .end = seq(p->b.start + (m->nxt + n) * MSS), .segments = (uint16_t)n,
                      .delivered = m->delivered};
    assert_true(sndmap_reserve(&p->b.m, p->b.r.mem, 1));
    sndmap_sent(&p->b.m, &s);
    while (n--)
        *at(m, m->nxt++) = (struct one){.at = p->b.now, .delivered = m->delivered};
}

static void went_again(struct pair *p, uint32_t from, uint32_t to, bool probe)
{
    struct sent s = {.at = p->b.now, .end = seq(p->b.start + to * MSS), .segments = (uint16_t)(to - from),
                     .delivered = p->m.delivered};

    assert_true(sndmap_resent(&p->b.m, p->b.r.mem, seq(p->b.start + from * MSS), s, MSS, probe));
    for (uint32_t i = from; i < to; i++) {
        struct one *o = at(&p->m, i);

        o->at = p->b.now;
        o->delivered = p->m.delivered;
        o->ever = true;
        o->lost |= !probe;
        o->again |= !probe;
    }
}

/* What is lost goes again, the first of it first. */
static void repair_some(struct pair *p)
{
    uint32_t first = p->m.una, len, most = 1 + room_below(&p->b.r, 4);
    struct seq start;
    bool due;

    while (first < p->m.nxt && !(at(&p->m, first)->lost && !at(&p->m, first)->again))
        first++;
    due = sndmap_next_due(&p->b.m, most * MSS, &start, &len);
    assert_int_equal(due, first < p->m.nxt);
    if (!due)
        return;
    assert_int_equal(start.v, p->b.start + first * MSS);
    assert_true(len >= MSS && len <= most * MSS && len % MSS == 0);
    for (uint32_t i = first; i < first + len / MSS; i++)
        assert_true(at(&p->m, i)->lost && !at(&p->m, i)->again);
    went_again(p, first, first + len / MSS, false);
}

static void probe_tail(struct pair *p)
{
    uint32_t len;
    struct seq start;

    if (!sndmap_tail(&p->b.m, MSS, &start, &len))
        return;
    assert_int_equal(start.v, p->b.start + (p->m.nxt - 1) * MSS);
    assert_int_equal(len, MSS);
    if (!at(&p->m, p->m.nxt - 1)->sacked)
        went_again(p, p->m.nxt - 1, p->m.nxt, true);
}

static void detect_both(struct pair *p)
{
    struct rack_view view = {.srtt = SRTT, .min_rtt = MIN_RTT, .reordered = p->reordered,
                             .enough = p->b.m.sacked >= THRESH, .widens = true};
    weft_time window = rack_window(&p->rack, &view);
    struct sndmap_clock q = {p->b.now, p->rack.proof, p->rack.rtt + window};
    struct sndmap_lost found, want;

    assert_int_equal(window, model_window(&p->m, p->rack.steps, view.enough));
    if (!p->m.proven)
        return;
    found = sndmap_detect_by_time(&p->b.m, &q);
    want = model_detect(&p->m, p->b.now, window);
    assert_int_equal(found.segments, want.segments);
    assert_int_equal(found.again, want.again);
    assert_int_equal(found.wait, want.wait);
}

static void assert_told(const struct pair *p, const struct sndmap_news *n, const struct told *t)
{
    assert_int_equal(n->delivered, t->delivered);
    assert_int_equal(n->acked, t->acked);
    assert_int_equal(n->sacked, t->sacked);
    assert_int_equal(n->proof, t->proof);
    assert_int_equal(n->reordered, t->reordered);
    if (t->reordered)
        assert_int_equal(n->reorder.v, p->b.start + t->late * MSS);
}

/* Two blocks at most, the lowest first, and then the number, as the fifth step of RFC 9293 §3.10.7.4 reads them. */
static void acknowledge(struct pair *p)
{
    struct told t = {.echo_until = rng_chance(&p->b.r.rng, 500000) ? WEFT_NEVER : p->b.now - room_below(&p->b.r, 900)};
    struct sndmap_news *n = &p->b.news;
    uint32_t flight = p->m.nxt - p->m.una, from = p->m.una + 1, to, ack;

    sndmap_news_init(n, p->b.now, MSS);
    n->min_rtt = MIN_RTT;
    n->echo_until = t.echo_until;
    n->high = sndmap_end(&p->b.m);
    n->highest = sndmap_highest(&p->b.m);
    t.highest = p->m.una;
    model_highest(&p->m, &t.highest);
    for (unsigned i = room_below(&p->b.r, 3); i-- && from < p->m.nxt; from = to + 1) {
        from += room_below(&p->b.r, p->m.nxt - from);
        to = from + 1 + room_below(&p->b.r, min_u32(p->m.nxt - from, 5));
        sndmap_sack(&p->b.m, p->b.r.mem, (struct tcp_sack_block){seq(p->b.start + from * MSS), seq(p->b.start + to * MSS)},
                    n);
        model_sack(&p->m, &t, from, to, p->b.now);
    }
    ack = p->m.una + (room_below(&p->b.r, 3) ? 0 : room_below(&p->b.r, min_u32(flight, 6) + 1));
    sndmap_ack(&p->b.m, p->b.r.mem, seq(p->b.start + ack * MSS), n);
    model_ack(&p->m, &t, ack, p->b.now);
    assert_told(p, n, &t);
    p->m.delivered += t.delivered;
    p->m.reordered |= t.reordered;
    p->reordered |= n->reordered;
    if (n->proof)
        rack_advance(&p->rack, &n->latest, p->b.now - n->proof_at);
    detect_both(p);
}

/* Each segment by itself, and the sums. */
static void assert_alike(struct pair *p)
{
    uint32_t i = p->m.una, lost = 0, again = 0, sacked = 0;

    for (uint32_t k = 0; k < p->b.m.count; k++) {
        const struct sent *s = sndmap_at(&p->b.m, k);

        for (uint32_t n = 0; n < s->segments; n++, i++) {
            const struct one *o = at(&p->m, i);

            assert_true(o->sacked == !!(s->flags & SENT_SACKED) && o->lost == !!(s->flags & SENT_LOST) &&
                        o->again == !!(s->flags & SENT_AGAIN) && o->ever == !!(s->flags & SENT_EVER) && o->at == s->at);
            lost += o->lost;
            again += o->again;
            sacked += o->sacked;
        }
    }
    assert_int_equal(i, p->m.nxt);
    assert_int_equal(sndmap_pipe(&p->b.m), p->m.nxt - p->m.una - sacked - lost + again);
    if (p->m.proven) {
        assert_int_equal(p->rack.proof.at, p->m.proof_at);
        assert_int_equal(p->rack.rtt, p->m.rtt);
    }
}

static void a_million_acknowledgments_find_lost_what_the_rfc_does(void **state)
{
    uint32_t acks = 0, lost = 0, rounds = 1000000 / ARRAY_LEN(room_starts) + 1;

    each_start(start) {
        static struct pair p;

        memset(&p, 0, sizeof p);
        bench_init(&p.b, start);
        rack_init(&p.rack);
        for (uint32_t i = 0; i < rounds; i++, acks++) {
            p.b.now += room_below(&p.b.r, 300);
            if (i % 1024 == 0) { /* another life: nothing was ever reordered, and the window is as wide as it happens to be */
                p.m.reordered = p.reordered = false;
                p.rack.steps = (uint8_t)(1 + room_below(&p.b.r, 12));
            }
            if (room_below(&p.b.r, 4))
                send_some(&p);
            if (room_below(&p.b.r, 2))
                repair_some(&p);
            if (room_below(&p.b.r, 40) == 0)
                probe_tail(&p);
            p.b.now += room_below(&p.b.r, 300);
            acknowledge(&p);
            assert_alike(&p);
            lost += p.b.m.due;
        }
        bench_check(&p.b);
    }
    assert_true(acks >= 1000000 && lost > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_acknowledgments_find_lost_what_the_rfc_does),
    };

    return cmocka_run_group_tests_name("sndmap_model", tests, NULL, NULL);
}
