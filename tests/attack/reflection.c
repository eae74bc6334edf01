/* SPDX-License-Identifier: MIT */
/*
 * Reflection: what is sent in somebody's name is answered to him. The victim must be no use for that: nobody may have more
 * sent to another than he sends himself, but for the few repeats of a SYN,ACK that a lost one needs (RFC 9293 §3.8.3), and
 * what goes to many is answered by none (RFC 1122 §3.2.2, "smurf" and "fraggle" of 1998).
 */
#include "field.h"

#include "wire/udp.h"

#define VICTIM_OF_IT(i) (0x0a430000u + (uint32_t)(i)) /* 10.67.x.x: who is flooded; routed to the attacker's side */

struct traffic {
    uint64_t packets, bytes;
};

/* All that came out. */
static struct traffic taken(struct field *f)
{
    struct traffic t = {0};
    weft_pkt *pkt;

    while (weft_output(f->back, &pkt, 1, f->now)) {
        t.packets++;
        t.bytes += weft_pkt_len(pkt);
        weft_pkt_release(pkt);
    }
    return t;
}

static struct traffic taken_within(struct field *f, unsigned seconds)
{
    struct traffic sum = taken(f);

    for (unsigned i = 0; i < seconds * 20; i++) {
        struct traffic t;

        field_run(f, 50 * WEFT_MS);
        t = taken(f);
        sum.packets += t.packets;
        sum.bytes += t.bytes;
    }
    return sum;
}

/* Repeats come ten times as early as they do by default, so that all of them are out after three seconds, not thirty. */
#define ALL_REPEATS 7 /* seconds until such a SYN is forgotten */

static struct field *hasty(void)
{
    struct weft_config config;

    weft_config_default(&config);
    config.tcp.rto_initial = 100 * WEFT_MS;
    return field_new(&config);
}

static size_t throw_syn(struct field *f, unsigned i, bool options)
{
    uint8_t bytes[128];
    struct segment s = {.src = VICTIM_OF_IT(i), .src_port = (uint16_t)(1024 + i % 60000), .dst_port = SERVICE,
                        .seq = 77 + i, .flags = TCP_SYN};
    size_t n;

    if (options) {
        s.options = (struct tcp_options){.mss = 1460, .sack_permitted = true, .wscale = 7, .has_ts = true, .ts_val = i + 1};
        s.scaled = true;
    }
    n = attack_make(bytes, &s);
    attack_throw(f, bytes, n);
    return n;
}

/* Five repeats, none larger than the SYN; a SYN without options gets an MSS more than it brought. */
static void a_forged_syn_is_answered_six_times(void **state)
{
    static const struct {
        bool options;
        size_t more;
    } rows[] = {{true, 0}, {false, 4}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct field *f = hasty();
        size_t n = throw_syn(f, 1, rows[i].options);
        struct traffic out = taken_within(f, ALL_REPEATS);

        print_message("%llu packets of %llu bytes in all for one of %zu\n", (unsigned long long)out.packets,
                      (unsigned long long)out.bytes, n);
        assert_int_equal(out.packets, 6);
        assert_true(out.bytes <= 6 * (n + rows[i].more));
        field_end(f);
    }
}

/* The same SYN again and again puts the repeats off, and is answered no oftener than twice a second. */
static void a_forged_syn_that_comes_often_is_answered_less_often(void **state)
{
    struct field *f = field_new(NULL);
    struct traffic in = {0}, out = {0};

    for (unsigned ms = 0; ms < 5000; ms++) {
        struct traffic t = taken(f);

        out.packets += t.packets;
        out.bytes += t.bytes;
        in.bytes += throw_syn(f, 1, true);
        in.packets++;
        field_run(f, WEFT_MS);
    }
    assert_true(out.packets > 0 && out.packets <= 11);
    assert_true(out.bytes < in.bytes / 100);
    field_end(f);
}

/* Only as many have a record, and so repeats, as the listener's queue takes; the others get a cookie, once. */
static void a_flood_of_forged_syns_comes_out_as_one_for_one(void **state)
{
    const unsigned flood = 50000, backlog = 1024;
    struct field *f = hasty();
    struct traffic in = {0}, out = {0}, later;

    for (unsigned i = 0; i < flood; i++) {
        struct traffic t;

        in.bytes += throw_syn(f, i, true);
        t = taken(f);
        assert_true(t.packets >= 1);
        out.packets += t.packets;
        out.bytes += t.bytes;
        if (i % 100 == 99)
            field_run(f, WEFT_MS);
    }
    later = taken_within(f, ALL_REPEATS);
    print_message("%u SYNs: %llu answers, and %llu later\n", flood, (unsigned long long)out.packets,
                  (unsigned long long)later.packets);
    assert_true(out.packets + later.packets <= flood + 5 * backlog);
    assert_true((out.bytes + later.bytes) * 100 <= in.bytes * 111);
    field_end(f);
}

/* To closed ports, to connections that are none: a reset of 40 bytes for each, never for a reset. */
static void strangers_segments_are_refused_one_for_one(void **state)
{
    static const uint16_t flags[] = {TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST, TCP_RST | TCP_ACK};
    static const uint8_t text[100];
    struct field *f = field_new(NULL);

    for (size_t i = 0; i < 1000 * sizeof flags / sizeof *flags; i++) {
        bool reset = flags[i / 1000] & TCP_RST;
        struct traffic out;

        attack_segment(f, SEGMENT(.src = VICTIM_OF_IT(i), .src_port = 1024, .dst_port = 81, .seq = 7, .ack = 9,
                                  .flags = flags[i / 1000], .text = text, .len = i % 2 ? sizeof text : 0));
        out = taken(f);
        assert_int_equal(out.packets, reset ? 0 : 1);
        assert_int_equal(out.bytes, reset ? 0 : 40);
    }
    expect_work_below(f, 600);
    field_end(f);
}

