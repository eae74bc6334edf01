/* SPDX-License-Identifier: MIT */
#include "cmd/netstat_format.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

const char *netstat_state(enum weft_tcp_state state)
{
    static const char *const names[WEFT_TCP_STATE_COUNT] = {
        [WEFT_TCP_CLOSED] = "CLOSE",
        [WEFT_TCP_LISTEN] = "LISTEN",
        [WEFT_TCP_SYN_SENT] = "SYN_SENT",
        [WEFT_TCP_SYN_RECEIVED] = "SYN_RECV",
        [WEFT_TCP_ESTABLISHED] = "ESTABLISHED",
        [WEFT_TCP_FIN_WAIT_1] = "FIN_WAIT1",
        [WEFT_TCP_FIN_WAIT_2] = "FIN_WAIT2",
        [WEFT_TCP_CLOSE_WAIT] = "CLOSE_WAIT",
        [WEFT_TCP_CLOSING] = "CLOSING",
        [WEFT_TCP_LAST_ACK] = "LAST_ACK",
        [WEFT_TCP_TIME_WAIT] = "TIME_WAIT",
    };

    return (unsigned)state < WEFT_TCP_STATE_COUNT ? names[state] : "UNKNOWN";
}

const char *netstat_proto(enum weft_proto proto)
{
    switch (proto) {
    case WEFT_TCP:
        return "tcp";
    case WEFT_UDP:
        return "udp";
    case WEFT_ICMP:
        return "icmp";
    case WEFT_ICMPV6:
        return "icmp6";
    case WEFT_RAW:
        return "raw";
    }
    return "?";
}

void netstat_port(char *buf, size_t n, uint16_t port, enum weft_proto proto, bool numeric)
{
    struct servent entry, *found = NULL;
    char room[1024];

    if (port == 0)
        snprintf(buf, n, "*");
    else if (!numeric && (proto == WEFT_TCP || proto == WEFT_UDP) &&
             getservbyport_r(htons(port), netstat_proto(proto), &entry, room, sizeof room, &found) == 0 && found)
        snprintf(buf, n, "%s", found->s_name);
    else
        snprintf(buf, n, "%u", port);
}

void netstat_address(char *buf, size_t n, const struct weft_addr *addr, enum weft_proto proto, bool numeric)
{
    char ip[WEFT_IP_TEXT], port[32];

    weft_ip_text(&addr->ip, ip, sizeof ip);
    netstat_port(port, sizeof port, addr->port, proto, numeric);
    snprintf(buf, n, "%s:%s", ip, port);
}

/* UDP has no states; a connected socket is shown as established, as the original does. */
static const char *state_text(const struct weft_listing *item)
{
    if (item->proto == WEFT_TCP)
        return netstat_state(item->state);
    return item->remote.port ? "ESTABLISHED" : "";
}

/* "tcp6" where an address is of IPv6, as the original writes it. */
static void proto_text(char *buf, size_t n, const struct weft_listing *item)
{
    bool v6 = item->proto != WEFT_ICMPV6 && !weft_ip_is_v4(&item->local.ip);

    snprintf(buf, n, "%s%s", netstat_proto(item->proto), v6 ? "6" : "");
}

void netstat_line(char *buf, size_t n, const struct netstat_row *row, bool numeric, bool program)
{
    const struct weft_listing *item = &row->item;
    bool listens = item->proto == WEFT_TCP && item->state == WEFT_TCP_LISTEN;
    char proto[16], local[96], remote[96];

    netstat_address(local, sizeof local, &item->local, item->proto, numeric);
    netstat_address(remote, sizeof remote, &item->remote, item->proto, numeric);
    proto_text(proto, sizeof proto, item);
    snprintf(buf, n, "%-5s %6zu %6zu %-23s %-23s %-11s%s%s", proto, item->recv_q, listens ? 0 : item->send_q, local,
             remote, state_text(item), program ? " " : "", program ? row->label : "");
}

void netstat_mask(char *buf, size_t n, unsigned prefix)
{
    struct weft_ip mask = weft_ipv4(prefix == 0 ? 0 : UINT32_MAX << (32 - prefix));

    weft_ip_text(&mask, buf, n);
}
