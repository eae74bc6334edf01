/* SPDX-License-Identifier: MIT */
/*
 * weft nc: joins standard input and output with a TCP or UDP socket.
 *
 * The end of input becomes a half-close; the command ends when both directions have. One loop waits for the socket and,
 * through an epoll descriptor, for input and for the order to end. Input that epoll refuses (a file) can always be
 * read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cmd/cmd.h"

#define BUFFER (256 * 1024)

enum { SOURCE = 256 }; /* options without a letter */

struct nc_opts {
    bool listen, udp, numeric, v4, v6;
    uint16_t local_port, port;
    struct weft_ip ip;
    bool has_ip, has_source;
    struct weft_ip source; /* of a group: hear only this one */
    weft_time timeout; /* 0: none */
    unsigned n_args;
};

static const struct argp_option nc_options[] = {
    {"listen", 'l', NULL, 0, "Wait for one connection (or UDP peer) instead of making one", 1},
    {"udp", 'u', NULL, 0, "UDP instead of TCP", 1},
    {"source-port", 'p', "PORT", 0, "Local port", 1},
    {NULL, '4', NULL, 0, "Only IPv4", 1},
    {NULL, '6', NULL, 0, "Only IPv6", 1},
    {"source", SOURCE, "ADDR", 0, "Of a group hear only this source", 1},
    {"wait", 'w', "SECONDS", 0, "Give up when connecting, or silence, takes longer", 1},
    {NULL, 'N', NULL, 0, "Half-close at the end of input (always done; for the originals' sake)", 1},
    {NULL, 'n', NULL, 0, "Addresses are numbers (they always are)", 1},
    {0},
};

/* ADDR PORT; with -l: [ADDR] PORT, or -p PORT alone. */
static error_t take_arg(struct argp_state *state, struct nc_opts *o, const char *arg)
{
    if (o->n_args++ == 0 && !(o->listen && !strpbrk(arg, ".:"))) {
        o->has_ip = true;
        return args_ip(state, arg, &o->ip);
    }
    if (o->port)
        return args_error(state, "unexpected argument '%s'", arg);
    return args_port(state, arg, &o->port);
}

static bool is_group(const struct weft_ip *ip)
{
    return weft_ip_is_v4(ip) ? ip->b[12] >> 4 == 14 : ip->b[0] == 0xff;
}

/* Does it listen to a group, which -l with a group's address says? */
static bool hears_group(const struct nc_opts *o) { return o->listen && o->has_ip && is_group(&o->ip); }

static error_t check_group(struct argp_state *state, const struct nc_opts *o)
{
    if (o->has_ip && is_group(&o->ip) && !o->udp)
        return args_error(state, "groups are for UDP: give -u");
    if (o->has_source && !hears_group(o))
        return args_error(state, "--source goes with -l and the address of a group");
    if (o->has_source && weft_ip_is_v4(&o->source) != weft_ip_is_v4(&o->ip))
        return args_error(state, "a source of the other family than its group");
    return 0;
}

static error_t check_nc(struct argp_state *state, struct nc_opts *o)
{
    if (o->listen && o->port && o->local_port)
        return args_error(state, "two local ports: give -p PORT or PORT");
    if (o->listen && !o->port)
        o->port = o->local_port;
    if (!o->port)
        return args_error(state, o->listen ? "needs a PORT to listen on" : "needs ADDR PORT");
    if (!o->listen && !o->has_ip)
        return args_error(state, "needs ADDR PORT");
    if ((o->v4 && o->v6) || (o->has_ip && (weft_ip_is_v4(&o->ip) ? o->v6 : o->v4)))
        return args_error(state, "-4 and -6 exclude each other, and addresses of the other family");
    return check_group(state, o);
}

