/* SPDX-License-Identifier: MIT */
/*
 * What the files of `run` share.
 *
 * Theory of operation. A program's socket is one end of a pair of the kernel's AF_UNIX sockets; the other end, and a
 * socket of the engine, are ours (struct file). Bytes and datagrams go through the pair, which the program reads,
 * writes, polls, duplicates and passes on as it likes; we pump between the pair and the engine. Calls that name
 * somebody, or ask what only the engine knows, come to us as notifications (struct call) and are answered by a
 * function of the table in calls.c. All this runs on the host's thread, under its lock, as one of its guests
 * (weft/host.h).
 *
 * A notification can be void at any moment, because its thread was interrupted or killed: an answer then fails, and
 * what it would have given must not be lost. In rare cases it does not fail, and is lost all the same: where that would
 * be a gap in a stream, or bytes sent twice, the thread is held meanwhile (hold.c). Whatever has to wait is parked with its
 * notification, and the call is tried again from its beginning when something has changed (park.c).
 *
 * The byte that stays. Closing our end while something lies unread in it makes the program's end read ECONNRESET after
 * what was queued, and closing it otherwise reads as the end of the file. Therefore the last byte that a program wrote
 * to a stream is read without taking it, so that one byte, passed on already, always lies there; the first is written
 * when the pair is made. When our process dies, its connections are resets, not ends of files.
 *
 *      file        owns
 *      filter.c    which calls are notified         child.c     the program's birth
 *      run.c       birth, turns and end of a run     notice.c    a notification: answers, the program's memory
 *      task.c      the threads that call             calls.c     which function answers which call
 *      park.c      calls that wait                   file.c      our sockets, by the inode of the program's end
 *      open.c      socket; pairs                     stream.c    bytes between a pair and a connection
 *      connect.c   connect                           listener.c  listen, accept
 *      datagram.c  datagrams between a pair and the engine; sendto, recvfrom
 *      alarm.c     errors at a datagram socket's pair closes.c     last closes that hang up nowhere
 *      message.c   msghdr, one and several           options.c   getsockopt, setsockopt
 *      hold.c      threads that are held for an answer which cannot be lost
 *      head.c      bytes taken from a stream's pair for a call
 *      names.c     bind, getsockname, getpeername; struct sockaddr
 *      ioctl.c     ioctl, shutdown                   complain.c  what cannot be honoured, said once
 *      netlink.c   interfaces and routes by netlink  netlink_calls.c  the calls on such a socket
 *      netlink_message.c  what they say       netlink_watch.c  and of changes, to whom it concerns
 */
#ifndef RUN_PRIVATE_H
#define RUN_PRIVATE_H

#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include "base/list.h"
#include "host/host.h"
#include "weft/host.h"
#include "weft/sock.h"

#define SCRATCH    (64 * 1024) /* room for the largest datagram, or what is moved at once */
#define PAYLOAD    65535        /* bytes of the largest datagram */
#define FILE_BUCKETS 4096
#define TASKS      64
#define DEAD_MAX   256
#define HOLD_LATE  16

/* ---- a socket of ours ---- */

/* What connect(2) knows of a stream besides its state (Linux's socket_state). */
enum progress { UNCONNECTED, CONNECTING, CONNECTED };

struct run;

