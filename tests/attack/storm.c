/* SPDX-License-Identifier: MIT */
/*
 * ACK storms: two ends that no longer agree where their connection stands, each of which tells the other so. A third made
 * them differ (Joncheray 1995), or one of them is broken. Whatever has no text is answered twice a second at most, by a
 * connection, by a record in TIME-WAIT and by a half-open one, so that no such talk goes on by itself. Text is answered
 * each time, for whoever sends it does so of his own accord; that makes no more packets than it takes.
 */
#include "field.h"

#include "weft/tcp_info.h"

#define SPAN  4              /* seconds */
#define QUIET (2 * SPAN + 1) /* answers in that time, at most: RFC 5961 §7, invalid_ratelimit */

/* ---- two ends made to differ ---- */

struct couple {
    struct field *f;
    weft_sock *sock[2]; /* the bystander's end, the victim's */
    uint32_t iss[2];
};

static uint32_t segments_out(weft_sock *sock)
{
    struct weft_tcp_info info;
    size_t n = sizeof info;

    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n), 0);
    return info.tcpi_segs_out;
}

/* A connection of the bystander's to SERVICE, beside his stream; the spy reads its numbers off the wire. */
static struct couple couple_connect(struct field *f)
{
    struct weft_addr from = {weft_ipv4(BYSTANDER), STREAM_FROM + 1}, to = {weft_ipv4(VICTIM), SERVICE};
    struct couple c = {.f = f};

    c.sock[0] = weft_socket(f->bystander, WEFT_TCP, NULL);
    assert_int_equal(weft_bind(c.sock[0], &from), 0);
    assert_int_equal(weft_connect(c.sock[0], &to), WEFT_EINPROGRESS);
    field_run(f, 100 * WEFT_MS);
    c.sock[1] = weft_accept(f->service, NULL, NULL);
    assert_non_null(c.sock[1]);
    c.iss[0] = f->stream_iss;
    c.iss[1] = f->reader_iss;
    return c;
}

/* Text that the other never sent, in his name, to the end with this number. */
static void forge(struct couple *c, int to)
{
    static const uint8_t text[100] = "what the other end never wrote";
    bool home = to == 1;
    struct segment s = {.src = home ? BYSTANDER : VICTIM, .dst = home ? VICTIM : BYSTANDER,
                        .src_port = home ? STREAM_FROM + 1 : SERVICE, .dst_port = home ? SERVICE : STREAM_FROM + 1,
                        .seq = c->iss[!to] + 1, .ack = c->iss[to] + 1, .flags = TCP_ACK | TCP_PSH, .text = text,
                        .len = sizeof text};
    uint8_t bytes[256];
    size_t n = attack_make(bytes, &s);
    weft_pkt *pkt = weft_pkt_new(home ? c->f->victim : c->f->bystander, n);

    assert_non_null(pkt);
    memcpy(weft_pkt_data(pkt), bytes, n);
    weft_pkt_set_len(pkt, n);
    weft_input(home ? c->f->home : c->f->road, &pkt, 1, c->f->now);
}

static struct field *without_timestamps(void)
{
    struct weft_config config;

    weft_config_default(&config);
    config.tcp.timestamps = false; /* the forger would have to know them */
    return field_new(&config);
}

/* talk: each end writes some bytes a second, which the other takes for old. */
static void expect_quiet(bool talk)
{
    struct field *f = without_timestamps();
    struct couple c = couple_connect(f);
    uint8_t got[256];
    uint32_t before[2];

    for (int i = 0; i < 2; i++)
        forge(&c, i);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(weft_recv(c.sock[i], got, sizeof got, 0), 100); /* both believed it: from now on they differ */
        before[i] = segments_out(c.sock[i]);
    }
    for (unsigned s = 0; s < SPAN; s++) {
        for (int i = 0; talk && i < 2; i++)
            assert_int_equal(weft_send(c.sock[i], "tick", 4, 0), 4);
        field_run(f, WEFT_S);
    }
    for (int i = 0; i < 2; i++) {
        uint32_t sent = segments_out(c.sock[i]) - before[i];

        print_message("end %d sent %u segments in %d s\n", i, sent, SPAN);
        assert_true(sent > 0 && sent <= QUIET + (talk ? SPAN * 2u : 0));
        weft_abort(c.sock[i]);
    }
    field_run(f, WEFT_S);
    field_end(f);
}

static void ends_made_to_differ_fall_silent(void **state) { expect_quiet(false); }
static void ends_made_to_differ_do_not_multiply_what_they_write(void **state) { expect_quiet(true); }

/* ---- a broken peer, who answers whatever he hears ---- */

struct echo {
    uint16_t flags;
    int32_t seq, ack; /* beside what is right */
    size_t len;
};

