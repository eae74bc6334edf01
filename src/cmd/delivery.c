/* SPDX-License-Identifier: MIT */
/*
 * What a command leaves behind. A program that has written, closed and ended counts on its stack to deliver the rest; on
 * a host that ends with the command nobody else would.
 */
#include <poll.h>

#include "cmd/cmd.h"
#include "weft/sock.h"

#define FIRST_LOOK 1    /* ms; each next one is twice as late, */
#define LAST_LOOK  64   /* until it is this late */
#define SILENCE    1000 /* ms, before we say what is waited for */

struct left {
    unsigned connections;
    size_t bytes;
};

/* One whose user has gone, and whose last byte or end has not been acknowledged yet. */
static bool count_left(void *to, const struct weft_listing *item)
{
    struct left *left = to;

    if (item->proto == WEFT_TCP && item->sock && !item->cookie &&
        (item->state == WEFT_TCP_FIN_WAIT_1 || item->state == WEFT_TCP_CLOSING || item->state == WEFT_TCP_LAST_ACK)) {
        left->connections++;
        left->bytes += item->send_q;
    }
    return true;
}

static struct left look(weft_host *h)
{
    struct left left = {0};

    weft_list(weft_host_lock(h), count_left, &left);
    weft_host_unlock(h);
    return left;
}

void host_await_delivery(struct cmd_ctx *ctx)
{
    struct pollfd p = {.fd = ctx->hangup, .events = POLLIN};
    int wait = FIRST_LOOK, waited = 0;
    struct left left;

    while ((left = look(ctx->host)).connections && poll(&p, 1, wait) <= 0) {
        if (waited < SILENCE && waited + wait >= SILENCE)
            cmd_fail(ctx, 0, "still to be delivered: %zu bytes on %u connections; a signal ends it", left.bytes,
                     left.connections);
        waited += wait;
        wait = wait < LAST_LOOK ? 2 * wait : LAST_LOOK;
    }
}
