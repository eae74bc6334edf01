/* SPDX-License-Identifier: MIT */
/*
 * A stack in a loop that is not ours: a program has its own epoll loop, here around its standard input, and takes a
 * weft stack in as one more thing to look after. No host and no thread: the device's descriptor and a timerfd stand in
 * the program's epoll set, and the engine's five verbs are called when they are ready.
 *
 * What the program does: it welcomes whoever connects, and tells each line of its input to them all.
 *
 *     own-loop DEVICE ADDRESS PORT         own-loop tap:wt0 10.9.0.2 7000
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <weft/driver.h>
#include <weft/sock.h>

enum { BATCH = 64, LISTENERS = 100 };

struct program {
    int epoll, timer;
    bool input_ended;

    weft_stack *stack;
    weft_driver *driver;
    weft_if *ifp;
    weft_pkt *unsent[BATCH]; /* the device was full: [first, n_unsent) */
    size_t first, n_unsent;

    weft_sock *listener;
    weft_sock *connected[LISTENERS];
    size_t n_connected;
};

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void sure(const char *what, int err)
{
    if (err < 0)
        fail(what, weft_strerror(err));
}

static weft_time now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_nsec;
}

/* ---- what the stack wants from outside ---- */

static void *give(void *ctx, size_t size, size_t align)
{
    (void)ctx;
    return aligned_alloc(align, (size + align - 1) / align * align);
}

static void take(void *ctx, void *memory, size_t size)
{
    (void)ctx, (void)size;
    free(memory);
}

static bool random_bytes(void *ctx, void *buf, size_t n)
{
    (void)ctx;
    return getrandom(buf, n, 0) == (ssize_t)n;
}

/* ---- packets ---- */

static void packets_in(struct program *p)
{
    weft_pkt *pkt[BATCH];
    int n = p->driver->ops->receive(p->driver, pkt, BATCH);

    if (n < 0)
        fail("device", "it went away");
    weft_input(p->ifp, pkt, (size_t)n, now());
}

/* All that the stack has to say, as far as the device takes it: the rest waits until epoll says that there is room. */
static void packets_out(struct program *p)
{
    struct epoll_event want = {.events = EPOLLIN, .data.fd = p->driver->fd};

    for (;;) {
        p->first += p->driver->ops->transmit(p->driver, p->unsent + p->first, p->n_unsent - p->first);
        if (p->first < p->n_unsent)
            break;
        p->first = 0;
        p->n_unsent = weft_output(p->ifp, p->unsent, BATCH, now());
        if (p->n_unsent == 0)
            break;
    }
    if (p->n_unsent)
        want.events |= EPOLLOUT;
    epoll_ctl(p->epoll, EPOLL_CTL_MOD, p->driver->fd, &want);
}

/* ---- sockets ---- */

static void welcome(struct program *p)
{
    weft_sock *sock;
    int err;

    while (p->n_connected < LISTENERS && (sock = weft_accept(p->listener, NULL, &err))) {
        weft_send(sock, "welcome\n", 8, 0);
        p->connected[p->n_connected++] = sock;
    }
}

/* Those who have left, or failed, are let go. What they say is not asked for. */
static void farewell(struct program *p)
{
    char ignored[512];
    size_t i = 0;

    while (i < p->n_connected) {
        weft_sock *sock = p->connected[i];
        int64_t n;

        while ((n = weft_recv(sock, ignored, sizeof ignored, 0)) > 0)
            ;
        if (n == WEFT_EAGAIN) {
            i++;
            continue;
        }
        weft_close(sock);
        p->connected[i] = p->connected[--p->n_connected];
    }
}

/* Whoever reads so slowly that a line finds no room misses it. */
static void tell_all(struct program *p, const char *line, size_t n)
{
    for (size_t i = 0; i < p->n_connected; i++)
        weft_send(p->connected[i], line, n, 0);
}

/* ---- the loop's side of it ---- */

