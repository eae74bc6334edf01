/* SPDX-License-Identifier: MIT */
/*
 * The simulator: N stacks, one virtual clock, links that misbehave, applications that do what they like, and oracles
 * that watch. All of it follows from one seed.
 *
 *   scenario   what a seed means: a value, drawn once, changed by nothing afterwards but trimming
 *   outside    the weft_env of each stack: memory with guards, refusals, randomness
 *   routers    which way datagrams take between hosts that share no link
 *   world      the stacks, the links, the weather, the clock and its loop
 *   wrap       where the clock must stand for sequence numbers to wrap
 *   pattern    what is sent
 *   end        one end of a conversation: what it does, and what it may and must see
 *   app        the conversations
 *   oracle     what must hold after each step, and when all is over
 *   frame      reads a frame as the RFCs write it (nothing of src/wire)
 *   ranges     which bytes of a stream were heard
 *   checker    is every emitted segment legal, given what its sender has said and heard?
 *   record     the digests and counts, the lines of -v, the pcapng
 *   script     the same as scripts for weft-script
 *   trial      one seed in a child process; finds out which part of the scenario a failure needs
 *   main       the command line
 */
#ifndef SIM_H
#define SIM_H

#include <stdio.h>

#include "base/rng.h"
#include "weft/driver.h"
#include "weft/sock.h"
#include "weft/tcp_info.h"

#define SIM_HOSTS   4
#define SIM_LINKS   4
#define SIM_FLOWS   24
#define SIM_WEATHER 8
#define SIM_FRAME   (65535 + 14)

/* ---- scenario.c ---- */

/* What can be taken out of a scenario to see whether a failure needs it. X(name) */
#define SIM_FEATURES(X)                                                                                                \
    X(loss) X(duplicate) X(reorder) X(corrupt) X(jitter) X(rate) X(delay) X(weather) X(offload) X(share) X(wrap)       \
    X(timestamps) X(sack) X(wscale) X(config) X(buffers) X(pauses) X(options) X(far) X(urgent) X(turns)

enum sim_feature {
#define X(name) SIM_##name,
    SIM_FEATURES(X)
#undef X
        SIM_FEATURE_COUNT
};
extern const char *const sim_feature_name[];

struct trim {
    uint32_t features; /* bits: without these */
    uint32_t flows;    /* bits: without these */
    bool brief;        /* all of a seed's faults, but on one link, and with little to say: many more in the same time */
    bool wide;         /* and with settings and options of TCP that seldom are anything but their defaults */
};

struct link_plan {
    unsigned host[2];
    enum weft_link kind;
    uint32_t mtu[2];
    unsigned offload[2];
    bool share, hard; /* hard: takes long for little */
    uint64_t seed;
    struct weft_impairment how[2];
};

/* Options that only wide scenarios set. X(name): TCP_ of that name, an int */
#define SIM_WIDE(X)                                                                                                    \
    X(MAXSEG) X(WINDOW_CLAMP) X(QUICKACK) X(USER_TIMEOUT) X(NOTSENT_LOWAT) X(RTO_MAX_MS) X(RTO_MIN_US) X(DELACK_MAX_US)  \
    X(THIN_LINEAR_TIMEOUTS) X(SYNCNT)

enum sim_wide {
#define X(name) SIM_WIDE_##name,
    SIM_WIDE(X)
#undef X
        SIM_WIDE_OPTIONS
};

enum weather_kind { WEATHER_CUT, WEATHER_STALL, WEATHER_LEAP, WEATHER_MTU };

/*
 * CUT: everything is lost, in the directions of the mask. STALL: the link takes and gives nothing. LEAP: the clock. MTU: of
 * both ends, no more than that.
 */
struct weather {
    enum weather_kind kind;
    weft_time at, length;
    unsigned link, mask;
    uint32_t mtu;
};

enum ending {
    END_HALF_CLOSE, /* all sent: shutdown; all heard: close */
    END_LAST,       /* the same, but first the peer's end is waited for */
    END_CLOSE,      /* close at a moment of its own, whatever is going on */
    END_ABORT,      /* abort at such a moment */
    END_LINGER,     /* close with SO_LINGER zero at such a moment */
    END_DEAF,       /* shutdown both at such a moment, close later */
    END_STAY,       /* all sent: nothing more until such a moment; then close */
};

