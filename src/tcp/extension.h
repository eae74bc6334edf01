/* SPDX-License-Identifier: MIT */
/*
 * Extension headers of IPv6 that a user wants on all segments of a connection (RFC 3542 §4.1): connections accepted
 * from a listener share its own. What is in the options is the user's affair.
 */
#ifndef TCP_EXTENSION_H
#define TCP_EXTENSION_H

#include "ip/ip.h"

/* One header, as long as it says. */
struct tcp_extension {
    uint32_t owners;
    uint8_t bytes[];
};

/* Those before a routing header, of which there is none here, are kept and told only. */
enum tcp_extension_kind { EXTENSION_HOP, EXTENSION_DESTINATION, EXTENSION_BEFORE_ROUTE, EXTENSION_KINDS };

struct tcp_extensions {
    struct tcp_extension *of[EXTENSION_KINDS]; /* NULL: none */
};

void extensions_share(const struct tcp_extensions *e);
void extensions_free(struct tcp_extensions *e, struct mem *m);
/* Instead of what is there; n 0: none. 0, WEFT_EINVAL (no header of that length), WEFT_ENOMEM. */
int extensions_put(struct tcp_extensions *e, struct mem *m, enum tcp_extension_kind kind, const uint8_t *header,
                   size_t n);
/* Its bytes; NULL: none. */
static inline const uint8_t *extensions_at(const struct tcp_extensions *e, enum tcp_extension_kind kind)
{
    return e->of[kind] ? e->of[kind]->bytes : NULL;
}

/* As they go out. */
static inline struct ip_headers extensions_headers(const struct tcp_extensions *e)
{
    return (struct ip_headers){extensions_at(e, EXTENSION_HOP), extensions_at(e, EXTENSION_DESTINATION)};
}

/* Bytes of them in front of each segment. */
static inline uint32_t extensions_len(const struct tcp_extensions *e)
{
    const struct ip_headers h = extensions_headers(e);

    return ip_headers_len(&h);
}

#endif
