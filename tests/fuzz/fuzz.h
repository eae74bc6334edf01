/* SPDX-License-Identifier: MIT */
/* A fuzz harness is one function: it takes any bytes and must come back. fuzz_<noun>.c each defines it. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); /* the name is libFuzzer's */

#endif
