/* SPDX-License-Identifier: MIT */
/*
 * The pcapng writer: what the section header, interface description and enhanced packet blocks look like, and nothing
 * about where packets come from. (draft-ietf-opsawg-pcapng; always little-endian, so that files are alike everywhere.)
 *
 * Every block is built whole in `buf` and handed over whole, so whatever has been written is a readable file:
 *
 *      buf | block | block | block being built ......|      0 <= built <= used <= cap
 *                                  ^built            ^used
 *
 * After the first failure nothing is written any more; each call says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weft/driver.h"

#define FLUSH_AT 65536 /* bytes gathered before they are written */

enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6 };
enum { OPT_END = 0, OPT_COMMENT = 1, OPT_IF_NAME = 2, OPT_IF_TSRESOL = 9, OPT_EPB_FLAGS = 2, OPT_USERAPPL = 4 };
enum { LINKTYPE_ETHERNET = 1, LINKTYPE_RAW = 101 };

struct weft_pcap {
    int fd; /* -1: bytes go to write */
    bool (*write)(void *ctx, const void *bytes, size_t n);
    void *ctx;
    uint8_t *buf;
    size_t built, used, cap;
    bool failed;
    int n_interfaces;
    uint32_t *snaplen; /* of each interface */
};

/* ---- bytes into the block being built ---- */

/* Room for n more bytes; NULL when out of memory. */
static uint8_t *pcap_room(struct weft_pcap *p, size_t n)
{
    size_t cap = p->cap ? p->cap : FLUSH_AT * 2;
    uint8_t *buf;

    if (p->failed)
        return NULL;
    while (cap - p->used < n)
        cap *= 2;
    if (cap != p->cap) {
        buf = realloc(p->buf, cap);
        if (!buf) {
            p->failed = true;
            return NULL;
        }
        p->buf = buf;
        p->cap = cap;
    }
    p->used += n;
    return p->buf + p->used - n;
}

static void put_bytes(struct weft_pcap *p, const void *bytes, size_t n)
{
    uint8_t *to = pcap_room(p, n);

    if (to && n)
        memcpy(to, bytes, n);
}

static void store_u32(uint8_t *to, uint32_t v)
{
    to[0] = (uint8_t)v;
    to[1] = (uint8_t)(v >> 8);
    to[2] = (uint8_t)(v >> 16);
    to[3] = (uint8_t)(v >> 24);
}

static void put_u16(struct weft_pcap *p, uint16_t v)
{
    uint8_t bytes[2] = {(uint8_t)v, (uint8_t)(v >> 8)};

    put_bytes(p, bytes, sizeof(bytes));
}

static void put_u32(struct weft_pcap *p, uint32_t v)
{
    uint8_t bytes[4];

    store_u32(bytes, v);
    put_bytes(p, bytes, sizeof(bytes));
}

/* Everything in a block starts at a multiple of four. */
static void put_padding(struct weft_pcap *p)
{
    static const uint8_t zero[4];

    put_bytes(p, zero, (4 - (p->used - p->built) % 4) % 4);
}

static void put_option(struct weft_pcap *p, uint16_t code, const void *value, size_t n)
{
    put_u16(p, code);
    put_u16(p, (uint16_t)n);
    put_bytes(p, value, n);
    put_padding(p);
}

static void put_text_option(struct weft_pcap *p, uint16_t code, const char *text)
{
    put_option(p, code, text, strnlen(text, 4096));
}

static void block_begin(struct weft_pcap *p, uint32_t type)
{
    p->used = p->built;
    put_u32(p, type);
    put_u32(p, 0); /* the length, known at the end */
}

/* Closes the block; false when it, or anything before, failed. */
static bool block_end(struct weft_pcap *p)
{
    size_t length = p->used - p->built + 4;

    put_u32(p, (uint32_t)length);
    if (p->failed) {
        p->used = p->built;
        return false;
    }
    store_u32(p->buf + p->built + 4, (uint32_t)length);
    p->built = p->used;
    return p->built < FLUSH_AT || weft_pcap_flush(p);
}

/* ---- opening and closing ---- */

