/* SPDX-License-Identifier: MIT */
/*
 * Drivers: what moves packets between a stack's interface and something outside it.
 *
 * The wire (part of the engine: no system call) joins two stacks of one thread and can misbehave in a seeded way, as
 * weft/lane.h has it. The others (part of libweft-host) are a kernel device or a file each.
 */
#ifndef WEFT_DRIVER_H
#define WEFT_DRIVER_H

#include "weft/lane.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- an in-memory wire between two interfaces ---- */

typedef struct weft_wire weft_wire;

struct weft_wire_config {
    uint64_t seed;
    struct weft_impairment direction[2]; /* [0]: from end 0 to end 1 */
    bool share; /* hand bytes over by reference instead of copying each packet once; no corruption or mark then */
    /* Asked about every packet, in order, before chance is; may be NULL. */
    enum weft_wire_verdict (*filter)(void *ctx, int from_end, const weft_pkt *pkt, weft_time now);
    void *filter_ctx;
};

/* Both interfaces must live as long as the wire. NULL when out of memory. env gives the memory; copied. */
weft_wire *weft_wire_new(const struct weft_env *env, const struct weft_wire_config *config, weft_if *end0,
                         weft_if *end1);
void weft_wire_free(weft_wire *wire);

/* Changes a direction's behaviour from now on. */
void weft_wire_impair(weft_wire *wire, int from_end, const struct weft_impairment *how);

/*
 * Pulls what both ends want to send, and delivers what has arrived by now. Returns how many packets moved: a bounded
 * number, so call it until that is 0. Stacks see `now` as their clock.
 */
size_t weft_wire_run(weft_wire *wire, weft_time now);

/* When the next packet arrives; WEFT_NEVER when nothing is on the way. */
weft_time weft_wire_deadline(const weft_wire *wire);

/* What the lane from this end has seen so far. */
void weft_wire_stats(const weft_wire *wire, int from_end, struct weft_lane_stats *out);

/* ---- drivers with a file descriptor (libweft-host) ---- */

typedef struct weft_driver weft_driver;

struct weft_driver_ops {
    const char *name;
    /* Reads up to max packets from the device into packets of the stack; 0: none now; negative: it died. */
    int (*receive)(weft_driver *d, weft_pkt **out, size_t max);
    /*
     * Sends packets in order; returns how many it took (and released). Fewer than n: the device is full, poll for
     * writing. A packet the device refuses for itself is counted as a drop and taken.
     */
    size_t (*transmit)(weft_driver *d, weft_pkt *const *pkts, size_t n);
    /* Before its stack is freed: a driver may keep packets of it at hand. */
    void (*close)(weft_driver *d);
    /*
     * When receive must be called even if the descriptor stays silent, on CLOCK_MONOTONIC; WEFT_NEVER: no need. For a
     * driver that holds packets for a while. NULL: never.
     */
    weft_time (*deadline)(weft_driver *d);
};

/* First member of each driver's own struct. */
struct weft_driver {
    const struct weft_driver_ops *ops;
    weft_stack *stack;         /* whose packets it fills; set before the first receive */
    int fd;                    /* to poll; -1: none */
    struct weft_if_config ifc; /* link, mac, mtu, offloads as the device allows them */
};

/*
 * Opens a driver from text: "tap:NAME", "tun:NAME", "packet:NAME", the first and the last with
 * ",vlan=N" behind for tagged frames. weft_driver_spec_check says whether weft_driver_open could make
 * sense of it, without opening anything. On failure NULL or false, and one line in why.
 */
weft_driver *weft_driver_open(const char *spec, bool offload, char *why, size_t n);
bool weft_driver_spec_check(const char *spec, char *why, size_t n);

/*
 * Opens or creates a TAP (Ethernet) or TUN (IP) device; with IFF_VNET_HDR, checksum and segmentation offload where the
 * kernel gives them and offload is true. On failure returns NULL and writes one line into why.
 */
weft_driver *weft_tap_open(const char *device, bool offload, char *why, size_t n);
weft_driver *weft_tun_open(const char *device, bool offload, char *why, size_t n);

/*
 * Opens an Ethernet interface that is there (eth0, one end of a veth pair) by a packet socket: the stack is one more
 * station on its link, with a station address of its own, for which the interface hears everything (promiscuous). The
 * kernel's own frames out of that interface are not seen, nor does the kernel see ours. Needs CAP_NET_RAW.
 */
weft_driver *weft_packet_open(const char *device, bool offload, char *why, size_t n);

/*
 * Two drivers joined back to back by a pair of sockets: what one sends as Ethernet frames (mtu 1,500), the other
 * receives. For tests, and for hosts that talk inside one process. False, and nothing opened, when the
 * system has no descriptors or memory left.
 */
bool weft_pair_open(weft_driver *out[2]);

/*
 * A driver around another one that misbehaves in a seeded way: direction[0] is for what the stack sends, direction[1]
 * for what it receives. What is lost by chance counts as WEFT_DROP_link_lost, what finds no room as link_queue_full: in
 * the queue before the rate, or among the 65,536 packets that may be on their way at once. The stack is offered no
 * offloads, so that each packet is one frame; for the same reason inner should be opened without (offload = false),
 * else it may receive super-segments, each of which shares one fate. Takes inner. NULL, and inner closed, when out of
 * memory.
 */
weft_driver *weft_impair_open(weft_driver *inner, const struct weft_impairment direction[2], uint64_t seed);

/* What a direction of an impair driver has seen so far; lives as long as the driver. */
const struct weft_lane_stats *weft_impair_stats(const weft_driver *impair, int direction);

/* ---- pcapng ---- */

typedef struct weft_pcap weft_pcap;

/* Creates a pcapng file at path (or takes the open descriptor fd when path is NULL). NULL and *why on failure. */
weft_pcap *weft_pcap_open(const char *path, int fd, char *why, size_t n);
/*
 * The same, with the bytes handed to write, which returns false when it cannot take them. Always whole blocks, so what
 * was handed over up to any moment is a readable file. ctx stays the caller's. NULL when out of memory.
 */
weft_pcap *weft_pcap_open_sink(bool (*write)(void *ctx, const void *bytes, size_t n), void *ctx);
/* Interfaces are numbered from 0 in the order of this call. Times have nanosecond resolution. */
int weft_pcap_interface(weft_pcap *p, const char *name, enum weft_link link, uint32_t snaplen);
/*
 * at: nanoseconds since 1970 (or since virtual time zero). comment: NULL, or a line about the packet. False when the
 * write failed.
 */
bool weft_pcap_write(weft_pcap *p, int interface, weft_time at, bool outbound, const weft_pkt *pkt,
                     const char *comment);
bool weft_pcap_write_bytes(weft_pcap *p, int interface, weft_time at, bool outbound, const void *frame, size_t n,
                           const char *comment);
/* Writes out what is buffered; false when that, or anything before, failed. */
bool weft_pcap_flush(weft_pcap *p);
/* Flushes and closes; false when something could not be written. */
bool weft_pcap_close(weft_pcap *p);

#ifdef __cplusplus
}
#endif
#endif