struct side_plan {
    uint32_t bytes;              /* to send */
    uint32_t write_max, read_max;
    uint32_t pauses, pause_ppm;  /* how many at most, how often */
    weft_time pause_max;
    weft_time deaf_until;        /* reads nothing before; since the flow's start */
    enum ending ending;
    uint32_t leave_after;        /* END_CLOSE and on: bytes moved, or time passed, whatever comes first */
    weft_time leave_at;
    int send_buffer, receive_buffer; /* 0: as configured */
    bool nodelay, cork, keepalive, more, peek, scatter;
    int wide[SIM_WIDE_OPTIONS];  /* what it sets of these options; 0: not */
    bool asks;                   /* whether there is room, before it writes */
    int pacing;                  /* SO_MAX_PACING_RATE; 0: not */
    bool urgent;                 /* now and then it says that what it writes is urgent; its peer reads it in line */
};

struct flow_plan {
    bool present;
    unsigned link, client; /* which end of the link opens */
    bool loopback;         /* both ends on the client's host */
    bool far;              /* routers lie between: the server is at that end of that link */
    unsigned far_link, far_end;
    bool crossing;         /* both open */
    bool unheard;          /* nobody listens */
    bool ephemeral;        /* the client's port is the stack's choice */
    uint32_t turn;         /* the ends ask and answer by turns, so many bytes each time; 0: each says when it likes */
    int again;             /* after this flow, by the same ports; -1: none */
    uint16_t port[2];      /* of the client, of the server */
    weft_time start;
    uint64_t seed;
    struct side_plan side[2];
};

struct scenario {
    uint64_t seed;
    struct trim trim;
    unsigned n_hosts, n_links, n_flows, n_weather;
    struct weft_config config[SIM_HOSTS];
    uint64_t secret[SIM_HOSTS];
    struct link_plan link[SIM_LINKS];
    struct flow_plan flow[SIM_FLOWS];
    struct weather weather[SIM_WEATHER];
    weft_time epoch;       /* where the clock stands when the stacks are made */
    enum { WRAP_NONE, WRAP_ISN, WRAP_TS } wrap;
    unsigned wrap_side;    /* whose number flow 0 wraps */
    uint32_t backlog;
    weft_time dark;        /* since the start: from then on the links carry nothing; WEFT_NEVER: they always do */
    bool routers;          /* hosts with several links forward */
    bool mild;             /* nothing that may break a connection */
    weft_time bound;       /* all is over by then, since the start */
};

void scenario_draw(struct scenario *s, uint64_t seed, const struct trim *trim);
/* describe.c */
void scenario_print(const struct scenario *s, FILE *to);
/* small.c: some small ones by number, for failing each allocation in turn; false when there is none of that number. */
bool scenario_small(struct scenario *s, unsigned number, const char **name);

/* ---- routers.c ---- */

struct world;
struct host;

struct weft_ip link_address(unsigned link, unsigned end);
/* Is it the host's, by the scenario? */
bool host_has_address(const struct world *w, const struct host *h, uint32_t ip);
/* Everybody learns the way to everybody; false: memory was refused. */
bool routers_setup(struct world *w);
/* Draws two hosts for a flow's ends; where these are no neighbours it goes by routers. */
void routers_lengthen(const struct scenario *s, struct flow_plan *f, struct rng *r);

/* ---- outside.c ---- */

struct outside {
    struct host *host;   /* NULL: a link's */
    size_t live, allocations;
    struct rng secret;
    struct refusal *refusal;
    char wrong[160];     /* "": memory was handled as promised */
};

/* Shared by all of a world: which allocations fail. */
struct refusal {
    struct rng rng;
    uint32_t ppm;
    uint64_t asked, at;  /* the n-th is refused; 0: none */
    uint64_t refused;
};

void outside_init(struct outside *o, struct host *host, uint64_t secret, struct refusal *refusal);
struct weft_env outside_env(struct outside *o);

/* ---- pattern.c ---- */

/* The bytes from an offset on of what a side of a flow sends. */
void pattern_fill(unsigned flow, unsigned side, uint32_t offset, uint8_t *to, size_t n);
bool pattern_matches(unsigned flow, unsigned side, uint32_t offset, const uint8_t *p, size_t n);

/* ---- end.c ---- */

struct world;
struct flow;

enum owner_kind { OWNER_LISTENER, OWNER_END };
enum phase { PHASE_IDLE, PHASE_OPENING, PHASE_OPEN, PHASE_OVER };

/* What a socket's cookie points to begins with this. */
struct owner {
    enum owner_kind kind;
    struct host *host;
    weft_sock *sock;
};

