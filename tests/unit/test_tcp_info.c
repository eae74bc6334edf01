/* SPDX-License-Identifier: MIT */
/* What TCP tells about itself: Linux's layout, and values that a connection's story explains. */
#include <linux/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/sysctl.h"
#include "weft/tcp_info.h"

/* ---- the layout ---- */

#define SAME(field)                                                                                                    \
    _Static_assert(offsetof(struct weft_tcp_info, field) == offsetof(struct tcp_info, field), #field " stands there"); \
    _Static_assert(sizeof(((struct weft_tcp_info *)0)->field) == sizeof(((struct tcp_info *)0)->field),               \
                   #field " is as wide")
#define AT(field, where)                                                                                               \
    _Static_assert(offsetof(struct weft_tcp_info, field) == (where), #field " stands where Linux 6.7 has it")

SAME(tcpi_state);
SAME(tcpi_ca_state);
SAME(tcpi_retransmits);
SAME(tcpi_probes);
SAME(tcpi_backoff);
SAME(tcpi_options);
SAME(tcpi_rto);
SAME(tcpi_ato);
SAME(tcpi_snd_mss);
SAME(tcpi_rcv_mss);
SAME(tcpi_unacked);
SAME(tcpi_sacked);
SAME(tcpi_lost);
SAME(tcpi_retrans);
SAME(tcpi_fackets);
SAME(tcpi_last_data_sent);
SAME(tcpi_last_ack_sent);
SAME(tcpi_last_data_recv);
SAME(tcpi_last_ack_recv);
SAME(tcpi_pmtu);
SAME(tcpi_rcv_ssthresh);
SAME(tcpi_rtt);
SAME(tcpi_rttvar);
SAME(tcpi_snd_ssthresh);
SAME(tcpi_snd_cwnd);
SAME(tcpi_advmss);
SAME(tcpi_reordering);
SAME(tcpi_rcv_rtt);
SAME(tcpi_rcv_space);
SAME(tcpi_total_retrans);
SAME(tcpi_pacing_rate);
SAME(tcpi_max_pacing_rate);
SAME(tcpi_bytes_acked);
SAME(tcpi_bytes_received);
SAME(tcpi_segs_out);
SAME(tcpi_segs_in);
SAME(tcpi_notsent_bytes);
SAME(tcpi_min_rtt);
SAME(tcpi_data_segs_in);
SAME(tcpi_data_segs_out);
SAME(tcpi_delivery_rate);
SAME(tcpi_busy_time);
SAME(tcpi_rwnd_limited);
SAME(tcpi_sndbuf_limited);
SAME(tcpi_delivered);
SAME(tcpi_delivered_ce);
SAME(tcpi_bytes_sent);
SAME(tcpi_bytes_retrans);
SAME(tcpi_dsack_dups);
SAME(tcpi_reord_seen);
SAME(tcpi_rcv_ooopack);
SAME(tcpi_snd_wnd);
AT(tcpi_rcv_wnd, 232); /* headers may be older than these */
AT(tcpi_rehash, 236);
AT(tcpi_total_rto, 240);
AT(tcpi_total_rto_recoveries, 242);
AT(tcpi_total_rto_time, 244);
_Static_assert(sizeof(struct weft_tcp_info) == 248, "as long as Linux 6.7 has it");

/* Bit-fields have no offset: set one in our struct and read it through Linux's. */
static void bit_fields_stand_where_linux_has_them(void **state)
{
    union {
        struct weft_tcp_info ours;
        struct tcp_info theirs;
    } u;

    (void)state;
    memset(&u, 0, sizeof(u));
    u.ours.tcpi_snd_wscale = 11;
    u.ours.tcpi_rcv_wscale = 6;
    u.ours.tcpi_delivery_rate_app_limited = 1;
    u.ours.tcpi_fastopen_client_fail = 2;
    assert_int_equal(u.theirs.tcpi_snd_wscale, 11);
    assert_int_equal(u.theirs.tcpi_rcv_wscale, 6);
    assert_int_equal(u.theirs.tcpi_delivery_rate_app_limited, 1);
    assert_int_equal(u.theirs.tcpi_fastopen_client_fail, 2);
}

/* ---- the trace of why ---- */

struct bench {
    struct harness_env e;
    weft_stack *s;
    weft_if *lo, *link;
    weft_time now;
    weft_sock *listener, *client;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct weft_addr here = {weft_ipv4(0x7f000001), 7};
    struct weft_env env;

    harness_env_init(&b->e, 1);
    env = harness_env(&b->e);
    b->now = WEFT_S;
    b->s = weft_stack_new(&env, NULL, b->now, NULL);
    b->lo = weft_if_find(b->s, "lo");
    b->listener = weft_socket(b->s, WEFT_TCP, NULL);
    b->client = weft_socket(b->s, WEFT_TCP, NULL);
    assert_int_equal(weft_bind(b->listener, &here), 0);
    assert_int_equal(weft_listen(b->listener, 5), 0);
    assert_int_equal(weft_connect(b->client, &here), WEFT_EINPROGRESS);
    do
        weft_tick(b->s, b->now);
    while (weft_output_wanted(b->lo));
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    weft_stack_free(b->s);
    harness_env_check(&b->e);
    free(b);
    return 0;
}

/* Timers fire for so long, and what goes out is lost. */
static void lose_for(struct bench *b, weft_time time)
{
    weft_time end = b->now + time;
    weft_pkt *pkts[64];

    for (;;) {
        for (size_t n = weft_output(b->link, pkts, 64, b->now); n > 0;)
            weft_pkt_release(pkts[--n]);
        if (weft_deadline(b->s) > end)
            break;
        b->now = weft_deadline(b->s) > b->now ? weft_deadline(b->s) : b->now;
        weft_tick(b->s, b->now);
    }
    b->now = end;
}

static const struct weft_why_event *find(const struct weft_why_event *events, size_t n, enum weft_why why)
{
    for (size_t i = 0; i < n; i++)
        if (events[i].why == why)
            return &events[i];
    fail_msg("no %s in the trace", weft_why_name(why));
    return NULL;
}

static void a_connection_that_moved_nothing_has_no_trace(void **state)
{
    struct bench *b = *state;
    struct weft_why_event events[64];

    assert_int_equal(weft_why_read(b->client, events, 64), 0);
    assert_int_equal(weft_why_read(b->listener, events, 64), 0);
}

/* To somebody who never answers, over a link of its own. */
static weft_sock *connect_to_nobody(struct bench *b)
{
    static const struct weft_if_config config = {.name = "tun0", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip us = weft_ipv4(0x0a090002);
    struct weft_addr nobody = {weft_ipv4(0x0a090001), 7};
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    int tries = 2;

    b->link = weft_if_new(b->s, &config, NULL);
    assert_int_equal(weft_if_add_address(b->link, &us, 24), 0);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_SYNCNT, &tries, sizeof tries), 0);
    assert_int_equal(weft_connect(sock, &nobody), WEFT_EINPROGRESS);
    return sock;
}

static void time_outs_and_the_end_they_lead_to_are_told(void **state)
{
    struct bench *b = *state;
    struct weft_why_event events[64];
    weft_sock *sock = connect_to_nobody(b);
    size_t n;

    lose_for(b, 20 * WEFT_S);
    assert_int_equal(weft_error(sock), WEFT_ETIMEDOUT);
    n = weft_why_read(sock, events, 64);
    assert_int_equal(find(events, n, WEFT_WHY_retransmit_syn)->count, 2);
    assert_int_equal(find(events, n, WEFT_WHY_retransmit_syn)->at, 4 * WEFT_S); /* 1 s, then 2 s later */
    assert_int_equal(find(events, n, WEFT_WHY_close_syn_retries)->value, 2);
    assert_int_equal(find(events, n, WEFT_WHY_close_syn_retries)->at, 8 * WEFT_S);
    assert_int_equal(events[n - 1].why, WEFT_WHY_close_syn_retries); /* the last thing that happened */
}

static void whoever_has_little_room_gets_the_newest(void **state)
{
    struct bench *b = *state;
    struct weft_why_event last;
    weft_sock *sock = connect_to_nobody(b);

    lose_for(b, 20 * WEFT_S);
    assert_int_equal(weft_why_read(sock, &last, 1), 1);
    assert_int_equal(last.why, WEFT_WHY_close_syn_retries);
    assert_int_equal(weft_why_read(sock, &last, 0), 0);
}

/* Everything told to the trace has a name, a unit and a sentence. */
static void every_why_has_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WEFT_WHY_COUNT; i++) {
        assert_true(strlen(weft_why_name(i)) >= 4);
        assert_true(strlen(weft_why_text(i)) > 8);
        assert_non_null(weft_why_unit(i));
    }
    assert_string_equal(weft_why_name(WEFT_WHY_COUNT), "?");
}

