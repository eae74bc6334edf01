/* SPDX-License-Identifier: MIT */
/*
 * weft and the kernel through the kernel's devices (bench/programs makes them): one connection of bulk, or one socket
 * of datagrams, between this end and one of the kernel's sockets at the other.
 *
 *     tap-bench peer FILE             the other end: sink, source and counter of datagrams, until it is killed
 *     tap-bench linux FIGURE ADDRESS FILE          this end is the kernel's, too
 *     tap-bench weft FIGURE ADDRESS FILE SPEC OURS this end is a stack on the driver SPEC, with address OURS
 *
 * FILE is memory that both ends share: the datagrams that arrived. Prints Gbit/s, or datagrams a second; and on stderr
 * what this end's thread took for a GB.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "weft/driver.h"
#include "weft/sock.h"

enum {
    SINK = 7001,
    SOURCE = 7002,
    DATAGRAMS = 7003,
    CHUNK = 256 << 10,
    DATAGRAM = 1472,
    TRAIN = DATAGRAM * 44, /* datagrams that one call sends: as many as a message may have bytes for */
    BATCH = 64,
    PATIENCE = 5, /* seconds */
};

static uint8_t chunk[CHUNK];

/* What the other end has counted. */
static volatile uint64_t *arrived;

static int must(int result, const char *call)
{
    if (result < 0)
        bench_fail("tap-bench: %s: %s", call, strerror(errno));
    return result;
}

static void set(int fd, int level, int option, int value)
{
    must(setsockopt(fd, level, option, &value, sizeof(value)), "setsockopt");
}

