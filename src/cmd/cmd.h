/* SPDX-License-Identifier: MIT */
/*
 * The frame of the `weft` program: what a subcommand is, and what it runs against.
 *
 * A subcommand that works on a host is one function, run in one of two places: in this process, on a short-lived host
 * made of --if, --addr and --route; or inside a running host, reached through its control socket (--host). The client
 * reads and checks the arguments first, so that mistakes are told before anybody is disturbed; the host's process then
 * reads the same arguments again. Subcommands therefore use cmd_ctx.in, out and err, never stdio's own streams.
 *
 * Exit status: 0; 1 when the network said no; 2 when the command could not be carried out as given.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <argp.h>
#include <stdarg.h>
#include <stdio.h>

#include "weft/host.h"

#define CMD_FAILED 1
#define CMD_USAGE  2
#define CMD_GO_ON  (-1) /* args_parse: no exit status yet */

#define CMD_MAX_IFS    16
#define CMD_MAX_ROUTES 32
#define CMD_ADDR_TEXT  512
#define CMD_ROUTE_TEXT 120
#define CMD_MAX_SYSCTLS 32
#define CMD_ADDRESS_PATIENCE (10 * WEFT_S) /* for addresses to be asked for and tried ... */
#define CMD_ADDRESS_LOOK (100 * WEFT_MS)   /* ... and how often to look whether somebody still waits */
#define CMD_WHY        256 /* room for one line of explanation */

/* Which stack to work on, and how to print. */
struct cmd_where {
    const char *host; /* NULL: not said */
    size_t n_ifs, n_routes;
    struct {
        const char *spec;
        char addr[CMD_ADDR_TEXT]; /* with commas between; empty: none */
        const char *impair; /* NULL: not; else what parse_impairment reads */
    } ifs[CMD_MAX_IFS];
    char routes[CMD_MAX_ROUTES][CMD_ROUTE_TEXT];
    const char *profile;                  /* NULL: "linux" */
    const char *sysctls[CMD_MAX_SYSCTLS]; /* "NAME=VALUE", checked */
    size_t n_sysctls;
    bool json;
};

/*
 * Has the running host the addresses that it was given or asks for? Else one line in why. end: a descriptor that becomes
 * readable when nobody wants to know any more. */
bool host_has_addresses(weft_host *h, int end, char *why, size_t n);

struct cmd_ctx;
/*
 * Waits until what closed connections have left to say has been acknowledged, which they try as long as any do; or until
 * ctx->hangup is readable. After a second it says on stderr what it waits for.
 */
void host_await_delivery(struct cmd_ctx *ctx);

struct services; /* service/service.h */

/* The process that keeps a host: `weft up`, or a subcommand with --if. */
struct cmd_keeper {
    weft_host *host;
    struct services *services;
    int quit; /* eventfd; made readable by `weft down` */
};

struct cmd_ctx {
    const struct subcommand *cmd;
    int argc; /* argv[0] is the subcommand's name */
    char **argv;
    struct cmd_where where;
    void *opts; /* cmd->opts_size bytes, filled by cmd->parse */
    weft_host *host;
    struct cmd_keeper *keeper;
    bool remote; /* runs inside a host for a client in another process */
    int pid;     /* of the client, for netstat -p */
    bool tty;    /* the user's input is a terminal, even where `in` is a pipe that carries it */
    int in, out_fd;
    FILE *out, *err;
    int hangup; /* becomes readable when it should end soon; -1: never */
    void *prepared; /* what prepare has made; not NULL: finish is called */
    char **own_argv; /* argv when args_append has made it, and the word it added; freed by args_free */
    char *own_word;
    char **plain;    /* argv as argp reads it; what a command keeps of its words points into it; freed by args_free */
    bool complained;
    unsigned n_args; /* arguments that are no options, so far */
    int stopped_at; /* argv index where parsing gave up */
};

struct subcommand {
    const char *name, *args, *summary; /* args as in "ADDR PORT" */
    const char *more;                  /* a paragraph for --help, or NULL */
    const struct argp_option *options; /* its own, ended by a zero row; or NULL */
    const char *const *words; /* or NULL: arguments that begin with a dash, as "-net", which parse gets without it */
    error_t (*parse)(int key, char *arg, struct argp_state *state); /* NULL: no options and no arguments of its own */
    size_t opts_size;
    unsigned min_args, max_args;
    bool on_host; /* takes --host, --if, --addr, --route; else it runs here, without a stack */
    bool stays; /* keeps a host of its own for long: may have its devices made */
    bool json;
    bool own_signals; /* SIGINT and SIGTERM do not end it by themselves */
    /* Runs where the user is, before anything else: may open files, add arguments. CMD_GO_ON or a status. */
    int (*prepare)(struct cmd_ctx *ctx);
    /* Where prepare ran, and when it went well: the last thing of all. Takes the exit status, and returns it or another. */
    int (*finish)(struct cmd_ctx *ctx, int status);
    int (*run)(struct cmd_ctx *ctx); /* its return value is the exit status */
};

