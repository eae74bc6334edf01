/* SPDX-License-Identifier: MIT */
/*
 * The script runner as a whole: any text that is a script is run, against a stack in virtual time. It comes back, whatever
 * the script expected, and the stack has given all memory back. The first line of an input may ask for the n-th allocation
 * to fail, "# refuse 12".
 *
 * Left out: what runs other programs (commands, code), and scripts that last longer than a day.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fuzz.h"
#include "lab.h"
#include "steps.h"

#define LONGEST (24 * 3600 * WEFT_S)
#define MOST_EVENTS 400

static void check(bool truth)
{
    if (!truth)
        abort();
}

/* A line is a step. */
static void mark_lines(const uint8_t *data, size_t size)
{
    steps_begin(data);
    for (size_t i = 0; i < size; i++)
        if (i == 0 || data[i - 1] == '\n')
            steps_mark(data + i);
}

static bool stays_here(const struct script *script)
{
    weft_time sum = 0;

    if (script->n_events > MOST_EVENTS || script->config.init_scripts[0])
        return false;
    for (size_t i = 0; i < script->n_events; i++) {
        const struct event *e = &script->events[i];

        if (e->kind == EVENT_SHELL || e->kind == EVENT_CODE)
            return false;
        sum = time_after(sum, max_u64(e->when.lo, max_u64(e->when.hi, e->amount)));
    }
    return sum <= LONGEST;
}

static void run(const struct script *script, uint64_t refuse_at)
{
    static const struct options options = {.tolerance = 0, .seed = 1};
    struct lab *lab = lab_new(script, &options, refuse_at);
    char why[2048];

    lab_run(lab);
    lab->failed = false; /* that it did not do what was expected is no matter; from here on only memory is looked at */
    lab->why[0] = 0;
    check(lab_finish(lab, why, sizeof why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char refuse[] = "# refuse ";
    struct script script;
    char why[512] = "", number[8] = "";
    uint64_t refuse_at = 0;

    mark_lines(data, size);
    if (size > sizeof refuse + sizeof number && memcmp(data, refuse, sizeof refuse - 1) == 0) {
        memcpy(number, data + sizeof refuse - 1, sizeof number - 1);
        refuse_at = strtoul(number, NULL, 10);
    }
    if (!script_parse(&script, "fuzz.pkt", (const char *)data, size, why, sizeof why))
        return 0;
    if (stays_here(&script))
        run(&script, refuse_at);
    script_free(&script);
    return 0;
}
