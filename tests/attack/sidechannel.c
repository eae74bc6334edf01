/* SPDX-License-Identifier: MIT */
/*
 * Limits that can be watched (CVE-2016-5696, CVE-2020-25705): whoever may see how often he himself is answered must not
 * learn from it what others were answered. Two worlds that differ in what the attacker wants to know, and in nothing
 * else: what he sees in them is compared.
 */
#include "field.h"

#define TRIALS  1000
#define NOISE   (3 * 22) /* three times what a thousand pairs of even chances vary by */
#define OPEN    6025
#define RATE    10000    /* errors a second: ten times the default, and all times a tenth */
#define OWN_GAP (20 * WEFT_MS)

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

/* Forged questions to so many ports, the first of which may be open, in as many names, and one in his own: an answer? */
static bool asks(struct field *f, bool one_is_open, unsigned ports, unsigned names)
{
    for (unsigned i = 0; i < ports; i++)
        probe(f, 0x0a420707 + i % names, (uint16_t)((one_is_open ? OPEN : OPEN + 1) + i));
    attack_drain(f);
    probe(f, ATTACKER, 7);
    return errors(f);
}

/* How often he is answered, with so long a pause between his trials; `before` each he may ask whatever he likes. */
static unsigned answered(bool one_is_open, unsigned ports, unsigned names, weft_time pause, unsigned before)
{
    struct weft_config config;
    struct field *f;
    struct weft_addr here = {weft_ipv4(FRONT), OPEN};
    weft_sock *open;
    unsigned n = 0;

    weft_config_default(&config);
    config.icmp_error_interval = OWN_GAP;
    config.icmp_errors_per_second = RATE;
    f = field_new(&config);
    open = weft_socket(f->victim, WEFT_UDP, NULL);
    assert_int_equal(weft_bind(open, &here), 0);
    for (int trial = 0; trial < TRIALS; trial++) {
        field_run(f, OWN_GAP); /* so that his own limit keeps nothing back */
        for (unsigned i = 0; i < before; i++)
            probe(f, 0x0a420000 + i, 7);
        attack_drain(f);
        field_run(f, pause);
        n += asks(f, one_is_open, ports, names);
    }
    weft_close(open);
    field_end(f);
    return n;
}

static void expect_no_telling(unsigned open, unsigned closed)
{
    unsigned more = open > closed ? open - closed : closed - open;

    assert_true(more * 100 <= TRIALS + NOISE * 100);
    assert_in_range(closed, TRIALS / 20, TRIALS - TRIALS / 20); /* chance had a part in it */
}

/*
 * In as many names as there are questions, so that none has spent its own budget. One that is open means one answer
 * less, and his own one more in a hundred cases at most.
 */
static void own_errors_do_not_tell_which_ports_are_open(void **state)
{
    expect_no_telling(answered(true, 90, 90, 0, 0), answered(false, 90, 90, 0, 0));
}

/* Nor when he has taken nearly all there was before, and knows to the nanosecond how much has come since. */
static void nor_do_they_tell_who_knows_what_is_left(void **state)
{
    expect_no_telling(answered(true, 40, 40, 4 * WEFT_MS, 250), answered(false, 40, 40, 4 * WEFT_MS, 250));
}

/* In one name he does not even spend it. */
static void errors_to_one_leave_the_others_what_they_have(void **state)
{
    assert_int_equal(answered(true, 50, 1, 0, 0), TRIALS);
    assert_int_equal(answered(false, 50, 1, 0, 0), TRIALS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_challenges_tell_nothing_of_those_to_others),
        cmocka_unit_test(own_errors_do_not_tell_which_ports_are_open),
        cmocka_unit_test(nor_do_they_tell_who_knows_what_is_left),
        cmocka_unit_test(errors_to_one_leave_the_others_what_they_have),
    };

    return cmocka_run_group_tests_name("attack_sidechannel", tests, NULL, NULL);
}
