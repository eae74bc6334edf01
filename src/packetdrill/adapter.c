/* SPDX-License-Identifier: MIT */
/* Birth and death of the adapter, its table, and how calls enter and leave it. */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "packetdrill/calls.h"
#include "packetdrill/desc.h"
#include "packetdrill/sysctls.h"
#include "packetdrill/user.h"

/* Where the clock begins: past anything that may be subtracted from it. */
#define EPOCH (1000000 * WEFT_S)

#define LONGEST_GOODBYE 2000 /* milliseconds of real time */

void drill_die(int status, const char *format, ...)
{
    char line[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    fprintf(stderr, "libweft-packetdrill: %s\n", line);
    exit(status);
}

/* ---- entering and leaving ---- */

struct drill *drill_enter(void *userdata)
{
    struct drill *d = userdata;
    struct drill_thread *t;

    pthread_mutex_lock(&d->lock);
    d->entries++;
    t = drill_thread(d);
    if (t) {
        t->inside = true;
        t->owes = t->frozen = false;
        pthread_cond_broadcast(&d->paid);
    }
    weft_clock(d->stack, d->now);
    return d;
}

ssize_t drill_leave(struct drill *d, int64_t r)
{
    struct drill_thread *t = drill_thread(d);

    drill_settle(d);
    if (t && !t->frozen) { /* it was not asleep: now is when it got its result */
        t->owes = t->frozen = true;
        t->at = d->now;
        t->asleep = 0;
    }
    if (t)
        t->inside = false;
    pthread_mutex_unlock(&d->lock);
    if (r >= 0)
        return (ssize_t)r;
    errno = (int)-r;
    return -1;
}

/* ---- what the stack needs from outside ---- */

static void *env_alloc(void *ctx, size_t size, size_t align)
{
    void *p = NULL;

    (void)ctx;
    if (align <= _Alignof(max_align_t))
        return malloc(size);
    return posix_memalign(&p, align, size) == 0 ? p : NULL;
}

static void env_free(void *ctx, void *p, size_t size)
{
    (void)ctx, (void)size;
    free(p);
}

static bool env_random(void *ctx, void *buf, size_t n)
{
    (void)ctx;
    return getrandom(buf, n, 0) == (ssize_t)n;
}

/* ---- birth ---- */

static bool open_stack(struct drill *d, char *why, size_t n)
{
    struct weft_env env = {NULL, env_alloc, env_free, env_random, NULL, NULL};
    struct weft_config config;
    int err = 0;

    if (weft_config_profile(&config, d->settings.profile) != 0) {
        snprintf(why, n, "there is no profile '%s'", d->settings.profile);
        return false;
    }
    d->stack = weft_stack_new(&env, &config, d->now, &err);
    if (!d->stack) {
        snprintf(why, n, "no stack: %s", weft_strerror(err));
        return false;
    }
    return netdev_open(d, why, n);
}

static bool open_drill(struct drill *d, const char *flags, char *why, size_t n)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&d->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&d->paid, &attr);
    pthread_condattr_destroy(&attr);
    d->driver = gettid();
    d->last = &d->first;
    d->now = EPOCH;
    if (!settings_parse(&d->settings, flags, why, n))
        return false;
    if (!user_open(d) || !(d->sysctls = sysctls_new())) {
        snprintf(why, n, "no memory or no descriptor is left");
        return false;
    }
    if (!open_stack(d, why, n))
        return false;
    sysctls_read(d); /* a script may do without any socket */
    return true;
}

/* Tells the preloaded library of us, if it is there; see hooks.h. */
static void attach(const struct drill_hooks *hooks)
{
    union {
        void *found;
        drill_attach *call;
    } preload = {dlsym(RTLD_DEFAULT, DRILL_ATTACH)};

    if (preload.found)
        preload.call(hooks);
}

/* ---- death ---- */

static bool anybody_inside(const struct drill *d)
{
    for (size_t i = 0; i < DRILL_THREADS; i++)
        if (d->threads[i].inside && !thread_is_gone(d->threads[i].id))
            return true;
    return false;
}

/* Calls that still sleep end with EINTR. False: somebody stays for all that. */
static bool everybody_leaves(struct drill *d)
{
    call_interrupt_all(d);
    for (int i = 0; anybody_inside(d); i++) {
        if (i == LONGEST_GOODBYE)
            return false;
        pthread_mutex_unlock(&d->lock);
        usleep(1000);
        pthread_mutex_lock(&d->lock);
    }
    return true;
}

static void drill_free(void *userdata)
{
    struct drill *d = userdata;

    attach(NULL);
    pthread_mutex_lock(&d->lock);
    if (!everybody_leaves(d)) { /* better nothing is freed than something that is in use */
        pthread_mutex_unlock(&d->lock);
        return;
    }
    desc_close_all(d);
    netdev_pull(d);
    netdev_clear(d);
    weft_stack_free(d->stack);
    sysctls_free(d->sysctls);
    user_close(d);
    pthread_mutex_unlock(&d->lock);
    pthread_cond_destroy(&d->paid);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* ---- the table ---- */

static const struct packetdrill_interface table = {
    .free = drill_free,
    .socket = drill_socket,
    .bind = drill_bind,
    .listen = drill_listen,
    .accept = drill_accept,
    .connect = drill_connect,
    .read = drill_read,
    .readv = drill_readv,
    .recv = drill_recv,
    .recvfrom = drill_recvfrom,
    .recvmsg = drill_recvmsg,
    .write = drill_write,
    .writev = drill_writev,
    .send = drill_send,
    .sendto = drill_sendto,
    .sendmsg = drill_sendmsg,
    .fcntl = drill_fcntl,
    .ioctl = drill_ioctl,
    .close = drill_close,
    .shutdown = drill_shutdown,
    .getsockopt = drill_getsockopt,
    .setsockopt = drill_setsockopt,
    .poll = drill_poll,
    .netdev_send = drill_netdev_send,
    .netdev_receive = drill_netdev_receive,
    .usleep = drill_usleep,
    .gettimeofday = drill_gettimeofday,
    .epoll_create = drill_epoll_create,
    .epoll_ctl = drill_epoll_ctl,
    .epoll_wait = drill_epoll_wait,
    .pipe = drill_pipe,
    .splice = drill_splice,
};

void packetdrill_interface_init(const char *flags, struct packetdrill_interface *out)
{
    struct drill *d = calloc(1, sizeof *d);
    struct drill_hooks hooks = {d, drill_getsockopt, drill_close, drill_sendfile};
    char why[256] = "out of memory";

    if (!d || !open_drill(d, flags, why, sizeof why))
        drill_die(2, "%s", why);
    *out = table;
    out->userdata = d;
    attach(&hooks);
}
