/* SPDX-License-Identifier: MIT */
/*
 * A SYN flood (RFC 4987): a hundred thousand a second from addresses that nobody has, or from a single one, while a
 * thousand honest clients a second connect. Who has no record gets a cookie: everybody honest is served as soon as
 * ever, records stay within their bound to the byte, and a SYN costs no more than another packet.
 */
#include "field.h"

#define CLIENTS 2000 /* one each millisecond */
#define FLOOD   100  /* SYNs each millisecond */
#define BACKLOG 1024 /* of field.c's listener */

struct crowd {
    struct field *f;
    weft_sock *client[CLIENTS];
    weft_time began[CLIENTS];
    weft_time slowest; /* from connect to the first byte */
    unsigned served;
    size_t most; /* records for half-open connections, in bytes */
};

/* One more of the bystander's wants a byte. */
static void arrive(struct crowd *c, unsigned i)
{
    struct weft_addr to = {weft_ipv4(VICTIM), SERVICE};

    c->client[i] = weft_socket(c->f->bystander, WEFT_TCP, NULL);
    assert_int_equal(weft_connect(c->client[i], &to), WEFT_EINPROGRESS);
    c->began[i] = c->f->now;
}

static void serve(struct crowd *c)
{
    weft_sock *sock;

    while ((sock = weft_accept(c->f->service, NULL, NULL))) {
        assert_int_equal(weft_send(sock, "!", 1, 0), 1);
        weft_close(sock);
    }
}

/* Those who have their byte go home. */
static void look_at_clients(struct crowd *c)
{
    weft_time took;
    char byte;

    for (unsigned i = 0; i < CLIENTS; i++) {
        if (!c->client[i] || weft_recv(c->client[i], &byte, 1, 0) != 1)
            continue;
        took = c->f->now - c->began[i];
        c->slowest = took > c->slowest ? took : c->slowest;
        c->served++;
        weft_close(c->client[i]);
        c->client[i] = NULL;
    }
}

typedef void (*forger)(struct segment *s, struct rng *rng);

static void from_anywhere(struct segment *s, struct rng *rng)
{
    s->src = 0x0b000000 + (uint32_t)rng_below(rng, 1 << 24);
    s->src_port = (uint16_t)(1024 + rng_below(rng, 60000));
}

static void from_one(struct segment *s, struct rng *rng)
{
    s->src = 0x0b000001;
    s->src_port = (uint16_t)(1 + rng_below(rng, 65535));
}

/* The same SYN again and again, but for its number. */
static void from_one_port(struct segment *s, struct rng *rng)
{
    (void)rng;
    s->src = 0x0b000001;
    s->src_port = 4711;
}

static void flood(struct field *f, forger of)
{
    for (unsigned i = 0; of && i < FLOOD; i++) {
        struct segment s = {.dst_port = SERVICE, .seq = (uint32_t)rng_u64(&f->rng), .flags = TCP_SYN};

        of(&s, &f->rng);
        if (rng_below(&f->rng, 2)) {
            s.options = (struct tcp_options){.mss = 1460, .sack_permitted = true, .wscale = 7, .has_ts = true,
                                             .ts_val = i};
            s.scaled = true;
        }
        attack_segment(f, &s);
    }
    attack_drain(f);
}

static void play(struct crowd *c, forger of)
{
    size_t live;

    for (unsigned ms = 0; ms < CLIENTS + 1000; ms++) {
        flood(c->f, of);
        if (ms < CLIENTS)
            arrive(c, ms);
        field_run(c->f, WEFT_MS);
        serve(c);
        look_at_clients(c);
        live = field_in_use_by(c->f, "half-open records");
        c->most = live > c->most ? live : c->most;
    }
}

static struct crowd served_beside(struct field *f, forger of)
{
    struct crowd c = {.f = f};

    play(&c, of);
    print_message("%u of %u clients served, the slowest in %u ms\n", c.served, CLIENTS,
                  (unsigned)(c.slowest / WEFT_MS));
    return c;
}

/* R4987-1. A record with its share of a chunk: 64 bytes at most, and as many as the listener's queue takes. */
static void the_honest_are_served_as_soon_as_ever(void **state)
{
    static const forger forgers[] = {from_anywhere, from_one, from_one_port};
    struct field *calm = field_new(NULL);
    struct crowd alone = served_beside(calm, NULL);

    assert_int_equal(alone.served, CLIENTS);
    field_end(calm);
    for (size_t i = 0; i < ARRAY_LEN(forgers); i++) {
        struct field *f = field_new(NULL);
        struct crowd c = served_beside(f, forgers[i]);

        assert_int_equal(c.served, CLIENTS);
        assert_true(c.slowest <= alone.slowest + WEFT_MS);
        assert_true(c.most > 0 && c.most <= (BACKLOG + 1) * 64);
        expect_work_below(f, 1500);
        field_end(f);
    }
}

/* What is not a record is nothing: the flood itself leaves no byte behind but those of the records. */
static void a_cookie_leaves_nothing_behind(void **state)
{
    struct field *f = field_new(NULL);
    size_t before;

    for (unsigned ms = 0; ms < 100; ms++) {
        flood(f, from_anywhere);
        field_run(f, WEFT_MS);
    }
    before = field_memory(f);
    for (unsigned ms = 0; ms < 2000; ms++) {
        flood(f, from_anywhere);
        field_run(f, WEFT_MS);
        assert_true(field_memory(f) <= before + (64 << 10)); /* a chunk of the stream's */
    }
    assert_true(weft_counter(f->victim, WEFT_COUNT_tcp_cookies_sent) > 100000);
    field_run(f, 70 * WEFT_S);
    assert_int_equal(field_in_use_by(f, "half-open records"), 0);
    expect_work_below(f, 1500);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_honest_are_served_as_soon_as_ever),
        cmocka_unit_test(a_cookie_leaves_nothing_behind),
    };

    return cmocka_run_group_tests_name("attack_synflood", tests, NULL, NULL);
}
