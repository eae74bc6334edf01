/* SPDX-License-Identifier: MIT */
/*
 * A driver around another one that writes down what passes: received packets as inbound, sent ones as outbound, with
 * the time of day. Packets are sent one by one, for one that is not taken must not be written down.
 */
#include <stdlib.h>
#include <time.h>

#include "cmd/link.h"

struct record {
    struct weft_driver driver; /* first: what the others see */
    weft_driver *inner;
    weft_pcap *pcap;
    int interface;
    bool written; /* the packet that the device had no room for, and that will be offered again */
};

static weft_time time_of_day(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_nsec;
}

static int record_receive(weft_driver *d, weft_pkt **out, size_t max)
{
    struct record *r = (struct record *)d;
    int n, i;

    r->inner->stack = d->stack;
    n = r->inner->ops->receive(r->inner, out, max);
    for (i = 0; i < n; i++)
        weft_pcap_write(r->pcap, r->interface, time_of_day(), false, out[i], NULL);
    return n;
}

static size_t record_transmit(weft_driver *d, weft_pkt *const *pkts, size_t n)
{
    struct record *r = (struct record *)d;
    size_t i;

    r->inner->stack = d->stack;
    for (i = 0; i < n; i++) {
        if (!r->written)
            weft_pcap_write(r->pcap, r->interface, time_of_day(), true, pkts[i], NULL);
        r->written = r->inner->ops->transmit(r->inner, &pkts[i], 1) == 0;
        if (r->written)
            break;
    }
    return i;
}

static weft_time record_deadline(weft_driver *d)
{
    weft_driver *inner = ((struct record *)d)->inner;

    return inner->ops->deadline ? inner->ops->deadline(inner) : WEFT_NEVER;
}

static void record_close(weft_driver *d)
{
    struct record *r = (struct record *)d;

    r->inner->ops->close(r->inner);
    free(r);
}

static const struct weft_driver_ops record_ops = {"record", record_receive, record_transmit, record_close,
                                                  record_deadline};

weft_driver *record_open(weft_driver *inner, weft_pcap *pcap, int interface)
{
    struct record *r = calloc(1, sizeof *r);

    if (!r) {
        inner->ops->close(inner);
        return NULL;
    }
    r->driver = (struct weft_driver){.ops = &record_ops, .fd = inner->fd, .ifc = inner->ifc};
    r->inner = inner;
    r->pcap = pcap;
    r->interface = interface;
    return &r->driver;
}
