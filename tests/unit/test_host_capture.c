/* SPDX-License-Identifier: MIT */
/* Captures of a running host: what is in the file, when captures come and go, and readers that do not read. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host_pair.h"

/* ---- a small reader of pcapng ---- */

struct packet {
    uint64_t at; /* nanoseconds since 1970 */
    unsigned interface, length;
    bool outbound;
    const uint8_t *bytes;
    char comment[200];
};

struct file {
    uint8_t *bytes;
    size_t n, at;
};

static uint32_t load_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static struct file file_load(const char *path)
{
    struct file f = {calloc(1, 1 << 20), 0, 0};
    int fd = open(path, O_RDONLY);
    ssize_t r;

    assert_true(fd >= 0);
    while ((r = read(fd, f.bytes + f.n, (1 << 20) - f.n)) > 0)
        f.n += (size_t)r;
    close(fd);
    return f;
}

static void packet_read(const uint8_t *block, uint32_t length, struct packet *p)
{
    uint32_t kept = load_u32(block + 20), at = 28 + (kept + 3) / 4 * 4, code, n;

    *p = (struct packet){.at = (uint64_t)load_u32(block + 12) << 32 | load_u32(block + 16),
                         .interface = load_u32(block + 8), .length = kept, .bytes = block + 28};
    while (at + 8 <= length && (code = load_u32(block + at) & 0xffff) != 0) {
        n = load_u32(block + at) >> 16;
        if (code == 1)
            memcpy(p->comment, block + at + 4, n < 199 ? n : 199);
        if (code == 2)
            p->outbound = (load_u32(block + at + 4) & 3) == 2;
        at += 4 + (n + 3) / 4 * 4;
    }
}

/* The next packet; false at the end. */
static bool file_next(struct file *f, struct packet *p)
{
    const uint8_t *block;
    uint32_t length;

    while (f->at < f->n) {
        block = f->bytes + f->at;
        length = load_u32(block + 4);
        assert_true(length >= 12 && f->at + length <= f->n);
        f->at += length;
        if (load_u32(block) == 6) {
            packet_read(block, length, p);
            return true;
        }
    }
    return false;
}

static void exchange(struct pair *p, int sa, int sb)
{
    struct weft_addr to = {ADDRESS(2), 7}, from;
    char buf[10];

    assert_int_equal(weft_host_sendto(p->a, sa, "hello", 5, &to), 5);
    assert_int_equal(weft_host_recvfrom(p->b, sb, buf, sizeof(buf), &from, PATIENCE), 5);
    assert_int_equal(weft_host_sendto(p->b, sb, "world", 5, &from), 5);
    assert_int_equal(weft_host_recvfrom(p->a, sa, buf, sizeof(buf), &from, PATIENCE), 5);
}

static char *temporary(void)
{
    static char path[60];

    snprintf(path, sizeof(path), "/tmp/weft-test-capture-XXXXXX");
    close(mkstemp(path));
    return path;
}

/* Is it IPv4 in Ethernet with this protocol? */
static bool is_ipv4(const struct packet *p, uint8_t protocol)
{
    return p->length >= 34 && p->bytes[12] == 8 && p->bytes[13] == 0 && p->bytes[23] == protocol;
}

static void a_capture_holds_what_was_said_in_order(void **state)
{
    struct pair *p = *state;
    int sa = udp_bound(p->a, 1000), sb = udp_bound(p->b, 7), udp = 0;
    char *path = temporary(), why[200];
    uint64_t now = (uint64_t)time(NULL) * WEFT_S, last = 0;
    struct packet packet;
    struct file f;

    assert_int_equal(weft_host_capture(p->a, path, why, sizeof(why)), 0);
    exchange(p, sa, sb);
    weft_host_free(p->a);
    p->a = NULL;
    f = file_load(path);
    while (file_next(&f, &packet)) {
        assert_true(packet.at >= last && packet.at >= now - WEFT_S && packet.at < now + 100 * WEFT_S);
        last = packet.at;
        if (!is_ipv4(&packet, 17))
            continue;
        assert_int_equal(packet.outbound, udp == 0);
        assert_memory_equal(packet.bytes + 42, udp == 0 ? "hello" : "world", 5);
        udp++;
    }
    assert_int_equal(udp, 2);
    free(f.bytes);
    unlink(path);
}

static void a_drop_is_the_packets_comment(void **state)
{
    struct pair *p = *state;
    int sa = udp_bound(p->a, 1000), sb = udp_bound(p->b, 7), found = 0;
    struct weft_addr nobody = {ADDRESS(2), 8};
    char *path = temporary(), why[200];
    struct packet packet;
    struct file f;

    assert_int_equal(weft_host_capture(p->b, path, why, sizeof(why)), 0);
    assert_int_equal(weft_host_sendto(p->a, sa, "hello", 5, &nobody), 5);
    exchange(p, sa, sb); /* so the one before has surely been there */
    weft_host_free(p->b);
    p->b = NULL;
    f = file_load(path);
    while (file_next(&f, &packet)) {
        if (!is_ipv4(&packet, 17) || packet.outbound)
            continue;
        assert_string_equal(packet.comment, found ? "" : "dropped: udp_no_port");
        found++;
    }
    assert_int_equal(found, 2);
    free(f.bytes);
    unlink(path);
}

