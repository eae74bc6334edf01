/* SPDX-License-Identifier: MIT */
/* See weft/unp.h. What a program says when something fails, and where: on stderr, or to syslog once it is a daemon. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "weft/unp.h"

#define LINE 1024

static bool to_syslog;

void weft_unp_err_to_syslog(bool on)
{
    to_syslog = on;
}

/* err: an errno whose sentence goes behind, or 0. Leaves errno alone. */
__attribute__((format(printf, 3, 0)))
static void tell(int priority, int err, const char *format, va_list arguments)
{
    int saved = errno;
    char line[LINE], why[128];

    vsnprintf(line, sizeof line, format, arguments);
    snprintf(why, sizeof why, err ? ": %s" : "%s", err ? strerror(err) : "");
    if (to_syslog) {
        syslog(priority, "%s%s", line, why);
    } else {
        fflush(stdout); /* in case they are the same */
        fprintf(stderr, "%s%s\n", line, why);
    }
    errno = saved;
}

void weft_unp_err_msg(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    tell(LOG_INFO, 0, format, arguments);
    va_end(arguments);
}

void weft_unp_err_ret(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    tell(LOG_INFO, errno, format, arguments);
    va_end(arguments);
}

void weft_unp_err_quit(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    tell(LOG_ERR, 0, format, arguments);
    va_end(arguments);
    exit(1);
}

void weft_unp_err_sys(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    tell(LOG_ERR, errno, format, arguments);
    va_end(arguments);
    exit(1);
}

ssize_t weft_unp_must(const char *what, ssize_t result)
{
    if (result < 0)
        weft_unp_err_sys("%s", what);
    return result;
}

void *weft_unp_must_have(const char *what, void *result)
{
    if (!result)
        weft_unp_err_sys("%s", what);
    return result;
}
