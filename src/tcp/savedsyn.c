/* SPDX-License-Identifier: MIT */
/* Headers of SYNs; see savedsyn.h. */
#include "tcp/savedsyn.h"

static struct saved_syn *syn_at(const struct hash_node *node)
{
    return container_of((struct hash_node *)(uintptr_t)node, struct saved_syn, node);
}

static uint32_t hash_of(const void *ctx, const struct hash_node *node, unsigned tag)
{
    (void)ctx, (void)tag;
    return syn_at(node)->hash;
}

void saved_syns_init(struct saved_syns *t, struct mem *m) { hashtab_init(&t->by_flow, m, hash_of, NULL); }

void saved_syns_fini(struct saved_syns *t)
{
    weft_assert(t->by_flow.count == 0, "a half-open record takes its own along");
    hashtab_fini(&t->by_flow);
}

struct saved_syn *saved_syn_new(struct mem *m, const struct weft_pkt *pkt, uint32_t header, bool link)
{
    uint32_t from = link ? pkt->l2 : pkt->l3, end = (uint32_t)(pkt->data - pkt->base) + header;
    struct saved_syn *s;

    weft_assert(from < end, "a segment has headers in front of it");
    s = mem_alloc(m, MEM_conn, sizeof *s + (end - from));
    if (!s)
        return NULL;
    s->len = end - from;
    s->ip = pkt->l3 - from;
    memcpy(s->bytes, pkt->base + from, s->len);
    return s;
}

void saved_syn_free(struct mem *m, struct saved_syn *s)
{
    if (s)
        mem_free(m, MEM_conn, s, sizeof *s + s->len);
}

bool saved_syns_put(struct saved_syns *t, struct saved_syn *s, const struct tcp_flow *flow, uint32_t hash)
{
    s->hash = hash;
    s->v6 = flow_is_v6(flow);
    key_pack(&s->key, flow, s->v6);
    if (hashtab_insert(&t->by_flow, &s->node, 0, hash))
        return true;
    saved_syn_free(t->by_flow.mem, s);
    return false;
}

struct tcp_way saved_syn_way(const struct saved_syn *s)
{
    const uint8_t *header = s->bytes + s->ip;

    return header[0] >> 4 == 4 ? way_back(header) : (struct tcp_way){.n = 0};
}

static struct saved_syn *find(const struct saved_syns *t, const struct tcp_flow *flow, uint32_t hash)
{
    bool v6 = flow_is_v6(flow);
    union tcp_key key;
    unsigned tag;

    key_pack(&key, flow, v6);
    for (struct hash_node *n = hashtab_first(&t->by_flow, hash, &tag); n; n = hashtab_next(n, &tag)) {
        struct saved_syn *s = syn_at(n);

        if (s->hash == hash && s->v6 == v6 && memcmp(&s->key, &key, key_size(v6)) == 0)
            return s;
    }
    return NULL;
}

const struct saved_syn *saved_syns_find(const struct saved_syns *t, const struct tcp_flow *flow, uint32_t hash)
{
    return find(t, flow, hash);
}

struct saved_syn *saved_syns_take(struct saved_syns *t, const struct tcp_flow *flow, uint32_t hash)
{
    struct saved_syn *s = find(t, flow, hash);

    if (s)
        hashtab_remove(&t->by_flow, &s->node, hash);
    return s;
}
