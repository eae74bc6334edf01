/* SPDX-License-Identifier: MIT */
/*
 * The small services of a host: a client says anything to one of them, in pieces of any size, by a connection or by a
 * datagram. What each answers is known but for the page of a request; no request shows what lies beside the pages.
 *
 * An input: a byte for the service and the transport, one for the size of the pieces, then what is said.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "service/service.h"

enum { MOST_HEARD = 16384, TIME_LENGTH = 4, DAYTIME_LENGTH = 26, CHARGEN_LINE = 74, CHARGEN_MOST = 512, HEADERS = 28 };

#define PATIENCE    (20 * WEFT_S) /* long enough for any machine */
#define PAGES_PORT  8080
#define PAGES       SITE "/pages" /* nothing is written: what is aborted leaves nothing behind */
#define SECRET      "beside the pages" /* SITE/secret */
#define BY_DATAGRAM 0x80

static const struct client {
    const char *service;
    uint16_t port;
} clients[] = {{"echo", 7},  {"discard", 9}, {"chargen", 19},      {"daytime", 13},
               {"time", 37}, {"http", 80},   {"http", PAGES_PORT}, {"http", PAGES_PORT}};

static weft_host *host;
static struct services *services;

static void check(bool truth)
{
    if (!truth)
        abort();
}

/* ---- the host ---- */

static void end_host(void)
{
    services_free(services);
    weft_host_free(host);
}

static void begin_host(void)
{
    char why[200];

    host = weft_host_new(NULL, why, sizeof why);
    check(host && weft_host_start(host, why, sizeof why) == 0);
    services = services_new(host);
    check(services != NULL);
    for (size_t i = 0; i + 1 < sizeof clients / sizeof *clients; i++) {
        const struct client *c = &clients[i];
        struct service_config config = {.type = service_find(c->service), .port = c->port,
                                        .root = c->port == PAGES_PORT ? PAGES : NULL};

        check(config.type && services_start(services, &config, why, sizeof why) == 0);
    }
    atexit(end_host);
}

/* ---- what is heard ---- */

static bool is_text(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != '\r' && p[i] != '\n' && (p[i] < ' ' || p[i] > '~'))
            return false;
    return true;
}

static bool is_answer_of_http(const uint8_t *p, size_t n)
{
    return n == 0 || (n > 12 && memcmp(p, "HTTP/1.1 ", 9) == 0 && memmem(p, n, "\r\n\r\n", 4) &&
                      !memmem(p, n, SECRET, sizeof SECRET - 1));
}

static void check_stream(const struct client *c, const uint8_t *said, size_t n_said, const uint8_t *heard, size_t n)
{
    switch (c->port) {
    case 7: check(n == n_said && memcmp(said, heard, n) == 0); break;
    case 9: check(n == 0); break;
    case 19: check(n == MOST_HEARD && is_text(heard, n)); break;
    case 13: check(n == DAYTIME_LENGTH && is_text(heard, n)); break;
    case 37: check(n == TIME_LENGTH); break;
    default: check(is_answer_of_http(heard, n));
    }
}

static void check_datagram(const struct client *c, const uint8_t *said, size_t n_said, const uint8_t *heard, size_t n)
{
    switch (c->port) {
    case 7: check(n == n_said && memcmp(said, heard, n) == 0); break;
    case 19: /* a line or as much as was said, but no more than three times that */
        check(n + HEADERS <= 3 * (n_said + HEADERS) && n <= CHARGEN_MOST);
        check(n >= (n_said > CHARGEN_MOST ? CHARGEN_MOST : n_said));
        check(n_said < 6 || n >= CHARGEN_LINE);
        break;
    case 13: check(n == DAYTIME_LENGTH); break;
    default: check(n == TIME_LENGTH);
    }
}

/* ---- what is said ---- */

static struct weft_addr address_of(const struct client *c) { return (struct weft_addr){weft_ipv4(0x7f000001), c->port}; }

/* Says it piece by piece; a service that has ended already may refuse the rest. */
static void say(int s, const uint8_t *p, size_t n, size_t piece)
{
    for (size_t at = 0, some; at < n; at += some) {
        some = n - at < piece ? n - at : piece;
        if (weft_host_send(host, s, p + at, some, PATIENCE) != (int64_t)some)
            return;
    }
}

static size_t hear(int s, uint8_t heard[MOST_HEARD])
{
    int64_t got = 1;
    size_t n = 0;

    while (n < MOST_HEARD && (got = weft_host_recv(host, s, heard + n, MOST_HEARD - n, PATIENCE)) > 0)
        n += (size_t)got;
    check(got != WEFT_EAGAIN && got != WEFT_ETIMEDOUT); /* nobody is left waiting */
    return n;
}

static void talk(const struct client *c, const uint8_t *p, size_t n, size_t piece)
{
    static uint8_t heard[MOST_HEARD];
    struct weft_addr to = address_of(c);
    int s = weft_host_socket(host, WEFT_TCP);

    check(s >= 0 && weft_host_connect(host, s, &to, PATIENCE) == 0);
    say(s, p, n, piece);
    weft_host_shutdown(host, s, WEFT_SHUT_WR); /* or it is over by now */
    check_stream(c, p, n, heard, hear(s, heard));
    weft_host_abort(host, s);
}

static void ask(const struct client *c, const uint8_t *p, size_t n)
{
    static uint8_t heard[MOST_HEARD];
    struct weft_addr to = address_of(c), from;
    int s = weft_host_socket(host, WEFT_UDP);
    int64_t got;

    check(s >= 0 && weft_host_sendto(host, s, p, n, &to) == (int64_t)n);
    if (service_find(c->service)->answer && c->port != 9) {
        got = weft_host_recvfrom(host, s, heard, sizeof heard, &from, PATIENCE);
        check(got >= 0 && from.port == c->port);
        check_datagram(c, p, n, heard, (size_t)got);
    }
    weft_host_close(host, s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct client *c;

    if (size < 2 || size > MOST_HEARD / 2)
        return 0;
    if (!host)
        begin_host();
    c = &clients[data[0] % (sizeof clients / sizeof *clients)];
    if (data[0] & BY_DATAGRAM)
        ask(c, data + 2, size - 2);
    else
        talk(c, data + 2, size - 2, (size_t)data[1] + 1);
    return 0;
}
