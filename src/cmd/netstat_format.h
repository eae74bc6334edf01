/* SPDX-License-Identifier: MIT */
/* netstat's lines as text: the originals' columns and spelling, so that scripts written for them work. */
#ifndef CMD_NETSTAT_FORMAT_H
#define CMD_NETSTAT_FORMAT_H

#include "weft/sock.h"

struct netstat_row {
    struct weft_listing item; /* sock and cookie not used */
    char label[64];           /* "412/echo" or "-" */
};

/* The state as netstat spells it: ESTABLISHED, FIN_WAIT1, SYN_RECV, LISTEN, ... */
const char *netstat_state(enum weft_tcp_state state);

/* "tcp", "udp", "icmp" */
const char *netstat_proto(enum weft_proto proto);

/* "7", or as in /etc/services "echo"; "*" for 0. */
void netstat_port(char *buf, size_t n, uint16_t port, enum weft_proto proto, bool numeric);

/* "10.9.0.2:7", "0.0.0.0:*"; with names, the port as in /etc/services. */
void netstat_address(char *buf, size_t n, const struct weft_addr *addr, enum weft_proto proto, bool numeric);

/* One line without its newline. program: add the last column. */
void netstat_line(char *buf, size_t n, const struct netstat_row *row, bool numeric, bool program);

/* 24 to "255.255.255.0". */
void netstat_mask(char *buf, size_t n, unsigned prefix);

#endif
