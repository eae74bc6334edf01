/* SPDX-License-Identifier: MIT */
/* See call.h: fcntl, socket options, ioctl. */
#include <string.h>

#include "call.h"
#include "code.h"
#include "stamps.h"

int64_t call_fcntl(struct attempt *a)
{
    enum { GETFD = 1, SETFD = 2, GETFL = 3, SETFL = 4 };

    switch (number_of(a, 1)) {
    case GETFD:
    case SETFD:
        return 0;
    case GETFL:
        return 2 | (a->fd->nonblocking ? 04000 : 0);
    case SETFL:
        a->fd->nonblocking = number_of(a, 2) & 04000;
        return 0;
    default:
        return bad(a, "only F_GETFD, F_SETFD, F_GETFL and F_SETFL are known");
    }
}

enum { OPTION_MAX = 256 };

/* Options of a stream that are not the engine's: what the error queue and control messages tell is the caller's side. */
static bool set_own(struct attempt *a, const struct value *v)
{
    enum { TIMESTAMPING = 37, ZEROCOPY = 60, INQ = 36 };
    int64_t level = number_of(a, 1), name = number_of(a, 2);
    const struct value *number = value_inside(v);

    if (!number || number->kind != VALUE_NUMBER || a->fd->proto != WEFT_TCP)
        return false;
    if (level == WEFT_SOL_SOCKET && name == TIMESTAMPING)
        stamps_ask(a->fd, (unsigned)number->number);
    else if (level == WEFT_SOL_SOCKET && name == ZEROCOPY)
        stamps_allow_reuse(a->fd, number->number);
    else if (level == WEFT_SOL_TCP && name == INQ)
        a->fd->inquires = number->number;
    else
        return false;
    return true;
}

/* A value in the form that the option has: [N], "text", {onoff=1, linger=0}, {tv_sec=1, tv_usec=0}; `...`: zeroes. */
static size_t encode(const struct value *v, uint8_t *buf)
{
    const struct value *inner = value_inside(v);
    size_t n = 0;

    if (inner && inner->kind != VALUE_NUMBER)
        return encode(inner, buf);
    if (inner) {
        memcpy(buf, &(int){(int)inner->number}, sizeof(int));
        return sizeof(int);
    }
    if (v->kind == VALUE_TEXT) {
        n = (size_t)v->number < OPTION_MAX ? (size_t)v->number : OPTION_MAX;
        memcpy(buf, v->text, n);
        return n;
    }
    for (size_t i = 0; i < v->n_items && n + 8 <= OPTION_MAX; i++) {
        bool wide = v->items[i].field && strncmp(v->items[i].field, "tv_", 3) == 0;

        memcpy(buf + n, wide ? (void *)&(int64_t){v->items[i].number} : &(int){(int)v->items[i].number}, wide ? 8 : 4);
        n += wide ? 8 : 4;
    }
    return n;
}

int64_t call_setsockopt(struct attempt *a)
{
    const struct value *v = argument(a, 3);
    uint8_t buf[OPTION_MAX] = {0};
    size_t n;

    if (v->kind == VALUE_NUMBER && v->number == 0)
        return WEFT_EFAULT;
    if (v->kind == VALUE_NUMBER)
        return bad(a, "the value must be [N], \"text\" or {onoff=N, linger=N}");
    if (set_own(a, v))
        return 0;
    n = v->kind == VALUE_ELLIPSIS ? sizeof(int) : encode(v, buf);
    if (argument(a, 4)->kind == VALUE_NUMBER && number_of(a, 4) >= 0 && number_of(a, 4) <= OPTION_MAX)
        n = (size_t)number_of(a, 4);
    return weft_setsockopt(a->fd->sock, (int)number_of(a, 1), (int)number_of(a, 2), buf, n);
}

