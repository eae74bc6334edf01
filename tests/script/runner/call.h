/* SPDX-License-Identifier: MIT */
/*
 * System calls on weft's sockets. A call returns a count or a negative error; BLOCKED says that a blocking socket would
 * wait. The engine never blocks, so a blocking call is tried again after everything that happens.
 *
 * Written bytes follow a pattern, and what is read must follow the other one: wrong data fails whatever the result.
 */
#ifndef SCRIPT_CALL_H
#define SCRIPT_CALL_H

#include "lab.h"

#define BLOCKED INT64_MIN
#define BAD     (INT64_MIN + 1) /* the script asks something impossible; lab_fail was called */

/* Errors that no call of the engine gives. */
#define EBADF_RESULT    (-9)
#define ENOTSOCK_RESULT (-88)

struct attempt {
    struct lab *lab;
    const struct event *event;
    const struct call *call;
    struct lab_fd *fd; /* of the first argument; NULL where it is none */
    const struct weft_control *control; /* what a datagram is sent with; NULL */
    unsigned stamps;                    /* what this send asks SO_TIMESTAMPING for; 0: what its socket did */
    struct weft_control *came;          /* what a datagram came with; NULL: nobody asks */
};

/* Fails the script with this reason; returns BAD. */
int64_t bad(struct attempt *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An argument; `...` when it was not given. */
const struct value *argument(const struct attempt *a, size_t i);
/* A number, 0 for anything else. */
int64_t number_of(const struct attempt *a, size_t i);
/* A value of the script's against the true one; anything but a number matches. */
bool number_matches(const struct value *expected, int64_t actual);

/* A new descriptor. */
struct lab_fd *fd_add(struct lab *lab, enum fd_kind kind, int number);

/* call_open.c: opening and closing */
int64_t call_socket(struct attempt *a);
int64_t call_bind(struct attempt *a);
int64_t call_listen(struct attempt *a);
int64_t call_accept(struct attempt *a);
int64_t call_connect(struct attempt *a);
int64_t call_close(struct attempt *a);
int64_t call_abort(struct attempt *a);
int64_t call_shutdown(struct attempt *a);
int64_t call_getsockname(struct attempt *a);
int64_t call_getpeername(struct attempt *a);
/* The address in a sockaddr; `...` means ip and port. False, and the script failed, when it is none. */
bool address_parse(struct attempt *a, const struct value *v, const struct weft_ip *ip, uint16_t port,
                   struct weft_addr *out);
/* A sockaddr that came out against the script's; what the script leaves open matches. */
bool address_matches(struct attempt *a, const struct value *expected, const struct weft_addr *actual);

/* call_data.c */
int64_t call_read(struct attempt *a);
int64_t call_recvmsg(struct attempt *a);
int64_t call_write(struct attempt *a);
int64_t call_sendmsg(struct attempt *a);
/* Sends and receives n bytes of the pattern, at most; as weft_send and weft_recv. */
int64_t data_send(struct attempt *a, struct lab_fd *fd, size_t n, unsigned flags, const struct weft_addr *to);
int64_t data_receive(struct attempt *a, struct lab_fd *fd, size_t n, unsigned flags, struct weft_addr *from,
                     unsigned *out_flags);

/* call_control.c: control messages, and the error queue. False, BAD: the script failed. */
bool control_to_send(struct attempt *a, const struct value *message, struct weft_control *out);
/* What came with a message against the script's. */
bool control_matches(struct attempt *a, const struct value *message, const struct weft_control *c);
/* recvmsg with MSG_ERRQUEUE; room: of the message's iovec. */
int64_t control_take_report(struct attempt *a, const struct value *message, size_t room);

/* call_pipe.c: descriptors that are no sockets */
int64_t call_open(struct attempt *a);
int64_t call_pipe(struct attempt *a);
int64_t call_splice(struct attempt *a);
int64_t call_sendfile(struct attempt *a);
int64_t pipe_read(struct attempt *a, size_t n);
int64_t pipe_write(struct attempt *a, size_t n);
void pipe_close(struct lab_fd *fd);

/* call_option.c */
int64_t call_fcntl(struct attempt *a);
int64_t call_setsockopt(struct attempt *a);
int64_t call_getsockopt(struct attempt *a);
int64_t call_ioctl(struct attempt *a);

/* call_poll.c */
int64_t call_poll(struct attempt *a);
int64_t call_epoll_create(struct attempt *a);
int64_t call_epoll_ctl(struct attempt *a);
int64_t call_epoll_wait(struct attempt *a);
/* A descriptor became ready: each instance that watches it has something to tell. */
void poll_note(struct lab *lab, const struct lab_fd *fd, unsigned ready);
/* A descriptor is gone. */
void poll_forget(struct lab *lab, const struct lab_fd *fd);

#endif
