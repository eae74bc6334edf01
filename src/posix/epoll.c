/* SPDX-License-Identifier: MIT */
/*
 * epoll instances. The number is a real epoll instance of the kernel's. It holds the kernel's descriptors that are
 * watched, and `bell`, an eventfd that is readable while a socket of ours has a turn: something happened to it since it
 * was last told of, or it is level-triggered and was ready then. Whether it is ready *now* is asked only when
 * epoll_wait comes to it, as Linux does. Therefore waiting is the kernel's, and whoever watches the number sees the
 * truth, or a turn that comes to nothing.
 *
 * Of the instances that watch a socket with EPOLLEXCLUSIVE one is given the turn where somebody waits, and with it those
 * before it where nobody does.
 *
 * epoll_lock covers all instances but their queues of turns, which the hosts reach into: those have a lock of their
 * own.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "posix/posix.h"

/* Bits of an event that say how to tell, and not of what. */
#define HOW (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)
#define MOST (INT32_MAX / (int)sizeof(struct epoll_event))

struct px_epoll;

struct px_item {
    struct watch watch; /* first */
    struct px_epoll *epoll;
    struct px_sock *s;
    int fd; /* the number it was given by; together with s its name */
    struct epoll_event event;
    bool disabled; /* EPOLLONESHOT, and told */
    bool queued;
    struct px_item *next, *prev;           /* turns */
    struct px_item *next_of_sock, *next_here; /* px_sock.items, px_epoll.items */
};

struct px_epoll {
    struct px px; /* first */
    int real, bell;
    struct px_item **by_fd;
    size_t n_fds;
    struct px_item *items;
    pthread_mutex_t lock; /* of the turns */
    struct px_item *first, *last;
    unsigned n_queued, n_waiting; /* threads in epoll_wait */
};

static pthread_mutex_t epoll_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- turns; all but the first two with e->lock ---- */

static void ring(struct px_epoll *e)
{
    static const uint64_t one = 1;

    if (write(e->bell, &one, sizeof one) < 0)
        return; /* cannot be full: it is silent */
}

static void hush(struct px_epoll *e)
{
    uint64_t count;

    if (read(e->bell, &count, sizeof count) < 0)
        return; /* it was silent */
}

static void enqueue(struct px_item *i)
{
    struct px_epoll *e = i->epoll;

    if (i->queued)
        return;
    i->queued = true;
    i->next = NULL;
    i->prev = e->last;
    *(e->last ? &e->last->next : &e->first) = i;
    e->last = i;
    if (e->n_queued++ == 0)
        ring(e);
}

static void dequeue(struct px_item *i)
{
    struct px_epoll *e = i->epoll;

    if (!i->queued)
        return;
    i->queued = false;
    *(i->prev ? &i->prev->next : &e->first) = i->next;
    *(i->next ? &i->next->prev : &e->last) = i->prev;
    if (--e->n_queued == 0)
        hush(e);
}

/* Is somebody there who takes it? */
static bool give_turn(struct px_item *i)
{
    bool taken;

    pthread_mutex_lock(&i->epoll->lock);
    taken = !i->disabled && !i->queued && i->epoll->n_waiting > 0;
    if (!i->disabled)
        enqueue(i);
    pthread_mutex_unlock(&i->epoll->lock);
    return taken;
}

static void take_turn(struct px_item *i)
{
    pthread_mutex_lock(&i->epoll->lock);
    dequeue(i);
    pthread_mutex_unlock(&i->epoll->lock);
}

/* The host tells that readiness grew. */
static bool fire(struct watch *watch, unsigned ready)
{
    (void)ready;
    return give_turn((struct px_item *)watch);
}

static void count_waiting(struct px_epoll *e, int change)
{
    pthread_mutex_lock(&e->lock);
    e->n_waiting += (unsigned)change;
    pthread_mutex_unlock(&e->lock);
}

/* ---- items; with epoll_lock ---- */

static void unlink_from(struct px_item **list, struct px_item *i, bool of_sock)
{
    while (*list != i)
        list = of_sock ? &(*list)->next_of_sock : &(*list)->next_here;
    *list = of_sock ? i->next_of_sock : i->next_here;
}

static void item_free(struct px_item *i)
{
    weft_host *h = i->s->host;

    if (!host_is_elsewhere(h)) {
        host_call_enter(h);
        watch_end(&i->watch);
        host_call_leave(h);
    }
    take_turn(i);
    unlink_from(&i->epoll->items, i, false);
    unlink_from(&i->s->items, i, true);
    if (i->epoll->by_fd[i->fd] == i)
        i->epoll->by_fd[i->fd] = NULL;
    free(i);
}

