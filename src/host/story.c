/* SPDX-License-Identifier: MIT */
/*
 * From the stack's trace to captures: frames, each with a comment that tells what it did.
 *
 * A received packet's story ends with WEFT_TRACE_RX_DONE, so its frame is kept until then, with the drops and changes
 * of state, and reasons, that fall between. Those outside of that (calls, timers) wait for the packet that carries them
 * out: the next one sent on the same connection. On the loopback a packet is recorded once, where it arrives.
 *
 * Runs under the host's lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/host.h"

#define STORIES 32  /* captures at once */
#define CHANGES 64  /* of state and reasons, waiting for a packet */

struct change {
    struct weft_addr local, remote;
    enum weft_tcp_state from, to;
    enum weft_why why; /* none: the state changed */
    uint32_t value;
};

struct listener {
    struct capture *capture; /* or */
    void (*fn)(void *ctx, const struct weft_trace *event);
    void *ctx;
};

struct text {
    char s[512];
    size_t n;
};

struct story {
    weft_host *host;
    struct listener listener[STORIES]; /* all zero: free */
    unsigned n_captures, n_functions;
    weft_time since_1970; /* of the stack's time zero */
    struct change change[CHANGES];
    unsigned n_changes;
    /* the packet being received */
    bool receiving;
    const weft_if *ifp;
    weft_time at;
    uint8_t *bytes;
    size_t n, cap;
    struct text text;
};

/* ---- comments ---- */

static void text_add(struct text *t, const char *what, const char *more)
{
    int n = snprintf(t->s + t->n, sizeof(t->s) - t->n, "%s%s%s", t->n ? "; " : "", what, more);

    /* What does not fit is left out as a whole: a cut could go through a character. */
    if (n > 0 && t->n + (size_t)n < sizeof(t->s))
        t->n += (size_t)n;
    t->s[t->n] = '\0';
}

static void text_add_change(struct text *t, const struct change *c)
{
    char what[80];

    if (c->why) {
        snprintf(what, sizeof(what), "why: %s", weft_why_name(c->why));
        if (weft_why_unit(c->why)[0])
            snprintf(what + strlen(what), sizeof(what) - strlen(what), " %u %s", c->value, weft_why_unit(c->why));
        text_add(t, what, "");
        return;
    }
    snprintf(what, sizeof(what), "%s → %s", weft_tcp_state_name(c->from), weft_tcp_state_name(c->to));
    text_add(t, what, "");
}

/* ---- whose packet is it ---- */

struct flow {
    uint8_t src[4], dst[4];
    unsigned src_port, dst_port;
};

/* Addresses and ports of a TCP segment in IPv4; false when the head of the frame is no such thing. */
static bool flow_read(const uint8_t *p, size_t n, enum weft_link link, struct flow *f)
{
    size_t ip = link == WEFT_LINK_ETHERNET ? 14 : 0, tcp;

    if (n < ip + 20 || (ip && (p[12] != 8 || p[13] != 0)) || p[ip] >> 4 != 4 || p[ip + 9] != 6)
        return false;
    tcp = ip + (size_t)(p[ip] & 15) * 4;
    if (n < tcp + 4)
        return false;
    memcpy(f->src, p + ip + 12, 4);
    memcpy(f->dst, p + ip + 16, 4);
    f->src_port = (unsigned)(p[tcp] << 8 | p[tcp + 1]);
    f->dst_port = (unsigned)(p[tcp + 2] << 8 | p[tcp + 3]);
    return true;
}

static bool flow_is_of(const struct flow *f, const struct change *c)
{
    return f->src_port == c->local.port && f->dst_port == c->remote.port &&
           memcmp(f->dst, c->remote.ip.b + 12, 4) == 0 && memcmp(f->src, c->local.ip.b + 12, 4) == 0;
}

/* Moves the waiting changes that this outgoing packet carries out into its comment. */
static void changes_take(struct story *s, const weft_pkt *pkt, enum weft_link link, struct text *t)
{
    uint8_t head[14 + 60 + 4];
    size_t n = weft_pkt_copy(pkt, 0, head, sizeof(head));
    unsigned i, kept = 0;
    struct flow f;

    if (!flow_read(head, n, link, &f))
        return;
    for (i = 0; i < s->n_changes; i++) {
        if (flow_is_of(&f, &s->change[i]))
            text_add_change(t, &s->change[i]);
        else
            s->change[kept++] = s->change[i];
    }
    s->n_changes = kept;
}

