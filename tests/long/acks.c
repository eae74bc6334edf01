/* SPDX-License-Identifier: MIT */
/*
 * One connection that hears N acknowledgments and goes on: a stream of small segments, each acknowledged at once, one in
 * some thousands lost. Sequence numbers wrap many times on the way, and so do the counters of 32 bits that it keeps once
 * there are enough of them. Each byte arrives, in its place; memory stays what it was in the first tenth, within an eighth; then it ends as any other.
 *
 *     long-acks N
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pair.h"

enum { ONE = 1448, MANY = 200000, MANY_STEPS = 100000 };

static struct pair pair;

/* Nothing is acknowledged late. */
static void configure(struct weft_config *config)
{
    weft_config_default(config);
    config->tcp.delayed_ack = 0;
}

static void set(weft_sock *sock, enum weft_option option)
{
    int on = 1;

    must(weft_setsockopt(sock, WEFT_SOL_TCP, option, &on, sizeof(on)) == 0);
}

static uint64_t heard(void) { return weft_counter(pair.stack[0], WEFT_COUNT_tcp_in_segs); }

/* One segment's worth, seldom much: what comes together is acknowledged together. */
static void send_some(struct stream *s, weft_sock *from, weft_sock *to)
{
    stream_send(&pair, s, from, 1 + pair_random(&pair, pair_random(&pair, 1000) ? ONE : MANY));
    pair_step(&pair, WEFT_NEVER);
    must(!stream_receive(&pair, s, to));
}

static void finish(struct stream *s, weft_sock *from, weft_sock *to)
{
    unsigned steps = 0;

    must(weft_shutdown(from, WEFT_SHUT_WR) == 0);
    while (!stream_receive(&pair, s, to)) {
        must(++steps < MANY_STEPS);
        pair_step(&pair, WEFT_NEVER);
    }
    must(s->received == s->sent);
    weft_close(to);
    weft_close(from);
    for (weft_time until = pair.now + 120 * WEFT_S; pair.now < until;)
        pair_step(&pair, until);
    must(pair_owned(&pair, "payload blocks") == 0 && pair_owned(&pair, "connections at work") == 0);
}

int main(int argc, char **argv)
{
    uint64_t n = argc == 2 ? strtoull(argv[1], NULL, 10) : 0;
    struct stream s = {0};
    weft_sock *listener, *from, *to;
    struct weft_config config;
    weft_time start = 49 * 24 * 3600 * WEFT_S;
    size_t most_at_first = 0;

    if (!n) {
        fputs("usage: long-acks N\n", stderr);
        return 2;
    }
    configure(&config);
    pair_begin(&pair, start, &config, &(struct weft_impairment){.delay = 100 * WEFT_US, .loss = 200});
    listener = pair_listen(&pair);
    from = pair_connect(&pair);
    while (!(to = weft_accept(listener, NULL, NULL)))
        pair_step(&pair, WEFT_NEVER);
    weft_close(listener);
    set(from, WEFT_TCP_NODELAY);
    while (heard() < n) {
        send_some(&s, from, to);
        if (most_at_first == 0 && heard() >= n / 10)
            most_at_first = pair.held_most;
    }
    must(n < 10000000 || pair.held_most <= most_at_first + most_at_first / 8);
    finish(&s, from, to);
    printf("ok - %" PRIu64 " segments heard by one connection that sent %" PRIu64 " bytes in %.0f s of virtual time; "
           "%zu bytes of memory at most\n", heard(), s.sent, (double)(pair.now - start) / 1e9, pair.held_most);
    pair_end(&pair);
    return 0;
}
