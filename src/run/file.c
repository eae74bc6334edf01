/* SPDX-License-Identifier: MIT */
/*
 * Our sockets, found by the inode of the program's end: the same through dup, fork, exec and SCM_RIGHTS. The kernel
 * counts these numbers up, so one that is gone comes again after 2^32 others at the soonest.
 *
 * A file lives until the last of the program's descriptors is closed, which shows as a hang-up at our end, or is told
 * by closes.c. One whose end we have given up (file_reset) is kept for what is asked of it afterwards, the newest
 * DEAD_MAX of these.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/private.h"

static struct file **bucket_of(struct run *run, ino_t inode) { return &run->files[inode % FILE_BUCKETS]; }

struct file *file_find(struct run *run, ino_t inode)
{
    struct file *f = *bucket_of(run, inode);

    while (f && f->inode != inode)
        f = f->next;
    return f;
}

static void file_enter(struct run *run, struct file *f)
{
    struct file **bucket = bucket_of(run, f->inode);

    f->next = *bucket;
    *bucket = f;
}

static void file_leave(struct run *run, struct file *f)
{
    struct file **at = bucket_of(run, f->inode);

    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
}

void file_identify(struct call *c)
{
    int fd = task_get_fd(c->run, c->tid, (int)c->arg[0]);
    struct stat st;

    c->file = NULL;
    c->anothers = false;
    if (fd == -EPERM)
        complain(c->run, call_name(c->nr),
                 "a program's descriptors are out of our reach: its calls for sockets go astray (with --host, "
                 "kernel.yama.ptrace_scope has to be 0, or the host root's)");
    if (fd < 0)
        return;
    c->fd = fd;
    if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
        return;
    c->file = file_find(c->run, st.st_ino);
    if (!c->file) {
        c->anothers = run_is_anothers(c->run, st.st_ino);
        return;
    }
    c->file->tid = c->tid;
    c->file->fd = (int)c->arg[0];
}

bool call_is_nonblocking(const struct call *c)
{
    int flags = fcntl(c->fd, F_GETFL);

    return flags >= 0 && flags & O_NONBLOCK;
}

void file_due(struct run *run, struct file *f)
{
    if (!list_linked(&f->due))
        list_push_back(&run->due, &f->due);
}

/* ---- birth ---- */

/*
 * The program's end is writable while a quarter of its buffer is taken, and the byte that stays takes as much as was
 * written with it in one piece: up to 64 KiB, by sendfile. What the program asks for is the engine's business.
 */
static void pair_size(int program)
{
    static const int bytes = 212992; /* of which the kernel makes the double */

    if (setsockopt(program, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0)
        setsockopt(program, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

static bool is_datagram(const struct file *f) { return !file_is_stream(f) && !file_is_netlink(f); }

/* A pair whose end[0] is ours, neither of which waits: file_give changes the program's. 0 or -errno. */
static int pair_open(const struct file *f, int end[2])
{
    int type = file_is_stream(f) ? SOCK_STREAM : file_is_netlink(f) ? SOCK_SEQPACKET : SOCK_DGRAM;

    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, end) < 0)
        return -errno;
    pair_size(end[1]);
    /* A stream has its byte that stays, see private.h. */
    if (file_is_stream(f) ? write(end[1], "", 1) == 1 : file_is_netlink(f) || alarm_prepare(end[1]) == 0)
        return 0;
    close(end[0]);
    close(end[1]);
    return -EMFILE;
}

/* room: also for EPOLLOUT, which comes whenever the program has read something. */
static int pair_watch(struct run *run, struct file *f, int end, int how, bool room)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (room ? EPOLLOUT : 0), .data.ptr = f};

    return epoll_ctl(run->epoll, how, end, &e) < 0 ? -errno : 0;
}

void file_await_room(struct run *run, struct file *f, bool on)
{
    f->awaits = on;
    pair_watch(run, f, f->end, EPOLL_CTL_MOD, on);
}

