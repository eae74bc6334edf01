/* SPDX-License-Identifier: MIT */
/*
 * Where attacks are fought: a victim with two interfaces, in virtual time.
 *
 *     bystander 10.0.0.1 ==== wire, 3 ms ==== 10.0.0.2 victim 10.66.0.2 ---- the attacker, by hand
 *
 * The bystander streams a pattern to the victim all the while, over one connection that must come to no harm. The
 * attacker puts in whatever he likes, from whatever address, and sees what is sent to 10.66.0.0/16 and beyond.
 *
 * Three things are watched (as every file here does): what the victim holds; how much work each packet makes it do, in
 * basic blocks of the engine, which the compiler counts (-fsanitize-coverage=trace-pc) and no clock; the bystander.
 */
#ifndef ATTACK_FIELD_H
#define ATTACK_FIELD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../unit/harness.h"
#include "weft/driver.h"
#include "weft/sock.h"
#include "wire/icmpv4.h"
#include "wire/icmpv6.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#define BYSTANDER 0x0a000001u
#define VICTIM    0x0a000002u
#define FRONT     0x0a420002u /* the victim's address on the attacker's side, 10.66.0.2/16 */
#define ATTACKER  0x0a420001u /* 10.66.0.1: the victim's default gateway */

#define STREAM_PORT 7777 /* of the victim, for the bystander's stream */
#define STREAM_FROM 40000
#define SERVICE     80   /* of the victim, for everybody */
#define STREAM_RATE 1000 /* bytes a millisecond */

struct field {
    struct harness_env env[2]; /* the bystander's, the victim's */
    weft_stack *bystander, *victim;
    weft_if *road, *home, *back; /* the bystander's interface; the victim's to him; the victim's to the attacker */
    weft_wire *wire;
    weft_time now;
    struct rng rng;
    weft_sock *service;        /* listens at SERVICE */
    weft_sock *stream, *reader; /* the bystander's connection: his end, the victim's */
    uint64_t offered, delivered;
    uint32_t stream_iss, reader_iss; /* the stream's initial sequence numbers, as seen on the wire */
    uint32_t window;                 /* that the victim last granted it, in bytes */
    unsigned shift;                  /* its window's scale */
    uint64_t packets, work, most_work; /* of the attacker's packets: how many, blocks for all, for the dearest */
};

/* config: the victim's, or NULL. The bystander's stream runs when this returns, and has for 100 ms. */
struct field *field_new(const struct weft_config *config);

/*
 * The same with Ethernet on the attacker's side, where the victim listens to IPv6 routers as well. Frames go in by
 * attack_throw; what comes out is for attack_drain.
 */
struct field *field_new_ethernet(const struct weft_config *config);

/* As field_new; what the victim tells of itself is kept in env[1] (harness_env_record), for harness_env_forget. */
struct field *field_new_told(const struct weft_config *config);

/* Lets virtual time pass, in steps of a millisecond; the bystander streams on. */
void field_run(struct field *f, weft_time span);

/*
 * The bystander had his due: at least 99 % of what he offered since field_new is there, whole and in order, but what is
 * on its way. Then everything is taken down, and the victim has given all memory back.
 */
void field_end(struct field *f);

/* ---- the attacker's hands ---- */

/*
 * Puts a datagram in at the attacker's side; the work it makes is counted, and more than any class may make is a failure.
 * Every so often the victim's memory is looked at: all of it is accounted for, and each owner keeps to his cap.
 */
void attack_throw(struct field *f, const void *datagram, size_t n);

struct segment {
    uint32_t src, dst; /* 0: ATTACKER, FRONT */
    bool from_nobody;  /* from 0.0.0.0 */
    uint16_t src_port, dst_port;
    uint32_t seq, ack;
    uint16_t flags, urgent;
    uint16_t window;  /* 0: 65,535, unless shut */
    bool shut;        /* a window of 0 */
    struct tcp_options options;
    bool scaled;      /* options.wscale is meant */
    const void *text;
    size_t len;
};
#define SEGMENT(...) (&(struct segment){__VA_ARGS__})

/* Makes the datagram (src and dst are filled in where 0), with right checksums; returns its length. */
size_t attack_make(uint8_t *out, const struct segment *s);
void attack_segment(struct field *f, const struct segment *s);

/* An IPv4 datagram with this header (length and checksum are filled in, TTL where it is 0). */
void attack_datagram(struct field *f, struct ipv4_header h, const void *payload, size_t n);

/* What a datagram of IPv6 has in front of its upper layer. */
struct attack_v6 {
    struct weft_ip src, dst;
    uint8_t hops;            /* 0: 64 */
    uint8_t next;
    bool alert;              /* hop-by-hop options with a Router Alert come first */
};
/* The datagram goes in, in a frame where there is Ethernet; the checksum of ICMPv6, TCP and UDP is filled in. */
void attack_v6(struct field *f, const struct attack_v6 *h, const void *payload, size_t n);

/* The victim's address of IPv6 on the attacker's side, 2001:db8:66::2/64, and others of that network. */
struct weft_ip front_v6(uint32_t host);
/* fe80::host, and a group of the link, ff02::host. */
struct weft_ip link_v6(uint32_t host);
struct weft_ip group_v6(uint32_t host);

/* A segment that the victim sent to the attacker's side. */
struct caught {
    struct ipv4_header ip;
    struct tcp_header tcp; /* all zero when it is not TCP, or a later fragment */
    struct tcp_options options;
    size_t len;            /* of the datagram; text is the last text_len bytes of it */
    size_t text_len;
    uint8_t bytes[65536];
};
/* Takes the next; false: there is none. */
bool attack_take(struct field *f, struct caught *c);
/* Throws away all that waits; returns how many there were. */
size_t attack_drain(struct field *f);

/* A connection of the attacker's own to SERVICE, established by hand, without timestamps. */
struct mallory {
    uint16_t port;
    uint32_t seq, ack; /* what he sends next; what he expects */
    weft_sock *sock;   /* the victim's end */
};
/* mss 0: no option. sack: with SACK permitted. Window scaling is offered by `wscale` >= 0. */
struct mallory mallory_connect(struct field *f, uint16_t port, uint16_t mss, bool sack, int wscale);
/* A segment of his, with ACK; src, ports, seq and ack filled in where 0. */
void mallory_send(struct field *f, const struct mallory *m, struct segment *s);

/* ---- what only a spy on the bystander's wire knows ---- */

/* What the victim expects next on the stream, and what he sends next. */
uint32_t stream_expected(const struct field *f);
uint32_t stream_next(const struct field *f);
/* A segment that pretends to be the bystander's, on the link where he would be; addresses and ports filled in. */
void attack_stream(struct field *f, struct segment *s);

/* ---- what must hold ---- */

/* Blocks that the engine executed so far, in all stacks of this program: for a bench that is no field. */
uint64_t work_so_far(void);

/* No packet since the last call made the victim execute more basic blocks; what it was is printed. Counts anew. */
void expect_work_below(struct field *f, uint64_t blocks);

/* How many TCP connections the victim has at a port of his, and how many of all are in TIME-WAIT. */
unsigned field_connections(struct field *f, uint16_t port);
unsigned field_time_waits(struct field *f);

/* What the victim has from its environment, now; slabs give nothing back before the end. */
size_t field_memory(const struct field *f);
/* What of it is in use; and of that, by this owner (weft_memory_info). */
size_t field_in_use(const struct field *f);
size_t field_in_use_by(const struct field *f, const char *owner);

/* How many routes the victim has. */
size_t field_routes(const struct field *f);

#endif