/* Switched off, or without memory for them: TCP_INFO says what the handshake took. */
static void without_counters_nothing_else_is_missing(void **state)
{
    struct bench *b = *state;
    struct weft_tcp_info info;
    size_t n = sizeof info;

    assert_int_equal(weft_sysctl_set(b->s, "net.weft.tcp_statistics", "0"), 0);
    assert_int_equal(weft_send(b->client, "0123456789", 10, 0), 10);
    do
        weft_tick(b->s, b->now);
    while (weft_output_wanted(b->lo));
    assert_int_equal(weft_getsockopt(b->client, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n), 0);
    assert_int_equal(info.tcpi_state, WEFT_TCPI_ESTABLISHED);
    assert_int_equal(info.tcpi_segs_out, 2);
    assert_int_equal(info.tcpi_bytes_sent, 0);
    assert_int_equal(weft_unsent(b->client), 0);
}

static struct weft_tcp_info info_of(const weft_sock *sock)
{
    struct weft_tcp_info info;
    size_t n = sizeof info;

    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n), 0);
    return info;
}

static void carry(struct bench *b)
{
    do
        weft_tick(b->s, b->now);
    while (weft_output_wanted(b->lo));
}

/* Before there is data nothing is counted; what the handshake took is known all the same. */
static void both_ends_know_what_the_handshake_took(void **state)
{
    struct bench *b = *state;
    weft_sock *server = weft_accept(b->listener, NULL, NULL);
    struct weft_tcp_info ours = info_of(b->client), theirs = info_of(server);

    assert_int_equal(ours.tcpi_segs_out, 2); /* SYN, and the ACK of SYN,ACK */
    assert_int_equal(ours.tcpi_segs_in, 1);
    assert_int_equal(ours.tcpi_bytes_acked, 1); /* our SYN's number */
    assert_int_equal(theirs.tcpi_segs_in, 2);
    assert_int_equal(theirs.tcpi_bytes_acked, 0);
    for (int i = 0; i < 2; i++) {
        struct weft_tcp_info info = i ? theirs : ours;

        assert_int_equal(info.tcpi_delivered, 1);
        assert_int_equal(info.tcpi_bytes_received, 0);
        assert_int_equal(info.tcpi_delivery_rate, 0);
        assert_int_equal(info.tcpi_rcv_rtt, 0);
        assert_int_equal(info.tcpi_data_segs_in + info.tcpi_data_segs_out, 0);
    }
    weft_close(server);
}

