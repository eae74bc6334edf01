/* SPDX-License-Identifier: MIT */
/* Segmentation in software (src/core/gso.c): what a link that takes no super-segments gets instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/gso.h"
#include "core_bench.h"
#include "wire/tcp.h"

#define SEQ  0xfffffff0u /* the stream wraps within the first pieces */
#define HEAD (IPV4_HEADER + TCP_HEADER)

static const struct weft_ip src = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
static const struct weft_ip dst = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}};

static uint8_t byte_at(uint32_t i) { return (uint8_t)(i * 7 + (i >> 8)); }

static void put_payload(struct weft_pkt *p, uint32_t len)
{
    for (uint32_t done = 0; done < len;) {
        uint32_t k = min_u32(len - done, 999); /* pieces that no segment ends with */
        struct weft_block *b = block_new(&p->stack->blocks, k);

        for (uint32_t i = 0; i < k; i++)
            b->data[i] = byte_at(done + i);
        assert_true(pkt_add_span(p, b, b->data, k));
        block_unref(b);
        done += k;
    }
}

/* What is still to be done, behind the headers of p. */
static struct weft_pkt *whole(struct weft_pkt *p, uint16_t csum_offset, uint16_t gso_size, uint32_t len)
{
    p->l2 = p->l3 = (uint16_t)pkt_headroom(p);
    p->l4 = p->csum_start = p->l3 + IPV4_HEADER;
    p->csum_offset = csum_offset;
    p->csum_partial = true;
    p->gso_size = gso_size;
    put_payload(p, len);
    return p;
}

/* As TCP and IP leave it: all headers, the sum begun with the pseudo-header of the whole. TCP's has so many bytes. */
static struct weft_pkt *super_behind(weft_stack *s, uint8_t header, uint32_t len, uint16_t gso_size, uint16_t flags)
{
    uint32_t head = IPV4_HEADER + (uint32_t)header;
    struct weft_pkt *p = pkt_new_linear(s, PKT_HEADROOM - IPV4_HEADER, head);
    struct ipv4_header ip = {.header_len = IPV4_HEADER, .total_len = (uint16_t)(head + len), .df = true, .ttl = 64,
                             .proto = IP_PROTO_TCP, .src = 0x0a000001, .dst = 0x0a000002};
    struct tcp_header tcp = {.src_port = 1, .dst_port = 2, .seq = seq(SEQ), .ack = seq(9), .header_len = header,
                             .flags = flags, .window = 500};
    struct writer w = writer(p->data, head);
    struct csum sum = {0};

    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_TCP, header + len);
    tcp.checksum = (uint16_t)~csum_fold(&sum);
    ipv4_emit(&w, &ip);
    tcp_emit(&w, &tcp);
    memset(p->data + HEAD, 1, header - TCP_HEADER); /* options of no operation */
    return whole(p, TCP_CHECKSUM_AT, gso_size, len);
}

static struct weft_pkt *super(weft_stack *s, uint32_t len, uint16_t gso_size, uint16_t flags)
{
    return super_behind(s, TCP_HEADER, len, gso_size, flags);
}

/* Is it a sound packet with `len` bytes of the stream from `at` on? */
static void check_piece(const struct weft_pkt *p, uint32_t at, uint32_t len, uint16_t flags)
{
    uint8_t bytes[2000];
    uint32_t total = pkt_copy(p, 0, bytes, sizeof bytes);
    struct reader r = reader(bytes, total);
    struct ipv4_header ip;
    struct tcp_header tcp;
    struct tcp_options none;
    struct csum sum = {0};
    uint32_t head;

    assert_int_equal(ipv4_parse(&r, total, &ip), IPV4_OK);
    assert_int_equal(tcp_parse(&r, total - IPV4_HEADER, &tcp, &none), TCP_OK);
    head = IPV4_HEADER + (uint32_t)tcp.header_len;
    assert_int_equal(ip.total_len, head + len);
    assert_int_equal(total, head + len);
    assert_int_equal(tcp.seq.v, SEQ + at);
    assert_int_equal(tcp.flags, flags);
    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_TCP, tcp.header_len + len);
    csum_add(&sum, bytes + IPV4_HEADER, tcp.header_len + len);
    assert_int_equal(csum_fold(&sum), 0);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(bytes[head + i], byte_at(at + i));
}

/* A train of datagrams as UDP and IP leave it. */
static struct weft_pkt *train(weft_stack *s, uint32_t len, uint16_t gso_size, bool df)
{
    struct weft_pkt *p = pkt_new_linear(s, PKT_HEADROOM - IPV4_HEADER, IPV4_HEADER + UDP_HEADER);
    struct ipv4_header ip = {.header_len = IPV4_HEADER, .total_len = (uint16_t)(IPV4_HEADER + UDP_HEADER + len),
                             .df = df, .id = 0xffff, .ttl = 64, .proto = IP_PROTO_UDP, .src = 0x0a000001,
                             .dst = 0x0a000002};
    struct udp_header udp = {.src_port = 1, .dst_port = 2, .len = (uint16_t)(UDP_HEADER + len)};
    struct writer w = writer(p->data, IPV4_HEADER + UDP_HEADER);
    struct csum sum = {0};

    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_UDP, UDP_HEADER + len);
    udp.checksum = (uint16_t)~csum_fold(&sum);
    ipv4_emit(&w, &ip);
    udp_emit(&w, &udp);
    return whole(p, UDP_CHECKSUM_AT, gso_size, len);
}