static error_t parse_nc(int key, char *arg, struct argp_state *state)
{
    struct nc_opts *o = args_opts(state);

    switch (key) {
    case 'l':
        o->listen = true;
        return 0;
    case 'u':
        o->udp = true;
        return 0;
    case 'p':
        return args_port(state, arg, &o->local_port);
    case 'w':
        return args_seconds(state, "time", arg, &o->timeout);
    case SOURCE:
        o->has_source = true;
        return args_ip(state, arg, &o->source);
    case '4':
        o->v4 = true;
        return 0;
    case '6':
        o->v6 = true;
        return 0;
    case 'N':
    case 'n':
        return 0;
    case ARGP_KEY_ARG:
        return take_arg(state, o, arg);
    case ARGP_KEY_END:
        return check_nc(state, o);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the two directions ---- */

struct nc {
    struct cmd_ctx *ctx;
    const struct nc_opts *o;
    int s;
    int waiter;          /* epoll: hangup, and input where it can be waited for */
    bool input_ready;    /* a file: always */
    bool input_armed;    /* the waiter watches it */
    bool input_is_file;
    bool in_over, out_over;
    bool has_peer;       /* UDP: somebody to send to */
    uint8_t *out_buf, *in_buf;
    size_t in_at, in_len;
    weft_time active;    /* when something last moved: -w counts from here */
    int error;           /* of the socket, negative: the end */
    int send_error;      /* sending has failed; what came before may still be read */
};

static bool watch(struct nc *nc, int op, int fd)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(nc->waiter, op, fd, &ev) == 0;
}

/* Watches the input exactly while we have room for it. */
static void arm_input(struct nc *nc, bool on)
{
    if (nc->input_is_file || nc->input_armed == on)
        return;
    if (watch(nc, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, nc->ctx->in))
        nc->input_armed = on;
    else if (on)
        nc->input_is_file = true;
}

static bool wants_input(const struct nc *nc)
{
    return !nc->in_over && nc->in_len == 0 && nc->has_peer;
}

static void end_input(struct nc *nc)
{
    arm_input(nc, false);
    nc->in_over = true;
    if (!nc->o->udp)
        weft_host_shutdown(nc->ctx->host, nc->s, WEFT_SHUT_WR);
}

static void read_input(struct nc *nc)
{
    ssize_t n = read(nc->ctx->in, nc->in_buf, nc->o->udp ? 16384 : BUFFER);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        end_input(nc);
        return;
    }
    nc->in_at = 0;
    nc->in_len = (size_t)n;
}

static void send_input(struct nc *nc)
{
    int64_t n = weft_host_send(nc->ctx->host, nc->s, nc->in_buf + nc->in_at, nc->in_len, 0);

    if (n == WEFT_EAGAIN)
        return;
    if (n < 0) {
        nc->send_error = (int)n;
        nc->in_over = true;
        n = (int64_t)nc->in_len;
    }
    nc->in_at += (size_t)n;
    nc->in_len -= (size_t)n;
}

static bool write_all(int fd, const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t w = write(fd, p, n);

        if (w < 0 && errno != EINTR)
            return false;
        if (w > 0) {
            p += w;
            n -= (size_t)w;
        }
    }
    return true;
}

/* The peer said all it had to say. Somebody at a terminal expects that to be the end. */
static void end_output(struct nc *nc)
{
    nc->out_over = true;
    if (nc->ctx->tty)
        end_input(nc);
}

static void receive(struct nc *nc)
{
    struct weft_addr from;
    int64_t n = nc->o->udp && !nc->has_peer ? weft_host_recvfrom(nc->ctx->host, nc->s, nc->out_buf, BUFFER, &from, 0)
                                            : weft_host_recv(nc->ctx->host, nc->s, nc->out_buf, BUFFER, 0);

    if (n == WEFT_EAGAIN)
        return;
    if (n < 0) {
        nc->error = nc->send_error ? nc->send_error : (int)n;
        return;
    }
    if (nc->o->udp && !nc->has_peer && !hears_group(nc->o)) {
        nc->error = weft_host_connect(nc->ctx->host, nc->s, &from, WEFT_NEVER);
        nc->has_peer = true;
    }
    if (n == 0 && !nc->o->udp)
        end_output(nc);
    else if (!write_all(nc->ctx->out_fd, nc->out_buf, (size_t)n))
        nc->out_over = nc->in_over = true;
}

static bool finished(const struct nc *nc)
{
    if (nc->error || (nc->in_over && nc->out_over))
        return true;
    return nc->o->udp && nc->in_over && !nc->o->timeout; /* no end of data in UDP: sent is done, unless -w waits */
}

/* What the waiter says; false when it is time to end. */
static bool input_arrived(struct nc *nc)
{
    struct epoll_event ev[2];
    int i, n = epoll_wait(nc->waiter, ev, 2, 0);

    if (n > 0)
        nc->active = weft_host_now(nc->ctx->host);
    for (i = 0; i < n; i++) {
        if (ev[i].data.fd == nc->ctx->hangup)
            return false;
        if (wants_input(nc))
            read_input(nc);
    }
    return true;
}

