/* SPDX-License-Identifier: MIT */
/*
 * getaddrinfo and getnameinfo (RFC 3493 §6). Literals and services are libc's to read, who opens no socket for them;
 * names come from the hosts file, then from the program's resolver.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>

#include "posix/posix.h"
#include "weft/route.h"

#define NAMES_MAX 32 /* addresses of one name */

static weft_posix_resolver *resolver;
static void *resolver_ctx;
static const char *hosts_path = "/etc/hosts";
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void weft_posix_set_resolver(weft_posix_resolver *resolve, void *ctx)
{
    pthread_mutex_lock(&lock);
    resolver = resolve;
    resolver_ctx = ctx;
    pthread_mutex_unlock(&lock);
}

void weft_posix_set_hosts(const char *path)
{
    pthread_mutex_lock(&lock);
    hosts_path = path ? path : "/etc/hosts";
    pthread_mutex_unlock(&lock);
}

/* ---- the hosts file ---- */

static bool has_name(char *names, const char *name)
{
    char *rest, *word;

    for (word = strtok_r(names, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest))
        if (strcasecmp(word, name) == 0)
            return true;
    return false;
}

/* Reads the file's next entry; false at its end. line has room for n. */
static bool next_entry(FILE *f, char *line, int n, struct weft_ip *ip, char **names)
{
    char *rest, *address;

    while (fgets(line, n, f)) {
        line[strcspn(line, "#\n")] = 0;
        address = strtok_r(line, " \t", &rest);
        if (address && weft_ip_parse(address, ip) == 0) {
            *names = rest;
            return true;
        }
    }
    return false;
}

static FILE *open_hosts(void)
{
    FILE *f;

    pthread_mutex_lock(&lock);
    f = fopen(hosts_path, "re");
    pthread_mutex_unlock(&lock);
    return f;
}

/* The addresses of a name, and what its first entry calls it first: its canonical name. */
struct found {
    struct weft_ip ip[NAMES_MAX];
    int n;
    char canonical[NI_MAXHOST]; /* "": as it was asked for */
};

static void look_up_file(const char *name, int family, struct found *out)
{
    char line[1024], first[NI_MAXHOST], *names;
    FILE *f = open_hosts();
    struct weft_ip ip;

    while (f && out->n < NAMES_MAX && next_entry(f, line, sizeof line, &ip, &names)) {
        bool fits = family == AF_UNSPEC || weft_ip_is_v4(&ip) == (family == AF_INET);

        names += strspn(names, " \t");
        snprintf(first, sizeof first, "%.*s", (int)strcspn(names, " \t"), names);
        if (!fits || !has_name(names, name))
            continue;
        if (!out->n)
            memcpy(out->canonical, first, sizeof first);
        out->ip[out->n++] = ip;
    }
    if (f)
        fclose(f);
}

/* The first name of an address. */
static bool name_in_file(const struct weft_ip *ip, char *host, socklen_t n)
{
    char line[1024], *names, *rest, *word = NULL;
    FILE *f = open_hosts();
    struct weft_ip at;

    while (f && !word && next_entry(f, line, sizeof line, &at, &names))
        if (memcmp(&at, ip, sizeof at) == 0)
            word = strtok_r(names, " \t\n", &rest);
    if (f)
        fclose(f);
    return word && (socklen_t)snprintf(host, n, "%s", word) < n;
}

/* ---- getaddrinfo ---- */

/* 0, or an EAI_ error; what is found comes behind what there is. */
static int look_up_family(const char *name, int family, struct found *out)
{
    weft_posix_resolver *resolve;
    void *ctx;
    int before = out->n, n;

    look_up_file(name, family, out);
    if (out->n > before)
        return 0;
    pthread_mutex_lock(&lock);
    resolve = resolver;
    ctx = resolver_ctx;
    pthread_mutex_unlock(&lock);
    n = resolve ? resolve(ctx, name, family, out->ip + before, (size_t)(NAMES_MAX - before)) : EAI_NONAME;
    out->n += n > 0 ? n : 0;
    return n > 0 ? 0 : n == 0 ? EAI_NONAME : n;
}

/* With AI_V4MAPPED IPv4's addresses stand in for those of IPv6 that there are none of; with AI_ALL, beside them. */
static int look_up(const char *name, int family, int flags, struct found *out)
{
    int err = look_up_family(name, family, out);
    bool mapped = family == AF_INET6 && flags & AI_V4MAPPED && (err || flags & AI_ALL) && out->n < NAMES_MAX;

    if (mapped && look_up_family(name, AF_INET, out) == 0)
        err = 0;
    return err;
}

/* An address as libc reads it: IPv4 not in its mapped form. */
static void literal(const struct weft_ip *ip, char text[INET6_ADDRSTRLEN])
{
    bool v4 = weft_ip_is_v4(ip);

    inet_ntop(v4 ? AF_INET : AF_INET6, ip->b + (v4 ? 12 : 0), text, INET6_ADDRSTRLEN);
}

