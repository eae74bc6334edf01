/* SPDX-License-Identifier: MIT */
/*
 * The suite against the kernel's: a namespace of our own, a TAP between the two stacks, weft's services for the
 * kernel's programs, and the kernel's sockets for weft's.
 *
 * Three processes: the demo waits; its child, in the namespace, keeps the weft host and does the checks; and the peer,
 * forked before the host's thread starts, serves on the kernel's side.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/demo.h"
#include "cmd/demo_tools.h"
#include "service/service.h"

#define DEVICE      "wt0"
#define KERNEL_IP   "10.9.0.1"
#define WEFT_ADDR   "10.9.0.2"
#define ECHO_PORT   8000
#define BULK_PORT   8001
#define BULK_PORT_TEXT "8001"
#define CHUNK       (256 * 1024)
#define SEED_OURS   21u
#define SEED_THEIRS 22u
#define KEPT        2000 /* packets in the capture */
#define SNAP        192

/* ---- the peer: the kernel's sockets ---- */

static bool write_all(int fd, const void *buf, size_t n)
{
    const uint8_t *p = buf;

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

static void serve_echo(int s, uint8_t *buf)
{
    ssize_t n;

    while ((n = read(s, buf, CHUNK)) > 0 && write_all(s, buf, (size_t)n))
        ;
}

/* Takes everything, answers with its digest, then sends as much of its own. */
static void serve_bulk(int s, uint8_t *buf, uint64_t bytes)
{
    uint64_t digest = STREAM_DIGEST, at;
    bool alive;
    ssize_t n;

    while ((n = read(s, buf, CHUNK)) > 0)
        digest = stream_digest(digest, buf, (size_t)n);
    alive = n == 0 && write_all(s, &digest, sizeof digest);
    for (at = 0; alive && at < bytes; at += CHUNK) {
        size_t len = bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK;

        stream_fill(SEED_THEIRS, at, buf, len);
        alive = write_all(s, buf, len);
    }
}

/* Serves until it is killed. */
static void peer_serve(int echo, int bulk, uint64_t bytes)
{
    struct pollfd p[2] = {{.fd = echo, .events = POLLIN}, {.fd = bulk, .events = POLLIN}};
    uint8_t *buf = malloc(CHUNK);

    while (buf && (poll(p, 2, -1) >= 0 || errno == EINTR)) {
        int i = p[0].revents & POLLIN ? 0 : 1;
        int s = p[i].revents & POLLIN ? accept4(p[i].fd, NULL, NULL, SOCK_CLOEXEC) : -1;

        if (s < 0)
            continue;
        if (i == 0)
            serve_echo(s, buf);
        else
            serve_bulk(s, buf, bytes);
        close(s);
    }
    _exit(1);
}

/* 0 and errno when it could not start. */
static pid_t peer_start(uint64_t bytes)
{
    int echo = kernel_listen(ECHO_PORT), bulk = kernel_listen(BULK_PORT);
    pid_t peer = echo < 0 || bulk < 0 ? -1 : fork();

    if (peer == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        peer_serve(echo, bulk, bytes);
    }
    if (echo >= 0)
        close(echo);
    if (bulk >= 0)
        close(bulk);
    return peer < 0 ? 0 : peer;
}

/* ---- our side ---- */

struct kernel_demo {
    FILE *out;
    weft_host *host;
    struct cmd_keeper keeper;
    struct world_capture capture;
    weft_time since_1970; /* of the host's zero */
    uint64_t bytes;
    bool differs;
    bool missing; /* some program is not there */
};

static void verdict(struct kernel_demo *d, bool good, const char *claim, const char *detail)
{
    fprintf(d->out, "  %s  %s%s%s\n", good ? "ok  " : "FAIL", claim, *detail ? ": " : "", detail);
    fflush(d->out);
    d->differs = d->differs || !good;
}

static void keep_packet(void *ctx, const struct weft_trace *event)
{
    struct kernel_demo *d = ctx;

    if ((event->kind != WEFT_TRACE_RX && event->kind != WEFT_TRACE_TX) || !d->capture.left)
        return;
    d->capture.left--;
    weft_pcap_write(d->capture.pcap, d->capture.interface, event->at + d->since_1970, event->kind == WEFT_TRACE_TX,
                    event->pkt, NULL);
}

/* Adds a section to the file: what passes the TAP from now on, as far as it is kept. */
static void capture_begin(struct kernel_demo *d, const char *file)
{
    char why[CMD_WHY];
    struct timespec ts;
    int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);

    if (fd < 0)
        return;
    clock_gettime(CLOCK_REALTIME, &ts);
    d->since_1970 = (weft_time)ts.tv_sec * WEFT_S + (weft_time)ts.tv_nsec - weft_host_now(d->host);
    d->capture.pcap = weft_pcap_open(NULL, fd, why, sizeof why);
    if (!d->capture.pcap)
        return;
    d->capture.interface = weft_pcap_interface(d->capture.pcap, DEVICE, WEFT_LINK_ETHERNET, SNAP);
    d->capture.left = KEPT;
    if (weft_host_tap_packets(d->host, keep_packet, d) < 0)
        d->capture.left = 0;
}

