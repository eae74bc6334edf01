/* SPDX-License-Identifier: MIT */
#include "service/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK_SIZE   (128 * 1024)
#define UDP_BATCH    64
#define ACCEPT_BATCH 256
#define BACKLOG      1024
#define DRAIN_PATIENCE (5 * WEFT_S)

/* The poll array's first entries; connection i stands at FIRST_CONN + i. */
enum { LISTENER, DATAGRAMS, FIRST_CONN };

struct service {
    struct service *next;
    weft_host *host;
    const struct service_type *type;
    int root, quit;
    uint8_t *buffer;
    char label[32];
    size_t n_conns, room;
    size_t n_draining;    /* connections that only wait for the client to close */
    weft_time next_sweep; /* for connections that try the type's patience */
    struct service_conn **conns;
    struct weft_host_poll *polls; /* FIRST_CONN + room */
    pthread_t thread;
};

struct services {
    weft_host *host;
    pthread_mutex_t mutex; /* guards what follows */
    struct service *first;
    bool stopped;
};

static const struct service_type *const types[] = {
    &service_echo, &service_discard, &service_chargen, &service_daytime, &service_time, &service_http,
};

const struct service_type *service_at(size_t i)
{
    return i < sizeof types / sizeof *types ? types[i] : NULL;
}

const struct service_type *service_find(const char *name)
{
    const struct service_type *type;
    size_t i;

    for (i = 0; (type = service_at(i)) != NULL; i++) {
        if (strcmp(type->name, name) == 0)
            break;
    }
    return type;
}

/* ---- what types call ---- */

weft_host *service_host(const struct service *sv)
{
    return sv->host;
}

uint8_t *service_buffer(const struct service *sv)
{
    return sv->buffer;
}

int service_root(const struct service *sv)
{
    return sv->root;
}

int64_t service_recv(struct service *sv, struct service_conn *c)
{
    return weft_host_recv(sv->host, c->s, sv->buffer, SERVICE_BUFFER, 0);
}

int64_t service_send_some(struct service *sv, struct service_conn *c, const void *data, size_t n)
{
    int64_t sent = weft_host_send(sv->host, c->s, data, n, 0);

    return sent == WEFT_EAGAIN ? 0 : sent;
}

bool service_send(struct service *sv, struct service_conn *c, const void *data, size_t n)
{
    int64_t sent = c->left ? 0 : service_send_some(sv, c, data, n);
    size_t rest;
    uint8_t *more;

    if (sent < 0)
        return false;
    rest = n - (size_t)sent;
    if (rest == 0)
        return true;
    more = realloc(c->left, c->left_at + c->left_len + rest);
    if (!more)
        return false;
    memcpy(more + c->left_at + c->left_len, (const uint8_t *)data + sent, rest);
    c->left = more;
    c->left_len += rest;
    return true;
}

/* ---- connections ---- */

static bool grow(struct service *sv)
{
    size_t room = sv->room ? sv->room * 2 : 64;
    struct service_conn **conns = realloc(sv->conns, room * sizeof *conns);
    struct weft_host_poll *polls;

    if (!conns)
        return false;
    sv->conns = conns;
    polls = realloc(sv->polls, (FIRST_CONN + room) * sizeof *polls);
    if (!polls)
        return false;
    sv->polls = polls;
    sv->room = room;
    return true;
}

static struct service_conn *conn_new(struct service *sv, int s)
{
    struct service_conn *c;

    if (sv->n_conns == SERVICE_MAX_CONNS || (sv->n_conns == sv->room && !grow(sv)))
        return NULL;
    c = calloc(1, sizeof *c + sv->type->conn_size);
    if (!c)
        return NULL;
    c->s = s;
    c->data = c + 1;
    c->want = sv->type->want;
    c->active = weft_host_now(sv->host);
    sv->conns[sv->n_conns++] = c;
    weft_host_label(sv->host, s, sv->label);
    return c;
}

/* Reads away what has come, not more than a few buffers of it; false when nothing more will come. */
static bool drain(struct service *sv, struct service_conn *c)
{
    int64_t n = 1;
    int i;

    for (i = 0; i < 4 && n > 0; i++)
        n = service_recv(sv, c);
    return n > 0 || n == WEFT_EAGAIN;
}

