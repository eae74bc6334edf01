/* SPDX-License-Identifier: MIT */
/*
 * An Ethernet interface of the machine by a packet socket (packet(7)). Owns the socket and room for a batch of frames.
 *
 * We are a station of our own on the link: a locally administered address, the interface in promiscuous mode. So the
 * kernel, which listens there too, is not tempted to answer in our place, and its frames and ours do not mix. Frames for
 * other stations are thrown away here, before they cost a packet.
 *
 * With PACKET_VNET_HDR each frame has the kernel's offload header in front. A sender on this machine (the other end of a
 * veth pair) leaves checksums begun and segments joined, and so may we. A VLAN tag that the kernel took off is put back.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "driver/vnet.h"

#define BATCH    16 /* frames read or written by one system call */
#define TAG      4  /* bytes of a VLAN tag */
#define MACS     12 /* the two station addresses that it stands behind */
#define BUFFER   (4 << 20)
#define LOOK     WEFT_S /* between two looks whether an interface that is down is gone altogether */

struct slot {
    struct virtio_net_hdr v;
    struct sockaddr_ll from;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    uint8_t frame[TAG + VNET_FRAME_MAX]; /* read behind room for a tag */
};

struct packet {
    struct weft_driver driver; /* first: what the others see */
    char name[IFNAMSIZ];
    int index;
    bool vnet;
    weft_time look_at; /* when to look; WEFT_NEVER: the interface is up, as far as is known */
    struct slot slot[BATCH];
};

/* ---- receiving ---- */

/* The tag that the kernel took off the frame, or 0 for none: protocol and control information. */
static uint32_t taken_tag(struct msghdr *msg)
{
    struct tpacket_auxdata aux;
    struct cmsghdr *c;

    for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
            continue;
        memcpy(&aux, CMSG_DATA(c), sizeof(aux));
        if (aux.tp_status & TP_STATUS_VLAN_VALID)
            return (uint32_t)(aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid : ETH_P_8021Q) << 16 |
                   aux.tp_vlan_tci;
    }
    return 0;
}

/* Puts the tag back; returns where the frame begins. */
static uint8_t *put_tag(struct slot *s, uint32_t tag)
{
    uint8_t *frame = s->frame;

    memmove(frame, frame + TAG, MACS);
    frame[MACS] = (uint8_t)(tag >> 24);
    frame[MACS + 1] = (uint8_t)(tag >> 16);
    frame[MACS + 2] = (uint8_t)(tag >> 8);
    frame[MACS + 3] = (uint8_t)tag;
    s->v.csum_start += TAG;
    s->v.hdr_len += TAG;
    return frame;
}

static bool is_for_us(const struct packet *p, const struct slot *s)
{
    const uint8_t *to = s->frame + TAG;

    return s->from.sll_pkttype != PACKET_OUTGOING && ((to[0] & 1) || memcmp(to, p->driver.ifc.mac, ETH_ALEN) == 0);
}

/* The packet of a slot that holds n bytes, offload header not counted; NULL when it is not for us. */
static weft_pkt *packet_take(struct packet *p, struct slot *s, struct msghdr *msg, size_t n)
{
    uint8_t *frame = s->frame + TAG;
    uint32_t tag;

    if (n < ETH_HLEN || (msg->msg_flags & MSG_TRUNC)) {
        weft_count_drop(p->driver.stack, n < ETH_HLEN ? WEFT_DROP_eth_short : WEFT_DROP_if_oversize);
        return NULL;
    }
    if (!is_for_us(p, s))
        return NULL;
    tag = taken_tag(msg);
    if (tag) {
        frame = put_tag(s, tag);
        n += TAG;
    }
    return vnet_packet(p->driver.stack, p->vnet ? &s->v : NULL, frame, n);
}

static void slot_prepare(const struct packet *p, struct slot *s, struct iovec iov[2], struct msghdr *msg)
{
    iov[0] = (struct iovec){&s->v, p->vnet ? sizeof(s->v) : 0};
    iov[1] = (struct iovec){s->frame + TAG, VNET_FRAME_MAX};
    *msg = (struct msghdr){.msg_name = &s->from, .msg_namelen = sizeof(s->from), .msg_iov = iov, .msg_iovlen = 2,
                           .msg_control = s->control, .msg_controllen = sizeof(s->control)};
}

