/* SPDX-License-Identifier: MIT */
/* See weft/unp.h. Time as the book's programs measure it and print it. */
#include "weft/unp.h"

#include <stdio.h>
#include <sys/time.h>
#include <time.h>

void weft_unp_tv_sub(struct timeval *out, const struct timeval *in)
{
    out->tv_sec -= in->tv_sec;
    out->tv_usec -= in->tv_usec;
    if (out->tv_usec < 0) {
        out->tv_sec--;
        out->tv_usec += 1000000;
    }
}

char *weft_unp_gf_time(char *buf, size_t n)
{
    struct timeval now;
    struct tm day;
    int r;

    gettimeofday(&now, NULL);
    localtime_r(&now.tv_sec, &day);
    r = snprintf(buf, n, "%02d:%02d:%02d.%06ld", day.tm_hour, day.tm_min, day.tm_sec, (long)now.tv_usec);
    return r >= 0 && (size_t)r < n ? buf : NULL;
}
