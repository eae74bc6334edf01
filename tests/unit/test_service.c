/* SPDX-License-Identifier: MIT */
/* The small services (src/service) on one host, asked by another. */
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host_pair.h"
#include "service/service.h"

#define SERVER ADDRESS(1)
#define SHORT  (300 * WEFT_MS) /* long enough for an answer that must not come */

static struct services *all; /* on pair.a */
static char root[] = "/tmp/weft-test-XXXXXX";

static void start(const char *name, uint16_t port, const char *directory)
{
    const struct service_config config = {.type = service_find(name), .port = port, .root = directory};
    char why[200] = "";

    assert_non_null(config.type);
    if (services_start(all, &config, why, sizeof why) < 0)
        fail_msg("%s", why);
}

static void write_page(const char *name, const char *text)
{
    char path[100];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", root, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* ---- what the services say to IP ---- */

static const struct weft_driver_ops *plain; /* of the server's end */
static atomic_uint frames, urgent, marked;

/* Of an IPv4 datagram behind an Ethernet header. */
static void look(const weft_pkt *pkt)
{
    uint8_t head[14 + 20 + 20];

    if (weft_pkt_copy(pkt, 0, head, sizeof head) < sizeof head || head[12] != 0x08 || head[13] != 0x00)
        return;
    frames++;
    marked += head[15] >> 2 != 0;
    urgent += head[23] == 6 && (head[14 + 20 + 13] & 0x20);
}

static size_t watch(weft_driver *d, weft_pkt *const *pkts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        look(pkts[i]);
    return plain->transmit(d, pkts, n);
}

/* As pair_setup; what the server sends is looked at. */
static void watched_pair_setup(void **state)
{
    static struct weft_driver_ops watching;
    static struct pair p;
    weft_driver *end[2];

    assert_true(weft_pair_open(end));
    plain = end[0]->ops;
    watching = *plain;
    watching.transmit = watch;
    end[0]->ops = &watching;
    p.a = host_make(end[0], "10.0.0.1/24");
    p.b = host_make(end[1], "10.0.0.2/24");
    *state = &p;
}

static int setup(void **state)
{
    char link[100];
    size_t i;

    watched_pair_setup(state);
    all = services_new(((struct pair *)*state)->a);
    assert_non_null(all);
    for (i = 0; service_at(i); i++)
        start(service_at(i)->name, 0, NULL);
    assert_non_null(mkdtemp(root));
    write_page("a.txt", "hello\n");
    write_page("index.html", "<p>index</p>\n");
    snprintf(link, sizeof link, "%s/out", root);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    start("http", 8080, root);
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"a.txt", "index.html", "out", ""};
    char path[100];

    services_free(all);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", root, names[i]);
        remove(path);
    }
    return pair_teardown(state);
}

static void say(weft_host *h, int s, const void *text, size_t n)
{
    assert_int_equal(weft_host_send(h, s, text, n, PATIENCE), n);
}

/* Everything until the end; the connection is closed then. */
static size_t hear_all(weft_host *h, int s, char *buf, size_t n)
{
    size_t at = 0;
    int64_t got;

    while (at + 1 < n && (got = weft_host_recv(h, s, buf + at, n - 1 - at, PATIENCE)) != 0) {
        if (got < 0)
            fail_msg("%s after %zu bytes", weft_strerror((int)got), at);
        at += (size_t)got;
    }
    buf[at] = '\0';
    weft_host_close(h, s);
    return at;
}

static void hear_exactly(weft_host *h, int s, char *buf, size_t n)
{
    int64_t got;

    for (size_t at = 0; at < n; at += (size_t)got) {
        got = weft_host_recv(h, s, buf + at, n - at, PATIENCE);
        assert_true(got > 0);
    }
}

/* One datagram each way; negative when no answer comes. */
static int64_t ask_udp(weft_host *h, uint16_t own_port, uint16_t port, const void *text, size_t n, void *buf,
                       size_t room)
{
    int s = udp_bound(h, own_port);
    int64_t got;

    assert_int_equal(weft_host_sendto(h, s, text, n, &(struct weft_addr){SERVER, port}), n);
    got = weft_host_recvfrom(h, s, buf, room, NULL, own_port && own_port < 1024 ? SHORT : PATIENCE);
    weft_host_close(h, s);
    return got;
}