static void share(const char *path)
{
    int fd = must(open(path, O_RDWR | O_CREAT, 0600), path);

    must(ftruncate(fd, sizeof(*arrived)), "ftruncate");
    arrived = mmap(NULL, sizeof(*arrived), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (arrived == MAP_FAILED)
        must(-1, "mmap");
    close(fd);
}

/* Seconds of processor that this thread has used. */
static double used(void)
{
    struct rusage r;

    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + 1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

/* A span of work, and what it took. */
struct count {
    struct bench_span span;
    double used_before;
    bool counting;
};

static bool going(struct count *c, uint64_t work)
{
    bool more = bench_going(&c->span, work);

    if (!c->counting && c->span.counting != 0) {
        c->counting = true;
        c->used_before = used();
    }
    return more;
}

/* size: bytes of one piece of work. */
static double result(const struct count *c, const char *figure, double size)
{
    double bytes = (double)(c->span.last_work - c->span.first_work) * size;

    fprintf(stderr, "# %s: %.3f s/GB on this end\n", figure, bytes > 0 ? (used() - c->used_before) / bytes * 1e9 : 0);
    return bench_rate(&c->span) * (size == 1 ? 8e-9 : 1);
}

/* ---- the kernel's end ---- */

static int kernel_socket(int type)
{
    int fd = must(socket(AF_INET, type, 0), "socket");

    if (type == SOCK_STREAM)
        must(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5), "setsockopt TCP_CONGESTION");
    return fd;
}

static int at_port(int type, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = kernel_socket(type);

    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    must(bind(fd, (struct sockaddr *)&at, sizeof(at)), "bind");
    return fd;
}

/* One connection after the other: takes, or gives, until it ends. */
static void serve(uint16_t port, bool gives)
{
    int from = at_port(SOCK_STREAM, port);

    must(listen(from, 4), "listen");
    for (;;) {
        int fd = must(accept(from, NULL, NULL), "accept");

        while ((gives ? send(fd, chunk, CHUNK, MSG_NOSIGNAL) : recv(fd, chunk, CHUNK, 0)) > 0)
            ;
        close(fd);
    }
}

static void count_datagrams(void)
{
    int fd = at_port(SOCK_DGRAM, DATAGRAMS);
    ssize_t n;

    set(fd, SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20);
    set(fd, IPPROTO_UDP, UDP_GRO, 1);
    while ((n = recv(fd, chunk, CHUNK, 0)) >= 0)
        *arrived += (uint64_t)n / DATAGRAM;
}

static int peer(void)
{
    pid_t sink = must(fork(), "fork"), source;

    if (sink == 0)
        serve(SINK, false);
    source = must(fork(), "fork");
    if (source == 0)
        serve(SOURCE, true);
    count_datagrams();
    return 0;
}

static int kernel_connect(int type, const char *address, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = kernel_socket(type);

    inet_pton(AF_INET, address, &to.sin_addr);
    must(connect(fd, (struct sockaddr *)&to, sizeof(to)), "connect");
    return fd;
}

static double linux_bulk(const char *figure, const char *address, bool out)
{
    int fd = kernel_connect(SOCK_STREAM, address, out ? SINK : SOURCE);
    struct count c = {0};
    uint64_t moved = 0;

    while (going(&c, moved)) {
        ssize_t n = out ? send(fd, chunk, CHUNK, 0) : recv(fd, chunk, CHUNK, 0);

        must((int)n, "send or recv");
        moved += (uint64_t)n;
    }
    close(fd);
    return result(&c, figure, 1);
}

static double linux_datagrams(const char *figure, const char *address)
{
    int fd = kernel_connect(SOCK_DGRAM, address, DATAGRAMS);
    struct count c = {0};

    set(fd, IPPROTO_UDP, UDP_SEGMENT, DATAGRAM);
    while (going(&c, *arrived))
        if (send(fd, chunk, TRAIN, 0) < 0 && errno != ECONNREFUSED && errno != ENOBUFS)
            must(-1, "send");
    close(fd);
    return result(&c, figure, DATAGRAM);
}

/* ---- weft's end ---- */

struct end {
    weft_stack *stack;
    weft_if *ifp;
    weft_driver *driver;
    weft_sock *sock;
    weft_pkt *out[BATCH]; /* what the driver has not taken yet: [first, n) */
    size_t first, n;
};

static void *give(void *ctx, size_t size, size_t align)
{
    void *memory = NULL;

    (void)ctx;
    if (bench_is_piece(size, align))
        return bench_piece(size);
    return posix_memalign(&memory, align < sizeof(void *) ? sizeof(void *) : align, size) ? NULL : memory;
}

static void take(void *ctx, void *memory, size_t size)
{
    (void)ctx;
    if (memory && bench_is_piece(size, 1))
        bench_piece_free(memory, size);
    else
        free(memory);
}

static bool random_bytes(void *ctx, void *buf, size_t n)
{
    (void)ctx;
    return getrandom(buf, n, 0) == (ssize_t)n;
}

static struct weft_ip ip_of(const char *text)
{
    struct in_addr a;

    if (inet_pton(AF_INET, text, &a) != 1)
        bench_fail("tap-bench: %s is no address", text);
    return weft_ipv4(ntohl(a.s_addr));
}

/* offload: may super-segments and unfinished checksums pass? A TAP takes them from who asks, however it was made. */
static void open_end(struct end *e, const char *spec, const char *ours, bool offload)
{
    struct weft_env env = {.alloc = give, .free = take, .random = random_bytes};
    struct weft_ip address = ip_of(ours);
    char why[128];
    int err = 0;

    *e = (struct end){0};
    e->driver = weft_driver_open(spec, offload, why, sizeof(why));
    if (!e->driver)
        bench_fail("tap-bench: %s", why);
    e->stack = weft_stack_new(&env, NULL, bench_nanoseconds(), &err);
    e->driver->stack = e->stack;
    e->driver->ifc.name = "bench0";
    e->ifp = e->stack ? weft_if_new(e->stack, &e->driver->ifc, &err) : NULL;
    if (!e->ifp || (err = weft_if_add_address(e->ifp, &address, 24)) < 0)
        bench_fail("tap-bench: %s", weft_strerror(err));
}

static void close_end(struct end *e)
{
    while (e->first < e->n)
        weft_pkt_release(e->out[e->first++]);
    e->driver->ops->close(e->driver);
    weft_stack_free(e->stack);
}

/* Hands the driver what the stack has; true: something went. */
static bool push(struct end *e, weft_time now)
{
    bool any = false;

    for (;;) {
        if (e->first == e->n) {
            e->first = 0;
            e->n = weft_output(e->ifp, e->out, BATCH, now);
        }
        if (e->n == 0)
            return any;
        any = true;
        e->first += e->driver->ops->transmit(e->driver, e->out + e->first, e->n - e->first);
        if (e->first < e->n)
            return any;
    }
}

static void wait_for(struct end *e, weft_time now)
{
    struct pollfd p = {.fd = e->driver->fd, .events = (short)(POLLIN | (e->first < e->n ? POLLOUT : 0))};
    weft_time at = weft_deadline(e->stack), left = at > now ? at - now : 0;
    struct timespec t = {0, (long)(left < 100 * WEFT_MS ? left : 100 * WEFT_MS)};

    ppoll(&p, 1, &t, NULL);
}

/* A turn of the loop: what came, what is due, what goes. Waits where there was nothing of it. */
static void turn(struct end *e)
{
    weft_pkt *in[BATCH];
    weft_time now = bench_nanoseconds();
    int n = e->driver->ops->receive(e->driver, in, BATCH);

    if (n < 0)
        bench_fail("tap-bench: the device is gone");
    if (n > 0)
        weft_input(e->ifp, in, (size_t)n, now);
    if (now >= weft_deadline(e->stack))
        weft_tick(e->stack, now);
    if (!push(e, now) && n == 0)
        wait_for(e, now);
    weft_clock(e->stack, bench_nanoseconds());
}

static void weft_connect_to(struct end *e, enum weft_proto proto, const char *address, uint16_t port)
{
    struct weft_addr to = {ip_of(address), port};
    double until = bench_clock() + PATIENCE;
    int err = 0;

    e->sock = weft_socket(e->stack, proto, &err);
    if (e->sock)
        err = weft_connect(e->sock, &to);
    if (err < 0 && err != WEFT_EINPROGRESS)
        bench_fail("tap-bench: connect: %s", weft_strerror(err));
    while (proto == WEFT_TCP && weft_tcp_state(e->sock) != WEFT_TCP_ESTABLISHED) {
        turn(e);
        if (bench_clock() > until)
            bench_fail("tap-bench: no connection");
    }
}

/* What the stack takes, or has. */
static size_t move_once(struct end *e, bool out)
{
    int64_t n = out ? weft_send(e->sock, chunk, CHUNK, 0) : weft_recv(e->sock, chunk, CHUNK, 0);

    if (n <= 0 && n != WEFT_EAGAIN)
        bench_fail("tap-bench: %s", n ? weft_strerror((int)n) : "the peer has closed");
    return n > 0 ? (size_t)n : 0;
}

/*
 * Reads all there is between two turns of the loop, and writes once: the kernel's end sends within each call what it may,
 * and megabytes written in one go would have left the cache before they get to the device.
 */
static size_t move(struct end *e, bool out)
{
    size_t moved = move_once(e, out), n = moved;

    while (!out && n > 0)
        moved += n = move_once(e, out);
    return moved;
}

static double weft_bulk(struct end *e, const char *figure, const char *address, bool out)
{
    struct count c = {0};
    uint64_t moved = 0;

    weft_connect_to(e, WEFT_TCP, address, out ? SINK : SOURCE);
    while (going(&c, out ? moved - weft_unsent(e->sock) : moved)) {
        moved += move(e, out);
        turn(e);
    }
    weft_abort(e->sock);
    return result(&c, figure, 1);
}

/* Until one arrives: the kernel answers for an address only a while after its end of the device has come up. */
static void weft_reach(struct end *e)
{
    double until = bench_clock() + PATIENCE;
    uint64_t before = *arrived;

    while (*arrived == before) {
        weft_send(e->sock, chunk, DATAGRAM, 0);
        turn(e);
        if (bench_clock() > until)
            bench_fail("tap-bench: no datagram arrives");
    }
}

static double weft_datagrams(struct end *e, const char *figure, const char *address)
{
    struct count c = {0};
    int size = DATAGRAM;

    weft_connect_to(e, WEFT_UDP, address, DATAGRAMS);
    if (weft_setsockopt(e->sock, WEFT_SOL_UDP, WEFT_UDP_SEGMENT, &size, sizeof(size)) < 0)
        bench_fail("tap-bench: UDP_SEGMENT");
    weft_reach(e);
    while (going(&c, *arrived)) {
        if (weft_send(e->sock, chunk, TRAIN, 0) == WEFT_EMSGSIZE)
            bench_fail("tap-bench: send");
        turn(e);
    }
    return result(&c, figure, DATAGRAM);
}

static double weft_measure(const char *figure, const char *address, const char *spec, const char *ours)
{
    struct end e;
    double rate;

    open_end(&e, spec, ours, strncmp(figure, "plain", 5) != 0);
    rate = strstr(figure, "udp") ? weft_datagrams(&e, figure, address)
                                 : weft_bulk(&e, figure, address, strstr(figure, "_out") != NULL);
    close_end(&e);
    return rate;
}

static double linux_measure(const char *figure, const char *address)
{
    return strstr(figure, "udp") ? linux_datagrams(figure, address)
                                 : linux_bulk(figure, address, strstr(figure, "_out") != NULL);
}

int main(int argc, char **argv)
{
    bool ours = argc == 7 && !strcmp(argv[1], "weft");

    bench_fill(chunk, sizeof(chunk));
    if (argc == 3 && !strcmp(argv[1], "peer")) {
        share(argv[2]);
        return peer();
    }
    if (!ours && (argc != 5 || strcmp(argv[1], "linux"))) {
        fprintf(stderr, "usage: tap-bench peer FILE | linux FIGURE ADDRESS FILE |"
                        " weft FIGURE ADDRESS FILE SPEC OURS\n");
        return 2;
    }
    share(argv[4]);
    printf("%.6g\n", ours ? weft_measure(argv[2], argv[3], argv[5], argv[6]) : linux_measure(argv[2], argv[3]));
    return 0;
}
