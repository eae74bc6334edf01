/* SPDX-License-Identifier: MIT */
/* Victim, bystander and attacker; see field.h. */
#include "field.h"

#include "base/checksum.h"
#include "core/iface.h"
#include "core/stack.h"
#include "wire/ethernet.h"
#include "wire/ipv6.h"

/* ---- work ---- */

static uint64_t blocks;

/* The compiler calls it from each basic block of the engine that these tests link. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) { blocks++; }

uint64_t work_so_far(void) { return blocks; }

/* For whoever looks for the reason of a failure. */
static void tell(const struct field *f)
{
    const char *owner;
    size_t live;

    for (int d = 0; d < WEFT_DROP_COUNT; d++)
        if (weft_drops(f->victim, (enum weft_drop)d))
            print_message("drop %s: %llu\n", weft_drop_name((enum weft_drop)d),
                          (unsigned long long)weft_drops(f->victim, (enum weft_drop)d));
    for (size_t i = 0; weft_memory_info(f->victim, i, &owner, &live); i++)
        print_message("memory of %s: %zu\n", owner, live);
}

void expect_work_below(struct field *f, uint64_t most)
{
    assert_true(f->packets > 0);
    print_message("%llu packets, %llu blocks each, the dearest %llu of %llu\n", (unsigned long long)f->packets,
                  (unsigned long long)(f->work / f->packets), (unsigned long long)f->most_work, (unsigned long long)most);
    assert_int_equal(f->most_work > 0, WORK_IS_COUNTED);
    if (f->most_work > most) {
        tell(f);
        fail_msg("a packet cost %llu blocks, more than %llu", (unsigned long long)f->most_work,
                 (unsigned long long)most);
    }
    f->packets = f->work = f->most_work = 0;
}

struct listed {
    uint16_t port;
    unsigned connections, time_waits;
};

static bool note_listed(void *ctx, const struct weft_listing *item)
{
    struct listed *l = ctx;

    l->connections += item->local.port == l->port && item->proto == WEFT_TCP && item->state != WEFT_TCP_LISTEN;
    l->time_waits += item->state == WEFT_TCP_TIME_WAIT;
    return true;
}

static struct listed list_of(struct field *f, uint16_t port)
{
    struct listed l = {.port = port};

    weft_list(f->victim, note_listed, &l);
    return l;
}

unsigned field_connections(struct field *f, uint16_t port) { return list_of(f, port).connections; }
unsigned field_time_waits(struct field *f) { return list_of(f, 0).time_waits; }

size_t field_in_use(const struct field *f)
{
    size_t sum = 0, live;
    const char *owner;

    for (size_t i = 0; weft_memory_info(f->victim, i, &owner, &live); i++)
        sum += live;
    return sum;
}

size_t field_in_use_by(const struct field *f, const char *owner)
{
    const char *name;
    size_t live;

    for (size_t i = 0; weft_memory_info(f->victim, i, &name, &live); i++)
        if (strcmp(name, owner) == 0)
            return live;
    fail_msg("nothing is counted for %s", owner);
    return 0;
}

size_t field_routes(const struct field *f)
{
    struct weft_route route;
    size_t n = 0;

    while (weft_route_info(f->victim, n, &route))
        n++;
    return n;
}

size_t field_memory(const struct field *f) { return weft_memory(f->victim, NULL); }

/* ---- the bystander ---- */

static uint8_t pattern(uint64_t at) { return (uint8_t)(at * 7 + (at >> 8) * 13 + (at >> 16)); }

static void stream_write(struct field *f)
{
    uint8_t bytes[STREAM_RATE];
    int64_t took;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = pattern(f->offered + i);
    took = weft_send(f->stream, bytes, sizeof bytes, 0);
    assert_true(took > 0 || took == WEFT_EAGAIN);
    f->offered += took > 0 ? (uint64_t)took : 0;
}

static void stream_read(struct field *f)
{
    uint8_t bytes[4096];
    int64_t n;

    while ((n = weft_recv(f->reader, bytes, sizeof bytes, 0)) > 0)
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(bytes[i], pattern(f->delivered++));
    assert_int_equal(n, WEFT_EAGAIN);
}

