/* SPDX-License-Identifier: MIT */
/* sendfile and splice: files and pipes into sockets, and sockets into pipes. */
#define CHAPTER "files"
#include "case.h"

#include <sys/mman.h>
#include <sys/sendfile.h>

/* A file of n bytes, "abc...zabc..." */
static int file_of(size_t n)
{
    char *bytes = malloc(n);
    int fd = memfd_create("file", 0);

    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)('a' + i % 26);
    if (pwrite(fd, bytes, n, 0) != (ssize_t)n)
        say("no file");
    free(bytes);
    return fd;
}

/* Reads n bytes, and says whether they are the file's from there. */
static void say_part(const char *what, int fd, size_t from, size_t n)
{
    char *b = malloc(n ? n : 1);
    long got = recv(fd, b, n, MSG_WAITALL);
    bool same = true;

    for (long i = 0; i < got; i++)
        same = same && b[i] == (char)('a' + (from + (size_t)i) % 26);
    say("%s: %ld bytes, %s", what, got, same ? "the file's" : "others");
    free(b);
}

CASE(a_file_into_a_stream)
{
    off_t at = 5;
    int file = file_of(30), p[2];

    tcp_pair(p);
    SAY(sendfile(p[0], file, NULL, 10));
    SAY(lseek(file, 0, SEEK_CUR));
    say_part("first", p[1], 0, 10);
    SAY(sendfile(p[0], file, &at, 7));
    say("at %d", (int)at);
    SAY(lseek(file, 0, SEEK_CUR));
    say_part("elsewhere", p[1], 5, 7);
    SAY(sendfile(p[0], file, NULL, 1000));
    say_part("rest", p[1], 10, 20);
    SAY(sendfile(p[0], file, NULL, 1000));
    at = 100;
    SAY(sendfile(p[0], file, &at, 1));
    SAY(sendfile(p[0], file, NULL, 0));
}

static void *writer(void *end_and_file)
{
    const int *of = end_and_file;

    return (void *)(intptr_t)sendfile(of[0], of[1], NULL, 400000);
}

CASE(a_file_that_is_longer_than_buffers)
{
    int p[2], of[2];
    pthread_t t;
    void *sent;

    tcp_pair(p);
    of[0] = p[0];
    of[1] = file_of(300000);
    pthread_create(&t, NULL, writer, of);
    say_part("reader", p[1], 0, 300000);
    pthread_join(t, &sent);
    say("%ld", (long)(intptr_t)sent);
}

CASE(a_file_into_a_stream_that_takes_no_more)
{
    int file = file_of(8000000), p[2];
    long sent = 0, n;

    tcp_pair(p);
    nonblocking(p[0]);
    set_int(p[0], SOL_SOCKET, SO_SNDBUF, 100000);
    set_int(p[1], SOL_SOCKET, SO_RCVBUF, 100000);
    while ((n = sendfile(p[0], file, NULL, 8000000)) > 0)
        sent += n;
    say("%s, some %d, all %d", strerrorname_np(errno), sent > 0, sent == 8000000);
    say("as far as that %d", lseek(file, 0, SEEK_CUR) == sent);
}

CASE(a_file_into_datagrams)
{
    char b[64];
    int file = file_of(30), p[2];

    udp_pair(p);
    SAY(sendfile(p[0], file, NULL, 12));
    SAY(sendfile(p[0], file, NULL, 100));
    say_bytes("one", recv(p[1], b, sizeof b, 0), b);
    say_bytes("another", recv(p[1], b, sizeof b, 0), b);
}

CASE(files_that_cannot_be_sent)
{
    off_t at = 0, before = -1;
    int file = file_of(10), p[2], pipes[2], shut[2];

    signal(SIGPIPE, SIG_IGN);
    tcp_pair(p);
    SAY(pipe(pipes));
    SAY(sendfile(p[0], 99, NULL, 1));
    SAY(sendfile(99, file, NULL, 1));
    SAY(sendfile(p[0], pipes[0], NULL, 1));
    SAY(sendfile(p[0], pipes[0], &at, 1));
    SAY(sendfile(p[0], p[1], NULL, 1));
    SAY(sendfile(p[0], p[1], &at, 1));
    SAY(sendfile(file, p[1], NULL, 1));
    SAY(sendfile(p[0], file, &before, 1));
    SAY(sendfile(tcp(), file, NULL, 1));
    SAY(lseek(file, 0, SEEK_CUR));
    close(p[0]), close(p[1]);
    tcp_pair(shut);
    SAY(shutdown(shut[0], SHUT_WR));
    SAY(sendfile(shut[0], file, NULL, 1));
}

CASE(a_broken_pipe_of_a_file_kills)
{
    int file = file_of(10), p[2];

    tcp_pair(p);
    SAY(shutdown(p[0], SHUT_WR));
    SAY(sendfile(p[0], file, NULL, 1));
}

CASE(a_stream_into_a_pipe)
{
    char b[64];
    int p[2], pipes[2];

    tcp_pair(p);
    SAY(pipe(pipes));
    write(p[0], "abcdefgh", 8);
    when_readable(p[1]);
    SAY(splice(p[1], NULL, pipes[1], NULL, 5, 0));
    say_bytes("five", read(pipes[0], b, sizeof b), b);
    SAY(splice(p[1], NULL, pipes[1], NULL, 100, 0));
    say_bytes("rest", read(pipes[0], b, sizeof b), b);
    nonblocking(p[1]);
    SAY(splice(p[1], NULL, pipes[1], NULL, 100, 0));
    shutdown(p[0], SHUT_WR);
    when_readable(p[1]);
    SAY(splice(p[1], NULL, pipes[1], NULL, 100, 0));
}

