/* SPDX-License-Identifier: MIT */
/*
 * Interfaces and routes from text: "tap:wt0", "10.9.0.2/24,2001:db8::2/64", "default via fe80::1%wt0". Every refusal
 * is one line that names the text it is about.
 */
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

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

/* Takes "rarp" or "rarp/24" off the front of the list, as host_prefix_next does; false when that is not there. */
static bool rarp_next(const char **list, uint32_t *prefix)
{
    size_t n = strcspn(*list, ",");
    char text[8];

    *prefix = 0; /* not given */
    if (n >= sizeof(text) || strncmp(*list, "rarp", 4) != 0)
        return false;
    memcpy(text, *list, n);
    text[n] = '\0';
    if (n > 4 && (text[4] != '/' || !host_number_parse(text + 5, 32, prefix) || *prefix == 0))
        return false;
    *list += n + ((*list)[n] == ',' && (*list)[n + 1]);
    return true;
}

/* Has the interface ask for its address. */
static int if_rarp(struct host_if *i, unsigned prefix, char *why, size_t n)
{
    int err = weft_if_rarp(i->ifp, prefix);

    if (err == WEFT_EOPNOTSUPP)
        snprintf(why, n, "%s cannot ask for its address: RARP is for Ethernet", weft_if_name(i->ifp));
    else if (err)
        snprintf(why, n, "%s cannot ask for its address: %s", weft_if_name(i->ifp), weft_strerror(err));
    return err;
}

static int if_own(struct host_if *i, const char **list, char *why, size_t n)
{
    const char *text = *list;
    struct weft_ip ip;
    unsigned prefix;
    size_t length = host_prefix_next(list, &ip, &prefix);
    int err = weft_if_add_address(i->ifp, &ip, prefix);

    if (err)
        snprintf(why, n, "%.*s cannot be the address of %s: %s", (int)length, text, weft_if_name(i->ifp),
                 weft_strerror(err));
    return err;
}

/* Gives the interface the addresses of a list, which is sound. */
static int if_address(struct host_if *i, const char *list, char *why, size_t n)
{
    uint32_t prefix;
    int err = 0;

    while (err == 0 && *list)
        err = rarp_next(&list, &prefix) ? if_rarp(i, prefix, why, n) : if_own(i, &list, why, n);
    return err;
}

/* Gives the stack an interface for the driver, with its addresses. Needs the lock. */
static int if_attach(weft_host *h, struct host_if *i, const char *addresses, char *why, size_t n)
{
    const char *name = i->driver->ifc.name;
    struct weft_if_config config = i->driver->ifc;
    int err = 0;

    i->driver->stack = h->stack;
    config.cookie = i;
    i->ifp = weft_if_new(h->stack, &config, &err);
    if (i->ifp)
        return addresses ? if_address(i, addresses, why, n) : 0;
    if (err == WEFT_EEXIST)
        snprintf(why, n, "there is an interface named %s already", name);
    else
        snprintf(why, n, "interface %s: %s", name, weft_strerror(err));
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

/* Is each piece of the list an address with its prefix? One line about the first that is not. */
static bool addresses_are_sound(const char *list, char *why, size_t n)
{
    struct weft_ip ip;
    unsigned prefix;
    uint32_t asked;

    do {
        if (!rarp_next(&list, &asked) && host_prefix_next(&list, &ip, &prefix) == 0) {
            snprintf(why, n, "'%.*s' is no address with a prefix length, such as 10.9.0.2/24 or 2001:db8::2/64",
                     (int)strcspn(list, ","), list);
            return false;
        }
    } while (*list);
    return true;
}

int weft_host_add_driver(weft_host *h, weft_driver *driver, const char *address, char *why, size_t n)
{
    struct host_if *i = host_if_new(driver, why, n);
    int r = -1;

    if (!i)
        return -1;
    host_enter(h);
    if (address && !addresses_are_sound(address, why, n))
        r = -1;
    else if (h->n_interfaces == HOST_INTERFACES)
        snprintf(why, n, "a host has at most %d interfaces", HOST_INTERFACES);
    else
        r = if_attach(h, i, address, why, n) ? -1 : 0;
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
    weft_driver *driver;

    /* Before the device, which might be created for nothing. */
    if (address && !addresses_are_sound(address, why, n))
        return -1;
    driver = weft_driver_open(spec, true, why, n);
    return driver ? weft_host_add_driver(h, driver, address, why, n) : -1;
}

/* ---- routes ---- */

/* One "WORD VALUE" of a route; false when it makes no sense. */
static bool route_word(weft_host *h, struct weft_route *route, const char *word, const char *value)
{
    if (strcmp(word, "via") == 0)
        return host_ip_parse(h, value, &route->gateway) == 0;
    if (strcmp(word, "dev") == 0)
        route->if_name = value;
    else if (strcmp(word, "metric") == 0)
        return host_number_parse(value, UINT32_MAX, &route->metric);
    else
        return false;
    return true;
}

/* Takes text apart; the route points into it. Needs the lock. */
static bool parse_route(weft_host *h, char *text, struct weft_route *route)
{
    const struct weft_ip nowhere = weft_ipv4(0);
    char *rest = NULL, *word = strtok_r(text, " \t", &rest), *value;

    *route = (struct weft_route){.dst = nowhere, .gateway = nowhere};
    if (!word || (strcmp(word, "default") != 0 && !host_prefix_parse(word, strlen(word), &route->dst, &route->prefix)))
        return false;
    while ((word = strtok_r(NULL, " \t", &rest))) {
        value = strtok_r(NULL, " \t", &rest);
        if (!value || !route_word(h, route, word, value))
            return false;
    }
    return route->if_name || memcmp(&route->gateway, &nowhere, sizeof(nowhere)) != 0;
}

int weft_host_add_route(weft_host *h, const char *route, char *why, size_t n)
{
    struct weft_route parsed;
    char text[256];
    int r = -1;

    snprintf(text, sizeof(text), "%s", route);
    host_enter(h);
    if (strlen(route) >= sizeof(text) || !parse_route(h, text, &parsed)) {
        snprintf(why, n, "'%s' is no route, such as 'default via 10.9.0.1' or '10.8.0.0/16 dev wt0'", route);
    } else if (parsed.if_name && !weft_if_find(h->stack, parsed.if_name)) {
        snprintf(why, n, "route '%s': there is no interface %s", route, parsed.if_name);
    } else if ((r = weft_route_add(h->stack, &parsed)) == WEFT_ENETUNREACH) {
        snprintf(why, n, "route '%s': the gateway is on no network of ours", route);
    } else if (r) {
        snprintf(why, n, "route '%s': %s", route, weft_strerror(r));
    }
    weft_host_unlock(h);
    return r ? -1 : 0;
}
