/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out: strangers who begin connections and datagrams without end, peers who keep what they sent full of
 * holes or do not read what they get, and users who do not read. The limit of all memory holds to the byte; at three
 * quarters of it nothing more is kept for strangers, nor what can wait with its owner. So who is there already goes on,
 * and who is new finds room.
 */
#include "field.h"

#include <stdio.h>

#include "weft/sysctl.h"

#define LIMIT (16u << 20) /* a chunk of the largest blocks is 512 KiB: an eighth must be more than a few of those */
#define MANY  400

/* flood: of what else is limited there may be more than all memory. */
static struct field *field_of_limited_memory(bool flood, unsigned syncookies)
{
    struct weft_config config;

    weft_config_default(&config);
    config.memory_limit = LIMIT;
    if (flood) {
        config.reassembly_memory = 2 * LIMIT;
        config.tcp.max_half_open = 1 << 20;
        config.tcp.max_syn_backlog = 1 << 20;
    }
    config.tcp.syncookies = syncookies;
    return field_new(&config);
}

static void expect_within_limit(const struct field *f)
{
    size_t peak = 0, live;
    const char *owner;

    weft_memory(f->victim, &peak);
    assert_true(peak <= LIMIT);
    for (size_t i = 0; weft_memory_info(f->victim, i, &owner, &live); i++)
        assert_true(live <= weft_memory_cap(f->victim, i));
}

static void fragment(struct field *f)
{
    static const uint8_t bytes[1480];

    attack_datagram(f, (struct ipv4_header){.src = 0x0b000000 + (uint32_t)rng_below(&f->rng, 1 << 20), .dst = FRONT,
                                            .proto = IP_PROTO_UDP, .id = (uint16_t)rng_u64(&f->rng), .frag_offset = 8,
                                            .mf = true}, bytes, 8 + 8 * rng_below(&f->rng, 180));
}

static void syn(struct field *f)
{
    attack_segment(f, SEGMENT(.src = 0x0b000000 + (uint32_t)rng_below(&f->rng, 1 << 24), .dst_port = SERVICE,
                              .src_port = (uint16_t)(1024 + rng_below(&f->rng, 60000)), .flags = TCP_SYN,
                              .seq = (uint32_t)rng_u64(&f->rng)));
}

static void strangers_leave_room_for_who_is_there(void **state)
{
    struct field *f = field_of_limited_memory(true, 0);

    for (uint32_t i = 0; i < 120000; i++) {
        if (i & 1)
            fragment(f);
        else
            syn(f);
        if (i % 100 == 0) {
            field_run(f, WEFT_MS);
            attack_drain(f);
            expect_within_limit(f);
        }
    }
    assert_true(field_memory(f) > LIMIT / 2); /* it was a flood */
    assert_true(weft_drops(f->victim, WEFT_DROP_frag_evicted) > 0);
    assert_int_equal(weft_error(f->stream), 0);
    expect_work_below(f, 3000);
    field_end(f);
}

/* It may be set later, too. */
static void a_limit_holds_from_when_it_is_set(void **state)
{
    struct weft_config config;
    struct field *f;

    weft_config_default(&config);
    config.reassembly_memory = 2 * LIMIT;
    f = field_new(&config);
    assert_int_equal(weft_sysctl_set(f->victim, "net.weft.memory_limit", "8388608"), 0);
    for (uint32_t i = 0; i < 20000; i++) {
        fragment(f);
        if (i % 500 == 0)
            field_run(f, WEFT_MS);
    }
    assert_true(field_memory(f) <= (8 << 20) / 8 * 6 + (256 << 10));
    assert_true(weft_drops(f->victim, WEFT_DROP_frag_evicted) > 0);
    field_run(f, 61 * WEFT_S); /* they are given up */
    attack_drain(f);
    assert_int_equal(field_in_use_by(f, "reassembly"), 0);
    field_end(f);
}

