/* SPDX-License-Identifier: MIT */
/*
 * weft-sim: runs seeds.
 *
 *     weft-sim [--seeds FROM:TO | --seed N [-v]] [--without PART,...] [--pcap FILE] [--brief] [--wide]
 *              [--fail-alloc | --nth | --parking | --shortcuts | --table]
 *
 * --seeds FROM:TO  each of them; a failure prints its seed, what it needs, and leaves sim-SEED.pcapng and scripts
 * --seed N         one; -v prints every packet and call
 * --without        parts of the scenario to leave out: loss, reorder, ..., flow3
 * --fail-alloc     one allocation in a hundred (with every fourth seed, one in five) fails during the first 3 s
 * --nth            the small scenarios, again and again with the n-th allocation failing, until none is left to fail
 * --brief          short scenarios: two hosts, a conversation or two of a few segments, all of the faults
 * --wide           TCP's settings and options are anything but their defaults; worlds that are not mild
 * --script PREFIX  what each end saw and did as a script, in PREFIX-flowN-sideM.pkt
 * --pretend N      takes the N-th step for a failure, to see what one leaves
 * --no-shrink      failures are only named
 * --parking        each seed twice, with and without parking: the packets must be the same, to the bit and nanosecond
 * --shortcuts      the same of config.tcp.shortcuts, and what the stacks tell must be the same, too
 * --table          each seed as a line: digests of its frames and of what the stacks told, and what happened how often
 */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "sim.h"

enum mode { MODE_PLAIN, MODE_FAIL_ALLOC, MODE_NTH, MODE_PARKING, MODE_SHORTCUTS, MODE_TABLE };

struct command {
    enum mode mode;
    uint64_t from, to;
    bool one, as_is; /* as_is: failures are not shrunk */
    struct trial trial;
};

struct total {
    uint64_t runs, failed, frames, steps, refused, link[6], weather[4], forwarded;
};

static void add_up(struct total *t, const struct verdict *v)
{
    t->runs++;
    t->frames += v->sums.frames;
    t->steps += v->steps;
    t->refused += v->refused;
    for (unsigned i = 0; i < ARRAY_LEN(t->link); i++)
        t->link[i] += v->link[i];
    for (unsigned i = 0; i < ARRAY_LEN(t->weather); i++)
        t->weather[i] += v->weather[i];
    t->forwarded += v->forwarded;
}

/* ---- failures ---- */

static void print_trim(const struct trim *trim, unsigned n_flows)
{
    const char *before = " --without ";

    for (unsigned i = 0; i < SIM_FEATURE_COUNT; i++)
        if (trim->features >> i & 1) {
            printf("%s%s", before, sim_feature_name[i]);
            before = ",";
        }
    for (unsigned i = 0; i < n_flows; i++)
        if (trim->flows >> i & 1) {
            printf("%sflow%u", before, i);
            before = ",";
        }
}

static const char *mode_option(enum mode mode)
{
    return mode == MODE_FAIL_ALLOC ? " --fail-alloc" : mode == MODE_PARKING ? " --parking" : mode == MODE_SHORTCUTS ? " --shortcuts" : "";
}

/* Says what failed and how to see it again, and leaves the packets behind. */
static void report(const struct command *c, struct trial t, const char *why)
{
    static struct scenario s;
    char file[64], script[64], again[600];
    struct verdict v;

    printf("seed %" PRIu64 " failed: %s\n", t.seed, why);
    if (!c->one && !c->as_is && !t.small)
        trial_shrink(&t, why);
    if (t.small || c->as_is)
        return;
    snprintf(file, sizeof file, "sim-%" PRIu64 ".pcapng", t.seed);
    snprintf(script, sizeof script, "sim-%" PRIu64, t.seed);
    if (!t.options.pcap) {
        t.options.pcap = file;
        t.options.script = script;
        trial_run(&t, &v, again, sizeof again);
        printf("  packets: %s; as each end saw it: %s-flow*.pkt; shrunk: %s\n", file, script, again);
    }
    printf("  again: weft-sim --seed %" PRIu64 "%s%s%s", t.seed, t.trim.brief ? " --brief" : "", t.trim.wide ? " --wide" : "", mode_option(c->mode));
    scenario_draw(&s, t.seed, &t.trim);
    print_trim(&t.trim, s.n_flows);
    printf(" -v\n");
    scenario_print(&s, stdout);
    fflush(stdout);
}

/* ---- seeds ---- */

/* A parked connection keeps less of what it could tell; a shortcut may leave nothing out. */
static bool are_alike(enum mode mode, const struct record_sums *a, const struct record_sums *b)
{
    return a->digest == b->digest && a->frames == b->frames && (mode == MODE_PARKING || a->told == b->told);
}

