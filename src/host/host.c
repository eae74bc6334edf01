/* SPDX-License-Identifier: MIT */
/*
 * A host's birth and death, its clock, and its lock as others see it.
 *
 * Death goes in this order, each step needing the ones before: no call begins any more and those that wait leave; the
 * jobs of the control socket end; the poll thread ends; open connections are reset, on the wire too; the stack goes.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "host/host.h"

/* ---- what the stack needs from outside ---- */

static bool env_random(void *ctx, void *buf, size_t n)
{
    uint8_t *to = buf;
    ssize_t r;

    (void)ctx;
    while (n) {
        r = getrandom(to, n, 0);
        if (r < 0 && errno != EINTR)
            return false;
        if (r > 0) {
            to += r;
            n -= (size_t)r;
        }
    }
    return true;
}

static weft_time monotonic(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_nsec;
}

weft_time weft_host_now(const weft_host *h)
{
    return monotonic() - h->epoch;
}

struct timespec host_timespec(const weft_host *h, weft_time at)
{
    weft_time t = h->epoch + at;

    return (struct timespec){(time_t)(t / WEFT_S), (long)(t % WEFT_S)};
}

/* ---- the lock ---- */

void host_clock(weft_host *h)
{
    h->now = weft_host_now(h);
    weft_clock(h->stack, h->now);
}

void host_enter(weft_host *h)
{
    pthread_mutex_lock(&h->lock);
    host_clock(h);
}

weft_stack *weft_host_lock(weft_host *h)
{
    if (host_is_elsewhere(h))
        return NULL;
    host_enter(h);
    return h->stack;
}

void weft_host_unlock(weft_host *h)
{
    host_settle(h);
    pthread_mutex_unlock(&h->lock);
}

const char *weft_host_name(const weft_host *h)
{
    return h->name;
}

/* ---- fork ---- */

/* How often this process came out of a fork. Set there alone, where there is one thread. */
static unsigned forks;
static pthread_once_t forks_counted = PTHREAD_ONCE_INIT;

static void count_fork(void)
{
    forks++;
}

static void count_forks(void)
{
    pthread_atfork(NULL, NULL, count_fork);
}

bool host_is_elsewhere(const weft_host *h)
{
    return h->forks != forks;
}

/* ---- birth ---- */

static bool name_is_legal(const char *name)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    return *name && *name != '.' && strlen(name) < sizeof(((weft_host *)0)->name) && !name[strspn(name, legal)];
}

static const char *stack_trouble(int err)
{
    if (err == WEFT_EPROTO)
        return "the system gives no random numbers";
    return err == WEFT_EINVAL ? "a value of the configuration is out of range" : "out of memory";
}

static bool host_init(weft_host *h, const struct weft_host_config *config, char *why, size_t n)
{
    struct weft_env env = {h, host_alloc, host_dealloc, env_random, story_trace, NULL};
    int err = WEFT_ENOMEM;

    h->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (h->kick < 0) {
        snprintf(why, n, "no descriptor for the host: %s", strerror(errno));
        return false;
    }
    h->epoch = monotonic();
    h->story = story_new(h);
    if (h->story)
        h->stack = weft_stack_new(&env, config->stack, 0, &err);
    if (!h->stack) {
        snprintf(why, n, "no stack: %s", stack_trouble(err));
        return false;
    }
    h->loopback = weft_if_find(h->stack, "lo");
    return true;
}

/* All but the lock. */
static void host_clear(weft_host *h)
{
    size_t i;

    for (i = 0; i < h->n_interfaces; i++)
        host_if_free(h->interfaces[i]);
    if (h->stack)
        weft_stack_free(h->stack);
    host_memory_free(h);
    while (h->n_spare)
        close(h->spare[--h->n_spare]);
    if (h->kick >= 0)
        close(h->kick);
    story_free(h->story);
    free(h->socks);
}

static void host_release(weft_host *h)
{
    pthread_cond_destroy(&h->quiet);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

void host_hold(weft_host *h)
{
    h->holders++;
}

void host_drop(weft_host *h)
{
    bool last;

    if (host_is_elsewhere(h))
        return;
    pthread_mutex_lock(&h->lock);
    last = --h->holders == 0 && h->gone;
    pthread_mutex_unlock(&h->lock);
    if (last)
        host_release(h);
}

weft_host *weft_host_new(const struct weft_host_config *config, char *why, size_t n)
{
    static const struct weft_host_config none;
    weft_host *h;

    if (!config)
        config = &none;
    if (config->name && !name_is_legal(config->name)) {
        snprintf(why, n, "'%s' is no name for a host: letters, digits and -_. only, at most 63", config->name);
        return NULL;
    }
    h = calloc(1, sizeof(*h));
    if (!h) {
        snprintf(why, n, "out of memory");
        return NULL;
    }
    pthread_once(&forks_counted, count_forks);
    h->forks = forks;
    snprintf(h->name, sizeof(h->name), "%s", config->name ? config->name : "");
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->quiet, NULL);
    if (host_init(h, config, why, n))
        return h;
    host_clear(h);
    host_release(h);
    return NULL;
}

int host_thread(pthread_t *thread, bool detached, void *(*run)(void *), void *arg)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
    error = pthread_create(thread, &attr, run, arg);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

int weft_host_start(weft_host *h, char *why, size_t n)
{
    int error = host_thread(&h->thread, false, host_loop, h);

    if (error) {
        snprintf(why, n, "no thread for the host: %s", strerror(error));
        return -1;
    }
    h->running = true;
    return 0;
}

/* ---- death ---- */

void weft_host_free(weft_host *h)
{
    bool held;

    if (host_is_elsewhere(h))
        return;
    pthread_mutex_lock(&h->lock);
    h->down = true;
    host_wake_all(h);
    pthread_mutex_unlock(&h->lock);
    weft_control_stop(h);

    host_enter(h);
    while (h->callers)
        pthread_cond_wait(&h->quiet, &h->lock);
    h->stop = true;
    host_kick(h);
    pthread_mutex_unlock(&h->lock);
    if (h->running)
        pthread_join(h->thread, NULL);

    host_enter(h);
    host_abort_all(h);
    host_settle(h);
    story_free(h->story);
    h->story = NULL;
    host_clear(h);
    h->gone = true;
    held = h->holders > 0;
    pthread_mutex_unlock(&h->lock);
    if (!held)
        host_release(h);
}
