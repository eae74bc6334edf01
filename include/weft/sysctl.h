/* SPDX-License-Identifier: MIT */
/*
 * Tunables under the names that administrators of Linux know: "net.ipv4.tcp_syncookies", "net.core.somaxconn". Each is
 * a row of one table and stands for one or more fields of struct weft_config; values are text as sysctl(8) has it, in
 * Linux's units. A name may be written with slashes too.
 *
 *     weft_sysctl_set(stack, "net.ipv4.tcp_rmem", "4096 131072 6291456");
 */
#ifndef WEFT_SYSCTL_H
#define WEFT_SYSCTL_H

#include "weft/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whom a change at run time concerns. */
enum weft_sysctl_scope {
    WEFT_SYSCTL_AT_ONCE,     /* everything, running connections too */
    WEFT_SYSCTL_NEW_SOCKETS, /* sockets made from now on, and what a listener made from now on accepts */
    WEFT_SYSCTL_NEW_CONNECTIONS, /* handshakes from now on, on any socket */
    WEFT_SYSCTL_NEW_INTERFACES, /* interfaces made from now on */
};

/* One tunable. Static text throughout. */
struct weft_sysctl {
    const char *name;
    const char *gone;     /* not NULL: Linux has or had it and we do not, and this says why. The rest is empty then */
    unsigned values;      /* how many numbers its value has; 0: it is a word */
    uint64_t min, max;    /* of each number, in the tunable's unit */
    const char *unit;     /* "s", "ms", "us", "bytes", "segments"; "" for bare numbers and words */
    bool read_only;
    enum weft_sysctl_scope scope;
    const char *source;   /* where name and default come from: "RFC 9293 …", "Linux" */
    const char *text;     /* one sentence */
};

/* Room for any value as text. */
#define WEFT_SYSCTL_TEXT 128

/* Fills the i-th row, in order of names; false when there is no i-th. */
bool weft_sysctl_info(size_t i, struct weft_sysctl *out);

/* The row of this name; false when there is none. */
bool weft_sysctl_find(const char *name, struct weft_sysctl *out);

/*
 * Sets a tunable of a running stack from text. Errors, with nothing changed: WEFT_ENOENT (no such name), WEFT_EINVAL
 * (not the right number of values, one out of its range, or at odds with another tunable), WEFT_EACCES (read only),
 * WEFT_EOPNOTSUPP (not there: weft_sysctl_find tells why).
 */
int weft_sysctl_set(weft_stack *stack, const char *name, const char *value);

/* Writes the value as text, always terminated; n should be WEFT_SYSCTL_TEXT. WEFT_ENOENT, WEFT_EOPNOTSUPP. */
int weft_sysctl_get(const weft_stack *stack, const char *name, char *buf, size_t n);

/* The same on the settings of a stack to be. weft_config_get on a default config tells a tunable's default. */
int weft_config_set(struct weft_config *config, const char *name, const char *value);
int weft_config_get(const struct weft_config *config, const char *name, char *buf, size_t n);

#ifdef __cplusplus
}
#endif
#endif
