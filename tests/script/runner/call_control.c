/* SPDX-License-Identifier: MIT */
/*
 * See call.h: what goes with a message besides its bytes. A script writes a control message as
 * {cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=64}; cmsg_data is a number, a time {scm_sec=0, scm_nsec=20000000}, or
 * a report {ee_errno=ENOMSG, ee_origin=SO_EE_ORIGIN_TIMESTAMPING, ee_type=0, ee_code=0, ee_info=SCM_TSTAMP_ACK,
 * ee_data=9}.
 */
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "stamps.h"

/* Linux's numbers. */
enum { LEVEL_SOCKET = 1, LEVEL_IP = 0, LEVEL_TCP = 6, LEVEL_IPV6 = 41 };
enum { TIMESTAMPING = 37, IP_TOS_TYPE = 1, IP_TTL_TYPE = 2, IP_RECVERR_TYPE = 11, IPV6_RECVERR_TYPE = 25,
       IPV6_HOPLIMIT_TYPE = 52, IPV6_TCLASS_TYPE = 67, TCP_INQ_TYPE = 36 };
enum { ORIGIN_TIMESTAMPING = 4, ORIGIN_ZEROCOPY = 5, CODE_COPIED = 1, NO_MESSAGE = 42, ERRQUEUE = 0x2000 };

enum { ITEM_FIELDS = 6, ITEMS_MAX = 4 };

/* One that came: a number, or fields. */
struct item {
    int level, type;
    int64_t number;
    size_t n;
    struct {
        const char *name;
        int64_t number;
    } field[ITEM_FIELDS];
};

struct items {
    size_t n;
    struct item item[ITEMS_MAX];
};

static struct item *add(struct items *all, int level, int type)
{
    struct item *i = &all->item[all->n++];

    *i = (struct item){.level = level, .type = type};
    return i;
}

static void add_field(struct item *i, const char *name, int64_t number)
{
    i->field[i->n].name = name;
    i->field[i->n++].number = number;
}

/* ---- against the script's ---- */

static bool data_matches(struct attempt *a, const struct value *data, const struct item *i)
{
    if (!data || data->kind == VALUE_ELLIPSIS)
        return true;
    if (data->kind == VALUE_NUMBER && i->n == 0 && data->number == i->number)
        return true;
    if (data->kind != VALUE_STRUCT || i->n == 0) {
        if (i->n == 0)
            bad(a, "cmsg_data of type %d is %lld, expected %lld", i->type, (long long)i->number,
                (long long)data->number);
        else
            bad(a, "cmsg_data of type %d is a structure that begins with %s", i->type, i->field[0].name);
        return false;
    }
    for (size_t k = 0; k < i->n; k++) {
        const struct value *v = value_field(data, i->field[k].name, k);

        if (v && !number_matches(v, i->field[k].number)) {
            bad(a, "%s is %lld, expected %lld", i->field[k].name, (long long)i->field[k].number, (long long)v->number);
            return false;
        }
    }
    return true;
}

static bool matches(struct attempt *a, const struct value *message, const struct items *got)
{
    const struct value *list = value_field(message, "msg_control", 3);

    if (!list || list->kind != VALUE_LIST || a->lab->lenient)
        return true;
    if (list->n_items != got->n) {
        bad(a, "%zu control messages came, expected %zu", got->n, list->n_items);
        return false;
    }
    for (size_t k = 0; k < got->n; k++) {
        const struct item *i = &got->item[k];
        const struct value *level = value_field(&list->items[k], "cmsg_level", 0);
        const struct value *type = value_field(&list->items[k], "cmsg_type", 1);

        if ((level && !number_matches(level, i->level)) || (type && !number_matches(type, i->type))) {
            bad(a, "control message %zu is of level %d and type %d", k + 1, i->level, i->type);
            return false;
        }
        if (!data_matches(a, value_field(&list->items[k], "cmsg_data", 2), i))
            return false;
    }
    return true;
}

bool control_matches(struct attempt *a, const struct value *message, const struct weft_control *c)
{
    struct items got = {0};
    const struct lab_fd *fd = a->fd;

    if (fd->proto == WEFT_TCP && fd->inquires) /* behind the last byte there is one more thing to read: the end */
        add(&got, LEVEL_TCP, TCP_INQ_TYPE)->number =
            (int64_t)weft_unread(fd->sock) + (weft_ready(fd->sock) & WEFT_PEER_CLOSED ? 1 : 0);
    if (fd->proto != WEFT_TCP && c->has & WEFT_CONTROL_TTL)
        add(&got, c->v4 ? LEVEL_IP : LEVEL_IPV6, c->v4 ? IP_TTL_TYPE : IPV6_HOPLIMIT_TYPE)->number = c->ttl;
    if (fd->proto != WEFT_TCP && c->has & WEFT_CONTROL_TOS)
        add(&got, c->v4 ? LEVEL_IP : LEVEL_IPV6, c->v4 ? IP_TOS_TYPE : IPV6_TCLASS_TYPE)->number = c->tos;
    if (fd->proto != WEFT_TCP && c->has & ~(unsigned)(WEFT_CONTROL_TTL | WEFT_CONTROL_TOS)) {
        bad(a, "a script can only compare TTL and TOS");
        return false;
    }
    return matches(a, message, &got);
}

