/* SPDX-License-Identifier: MIT */
/*
 * How a socket sends to groups (RFC 3493 §5.2, RFC 1112 §6.1), one row for each option. Streams have none of it; which
 * groups are heard is src/ip/membership.c's.
 */
#include "ip/ip.h"
#include "sock/options.h"

/* What a datagram socket keeps of groups; NULL: it is a stream. */
static struct dgram_groups *groups_of(weft_sock *sock)
{
    return endpoint_ops(sock)->proto == WEFT_TCP ? NULL : &container_of(sock, struct dgram_ep, sock)->groups;
}

static int get_ttl(weft_sock *sock) { return groups_of(sock)->ttl; }
static int get_hops(weft_sock *sock) { return groups_of(sock)->hops; }
static int get_loop_v4(weft_sock *sock) { return groups_of(sock)->loop_v4; }
static int get_loop_v6(weft_sock *sock) { return groups_of(sock)->loop_v6; }
static int get_all_v4(weft_sock *sock) { return groups_of(sock)->all_v4; }
static int get_all_v6(weft_sock *sock) { return groups_of(sock)->all_v6; }
static int get_out_v6(weft_sock *sock) { return (int)groups_of(sock)->out_v6; }

/* -1 asks for the default again, as on Linux. */
static int set_hops_of(uint8_t *hops, int value)
{
    if (value < -1 || value > 255)
        return WEFT_EINVAL;
    *hops = (uint8_t)(value == -1 ? 1 : value);
    return 0;
}

static int set_ttl(weft_sock *sock, int value) { return set_hops_of(&groups_of(sock)->ttl, value); }
static int set_hops(weft_sock *sock, int value) { return set_hops_of(&groups_of(sock)->hops, value); }

/* Linux takes any number for the older of these options, and 0 and 1 for the others. */
static int set_switch(bool *on, int value, bool any)
{
    if (!any && value != 0 && value != 1)
        return WEFT_EINVAL;
    *on = value != 0;
    return 0;
}

static int set_loop_v4(weft_sock *sock, int value) { return set_switch(&groups_of(sock)->loop_v4, value, true); }
static int set_loop_v6(weft_sock *sock, int value) { return set_switch(&groups_of(sock)->loop_v6, value, false); }
static int set_all_v4(weft_sock *sock, int value) { return set_switch(&groups_of(sock)->all_v4, value, false); }
static int set_all_v6(weft_sock *sock, int value) { return set_switch(&groups_of(sock)->all_v6, value, true); }

static int set_out_v6(weft_sock *sock, int value)
{
    if (value < 0 || (value > 0 && !if_by_index(sock->stack, (unsigned)value)))
        return WEFT_ENODEV;
    groups_of(sock)->out_v6 = (unsigned)value;
    return 0;
}

static const struct sock_option options[] = {
    {WEFT_SOL_IP, WEFT_IP_MULTICAST_TTL, FUNCTIONS(get_ttl, set_ttl)},
    {WEFT_SOL_IP, WEFT_IP_MULTICAST_LOOP, FUNCTIONS(get_loop_v4, set_loop_v4)},
    {WEFT_SOL_IP, WEFT_IP_MULTICAST_ALL, FUNCTIONS(get_all_v4, set_all_v4)},
    {WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_HOPS, FUNCTIONS(get_hops, set_hops)},
    {WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_LOOP, FUNCTIONS(get_loop_v6, set_loop_v6)},
    {WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_ALL, FUNCTIONS(get_all_v6, set_all_v6)},
    {WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_IF, FUNCTIONS(get_out_v6, set_out_v6)},
};

const struct sock_option *sock_group_option_find(const weft_sock *sock, int level, int number)
{
    if (endpoint_ops(sock)->proto == WEFT_TCP)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (options[i].level == level && options[i].number == number)
            return &options[i];
    return NULL;
}
