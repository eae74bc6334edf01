/* SPDX-License-Identifier: MIT */
/*
 * The helpers of *UNIX Network Programming* over weft/posix.h. -1 and errno where POSIX would say so; names that do not
 * resolve give ENOENT.
 */
#ifndef WEFT_UNP_H
#define WEFT_UNP_H

#include "weft/posix.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All n bytes, over interruptions and short counts; readn: fewer at the end of the stream. Bytes, or -1. */
ssize_t weft_unp_readn(int fd, void *buf, size_t n);
ssize_t weft_unp_writen(int fd, const void *buf, size_t n);

/* A buffered reader of lines. Zero it, set fd. */
struct weft_unp_reader {
    int fd;
    size_t begin, end;
    char buf[4096];
};
/* A line with its newline, terminated, at most n - 1 bytes of it. Its length; 0 at the end of the stream, or -1. */
ssize_t weft_unp_readline(struct weft_unp_reader *r, char *line, size_t n);

/* "10.1.2.3:80", "[::1]:80"; the bare address for port 0. Returns buf, or NULL: another family, or too little room. */
char *weft_unp_sock_ntop(const struct sockaddr *addr, socklen_t len, char *buf, size_t n);

/* A connected socket to the first address that answers; one that listens; one that is bound. host may be NULL for both
 * servers. len: NULL, or where the length of an address of that family goes. */
int weft_unp_tcp_connect(const char *host, const char *service);
int weft_unp_tcp_listen(const char *host, const char *service, socklen_t *len);
int weft_unp_udp_server(const char *host, const char *service, socklen_t *len);
int weft_unp_udp_connect(const char *host, const char *service);
/* Not connected: addr gets where to send, *len its length. */
int weft_unp_udp_client(const char *host, const char *service, struct sockaddr_storage *addr, socklen_t *len);

/*
 * A request and its reply over UDP, reliably (UNP 22.5): eight bytes of sequence number and time stamp go in front, the
 * server sends them back, and the time-out follows the round trips (Jacobson's estimator, 2 to 60 s, doubled at each of
 * three repetitions). Zero it before first use.
 */
struct weft_unp_rtt {
    int64_t srtt, rttvar; /* ms; 0, 0: nothing measured yet */
    uint32_t seq;
    unsigned repeated;    /* of the last request */
    unsigned floor, ceiling; /* ms, of the time-out; 0: 2,000 and 60,000 */
};
/* On a connected socket. Bytes of the reply, or -1: ETIMEDOUT, EMSGSIZE (more than 65,499 bytes out), others of send. */
ssize_t weft_unp_request(struct weft_unp_rtt *rtt, int fd, const void *out, size_t n_out, void *in, size_t n_in);

#ifdef __cplusplus
}
#endif
#endif
