/* SPDX-License-Identifier: MIT */
/* What arp and ndp share: the neighbours of one family, shown, fixed and forgotten. */
#ifndef CMD_NEIGHBOURS_H
#define CMD_NEIGHBOURS_H

#include "cmd/cmd.h"
#include "cmd/json.h"

enum neighbours_action { NEIGHBOURS_SHOW, NEIGHBOURS_SET, NEIGHBOURS_DELETE, NEIGHBOURS_FLUSH };

/* First member of either command's options. */
struct neighbours_opts {
    enum neighbours_action action;
    const char *if_name; /* NULL: any */
    bool has_ip, has_mac;
    struct weft_ip ip;
    uint8_t mac[6];
};

/* A neighbour's facts, safe to use after the lock was given back. */
struct neighbour {
    struct weft_neighbour n;
    bool known; /* mac means something */
    char ip[WEFT_IP_TEXT], mac[18], if_name[32], bare[WEFT_IP_TEXT]; /* ip: with its zone; bare: without */
};

/*
 * The keys that both have: -n, -i, -s, -d, the address and then the station's, and at the end whether what the action needs
 * is there. ARGP_ERR_UNKNOWN for any other.
 */
error_t neighbours_parse(int key, char *arg, struct argp_state *state, struct neighbours_opts *o, bool v4);

/* The i-th of all; false when there is no i-th. */
bool neighbours_copy(struct cmd_ctx *ctx, size_t i, struct neighbour *out);
/* Is it of this family, and what the options ask for? */
bool neighbours_wanted(const struct neighbours_opts *o, const struct neighbour *n, bool v4);
void neighbours_json(struct json *j, const struct neighbour *n);

/* Does what the options say, other than showing. The exit status. */
int neighbours_act(struct cmd_ctx *ctx, const struct neighbours_opts *o, bool v4);

#endif
