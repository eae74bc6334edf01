/* SPDX-License-Identifier: MIT */
/*
 * Urgent pointers that lie (URGENT/11: CVE-2019-12255, -12260, -12261, -12263): each of the 65,536, on segments at a dozen
 * places around the window, with text and without. The stream's bytes are what the reader reads, each once and in order.
 */
#include "field.h"

static const int32_t places[] = {-100000, -65536, -65535, -1000, -1, 0, 1, 1000, 32767, 65534, 65535, 100000};

#define PLACES (sizeof places / sizeof *places)

static uint8_t peers_byte(uint32_t at) { return (uint8_t)(at * 11 + (at >> 8)); }

/* Text of the stream from `at` on, bytes behind its beginning. */
static void throw_urgent(struct field *f, const struct mallory *m, uint32_t at, size_t len, uint16_t pointer)
{
    uint8_t text[8];

    for (size_t i = 0; i < len; i++)
        text[i] = peers_byte(at + (uint32_t)i);
    mallory_send(f, m, SEGMENT(.flags = TCP_URG, .seq = m->seq + at, .urgent = pointer, .text = text, .len = len));
}

static uint32_t read_all(struct mallory *m, uint32_t at)
{
    uint8_t bytes[4096];
    int64_t n;

    while ((n = weft_recv(m->sock, bytes, sizeof bytes, 0)) > 0)
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(bytes[i], peers_byte(at++));
    assert_int_equal(n, WEFT_EAGAIN);
    return at;
}

/* next: what comes in order, four bytes a round, so that the places move over the stream. */
static uint32_t sweep(struct field *f, struct mallory *m, size_t len, uint32_t next)
{
    for (uint32_t pointer = 0; pointer < 65536; pointer++) {
        size_t place = pointer % PLACES;

        for (size_t i = 0; i < (pointer % 64 ? 1 : PLACES); i++) /* one of them by turns, and now and then all */
            throw_urgent(f, m, next + (uint32_t)places[(place + i) % PLACES], len, (uint16_t)pointer);
        if (pointer % 64 == 63) {
            throw_urgent(f, m, next, 4, (uint16_t)pointer);
            next = read_all(m, next);
            attack_drain(f);
        }
    }
    return next;
}

static void no_pointer_changes_what_is_read(void **state)
{
    struct field *f = field_new(NULL);
    struct mallory m = mallory_connect(f, 5000, 1460, true, -1);
    int on = 1;
    uint32_t next;

    assert_int_equal(weft_setsockopt(m.sock, WEFT_SOL_SOCKET, WEFT_SO_OOBINLINE, &on, sizeof on), 0);
    next = read_all(&m, 0);
    next = sweep(f, &m, 0, next);
    next = sweep(f, &m, 8, next);
    assert_true(next >= 2 * 1024 * 4); /* each round's text has been read */
    assert_int_equal(weft_tcp_state(m.sock), WEFT_TCP_ESTABLISHED);
    expect_work_below(f, 1000);
    weft_abort(m.sock);
    field_run(f, 100 * WEFT_MS);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_pointer_changes_what_is_read),
    };

    return cmocka_run_group_tests_name("attack_urgent", tests, NULL, NULL);
}
