/* SPDX-License-Identifier: MIT */
/*
 * Two stacks in one process and one thread, with a bad link between them, in virtual time: the engine alone (libweft),
 * no host, no device, no privilege. One sends a mebibyte to the other. Nothing here depends on anything but the seed:
 * each run is the same run.
 *
 *     two-stacks [SEED]
 */
#include <stdio.h>
#include <stdlib.h>
#include <weft/driver.h>
#include <weft/sock.h>

enum { PORT = 4000, BYTES = 1 << 20, MANY = 16 };

struct world {
    weft_time now;
    uint64_t chance;
    weft_stack *stack[2];
    weft_if *ifp[2];
    weft_wire *wire;
};

static void fail(const char *what, int err)
{
    fprintf(stderr, "%s: %s\n", what, weft_strerror(err));
    exit(1);
}

/* ---- what a stack wants from outside ---- */

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

/* Repeatable, as a simulation wants it. A stack on a real network needs what nobody can guess: getrandom. */
static bool repeatable(void *ctx, void *buf, size_t n)
{
    struct world *w = ctx;

    for (size_t i = 0; i < n; i++) {
        w->chance = w->chance * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)buf)[i] = (uint8_t)(w->chance >> 56);
    }
    return true;
}

/* ---- the two of them, and time ---- */

static void add_stack(struct world *w, int i, const struct weft_env *env)
{
    struct weft_if_config link = {.name = "link0", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip address = weft_ipv4(0x0a000001u + (unsigned)i);
    int err = 0;

    w->stack[i] = weft_stack_new(env, NULL, w->now, &err);
    if (w->stack[i])
        w->ifp[i] = weft_if_new(w->stack[i], &link, &err);
    if (!w->ifp[i] || (err = weft_if_add_address(w->ifp[i], &address, 24)) < 0)
        fail("stack", err);
}

static void begin(struct world *w, uint64_t seed)
{
    struct weft_impairment bad = {.bits_per_second = 20000000, .delay = 10 * WEFT_MS, .loss = 10000 /* 1 % */};
    struct weft_wire_config link = {.seed = seed, .direction = {bad, bad}};
    struct weft_env env = {.ctx = w, .alloc = give, .free = take, .random = repeatable};

    w->chance = seed;
    add_stack(w, 0, &env);
    add_stack(w, 1, &env);
    w->wire = weft_wire_new(&env, &link, w->ifp[0], w->ifp[1]);
    if (!w->wire)
        fail("wire", WEFT_ENOMEM);
}

/* Lets time pass until something is due: a packet's arrival, or somebody's timer. */
static void step(struct world *w)
{
    weft_time next = weft_wire_deadline(w->wire);

    for (int i = 0; i < 2; i++)
        if (weft_deadline(w->stack[i]) < next)
            next = weft_deadline(w->stack[i]);
    if (next == WEFT_NEVER)
        fail("nothing will ever happen again", WEFT_ETIMEDOUT);
    if (next > w->now)
        w->now = next;
    weft_tick(w->stack[0], w->now);
    weft_tick(w->stack[1], w->now);
    while (weft_wire_run(w->wire, w->now))
        ;
}

/* ---- sockets. What is to be done when one is ready is its cookie ---- */

struct party {
    void (*act)(struct party *);
    weft_sock *sock;
    size_t bytes; /* sent or received */
    bool done;
    struct party *guest; /* a listener's: who is it that comes? */
};

static void party_is(struct party *p, weft_sock *sock)
{
    p->sock = sock;
    weft_set_cookie(sock, p);
}

/* The byte that stands at this place of the stream. */
static uint8_t pattern(size_t at)
{
    return (uint8_t)(at * 7 + at / 251);
}

static void send_more(struct party *p)
{
    uint8_t text[1000];
    size_t n = BYTES - p->bytes < sizeof text ? BYTES - p->bytes : sizeof text;
    int64_t sent = 0;

    while (n > 0 && sent >= 0) {
        for (size_t i = 0; i < n; i++)
            text[i] = pattern(p->bytes + i);
        sent = weft_send(p->sock, text, n, 0);
        p->bytes += sent > 0 ? (size_t)sent : 0;
        n = BYTES - p->bytes < sizeof text ? BYTES - p->bytes : sizeof text;
    }
    if (sent < 0 && sent != WEFT_EAGAIN)
        fail("send", (int)sent);
    if (n == 0 && !p->done) {
        weft_shutdown(p->sock, WEFT_SHUT_WR);
        p->done = true;
    }
}

static void receive(struct party *p)
{
    uint8_t text[4096];
    int64_t n;

    while ((n = weft_recv(p->sock, text, sizeof text, 0)) > 0)
        for (int64_t i = 0; i < n; i++)
            if (text[i] != pattern(p->bytes++))
                fail("a byte that nobody sent", WEFT_EPROTO);
    if (n < 0 && n != WEFT_EAGAIN)
        fail("recv", (int)n);
    p->done = n == 0;
}

static void welcome(struct party *p)
{
    int err = 0;
    weft_sock *sock = weft_accept(p->sock, NULL, &err);

    if (!sock)
        fail("accept", err);
    party_is(p->guest, sock);
    receive(p->guest); /* what came with it is no news any more */
}

static void act(weft_stack *stack)
{
    struct weft_event event[MANY];
    size_t n = weft_events(stack, event, MANY);

    for (size_t i = 0; i < n; i++) {
        struct party *p = event[i].cookie;

        p->act(p);
    }
}

static weft_sock *new_socket(weft_stack *stack)
{
    int err = 0;
    weft_sock *sock = weft_socket(stack, WEFT_TCP, &err);

    if (!sock)
        fail("socket", err);
    return sock;
}

/* ---- the story ---- */

int main(int argc, char **argv)
{
    struct world w = {0};
    struct party receiver = {.act = receive}, sender = {.act = send_more};
    struct party listener = {.act = welcome, .guest = &receiver};
    struct weft_addr server = {weft_ipv4(0x0a000002), PORT}, any = {.port = PORT};
    struct weft_lane_stats lane;
    int err;

    begin(&w, argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
    party_is(&listener, new_socket(w.stack[1]));
    party_is(&sender, new_socket(w.stack[0]));
    if ((err = weft_bind(listener.sock, &any)) < 0 || (err = weft_listen(listener.sock, 1)) < 0)
        fail("listen", err);
    if ((err = weft_connect(sender.sock, &server)) != WEFT_EINPROGRESS)
        fail("connect", err);
    while (!receiver.done) {
        step(&w);
        act(w.stack[0]);
        act(w.stack[1]);
    }
    weft_wire_stats(w.wire, 0, &lane);
    printf("%zu bytes in %.3f s, %llu of %llu packets lost\n", receiver.bytes, (double)w.now / 1e9,
           (unsigned long long)lane.lost, (unsigned long long)lane.sent);
    weft_wire_free(w.wire);
    weft_stack_free(w.stack[0]);
    weft_stack_free(w.stack[1]);
    return receiver.bytes == BYTES ? 0 : 1;
}