extern const struct subcommand cmd_up, cmd_down, cmd_serve, cmd_ping, cmd_nc, cmd_netstat, cmd_arp, cmd_ndp, cmd_capture,
    cmd_link, cmd_demo, cmd_sysctl, cmd_ss, cmd_route, cmd_ifconfig,
    cmd_traceroute, cmd_run, cmd_addrlabel;

/* The i-th, in the order of help; NULL when there is no i-th. */
const struct subcommand *cmd_at(size_t i);
/* NULL when there is none of that name. */
const struct subcommand *cmd_find(const char *name);

/* Control characters become question marks: what a user has typed can be repeated in a line of ours. */
void cmd_one_line(char *text);

/* One line on ctx->err, "weft NAME: ...", by cmd_one_line; what is too long for CMD_COMPLAINT bytes is cut. */
#define CMD_COMPLAINT 2048
void cmd_complain(struct cmd_ctx *ctx, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));

/* The same; returns status. */
int cmd_fail(struct cmd_ctx *ctx, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Is it time to end? Never blocks. */
bool cmd_hung_up(const struct cmd_ctx *ctx);

/* Waits; false when it is time to end. WEFT_NEVER: until then. */
bool cmd_sleep(const struct cmd_ctx *ctx, weft_time duration);

/* ---- args.c ---- */

/*
 * Reads ctx->argv into ctx->where and ctx->opts. CMD_GO_ON, or an exit status; args_free in any case. May be called again,
 * once ctx->host is there and the names of its interfaces mean something.
 */
int args_parse(struct cmd_ctx *ctx);

/* The settings of a stack as ctx->where asks for them. */
void args_config(const struct cmd_ctx *ctx, struct weft_config *config);

/* Adds a word to the end of ctx->argv, once; takes it. CMD_GO_ON, or an exit status after a complaint. */
int args_append(struct cmd_ctx *ctx, char *word);

/* Frees what the two above allocated. */
void args_free(struct cmd_ctx *ctx);

/* For a parser: one line "weft NAME: ..."; returns EINVAL. */
error_t args_error(const struct argp_state *state, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline struct cmd_ctx *args_ctx(const struct argp_state *state) { return (struct cmd_ctx *)state->input; }
static inline void *args_opts(const struct argp_state *state) { return args_ctx(state)->opts; }

/* Values; on failure they complain about `what` and return EINVAL. */
error_t args_number(const struct argp_state *state, const char *what, const char *text, uint64_t min, uint64_t max,
                    uint64_t *out);
error_t args_port(const struct argp_state *state, const char *text, uint16_t *out);
error_t args_ip(const struct argp_state *state, const char *text, struct weft_ip *out);
/* "NAME" or "NAME=VALUE" of a tunable that is there and may have that value, beside those of ctx->where. */
error_t args_sysctl(const struct argp_state *state, const char *text);
error_t args_seconds(const struct argp_state *state, const char *what, const char *text, weft_time *out);

/* ---- local.c: hosts of this machine ---- */

/* Fills names of hosts whose control socket answers; returns how many there are (possibly more than max). */
#define HOST_NAME_ROOM 64
size_t hosts_running(char names[][HOST_NAME_ROOM], size_t max);

/* Is there somebody behind this host's control socket? */
bool host_answers(const char *name);

/* Runs on the host that ctx->where names: there, or here on a short-lived one. Returns the exit status. */
int run_on_host(struct cmd_ctx *ctx);

/* Builds a host of ctx->where; name NULL: nameless. Not started yet. NULL after a complaint. */
weft_host *host_build(struct cmd_ctx *ctx, const char *name);

/* The handler for weft_control_serve; ctx is a struct cmd_keeper. */
int job_run(struct weft_job *job, void *keeper);

/* Blocks SIGINT, SIGTERM and SIGHUP, which then make the returned descriptor readable. Before any thread starts. */
int signals_as_descriptor(void);

#endif
