/* SPDX-License-Identifier: MIT */
/* Links without a header of their own: bare datagrams (TUN, tests), and the loopback interface. */
#include "link/private.h"
#include "wire/ethernet.h"

/* The version nibble says which network layer it is for. */
static void bare_input(weft_if *ifp, struct weft_pkt *pkt)
{
    const struct network *const *n = ifp->stack->assembly->network;
    uint8_t version = pkt->len ? pkt->data[0] >> 4 : 0;
    uint16_t type = version == 6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4;

    pkt->l3 = (uint16_t)pkt_headroom(pkt);
    for (unsigned i = 0; i < ARRAY_LEN(ifp->stack->assembly->network) && n[i]; i++)
        if (n[i]->ethertype == type) {
            n[i]->input(ifp, pkt);
            return;
        }
    pkt_drop(pkt, WEFT_DROP_ip_version);
}

static void bare_output(weft_if *ifp, struct weft_pkt *pkt, const struct weft_ip *next_hop, uint16_t ethertype)
{
    (void)next_hop, (void)ethertype;
    pkt->l2 = (uint16_t)pkt_headroom(pkt);
    if_transmit(ifp, pkt);
}

const struct link_ops link_ip = {.kind = WEFT_LINK_IP, .input = bare_input, .output = bare_output};
const struct link_ops link_loopback = {.kind = WEFT_LINK_LOOPBACK, .input = bare_input, .output = bare_output};
