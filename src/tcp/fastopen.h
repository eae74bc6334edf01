/* SPDX-License-Identifier: MIT */
/*
 * TCP Fast Open (RFC 7413): the cookie by which a server knows a client's address again, and what a client remembers of
 * servers: their cookies, what they take in one segment, and whether SYNs with data got lost on the way to them.
 *
 * The cookie is what Linux makes of the same key. The memory is FASTOPEN_SETS sets of four; of a set, whoever was not
 * used for longest makes room. It comes with its first use.
 */
#ifndef TCP_FASTOPEN_H
#define TCP_FASTOPEN_H

#include "base/mem.h"
#include "base/siphash.h"

#define FASTOPEN_COOKIE     8  /* bytes of ours */
#define FASTOPEN_COOKIE_MIN 4  /* of anybody's (RFC 7413 §4.1.1) */
#define FASTOPEN_COOKIE_MAX 16
#define FASTOPEN_SETS       32

/* The key as TCP_FASTOPEN_KEY has it. */
struct sip_key fastopen_key(const uint8_t bytes[16]);

void fastopen_cookie(struct sip_key key, const struct weft_ip *client, const struct weft_ip *server,
                     uint8_t cookie[FASTOPEN_COOKIE]);

struct fastopen_server {
    struct weft_ip ip;
    weft_time used, lost_at; /* used 0: nobody's place */
    uint16_t mss;            /* what it takes; 0: not known */
    uint8_t cookie[FASTOPEN_COOKIE_MAX];
    uint8_t cookie_len;      /* 0: none */
    uint8_t losses;          /* SYNs with data that were not answered, in a row */
    bool experimental;       /* it speaks the option of before RFC 7413 */
};

struct fastopen_memory {
    struct fastopen_server *server; /* FASTOPEN_SETS * 4; NULL: not used yet */
};

/* What is known of a server; NULL: nothing. */
struct fastopen_server *fastopen_find(const struct fastopen_memory *m, struct sip_key key, const struct weft_ip *ip);
/* The same, made if need be; NULL: out of memory. */
struct fastopen_server *fastopen_learn(struct fastopen_memory *m, struct mem *mem, struct sip_key key,
                                       const struct weft_ip *ip, weft_time now);
void fastopen_fini(struct fastopen_memory *m, struct mem *mem);

/* A SYN with data was not answered in time. */
void fastopen_lost(struct fastopen_server *s, weft_time now);
/* After two losses in a row data stays out of SYNs for 2^losses minutes: something on the path may not like it. */
bool fastopen_may_try(const struct fastopen_server *s, weft_time now);

#endif