/* Is it a sound datagram with `len` bytes of the train from `at` on, and this identification? */
static void check_datagram(const struct weft_pkt *p, uint32_t at, uint32_t len, uint16_t id)
{
    uint8_t bytes[2000];
    uint32_t total = pkt_copy(p, 0, bytes, sizeof bytes);
    struct reader r = reader(bytes, total);
    struct ipv4_header ip;
    struct udp_header udp;
    struct csum sum = {0};

    assert_int_equal(ipv4_parse(&r, total, &ip), IPV4_OK);
    assert_int_equal(ip.id, id);
    assert_true(udp_parse(&r, &udp));
    assert_int_equal(udp.len, UDP_HEADER + len);
    assert_int_equal(total, IPV4_HEADER + UDP_HEADER + len);
    assert_int_not_equal(udp.checksum, 0);
    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_UDP, UDP_HEADER + len);
    csum_add(&sum, bytes + IPV4_HEADER, UDP_HEADER + len);
    assert_int_equal(csum_fold(&sum), 0);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(bytes[IPV4_HEADER + UDP_HEADER + i], byte_at(at + i));
}

static int setup(void **state)
{
    *state = bench_open();
    return 0;
}

static int teardown(void **state)
{
    bench_close(*state);
    return 0;
}

static void pieces_are_sound_segments_of_the_same_stream(void **state)
{
    static const struct {
        uint32_t len, gso_size;
    } cases[] = {{3000, 1460}, {2920, 1460}, {1461, 1460}, {9000, 536}, {7, 1}};
    struct core_bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t len = cases[i].len, size = cases[i].gso_size;
        struct weft_pkt *whole = super(b->s, len, (uint16_t)size, TCP_ACK | TCP_PSH);

        assert_int_equal(gso_payload(whole), len);
        for (uint32_t at = 0; at < len; at += size) {
            struct weft_pkt *p = gso_piece(whole, at, true);

            assert_false(p->csum_partial);
            check_piece(p, at, min_u32(size, len - at), at + size >= len ? TCP_ACK | TCP_PSH : TCP_ACK);
            pkt_release(p);
        }
        pkt_release(whole);
    }
}

static void pieces_are_sound_however_long_their_header_is(void **state)
{
    struct core_bench *b = *state;

    for (uint8_t header = TCP_HEADER; header <= TCP_MAX_HEADER; header += 4) {
        struct weft_pkt *whole = super_behind(b->s, header, 4000, 1448, TCP_ACK);

        for (uint32_t at = 0; at < 4000; at += 1448) {
            struct weft_pkt *p = gso_piece(whole, at, true);

            check_piece(p, at, min_u32(1448, 4000 - at), TCP_ACK);
            pkt_release(p);
        }
        pkt_release(whole);
    }
}

static void flags_that_are_said_once_stand_on_the_first_or_the_last_piece(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *whole = super(b->s, 300, 100, TCP_ACK | TCP_FIN | TCP_PSH | TCP_CWR | TCP_ECE);
    static const uint16_t flags[] = {TCP_ACK | TCP_ECE | TCP_CWR, TCP_ACK | TCP_ECE,
                                     TCP_ACK | TCP_ECE | TCP_PSH | TCP_FIN};

    for (uint32_t i = 0; i < ARRAY_LEN(flags); i++) {
        struct weft_pkt *p = gso_piece(whole, i * 100, true);

        check_piece(p, i * 100, 100, flags[i]);
        pkt_release(p);
    }
    pkt_release(whole);
}

/* Without DF each may be fragmented, and has an identification of its own (RFC 6864 §4). */
static void pieces_of_a_train_are_sound_datagrams(void **state)
{
    struct core_bench *b = *state;

    for (int df = 0; df < 2; df++) {
        struct weft_pkt *whole = train(b->s, 3000, 1472, df);

        assert_int_equal(gso_payload(whole), 3000);
        for (uint32_t at = 0, n = 0; at < 3000; at += 1472, n++) {
            struct weft_pkt *p = gso_piece(whole, at, true);

            check_datagram(p, at, min_u32(1472, 3000 - at), (uint16_t)(df ? 0xffff : 0xffff + n));
            pkt_release(p);
        }
        pkt_release(whole);
    }
}

/* RFC 768: a sum of zero is sent as 0xffff. Two bytes of payload take every value, and so does the sum. */
static void no_datagram_of_a_train_goes_without_a_checksum(void **state)
{
    struct core_bench *b = *state;

    for (uint32_t value = 0; value < 0x10000; value++) {
        struct weft_pkt *whole = train(b->s, 2, 2, true), *p;

        poke_u16(whole->span[0].block->data, (uint16_t)value);
        p = gso_piece(whole, 0, true);
        assert_int_not_equal(peek_u16(p->base + p->l4 + UDP_CHECKSUM_AT), 0);
        pkt_release(p);
        pkt_release(whole);
    }
}