/* ---- datagrams ---- */

static struct traffic answer_to(struct field *f, uint32_t dst, uint8_t proto, const void *payload, size_t n)
{
    attack_datagram(f, (struct ipv4_header){.proto = proto, .src = VICTIM_OF_IT(f->packets), .dst = dst}, payload, n);
    return taken(f);
}

static size_t make_echo(uint8_t *out, size_t n)
{
    struct csum sum = {0};

    memset(out, 0, n);
    out[0] = ICMPV4_ECHO;
    csum_add(&sum, out, n);
    poke_u16(out + 2, csum_fold(&sum));
    return n;
}

/* To a closed port, without a checksum. */
static size_t make_udp(uint8_t *out, size_t n)
{
    memset(out, 0, n);
    poke_u16(out, 1024);
    poke_u16(out + 2, 9);
    poke_u16(out + 4, (uint16_t)n);
    return n;
}

static void an_echo_is_as_large_as_what_it_echoes(void **state)
{
    uint8_t bytes[1480];
    struct field *f = field_new(NULL);

    for (size_t n = 8; n <= sizeof bytes; n += 32) {
        struct traffic out = answer_to(f, FRONT, IP_PROTO_ICMP, bytes, make_echo(bytes, n));

        assert_true(out.packets <= 1);
        assert_int_equal(out.bytes, out.packets * (IPV4_HEADER + n));
    }
    field_end(f);
}

/* An error quotes what it is about and has 28 bytes in front; a second gives a handful to each, and a thousand to all. */
static void errors_are_no_larger_than_the_minimum_and_few(void **state)
{
    uint8_t bytes[1480];
    struct field *f = field_new(NULL);
    struct traffic in = {0}, out = {0};

    for (unsigned i = 0; i < 50000; i++) {
        size_t n = make_udp(bytes, 8 + i % 1400);
        struct traffic t = answer_to(f, FRONT, IP_PROTO_UDP, bytes, n);

        assert_true(t.bytes <= 576 && t.bytes <= IPV4_HEADER + n + 28);
        in.bytes += IPV4_HEADER + n;
        out.packets += t.packets;
        out.bytes += t.bytes;
        if (i % 50 == 49)
            field_run(f, WEFT_MS);
    }
    print_message("%llu errors in a second for 50,000 datagrams\n", (unsigned long long)out.packets);
    assert_true(out.packets > 0 && out.packets <= 2100);
    assert_true(out.bytes < in.bytes / 10);
    field_end(f);
}

static void what_goes_to_all_is_answered_by_none(void **state)
{
    static const uint32_t all[] = {0xffffffff, 0x0a42ffff, 0x0a420000, 0xe0000001};
    uint8_t bytes[64];
    struct field *f = field_new(NULL);

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(answer_to(f, all[i], IP_PROTO_ICMP, bytes, make_echo(bytes, sizeof bytes)).packets, 0);
        assert_int_equal(answer_to(f, all[i], IP_PROTO_UDP, bytes, make_udp(bytes, sizeof bytes)).packets, 0);
        attack_segment(f, SEGMENT(.src = VICTIM_OF_IT(i), .dst = all[i], .src_port = 1024, .dst_port = SERVICE, .seq = 7,
                                  .flags = TCP_SYN));
        assert_int_equal(taken(f).packets, 0);
    }
    field_end(f);
}

/* Nor is what comes in the name of all, of a group, of nobody. */
static void nobody_in_particular_is_answered_by_nothing(void **state)
{
    static const uint32_t all[] = {0xffffffff, 0x0a42ffff, 0xe0000001, 0x7f000001};
    uint8_t bytes[64];
    struct field *f = field_new(NULL);

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        attack_datagram(f, (struct ipv4_header){.proto = IP_PROTO_ICMP, .src = all[i], .dst = FRONT}, bytes,
                        make_echo(bytes, sizeof bytes));
        attack_datagram(f, (struct ipv4_header){.proto = IP_PROTO_UDP, .src = all[i], .dst = FRONT}, bytes,
                        make_udp(bytes, sizeof bytes));
        attack_segment(f, SEGMENT(.src = all[i], .src_port = 1024, .dst_port = SERVICE, .seq = 7, .flags = TCP_SYN));
        assert_int_equal(taken(f).packets, 0);
    }
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forged_syn_is_answered_six_times),
        cmocka_unit_test(a_forged_syn_that_comes_often_is_answered_less_often),
        cmocka_unit_test(a_flood_of_forged_syns_comes_out_as_one_for_one),
        cmocka_unit_test(strangers_segments_are_refused_one_for_one),
        cmocka_unit_test(an_echo_is_as_large_as_what_it_echoes),
        cmocka_unit_test(errors_are_no_larger_than_the_minimum_and_few),
        cmocka_unit_test(what_goes_to_all_is_answered_by_none),
        cmocka_unit_test(nobody_in_particular_is_answered_by_nothing),
    };

    return cmocka_run_group_tests_name("attack_reflection", tests, NULL, NULL);
}
