/* SPDX-License-Identifier: MIT */
/*
 * Addresses as people write them, with an interface's name for a zone ("fe80::1%wt0", RFC 4007 §11.2), and lists of
 * addresses with prefixes; and the wait for those of IPv6 that are still being tried (RFC 4862 §5.4).
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/host.h"

#define LOOK_EVERY (10 * WEFT_MS) /* while addresses are tried, which takes a second or two */

/* ---- text ---- */

/* Needs the lock. */
static int zone_by_name(weft_host *h, const char *name, struct weft_ip *ip)
{
    const weft_if *ifp = weft_if_find(h->stack, name);

    if (!ifp || !weft_ip_is_zoned(ip) || weft_ip_zone(ip))
        return WEFT_EINVAL;
    weft_ip_set_zone(ip, weft_if_index(ifp));
    return 0;
}

int host_ip_parse(weft_host *h, const char *text, struct weft_ip *ip)
{
    const char *percent = strchr(text, '%');
    char address[WEFT_IP_TEXT];
    size_t n = percent ? (size_t)(percent - text) : 0;
    struct weft_ip parsed;

    if (!percent || weft_ip_parse(text, ip) == 0) /* a number: taken as it is */
        return weft_ip_parse(text, ip);
    if (n >= sizeof(address))
        return WEFT_EINVAL;
    memcpy(address, text, n);
    address[n] = '\0';
    if (weft_ip_parse(address, &parsed) || zone_by_name(h, percent + 1, &parsed))
        return WEFT_EINVAL;
    *ip = parsed;
    return 0;
}

int weft_host_ip_parse(weft_host *h, const char *text, struct weft_ip *ip)
{
    int r;

    pthread_mutex_lock(&h->lock);
    r = host_ip_parse(h, text, ip);
    pthread_mutex_unlock(&h->lock);
    return r;
}

char *weft_host_ip_text(weft_host *h, const struct weft_ip *ip, char *buf, size_t n)
{
    struct weft_ip bare = *ip;
    const weft_if *ifp;
    size_t used;

    if (!weft_ip_zone(ip))
        return weft_ip_text(ip, buf, n);
    weft_ip_set_zone(&bare, 0);
    used = strlen(weft_ip_text(&bare, buf, n));
    pthread_mutex_lock(&h->lock);
    ifp = weft_if_by_index(h->stack, weft_ip_zone(ip));
    if (ifp)
        snprintf(buf + used, n - used, "%%%s", weft_if_name(ifp));
    else
        snprintf(buf + used, n - used, "%%%u", weft_ip_zone(ip));
    pthread_mutex_unlock(&h->lock);
    return buf;
}

/* A decimal number up to max, and nothing else. */
bool host_number_parse(const char *text, uint32_t max, uint32_t *out)
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

bool host_prefix_parse(const char *text, size_t len, struct weft_ip *ip, unsigned *prefix)
{
    char copy[WEFT_IP_TEXT + 4], *slash;

    if (len >= sizeof(copy))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    slash = strchr(copy, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return weft_ip_parse(copy, ip) == 0 && host_number_parse(slash + 1, weft_ip_is_v4(ip) ? 32 : 128, prefix);
}

size_t host_prefix_next(const char **list, struct weft_ip *ip, unsigned *prefix)
{
    size_t n = strcspn(*list, ",");

    if (!host_prefix_parse(*list, n, ip, prefix))
        return 0;
    *list += n + ((*list)[n] == ',' && (*list)[n + 1]); /* a comma at the end leads to nothing, which is no address */
    return n;
}

/* ---- trials ---- */

struct trials {
    bool tentative, duplicate;
    struct weft_ip ip; /* the duplicate */
    const char *asking; /* the interface that nobody told its address yet; NULL: none */
};

/* Needs the lock. What interfaces make for themselves may take its time. */
static struct trials trials_look(weft_host *h)
{
    struct trials t = {0};
    struct weft_if_info info;
    size_t i, k;

    for (i = 0; weft_if_info(h->stack, i, &info); i++) {
        if (info.asking)
            t.asking = info.name;
        for (k = 0; k < info.n_addresses; k++) {
            if (info.address[k].automatic)
                continue;
            t.tentative |= strcmp(info.address[k].state, "tentative") == 0;
            if (strcmp(info.address[k].state, "duplicate") == 0) {
                t.duplicate = true;
                t.ip = info.address[k].ip;
            }
        }
    }
    return t;
}

/* What the trials came to, as weft_host_await_addresses says it. Needs the lock, for names. */
static int trials_tell(const struct trials *t, char *why, size_t n)
{
    char text[WEFT_IP_TEXT];

    if (t->duplicate) {
        snprintf(why, n, "another station has %s already", weft_ip_text(&t->ip, text, sizeof(text)));
        return WEFT_EADDRINUSE;
    }
    if (t->asking) {
        snprintf(why, n, "nobody has told %s its address: there is no RARP server, or it does not know the station",
                 t->asking);
        return WEFT_ETIMEDOUT;
    }
    if (t->tentative)
        snprintf(why, n, "an address is still being tried");
    return t->tentative ? WEFT_EAGAIN : 0;
}

int weft_host_await_addresses(weft_host *h, weft_time timeout, char *why, size_t n)
{
    const struct timespec pause = {0, (long)LOOK_EVERY};
    weft_time until = host_until(weft_host_now(h), timeout);
    struct trials t;
    int r;

    for (;;) {
        pthread_mutex_lock(&h->lock);
        t = trials_look(h);
        r = trials_tell(&t, why, n);
        pthread_mutex_unlock(&h->lock);
        if (r == 0 || t.duplicate || weft_host_now(h) >= until)
            return r;
        nanosleep(&pause, NULL);
    }
}
