/* SPDX-License-Identifier: MIT */
/* Raw endpoints, for the files of src/raw alone. */
#ifndef RAW_PRIVATE_H
#define RAW_PRIVATE_H

#include "ip/ip.h"
#include "raw/raw.h"

struct raw_ep {
    struct dgram_ep d;     /* first; its local port is the protocol, as on Linux */
    struct weft_ip bound;  /* what bind said; local.ip is that, or while there is a peer the source towards it */
    uint8_t protocol;
    bool header_included;  /* what is sent begins with a header of IP */
    int32_t checksum_at;   /* IPv6: where the stack writes a checksum, and checks it; -1: nowhere */
    int32_t alert;         /* router alerts it asked for: of IPv6 with this value, of IPv4 whatever they say; -1:
                            * none */
    uint32_t icmp_refused; /* bit n: ICMP's type n, up to 31, is not wanted */
    uint32_t icmp6_refused[8]; /* the same for ICMPv6, up to 255 */
};

struct raw_table {
    struct slab slab;
    struct list all;
};

static inline struct raw_table *raw_table(weft_stack *s) { return stack_transport(s, WEFT_RAW); }
static inline struct raw_ep *raw_ep(weft_sock *sock) { return container_of(sock, struct raw_ep, d.sock); }
static inline const struct raw_ep *const_raw_ep(const weft_sock *sock)
{
    return container_of(sock, const struct raw_ep, d.sock);
}

/* It asks for router alerts, or (-1) for none any more. */
void raw_set_alert(struct raw_ep *e, int32_t alert);

/* calls.c */
void raw_free(struct raw_table *t, struct raw_ep *e);

/* options.c */
int raw_setopt(weft_sock *sock, int level, int option, const void *value, size_t n);
int raw_getopt(const weft_sock *sock, int level, int option, void *value, size_t *n);

#endif
