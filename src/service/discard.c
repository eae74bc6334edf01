/* SPDX-License-Identifier: MIT */
/* Discard (RFC 863): throws away what it gets. */
#include "service/service.h"

static bool discard_step(struct service *sv, struct service_conn *c, unsigned ready)
{
    int64_t n = service_recv(sv, c);

    (void)ready;
    return n > 0 || n == WEFT_EAGAIN;
}

static int discard_answer(struct service *sv, uint8_t *buf, size_t n)
{
    (void)sv, (void)buf, (void)n;
    return SERVICE_SILENT;
}

const struct service_type service_discard = {
    .name = "discard",
    .summary = "throws away what it gets",
    .port = 9,
    .want = WEFT_READABLE,
    .step = discard_step,
    .answer = discard_answer,
};