/* The last connection takes the place of the i-th. */
static void conn_end(struct service *sv, size_t i, bool in_order)
{
    struct service_conn *c = sv->conns[i];

    if (sv->type->close)
        sv->type->close(sv, c);
    if (in_order)
        weft_host_close(sv->host, c->s);
    else
        weft_host_abort(sv->host, c->s);
    sv->n_draining -= c->draining;
    free(c->left);
    free(c);
    sv->conns[i] = sv->conns[--sv->n_conns];
    sv->polls[FIRST_CONN + i] = sv->polls[FIRST_CONN + sv->n_conns];
}

/*
 * All is said. What the client still says would be answered by a reset, which could overtake our answer: so only the
 * sending side closes, and the rest is read away until the client closes too, or is silent for too long.
 * Returns false when the connection has ended.
 */
static bool conn_finish(struct service *sv, size_t i)
{
    struct service_conn *c = sv->conns[i];

    if (!drain(sv, c) || weft_host_shutdown(sv->host, c->s, WEFT_SHUT_WR) < 0) {
        conn_end(sv, i, true);
        return false;
    }
    c->draining = true;
    c->want = WEFT_READABLE;
    sv->n_draining++;
    return true;
}

static bool flush_left(struct service *sv, struct service_conn *c)
{
    int64_t sent = service_send_some(sv, c, c->left + c->left_at, c->left_len);

    if (sent < 0)
        return false;
    c->left_at += (size_t)sent;
    c->left_len -= (size_t)sent;
    if (c->left_len == 0) {
        free(c->left);
        c->left = NULL;
        c->left_at = 0;
    }
    return true;
}

/* Carries connection i on; returns false when it has ended (another one then stands at i). */
static bool conn_step(struct service *sv, size_t i, unsigned ready)
{
    struct service_conn *c = sv->conns[i];
    bool alive = true;

    if (c->draining) {
        if (drain(sv, c))
            return true;
        conn_end(sv, i, true);
        return false;
    }
    c->active = weft_host_now(sv->host);
    if (c->left)
        alive = flush_left(sv, c);
    else if (!sv->type->step || !sv->type->step(sv, c, ready))
        c->closing = true;
    if (alive && !(c->closing && !c->left))
        return true;
    if (alive)
        return conn_finish(sv, i);
    conn_end(sv, i, false);
    return false;
}

static void accept_one(struct service *sv, int s)
{
    struct service_conn *c = conn_new(sv, s);

    if (!c) {
        weft_host_abort(sv->host, s);
        return;
    }
    if (sv->type->open && !sv->type->open(sv, c))
        c->closing = true;
    if (c->closing && !c->left)
        conn_finish(sv, sv->n_conns - 1);
}

/* False when the listener is dead: the host is going down. */
static bool accept_all(struct service *sv)
{
    struct weft_addr peer;
    int i, s = 0;

    for (i = 0; i < ACCEPT_BATCH && s >= 0; i++) {
        s = weft_host_accept(sv->host, sv->polls[LISTENER].s, &peer, 0);
        if (s >= 0)
            accept_one(sv, s);
    }
    return s != WEFT_ENETDOWN;
}

static void answer_all(struct service *sv)
{
    int i, n;

    for (i = 0; i < UDP_BATCH; i++) {
        struct weft_addr from;
        int64_t got = weft_host_recvfrom(sv->host, sv->polls[DATAGRAMS].s, sv->buffer, SERVICE_BUFFER, &from, 0);

        if (got == WEFT_EAGAIN || got == WEFT_ENETDOWN)
            return;
        if (got < 0 || from.port < 1024)
            continue;
        n = sv->type->answer(sv, sv->buffer, (size_t)got);
        if (n >= 0)
            weft_host_sendto(sv->host, sv->polls[DATAGRAMS].s, sv->buffer, (size_t)n, &from);
    }
}

/* ---- the loop ---- */

