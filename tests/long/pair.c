/* SPDX-License-Identifier: MIT */
/* See pair.h. */
#include "pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECEIVE_MOST = 32768 };

void pair_fail(const char *file, int line, const char *what)
{
    printf("not ok - %s:%d: %s\n", file, line, what);
    exit(1);
}

/* ---- what the stacks want from outside ---- */

static void *give(void *ctx, size_t size, size_t align)
{
    struct pair *p = ctx;
    void *memory = NULL;

    if (posix_memalign(&memory, align < sizeof(void *) ? sizeof(void *) : align, size))
        return NULL;
    p->held += size;
    p->held_most = p->held > p->held_most ? p->held : p->held_most;
    return memory;
}

static void take(void *ctx, void *memory, size_t size)
{
    struct pair *p = ctx;

    if (memory)
        p->held -= size;
    free(memory);
}

static uint64_t next_random(struct pair *p)
{
    uint64_t z = p->random += 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static bool random_bytes(void *ctx, void *buf, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)buf)[i] = (uint8_t)next_random(ctx);
    return true;
}

uint32_t pair_random(struct pair *p, uint32_t n)
{
    return (uint32_t)(next_random(p) >> 32) % n;
}

/* ---- the two of them ---- */

static void add_stack(struct pair *p, int i, const struct weft_env *env, const struct weft_config *config)
{
    struct weft_if_config link = {.name = "long0", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip address = weft_ipv4(0x0a000001u + (unsigned)i);

    p->stack[i] = weft_stack_new(env, config, p->now, NULL);
    must(p->stack[i]);
    p->ifp[i] = weft_if_new(p->stack[i], &link, NULL);
    must(p->ifp[i] && weft_if_add_address(p->ifp[i], &address, 24) == 0);
}

void pair_begin(struct pair *p, weft_time now, const struct weft_config *config, const struct weft_impairment *how)
{
    struct weft_wire_config wire = {.seed = 1, .direction = {*how, *how}};
    struct weft_env env = {.ctx = p, .alloc = give, .free = take, .random = random_bytes};

    *p = (struct pair){.now = now, .random = 1, .server = {weft_ipv4(0x0a000002), PAIR_PORT}};
    for (size_t i = 0; i < PAIR_PATTERN; i++)
        p->pattern[i] = p->pattern[PAIR_PATTERN + i] = (uint8_t)next_random(p);
    add_stack(p, 0, &env, config);
    add_stack(p, 1, &env, config);
    p->wire = weft_wire_new(&env, &wire, p->ifp[0], p->ifp[1]);
    must(p->wire);
}

void pair_end(struct pair *p)
{
    weft_wire_free(p->wire);
    weft_stack_free(p->stack[0]);
    weft_stack_free(p->stack[1]);
    must(p->held == 0);
}

void pair_step(struct pair *p, weft_time until)
{
    weft_time next = until;

    while (weft_wire_run(p->wire, p->now))
        ;
    next = weft_wire_deadline(p->wire) < next ? weft_wire_deadline(p->wire) : next;
    for (int i = 0; i < 2; i++)
        next = weft_deadline(p->stack[i]) < next ? weft_deadline(p->stack[i]) : next;
    must(next != WEFT_NEVER);
    p->now = next > p->now ? next : p->now;
    for (int i = 0; i < 2; i++)
        weft_tick(p->stack[i], p->now);
    while (weft_wire_run(p->wire, p->now))
        ;
}

size_t pair_owned(const struct pair *p, const char *owner)
{
    const char *name;
    size_t live, sum = 0, found = 0;

    for (int i = 0; i < 2; i++)
        for (size_t k = 0; weft_memory_info(p->stack[i], k, &name, &live); k++)
            if (strcmp(name, owner) == 0) {
                sum += live;
                found++;
            }
    must(found == 2);
    return sum;
}

/* ---- connections ---- */

weft_sock *pair_listen(struct pair *p)
{
    weft_sock *sock = weft_socket(p->stack[1], WEFT_TCP, NULL);

    must(sock && weft_bind(sock, &p->server) == 0 && weft_listen(sock, 64) == 0);
    return sock;
}

weft_sock *pair_connect(struct pair *p)
{
    weft_sock *sock = weft_socket(p->stack[0], WEFT_TCP, NULL);

    must(sock && weft_connect(sock, &p->server) == WEFT_EINPROGRESS);
    return sock;
}

size_t stream_send(struct pair *p, struct stream *s, weft_sock *from, size_t n)
{
    size_t before = n;

    while (n > 0) {
        size_t most = n < PAIR_PATTERN ? n : PAIR_PATTERN;
        int64_t took = weft_send(from, p->pattern + s->sent % PAIR_PATTERN, most, 0);

        must(took > 0 || took == WEFT_EAGAIN);
        if (took < 0)
            break;
        s->sent += (uint64_t)took;
        n -= (size_t)took;
    }
    return before - n;
}

bool stream_receive(struct pair *p, struct stream *s, weft_sock *to)
{
    static uint8_t bytes[RECEIVE_MOST];
    int64_t n;

    while ((n = weft_recv(to, bytes, sizeof(bytes), 0)) > 0) {
        must(memcmp(bytes, p->pattern + s->received % PAIR_PATTERN, (size_t)n) == 0);
        s->received += (uint64_t)n;
        must(s->received <= s->sent);
    }
    must(n == 0 || n == WEFT_EAGAIN);
    return n == 0;
}
