/* SPDX-License-Identifier: MIT */
/*
 * What a run leaves behind: digests of every emitted frame with its time and of what the stacks told, lines on stderr
 * with -v, a pcapng. All are fed by the stacks' trace (and TCP_INFO); so is the checker.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "sim.h"
#include "wire/print.h"

struct record {
    struct record_sums sums;
    bool verbose;
    weft_pcap *pcap;
    int loopback[SIM_HOSTS]; /* its number in the pcapng */
    char story[400];         /* what happened since the last frame that was written */
    size_t told;
    uint8_t frame[SIM_FRAME];
    uint8_t pending[SIM_FRAME]; /* received; written once it is known what became of it */
    size_t n_pending;
    int pending_at;
    bool receiving;
};

/* ---- beginning and end ---- */

static void name_interfaces(struct record *r, struct world *w)
{
    char name[32];

    for (unsigned i = 0; i < w->scenario->n_links; i++)
        for (unsigned end = 0; end < 2; end++) {
            snprintf(name, sizeof name, "host%u-link%u", w->scenario->link[i].host[end], i);
            w->port[i][end].capture = (unsigned)weft_pcap_interface(r->pcap, name, w->scenario->link[i].kind, 0);
        }
    for (unsigned i = 0; i < w->scenario->n_hosts; i++) {
        snprintf(name, sizeof name, "host%u-lo", i);
        r->loopback[i] = weft_pcap_interface(r->pcap, name, WEFT_LINK_LOOPBACK, 0);
    }
}

struct record *record_new(struct world *w, const struct run_options *o)
{
    struct record *r = calloc(1, sizeof *r);
    char why[200];

    if (!r)
        abort();
    r->verbose = o->verbose;
    r->sums.digest = r->sums.told = 0x9e3779b97f4a7c15u;
    if (o->pcap) {
        r->pcap = weft_pcap_open(o->pcap, -1, why, sizeof why);
        if (r->pcap)
            name_interfaces(r, w);
        else
            fprintf(stderr, "weft-sim: %s\n", why);
    }
    return r;
}

void record_free(struct record *r)
{
    if (r->pcap)
        weft_pcap_close(r->pcap);
    free(r);
}

const struct record_sums *record_sums(const struct record *r)
{
    return &r->sums;
}

/* ---- the story ---- */