static void carry(struct field *f)
{
    weft_tick(f->bystander, f->now);
    weft_tick(f->victim, f->now);
    while (weft_wire_run(f->wire, f->now))
        ;
}

void field_run(struct field *f, weft_time span)
{
    weft_time end = f->now + span;

    while (f->now < end) {
        f->now += WEFT_MS;
        stream_write(f);
        carry(f);
        stream_read(f);
    }
}

static weft_sock *listener(struct field *f, uint16_t port)
{
    struct weft_addr any = {.port = port};
    weft_sock *sock = weft_socket(f->victim, WEFT_TCP, NULL);

    any.ip = weft_ipv4(0);
    assert_int_equal(weft_bind(sock, &any), 0);
    assert_int_equal(weft_listen(sock, 1024), 0);
    return sock;
}

/* The spy: reads what passes on the wire. */
static enum weft_wire_verdict look(void *ctx, int from_end, const weft_pkt *pkt, weft_time now)
{
    struct field *f = ctx;
    uint8_t bytes[IPV4_MAX_HEADER + TCP_MAX_HEADER];
    size_t n = weft_pkt_copy(pkt, 0, bytes, sizeof bytes);
    struct reader r = reader(bytes, n);
    struct ipv4_header ip;
    struct tcp_header tcp;
    struct tcp_options o;

    (void)now;
    if (!ipv4_read(&r, &ip) || ip.proto != IP_PROTO_TCP || tcp_parse(&r, weft_pkt_len(pkt), &tcp, &o) != TCP_OK)
        return WEFT_WIRE_PASS;
    if (from_end == 0 && (tcp.flags & TCP_SYN))
        f->stream_iss = tcp.seq.v;
    if (from_end == 1 && (tcp.flags & TCP_SYN)) {
        f->reader_iss = tcp.seq.v;
        f->shift = o.wscale > 0 ? (unsigned)o.wscale : 0;
    } else if (from_end == 1 && tcp.src_port == STREAM_PORT) {
        f->window = (uint32_t)tcp.window << f->shift;
    }
    return WEFT_WIRE_PASS;
}

uint32_t stream_expected(const struct field *f) { return f->stream_iss + 1 + (uint32_t)f->delivered; }
uint32_t stream_next(const struct field *f) { return f->reader_iss + 1; }

static void stream_open(struct field *f)
{
    struct weft_addr from = {weft_ipv4(BYSTANDER), STREAM_FROM}, to = {weft_ipv4(VICTIM), STREAM_PORT};
    weft_sock *door = listener(f, STREAM_PORT);

    f->stream = weft_socket(f->bystander, WEFT_TCP, NULL);
    assert_int_equal(weft_bind(f->stream, &from), 0);
    assert_int_equal(weft_connect(f->stream, &to), WEFT_EINPROGRESS);
    for (int i = 0; i < 20 && !f->reader; i++) {
        f->now += WEFT_MS;
        carry(f);
        f->reader = weft_accept(door, NULL, NULL);
    }
    assert_non_null(f->reader);
    weft_close(door);
}

/* ---- the field ---- */

static weft_if *interface(weft_stack *s, const char *name, enum weft_link link, uint32_t ip, unsigned prefix)
{
    struct weft_if_config config = {.name = name, .link = link, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 2}};
    struct weft_ip address = weft_ipv4(ip);
    weft_if *ifp;

    config.ipv6 = link == WEFT_LINK_ETHERNET ? WEFT_IPV6_LINK_LOCAL | WEFT_IPV6_ROUTERS : 0;
    ifp = weft_if_new(s, &config, NULL);

    assert_non_null(ifp);
    assert_int_equal(weft_if_add_address(ifp, &address, prefix), 0);
    return ifp;
}

static weft_stack *stack(struct field *f, int i, const struct weft_config *config, bool told)
{
    struct weft_env env;
    weft_stack *s;

    harness_env_init(&f->env[i], 1729 + (uint64_t)i);
    if (told)
        harness_env_record(&f->env[i]);
    env = harness_env(&f->env[i]);
    s = weft_stack_new(&env, config, f->now, NULL);
    assert_non_null(s);
    return s;
}