static int64_t check_info(struct attempt *a, const struct value *expected, const struct weft_tcp_info *info)
{
    for (size_t i = 0; i < expected->n_items; i++) {
        const struct value *v = &expected->items[i];
        int64_t actual;

        if (!v->field || !code_field(info, v->field, &actual))
            return bad(a, "there is no field %s", v->field ? v->field : "without a name");
        if (!number_matches(v, actual))
            return bad(a, "%s is %lld, expected %lld", v->field, (long long)actual, (long long)v->number);
    }
    return 0;
}

static int64_t get_info(struct attempt *a)
{
    struct weft_tcp_info info;
    size_t n = sizeof(info);
    int r = weft_getsockopt(a->fd->sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n);

    return r < 0 || a->lab->lenient ? r : check_info(a, argument(a, 3), &info);
}

/* Room for the option's value: what the last argument says, or enough. */
static size_t room_of(const struct attempt *a)
{
    const struct value *n = value_inside(argument(a, 4));

    if (n && n->kind == VALUE_NUMBER && n->number >= 0 && n->number <= OPTION_MAX)
        return (size_t)n->number;
    return OPTION_MAX;
}

int64_t call_getsockopt(struct attempt *a)
{
    const struct value *expected = argument(a, 3), *inner = value_inside(expected);
    uint8_t actual[OPTION_MAX] = {0}, wanted[OPTION_MAX] = {0};
    size_t n = room_of(a), want;
    int r, i;

    if (number_of(a, 1) == WEFT_SOL_TCP && number_of(a, 2) == WEFT_TCP_INFO)
        return get_info(a);
    r = weft_getsockopt(a->fd->sock, (int)number_of(a, 1), (int)number_of(a, 2), actual, &n);
    if (r < 0 || a->lab->lenient || expected->kind == VALUE_ELLIPSIS || (inner && inner->kind == VALUE_ELLIPSIS))
        return r;
    if (inner && inner->kind == VALUE_NUMBER) {
        memcpy(&i, actual, sizeof(i));
        return (int)inner->number == i ? r : bad(a, "the value is %d, expected %lld", i, (long long)inner->number);
    }
    want = encode(expected, wanted);
    if (memcmp(actual, wanted, want) == 0)
        return r;
    return expected->kind == VALUE_TEXT ? bad(a, "the value is \"%.*s\", expected \"%s\"", (int)n, (const char *)actual,
                                              expected->text)
                                        : bad(a, "the value is another one");
}

/* What was not sent for the first time yet; with a FIN that waits for it, as Linux counts. */
static size_t not_sent(weft_sock *sock)
{
    struct weft_tcp_info info = {0};
    size_t size = sizeof(info);
    enum weft_tcp_state state = weft_tcp_state(sock);
    bool ends = state == WEFT_TCP_FIN_WAIT_1 || state == WEFT_TCP_CLOSING || state == WEFT_TCP_LAST_ACK;

    (void)weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &size);
    return info.tcpi_notsent_bytes + (info.tcpi_notsent_bytes && ends);
}

int64_t call_ioctl(struct attempt *a)
{
    enum { INQ = 0x541b, OUTQ = 0x5411, ATMARK = 0x8905, OUTQNSD = 0x894b };
    const struct value *expected = value_inside(argument(a, 2));
    size_t n;

    switch (number_of(a, 1)) {
    case INQ:
        n = weft_unread(a->fd->sock);
        break;
    case OUTQ:
        n = weft_unsent(a->fd->sock);
        break;
    case ATMARK:
        n = weft_atmark(a->fd->sock);
        break;
    case OUTQNSD:
        n = not_sent(a->fd->sock);
        break;
    default:
        return bad(a, "only SIOCINQ, SIOCOUTQ, SIOCOUTQNSD and SIOCATMARK are known");
    }
    if (expected && !number_matches(expected, (int64_t)n) && !a->lab->lenient)
        return bad(a, "the value is %zu, expected %lld", n, (long long)expected->number);
    return 0;
}
