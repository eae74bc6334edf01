/* SPDX-License-Identifier: MIT */
/*
 * The headers of a SYN, kept for a listener's user who wants to see with what a connection began (TCP_SAVE_SYN): by the
 * flow while it is half open, so that a record without costs nothing, and then with the connection's settings.
 */
#ifndef TCP_SAVEDSYN_H
#define TCP_SAVEDSYN_H

#include "base/hashtab.h"
#include "core/pkt.h"
#include "tcp/flow.h"
#include "tcp/way.h"

struct saved_syn {
    struct hash_node node;
    uint32_t hash; /* of the flow, in the table of connections */
    bool v6;
    union tcp_key key;
    uint32_t len;
    uint32_t ip;   /* where the header of IP begins */
    uint8_t bytes[];
};

/* Those of half-open records, at most one of each. */
struct saved_syns {
    struct hashtab by_flow;
};

void saved_syns_init(struct saved_syns *t, struct mem *m);
void saved_syns_fini(struct saved_syns *t);

/*
 * The packet's headers from that of IP on, or, `link`, from that of the link, up to `header` bytes of TCP's. Its owner
 * frees it; NULL: out of memory.
 */
struct saved_syn *saved_syn_new(struct mem *m, const struct weft_pkt *pkt, uint32_t header, bool link);
void saved_syn_free(struct mem *m, struct saved_syn *s);

/* Takes s, for this flow; false: out of memory, and s is freed. */
bool saved_syns_put(struct saved_syns *t, struct saved_syn *s, const struct tcp_flow *flow, uint32_t hash);
/* That of this flow, which stays; NULL: there is none. */
const struct saved_syn *saved_syns_find(const struct saved_syns *t, const struct tcp_flow *flow, uint32_t hash);
/* The way back of the source route that it came by; n is 0: by none. */
struct tcp_way saved_syn_way(const struct saved_syn *s);
/* That of this flow, which is the caller's from now on; NULL: there is none. */
struct saved_syn *saved_syns_take(struct saved_syns *t, const struct tcp_flow *flow, uint32_t hash);

#endif
