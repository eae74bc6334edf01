/* SPDX-License-Identifier: MIT */
/*
 * The whole stack: the input is a list of what happens to it — frames, right and wrong ones, on an Ethernet and on a
 * bare interface; time; socket calls; a failing allocation. It must survive, and give back every byte in the end.
 */
#include "base/checksum.h"
#include "fuzz_env.h"
#include "steps.h"
#include "weft/sock.h"
#include "wire/ipv4.h"

#define SOCKETS 6
#define US      0x0a090002u
#define PEER    0x0a090001u

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 2};

struct world {
    struct fuzz_env env;
    weft_stack *stack;
    weft_if *ifp[2]; /* Ethernet, bare */
    weft_sock *sock[SOCKETS];
    weft_time now;
};

/* ---- frames ---- */

static void feed(struct world *w, unsigned i, const uint8_t *p, size_t n)
{
    weft_pkt *pkt = weft_pkt_new(w->stack, n);

    if (!pkt)
        return;
    memcpy(weft_pkt_data(pkt), p, n);
    weft_pkt_set_len(pkt, n);
    weft_input(w->ifp[i], &pkt, 1, w->now);
}

/* Where the transport checksum stands, by protocol; 0: none that we know. */
static size_t checksum_at(uint8_t proto)
{
    return proto == IP_PROTO_TCP ? 16 : proto == IP_PROTO_UDP ? 6 : proto == IP_PROTO_ICMP ? 2 : 0;
}

static void mend_transport(uint8_t *p, size_t n, const struct ipv4_header *h)
{
    struct weft_ip src = weft_ipv4(h->src), dst = weft_ipv4(h->dst);
    size_t at = checksum_at(h->proto);
    struct csum sum = {0};

    if (at == 0 || n < at + 2 || h->frag_offset || h->mf)
        return;
    poke_u16(p + at, 0);
    if (h->proto != IP_PROTO_ICMP)
        ip_pseudo_header(&sum, &src, &dst, h->proto, (uint32_t)n);
    csum_add(&sum, p, n);
    poke_u16(p + at, csum_fold(&sum));
}

/* A datagram that gets past the front door: header from the tape, lengths and checksums right. */
static size_t make_datagram(struct tape *t, uint8_t *out, size_t max)
{
    static const uint8_t protocols[] = {IP_PROTO_UDP, IP_PROTO_TCP, IP_PROTO_ICMP, 99};
    uint8_t flags = tape_u8(t), options[40];
    size_t n, words = flags >> 4 & 1 ? tape_u8(t) % 11u : 0;
    const uint8_t *payload;
    struct ipv4_header h = {
        .header_len = (uint8_t)(IPV4_HEADER + words * 4),
        .proto = protocols[flags & 3],
        .src = flags & 4 ? (uint32_t)tape_u16(t) << 16 | 7 : PEER,
        .dst = flags & 8 ? 0x0a0900ff : US,
        .ttl = 64,
    };

    for (size_t i = 0; i < words * 4; i++)
        options[i] = tape_u8(t);
    h.options = words ? options : NULL;
    if (flags & 0x20) {
        uint8_t piece = tape_u8(t);

        h.mf = piece & 1;
        h.frag_offset = (uint16_t)((piece >> 1) % 16 * 8);
        h.id = piece >> 5;
        h.tos = tape_u8(t) & 3;
    }
    payload = tape_bytes(t, flags & 0x40 ? tape_u8(t) : 24, &n);
    n = n < max - h.header_len ? n : max - h.header_len;
    h.total_len = (uint16_t)(h.header_len + n);
    ipv4_emit(&(struct writer){out, out + h.header_len, false}, &h);
    memcpy(out + h.header_len, payload, n);
    if (!(flags & 0x80))
        mend_transport(out + h.header_len, n, &h);
    return h.header_len + n;
}

static void feed_datagram(struct world *w, struct tape *t, unsigned i)
{
    uint8_t frame[14 + 60 + 256];
    size_t n = make_datagram(t, frame + 14, sizeof(frame) - 14);

    memcpy(frame, mac, 6);
    memcpy(frame + 6, "\2\0\0\0\0\1\10\0", 8);
    feed(w, i, i ? frame + 14 : frame, i ? n : n + 14);
}

static void feed_raw(struct world *w, struct tape *t, unsigned i)
{
    size_t n;
    const uint8_t *p = tape_bytes(t, tape_u8(t), &n);

    feed(w, i, p, n);
}

/* ---- sockets ---- */