static bool pcap_write_all(int fd, const uint8_t *bytes, size_t n)
{
    ssize_t r;

    while (n) {
        r = write(fd, bytes, n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return false;
        bytes += r;
        n -= (size_t)r;
    }
    return true;
}

bool weft_pcap_flush(weft_pcap *p)
{
    if (!p->failed && p->built)
        p->failed = p->fd >= 0 ? !pcap_write_all(p->fd, p->buf, p->built) : !p->write(p->ctx, p->buf, p->built);
    p->built = p->used = 0;
    return !p->failed;
}

static void pcap_free(struct weft_pcap *p)
{
    if (!p)
        return;
    free(p->snaplen);
    free(p->buf);
    free(p);
}

/* Writes the section header into a new pcapng; NULL when out of memory. */
static struct weft_pcap *pcap_new(void)
{
    struct weft_pcap *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->fd = -1;
    block_begin(p, BLOCK_SECTION);
    put_u32(p, 0x1a2b3c4d); /* read back as written: the file's byte order */
    put_u16(p, 1);          /* version 1.0 */
    put_u16(p, 0);
    put_u32(p, UINT32_MAX); /* the section's length: unknown */
    put_u32(p, UINT32_MAX);
    put_text_option(p, OPT_USERAPPL, "weft");
    put_option(p, OPT_END, NULL, 0);
    if (!block_end(p)) {
        pcap_free(p);
        return NULL;
    }
    return p;
}

weft_pcap *weft_pcap_open_sink(bool (*write)(void *ctx, const void *bytes, size_t n), void *ctx)
{
    struct weft_pcap *p = pcap_new();

    if (p) {
        p->write = write;
        p->ctx = ctx;
    }
    return p;
}

weft_pcap *weft_pcap_open(const char *path, int fd, char *why, size_t n)
{
    struct weft_pcap *p;

    if (path)
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        snprintf(why, n, "%s: %s", path ? path : "no descriptor", strerror(errno));
        return NULL;
    }
    p = pcap_new();
    if (!p) {
        snprintf(why, n, "out of memory");
        close(fd);
        return NULL;
    }
    p->fd = fd;
    return p;
}

bool weft_pcap_close(weft_pcap *p)
{
    bool good = weft_pcap_flush(p);

    if (p->fd >= 0 && close(p->fd) != 0)
        good = false;
    pcap_free(p);
    return good;
}

/* ---- interfaces and packets ---- */

int weft_pcap_interface(weft_pcap *p, const char *name, enum weft_link link, uint32_t snaplen)
{
    static const uint8_t nanoseconds = 9;
    uint32_t *grown = realloc(p->snaplen, ((size_t)p->n_interfaces + 1) * sizeof(*grown));

    if (!grown) {
        p->failed = true;
        return -1;
    }
    p->snaplen = grown;
    p->snaplen[p->n_interfaces] = snaplen;
    block_begin(p, BLOCK_INTERFACE);
    put_u16(p, link == WEFT_LINK_ETHERNET ? LINKTYPE_ETHERNET : LINKTYPE_RAW);
    put_u16(p, 0);
    put_u32(p, snaplen);
    put_text_option(p, OPT_IF_NAME, name);
    put_option(p, OPT_IF_TSRESOL, &nanoseconds, 1);
    put_option(p, OPT_END, NULL, 0);
    return block_end(p) ? p->n_interfaces++ : -1;
}

/* How much of a packet of n bytes the interface's snapshot length keeps. */
static size_t pcap_kept(const struct weft_pcap *p, int interface, size_t n)
{
    uint32_t snaplen = p->snaplen[interface];

    return snaplen && snaplen < n ? snaplen : n;
}

static void packet_begin(struct weft_pcap *p, int interface, weft_time at, size_t kept, size_t n)
{
    block_begin(p, BLOCK_PACKET);
    put_u32(p, (uint32_t)interface);
    put_u32(p, (uint32_t)(at >> 32));
    put_u32(p, (uint32_t)at);
    put_u32(p, (uint32_t)kept);
    put_u32(p, (uint32_t)n);
}

static bool packet_end(struct weft_pcap *p, bool outbound, const char *comment)
{
    uint8_t flags[4];

    put_padding(p);
    if (comment && *comment)
        put_text_option(p, OPT_COMMENT, comment);
    store_u32(flags, outbound ? 2 : 1);
    put_option(p, OPT_EPB_FLAGS, flags, sizeof(flags));
    put_option(p, OPT_END, NULL, 0);
    return block_end(p);
}

bool weft_pcap_write_bytes(weft_pcap *p, int interface, weft_time at, bool outbound, const void *frame, size_t n,
                           const char *comment)
{
    size_t kept;

    if (p->failed || interface < 0 || interface >= p->n_interfaces)
        return false;
    kept = pcap_kept(p, interface, n);
    packet_begin(p, interface, at, kept, n);
    put_bytes(p, frame, kept);
    return packet_end(p, outbound, comment);
}

bool weft_pcap_write(weft_pcap *p, int interface, weft_time at, bool outbound, const weft_pkt *pkt, const char *comment)
{
    size_t n = weft_pkt_len(pkt), kept;
    uint8_t *to;

    if (p->failed || interface < 0 || interface >= p->n_interfaces)
        return false;
    kept = pcap_kept(p, interface, n);
    packet_begin(p, interface, at, kept, n);
    to = pcap_room(p, kept);
    if (to)
        weft_pkt_copy(pkt, 0, to, kept);
    return packet_end(p, outbound, comment);
}
