/* SPDX-License-Identifier: MIT */
/*
 * One capture: pcapng blocks go into a queue under the host's lock, and from there to the descriptor by a thread of the
 * capture's own, so that the host never waits for a slow reader.
 *
 * Invariant: the queue holds whole blocks only, and interface blocks are never left out. `queue`, `stop` and `failed`
 * belong to `lock`; everything else to the host's lock.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"

#define QUEUE_LIMIT ((size_t)4 << 20) /* bytes waiting to be written */
#define PIPE_CHUNK  4096              /* what a pipe that poll(2) calls writable takes without blocking */

struct numbered {
    const weft_if *ifp;
    char name[16];
};

struct bytes {
    uint8_t *p;
    size_t n, cap;
};

struct capture {
    weft_pcap *pcap;
    struct numbered *interface; /* those the file describes, by number */
    int n_interfaces;
    uint64_t left_out; /* packets since the last one written */
    bool limited;
    struct weft_capture_choice choice;
    struct bytes whole; /* room for a packet in one piece, where somebody has to choose */

    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more, room;
    struct bytes queue;
    bool stop, failed;
};

/* ---- the queue ---- */

/* By half as much again at least: what is added to it piece by piece is moved a few times only. */
static bool bytes_grow(struct bytes *b, size_t needed)
{
    size_t cap = needed > b->cap + b->cap / 2 ? needed : b->cap + b->cap / 2;
    uint8_t *grown = realloc(b->p, cap);

    if (!grown)
        return false;
    b->p = grown;
    b->cap = cap;
    return true;
}

static bool bytes_add(struct bytes *to, const void *bytes, size_t n)
{
    if (to->cap - to->n < n && !bytes_grow(to, to->n + n))
        return false;
    memcpy(to->p + to->n, bytes, n);
    to->n += n;
    return true;
}

/* Takes whole blocks from the pcapng writer. */
static bool queue_put(void *ctx, const void *bytes, size_t n)
{
    struct capture *c = ctx;
    bool good;

    pthread_mutex_lock(&c->lock);
    while (!c->limited && !c->failed && c->queue.n >= QUEUE_LIMIT)
        pthread_cond_wait(&c->room, &c->lock);
    good = !c->failed && bytes_add(&c->queue, bytes, n);
    c->failed = !good;
    pthread_cond_signal(&c->more);
    pthread_mutex_unlock(&c->lock);
    return good;
}

static bool queue_is_full(struct capture *c)
{
    bool full;

    pthread_mutex_lock(&c->lock);
    full = c->queue.n >= QUEUE_LIMIT;
    pthread_mutex_unlock(&c->lock);
    return full;
}

/* ---- the thread ---- */

static bool writer_is_stopped(struct capture *c)
{
    bool stop;

    pthread_mutex_lock(&c->lock);
    stop = c->stop;
    pthread_mutex_unlock(&c->lock);
    return stop;
}

/* Waits until the reader takes more; false when it does not although we are to stop. */
static bool writer_may_write(struct capture *c)
{
    struct pollfd p = {c->fd, POLLOUT, 0};

    while (poll(&p, 1, 200) <= 0) {
        if (writer_is_stopped(c))
            return false;
    }
    return true;
}

