/* SPDX-License-Identifier: MIT */
/* TCP sockets of one stack over its loopback: what no script can say, of events and of 65,536 packets. */
#include "tcp_bench.h"

static int setup(void **state)
{
    struct bench *b = malloc(sizeof *b);

    bench_begin(b, NULL);
    bench_connect(b);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_end(*state);
    free(*state);
    return 0;
}

static void lose(struct bench *b)
{
    weft_pkt *pkts[64];
    size_t n;

    while ((n = weft_output(b->lo, pkts, 64, b->now)) > 0)
        while (n > 0)
            weft_pkt_release(pkts[--n]);
}

static unsigned events_of(struct bench *b, const weft_sock *sock)
{
    struct weft_event event;
    unsigned ready = 0;

    while (weft_events(b->s, &event, 1) == 1)
        if (event.sock == sock)
            ready |= event.ready;
    return ready;
}

static void text_that_came_before_accept_is_told_after_it(void **state)
{
    struct bench *b = *state;

    carry(b);
    assert_int_equal(weft_send(b->client, "early", 5, 0), 5);
    carry(b);
    (void)events_of(b, NULL); /* of a socket that nobody has yet: lost on whoever takes them */
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_non_null(b->server);
    assert_true(events_of(b, b->server) & WEFT_READABLE);
}

/* As on Linux: nothing is what he gets when there is text, and without text he is told that there is none. */
static void who_asks_for_nothing_gets_nothing(void **state)
{
    struct bench *b = *state;
    char sink[8];

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_recv(b->server, sink, 0, 0), WEFT_EAGAIN);
    assert_int_equal(weft_send(b->client, "text", 4, 0), 4);
    carry(b);
    assert_int_equal(weft_recv(b->server, sink, 0, 0), 0);
    assert_int_equal(weft_recv(b->server, sink, sizeof sink, 0), 4);
}

static void as_many_segments_as_there_may_be_are_sent_again_all_the_same(void **state)
{
    struct bench *b = *state;
    const int bytes = 70000;
    char sink[4096];
    int one = 1, got = 0;

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_send(b->server, "w", 1, 0), 1); /* the first segment whose window is scaled */
    carry(b);
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_TCP, WEFT_TCP_NODELAY, &one, sizeof one), 0);
    for (int i = 0; i < bytes; i++) {
        assert_int_equal(weft_send(b->client, "x", 1, 0), 1);
        lose(b);
    }
    for (int i = 0; i < 10; i++) {
        pass(b, WEFT_S);
        for (int64_t n; (n = weft_recv(b->server, sink, sizeof sink, 0)) > 0; got += (int)n)
            ;
    }
    assert_int_equal(got, bytes);
}

/* Linux would have sent it before the cork came; here it waits for the link's turn. */
static void a_cork_holds_only_what_is_written_after_it(void **state)
{
    struct bench *b = *state;
    char sink[16];
    int one = 1;

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_send(b->client, "before", 6, 0), 6);
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_TCP, WEFT_TCP_CORK, &one, sizeof one), 0);
    carry(b);
    assert_int_equal(weft_recv(b->server, sink, sizeof sink, 0), 6);
    assert_int_equal(weft_send(b->client, "after", 5, 0), 5);
    carry(b);
    assert_int_equal(weft_recv(b->server, sink, sizeof sink, 0), WEFT_EAGAIN);
    assert_int_equal(weft_send(b->client, "before", 6, 0), 6); /* nor does the cork once more let go what it holds */
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_TCP, WEFT_TCP_CORK, &one, sizeof one), 0);
    carry(b);
    assert_int_equal(weft_recv(b->server, sink, sizeof sink, 0), WEFT_EAGAIN);
}

/* Reads and carries until the client hears of room or nothing is left. */
static bool hears_of_room(struct bench *b)
{
    char sink[4096];

    for (int quiet = 0; quiet < 3;) {
        quiet = weft_recv(b->server, sink, sizeof sink, 0) > 0 ? 0 : quiet + 1;
        pass(b, 50 * WEFT_MS);
        if (events_of(b, b->client) & WEFT_WRITABLE)
            return true;
    }
    return false;
}

/* He was told of room a moment ago, and it is gone before he looks. */
static void who_asks_for_room_and_finds_none_is_told_again(void **state)
{
    static const char text[65536];
    struct bench *b = *state;
    int least = 1;

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    while (weft_send(b->client, text, sizeof text, 0) > 0)
        carry(b);
    (void)events_of(b, NULL); /* it is connected */
    assert_true(hears_of_room(b));
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, &least, sizeof least), 0);
    assert_false(weft_ready(b->client) & WEFT_WRITABLE);
    assert_true(hears_of_room(b));
    assert_true(weft_ready(b->client) & WEFT_WRITABLE);
}

