/* SPDX-License-Identifier: MIT */
/*
 * A host: a stack with a name, interfaces, one thread that polls their devices and the next deadline, a control socket
 * that other processes talk to, and blocking socket calls that any thread may make.
 *
 * Host sockets are small integers of the host's own, not the kernel's file descriptors. Errors are negative WEFT_E
 * numbers as in weft/sock.h. One mutex per host; whoever calls runs to completion under it, pushes the output to the
 * driver, and kicks the poll thread only when the deadline moved earlier.
 */
#ifndef WEFT_HOST_H
#define WEFT_HOST_H

#include "weft/driver.h"
#include "weft/sock.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_host weft_host;

struct weft_host_config {
    const char *name;                 /* NULL: a nameless host without control socket */
    const struct weft_config *stack;  /* NULL: the default */
};

/* On failure NULL, and one line in why. The thread runs from weft_host_start on. */
weft_host *weft_host_new(const struct weft_host_config *config, char *why, size_t n);
/*
 * spec: as weft_driver_open reads it, "tap:NAME". address: NULL, or what the interface is to have, with commas between:
 * "10.9.0.2/24,2001:db8::2/64". One of IPv6 can be used a second or two later, when nobody turns out to have it
 * (weft_host_await_addresses). "rarp", or with a prefix "rarp/24", asks for an address of IPv4 (weft_if_rarp). 0, or -1
 * and one line in why.
 */
int weft_host_add_if(weft_host *h, const char *spec, const char *address, char *why, size_t n);
/* The same with a driver opened elsewhere (weft_pair_open, your own); takes it, also on failure. */
int weft_host_add_driver(weft_host *h, weft_driver *driver, const char *address, char *why, size_t n);
/* "default via 10.9.0.1", "10.8.0.0/16 via 10.9.0.7", "2001:db8:7::/48 via fe80::1%tap0", "10.8.0.0/16 dev tap0". */
int weft_host_add_route(weft_host *h, const char *route, char *why, size_t n);

/*
 * Captures: every packet in pcapng, with its story (drops, changes of state) as its comment. Any number at once, at any
 * time; each ends by weft_host_capture_stop or with the host.
 *
 * The file is written by a thread of its own. Bytes for a path or a regular file are waited for when the disk is slow;
 * for a pipe or terminal, packets are left out instead (and the next one's comment says how many), so that a slow
 * reader never stalls the host.
 */
int weft_host_capture(weft_host *h, const char *path, char *why, size_t n);
/*
 * To a descriptor, which is duplicated. Returns the capture's number (>= 0), or -1 and one line in why. When nobody
 * reads any more, writing ends; poll fd for POLLERR to learn of it.
 */
int weft_host_capture_fd(weft_host *h, int fd, char *why, size_t n);
/*
 * The same with the packets alone that `wants` chooses, who sees all their bytes, from the frame's or IP's header on.
 * It is called as the function of a tap is, below, and until weft_host_capture_stop.
 */
struct weft_capture_choice {
    bool (*wants)(void *ctx, enum weft_link link, const uint8_t *packet, size_t n);
    void *ctx;
};
int weft_host_capture_some(weft_host *h, int fd, const struct weft_capture_choice *choice, char *why, size_t n);
/*
 * Tells fn of each event as it happens, under the host's lock: fn must be quick and must not call the host or its
 * stack, only weft_pkt_* and weft_if_name on what it is given. Returns a number as above, or -1: too many captures.
 */
int weft_host_tap_packets(weft_host *h, void (*fn)(void *ctx, const struct weft_trace *event), void *ctx);
/* Ends one of the above, writing out what was captured until now; fn is not called any more after the return. */
void weft_host_capture_stop(weft_host *h, int capture);