/* The two ends of the TAP: what a machine may refuse us. */
static bool host_open(struct kernel_demo *d, char *why, size_t n)
{
    const struct weft_host_config config = {.name = NULL};

    d->host = weft_host_new(&config, why, n);
    if (!d->host || weft_host_add_if(d->host, "tap:" DEVICE, WEFT_ADDR "/24", why, n) < 0)
        return false;
    if (kernel_address(DEVICE, KERNEL_IP))
        return true;
    snprintf(why, n, "cannot set up the kernel's end of %s: %s", DEVICE, strerror(errno));
    return false;
}

static bool host_run(struct kernel_demo *d, char *why, size_t n)
{
    size_t i;

    if (weft_host_start(d->host, why, n) < 0)
        return false;
    d->keeper = (struct cmd_keeper){.host = d->host, .services = services_new(d->host), .quit = -1};
    for (i = 0; d->keeper.services && service_at(i); i++) {
        const struct service_config service = {.type = service_at(i)};

        if (services_start(d->keeper.services, &service, why, n) < 0)
            return false;
    }
    return d->keeper.services != NULL;
}

/* ---- the kernel's programs, weft's services ---- */

/* The line of text that holds `word`, in place. */
static char *line_with(char *text, const char *word)
{
    char *found = strstr(text, word), *end;

    if (!found)
        return NULL;
    while (found > text && found[-1] != '\n')
        found--;
    end = strpbrk(found, "\r\n");
    if (end)
        *end = '\0';
    return found;
}

static const char echo_text[] = "The quick brown fox jumps over the lazy dog.\n";

static const struct tool_check {
    const char *claim;
    const char *argv[12];
    const char *input;
    const char *expect; /* must be in the output; the line that holds it is shown */
} tool_checks[] = {
    {"the kernel's ping gets weft's replies", {"ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", WEFT_ADDR}, NULL,
     "3 received"},
    {"nc hears weft's daytime over TCP", {"nc", "-w", "3", WEFT_ADDR, "13"}, NULL, ":"},
    {"nc hears weft's daytime over UDP", {"nc", "-u", "-w", "1", WEFT_ADDR, "13"}, "\n", ":"},
    {"nc hears its own words from weft's echo", {"nc", "-q", "2", "-w", "3", WEFT_ADDR, "7"}, echo_text, "brown fox"},
    {"curl gets weft's web page", {"curl", "-sS", "-m", "5", ("http://" WEFT_ADDR "/")}, NULL, "<h1>It works</h1>"},
};

static void check_tool(struct kernel_demo *d, const struct tool_check *c)
{
    char output[4096];
    const char *line;

    switch (tool_run(c->argv, c->input, output, sizeof output)) {
    case TOOL_MISSING:
        fprintf(d->out, "  --    %s: not done, there is no program %s here\n", c->claim, c->argv[0]);
        d->missing = true;
        break;
    case TOOL_TIMED_OUT:
        verdict(d, false, c->claim, "no end after ten seconds");
        break;
    case TOOL_FAILED:
    case TOOL_OK:
        line = line_with(output, c->expect);
        verdict(d, line != NULL, c->claim, line ? line : *output ? output : "it said nothing");
        break;
    }
}

/* ---- weft's programs, the kernel's sockets ---- */