static const struct echo wordless[] = {
    {TCP_ACK, -1, 0, 0},           /* a keepalive */
    {TCP_ACK, -100000, 0, 0},      /* long past */
    {TCP_ACK, 1 << 20, 0, 0},      /* beyond the window */
    {TCP_ACK, 0, 5000, 0},         /* of what was never sent */
    {TCP_ACK, 0, -(1 << 30), 0},   /* of what was sent to somebody else */
    {TCP_SYN, 77, 0, 0},           /* he has begun anew */
    {TCP_SYN | TCP_ACK, -1, 0, 0}, /* and so, he thinks, have we */
    {TCP_RST, 9, 0, 0},            /* he wants an end, and does not know where it is */
};

/* Each packet that came out is answered, a millisecond later. Returns how many came, in SPAN seconds. */
static unsigned converse(struct field *f, const struct mallory *m, const struct echo *e)
{
    static const uint8_t text[64];
    struct segment s = {.src_port = m->port, .dst_port = SERVICE, .flags = e->flags, .seq = m->seq + (uint32_t)e->seq,
                        .ack = e->flags & TCP_ACK ? m->ack + (uint32_t)e->ack : 0, .text = text, .len = e->len};
    unsigned came = 0;

    attack_drain(f);
    for (unsigned ms = 0; ms < SPAN * 1000; ms++) {
        size_t now = attack_drain(f);

        came += (unsigned)now;
        if (now || ms % 250 == 0) /* and when he hears nothing he asks four times a second */
            attack_segment(f, &s);
        field_run(f, WEFT_MS);
    }
    return came;
}

static void a_peer_who_answers_all_is_answered_twice_a_second(void **state)
{
    for (size_t i = 0; i < sizeof wordless / sizeof *wordless; i++) {
        struct field *f = without_timestamps();
        struct mallory m = mallory_connect(f, 5000, 1460, false, -1);
        unsigned came = converse(f, &m, &wordless[i]);

        if (came == 0 || came > QUIET)
            fail_msg("row %zu: %u answers in %d s", i, came, SPAN);
        assert_int_equal(weft_tcp_state(m.sock), WEFT_TCP_ESTABLISHED);
        expect_work_below(f, 700);
        weft_abort(m.sock);
        field_run(f, WEFT_S);
        field_end(f);
    }
}

/* In TIME-WAIT there is nothing to end; a SYN that is no newer than the connection is not answered at all. */
static void a_record_in_time_wait_is_no_livelier(void **state)
{
    for (size_t i = 0; i < sizeof wordless / sizeof *wordless; i++) {
        struct field *f = without_timestamps();
        struct mallory m = mallory_connect(f, 5000, 1460, false, -1);
        unsigned came;

        if (wordless[i].flags == TCP_SYN)
            m.seq -= 1000; /* else it is one, and begins a connection */
        weft_close(m.sock);
        attack_drain(f);
        m.ack++;
        mallory_send(f, &m, SEGMENT(.flags = TCP_FIN, .seq = wordless[i].flags == TCP_SYN ? m.seq + 1000 : m.seq));
        m.seq++;
        assert_int_equal(field_time_waits(f), 1);
        came = converse(f, &m, &wordless[i]);
        if (came > QUIET)
            fail_msg("row %zu: %u answers in %d s", i, came, SPAN);
        expect_work_below(f, 900);
        field_run(f, 2 * WEFT_S);
        field_end(f);
    }
}

/* Old text, and text beyond the window, is answered; never by more than came. */
static void text_makes_no_more_packets_than_it_takes(void **state)
{
    static const struct echo rows[] = {{TCP_ACK, -64, 0, 64}, {TCP_ACK, -1, 0, 1}, {TCP_ACK, 1 << 20, 0, 64}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct field *f = without_timestamps();
        struct mallory m = mallory_connect(f, 5000, 1460, false, -1);
        uint64_t before = f->packets;
        unsigned came = converse(f, &m, &rows[i]);

        assert_true(came > 0);
        assert_true(came <= f->packets - before);
        assert_int_equal(weft_tcp_state(m.sock), WEFT_TCP_ESTABLISHED);
        weft_abort(m.sock);
        field_run(f, WEFT_S);
        field_end(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_made_to_differ_fall_silent),
        cmocka_unit_test(ends_made_to_differ_do_not_multiply_what_they_write),
        cmocka_unit_test(a_peer_who_answers_all_is_answered_twice_a_second),
        cmocka_unit_test(a_record_in_time_wait_is_no_livelier),
        cmocka_unit_test(text_makes_no_more_packets_than_it_takes),
    };

    return cmocka_run_group_tests_name("attack_storm", tests, NULL, NULL);
}
