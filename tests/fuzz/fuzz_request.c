/* SPDX-License-Identifier: MIT */
/*
 * The control socket: a running host is sent any message with any number of descriptors, and answers that it is
 * malformed, or runs it with just the words that were sent. Afterwards none of the descriptors is open on its side.
 *
 * An input: a byte for how many descriptors, one for how the message ends, then the message. The words it should become
 * are counted here by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"
#include "host/control.h"
#include "weft/host.h"

enum { MOST_DESCRIPTORS = 24, STATUS = 77 };

static char runtime_dir[] = "/tmp/weft-fuzz-request-XXXXXX";
static weft_host *host;
static int entrance; /* to the host's socket */

/* What the handler saw; written before the answer is sent, read after it came. */
static struct {
    int argc;
    size_t length;
    uint64_t sum;
} seen;

static void check(bool truth)
{
    if (!truth)
        abort();
}

/* A call again while a signal interrupts it: libFuzzer's alarm does. */
#define uninterrupted(result, call)                                                                                    \
    do                                                                                                                 \
        (result) = (call);                                                                                             \
    while ((result) < 0 && errno == EINTR)

static uint64_t digest(uint64_t sum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ p[i]) * 0x100000001b3u; /* FNV-1a */
    return sum;
}

static int handler(struct weft_job *job, void *ctx)
{
    (void)ctx;
    seen.argc = job->argc;
    seen.length = 0;
    seen.sum = 0;
    check(job->argc > 0 && !job->argv[job->argc] && job->in >= 0 && job->out >= 0 && job->err >= 0);
    for (int i = 0; i < job->argc; i++) {
        size_t n = strlen(job->argv[i]) + 1;

        seen.sum = digest(seen.sum, (const uint8_t *)job->argv[i], n);
        seen.length += n;
    }
    return STATUS;
}

static void end_host(void)
{
    weft_host_free(host);
    close(entrance);
}

/* The socket stays and its name goes: what is aborted leaves nothing behind. */
static void take_names_away(void)
{
    char path[100], folder[100];

    check(weft_control_path("fuzzed", path, sizeof path));
    entrance = open(path, O_PATH | O_CLOEXEC);
    snprintf(folder, sizeof folder, "%s/weft", runtime_dir);
    check(entrance >= 0 && unlink(path) == 0 && rmdir(folder) == 0 && rmdir(runtime_dir) == 0);
}

static void begin_host(void)
{
    char why[200];

    check(mkdtemp(runtime_dir) != NULL && setenv("XDG_RUNTIME_DIR", runtime_dir, 1) == 0);
    host = weft_host_new(&(struct weft_host_config){.name = "fuzzed"}, why, sizeof why);
    check(host && weft_host_start(host, why, sizeof why) == 0);
    check(weft_control_serve(host, handler, NULL, why, sizeof why) == 0);
    take_names_away();
    atexit(end_host);
}

static int call_host(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), connected;

    check(fd >= 0);
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d", entrance);
    uninterrupted(connected, connect(fd, (const struct sockaddr *)&at, sizeof at));
    check(connected == 0);
    return fd;
}

/* False: the kernel would not take it. */
static bool send_message(int fd, const uint8_t *p, size_t n, unsigned n_fds, int descriptor)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int))];
    } control = {.space = {0}};
    struct iovec iov = {(void *)(uintptr_t)p, n};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t sent;

    if (n_fds) {
        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        control.head = (struct cmsghdr){CMSG_LEN(n_fds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        for (unsigned i = 0; i < n_fds; i++)
            memcpy(CMSG_DATA(&control.head) + i * sizeof(int), &descriptor, sizeof descriptor);
    }
    uninterrupted(sent, sendmsg(fd, &msg, MSG_NOSIGNAL));
    return sent == (ssize_t)n;
}

/* Words, each with its NUL; 0: no vector of arguments. */
static int words_in(const uint8_t *p, size_t n)
{
    int words = 0;

    if (n == 0 || p[n - 1] || n > CONTROL_ARGV_MAX)
        return 0;
    for (size_t i = 0; i < n; i++)
        words += p[i] == 0;
    return words <= CONTROL_ARGC_MAX ? words : 0;
}

static void check_answer(int fd, const uint8_t *p, size_t n, unsigned n_fds)
{
    int words = words_in(p, n), status = 0;
    ssize_t got;
    char byte;

    uninterrupted(got, recv(fd, &status, sizeof status, 0));
    if (n == 0) { /* an empty message is a client who says nothing */
        check(got == 0);
        return;
    }
    check(got == sizeof status && status == (words && n_fds == 3 ? STATUS : CONTROL_MALFORMED));
    uninterrupted(got, recv(fd, &byte, 1, 0)); /* the end: its place among the jobs is free again */
    check(got == 0);
    if (status == STATUS)
        check(seen.argc == words && seen.length == n && seen.sum == digest(0, p, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *message;
    unsigned n_fds;
    size_t n;
    int fd, ends[2];
    ssize_t left;
    char byte;

    if (size < 2)
        return 0;
    if (!host)
        begin_host();
    n_fds = data[0] & 3 ? 3 : data[0] >> 2 & 31;
    n_fds = n_fds < MOST_DESCRIPTORS ? n_fds : MOST_DESCRIPTORS;
    n = size - 2;
    message = malloc(n + 1);
    check(message != NULL);
    memcpy(message, data + 2, n);
    if (data[1] & 1)
        message[n++] = 0;
    check(pipe(ends) == 0);
    fd = call_host();
    if (send_message(fd, message, n, n_fds, ends[1]))
        check_answer(fd, message, n, n_fds);
    close(fd);
    close(ends[1]);
    uninterrupted(left, read(ends[0], &byte, 1)); /* comes back only when nobody holds the other end */
    check(left == 0);
    close(ends[0]);
    free(message);
    return 0;
}
