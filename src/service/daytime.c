/* SPDX-License-Identifier: MIT */
/* Daytime (RFC 867): the time as a line of text, then the end. */
#include <string.h>
#include <time.h>

#include "service/service.h"

#define ROOM 64

static size_t daytime_text(char text[ROOM])
{
    time_t now = time(NULL);
    struct tm tm;

    localtime_r(&now, &tm);
    return strftime(text, ROOM, "%a %b %e %H:%M:%S %Y\r\n", &tm);
}

static bool daytime_open(struct service *sv, struct service_conn *c)
{
    char text[ROOM];

    service_send(sv, c, text, daytime_text(text));
    return false;
}

static int daytime_answer(struct service *sv, uint8_t *buf, size_t n)
{
    (void)sv, (void)n;
    return (int)daytime_text((char *)buf);
}

const struct service_type service_daytime = {
    .name = "daytime",
    .summary = "tells the time as text",
    .port = 13,
    .open = daytime_open,
    .answer = daytime_answer,
};
