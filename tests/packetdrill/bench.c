/* SPDX-License-Identifier: MIT */
/* See bench.h. */
#include "bench.h"

#include <arpa/inet.h>
#include <dlfcn.h>

static const char local4[] = "192.168.0.1", remote4[] = "192.0.2.1";
static const char local6[] = "fd3d:fa7b:d17d::1", remote6[] = "fd3d:fa7b:d17d:8888::2";

/* ---- loading ---- */

void bench_open(struct bench *b, const char *flags)
{
    union {
        void *found;
        void (*call)(const char *, struct packetdrill_interface *);
    } init;
    const char *path = getenv("WEFT_PACKETDRILL");
    void **slot = (void **)&b->t;
    int how = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;

#ifndef __SANITIZE_ADDRESS__ /* the sanitizer refuses this one */
    how |= RTLD_DEEPBIND;
#endif
    assert_non_null(path);
    b->library = dlopen(path, how);
    if (!b->library)
        fprintf(stderr, "%s\n", dlerror());
    assert_non_null(b->library);
    init.found = dlsym(b->library, "packetdrill_interface_init");
    assert_non_null(init.found);
    memset(&b->t, 0, sizeof b->t);
    b->v6 = flags && strchr(flags, ':');
    init.call(flags ? flags : "local=192.168.0.1,gw=192.168.0.2,mtu=1500,profile=linux,tso=0,sysctls=none", &b->t);
    assert_int_equal(sizeof b->t, 33 * sizeof(void *));
    for (int i = 0; i < 33; i++)
        assert_non_null(slot[i]);
}

void bench_close(struct bench *b)
{
    b->t.free(b->t.userdata);
    dlclose(b->library);
}

/* ---- bytes ---- */

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static uint16_t sum(uint32_t start, const uint8_t *p, size_t n)
{
    uint64_t total = start;

    for (size_t i = 0; i + 1 < n; i += 2)
        total += get16(p + i);
    if (n & 1)
        total += (uint32_t)p[n - 1] << 8;
    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    return (uint16_t)total;
}

/* ---- IP ---- */

#define HEADER(v6) ((v6) ? 40u : 20u)

static size_t write_ip(bool v6, uint8_t *b, uint8_t proto, size_t n)
{
    memset(b, 0, HEADER(v6));
    if (v6) {
        b[0] = 0x60;
        put16(b + 4, (uint32_t)n);
        b[6] = proto;
        b[7] = 64;
        inet_pton(AF_INET6, remote6, b + 8);
        inet_pton(AF_INET6, local6, b + 24);
    } else {
        b[0] = 0x45;
        put16(b + 2, (uint32_t)(20 + n));
        b[8] = 64;
        b[9] = proto;
        inet_pton(AF_INET, remote4, b + 12);
        inet_pton(AF_INET, local4, b + 16);
        put16(b + 10, (uint16_t)~sum(0, b, 20));
    }
    return HEADER(v6);
}

/* The sum over the pseudo header, whose addresses stand in the datagram. */
static uint32_t pseudo(bool v6, const uint8_t *datagram, uint8_t proto, size_t n)
{
    return sum(proto + (uint32_t)n, datagram + (v6 ? 8 : 12), v6 ? 32 : 8);
}

static void send_transport(struct bench *b, uint8_t *datagram, uint8_t proto, size_t n, size_t sum_at)
{
    size_t header = write_ip(b->v6, datagram, proto, n);

    put16(datagram + header + sum_at, 0);
    put16(datagram + header + sum_at,
          (uint16_t)~sum(pseudo(b->v6, datagram, proto, n), datagram + header, n));
    assert_int_equal(b->t.netdev_send(b->t.userdata, datagram, header + n), 0);
}

/* ---- TCP and UDP ---- */