struct file {
    struct file *next; /* in its bucket */
    ino_t inode;       /* of the program's end */
    int end;           /* ours; -1: given up, and the program knows */
    int number;        /* of sock, in the host's table */
    weft_sock *sock;   /* NULL: gone; a socket of netlink never has one */
    int domain, type, protocol;
    enum progress progress;
    unsigned ready;  /* what the pair is ready for: EPOLL bits, set by events, cleared when it was not so */
    bool awaits;     /* a stream: its events tell of room, see file_await_room */
    size_t uncounted; /* bytes that went into the pair since somebody counted what waits there */
    int receive_buffer; /* SO_RCVBUF as it was set; 0: it was not */
    int room;        /* bytes of true size that the pair takes inwards; 0: not asked yet */
    struct list due; /* in run.due: something has changed */
    struct list parked;
    int error;       /* negative: pending, beside the engine's */
    bool cloexec;    /* it was opened so */
    bool opened;     /* connecting, and the handshake has ended well */
    uint32_t ahead;  /* a stream: bytes that a void call has sent, whose thread was not held: they come again */
    uint8_t *head;   /* a stream: bytes before those in the pair, */
    size_t n_head;   /* so many */
    bool bulk;       /* a stream: the program wrote much the last time */
    bool in_over;    /* the program has been told the end of the peer's data */
    bool out_over;   /* the program's data has ended */
    bool spoilt;     /* connect failed: the pair has ended, and the next connect makes a new one */
    size_t fill;     /* bytes that keep a connecting stream unwritable */
    int send_buffer; /* of the program's end, to be restored then */
    unsigned announced;   /* a listener: bytes that lie in the pair, one for each connection */
    weft_sock *returned;  /* a listener: accepted, and then the caller was gone */
    struct weft_addr returned_peer;
    struct weft_addr from; /* a datagram socket: who sent what lies in the pair, */
    bool holds;            /* once one has lain there */
    bool alarming;         /* there is an error that the pair does not have yet */
    bool alarmed;          /* the program's end has been given an error, see alarm.c */
    int watch;             /* closes.c tells of its close; 0: the pair does */
    struct file *next_watched;
    struct beside *beside; /* what goes with it; NULL: the program has not asked for such */
    struct linux_own own;  /* options beside the engine's; those of waiting and room are the pair's too */
    size_t early;          /* connecting by MSG_FASTOPEN: bytes that went with the SYN */
    uint32_t port;   /* a socket of netlink: nl_pid, */
    unsigned groups; /* nl_groups: what it is told of */
    pid_t tid;             /* who was seen last to have it, */
    int fd;                /* and as which number */
};

static inline bool file_is_stream(const struct file *f) { return f->type == SOCK_STREAM; }
static inline bool file_is_netlink(const struct file *f) { return f->domain == AF_NETLINK; }

#define HEADERS_MAX 2048 /* bytes of extension headers that are told of */

/* What goes with the datagram that lies in the pair, besides its bytes. */
struct beside {
    struct weft_control control;
    uint8_t headers[HEADERS_MAX];
};

/* ---- a call ---- */

struct call {
    struct run *run;
    uint64_t id;
    pid_t tid;
    int nr;
    uint64_t arg[6];
    bool again;      /* it was parked before */
    struct file *file; /* NULL: none of this run's; */
    bool anothers;   /* then, perhaps another's on this host */
    bool held;       /* its thread is (call_hold), */
    int signal;      /* and was on the way to this one, or to none */
    int fd;          /* a transient duplicate of the program's end; -1: none. Closed when the call has been answered */
    weft_time until; /* when waiting ends; WEFT_NEVER */
};

/* Answers that are no result. */
#define ANSWER_CONTINUE INT64_MIN       /* let the kernel do it */
#define ANSWER_GIVEN    (INT64_MIN + 1) /* it has been answered, or is void */
#define ANSWER_LATER    (INT64_MIN + 2) /* it is parked */

/* A waiting call. */
struct parked {
    struct list link; /* in file.parked */
    struct list timed; /* in run.timed, when it has a time to end */
    struct call call;
};

struct task {
    pid_t tid;
    int pidfd;
    weft_time asked; /* when the label was read */
    char label[32];
};

struct said;
struct netlink_facts;