void px_epoll_forget(struct px_sock *s)
{
    if (!s->items)
        return;
    pthread_mutex_lock(&epoll_lock);
    while (s->items)
        item_free(s->items);
    pthread_mutex_unlock(&epoll_lock);
}

static bool grow(struct px_epoll *e, int fd)
{
    size_t n = e->n_fds ? e->n_fds : 64;
    struct px_item **grown;

    while (n <= (size_t)fd)
        n *= 2;
    grown = n == e->n_fds ? e->by_fd : realloc(e->by_fd, n * sizeof(struct px_item *));
    if (!grown)
        return false;
    memset(grown + e->n_fds, 0, (n - e->n_fds) * sizeof(struct px_item *));
    e->by_fd = grown;
    e->n_fds = n;
    return true;
}

static struct px_item *find(const struct px_epoll *e, int fd, const struct px_sock *s)
{
    struct px_item *i = (size_t)fd < e->n_fds ? e->by_fd[fd] : NULL;

    return i && i->s == s ? i : NULL;
}

/* Sets what is watched for; what is so already gets its turn at once. */
static int item_set(struct px_item *i, const struct epoll_event *event)
{
    weft_host *h = i->s->host;
    int r = host_call_enter(h);

    i->event = *event;
    i->event.events |= EPOLLERR | EPOLLHUP;
    i->disabled = false;
    if (!host_is_elsewhere(h)) {
        i->watch.want = linux_wants(event->events);
        i->watch.one = event->events & EPOLLEXCLUSIVE;
        if (r || px_ready(i->s) & i->event.events & ~(unsigned)HOW)
            give_turn(i);
    }
    host_call_leave(h);
    return 0;
}

static int item_add(struct px_epoll *e, int fd, struct px_sock *s, const struct epoll_event *event)
{
    struct px_item *i = grow(e, fd) ? calloc(1, sizeof *i) : NULL;
    int r;

    if (!i)
        return -ENOMEM;
    r = host_call_enter(s->host);
    if (r == 0) {
        watch_begin(&i->watch, NULL, s->hs, 0);
        i->watch.fire = fire;
    }
    host_call_leave(s->host);
    if (r) {
        free(i);
        return r;
    }
    i->epoll = e;
    i->s = s;
    i->fd = fd;
    i->next_here = e->items;
    e->items = i;
    i->next_of_sock = s->items;
    s->items = i;
    e->by_fd[fd] = i; /* an item of the same number for a socket that lives on elsewhere goes with that */
    return item_set(i, event);
}

static int control(struct px_epoll *e, int op, int fd, struct px_sock *s, const struct epoll_event *event)
{
    struct px_item *i = find(e, fd, s);

    if (op != EPOLL_CTL_DEL && !event)
        return -EFAULT;
    if (op != EPOLL_CTL_DEL && !linux_may_exclude(op, event->events))
        return -EINVAL;
    if (op == EPOLL_CTL_ADD)
        return i ? -EEXIST : item_add(e, fd, s, event);
    if (op != EPOLL_CTL_MOD && op != EPOLL_CTL_DEL)
        return -EINVAL;
    if (!i)
        return -ENOENT;
    if (op == EPOLL_CTL_MOD)
        return i->event.events & EPOLLEXCLUSIVE ? -EINVAL : item_set(i, event);
    item_free(i);
    return 0;
}

/* ---- the calls ---- */

static void release(struct px *p)
{
    struct px_epoll *e = (struct px_epoll *)p;

    pthread_mutex_lock(&epoll_lock);
    while (e->items)
        item_free(e->items);
    pthread_mutex_unlock(&epoll_lock);
    close(e->real);
    close(e->bell);
    pthread_mutex_destroy(&e->lock);
    free(e->by_fd);
    free(e);
}

const struct px_kind px_epoll_kind = {release};

int weft_posix_epoll_create1(int flags)
{
    int fd = epoll_create1(flags);
    struct epoll_event event = {.events = EPOLLIN};
    struct px_epoll *e;

    if (fd < 0)
        return -1;
    e = calloc(1, sizeof *e);
    if (e) {
        e->px.kind = &px_epoll_kind;
        pthread_mutex_init(&e->lock, NULL);
        e->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        e->real = dup(fd);
        event.data.ptr = e;
        if (e->bell >= 0 && e->real >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, e->bell, &event) == 0 &&
            px_put(fd, &e->px) == 0)
            return fd;
        release(&e->px);
    }
    close(fd);
    return (int)px_result(-ENOMEM);
}