#define TIGHT (LIMIT / 8 * 6)
#define SPARE (1u << 20) /* a chunk for each kind of thing, and what each connection may always have */

/* Somebody who was not there before connects by the bystander's way, asks, and gets all of a long answer. */
static void expect_room_for_who_is_new(struct field *f)
{
    static const uint8_t text[100000];
    struct weft_addr to = {weft_ipv4(VICTIM), SERVICE};
    weft_sock *client = weft_socket(f->bystander, WEFT_TCP, NULL), *server = NULL;
    size_t sent = 0, got = 0;
    uint8_t bytes[4096];
    int64_t n;

    assert_int_equal(weft_connect(client, &to), WEFT_EINPROGRESS);
    for (unsigned ms = 0; ms < 3000 && got < sizeof text; ms++) {
        field_run(f, WEFT_MS);
        attack_drain(f);
        server = server ? server : weft_accept(f->service, NULL, NULL);
        if (server && sent < sizeof text && (n = weft_send(server, text + sent, sizeof text - sent, 0)) > 0)
            sent += (size_t)n;
        while ((n = weft_recv(client, bytes, sizeof bytes, 0)) > 0)
            got += (size_t)n;
    }
    print_message("%zu of %zu bytes for who is new; %zu of %u held\n", got, sizeof text, field_memory(f), LIMIT);
    assert_int_equal(got, sizeof text);
    weft_close(client);
    weft_close(server);
}

static void send_holes(struct field *f, const struct mallory *m, uint32_t from, uint32_t to)
{
    static const uint8_t text[700];

    for (uint32_t k = from; k < to; k++)
        mallory_send(f, m, SEGMENT(.seq = m->seq + 2 * k * (uint32_t)sizeof text, .text = text, .len = sizeof text));
    attack_drain(f);
    field_run(f, WEFT_MS);
    expect_within_limit(f);
}

static void fill_with_holes(struct field *f)
{
    static struct mallory m[MANY];

    for (uint16_t i = 0; i < MANY; i++) {
        m[i] = mallory_connect(f, (uint16_t)(5000 + i), 1460, true, -1);
        send_holes(f, &m[i], 1, 3);
    }
    assert_true(field_memory(f) < TIGHT);
    for (uint16_t i = 0; i < MANY; i++)
        send_holes(f, &m[i], 3, 46);
    assert_true(field_memory(f) > TIGHT);
    assert_true(field_memory(f) <= TIGHT + SPARE);
}

/* Text out of order is kept only while there is memory to spare: else whoever sends it could have all there is. */
static void holes_are_not_kept_when_memory_is_tight(void **state)
{
    struct field *f = field_of_limited_memory(false, 1);

    fill_with_holes(f);
    field_run(f, 200 * WEFT_MS);
    expect_within_limit(f);
    expect_room_for_who_is_new(f);
    assert_int_equal(weft_error(f->stream), 0);
    expect_work_below(f, 1500);
    field_end(f);
}

/* No memory for a record is no reason to turn anybody away: a cookie needs none. */
static void who_is_new_gets_a_cookie_when_there_is_no_room_for_a_record(void **state)
{
    struct field *f = field_of_limited_memory(false, 1);
    char limit[24];
    uint64_t before;

    fill_with_holes(f);
    before = weft_drops(f->victim, WEFT_DROP_no_memory);
    snprintf(limit, sizeof limit, "%zu", field_memory(f) / 66 * 80); /* between three quarters and seven eighths */
    assert_int_equal(weft_sysctl_set(f->victim, "net.weft.memory_limit", limit), 0);
    fragment(f); /* finds no memory, for which all that was idle has been given back, that of records too */
    assert_int_equal(weft_drops(f->victim, WEFT_DROP_no_memory), before + 1);
    expect_room_for_who_is_new(f);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_tcp_cookies_sent), 1);
    expect_work_below(f, 3000);
    field_end(f);
}

