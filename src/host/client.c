/* SPDX-License-Identifier: MIT */
/*
 * The control socket as seen from outside: where it is, and how to call a host through it.
 *
 * A call is one message: the arguments, each ended by NUL, with our stdin, stdout and stderr as passed descriptors.
 * The answer is one int, the exit status. When we die the host sees our end close.
 *
 * A terminal is not passed as stdin: a host started from the same terminal could not read from it (job control). It
 * gets a pipe instead, and we carry the bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/control.h"
#include "host/host.h"

/* ---- where ---- */

bool weft_control_path(const char *name, char *buf, size_t n)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int r;

    if (runtime && *runtime == '/')
        r = snprintf(buf, n, "%s/weft/%s.sock", runtime, name);
    else
        r = snprintf(buf, n, "/tmp/weft-%u/%s.sock", (unsigned)getuid(), name);
    return *name && !strchr(name, '/') && r > 0 && (size_t)r < n &&
           (size_t)r < sizeof(((struct sockaddr_un *)0)->sun_path);
}

/* In a directory that others can write to, somebody else's socket would get our descriptors. */
int control_directory(const char *path, bool make, char *why, size_t n)
{
    char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
    struct stat st;
    int fd, error;

    snprintf(directory, sizeof(directory), "%s", path);
    *strrchr(directory, '/') = '\0';
    if (make && mkdir(directory, 0700) != 0 && errno != EEXIST) {
        snprintf(why, n, "%s: %s", directory, strerror(errno));
        return -1;
    }
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    error = fd < 0 || fstat(fd, &st) != 0 ? errno : 0;
    if (error) {
        snprintf(why, n, "%s: %s", directory, strerror(error));
    } else if ((st.st_uid != geteuid() && geteuid() != 0) || (st.st_mode & 077)) {
        snprintf(why, n, "%s is not ours alone: it should belong to us, with mode 0700", directory);
        error = EPERM;
    }
    if (error && fd >= 0)
        close(fd);
    errno = error;
    return error ? -1 : fd;
}

/* ---- the call ---- */

static int call_connect(const char *name, char *why, size_t n)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int directory, fd;

    if (!weft_control_path(name, at.sun_path, sizeof(at.sun_path))) {
        snprintf(why, n, "'%s' is no name for a host", name);
        return -1;
    }
    directory = control_directory(at.sun_path, false, why, n);
    if (directory < 0) {
        if (errno == ENOENT)
            snprintf(why, n, "no host named %s is running", name);
        return -1;
    }
    close(directory);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
        return fd;
    if (errno == ENOENT || errno == ECONNREFUSED)
        snprintf(why, n, "no host named %s is running", name);
    else
        snprintf(why, n, "host %s: %s", name, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The arguments as one message; NULL when they are too long. Freed by the caller. */
static char *call_pack(int argc, char *const *argv, size_t *length)
{
    char *message = malloc(CONTROL_ARGV_MAX);
    size_t used = 0, n;
    int i;

    for (i = 0; message && i < argc; i++) {
        n = strlen(argv[i]) + 1;
        if (n > CONTROL_ARGV_MAX - used) {
            free(message);
            return NULL;
        }
        memcpy(message + used, argv[i], n);
        used += n;
    }
    *length = used;
    return message;
}

static bool call_send(int fd, char *message, size_t length, const int stdio[3])
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(3 * sizeof(int))];
    } control = {.space = {0}};
    struct iovec iov = {message, length};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    ssize_t r;

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(3 * sizeof(int));
    memcpy(CMSG_DATA(c), stdio, 3 * sizeof(int));
    do
        r = sendmsg(fd, &msg, MSG_NOSIGNAL);
    while (r < 0 && errno == EINTR);
    return r == (ssize_t)length;
}

/* Moves what there is from the terminal into the pipe; false at the end of either. */
static bool call_feed(int to)
{
    char buf[4096];
    ssize_t n = read(STDIN_FILENO, buf, sizeof(buf)), sent = 0, r;

    while (n > 0 && sent < n) {
        r = write(to, buf + sent, (size_t)(n - sent));
        if (r < 0 && errno != EINTR)
            return false;
        sent += r > 0 ? r : 0;
    }
    return n > 0 || (n < 0 && errno == EINTR);
}

/* Waits for the answer, feeding the pipe meanwhile; pipe: -1, or ours to close. */
static bool call_answer(int fd, int pipe, int *status)
{
    struct pollfd p[2] = {{fd, POLLIN, 0}, {pipe < 0 ? -1 : STDIN_FILENO, POLLIN, 0}};
    ssize_t r = -1;
    int tries;

    while (!p[0].revents) {
        if (poll(p, 2, -1) < 0) {
            if (errno != EINTR)
                break;
            shutdown(fd, SHUT_WR); /* a signal asks us to end: the host sees a hang-up, we still hear how it ended */
            continue;
        }
        if (!p[0].revents && p[1].revents && !call_feed(pipe)) {
            close(pipe);
            pipe = p[1].fd = -1;
        }
    }
    if (pipe >= 0)
        close(pipe);
    /* A host too busy to read our request answers and closes: that is a reset first, then the answer. */
    for (tries = 0; r < 0 && tries < 3; tries++)
        r = recv(fd, status, sizeof(*status), 0);
    return r == sizeof(*status);
}

/* What the host gets as its 0, 1, 2; feed is our end of a pipe in place of a terminal, or -1. */
static void call_stdio(int stdio[3], int *feed)
{
    int pipe[2], i;

    *feed = -1;
    for (i = 0; i < 3; i++)
        stdio[i] = fcntl(i, F_GETFD) < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : i;
    if (isatty(STDIN_FILENO) && pipe2(pipe, O_CLOEXEC) == 0) {
        stdio[0] = pipe[0];
        *feed = pipe[1];
    }
}

static void explain_answer(const char *name, bool answered, int status, char *why, size_t n)
{
    if (!answered)
        snprintf(why, n, "host %s went away", name);
    else if (status == CONTROL_BUSY)
        snprintf(why, n, "host %s is busy with %d other commands", name, CONTROL_JOBS_MAX);
    else
        snprintf(why, n, "host %s did not understand the command", name);
}

int weft_control_call(const char *name, int argc, char *const *argv, char *why, size_t n)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    int fd, stdio[3], feed, status = -1, i;
    size_t length = 0;
    bool answered;
    char *message = call_pack(argc, argv, &length);

    if (!message || !length) {
        snprintf(why, n, "the command's arguments are too long, or there are none");
        free(message);
        return -1;
    }
    fd = call_connect(name, why, n);
    if (fd < 0) {
        free(message);
        return -1;
    }
    call_stdio(stdio, &feed);
    sigaction(SIGPIPE, &ignore, &before); /* of the feeding pipe, when the host stops reading */
    if (!call_send(fd, message, length, stdio))
        shutdown(fd, SHUT_WR); /* the host hears that nothing comes; it may have answered "busy" already */
    for (i = 0; i < 3; i++) {
        if (stdio[i] > 2)
            close(stdio[i]);
    }
    answered = call_answer(fd, feed, &status);
    sigaction(SIGPIPE, &before, NULL);
    close(fd);
    free(message);
    if (answered && status >= 0)
        return status;
    explain_answer(name, answered, status, why, n);
    return -1;
}
