/* SPDX-License-Identifier: MIT */
/*
 * TAP and TUN: the kernel's Ethernet or IP device whose other end is a descriptor. Owns the descriptor.
 *
 * Frames are read into a packet that has room for a super-segment. One that fills a good part of it goes on in it; a
 * small one is copied into a packet of its own size, and the large one waits for the next: 64 KiB held for each small
 * frame would cost more than the copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "driver/vnet.h"

struct tap {
    struct weft_driver driver; /* first: what the others see */
    char name[IFNAMSIZ];
    bool vnet; /* each frame has a struct virtio_net_hdr in front */
    weft_pkt *spare; /* to be read into; NULL: none yet */
};

#define FILLS_A_SPARE (VNET_FRAME_MAX / 4) /* bytes; less is copied */
#define BATCH_BYTES   (256 * 1024)         /* read at once: what is passed on at once should be in the cache still */

/* ---- receiving ---- */

static bool spare_ready(struct tap *t)
{
    if (!t->spare)
        t->spare = weft_pkt_new(t->driver.stack, VNET_FRAME_MAX);
    return t->spare != NULL;
}

/* The packet that carries the n bytes read last; NULL, and counted: out of memory. */
static weft_pkt *packet_of_spare(struct tap *t, const struct virtio_net_hdr *v, size_t n)
{
    struct weft_pkt_offload offload;
    weft_pkt *pkt = t->spare;

    if (!pkt) {
        weft_count_drop(t->driver.stack, WEFT_DROP_no_memory);
        return NULL;
    }
    if (n < FILLS_A_SPARE)
        return vnet_packet(t->driver.stack, v, weft_pkt_data(pkt), n);
    t->spare = NULL;
    weft_pkt_set_len(pkt, n);
    if (v) {
        vnet_to_offload(v, &offload);
        weft_pkt_set_offload(pkt, &offload);
    }
    return pkt;
}

/* One frame into the spare packet. Where there is no memory for one, the frame is taken all the same, and lost. */
static ssize_t tap_read(struct tap *t, struct virtio_net_hdr *v)
{
    uint8_t lost[64];
    struct iovec iov[2] = {{v, sizeof(*v)}, {lost, sizeof(lost)}};

    if (spare_ready(t))
        iov[1] = (struct iovec){weft_pkt_data(t->spare), VNET_FRAME_MAX};
    return t->vnet ? readv(t->driver.fd, iov, 2) : read(t->driver.fd, iov[1].iov_base, iov[1].iov_len);
}

static int tap_receive(weft_driver *d, weft_pkt **out, size_t max)
{
    struct tap *t = (struct tap *)d;
    struct virtio_net_hdr v = {0};
    size_t header = t->vnet ? sizeof(v) : 0, reads, bytes = 0;
    ssize_t r;
    int n = 0;

    for (reads = 0; reads < max && bytes < BATCH_BYTES; reads++) {
        r = tap_read(t, &v);
        if (r < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
            return n ? n : -1; /* EBADFD: the device was removed; the next call says so again */
        if (r < 0)
            break;
        bytes += (size_t)r;
        if ((size_t)r <= header)
            continue;
        out[n] = packet_of_spare(t, t->vnet ? &v : NULL, (size_t)r - header);
        n += out[n] != NULL;
    }
    return n;
}

/* ---- sending ---- */

static ssize_t tap_write(struct tap *t, const weft_pkt *pkt)
{
    struct weft_iov piece[WEFT_PKT_PIECES];
    struct iovec iov[1 + WEFT_PKT_PIECES];
    struct virtio_net_hdr v;
    size_t n = weft_pkt_pieces(pkt, piece), i;
    int used = 0;

    if (t->vnet) {
        vnet_from_packet(pkt, t->driver.ifc.link, &v);
        iov[used++] = (struct iovec){&v, sizeof(v)};
    }
    for (i = 0; i < n; i++)
        iov[used++] = (struct iovec){piece[i].base, piece[i].len};
    return writev(t->driver.fd, iov, used);
}

static size_t tap_transmit(weft_driver *d, weft_pkt *const *pkts, size_t n)
{
    struct tap *t = (struct tap *)d;
    ssize_t r;
    size_t i;

    for (i = 0; i < n; i++) {
        do
            r = tap_write(t, pkts[i]);
        while (r < 0 && errno == EINTR);
        if (r < 0 && (errno == EAGAIN || errno == ENOBUFS))
            return i;
        if (r < 0) /* EIO: the kernel's side is down; anything else is about this one packet */
            weft_count_drop(d->stack, errno == EIO ? WEFT_DROP_if_down : WEFT_DROP_if_oversize);
        weft_pkt_release(pkts[i]);
    }
    return n;
}

static void tap_close(weft_driver *d)
{
    struct tap *t = (struct tap *)d;

    if (t->spare)
        weft_pkt_release(t->spare);
    close(d->fd);
    free(d);
}

static const struct weft_driver_ops tap_ops = {"tap", tap_receive, tap_transmit, tap_close, NULL};
static const struct weft_driver_ops tun_ops = {"tun", tap_receive, tap_transmit, tap_close, NULL};

/* ---- opening ---- */

/* Names the trouble with TUNSETIFF in one line. */
static void explain_attach(const char *kind, const char *device, int error, char *why, size_t n)
{
    bool exists = *device && if_nametoindex(device) != 0;

    if (error == EBUSY)
        snprintf(why, n, "%s %s is in use by another process", kind, device);
    else if (error == EINVAL && exists)
        snprintf(why, n, "%s exists and is not a %s device", device, kind);
    else if (error == EINVAL)
        snprintf(why, n, "'%s' is no name for a device", device);
    else if (error == EPERM && exists)
        snprintf(why, n, "no permission to use %s %s", kind, device);
    else if (error == EPERM)
        snprintf(why, n, "no %s device %s, and no permission to create it (needs CAP_NET_ADMIN)", kind, device);
    else
        snprintf(why, n, "%s %s: %s", kind, device, strerror(error));
}

static int open_clone_device(char *why, size_t n)
{
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0)
        return fd;
    if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
        snprintf(why, n, "/dev/net/tun is missing: this kernel or container offers no TAP and TUN devices");
    else if (errno == EACCES || errno == EPERM)
        snprintf(why, n, "no permission to open /dev/net/tun");
    else
        snprintf(why, n, "/dev/net/tun: %s", strerror(errno));
    return -1;
}

