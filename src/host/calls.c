/* SPDX-License-Identifier: MIT */
/*
 * Host sockets by number, and the blocking calls: loops around the calls of weft/sock.h that wait while those say
 * WEFT_EAGAIN.
 *
 * A number leads to a host_sock as long as the socket is open; a call under way keeps the host_sock alive (`users`)
 * even when another thread closes it, and then fails with WEFT_ECONNABORTED.
 */
#include <stdlib.h>

#include "host/host.h"

/* ---- numbers ---- */

struct host_sock *host_sock_find(weft_host *h, int s)
{
    return s >= 0 && (size_t)s < h->n_socks ? h->socks[s] : NULL;
}

/* The lowest free number; the table grows by doubling. -1 when out of memory. */
static int number_take(weft_host *h)
{
    size_t n = h->n_socks ? h->n_socks * 2 : 64, i = h->lowest;
    struct host_sock **grown;

    while (i < h->n_socks && h->socks[i])
        i++;
    if (i == h->n_socks) {
        grown = n <= INT32_MAX ? realloc(h->socks, n * sizeof(struct host_sock *)) : NULL;
        if (!grown)
            return -1;
        h->socks = grown;
        for (; h->n_socks < n; h->n_socks++)
            h->socks[h->n_socks] = NULL;
    }
    h->lowest = i + 1;
    return (int)i;
}

int host_sock_adopt(weft_host *h, weft_sock *sock)
{
    struct host_sock *s = calloc(1, sizeof(*s));
    int number = s ? number_take(h) : -1;

    if (number < 0) {
        free(s);
        weft_abort(sock);
        return WEFT_ENOMEM;
    }
    s->sock = sock;
    s->number = number;
    weft_set_cookie(sock, s);
    h->socks[number] = s;
    return number;
}

void host_sock_retire(weft_host *h, int number)
{
    struct host_sock *s = h->socks[number];

    h->socks[number] = NULL;
    if ((size_t)number < h->lowest)
        h->lowest = (size_t)number;
    weft_set_cookie(s->sock, NULL);
    s->sock = NULL;
    sock_wake(s, WEFT_HANGUP);
    s->users++;
    host_sock_leave(s);
}

void host_sock_leave(struct host_sock *s)
{
    if (--s->users == 0 && !s->sock)
        free(s);
}

void host_abort_all(weft_host *h)
{
    weft_sock *sock;
    size_t i;

    for (i = 0; i < h->n_socks; i++) {
        if (!h->socks[i])
            continue;
        sock = h->socks[i]->sock;
        host_sock_retire(h, (int)i);
        weft_abort(sock);
    }
}

/* ---- the frame of a call ---- */

struct call {
    weft_host *host;
    struct host_sock *s;
    weft_time until;
};

int host_call_enter(weft_host *h)
{
    if (host_is_elsewhere(h))
        return WEFT_ENETDOWN;
    pthread_mutex_lock(&h->lock);
    h->callers++;
    if (!h->down)
        host_clock(h);
    return h->down ? WEFT_ENETDOWN : 0;
}

void host_call_leave(weft_host *h)
{
    if (host_is_elsewhere(h))
        return;
    if (!h->gone)
        host_settle(h);
    if (--h->callers == 0 && h->down)
        pthread_cond_signal(&h->quiet);
    pthread_mutex_unlock(&h->lock);
}

/* What is wrong with going on; 0: nothing. */
static int call_check(const struct call *c)
{
    if (c->host->down)
        return WEFT_ENETDOWN;
    return c->s->cancelled || !c->s->sock ? WEFT_ECONNABORTED : 0;
}

/* Takes the lock and finds the socket; 0, or an error. call_end in both cases. */
static int call_begin(struct call *c, weft_host *h, int s, weft_time timeout)
{
    int r = host_call_enter(h);

    c->host = h;
    c->s = r == 0 ? host_sock_find(h, s) : NULL;
    c->until = host_until(h->now, timeout);
    if (r)
        return r;
    if (!c->s)
        return WEFT_EBADF;
    c->s->users++;
    return call_check(c);
}

static int64_t call_end(struct call *c, int64_t r)
{
    if (c->s)
        host_sock_leave(c->s);
    host_call_leave(c->host);
    return r;
}