int weft_host_start(weft_host *h, char *why, size_t n);
/*
 * Waits until the addresses that were given to interfaces may be used. 0; or WEFT_EADDRINUSE (another station has one
 * of them), WEFT_ETIMEDOUT (nobody answered RARP), WEFT_EAGAIN (some are still tried) and one line in why. The thread
 * must be running.
 */
int weft_host_await_addresses(weft_host *h, weft_time timeout, char *why, size_t n);
/* Stops the thread, aborts what is open, frees everything. Blocked callers return WEFT_ENETDOWN. */
void weft_host_free(weft_host *h);

const char *weft_host_name(const weft_host *h);
/*
 * For direct engine calls: lock, work on the stack that is returned, unlock (which moves output and wakes whom it
 * must). The cookies of its sockets and interfaces are the host's: leave them alone.
 */
weft_stack *weft_host_lock(weft_host *h);
void weft_host_unlock(weft_host *h);
weft_time weft_host_now(const weft_host *h);

/* As weft_ip_parse and weft_ip_text, with names of interfaces for zones: "fe80::1%wt0". Not under the lock. */
int weft_host_ip_parse(weft_host *h, const char *text, struct weft_ip *ip);
char *weft_host_ip_text(weft_host *h, const struct weft_ip *ip, char *buf, size_t n);

/* Blocking calls. timeout in nanoseconds, WEFT_NEVER: none; WEFT_EAGAIN when it passed (connect: WEFT_ETIMEDOUT). */
int weft_host_socket(weft_host *h, enum weft_proto proto);
int weft_host_socket_in(weft_host *h, enum weft_family family, enum weft_proto proto);
int weft_host_bind(weft_host *h, int s, const struct weft_addr *local);
int weft_host_listen(weft_host *h, int s, unsigned backlog);
int weft_host_accept(weft_host *h, int s, struct weft_addr *peer, weft_time timeout);
int weft_host_connect(weft_host *h, int s, const struct weft_addr *peer, weft_time timeout);
/* Sends all, or returns what went before the error or the timeout. */
int64_t weft_host_send(weft_host *h, int s, const void *buf, size_t n, weft_time timeout);
int64_t weft_host_sendto(weft_host *h, int s, const void *buf, size_t n, const struct weft_addr *to);
int64_t weft_host_recv(weft_host *h, int s, void *buf, size_t n, weft_time timeout);
int64_t weft_host_recvfrom(weft_host *h, int s, void *buf, size_t n, struct weft_addr *from, weft_time timeout);
/* weft_host_recvfrom, and what goes with the datagram: as weft_recvmsg_control. flags: enum weft_msg. */
int64_t weft_host_recv_control(weft_host *h, int s, void *buf, size_t n, unsigned flags, struct weft_addr *from,
                               struct weft_control *control, weft_time timeout);
/* As weft_recv_report; does not wait: WEFT_EAGAIN. */
int64_t weft_host_recv_report(weft_host *h, int s, void *buf, size_t n, struct weft_report *report);
int weft_host_shutdown(weft_host *h, int s, enum weft_shut how);
int weft_host_close(weft_host *h, int s);
int weft_host_abort(weft_host *h, int s);
int weft_host_setsockopt(weft_host *h, int s, int level, int option, const void *value, size_t n);
int weft_host_getsockname(weft_host *h, int s, struct weft_addr *local);
/* All calls on a number that leads to no socket fail with WEFT_EBADF; on one closed meanwhile, WEFT_ECONNABORTED. */

/* A short text shown by netstat -p, e.g. "412/echo". Copied. */
void weft_host_label(weft_host *h, int s, const char *label);
const char *weft_host_label_of(weft_host *h, const weft_sock *sock); /* under the lock; "-" when none */
/* Makes blocked and future calls on s fail with WEFT_ECONNABORTED, from any thread. */
void weft_host_cancel(weft_host *h, int s);