static void changes_of_state_are_the_packets_comments(void **state)
{
    static const struct {
        bool outbound;
        const char *comment;
    } expected[] = {
        {true, "CLOSED → SYN-SENT"},
        {false, "SYN-SENT → ESTABLISHED"},
    };
    struct pair *p = *state;
    int listener = tcp_listener(p->b, 80), s;
    char *path = temporary(), why[200];
    struct packet packet;
    struct file f;
    unsigned n = 0;

    assert_int_equal(weft_host_capture(p->a, path, why, sizeof(why)), 0);
    tcp_connected(p->a, ADDRESS(2), 80);
    s = weft_host_accept(p->b, listener, NULL, PATIENCE);
    assert_true(s >= 0);
    weft_host_free(p->a);
    p->a = NULL;
    f = file_load(path);
    while (n < 2 && file_next(&f, &packet)) {
        if (!is_ipv4(&packet, 6))
            continue;
        assert_int_equal(packet.outbound, expected[n].outbound);
        assert_string_equal(packet.comment, expected[n].comment);
        n++;
    }
    assert_int_equal(n, 2);
    free(f.bytes);
    unlink(path);
}

/* Why a connection was reset stands on the reset. */
static void reasons_are_the_packets_comments(void **state)
{
    struct pair *p = *state;
    int listener = tcp_listener(p->b, 80), s, c;
    char *path = temporary(), why[200];
    struct packet packet;
    struct file f;
    bool told = false;

    assert_int_equal(weft_host_capture(p->a, path, why, sizeof(why)), 0);
    c = tcp_connected(p->a, ADDRESS(2), 80);
    s = weft_host_accept(p->b, listener, NULL, PATIENCE);
    assert_true(s >= 0);
    assert_int_equal(weft_host_abort(p->a, c), 0);
    weft_host_free(p->a);
    p->a = NULL;
    f = file_load(path);
    while (file_next(&f, &packet))
        told = told || (packet.outbound && strstr(packet.comment, "why: close_aborted"));
    assert_true(told);
    free(f.bytes);
    unlink(path);
}

static void the_loopback_is_recorded_once(void **state)
{
    weft_host *h = host_make(NULL, NULL);
    int s = udp_bound(h, 9), c = udp_bound(h, 0), n = 0;
    struct weft_addr to = {weft_ipv4(0x7f000001), 9};
    char *path = temporary(), why[200], buf[8];
    struct packet packet;
    struct file f;

    (void)state;
    assert_int_equal(weft_host_capture(h, path, why, sizeof(why)), 0);
    assert_int_equal(weft_host_sendto(h, c, "x", 1, &to), 1);
    assert_int_equal(weft_host_recv(h, s, buf, sizeof(buf), PATIENCE), 1);
    weft_host_free(h);
    f = file_load(path);
    while (file_next(&f, &packet)) {
        assert_int_equal(packet.bytes[0], 0x45); /* no link header */
        n++;
    }
    assert_int_equal(n, 1);
    free(f.bytes);
    unlink(path);
}

static void captures_come_and_go_while_the_host_runs(void **state)
{
    struct pair *p = *state;
    int sa = udp_bound(p->a, 1000), sb = udp_bound(p->b, 7), fd[2], first, second, i;
    char *path[2] = {strdup(temporary()), strdup(temporary())}, why[200];
    struct packet packet;
    struct file f;
    int udp[2] = {0, 0};

    exchange(p, sa, sb);
    for (i = 0; i < 2; i++)
        fd[i] = open(path[i], O_WRONLY);
    first = weft_host_capture_fd(p->a, fd[0], why, sizeof(why));
    exchange(p, sa, sb);
    second = weft_host_capture_fd(p->a, fd[1], why, sizeof(why));
    assert_true(first >= 0 && second >= 0 && first != second);
    exchange(p, sa, sb);
    weft_host_capture_stop(p->a, first);
    exchange(p, sa, sb);
    weft_host_capture_stop(p->a, second);
    exchange(p, sa, sb);
    for (i = 0; i < 2; i++) {
        f = file_load(path[i]);
        while (file_next(&f, &packet))
            udp[i] += is_ipv4(&packet, 17);
        free(f.bytes);
        unlink(path[i]);
        free(path[i]);
        close(fd[i]);
    }
    assert_int_equal(udp[0], 4);
    assert_int_equal(udp[1], 4);
    weft_host_capture_stop(p->a, first); /* again, and nonsense: nothing happens */
    weft_host_capture_stop(p->a, -1);
    weft_host_capture_stop(p->a, 10000);
}

static bool wants_the_byte_at_the_end(void *ctx, enum weft_link link, const uint8_t *packet, size_t n)
{
    return link == WEFT_LINK_ETHERNET && n == *(const size_t *)ctx && packet[n - 1] == 0x77;
}