/* Waits for readiness; 0: try again. WEFT_EAGAIN: the time has passed. */
static int call_wait(struct call *c, unsigned want)
{
    struct waiter w;
    struct watch watch;

    if (c->host->now >= c->until)
        return WEFT_EAGAIN;
    waiter_begin(c->host, &w, false);
    watch_begin(&watch, &w, c->s, want);
    waiter_wait(c->host, &w, -1, c->until);
    watch_end(&watch);
    waiter_end(c->host, &w);
    return call_check(c);
}

/* ---- calls that do not wait ---- */

int weft_host_socket(weft_host *h, enum weft_proto proto)
{
    return weft_host_socket_in(h, proto == WEFT_ICMPV6 ? WEFT_INET6 : WEFT_INET, proto);
}

int weft_host_socket_in(weft_host *h, enum weft_family family, enum weft_proto proto)
{
    int r = host_call_enter(h), err;
    weft_sock *sock;

    if (r == 0) {
        sock = weft_socket_in(h->stack, family, proto, &err);
        r = sock ? host_sock_adopt(h, sock) : err;
    }
    host_call_leave(h);
    return r;
}

int weft_host_bind(weft_host *h, int s, const struct weft_addr *local)
{
    struct call c;
    int r = call_begin(&c, h, s, 0);

    return (int)call_end(&c, r ? r : weft_bind(c.s->sock, local));
}

int weft_host_listen(weft_host *h, int s, unsigned backlog)
{
    struct call c;
    int r = call_begin(&c, h, s, 0);

    return (int)call_end(&c, r ? r : weft_listen(c.s->sock, backlog));
}

int weft_host_shutdown(weft_host *h, int s, enum weft_shut how)
{
    struct call c;
    int r = call_begin(&c, h, s, 0);

    return (int)call_end(&c, r ? r : weft_shutdown(c.s->sock, how));
}

int weft_host_setsockopt(weft_host *h, int s, int level, int option, const void *value, size_t n)
{
    struct call c;
    int r = call_begin(&c, h, s, 0);

    return (int)call_end(&c, r ? r : weft_setsockopt(c.s->sock, level, option, value, n));
}

int weft_host_getsockname(weft_host *h, int s, struct weft_addr *local)
{
    struct call c;
    int r = call_begin(&c, h, s, 0);

    return (int)call_end(&c, r ? r : weft_getsockname(c.s->sock, local));
}

/* Closes in order or by reset; a cancelled socket too. */
static int sock_give_up(weft_host *h, int s, void (*how)(weft_sock *))
{
    int r = host_call_enter(h);
    const struct host_sock *hs = r == 0 ? host_sock_find(h, s) : NULL;
    weft_sock *sock;

    if (hs) {
        sock = hs->sock;
        host_sock_retire(h, s);
        how(sock);
    } else if (r == 0) {
        r = WEFT_EBADF;
    }
    host_call_leave(h);
    return r;
}

int weft_host_close(weft_host *h, int s)
{
    return sock_give_up(h, s, weft_close);
}

int weft_host_abort(weft_host *h, int s)
{
    return sock_give_up(h, s, weft_abort);
}

void weft_host_cancel(weft_host *h, int s)
{
    struct host_sock *hs;

    if (host_is_elsewhere(h))
        return;
    host_enter(h);
    hs = host_sock_find(h, s);
    if (hs) {
        hs->cancelled = true;
        sock_wake(hs, WEFT_HANGUP);
    }
    pthread_mutex_unlock(&h->lock);
}

void weft_host_label(weft_host *h, int s, const char *label)
{
    struct host_sock *hs;

    if (host_is_elsewhere(h))
        return;
    host_enter(h);
    hs = host_sock_find(h, s);
    if (hs)
        snprintf(hs->label, sizeof(hs->label), "%s", label);
    pthread_mutex_unlock(&h->lock);
}

const char *weft_host_label_of(weft_host *h, const weft_sock *sock)
{
    const struct host_sock *s = sock ? weft_cookie(sock) : NULL;

    (void)h;
    return s && s->label[0] ? s->label : "-";
}

/* ---- calls that wait ---- */