static void echo_returns_more_than_it_can_hold(void **state)
{
    enum { SIZE = 3 << 20 };
    weft_host *h = ((struct pair *)*state)->b;
    int s = tcp_connected(h, SERVER, 7);
    uint8_t *out = malloc(SIZE);
    char *in = malloc(SIZE);
    size_t sent = 0, got = 0, i;

    assert_true(out && in);
    for (i = 0; i < SIZE; i++)
        out[i] = (uint8_t)(i * 7 + (i >> 11));
    while (got < SIZE) {
        struct weft_host_poll p = {.s = s, .want = WEFT_READABLE | (sent < SIZE ? WEFT_WRITABLE : 0u)};
        int64_t n;

        assert_true(weft_host_poll(h, &p, 1, -1, PATIENCE) > 0);
        /* First say everything, as far as it goes, so that the service has to wait for us. */
        if (sent < SIZE && (n = weft_host_send(h, s, out + sent, SIZE - sent, SHORT)) > 0)
            sent += (size_t)n;
        n = weft_host_recv(h, s, in + got, SIZE - got, 0);
        assert_true(n > 0 || n == WEFT_EAGAIN);
        got += n > 0 ? (size_t)n : 0;
    }
    assert_memory_equal(out, in, SIZE);
    assert_int_equal(weft_host_shutdown(h, s, WEFT_SHUT_WR), 0);
    assert_int_equal(weft_host_recv(h, s, in, 1, PATIENCE), 0);
    weft_host_close(h, s);
    free(out);
    free(in);
}

static void echo_answers_datagrams_but_not_well_known_ports(void **state)
{
    weft_host *h = ((struct pair *)*state)->b;
    char buf[100];

    assert_int_equal(ask_udp(h, 0, 7, "hello", 5, buf, sizeof buf), 5);
    assert_memory_equal(buf, "hello", 5);
    assert_int_equal(ask_udp(h, 0, 7, "", 0, buf, sizeof buf), 0);
    assert_int_equal(ask_udp(h, 19, 7, "hello", 5, buf, sizeof buf), WEFT_EAGAIN);
}

static void discard_takes_all_and_says_nothing(void **state)
{
    weft_host *h = ((struct pair *)*state)->b;
    int s = tcp_connected(h, SERVER, 9);
    static char zeros[100000];
    char buf[10];

    say(h, s, zeros, sizeof zeros);
    weft_host_shutdown(h, s, WEFT_SHUT_WR);
    assert_int_equal(hear_all(h, s, buf, sizeof buf), 0);
}

static void chargen_rotates_its_lines(void **state)
{
    enum { LINE = 74, PERIOD = 95 * LINE };
    weft_host *h = ((struct pair *)*state)->b;
    int s = tcp_connected(h, SERVER, 19);
    static char text[3 * PERIOD];

    hear_exactly(h, s, text, sizeof text);
    weft_host_abort(h, s);
    assert_memory_equal(text, " !\"#$%&'()*+,-./0123456789", 26);
    assert_memory_equal(text + LINE - 2, "\r\n!\"#", 5);
    assert_memory_equal(text, text + PERIOD, PERIOD);
    assert_memory_equal(text, text + 2 * PERIOD, PERIOD);
}

static void chargen_does_not_amplify(void **state)
{
    weft_host *h = ((struct pair *)*state)->b;
    static char request[2000];
    char buf[3000];

    for (size_t n = 0; n < 512; n += n < 20 ? 1 : 41) { /* 28 bytes of headers, both ways */
        int64_t got = ask_udp(h, 0, 19, request, n, buf, sizeof buf);

        assert_true(got >= (int64_t)n && got + 28 <= 3 * (int64_t)(n + 28));
    }
    assert_int_equal(ask_udp(h, 0, 19, request, 0, buf, sizeof buf), 56);
    assert_int_equal(ask_udp(h, 0, 19, request, 6, buf, sizeof buf), 74);
    assert_int_equal(ask_udp(h, 0, 19, request, 200, buf, sizeof buf), 200);
    assert_int_equal(ask_udp(h, 0, 19, request, 1400, buf, sizeof buf), 512);
    assert_int_equal(ask_udp(h, 7, 19, request, 10, buf, sizeof buf), WEFT_EAGAIN);
}