/* What connect() to AF_UNSPEC does: the peer is told, the user too, and the socket may connect once more. */
static void disconnected_socket_may_connect_again(void **state)
{
    struct bench *b = *state;
    struct weft_addr here = {weft_ipv4(0x7f000001), PORT};
    char byte;

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_send(b->server, "left", 4, 0), 4);
    carry(b);
    assert_int_equal(weft_disconnect(b->client), 0);
    assert_int_equal(weft_tcp_state(b->client), WEFT_TCP_CLOSED);
    assert_int_equal(weft_error(b->client), WEFT_ECONNRESET);
    assert_int_equal(weft_recv(b->client, &byte, 1, 0), WEFT_ENOTCONN);
    carry(b);
    assert_int_equal(weft_recv(b->server, &byte, 1, 0), WEFT_ECONNRESET);
    assert_int_equal(weft_connect(b->client, &here), WEFT_EINPROGRESS);
    carry(b);
    assert_int_equal(weft_tcp_state(b->client), WEFT_TCP_ESTABLISHED);
    assert_int_equal(weft_recv(b->client, &byte, 1, 0), WEFT_EAGAIN);
}

static int quick_ack(const weft_sock *sock)
{
    int value = -1;
    size_t n = sizeof value;

    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_QUICKACK, &value, &n), 0);
    return value;
}

/* TCP_QUICKACK: what is asked before connecting holds; what a connection came to goes with it, as on Linux. */
static void quick_acks_return_with_a_new_connection(void **state)
{
    struct bench *b = *state;
    struct weft_addr here = {weft_ipv4(0x7f000001), PORT};
    weft_sock *other = weft_socket(b->s, WEFT_TCP, NULL);
    int zero = 0;

    assert_int_equal(weft_setsockopt(other, WEFT_SOL_TCP, WEFT_TCP_QUICKACK, &zero, sizeof zero), 0);
    assert_int_equal(weft_connect(other, &here), WEFT_EINPROGRESS);
    assert_int_equal(quick_ack(other), 0);
    carry(b);
    assert_int_equal(weft_tcp_state(other), WEFT_TCP_ESTABLISHED);
    assert_int_equal(weft_setsockopt(other, WEFT_SOL_TCP, WEFT_TCP_QUICKACK, &zero, sizeof zero), 0);
    assert_int_equal(weft_disconnect(other), 0);
    assert_int_equal(quick_ack(other), 1);
    assert_int_equal(weft_connect(other, &here), WEFT_EINPROGRESS);
    carry(b);
    assert_int_equal(quick_ack(other), 1);
    weft_close(other);
}

static void disconnected_listener_may_listen_again(void **state)
{
    struct bench *b = *state;

    carry(b);
    assert_int_equal(weft_disconnect(b->listener), 0);
    carry(b);
    assert_int_equal(weft_error(b->client), WEFT_ECONNRESET);
    assert_int_equal(weft_listen(b->listener, 1), 0);
}

static void disconnecting_before_the_answer_is_silent(void **state)
{
    struct bench *b = *state;

    lose(b);
    assert_int_equal(weft_disconnect(b->client), 0);
    assert_int_equal(weft_error(b->client), WEFT_ECONNRESET);
    assert_false(weft_output_wanted(b->lo));
    assert_int_equal(weft_disconnect(b->client), 0); /* there is nothing more to end */
    assert_int_equal(weft_error(b->client), 0);
}

static int get_saved(const weft_sock *sock, uint8_t *bytes, size_t *n)
{
    return weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_SAVED_SYN, bytes, n);
}

/* A listener keeps the headers of SYNs, for who is accepted: they are given away once. */
static void saved_syn_is_given_once(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[256];
    size_t n = 10;
    int one = 1;

    assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_TCP, WEFT_TCP_SAVE_SYN, &one, sizeof one), 0);
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(get_saved(b->server, bytes, &n), WEFT_EINVAL);
    assert_int_equal(n, 60);
    n = sizeof bytes;
    assert_int_equal(get_saved(b->server, bytes, &n), 0);
    assert_int_equal(n, 60);
    assert_int_equal(bytes[0], 0x45);
    assert_int_equal(bytes[20 + 3], PORT);
    assert_int_equal(bytes[20 + 13], 0x02);
    n = sizeof bytes;
    assert_int_equal(get_saved(b->server, bytes, &n), 0);
    assert_int_equal(n, 0);
}