/* Who chooses sees all of a packet, of whatever pieces it is made. */
static void a_capture_has_what_was_chosen(void **state)
{
    struct pair *p = *state;
    static uint8_t big[1400];
    size_t wanted = 14 + 20 + 8 + sizeof(big);
    int sa = udp_bound(p->a, 1000), sb = udp_bound(p->b, 7), fd, number, found = 0;
    const struct weft_capture_choice choice = {wants_the_byte_at_the_end, &wanted};
    struct weft_addr to = {ADDRESS(2), 7};
    const char *path = temporary();
    struct packet packet;
    char why[200];
    struct file f;

    fd = open(path, O_WRONLY);
    number = weft_host_capture_some(p->a, fd, &choice, why, sizeof(why));
    assert_true(number >= 0);
    exchange(p, sa, sb);
    for (unsigned last = 0x76; last <= 0x78; last++) {
        big[sizeof(big) - 1] = (uint8_t)last;
        assert_int_equal(weft_host_sendto(p->a, sa, big, sizeof(big), &to), sizeof(big));
        assert_int_equal(weft_host_recv(p->b, sb, big, sizeof(big), PATIENCE), sizeof(big));
    }
    weft_host_capture_stop(p->a, number);
    close(fd);
    f = file_load(path);
    for (; file_next(&f, &packet); found++)
        assert_int_equal(packet.bytes[wanted - 1], 0x77);
    assert_int_equal(found, 1);
    free(f.bytes);
    unlink(path);
}

/* A pipe that nobody empties fills up; the host goes on, and stopping does not wait for it. */
static void a_reader_that_does_not_read_stalls_nobody(void **state)
{
    struct pair *p = *state;
    static char big[1400];
    int sa = udp_bound(p->a, 1000), sb = udp_bound(p->b, 7), fd[2], capture, i;
    struct weft_addr to = {ADDRESS(2), 7};
    char why[200];

    assert_int_equal(pipe(fd), 0);
    capture = weft_host_capture_fd(p->a, fd[1], why, sizeof(why));
    assert_true(capture >= 0);
    for (i = 0; i < 5000; i++) {
        assert_int_equal(weft_host_sendto(p->a, sa, big, sizeof(big), &to), sizeof(big));
        assert_int_equal(weft_host_recv(p->b, sb, big, sizeof(big), PATIENCE), sizeof(big));
    }
    weft_host_capture_stop(p->a, capture);
    close(fd[0]);
    close(fd[1]);
}

static void a_reader_that_went_away_stalls_nobody(void **state)
{
    struct pair *p = *state;
    int sa = udp_bound(p->a, 1000), sb = udp_bound(p->b, 7), fd[2], i;
    char why[200];

    assert_int_equal(pipe(fd), 0);
    assert_true(weft_host_capture_fd(p->a, fd[1], why, sizeof(why)) >= 0);
    close(fd[0]);
    close(fd[1]);
    for (i = 0; i < 50; i++)
        exchange(p, sa, sb);
}

struct seen {
    unsigned rx, tx, other;
};

static void count_packets(void *ctx, const struct weft_trace *event)
{
    struct seen *seen = ctx;

    seen->rx += event->kind == WEFT_TRACE_RX && weft_pkt_len(event->pkt) == 47;
    seen->tx += event->kind == WEFT_TRACE_TX && strcmp(weft_if_name(event->ifp), "pair0") == 0;
}

static void a_function_sees_each_event(void **state)
{
    struct pair *p = *state;
    int sa = udp_bound(p->a, 1000), sb = udp_bound(p->b, 7), tap;
    struct seen seen = {0, 0, 0};

    exchange(p, sa, sb);
    tap = weft_host_tap_packets(p->a, count_packets, &seen);
    assert_true(tap >= 0);
    exchange(p, sa, sb);
    weft_host_capture_stop(p->a, tap);
    exchange(p, sa, sb);
    assert_int_equal(seen.rx, 1);
    assert_int_equal(seen.tx, 1);
}

static void a_file_that_cannot_be_made_is_one_line(void **state)
{
    struct pair *p = *state;
    char why[200] = "";

    assert_int_equal(weft_host_capture(p->a, "/nowhere/x", why, sizeof(why)), -1);
    assert_string_equal(why, "/nowhere/x: No such file or directory");
    assert_int_equal(weft_host_capture_fd(p->a, 9999, why, sizeof(why)), -1);
}

#define pair_test(f) cmocka_unit_test_setup_teardown(f, pair_setup, pair_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        pair_test(a_capture_holds_what_was_said_in_order),
        pair_test(a_drop_is_the_packets_comment),
        pair_test(changes_of_state_are_the_packets_comments),
        pair_test(reasons_are_the_packets_comments),
        cmocka_unit_test(the_loopback_is_recorded_once),
        pair_test(captures_come_and_go_while_the_host_runs),
        pair_test(a_capture_has_what_was_chosen),
        pair_test(a_reader_that_does_not_read_stalls_nobody),
        pair_test(a_reader_that_went_away_stalls_nobody),
        pair_test(a_function_sees_each_event),
        pair_test(a_file_that_cannot_be_made_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
