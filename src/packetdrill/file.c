/* SPDX-License-Identifier: MIT */
/* See file.h. */
#include "packetdrill/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int64_t result(int64_t r)
{
    return r < 0 ? -errno : r;
}

bool file_is_open(int fd)
{
    return fd >= 0 && fd < DRILL_FIRST_FD && fcntl(fd, F_GETFD) >= 0;
}

int64_t file_readv(int fd, const struct iovec *iov, int n)
{
    return result(readv(fd, iov, n));
}

int64_t file_writev(int fd, const struct iovec *iov, int n)
{
    return result(writev(fd, iov, n));
}

int64_t file_read(int fd, void *buf, size_t n, off_t *at)
{
    int64_t r = result(at ? pread(fd, buf, n, *at) : read(fd, buf, n));

    if (r > 0 && at)
        *at += (off_t)r;
    return r;
}

int64_t file_close(int fd)
{
    return result(close(fd));
}

int64_t file_fcntl(int fd, int command, int argument)
{
    return result(fcntl(fd, command, argument));
}
