/* SPDX-License-Identifier: MIT */
/* Many bytes both ways at once over a wire that loses, duplicates and reorders; digests tell whether they arrived. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/demo.h"

#define PORT  5001
#define CHUNK 65536
#define LIMIT (3600 * WEFT_S) /* virtual: then something hangs */

static const struct weft_impairment bad_wire = {
    .delay = WEFT_MS,
    .loss = 10000,
    .duplicate = 5000,
    .reorder = 10000,
    .reorder_delay = WEFT_MS / 2,
};

/* One end's half of the work: what it sends, and what it gets. */
struct half {
    weft_sock *listener, *sock;
    uint64_t seed, made, got;
    uint64_t digest_sent, digest_got;
    size_t at, len; /* of chunk, still to be sent */
    bool shut, over;
    int error;
    uint8_t chunk[CHUNK];
};

struct bulk {
    struct world world;
    struct half half[2];
    uint64_t bytes;
};

static void push(struct bulk *b, struct half *h)
{
    int64_t n = 1;

    while (h->sock && !h->shut && n > 0) {
        if (h->len == 0) {
            h->len = b->bytes - h->made < CHUNK ? (size_t)(b->bytes - h->made) : CHUNK;
            stream_fill(h->seed, h->made, h->chunk, h->len);
            h->digest_sent = stream_digest(h->digest_sent, h->chunk, h->len);
            h->made += h->len;
            h->at = 0;
        }
        if (h->len == 0) {
            weft_shutdown(h->sock, WEFT_SHUT_WR);
            h->shut = true;
            return;
        }
        n = weft_send(h->sock, h->chunk + h->at, h->len, 0);
        if (n > 0) {
            h->at += (size_t)n;
            h->len -= (size_t)n;
        }
    }
}

static void pull(struct half *h)
{
    static uint8_t buf[CHUNK]; /* one thread */
    int64_t n = 1;

    while (h->sock && !h->over && n > 0) {
        n = weft_recv(h->sock, buf, sizeof buf, 0);
        if (n > 0) {
            h->digest_got = stream_digest(h->digest_got, buf, (size_t)n);
            h->got += (uint64_t)n;
        }
    }
    if (n == 0)
        h->over = true;
    else if (n < 0 && n != WEFT_EAGAIN && n != WEFT_ENOTCONN)
        h->error = (int)n;
}

static void on_event(void *ctx, int end, const struct weft_event *event)
{
    struct bulk *b = ctx;
    struct half *h = &b->half[end];
    struct weft_addr peer;
    int err;

    if (h->listener && event->sock == h->listener)
        h->sock = weft_accept(h->listener, &peer, &err);
    if (event->ready & WEFT_ERROR && event->sock == h->sock)
        h->error = weft_error(h->sock);
    push(b, h);
    pull(h);
}

static bool connect_ends(struct bulk *b)
{
    const struct weft_addr server = {.ip = b->world.end[1].ip, .port = PORT};
    int err, i;

    for (i = 0; i < 2; i++) {
        b->half[i].seed = 11 + (uint64_t)i;
        b->half[i].digest_sent = b->half[i].digest_got = STREAM_DIGEST;
    }
    b->half[1].listener = weft_socket(b->world.end[1].stack, WEFT_TCP, &err);
    b->half[0].sock = weft_socket(b->world.end[0].stack, WEFT_TCP, &err);
    return b->half[1].listener && b->half[0].sock && weft_bind(b->half[1].listener, &server) == 0 &&
           weft_listen(b->half[1].listener, 1) == 0 && weft_connect(b->half[0].sock, &server) == WEFT_EINPROGRESS;
}

static bool finished(const struct bulk *b)
{
    return (b->half[0].over && b->half[1].over) || b->half[0].error || b->half[1].error;
}

static bool report_direction(const struct bulk *b, FILE *out, int from)
{
    const struct half *a = &b->half[from], *z = &b->half[!from];
    bool good = a->made == b->bytes && z->got == b->bytes && a->digest_sent == z->digest_got;

    fprintf(out, "  %s  %s to %s: %llu of %llu bytes, digest %016llx sent, %016llx received\n", good ? "ok  " : "FAIL",
            b->world.config.name[from], b->world.config.name[!from], (unsigned long long)z->got,
            (unsigned long long)b->bytes, (unsigned long long)a->digest_sent, (unsigned long long)z->digest_got);
    return good;
}

static bool report(const struct bulk *b, FILE *out, double seconds)
{
    bool good = true;
    int end;

    for (end = 0; end < 2; end++) {
        struct weft_lane_stats s;
        const weft_stack *stack = b->world.end[end].stack;

        weft_wire_stats(b->world.wire, end, &s);
        fprintf(out, "        from the %s: %llu packets, %llu lost, %llu duplicated, %llu out of order; %llu segments "
                     "sent again, %llu time-outs\n",
                b->world.config.name[end], (unsigned long long)s.sent, (unsigned long long)s.lost,
                (unsigned long long)s.duplicated, (unsigned long long)s.reordered,
                (unsigned long long)weft_counter(stack, WEFT_COUNT_tcp_retrans_segs),
                (unsigned long long)weft_counter(stack, WEFT_COUNT_tcp_timeouts));
        if (b->half[end].error)
            fprintf(out, "        the %s was told: %s\n", b->world.config.name[end], weft_strerror(b->half[end].error));
        good = report_direction(b, out, end) && good;
    }
    fprintf(out, "        %.1f seconds of virtual time, lived in %.1f\n", (double)b->world.now / 1e9, seconds);
    return good;
}

static double clock_seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

bool bulk_play(FILE *out, uint64_t bytes, struct world_capture *capture)
{
    struct bulk *b = calloc(1, sizeof *b);
    const struct world_config config = {
        .seed = 7, .name = {"client", "server"}, .wire = bad_wire, .event = on_event, .ctx = b};
    double start = clock_seconds();
    bool good = false;

    fprintf(out, "\n%llu MiB each way, at once, over a wire that loses 1 %%, duplicates 0.5 %% and reorders 1 %%\n\n",
            (unsigned long long)(bytes >> 20));
    if (b && world_open(&b->world, &config, capture)) {
        b->bytes = bytes;
        if (connect_ends(b)) {
            while (!finished(b) && world_step(&b->world, LIMIT))
                ;
            good = report(b, out, clock_seconds() - start);
        }
        world_close(&b->world);
    } else {
        fprintf(out, "  FAIL  out of memory\n");
    }
    free(b);
    return good;
}
