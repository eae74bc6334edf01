/* SPDX-License-Identifier: MIT */
/*
 * What a script may set before its first event.
 *
 *   config tcp.msl=30            a member of struct weft_tcp_config by its name (times in seconds)
 *   config reassembly_time=60    a member of struct weft_config
 *   config local=192.168.0.1/16  remote=192.0.2.1  gateway=192.168.0.2  mtu=1500  profile=linux
 *   config epoch=1000            the clock's value at the script's time 0
 *   --tolerance_usecs=N, --mtu=N, --local_ip=A, --remote_ip=A, --gateway_ip=A   as packetdrill
 *   `sysctl -q net.ipv4.tcp_syn_retries=3`   nothing is executed: known names become weft's own settings
 */
#ifndef SCRIPT_CONFIG_H
#define SCRIPT_CONFIG_H

#include "scan.h"
#include "weft/stack.h"

struct config {
    struct weft_config stack;
    uint32_t local, remote, gateway;
    unsigned prefix;
    uint32_t mtu;
    uint16_t port;         /* what `...` means as an address' port */
    weft_time tolerance;   /* WEFT_NEVER: the runner's */
    weft_time epoch;
};

void config_default(struct config *c);

/* After the word `config`: one key=value. */
void config_parse(struct scan *s, struct config *c);
/* After `--`: one option. */
void config_parse_option(struct scan *s, struct config *c);
/* After the first backtick: shell text up to and with the second one. */
void config_parse_shell(struct scan *s, struct config *c);

#endif