/* One batch into out. Returns how many frames were read, -1 with errno when none. */
static int packet_batch(struct packet *p, weft_pkt **out, size_t max, int *taken)
{
    struct mmsghdr msg[BATCH];
    struct iovec iov[BATCH][2];
    size_t header = p->vnet ? sizeof(struct virtio_net_hdr) : 0, i;
    int n, k;

    if (max > BATCH)
        max = BATCH;
    for (i = 0; i < max; i++)
        slot_prepare(p, &p->slot[i], iov[i], &msg[i].msg_hdr);
    n = recvmmsg(p->driver.fd, msg, (unsigned)max, MSG_DONTWAIT, NULL);
    for (k = 0; k < n; k++) {
        out[*taken] = msg[k].msg_len > header
                          ? packet_take(p, &p->slot[k], &msg[k].msg_hdr, msg[k].msg_len - header) : NULL;
        *taken += out[*taken] != NULL;
    }
    return n;
}

static bool means_down(int error) { return error == ENETDOWN || error == ENXIO || error == ENODEV; }

/*
 * Is the interface gone, and the socket good for nothing any more? The kernel says only once that it is down, and then it
 * may still be there: so who is down is looked after until frames come again.
 */
static bool packet_is_gone(struct packet *p, int read, int error)
{
    char name[IF_NAMESIZE];
    struct timespec t;
    weft_time now;

    if (read > 0)
        p->look_at = WEFT_NEVER;
    if (read > 0 || (p->look_at == WEFT_NEVER && !means_down(error)))
        return false;
    clock_gettime(CLOCK_MONOTONIC, &t);
    now = (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_nsec;
    if (!means_down(error) && now < p->look_at)
        return false;
    p->look_at = now + LOOK;
    return !if_indextoname((unsigned)p->index, name);
}

static int packet_receive(weft_driver *d, weft_pkt **out, size_t max)
{
    struct packet *p = (struct packet *)d;
    int taken = 0, n;

    do {
        n = packet_batch(p, out, max - (size_t)taken, &taken);
        if (packet_is_gone(p, n, n < 0 ? errno : 0))
            return taken ? taken : -1;
    } while (n == BATCH && (size_t)taken < max);
    return taken;
}

static weft_time packet_deadline(weft_driver *d) { return ((struct packet *)d)->look_at; }

/* ---- sending ---- */

static void packet_describe(const struct packet *p, const weft_pkt *pkt, struct virtio_net_hdr *v, struct iovec *iov,
                            struct msghdr *msg)
{
    struct weft_iov piece[WEFT_PKT_PIECES];
    size_t n = weft_pkt_pieces(pkt, piece), i;
    int used = 0;

    if (p->vnet) {
        vnet_from_packet(pkt, WEFT_LINK_ETHERNET, v);
        iov[used++] = (struct iovec){v, sizeof(*v)};
    }
    for (i = 0; i < n; i++)
        iov[used++] = (struct iovec){piece[i].base, piece[i].len};
    *msg = (struct msghdr){.msg_iov = iov, .msg_iovlen = (size_t)used};
}

/* Why the kernel did not take a frame, as a drop. ENOBUFS: its own queue for the device is full, and nobody tells when not. */
static enum weft_drop refusal_of(int error)
{
    if (means_down(error))
        return WEFT_DROP_if_down;
    return error == ENOBUFS ? WEFT_DROP_link_queue_full : WEFT_DROP_if_oversize;
}

/* Hands over one batch; returns how many packets are done with. */
static size_t packet_send(struct packet *p, weft_pkt *const *pkts, size_t n)
{
    struct iovec iov[BATCH][1 + WEFT_PKT_PIECES];
    struct virtio_net_hdr v[BATCH];
    struct mmsghdr msg[BATCH];
    size_t i, done;
    int r;

    for (i = 0; i < n; i++)
        packet_describe(p, pkts[i], &v[i], iov[i], &msg[i].msg_hdr);
    do
        r = sendmmsg(p->driver.fd, msg, (unsigned)n, MSG_DONTWAIT);
    while (r < 0 && errno == EINTR);
    if (r < 0 && errno == EAGAIN)
        return 0;
    if (r < 0)
        weft_count_drop(p->driver.stack, refusal_of(errno));
    done = r < 0 ? 1 : (size_t)r;
    for (i = 0; i < done; i++)
        weft_pkt_release(pkts[i]);
    return done;
}

static size_t packet_transmit(weft_driver *d, weft_pkt *const *pkts, size_t n)
{
    size_t sent = 0, batch, done;

    do {
        batch = n - sent < BATCH ? n - sent : BATCH;
        done = batch ? packet_send((struct packet *)d, pkts + sent, batch) : 0;
        sent += done;
    } while (done && sent < n);
    return sent;
}

static void packet_close(weft_driver *d)
{
    close(d->fd);
    free(d);
}

static const struct weft_driver_ops packet_ops = {"packet", packet_receive, packet_transmit, packet_close, packet_deadline};

/* ---- opening ---- */

/* The interface's number, kind and MTU; brings it up if it is down and we may. */
static bool packet_link(struct packet *p, char *why, size_t n)
{
    struct ifreq ifr = {0};
    int fd = p->driver.fd;

    memcpy(ifr.ifr_name, p->name, sizeof(ifr.ifr_name));
    if (ioctl(fd, SIOCGIFINDEX, &ifr) != 0) {
        snprintf(why, n, "there is no interface %s", p->name);
        return false;
    }
    p->index = ifr.ifr_ifindex;
    if (ioctl(fd, SIOCGIFHWADDR, &ifr) != 0 || ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
        snprintf(why, n, "%s is no Ethernet interface", p->name);
        return false;
    }
    if (ioctl(fd, SIOCGIFMTU, &ifr) != 0) {
        snprintf(why, n, "%s: cannot read its MTU: %s", p->name, strerror(errno));
        return false;
    }
    p->driver.ifc.mtu = ifr.ifr_mtu > 65535 ? 65535 : (uint32_t)ifr.ifr_mtu;
    if (ioctl(fd, SIOCGIFFLAGS, &ifr) == 0 && !(ifr.ifr_flags & IFF_UP)) {
        ifr.ifr_flags |= IFF_UP;
        ioctl(fd, SIOCSIFFLAGS, &ifr);
    }
    return true;
}

static void packet_options(struct packet *p, bool offload)
{
    const struct packet_mreq promiscuous = {.mr_ifindex = p->index, .mr_type = PACKET_MR_PROMISC};
    int fd = p->driver.fd;
    const int on = 1, room = BUFFER;

    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous));
    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on));
    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)); /* older kernels: packet_take looks */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    /* Without it a frame with its checksum only begun could not be told from a broken one: so it is had in any case. */
    p->vnet = setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) == 0;
    if (p->vnet && offload)
        p->driver.ifc.offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO;
}