/* Nobody completes the handshake, or nobody asks: the harness sees that no memory is kept. */
static void saved_syn_goes_with_its_record(void **state)
{
    struct bench *b = *state;
    struct weft_addr here = {weft_ipv4(0x7f000001), PORT};
    int two = 2;

    assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_TCP, WEFT_TCP_SAVE_SYN, &two, sizeof two), 0);
    weft_tick(b->s, b->now);
    lose(b);
    weft_abort(b->client);
    lose(b);
    pass(b, 200 * WEFT_S);
    b->client = weft_socket(b->s, WEFT_TCP, NULL);
    assert_int_equal(weft_connect(b->client, &here), WEFT_EINPROGRESS);
    carry(b);
    assert_int_equal(weft_tcp_state(b->client), WEFT_TCP_ESTABLISHED);
}

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
    assert_true(hears_of_room(b));
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
    lose(b);
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
    lose(b);
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

/* The last byte of an urgent write is the urgent one: the reader hears of it, and it comes beside the others. */
static void the_urgent_byte_is_the_last_of_its_write(void **state)
{
    struct bench *b = *state;
    char text[8] = "";

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_send(b->client, "ab", 2, 0), 2);
    carry(b);
    assert_false(events_of(b, b->server) & WEFT_URGENT);
    assert_int_equal(weft_send(b->client, "cde", 3, WEFT_MSG_OOB), 3);
    carry(b);
    assert_true(events_of(b, b->server) & WEFT_URGENT);
    assert_int_equal(weft_recv(b->server, text, 1, WEFT_MSG_OOB), 1);
    assert_int_equal(text[0], 'e');
    assert_int_equal(weft_recv(b->server, text, sizeof text, 0), 4);
    assert_memory_equal(text, "abcd", 4);
}

/* Sends what the link asks for, with the next allocation failing, and takes it to nobody; returns how many packets. */
static size_t pull_without_memory(struct bench *b)
{
    weft_pkt *pkt[8];
    size_t n;

    harness_env_fail_nth(&b->e, 1);
    n = weft_output(b->lo, pkt, 8, b->now);
    for (size_t i = 0; i < n; i++)
        weft_pkt_release(pkt[i]);
    return n;
}

/* A SYN that no memory was found for is not tried again in the same turn, nor is the link kept busy: its timer does. */
static void a_syn_without_memory_waits_for_its_timer(void **state)
{
    struct bench b;

    bench_begin(&b, NULL);
    bench_connect(&b);
    assert_int_equal(pull_without_memory(&b), 0);
    assert_true(harness_env_failed(&b.e));
    harness_env_fail_nth(&b.e, 0);
    assert_false(weft_output_wanted(b.lo));
    pass(&b, 900 * WEFT_MS);
    assert_int_equal(weft_tcp_state(b.client), WEFT_TCP_SYN_SENT);
    pass(&b, 200 * WEFT_MS);
    assert_int_equal(weft_tcp_state(b.client), WEFT_TCP_ESTABLISHED);
    bench_end(&b);
}

/* A listener's choice is its connections'. */
static void congestion_control_comes_from_the_listener(void **state)
{
    struct bench *b = *state;
    char name[16] = "";
    size_t n = sizeof name;

    assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_TCP, WEFT_TCP_CONGESTION, "reno", 4), 0);
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_getsockopt(b->server, WEFT_SOL_TCP, WEFT_TCP_CONGESTION, name, &n), 0);
    assert_string_equal(name, "reno");
    weft_close(b->server);
}

struct seen {
    unsigned tcp, udp, most;
};

static bool see(void *ctx, const struct weft_listing *item)
{
    struct seen *seen = ctx;

    seen->tcp += item->proto == WEFT_TCP;
    seen->udp += item->proto == WEFT_UDP;
    return seen->tcp + seen->udp < seen->most;
}

/* Of every protocol, for as long as whoever asks wants to hear more. */
static void the_list_ends_when_nobody_wants_more_of_it(void **state)
{
    struct bench *b = *state;
    struct weft_addr any = {weft_ipv4(0), 5000};
    weft_sock *udp = weft_socket(b->s, WEFT_UDP, NULL);

    assert_int_equal(weft_bind(udp, &any), 0);
    carry(b);
    for (unsigned most = 1; most <= 5; most++) {
        struct seen seen = {.most = most};

        weft_list(b->s, see, &seen);
        assert_int_equal(seen.tcp, most < 3 ? most : 3); /* the listener and both ends */
        assert_int_equal(seen.udp, most > 3);
    }
    weft_close(udp);
}

/* A rate may be set before there is anything to send, and is kept. */
static void pacing_may_be_set_before_the_connection(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    uint64_t rate = 123456, got = 0;
    size_t n = sizeof got;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_MAX_PACING_RATE, &rate, sizeof rate), 0);
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_MAX_PACING_RATE, &got, &n), 0);
    assert_int_equal(got, rate);
    weft_close(sock);
}

static bool note_client(void *ctx, const struct weft_listing *item)
{
    if (item->proto == WEFT_TCP && item->remote.port == PORT)
        *(struct weft_listing *)ctx = *item;
    return true;
}

