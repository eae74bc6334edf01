/* SPDX-License-Identifier: MIT */
/* What both ends of the control socket agree on. */
#ifndef HOST_CONTROL_H
#define HOST_CONTROL_H

#define CONTROL_ARGV_MAX (64 * 1024) /* bytes of all arguments with their NULs */
#define CONTROL_ARGC_MAX 1024
#define CONTROL_JOBS_MAX 32

/* Answers that are no exit status. */
enum { CONTROL_BUSY = -1, CONTROL_MALFORMED = -2 };

#endif
