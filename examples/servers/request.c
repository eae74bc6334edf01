/* SPDX-License-Identifier: MIT */
/* A client's connection, from its first request to its end; and what to do about errors. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "servers.h"

const char answer[MOST];

long sure(const char *what, long result)
{
    if (result >= 0)
        return result;
    perror(what);
    exit(1);
}

void start(void *(*run)(void *), void *arg)
{
    pthread_t thread;

    errno = pthread_create(&thread, NULL, run, arg);
    sure("pthread_create", -errno);
    pthread_detach(thread);
}

long wanted(const char *text, size_t n)
{
    const char *end = memchr(text, '\n', n);
    long bytes = 0;

    if (!end)
        return n < 16 ? 0 : -1;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9' || bytes > MOST)
            return -1;
        bytes = bytes * 10 + (*text - '0');
    }
    return bytes >= 1 && bytes <= MOST ? bytes : -1;
}

/* The next request: its bytes; 0: the client has left, or speaks nonsense. */
static long read_request(int fd)
{
    char line[16];
    size_t have = 0;
    long bytes = 0;
    ssize_t n;

    while (bytes == 0) {
        n = read(fd, line + have, sizeof line - have);
        if (n <= 0)
            return 0;
        have += (size_t)n;
        bytes = wanted(line, have);
    }
    return bytes > 0 ? bytes : 0;
}

void serve(int fd)
{
    long bytes, left;
    ssize_t n;

    while ((bytes = read_request(fd)) > 0) {
        for (left = bytes; left > 0; left -= n) {
            n = send(fd, answer, (size_t)left, MSG_NOSIGNAL);
            if (n <= 0)
                break;
        }
    }
    close(fd);
}
