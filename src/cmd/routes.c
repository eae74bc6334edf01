/* SPDX-License-Identifier: MIT */
#include "cmd/routes.h"

#include <string.h>

#include "cmd/netstat_format.h"

bool routes_copy(struct cmd_ctx *ctx, size_t i, struct weft_route *route, char name[32])
{
    bool there = weft_route_info(weft_host_lock(ctx->host), i, route);

    if (there)
        snprintf(name, 32, "%s", route->if_name ? route->if_name : "");
    weft_host_unlock(ctx->host);
    return there;
}

void routes_flags(const struct weft_route *r, char text[6])
{
    static const struct {
        unsigned flag;
        char letter;
    } letters[] = {{WEFT_ROUTE_UP, 'U'}, {WEFT_ROUTE_GATEWAY, 'G'}, {WEFT_ROUTE_HOST, 'H'}, {WEFT_ROUTE_DYNAMIC, 'D'},
                   {WEFT_ROUTE_MODIFIED, 'M'}};

    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (r->flags & letters[i].flag)
            *text++ = letters[i].letter;
    *text = '\0';
}

/* The interface stands beside it, so the zone is left away. */
static const char *bare_text(const struct weft_ip *ip, char *buf)
{
    struct weft_ip bare = *ip;

    weft_ip_set_zone(&bare, 0);
    return weft_ip_text(&bare, buf, WEFT_IP_TEXT);
}

void routes_line(char *buf, size_t n, const struct weft_route *r, const char *name)
{
    char dst[WEFT_IP_TEXT], gateway[WEFT_IP_TEXT], network[WEFT_IP_TEXT + 4], mask[WEFT_IP_TEXT], flags[6];

    bare_text(&r->dst, dst);
    bare_text(&r->gateway, gateway);
    routes_flags(r, flags);
    if (weft_ip_is_v4(&r->dst)) {
        netstat_mask(mask, sizeof mask, r->prefix);
        snprintf(buf, n, "%-15s %-15s %-15s %-5s %-6u %-2d %7d %s", dst, gateway, mask, flags, (unsigned)r->metric, 0, 0,
                 name);
    } else {
        snprintf(network, sizeof network, "%s/%u", dst, r->prefix);
        snprintf(buf, n, "%-30s %-26s %-4s %-3u %-2d%6d %s", network, gateway, flags, (unsigned)r->metric, 0, 0, name);
    }
}

void routes_answer(char *buf, size_t n, const struct weft_ip *dst, const struct weft_route *r, const char *name,
                   const struct weft_ip *src, bool local)
{
    static const struct weft_ip any;
    char text[WEFT_IP_TEXT], via[WEFT_IP_TEXT + 8] = "", from[WEFT_IP_TEXT + 8] = "";

    if (r->flags & WEFT_ROUTE_GATEWAY)
        snprintf(via, sizeof via, " via %s", bare_text(&r->gateway, text));
    if (memcmp(src, &any, sizeof any) != 0)
        snprintf(from, sizeof from, " src %s", bare_text(src, text));
    snprintf(buf, n, "%s%s%s dev %s%s%s", local ? "local " : "", bare_text(dst, text), via, name, from,
             r->flags & WEFT_ROUTE_DYNAMIC ? " redirected" : "");
}

void routes_json(struct json *j, const struct weft_route *r, const char *name)
{
    char text[WEFT_IP_TEXT], flags[6];

    routes_flags(r, flags);
    json_open(j, NULL, '{');
    json_text(j, "destination", weft_ip_text(&r->dst, text, sizeof text));
    json_number(j, "prefix", r->prefix);
    json_text(j, "gateway", weft_ip_text(&r->gateway, text, sizeof text));
    json_text(j, "flags", flags);
    json_number(j, "metric", r->metric);
    json_text(j, "interface", name);
    json_close(j, '}');
}