void bench_in(struct bench *b, const struct segment *s)
{
    static uint8_t datagram[70000];
    uint8_t *t = datagram + HEADER(b->v6);
    size_t n_options = (s->n_options + 3) & ~(size_t)3;

    memset(t, 0, 20 + n_options);
    put16(t, s->from);
    put16(t + 2, s->to);
    put32(t + 4, s->seq);
    put32(t + 8, s->ack);
    t[12] = (uint8_t)((20 + n_options) / 4 << 4);
    t[13] = s->flags;
    put16(t + 14, s->window);
    put16(t + 18, s->urgent);
    memcpy(t + 20, s->options, s->n_options);
    memcpy(t + 20 + n_options, s->payload, s->n);
    send_transport(b, datagram, IPPROTO_TCP, 20 + n_options + s->n, 16);
}

void bench_in_udp(struct bench *b, uint16_t from, uint16_t to, const void *payload, size_t n)
{
    uint8_t datagram[2048], *u = datagram + HEADER(b->v6);

    put16(u, from);
    put16(u + 2, to);
    put16(u + 4, (uint32_t)(8 + n));
    memcpy(u + 8, payload, n);
    send_transport(b, datagram, IPPROTO_UDP, 8 + n, 6);
}

size_t bench_out_raw(struct bench *b, uint8_t *buf, size_t n)
{
    long long at;

    assert_int_equal(b->t.netdev_receive(b->t.userdata, buf, &n, &at), 0);
    return n;
}

void bench_out(struct bench *b, struct segment *s)
{
    static uint8_t datagram[70000];
    size_t n = sizeof datagram, header;
    const uint8_t *t;

    assert_int_equal(b->t.netdev_receive(b->t.userdata, datagram, &n, &s->at), 0);
    s->v6 = datagram[0] >> 4 == 6;
    header = HEADER(s->v6);
    assert_true(n >= header + 20);
    if (s->v6) {
        assert_int_equal(get16(datagram + 4), n - 40);
        assert_int_equal(datagram[6], IPPROTO_TCP);
    } else {
        assert_int_equal(sum(0, datagram, 20), 0xffff);
        assert_int_equal(get16(datagram + 2), n);
        assert_int_equal(datagram[9], IPPROTO_TCP);
    }
    t = datagram + header;
    n -= header;
    assert_int_equal(sum(pseudo(s->v6, datagram, IPPROTO_TCP, n), t, n), 0xffff);
    s->from = get16(t);
    s->to = get16(t + 2);
    s->seq = get32(t + 4);
    s->ack = get32(t + 8);
    s->flags = t[13];
    s->window = get16(t + 14);
    s->urgent = get16(t + 18);
    s->n_options = (size_t)(t[12] >> 4) * 4 - 20;
    memcpy(s->options, t + 20, s->n_options);
    s->n = n - 20 - s->n_options;
    memcpy(s->payload, t + 20 + s->n_options, s->n);
}

/* ---- connections ---- */

struct sockaddr_in bench_addr(const char *ip, uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

    inet_pton(AF_INET, ip, &a.sin_addr);
    return a;
}

struct sockaddr_in6 bench_addr6(const char *ip, uint16_t port)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    inet_pton(AF_INET6, ip, &a.sin6_addr);
    return a;
}

