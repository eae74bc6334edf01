/* SPDX-License-Identifier: MIT */
/*
 * Guests: their places, their turns, and the sockets they have in the host's table.
 *
 * A guest's turn comes within a settling, after it has heard which sockets became ready and before output is pulled:
 * what it takes out of a connection still widens the window that the acknowledgment of this batch announces.
 */
#include <stdlib.h>

#include "host/host.h"
#include "weft/route.h"

static struct host_guest *guest_find(weft_host *h, const struct weft_guest *guest)
{
    size_t i;

    for (i = 0; i < HOST_GUESTS; i++) {
        if (h->guests[i].guest == guest)
            return &h->guests[i];
    }
    return NULL;
}

int weft_host_guest_begin(weft_host *h, const struct weft_guest *guest)
{
    int r = host_call_enter(h);
    struct host_guest *place = r == 0 ? guest_find(h, NULL) : NULL;

    if (place)
        *place = (struct host_guest){.guest = guest, .wanted = true};
    else if (r == 0)
        r = WEFT_ENOMEM;
    host_kick(h); /* the thread polls for one more */
    host_call_leave(h);
    return r;
}

void weft_host_guest_end(weft_host *h, const struct weft_guest *guest)
{
    struct host_guest *place;

    host_enter(h);
    place = guest_find(h, guest);
    if (place)
        *place = (struct host_guest){0};
    host_kick(h);
    pthread_mutex_unlock(&h->lock);
}

size_t guests_prepare(const weft_host *h, struct pollfd *p, struct guest_fd *who)
{
    size_t i, n = 0;
    unsigned j;

    for (i = 0; i < HOST_GUESTS; i++) {
        for (j = 0; h->guests[i].guest && j < WEFT_GUEST_FDS; j++) {
            if (h->guests[i].guest->fd[j] < 0)
                continue;
            p[n] = (struct pollfd){h->guests[i].guest->fd[j], POLLIN, 0};
            who[n++] = (struct guest_fd){i, 1u << j};
        }
    }
    return n;
}

void guests_note(weft_host *h, const struct pollfd *p, const struct guest_fd *who, size_t n)
{
    struct host_guest *place;
    size_t i;

    for (i = 0; i < n; i++) {
        place = &h->guests[who[i].place];
        if (!p[i].revents)
            continue;
        place->wanted = true;
        place->ready |= who[i].bit;
    }
}

bool guests_want(const weft_host *h)
{
    size_t i;

    for (i = 0; i < HOST_GUESTS && !(h->guests[i].wanted && h->guests[i].guest); i++)
        ;
    return i < HOST_GUESTS;
}

static bool has_news(const weft_host *h, const struct host_guest *place)
{
    return place->guest->follows && place->generation != weft_route_generation(h->stack);
}

static bool waits_for_home(const weft_host *h, const struct host_guest *place)
{
    return place->guest->at_home && !pthread_equal(pthread_self(), h->thread);
}

bool guests_work(weft_host *h)
{
    struct host_guest *place;
    bool more = false;
    unsigned ready;

    for (place = h->guests; place < h->guests + HOST_GUESTS; place++) {
        if (!place->guest || !(place->wanted || has_news(h, place)))
            continue;
        if (waits_for_home(h, place)) {
            place->wanted = true; /* host_settle wakes the poll thread for it */
            continue;
        }
        ready = place->ready;
        place->generation = weft_route_generation(h->stack);
        place->wanted = false;
        place->ready = 0;
        if (place->guest->work(place->guest->ctx, ready))
            place->wanted = more = true;
    }
    return more;
}

/* ---- sockets ---- */

struct guest_watch {
    struct watch watch; /* first */
    weft_host *host;
    const struct weft_guest *guest;
    void *of;
};

static bool guest_fire(struct watch *watch, unsigned ready)
{
    struct guest_watch *w = (struct guest_watch *)watch;
    struct host_guest *place = guest_find(w->host, w->guest);

    if (!place)
        return false;
    place->wanted = true;
    w->guest->ready(w->guest->ctx, w->of, ready);
    return false;
}

int weft_host_guest_take(weft_host *h, const struct weft_guest *guest, weft_sock *sock, void *of, const char *label)
{
    struct guest_watch *w = malloc(sizeof *w);
    struct host_sock *s;
    int number;

    if (!w) {
        weft_abort(sock);
        return WEFT_ENOMEM;
    }
    number = host_sock_adopt(h, sock);
    if (number < 0) {
        free(w);
        return number;
    }
    s = host_sock_find(h, number);
    snprintf(s->label, sizeof s->label, "%s", label);
    w->host = h;
    w->guest = guest;
    w->of = of;
    watch_begin(&w->watch, NULL, s, ~0u);
    w->watch.fire = guest_fire;
    return number;
}

weft_sock *weft_host_guest_give_up(weft_host *h, int number)
{
    struct host_sock *s = host_sock_find(h, number);
    weft_sock *sock = s->sock;
    struct watch *watch = s->watches, *next;

    s->users++;
    for (; watch; watch = next) {
        next = watch->next;
        if (watch->fire != guest_fire)
            continue;
        watch_end(watch);
        free(watch);
    }
    host_sock_retire(h, number);
    host_sock_leave(s);
    return sock;
}
