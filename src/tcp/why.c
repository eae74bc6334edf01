/* SPDX-License-Identifier: MIT */
/* The trace of why a connection did what it did; see weft/tcp_info.h. */
#include "tcp/conn.h"

#include "weft/tcp_info.h"

void conn_why_tell(struct tcp_conn *c, enum weft_why why, uint32_t value)
{
    struct tcp_flow flow = conn_flow(c);

    stack_trace_why(c->ep.stack, &c->ep, &flow.local, &flow.remote, why, value);
}

size_t weft_why_read(const weft_sock *sock, struct weft_why_event *out, size_t max)
{
    (void)sock, (void)out, (void)max;
    return 0;
}
