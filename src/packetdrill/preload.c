/* SPDX-License-Identifier: MIT */
/*
 * libweft-packetdrill-preload.so: packetdrill asks libc, not its table, for three things: the TCP_INFO behind a %{ }%
 * block, the close of what a script left open, and sendfile. Preloaded, this library sends those calls to the adapter
 * when the descriptor is one of its own, and all others on to libc.
 */
#undef _FILE_OFFSET_BITS /* with it, libc gives sendfile the name of sendfile64, and both are wanted */
#include <dlfcn.h>
#include <errno.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "packetdrill/hooks.h"

static struct drill_hooks hooks; /* userdata NULL: there is no adapter */

void weft_packetdrill_attach(const struct drill_hooks *given)
{
    hooks = given ? *given : (struct drill_hooks){0};
}

static int is_ours(int fd)
{
    return fd >= DRILL_FIRST_FD && hooks.userdata;
}

/* Function pointers cannot be cast from dlsym's result in ISO C; a union is how POSIX means it. */
static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

int getsockopt(int fd, int level, int option, void *restrict value, socklen_t *restrict n)
{
    union {
        void *found;
        int (*call)(int, int, int, void *restrict, socklen_t *restrict);
    } libc;

    if (is_ours(fd))
        return hooks.getsockopt(hooks.userdata, fd, level, option, value, n);
    libc.found = next("getsockopt");
    return libc.call(fd, level, option, value, n);
}

int close(int fd)
{
    union {
        void *found;
        int (*call)(int);
    } libc;

    if (is_ours(fd))
        return hooks.close(hooks.userdata, fd);
    libc.found = next("close");
    return libc.call(fd);
}

ssize_t sendfile(int to, int from, off_t *at, size_t n)
{
    union {
        void *found;
        ssize_t (*call)(int, int, off_t *, size_t);
    } libc;

    if (is_ours(to))
        return hooks.sendfile(hooks.userdata, to, from, at, n);
    libc.found = next("sendfile");
    return libc.call(to, from, at, n);
}

/* The name under which programs built for large files ask for the same. */
ssize_t sendfile64(int to, int from, off64_t *at, size_t n)
{
    return sendfile(to, from, (off_t *)at, n);
}
