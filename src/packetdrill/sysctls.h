/* SPDX-License-Identifier: MIT */
/*
 * Linux's tunables become weft's. A script sets them in its network namespace before it opens a socket, so they are
 * read at the start and at each socket(), and what has changed is set.
 */
#ifndef PACKETDRILL_SYSCTLS_H
#define PACKETDRILL_SYSCTLS_H

#include "packetdrill/drill.h"

/* What was read last. NULL: out of memory. */
struct sysctl_memory *sysctls_new(void);
void sysctls_free(struct sysctl_memory *m);

void sysctls_read(struct drill *d);

#endif