/* Text that the victim's user does not read: in order, so that it must be kept, if it is taken. */
static void what_nobody_reads_is_not_taken_when_memory_is_tight(void **state)
{
    static struct mallory m[MANY];
    static const uint8_t text[1400];
    struct field *f = field_of_limited_memory(false, 1);

    for (uint16_t i = 0; i < MANY; i++)
        m[i] = mallory_connect(f, (uint16_t)(5000 + i), 1460, true, -1);
    for (uint32_t round = 0; round < 40; round++)
        for (uint16_t i = 0; i < MANY; i++) {
            mallory_send(f, &m[i], SEGMENT(.seq = m[i].seq + round * (uint32_t)sizeof text, .text = text,
                                           .len = sizeof text));
            if (i % 50 == 0) {
                attack_drain(f);
                field_run(f, WEFT_MS);
                expect_within_limit(f);
            }
        }
    assert_true(field_memory(f) > TIGHT);
    assert_true(field_in_use(f) <= LIMIT / 8 * 7);
    expect_room_for_who_is_new(f);
    assert_int_equal(weft_error(f->stream), 0);
    expect_work_below(f, 1500);
    field_end(f);
}

/* Sockstress: peers who shut their window, and a server who writes to each as much as is taken. */
static void fill_buffers(struct field *f, struct mallory m[MANY])
{
    static const uint8_t text[1 << 16];

    for (uint16_t i = 0; i < MANY; i++) {
        m[i] = mallory_connect(f, (uint16_t)(5000 + i), 1460, true, -1);
        mallory_send(f, &m[i], SEGMENT(.shut = true));
    }
    for (unsigned round = 0; round < 20; round++) {
        for (uint16_t i = 0; i < MANY; i++)
            while (weft_send(m[i].sock, text, sizeof text, 0) > 0)
                ;
        field_run(f, 20 * WEFT_MS);
        attack_drain(f);
        expect_within_limit(f);
    }
    assert_true(field_memory(f) > TIGHT);
    assert_true(field_in_use(f) <= LIMIT / 8 * 7);
}

/* R6429-1 */
static void what_is_not_read_by_peers_leaves_room_for_others(void **state)
{
    static struct mallory m[MANY];
    struct field *f = field_of_limited_memory(false, 1);

    fill_buffers(f, m);
    expect_room_for_who_is_new(f);
    assert_int_equal(weft_error(f->stream), 0);
    expect_work_below(f, 1500);
    field_end(f);
}

/* R6429-1: once their users have left, they are the first to go: after one probe, where it is fifteen minutes else. */
static void orphans_go_first_when_memory_is_tight(void **state)
{
    static struct mallory m[MANY];
    struct field *f = field_of_limited_memory(false, 1);

    fill_buffers(f, m);
    for (uint16_t i = 0; i < MANY; i++)
        weft_close(m[i].sock);
    for (unsigned s = 0; s < 10; s++) {
        field_run(f, WEFT_S);
        attack_drain(f);
    }
    print_message("%u orphans are left, %zu of %u held\n", field_connections(f, SERVICE), field_memory(f), LIMIT);
    assert_true(field_memory(f) <= TIGHT);
    assert_in_range(field_connections(f, SERVICE), 1, MANY - 1); /* and no more of them go than must */
    expect_room_for_who_is_new(f);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_leave_room_for_who_is_there),
        cmocka_unit_test(a_limit_holds_from_when_it_is_set),
        cmocka_unit_test(holes_are_not_kept_when_memory_is_tight),
        cmocka_unit_test(who_is_new_gets_a_cookie_when_there_is_no_room_for_a_record),
        cmocka_unit_test(what_nobody_reads_is_not_taken_when_memory_is_tight),
        cmocka_unit_test(what_is_not_read_by_peers_leaves_room_for_others),
        cmocka_unit_test(orphans_go_first_when_memory_is_tight),
    };

    return cmocka_run_group_tests_name("attack_pressure", tests, NULL, NULL);
}