static void a_syn_counts_each_time_it_goes(void **state)
{
    struct bench *b = *state;
    weft_sock *sock;

    assert_int_equal(weft_sysctl_set(b->s, "net.weft.tcp_statistics", "0"), 0);
    sock = connect_to_nobody(b);
    assert_int_equal(info_of(sock).tcpi_segs_out, 0); /* it is made when the link takes it */
    lose_for(b, 0);
    assert_int_equal(info_of(sock).tcpi_segs_out, 1);
    lose_for(b, WEFT_S + WEFT_MS);
    assert_int_equal(info_of(sock).tcpi_segs_out, 2);
    lose_for(b, 20 * WEFT_S);
    assert_int_equal(weft_error(sock), WEFT_ETIMEDOUT);
    assert_int_equal(info_of(sock).tcpi_segs_out, 0); /* it is no connection any more */
}

/* A reader who reads nothing closes the window; how long that held the writer is told when it is over. */
static void what_held_sending_up_is_told(void **state)
{
    static char text[1 << 16], sink[1 << 20];
    struct bench *b = *state;
    struct weft_why_event events[64];
    const struct weft_why_event *stall;
    weft_sock *server = weft_accept(b->listener, NULL, NULL);
    weft_time began = b->now;
    size_t n;

    for (unsigned idle = 0; idle < 3; carry(b)) {
        idle = weft_send(b->client, text, sizeof text, 0) > 0 ? 0 : idle + 1;
        b->now += 50 * WEFT_MS; /* delayed acknowledgments go */
    }
    assert_int_equal(info_of(b->client).tcpi_snd_wnd, 0);
    b->now += 10 * WEFT_MS;
    while (weft_recv(server, sink, sizeof sink, 0) > 0)
        carry(b);
    n = weft_why_read(b->client, events, 64);
    stall = find(events, n, WEFT_WHY_stall_receiver);
    assert_in_range(stall->value, 10000, (b->now - began) / WEFT_US);
    weft_close(server);
}

