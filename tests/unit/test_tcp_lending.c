/* SPDX-License-Identifier: MIT */
/* What is carried, lent and borrowed between a stream and its user without a copy. */
#include "tcp_bench.h"

/* Puts `n` times the letter there, or takes as many bytes; counts what was offered. */
struct porter {
    char letter;
    int64_t n;
    size_t offered;
    unsigned calls;
};

static int64_t carry_letters(void *ctx, const struct weft_iov *piece, size_t n)
{
    struct porter *p = ctx;
    int64_t left = p->n;

    p->calls++;
    p->offered = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = left > 0 && (size_t)left > piece[i].len ? piece[i].len : left > 0 ? (size_t)left : 0;

        p->offered += piece[i].len;
        memset(piece[i].base, p->letter, k);
        left -= (int64_t)k;
    }
    return p->n < 0 ? p->n : p->n - left;
}

static int64_t take_bytes(void *ctx, const struct weft_iov *piece, size_t n)
{
    struct porter *p = ctx;
    int64_t all = 0;

    p->calls++;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(((const char *)piece[i].base)[0], p->letter);
        all += (int64_t)piece[i].len;
    }
    p->offered = (size_t)all;
    return p->n < all ? p->n : all;
}

static void streams_are_carried_without_a_copy_between(void **state)
{
    struct bench *b = *state;
    struct porter in = {'x', 1000, 0, 0}, out = {'x', 600, 0, 0};

    assert_int_equal(weft_send_from(b->client, 5, carry_letters, &in), WEFT_EAGAIN); /* before the handshake */
    assert_int_equal(in.calls, 0);
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_recv_to(b->server, take_bytes, &out), WEFT_EAGAIN);
    assert_int_equal(weft_send_from(b->client, 3000, carry_letters, &in), 1000);
    assert_int_equal(in.offered, 3000);
    assert_int_equal(weft_send_from(b->client, 0, carry_letters, &in), 0);
    in.n = WEFT_EAGAIN;
    assert_int_equal(weft_send_from(b->client, 10, carry_letters, &in), WEFT_EAGAIN);
    carry(b);
    assert_int_equal(weft_unread(b->server), 1000);
    assert_int_equal(weft_recv_to(b->server, take_bytes, &out), 600);
    assert_int_equal(out.offered, 1000);
    out.n = WEFT_EAGAIN;
    assert_int_equal(weft_recv_to(b->server, take_bytes, &out), WEFT_EAGAIN);
    assert_int_equal(weft_unread(b->server), 400);
    assert_int_equal(weft_shutdown(b->client, WEFT_SHUT_WR), 0);
    assert_int_equal(weft_send_from(b->client, 10, carry_letters, &in), WEFT_EPIPE);
    carry(b);
    out.n = 1; /* a single one is taken, and the last one is shown, as others are */
    assert_int_equal(weft_recv_to(b->server, take_bytes, &out), 1);
    assert_int_equal(weft_unread(b->server), 399);
    out.n = 398;
    assert_int_equal(weft_recv_to(b->server, take_bytes, &out), 398);
    assert_int_equal(out.offered, 399);
    assert_int_equal(weft_recv_to(b->server, take_bytes, &out), 1);
    assert_int_equal(weft_recv_to(b->server, take_bytes, &out), 0);
}

static void a_carrier_finds_no_more_room_than_a_write_does(void **state)
{
    struct bench *b = *state;
    struct porter in = {'x', INT64_MAX, 0, 0};
    int small = 10000;
    int64_t r;

    carry(b);
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, &small, sizeof small), 0);
    for (unsigned i = 0; (r = weft_send_from(b->client, 1 << 20, carry_letters, &in)) > 0; i++) {
        assert_int_equal(r, in.offered);
        assert_true(i < 100);
        in.n = INT64_MAX;
    }
    assert_int_equal(r, WEFT_EAGAIN);
    assert_int_equal(weft_send(b->client, "x", 1, 0), WEFT_EAGAIN);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_true(bench_hears_of_room(b));
}

static void came_back(void *ctx) { ++*(unsigned *)ctx; }

