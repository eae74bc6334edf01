/* SPDX-License-Identifier: MIT */
/* The link: an interface for bare IP datagrams, and the queue of what the stack has sent, each with its time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/calls.h"

#define BATCH        64
#define DATAGRAM_MAX 65535 /* bytes; a larger one does not exist */
#define JUMPS        1000000 /* timers in a row of which none sends: nothing will ever come */

static const char if_name[] = "packetdrill0";

/* ---- the interface ---- */

static bool is_any(const struct weft_ip *ip)
{
    static const struct weft_ip none;
    struct weft_ip v4 = weft_ipv4(0);

    return memcmp(ip, &none, sizeof none) == 0 || memcmp(ip, &v4, sizeof v4) == 0;
}

/* The default route of a family: through the gateway if that is on a network of ours, else onto the link. */
static int add_route(struct drill *d, int family)
{
    const struct settings_address *gw = &d->settings.gateway[family];
    struct weft_route route = {.if_name = if_name};
    int err = WEFT_ENETUNREACH;

    if (family == 0)
        route.dst = weft_ipv4(0);
    route.gateway = gw->given ? gw->ip : route.dst;
    if (gw->given && !is_any(&gw->ip))
        err = weft_route_add(d->stack, &route);
    if (err == 0)
        return 0;
    route.gateway = route.dst;
    return weft_route_add(d->stack, &route);
}

bool netdev_open(struct drill *d, char *why, size_t n)
{
    struct weft_if_config config = {.name = if_name, .link = WEFT_LINK_IP, .mtu = d->settings.mtu,
                                    .queue_limit = 4096};
    int err = 0;

    if (d->settings.tso) {
        config.offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO;
        config.gso_max = d->settings.tso;
    }
    d->ifp = weft_if_new(d->stack, &config, &err);
    if (!d->ifp) {
        snprintf(why, n, "no interface: %s", weft_strerror(err));
        return false;
    }
    for (int family = 0; family < 2; family++) {
        const struct settings_address *local = &d->settings.local[family];
        char text[WEFT_IP_TEXT];

        if (!local->given)
            continue;
        err = weft_if_add_address(d->ifp, &local->ip, local->prefix);
        if (err == 0)
            err = add_route(d, family);
        if (err == 0)
            continue;
        snprintf(why, n, "%s/%u cannot be our address: %s", weft_ip_text(&local->ip, text, sizeof text),
                 local->prefix, weft_strerror(err));
        return false;
    }
    return true;
}

/* ---- out ---- */

/* What a card would do: the sum that was only begun is brought to its end (RFC 1071), for a super-segment as a
 * whole. */
static void complete_sum(uint8_t *bytes, size_t n, const struct weft_pkt_offload *o)
{
    uint8_t *field = bytes + o->csum_start + o->csum_offset;
    uint64_t sum = 0;

    for (size_t i = o->csum_start; i < n; i++)
        sum += (i - o->csum_start) % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = sum == 0xffff ? sum : ~sum; /* zero would say that there is none (RFC 768) */
    field[0] = (uint8_t)(sum >> 8);
    field[1] = (uint8_t)sum;
}

static void queue(struct drill *d, const weft_pkt *pkt)
{
    struct weft_pkt_offload offload;
    size_t n = weft_pkt_len(pkt);
    struct frame *f = malloc(sizeof *f + n);

    if (!f) {
        weft_count_drop(d->stack, WEFT_DROP_no_memory);
        return;
    }
    f->next = NULL;
    f->at = d->now;
    f->n = weft_pkt_copy(pkt, 0, f->bytes, n);
    weft_pkt_get_offload(pkt, &offload);
    if (offload.csum_partial && (size_t)offload.csum_start + offload.csum_offset + 2 <= f->n)
        complete_sum(f->bytes, f->n, &offload);
    *d->last = f;
    d->last = &f->next;
}

void netdev_pull(struct drill *d)
{
    weft_pkt *out[BATCH];
    size_t n;

    while ((n = weft_output(d->ifp, out, BATCH, d->now)) > 0)
        for (size_t i = 0; i < n; i++) {
            queue(d, out[i]);
            weft_pkt_release(out[i]);
        }
}

static struct frame *take(struct drill *d)
{
    struct frame *f = d->first;

    if (f && !(d->first = f->next))
        d->last = &d->first;
    return f;
}

void netdev_clear(struct drill *d)
{
    struct frame *f;

    while ((f = take(d)))
        free(f);
}

static void await_frame(struct drill *d)
{
    for (unsigned jumps = 0; !d->first; jumps++) {
        bool more = jumps < JUMPS && clock_jump(d);

        if (more)
            continue;
        pthread_mutex_unlock(&d->lock);
        drill_die(1, jumps < JUMPS ? "netdev_receive: nothing was sent, and nothing is left that would send"
                                   : "netdev_receive: timers run on, and none of them sends");
    }
}

int drill_netdev_receive(void *userdata, void *buf, size_t *n, long long *usecs)
{
    struct drill *d = drill_enter(userdata);
    struct frame *f;

    clock_hold(d);
    await_frame(d);
    f = take(d);
    *usecs = (long long)(f->at / WEFT_US);
    *n = f->n < *n || *n == 0 ? f->n : *n; /* 0: nobody says how much room there is */
    memcpy(buf, f->bytes, *n);
    free(f);
    return (int)drill_leave(d, 0);
}

/* ---- in ---- */

int drill_netdev_send(void *userdata, const void *buf, size_t n)
{
    struct drill *d = drill_enter(userdata);
    weft_pkt *pkt;

    if (n > DATAGRAM_MAX)
        return (int)drill_leave(d, -EMSGSIZE);
    pkt = weft_pkt_new(d->stack, n);
    if (!pkt)
        return (int)drill_leave(d, -ENOMEM);
    memcpy(weft_pkt_data(pkt), buf, n);
    weft_pkt_set_len(pkt, n);
    weft_input(d->ifp, &pkt, 1, d->now);
    return (int)drill_leave(d, 0);
}
