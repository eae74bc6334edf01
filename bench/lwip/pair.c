/* SPDX-License-Identifier: MIT */
/*
 * lwIP's state is global, so both ends share one instance: end 0 is 10.0.0.1 behind one interface, end 1 is 10.0.1.2
 * behind another, and the hook in lwipopts.h picks the interface by source address. What an interface sends is copied
 * once, into a pool buffer as a network card's driver would have it, queued, and given to the other interface.
 */
#include "pair.h"

#include <string.h>

#include "bench.h"
#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/memp.h"
#include "lwip/netif.h"
#include "lwip/priv/memp_priv.h"
#include "lwip/stats.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"

enum { WIRE_SLOTS = 8192, WIRE_TURN = 256 };

static struct netif ends[2];
static struct tcp_pcb *accepted;
static struct {
    struct pbuf *packet;
    struct netif *to;
} wire[WIRE_SLOTS];
static unsigned wire_first, wire_last;

u32_t sys_now(void) { return (u32_t)(bench_nanoseconds() / 1000000u); }

struct netif *bench_route(const struct ip4_addr *src)
{
    return src && src->addr == netif_ip4_addr(&ends[1])->addr ? &ends[1] : &ends[0];
}

static err_t carry(struct netif *from, struct pbuf *p, const ip4_addr_t *next_hop)
{
    struct pbuf *copy = pbuf_alloc(PBUF_RAW, p->tot_len, PBUF_POOL);

    (void)next_hop;
    if (!copy || wire_last - wire_first == WIRE_SLOTS)
        bench_fail("lwip: the wire is full");
    pbuf_copy(copy, p);
    wire[wire_last % WIRE_SLOTS].packet = copy;
    wire[wire_last++ % WIRE_SLOTS].to = &ends[from == &ends[0]];
    return ERR_OK;
}

static err_t end_init(struct netif *end)
{
    end->name[0] = 'b';
    end->mtu = 1500;
    end->output = carry;
    end->flags = NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

/* lwIP's default closes a connection of its own accord when the peer has. */
static err_t ignore(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    (void)arg, (void)pcb;
    if (p)
        pbuf_free(p);
    return error;
}

static err_t take(void *arg, struct tcp_pcb *pcb, err_t error)
{
    (void)arg;
    if (error != ERR_OK)
        return error;
    tcp_recv(pcb, ignore);
    accepted = pcb;
    return ERR_OK;
}

void pair_open(void)
{
    struct tcp_pcb *listener;

    lwip_init();
    for (int i = 0; i < 2; i++) {
        ip4_addr_t address, mask;

        IP4_ADDR(&address, 10, 0, i, 1 + i);
        IP4_ADDR(&mask, 255, 255, 255, 0);
        if (!netif_add(&ends[i], &address, &mask, NULL, NULL, end_init, ip_input))
            bench_fail("lwip: netif_add");
        netif_set_up(&ends[i]);
    }
    listener = tcp_new();
    if (!listener || tcp_bind(listener, netif_ip_addr4(&ends[1]), PAIR_PORT) != ERR_OK)
        bench_fail("lwip: bind");
    listener = tcp_listen_with_backlog(listener, 255);
    tcp_accept(listener, take);
}

void pair_run(void)
{
    for (unsigned n = 0; wire_first != wire_last && n < WIRE_TURN; n++) {
        unsigned slot = wire_first++ % WIRE_SLOTS;

        wire[slot].to->input(wire[slot].packet, wire[slot].to);
    }
    sys_check_timeouts();
}

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
    (void)arg, (void)pcb;
    return error;
}

void pair_connect(struct tcp_pcb *pair[2])
{
    pair[0] = tcp_new();
    accepted = NULL;
    if (!pair[0] || tcp_bind(pair[0], netif_ip_addr4(&ends[0]), 0) != ERR_OK ||
        tcp_connect(pair[0], netif_ip_addr4(&ends[1]), PAIR_PORT, connected) != ERR_OK)
        bench_fail("lwip: connect");
    pair_run();
    if (!accepted || pair[0]->state != ESTABLISHED)
        bench_fail("lwip: no connection");
    pair[1] = accepted;
}

size_t pair_memory(void)
{
    size_t bytes = lwip_stats.mem.used;

    for (int i = 0; i < MEMP_MAX; i++)
        bytes += (size_t)memp_pools[i]->size * memp_pools[i]->stats->used;
    return bytes;
}
