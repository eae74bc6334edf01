/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of the kernel's: a script's open() is no call of the table, so its file has a number of libc's, and the
 * calls on it that are in the table come to us. They go on to the kernel.
 */
#ifndef PACKETDRILL_FILE_H
#define PACKETDRILL_FILE_H

#include "packetdrill/drill.h"

bool file_is_open(int fd);

/* Results as everywhere here: a count, or a negative errno. */
int64_t file_readv(int fd, const struct iovec *iov, int n);
int64_t file_writev(int fd, const struct iovec *iov, int n);
/* At *at, which moves on; NULL: at the file's own place. */
int64_t file_read(int fd, void *buf, size_t n, off_t *at);
int64_t file_close(int fd);
int64_t file_fcntl(int fd, int command, int argument);

#endif
