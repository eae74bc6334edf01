/* SPDX-License-Identifier: MIT */
/* See stage.h: control messages as a script writes them (tests/script/runner/call_control.c) become those of C. */
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

#include "stage.h"

static int64_t number_of(const struct value *v)
{
    return v && v->kind == VALUE_NUMBER ? v->number : 0;
}

static const struct value *list_of(const struct value *message)
{
    const struct value *list = value_field(message, "msg_control", 3);

    return list && list->kind == VALUE_LIST ? list : NULL;
}

/* Each is an int. */
void stage_control_make(const struct value *message, struct msghdr *m)
{
    const struct value *list = list_of(message);
    size_t n = list ? list->n_items : 0, room = m->msg_controllen;
    struct cmsghdr *c = CMSG_FIRSTHDR(m);

    memset(m->msg_control, 0, room);
    for (size_t i = 0; i < n && c; i++, c = CMSG_NXTHDR(m, c)) {
        const struct value *v = &list->items[i];

        c->cmsg_level = (int)number_of(value_field(v, "cmsg_level", 0));
        c->cmsg_type = (int)number_of(value_field(v, "cmsg_type", 1));
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &(int){(int)number_of(value_field(v, "cmsg_data", 2))}, sizeof(int));
    }
    m->msg_controllen = n * CMSG_SPACE(sizeof(int)) < room ? n * CMSG_SPACE(sizeof(int)) : room;
    if (n == 0)
        m->msg_control = NULL;
}

static bool field_is(const struct value *data, const char *name, size_t position, int64_t actual)
{
    const struct value *v = value_field(data, name, position);

    return !v || v->kind != VALUE_NUMBER || v->number == actual;
}

static bool report_is(const struct value *data, const struct cmsghdr *c)
{
    struct sock_extended_err e;

    memcpy(&e, CMSG_DATA(c), sizeof e);
    return field_is(data, "ee_errno", 0, e.ee_errno) && field_is(data, "ee_origin", 1, e.ee_origin) &&
           field_is(data, "ee_type", 2, e.ee_type) && field_is(data, "ee_code", 3, e.ee_code) &&
           field_is(data, "ee_info", 4, e.ee_info) && field_is(data, "ee_data", 5, e.ee_data);
}

/* The time is on the adapter's clock, which began before the script's. */
static bool stamp_is(const struct stage *s, const struct value *data, const struct cmsghdr *c)
{
    const struct value *sec = value_field(data, "scm_sec", 0), *nsec = value_field(data, "scm_nsec", 1);
    struct timespec t;
    int64_t off;

    memcpy(&t, CMSG_DATA(c), sizeof t);
    if (!sec || !nsec || sec->kind != VALUE_NUMBER || nsec->kind != VALUE_NUMBER)
        return true;
    off = (t.tv_sec * 1000000000ll + t.tv_nsec) - s->start * 1000 - (sec->number * 1000000000ll + nsec->number);
    return off >= -(int64_t)s->tolerance && off <= (int64_t)s->tolerance;
}

static bool data_is(const struct stage *s, const struct value *data, const struct cmsghdr *c)
{
    int n = 0;

    if (!data || data->kind == VALUE_ELLIPSIS)
        return true;
    if (data->kind == VALUE_STRUCT)
        return c->cmsg_level == SOL_SOCKET ? stamp_is(s, data, c) : report_is(data, c);
    memcpy(&n, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0) < sizeof n ? c->cmsg_len - CMSG_LEN(0) : sizeof n);
    return data->number == n;
}

void stage_control_check(struct stage *s, const struct event *e, const struct value *message, struct msghdr *m)
{
    const struct value *list = list_of(message);
    struct cmsghdr *c = CMSG_FIRSTHDR(m);

    if (!list)
        return;
    for (size_t i = 0; i < list->n_items; i++, c = CMSG_NXTHDR(m, c)) {
        const struct value *v = &list->items[i];

        if (!c)
            stage_fail(s, e->line, "recvmsg(): %zu control messages, expected %zu", i, list->n_items);
        if (!field_is(v, "cmsg_level", 0, c->cmsg_level) || !field_is(v, "cmsg_type", 1, c->cmsg_type))
            stage_fail(s, e->line, "recvmsg(): control message %zu is of level %d and type %d", i + 1, c->cmsg_level,
                       c->cmsg_type);
        if (!data_is(s, value_field(v, "cmsg_data", 2), c))
            stage_fail(s, e->line, "recvmsg(): control message %zu has other data", i + 1);
    }
    if (c)
        stage_fail(s, e->line, "recvmsg(): more than %zu control messages", list->n_items);
}