/* With and without what `option`, one of the trial's, switches. */
static bool run_both(const struct command *c, struct trial *t, int *option, const char *what, struct total *total)
{
    struct verdict with, without;
    char why[600], both[200];
    bool ok;

    *option = 1;
    ok = trial_run(t, &with, why, sizeof why);
    if (ok) {
        *option = 0;
        ok = trial_run(t, &without, why, sizeof why);
    }
    if (ok && !are_alike(c->mode, &with.sums, &without.sums)) {
        snprintf(both, sizeof both, "%s shows: %" PRIu64 " frames with it, %" PRIu64 " without%s", what, with.sums.frames,
                 without.sums.frames, with.sums.digest == without.sums.digest ? "; the stacks tell something else" : "");
        printf("seed %" PRIu64 ": %s\n", t->seed, both);
        return false;
    }
    if (!ok)
        report(c, *t, why);
    add_up(total, &with);
    return ok;
}

/* The frames' digest, then that of what was told; then the counts that are not zero. */
static void print_row(uint64_t seed, const struct verdict *v)
{
    const struct record_sums *s = &v->sums;

    printf("%" PRIu64 "\t%016" PRIx64 "\t%016" PRIx64 "\tframes=%" PRIu64 " ms=%" PRIu64 " states=%" PRIu64 " drops=%" PRIu64,
           seed, s->digest, s->told, s->frames, v->took / WEFT_MS, s->states, s->drops);
    for (unsigned i = 0; i < WEFT_WHY_COUNT; i++)
        if (s->why[i])
            printf(" %s=%" PRIu64, weft_why_name((enum weft_why)i), s->why[i]);
    printf("\n");
}

static bool run_seed(const struct command *c, uint64_t seed, struct total *total)
{
    struct trial t = c->trial;
    struct verdict v;
    char why[600];
    bool ok;

    t.seed = seed;
    if (c->mode == MODE_PARKING)
        return run_both(c, &t, &t.options.park, "parking", total);
    if (c->mode == MODE_SHORTCUTS)
        return run_both(c, &t, &t.options.shortcuts, "a shortcut", total);
    if (c->mode == MODE_FAIL_ALLOC)
        t.options.refuse_ppm = seed % 4 ? 10000 : 200000;
    if (t.options.verbose) {
        static struct scenario s;

        scenario_draw(&s, seed, &t.trim);
        scenario_print(&s, stderr);
    }
    ok = trial_run(&t, &v, why, sizeof why);
    add_up(total, &v);
    if (!ok)
        report(c, t, why);
    else if (c->mode == MODE_TABLE)
        print_row(seed, &v);
    return ok;
}

/* ---- the n-th allocation ---- */

/* Every n at first, then every few, so that a long scenario still ends. */
static bool run_small(const struct command *c, unsigned number, const char *name, struct total *total)
{
    struct trial t = c->trial;
    struct verdict v = {.refused = 1};
    char why[600];

    t.small = true;
    t.seed = number;
    for (uint64_t n = 1; v.refused; n += n < 300 ? 1 : n / 60) {
        t.options.refuse_at = n;
        if (!trial_run(&t, &v, why, sizeof why)) {
            printf("small scenario %s (--small %u --refuse %" PRIu64 "), ", name, number, n);
            report(c, t, why);
            return false;
        }
        add_up(total, &v);
    }
    return true;
}

static void run_nth(const struct command *c, struct total *total)
{
    static struct scenario s;
    const char *name;

    for (unsigned i = 0; scenario_small(&s, i, &name); i++)
        if (c->from == UINT64_MAX || c->from == i)
            total->failed += !run_small(c, i, name, total);
}

/* ---- the command line ---- */

static bool leave_out(struct trim *trim, const char *word, size_t n)
{
    unsigned flow;

    for (unsigned i = 0; i < SIM_FEATURE_COUNT; i++)
        if (strlen(sim_feature_name[i]) == n && strncmp(sim_feature_name[i], word, n) == 0) {
            trim->features |= 1u << i;
            return true;
        }
    if (sscanf(word, "flow%u", &flow) != 1 || flow >= SIM_FLOWS)
        return false;
    trim->flows |= 1u << flow;
    return true;
}

static bool parse_without(struct trim *trim, const char *words)
{
    while (*words) {
        size_t n = strcspn(words, ",");

        if (!leave_out(trim, words, n))
            return false;
        words += n + (words[n] == ',');
    }
    return true;
}

static bool parse_seeds(struct command *c, const char *text)
{
    return sscanf(text, "%" SCNu64 ":%" SCNu64, &c->from, &c->to) == 2 && c->from <= c->to;
}