/* How long to wait for something to move; zero when the time of -w is up. */
static weft_time patience(const struct nc *nc)
{
    weft_time idle = weft_host_now(nc->ctx->host) - nc->active;

    if (nc->input_is_file && wants_input(nc))
        return 0;
    if (!nc->o->timeout)
        return WEFT_NEVER;
    return idle < nc->o->timeout ? nc->o->timeout - idle : 0;
}

/* One wait and what follows from it; false when it is over. */
static bool nc_round(struct nc *nc)
{
    struct weft_host_poll p = {.s = nc->s};
    int n;

    arm_input(nc, wants_input(nc));
    if (nc->input_is_file && wants_input(nc))
        read_input(nc);
    p.want = (nc->out_over ? 0u : WEFT_READABLE) | (nc->in_len ? WEFT_WRITABLE : 0u);
    n = weft_host_poll(nc->ctx->host, &p, 1, nc->waiter, patience(nc));
    if (n > 0)
        nc->active = weft_host_now(nc->ctx->host);
    if (n < 0)
        nc->error = n;
    if (!input_arrived(nc))
        return false;
    if (p.ready & WEFT_WRITABLE || (p.ready & WEFT_ERROR && nc->in_len))
        send_input(nc);
    if (p.ready & ~(unsigned)WEFT_WRITABLE && !nc->out_over)
        receive(nc);
    else if (p.ready & WEFT_ERROR && !nc->send_error)
        nc->error = WEFT_ECONNRESET;
    else if (p.ready & WEFT_HANGUP)
        nc->in_over = true; /* nobody would hear it */
    return !finished(nc) && ((nc->input_is_file && wants_input(nc)) || nc->in_len || patience(nc));
}

static int transfer(struct nc *nc)
{
    struct cmd_ctx *ctx = nc->ctx;
    int status = CMD_FAILED;

    nc->waiter = epoll_create1(EPOLL_CLOEXEC);
    nc->in_buf = malloc(BUFFER);
    nc->out_buf = malloc(BUFFER);
    if (nc->waiter < 0 || !nc->in_buf || !nc->out_buf) {
        cmd_fail(ctx, status, "out of memory or descriptors");
    } else {
        if (ctx->hangup >= 0)
            watch(nc, EPOLL_CTL_ADD, ctx->hangup);
        nc->active = weft_host_now(ctx->host);
        while (nc_round(nc))
            ;
        if (!nc->error)
            nc->error = nc->send_error;
        status = nc->error ? cmd_fail(ctx, CMD_FAILED, "%s", weft_strerror(nc->error)) : 0;
    }
    if (nc->waiter >= 0)
        close(nc->waiter);
    free(nc->in_buf);
    free(nc->out_buf);
    return status;
}

/* ---- getting a socket ---- */

static void label(struct nc *nc)
{
    char text[32];

    snprintf(text, sizeof text, "%d/nc", nc->ctx->pid);
    weft_host_label(nc->ctx->host, nc->s, text);
}

static int accept_one(struct nc *nc, weft_time timeout)
{
    struct weft_host_poll p = {.s = nc->s, .want = WEFT_READABLE};
    struct weft_addr peer;
    int n;

    n = weft_host_poll(nc->ctx->host, &p, 1, nc->ctx->hangup, timeout ? timeout : WEFT_NEVER);
    if (n <= 0)
        return n < 0 ? n : WEFT_ETIMEDOUT;
    return weft_host_accept(nc->ctx->host, nc->s, &peer, 0);
}

/* Of which family? Whoever listens without an address hears both, unless told otherwise. */
static bool is_v4(const struct nc_opts *o)
{
    return o->has_ip ? weft_ip_is_v4(&o->ip) : o->v4;
}

static struct weft_ip any_of(const struct nc_opts *o)
{
    return is_v4(o) ? weft_ipv4(0) : (struct weft_ip){{0}};
}

static int join_group(struct nc *nc)
{
    struct weft_group g = {.group = nc->o->ip, .source = nc->o->source};

    return weft_host_setsockopt(nc->ctx->host, nc->s, is_v4(nc->o) ? WEFT_SOL_IP : WEFT_SOL_IPV6,
                                nc->o->has_source ? WEFT_MCAST_JOIN_SOURCE_GROUP : WEFT_MCAST_JOIN_GROUP, &g, sizeof g);
}

