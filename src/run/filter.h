/* SPDX-License-Identifier: MIT */
/* The seccomp program: which system calls are handed to the supervisor, by what the kernel lets it see of them. */
#ifndef RUN_FILTER_H
#define RUN_FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_FILTER_MAX 256 /* instructions */

/* Writes the program; returns its length. */
size_t run_filter_build(struct sock_filter out[RUN_FILTER_MAX]);

/* A call that is handed to the supervisor so that somebody says why it fails. */
struct run_refusal {
    const char *call;
    int error; /* positive */
    const char *why;
};

/* Of a call that was handed over, by its instruction set (AUDIT_ARCH_*) and number. NULL: it is to be answered. */
const struct run_refusal *run_filter_refusal(uint32_t arch, int nr);

#endif
