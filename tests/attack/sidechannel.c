/* SPDX-License-Identifier: MIT */
/*
 * Limits that can be watched (CVE-2016-5696, CVE-2020-25705): whoever may see how often he himself is answered must not
 * learn from it what others were answered. Two worlds that differ in what the attacker wants to know, and in nothing
 * else: what he sees in them is compared.
 */
#include "field.h"

#define TRIALS 200

/* How many challenge ACKs Mallory gets for 20 resets beside the edge, a quarter of a second apart. */
static unsigned challenges_seen(struct field *f, const struct mallory *m)
{
    unsigned seen = 0;

    for (int i = 0; i < 20; i++) {
        attack_drain(f);
        attack_segment(f, SEGMENT(.src_port = m->port, .dst_port = SERVICE, .seq = m->seq + 7, .flags = TCP_RST));
        seen += attack_drain(f) > 0;
        field_run(f, 250 * WEFT_MS);
    }
    return seen;
}

/* world: his forged resets fall into the window of the stream, or beside it. */
static unsigned world_of_challenges(bool in_window)
{
    struct field *f = field_new(NULL);
    struct mallory m = mallory_connect(f, 5000, 1460, false, -1);
    unsigned seen = 0;

    for (int round = 0; round < 5; round++) {
        for (uint32_t i = 0; i < 500; i++)
            attack_stream(f, SEGMENT(.flags = TCP_RST, .seq = stream_expected(f) + (in_window ? 100 + i : 1u << 30)));
        seen += challenges_seen(f, &m);
    }
    weft_abort(m.sock);
    field_run(f, 10 * WEFT_MS);
    field_end(f);
    return seen;
}

/* R5961-7: the limit is each connection's own. */
static void own_challenges_tell_nothing_of_those_to_others(void **state)
{
    unsigned seen = world_of_challenges(true);

    assert_true(seen > 0);
    assert_int_equal(seen, world_of_challenges(false));
}

/* ---- SAD DNS ---- */

static void probe(struct field *f, uint32_t src, uint16_t port)
{
    uint8_t datagram[8] = {0x30, 0x39, (uint8_t)(port >> 8), (uint8_t)port, 0, 8};

    attack_datagram(f, (struct ipv4_header){.src = src, .dst = FRONT, .proto = IP_PROTO_UDP}, datagram,
                    sizeof datagram);
}

static unsigned errors(struct field *f)
{
    struct caught *c = malloc(sizeof *c);
    unsigned n = 0;

    while (attack_take(f, c))
        n += c->ip.dst == ATTACKER;
    free(c);
    return n;
}

/*
 * He spends the budget in the name of others on 50 ports, one of which may be open, and then asks once in his own: an
 * answer would mean that one was not closed. How often is he answered?
 */
static unsigned answered(bool one_is_open, uint16_t names)
{
    struct weft_config config;
    struct field *f;
    struct weft_addr here = {weft_ipv4(FRONT), 6025};
    weft_sock *open;
    unsigned n = 0;

    weft_config_default(&config);
    config.icmp_error_interval = 200 * WEFT_MS;
    f = field_new(&config);
    open = weft_socket(f->victim, WEFT_UDP, NULL);
    assert_int_equal(weft_bind(open, &here), 0);
    for (int trial = 0; trial < TRIALS; trial++) {
        for (uint16_t i = 0; i < 50; i++)
            probe(f, 0x0a420707 + i % names, (uint16_t)((one_is_open ? 6000 : 5000) + i));
        attack_drain(f);
        probe(f, ATTACKER, 7);
        n += errors(f);
        field_run(f, config.icmp_error_interval); /* so that his own limit keeps nothing back */
    }
    weft_close(open);
    field_end(f);
    return n;
}

/* In as many names as there are probes, so that none has spent its own budget. With a fixed one it would be all or
 * nothing. */
static void own_errors_tell_little_of_which_ports_are_open(void **state)
{
    unsigned open = answered(true, 50), closed = answered(false, 50);
    unsigned more = open > closed ? open - closed : closed - open;

    assert_true(more * 8 <= TRIALS + 3 * 8);
    assert_true(closed < TRIALS); /* the budget was spent at times */
}

/* In one name he does not even spend it. */
static void errors_to_one_leave_the_others_what_they_have(void **state)
{
    assert_int_equal(answered(true, 1), TRIALS);
    assert_int_equal(answered(false, 1), TRIALS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_challenges_tell_nothing_of_those_to_others),
        cmocka_unit_test(own_errors_tell_little_of_which_ports_are_open),
        cmocka_unit_test(errors_to_one_leave_the_others_what_they_have),
    };

    return cmocka_run_group_tests_name("attack_sidechannel", tests, NULL, NULL);
}
