/* SPDX-License-Identifier: MIT */
/* See call.h: which function a call is, when it is tried again, and whether it gave what the script says. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "stamps.h"

struct lab_fd *lab_fd_find(struct lab *lab, int number)
{
    for (int i = 0; i < LAB_FDS; i++)
        if (lab->fds[i].kind != FD_FREE && lab->fds[i].number == number)
            return &lab->fds[i];
    return NULL;
}

struct lab_fd *fd_add(struct lab *lab, enum fd_kind kind, int number)
{
    for (int i = 0; i < LAB_FDS; i++)
        if (lab->fds[i].kind == FD_FREE) {
            lab->fds[i] = (struct lab_fd){.kind = kind, .number = number};
            return &lab->fds[i];
        }
    fprintf(stderr, "weft-script: a script may hold %d descriptors at once\n", LAB_FDS);
    abort();
}

void lab_note_event(struct lab *lab, const struct weft_event *event)
{
    for (int i = 0; i < LAB_FDS; i++)
        if (lab->fds[i].kind == FD_SOCKET && lab->fds[i].sock == event->sock)
            poll_note(lab, &lab->fds[i], event->ready);
}

void lab_fds_free(struct lab *lab)
{
    for (int i = 0; i < LAB_FDS; i++) {
        pipe_close(&lab->fds[i]);
        free(lab->fds[i].epoll);
        stamps_free(&lab->fds[i]);
    }
}

int64_t bad(struct attempt *a, const char *format, ...)
{
    char why[256];
    va_list ap;

    va_start(ap, format);
    vsnprintf(why, sizeof(why), format, ap);
    va_end(ap);
    lab_fail(a->lab, a->event->line, "%s(): %s", a->call->name, why);
    return BAD;
}

const struct value *argument(const struct attempt *a, size_t i)
{
    static const struct value none = {.kind = VALUE_ELLIPSIS};

    return i < a->call->n_args ? &a->call->arg[i] : &none;
}

int64_t number_of(const struct attempt *a, size_t i)
{
    const struct value *v = argument(a, i);

    return v->kind == VALUE_NUMBER ? v->number : 0;
}

bool number_matches(const struct value *expected, int64_t actual)
{
    return expected->kind != VALUE_NUMBER || expected->number == actual;
}

/* ---- the table ---- */

/* What the first argument is. */
enum first { NO_FD, ANY_FD, SOCKET_FD };

static const struct {
    const char *name;
    int64_t (*run)(struct attempt *a);
    enum first first;
} calls[] = {
    {"socket", call_socket, NO_FD},
    {"open", call_open, NO_FD},
    {"pipe", call_pipe, NO_FD},
    {"poll", call_poll, NO_FD},
    {"epoll_create", call_epoll_create, NO_FD},
    {"epoll_create1", call_epoll_create, NO_FD},
    {"epoll_ctl", call_epoll_ctl, ANY_FD},
    {"epoll_wait", call_epoll_wait, ANY_FD},
    {"bind", call_bind, SOCKET_FD},
    {"listen", call_listen, SOCKET_FD},
    {"accept", call_accept, SOCKET_FD},
    {"accept4", call_accept, SOCKET_FD},
    {"connect", call_connect, SOCKET_FD},
    {"getsockname", call_getsockname, SOCKET_FD},
    {"getpeername", call_getpeername, SOCKET_FD},
    {"close", call_close, ANY_FD},
    {"abort", call_abort, SOCKET_FD},
    {"shutdown", call_shutdown, SOCKET_FD},
    {"read", call_read, ANY_FD},
    {"readv", call_read, ANY_FD},
    {"recv", call_read, ANY_FD},
    {"recvfrom", call_read, ANY_FD},
    {"recvmsg", call_recvmsg, SOCKET_FD},
    {"write", call_write, ANY_FD},
    {"writev", call_write, ANY_FD},
    {"send", call_write, ANY_FD},
    {"sendto", call_write, ANY_FD},
    {"sendmsg", call_sendmsg, SOCKET_FD},
    {"splice", call_splice, ANY_FD},
    {"sendfile", call_sendfile, ANY_FD},
    {"fcntl", call_fcntl, ANY_FD},
    {"setsockopt", call_setsockopt, SOCKET_FD},
    {"getsockopt", call_getsockopt, SOCKET_FD},
    {"ioctl", call_ioctl, SOCKET_FD},
};

