/* SPDX-License-Identifier: MIT */
/*
 * Stamps besides those that come with what was received: of datagrams that were sent (SO_TIMESTAMPING with
 * SOF_TIMESTAMPING_TX_SOFTWARE), which the error queue tells one by one, and of the last one that came (SIOCGSTAMP).
 *
 * A datagram's time is when the stack took it. That is when it went to the driver, too, unless it waits for a neighbour
 * to be found or for the link: a call hands on what it made before it returns.
 */
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <time.h>

#include <linux/errqueue.h> /* needs time.h */
#include <linux/net_tstamp.h>

#include "posix/posix.h"

#define STAMPS 64 /* that may wait; later ones are lost, as on Linux where the buffer is full */

struct px_stamps {
    unsigned n;
    struct {
        struct timespec at;
        uint32_t number;
    } stamp[STAMPS];
};

/* ---- of what was sent ---- */

void px_stamp_sent(struct px_sock *s)
{
    int flags = s->kept[PX_STAMPING];
    uint32_t number = flags & SOF_TIMESTAMPING_OPT_ID ? s->stamp_number++ : 0;
    struct px_stamps *q = s->stamps;

    if (!(flags & SOF_TIMESTAMPING_TX_SOFTWARE))
        return;
    if (!q)
        q = s->stamps = calloc(1, sizeof *q);
    if (!q || q->n == STAMPS)
        return;
    clock_gettime(CLOCK_REALTIME, &q->stamp[q->n].at);
    q->stamp[q->n++].number = number;
}

bool px_stamp_waits(const struct px_sock *s) { return s->stamps && s->stamps->n; }

void px_give_stamp(struct px_sock *s, struct msghdr *msg)
{
    struct px_stamps *q = s->stamps;
    struct timespec at[3] = {q->stamp[0].at}; /* by software; by hardware, which there is none of */
    struct {
        struct sock_extended_err ee;
        struct sockaddr_in6 offender; /* nobody */
    } message = {.ee = {
                     .ee_errno = ENOMSG,
                     .ee_origin = SO_EE_ORIGIN_TIMESTAMPING,
                     .ee_info = SCM_TSTAMP_SND,
                     .ee_data = q->stamp[0].number,
                 }};
    bool v6 = s->domain == AF_INET6;
    size_t n = sizeof message.ee + (v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)), used = 0;

    memmove(q->stamp, q->stamp + 1, --q->n * sizeof *q->stamp);
    if (s->kept[PX_STAMPING] & SOF_TIMESTAMPING_SOFTWARE)
        used = linux_put_control(msg, used, SOL_SOCKET, SCM_TIMESTAMPING, at, sizeof at);
    msg->msg_controllen = linux_put_control(msg, used, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR,
                                            &message, n);
}

void px_stamps_forget(struct px_sock *s)
{
    free(s->stamps);
    s->stamps = NULL;
}

/* ---- of the last one that came ---- */

void px_stamp_came(struct px_sock *s, weft_time arrived)
{
    s->last.any = true;
    s->last.told = s->last.told && s->last.arrived == arrived;
    s->last.arrived = arrived;
}

/* The clock of the day is looked at once for each datagram, so that who asks twice hears the same. */
static void find_day(struct px_sock *s)
{
    struct timespec *t = &s->last.day;
    int64_t ns;

    clock_gettime(CLOCK_REALTIME, t);
    ns = (int64_t)t->tv_sec * (int64_t)WEFT_S + t->tv_nsec - (int64_t)(s->host->now - s->last.arrived);
    *t = (struct timespec){ns / (int64_t)WEFT_S, ns % (int64_t)WEFT_S};
    s->last.told = true;
}

int px_stamp_ioctl(struct px_sock *s, unsigned long request, void *argument)
{
    struct timeval t;

    if (request != SIOCGSTAMP && request != SIOCGSTAMPNS)
        return -ENOTTY;
    if (!s->last.any)
        return -ENOENT;
    if (!argument)
        return -EFAULT;
    if (!s->last.told)
        find_day(s);
    t = (struct timeval){s->last.day.tv_sec, s->last.day.tv_nsec / 1000};
    if (request == SIOCGSTAMP)
        memcpy(argument, &t, sizeof t);
    else
        memcpy(argument, &s->last.day, sizeof s->last.day);
    return 0;
}
