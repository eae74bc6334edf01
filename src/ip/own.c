/* SPDX-License-Identifier: MIT */
/*
 * What we say to a group that we listen to ourselves reaches our own sockets too (RFC 1112 §6.1, §7.2): a copy waits
 * until the next tick, so that nobody who sends is called back, and then passes for one that came in by the interface
 * it went out on. Such copies are bounded like any queue.
 */
#include "ip/group.h"

#define OWN_MAX 256 /* copies that wait at most */

/* A copy with its header in front, data behind it. NULL: out of memory. */
static struct weft_pkt *copy_of(weft_stack *s, const struct weft_pkt *pkt, const struct ip_send *how, weft_if *ifp)
{
    struct weft_pkt *copy = dgram_clone(s, pkt, min_u32(pkt->len, 8));
    struct ip_send plain = *how;
    const uint8_t *message;

    if (!copy)
        return NULL;
    message = copy->data;
    copy->ifp = ifp;
    copy->src = how->src;
    copy->dst = how->dst;
    ip_set_zone(&copy->dst, ifp->index);
    copy->ttl = how->ttl;
    copy->tos = how->tos;
    copy->proto = how->proto;
    copy->ip_group = true;
    copy->link_broadcast = false;
    copy->csum_valid = true; /* it never leaves this memory */
    plain.headers = NULL; /* whoever made them is here, and knows */
    ip_push_header(copy, &plain, NULL, ifp);
    pkt_pull(copy, (size_t)(message - copy->data));
    return copy;
}

void group_hear_own(weft_stack *s, const struct weft_pkt *pkt, const struct ip_send *how, weft_if *ifp)
{
    struct ip_groups *groups = &ip_state(s)->groups;
    struct weft_ip dst = how->dst;
    struct weft_pkt *copy;

    ip_set_zone(&dst, ifp->index);
    if (ifp->ops->kind == WEFT_LINK_LOOPBACK || !group_is_ours(ifp, &dst)) /* what goes there comes back by itself */
        return;
    copy = groups->heard.count < OWN_MAX ? copy_of(s, pkt, how, ifp) : NULL;
    if (!copy) {
        stack_drop(s, groups->heard.count < OWN_MAX ? WEFT_DROP_no_memory : WEFT_DROP_if_queue_full);
        return;
    }
    pkt_queue_push(&groups->heard, copy);
    timer_set(&s->wheel, &groups->own_timer, s->now);
}

void group_own_timer(weft_stack *s)
{
    struct pkt_queue due = ip_state(s)->groups.heard; /* what is said because of it has its own turn */
    struct weft_pkt *pkt;

    ip_state(s)->groups.heard = (struct pkt_queue){0};
    while ((pkt = pkt_queue_pop(&due)))
        ip_deliver(s, pkt);
}

void group_own_forget(const weft_if *ifp)
{
    struct pkt_queue *heard = &ip_state(ifp->stack)->groups.heard, old = *heard;
    struct weft_pkt *pkt;

    *heard = (struct pkt_queue){0};
    while ((pkt = pkt_queue_pop(&old)))
        if (pkt->ifp == ifp)
            pkt_drop(pkt, WEFT_DROP_if_down);
        else
            pkt_queue_push(heard, pkt);
}
