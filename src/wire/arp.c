/* SPDX-License-Identifier: MIT */
/* ARP for IPv4 over Ethernet (RFC 826); see arp.h. */
#include "wire/arp.h"

#include "wire/ethernet.h"

#define ARP_HARDWARE_ETHERNET 1

bool arp_parse(struct reader *r, struct arp_packet *a)
{
    uint16_t hardware = read_u16(r);
    uint16_t protocol = read_u16(r);
    uint8_t hardware_len = read_u8(r);
    uint8_t protocol_len = read_u8(r);
    const uint8_t *mac;

    a->op = read_u16(r);
    if (hardware != ARP_HARDWARE_ETHERNET || protocol != ETH_TYPE_IPV4 || hardware_len != 6 || protocol_len != 4)
        return false;
    if (a->op != ARP_REQUEST && a->op != ARP_REPLY)
        return false;
    if ((mac = read_bytes(r, 6)))
        memcpy(a->sender_mac, mac, 6);
    a->sender_ip = read_u32(r);
    if ((mac = read_bytes(r, 6)))
        memcpy(a->target_mac, mac, 6);
    a->target_ip = read_u32(r);
    return !r->bad;
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