/* Runs one of our subcommands in this process, on our host, as the command line would. */
static int run_ours(struct kernel_demo *d, int argc, char **argv, const char *input, char *output, size_t n)
{
    int in = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC), status = CMD_FAILED;
    struct cmd_ctx ctx = {.argc = argc, .argv = argv, .host = d->host, .keeper = &d->keeper, .pid = getpid(),
                          .hangup = -1, .in = in, .out_fd = out};
    ssize_t got = 0;
    int copy = dup(out);

    ctx.cmd = cmd_find(argv[0]);
    ctx.out = ctx.err = copy < 0 ? NULL : fdopen(copy, "w");
    if (in >= 0 && out >= 0 && ctx.out && write_all(in, input, strlen(input)) && lseek(in, 0, SEEK_SET) == 0) {
        status = args_parse(&ctx);
        if (status == CMD_GO_ON)
            status = ctx.cmd->run(&ctx);
        args_free(&ctx);
        fflush(ctx.out);
        got = pread(out, output, n - 1, 0);
    }
    output[got > 0 ? got : 0] = '\0';
    if (ctx.out)
        fclose(ctx.out);
    close(in);
    close(out);
    return status;
}

static void check_our_ping(struct kernel_demo *d)
{
    static char name[] = "ping", count[] = "-c3", interval[] = "-i0.2", address[] = KERNEL_IP;
    char *argv[] = {name, count, interval, address, NULL};
    char output[2048];
    int status = run_ours(d, 4, argv, "", output, sizeof output);
    const char *line = line_with(output, "received");

    verdict(d, status == 0 && line && strstr(line, "3 received"), "weft ping gets the kernel's replies",
            line ? line : output);
}

static void check_our_nc(struct kernel_demo *d)
{
    static char name[] = "nc", wait[] = "-w5", address[] = KERNEL_IP, port[] = "8000";
    char *argv[] = {name, wait, address, port, NULL};
    char output[2048];
    int status = run_ours(d, 4, argv, echo_text, output, sizeof output);

    verdict(d, status == 0 && strcmp(output, echo_text) == 0, "weft nc hears its own words from a kernel's echo",
            status ? output : "");
}

/* ---- many bytes both ways ---- */

static double seconds_since(weft_time start, const weft_host *host)
{
    return (double)(weft_host_now(host) - start) / 1e9;
}

static bool send_stream(struct kernel_demo *d, int s, uint8_t *buf, uint64_t *digest)
{
    uint64_t at;

    for (at = 0; at < d->bytes; at += CHUNK) {
        size_t len = d->bytes - at < CHUNK ? (size_t)(d->bytes - at) : CHUNK;

        stream_fill(SEED_OURS, at, buf, len);
        *digest = stream_digest(*digest, buf, len);
        if (weft_host_send(d->host, s, buf, len, 20 * WEFT_S) != (int64_t)len)
            return false;
    }
    return weft_host_shutdown(d->host, s, WEFT_SHUT_WR) == 0;
}