static int64_t attempt(struct lab *lab, const struct event *e)
{
    struct attempt a = {.lab = lab, .event = e, .call = &e->call};

    weft_clock(lab->stack, lab->now + lab->script->config.epoch);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (strcmp(calls[i].name, e->call.name) != 0)
            continue;
        if (calls[i].first != NO_FD) {
            a.fd = lab_fd_find(lab, (int)number_of(&a, 0));
            if (!a.fd)
                return EBADF_RESULT;
            if (calls[i].first == SOCKET_FD && a.fd->kind != FD_SOCKET)
                return ENOTSOCK_RESULT;
        }
        return calls[i].run(&a);
    }
    if (strcmp(e->call.name, "cap_set") == 0)
        return bad(&a, "weft has no capabilities: every call is allowed");
    return bad(&a, "no such system call");
}

static void check_result(struct lab *lab, const struct event *e, int64_t r)
{
    const struct call *c = &e->call;
    bool same = c->result == -1 ? r < 0 && (!c->error || c->error == -r) : r == c->result;

    if (lab->lenient || c->any_result || r == BAD || same)
        return;
    if (r < 0)
        lab_fail(lab, e->line, "%s() gave -1 %s, expected %lld %s", c->name, errno_name((int)-r),
                 (long long)c->result, c->error ? errno_name(c->error) : "");
    else
        lab_fail(lab, e->line, "%s() gave %lld, expected %lld %s", c->name, (long long)r, (long long)c->result,
                 c->error ? errno_name(c->error) : "");
}

static void returned(struct lab *lab, int64_t r)
{
    const struct event *e = lab->pending.event;
    weft_time until = lab->pending.until;

    if (lab->options->verbose && r != BAD)
        printf("# %12.6f %s() = %lld %s\n", (double)lab->now / 1e9, e->call.name, (long long)(r < 0 ? -1 : r),
               r < 0 ? errno_name((int)-r) : "");
    lab->pending = (struct pending){0};
    check_result(lab, e, r);
    if (lab->lenient || r == BAD)
        return;
    if (lab->now + lab->tolerance < until || lab->now > until + lab->tolerance)
        lab_fail(lab, e->line, "%s() returned at %.6f, expected %.6f", e->call.name, (double)lab->now / 1e9,
                 (double)until / 1e9);
}

void lab_retry(struct lab *lab)
{
    int64_t r;

    if (!lab->pending.event)
        return;
    r = attempt(lab, lab->pending.event);
    if (r != BLOCKED)
        returned(lab, r);
}

void lab_await_call(struct lab *lab)
{
    const struct event *e = lab->pending.event;

    if (!e)
        return;
    lab_run_until(lab, lab->pending.until, false);
    if (!lab->pending.event)
        return;
    lab->pending = (struct pending){0};
    if (!lab->lenient)
        lab_fail(lab, e->line, "%s() still blocks at %.6f", e->call.name, (double)lab->now / 1e9);
}

void lab_call(struct lab *lab, const struct event *e)
{
    int64_t r;

    lab_await_call(lab);
    lab->pending = (struct pending){.event = e, .until = lab->base + (e->when.hi - e->when.lo),
                                    .deadline = WEFT_NEVER};
    r = attempt(lab, e);
    if (r != BLOCKED) {
        returned(lab, r);
    } else if (!e->when.blocking) {
        lab->pending = (struct pending){0};
        if (!lab->lenient)
            lab_fail(lab, e->line, "%s() blocks", e->call.name);
    }
    lab_settle(lab);
}
