/* SPDX-License-Identifier: MIT */
/*
 * N connections one after the other, each set up, filled in both directions and ended: by the client first, by the
 * server first, by both at once, or with a reset. Then nothing is left of them, and while they come and go memory does
 * not grow: after a tenth of them it has been what it ever is, within an eighth.
 *
 *     long-cycles N
 *
 * On the way each port is used again hundreds of times, initial sequence numbers, timestamps and identifications wrap.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pair.h"

enum { LARGEST = 3000, MANY_STEPS = 10000 };
enum ending { CLIENT_FIRST, SERVER_FIRST, BOTH_AT_ONCE, RESET, ENDINGS };

#define EACH (3 * WEFT_MS) /* from one to the next: 20,000 of them in a minute of TIME-WAIT, of 28,232 ports */

static struct pair pair;

struct cycle {
    weft_sock *client, *server;
    struct stream there, back;
    size_t text_there, text_back;
};

static void establish(struct cycle *c, weft_sock *listener)
{
    unsigned steps = 0;

    c->client = pair_connect(&pair);
    while (!(c->server = weft_accept(listener, NULL, NULL))) {
        must(++steps < MANY_STEPS);
        pair_step(&pair, WEFT_NEVER);
    }
}

static void transfer(struct cycle *c)
{
    for (unsigned steps = 0; c->there.received < c->text_there || c->back.received < c->text_back; steps++) {
        must(steps < MANY_STEPS);
        stream_send(&pair, &c->there, c->client, c->text_there - (size_t)c->there.sent);
        stream_send(&pair, &c->back, c->server, c->text_back - (size_t)c->back.sent);
        pair_step(&pair, WEFT_NEVER);
        must(!stream_receive(&pair, &c->there, c->server) && !stream_receive(&pair, &c->back, c->client));
    }
}

static void hear_the_end(struct stream *s, weft_sock *sock)
{
    unsigned steps = 0;

    while (!stream_receive(&pair, s, sock)) {
        must(++steps < MANY_STEPS);
        pair_step(&pair, WEFT_NEVER);
    }
}

static void hear_the_reset(struct cycle *c)
{
    unsigned steps = 0;
    int64_t n;

    weft_abort(c->client);
    while ((n = weft_recv(c->server, &(char){0}, 1, 0)) == WEFT_EAGAIN) {
        must(++steps < MANY_STEPS);
        pair_step(&pair, WEFT_NEVER);
    }
    must(n == WEFT_ECONNRESET);
    weft_close(c->server);
}

static void finish(struct cycle *c, enum ending how)
{
    if (how == RESET) {
        hear_the_reset(c);
        return;
    }
    if (how != SERVER_FIRST)
        must(weft_shutdown(c->client, WEFT_SHUT_WR) == 0);
    if (how != CLIENT_FIRST)
        must(weft_shutdown(c->server, WEFT_SHUT_WR) == 0);
    if (how == SERVER_FIRST)
        hear_the_end(&c->back, c->client);
    if (how == CLIENT_FIRST)
        hear_the_end(&c->there, c->server);
    weft_close(how == CLIENT_FIRST ? c->server : c->client);
    if (how == CLIENT_FIRST)
        hear_the_end(&c->back, c->client);
    else
        hear_the_end(&c->there, c->server);
    weft_close(how == CLIENT_FIRST ? c->client : c->server);
}

static void run_cycle(weft_sock *listener)
{
    struct cycle c = {.text_there = 1 + pair_random(&pair, LARGEST), .text_back = pair_random(&pair, LARGEST)};
    weft_time next = pair.now + EACH;

    establish(&c, listener);
    transfer(&c);
    finish(&c, (enum ending)pair_random(&pair, ENDINGS));
    while (pair.now < next)
        pair_step(&pair, next);
}

static const char *const owners[] = {"packets", "payload blocks", "queue rings", "connection statistics",
                                     "connections at work", "TIME-WAIT records", "half-open records"};

int main(int argc, char **argv)
{
    uint64_t n = argc == 2 ? strtoull(argv[1], NULL, 10) : 0;
    size_t most_at_first = 0;
    weft_time start;
    weft_sock *listener;

    if (!n) {
        fputs("usage: long-cycles N\n", stderr);
        return 2;
    }
    /* A day before timestamps of a millisecond wrap, at 49.7 days. */
    pair_begin(&pair, 49 * 24 * 3600 * WEFT_S, NULL, &(struct weft_impairment){.delay = 20 * WEFT_US});
    start = pair.now;
    listener = pair_listen(&pair);
    for (uint64_t i = 0; i < n; i++) {
        run_cycle(listener);
        if (i == n / 10)
            most_at_first = pair.held_most;
    }
    must(n < 1000000 || pair.held_most <= most_at_first + most_at_first / 8);
    weft_close(listener);
    for (weft_time until = pair.now + 120 * WEFT_S; pair.now < until;)
        pair_step(&pair, until);
    for (size_t i = 0; i < sizeof(owners) / sizeof(*owners); i++)
        must(pair_owned(&pair, owners[i]) == 0);
    must(pair_owned(&pair, "connections") == 0);
    printf("ok - %" PRIu64 " connections in %.0f s of virtual time, %zu bytes at most, none of them left\n", n,
           (double)(pair.now - start) / 1e9, pair.held_most);
    pair_end(&pair);
    return 0;
}
