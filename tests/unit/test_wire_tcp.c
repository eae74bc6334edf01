/* SPDX-License-Identifier: MIT */
/* The TCP header and its options (src/wire/tcp.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/tcp.h"

/* A segment of ports 7 and 34012 with these options, padded with EOL, and "payload" behind. */
struct segment {
    uint8_t bytes[TCP_MAX_HEADER + 7];
    size_t len;
};

static struct segment segment_with(uint16_t flags, const uint8_t *options, size_t n)
{
    struct segment s = {.len = TCP_HEADER + (n + 3) / 4 * 4 + 7};
    struct writer w = writer(s.bytes, sizeof s.bytes);
    struct tcp_header h = {.src_port = 7, .dst_port = 34012, .seq = seq(0x01020304), .ack = seq(0xfffefdfc),
                           .flags = flags, .window = 65535, .checksum = 0xabcd, .urgent = 5};

    h.header_len = (uint8_t)(s.len - 7);
    tcp_emit(&w, &h);
    memcpy(s.bytes + TCP_HEADER, options, n);
    memcpy(s.bytes + h.header_len, "payload", 7);
    return s;
}

static enum tcp_verdict options_of(const struct segment *s, struct tcp_options *o)
{
    struct reader r = reader(s->bytes, s->len);
    struct tcp_header h;
    enum tcp_verdict verdict = tcp_parse(&r, s->len, &h, o);

    if (verdict == TCP_OK)
        assert_memory_equal(r.p, "payload", 7);
    return verdict;
}

static void assert_options_equal(const struct tcp_options *a, const struct tcp_options *b)
{
    assert_int_equal(a->mss, b->mss);
    assert_int_equal(a->wscale, b->wscale);
    assert_int_equal(a->sack_permitted, b->sack_permitted);
    assert_int_equal(a->has_ts, b->has_ts);
    assert_int_equal(a->ts_val, b->ts_val);
    assert_int_equal(a->ts_ecr, b->ts_ecr);
    assert_int_equal(a->n_sack, b->n_sack);
    for (unsigned i = 0; i < a->n_sack; i++) {
        assert_true(seq_eq(a->sack[i].start, b->sack[i].start));
        assert_true(seq_eq(a->sack[i].end, b->sack[i].end));
    }
}

static void tcp_parse_reads_the_fields(void **state)
{
    struct segment s = segment_with(TCP_SYN | TCP_ACK | TCP_AE, (const uint8_t *)"", 0);
    struct reader r = reader(s.bytes, s.len);
    struct tcp_options o;
    struct tcp_header h;

    assert_int_equal(tcp_parse(&r, s.len, &h, &o), TCP_OK);
    assert_int_equal(h.src_port, 7);
    assert_int_equal(h.dst_port, 34012);
    assert_int_equal(h.seq.v, 0x01020304);
    assert_int_equal(h.ack.v, 0xfffefdfc);
    assert_int_equal(h.header_len, TCP_HEADER);
    assert_int_equal(h.flags, TCP_SYN | TCP_ACK | TCP_AE);
    assert_int_equal(h.window, 65535);
    assert_int_equal(h.checksum, 0xabcd);
    assert_int_equal(h.urgent, 5);
    assert_options_equal(&o, &TCP_NO_OPTIONS);
}

static void tcp_parse_ignores_the_reserved_bits(void **state)
{
    struct segment s = segment_with(TCP_ACK, (const uint8_t *)"", 0);
    struct reader r = reader(s.bytes, s.len);
    struct tcp_options o;
    struct tcp_header h;

    s.bytes[12] |= 0x0e;
    assert_int_equal(tcp_parse(&r, s.len, &h, &o), TCP_OK);
    assert_int_equal(h.flags, TCP_ACK);
}

static void tcp_parse_refuses_a_data_offset_below_five_or_past_the_segment(void **state)
{
    for (unsigned offset = 0; offset < 16; offset++) {
        struct segment s = segment_with(TCP_ACK, (const uint8_t *)"\1\1\1\1\1\1\1\1", 8);
        struct reader r = reader(s.bytes, s.len);
        struct tcp_options o;
        struct tcp_header h;
        bool sound = offset >= 5 && offset * 4 <= s.len;

        memset(s.bytes + 28, 1, 7);
        s.bytes[12] = (uint8_t)(offset << 4);
        assert_int_equal(tcp_parse(&r, s.len, &h, &o), sound ? TCP_OK : TCP_BAD_OFFSET);
    }
}