static bool writer_write(struct capture *c, const uint8_t *bytes, size_t n)
{
    ssize_t r;

    while (n) {
        if (c->limited && !writer_may_write(c))
            return false;
        r = write(c->fd, bytes, c->limited && n > PIPE_CHUNK ? PIPE_CHUNK : n);
        if (r < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        if (r > 0) {
            bytes += r;
            n -= (size_t)r;
        }
    }
    return true;
}

static void *writer_run(void *capture)
{
    struct capture *c = capture;
    struct bytes full = {0}, empty;
    bool good = true;

    pthread_mutex_lock(&c->lock);
    while (good) {
        while (!c->queue.n && !c->stop)
            pthread_cond_wait(&c->more, &c->lock);
        if (!c->queue.n)
            break;
        empty = (struct bytes){full.p, 0, full.cap};
        full = c->queue;
        c->queue = empty;
        pthread_cond_signal(&c->room);
        pthread_mutex_unlock(&c->lock);
        good = writer_write(c, full.p, full.n);
        pthread_mutex_lock(&c->lock);
    }
    c->failed |= !good;
    pthread_cond_signal(&c->room);
    pthread_mutex_unlock(&c->lock);
    free(full.p);
    return NULL;
}

/* ---- under the host's lock ---- */

/* The number under which the file knows the interface; describes it when it is new. */
static int capture_number(struct capture *c, const struct frame *f)
{
    struct numbered *grown;
    int i;

    for (i = c->n_interfaces - 1; i >= 0; i--) {
        if (c->interface[i].ifp == f->ifp && strcmp(c->interface[i].name, f->if_name) == 0)
            return i;
    }
    grown = realloc(c->interface, ((size_t)c->n_interfaces + 1) * sizeof(*grown));
    if (!grown)
        return -1;
    c->interface = grown;
    grown[c->n_interfaces].ifp = f->ifp;
    snprintf(grown[c->n_interfaces].name, sizeof(grown->name), "%s", f->if_name);
    c->n_interfaces++;
    return weft_pcap_interface(c->pcap, f->if_name, f->link, 0);
}

/* Also when there is no memory to find out. */
static bool is_wanted(struct capture *c, const struct frame *f)
{
    if (!c->choice.wants)
        return true;
    if (f->bytes)
        return c->choice.wants(c->choice.ctx, f->link, f->bytes, f->n);
    if (f->n > c->whole.cap && !bytes_grow(&c->whole, f->n))
        return true;
    return c->choice.wants(c->choice.ctx, f->link, c->whole.p, weft_pkt_copy(f->pkt, 0, c->whole.p, f->n));
}

void capture_write(struct capture *c, const struct frame *f)
{
    const char *comment = f->comment;
    char text[600];
    int number;

    if (!is_wanted(c, f))
        return;
    if (c->limited && queue_is_full(c)) {
        c->left_out++;
        return;
    }
    if (c->left_out) {
        snprintf(text, sizeof(text), "%llu packets left out before this one%s%s", (unsigned long long)c->left_out,
                 *comment ? "; " : "", comment);
        comment = text;
        c->left_out = 0;
    }
    number = capture_number(c, f);
    if (f->bytes)
        weft_pcap_write_bytes(c->pcap, number, f->at, f->outbound, f->bytes, f->n, comment);
    else
        weft_pcap_write(c->pcap, number, f->at, f->outbound, f->pkt, comment);
}

void capture_flush(struct capture *c)
{
    weft_pcap_flush(c->pcap);
}

/* ---- beginning and end ---- */

struct capture *capture_new(int fd, bool limited, const struct weft_capture_choice *choice, char *why, size_t n)
{
    struct capture *c = calloc(1, sizeof(*c));

    if (c)
        c->pcap = weft_pcap_open_sink(queue_put, c);
    if (!c || !c->pcap) {
        snprintf(why, n, "out of memory");
        goto fail;
    }
    c->fd = fd;
    c->limited = limited;
    if (choice)
        c->choice = *choice;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->more, NULL);
    pthread_cond_init(&c->room, NULL);
    if (host_thread(&c->thread, false, writer_run, c) == 0)
        return c;
    snprintf(why, n, "no thread to write the capture");
    weft_pcap_close(c->pcap);
fail:
    close(fd);
    free(c);
    return NULL;
}

void capture_free(struct capture *c)
{
    weft_pcap_close(c->pcap);
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_signal(&c->more);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    close(c->fd);
    pthread_cond_destroy(&c->more);
    pthread_cond_destroy(&c->room);
    pthread_mutex_destroy(&c->lock);
    free(c->interface);
    free(c->whole.p);
    free(c->queue.p);
    free(c);
}
