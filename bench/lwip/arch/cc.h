/* SPDX-License-Identifier: MIT */
/* What lwIP asks of a port: a 64-bit Linux gives it all. */
#ifndef BENCH_LWIP_CC_H
#define BENCH_LWIP_CC_H

#include <errno.h>
#include <stdlib.h>

#define LWIP_NO_INTTYPES_H 0
#define LWIP_PLATFORM_DIAG(x) ((void)0)
#define LWIP_PLATFORM_ASSERT(x) abort()
#define LWIP_RAND() ((u32_t)rand())

#endif
