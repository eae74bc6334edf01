/* SPDX-License-Identifier: MIT */
/*
 * stdio over a socket (UNP 14.8). The kernel knows nothing to read behind a number of weft's, so libc is given
 * functions that go through the calls for sockets. Of a stream for both ways, as with the kernel's sockets, each way
 * has its turn: libc insists on fflush or a positioning call between them, and no socket can be positioned.
 */
#include <stdio.h>

#include "posix/posix.h"
#include "weft/unp.h"

static int number_of(const void *cookie) { return (int)(intptr_t)cookie; }

static ssize_t cookie_read(void *cookie, char *buf, size_t n) { return weft_posix_read(number_of(cookie), buf, n); }

/* libc wants 0 for an error, and all of it otherwise. */
static ssize_t cookie_write(void *cookie, const char *buf, size_t n)
{
    ssize_t r = weft_unp_writen(number_of(cookie), buf, n);

    return r < 0 ? 0 : r;
}

static int cookie_seek(void *cookie, off64_t *offset, int whence)
{
    (void)cookie, (void)offset, (void)whence;
    errno = ESPIPE;
    return -1;
}

static int cookie_close(void *cookie) { return weft_posix_close(number_of(cookie)); }

FILE *weft_posix_fdopen(int fd, const char *mode)
{
    const cookie_io_functions_t functions = {cookie_read, cookie_write, cookie_seek, cookie_close};

    return px_is_ours(fd) ? fopencookie((void *)(intptr_t)fd, mode, functions) : fdopen(fd, mode);
}