static struct weft_addr take_addr(struct tape *t)
{
    uint8_t which = tape_u8(t);
    static const uint32_t ips[] = {PEER, US, 0x7f000001, 0x0a0900ff, 0, 0xc6336401, 0xffffffff, 0xe0000001};

    return (struct weft_addr){.ip = weft_ipv4(ips[which % 8]), .port = which >> 3};
}

static void call(struct world *w, struct tape *t)
{
    static const enum weft_proto protocols[] = {WEFT_UDP, WEFT_TCP, WEFT_ICMP};
    static uint8_t buffer[8192];
    uint8_t which = tape_u8(t);
    weft_sock **sock = &w->sock[which % SOCKETS], *accepted;
    struct weft_addr addr = take_addr(t);
    int value = tape_u8(t);

    if (!*sock) {
        *sock = weft_socket(w->stack, protocols[which % 3], NULL);
        return;
    }
    buffer[0] = 8; /* an echo request, for a ping socket */
    switch (value % 10) {
    case 0: weft_bind(*sock, &addr); break;
    case 1: weft_connect(*sock, &addr); break;
    case 2: weft_sendto(*sock, buffer, tape_u16(t) % sizeof(buffer), 0, which & 0x80 ? &addr : NULL); break;
    case 3: weft_recvfrom(*sock, buffer + 8, tape_u16(t) % 4096, which & 0x80 ? WEFT_MSG_PEEK : 0, &addr); break;
    case 4: weft_shutdown(*sock, (enum weft_shut)(value / 10 % 3)); break;
    case 5: weft_setsockopt(*sock, value / 10 % 2, tape_u8(t) % 40, &value, sizeof(value)); break;
    case 6: weft_listen(*sock, tape_u8(t)); break;
    case 7: weft_close(*sock), *sock = NULL; break;
    case 8: weft_abort(*sock), *sock = NULL; break;
    default:
        accepted = weft_accept(*sock, &addr, NULL);
        if (accepted)
            weft_close(accepted);
    }
}

/* ---- the world ---- */

static void drain(struct world *w)
{
    struct weft_event events[4];
    weft_pkt *out[4];
    size_t n;

    while (weft_events(w->stack, events, 4))
        ;
    for (unsigned i = 0; i < 2; i++)
        for (unsigned turns = 0; turns < 100 && (n = weft_output(w->ifp[i], out, 4, w->now)) > 0; turns++)
            while (n > 0)
                weft_pkt_release(out[--n]);
}

static void pass_time(struct world *w, uint8_t step)
{
    w->now += WEFT_MS << step % 18;
    weft_tick(w->stack, w->now);
}

static void step(struct world *w, struct tape *t)
{
    uint8_t op = tape_u8(t);

    switch (op % 8) {
    case 0:
    case 1: feed_datagram(w, t, op >> 3 & 1); break;
    case 2: feed_raw(w, t, op >> 3 & 1); break;
    case 3: pass_time(w, op >> 3); break;
    case 4: drain(w); break;
    case 5: w->env.refuse_in = op >> 3; break;
    default: call(w, t);
    }
}

static void world_make(struct world *w)
{
    struct weft_if_config ether = {.name = "e0", .link = WEFT_LINK_ETHERNET, .mtu = 1500};
    struct weft_if_config bare = {.name = "t0", .link = WEFT_LINK_IP, .mtu = 576};
    struct weft_ip us = weft_ipv4(US), other = weft_ipv4(0x0a0a0002);
    struct weft_env env = fuzz_weft_env(&w->env);
    struct weft_config config;

    weft_config_default(&config);
    config.reassembly_memory = 64 << 10;
    memcpy(ether.mac, mac, 6);
    w->stack = weft_stack_new(&env, &config, 0, NULL);
    fuzz_check(w->stack != NULL);
    w->ifp[0] = weft_if_new(w->stack, &ether, NULL);
    w->ifp[1] = weft_if_new(w->stack, &bare, NULL);
    fuzz_check(weft_if_add_address(w->ifp[0], &us, 24) == 0 && weft_if_add_address(w->ifp[1], &other, 24) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {0};
    struct tape t = {data, data + size};

    world_make(&w);
    steps_begin(data);
    while (t.p < t.end) {
        steps_mark(t.p);
        step(&w, &t);
    }
    w.env.refuse_in = 0;
    pass_time(&w, 17);
    drain(&w);
    weft_stack_free(w.stack);
    fuzz_check(w.env.live == 0);
    return 0;
}
