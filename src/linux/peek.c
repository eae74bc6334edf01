/* SPDX-License-Identifier: MIT */
/* SO_PEEK_OFF of streams: where the next peek begins, counted from the first byte that waits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "linux/linux.h"

static size_t length(const struct weft_iov *iov, size_t n)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        len += iov[i].len;
    return len;
}

static void scatter(const struct weft_iov *iov, const uint8_t *bytes, size_t n)
{
    for (size_t done = 0; done < n; iov++) {
        size_t part = iov->len < n - done ? iov->len : n - done;

        if (part)
            memcpy(iov->base, bytes + done, part);
        done += part;
    }
}

/* What stands before the offset is peeked at too, and left out. */
int64_t linux_peek_at(weft_sock *sock, const struct weft_iov *iov, size_t n, size_t offset, bool finished)
{
    size_t waits = weft_unread(sock), len = length(iov, n);
    uint8_t *bytes;
    int64_t got;

    if (waits <= offset)
        return finished ? 0 : -EAGAIN;
    len = len < waits - offset ? len : waits - offset;
    bytes = malloc(offset + len + 1);
    if (!bytes)
        return -ENOMEM;
    got = weft_recv(sock, bytes, offset + len, WEFT_MSG_PEEK);
    if (got > 0)
        got = (size_t)got > offset ? got - (int64_t)offset : 0;
    if (got > 0)
        scatter(iov, bytes + offset, (size_t)got);
    free(bytes);
    return got;
}

void linux_peek_back(struct linux_own *own, int64_t bytes)
{
    int *offset = &own->kept[LINUX_PEEK_OFF];

    if (bytes > 0 && *offset > 0)
        *offset = bytes < *offset ? *offset - (int)bytes : 0;
}