static void tell(struct record *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(struct record *r, const char *format, ...)
{
    va_list args;
    int n;

    if (!r->pcap || r->told + 1 >= sizeof r->story)
        return;
    va_start(args, format);
    n = vsnprintf(r->story + r->told, sizeof r->story - r->told, format, args);
    va_end(args);
    r->told += n > 0 ? (size_t)n : 0;
    if (r->told >= sizeof r->story)
        r->told = sizeof r->story - 1;
}

static void write_frame(struct record *r, int interface, weft_time at, bool out, const uint8_t *p, size_t n)
{
    if (r->pcap) { /* flushed each time: the run may end in a trap */
        weft_pcap_write_bytes(r->pcap, interface, at, out, p, n, r->told ? r->story : NULL);
        weft_pcap_flush(r->pcap);
    }
    r->told = 0;
}

static void line(const struct world *w, const struct host *h, const char *what)
{
    fprintf(stderr, "%12.6f host %u %s", (double)(w->now - w->start) / 1e9, h->number, what);
}

void record_note(struct world *w, const struct end *e, const char *format, ...)
{
    char text[200];
    va_list args;

    if (!w->record->verbose && !w->record->pcap)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tell(w->record, "flow %u side %u %s; ", e->flow->number, e->side, text);
    if (w->record->verbose) {
        line(w, e->owner.host, "");
        fprintf(stderr, "  flow %u side %u %s (sent %u received %u)\n", e->flow->number, e->side, text, e->sent,
                e->received);
    }
}

/* ---- frames ---- */

static void mix(uint64_t *digest, uint64_t v)
{
    *digest = (*digest ^ v) * 0x9fb21c651e98df25u;
    *digest ^= *digest >> 29;
}

static void mix_bytes(uint64_t *digest, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint64_t word = 0;

    for (; n >= 8; p += 8, n -= 8) {
        memcpy(&word, p, 8);
        mix(digest, word);
    }
    word = 0;
    memcpy(&word, p, n);
    mix(digest, word);
}

static void digest_frame(struct record *r, const struct host *h, weft_time at, const uint8_t *p, size_t n)
{
    mix(&r->sums.digest, at);
    mix(&r->sums.digest, (uint64_t)h->number << 32 | n);
    mix_bytes(&r->sums.digest, p, n);
    r->sums.frames++;
}

/* Something of a kind happened to a host's stack. */
static void digest_told(struct record *r, const struct host *h, const struct weft_trace *t, uint64_t what, uint64_t value)
{
    mix(&r->sums.told, t->at);
    mix(&r->sums.told, (uint64_t)h->number << 32 | t->kind);
    mix(&r->sums.told, what << 32 | value);
}

static void print_frame(const struct world *w, const struct host *h, enum weft_link kind, bool out, const uint8_t *p,
                        size_t n)
{
    char text[400];
    struct fmt f = fmt_begin(text, sizeof text);

    print_packet(&f, kind == WEFT_LINK_ETHERNET ? PRINT_ETHERNET : PRINT_IP, p, n, n);
    line(w, h, out ? ">" : "<");
    fprintf(stderr, " %s\n", text);
}

/* Does a link flip bits? */
static bool may_be_spoilt(const struct world *w)
{
    bool spoils = false;

    for (unsigned i = 0; i < w->scenario->n_links; i++)
        spoils |= w->scenario->link[i].how[0].corrupt || w->scenario->link[i].how[1].corrupt;
    return spoils;
}

/* What waits for a neighbour's address, or on a link that stands still, was made by an MTU that may have changed since. */
static uint32_t mtu_when_made(const struct world *w, const struct port *port)
{
    return port->kind == WEFT_LINK_ETHERNET || w->happened[WEATHER_STALL] ? w->scenario->link[port->link].mtu[port->end] : port->mtu;
}

static void on_frame(struct world *w, struct host *h, const struct weft_trace *t, bool out)
{
    struct record *r = w->record;
    const struct port *port = t->ifp ? weft_if_cookie(t->ifp) : NULL;
    enum weft_link kind = port ? port->kind : WEFT_LINK_LOOPBACK;
    size_t n = weft_pkt_copy(t->pkt, 0, r->frame, sizeof r->frame);
    struct weft_pkt_offload o;
    struct frame f;
    bool tcp;

    weft_pkt_get_offload(t->pkt, &o);
    tcp = frame_read(&f, kind, r->frame, n, &o);
    if (tcp && host_has_address(w, h, out ? f.src : f.dst))
        script_segment(w, &f, out);
    if (r->verbose)
        print_frame(w, h, kind, out, r->frame, n);
    if (out) {
        h->sent++;
        digest_frame(r, h, t->at, r->frame, n);
        write_frame(r, port ? (int)port->capture : r->loopback[h->number], t->at, true, r->frame, n);
        if (f.bad && (host_has_address(w, h, f.src) || !may_be_spoilt(w))) /* a router looks at IP's header only */
            sim_fail(w, "host %u emits a bad frame: %s", h->number, f.bad);
        else if (tcp && host_has_address(w, h, f.src))
            checker_sent(w->checker, h, &f, port ? mtu_when_made(w, port) : 65535);
        return;
    }
    memcpy(r->pending, r->frame, n);
    r->n_pending = n;
    r->receiving = true;
    r->pending_at = port ? (int)port->capture : r->loopback[h->number];
    if (tcp && !f.bad && host_has_address(w, h, f.dst))
        checker_heard(w->checker, h, &f);
}

static void on_state(struct world *w, struct host *h, const struct weft_trace *t)
{
    const char *from = weft_tcp_state_name(t->from), *to = weft_tcp_state_name(t->to);

    if (t->to == WEFT_TCP_TIME_WAIT)
        checker_in_time_wait(w->checker, h, &t->local, &t->remote);
    if (t->from == WEFT_TCP_TIME_WAIT)
        checker_left_time_wait(w->checker, h, &t->local, &t->remote, !w->record->receiving);
    w->record->sums.states++;
    digest_told(w->record, h, t, t->local.port, (uint64_t)t->from << 8 | t->to);
    tell(w->record, "host %u port %u: %s -> %s; ", h->number, t->local.port, from, to);
    if (w->record->verbose) {
        line(w, h, "");
        fprintf(stderr, "  port %u of %u: %s -> %s\n", t->local.port, t->remote.port, from, to);
    }
}

/* Is it about something that this host wanted to send, or could not keep? */
static bool is_own(enum weft_drop drop)
{
    static const enum weft_drop own[] = {WEFT_DROP_no_memory, WEFT_DROP_if_down, WEFT_DROP_if_queue_full,
                                         WEFT_DROP_neigh_queue_full, WEFT_DROP_neigh_table_full,
                                         WEFT_DROP_neigh_unreachable, WEFT_DROP_ip_no_route};

    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (own[i] == drop)
            return true;
    return false;
}

/*
 * May it drop what it could have kept? A SYN cookie leaves a listener without a record: only the segment right after the
 * SYN proves itself, and text that overtakes it on the way is nobody's.
 */
static bool may_decline(enum weft_drop drop)
{
    static const enum weft_drop rightly[] = {WEFT_DROP_tcp_paws, WEFT_DROP_tcp_out_of_order_full,
                                             WEFT_DROP_tcp_challenge_ack, WEFT_DROP_tcp_challenge_rst,
                                             WEFT_DROP_tcp_cookie_failed};

    for (size_t i = 0; i < ARRAY_LEN(rightly); i++)
        if (rightly[i] == drop)
            return true;
    return false;
}

static void on_drop(struct world *w, struct host *h, const struct weft_trace *t)
{
    h->dropped += is_own(t->drop);
    h->declined += may_decline(t->drop);
    if ((t->drop == WEFT_DROP_ip_too_big || t->drop == WEFT_DROP_if_oversize) && !w->scenario->routers &&
        !w->happened[WEATHER_MTU])
        sim_fail(w, "host %u drops what it made itself: %s", h->number, weft_drop_name(t->drop));
    w->record->sums.drops++;
    digest_told(w->record, h, t, 0, t->drop);
    tell(w->record, "dropped: %s; ", weft_drop_name(t->drop));
    if (w->record->verbose) {
        line(w, h, "");
        fprintf(stderr, "  dropped: %s\n", weft_drop_name(t->drop));
    }
}

void record_trace(void *ctx, const struct weft_trace *t)
{
    struct host *h = ((struct outside *)ctx)->host;
    struct world *w = h->world;

    switch (t->kind) {
    case WEFT_TRACE_TX:
    case WEFT_TRACE_RX:
        on_frame(w, h, t, t->kind == WEFT_TRACE_TX);
        break;
    case WEFT_TRACE_RX_DONE:
        w->record->receiving = false;
        write_frame(w->record, w->record->pending_at, t->at, false, w->record->pending, w->record->n_pending);
        break;
    case WEFT_TRACE_STATE:
        on_state(w, h, t);
        break;
    case WEFT_TRACE_DROP:
        on_drop(w, h, t);
        break;
    case WEFT_TRACE_WHY:
        w->record->sums.why[t->why]++;
        digest_told(w->record, h, t, t->why, t->value);
        break;
    }
}

void record_result(struct world *w, int64_t result)
{
    mix(&w->record->sums.told, (uint64_t)result);
}

void record_info(struct world *w, weft_sock *sock)
{
    struct weft_tcp_info info = {0};
    size_t n = sizeof info;

    if (weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n) == 0)
        mix_bytes(&w->record->sums.told, &info, n);
}
