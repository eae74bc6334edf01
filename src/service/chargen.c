/* SPDX-License-Identifier: MIT */
/*
 * Character generator (RFC 864): lines of 72 printing characters, each starting one further in the alphabet, for as
 * long as the client takes them. The text repeats after 95 lines, so a connection is no more than a position in it.
 *
 * DEVIATION: a datagram is answered with at most as much as it brought, or one line; RFC 864 allows 512 for nothing.
 */
#include <pthread.h>
#include <string.h>

#include "service/service.h"

#define FIRST_CHAR ' '
#define N_CHARS    95u
#define LINE       74u /* 72 characters, CR, LF */
#define PERIOD     (N_CHARS * LINE)
#define CHUNK      (SERVICE_BUFFER / PERIOD * PERIOD)
#define MAX_ANSWER 512u
#define HEADERS    28u /* of IPv4 and UDP, in front of each datagram */

static uint8_t char_at(uint64_t position)
{
    uint64_t line = position / LINE % N_CHARS, column = position % LINE;

    if (column >= LINE - 2)
        return column == LINE - 2 ? '\r' : '\n';
    return (uint8_t)(FIRST_CHAR + (line + column) % N_CHARS);
}

/* The text from any phase on is CHUNK bytes somewhere in here. */
static uint8_t pattern[CHUNK + PERIOD];
static pthread_once_t pattern_once = PTHREAD_ONCE_INIT;

static void pattern_make(void)
{
    size_t i;

    for (i = 0; i < sizeof pattern; i++)
        pattern[i] = char_at(i);
}

static bool chargen_step(struct service *sv, struct service_conn *c, unsigned ready)
{
    int64_t n;

    if (ready & WEFT_ERROR)
        return false;
    if (ready & WEFT_READABLE) {
        n = service_recv(sv, c);
        if (n < 0 && n != WEFT_EAGAIN)
            return false;
        if (n == 0)
            c->want = WEFT_WRITABLE; /* it says no more, but may still listen */
    }
    if (!(ready & WEFT_WRITABLE))
        return true;
    pthread_once(&pattern_once, pattern_make);
    n = service_send_some(sv, c, pattern + c->position, CHUNK);
    if (n < 0)
        return false;
    c->position = (c->position + (uint64_t)n) % PERIOD;
    return true;
}

/* A line, or as much as came; headers counted never more than three times that, for it may be forged. */
static int chargen_answer(struct service *sv, uint8_t *buf, size_t n)
{
    size_t line = n < (LINE - 2 * HEADERS) / 3 ? 2 * HEADERS + 3 * n : LINE;
    size_t len = n > MAX_ANSWER ? MAX_ANSWER : n > line ? n : line;

    (void)sv;
    pthread_once(&pattern_once, pattern_make);
    memcpy(buf, pattern, len);
    return (int)len;
}

const struct service_type service_chargen = {
    .name = "chargen",
    .summary = "sends characters without end",
    .port = 19,
    .want = WEFT_READABLE | WEFT_WRITABLE,
    .step = chargen_step,
    .answer = chargen_answer,
};