struct end {
    struct owner owner;
    struct flow *flow;
    const struct side_plan *plan;
    unsigned side;
    enum phase phase;
    struct rng rng;
    uint32_t sent, received;
    bool shut, heard_end, left, reset; /* left: closed before its time; reset: with a reset */
    unsigned pauses;
    int error;              /* the first it was told */
    weft_time heard_at, over_at;
    weft_time wake;         /* it acts then; WEFT_NEVER: on the next event */
    bool resting;           /* until wake, whatever happens */
    weft_time deaf;         /* reads nothing before; WEFT_NEVER: it does now */
};

bool end_is_polite(const struct end *e);
/* Calls the peer; again later when it must be. */
void end_open(struct end *e);
/* Takes over what the listener accepted. */
void end_adopt(struct end *e, weft_sock *sock);
/* Does all that can be done now. */
void end_act(struct end *e);
/* When it wants to act next, whatever happens. */
weft_time end_next(const struct end *e);
/* It has no socket any more and wants none. */
void end_over(struct end *e);

/* ---- app.c ---- */

struct flow {
    const struct flow_plan *plan;
    unsigned number;
    struct weft_addr address[2]; /* of the client, of the server, as both see them */
    weft_time start;
    bool begun, during_refusals;
    struct end end[2];
};

void app_setup(struct world *w);
/* An end is over: if both are, was all as it should be? */
void app_judge(struct world *w, const struct flow *f);
/* Starts what is due, wakes who wanted to be woken. True when somebody did something. */
bool app_run(struct world *w);
void app_event(struct world *w, const struct weft_event *event);
weft_time app_deadline(const struct world *w);
bool app_over(const struct world *w);
void app_close_listeners(struct world *w);
/* Whose connection is that (the latest flow by these names)? NULL: nobody's. */
struct flow *app_flow(struct world *w, const struct weft_addr *local, const struct weft_addr *remote, unsigned *side);

/* ---- world.c ---- */

struct port {
    struct host *host;
    unsigned link, end, capture;
    weft_if *ifp;
    uint32_t mtu;
    enum weft_link kind;
};

struct listener {
    struct owner owner;
};

struct host {
    struct world *world;
    unsigned number;
    struct outside outside;
    weft_stack *stack;
    struct listener listener;
    uint64_t sent;
    uint64_t dropped;  /* of what it made itself, or for want of memory */
    uint64_t declined; /* what it may decline: PAWS, too many holes, an ancient acknowledgment, a reset off the edge, text
                          that came to a listener before the cookie that proves it */
};

struct checker;
struct record;

struct world {
    const struct scenario *scenario;
    weft_time now, start;
    struct refusal refusal;
    weft_time refusals_end; /* no allocation fails from then on */
    struct host host[SIM_HOSTS];
    struct port port[SIM_LINKS][2];
    struct outside link_outside[SIM_LINKS];
    weft_wire *wire[SIM_LINKS];
    struct flow flow[SIM_FLOWS];
    unsigned weather_next;
    weft_time stalled_until[SIM_LINKS], cut_until[SIM_LINKS], narrow_until[SIM_LINKS];
    uint64_t happened[4]; /* of each kind of weather */
    struct checker *checker;
    struct record *record;
    struct scripts *scripts; /* NULL: none */
    uint64_t steps, pretend; /* pretend: run_options' */
    bool failed;
    char why[512];
};

/* What came of a run, told in short: equal runs have equal ones. */
struct record_sums {
    uint64_t digest; /* of every emitted frame and its time */
    uint64_t told;   /* of what the stacks tell: states, drops, reasons, results, TCP_INFO of each socket when its user acts */
    uint64_t frames, states, drops;
    uint64_t why[WEFT_WHY_COUNT];
};

struct verdict {
    bool ok;
    char why[512];
    struct record_sums sums;
    uint64_t steps, allocations, refused;
    uint64_t link[6]; /* lost, duplicated, corrupted, reordered, overflowed, sent */
    uint64_t weather[4], forwarded;
    weft_time took;       /* virtual */
};

struct run_options {
    uint32_t refuse_ppm;
    uint64_t refuse_at;
    int park, shortcuts; /* -1: as drawn */
    bool verbose;
    const char *pcap;    /* NULL: none */
    uint64_t pretend;    /* that step is taken for a failure; 0: none */
    const char *script;  /* what the names of scripts begin with; NULL: none */
};