/* Who awaits nothing but the peer's FIN when his user goes is a record from then on, and no connection any more. */
static void who_closes_in_fin_wait_2_leaves_a_record(void **state)
{
    struct bench *b = *state;
    struct weft_listing item = {0};

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_shutdown(b->client, WEFT_SHUT_WR), 0);
    carry(b);
    pass(b, WEFT_S); /* its acknowledgment may be delayed */
    assert_int_equal(weft_tcp_state(b->client), WEFT_TCP_FIN_WAIT_2);
    weft_list(b->s, note_client, &item);
    assert_ptr_equal(item.sock, b->client);
    weft_close(b->client);
    weft_list(b->s, note_client, &item);
    assert_int_equal(item.state, WEFT_TCP_FIN_WAIT_2);
    assert_null(item.sock);
    weft_close(b->server);
}

/* Writes as much as is taken, lets it go, and reads it all at the other end: how many bytes came through. */
static size_t pour(struct bench *b, size_t most)
{
    static const char text[4096];
    static char sink[1 << 16];
    size_t sent = 0, got = 0;
    int64_t n;

    while (sent < most && (n = weft_send(b->client, text, sizeof text, 0)) > 0)
        sent += (size_t)n;
    carry(b);
    while ((n = weft_recv(b->server, sink, sizeof sink, 0)) > 0)
        got += (size_t)n;
    return got;
}

/* The reader reads on, but says that all of it waits elsewhere: the sender gets no more than the buffer's worth through. */
static void what_waits_elsewhere_holds_the_sender_up(void **state)
{
    struct bench *b = *state;
    int small = 20000;
    size_t through = 0;

    assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, &small, sizeof small), 0);
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_non_null(b->server);
    for (unsigned i = 0; i < 50; i++) {
        through += pour(b, 8192);
        weft_recv_waits(b->server, through);
        pass(b, WEFT_S / 10);
    }
    assert_true(through > 8192);
    assert_true(through <= 2 * (size_t)small);
    assert_int_equal(pour(b, 8192), 0);
    weft_recv_waits(b->server, 0); /* tells the peer of the room, without anything having come */
    carry(b);
    assert_true(pour(b, 8192) > 0);
}

static void nothing_waits_elsewhere_for_a_listener(void **state)
{
    struct bench *b = *state;

    weft_recv_waits(b->listener, SIZE_MAX / 1024);
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(pour(b, 8192), 8192);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_list_ends_when_nobody_wants_more_of_it, setup, teardown),
        cmocka_unit_test_setup_teardown(pacing_may_be_set_before_the_connection, setup, teardown),
        cmocka_unit_test(a_syn_without_memory_waits_for_its_timer),
        cmocka_unit_test_setup_teardown(congestion_control_comes_from_the_listener, setup, teardown),
        cmocka_unit_test_setup_teardown(who_closes_in_fin_wait_2_leaves_a_record, setup, teardown),
        cmocka_unit_test_setup_teardown(text_that_came_before_accept_is_told_after_it, setup, teardown),
        cmocka_unit_test_setup_teardown(who_asks_for_nothing_gets_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cork_holds_only_what_is_written_after_it, setup, teardown),
        cmocka_unit_test_setup_teardown(as_many_segments_as_there_may_be_are_sent_again_all_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(who_asks_for_room_and_finds_none_is_told_again, setup, teardown),
        cmocka_unit_test_setup_teardown(streams_are_carried_without_a_copy_between, setup, teardown),
        cmocka_unit_test_setup_teardown(a_carrier_finds_no_more_room_than_a_write_does, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_lent_comes_back_once_with_its_acknowledgment, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_lent_comes_back_when_its_connection_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_lent_can_be_sent_again, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_refused_was_never_lent, setup, teardown),
        cmocka_unit_test_setup_teardown(as_much_is_lent_as_a_write_would_take, setup, teardown),
        cmocka_unit_test_setup_teardown(borrowed_pieces_outlive_what_is_read_after_them, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_carried_ends_before_an_urgent_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(one_byte_carried_leaves_the_urgent_one_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(the_urgent_byte_is_the_last_of_its_write, setup, teardown),
        cmocka_unit_test_setup_teardown(disconnected_socket_may_connect_again, setup, teardown),
        cmocka_unit_test_setup_teardown(quick_acks_return_with_a_new_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(disconnected_listener_may_listen_again, setup, teardown),
        cmocka_unit_test_setup_teardown(disconnecting_before_the_answer_is_silent, setup, teardown),
        cmocka_unit_test_setup_teardown(saved_syn_is_given_once, setup, teardown),
        cmocka_unit_test_setup_teardown(saved_syn_goes_with_its_record, setup, teardown),
        cmocka_unit_test_setup_teardown(what_waits_elsewhere_holds_the_sender_up, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_waits_elsewhere_for_a_listener, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