static void tcp_parse_says_short_when_options_are_out_of_sight(void **state)
{
    struct segment s = segment_with(TCP_ACK, (const uint8_t *)"\1\1\1\1", 4);
    struct tcp_options o;
    struct tcp_header h;

    for (size_t seen = 0; seen < s.len; seen++) {
        struct reader r = reader(s.bytes, seen);

        assert_int_equal(tcp_parse(&r, s.len, &h, &o), seen < 24 ? TCP_SHORT : TCP_OK);
    }
}

/* MUST-4 */
static void eol_nop_and_mss_are_understood(void **state)
{
    struct segment s = segment_with(TCP_SYN, (const uint8_t[]){1, 1, 2, 4, 0x05, 0xb4, 0, 3}, 8);
    struct tcp_options o;

    assert_int_equal(options_of(&s, &o), TCP_OK);
    assert_int_equal(o.mss, 1460);
    assert_int_equal(o.wscale, -1); /* that 3 stands behind the EOL */
}

/* MUST-5 */
static void options_are_read_on_any_segment(void **state)
{
    static const uint8_t options[] = {1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9, 1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2};

    for (uint16_t flags = 0; flags < 0x200; flags++) {
        struct segment s = segment_with(flags, options, sizeof options);
        struct tcp_options o;

        assert_int_equal(options_of(&s, &o), TCP_OK);
        assert_true(o.has_ts);
        assert_int_equal(o.ts_val, 7);
        assert_int_equal(o.ts_ecr, 9);
        assert_int_equal(o.n_sack, 1);
    }
}

/* MUST-6 */
static void unknown_option_is_skipped_and_later_ones_still_count(void **state)
{
    struct segment syn = segment_with(TCP_SYN, (const uint8_t[]){200, 7, 2, 4, 9, 9, 0, 2, 4, 0x02, 0x18, 1}, 12);
    struct segment data = segment_with(TCP_ACK, (const uint8_t[]){200, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9}, 12);
    struct tcp_options o;

    assert_int_equal(options_of(&syn, &o), TCP_OK);
    assert_int_equal(o.mss, 536);
    assert_int_equal(options_of(&data, &o), TCP_OK);
    assert_int_equal(o.ts_ecr, 9);
}

/* MUST-7 MUST-68: every kind but EOL and NOP has a length byte, and a wrong one harms nobody. */
static void every_kind_at_every_length_and_place_is_skipped_or_refused(void **state)
{
    for (unsigned kind = 2; kind < 256; kind++) {
        for (unsigned len = 0; len < 256; len++) {
            for (unsigned at = 0; at < TCP_MAX_OPTIONS; at += 3) {
                uint8_t options[TCP_MAX_OPTIONS];
                struct segment s;
                struct tcp_options o;
                bool sound = len >= 2 && at + len <= TCP_MAX_OPTIONS;

                memset(options, 1, sizeof options);
                options[at] = (uint8_t)kind;
                if (at + 1 < sizeof options)
                    options[at + 1] = (uint8_t)len;
                s = segment_with(TCP_SYN, options, sizeof options);
                assert_int_equal(options_of(&s, &o), sound ? TCP_OK : TCP_BAD_OPTION);
            }
        }
    }
}

/* MUST-7: the options that ended well stand; the walk stops at the bad one. */
static void what_stands_before_a_bad_option_is_kept_and_nothing_behind_it(void **state)
{
    struct segment s = segment_with(TCP_SYN, (const uint8_t[]){2, 4, 0x05, 0xb4, 3, 0, 4, 2}, 8);
    struct tcp_options o;

    assert_int_equal(options_of(&s, &o), TCP_BAD_OPTION);
    assert_int_equal(o.mss, 1460);
    assert_false(o.sack_permitted);
}