/* After anything has happened: who became ready, what goes out, when to come again. */
static void settle(struct program *p)
{
    struct weft_event event[BATCH];
    struct itimerspec when = {0};
    weft_time next;

    while (weft_events(p->stack, event, BATCH) > 0) {
        welcome(p);
        farewell(p);
    }
    packets_out(p);
    next = weft_deadline(p->stack);
    if (next != WEFT_NEVER) {
        when.it_value.tv_sec = (time_t)(next / WEFT_S);
        when.it_value.tv_nsec = (long)(next % WEFT_S);
        if (next == 0)
            when.it_value.tv_nsec = 1; /* all zero would stop it */
    }
    timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void timer_rang(struct program *p)
{
    uint64_t times;

    if (read(p->timer, &times, sizeof times) == sizeof times)
        weft_tick(p->stack, now());
}

/* The program's own business. */
static void input_came(struct program *p)
{
    char line[1024];
    ssize_t n = read(STDIN_FILENO, line, sizeof line);

    weft_clock(p->stack, now()); /* before socket calls: what time is it? */
    if (n > 0) {
        tell_all(p, line, (size_t)n);
        return;
    }
    p->input_ended = true;
    epoll_ctl(p->epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
    for (size_t i = 0; i < p->n_connected; i++)
        weft_shutdown(p->connected[i], WEFT_SHUT_WR);
}

static void watch(struct program *p, int fd)
{
    struct epoll_event want = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &want) < 0)
        fail("epoll", strerror(errno));
}

static void loop(struct program *p)
{
    struct epoll_event event[8];
    int n;

    while (!p->input_ended || p->n_connected > 0) {
        settle(p);
        n = epoll_wait(p->epoll, event, 8, -1);
        for (int i = 0; i < n; i++) {
            if (event[i].data.fd == STDIN_FILENO)
                input_came(p);
            else if (event[i].data.fd == p->timer)
                timer_rang(p);
            else if (event[i].events & ~(unsigned)EPOLLOUT)
                packets_in(p);
        }
    }
    settle(p);
}

/* ---- beginning ---- */

static void begin(struct program *p, const char *device, const char *address)
{
    struct weft_env env = {.alloc = give, .free = take, .random = random_bytes};
    struct weft_ip ip;
    char why[256];
    int err = WEFT_ENOMEM;

    sure(address, weft_ip_parse(address, &ip));
    p->driver = weft_driver_open(device, true, why, sizeof why);
    if (!p->driver)
        fail(device, why);
    p->stack = weft_stack_new(&env, NULL, now(), &err);
    if (!p->stack)
        fail("stack", weft_strerror(err));
    p->driver->stack = p->stack;
    p->ifp = weft_if_new(p->stack, &p->driver->ifc, &err);
    if (!p->ifp)
        fail(device, weft_strerror(err));
    sure(address, weft_if_add_address(p->ifp, &ip, 24));
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    watch(p, STDIN_FILENO);
    watch(p, p->timer);
    watch(p, p->driver->fd);
}

static void open_door(struct program *p, uint16_t port)
{
    struct weft_addr any = {.port = port};
    int err = 0;

    p->listener = weft_socket(p->stack, WEFT_TCP, &err);
    sure("socket", err);
    sure("bind", weft_bind(p->listener, &any));
    sure("listen", weft_listen(p->listener, LISTENERS));
}

int main(int argc, char **argv)
{
    struct program p = {0};

    if (argc != 4) {
        fprintf(stderr, "usage: %s DEVICE ADDRESS PORT\n", argv[0]);
        return 2;
    }
    begin(&p, argv[1], argv[2]);
    open_door(&p, (uint16_t)strtoul(argv[3], NULL, 10));
    loop(&p);
    while (p.first < p.n_unsent)
        weft_pkt_release(p.unsent[p.first++]);
    p.driver->ops->close(p.driver); /* before the stack: it may hold packets of it */
    weft_stack_free(p.stack);
    return 0;
}