struct run {
    weft_host *host;
    struct weft_guest guest;
    weft_stack *stack;
    int listener, epoll, timer, over;
    int closes; /* inotify; -1: nobody is watched yet */
    bool ended, told; /* nobody is left behind the listener; and we have said so */
    bool expiring;    /* somebody's time has come */
    bool holds;       /* hold_alarm is there */
    timer_t hold_alarm;
    pid_t late[HOLD_LATE]; /* threads to be let go when they have stopped */
    size_t n_late;
    weft_time end_by; /* when the end is told, whoever has not closed what he has; WEFT_NEVER: it is not the end yet */
    FILE *err;
    struct list due, timed;
    struct file *files[FILE_BUCKETS];
    struct file *watched[FILE_BUCKETS]; /* by file.watch */
    struct task tasks[TASKS];
    struct file *dead[DEAD_MAX]; /* files whose end was given up, in turn */
    unsigned next_dead;
    struct said *said;
    struct netlink_facts *facts; /* what those were told who are told of changes; NULL: nobody is */
    struct seccomp_notif *notif; /* as large as the kernel wants it */
    size_t notif_size;
    struct seccomp_notif_resp *answer;
    _Alignas(8) uint8_t scratch[SCRATCH];     /* what moves */
    _Alignas(8) uint8_t payload[PAYLOAD + 1]; /* what a call sends */
};

/* ---- run.c ---- */

/*
 * Does for sockets that programs have closed what is due. A close tells us of itself, but calls that come after it may
 * be served first: whoever is refused for the sake of a socket should look again after this.
 */
void run_closes(struct run *run);
/* Is it a socket of another run on this host? */
bool run_is_anothers(const struct run *run, ino_t inode);

/* ---- notice.c ---- */

/* Takes and serves a call, when the listener has just been seen to have one: it would wait for one. */
void notice_take(struct run *run);
/* Is the call still wanted? */
bool call_is_valid(const struct call *c);
/* False: it was void. True: it was not, or was so only just now: see call_hold. */
bool call_answer(struct call *c, int64_t result);
/* Gives the caller a descriptor: its number is the result. 0; -ENOENT: the call is void; another errno: say so. */
int call_give_fd(const struct call *c, int fd, bool cloexec);
/* Puts it in the place of the caller's number `at`. As above, without answering. */
int call_replace_fd(const struct call *c, int fd, int at, bool cloexec);
/* The program's memory. 0 or -EFAULT. */
int call_read(const struct call *c, uint64_t at, void *to, size_t n);
int call_write(const struct call *c, uint64_t at, const void *from, size_t n);
/* The same in pieces, whose n iovecs are at `at` in the program's memory: how many bytes; -EFAULT, -EMSGSIZE. */
int64_t call_gather(const struct call *c, uint64_t at, size_t n, void *to, size_t max);
int64_t call_scatter(const struct call *c, uint64_t at, size_t n, const void *from, size_t bytes);

/* ---- calls.c ---- */

/* Runs the function of the table; the call is answered, parked, or void afterwards. */
void call_serve(struct call *c);
const char *call_name(int nr);

/* ---- park.c ---- */

/* Keeps the call for later, until c->until. ANSWER_LATER; -EAGAIN: that is now; -ENOMEM. */
int64_t call_park(struct call *c);
/* The same, but with this answer where the time is over. */
int64_t call_park_or(struct call *c, int64_t late);
/* The end of a time-out that starts now. */
weft_time call_until(const struct call *c, weft_time timeout);
/*
 * A datagram or a stream has nothing to read yet, or no room: parks the call, with flags of recv and send, for as long
 * as SO_RCVTIMEO or SO_SNDTIMEO says. -EAGAIN: it must not wait, or has waited.
 */
int64_t call_wait_readable(struct call *c, unsigned flags);
int64_t call_wait_room(struct call *c, unsigned flags);
/* Tries again those that wait for the file. */
void file_unpark(struct file *f);
/* They are void: forgets them, with this answer. */
void file_unpark_all(struct file *f, int64_t answer);
/* Those whose time has come. */
void park_expire(struct run *run);
/* Sets the timer anew: something that it rings for has changed. */
void park_ring(struct run *run);

/* ---- hold.c ---- */

