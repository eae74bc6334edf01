/* SPDX-License-Identifier: MIT */
/*
 * Collisions on purpose (as CVE-2023-1206): addresses and ports chosen so that sums, differences and low bits of them are
 * all alike. The tables' hash has a key, so a look-up among 30,000 of them costs no more than among others.
 */
#include "field.h"

#define MANY 30000

/* Each: source and port of the i-th. */
static void by_sum(uint32_t i, uint32_t *src, uint16_t *port)
{
    *src = 0x0b000000 + i;
    *port = (uint16_t)(60000 - i);
}

static void by_high_bits(uint32_t i, uint32_t *src, uint16_t *port)
{
    *src = 0x0b000001 + (i << 8);
    *port = 1024;
}

static void by_exclusive_or(uint32_t i, uint32_t *src, uint16_t *port)
{
    *src = 0x0b000000 | i;
    *port = (uint16_t)(0x8000 ^ i);
}

static void by_port(uint32_t i, uint32_t *src, uint16_t *port)
{
    *src = ATTACKER;
    *port = (uint16_t)(2 * i);
}

typedef void (*family)(uint32_t i, uint32_t *src, uint16_t *port);

static void knock(struct field *f, family of, uint16_t flags)
{
    for (uint32_t i = 1; i < MANY; i++) {
        struct segment s = {.dst_port = SERVICE, .seq = i, .ack = i, .flags = flags};

        of(i, &s.src, &s.src_port);
        attack_segment(f, &s);
        if (i % 500 == 0)
            field_run(f, WEFT_MS);
        attack_drain(f);
    }
}

static void tuples_that_are_alike_cost_no_more_than_others(void **state)
{
    static const family families[] = {by_sum, by_high_bits, by_exclusive_or, by_port};
    struct weft_config config;

    weft_config_default(&config);
    config.tcp.syncookies = 0; /* half-open records are kept */
    config.tcp.max_syn_backlog = 65536;
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        struct field *f = field_new(&config);

        knock(f, families[i], TCP_SYN);
        knock(f, families[i], TCP_ACK);
        expect_work_below(f, 4000); /* the table's growth, spread over packets, included */
        field_end(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tuples_that_are_alike_cost_no_more_than_others),
    };

    return cmocka_run_group_tests_name("attack_collisions", tests, NULL, NULL);
}