static void changes_add(struct story *s, const struct change *c)
{
    if (s->n_changes == CHANGES) /* the oldest one's packet never came */
        memmove(s->change, s->change + 1, --s->n_changes * sizeof(s->change[0]));
    s->change[s->n_changes++] = *c;
}

/* ---- frames ---- */

static void story_write(struct story *s, const struct frame *frame)
{
    unsigned i;

    for (i = 0; i < STORIES; i++) {
        if (s->listener[i].capture)
            capture_write(s->listener[i].capture, frame);
    }
}

static enum weft_link link_of(const struct story *s, const weft_if *ifp)
{
    const struct host_if *i = weft_if_cookie(ifp);

    return ifp == s->host->loopback || !i ? WEFT_LINK_LOOPBACK : i->driver->ifc.link;
}

static void story_sent(struct story *s, const struct weft_trace *e)
{
    enum weft_link link = link_of(s, e->ifp);
    struct text text = {.n = 0};

    if (link == WEFT_LINK_LOOPBACK)
        return;
    changes_take(s, e->pkt, link, &text);
    story_write(s, &(struct frame){.ifp = e->ifp, .if_name = weft_if_name(e->ifp), .link = link,
                                   .at = s->since_1970 + e->at, .outbound = true, .n = weft_pkt_len(e->pkt),
                                   .pkt = e->pkt, .comment = text.s});
}

static void story_receiving(struct story *s, const struct weft_trace *e)
{
    size_t n = weft_pkt_len(e->pkt);
    uint8_t *grown;

    if (n > s->cap) {
        grown = realloc(s->bytes, n);
        if (!grown)
            return;
        s->bytes = grown;
        s->cap = n;
    }
    s->receiving = true;
    s->ifp = e->ifp;
    s->at = e->at;
    s->n = weft_pkt_copy(e->pkt, 0, s->bytes, n);
    s->text.n = 0;
    s->text.s[0] = '\0';
    if (link_of(s, e->ifp) == WEFT_LINK_LOOPBACK)
        changes_take(s, e->pkt, WEFT_LINK_LOOPBACK, &s->text);
}

static void story_received(struct story *s)
{
    if (!s->receiving)
        return;
    s->receiving = false;
    story_write(s, &(struct frame){.ifp = s->ifp, .if_name = weft_if_name(s->ifp), .link = link_of(s, s->ifp),
                                   .at = s->since_1970 + s->at, .bytes = s->bytes, .n = s->n,
                                   .comment = s->text.s});
}

/*
 * What a packet shows by itself needs no reason: that the window grows, that somebody waits, that both sides are done.
 * The reasons stand in order of their kinds.
 */
static bool is_worth_telling(enum weft_why why)
{
    bool retransmission = why >= WEFT_WHY_retransmit_syn && why < WEFT_WHY_cwnd_start;
    bool smaller_window = why >= WEFT_WHY_cwnd_hystart && why < WEFT_WHY_stall_application;

    return retransmission || smaller_window || why > WEFT_WHY_close_orderly;
}

static void story_changed(struct story *s, const struct weft_trace *e)
{
    struct change c = {e->local, e->remote, e->from, e->to, WEFT_WHY_none, 0};

    if (e->kind == WEFT_TRACE_WHY) {
        if (!is_worth_telling(e->why))
            return;
        c.why = e->why;
        c.value = e->value;
    }
    if (s->receiving)
        text_add_change(&s->text, &c);
    else
        changes_add(s, &c);
}

static void story_captures(struct story *s, const struct weft_trace *e)
{
    switch (e->kind) {
    case WEFT_TRACE_RX:
        story_received(s); /* in case the one before was never done */
        story_receiving(s, e);
        break;
    case WEFT_TRACE_RX_DONE:
        story_received(s);
        break;
    case WEFT_TRACE_TX:
        story_sent(s, e);
        break;
    case WEFT_TRACE_DROP:
        if (s->receiving)
            text_add(&s->text, "dropped: ", weft_drop_name(e->drop));
        break;
    case WEFT_TRACE_STATE:
    case WEFT_TRACE_WHY:
        story_changed(s, e);
        break;
    }
}

