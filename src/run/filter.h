/* SPDX-License-Identifier: MIT */
/* The seccomp program: which system calls are handed to the supervisor, by what the kernel lets it see of them. */
#ifndef RUN_FILTER_H
#define RUN_FILTER_H

#include <linux/filter.h>
#include <stddef.h>

#define RUN_FILTER_MAX 256 /* instructions */

/* Writes the program; returns its length. */
size_t run_filter_build(struct sock_filter out[RUN_FILTER_MAX]);

#endif
