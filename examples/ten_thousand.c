/* SPDX-License-Identifier: MIT */
/*
 * An event-driven echo server that holds ten thousand connections in one thread. It is an ordinary program with epoll;
 * its descriptors are weft's. Its clients are on a second host of the same process, joined to the first by a pair of
 * sockets: they all connect, then all speak at once, then all leave.
 *
 *     ten-thousand [CONNECTIONS]
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <weft/unp.h>

enum { PORT = 7, BATCH = 256, SAYING = 24, CROWDS = 16 };

/* ---- the server ---- */

struct server {
    int listener, epoll;
    unsigned held, most; /* connections now, and at most */
    unsigned left;       /* that have come and gone */
};

static void watch(struct server *s, int fd)
{
    struct epoll_event want = {.events = EPOLLIN, .data.fd = fd};

    weft_unp_must("epoll_ctl", weft_posix_epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &want));
}

/* Takes all who wait, since the listener is told of only while somebody does. */
static void welcome(struct server *s)
{
    int fd;

    while ((fd = weft_posix_accept4(s->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        watch(s, fd);
        if (++s->held > s->most)
            s->most = s->held;
    }
    if (errno != EAGAIN && errno != ECONNABORTED)
        weft_unp_err_sys("accept");
}

/* Returns what it read. A few bytes find room in an empty send buffer: a server of long answers would have to wait. */
static void echo(struct server *s, int fd)
{
    char text[512];
    ssize_t n = weft_posix_read(fd, text, sizeof text);

    if (n > 0 && weft_posix_write(fd, text, (size_t)n) == n)
        return;
    if (n < 0 && errno == EAGAIN)
        return;
    weft_posix_close(fd); /* which takes it out of the epoll set, too */
    s->held--;
    s->left++;
}

/* Until so many have come and gone. */
static void serve(struct server *s, unsigned connections)
{
    struct epoll_event event[BATCH];
    int n;

    while (s->left < connections) {
        n = (int)weft_unp_must("epoll_wait", weft_posix_epoll_wait(s->epoll, event, BATCH, -1));
        for (int i = 0; i < n; i++) {
            if (event[i].data.fd == s->listener)
                welcome(s);
            else
                echo(s, event[i].data.fd);
        }
    }
}

static void server_begin(struct server *s, weft_host *host)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = (int)weft_unp_must("socket", weft_posix_socket_on(host, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));

    weft_unp_must("bind", weft_posix_bind(fd, (struct sockaddr *)&any, sizeof any));
    weft_unp_must("listen", weft_posix_listen(fd, 1024));
    s->listener = fd;
    s->epoll = (int)weft_unp_must("epoll_create", weft_posix_epoll_create1(0));
    watch(s, fd);
}

/* ---- its clients, with the host's own numbers for sockets: they cost no descriptors ---- */

struct clients {
    weft_host *host;
    unsigned first, n; /* its own, of all there are */
    int *socket;
    pthread_barrier_t *all_are_there;
};

/* Host calls give negative errors. */
static int64_t sure(const char *what, int64_t result)
{
    if (result < 0)
        weft_unp_err_quit("%s: %s", what, weft_strerror((int)result));
    return result;
}

static void all_connect(const struct clients *c)
{
    struct weft_addr server = {weft_ipv4(0x0a090001), PORT};

    for (unsigned i = 0; i < c->n; i++) {
        c->socket[i] = (int)sure("socket", weft_host_socket(c->host, WEFT_TCP));
        sure("connect", weft_host_connect(c->host, c->socket[i], &server, 20 * WEFT_S));
    }
}

static void all_speak(const struct clients *c)
{
    char text[SAYING];

    for (unsigned i = 0; i < c->n; i++) {
        snprintf(text, sizeof text, "I am no. %-10u", c->first + i);
        sure("send", weft_host_send(c->host, c->socket[i], text, SAYING, 20 * WEFT_S));
    }
}

/* Does each get back what it said, and nobody else's? */
static void all_hear(const struct clients *c)
{
    char said[SAYING], heard[SAYING];
    size_t n;

    for (unsigned i = 0; i < c->n; i++) {
        snprintf(said, sizeof said, "I am no. %-10u", c->first + i);
        for (n = 0; n < SAYING; n += (size_t)sure("recv", weft_host_recv(c->host, c->socket[i], heard + n, SAYING - n,
                                                                       20 * WEFT_S)))
            ;
        if (memcmp(said, heard, SAYING) != 0)
            weft_unp_err_quit("client %u heard '%.24s'", c->first + i, heard);
    }
}

/* One thread for some of them: blocking calls take turns. */
static void *clients_run(void *arg)
{
    const struct clients *c = arg;

    all_connect(c);
    pthread_barrier_wait(c->all_are_there);
    all_speak(c);
    all_hear(c);
    for (unsigned i = 0; i < c->n; i++)
        weft_host_close(c->host, c->socket[i]);
    return NULL;
}

struct crowd {
    struct clients part[CROWDS];
    pthread_t thread[CROWDS];
    pthread_barrier_t all_are_there;
    int *socket;
};

static void crowd_begin(struct crowd *c, weft_host *host, unsigned n)
{
    c->socket = weft_unp_must_have("calloc", calloc(n, sizeof(int)));
    pthread_barrier_init(&c->all_are_there, NULL, CROWDS);
    for (unsigned i = 0; i < CROWDS; i++) {
        unsigned first = n * i / CROWDS, end = n * (i + 1) / CROWDS;

        c->part[i] = (struct clients){host, first, end - first, c->socket + first, &c->all_are_there};
        if (pthread_create(&c->thread[i], NULL, clients_run, &c->part[i]) != 0)
            weft_unp_err_quit("no thread");
    }
}

static void crowd_end(struct crowd *c)
{
    for (unsigned i = 0; i < CROWDS; i++)
        pthread_join(c->thread[i], NULL);
    pthread_barrier_destroy(&c->all_are_there);
    free(c->socket);
}

/* ---- the two hosts ---- */

static weft_host *host_on(weft_driver *driver, const char *address)
{
    char why[256];
    weft_host *host = weft_host_new(NULL, why, sizeof why);

    if (!host || weft_host_add_driver(host, driver, address, why, sizeof why) < 0 ||
        weft_host_start(host, why, sizeof why) < 0)
        weft_unp_err_quit("%s", why);
    return host;
}

/* One descriptor for each connection, and some. */
static void want_descriptors(unsigned n)
{
    struct rlimit limit;

    weft_unp_must("getrlimit", getrlimit(RLIMIT_NOFILE, &limit));
    if (limit.rlim_max < n) {
        fprintf(stderr, "skip: lacks descriptors: %u are needed, the limit is %lu\n", n, (unsigned long)limit.rlim_max);
        exit(77);
    }
    if (limit.rlim_cur < n)
        limit.rlim_cur = n;
    weft_unp_must("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    struct server server = {0};
    struct crowd crowd;
    weft_host *here, *there;
    weft_driver *end[2];

    if (n == 0 || n > 25000) {
        fprintf(stderr, "usage: %s [CONNECTIONS], 1 to 25000: a client has no more ports\n", argv[0]);
        return 2;
    }
    want_descriptors(n + 64);
    if (!weft_pair_open(end))
        weft_unp_err_sys("pair");
    here = host_on(end[0], "10.9.0.1/24");
    there = host_on(end[1], "10.9.0.2/24");
    server_begin(&server, here);
    crowd_begin(&crowd, there, n);
    serve(&server, n);
    crowd_end(&crowd);
    printf("%u connections at once, each heard what it said\n", server.most);
    weft_host_free(there);
    weft_host_free(here);
    return server.most == n ? 0 : 1;
}