static void lend(struct bench *b, const char *bytes, size_t n, unsigned *back)
{
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_send_lent(b->client, bytes, n, 0, came_back, back), n);
}

static void what_was_lent_comes_back_once_with_its_acknowledgment(void **state)
{
    static char bytes[3000] = "lent";
    struct bench *b = *state;
    struct weft_loan piece[8];
    size_t n = 8, got = 0;
    unsigned back = 0;

    lend(b, bytes, sizeof bytes, &back);
    assert_int_equal(back, 0);
    pass(b, WEFT_S); /* acknowledged; but the loopback hands it over by reference, and it is not read yet */
    assert_int_equal(back, 0);
    assert_int_equal(weft_recv_borrowed(b->server, piece, &n), sizeof bytes);
    for (size_t i = 0; i < n; got += piece[i++].len)
        assert_ptr_equal(piece[i].base, bytes + got);
    assert_int_equal(got, sizeof bytes);
    assert_int_equal(back, 0);
    weft_return(piece, n);
    assert_int_equal(back, 1);
    pass(b, WEFT_S);
    assert_int_equal(back, 1);
}

static void what_was_lent_comes_back_when_its_connection_goes(void **state)
{
    static char bytes[3000] = "lent";
    struct bench *b = *state;
    unsigned back = 0;

    lend(b, bytes, sizeof bytes, &back);
    bench_lose(b);
    assert_int_equal(back, 0);
    weft_abort(b->client);
    assert_int_equal(back, 1);
}

static void what_was_lent_can_be_sent_again(void **state)
{
    static char bytes[3000], read[3000];
    struct bench *b = *state;
    unsigned back = 0;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7);
    lend(b, bytes, sizeof bytes, &back);
    bench_lose(b);
    pass(b, 5 * WEFT_S);
    assert_int_equal(weft_recv(b->server, read, sizeof read, 0), sizeof read);
    assert_memory_equal(read, bytes, sizeof bytes);
    pass(b, WEFT_S);
    assert_int_equal(back, 1);
}

static void what_is_refused_was_never_lent(void **state)
{
    struct bench *b = *state;
    weft_sock *datagrams = weft_socket(b->s, WEFT_UDP, NULL);
    unsigned back = 0;

    assert_int_equal(weft_send_lent(b->client, "abc", 3, 0, came_back, &back), WEFT_EAGAIN); /* before the handshake */
    carry(b);
    assert_int_equal(weft_send_lent(b->client, "abc", 3, WEFT_MSG_OOB, came_back, &back), WEFT_EINVAL);
    assert_int_equal(weft_send_lent(b->client, "abc", 0, 0, came_back, &back), 0);
    assert_int_equal(weft_send_lent(datagrams, "abc", 3, 0, came_back, &back), WEFT_EOPNOTSUPP);
    assert_int_equal(weft_shutdown(b->client, WEFT_SHUT_WR), 0);
    assert_int_equal(weft_send_lent(b->client, "abc", 3, 0, came_back, &back), WEFT_EPIPE);
    assert_int_equal(back, 0);
    weft_close(datagrams);
}

static void as_much_is_lent_as_a_write_would_take(void **state)
{
    static char bytes[1 << 20];
    static unsigned back; /* some of it comes back when the stack goes */
    struct bench *b = *state;
    int small = 10000;
    int64_t n, all = 0;

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, &small, sizeof small), 0);
    while ((n = weft_send_lent(b->client, bytes, sizeof bytes, 0, came_back, &back)) > 0) {
        assert_true((size_t)n < sizeof bytes);
        all += n;
    }
    assert_int_equal(n, WEFT_EAGAIN);
    assert_int_equal(weft_unsent(b->client), all);
}

