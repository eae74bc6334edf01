/* SPDX-License-Identifier: MIT */
#include "cmd/interfaces.h"

bool interfaces_copy(struct cmd_ctx *ctx, size_t i, struct weft_if_info *info, char name[32])
{
    bool there = weft_if_info(weft_host_lock(ctx->host), i, info);

    if (there)
        snprintf(name, 32, "%s", info->name);
    weft_host_unlock(ctx->host);
    return there;
}

int interfaces_index(weft_host *host, const char *name)
{
    weft_if *ifp = weft_if_find(weft_host_lock(host), name);
    int index = ifp ? (int)weft_if_index(ifp) : 0;

    weft_host_unlock(host);
    return index;
}

/* More of an address of IPv6: that it may not be used yet, or not any more, and where it is from. */
static void json_addresses(struct json *j, const struct weft_if_info *info)
{
    char text[WEFT_IP_TEXT + 8], ip[WEFT_IP_TEXT];
    size_t i;

    json_open(j, "addresses", '[');
    for (i = 0; i < info->n_addresses; i++) {
        weft_ip_text(&info->address[i].ip, ip, sizeof ip);
        snprintf(text, sizeof text, "%s/%u", ip, info->address[i].prefix);
        json_text(j, NULL, text);
    }
    json_close(j, ']');
    json_open(j, "address_states", '[');
    for (i = 0; i < info->n_addresses; i++)
        json_text(j, NULL, info->address[i].state);
    json_close(j, ']');
}

const char interfaces_head[] =
    "Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n";

void interfaces_line(FILE *out, const struct weft_if_info *info, const char *name)
{
    static const char *const up[] = {
        [WEFT_LINK_ETHERNET] = "BMRU", [WEFT_LINK_IP] = "PRU", [WEFT_LINK_LOOPBACK] = "LRU"};
    static const char *const down[] = {[WEFT_LINK_ETHERNET] = "BM", [WEFT_LINK_IP] = "P", [WEFT_LINK_LOOPBACK] = "L"};

    fprintf(out, "%-15.15s %5u %8llu %6d %6llu %-6d %8llu %6d %6llu %6d %s\n", name, info->mtu,
            (unsigned long long)info->rx_packets, 0, (unsigned long long)info->rx_drops, 0,
            (unsigned long long)info->tx_packets, 0, (unsigned long long)info->tx_drops, 0,
            (info->up ? up : down)[info->link]);
}

void interfaces_json(struct json *j, const struct weft_if_info *info, const char *name)
{
    const uint8_t *m = info->mac;
    char mac[18];

    snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
    json_open(j, NULL, '{');
    json_text(j, "name", name);
    if (info->link == WEFT_LINK_ETHERNET)
        json_text(j, "mac", mac);
    json_number(j, "mtu", info->mtu);
    json_text(j, "state", info->up ? "up" : "down");
    json_addresses(j, info);
    json_number(j, "rx_packets", info->rx_packets);
    json_number(j, "rx_bytes", info->rx_bytes);
    json_number(j, "rx_drops", info->rx_drops);
    json_number(j, "tx_packets", info->tx_packets);
    json_number(j, "tx_bytes", info->tx_bytes);
    json_number(j, "tx_drops", info->tx_drops);
    json_close(j, '}');
}
