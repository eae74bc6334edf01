/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out: strangers who begin connections and datagrams without end, and peers who keep what they sent full of
 * holes. The limit of all memory holds to the byte, records for strangers stop at three quarters of it, and who is there
 * already goes on; a new connection still finds room.
 */
#include "field.h"

#define LIMIT (4u << 20)
#define MANY  200

static struct field *field_of_limited_memory(void)
{
    struct weft_config config;

    weft_config_default(&config);
    config.memory_limit = LIMIT;
    config.reassembly_memory = 2 * LIMIT; /* these limits would not hold them */
    config.tcp.max_half_open = 1 << 20;
    config.tcp.syncookies = 0;
    config.tcp.max_syn_backlog = 1 << 20;
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
    struct field *f = field_of_limited_memory();

    for (uint32_t i = 0; i < 60000; i++) {
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
    assert_true(weft_drops(f->victim, WEFT_DROP_no_memory) > 0);
    assert_int_equal(weft_error(f->stream), 0);
    expect_work_below(f, 3000);
    field_end(f);
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

/* Text out of order is kept only while there is memory to spare: else whoever sends it could have all there is. */
static void holes_are_not_kept_when_memory_is_short(void **state)
{
    static struct mallory m[MANY];
    struct field *f = field_of_limited_memory();

    for (uint16_t i = 0; i < MANY; i++) {
        m[i] = mallory_connect(f, (uint16_t)(5000 + i), 1460, true, -1);
        send_holes(f, &m[i], 1, 3);
    }
    assert_true(field_memory(f) < LIMIT / 8 * 7);
    for (uint16_t i = 0; i < MANY; i++)
        send_holes(f, &m[i], 3, 46);
    assert_true(field_memory(f) > LIMIT / 8 * 7);
    assert_true(field_memory(f) <= LIMIT / 8 * 7 + (256 << 10)); /* a chunk for each kind of thing */
    field_run(f, 200 * WEFT_MS);
    expect_within_limit(f);
    assert_int_equal(weft_error(f->stream), 0);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_leave_room_for_who_is_there),
        cmocka_unit_test(holes_are_not_kept_when_memory_is_short),
    };

    return cmocka_run_group_tests_name("attack_pressure", tests, NULL, NULL);
}