static int start_listening(struct nc *nc)
{
    const struct nc_opts *o = nc->o;
    struct weft_addr local = {.ip = o->has_ip ? o->ip : any_of(o), .port = o->port};
    const int on = 1;
    int err, s;

    weft_host_setsockopt(nc->ctx->host, nc->s, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, &on, sizeof on);
    if (o->v6)
        weft_host_setsockopt(nc->ctx->host, nc->s, WEFT_SOL_IPV6, WEFT_IPV6_V6ONLY, &on, sizeof on);
    err = weft_host_bind(nc->ctx->host, nc->s, &local);
    if (err == 0 && hears_group(o))
        err = join_group(nc);
    if (err < 0 || o->udp)
        return err;
    err = weft_host_listen(nc->ctx->host, nc->s, 1);
    if (err < 0)
        return err;
    s = accept_one(nc, o->timeout);
    if (s < 0)
        return s;
    weft_host_close(nc->ctx->host, nc->s);
    nc->s = s;
    nc->has_peer = true;
    return 0;
}

/* Waits for a connection under way, or the order to end. */
static int await_connection(struct nc *nc, weft_time timeout)
{
    struct weft_host_poll p = {.s = nc->s, .want = WEFT_WRITABLE};
    int n = weft_host_poll(nc->ctx->host, &p, 1, nc->ctx->hangup, timeout);
    uint8_t byte;

    if (n <= 0)
        return n < 0 ? n : WEFT_ETIMEDOUT;
    if (p.ready & WEFT_ERROR) {
        n = (int)weft_host_recv(nc->ctx->host, nc->s, &byte, 1, 0);
        return n < 0 ? n : WEFT_ECONNRESET;
    }
    return p.ready & WEFT_WRITABLE ? 0 : WEFT_ECONNABORTED;
}

static int start_connecting(struct nc *nc)
{
    const struct nc_opts *o = nc->o;
    const struct weft_addr local = {.ip = any_of(o), .port = o->local_port};
    const struct weft_addr peer = {.ip = o->ip, .port = o->port};
    int err = 0;

    if (o->local_port)
        err = weft_host_bind(nc->ctx->host, nc->s, &local);
    if (err == 0)
        err = weft_host_connect(nc->ctx->host, nc->s, &peer, 0);
    if (err == WEFT_ETIMEDOUT)
        err = await_connection(nc, o->timeout ? o->timeout : WEFT_NEVER);
    nc->has_peer = true;
    return err;
}

static int complain(struct nc *nc, int err)
{
    char ip[WEFT_IP_TEXT];

    if (nc->o->listen)
        return cmd_fail(nc->ctx, CMD_FAILED, "cannot listen on port %u: %s", nc->o->port, weft_strerror(err));
    return cmd_fail(nc->ctx, CMD_FAILED, "cannot connect to %s port %u: %s", weft_host_ip_text(nc->ctx->host, &nc->o->ip, ip, sizeof ip),
                    nc->o->port, weft_strerror(err));
}

static int run_nc(struct cmd_ctx *ctx)
{
    struct nc nc = {.ctx = ctx, .o = ctx->opts, .waiter = -1};
    int err, status;

    nc.s = weft_host_socket_in(ctx->host, is_v4(nc.o) ? WEFT_INET : WEFT_INET6, nc.o->udp ? WEFT_UDP : WEFT_TCP);
    if (nc.s < 0)
        return cmd_fail(ctx, CMD_FAILED, "%s", weft_strerror(nc.s));
    label(&nc);
    err = nc.o->listen ? start_listening(&nc) : start_connecting(&nc);
    if (err == WEFT_ETIMEDOUT && cmd_hung_up(ctx)) {
        status = CMD_FAILED;
    } else if (err < 0) {
        status = complain(&nc, err);
    } else {
        label(&nc);
        status = transfer(&nc);
    }
    weft_host_close(ctx->host, nc.s);
    return status;
}

const struct subcommand cmd_nc = {
    .name = "nc",
    .args = "ADDR PORT",
    .summary = "Join standard input and output with a TCP or UDP connection",
    .more = "With -l, give [ADDR] PORT or -p PORT to wait for one connection. The end of input becomes a half-close; "
            "the command ends when both directions have ended.",
    .options = nc_options,
    .parse = parse_nc,
    .opts_size = sizeof(struct nc_opts),
    .max_args = 2,
    .on_host = true,
    .run = run_nc,
};