static bool packet_bind(struct packet *p, char *why, size_t n)
{
    static const uint8_t all[2] = {ETH_P_ALL >> 8, ETH_P_ALL & 255}; /* as it stands in a frame */
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = p->index};

    memcpy(&at.sll_protocol, all, sizeof(all));
    if (bind(p->driver.fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
        return true;
    snprintf(why, n, "%s: %s", p->name, strerror(errno));
    return false;
}

weft_driver *weft_packet_open(const char *device, bool offload, char *why, size_t n)
{
    struct packet *p = strlen(device) < IFNAMSIZ ? calloc(1, sizeof(*p)) : NULL;

    if (!p) {
        snprintf(why, n, strlen(device) < IFNAMSIZ ? "out of memory" : "the name of the device is too long");
        return NULL;
    }
    snprintf(p->name, sizeof(p->name), "%s", device);
    p->driver.ops = &packet_ops;
    p->look_at = WEFT_NEVER;
    p->driver.ifc.name = p->name;
    p->driver.ifc.link = WEFT_LINK_ETHERNET;
    p->driver.fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->driver.fd < 0) {
        snprintf(why, n, errno == EPERM ? "no permission for packet sockets (needs CAP_NET_RAW)"
                                        : "this kernel has no packet sockets");
        free(p);
        return NULL;
    }
    if (!packet_link(p, why, n)) {
        packet_close(&p->driver);
        return NULL;
    }
    packet_options(p, offload);
    if (!packet_bind(p, why, n)) {
        packet_close(&p->driver);
        return NULL;
    }
    if (p->driver.ifc.mtu >= 1280)
        p->driver.ifc.ipv6 = WEFT_IPV6_AUTO;
    if (getrandom(p->driver.ifc.mac, 6, 0) != 6)
        memcpy(p->driver.ifc.mac, "\x02weft", 6);
    p->driver.ifc.mac[0] = 0x02;
    return &p->driver;
}