static void known_kind_with_a_wrong_length_is_skipped_by_its_length(void **state)
{
    static const struct {
        uint8_t kind, right; /* the length it must have; SACK: 10, 18, 26 or 34 */
    } kinds[] = {{2, 4}, {3, 3}, {4, 2}, {5, 0}, {8, 10}};
    static const uint8_t mss[4] = {2, 4, 7, 8}, wscale[4] = {3, 3, 7, 1};

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (uint8_t len = 2; len <= TCP_MAX_OPTIONS - 4; len++) {
            bool right = kinds[k].right ? len == kinds[k].right : len >= 10 && len % 8 == 2;
            bool is_mss = kinds[k].kind == 2;
            uint8_t options[TCP_MAX_OPTIONS];
            struct tcp_options o;
            struct segment s;

            memset(options, 1, sizeof options);
            options[0] = kinds[k].kind;
            options[1] = len;
            memcpy(options + len, is_mss ? wscale : mss, 4);
            s = segment_with(TCP_SYN, options, sizeof options);
            assert_int_equal(options_of(&s, &o), TCP_OK);
            assert_int_equal(is_mss ? o.wscale : o.mss, is_mss ? 7 : 0x0708); /* the option behind it was found */
            if (is_mss)
                o.wscale = -1;
            else
                o.mss = 0;
            assert_int_equal(o.mss || o.wscale >= 0 || o.sack_permitted || o.n_sack || o.has_ts, right);
        }
    }
}

/* MUST-64 */
static void timestamps_and_sack_are_read_at_any_alignment(void **state)
{
    static const uint8_t both[] = {8,  10, 0x01, 0x02, 0x03, 0x04, 0xf5, 0xf6, 0xf7, 0xf8,
                                   5,  10, 0x80, 0x00, 0x00, 0x01, 0xff, 0xff, 0xff, 0xff};

    for (size_t nops = 0; nops <= TCP_MAX_OPTIONS - sizeof both; nops++) {
        uint8_t options[TCP_MAX_OPTIONS] = {0};
        struct segment s;
        struct tcp_options o;

        memset(options, 1, nops);
        memcpy(options + nops, both, sizeof both);
        s = segment_with(TCP_ACK, options, sizeof options);
        assert_int_equal(options_of(&s, &o), TCP_OK);
        assert_int_equal(o.ts_val, 0x01020304);
        assert_int_equal(o.ts_ecr, 0xf5f6f7f8);
        assert_int_equal(o.n_sack, 1);
        assert_int_equal(o.sack[0].start.v, 0x80000001);
        assert_int_equal(o.sack[0].end.v, 0xffffffff);
    }
}

static void header_may_begin_at_any_address(void **state)
{
    static const uint8_t ts[] = {1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9};
    struct segment s = segment_with(TCP_ACK, ts, sizeof ts);

    for (size_t shift = 0; shift < 8; shift++) {
        _Alignas(8) uint8_t room[sizeof s.bytes + 8];
        struct reader r = reader(room + shift, s.len);
        struct tcp_options o;
        struct tcp_header h;

        memcpy(room + shift, s.bytes, s.len);
        assert_int_equal(tcp_parse(&r, s.len, &h, &o), TCP_OK);
        assert_int_equal(h.seq.v, 0x01020304);
        assert_int_equal(o.ts_val, 7);
    }
}

static void repeated_option_counts_with_its_last_copy(void **state)
{
    struct segment s = segment_with(TCP_SYN, (const uint8_t[]){2, 4, 1, 1, 2, 4, 2, 2, 3, 3, 1, 3, 3, 9, 0, 0}, 16);
    struct tcp_options o;

    assert_int_equal(options_of(&s, &o), TCP_OK);
    assert_int_equal(o.mss, 0x0202);
    assert_int_equal(o.wscale, 9);
}

static void second_timestamp_behind_the_usual_layout_wins(void **state)
{
    static const uint8_t ts[] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 8, 10, 0, 0, 0, 3, 0, 0, 0, 4};
    struct segment s = segment_with(TCP_ACK, ts, sizeof ts);
    struct tcp_options o;

    assert_int_equal(options_of(&s, &o), TCP_OK);
    assert_int_equal(o.ts_val, 3);
    assert_int_equal(o.ts_ecr, 4);
}

