/* SPDX-License-Identifier: MIT */
/* weft demo: shows the suite at work, and checks that it worked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/demo.h"

#define MIB              (1024 * 1024ull)
#define BULK_BYTES       (64 * MIB)
#define KERNEL_BYTES     (256 * MIB)
#define KEPT             4000 /* packets of each part in the capture */
#define SNAP             192
#define DEFAULT_CAPTURE  "demo.pcapng"

struct demo_opts {
    const char *scenario, *capture, *svg;
    bool list, only_memory;
};

enum { KEY_LIST = 0x100, KEY_CAPTURE, KEY_ONLY_MEMORY, KEY_SVG };

static const struct argp_option demo_options[] = {
    {"list", KEY_LIST, NULL, 0, "List the scenarios", 1},
    {"capture", KEY_CAPTURE, "FILE", 0, "Where packets go: demo.pcapng, or nowhere for a single scenario", 1},
    {"svg", KEY_SVG, "FILE", 0, "Draw the scenario's data over time: sequence numbers, cwnd", 1},
    {"only-memory", KEY_ONLY_MEMORY, NULL, 0, "Leave out the part against the kernel", 1},
    {0},
};

static error_t parse_demo(int key, char *arg, struct argp_state *state)
{
    struct demo_opts *o = args_opts(state);

    switch (key) {
    case KEY_LIST:
        o->list = true;
        return 0;
    case KEY_CAPTURE:
        o->capture = arg;
        return 0;
    case KEY_SVG:
        o->svg = arg;
        return 0;
    case KEY_ONLY_MEMORY:
        o->only_memory = true;
        return 0;
    case ARGP_KEY_ARG:
        o->scenario = arg;
        return strcmp(arg, "all") == 0 || scenario_find(arg)
                   ? 0
                   : args_error(state, "unknown scenario '%s'; see weft demo --list", arg);
    case ARGP_KEY_END:
        return o->svg && (!o->scenario || strcmp(o->scenario, "all") == 0)
                   ? args_error(state, "--svg draws one scenario: name it; see weft demo --list")
                   : 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int list(struct cmd_ctx *ctx)
{
    size_t i;

    for (i = 0; scenario_at(i); i++)
        fprintf(ctx->out, "%-20s %s\n", scenario_name(scenario_at(i)), scenario_title(scenario_at(i)));
    fprintf(ctx->out, "%-20s %s\n", "all", "All of them");
    return 0;
}

/* Plays one scenario and draws it; false also when the picture cannot be written. */
static bool play_and_draw(struct cmd_ctx *ctx, const struct scenario *s, struct world_capture *capture)
{
    const struct demo_opts *o = ctx->opts;
    struct plot *plot = malloc(sizeof *plot);
    FILE *out = plot ? fopen(o->svg, "w") : NULL;
    bool good = false, drawn = false;

    if (out) {
        good = scenario_play(s, ctx->out, capture, plot);
        drawn = plot_write(plot, scenario_title(s), out);
        drawn = fclose(out) == 0 && drawn;
    }
    free(plot);
    if (!drawn)
        cmd_fail(ctx, 0, "cannot write %s: %s", o->svg, strerror(errno));
    return good && drawn;
}

static bool play_scenarios(struct cmd_ctx *ctx, struct world_capture *capture)
{
    const struct demo_opts *o = ctx->opts;
    bool good = true;
    size_t i;

    if (strcmp(o->scenario, "all") != 0)
        return o->svg ? play_and_draw(ctx, scenario_find(o->scenario), capture)
                      : scenario_play(scenario_find(o->scenario), ctx->out, capture, NULL);
    for (i = 0; scenario_at(i); i++)
        good = scenario_play(scenario_at(i), ctx->out, capture, NULL) && good;
    return good;
}

/* The first part of the main job. */
static bool play_memory(struct cmd_ctx *ctx, struct world_capture *capture)
{
    bool good = scenario_play(scenario_find("daytime"), ctx->out, capture, NULL);

    capture->left = KEPT;
    return bulk_play(ctx->out, BULK_BYTES, capture) && good;
}

/* False when something differs. */
static bool play(struct cmd_ctx *ctx, const char *file, bool *complete)
{
    const struct demo_opts *o = ctx->opts;
    struct world_capture capture = {.left = KEPT};
    char why[CMD_WHY] = "";
    enum kernel_result kernel = KERNEL_GOOD;
    bool good;

    if (file) {
        capture.pcap = weft_pcap_open(file, -1, why, sizeof why);
        if (!capture.pcap) {
            cmd_fail(ctx, 0, "%s", why);
            return false;
        }
        capture.interface = weft_pcap_interface(capture.pcap, "wire", WEFT_LINK_ETHERNET, SNAP);
    }
    good = o->scenario ? play_scenarios(ctx, &capture) : play_memory(ctx, &capture);
    if (capture.pcap && !weft_pcap_close(capture.pcap)) {
        cmd_fail(ctx, 0, "cannot write %s", file);
        good = false;
    }
    if (!o->scenario && !o->only_memory)
        kernel = kernel_play(ctx->out, KERNEL_BYTES, file);
    *complete = kernel != KERNEL_NOT_DONE;
    return good && kernel != KERNEL_DIFFERS;
}

static int run_demo(struct cmd_ctx *ctx)
{
    const struct demo_opts *o = ctx->opts;
    const char *file = o->capture ? o->capture : o->scenario ? NULL : DEFAULT_CAPTURE;
    bool good, complete = true;

    if (o->list)
        return list(ctx);
    good = play(ctx, file, &complete);
    fprintf(ctx->out, "\n%s%s%s\n",
            !good ? "Something was not as it should be." : complete ? "All is as it should be."
                                                                    : "What was done is as it should be.",
            file ? " The packets are in " : "", file ? file : "");
    return good ? 0 : CMD_FAILED;
}

const struct subcommand cmd_demo = {
    .name = "demo",
    .args = "[SCENARIO|all]",
    .summary = "Show the suite at work: two stacks in memory, then weft against the kernel",
    .more = "Without a scenario: daytime over TCP, segment by segment, and 64 MiB each way over a bad wire, in virtual "
            "time; then, in a namespace of its own, the kernel's programs against weft's services and the other way "
            "round. With one, one of the books' stories about TCP.",
    .options = demo_options,
    .parse = parse_demo,
    .opts_size = sizeof(struct demo_opts),
    .max_args = 1,
    .run = run_demo,
};
