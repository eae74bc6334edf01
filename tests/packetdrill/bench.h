/* SPDX-License-Identifier: MIT */
/*
 * The adapter, loaded as packetdrill loads it, and the other end of its link: segments built and read here, with no
 * line of the engine's. The address of the library comes in the environment (WEFT_PACKETDRILL).
 */
#ifndef TESTS_PACKETDRILL_BENCH_H
#define TESTS_PACKETDRILL_BENCH_H

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "packetdrill/interface.h"

#define LOCAL_PORT 8080
#define PEER_PORT  40000
#define PEER_ISN   1000u

enum { F = 0x01, S = 0x02, R = 0x04, P = 0x08, A = 0x10, U = 0x20 };

/* A TCP segment in the wire's numbers. */
struct segment {
    uint16_t from, to;
    uint32_t seq, ack;
    uint8_t flags;
    uint16_t window;
    uint16_t urgent;
    size_t n_options, n;
    uint8_t options[40];
    uint8_t payload[65000];
    long long at; /* when it was sent, in microseconds */
    bool v6;
};

struct bench {
    void *library;
    struct packetdrill_interface t;
    bool v6;
};

/* flags: NULL for those of a script over IPv4 without the machine's sysctls. */
void bench_open(struct bench *b, const char *flags);
void bench_close(struct bench *b);

/* ---- the link ---- */

/* Sends a segment into the stack: payload is a pattern, options as given. */
void bench_in(struct bench *b, const struct segment *s);
/* The next segment that the stack sent; everything about it but its meaning is checked. */
void bench_out(struct bench *b, struct segment *s);
/* A UDP datagram in. */
void bench_in_udp(struct bench *b, uint16_t from, uint16_t to, const void *payload, size_t n);
/* The next datagram as it is; returns its length. */
size_t bench_out_raw(struct bench *b, uint8_t *buf, size_t n);

/* ---- connections ---- */

struct peer {
    struct bench *b;
    int fd;       /* ours, accepted or connected */
    uint16_t local, remote;
    uint32_t seq; /* the peer's next byte */
    uint32_t ack; /* what the peer expects */
    uint16_t window;
};

int bench_listener(struct bench *b, int backlog);
/* A whole handshake with a listener that is there, without accept. */
void peer_handshake(struct bench *b, struct peer *p, uint16_t port);
/* The same with a round trip of so many microseconds. */
void peer_far_handshake(struct bench *b, struct peer *p, uint16_t port, useconds_t rtt);
/* ... and accept. */
void peer_accept(struct bench *b, int listener, struct peer *p);
/* socket, bind, listen, handshake, accept; the listener is closed. */
void peer_open(struct bench *b, struct peer *p);

/* The peer sends: data, or flags alone; its numbers move on. */
void peer_send(struct peer *p, uint8_t flags, size_t n);
/* The next segment must have these flags and so many bytes, in order; the peer's numbers move on, no answer is
 * given. */
void peer_expect(struct peer *p, uint8_t flags, size_t n, struct segment *out);
/* An acknowledgment of all that was seen. */
void peer_ack(struct peer *p);

/* ---- addresses and time ---- */

struct sockaddr_in bench_addr(const char *ip, uint16_t port);
struct sockaddr_in6 bench_addr6(const char *ip, uint16_t port);
/* How much later than due anything may be, in microseconds: what asking for the time takes, or a real clock's 250
 * ms. */
long long bench_slack(void);
/* Now on the adapter's clock, in microseconds. */
long long bench_now(struct bench *b);

/* The last call must have failed with this errno. */
#define assert_errno(call, expected)            \
    do {                                        \
        errno = 0;                              \
        assert_int_equal((call), -1);           \
        assert_int_equal(errno, (expected));    \
    } while (0)

/* ---- a second thread ---- */

/* What it shall do; its result, errno and the time at which it returned. */
struct task {
    struct bench *b;
    int64_t (*run)(struct bench *b, void *argument);
    void *argument;
    pthread_t thread;
    volatile pid_t id;
    int64_t result;
    int error;
    long long begun, ended;
};

/* Starts it and waits until it sleeps. */
void task_begin(struct task *t);
/* Waits for it; the time it took is t->ended - t->begun. */
void task_end(struct task *t);

/* A pointer that leads nowhere. */
#define NOWHERE ((void *)16)

#endif