void world_run(const struct scenario *s, const struct run_options *o, struct verdict *v);
/* Has any frame been lost so far, on a link, or for reasons of the hosts'? */
bool world_lost_anything(const struct world *w);
/* The first failure counts. */
void sim_fail(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- wrap.c ---- */

/* When to start so that flow 0 wraps what the scenario wants wrapped; not before now. */
weft_time wrap_start(struct world *w);

/* ---- oracle.c ---- */

void oracle_after_tick(struct world *w, struct host *h, bool quiet);
void oracle_step(struct world *w);
/* An instant is over: nothing moves any more. */
void oracle_instant(struct world *w);
/* Everything closed and waited for: nothing may be left. */
void oracle_at_rest(struct world *w);
void oracle_after_free(struct world *w);

/* ---- frame.c ---- */

struct frame {
    const char *bad;     /* what is wrong with it; NULL: sound */
    uint32_t src, dst;
    uint16_t src_port, dst_port;
    uint32_t seq, ack;
    uint16_t flags, window, urgent;
    uint8_t mark;        /* the ECN field of IP */
    unsigned options_len;
    const uint8_t *options; /* of TCP's header, in the frame that was read */
    const uint8_t *payload;
    uint32_t len;
    bool super;          /* a super-segment, of `segment` bytes each */
    uint32_t segment;
    uint16_t mss;        /* 0: absent */
    int wscale;          /* -1: absent */
    bool sack_permitted, has_ts;
    uint32_t ts_val, ts_ecr;
    unsigned n_sack;
    uint32_t sack[4][2];
};

enum { F_FIN = 1, F_SYN = 2, F_RST = 4, F_PSH = 8, F_ACK = 16, F_URG = 32, F_ECE = 64, F_CWR = 128 };

/* False: not TCP (f->bad still says whether it is sound). */
bool frame_read(struct frame *f, enum weft_link link, const uint8_t *p, size_t n, const struct weft_pkt_offload *o);

/* ---- ranges.c ---- */

#define RANGES 200

/* Sorted, apart from each other. When there are too many the closest two are taken for one. */
struct ranges {
    unsigned n;
    struct { uint32_t from, to; } r[RANGES];
};

void ranges_add(struct ranges *set, uint32_t from, uint32_t to);
bool ranges_hold(const struct ranges *set, uint32_t from, uint32_t to);
/* The end of the run that begins at 0. */
uint32_t ranges_front(const struct ranges *set);

/* ---- checker.c ---- */

struct checker *checker_new(struct world *w);
void checker_free(struct checker *c);
void checker_sent(struct checker *c, struct host *h, const struct frame *f, uint32_t mtu);
void checker_heard(struct checker *c, struct host *h, const struct frame *f);
/* A TIME-WAIT of the host's begins; it ends, of itself or because of what is being received. */
void checker_in_time_wait(struct checker *c, struct host *h, const struct weft_addr *local,
                          const struct weft_addr *remote);
void checker_left_time_wait(struct checker *c, struct host *h, const struct weft_addr *local,
                            const struct weft_addr *remote, bool of_itself);
/* Since when does the host owe an acknowledgment for what came in order? WEFT_NEVER: it does not. */
weft_time checker_owes(struct checker *c, struct host *h, const struct weft_addr *local,
                       const struct weft_addr *remote);
/* How much the host's last segment let the peer send; UINT32_MAX: no such connection, or its peer has ended. */
uint32_t checker_window(struct checker *c, struct host *h, const struct weft_addr *local,
                        const struct weft_addr *remote);

/* ---- record.c ---- */

struct record *record_new(struct world *w, const struct run_options *o);
void record_trace(void *ctx, const struct weft_trace *event); /* ctx: a struct outside */
void record_note(struct world *w, const struct end *e, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The user of a socket acts: what does its connection tell? */
void record_info(struct world *w, weft_sock *sock);
/* What a call returned. */
void record_result(struct world *w, int64_t result);
const struct record_sums *record_sums(const struct record *r);
void record_free(struct record *r);

/* ---- script.c ---- */

/* Begins PREFIX-flowN-sideM.pkt for each end of each conversation that goes over a link; ends them. */
void script_open(struct world *w, const char *prefix);
void script_close(struct world *w);
/* The end got a socket: a new one, or from accept. */
void script_socket(struct world *w, const struct end *e, bool accepted);
/* It called that on its socket, whose number goes behind the parenthesis: "shutdown(, SHUT_WR)". */
void script_called(struct world *w, const struct end *e, int64_t result, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A segment of some conversation left its host, or came to it. */
void script_segment(struct world *w, const struct frame *f, bool out);

/* ---- trial.c ---- */

struct trial {
    uint64_t seed;
    bool small;          /* seed is the number of a small scenario */
    struct trim trim;
    struct run_options options;
};

/* Runs it in a child process; false when it fails, crashes or hangs, and then `why` says so. With -v: right here. */
bool trial_run(const struct trial *t, struct verdict *v, char *why, size_t n);
/* Takes away what a failure of this kind does not need. */
void trial_shrink(struct trial *t, const char *why);

#endif
