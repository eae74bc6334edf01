/* SPDX-License-Identifier: MIT */
/* Whose name is kept, and whose only looks like it (src/tcp/newest.h). */
#include "room.h"
#include "tcp/newest.h"

static const struct newest newest = {.known = true, .key = {0x0a000002, 0x0a000001, 80, 40000}};

static struct tcp_flow its_flow(void)
{
    return (struct tcp_flow){{weft_ipv4(0x0a000002), 80}, {weft_ipv4(0x0a000001), 40000}};
}

static void newest_is_who_has_the_name(void **state)
{
    struct tcp_flow flow = its_flow();

    assert_true(newest_is(&newest, &flow));
}

static void newest_is_nobody_else(void **state)
{
    for (unsigned field = 0; field < 4; field++) {
        struct tcp_flow flow = its_flow();

        flow.local.ip.b[15] ^= field == 0;
        flow.local.port ^= field == 1;
        flow.remote.ip.b[15] ^= field == 2;
        flow.remote.port ^= field == 3;
        assert_false(newest_is(&newest, &flow));
    }
}

/* Four bytes of it may be those of an address of IPv4. */
static void newest_is_nobody_of_ipv6(void **state)
{
    struct tcp_flow flow = its_flow();

    flow.local.ip.b[0] = flow.remote.ip.b[0] = 0xfd;
    assert_false(newest_is(&newest, &flow));
}

static void newest_is_nobody_before_there_was_one(void **state)
{
    const struct newest none = {.known = false};
    struct tcp_flow flow = {{weft_ipv4(0), 0}, {weft_ipv4(0), 0}};

    assert_false(newest_is(&none, &flow));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_is_who_has_the_name),
        cmocka_unit_test(newest_is_nobody_else),
        cmocka_unit_test(newest_is_nobody_of_ipv6),
        cmocka_unit_test(newest_is_nobody_before_there_was_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
