/* SPDX-License-Identifier: MIT */
/* A circular doubly linked list, links inside the objects. A link that is in no list points at itself. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/base.h"

struct list {
    struct list *prev, *next;
};

static inline void list_init(struct list *l) { l->prev = l->next = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

/* Is this link in some list? */
static inline bool list_linked(const struct list *link) { return link->next != link; }

static inline void list_insert_before(struct list *at, struct list *link)
{
    link->prev = at->prev;
    link->next = at;
    at->prev->next = link;
    at->prev = link;
}

static inline void list_push_back(struct list *l, struct list *link) { list_insert_before(l, link); }
static inline void list_push_front(struct list *l, struct list *link) { list_insert_before(l->next, link); }

/* Takes the link out of whatever list it is in; harmless when it is in none. */
static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

static inline struct list *list_first(const struct list *l) { return list_empty(l) ? NULL : l->next; }

/* Takes the first link out and returns it; NULL when the list is empty. */
static inline struct list *list_pop_front(struct list *l)
{
    struct list *link = list_first(l);

    if (link)
        list_remove(link);
    return link;
}

#define list_each(it, l)          for (struct list *it = (l)->next; it != (l); it = it->next)
#define list_each_safe(it, nx, l) for (struct list *it = (l)->next, *nx = it->next; it != (l); it = nx, nx = it->next)

#endif