static void sums_may_be_left_to_the_link(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *whole = super(b->s, 2000, 1460, TCP_ACK);

    for (uint32_t at = 0; at < 2000; at += 1460) {
        struct weft_pkt *p = gso_piece(whole, at, false);
        struct weft_pkt *linear = pkt_duplicate(p, b->s); /* which finishes a sum that was begun */

        assert_true(p->csum_partial);
        assert_non_null(linear);
        check_piece(linear, at, min_u32(1460, 2000 - at), TCP_ACK);
        pkt_release(linear);
        pkt_release(p);
    }
    pkt_release(whole);
}

static void a_piece_without_memory_goes_out_with_the_next_pull(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "x", WEFT_LINK_IP, 1500);

    if_transmit(ifp, super(b->s, 9000, 1000, TCP_ACK));
    harness_env_fail_nth(&b->e, 4);
    assert_int_equal(bench_pull(b, ifp), 9);
    assert_true(harness_env_failed(&b->e));
    assert_int_equal(weft_drops(b->s, WEFT_DROP_no_memory), 0);
}

static void pieces_go_out_in_order_however_few_are_pulled(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "x", WEFT_LINK_IP, 1500);
    uint32_t at = 0;
    weft_pkt *p;

    if_transmit(ifp, super(b->s, 3000, 1000, TCP_ACK));
    if_transmit(ifp, bench_pkt(b->s, "after", 5));
    for (; at < 3000; at += 1000) {
        assert_int_equal(weft_output(ifp, &p, 1, b->now), 1);
        check_piece(p, at, 1000, TCP_ACK);
        pkt_release(p);
    }
    assert_int_equal(bench_pull(b, ifp), 1);
    assert_int_equal(b->frame[0].len, 5);
}

static void what_is_left_in_pieces_goes_with_its_interface(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "x", WEFT_LINK_IP, 1500);
    weft_pkt *p;

    if_transmit(ifp, super(b->s, 3000, 1000, TCP_ACK));
    assert_int_equal(weft_output(ifp, &p, 1, b->now), 1);
    pkt_release(p);
    weft_if_free(ifp);
    ifp = bench_if(b->s, "x", WEFT_LINK_IP, 1500); /* the same memory again */
    if_transmit(ifp, super(b->s, 1500, 1000, TCP_ACK));
    assert_int_equal(weft_output(ifp, &p, 1, b->now), 1);
    check_piece(p, 0, 1000, TCP_ACK);
    pkt_release(p);
}

static void a_link_that_takes_super_segments_gets_them_whole(void **state)
{
    struct core_bench *b = *state;
    struct weft_if_config k = {.name = "x", .link = WEFT_LINK_IP, .mtu = 1500,
                               .offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO};
    weft_if *ifp = weft_if_new(b->s, &k, NULL);

    if_transmit(ifp, super(b->s, 4 * 1460, 1460, TCP_ACK));
    assert_int_equal(bench_pull(b, ifp), 1);
}

static void a_link_that_takes_tcp_alone_gets_trains_in_pieces(void **state)
{
    struct core_bench *b = *state;
    struct weft_if_config k = {.name = "x", .link = WEFT_LINK_IP, .mtu = 1500,
                               .offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO};
    weft_if *ifp = weft_if_new(b->s, &k, NULL);

    if_transmit(ifp, train(b->s, 4 * 1472, 1472, true));
    assert_int_equal(bench_pull(b, ifp), 4);
    ifp->offload |= WEFT_OFFLOAD_USO;
    if_transmit(ifp, train(b->s, 4 * 1472, 1472, true));
    assert_int_equal(bench_pull(b, ifp), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pieces_are_sound_segments_of_the_same_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(pieces_are_sound_however_long_their_header_is, setup, teardown),
        cmocka_unit_test_setup_teardown(flags_that_are_said_once_stand_on_the_first_or_the_last_piece, setup, teardown),
        cmocka_unit_test_setup_teardown(pieces_of_a_train_are_sound_datagrams, setup, teardown),
        cmocka_unit_test_setup_teardown(no_datagram_of_a_train_goes_without_a_checksum, setup, teardown),
        cmocka_unit_test_setup_teardown(sums_may_be_left_to_the_link, setup, teardown),
        cmocka_unit_test_setup_teardown(a_piece_without_memory_goes_out_with_the_next_pull, setup, teardown),
        cmocka_unit_test_setup_teardown(pieces_go_out_in_order_however_few_are_pulled, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_left_in_pieces_goes_with_its_interface, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_that_takes_super_segments_gets_them_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_that_takes_tcp_alone_gets_trains_in_pieces, setup, teardown),
    };

    return cmocka_run_group_tests_name("gso", tests, NULL, NULL);
}
