/* SPDX-License-Identifier: MIT */
/* A host's interfaces: the names of RFC 3493 §4. */
#include <stdio.h>
#include <stdlib.h>

#include "posix/posix.h"

/* Its stack with the lock held, or NULL. */
static weft_stack *lock_host(weft_host **h)
{
    *h = px_host();
    return *h ? weft_host_lock(*h) : NULL;
}

unsigned weft_posix_if_nametoindex(const char *name)
{
    weft_host *h;
    weft_stack *s = lock_host(&h);
    struct weft_if_info info;
    unsigned index = s && linux_find_interface(s, name, 0, &info) ? info.index : 0;

    if (s)
        weft_host_unlock(h);
    if (!index)
        errno = ENODEV;
    return index;
}

char *weft_posix_if_indextoname(unsigned index, char *name)
{
    weft_host *h;
    weft_stack *s = lock_host(&h);
    struct weft_if_info info;
    bool found = s && linux_find_interface(s, NULL, index, &info);

    if (found)
        snprintf(name, IFNAMSIZ, "%s", info.name);
    if (s)
        weft_host_unlock(h);
    if (!found)
        errno = ENXIO;
    return found ? name : NULL;
}

/* The first n; false: there is no memory for one of the names. */
static bool list_names(weft_stack *s, struct if_nameindex *list, size_t n)
{
    struct weft_if_info info;

    for (size_t i = 0; i < n && weft_if_info(s, i, &info); i++) {
        list[i] = (struct if_nameindex){info.index, strdup(info.name)};
        if (!list[i].if_name)
            return false;
    }
    return true;
}

struct if_nameindex *weft_posix_if_nameindex(void)
{
    weft_host *h;
    weft_stack *s = lock_host(&h);
    struct weft_if_info info;
    struct if_nameindex *list;
    size_t n = 0;
    bool whole;

    while (s && weft_if_info(s, n, &info))
        n++;
    list = calloc(n + 1, sizeof *list);
    whole = list && list_names(s, list, n);
    if (s)
        weft_host_unlock(h);
    if (whole)
        return list;
    weft_posix_if_freenameindex(list);
    errno = ENOBUFS;
    return NULL;
}

void weft_posix_if_freenameindex(struct if_nameindex *list)
{
    for (size_t i = 0; list && list[i].if_index; i++)
        free(list[i].if_name);
    free(list);
}
