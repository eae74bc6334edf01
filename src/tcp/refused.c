/* SPDX-License-Identifier: MIT */
/* Socket options that nobody may have; see refused.h. */
#include "tcp/refused.h"

#include "base/base.h"
#include "weft/sock.h"

static const struct tcp_refused all[] = {
    {WEFT_TCP_REPAIR, WEFT_EPERM, WEFT_EPERM, 0},
    {WEFT_TCP_REPAIR_QUEUE, WEFT_EPERM, WEFT_EPERM, WEFT_EINVAL},
    {WEFT_TCP_QUEUE_SEQ, WEFT_EINVAL, WEFT_EPERM, WEFT_EINVAL},
    {WEFT_TCP_REPAIR_WINDOW, WEFT_EPERM, WEFT_EPERM, WEFT_EINVAL},
    {WEFT_TCP_REPAIR_OPTIONS, WEFT_EINVAL, WEFT_EINVAL, WEFT_ENOPROTOOPT},
    {WEFT_TCP_ZEROCOPY_RECEIVE, WEFT_ENOPROTOOPT, WEFT_ENOPROTOOPT, WEFT_EINVAL},
};

const struct tcp_refused *tcp_refused(int option)
{
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i].option == option)
            return &all[i];
    return NULL;
}
