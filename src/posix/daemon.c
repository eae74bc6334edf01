/* SPDX-License-Identifier: MIT */
/* See weft/unp.h: becoming a daemon (UNP chapter 13). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "posix/posix.h"
#include "weft/unp.h"

/* The child goes on, the parent is done. */
static int go_on_as_child(void)
{
    pid_t child = fork();

    if (child > 0)
        _exit(0);
    return (int)child;
}

/* Nothing of what the parent had open is ours; 0, 1 and 2 lead nowhere, so that nobody writes into what gets their
 * number. */
static int leave_descriptors(void)
{
    int null;

    if (close_range(3, ~0u, 0) < 0)
        return -1;
    null = open("/dev/null", O_RDWR);
    if (null < 0)
        return -1;
    for (int fd = 0; fd < 3; fd++)
        if (dup2(null, fd) < 0)
            return -1;
    return null < 3 ? 0 : close(null);
}

int weft_unp_daemon_init(const char *name, int facility)
{
    if (px_host()) {
        errno = EBUSY;
        return -1;
    }
    if (go_on_as_child() < 0 || setsid() < 0)
        return -1;
    /* The leader of a session gets a terminal by opening one, and its end is a hangup for the others: once more. */
    signal(SIGHUP, SIG_IGN);
    if (go_on_as_child() < 0)
        return -1;
    weft_unp_daemon_inetd(name, facility);
    return chdir("/") < 0 ? -1 : leave_descriptors();
}

void weft_unp_daemon_inetd(const char *name, int facility)
{
    weft_unp_err_to_syslog(true);
    openlog(name, LOG_PID, facility);
}
