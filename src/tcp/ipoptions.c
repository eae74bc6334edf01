/* SPDX-License-Identifier: MIT */
/* What stands before a connection's segments; see ipoptions.h. */
#include "tcp/ipoptions.h"

#include "tcp/path.h"

/* The segments that it sends change: so do their way and their size. */
void conn_headers_changed(struct tcp_conn *c)
{
    if (c->state == WEFT_TCP_LISTEN)
        return;
    if (c->work)
        c->work->path = (struct ip_path){0};
    if (c->peer_mss)
        conn_update_mss(c);
}

int conn_set_options(struct tcp_conn *c, const void *value, size_t n)
{
    int err = ip_options_check(value, n);
    struct tcp_settings *own;

    if (err)
        return err;
    own = settings_own(&c->settings, &c->ep.stack->mem);
    if (!own)
        return WEFT_ENOMEM;
    own->way = (struct tcp_way){.n = (uint8_t)n};
    ip_options_take(own->way.options, value, n);
    conn_headers_changed(c);
    return 0;
}

void conn_take_way(struct tcp_conn *c, const struct tcp_way *w)
{
    const struct tcp_way *now = &c->settings->way;
    struct tcp_settings *own;

    if (!c->passive || w->n == 0 || (now->n && !now->received) || way_is_same(now, w)) /* MUST-52 */
        return;
    own = settings_own(&c->settings, &c->ep.stack->mem);
    if (!own)
        return; /* it goes on as before */
    own->way = *w;
    conn_headers_changed(c);
}