/* Attaches the descriptor to the device, which is made when there is none; fills in the name the kernel gave it. */
static bool tap_attach(struct tap *t, int kind, bool offload, const char *device, char *why, size_t n)
{
    struct ifreq ifr = {0};
    unsigned features = 0;
    int fd = t->driver.fd;

    if (device && strlen(device) >= IFNAMSIZ) {
        snprintf(why, n, "device name '%.100s' is too long (at most %d characters)", device, IFNAMSIZ - 1);
        return false;
    }
    snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device ? device : "");
    t->vnet = offload && ioctl(fd, TUNGETFEATURES, &features) == 0 && (features & IFF_VNET_HDR);
    ifr.ifr_flags = (short)(kind | IFF_NO_PI | (t->vnet ? IFF_VNET_HDR : 0));
    if (ioctl(fd, TUNSETIFF, &ifr) != 0) {
        explain_attach(t->driver.ops->name, device ? device : "", errno, why, n);
        return false;
    }
    memcpy(t->name, ifr.ifr_name, sizeof(t->name));
    return true;
}

/* What the kernel may hand us unfinished; what we hand it unfinished needs no asking once the header is there. */
static void tap_offload(struct tap *t)
{
    const unsigned tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    int header = sizeof(struct virtio_net_hdr);

    if (!t->vnet) {
        ioctl(t->driver.fd, TUNSETOFFLOAD, 0); /* the device may remember what its last user wished */
        return;
    }
    ioctl(t->driver.fd, TUNSETVNETHDRSZ, &header);
    if (ioctl(t->driver.fd, TUNSETOFFLOAD, tcp | VNET_TUN_F_USO4 | VNET_TUN_F_USO6) == 0)
        t->driver.ifc.offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO | WEFT_OFFLOAD_USO;
    else if (ioctl(t->driver.fd, TUNSETOFFLOAD, tcp) == 0) /* before Linux 6.2 */
        t->driver.ifc.offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO;
}

/*
 * Reads the device's MTU and brings the kernel's side up. A device that somebody else made and we may not touch stays
 * as it is: its owner can bring it up later.
 */
static bool tap_link(struct tap *t, char *why, size_t n)
{
    struct ifreq ifr = {0};
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool good;

    memcpy(ifr.ifr_name, t->name, sizeof(ifr.ifr_name));
    good = s >= 0 && ioctl(s, SIOCGIFMTU, &ifr) == 0;
    if (good)
        t->driver.ifc.mtu = ifr.ifr_mtu > 65535 ? 65535 : (uint32_t)ifr.ifr_mtu;
    else
        snprintf(why, n, "%s: cannot read its MTU: %s", t->name, strerror(errno));
    if (good && ioctl(s, SIOCGIFFLAGS, &ifr) == 0 && !(ifr.ifr_flags & IFF_UP)) {
        ifr.ifr_flags |= IFF_UP;
        ioctl(s, SIOCSIFFLAGS, &ifr);
    }
    if (s >= 0)
        close(s);
    return good;
}

static weft_driver *tap_open(const struct weft_driver_ops *ops, int kind, const char *device, bool offload, char *why,
                             size_t n)
{
    struct tap *t = calloc(1, sizeof(*t));

    if (!t) {
        snprintf(why, n, "out of memory");
        return NULL;
    }
    t->driver.ops = ops;
    t->driver.ifc.name = t->name;
    t->driver.ifc.link = kind == IFF_TAP ? WEFT_LINK_ETHERNET : WEFT_LINK_IP;
    t->driver.fd = open_clone_device(why, n);
    if (t->driver.fd < 0) {
        free(t);
        return NULL;
    }
    if (!tap_attach(t, kind, offload, device, why, n) || !tap_link(t, why, n)) {
        tap_close(&t->driver);
        return NULL;
    }
    tap_offload(t);
    if (kind == IFF_TAP && t->driver.ifc.mtu >= 1280) /* RFC 8200 §5; a TUN has no neighbours to ask */
        t->driver.ifc.ipv6 = WEFT_IPV6_AUTO;
    /* Our station is not the kernel's: an address of its own, locally administered (IEEE 802). */
    if (getrandom(t->driver.ifc.mac, 6, 0) != 6)
        memcpy(t->driver.ifc.mac, "\x02weft", 6);
    t->driver.ifc.mac[0] = 0x02;
    return &t->driver;
}

weft_driver *weft_tap_open(const char *device, bool offload, char *why, size_t n)
{
    return tap_open(&tap_ops, IFF_TAP, device, offload, why, n);
}

weft_driver *weft_tun_open(const char *device, bool offload, char *why, size_t n)
{
    return tap_open(&tun_ops, IFF_TUN, device, offload, why, n);
}