/* ---- to send ---- */

static int64_t kind_of(int64_t level, int64_t type) { return level << 8 | type; }

static bool take_one(struct attempt *a, const struct value *v, struct weft_control *out)
{
    const struct value *level = value_field(v, "cmsg_level", 0), *type = value_field(v, "cmsg_type", 1);
    const struct value *data = value_field(v, "cmsg_data", 2);
    int64_t kind = level && type ? kind_of(level->number, type->number) : -1;
    bool stream = a->fd->proto == WEFT_TCP;

    if (!data || data->kind != VALUE_NUMBER || kind < 0) {
        bad(a, "a control message is {cmsg_level=LEVEL, cmsg_type=TYPE, cmsg_data=N}");
        return false;
    }
    if (stream && kind == kind_of(LEVEL_SOCKET, TIMESTAMPING)) {
        a->stamps = (unsigned)data->number;
    } else if (!stream && (kind == kind_of(LEVEL_IP, IP_TTL_TYPE) || kind == kind_of(LEVEL_IPV6, IPV6_HOPLIMIT_TYPE))) {
        out->has |= WEFT_CONTROL_TTL;
        out->ttl = (int)data->number;
    } else if (!stream && (kind == kind_of(LEVEL_IP, IP_TOS_TYPE) || kind == kind_of(LEVEL_IPV6, IPV6_TCLASS_TYPE))) {
        out->has |= WEFT_CONTROL_TOS;
        out->tos = (int)data->number;
    } else {
        bad(a, "control messages of level %lld and type %lld cannot be sent here", (long long)level->number,
            (long long)type->number);
        return false;
    }
    return true;
}

bool control_to_send(struct attempt *a, const struct value *message, struct weft_control *out)
{
    const struct value *list = value_field(message, "msg_control", 3);

    *out = (struct weft_control){0};
    for (size_t i = 0; list && list->kind == VALUE_LIST && i < list->n_items; i++)
        if (!take_one(a, &list->items[i], out))
            return false;
    return true;
}

/* ---- the error queue ---- */

struct blame {
    int64_t error, origin, type, code, info, data;
};

static void add_blame(struct attempt *a, struct items *got, const struct blame *b)
{
    bool v4 = a->lab->script->config.version == IP_V4;
    struct item *i = add(got, v4 ? LEVEL_IP : LEVEL_IPV6, v4 ? IP_RECVERR_TYPE : IPV6_RECVERR_TYPE);

    add_field(i, "ee_errno", b->error);
    add_field(i, "ee_origin", b->origin);
    add_field(i, "ee_type", b->type);
    add_field(i, "ee_code", b->code);
    add_field(i, "ee_info", b->info);
    add_field(i, "ee_data", b->data);
}

static int64_t take_stamp(struct attempt *a, struct items *got, size_t room, unsigned *flags)
{
    struct stamp s;
    struct item *i;

    if (!stamps_take(a->fd, &s))
        return WEFT_EAGAIN;
    *flags = s.has_segment && room == 0 ? WEFT_MSG_TRUNC : 0;
    if (s.has_time) {
        i = add(got, LEVEL_SOCKET, TIMESTAMPING);
        add_field(i, "scm_sec", (int64_t)(s.at / WEFT_S));
        add_field(i, "scm_nsec", (int64_t)(s.at % WEFT_S));
    }
    if (s.kind == STAMP_REUSE)
        add_blame(a, got, &(struct blame){0, ORIGIN_ZEROCOPY, 0, CODE_COPIED, s.first, s.id});
    else
        add_blame(a, got, &(struct blame){NO_MESSAGE, ORIGIN_TIMESTAMPING, 0, 0, s.kind, s.id});
    return 0;
}

static int64_t take_report(struct attempt *a, struct items *got, size_t room, unsigned *flags)
{
    static uint8_t payload[65536];
    struct weft_iov iov = {payload, room < sizeof payload ? room : sizeof payload};
    struct weft_report r;
    int64_t n = weft_recv_report(a->fd->sock, &iov, 1, flags, &r);

    if (n >= 0)
        add_blame(a, got, &(struct blame){-r.error, r.origin, r.type, r.code, r.info, 0});
    return n;
}

int64_t control_take_report(struct attempt *a, const struct value *message, size_t room)
{
    const struct value *expected = value_field(message, "msg_flags", 2);
    struct items got = {0};
    unsigned flags = 0;
    int64_t n = a->fd->proto == WEFT_TCP ? take_stamp(a, &got, room, &flags) : take_report(a, &got, room, &flags);

    flags |= ERRQUEUE;
    if (n < 0 || a->lab->lenient)
        return n;
    if (expected && !number_matches(expected, flags))
        return bad(a, "msg_flags is 0x%x, expected 0x%llx", flags, (long long)expected->number);
    return matches(a, message, &got) ? n : BAD;
}
