/* SPDX-License-Identifier: MIT */
/*
 * Interfaces and routes from text: "tap:wt0", "10.9.0.2/24", "default via 10.9.0.1". Every refusal is one line that
 * names the text it is about.
 */
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

/* ---- text ---- */

/* A decimal number up to max, and nothing else. */
static bool parse_number(const char *text, uint32_t max, uint32_t *out)
{
    uint64_t v = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || (v = v * 10 + (uint64_t)(*text - '0')) > max)
            return false;
    }
    *out = (uint32_t)v;
    return true;
}

/* "10.9.0.2/24" */
static bool parse_prefix(const char *text, struct weft_ip *ip, unsigned *prefix)
{
    char address[WEFT_IP_TEXT];
    const char *slash = strchr(text, '/');
    size_t n = slash ? (size_t)(slash - text) : sizeof(address);

    if (n >= sizeof(address))
        return false;
    memcpy(address, text, n);
    address[n] = '\0';
    return weft_ip_parse(address, ip) == 0 && parse_number(slash + 1, strchr(address, ':') ? 128 : 32, prefix);
}

/* ---- interfaces ---- */

void host_if_free(struct host_if *i)
{
    for (; i->first < i->n_pending; i->first++)
        weft_pkt_release(i->pending[i->first]);
    if (i->ifp)
        weft_if_free(i->ifp);
    if (i->driver)
        i->driver->ops->close(i->driver);
    free(i);
}

/* Gives the stack an interface for the driver, with its address. Needs the lock. */
static int if_attach(weft_host *h, struct host_if *i, const struct weft_ip *ip, unsigned prefix, const char *address,
                     char *why, size_t n)
{
    const char *name = i->driver->ifc.name;
    struct weft_if_config config = i->driver->ifc;
    int err = 0;

    i->driver->stack = h->stack;
    config.cookie = i;
    i->ifp = weft_if_new(h->stack, &config, &err);
    if (!i->ifp && err == WEFT_EEXIST)
        snprintf(why, n, "there is an interface named %s already", name);
    else if (!i->ifp)
        snprintf(why, n, "interface %s: %s", name, weft_strerror(err));
    else if (address && (err = weft_if_add_address(i->ifp, ip, prefix)) != 0)
        snprintf(why, n, "%s cannot be the address of %s: %s", address, name, weft_strerror(err));
    return err;
}

/* The parts that may fail before the lock is needed. Takes the driver. */
static struct host_if *host_if_new(weft_driver *driver, char *why, size_t n)
{
    struct host_if *i = calloc(1, sizeof(*i));

    if (!i) {
        snprintf(why, n, "out of memory");
        driver->ops->close(driver);
        return NULL;
    }
    i->driver = driver;
    return i;
}

int weft_host_add_driver(weft_host *h, weft_driver *driver, const char *address, char *why, size_t n)
{
    struct host_if *i = host_if_new(driver, why, n);
    struct weft_ip ip = {{0}};
    unsigned prefix = 0;
    int r = -1;

    if (!i)
        return -1;
    host_enter(h);
    if (address && !parse_prefix(address, &ip, &prefix))
        snprintf(why, n, "'%s' is no address with a prefix length, such as 10.9.0.2/24", address);
    else if (h->n_interfaces == HOST_INTERFACES)
        snprintf(why, n, "a host has at most %d interfaces", HOST_INTERFACES);
    else
        r = if_attach(h, i, &ip, prefix, address, why, n) ? -1 : 0;
    if (r == 0)
        h->interfaces[h->n_interfaces++] = i;
    else
        host_if_free(i);
    host_kick(h);
    weft_host_unlock(h);
    return r;
}

int weft_host_add_if(weft_host *h, const char *spec, const char *address, char *why, size_t n)
{
    struct weft_ip ip;
    unsigned prefix;
    weft_driver *driver;
    const char *device = strlen(spec) > 4 ? spec + 4 : NULL;

    /* Before the device, which might be created for nothing. */
    if (address && !parse_prefix(address, &ip, &prefix)) {
        snprintf(why, n, "'%s' is no address with a prefix length, such as 10.9.0.2/24", address);
        return -1;
    }
    if (strncmp(spec, "tap:", 4) == 0) {
        driver = weft_tap_open(device, true, why, n);
    } else if (strncmp(spec, "tun:", 4) == 0) {
        driver = weft_tun_open(device, true, why, n);
    } else {
        snprintf(why, n, "'%s' is no interface: tap:NAME or tun:NAME", spec);
        return -1;
    }
    return driver ? weft_host_add_driver(h, driver, address, why, n) : -1;
}

/* ---- routes ---- */

/* One "WORD VALUE" of a route; false when it makes no sense. */
static bool route_word(struct weft_route *route, const char *word, const char *value)
{
    if (strcmp(word, "via") == 0)
        return weft_ip_parse(value, &route->gateway) == 0;
    if (strcmp(word, "dev") == 0)
        route->if_name = value;
    else if (strcmp(word, "metric") == 0)
        return parse_number(value, UINT32_MAX, &route->metric);
    else
        return false;
    return true;
}

/* Takes text apart; the route points into it. */
static bool parse_route(char *text, struct weft_route *route)
{
    const struct weft_ip nowhere = weft_ipv4(0);
    char *rest = NULL, *word = strtok_r(text, " \t", &rest), *value;

    *route = (struct weft_route){.dst = nowhere, .gateway = nowhere};
    if (!word || (strcmp(word, "default") != 0 && !parse_prefix(word, &route->dst, &route->prefix)))
        return false;
    while ((word = strtok_r(NULL, " \t", &rest))) {
        value = strtok_r(NULL, " \t", &rest);
        if (!value || !route_word(route, word, value))
            return false;
    }
    return route->if_name || memcmp(&route->gateway, &nowhere, sizeof(nowhere)) != 0;
}

int weft_host_add_route(weft_host *h, const char *route, char *why, size_t n)
{
    struct weft_route parsed;
    char text[256];
    int r;

    snprintf(text, sizeof(text), "%s", route);
    if (strlen(route) >= sizeof(text) || !parse_route(text, &parsed)) {
        snprintf(why, n, "'%s' is no route, such as 'default via 10.9.0.1' or '10.8.0.0/16 dev wt0'", route);
        return -1;
    }
    host_enter(h);
    if (parsed.if_name && !weft_if_find(h->stack, parsed.if_name)) {
        snprintf(why, n, "route '%s': there is no interface %s", route, parsed.if_name);
        r = -1;
    } else if ((r = weft_route_add(h->stack, &parsed)) == WEFT_ENETUNREACH) {
        snprintf(why, n, "route '%s': the gateway is on no network of ours", route);
    } else if (r) {
        snprintf(why, n, "route '%s': %s", route, weft_strerror(r));
    }
    weft_host_unlock(h);
    return r ? -1 : 0;
}