/*
 * Stops the thread that calls, until the call has been answered: that cannot fail then, nor can the thread notice
 * before it has. For what must neither be lost nor be done twice. False: the call is void, and nothing is to be done for it.
 * True though it is not held: it cannot be, and the answer may be lost.
 */
bool call_hold(struct call *c);
/* The call, which is held, has this result. */
void hold_answer(struct call *c, int64_t result);
/* It is void: the program calls again, or is told EINTR. */
void hold_end(struct call *c);
/* Lets those go that were not waited for, when they have stopped. */
void hold_late(struct run *run);
/* So that stops are not told by SIGCHLD. */
void hold_begin(void);
void hold_free(struct run *run);

/* ---- task.c ---- */

/* A duplicate of a thread's descriptor, or a negative errno. */
int task_get_fd(struct run *run, pid_t tid, int fd);
const char *task_label(struct run *run, pid_t tid);
/* Is it a child process of ours? */
bool task_is_child(pid_t tid);
void task_forget_all(struct run *run);

/* ---- file.c ---- */

struct file *file_find(struct run *run, ino_t inode);
/* Sets c->file and c->fd when the call's first argument is a socket of ours. */
void file_identify(struct call *c);
/* Must the call not wait? Of one that was identified, while it is served. */
bool call_is_nonblocking(const struct call *c);
/* A file for a socket of the engine (NULL: none), which it takes, and a pair. *program: the other end, the caller's.
 * 0 or -errno */
int file_new(struct run *run, weft_sock *sock, const struct file *like, const char *label, int *program,
             struct file **out);
/* Answers the call with the program's end, which it takes; flags: SOCK_NONBLOCK, SOCK_CLOEXEC. 0; -errno: not given. */
int file_give(struct call *c, struct file *f, int program, int flags);
/* Gives the file a new pair in place of the old. */
int file_renew(struct run *run, struct file *f, int *program);
/*
 * Shall a stream's events tell of room in the pair? Until there is some, after there was little: else each read of the
 * program's would wake us. It is told when the pair is a quarter full or less, at once where it is so by now.
 */
void file_await_room(struct run *run, struct file *f, bool on);
/* options.c: the caller's socket, for linux/. */
struct linux_sock file_linux(const struct call *c);
/* The pair takes as much as the file's SO_RCVBUF says. */
void file_size(struct file *f);
/* Something has changed. */
void file_due(struct run *run, struct file *f);
/* Ends our part: closes the engine's socket in order, or resets it; the end of the pair goes; and the file. */
void file_close(struct run *run, struct file *f);
void file_abort(struct run *run, struct file *f);
/* The connection is gone, and the program shall see it: ECONNRESET. The file stays, for what is asked of it. */
void file_reset(struct run *run, struct file *f, int error);
/* The file goes, its engine's socket is the caller's. */
weft_sock *file_take_sock(struct run *run, struct file *f);
void file_free_all(struct run *run);

/* ---- closes.c ---- */

/* The last close of the program's end will be known as a hang-up. 0; -ENFILE, and it has been said. */
int closes_watch(struct run *run, struct file *f, int program);
void closes_forget(struct run *run, struct file *f);
/* Those that have happened. */
void closes_collect(struct run *run);

/* ---- head.c ---- */

/* Bytes that the program may read without waiting, of a stream. */
size_t head_waiting(const struct call *c);
/* Are there any? A descriptor's end is none. */
bool head_is_there(const struct call *c);
/* Takes bytes for the call into scratch, room at most (SCRATCH), or only looks. How many; 0: the end; -errno, -EAGAIN. */
int64_t head_take(struct call *c, size_t room, bool peek);
/* The call was void: the first n bytes of scratch, which were taken last, are the stream's next ones again. */
void head_put_back(struct call *c, size_t n);

/* ---- alarm.c ---- */

/* Of either end: gives it a name. 0 or -1, errno. */
int alarm_prepare(int end);
/* The program's end, of a datagram socket, has an error from now on. What we have not read is lost. */
void alarm_raise(struct file *f);
/* It has none any more; program: a duplicate of it. False: the program's own read or write has met it meanwhile. */
bool alarm_end(struct file *f, int program);