static void daytime_says_one_line_and_closes(void **state)
{
    weft_host *h = ((struct pair *)*state)->b;
    char text[100];

    assert_int_equal(hear_all(h, tcp_connected(h, SERVER, 13), text, sizeof text), 26);
    assert_string_equal(text + 24, "\r\n");
    assert_int_equal(ask_udp(h, 0, 13, "", 0, text, sizeof text), 26);
}

static void time_counts_from_1900_high_byte_first(void **state)
{
    weft_host *h = ((struct pair *)*state)->b;
    uint8_t b[5] = {0};
    uint32_t told;

    assert_int_equal(hear_all(h, tcp_connected(h, SERVER, 37), (char *)b, sizeof b), 4);
    told = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    assert_in_range((uint32_t)time(NULL) - (told - 2208988800u), 0, 2);
    assert_int_equal(ask_udp(h, 0, 37, "", 0, b, sizeof b), 4);
}

/* ---- http ---- */

/* Sends a request and reads the answer to its end. */
static void ask_http(void **state, uint16_t port, const char *request, char *answer, size_t n)
{
    weft_host *h = ((struct pair *)*state)->b;
    int s = tcp_connected(h, SERVER, port);

    say(h, s, request, strlen(request));
    hear_all(h, s, answer, n);
}