static size_t set_wants(struct service *sv)
{
    size_t i;

    sv->polls[LISTENER].want = WEFT_READABLE;
    sv->polls[DATAGRAMS].want = WEFT_READABLE;
    for (i = 0; i < sv->n_conns; i++) {
        const struct service_conn *c = sv->conns[i];

        sv->polls[FIRST_CONN + i] =
            (struct weft_host_poll){.s = c->s, .want = c->left ? WEFT_WRITABLE : c->want, .ready = 0};
    }
    return FIRST_CONN + sv->n_conns;
}

static bool told_to_quit(const struct service *sv)
{
    struct pollfd p = {.fd = sv->quit, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

/* How long this connection may go on without anything to do. */
static weft_time patience_with(const struct service *sv, const struct service_conn *c)
{
    if (c->draining)
        return DRAIN_PATIENCE;
    return sv->type->patience ? sv->type->patience : WEFT_NEVER;
}

/* Resets those that have been silent for too long; returns how long until the next look. */
static weft_time sweep(struct service *sv)
{
    weft_time now = weft_host_now(sv->host), step = (sv->n_draining ? DRAIN_PATIENCE : sv->type->patience) / 4;
    size_t i = sv->n_conns;

    if (!step)
        return WEFT_NEVER;
    if (now < sv->next_sweep && sv->next_sweep - now <= step)
        return sv->next_sweep - now;
    while (i-- > 0) {
        if (now - sv->conns[i]->active >= patience_with(sv, sv->conns[i]))
            conn_end(sv, i, false);
    }
    sv->next_sweep = now + step;
    return step;
}

/* One round; false when it is time to end. The datagram entry is left out of polling for services without UDP. */
static bool serve_round(struct service *sv)
{
    weft_time patience = sweep(sv);
    size_t n = set_wants(sv), i = sv->n_conns;
    size_t skip = sv->type->answer ? 0 : 1;
    int ready;

    if (skip)
        sv->polls[DATAGRAMS] = sv->polls[LISTENER];
    ready = weft_host_poll(sv->host, sv->polls + skip, n - skip, sv->quit, patience);
    if (ready < 0 || (ready == 0 && told_to_quit(sv)))
        return false;
    /* Downwards, because an ending connection is replaced by the last one, which has had its turn. */
    while (i-- > 0) {
        if (sv->polls[FIRST_CONN + i].ready)
            conn_step(sv, i, sv->polls[FIRST_CONN + i].ready);
    }
    if (sv->type->answer && sv->polls[DATAGRAMS].ready)
        answer_all(sv);
    return !sv->polls[skip ? DATAGRAMS : LISTENER].ready || accept_all(sv);
}

static void *serve(void *service)
{
    struct service *sv = service;

    while (serve_round(sv))
        ;
    while (sv->n_conns)
        conn_end(sv, sv->n_conns - 1, false);
    return NULL;
}

/* ---- starting and stopping ---- */

static int open_socket(struct service *sv, enum weft_proto proto, uint16_t port)
{
    const struct weft_addr any = {.port = port}; /* of IPv6, and so of IPv4 as well */
    const int on = 1;
    int err, s = weft_host_socket_in(sv->host, WEFT_INET6, proto);

    if (s < 0)
        return s;
    weft_host_setsockopt(sv->host, s, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, &on, sizeof on);
    err = weft_host_bind(sv->host, s, &any);
    if (err == 0 && proto == WEFT_TCP)
        err = weft_host_listen(sv->host, s, BACKLOG);
    if (err < 0) {
        weft_host_close(sv->host, s);
        return err;
    }
    weft_host_label(sv->host, s, sv->label);
    return s;
}

static void service_free(struct service *sv)
{
    if (sv->polls) {
        if (sv->polls[LISTENER].s >= 0)
            weft_host_close(sv->host, sv->polls[LISTENER].s);
        if (sv->polls[DATAGRAMS].s >= 0 && sv->type->answer)
            weft_host_close(sv->host, sv->polls[DATAGRAMS].s);
    }
    if (sv->root >= 0)
        close(sv->root);
    if (sv->quit >= 0)
        close(sv->quit);
    free(sv->conns);
    free(sv->polls);
    free(sv->buffer);
    free(sv);
}

static struct service *service_new(struct services *all, const struct service_config *config)
{
    struct service *sv = calloc(1, sizeof *sv);

    if (!sv)
        return NULL;
    sv->host = all->host;
    sv->type = config->type;
    sv->root = -1;
    sv->quit = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sv->buffer = malloc(SERVICE_BUFFER);
    snprintf(sv->label, sizeof sv->label, "%d/%s", (int)getpid(), config->type->name);
    if (grow(sv))
        sv->polls[LISTENER].s = sv->polls[DATAGRAMS].s = -1;
    if (sv->quit >= 0 && sv->buffer && sv->polls)
        return sv;
    service_free(sv);
    return NULL;
}

static int complain(char *why, size_t n, const struct service_config *config, const char *proto, int err)
{
    snprintf(why, n, "%s: cannot take %s port %u: %s", config->type->name, proto, config->port, weft_strerror(err));
    return -1;
}

static int service_open(struct service *sv, const struct service_config *config, char *why, size_t n)
{
    if (config->root) {
        sv->root = open(config->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (sv->root < 0) {
            snprintf(why, n, "%s: cannot open directory %s: %s", config->type->name, config->root, strerror(errno));
            return -1;
        }
    }
    sv->polls[LISTENER].s = open_socket(sv, WEFT_TCP, config->port);
    if (sv->polls[LISTENER].s < 0)
        return complain(why, n, config, "TCP", sv->polls[LISTENER].s);
    if (!sv->type->answer)
        return 0;
    sv->polls[DATAGRAMS].s = open_socket(sv, WEFT_UDP, config->port);
    return sv->polls[DATAGRAMS].s < 0 ? complain(why, n, config, "UDP", sv->polls[DATAGRAMS].s) : 0;
}

static int service_run(struct service *sv)
{
    pthread_attr_t attr;
    int err;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    err = pthread_create(&sv->thread, &attr, serve, sv);
    pthread_attr_destroy(&attr);
    return err;
}

static void service_stop(struct service *sv)
{
    const uint64_t one = 1;

    while (write(sv->quit, &one, sizeof one) < 0 && errno == EINTR)
        ;
    pthread_join(sv->thread, NULL);
    service_free(sv);
}

/* False when it is too late. */
static bool services_add(struct services *all, struct service *sv)
{
    bool open;

    pthread_mutex_lock(&all->mutex);
    open = !all->stopped;
    if (open) {
        sv->next = all->first;
        all->first = sv;
    }
    pthread_mutex_unlock(&all->mutex);
    return open;
}

int services_start(struct services *all, const struct service_config *config, char *why, size_t n)
{
    struct service_config c = *config;
    struct service *sv;

    if (c.port == 0)
        c.port = c.type->port;
    sv = service_new(all, &c);
    if (!sv) {
        snprintf(why, n, "out of memory");
        return -1;
    }
    if (service_open(sv, &c, why, n) < 0) {
        service_free(sv);
        return -1;
    }
    if (service_run(sv) != 0) {
        snprintf(why, n, "cannot start a thread");
        service_free(sv);
        return -1;
    }
    if (services_add(all, sv))
        return 0;
    snprintf(why, n, "the host is ending");
    service_stop(sv);
    return -1;
}

struct services *services_new(weft_host *host)
{
    struct services *all = calloc(1, sizeof *all);

    if (all) {
        all->host = host;
        pthread_mutex_init(&all->mutex, NULL);
    }
    return all;
}

void services_stop(struct services *all)
{
    struct service *sv, *next;

    if (!all)
        return;
    pthread_mutex_lock(&all->mutex);
    all->stopped = true;
    sv = all->first;
    all->first = NULL;
    pthread_mutex_unlock(&all->mutex);
    for (; sv; sv = next) {
        next = sv->next;
        service_stop(sv);
    }
}

void services_free(struct services *all)
{
    if (!all)
        return;
    services_stop(all);
    pthread_mutex_destroy(&all->mutex);
    free(all);
}