static void borrowed_pieces_outlive_what_is_read_after_them(void **state)
{
    struct bench *b = *state;
    struct weft_loan first, second;
    size_t one = 1, none = 0;
    char text[8];

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_recv_borrowed(b->server, &first, &none), WEFT_EINVAL);
    assert_int_equal(weft_recv_borrowed(b->server, &first, &one), WEFT_EAGAIN);
    assert_int_equal(one, 0);
    assert_int_equal(weft_send(b->client, "first", 5, 0), 5);
    carry(b);
    one = 1;
    assert_int_equal(weft_recv_borrowed(b->server, &first, &one), 5);
    assert_int_equal(weft_unread(b->server), 0);
    assert_int_equal(weft_send(b->client, "second", 6, 0), 6);
    carry(b);
    assert_int_equal(weft_recv_borrowed(b->server, &second, &one), 6);
    assert_int_equal(weft_send(b->client, "third", 5, 0), 5);
    assert_int_equal(weft_shutdown(b->client, WEFT_SHUT_WR), 0);
    carry(b);
    assert_int_equal(weft_recv(b->server, text, sizeof text, 0), 5);
    assert_memory_equal(first.base, "first", 5);
    assert_memory_equal(second.base, "second", 6);
    weft_return(&second, 1);
    weft_return(&first, 1);
    assert_int_equal(weft_recv_borrowed(b->server, &first, &one), 0);
    assert_int_equal(one, 0);
}

/* What waits lies in several pieces: no more are told than there is room for, and the rest waits on. */
static void no_more_pieces_are_borrowed_than_there_is_room_for(void **state)
{
    static const char untouched[] = "no piece";
    static char bytes[3][600];
    struct weft_loan piece[3] = {[1] = {untouched, 1, NULL}};
    struct bench *b = *state;
    size_t one = 1, two = 2;
    unsigned back = 0;

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(weft_send_lent(b->client, bytes[i], sizeof bytes[i], 0, came_back, &back), sizeof bytes[i]);
        carry(b);
    }
    assert_int_equal(weft_recv_borrowed(b->server, piece, &one), 600);
    assert_int_equal(one, 1);
    assert_ptr_equal(piece[1].base, untouched);
    assert_int_equal(weft_unread(b->server), 1200);
    weft_return(piece, 1);
    assert_int_equal(weft_recv_borrowed(b->server, piece, &two), 1200);
    assert_int_equal(two, 2);
    weft_return(piece, 2);
    pass(b, WEFT_S);
    assert_int_equal(back, 3);
}

static void what_is_carried_ends_before_an_urgent_byte(void **state)
{
    struct bench *b = *state;
    struct porter out = {'x', 100, 0, 0};

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_send(b->client, "xx", 2, 0), 2);
    assert_int_equal(weft_send(b->client, "!", 1, WEFT_MSG_OOB), 1);
    assert_int_equal(weft_send(b->client, "xyz", 3, 0), 3);
    carry(b);
    assert_int_equal(weft_recv_to(b->server, take_bytes, &out), 2);
    assert_int_equal(weft_recv_to(b->server, take_bytes, &out), 3); /* the urgent one is passed over */
    assert_int_equal(weft_recv_to(b->server, take_bytes, &out), WEFT_EAGAIN);
}

/* Who has read past an urgent byte is told of it no more, be it by a single byte, as on Linux. */
static void one_byte_carried_leaves_the_urgent_one_behind(void **state)
{
    struct bench *b = *state;
    struct porter out = {'x', 100, 0, 0};

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_send(b->client, "!", 1, WEFT_MSG_OOB), 1);
    assert_int_equal(weft_send(b->client, "x", 1, 0), 1);
    carry(b);
    assert_true(weft_ready(b->server) & WEFT_URGENT);
    assert_int_equal(weft_recv_to(b->server, take_bytes, &out), 1);
    assert_false(weft_ready(b->server) & WEFT_URGENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(streams_are_carried_without_a_copy_between, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_carrier_finds_no_more_room_than_a_write_does, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(what_was_lent_comes_back_once_with_its_acknowledgment,
                                        bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(what_was_lent_comes_back_when_its_connection_goes, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(what_was_lent_can_be_sent_again, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(what_is_refused_was_never_lent, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(as_much_is_lent_as_a_write_would_take, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(borrowed_pieces_outlive_what_is_read_after_them, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(no_more_pieces_are_borrowed_than_there_is_room_for, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(what_is_carried_ends_before_an_urgent_byte, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(one_byte_carried_leaves_the_urgent_one_behind, bench_setup, bench_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