static struct field *new_on(const struct weft_config *config, enum weft_link link, bool told)
{
    struct weft_impairment delay = {.delay = 3 * WEFT_MS};
    struct weft_wire_config wire = {.seed = 1, .direction = {delay, delay}, .filter = look};
    struct weft_route gateway = {.gateway = weft_ipv4(ATTACKER)};
    struct weft_ip v6 = {.b = {0x20, 1, 0x0d, 0xb8, 0, 0x66, [15] = 2}};
    struct field *f = calloc(1, sizeof *f);
    struct weft_env env;

    assert_non_null(f);
    f->now = 1000 * WEFT_S;
    rng_seed(&f->rng, 5961);
    f->bystander = stack(f, 0, NULL, false);
    f->victim = stack(f, 1, config, told);
    f->road = interface(f->bystander, "road", WEFT_LINK_IP, BYSTANDER, 24);
    f->home = interface(f->victim, "home", WEFT_LINK_IP, VICTIM, 24);
    f->back = interface(f->victim, "back", link, FRONT, 16);
    assert_int_equal(weft_if_add_address(f->back, &v6, 64), 0);
    assert_int_equal(weft_route_add(f->victim, &gateway), 0);
    env = harness_env(&f->env[0]);
    wire.filter_ctx = f;
    f->wire = weft_wire_new(&env, &wire, f->road, f->home);
    assert_non_null(f->wire);
    f->service = listener(f, SERVICE);
    stream_open(f);
    field_run(f, 100 * WEFT_MS);
    return f;
}

struct field *field_new(const struct weft_config *config) { return new_on(config, WEFT_LINK_IP, false); }
struct field *field_new_ethernet(const struct weft_config *config) { return new_on(config, WEFT_LINK_ETHERNET, false); }
struct field *field_new_told(const struct weft_config *config) { return new_on(config, WEFT_LINK_IP, true); }

static void check_memory(const struct field *f);

void field_end(struct field *f)
{
    check_memory(f);
    assert_true(f->offered - f->delivered <= f->offered / 100 + 20 * STREAM_RATE);
    weft_wire_free(f->wire);
    weft_stack_free(f->victim);
    weft_stack_free(f->bystander);
    for (int i = 0; i < 2; i++)
        harness_env_check(&f->env[i]);
    free(f);
}

/* ---- the attacker ---- */

#define LOOK_EVERY 64   /* packets */
#define MOST_WORK  8000 /* blocks: no packet of any class costs more, whatever its file asks for */

/* What the victim holds is what it says that it holds, to the byte; and nobody has more of it than may be his. */
static void check_memory(const struct field *f)
{
    const char *owner;
    size_t live, cap;

    assert_int_equal(weft_memory(f->victim, NULL), f->env[1].live);
    for (size_t i = 0; weft_memory_info(f->victim, i, &owner, &live); i++) {
        cap = weft_memory_cap(f->victim, i);
        if (cap && live > cap)
            fail_msg("%zu bytes of %s, where %zu are the most", live, owner, cap);
    }
}

static void throw_on(struct field *f, weft_if *ifp, const void *datagram, size_t n)
{
    weft_pkt *pkt = weft_pkt_new(f->victim, n);
    uint64_t before = blocks;

    assert_non_null(pkt);
    memcpy(weft_pkt_data(pkt), datagram, n);
    weft_pkt_set_len(pkt, n);
    weft_input(ifp, &pkt, 1, f->now);
    f->packets++;
    f->work += blocks - before;
    f->most_work = blocks - before > f->most_work ? blocks - before : f->most_work;
    assert_true(blocks - before <= MOST_WORK);
    if (f->packets % LOOK_EVERY == 1)
        check_memory(f);
}

void attack_throw(struct field *f, const void *datagram, size_t n) { throw_on(f, f->back, datagram, n); }

