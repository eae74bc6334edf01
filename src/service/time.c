/* SPDX-License-Identifier: MIT */
/* Time (RFC 868): seconds since 1900 as four bytes, high one first; wraps in 2036. */
#include <time.h>

#include "service/service.h"

#define SECONDS_1900_TO_1970 2208988800u

static void time_bytes(uint8_t out[4])
{
    uint32_t now = (uint32_t)time(NULL) + SECONDS_1900_TO_1970;

    out[0] = (uint8_t)(now >> 24);
    out[1] = (uint8_t)(now >> 16);
    out[2] = (uint8_t)(now >> 8);
    out[3] = (uint8_t)now;
}

static bool time_open(struct service *sv, struct service_conn *c)
{
    uint8_t bytes[4];

    time_bytes(bytes);
    service_send(sv, c, bytes, sizeof bytes);
    return false;
}

static int time_answer(struct service *sv, uint8_t *buf, size_t n)
{
    (void)sv, (void)n;
    time_bytes(buf);
    return 4;
}

const struct service_type service_time = {
    .name = "time",
    .summary = "tells the seconds since 1900 as four bytes",
    .port = 37,
    .open = time_open,
    .answer = time_answer,
};