static void window_scale_never_turns_negative(void **state)
{
    for (unsigned shift = 0; shift < 256; shift++) {
        struct segment s = segment_with(TCP_SYN, (const uint8_t[]){1, 3, 3, (uint8_t)shift}, 4);
        struct tcp_options o;

        assert_int_equal(options_of(&s, &o), TCP_OK);
        assert_int_equal(o.wscale, shift < 127 ? shift : 127);
    }
}

/* Linux's order is read in one go: what stands behind it counts as ever, and one byte of it that is another ends that. */
static void syn_in_linuxs_order_reads_as_in_any_other(void **state)
{
    static const uint8_t usual[20] = {2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 200};
    uint8_t bytes[24];
    struct segment s;
    struct tcp_options o;

    memcpy(bytes, usual, sizeof usual);
    memcpy(bytes + 20, (const uint8_t[]){3, 3, 9, 1}, 4);
    s = segment_with(TCP_SYN, bytes, 20);
    assert_int_equal(options_of(&s, &o), TCP_OK);
    assert_int_equal(o.mss, 1460);
    assert_int_equal(o.wscale, 127);
    assert_true(o.sack_permitted && o.has_ts);
    assert_int_equal(o.ts_val, 0x01020304);
    assert_int_equal(o.ts_ecr, 0x05060708);
    s = segment_with(TCP_SYN, bytes, 24);
    assert_int_equal(options_of(&s, &o), TCP_OK);
    assert_int_equal(o.wscale, 9);
    bytes[21] = 1; /* no length */
    s = segment_with(TCP_SYN, bytes, 24);
    assert_int_equal(options_of(&s, &o), TCP_BAD_OPTION);
    assert_int_equal(o.mss, 1460);
    bytes[16] = 0; /* the end, before the scale */
    s = segment_with(TCP_SYN, bytes, 20);
    assert_int_equal(options_of(&s, &o), TCP_OK);
    assert_int_equal(o.wscale, -1);
    assert_true(o.has_ts);
}

static const struct tcp_options syn_all = {.mss = 1460, .wscale = 7, .sack_permitted = true, .has_ts = true,
                                           .ts_val = 0x01020304, .ts_ecr = 0x05060708};

/* MUST-4: MSS is produced. The layouts are what a current Linux and a current FreeBSD send. */
static void syn_options_stand_as_linux_or_bsd_arrange_them(void **state)
{
    static const struct {
        enum tcp_option_layout layout;
        bool sack, ts, wscale;
        size_t n;
        uint8_t bytes[20];
    } cases[] = {
        {TCP_LAYOUT_LINUX, true, true, true, 20,
         {2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7}},
        {TCP_LAYOUT_LINUX, true, false, true, 12, {2, 4, 5, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7}},
        {TCP_LAYOUT_LINUX, false, true, true, 20,
         {2, 4, 5, 0xb4, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7}},
        {TCP_LAYOUT_LINUX, false, false, true, 8, {2, 4, 5, 0xb4, 1, 3, 3, 7}},
        {TCP_LAYOUT_LINUX, false, false, false, 4, {2, 4, 5, 0xb4}},
        {TCP_LAYOUT_BSD, true, true, true, 20,
         {2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8}},
        {TCP_LAYOUT_BSD, true, false, true, 12, {2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2, 0, 0}},
        {TCP_LAYOUT_BSD, false, true, true, 20,
         {2, 4, 5, 0xb4, 1, 3, 3, 7, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8}},
        {TCP_LAYOUT_BSD, false, false, true, 8, {2, 4, 5, 0xb4, 1, 3, 3, 7}},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t out[TCP_MAX_OPTIONS];
        struct writer w = writer(out, sizeof out);
        struct tcp_options o = syn_all;

        o.sack_permitted = cases[i].sack;
        o.has_ts = cases[i].ts;
        o.wscale = cases[i].wscale ? 7 : -1;
        assert_int_equal(tcp_options_len(&o, true, cases[i].layout), cases[i].n);
        tcp_options_emit(&w, &o, true, cases[i].layout);
        assert_int_equal(sizeof out - writer_left(&w), cases[i].n);
        assert_memory_equal(out, cases[i].bytes, cases[i].n);
    }
}