void attack_datagram(struct field *f, struct ipv4_header h, const void *payload, size_t n)
{
    uint8_t datagram[IPV4_MAX_LEN];
    struct writer w = writer(datagram, IPV4_MAX_HEADER);

    h.header_len = h.header_len ? h.header_len : IPV4_HEADER;
    h.ttl = h.ttl ? h.ttl : 64;
    h.total_len = (uint16_t)(h.header_len + n);
    ipv4_emit(&w, &h);
    if (n)
        memcpy(datagram + h.header_len, payload, n);
    attack_throw(f, datagram, h.total_len);
}

static struct weft_ip v6_of(uint32_t first, uint32_t second, uint32_t host)
{
    struct weft_ip ip = {{0}};

    poke_u32(ip.b, first);
    poke_u32(ip.b + 4, second);
    poke_u32(ip.b + 12, host);
    return ip;
}

struct weft_ip front_v6(uint32_t host) { return v6_of(0x20010db8, 0x00660000, host); }
struct weft_ip link_v6(uint32_t host) { return v6_of(0xfe800000, 0, host); }
struct weft_ip group_v6(uint32_t host) { return v6_of(0xff020000, 0, host); }

/* Where the sum stands, if it is one that the field fills in; 0: it is not. */
static size_t sum_at(uint8_t proto)
{
    return proto == IP_PROTO_ICMPV6 ? 2 : proto == IP_PROTO_TCP ? 16 : proto == IP_PROTO_UDP ? 6 : 0;
}

static void put_sum(const struct attack_v6 *h, uint8_t *message, size_t n)
{
    size_t at = sum_at(h->next);
    struct csum sum = {0};

    if (!at || n < at + 2)
        return;
    poke_u16(message + at, 0);
    ip_pseudo_header(&sum, &h->src, &h->dst, h->next, (uint32_t)n);
    csum_add(&sum, message, n);
    poke_u16(message + at, csum_fold(&sum));
}

void attack_v6(struct field *f, const struct attack_v6 *h, const void *payload, size_t n)
{
    static const uint8_t frame[14] = {2, 0, 0, 0, 0, 2, 2, 6, 6, 6, 6, 6, 0x86, 0xdd};
    bool ethernet = f->back->ops->kind == WEFT_LINK_ETHERNET;
    uint8_t bytes[2048], *ip = bytes + sizeof frame, *at = ip + IPV6_HEADER;
    struct ipv6_header header = {.hop_limit = h->hops ? h->hops : 64, .src = h->src, .dst = h->dst, .next = h->next,
                                 .payload_len = (uint16_t)(n + (h->alert ? 8 : 0))};
    struct writer w = writer(ip, IPV6_HEADER);

    memcpy(bytes, frame, sizeof frame);
    if (ip_is_multicast(&h->dst))
        eth_multicast(bytes, &h->dst);
    if (h->alert) {
        memcpy(at, (uint8_t[]){h->next, 0, 5, 2, 0, 0, 1, 0}, 8);
        header.next = IP_PROTO_HOPOPTS;
        at += 8;
    }
    ipv6_emit(&w, &header);
    memcpy(at, payload, n);
    put_sum(h, at, n);
    attack_throw(f, ethernet ? bytes : ip, (size_t)(at - (ethernet ? bytes : ip)) + n);
}

static struct tcp_options meant_options(const struct segment *s)
{
    struct tcp_options o = s->options;

    o.wscale = s->scaled ? o.wscale : -1;
    return o;
}

static uint16_t meant_window(const struct segment *s) { return s->shut ? 0 : s->window ? s->window : 65535; }

