/* SPDX-License-Identifier: MIT */
/* Echo (RFC 862): sends back what it gets, until the client closes. */
#include "service/service.h"

static bool echo_step(struct service *sv, struct service_conn *c, unsigned ready)
{
    int64_t n = service_recv(sv, c);

    (void)ready;
    if (n == WEFT_EAGAIN)
        return true;
    return n > 0 && service_send(sv, c, service_buffer(sv), (size_t)n);
}

static int echo_answer(struct service *sv, uint8_t *buf, size_t n)
{
    (void)sv, (void)buf;
    return (int)n;
}

const struct service_type service_echo = {
    .name = "echo",
    .summary = "sends back what it gets",
    .port = 7,
    .want = WEFT_READABLE,
    .step = echo_step,
    .answer = echo_answer,
};
