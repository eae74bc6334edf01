/* SPDX-License-Identifier: MIT */
/* ARP and RARP for IPv4 over Ethernet (RFC 826, RFC 903); see arp.h. */
#include "wire/arp.h"

#include "wire/ethernet.h"

#define ARP_HARDWARE_ETHERNET 1

/* The form that both have; which operations there are is the caller's to say. */
static bool parse(struct reader *r, struct arp_packet *a)
{
    uint16_t hardware = read_u16(r);
    uint16_t protocol = read_u16(r);
    uint8_t hardware_len = read_u8(r);
    uint8_t protocol_len = read_u8(r);
    const uint8_t *mac;

    a->op = read_u16(r);
    if (hardware != ARP_HARDWARE_ETHERNET || protocol != ETH_TYPE_IPV4 || hardware_len != 6 || protocol_len != 4)
        return false;
    if ((mac = read_bytes(r, 6)))
        memcpy(a->sender_mac, mac, 6);
    a->sender_ip = read_u32(r);
    if ((mac = read_bytes(r, 6)))
        memcpy(a->target_mac, mac, 6);
    a->target_ip = read_u32(r);
    return !r->bad;
}

bool arp_parse(struct reader *r, struct arp_packet *a)
{
    return parse(r, a) && (a->op == ARP_REQUEST || a->op == ARP_REPLY);
}

bool rarp_parse(struct reader *r, struct arp_packet *a)
{
    return parse(r, a) && (a->op == RARP_REQUEST || a->op == RARP_REPLY);
}

void arp_emit(struct writer *w, const struct arp_packet *a)
{
    write_u16(w, ARP_HARDWARE_ETHERNET);
    write_u16(w, ETH_TYPE_IPV4);
    write_u8(w, 6);
    write_u8(w, 4);
    write_u16(w, a->op);
    write_bytes(w, a->sender_mac, 6);
    write_u32(w, a->sender_ip);
    write_bytes(w, a->target_mac, 6);
    write_u32(w, a->target_ip);
}
