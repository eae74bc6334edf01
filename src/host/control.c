/* SPDX-License-Identifier: MIT */
/*
 * The control socket's server: one thread accepts, each client's command runs in a thread of its own (`job`).
 *
 * Only our own user and root are served: the directory is closed to others, and the kernel tells who calls. What a
 * client sends is data from outside: one message, at most 64 KiB of arguments, exactly three descriptors; anything else
 * is answered with CONTROL_MALFORMED and forgotten.
 *
 * `jobs`, `first` and `stopping` belong to `lock`. A job's connection is its hangup descriptor: it becomes readable
 * when the client closes it, and when we shut it down to stop the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/control.h"
#include "host/host.h"

#define REQUEST_SECONDS 5 /* for a client to say what it wants */

struct job {
    struct job *next, **at; /* in control.first */
    struct control *control;
    struct weft_job job;
    char *message;
    char *argv[CONTROL_ARGC_MAX + 1];
};

struct control {
    weft_host *host;
    int (*handler)(struct weft_job *job, void *ctx);
    void *ctx;
    struct sockaddr_un at;
    int fd, stop_fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t none_left;
    struct job *first;
    unsigned jobs;
    bool stopping;
};

/* ---- one request ---- */

/* Takes the descriptors out of a message; true when there were exactly three. */
static bool request_descriptors(struct msghdr *msg, struct weft_job *job)
{
    int fd[3] = {-1, -1, -1}, one;
    size_t count = 0, i, n;
    struct cmsghdr *c;

    for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (i = 0; i < n; i++, count++) {
            memcpy(&one, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (count < 3)
                fd[count] = one;
            else
                close(one);
        }
    }
    job->in = fd[0];
    job->out = fd[1];
    job->err = fd[2];
    return count == 3;
}

/* Cuts the message into arguments; false when it is not what call_pack makes. */
static bool request_arguments(struct job *j, size_t n)
{
    char *p = j->message, *end = p + n;

    if (n == 0 || end[-1] != '\0')
        return false;
    for (; p < end; p += strlen(p) + 1) {
        if (j->job.argc == CONTROL_ARGC_MAX)
            return false;
        j->argv[j->job.argc++] = p;
    }
    j->argv[j->job.argc] = NULL;
    j->job.argv = j->argv;
    return true;
}