/* A datagram fits as a whole or never, so the largest always does. */
void file_size(struct file *f)
{
    int bytes = f->receive_buffer;

    f->room = 0;
    if (!bytes)
        return;
    if (!file_is_stream(f) && bytes < 2 * PAYLOAD)
        bytes = 2 * PAYLOAD;
    setsockopt(f->end, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

/* Gives the file a pair; the program's end to *program. */
static int file_pair(struct run *run, struct file *f, int *program)
{
    struct stat st;
    int end[2], err = pair_open(f, end);

    if (err)
        return err;
    err = fstat(end[1], &st) < 0 ? -errno : pair_watch(run, f, end[0], EPOLL_CTL_ADD, !file_is_stream(f));
    if (!err && is_datagram(f))
        err = closes_watch(run, f, end[1]);
    if (err) {
        close(end[0]);
        close(end[1]);
        return err;
    }
    f->end = end[0];
    f->inode = st.st_ino;
    f->ready = EPOLLOUT;
    f->awaits = false;
    f->uncounted = 0;
    file_size(f);
    *program = end[1];
    return 0;
}

int file_new(struct run *run, weft_sock *sock, const struct file *like, const char *label, int *program,
             struct file **out)
{
    struct file *f = malloc(sizeof *f);
    int err = -ENOMEM;

    if (f) {
        *f = *like;
        f->end = -1;
        f->sock = sock;
        list_init(&f->due);
        list_init(&f->parked);
        err = file_pair(run, f, program);
    }
    if (err) {
        free(f);
        if (sock)
            weft_abort(sock);
        return err;
    }
    f->number = sock ? weft_host_guest_take(run->host, &run->guest, sock, f, label) : 0;
    if (f->number < 0) {
        closes_forget(run, f);
        close(f->end);
        close(*program);
        free(f);
        return -ENOMEM;
    }
    file_enter(run, f);
    *out = f;
    return 0;
}

int file_give(struct call *c, struct file *f, int program, int flags)
{
    int err = 0;

    f->cloexec = flags & SOCK_CLOEXEC;
    if (!(flags & SOCK_NONBLOCK) && fcntl(program, F_SETFL, 0) < 0)
        err = -errno;
    if (!err)
        err = call_give_fd(c, program, f->cloexec);
    close(program);
    return err;
}

int file_renew(struct run *run, struct file *f, int *program)
{
    int end = f->end, err;

    closes_forget(run, f);
    file_leave(run, f);
    err = file_pair(run, f, program);
    file_enter(run, f);
    if (err)
        return err;
    if (end >= 0)
        close(end);
    f->in_over = f->out_over = f->spoilt = f->opened = f->alarmed = false;
    f->fill = f->n_head = 0;
    return 0;
}

/* ---- death ---- */

static void sock_end(struct run *run, struct file *f, void (*how)(weft_sock *))
{
    if (f->returned)
        weft_abort(f->returned);
    f->returned = NULL;
    if (f->sock)
        how(weft_host_guest_give_up(run->host, f->number));
    f->sock = NULL;
}

static void file_free(struct run *run, struct file *f)
{
    file_unpark_all(f, -ENETDOWN);
    file_leave(run, f);
    closes_forget(run, f);
    list_remove(&f->due);
    if (f->end >= 0)
        close(f->end);
    free(f->beside);
    free(f->head);
    linux_own_free(&f->own);
    free(f);
}

weft_sock *file_take_sock(struct run *run, struct file *f)
{
    weft_sock *sock = weft_host_guest_give_up(run->host, f->number);

    f->sock = NULL;
    file_free(run, f);
    return sock;
}

void file_close(struct run *run, struct file *f)
{
    sock_end(run, f, weft_close);
    file_free(run, f);
}

void file_abort(struct run *run, struct file *f)
{
    sock_end(run, f, weft_abort);
    file_free(run, f);
}

/* Forgets the oldest of those without an end when there are too many. */
static void dead_keep(struct run *run, struct file *f)
{
    struct file **place = &run->dead[run->next_dead++ % DEAD_MAX];

    if (*place)
        file_free(run, *place);
    *place = f;
}

void file_reset(struct run *run, struct file *f, int error)
{
    sock_end(run, f, weft_close);
    f->error = error;
    f->alarmed = true;
    close(f->end);
    f->end = -1;
    file_unpark_all(f, error);
    list_remove(&f->due);
    dead_keep(run, f);
}

void file_free_all(struct run *run)
{
    size_t i;

    for (i = 0; i < FILE_BUCKETS; i++) {
        while (run->files[i])
            file_abort(run, run->files[i]);
    }
}
