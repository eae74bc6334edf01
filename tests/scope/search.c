/* SPDX-License-Identifier: MIT */
/*
 * Every move in every world, depth first. A world cannot be copied, so to try another move at an earlier place it is
 * played again from the beginning; that place, and what became of it, is known by its digest.
 *
 *     weft-scope [-f FAULTS] [DRAMA...]
 *
 * FAULTS: how many in one schedule, 0 to 3. A failure prints its schedule, packet by packet.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "scope.h"
#include "wire/print.h"

const struct drama dramas[] = {
    {"active_close", {{ACT_CONNECT, ACT_SEND, ACT_SHUT}, {ACT_SHUT_LAST}}, {"", "a"}},
    {"passive_close", {{ACT_CONNECT, ACT_SHUT_LAST}, {ACT_SEND, ACT_SHUT}}, {"b", ""}},
    {"both_close", {{ACT_CONNECT, ACT_SEND, ACT_SHUT}, {ACT_SEND, ACT_SHUT}}, {"b", "a"}},
    {"both_open", {{ACT_CONNECT, ACT_SEND, ACT_SHUT}, {ACT_CONNECT, ACT_SHUT}}, {"", "a"}},
};
const size_t n_dramas = sizeof dramas / sizeof *dramas;

/* Digests seen: an open hash table. The lowest two bits of each say how many faults were still to be had there. */
struct seen {
    uint64_t *at;
    size_t n, room; /* room: a power of two */
};

#define FAULTS_BITS ((uint64_t)3)

/* Where the digest is, or would be. */
static uint64_t *seen_place(const struct seen *s, uint64_t digest)
{
    size_t i = digest >> 2 & (s->room - 1);

    while (s->at[i] && (s->at[i] | FAULTS_BITS) != (digest | FAULTS_BITS))
        i = (i + 1) & (s->room - 1);
    return &s->at[i];
}

static void seen_grow(struct seen *s)
{
    struct seen larger = {.n = s->n, .room = s->room ? s->room * 2 : 1 << 16};

    larger.at = calloc(larger.room, sizeof *larger.at);
    if (!larger.at)
        abort();
    for (size_t i = 0; i < s->room; i++)
        if (s->at[i])
            *seen_place(&larger, s->at[i]) = s->at[i];
    free(s->at);
    *s = larger;
}

/* False: it was looked at with as many faults to be had, or more, and nothing else can follow with fewer. */
static bool seen_note(struct seen *s, uint64_t digest, unsigned faults)
{
    uint64_t *at;

    digest |= FAULTS_BITS;
    digest += digest == FAULTS_BITS ? FAULTS_BITS + 1 : 0; /* zero means an empty place */
    if (s->n * 4 >= s->room * 3)
        seen_grow(s);
    at = seen_place(s, digest);
    if (*at && (*at & FAULTS_BITS) >= faults)
        return false;
    s->n += !*at;
    *at = (digest & ~FAULTS_BITS) | faults;
    return true;
}

struct search {
    const struct drama *drama;
    struct seen seen;
    struct move path[DEPTH_MAX];
    unsigned depth, deepest;
    uint64_t moves, ends, crowded;
    struct world world; /* as it is after path[0..depth) */
    bool failed;
};

/* ---- telling ---- */

static void print_frame(const struct frame *f)
{
    char text[300];
    struct fmt line = fmt_begin(text, sizeof text);

    print_packet(&line, PRINT_IP, f->bytes, f->n, f->n);
    printf("%s", text);
}

static void print_move(const struct world *w, const struct move *m)
{
    static const char *const word[] = {"calls", "arrives:", "is lost:", "is doubled:", "time goes on"};
    const struct end *e = &w->end[m->from];

    printf("  %.6f  %s%s ", (double)(w->now / 1000) / 1e6, m->kind == MOVE_TICK ? "" : m->from ? "b " : "a ", word[m->kind]);
    if (m->kind == MOVE_ACT)
        printf("number %u", e->acts);
    else if (m->kind != MOVE_TICK)
        print_frame(&e->flight[m->which]);
    putchar('\n');
}