/* Exactly n bytes. */
static bool receive_exactly(struct kernel_demo *d, int s, void *buf, size_t n)
{
    uint8_t *p = buf;

    while (n) {
        int64_t got = weft_host_recv(d->host, s, p, n, 20 * WEFT_S);

        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

static uint64_t receive_stream(struct kernel_demo *d, int s, uint8_t *buf, uint64_t *digest)
{
    uint64_t all = 0;
    int64_t n;

    while ((n = weft_host_recv(d->host, s, buf, CHUNK, 20 * WEFT_S)) > 0) {
        *digest = stream_digest(*digest, buf, (size_t)n);
        all += (uint64_t)n;
    }
    return n < 0 ? 0 : all;
}

static uint64_t digest_of_theirs(uint64_t bytes, uint8_t *buf)
{
    uint64_t digest = STREAM_DIGEST, at;

    for (at = 0; at < bytes; at += CHUNK) {
        size_t len = bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK;

        stream_fill(SEED_THEIRS, at, buf, len);
        digest = stream_digest(digest, buf, len);
    }
    return digest;
}

static void tell_bulk(struct kernel_demo *d, bool good, const char *claim, uint64_t a, uint64_t b, double seconds)
{
    char detail[160];

    snprintf(detail, sizeof detail, "%llu MiB, digest %016llx sent, %016llx received, %.1f Gbit/s",
             (unsigned long long)(d->bytes >> 20), (unsigned long long)a, (unsigned long long)b,
             (double)d->bytes * 8 / 1e9 / seconds);
    verdict(d, good && a == b, claim, detail);
}

static void transfer(struct kernel_demo *d, int s, uint8_t *buf)
{
    uint64_t sent = STREAM_DIGEST, theirs = 0, got = STREAM_DIGEST;
    weft_time start = weft_host_now(d->host);
    bool good = send_stream(d, s, buf, &sent) && receive_exactly(d, s, &theirs, sizeof theirs);

    tell_bulk(d, good, "weft to kernel", sent, theirs, seconds_since(start, d->host));
    if (!good)
        return;
    start = weft_host_now(d->host);
    good = receive_stream(d, s, buf, &got) == d->bytes;
    tell_bulk(d, good, "kernel to weft", digest_of_theirs(d->bytes, buf), got, seconds_since(start, d->host));
}

static void check_bulk(struct kernel_demo *d)
{
    struct weft_addr peer = {.port = BULK_PORT};
    uint8_t *buf = malloc(CHUNK);
    int s = weft_host_socket(d->host, WEFT_TCP), err = s;

    weft_ip_parse(KERNEL_IP, &peer.ip);
    if (s >= 0 && buf)
        err = weft_host_connect(d->host, s, &peer, 5 * WEFT_S);
    if (err < 0 || !buf)
        verdict(d, false, "weft connects to the kernel's port " BULK_PORT_TEXT, weft_strerror(err));
    else
        transfer(d, s, buf);
    if (s >= 0)
        weft_host_close(d->host, s);
    free(buf);
}

/* ---- the play ---- */

static void check_all(struct kernel_demo *d)
{
    size_t i;

    for (i = 0; i < sizeof tool_checks / sizeof *tool_checks; i++)
        check_tool(d, &tool_checks[i]);
    check_our_ping(d);
    check_our_nc(d);
    check_bulk(d);
    if (d->missing)
        fprintf(d->out, "        (install what is missing with: apt-get install iputils-ping netcat-openbsd curl)\n");
}

static enum kernel_result not_done(struct kernel_demo *d, const char *why)
{
    fprintf(d->out, "  --    not done: %s\n", why);
    fflush(d->out);
    return KERNEL_NOT_DONE;
}

/* With a host that is open. */
static enum kernel_result play_on_host(struct kernel_demo *d, const char *file)
{
    char why[CMD_WHY] = "";

    if (host_run(d, why, sizeof why)) {
        if (file)
            capture_begin(d, file);
        check_all(d);
    } else {
        verdict(d, false, "the weft host and its services start", why);
    }
    return d->differs ? KERNEL_DIFFERS : KERNEL_GOOD;
}

/* In the child. */
static enum kernel_result play(struct kernel_demo *d, const char *file)
{
    enum kernel_result result;
    char why[CMD_WHY] = "";
    pid_t peer;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (access("/dev/net/tun", R_OK | W_OK) < 0) {
        snprintf(why, sizeof why, "no TAP device: /dev/net/tun: %s", strerror(errno));
        return not_done(d, why);
    }
    if (!namespace_enter(why, sizeof why))
        return not_done(d, why);
    kernel_address("lo", "127.0.0.1");
    peer = peer_start(d->bytes);
    if (!peer)
        return not_done(d, "cannot start the kernel's side of it");
    result = host_open(d, why, sizeof why) ? play_on_host(d, file) : not_done(d, why);
    services_free(d->keeper.services);
    if (d->host)
        weft_host_free(d->host);
    if (d->capture.pcap)
        weft_pcap_close(d->capture.pcap);
    kill(peer, SIGKILL);
    waitpid(peer, NULL, 0);
    fflush(d->out);
    return result;
}

enum kernel_result kernel_play(FILE *out, uint64_t bytes, const char *file)
{
    int status = 0;
    pid_t child;

    fprintf(out, "\nThe same suite against the kernel: weft is %s, the kernel %s, a TAP between them\n\n", WEFT_ADDR,
            KERNEL_IP);
    fflush(out);
    child = fork();
    if (child == 0) {
        struct kernel_demo d = {.out = out, .bytes = bytes};

        _exit((int)play(&d, file));
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (child < 0 || !WIFEXITED(status)) {
        fprintf(out, "  FAIL  the process that did it died\n");
        return KERNEL_DIFFERS;
    }
    return (enum kernel_result)WEXITSTATUS(status);
}