static bool parse_value(struct command *c, const char *name, const char *value)
{
    if (strcmp(name, "--seeds") == 0)
        return parse_seeds(c, value);
    if (strcmp(name, "--seed") == 0) {
        c->one = true;
        c->from = c->to = strtoull(value, NULL, 0);
    } else if (strcmp(name, "--small") == 0) {
        c->mode = MODE_NTH;
        c->from = strtoull(value, NULL, 0);
    } else if (strcmp(name, "--refuse") == 0) {
        c->trial.options.refuse_at = strtoull(value, NULL, 0);
    } else if (strcmp(name, "--pretend") == 0) {
        c->trial.options.pretend = strtoull(value, NULL, 0);
    } else if (strcmp(name, "--park") == 0) {
        c->trial.options.park = atoi(value);
    } else if (strcmp(name, "--shortcut") == 0) {
        c->trial.options.shortcuts = atoi(value);
    } else if (strcmp(name, "--pcap") == 0) {
        c->trial.options.pcap = value;
    } else if (strcmp(name, "--script") == 0) {
        c->trial.options.script = value;
    } else {
        return strcmp(name, "--without") == 0 && parse_without(&c->trial.trim, value);
    }
    return true;
}

static bool parse_flag(struct command *c, const char *name)
{
    if (strcmp(name, "-v") == 0)
        c->trial.options.verbose = true;
    else if (strcmp(name, "--fail-alloc") == 0)
        c->mode = MODE_FAIL_ALLOC;
    else if (strcmp(name, "--nth") == 0)
        c->mode = MODE_NTH;
    else if (strcmp(name, "--parking") == 0)
        c->mode = MODE_PARKING;
    else if (strcmp(name, "--shortcuts") == 0)
        c->mode = MODE_SHORTCUTS;
    else if (strcmp(name, "--table") == 0)
        c->mode = MODE_TABLE;
    else if (strcmp(name, "--no-shrink") == 0)
        c->as_is = true;
    else if (strcmp(name, "--brief") == 0)
        c->trial.trim.brief = true;
    else if (strcmp(name, "--wide") == 0)
        c->trial.trim.wide = true;
    else
        return false;
    return true;
}

static bool parse(struct command *c, int argc, char **argv)
{
    *c = (struct command){.from = UINT64_MAX, .to = 0, .trial.options = {.park = -1, .shortcuts = -1}};
    for (int i = 1; i < argc; i++) {
        if (parse_flag(c, argv[i]))
            continue;
        if (i + 1 == argc || !parse_value(c, argv[i], argv[i + 1]))
            return false;
        i++;
    }
    return c->mode == MODE_NTH || c->from != UINT64_MAX;
}

/* One small scenario with one refusal, to look at. */
static void run_one_small(const struct command *c, struct total *total)
{
    struct trial t = c->trial;
    struct verdict v;
    char why[600];

    t.small = true;
    t.seed = c->from;
    if (!trial_run(&t, &v, why, sizeof why)) {
        report(c, t, why);
        total->failed++;
    }
    add_up(total, &v);
}

static void sum_up(const struct total *t, double seconds)
{
    printf("%" PRIu64 " runs, %" PRIu64 " failed; %" PRIu64 " frames, %" PRIu64 " steps, %.1f s\n", t->runs, t->failed,
           t->frames, t->steps, seconds);
    printf("the links took %" PRIu64 " frames, lost %" PRIu64 ", duplicated %" PRIu64 ", corrupted %" PRIu64
           ", reordered %" PRIu64 ", overflowed by %" PRIu64 "; %" PRIu64 " allocations refused\n",
           t->link[5], t->link[0], t->link[1], t->link[2], t->link[3], t->link[4], t->refused);
    printf("routers carried %" PRIu64 " datagrams; links were cut %" PRIu64 " times and healed, stood still %" PRIu64
           " times, had a smaller MTU %" PRIu64 " times; clocks leapt %" PRIu64 " times\n",
           t->forwarded, t->weather[0], t->weather[1], t->weather[3], t->weather[2]);
}

int main(int argc, char **argv)
{
    struct total total = {0};
    struct timespec from, to;
    struct command c;

    if (!parse(&c, argc, argv)) {
        fputs("usage: weft-sim --seeds FROM:TO | --seed N [-v] [--without PART,...] [--pcap FILE] [--script PREFIX] [--pretend STEP]\n       "
              "[--brief] [--wide] [--fail-alloc | --parking | --shortcuts | --table] [--no-shrink]\n       weft-sim --nth | --small N --refuse N [-v]\n", stderr);
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &from);
    if (c.mode == MODE_NTH && c.trial.options.refuse_at)
        run_one_small(&c, &total);
    else if (c.mode == MODE_NTH)
        run_nth(&c, &total);
    else
        for (uint64_t seed = c.from; seed <= c.to; seed++)
            total.failed += !run_seed(&c, seed, &total);
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (c.mode != MODE_TABLE)
        sum_up(&total, (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    return total.failed ? 1 : 0;
}
