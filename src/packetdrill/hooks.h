/* SPDX-License-Identifier: MIT */
/*
 * How the adapter and the preloaded library find each other. packetdrill opens the adapter with RTLD_LOCAL, so nobody
 * can look its names up; the preloaded library's are global. So the adapter looks for `weft_packetdrill_attach` when it
 * is initialised, and hands over its functions when that is there.
 */
#ifndef PACKETDRILL_HOOKS_H
#define PACKETDRILL_HOOKS_H

#include <sys/socket.h>
#include <sys/types.h>

/* The smallest descriptor of the adapter's: far above what a process opens by itself. */
#define DRILL_FIRST_FD 1000

struct drill_hooks {
    void *userdata;
    int (*getsockopt)(void *userdata, int fd, int level, int option, void *value, socklen_t *n);
    int (*close)(void *userdata, int fd);
    ssize_t (*sendfile)(void *userdata, int to, int from, off_t *at, size_t n);
};

#define DRILL_ATTACH "weft_packetdrill_attach"
typedef void drill_attach(const struct drill_hooks *hooks);

/* Hooks are copied; NULL takes them back. */
void weft_packetdrill_attach(const struct drill_hooks *hooks);

#endif