static void report(struct search *s)
{
    char why[sizeof s->world.why];

    memcpy(why, s->world.why, sizeof why);
    printf("not ok - %s: %s, after\n", s->drama->name, why);
    s->failed = true;
    world_close(&s->world);
    world_open(&s->world, s->drama);
    for (unsigned i = 0; i < s->depth; i++) {
        print_move(&s->world, &s->path[i]);
        world_play(&s->world, &s->path[i]);
    }
}

/* ---- searching ---- */

static void play_again(struct search *s)
{
    world_close(&s->world);
    world_open(&s->world, s->drama);
    for (unsigned i = 0; i < s->depth; i++)
        world_play(&s->world, &s->path[i]);
}

static void fail(struct search *s, const char *why)
{
    snprintf(s->world.why, sizeof s->world.why, "%s", why);
    report(s);
}

static void look(struct search *s, unsigned faults);

/* Plays a move and looks on from there. */
static void try(struct search *s, const struct move *m, unsigned faults)
{
    struct move *last = &s->path[s->depth++];

    s->moves++;
    *last = *m;
    s->deepest = s->depth > s->deepest ? s->depth : s->deepest;
    world_play(&s->world, last);
    if (s->world.why[0])
        report(s);
    else if (s->world.crowded)
        s->crowded++;
    else if (s->depth == DEPTH_MAX)
        fail(s, "there is no end");
    else if (seen_note(&s->seen, world_digest(&s->world), faults))
        look(s, faults);
    s->depth--;
}

/* All that can follow, with that many faults. */
static void look(struct search *s, unsigned faults)
{
    struct move moves[MOVES_MAX];
    size_t n = world_moves(&s->world, moves);
    bool under_way = world_packets_under_way(&s->world), fresh = true;

    if (n == 0) {
        s->ends++;
        world_judge(&s->world);
        if (s->world.why[0])
            report(s);
    }
    for (size_t i = 0; i < n && !s->failed; i++) {
        unsigned cost = move_cost(&moves[i], under_way);

        if (cost > faults)
            continue;
        if (!fresh)
            play_again(s);
        fresh = false;
        try(s, &moves[i], faults - cost);
    }
}

static bool search(const struct drama *d, unsigned faults)
{
    static struct search s;

    s = (struct search){.drama = d};
    world_open(&s.world, d);
    look(&s, faults);
    world_close(&s.world);
    if (!s.failed && s.world.why[0])
        s.failed = true, printf("not ok - %s: %s\n", d->name, s.world.why);
    if (!s.failed)
        printf("ok - %s: %zu states, %" PRIu64 " moves, %" PRIu64 " ends, at most %u moves, %" PRIu64
               " left out for too many packets\n", d->name, s.seen.n, s.moves, s.ends, s.deepest, s.crowded);
    free(s.seen.at);
    return !s.failed;
}

/* ---- the command line ---- */

static bool wanted(const char *name, int n, char **names)
{
    bool any = n == 0;

    for (int i = 0; i < n; i++)
        any |= strcmp(name, names[i]) == 0;
    return any;
}

int main(int argc, char **argv)
{
    unsigned faults = 2, from = 1;
    unsigned played = 0;
    bool ok = true;

    if (argc > 2 && strcmp(argv[1], "-f") == 0)
        faults = (unsigned)atoi(argv[2]), from = 3;
    if (faults > 3) {
        fprintf(stderr, "weft-scope: -f %s: 0 to 3 faults\n", argv[2]);
        return 2;
    }
    mallopt(M_MMAP_THRESHOLD, 1 << 30); /* worlds come and go: their memory stays */
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    for (size_t i = 0; i < n_dramas; i++)
        if (wanted(dramas[i].name, argc - (int)from, argv + from)) {
            ok &= search(&dramas[i], faults);
            played++;
        }
    if (!played)
        fprintf(stderr, "weft-scope: no such drama; there are active_close, passive_close, both_close, both_open\n");
    printf("1..%u\n", played);
    return !played ? 2 : !ok;
}
