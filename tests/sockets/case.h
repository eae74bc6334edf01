/* SPDX-License-Identifier: MIT */
/* What the cases share: how a case is written, how it tells what it saw, and sockets that are ready to use. */
#ifndef SOCKETS_CASE_H
#define SOCKETS_CASE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef WEFT_POSIX_NAMES
#include "weft/posix.h"
#endif

/* A file says what chapter it is before it includes this. */
void case_add(const char *chapter, const char *name, void (*run)(void));
#define CASE(name)                                                                                                     \
    static void case_##name(void);                                                                                     \
    __attribute__((constructor)) static void add_##name(void) { case_add(CHAPTER, #name, case_##name); }               \
    static void case_##name(void)

/* One line of the transcript. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
/* A call as its own text, and what it gave: the number, or the name of errno. */
#define SAY(call) say_result(#call, (long)(call))
long say_result(const char *what, long r);
void say_ready(const char *what, int r, short revents);
void say_addr(const char *what, int r, const void *addr, socklen_t n);
void say_name(const char *what, int fd);  /* getsockname; ports that were chosen are said to be so */
void say_peer(const char *what, int fd);
void say_bytes(const char *what, long r, const void *buf);
void say_opt(const char *what, int fd, int level, int option); /* an int */

#define LO "127.0.0.1"
struct sockaddr_in in4(const char *ip, unsigned port);
struct sockaddr_in6 in6(const char *ip, unsigned port);
#define ADDR(a) (const struct sockaddr *)&(a), sizeof(a)

/* Ready to use; a failure ends the case with a line. */
int tcp(void);
int udp(void);
int tcp_listener(unsigned port);
void reset_by(int fd); /* closes it, and its peer hears a reset */
int udp_at(unsigned port);
void tcp_pair(int fd[2]);   /* [0]: connected, [1]: accepted */
void udp_pair(int fd[2]);   /* connected to each other */
int set_int(int fd, int level, int option, int value);
int set_timeout(int fd, int option, int milliseconds);
void nonblocking(int fd);
short ready(int fd, short events, int milliseconds); /* poll of one; revents */
void soon(int milliseconds);  /* lets time pass */
void when_readable(int fd);   /* waits for that, at most 2 s */

#ifdef WEFT_POSIX_NAMES
extern weft_host *case_host; /* the case's own */
#endif
#define ETHERNET "pair0"
void ethernet(void); /* an interface of that name, up, without addresses and with nobody behind it */

#endif