/* Every mix of options. Returns false when there is no such mix. */
static bool mix_of_options(unsigned i, struct tcp_options *o)
{
    *o = TCP_NO_OPTIONS;
    o->mss = i & 1 ? 1460 : 0;
    o->wscale = i & 2 ? 14 : -1;
    o->sack_permitted = i & 4;
    o->has_ts = i & 8;
    if (o->has_ts) {
        o->ts_val = 0xfffffffe;
        o->ts_ecr = 1;
    }
    o->n_sack = (uint8_t)(i >> 4);
    for (unsigned k = 0; k < o->n_sack && k < TCP_MAX_SACK; k++)
        o->sack[k] = (struct tcp_sack_block){seq(0xffffff00 + k * 0x80), seq(0xffffff40 + k * 0x80)};
    return o->n_sack <= TCP_MAX_SACK;
}

static void emitted_options_fill_their_length_and_parse_back(void **state)
{
    struct tcp_options o, back;

    for (unsigned i = 0; mix_of_options(i, &o); i++) {
        for (unsigned j = 0; j < 4; j++) {
            bool syn = j & 1;
            enum tcp_option_layout layout = j & 2 ? TCP_LAYOUT_BSD : TCP_LAYOUT_LINUX;
            uint8_t bytes[TCP_MAX_OPTIONS];
            struct writer w = writer(bytes, sizeof bytes);
            size_t n = tcp_options_len(&o, syn, layout);
            struct tcp_options want = o;
            struct segment s;

            tcp_options_emit(&w, &o, syn, layout);
            assert_false(w.bad);
            assert_int_equal(sizeof bytes - writer_left(&w), n);
            assert_int_equal(n % 4, 0);
            if (syn) {
                want.n_sack = 0;
            } else {
                want.mss = 0;
                want.wscale = -1;
                want.sack_permitted = false;
                want.n_sack = (uint8_t)(o.has_ts ? min_u32(o.n_sack, 3) : o.n_sack);
            }
            s = segment_with(syn ? TCP_SYN : TCP_ACK, bytes, n);
            assert_int_equal(options_of(&s, &back), TCP_OK);
            assert_options_equal(&back, &want);
        }
    }
}

/* MUST-69 */
static void bytes_behind_an_emitted_eol_are_zero(void **state)
{
    struct tcp_options o;

    for (unsigned i = 0; mix_of_options(i, &o); i++) {
        for (unsigned layout = TCP_LAYOUT_LINUX; layout <= TCP_LAYOUT_BSD; layout++) {
            uint8_t bytes[TCP_MAX_OPTIONS];
            struct writer w = writer(bytes, sizeof bytes);
            size_t at = 0, n;

            memset(bytes, 0xa5, sizeof bytes);
            tcp_options_emit(&w, &o, true, (enum tcp_option_layout)layout);
            n = sizeof bytes - writer_left(&w);
            while (at < n && bytes[at] != 0)
                at += bytes[at] == 1 ? 1 : bytes[at + 1];
            for (; at < n; at++)
                assert_int_equal(bytes[at], 0);
        }
    }
}

static void segments_without_syn_align_timestamps_and_sack_with_nops(void **state)
{
    static const uint8_t want[] = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2};
    struct tcp_options o = syn_all;
    uint8_t out[TCP_MAX_OPTIONS];
    struct writer w = writer(out, sizeof out);

    o.n_sack = 1;
    o.sack[0] = (struct tcp_sack_block){seq(1), seq(2)};
    tcp_options_emit(&w, &o, false, TCP_LAYOUT_LINUX);
    assert_int_equal(sizeof out - writer_left(&w), sizeof want);
    assert_memory_equal(out, want, sizeof want);
}

static void tcp_emit_writes_what_parse_read(void **state)
{
    for (uint16_t flags = 0; flags < 0x200; flags++) {
        struct segment s = segment_with(flags, (const uint8_t *)"\1\1\1\1", 4);
        struct reader r = reader(s.bytes, s.len);
        uint8_t out[TCP_HEADER];
        struct writer w = writer(out, sizeof out);
        struct tcp_options o;
        struct tcp_header h;

        assert_int_equal(tcp_parse(&r, s.len, &h, &o), TCP_OK);
        assert_int_equal(h.flags, flags);
        tcp_emit(&w, &h);
        assert_false(w.bad);
        assert_memory_equal(out, s.bytes, sizeof out);
    }
}

