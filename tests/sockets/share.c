/* SPDX-License-Identifier: MIT */
/* Who of those who share a port gets what comes, by a program of theirs (SO_ATTACH_REUSEPORT_CBPF). */
#define CHAPTER "share"
#include "case.h"

#include <linux/filter.h>

#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68
#endif

#define MEMBERS 3

/* The first byte of what comes says who gets it. */
static int attach(int fd)
{
    struct sock_filter first[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), BPF_STMT(BPF_RET | BPF_A, 0)};
    struct sock_fprog program = {2, first};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

/* Always the same one. */
static int attach_always(int fd, unsigned who)
{
    struct sock_filter only = BPF_STMT(BPF_RET | BPF_K, who);
    struct sock_fprog program = {1, &only};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

static int member(int type, const struct sockaddr_in *at)
{
    int fd = socket(AF_INET, type, 0);

    set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    bind(fd, (const struct sockaddr *)at, sizeof *at);
    if (type == SOCK_STREAM)
        listen(fd, 8);
    return fd;
}

static void say_who(const int fd[MEMBERS])
{
    struct pollfd p[MEMBERS];

    for (int i = 0; i < MEMBERS; i++)
        p[i] = (struct pollfd){.fd = fd[i], .events = POLLIN};
    poll(p, MEMBERS, 2000);
    for (int i = 0; i < MEMBERS; i++)
        if (p[i].revents & POLLIN)
            say("number %d has it", i);
}

static void send_to(const int fd[MEMBERS], uint8_t who)
{
    struct sockaddr_in at = in4(LO, 7002);
    int from = udp();
    char b[8];

    sendto(from, &who, 1, 0, ADDR(at));
    say_who(fd);
    for (int i = 0; i < MEMBERS; i++)
        recv(fd[i], b, sizeof b, MSG_DONTWAIT);
    close(from);
}

CASE(datagrams_are_shared_by_a_program)
{
    struct sockaddr_in at = in4(LO, 7002);
    int fd[MEMBERS];

    for (int i = 0; i < MEMBERS; i++)
        fd[i] = member(SOCK_DGRAM, &at);
    SAY(attach(fd[1]));
    for (uint8_t i = 0; i < MEMBERS; i++)
        send_to(fd, i);
    SAY(attach_always(fd[2], 1));
    for (uint8_t i = 0; i < MEMBERS; i++)
        send_to(fd, i);
}

CASE(who_leaves_gives_his_place_to_the_last)
{
    struct sockaddr_in at = in4(LO, 7002);
    int fd[MEMBERS];

    for (int i = 0; i < MEMBERS; i++)
        fd[i] = member(SOCK_DGRAM, &at);
    SAY(attach(fd[0]));
    close(fd[0]);
    fd[0] = -1;
    send_to(fd, 0);
    send_to(fd, 1);
}

CASE(connections_are_shared_by_a_program)
{
    struct sockaddr_in at = in4(LO, 7002);
    int fd[MEMBERS];

    for (int i = 0; i < MEMBERS; i++)
        fd[i] = member(SOCK_STREAM, &at);
    for (unsigned i = 0; i < MEMBERS; i++) {
        int from = tcp();

        SAY(attach_always(fd[0], i));
        SAY(connect(from, ADDR(at)));
        say_who(fd);
        SAY(accept(fd[i], NULL, NULL) >= 0);
    }
}

CASE(programs_are_for_who_shares)
{
    struct sockaddr_in at = in4(LO, 7002);
    struct sock_filter only = BPF_STMT(BPF_LD | BPF_IMM, 0);
    struct sock_fprog endless = {1, &only};
    int types[] = {SOCK_STREAM, SOCK_DGRAM}, v;
    socklen_t n = sizeof v;

    for (int i = 0; i < 2; i++) {
        int alone = socket(AF_INET, types[i], 0), fd;

        SAY(attach(alone));
        SAY(set_int(alone, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0));
        SAY(set_int(alone, SOL_SOCKET, SO_REUSEPORT, 1));
        SAY(set_int(alone, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0));
        SAY(attach(alone));
        fd = member(types[i], &at);
        SAY(attach(fd));
        SAY(setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &endless, sizeof endless));
        SAY(set_int(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, 1));
        SAY(getsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &v, &n));
        SAY(set_int(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0));
        SAY(set_int(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0));
    }
}