/* ---- what answers, and what pumps ---- */

typedef int64_t answerer(struct call *c);
answerer answer_socket, answer_connect, answer_bind, answer_listen, answer_accept, answer_accept4, answer_getsockname,
    answer_getpeername, answer_setsockopt, answer_getsockopt, answer_shutdown, answer_sendto, answer_recvfrom,
    answer_sendmsg, answer_recvmsg, answer_sendmmsg, answer_recvmmsg, answer_ioctl, answer_foreign_ioctl;

/* netlink_calls.c: socket(AF_NETLINK); any other call on such a socket. */
answerer netlink_socket, netlink_call;
void netlink_pump(struct run *run, struct file *f);
/* netlink.c: answers the requests of a datagram of n bytes of run.payload, into the pair. */
void netlink_answer(struct run *run, struct file *f, size_t n);
/* netlink_watch.c: f is told of what changes in these groups from now on, and of no others. 0, -ENOMEM. */
int netlink_join(struct run *run, struct file *f, unsigned groups);
/* Tells whom it concerns what has changed. */
void netlink_news(struct run *run);
void netlink_forget(struct run *run);
/* The group that a message of interfaces, addresses or routes is told to, as nl_groups has it; 0: none. */
struct nlmsghdr;
unsigned netlink_group_of(const struct nlmsghdr *h);

void stream_pump(struct run *run, struct file *f);
void listener_pump(struct run *run, struct file *f);
void datagram_pump(struct run *run, struct file *f);
/* Everything the program has written to the pair until now goes to the engine first. */
void datagram_flush(struct run *run, struct file *f);
void stream_flush(struct file *f);
/* Sends n bytes of run.payload; to NULL: to whom it is connected. control: NULL, none. */
int64_t datagram_send(struct call *c, size_t n, const struct weft_addr *to, const struct weft_control *control);
/* The socket's pending error, which it takes, and the pair's with it; 0: there is none. */
int file_take_error(struct call *c);
/* Puts the next datagram into scratch without taking it: its true length; -EAGAIN, the pending error. */
int64_t datagram_look(struct call *c, struct weft_addr *from);
/* Answers a call that has been given that datagram, and takes it, unless the call only peeks. */
void datagram_answer(struct call *c, int64_t n, bool peek);
/* What the pair would do though TCP does not: a negative errno; 0: let the kernel do it. */
int64_t stream_refuses(struct call *c);
/*
 * What a stream's pair does not take: sends as much of n bytes of run.payload as there is room for, after all that was
 * written before; MSG_OOB, the last of them urgent.
 */
int64_t stream_send(struct call *c, size_t n, unsigned flags);
/*
 * MSG_FASTOPEN (connect.c): connects to the address at `name`, of n_name bytes, and sends n bytes of run.payload. How
 * many went, or why not; blocking, when the handshake is over.
 */
int64_t connect_early(struct call *c, uint64_t name, size_t n_name, size_t n);
/* The bytes in all the program's pieces, max at most; -EFAULT, -EMSGSIZE. */
int64_t call_room(const struct call *c, uint64_t at, size_t n, size_t max);
/* The handshake may have ended: lets the program write. */
void connect_pump(struct run *run, struct file *f);

/* Reads a socket address of the program's: px's rules. 0 or a negative errno. family: what it says. */
int name_read(const struct call *c, uint64_t at, uint64_t n, int domain, struct weft_addr *out, int *family);
/* Writes one, with its length at n_at. at 0: nothing is wanted. */
int name_write(const struct call *c, const struct weft_addr *addr, int domain, uint64_t at, uint64_t n_at);

/* One line, once for each call and reason. */
void complain(struct run *run, const char *call, const char *format, ...) __attribute__((format(printf, 3, 4)));
void complain_free(struct run *run);

#endif