/* One list per address, chained: freeaddrinfo gives the chain back node by node. */
static int chain(const struct weft_ip *ip, int n, const char *service, const struct addrinfo *hints,
                 struct addrinfo **out)
{
    struct addrinfo **end = out;
    char text[INET6_ADDRSTRLEN];
    int err;

    *out = NULL;
    for (int i = 0; i < n; i++) {
        literal(&ip[i], text);
        err = getaddrinfo(text, service, hints, end);
        if (err) {
            *end = NULL;
            if (*out)
                freeaddrinfo(*out);
            return err;
        }
        while (*end)
            end = &(*end)->ai_next;
    }
    return 0;
}

/* RFC 6724 §6: as the host's own addresses and routes make it, once there is a host. */
static void put_in_order(struct weft_ip *ip, int n)
{
    weft_host *host = px_host();

    if (!host || n < 2)
        return;
    weft_order_destinations(weft_host_lock(host), ip, (size_t)n);
    weft_host_unlock(host);
}

/*
 * AI_ADDRCONFIG, as libc has it: of the two families the one of which the host has an address, loopback's apart. Both
 * or none: whatever was asked for. 0, EAI_NONAME: there is none of the only one that is wanted.
 */
static int narrow_family(int *family)
{
    weft_host *host = px_host();
    struct weft_if_info info;
    bool v4 = false, v6 = false;
    weft_stack *s;

    if (!host || !(s = weft_host_lock(host)))
        return 0;
    for (size_t i = 0; weft_if_info(s, i, &info); i++)
        for (size_t a = 0; a < info.n_addresses; a++) {
            bool four = weft_ip_is_v4(&info.address[a].ip);

            v4 |= four && info.link != WEFT_LINK_LOOPBACK;
            v6 |= !four && info.link != WEFT_LINK_LOOPBACK;
        }
    weft_host_unlock(host);
    if (*family == AF_UNSPEC && v4 != v6)
        *family = v4 ? AF_INET : AF_INET6;
    return (*family == AF_INET && !v4) || (*family == AF_INET6 && !v6) ? EAI_NONAME : 0;
}

/* A name that is no literal. */
static int resolve_name(const char *node, const char *service, struct addrinfo *hints, struct addrinfo **out)
{
    bool canonical = hints->ai_flags & AI_CANONNAME;
    struct found found = {.n = 0};
    int err = look_up(node, hints->ai_family, hints->ai_flags, &found);

    if (err)
        return err;
    put_in_order(found.ip, found.n);
    hints->ai_flags &= ~AI_CANONNAME;
    err = chain(found.ip, found.n, service, hints, out);
    if (!err && canonical)
        (*out)->ai_canonname = strdup(found.canonical[0] ? found.canonical : node);
    return err;
}

/* Whoever asked finds the flags that he asked with, and not those with which libc was. */
static int answer(int err, struct addrinfo *const *list, int flags)
{
    for (struct addrinfo *a = err ? NULL : *list; a; a = a->ai_next)
        a->ai_flags = flags;
    return err;
}

int weft_posix_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    struct addrinfo own = {.ai_family = AF_UNSPEC, .ai_flags = AI_V4MAPPED | AI_ADDRCONFIG}; /* as libc has it */
    bool numeric;
    int err, asked;

    if (hints)
        own = *hints;
    asked = own.ai_flags;
    numeric = own.ai_flags & AI_NUMERICHOST;
    if ((own.ai_flags & AI_CANONNAME) && !node)
        return EAI_BADFLAGS;
    if (own.ai_flags & AI_ADDRCONFIG && (err = narrow_family(&own.ai_family)))
        return err;
    own.ai_flags &= ~AI_ADDRCONFIG; /* would ask the kernel for its interfaces */
    own.ai_flags |= AI_NUMERICHOST;
    err = getaddrinfo(node, service, &own, out);
    if (err == EAI_NONAME && node && !numeric)
        err = resolve_name(node, service, &own, out);
    return answer(err, out, asked);
}

void weft_posix_freeaddrinfo(struct addrinfo *list)
{
    if (list)
        freeaddrinfo(list);
}

int weft_posix_getnameinfo(const struct sockaddr *addr, socklen_t n, char *host, socklen_t n_host, char *service,
                           socklen_t n_service, int flags)
{
    const int known = NI_NUMERICHOST | NI_NUMERICSERV | NI_NOFQDN | NI_NAMEREQD | NI_DGRAM | NI_IDN;
    struct weft_addr a;
    bool named;

    if (flags & ~known)
        return EAI_BADFLAGS;
    if (px_family(addr, n) != AF_INET && px_family(addr, n) != AF_INET6)
        return EAI_FAMILY;
    named = !(flags & NI_NUMERICHOST) && host && n_host && linux_read_addr(addr, n, addr->sa_family, &a) == 0 &&
            name_in_file(&a.ip, host, n_host);
    if (!named && flags & NI_NAMEREQD && host && n_host)
        return EAI_NONAME;
    flags = (flags & ~NI_NAMEREQD) | NI_NUMERICHOST;
    if (named)
        return service && n_service ? getnameinfo(addr, n, NULL, 0, service, n_service, flags) : 0;
    return getnameinfo(addr, n, host, n_host, service, n_service, flags);
}
