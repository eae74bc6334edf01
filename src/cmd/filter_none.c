/* SPDX-License-Identifier: MIT */
/* Filters where libpcap was not there when weft was built: there are none, and whoever asks for one is told so. */
#include <stdio.h>

#include "cmd/filter.h"

struct filter *filter_new(const char *expression, char *why, size_t n)
{
    (void)expression;
    snprintf(why, n, "this weft was built without libpcap: capture with -w and filter with tcpdump -r");
    return NULL;
}

void filter_free(struct filter *f) { (void)f; }

bool filter_wants(const struct filter *f, bool ethernet, const uint8_t *packet, size_t n, size_t wire_len)
{
    (void)f, (void)ethernet, (void)packet, (void)n, (void)wire_len;
    return false;
}