struct weft_host_poll {
    int s;
    unsigned want;  /* enum weft_ready */
    unsigned ready; /* filled in */
};
/*
 * Waits until one is ready (WEFT_ERROR and WEFT_HANGUP always count; a number that leads nowhere has WEFT_ERROR), or
 * until the kernel descriptor fd (-1: none) is readable. Returns how many are ready; 0 after the timeout or for fd.
 */
int weft_host_poll(weft_host *h, struct weft_host_poll *p, size_t n, int fd, weft_time timeout);

/*
 * Guests: whoever works on many sockets without a thread of their own. A guest's functions are called by whoever holds
 * the host's lock, mostly its thread, with the stack's time set: they call the engine (weft/sock.h) as they like, and
 * nothing of this header but what is said to be for guests. They must not block.
 */
#define WEFT_GUEST_FDS 2
struct weft_guest {
    /*
     * work is called when one of them is readable or has hung up; they stay the guest's, who may change them under the
     * lock. -1: none. An epoll instance serves many, but the thread sleeps on these themselves: whoever wakes it
     * through one may want it on his own processor, and an instance in between would not pass that on.
     */
    int fd[WEFT_GUEST_FDS];
    /*
     * ready: bit i when fd[i] was so just now. Also called, without, after `ready` was. True: there is more to do, call
     * again soon, after others had their turn.
     */
    bool (*work)(void *ctx, unsigned ready);
    /* The readiness of a socket grew (enum weft_ready). Only takes note of it. */
    void (*ready)(void *ctx, void *of, unsigned ready);
    /* work is called too when interfaces, addresses or routes may have changed. May be changed under the lock. */
    bool follows;
    bool at_home; /* work is called by the host's own thread, and by no other */
    void *ctx;
};
/* 0, or WEFT_ENOMEM (there are too many), WEFT_ENETDOWN. The guest stays the caller's; not under the lock. */
int weft_host_guest_begin(weft_host *h, const struct weft_guest *guest);
/* Afterwards nothing of the guest's is called; it gives up the sockets it has. Not under the lock. */
void weft_host_guest_end(weft_host *h, const struct weft_guest *guest);
/*
 * For guests, under the lock. Enters a socket in the host's table, so that it has a label (netstat -p) and its
 * readiness is told to the guest, with `of`. Returns its number, or WEFT_ENOMEM, and then the socket is aborted.
 */
int weft_host_guest_take(weft_host *h, const struct weft_guest *guest, weft_sock *sock, void *of, const char *label);
/* For guests, under the lock: takes it out again. The socket is the caller's, who closes or aborts it. */
weft_sock *weft_host_guest_give_up(weft_host *h, int number);

/*
 * The control socket ($XDG_RUNTIME_DIR/weft/NAME.sock, mode 0600): a client passes an argument vector and its own
 * stdin, stdout, stderr; the host's process runs it in a thread of its own and answers with an exit status.
 */
struct weft_job {
    weft_host *host;
    int argc;
    char **argv;      /* argv[0] is the subcommand; borrowed */
    int in, out, err; /* descriptors; closed after the handler returns */
    int hangup;       /* becomes readable when the client is gone: the handler should end soon */
};
/* Starts serving; handler's return value is the client's exit status. 0, or -1 and one line in why (name taken, …). */
int weft_control_serve(weft_host *h, int (*handler)(struct weft_job *job, void *ctx), void *ctx, char *why, size_t n);
/*
 * Ends that: the name is free, jobs get their hangup and are waited for. weft_host_free does it too; call it before
 * when the handler uses something that goes before the host. Not from within a job.
 */
void weft_control_stop(weft_host *h);
/* From another process: runs argv in host NAME with our own stdio and returns its exit status; -1 and one line in why
 * when there is no such host or it went away. */
int weft_control_call(const char *name, int argc, char *const *argv, char *why, size_t n);
/* Path of a host's control socket; false when it does not fit. */
bool weft_control_path(const char *name, char *buf, size_t n);

#ifdef __cplusplus
}
#endif
#endif
