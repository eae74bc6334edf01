/* SPDX-License-Identifier: MIT */
/* Values of options that are about waiting, which the engine never does, or about what is told in Linux's way. */
#include <errno.h>
#include <string.h>
#include <sys/time.h>

#include "linux/linux.h"

/* Zero is no time-out at all, and less than zero is none to wait (Linux's sock_set_timeout). */
int linux_take_timeout(const void *value, weft_time *out)
{
    struct timeval t;

    memcpy(&t, value, sizeof t);
    if (t.tv_usec < 0 || t.tv_usec >= 1000000)
        return -EDOM;
    if (t.tv_sec < 0)
        *out = 0;
    else if ((t.tv_sec == 0 && t.tv_usec == 0) || (uint64_t)t.tv_sec >= WEFT_NEVER / WEFT_S - 1)
        *out = WEFT_NEVER;
    else
        *out = (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_usec * WEFT_US;
    return 0;
}

void linux_give_timeout(void *value, weft_time timeout)
{
    struct timeval t = {0};

    if (timeout != WEFT_NEVER)
        t = (struct timeval){(time_t)(timeout / WEFT_S), (suseconds_t)(timeout % WEFT_S / WEFT_US)};
    memcpy(value, &t, sizeof t);
}

void linux_take_stamp(const void *value, unsigned stamp, enum linux_stamp *out)
{
    int on;

    memcpy(&on, value, sizeof on);
    *out = on ? stamp : *out & LINUX_STAMP_NEW;
}

void linux_give_stamp(void *value, unsigned stamp, enum linux_stamp set)
{
    int on = set == stamp || (stamp == (LINUX_STAMP_MICROSECONDS | LINUX_STAMP_NEW) && set > LINUX_STAMP_NEW);

    memcpy(value, &on, sizeof on);
}

int linux_take_low_water(const void *value)
{
    int bytes;

    memcpy(&bytes, value, sizeof bytes);
    return bytes < 0 ? INT32_MAX : bytes ? bytes : 1;
}