int bench_listener(struct bench *b, int backlog)
{
    struct sockaddr_in any = bench_addr("0.0.0.0", LOCAL_PORT);
    struct sockaddr_in6 any6 = bench_addr6("::", LOCAL_PORT);
    int fd = b->t.socket(b->t.userdata, b->v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 1000);
    if (b->v6)
        assert_int_equal(b->t.bind(b->t.userdata, fd, (struct sockaddr *)&any6, sizeof any6), 0);
    else
        assert_int_equal(b->t.bind(b->t.userdata, fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(b->t.listen(b->t.userdata, fd, backlog), 0);
    return fd;
}

void peer_handshake(struct bench *b, struct peer *p, uint16_t port)
{
    peer_far_handshake(b, p, port, 0);
}

void peer_far_handshake(struct bench *b, struct peer *p, uint16_t port, useconds_t rtt)
{
    struct segment *s = calloc(1, sizeof *s);
    static const uint8_t options[] = {2, 4, 1000 >> 8, 1000 & 255, 1, 1, 4, 2, 1, 3, 3, 7}; /* mss, sackOK, wscale */

    *p = (struct peer){.b = b, .fd = -1, .local = LOCAL_PORT, .remote = port, .seq = PEER_ISN, .window = 257};
    *s = (struct segment){.from = port, .to = LOCAL_PORT, .seq = PEER_ISN, .flags = S, .window = 32792,
                          .n_options = sizeof options};
    memcpy(s->options, options, sizeof options);
    bench_in(b, s);
    bench_out(b, s);
    assert_int_equal(s->flags, S | A);
    assert_int_equal(s->ack, PEER_ISN + 1);
    assert_int_equal(s->to, port);
    p->seq++;
    p->ack = s->seq + 1;
    free(s);
    if (rtt)
        b->t.usleep(b->t.userdata, rtt);
    peer_ack(p);
}

void peer_accept(struct bench *b, int listener, struct peer *p)
{
    struct sockaddr_storage from;
    socklen_t n = sizeof from;

    peer_handshake(b, p, PEER_PORT);
    p->fd = b->t.accept(b->t.userdata, listener, (struct sockaddr *)&from, &n);
    assert_true(p->fd >= 1000);
    if (b->v6)
        assert_int_equal(ntohs(((struct sockaddr_in6 *)&from)->sin6_port), PEER_PORT);
    else
        assert_int_equal(ntohs(((struct sockaddr_in *)&from)->sin_port), PEER_PORT);
    assert_int_equal(n, b->v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
}

void peer_open(struct bench *b, struct peer *p)
{
    int listener = bench_listener(b, 5);

    peer_accept(b, listener, p);
    assert_int_equal(b->t.close(b->t.userdata, listener), 0);
}

void peer_send(struct peer *p, uint8_t flags, size_t n)
{
    struct segment *s = calloc(1, sizeof *s);

    *s = (struct segment){.from = p->remote, .to = p->local, .seq = p->seq, .ack = p->ack, .flags = flags,
                          .window = p->window, .n = n};
    memset(s->payload, 'x', n);
    bench_in(p->b, s);
    p->seq += (uint32_t)n + (flags & F ? 1 : 0);
    free(s);
}

void peer_ack(struct peer *p)
{
    peer_send(p, A, 0);
}

void peer_expect(struct peer *p, uint8_t flags, size_t n, struct segment *out)
{
    struct segment *s = calloc(1, sizeof *s);

    bench_out(p->b, s);
    assert_int_equal(s->from, p->local);
    assert_int_equal(s->to, p->remote);
    assert_int_equal(s->flags, flags);
    assert_int_equal(s->n, n);
    assert_int_equal(s->seq, p->ack);
    if (!(flags & R))
        assert_int_equal(s->ack, p->seq);
    p->ack += (uint32_t)n + (flags & F ? 1 : 0);
    if (out)
        *out = *s;
    free(s);
}

/* ---- time and threads ---- */

long long bench_slack(void)
{
    return getenv("WEFT_PACKETDRILL_KERNEL") ? 250000 : 10;
}

long long bench_now(struct bench *b)
{
    struct timeval tv;

    assert_int_equal(b->t.gettimeofday(b->t.userdata, &tv, NULL), 0);
    return tv.tv_sec * 1000000ll + tv.tv_usec;
}

static void *task_run(void *argument)
{
    struct task *t = argument;

    t->begun = bench_now(t->b);
    t->id = gettid();
    errno = 0;
    t->result = t->run(t->b, t->argument);
    t->error = errno;
    t->ended = bench_now(t->b);
    return NULL;
}

static char state_of(pid_t id)
{
    char path[64], text[256], *state;
    FILE *f;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)id);
    f = fopen(path, "r");
    if (!f)
        return 0;
    state = fgets(text, sizeof text, f) ? strrchr(text, ')') : NULL;
    fclose(f);
    return state ? state[2] : 0;
}

void task_begin(struct task *t)
{
    t->id = 0;
    assert_int_equal(pthread_create(&t->thread, NULL, task_run, t), 0);
    while (!t->id || state_of(t->id) != 'S')
        usleep(100);
}

void task_end(struct task *t)
{
    pthread_join(t->thread, NULL);
}