void story_trace(void *host, const struct weft_trace *event)
{
    struct story *s = ((weft_host *)host)->story;
    unsigned i;

    if (!s)
        return;
    if (s->n_captures)
        story_captures(s, event);
    for (i = 0; s->n_functions && i < STORIES; i++) {
        if (s->listener[i].fn)
            s->listener[i].fn(s->listener[i].ctx, event);
    }
}

/* ---- captures come and go ---- */

struct story *story_new(weft_host *h)
{
    struct story *s = calloc(1, sizeof(*s));

    if (s)
        s->host = h;
    return s;
}

void story_flush(struct story *s)
{
    unsigned i;

    for (i = 0; s && s->n_captures && i < STORIES; i++) {
        if (s->listener[i].capture)
            capture_flush(s->listener[i].capture);
    }
}

void story_free(struct story *s)
{
    unsigned i;

    if (!s)
        return;
    for (i = 0; i < STORIES; i++) {
        if (s->listener[i].capture)
            capture_free(s->listener[i].capture);
    }
    free(s->bytes);
    free(s);
}

/* Finds a place; its number, or -1 when all are taken. */
static int story_listen(struct story *s, const struct listener *listener)
{
    int i;

    for (i = 0; i < STORIES; i++) {
        if (!s->listener[i].capture && !s->listener[i].fn) {
            s->listener[i] = *listener;
            s->n_captures += listener->capture != NULL;
            s->n_functions += listener->fn != NULL;
            return i;
        }
    }
    return -1;
}

/* The stack's clock only counts from the host's birth; this says when that was. Set once, so that order is kept. */
static void story_date(struct story *s)
{
    struct timespec t;

    if (s->since_1970)
        return;
    clock_gettime(CLOCK_REALTIME, &t);
    s->since_1970 = (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_nsec - weft_host_now(s->host);
}

/* Starts a capture to fd, which it takes. */
static int story_capture(weft_host *h, int fd, bool limited, const struct weft_capture_choice *choice, char *why,
                         size_t n)
{
    struct capture *c = capture_new(fd, limited, choice, why, n);
    int number;

    if (!c)
        return -1;
    host_enter(h);
    story_date(h->story);
    if (!h->story->n_captures)
        h->story->n_changes = 0;
    number = story_listen(h->story, &(struct listener){.capture = c});
    weft_host_unlock(h);
    if (number < 0) {
        snprintf(why, n, "a host has at most %d captures", STORIES);
        capture_free(c);
    }
    return number;
}

int weft_host_capture(weft_host *h, const char *path, char *why, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0) {
        snprintf(why, n, "%s: %s", path, strerror(errno));
        return -1;
    }
    return story_capture(h, fd, false, NULL, why, n) < 0 ? -1 : 0;
}

int weft_host_capture_some(weft_host *h, int fd, const struct weft_capture_choice *choice, char *why, size_t n)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    struct stat st;

    if (own < 0 || fstat(own, &st) != 0) {
        snprintf(why, n, "cannot capture to this descriptor: %s", strerror(errno));
        return -1;
    }
    return story_capture(h, own, !S_ISREG(st.st_mode), choice, why, n);
}

int weft_host_capture_fd(weft_host *h, int fd, char *why, size_t n)
{
    return weft_host_capture_some(h, fd, NULL, why, n);
}

int weft_host_tap_packets(weft_host *h, void (*fn)(void *ctx, const struct weft_trace *event), void *ctx)
{
    int number;

    host_enter(h);
    number = story_listen(h->story, &(struct listener){.fn = fn, .ctx = ctx});
    weft_host_unlock(h);
    return number;
}

void weft_host_capture_stop(weft_host *h, int capture)
{
    struct capture *c = NULL;
    struct listener *l;

    host_enter(h);
    if (capture >= 0 && capture < STORIES) {
        l = &h->story->listener[capture];
        c = l->capture;
        h->story->n_captures -= c != NULL;
        h->story->n_functions -= l->fn != NULL;
        memset(l, 0, sizeof(*l));
    }
    weft_host_unlock(h);
    if (c)
        capture_free(c);
}
