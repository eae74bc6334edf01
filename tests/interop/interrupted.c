/* SPDX-License-Identifier: MIT */
/*
 * A program whose calls are interrupted all the time: threads, and a child with as many, each of which reads or writes
 * a connection of its own while a timer of its own sends it signals. Whatever it reads must be the pattern, without a
 * gap; what it writes is the pattern, and its peer looks.
 *
 *      interrupted ADDRESS PORT WHAT THREADS MICROSECONDS CALLS
 *
 * WHAT is `read` (recvmsg that tells of TCP_INQ, recv in turns with it, bytes dropped by MSG_TRUNC), `write` (urgent
 * bytes, a name that nobody looks at), `early` (a connection for each call, by MSG_FASTOPEN; of two threads one does not
 * wait), or `connect` (the same by connect; nobody listens at port 1, and half of those that do not wait go there). A
 * thread ends after so many calls, or with its connection. Prints a line for each thread; status 1: a gap,
 * or a call that failed.
 *
 *      interrupted traced PROGRAM...
 *
 * runs the program under a tracer, so that nobody else can trace it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PERIOD 251
#define MOST   1500
#define ROW    30
#define INQ    36 /* TCP_INQ, which is younger than some headers */

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static struct sockaddr_in peer;
static long microseconds, calls_wanted;
static uint8_t pattern[PERIOD + MOST];

struct talk {
    int fd;
    long at, calls, interrupted;
    long row; /* of interruptions, since a call came to its end */
    timer_t timer;
};

static void ring(int signal) { (void)signal; }

static void alarm_set(const struct talk *t, long every)
{
    const struct timespec after = {0, every * 1000};

    timer_settime(t->timer, 0, &(struct itimerspec){after, after}, NULL);
}

static void alarm_begin(struct talk *t)
{
    struct sigevent to = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};

    to.sigev_notify_thread_id = gettid();
    if (timer_create(CLOCK_MONOTONIC, &to, &t->timer) < 0)
        exit(2);
    alarm_set(t, microseconds);
}

/* Where a call takes longer than from one signal to the next, none would ever end: then there are none for one call. */
static void was_interrupted(struct talk *t)
{
    t->interrupted++;
    if (++t->row == ROW)
        alarm_set(t, 0);
}

static void was_not(struct talk *t)
{
    if (t->row >= ROW)
        alarm_set(t, microseconds);
    t->row = 0;
}

/* One way to read after the other: how many bytes. */
static ssize_t read_some(struct talk *t, uint8_t bytes[MOST])
{
    struct iovec all = {bytes, 100 + (size_t)t->calls % 7 * 200};
    _Alignas(struct cmsghdr) char beside[100];
    struct msghdr m = {.msg_iov = &all, .msg_iovlen = 1, .msg_control = beside, .msg_controllen = sizeof beside};

    switch (t->calls % 5) {
    case 1:
        return recv(t->fd, bytes, 333, 0);
    case 3:
        return recv(t->fd, NULL, 50, MSG_TRUNC);
    default:
        return recvmsg(t->fd, &m, 0);
    }
}

/* One way to write after the other. */
static ssize_t write_some(struct talk *t)
{
    struct iovec all = {pattern + t->at % PERIOD, 1 + (size_t)t->calls % 4 * 100};
    struct msghdr m = {.msg_iov = &all, .msg_iovlen = 1, .msg_name = &peer, .msg_namelen = sizeof peer};

    switch (t->calls % 4) {
    case 0:
        return send(t->fd, all.iov_base, all.iov_len, 0);
    case 1:
        return sendmsg(t->fd, &m, 0);
    default:
        return send(t->fd, all.iov_base, all.iov_len, MSG_OOB);
    }
}

/* False: the connection is over. */
static bool talk_once(struct talk *t, bool reads)
{
    bool drops = reads && t->calls % 5 == 3;
    uint8_t bytes[MOST];
    ssize_t n = reads ? read_some(t, bytes) : write_some(t);

    if (n < 0 && errno == EINTR) {
        was_interrupted(t);
        return true;
    }
    if (n < 0) {
        perror(reads ? "reading" : "writing");
        exit(1);
    }
    if (reads && !drops && memcmp(bytes, pattern + t->at % PERIOD, (size_t)n) != 0) {
        printf("not the pattern: %zd bytes at %ld, call %ld\n", n, t->at, t->calls);
        exit(1);
    }
    was_not(t);
    t->at += n;
    t->calls++;
    return n > 0 && t->calls < calls_wanted;
}

static void tell(const struct talk *t)
{
    printf("%ld bytes, %ld calls, %ld interrupted\n", t->at, t->calls, t->interrupted);
}

static void *talk(void *reads)
{
    struct talk t = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    const int one = 1;

    if (connect(t.fd, (const struct sockaddr *)&peer, sizeof peer) < 0 ||
        setsockopt(t.fd, IPPROTO_TCP, INQ, &one, sizeof one) < 0) {
        perror("connecting");
        exit(1);
    }
    alarm_begin(&t);
    while (talk_once(&t, reads != NULL))
        ;
    timer_delete(t.timer);
    shutdown(t.fd, SHUT_WR);
    tell(&t);
    return NULL;
}

static void *talk_reading(void *unused)
{
    (void)unused;
    return talk(&peer);
}

static void *talk_writing(void *unused)
{
    (void)unused;
    return talk(NULL);
}

/* ---- connections ---- */

static ssize_t patiently(struct talk *t, ssize_t (*call)(int fd, size_t at), size_t at)
{
    ssize_t n;

    while ((n = call(t->fd, at)) < 0 && errno == EINTR)
        was_interrupted(t);
    was_not(t);
    return n;
}

