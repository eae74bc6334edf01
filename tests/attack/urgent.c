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

/* Each pointer at each place. next: what comes in order, four bytes a round, so that the places move with it. */
static uint32_t sweep(struct field *f, struct mallory *m, size_t len, uint32_t next)
{
    for (uint32_t pointer = 0; pointer < 65536; pointer++) {
        for (size_t i = 0; i < PLACES; i++)
            throw_urgent(f, m, next + (uint32_t)places[i], len, (uint16_t)pointer);
        if (pointer % 64 == 63) {
            throw_urgent(f, m, next, 4, (uint16_t)pointer);
            next = read_all(m, next);
            attack_drain(f);
        }
    }
    return next;
}

static struct mallory connected(struct field *f)
{
    struct mallory m = mallory_connect(f, 5000, 1460, true, -1);
    int on = 1;

    assert_int_equal(weft_setsockopt(m.sock, WEFT_SOL_SOCKET, WEFT_SO_OOBINLINE, &on, sizeof on), 0);
    return m;
}

static void no_pointer_changes_what_is_read(void **state)
{
    struct field *f = field_new(NULL);
    struct mallory m = connected(f);
    uint32_t next = sweep(f, &m, 0, 0);

    next = sweep(f, &m, 8, next);
    assert_true(next >= 2 * 1024 * 4); /* each round's text has been read */
    assert_int_equal(weft_tcp_state(m.sock), WEFT_TCP_ESTABLISHED);
    expect_work_below(f, 1000);
    weft_abort(m.sock);
    field_run(f, 100 * WEFT_MS);
    field_end(f);
}

/* Out of line: the byte at the mark is nobody's but who asks for it, and what is left is in order. */
static void a_mark_takes_one_byte_out_of_the_stream_at_most(void **state)
{
    struct field *f = field_new(NULL);
    struct mallory m = mallory_connect(f, 5000, 1460, true, -1);
    uint32_t next = 0, read = 0;

    for (uint32_t pointer = 0; pointer < 65536; pointer += 5, next += 8) {
        uint8_t bytes[64], urgent;
        int64_t n;

        throw_urgent(f, &m, next, 8, (uint16_t)pointer);
        while ((n = weft_recv(m.sock, bytes, sizeof bytes, 0)) > 0)
            for (int64_t i = 0; i < n; i++, read++)
                while (bytes[i] != peers_byte(read)) /* a byte that was marked */
                    assert_true(++read < next + 8);
        weft_recv(m.sock, &urgent, 1, WEFT_MSG_OOB);
        attack_drain(f);
    }
    assert_true(read + 2 >= next);
    assert_int_equal(weft_tcp_state(m.sock), WEFT_TCP_ESTABLISHED);
    expect_work_below(f, 1000);
    weft_abort(m.sock);
    field_run(f, 100 * WEFT_MS);
    field_end(f);
}

/* ---- in other states ---- */

static void no_state_change(struct field *f, struct mallory *m, enum weft_tcp_state s)
{
    assert_int_equal(weft_tcp_state(m->sock), s);
    for (uint32_t pointer = 0; pointer < 65536; pointer += 3)
        for (size_t i = 0; i < PLACES; i++)
            if (places[i])
                throw_urgent(f, m, (uint32_t)places[i], pointer % 2 ? 8 : 0, (uint16_t)pointer);
            else
                throw_urgent(f, m, 0, 0, (uint16_t)pointer);
    attack_drain(f);
    assert_int_equal(weft_tcp_state(m->sock), s);
    assert_int_equal(weft_error(m->sock), 0);
    expect_work_below(f, 1000);
    weft_abort(m->sock);
    field_run(f, 100 * WEFT_MS);
    field_end(f);
}

static void urgent_in_fin_wait_1_and_2(void **state)
{
    for (int acknowledged = 0; acknowledged < 2; acknowledged++) {
        struct field *f = field_new(NULL);
        struct mallory m = connected(f);

        assert_int_equal(weft_shutdown(m.sock, WEFT_SHUT_WR), 0);
        attack_drain(f);
        m.ack += (uint32_t)acknowledged;
        mallory_send(f, &m, SEGMENT(0));
        no_state_change(f, &m, acknowledged ? WEFT_TCP_FIN_WAIT_2 : WEFT_TCP_FIN_WAIT_1);
    }
}

static void urgent_after_the_end(void **state)
{
    struct field *f = field_new(NULL);
    struct mallory m = connected(f);

    mallory_send(f, &m, SEGMENT(.flags = TCP_FIN));
    m.seq++;
    no_state_change(f, &m, WEFT_TCP_CLOSE_WAIT);
}

/* On a SYN, on the segment that completes the handshake, and to a record in TIME-WAIT. */
static void urgent_before_and_after_there_is_a_connection(void **state)
{
    struct field *f = field_new(NULL);
    struct caught *c = malloc(sizeof *c);

    for (uint32_t pointer = 0; pointer < 65536; pointer += 77) {
        struct mallory m = {.port = (uint16_t)(5000 + pointer / 77), .seq = 1000};
        uint32_t text = pointer % 2;

        attack_segment(f, SEGMENT(.src_port = m.port, .dst_port = SERVICE, .seq = m.seq++, .urgent = (uint16_t)pointer,
                                  .flags = TCP_SYN | TCP_URG));
        assert_true(attack_take(f, c));
        assert_int_equal(c->tcp.flags, TCP_SYN | TCP_ACK);
        m.ack = c->tcp.seq.v + 1;
        throw_urgent(f, &m, 0, text, (uint16_t)pointer);
        m.sock = weft_accept(f->service, NULL, NULL);
        assert_non_null(m.sock);
        weft_shutdown(m.sock, WEFT_SHUT_WR);
        attack_drain(f);
        m.ack++;
        mallory_send(f, &m, SEGMENT(.flags = TCP_FIN | TCP_URG, .urgent = (uint16_t)pointer,
                                    .seq = m.seq + text));
        weft_close(m.sock);
        throw_urgent(f, &m, 1, 8, (uint16_t)pointer);
        attack_drain(f);
        if (pointer % 10 == 0)
            field_run(f, WEFT_MS);
    }
    assert_true(field_time_waits(f) > 0);
    expect_work_below(f, 1500);
    free(c);
    field_run(f, WEFT_S);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_pointer_changes_what_is_read),
        cmocka_unit_test(a_mark_takes_one_byte_out_of_the_stream_at_most),
        cmocka_unit_test(urgent_in_fin_wait_1_and_2),
        cmocka_unit_test(urgent_after_the_end),
        cmocka_unit_test(urgent_before_and_after_there_is_a_connection),
    };

    return cmocka_run_group_tests_name("attack_urgent", tests, NULL, NULL);
}
