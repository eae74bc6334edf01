/* SPDX-License-Identifier: MIT */
/*
 * The small services: one thread and one event loop each, over the host's public calls only.
 *
 * service.c owns sockets, connections and what could not be sent yet; a service type says only what to do when a
 * connection may be read or written, and what to answer to a datagram. Bounds: SERVICE_MAX_CONNS connections per
 * service (more are reset at once); what a connection may owe is what its type sent in one step.
 *
 * UDP services never answer a source port below 1024, so that two of them cannot be set against each other, and answer
 * with little more than they got, so that they are no use for amplification (RFC 862, RFC 864 know neither).
 */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "weft/host.h"

#define SERVICE_MAX_CONNS 4096
#define SERVICE_BUFFER    (256 * 1024)

struct service;

struct service_conn {
    int s;             /* host socket */
    unsigned want;     /* what the next step waits for; step may change it */
    bool closing;      /* close when nothing is left to send */
    bool draining;     /* all is sent and our side closed: waiting for the client's end */
    uint8_t *left;     /* not sent yet; owned */
    size_t left_at, left_len;
    weft_time active;  /* when it last had something to do */
    uint64_t position; /* free for the type: a phase, an offset */
    void *data;        /* type->conn_size bytes, zero at first */
};

struct service_type {
    const char *name, *summary;
    uint16_t port;
    size_t conn_size;
    unsigned want; /* what a new connection waits for */
    weft_time patience; /* a connection that is silent for so long is reset; 0: it may be silent for ever */
    /* For a new connection, before anything else; may be NULL. False: over. */
    bool (*open)(struct service *sv, struct service_conn *c);
    /*
     * Something of `ready` is true, and nothing is left to send. Must not block. False: over (what is left is sent
     * first). NULL: open said it all.
     */
    bool (*step)(struct service *sv, struct service_conn *c, unsigned ready);
    void (*close)(struct service *sv, struct service_conn *c); /* frees what data holds; may be NULL */
    /*
     * Answers a datagram of n bytes in buf, in place (room for SERVICE_BUFFER); returns the answer's length, or
     * SERVICE_SILENT. NULL: no UDP.
     */
    int (*answer)(struct service *sv, uint8_t *buf, size_t n);
};

#define SERVICE_SILENT (-1)

struct service_config {
    const struct service_type *type;
    uint16_t port;    /* 0: the type's */
    const char *root; /* http: directory of pages, or NULL; copied */
};

/* NULL when there is none of that name. */
const struct service_type *service_find(const char *name);
/* The i-th type; NULL when there is no i-th. */
const struct service_type *service_at(size_t i);

/*
 * All services of one host. services_stop ends them, and lets no other start: call it while the host is still there.
 * services_free does so too where it has not been done, and frees; nobody may be in a call then. NULL is fine for both.
 */
struct services;
struct services *services_new(weft_host *host);
void services_stop(struct services *all);
void services_free(struct services *all);

/* Starts one: it listens when this returns. 0, or -1 and one line in why. */
int services_start(struct services *all, const struct service_config *config, char *why, size_t n);

/* ---- for the types ---- */

weft_host *service_host(const struct service *sv);
uint8_t *service_buffer(const struct service *sv); /* SERVICE_BUFFER bytes, for the current step only */
int service_root(const struct service *sv);        /* descriptor of the root directory; -1: none */

/* Reads into service_buffer without blocking: bytes, 0 at the end, or a negative error (WEFT_EAGAIN: nothing now). */
int64_t service_recv(struct service *sv, struct service_conn *c);

/* Sends n bytes; what does not go now is copied and goes before the next step. False: the connection is dead. */
bool service_send(struct service *sv, struct service_conn *c, const void *data, size_t n);

/* Sends what goes now: bytes, 0 when nothing went, negative when the connection is dead. */
int64_t service_send_some(struct service *sv, struct service_conn *c, const void *data, size_t n);

extern const struct service_type service_echo, service_discard, service_chargen, service_daytime, service_time,
    service_http;

#endif