int weft_posix_epoll_create(int size)
{
    return size > 0 ? weft_posix_epoll_create1(0) : (int)px_result(-EINVAL);
}

static struct px_epoll *get_epoll(int fd, int *err)
{
    struct px *p = px_get(fd);

    *err = p ? 0 : -EBADF;
    if (p && p->kind != &px_epoll_kind) {
        px_drop(p);
        p = NULL;
        *err = -EINVAL;
    }
    return (struct px_epoll *)p;
}

int weft_posix_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    int err;
    struct px_epoll *e = get_epoll(epfd, &err);
    struct px_sock *s = px_get_sock(fd);

    if (e && s) {
        pthread_mutex_lock(&epoll_lock);
        err = control(e, op, fd, s, event);
        pthread_mutex_unlock(&epoll_lock);
    } else if (!s) {
        err = epoll_ctl(epfd, op, fd, event) < 0 ? -errno : 0;
    } else if (err == -EBADF && fcntl(epfd, F_GETFD) >= 0) {
        err = -EINVAL;
    }
    if (s)
        px_drop(&s->px);
    if (e)
        px_drop(&e->px);
    return (int)px_result(err);
}

/* One turn: is it ready? Then it is told of, and what becomes of its turn. */
static bool tell(struct px_item *i, struct epoll_event *out)
{
    weft_host *h = i->s->host;
    unsigned ready;

    host_call_enter(h);
    take_turn(i);
    ready = host_is_elsewhere(h) ? (unsigned)(EPOLLERR | EPOLLHUP) : px_ready(i->s);
    ready &= i->event.events & ~(unsigned)HOW;
    if (ready && i->event.events & EPOLLONESHOT)
        i->disabled = true;
    else if (ready && !(i->event.events & EPOLLET))
        give_turn(i);
    host_call_leave(h);
    *out = (struct epoll_event){.events = ready, .data = i->event.data};
    return ready != 0;
}

/* Each who has a turn now is asked once. */
static int collect(struct px_epoll *e, struct epoll_event *events, int n)
{
    struct px_item *i;
    unsigned turns;
    int count = 0;

    pthread_mutex_lock(&epoll_lock);
    pthread_mutex_lock(&e->lock);
    for (turns = e->n_queued; turns && count < n && (i = e->first); turns--) {
        pthread_mutex_unlock(&e->lock);
        count += tell(i, &events[count]);
        pthread_mutex_lock(&e->lock);
    }
    pthread_mutex_unlock(&e->lock);
    pthread_mutex_unlock(&epoll_lock);
    return count;
}

/* What the kernel says, without the bell. */
static int ask_kernel(struct px_epoll *e, struct epoll_event *events, int n, int timeout, const sigset_t *mask)
{
    int got = epoll_pwait(e->real, events, n, timeout, mask), count = 0;

    for (int i = 0; i < got; i++)
        if (events[i].data.ptr != e)
            events[count++] = events[i];
    return got < 0 ? -errno : count;
}

static int64_t milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int wait_long(struct px_epoll *e, struct epoll_event *events, int n, int timeout, const sigset_t *mask)
{
    int64_t end = milliseconds() + timeout, left = timeout;
    int count, more;

    for (;;) {
        count = collect(e, events, n);
        if (count == n)
            return count;
        more = ask_kernel(e, events + count, n - count, count ? 0 : (int)left, mask);
        if (count + more > 0 && (count || more > 0))
            return more > 0 ? count + more : count;
        if (more < 0)
            return more;
        left = timeout < 0 ? -1 : end - milliseconds();
        if (timeout >= 0 && left <= 0)
            return collect(e, events, n);
    }
}

static int wait_on(struct px_epoll *e, struct epoll_event *events, int n, int timeout, const sigset_t *mask)
{
    int got;

    count_waiting(e, 1);
    got = wait_long(e, events, n, timeout, mask);
    count_waiting(e, -1);
    return got;
}

int weft_posix_epoll_pwait(int epfd, struct epoll_event *events, int n, int timeout, const sigset_t *mask)
{
    int err;
    struct px_epoll *e = get_epoll(epfd, &err);

    if (!e && err == -EBADF)
        return epoll_pwait(epfd, events, n, timeout, mask);
    if (e && (n <= 0 || n > MOST))
        err = -EINVAL;
    if (e && !err)
        err = events ? wait_on(e, events, n, timeout, mask) : -EFAULT;
    if (e)
        px_drop(&e->px);
    return (int)px_result(err);
}

int weft_posix_epoll_wait(int epfd, struct epoll_event *events, int n, int timeout)
{
    return weft_posix_epoll_pwait(epfd, events, n, timeout, NULL);
}