/* A stall is told from a microsecond on, and told whole. */
static void a_stall_of_a_microsecond_is_told(void **state)
{
    static char text[1 << 16], sink[1 << 20];
    struct bench *b = *state;
    struct weft_why_event events[64];
    const struct weft_why_event *stall;
    weft_sock *server = weft_accept(b->listener, NULL, NULL);
    size_t n;

    while (weft_send(b->client, text, sizeof text, 0) > 0)
        carry(b);
    b->now += WEFT_US;
    while (weft_recv(server, sink, sizeof sink, 0) > 0)
        carry(b);
    n = weft_why_read(b->client, events, 64);
    stall = find(events, n, WEFT_WHY_stall_receiver);
    assert_int_equal(stall->value, 1);
    for (size_t i = 0; i < n; i++) /* growing is not leaving slow start */
        assert_int_not_equal(events[i].why, WEFT_WHY_cwnd_hystart);
    weft_close(server);
}

/* A listener has no path to tell of; what waits for accept, and its backlog, stand where segments do. */
static void a_listener_tells_of_its_queue(void **state)
{
    struct bench *b = *state;
    struct weft_tcp_info info;
    size_t n = sizeof info;

    assert_int_equal(weft_getsockopt(b->listener, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n), 0);
    assert_int_equal(info.tcpi_state, WEFT_TCPI_LISTEN);
    assert_int_equal(info.tcpi_unacked, 1);
    assert_int_equal(info.tcpi_sacked, 5);
    assert_int_equal(info.tcpi_pmtu, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_listener_tells_of_its_queue, setup, teardown),
        cmocka_unit_test(bit_fields_stand_where_linux_has_them),
        cmocka_unit_test_setup_teardown(a_connection_that_moved_nothing_has_no_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(time_outs_and_the_end_they_lead_to_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(whoever_has_little_room_gets_the_newest, setup, teardown),
        cmocka_unit_test(every_why_has_words),
        cmocka_unit_test_setup_teardown(both_ends_know_what_the_handshake_took, setup, teardown),
        cmocka_unit_test_setup_teardown(a_syn_counts_each_time_it_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_held_sending_up_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stall_of_a_microsecond_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(without_counters_nothing_else_is_missing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
