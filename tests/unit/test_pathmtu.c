/* SPDX-License-Identifier: MIT */
/* The path MTU cache (src/core/pathmtu.c): RFC 1191, RFC 8201. */
#include "room.h"
#include "core/pathmtu.h"

static struct pathmtu_table table;

static void begin(void) { pathmtu_init(&table, (struct sip_key){1, 2}); }

static struct pathmtu entry(uint32_t dst, uint32_t mtu, weft_time expires)
{
    return (struct pathmtu){.dst = weft_ipv4(dst), .mtu = mtu, .expires = expires};
}

static bool learn(struct room *r, uint32_t dst, uint32_t mtu, weft_time expires)
{
    struct pathmtu e = entry(dst, mtu, expires);

    return pathmtu_learn(&table, r->mem, &e);
}

static uint32_t known(uint32_t dst, weft_time now)
{
    struct weft_ip ip = weft_ipv4(dst);
    const struct pathmtu *e = pathmtu_find(&table, &ip, now);

    return e ? e->mtu : 0;
}

static void each_destination_has_its_own_until_it_expires(void **state)
{
    struct room r;

    room_init(&r, 1);
    begin();
    assert_int_equal(known(1, 0), 0);
    assert_true(learn(&r, 1, 1400, 100));
    assert_true(learn(&r, 2, 1300, 200));
    assert_int_equal(known(1, 99), 1400);
    assert_int_equal(known(1, 100), 0);
    assert_int_equal(known(2, 100), 1300);
    assert_true(learn(&r, 2, 1200, 300));
    assert_int_equal(known(2, 299), 1200);
    assert_int_equal(known(3, 0), 0);
    pathmtu_fini(&table, r.mem);
    room_check(&r);
}

/* However many destinations somebody makes up. */
static void the_first_to_expire_makes_room(void **state)
{
    struct room r;
    unsigned left = 0;

    room_init(&r, 1);
    begin();
    for (uint32_t i = 0; i < 20000; i++) {
        assert_true(learn(&r, i, 1000, 1000 + i));
        assert_int_equal(known(i, 0), 1000);
    }
    for (uint32_t i = 0; i < 20000; i++)
        left += known(i, 0) != 0;
    assert_int_equal(left, PATHMTU_SETS * PATHMTU_WAYS);
    pathmtu_fini(&table, r.mem);
    room_check(&r);
}

/* R1191-3 */
static void a_silent_router_means_the_next_plateau(void **state)
{
    static const struct {
        uint32_t datagram, mtu;
    } rows[] = {{1500, 1492}, {1492, 1006}, {65535, 32000}, {9000, 8166}, {576, 508}, {100, 68}, {68, 68}, {0, 68}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(pathmtu_plateau(rows[i].datagram), rows[i].mtu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_destination_has_its_own_until_it_expires),
        cmocka_unit_test(the_first_to_expire_makes_room),
        cmocka_unit_test(a_silent_router_means_the_next_plateau),
    };

    return cmocka_run_group_tests_name("pathmtu", tests, NULL, NULL);
}
