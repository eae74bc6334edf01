/* SPDX-License-Identifier: MIT */
/*
 * What a script may set before its first event.
 *
 *   config tcp.msl=30            a member of struct weft_tcp_config by its name (times in seconds)
 *   config reassembly_time=60    a member of struct weft_config
 *   config local=192.168.0.1/16  remote=192.0.2.1  gateway=192.168.0.2  mtu=1500  profile=bsd
 *   config epoch=1000            the clock's value at the script's time 0
 *   config late=1                what goes out is taken from the stack when it is expected, or before time goes on: calls and
 *                                packets of the same moment come first, as where a stack is looked after by one loop
 *   --NAME=VALUE                 packetdrill's options; the table in config_option.c says what becomes of each
 *   `sysctl -q net.ipv4.tcp_syn_retries=3`   see sysctl.h
 */
#ifndef SCRIPT_CONFIG_H
#define SCRIPT_CONFIG_H

#include "scan.h"
#include "weft/stack.h"

/* What is on the wire, and of which family a socket is whose family is `...`. Mapped: IPv4, IPv6. */
enum ip_version { IP_V4, IP_V6, IP_V4_MAPPED };

/* --define=NAME=NUMBER, or NAME=OTHER_NAME. */
struct definition {
    char name[32];
    int64_t number;
};
#define DEFINITIONS 16

struct config {
    struct weft_config stack;
    enum ip_version version;
    bool version_given;                    /* by --ip_version */
    struct weft_ip local, remote, gateway; /* all zero: not given; config_finish chooses */
    unsigned prefix;                       /* 0: not given */
    uint32_t mtu;
    uint16_t port;         /* what `...` means as the port of bind() */
    uint16_t connect_port; /* and of connect() */
    weft_time tolerance;   /* WEFT_NEVER: the runner's */
    unsigned tolerance_percent; /* of the time since the event before, on top of it */
    weft_time epoch;
    bool late;
    char init_scripts[256]; /* paths with commas between them, from the script's directory */
    struct definition definition[DEFINITIONS];
    size_t n_definitions;
};

void config_default(struct config *c);
/* Chooses what was not given, by the version. */
void config_finish(struct config *c);

/* After the word `config`: one key=value. */
void config_parse(struct scan *s, struct config *c);
/* After `--`: one option. */
void config_parse_option(struct scan *s, struct config *c);

#endif
