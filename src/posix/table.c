/* SPDX-License-Identifier: MIT */
/*
 * Numbers. Each is a descriptor of the kernel's that was opened for its number only (O_PATH: no reading, no writing),
 * so that "the lowest free one", limits and exec are the kernel's business. epoll instances hold a real one (epoll.c).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "posix/posix.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct px **table; /* by number; NULL: not ours */
static size_t n_table;
static pthread_once_t fork_seen = PTHREAD_ONCE_INIT;

/* A child must not find the lock held by a thread that it has not. */
static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork(void) { pthread_mutex_unlock(&lock); }
static void watch_fork(void) { pthread_atfork(before_fork, after_fork, after_fork); }

int px_reserve(bool cloexec)
{
    int fd = open("/", O_PATH | (cloexec ? O_CLOEXEC : 0));

    return fd < 0 ? -errno : fd;
}

static bool grow(size_t fd)
{
    size_t n = n_table ? n_table : 64;
    struct px **grown;

    while (n <= fd)
        n *= 2;
    if (n == n_table)
        return true;
    grown = realloc(table, n * sizeof(struct px *));
    if (!grown)
        return false;
    memset(grown + n_table, 0, (n - n_table) * sizeof(struct px *));
    table = grown;
    n_table = n;
    return true;
}

static struct px *at(int fd)
{
    return fd >= 0 && (size_t)fd < n_table ? table[fd] : NULL;
}

int px_put(int fd, struct px *p)
{
    bool room;

    pthread_once(&fork_seen, watch_fork);
    pthread_mutex_lock(&lock);
    room = grow((size_t)fd);
    if (room) {
        table[fd] = p;
        p->users++;
    }
    pthread_mutex_unlock(&lock);
    return room ? 0 : -ENOMEM;
}

struct px *px_get(int fd)
{
    struct px *p;

    pthread_mutex_lock(&lock);
    p = at(fd);
    if (p)
        p->users++;
    pthread_mutex_unlock(&lock);
    return p;
}

struct px_sock *px_get_sock(int fd)
{
    struct px *p = px_get(fd);

    if (p && p->kind != &px_sock_kind) {
        px_drop(p);
        return NULL;
    }
    return (struct px_sock *)p;
}

bool px_is_ours(int fd)
{
    bool ours;

    pthread_mutex_lock(&lock);
    ours = at(fd) != NULL;
    pthread_mutex_unlock(&lock);
    return ours;
}

void px_drop(struct px *p)
{
    bool last;

    pthread_mutex_lock(&lock);
    last = --p->users == 0;
    pthread_mutex_unlock(&lock);
    if (last)
        p->kind->release(p);
}

bool px_is_last(struct px *p)
{
    bool last;

    pthread_mutex_lock(&lock);
    last = p->users == 1;
    pthread_mutex_unlock(&lock);
    return last;
}

/* The least number of ours from fd to last; -1: there is none. */
static int next_of_ours(size_t fd, size_t last)
{
    int found = -1;

    pthread_mutex_lock(&lock);
    for (; found < 0 && fd < n_table && fd <= last; fd++)
        if (table[fd])
            found = (int)fd;
    pthread_mutex_unlock(&lock);
    return found;
}

int px_again(int fd, int to)
{
    struct px *p = px_get(fd);
    int err = p ? px_put(to, p) : -EBADF;

    if (p)
        px_drop(p);
    return err;
}

/* Takes the number away from its description, which stays held by the caller; NULL: not ours. */
static struct px *take(int fd)
{
    struct px *p;

    pthread_mutex_lock(&lock);
    p = at(fd);
    if (p)
        table[fd] = NULL;
    pthread_mutex_unlock(&lock);
    return p;
}

/* Linux's sk_stream_closing: what we said is not all acknowledged. */
static bool is_closing(const struct px_sock *s)
{
    enum weft_tcp_state state = px_engine(s) ? weft_tcp_state(px_engine(s)) : WEFT_TCP_CLOSED;

    return state == WEFT_TCP_FIN_WAIT_1 || state == WEFT_TCP_CLOSING || state == WEFT_TCP_LAST_ACK;
}

/*
 * SO_LINGER: the last close of a stream waits for its last bytes, O_NONBLOCK or not. The engine tells nobody of their
 * acknowledgment when nobody may write, so it is asked every so often.
 */
static void linger(struct px_sock *s)
{
    struct px_call c = {.s = s, .host = s->host};
    weft_time until, next;
    int r = host_call_enter(s->host);

    until = r ? 0 : host_until(s->host->now, (weft_time)(unsigned)s->own.linger.linger * WEFT_S);
    if (r == 0 && weft_tcp_state(px_engine(s)) != WEFT_TCP_LISTEN && weft_unread(px_engine(s)) == 0)
        r = weft_shutdown(px_engine(s), WEFT_SHUT_WR);
    for (next = WEFT_MS; r == 0 && is_closing(s) && s->host->now < until; next *= next < 32 * WEFT_MS ? 2 : 1) {
        r = px_wait(&c, 0, s->host->now + next < until ? s->host->now + next : until);
        if (r == -EAGAIN)
            r = 0;
    }
    host_call_leave(s->host);
}

int weft_posix_close(int fd)
{
    struct px *p = take(fd);
    struct px_sock *s = (struct px_sock *)p;

    if (!p)
        return close(fd);
    close(fd);
    if (p->kind == &px_sock_kind && px_is_stream(s) && s->own.linger.onoff && s->own.linger.linger && px_is_last(p))
        linger(s);
    px_drop(p);
    return 0;
}

int weft_posix_close_range(unsigned first, unsigned last, int flags)
{
    int fd;

    if (first > last || flags & ~CLOSE_RANGE_CLOEXEC)
        return (int)px_result(-EINVAL);
    while (!flags && (fd = next_of_ours(first, last)) >= 0)
        weft_posix_close(fd);
    return close_range(first, last, flags);
}

/* to is the kernel's second number of fd, or its errno waits. */
static int adopt(int fd, int to)
{
    int err = to >= 0 && px_is_ours(fd) ? px_again(fd, to) : 0;

    if (err == 0)
        return to;
    close(to);
    return (int)px_result(err);
}

int weft_posix_dup(int fd)
{
    return adopt(fd, dup(fd));
}

/* What stood behind `to` goes, if it can be given to fd. */
static int replace(int fd, int to, int flags)
{
    struct px *before;

    if (fcntl(fd, F_GETFD) < 0 || to < 0) {
        errno = EBADF;
        return -1;
    }
    before = take(to);
    to = adopt(fd, dup3(fd, to, flags));
    if (before)
        px_drop(before);
    return to;
}

int weft_posix_dup2(int fd, int to)
{
    return fd == to ? dup2(fd, to) : replace(fd, to, 0);
}

int weft_posix_dup3(int fd, int to, int flags)
{
    return fd == to || flags & ~O_CLOEXEC ? dup3(fd, to, flags) : replace(fd, to, flags);
}