static void flags_text_names_them_from_fin_up(void **state)
{
    static const struct {
        uint16_t flags;
        const char *text;
    } cases[] = {
        {0, "none"},
        {TCP_SYN, "SYN"},
        {TCP_SYN | TCP_ACK, "SYN,ACK"},
        {TCP_FIN | TCP_PSH | TCP_ACK, "FIN,PSH,ACK"},
        {0x1ff, "FIN,SYN,RST,PSH,ACK,URG,ECE,CWR,AE"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[64];
        struct fmt f = fmt_begin(text, sizeof text);

        tcp_flags_text(&f, cases[i].flags);
        assert_string_equal(text, cases[i].text);
    }
}

/* ---- what most segments are ---- */

/* Such a header, and its sum as numbers but for the checksum. */
static uint64_t stamped(uint8_t *p, uint16_t flags)
{
    struct tcp_header h = {.src_port = 7, .dst_port = 34012, .seq = seq(0x01020304), .ack = seq(0xfffefdfc),
                           .flags = flags, .window = 0x8001, .urgent = 0x1234};

    return tcp_emit_stamped(p, &h, 0xa1b2c3d4, 0x01ff02fe);
}

static void tcp_emit_stamped_writes_what_the_usual_way_writes_and_sums_it(void **state)
{
    struct tcp_header h = {.src_port = 7, .dst_port = 34012, .seq = seq(0x01020304), .ack = seq(0xfffefdfc),
                           .header_len = TCP_STAMPED_HEADER, .flags = TCP_ACK | TCP_PSH, .window = 0x8001,
                           .urgent = 0x1234};
    struct tcp_options o = TCP_NO_OPTIONS;
    uint8_t short_way[TCP_STAMPED_HEADER], long_way[TCP_STAMPED_HEADER];
    struct writer w = writer(long_way, sizeof long_way);

    o.has_ts = true;
    o.ts_val = 0xa1b2c3d4;
    o.ts_ecr = 0x01ff02fe;
    tcp_emit(&w, &h);
    tcp_options_emit(&w, &o, false, TCP_LAYOUT_LINUX);
    assert_int_equal((uint16_t)~csum_half(stamped(short_way, h.flags)), csum(long_way, sizeof long_way));
    assert_memory_equal(short_way, long_way, sizeof long_way);
}

static void tcp_emit_full_syn_writes_what_the_usual_way_writes_and_sums_it(void **state)
{
    struct tcp_header h = {.src_port = 65535, .dst_port = 80, .seq = seq(0xfffffffe), .ack = seq(0x80000001),
                           .header_len = TCP_FULL_SYN_HEADER, .flags = TCP_SYN | TCP_ACK | TCP_ECE, .window = 0xfffe};
    struct tcp_options o = {.mss = 65495, .sack_permitted = true, .has_ts = true, .wscale = 14,
                            .ts_val = 0xfedcba98, .ts_ecr = 0x89abcdef};
    uint8_t short_way[TCP_FULL_SYN_HEADER], long_way[TCP_FULL_SYN_HEADER];
    struct writer w = writer(long_way, sizeof long_way);
    uint64_t sum = tcp_emit_full_syn(short_way, &h, &o);

    tcp_emit(&w, &h);
    tcp_options_emit(&w, &o, true, TCP_LAYOUT_LINUX);
    assert_int_equal((uint16_t)~csum_half(sum), csum(long_way, sizeof long_way));
    assert_memory_equal(short_way, long_way, sizeof long_way);
}

/* What is one option short of it, or one over, or arranged otherwise, is none, though its header may be as long. */
static void tcp_options_are_full_syn_says_so_of_nothing_else(void **state)
{
    const struct tcp_options full = {.mss = 1460, .sack_permitted = true, .has_ts = true, .wscale = 0};
    struct tcp_options other[] = {full, full, full, full, full};

    other[0].mss = 0;
    other[1].sack_permitted = false;
    other[2].has_ts = false;
    other[3].wscale = -1;
    other[4].fastopen = TCP_FASTOPEN_OPTION;
    assert_true(tcp_options_are_full_syn(&full, TCP_LAYOUT_LINUX));
    assert_false(tcp_options_are_full_syn(&full, TCP_LAYOUT_BSD));
    for (size_t i = 0; i < ARRAY_LEN(other); i++)
        assert_false(tcp_options_are_full_syn(&other[i], TCP_LAYOUT_LINUX));
}

/* Whichever bit is changed: it is read when the usual way reads the same, and finds nothing else in it. */
static void tcp_read_stamped_takes_what_says_no_more(void **state)
{
    uint8_t p[TCP_STAMPED_HEADER];

    for (size_t bit = 0; bit <= 8 * sizeof p; bit++) {
        struct tcp_header h, read;
        struct tcp_options o, options;
        struct reader r = reader(p, sizeof p);
        uint64_t sum;
        bool plain;

        stamped(p, TCP_ACK | TCP_PSH);
        if (bit < 8 * sizeof p)
            p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        plain = tcp_parse(&r, sizeof p, &h, &o) == TCP_OK && r.p == p + sizeof p && o.has_ts && peek_u16(p + 20) == 0x101 &&
                (h.flags & ~TCP_PSH) == TCP_ACK && h.src_port == 7 && h.dst_port == 34012;
        assert_int_equal(tcp_read_stamped(p, 7u << 16 | 34012, &read, &options, &sum), plain);
        if (!plain)
            continue;
        assert_true(seq_eq(read.seq, h.seq) && seq_eq(read.ack, h.ack));
        assert_int_equal(read.flags, h.flags);
        assert_int_equal(read.window, h.window);
        assert_int_equal(read.header_len, h.header_len);
        assert_true(options.ts_val == o.ts_val && options.ts_ecr == o.ts_ecr && options.has_ts && options.n_sack == 0);
        assert_int_equal((uint16_t)~csum_half(sum), csum(p, sizeof p));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_parse_reads_the_fields),
        cmocka_unit_test(tcp_parse_ignores_the_reserved_bits),
        cmocka_unit_test(tcp_parse_refuses_a_data_offset_below_five_or_past_the_segment),
        cmocka_unit_test(tcp_parse_says_short_when_options_are_out_of_sight),
        cmocka_unit_test(eol_nop_and_mss_are_understood),
        cmocka_unit_test(options_are_read_on_any_segment),
        cmocka_unit_test(unknown_option_is_skipped_and_later_ones_still_count),
        cmocka_unit_test(every_kind_at_every_length_and_place_is_skipped_or_refused),
        cmocka_unit_test(what_stands_before_a_bad_option_is_kept_and_nothing_behind_it),
        cmocka_unit_test(known_kind_with_a_wrong_length_is_skipped_by_its_length),
        cmocka_unit_test(timestamps_and_sack_are_read_at_any_alignment),
        cmocka_unit_test(header_may_begin_at_any_address),
        cmocka_unit_test(repeated_option_counts_with_its_last_copy),
        cmocka_unit_test(second_timestamp_behind_the_usual_layout_wins),
        cmocka_unit_test(window_scale_never_turns_negative),
        cmocka_unit_test(syn_in_linuxs_order_reads_as_in_any_other),
        cmocka_unit_test(syn_options_stand_as_linux_or_bsd_arrange_them),
        cmocka_unit_test(emitted_options_fill_their_length_and_parse_back),
        cmocka_unit_test(bytes_behind_an_emitted_eol_are_zero),
        cmocka_unit_test(segments_without_syn_align_timestamps_and_sack_with_nops),
        cmocka_unit_test(tcp_emit_writes_what_parse_read),
        cmocka_unit_test(flags_text_names_them_from_fin_up),
        cmocka_unit_test(tcp_emit_stamped_writes_what_the_usual_way_writes_and_sums_it),
        cmocka_unit_test(tcp_emit_full_syn_writes_what_the_usual_way_writes_and_sums_it),
        cmocka_unit_test(tcp_options_are_full_syn_says_so_of_nothing_else),
        cmocka_unit_test(tcp_read_stamped_takes_what_says_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