size_t attack_make(uint8_t *out, const struct segment *s)
{
    bool syn = s->flags & TCP_SYN;
    struct tcp_options o = meant_options(s);
    size_t header = TCP_HEADER + tcp_options_len(&o, syn, TCP_LAYOUT_LINUX), n = header + s->len;
    struct ipv4_header ip = {.header_len = IPV4_HEADER, .ttl = 64, .proto = IP_PROTO_TCP, .df = true,
                             .total_len = (uint16_t)(IPV4_HEADER + n), .src = s->from_nobody ? 0 : s->src ? s->src : ATTACKER,
                             .dst = s->dst ? s->dst : FRONT};
    struct tcp_header tcp = {.src_port = s->src_port, .dst_port = s->dst_port, .seq = seq(s->seq), .ack = seq(s->ack),
                             .header_len = (uint8_t)header, .flags = s->flags, .window = meant_window(s),
                             .urgent = s->urgent};
    struct weft_ip src = weft_ipv4(ip.src), dst = weft_ipv4(ip.dst);
    struct writer w = writer(out, IPV4_HEADER + header);
    struct csum sum = {0};

    ipv4_emit(&w, &ip);
    tcp_emit(&w, &tcp);
    tcp_options_emit(&w, &o, syn, TCP_LAYOUT_LINUX);
    if (s->len)
        memcpy(out + IPV4_HEADER + header, s->text, s->len);
    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_TCP, (uint32_t)n);
    csum_add(&sum, out + IPV4_HEADER, n);
    poke_u16(out + IPV4_HEADER + 16, csum_fold(&sum));
    return ip.total_len;
}

void attack_segment(struct field *f, const struct segment *s)
{
    uint8_t datagram[IPV4_MAX_LEN];

    attack_throw(f, datagram, attack_make(datagram, s));
}

void attack_stream(struct field *f, struct segment *s)
{
    uint8_t datagram[IPV4_MAX_LEN];

    s->src = BYSTANDER;
    s->dst = VICTIM;
    s->src_port = STREAM_FROM;
    s->dst_port = STREAM_PORT;
    throw_on(f, f->home, datagram, attack_make(datagram, s));
}

bool attack_take(struct field *f, struct caught *c)
{
    struct reader r;
    weft_pkt *pkt;

    if (weft_output(f->back, &pkt, 1, f->now) == 0)
        return false;
    c->len = weft_pkt_copy(pkt, 0, c->bytes, sizeof c->bytes);
    weft_pkt_release(pkt);
    r = reader(c->bytes, c->len);
    assert_int_equal(ipv4_parse(&r, c->len, &c->ip), IPV4_OK);
    c->tcp = (struct tcp_header){0};
    c->text_len = 0;
    if (c->ip.proto == IP_PROTO_TCP && c->ip.frag_offset == 0) {
        assert_int_equal(tcp_parse(&r, c->len - c->ip.header_len, &c->tcp, &c->options), TCP_OK);
        c->text_len = c->len - c->ip.header_len - c->tcp.header_len;
    }
    return true;
}

size_t attack_drain(struct field *f)
{
    weft_pkt *pkt;
    size_t n = 0;

    while (weft_output(f->back, &pkt, 1, f->now)) {
        weft_pkt_release(pkt);
        n++;
    }
    return n;
}

struct mallory mallory_connect(struct field *f, uint16_t port, uint16_t mss, bool sack, int wscale)
{
    struct mallory m = {.port = port, .seq = (uint32_t)rng_u64(&f->rng)};
    struct caught *c = malloc(sizeof *c);

    attack_drain(f);
    attack_segment(f, SEGMENT(.src_port = port, .dst_port = SERVICE, .seq = m.seq, .flags = TCP_SYN,
                              .options = {.mss = mss, .sack_permitted = sack, .wscale = (int8_t)wscale},
                              .scaled = wscale >= 0));
    assert_true(attack_take(f, c));
    assert_int_equal(c->tcp.flags & (TCP_SYN | TCP_ACK), TCP_SYN | TCP_ACK);
    m.seq++;
    m.ack = c->tcp.seq.v + 1;
    free(c);
    mallory_send(f, &m, SEGMENT(.flags = TCP_ACK));
    m.sock = weft_accept(f->service, NULL, NULL);
    assert_non_null(m.sock);
    return m;
}

void mallory_send(struct field *f, const struct mallory *m, struct segment *s)
{
    s->src_port = m->port;
    s->dst_port = SERVICE;
    s->seq = s->seq ? s->seq : m->seq;
    s->ack = s->ack ? s->ack : m->ack;
    s->flags |= TCP_ACK;
    attack_segment(f, s);
}
