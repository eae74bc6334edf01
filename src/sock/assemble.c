/* SPDX-License-Identifier: MIT */
/* The one place that knows every layer: it plugs their tables together and makes stacks of them. */
#include "ip/ip.h"
#include "link/link.h"
#include "raw/raw.h"
#include "sock/sock.h"
#include "tcp/tcp.h"
#include "udp/udp.h"

const struct assembly sock_assembly = {
    .link = {[WEFT_LINK_ETHERNET] = &link_ethernet,
             [WEFT_LINK_IP] = &link_ip,
             [WEFT_LINK_LOOPBACK] = &link_loopback},
    .neigh = &link_neighbours,
    .neigh6 = &ip_nd_neighbours,
    .network = {&ip_v4_network, &ip_v6_network},
    .transport = {&tcp_transport, &udp_transport, &ip_icmp_transport, &ip_icmpv6_transport,
                  &ip_igmp_transport, &raw_transport},
    .ip_init = ip_init,
    .ip_fini = ip_fini,
    .next_hop_failed = ip_next_hop_failed,
    .raw_input = raw_input,
    .raw_alert = raw_alert,
    .raw_error = raw_error,
    .ip_timer = ip_timer,
    .neighbour_lost = ip_neighbour_lost,
    .if_added = ip_if_added,
    .if_removed = ip_if_removed,
    .groups_changed = ip_groups_changed,
    .settings_changed = ip_settings_changed,
    .v4_ready = ip_v4_ready,
    .address_added = ip_address_added,
    .address_removed = ip_address_removed,
};

/* core knows no controllers; the name is bounded by its field. */
static bool controller_is_known(const struct weft_config *config)
{
    const char *name = config->tcp.congestion_control, *known;

    for (unsigned i = 0; (known = tcp_controller(i)); i++)
        for (size_t n = 0; n < sizeof config->tcp.congestion_control && name[n] == known[n]; n++)
            if (!name[n])
                return true;
    return false;
}

weft_stack *weft_stack_new(const struct weft_env *env, const struct weft_config *config, weft_time now, int *err)
{
    if (config && !controller_is_known(config)) {
        if (err)
            *err = WEFT_EINVAL;
        return NULL;
    }
    return stack_new(&sock_assembly, env, config, now, err);
}