CASE(a_stream_into_a_pipe_that_is_full)
{
    static char block[65536];
    char b[16];
    int p[2], pipes[2];

    tcp_pair(p);
    SAY(pipe(pipes));
    write(pipes[1], block, sizeof block);
    write(p[0], "abc", 3);
    when_readable(p[1]);
    SAY(splice(p[1], NULL, pipes[1], NULL, 3, SPLICE_F_NONBLOCK));
    say_bytes("stays", recv(p[1], b, sizeof b, 0), b);
}

CASE(a_pipe_into_a_stream)
{
    char b[64];
    int p[2], pipes[2];

    tcp_pair(p);
    SAY(pipe(pipes));
    write(pipes[1], "abcdefgh", 8);
    SAY(splice(pipes[0], NULL, p[0], NULL, 5, 0));
    say_bytes("five", recv(p[1], b, 5, MSG_WAITALL), b);
    SAY(splice(pipes[0], NULL, p[0], NULL, 100, 0));
    say_bytes("rest", recv(p[1], b, 3, MSG_WAITALL), b);
    SAY(splice(pipes[0], NULL, p[0], NULL, 100, SPLICE_F_NONBLOCK));
    close(pipes[1]);
    SAY(splice(pipes[0], NULL, p[0], NULL, 100, 0));
}

CASE(a_pipe_keeps_what_a_stream_does_not_take)
{
    char b[16];
    int p[2], pipes[2];

    signal(SIGPIPE, SIG_IGN);
    tcp_pair(p);
    SAY(pipe(pipes));
    write(pipes[1], "abc", 3);
    nonblocking(p[0]);
    set_int(p[0], SOL_SOCKET, SO_SNDBUF, 20000);
    set_int(p[1], SOL_SOCKET, SO_RCVBUF, 20000);
    for (int rounds = 0; rounds < 4; rounds++, soon(20)) /* what is on its way makes room when it has come */
        while (send(p[0], (char[4096]){0}, 4096, 0) > 0)
            rounds = 0;
    SAY(splice(pipes[0], NULL, p[0], NULL, 3, 0));
    say_bytes("stays", read(pipes[0], b, sizeof b), b);
}

CASE(datagrams_by_pipes)
{
    char b[64];
    int p[2], pipes[2];

    udp_pair(p);
    SAY(pipe(pipes));
    write(pipes[1], "abcde", 5);
    SAY(splice(pipes[0], NULL, p[0], NULL, 3, 0));
    say_bytes("came", recv(p[1], b, sizeof b, 0), b);
    send(p[0], "one", 3, 0);
    send(p[0], "another", 7, 0);
    SAY(read(pipes[0], b, sizeof b));
    SAY(splice(p[1], NULL, pipes[1], NULL, 100, 0));
    say_bytes("piped", read(pipes[0], b, sizeof b), b);
}

/* A datagram is cut where the pipe has no room for it, and nobody waits. */
CASE(a_datagram_into_a_pipe_that_is_nearly_full)
{
    static char block[15 * 4096], big[20000];
    char b[64];
    int p[2], pipes[2];

    udp_pair(p);
    SAY(pipe(pipes));
    SAY(fcntl(pipes[1], F_SETPIPE_SZ, 16 * 4096));
    write(pipes[1], block, sizeof block);
    SAY(send(p[0], big, sizeof big, 0));
    SAY(send(p[0], "next", 4, 0));
    SAY(splice(p[1], NULL, pipes[1], NULL, sizeof big, 0));
    say_bytes("next", recv(p[1], b, sizeof b, 0), b);
    SAY(read(pipes[0], block, sizeof block));
    SAY(read(pipes[0], big, sizeof big));
    SAY(send(p[0], big, 10000, 0));
    SAY(send(p[0], big, 300, 0));
    SAY(splice(p[1], NULL, pipes[1], NULL, 5000, 0));
    SAY(splice(p[1], NULL, pipes[1], NULL, 5000, SPLICE_F_NONBLOCK));
    SAY(read(pipes[0], big, sizeof big));
}

CASE(ends_that_cannot_be_spliced)
{
    off_t at = 0;
    int file = file_of(10), p[2], pipes[2];

    tcp_pair(p);
    SAY(pipe(pipes));
    SAY(splice(p[0], NULL, p[1], NULL, 1, 0));
    SAY(splice(file, NULL, p[1], NULL, 1, 0));
    SAY(splice(p[1], NULL, file, NULL, 1, 0));
    SAY(splice(p[1], &at, pipes[1], NULL, 1, 0));
    SAY(splice(p[1], NULL, pipes[1], &at, 1, 0));
    SAY(splice(pipes[0], &at, p[0], NULL, 1, 0));
    SAY(splice(pipes[0], NULL, p[0], &at, 1, 0));
    SAY(splice(99, NULL, p[0], NULL, 1, 0));
    SAY(splice(pipes[0], NULL, p[0], NULL, 1, 0x100));
    SAY(splice(pipes[0], NULL, p[0], NULL, 0, 0x100));
    SAY(splice(tcp(), NULL, pipes[1], NULL, 1, 0));
    close(pipes[0]);
    write(p[0], "a", 1);
    when_readable(p[1]);
    SAY(splice(p[1], NULL, pipes[1], NULL, 1, 0));
}
