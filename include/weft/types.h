/* SPDX-License-Identifier: MIT */
/*
 * The values that every weft header speaks: time, addresses, errors.
 *
 * All numbers are in host byte order; only address bytes are kept as they stand on the wire.
 */
#ifndef WEFT_TYPES_H
#define WEFT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Nanoseconds on a clock of the caller's choice that never runs backwards. Zero is a legal time. */
typedef uint64_t weft_time;

#define WEFT_NEVER UINT64_MAX
#define WEFT_US    ((weft_time)1000)
#define WEFT_MS    ((weft_time)1000000)
#define WEFT_S     ((weft_time)1000000000)

/* Linux's numbers. */
enum weft_family { WEFT_INET = 2, WEFT_INET6 = 10 };

/*
 * An IPv6 address, or an IPv4 address in its mapped form ::ffff:a.b.c.d (RFC 4291 §2.5.5.2).
 *
 * An address of link scope (fe80::/10, the groups ff01:: and ff02::) means something on its link only. Bytes 2 and 3,
 * zero on the wire, then hold its zone (RFC 4007): the number of the interface, weft_if_index; 0: not said. See
 * weft_ip_zone.
 */
struct weft_ip {
    uint8_t b[16];
};

/* A transport address. Port 0 means "any". */
struct weft_addr {
    struct weft_ip ip;
    uint16_t port;
};

/* One piece of a scattered buffer. */
struct weft_iov {
    void *base;
    size_t len;
};

/*
 * Carries bytes into, or out of, pieces of the engine's memory, from the first on. Returns how many; or a negative
 * error, and then none. It calls nothing of the stack's, and keeps no piece.
 */
typedef int64_t weft_carry(void *ctx, const struct weft_iov *piece, size_t n);

/*
 * Errors are negative and carry Linux's errno number, so that -r is the errno of a failed call.
 * X(name, errno number, sentence)
 */
#define WEFT_ERRORS(X)                                                                                                 \
    X(EPERM, 1, "operation not permitted")                                                                             \
    X(ENOENT, 2, "no such entry")                                                                                      \
    X(EBADF, 9, "no such socket")                                                                                      \
    X(EAGAIN, 11, "would block: try again after the next event")                                                       \
    X(ENOMEM, 12, "out of memory")                                                                                     \
    X(EACCES, 13, "permission denied")                                                                                 \
    X(EFAULT, 14, "bad address")                                                                                       \
    X(EEXIST, 17, "already exists")                                                                                    \
    X(ENODEV, 19, "no such interface")                                                                                 \
    X(EINVAL, 22, "invalid argument")                                                                                  \
    X(EPIPE, 32, "the sending side is shut down")                                                                      \
    X(ENONET, 64, "host is not on the network")                                                                        \
    X(EDESTADDRREQ, 89, "destination address required")                                                                \
    X(EMSGSIZE, 90, "message too long")                                                                                \
    X(EPROTOTYPE, 91, "protocol wrong type for socket")                                                                \
    X(ENOPROTOOPT, 92, "no such option")                                                                               \
    X(EPROTONOSUPPORT, 93, "protocol not supported")                                                                   \
    X(EOPNOTSUPP, 95, "operation not supported on this socket")                                                        \
    X(EAFNOSUPPORT, 97, "address family not supported")                                                                \
    X(EADDRINUSE, 98, "address already in use")                                                                        \
    X(EADDRNOTAVAIL, 99, "no such local address")                                                                      \
    X(ENETDOWN, 100, "network is down")                                                                                \
    X(ENETUNREACH, 101, "network is unreachable")                                                                      \
    X(ECONNABORTED, 103, "connection aborted before it was accepted")                                                  \
    X(ECONNRESET, 104, "connection reset by peer")                                                                     \
    X(ENOBUFS, 105, "no buffer space")                                                                                 \
    X(EISCONN, 106, "already connected")                                                                               \
    X(ENOTCONN, 107, "not connected")                                                                                  \
    X(ETIMEDOUT, 110, "connection timed out")                                                                          \
    X(ECONNREFUSED, 111, "connection refused")                                                                         \
    X(EHOSTDOWN, 112, "host is down")                                                                                  \
    X(EHOSTUNREACH, 113, "no route to host")                                                                           \
    X(EALREADY, 114, "operation already in progress")                                                                  \
    X(EINPROGRESS, 115, "connection is being made")                                                                    \
    X(EPROTO, 71, "protocol error")

enum weft_err {
#define X(name, number, sentence) WEFT_##name = -(number),
    WEFT_ERRORS(X)
#undef X
};

/* Returns the sentence for a negative error; a static string, "unknown error" for a number not in the table. */
const char *weft_strerror(int err);

/* Makes the mapped form of an IPv4 address given in host order: weft_ipv4(0x0a090002) is 10.9.0.2. */
static inline struct weft_ip weft_ipv4(uint32_t a)
{
    struct weft_ip ip = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (uint8_t)(a >> 24), (uint8_t)(a >> 16),
                          (uint8_t)(a >> 8), (uint8_t)a}};

    return ip;
}

/* Is it an address of IPv4? */
static inline bool weft_ip_is_v4(const struct weft_ip *ip)
{
    for (unsigned i = 0; i < 12; i++)
        if (ip->b[i] != (i < 10 ? 0 : 0xff))
            return false;
    return true;
}

/* Has the address a zone: is it link-local, or a group of interface or link scope? */
static inline bool weft_ip_is_zoned(const struct weft_ip *ip)
{
    return (ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80) ||
           (ip->b[0] == 0xff && (ip->b[1] & 0xe0) == 0 && (ip->b[1] & 15) <= 2);
}

/* The zone, 0: none was said or it has none. */
static inline unsigned weft_ip_zone(const struct weft_ip *ip)
{
    return weft_ip_is_zoned(ip) ? (unsigned)ip->b[2] << 8 | ip->b[3] : 0;
}

/* Sets the zone of an address that has one; 0 takes it off. Others stay as they are. */
static inline void weft_ip_set_zone(struct weft_ip *ip, unsigned zone)
{
    if (!weft_ip_is_zoned(ip))
        return;
    ip->b[2] = (uint8_t)(zone >> 8);
    ip->b[3] = (uint8_t)zone;
}

/*
 * Reads "10.9.0.2", "2001:db8::1" or, with the number of its zone, "fe80::1%2" from text into *ip.
 * Returns 0, or WEFT_EINVAL and leaves *ip alone.
 */
int weft_ip_parse(const char *text, struct weft_ip *ip);

/* Writes the address as text (RFC 5952), always terminated; n should be WEFT_IP_TEXT. Returns buf. */
#define WEFT_IP_TEXT 52
char *weft_ip_text(const struct weft_ip *ip, char *buf, size_t n);

#ifdef __cplusplus
}
#endif
#endif