static void http_answers_by_what_is_asked(void **state)
{
    static const struct {
        uint16_t port;
        const char *request, *status, *contains;
    } rows[] = {
        {80, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ", "<h1>It works</h1>"},
        {80, "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", "Connection: close"},
        {80, "GET /nix HTTP/1.0\r\n\r\n", "HTTP/1.1 404 ", ""},
        {80, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 400 ", ""},
        {80, "BREW / HTTP/1.0\r\n\r\n", "HTTP/1.1 405 ", "Allow: GET, HEAD"},
        {80, "GET / HTTP/3.0\r\n\r\n", "HTTP/1.1 505 ", ""},
        {80, "hello\r\n\r\n", "HTTP/1.1 400 ", ""},
        {80, "GET x HTTP/1.0\r\n\r\n", "HTTP/1.1 400 ", ""},
        {80, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 ", "Connection: close"},
        {8080, "GET /a.txt HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", "\r\n\r\nhello\n"},
        {8080, "GET /%61.txt?q HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", "text/plain"},
        {8080, "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", "text/html"},
        {8080, "GET /out HTTP/1.0\r\n\r\n", "HTTP/1.1 404 ", ""},
        {8080, "GET /../../etc/passwd HTTP/1.0\r\n\r\n", "HTTP/1.1 404 ", ""},
        {8080, "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.0\r\n\r\n", "HTTP/1.1 404 ", ""},
        {8080, "GET //etc/passwd HTTP/1.0\r\n\r\n", "HTTP/1.1 404 ", ""},
        {8080, "GET /a%00.txt HTTP/1.0\r\n\r\n", "HTTP/1.1 400 ", ""},
        {8080, "GET /a%zz HTTP/1.0\r\n\r\n", "HTTP/1.1 400 ", ""},
    };
    char answer[4096];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ask_http(state, rows[i].port, rows[i].request, answer, sizeof answer);
        if (strncmp(answer, rows[i].status, strlen(rows[i].status)) != 0 || !strstr(answer, rows[i].contains))
            fail_msg("%s answered %s", rows[i].request, answer);
    }
}

static void http_head_sends_no_body(void **state)
{
    char answer[2048];

    ask_http(state, 8080, "HEAD /a.txt HTTP/1.0\r\n\r\n", answer, sizeof answer);
    assert_non_null(strstr(answer, "Content-Length: 6\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}

static void http_answers_requests_in_one_piece_in_order(void **state)
{
    char answer[8192], *missing;

    ask_http(state, 8080,
             "GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\nGET /nix HTTP/1.1\r\nHost: x\r\n\r\n"
             "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             answer, sizeof answer);
    missing = strstr(answer, "hello\nHTTP/1.1 404 ");
    assert_non_null(missing);
    assert_non_null(strstr(missing, "<p>index</p>"));
}

static void http_takes_a_request_byte_by_byte(void **state)
{
    static const char request[] = "GET /a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    weft_host *h = ((struct pair *)*state)->b;
    int s = tcp_connected(h, SERVER, 8080), on = 1;
    char answer[2048];

    weft_host_setsockopt(h, s, WEFT_SOL_TCP, WEFT_TCP_NODELAY, &on, sizeof on);
    for (size_t i = 0; i + 1 < sizeof request; i++)
        say(h, s, request + i, 1);
    hear_all(h, s, answer, sizeof answer);
    assert_non_null(strstr(answer, "\r\n\r\nhello\n"));
}

static void http_refuses_a_head_with_a_nul_in_it(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\0Content-Length: 9\r\n\r\n";
    weft_host *h = ((struct pair *)*state)->b;
    int s = tcp_connected(h, SERVER, 80);
    char answer[2048];

    say(h, s, request, sizeof request - 1);
    hear_all(h, s, answer, sizeof answer);
    assert_int_equal(strncmp(answer, "HTTP/1.1 400 ", 13), 0);
}

static void http_refuses_a_head_without_end(void **state)
{
    static char request[6000];
    char answer[2048];

    memset(request, 'a', sizeof request - 1);
    ask_http(state, 80, request, answer, sizeof answer);
    assert_int_equal(strncmp(answer, "HTTP/1.1 431 ", 13), 0);
}

/* ---- the loop ---- */

static void a_service_holds_many_connections_at_once(void **state)
{
    enum { MANY = 300 };
    weft_host *h = ((struct pair *)*state)->b;
    int s[MANY], i;
    char text[8], back[8];

    for (i = 0; i < MANY; i++)
        s[i] = tcp_connected(h, SERVER, 7);
    for (i = 0; i < MANY; i++)
        say(h, s[i], text, (size_t)snprintf(text, sizeof text, "%07d", i));
    for (i = MANY - 1; i >= 0; i--) {
        hear_exactly(h, s[i], back, 7);
        snprintf(text, sizeof text, "%07d", i);
        assert_memory_equal(text, back, 7);
        weft_host_close(h, s[i]);
    }
}

static void a_taken_port_is_told(void **state)
{
    const struct service_config config = {.type = &service_echo};
    char why[200] = "";

    assert_int_equal(services_start(all, &config, why, sizeof why), -1);
    assert_non_null(strstr(why, "echo: cannot take TCP port 7: "));
}

static void services_end_with_connections_open(void **state)
{
    struct pair *p = *state;
    struct services *more = services_new(p->a);
    const struct service_config config = {.type = &service_echo, .port = 7007};
    char why[200];
    int s;

    assert_int_equal(services_start(more, &config, why, sizeof why), 0);
    s = tcp_connected(p->b, SERVER, 7007);
    say(p->b, s, "x", 1);
    hear_exactly(p->b, s, why, 1);
    services_stop(more);
    assert_int_equal(weft_host_recv(p->b, s, why, 1, PATIENCE), WEFT_ECONNRESET);
    weft_host_close(p->b, s);
    assert_int_equal(services_start(more, &config, why, sizeof why), -1);
    services_free(more);
}

/* SHLD-13, SHLD-23: over all that was said above. */
static void nothing_was_urgent_and_nothing_was_marked(void **state)
{
    assert_true(frames > 1000);
    assert_int_equal(urgent, 0);
    assert_int_equal(marked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_returns_more_than_it_can_hold),
        cmocka_unit_test(echo_answers_datagrams_but_not_well_known_ports),
        cmocka_unit_test(discard_takes_all_and_says_nothing),
        cmocka_unit_test(chargen_rotates_its_lines),
        cmocka_unit_test(chargen_does_not_amplify),
        cmocka_unit_test(daytime_says_one_line_and_closes),
        cmocka_unit_test(time_counts_from_1900_high_byte_first),
        cmocka_unit_test(http_answers_by_what_is_asked),
        cmocka_unit_test(http_head_sends_no_body),
        cmocka_unit_test(http_answers_requests_in_one_piece_in_order),
        cmocka_unit_test(http_takes_a_request_byte_by_byte),
        cmocka_unit_test(http_refuses_a_head_with_a_nul_in_it),
        cmocka_unit_test(http_refuses_a_head_without_end),
        cmocka_unit_test(a_service_holds_many_connections_at_once),
        cmocka_unit_test(a_taken_port_is_told),
        cmocka_unit_test(services_end_with_connections_open),
        cmocka_unit_test(nothing_was_urgent_and_nothing_was_marked), /* the last */
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