static ssize_t open_early(int fd, size_t at)
{
    return sendto(fd, pattern + at, PERIOD - at, MSG_FASTOPEN, (const struct sockaddr *)&peer, sizeof peer);
}

static ssize_t await_open(int fd, size_t at)
{
    struct pollfd p = {fd, POLLOUT, 0};

    (void)at;
    return poll(&p, 1, 10000);
}

static ssize_t send_rest(int fd, size_t at) { return send(fd, pattern + at, PERIOD - at, 0); }

static ssize_t open_plainly(int fd, size_t at)
{
    struct sockaddr_in to = peer;

    to.sin_port = at ? htons((uint16_t)at) : peer.sin_port;
    return connect(fd, (const struct sockaddr *)&to, sizeof to);
}

static ssize_t ask_error(int fd, size_t at)
{
    socklen_t n = sizeof(int);
    int error = 0;

    (void)at;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 ? -1 : error;
}

static void begin_once(struct talk *t, int how)
{
    while ((t->fd = socket(AF_INET, SOCK_STREAM | how, 0)) < 0 && errno == EINTR)
        was_interrupted(t);
    was_not(t);
}

/* 0, or what it failed with. */
static int connect_once(struct talk *t, int how, size_t port)
{
    begin_once(t, how);
    if (patiently(t, open_plainly, port) == 0)
        return 0;
    if (!how || errno != EINPROGRESS)
        return errno;
    return patiently(t, await_open, 0) == 1 ? (int)patiently(t, ask_error, 0) : ETIMEDOUT;
}

/* One period of the pattern on a connection of its own. */
static bool early_once(struct talk *t, int how)
{
    ssize_t n;

    begin_once(t, how);
    n = patiently(t, open_early, 0);
    if (n < 0 && how && errno == EINPROGRESS)
        n = 0;
    if (n >= 0 && how && patiently(t, await_open, 0) != 1)
        n = -1;
    if (n >= 0 && n < PERIOD && patiently(t, send_rest, (size_t)n) != PERIOD - n)
        n = -1;
    if (n < 0) {
        perror("opening");
        exit(1);
    }
    close(t->fd);
    t->at += PERIOD;
    t->calls++;
    return t->calls < calls_wanted;
}

static void *talk_early(void *number)
{
    int how = *(const long *)number % 2 ? SOCK_NONBLOCK : 0;
    struct talk t = {0};

    alarm_begin(&t);
    while (early_once(&t, how))
        ;
    timer_delete(t.timer);
    tell(&t);
    return NULL;
}

static void *talk_connecting(void *number)
{
    int how = *(const long *)number % 2 ? SOCK_NONBLOCK : 0, error;
    struct talk t = {0};

    alarm_begin(&t);
    for (; t.calls < calls_wanted; t.calls++) {
        bool nobody = how && t.calls % 2;

        error = connect_once(&t, how, nobody);
        if (error != (nobody ? ECONNREFUSED : 0)) {
            printf("connecting to port %d: %s\n", nobody ? 1 : ntohs(peer.sin_port), strerror(error));
            exit(1);
        }
        close(t.fd);
    }
    timer_delete(t.timer);
    tell(&t);
    return NULL;
}

/* ---- a tracer ---- */

/* Passes on what signals come, until the program has ended; its status. */
static int trace(char **program)
{
    pid_t child = fork(), one;
    int status;

    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execv(program[0], program);
        _exit(2);
    }
    waitpid(child, &status, 0);
    ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_CONT, child, NULL, NULL);
    while ((one = waitpid(-1, &status, __WALL)) > 0) {
        if (one == child && !WIFSTOPPED(status))
            return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
        if (WIFSTOPPED(status)) {
            bool ours = WSTOPSIG(status) == SIGTRAP || WSTOPSIG(status) == SIGSTOP;

            ptrace(PTRACE_CONT, one, NULL, ours ? 0L : (long)WSTOPSIG(status));
        }
    }
    return 2;
}

/* ---- all ---- */

static void talk_all(long threads, void *(*how)(void *))
{
    pthread_t thread[64];
    long number[64], i;

    for (i = 0; i < threads && i < 64; i++) {
        number[i] = i;
        if (pthread_create(&thread[i], NULL, how, &number[i]) != 0)
            exit(2);
    }
    for (i = 0; i < threads && i < 64; i++)
        pthread_join(thread[i], NULL);
    fflush(stdout);
}

static void *(*way_of(const char *what))(void *)
{
    switch (*what) {
    case 'r':
        return talk_reading;
    case 'w':
        return talk_writing;
    case 'e':
        return talk_early;
    default:
        return talk_connecting;
    }
}

int main(int argc, char **argv)
{
    const struct sigaction how = {.sa_handler = ring};
    int status = 0, i;
    pid_t child;

    if (argc > 2 && strcmp(argv[1], "traced") == 0)
        return trace(argv + 2);
    if (argc != 7)
        return 2;
    peer = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    inet_pton(AF_INET, argv[1], &peer.sin_addr);
    microseconds = atol(argv[5]);
    calls_wanted = atol(argv[6]);
    for (i = 0; i < PERIOD + MOST; i++)
        pattern[i] = (uint8_t)(i % PERIOD);
    sigaction(SIGRTMIN, &how, NULL);
    child = fork();
    talk_all(atol(argv[4]), way_of(argv[3]));
    if (child > 0 && (waitpid(child, &status, 0) != child || status != 0)) {
        printf("the child ended with status %d\n", status);
        return 1;
    }
    return 0;
}
