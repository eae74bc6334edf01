/* SPDX-License-Identifier: MIT */
/*
 * When are two worlds the same? When time, packets under way, calls made and both connections are, to the last
 * variable: the digest takes the connection and its rooms as they lie in memory. Of what hangs on pointers it takes
 * sums. More than matters is no harm, only work.
 */
#include <string.h>

#include "scope.h"
#include "tcp/conn.h"

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static uint64_t add(uint64_t h, const void *p, size_t n)
{
    const uint8_t *b = p;
    uint64_t v;

    for (; n >= sizeof v; b += sizeof v, n -= sizeof v) {
        memcpy(&v, b, sizeof v);
        h = mix(h, v);
    }
    v = n;
    memcpy(&v, b, n);
    return mix(h, v);
}

static uint64_t add_number(uint64_t h, uint64_t v) { return mix(h, v); }

#define ADD(h, object) add(h, &(object), sizeof(object))

static uint64_t add_work(uint64_t h, const struct tcp_work *w)
{
    size_t from = offsetof(struct tcp_work, deadline);

    h = add(h, (const uint8_t *)w + from, sizeof *w - from);
    h = ADD(h, w->twice);
    h = ADD(h, w->recovery);
    h = ADD(h, w->rack);
    h = ADD(h, w->tlp);
    h = ADD(h, w->usage);
    h = ADD(h, w->ack);
    h = add_number(h, w->sendq.bytes);
    h = add_number(h, w->recvq.bytes);
    h = add_number(h, w->reasm.bytes);
    return add_number(h, sndmap_pipe(&w->sndmap));
}

static uint64_t add_conn(uint64_t h, const struct tcp_conn *c)
{
    size_t from = offsetof(struct tcp_conn, state);

    h = add(h, (const uint8_t *)c + from, offsetof(struct tcp_conn, key) - from);
    return c->work && c->state != WEFT_TCP_LISTEN ? add_work(h, c->work) : add_number(h, 0);
}

static bool add_item(void *ctx, const struct weft_listing *item)
{
    uint64_t *h = ctx;

    *h = add_number(*h, (uint64_t)item->state << 32 | (uint64_t)item->timer << 16 | item->timer_tries);
    *h = add_number(*h, item->timer_at / WEFT_MS); /* a record's: to the millisecond */
    if (item->sock && item->state != WEFT_TCP_LISTEN)
        *h = add_conn(*h, conn_of(item->sock));
    return true;
}

static uint64_t add_end(uint64_t h, const struct end *e)
{
    h = add_number(h, e->acts | e->accepted << 8 | (unsigned)e->shut << 16 | (unsigned)e->ended << 17 |
                          (unsigned)e->closed << 18);
    h = add(h, e->text, e->n);
    h = add_number(h, e->n_flight);
    for (unsigned i = 0; i < e->n_flight; i++)
        h = add(h, e->flight[i].bytes, e->flight[i].n);
    weft_list(e->stack, add_item, &h);
    return h;
}

uint64_t world_digest_timeless(const struct world *w)
{
    return add_end(add_end(0xcbf29ce484222325u, &w->end[0]), &w->end[1]);
}

uint64_t world_digest(const struct world *w) { return add_number(world_digest_timeless(w), w->now); }
