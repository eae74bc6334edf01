/* SPDX-License-Identifier: MIT */
#include "cmd/ifconfig_format.h"

#include <string.h>

#include "cmd/netstat_format.h"

/* Linux's interface flags, which ifconfig prints as their sum and by name. */
static const struct {
    unsigned bit;
    const char *name;
} flag[] = {{0x1, "UP"},    {0x2, "BROADCAST"}, {0x8, "LOOPBACK"},     {0x10, "POINTOPOINT"},
            {0x40, "RUNNING"}, {0x80, "NOARP"}, {0x1000, "MULTICAST"}};

static unsigned flags_of(const struct weft_if_info *info)
{
    static const unsigned of_link[] = {
        [WEFT_LINK_ETHERNET] = 0x1002, [WEFT_LINK_IP] = 0x1090, [WEFT_LINK_LOOPBACK] = 0x8};

    return of_link[info->link] | (info->up ? 0x41u : 0);
}

static void print_first_line(FILE *out, const struct weft_if_info *info, const char *name)
{
    unsigned flags = flags_of(info);
    const char *comma = "";

    fprintf(out, "%s: flags=%u<", name, flags);
    for (size_t i = 0; i < sizeof flag / sizeof *flag; i++) {
        if (flags & flag[i].bit) {
            fprintf(out, "%s%s", comma, flag[i].name);
            comma = ",";
        }
    }
    fprintf(out, ">  mtu %u\n", info->mtu);
}

/* "0x20<link>", as Linux numbers scopes. */
static const char *scope_of(const struct weft_ip *ip)
{
    static const struct weft_ip loopback = {{[15] = 1}};

    if (weft_ip_is_zoned(ip))
        return "0x20<link>";
    return memcmp(ip, &loopback, sizeof loopback) == 0 ? "0x10<host>" : "0x0<global>";
}

static bool is_any_v4(const struct weft_ip *ip)
{
    const struct weft_ip any = weft_ipv4(0);

    return memcmp(ip, &any, sizeof any) == 0;
}

static void print_address(FILE *out, const struct weft_if_info *info, size_t i)
{
    struct weft_ip ip = info->address[i].ip, broadcast;
    unsigned prefix = info->address[i].prefix;
    char text[WEFT_IP_TEXT], mask[WEFT_IP_TEXT];

    if (weft_ip_is_v4(&ip)) {
        netstat_mask(mask, sizeof mask, prefix);
        fprintf(out, "        inet %s  netmask %s", weft_ip_text(&ip, text, sizeof text), mask);
        broadcast = info->address[i].broadcast;
        if (!is_any_v4(&broadcast))
            fprintf(out, "  broadcast %s", weft_ip_text(&broadcast, text, sizeof text));
    } else {
        fprintf(out, "        inet6 ");
        broadcast = ip;
        weft_ip_set_zone(&broadcast, 0);
        fprintf(out, "%s  prefixlen %u  scopeid %s", weft_ip_text(&broadcast, text, sizeof text), prefix, scope_of(&ip));
    }
    fprintf(out, "%s%s\n", strcmp(info->address[i].state, "preferred") == 0 ? "" : "  ",
            strcmp(info->address[i].state, "preferred") == 0 ? "" : info->address[i].state);
}

static void print_link(FILE *out, const struct weft_if_info *info)
{
    const uint8_t *m = info->mac;

    if (info->link == WEFT_LINK_ETHERNET)
        fprintf(out, "        ether %02x:%02x:%02x:%02x:%02x:%02x  (Ethernet)\n", m[0], m[1], m[2], m[3], m[4], m[5]);
    else if (info->link == WEFT_LINK_LOOPBACK)
        fputs("        loop  (Local Loopback)\n", out);
    else
        fputs("        unspec  (IP without a link header)\n", out);
}

void ifconfig_bytes(uint64_t bytes, char *buf, size_t n)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    size_t i = 0;

    while (value >= 1024 && i + 1 < sizeof unit / sizeof *unit) {
        value /= 1024;
        i++;
    }
    snprintf(buf, n, "%.1f %s", value, unit[i]);
}

static void print_traffic(FILE *out, const char *way, uint64_t packets, uint64_t bytes)
{
    char text[32];

    ifconfig_bytes(bytes, text, sizeof text);
    fprintf(out, "        %s packets %llu  bytes %llu (%s)\n", way, (unsigned long long)packets,
            (unsigned long long)bytes, text);
}

void ifconfig_print(FILE *out, const struct weft_if_info *info, const char *name)
{
    print_first_line(out, info, name);
    for (size_t i = 0; i < info->n_addresses; i++)
        print_address(out, info, i);
    if (info->asking)
        fputs("        inet asked for by RARP, and nobody has answered\n", out);
    print_link(out, info);
    print_traffic(out, "RX", info->rx_packets, info->rx_bytes);
    fprintf(out, "        RX errors 0  dropped %llu  overruns 0  frame 0\n", (unsigned long long)info->rx_drops);
    print_traffic(out, "TX", info->tx_packets, info->tx_bytes);
    fprintf(out, "        TX errors 0  dropped %llu overruns 0  carrier 0  collisions 0\n\n",
            (unsigned long long)info->tx_drops);
}