int weft_host_accept(weft_host *h, int s, struct weft_addr *peer, weft_time timeout)
{
    struct call c;
    int r = call_begin(&c, h, s, timeout), err = 0;
    weft_sock *sock = NULL;

    while (r == 0 && !(sock = weft_accept(c.s->sock, peer, &err)))
        r = err == WEFT_EAGAIN ? call_wait(&c, WEFT_READABLE) : err;
    return (int)call_end(&c, r ? r : host_sock_adopt(h, sock));
}

/* Has the connection been made? 0, WEFT_EINPROGRESS, or why not. */
static int connect_result(weft_sock *sock)
{
    unsigned ready = weft_ready(sock);
    int err = ready & WEFT_ERROR ? weft_error(sock) : 0;

    if (err)
        return err;
    if (ready & WEFT_WRITABLE)
        return 0;
    return ready & WEFT_HANGUP ? WEFT_ECONNABORTED : WEFT_EINPROGRESS;
}

int weft_host_connect(weft_host *h, int s, const struct weft_addr *peer, weft_time timeout)
{
    struct call c;
    int r = call_begin(&c, h, s, timeout);

    if (r == 0)
        r = weft_connect(c.s->sock, peer);
    while (r == WEFT_EINPROGRESS) {
        r = call_wait(&c, WEFT_WRITABLE);
        if (r == 0)
            r = connect_result(c.s->sock);
    }
    return (int)call_end(&c, r == WEFT_EAGAIN ? WEFT_ETIMEDOUT : r);
}

int64_t weft_host_send(weft_host *h, int s, const void *buf, size_t n, weft_time timeout)
{
    struct call c;
    const uint8_t *from = buf;
    size_t sent = 0;
    int64_t r = call_begin(&c, h, s, timeout);

    while (r == 0 && sent < n) {
        r = weft_send(c.s->sock, from + sent, n - sent, 0);
        if (r > 0)
            sent += (size_t)r;
        if (r == 0 || r == WEFT_EAGAIN)
            r = call_wait(&c, WEFT_WRITABLE);
        else if (r > 0)
            r = 0;
    }
    return call_end(&c, sent || r == 0 ? (int64_t)sent : r);
}

int64_t weft_host_sendto(weft_host *h, int s, const void *buf, size_t n, const struct weft_addr *to)
{
    struct call c;
    int r = call_begin(&c, h, s, 0);

    return call_end(&c, r ? r : weft_sendto(c.s->sock, buf, n, 0, to));
}

int64_t weft_host_recv_control(weft_host *h, int s, void *buf, size_t n, unsigned flags, struct weft_addr *from,
                               struct weft_control *control, weft_time timeout)
{
    const struct weft_iov iov = {buf, n};
    struct call c;
    int64_t r = call_begin(&c, h, s, timeout);

    if (r)
        return call_end(&c, r);
    while ((r = weft_recvmsg_control(c.s->sock, &iov, 1, flags, from, NULL, control)) == WEFT_EAGAIN &&
           (r = call_wait(&c, WEFT_READABLE)) == 0)
        ;
    return call_end(&c, r);
}

int64_t weft_host_recv_report(weft_host *h, int s, void *buf, size_t n, struct weft_report *report)
{
    const struct weft_iov iov = {buf, n};
    struct call c;
    int64_t r = call_begin(&c, h, s, 0);
    unsigned cut;

    return call_end(&c, r ? r : weft_recv_report(c.s->sock, &iov, 1, &cut, report));
}

int64_t weft_host_recvfrom(weft_host *h, int s, void *buf, size_t n, struct weft_addr *from, weft_time timeout)
{
    struct call c;
    int64_t r = call_begin(&c, h, s, timeout);

    if (r)
        return call_end(&c, r);
    while ((r = weft_recvfrom(c.s->sock, buf, n, 0, from)) == WEFT_EAGAIN && (r = call_wait(&c, WEFT_READABLE)) == 0)
        ;
    return call_end(&c, r);
}

int64_t weft_host_recv(weft_host *h, int s, void *buf, size_t n, weft_time timeout)
{
    return weft_host_recvfrom(h, s, buf, n, NULL, timeout);
}
