/* SPDX-License-Identifier: MIT */
/*
 * Malformed and hostile frames that scapy made (hostile_frames.h), to a host on Ethernet: each is dropped once, under
 * its name and no other, and after all of them the host answers as before.
 */
#include "hostile_frames.h"
#include "nd_bench.h"
#include "wire/arp.h"

static struct link *host_on_ethernet(void)
{
    struct link *l = open_link(0);
    struct weft_ip us = weft_ipv4(US), us6 = ip6("fd09::2"), local = ip6("fe80::2");

    assert_int_equal(weft_if_add_address(l->ifp, &us, 24), 0);
    assert_int_equal(weft_if_add_address(l->ifp, &us6, 64), 0);
    assert_int_equal(weft_if_add_address(l->ifp, &local, 64), 0);
    pass(l, 5 * WEFT_S);
    return l;
}

static uint8_t digit(char c) { return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10); }

static void put_bytes(struct link *l, const char *digits)
{
    size_t n = strlen(digits) / 2;
    weft_pkt *pkt = weft_pkt_new(l->s, n);
    uint8_t *p = weft_pkt_data(pkt);

    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1]));
    weft_pkt_set_len(pkt, n);
    weft_input(l->ifp, &pkt, 1, l->now);
}

/* Only what it is dropped under has grown. */
static void assert_dropped(const struct link *l, const uint64_t *before, const struct hostile_frame *f)
{
    for (unsigned d = 0; d < WEFT_DROP_COUNT; d++) {
        const char *name = weft_drop_name((enum weft_drop)d);
        uint64_t grown = weft_drops(l->s, (enum weft_drop)d) - before[d];

        if (grown != (strcmp(name, f->drop) == 0 ? f->n : 0))
            fail_msg("%s: %s grew by %llu, and %s was meant", f->what, name, (unsigned long long)grown, f->drop);
    }
}

static unsigned frames_out(struct link *l)
{
    weft_pkt *pkt;
    unsigned n = 0;

    for (; weft_output(l->ifp, &pkt, 1, l->now) == 1; n++)
        weft_pkt_release(pkt);
    return n;
}

/* Somebody on the link asks for our address, and gets it, and nothing else. */
static void assert_answers(struct link *l)
{
    struct arp_packet ask = {.op = ARP_REQUEST, .sender_ip = V4(10, 9, 0, 200), .target_ip = US};
    struct eth_header h = {.type = ETH_TYPE_ARP};
    weft_pkt *pkt = weft_pkt_new(l->s, ETH_HEADER + ARP_LEN);
    struct writer w = writer(weft_pkt_data(pkt), ETH_HEADER + ARP_LEN);

    memset(h.dst, 0xff, 6);
    memcpy(h.src, other_mac, 6);
    memcpy(ask.sender_mac, other_mac, 6);
    eth_emit(&w, &h);
    arp_emit(&w, &ask);
    weft_pkt_set_len(pkt, ETH_HEADER + ARP_LEN);
    weft_input(l->ifp, &pkt, 1, l->now);
    assert_int_equal(weft_output(l->ifp, &pkt, 1, l->now), 1);
    assert_memory_equal(weft_pkt_data(pkt), other_mac, 6);
    assert_memory_equal((uint8_t *)weft_pkt_data(pkt) + ETH_HEADER + 8, our_mac, 6);
    weft_pkt_release(pkt);
    assert_int_equal(frames_out(l), 0);
}

/* What comes of one frame is at most one: who sends such gets no more out of us than he puts in. */
static void each_frame_is_dropped_under_its_name(void **state)
{
    struct link *l = host_on_ethernet();
    uint64_t before[WEFT_DROP_COUNT];

    *state = l;
    frames_out(l);
    for (size_t i = 0; i < ARRAY_LEN(hostile_frames); i++) {
        for (unsigned d = 0; d < WEFT_DROP_COUNT; d++)
            before[d] = weft_drops(l->s, (enum weft_drop)d);
        put_bytes(l, hostile_frames[i].bytes);
        assert_dropped(l, before, &hostile_frames[i]);
        assert_in_range(frames_out(l), 0, 1);
        l->now += WEFT_MS;
    }
    assert_answers(l);
    teardown(state);
}

/* Any beginning of any of them, and any of them with a byte turned: whatever becomes of it, the host goes on. */
static void no_part_of_them_does_harm(void **state)
{
    struct link *l = host_on_ethernet();
    static char digits[8192];

    *state = l;
    for (size_t i = 0; i < ARRAY_LEN(hostile_frames); i++) {
        size_t n = strlen(hostile_frames[i].bytes);

        for (size_t at = 0; at < n; at++) {
            memcpy(digits, hostile_frames[i].bytes, n + 1);
            digits[at] = digits[at] == 'f' ? '0' : 'f';
            put_bytes(l, digits);
            digits[at & ~(size_t)1] = '\0';
            if (at & 1)
                put_bytes(l, digits);
            frames_out(l);
        }
        pass(l, WEFT_S);
        frames_out(l);
        assert_answers(l);
    }
    assert_true(weft_memory(l->s, NULL) < 4 << 20);
    teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_frame_is_dropped_under_its_name),
        cmocka_unit_test(no_part_of_them_does_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