/* Reads the request; 1: good, 0: malformed, -1: there was none. */
static int request_read(struct job *j)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(16 * sizeof(int))]; /* more than we want, so that too many are seen and closed */
    } control;
    struct iovec iov = {j->message, CONTROL_ARGV_MAX};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    struct timeval patience = {.tv_sec = REQUEST_SECONDS};
    bool three;
    ssize_t r;

    setsockopt(j->job.hangup, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    do
        r = recvmsg(j->job.hangup, &msg, MSG_CMSG_CLOEXEC);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return -1;
    three = request_descriptors(&msg, &j->job); /* an empty message may carry some too: they are closed with the job */
    if (r == 0)
        return -1;
    return three && !(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && request_arguments(j, (size_t)r);
}

/* ---- a job ---- */

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* Ends the job; the last thing its thread does. The lock covers closing, so that nobody shuts down a stranger. */
static void job_free(struct job *j)
{
    struct control *c = j->control;

    pthread_mutex_lock(&c->lock);
    *j->at = j->next;
    if (j->next)
        j->next->at = j->at;
    close(j->job.hangup);
    free(j->message);
    free(j);
    if (--c->jobs == 0)
        pthread_cond_signal(&c->none_left);
    pthread_mutex_unlock(&c->lock);
}

static void *job_run(void *job)
{
    struct job *j = job;
    int request = request_read(j), answer = CONTROL_MALFORMED;

    if (request > 0)
        answer = j->control->handler(&j->job, j->control->ctx);
    close_if_open(j->job.in);
    close_if_open(j->job.out);
    close_if_open(j->job.err);
    if (request >= 0) /* it fails when the client is gone: nobody to tell */
        send(j->job.hangup, &answer, sizeof(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
    job_free(j);
    return NULL;
}

static struct job *job_new(struct control *c, int fd)
{
    struct job *j = calloc(1, sizeof(*j));

    if (!j)
        return NULL;
    j->message = malloc(CONTROL_ARGV_MAX);
    if (!j->message) {
        free(j);
        return NULL;
    }
    j->control = c;
    j->job = (struct weft_job){.host = c->host, .in = -1, .out = -1, .err = -1, .hangup = fd};
    return j;
}

/* Starts a job for a connection, which it takes; false when there is no room for one. */
static bool job_start(struct control *c, int fd)
{
    pthread_t thread;
    struct job *j;
    bool started = false;

    pthread_mutex_lock(&c->lock);
    j = !c->stopping && c->jobs < CONTROL_JOBS_MAX ? job_new(c, fd) : NULL;
    if (j) {
        j->next = c->first;
        j->at = &c->first;
        if (j->next)
            j->next->at = &j->next;
        c->first = j;
        c->jobs++;
        started = host_thread(&thread, true, job_run, j) == 0;
        if (!started) {
            c->first = j->next;
            if (j->next)
                j->next->at = &c->first;
            c->jobs--;
            free(j->message);
            free(j);
        }
    }
    pthread_mutex_unlock(&c->lock);
    return started;
}

/* ---- accepting ---- */

static bool caller_is_ours(int fd)
{
    struct ucred who;
    socklen_t n = sizeof(who);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && (who.uid == 0 || who.uid == geteuid());
}

static void control_accept(struct control *c)
{
    static const int busy = CONTROL_BUSY;
    int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            poll(NULL, 0, 100); /* it stays in the queue: do not spin on it */
        return;
    }
    if (caller_is_ours(fd)) {
        if (job_start(c, fd))
            return;
        if (send(fd, &busy, sizeof(busy), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
            close(fd);
            return;
        }
    }
    close(fd);
}

static void *control_run(void *control)
{
    struct control *c = control;
    struct pollfd p[2] = {{c->fd, POLLIN, 0}, {c->stop_fd, POLLIN, 0}};

    while (!p[1].revents) {
        if (poll(p, 2, -1) < 0)
            p[1].revents = 0;
        else if (p[0].revents)
            control_accept(c);
    }
    return NULL;
}

/* ---- beginning and end ---- */

/* Is somebody listening there? */
static bool control_answers(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool live = fd >= 0 && (connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 || errno == EAGAIN);

    close_if_open(fd);
    return live;
}

/* Takes the name: under a lock on the directory, a socket that nobody serves is replaced. */
static bool control_bind(struct control *c, char *why, size_t n)
{
    const char *path = c->at.sun_path;
    int directory = control_directory(path, true, why, n);
    bool good = false;

    if (directory < 0)
        return false;
    while (flock(directory, LOCK_EX) != 0 && errno == EINTR)
        ;
    if (control_answers(&c->at)) {
        snprintf(why, n, "a host named %s is running already", c->host->name);
    } else {
        unlink(path);
        c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        good = c->fd >= 0 && bind(c->fd, (const struct sockaddr *)&c->at, sizeof(c->at)) == 0 &&
               chmod(path, 0600) == 0 && listen(c->fd, CONTROL_JOBS_MAX) == 0;
        if (!good)
            snprintf(why, n, "%s: %s", path, strerror(errno));
    }
    close(directory);
    return good;
}

static void control_free(struct control *c)
{
    close_if_open(c->fd);
    close_if_open(c->stop_fd);
    pthread_cond_destroy(&c->none_left);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

int weft_control_serve(weft_host *h, int (*handler)(struct weft_job *job, void *ctx), void *ctx, char *why, size_t n)
{
    struct control *c = calloc(1, sizeof(*c));

    if (!c) {
        snprintf(why, n, "out of memory");
        return -1;
    }
    *c = (struct control){.host = h, .handler = handler, .ctx = ctx, .fd = -1};
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->none_left, NULL);
    c->at.sun_family = AF_UNIX;
    c->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (h->control || !*h->name || c->stop_fd < 0) {
        snprintf(why, n, "%s", h->control ? "the host serves already" : "no control socket without a name");
    } else if (!weft_control_path(h->name, c->at.sun_path, sizeof(c->at.sun_path))) {
        snprintf(why, n, "the path of %s's control socket is too long", h->name);
    } else if (control_bind(c, why, n)) {
        h->control = c;
        if (host_thread(&c->thread, false, control_run, c) == 0)
            return 0;
        h->control = NULL;
        unlink(c->at.sun_path);
        snprintf(why, n, "no thread for the control socket");
    }
    control_free(c);
    return -1;
}

void weft_control_stop(weft_host *h)
{
    static const uint64_t one = 1;
    struct control *c = h->control;
    struct job *j;

    if (!c)
        return;
    unlink(c->at.sun_path);
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_mutex_unlock(&c->lock);
    while (write(c->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
    pthread_join(c->thread, NULL);
    pthread_mutex_lock(&c->lock);
    for (j = c->first; j; j = j->next)
        shutdown(j->job.hangup, SHUT_RD);
    while (c->jobs)
        pthread_cond_wait(&c->none_left, &c->lock);
    pthread_mutex_unlock(&c->lock);
    h->control = NULL;
    control_free(c);
}
