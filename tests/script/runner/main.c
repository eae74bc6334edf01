/* SPDX-License-Identifier: MIT */
/*
 * weft-script: runs scripts in the packetdrill language against a stack on virtual time, and reports in TAP.
 *
 *     weft-script [-v] [--first] [--remote-isn=N] [--seed=N] [--park=0|1] [--shortcuts=0|1] [--fail-alloc|--must-fail]
 *                 [--OPTION=VALUE...] FILE|DIRECTORY...
 *
 * Any other option is one that a script may give itself (config_option.c), and holds against the script's own. A script
 * that names an --ip_version itself is left out when another one is asked for.
 *
 * --first ends at the first failure. --fail-alloc runs each script again and again with the n-th allocation refused,
 * n = 1, 2, ..., until a run needs none refused: then only crashes, leaks and endless loops count. --must-fail is for the
 * runner's own tests: each script has to fail, and for the reason that its first comment gives behind "FAILS: ".
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab.h"

/* One script may take this long in real time, allocation failures included, before it counts as hanging. */
#define SECONDS_PER_SCRIPT 60

struct paths {
    char **path;
    size_t n, room;
};

/* ---- which scripts ---- */

static void paths_add(struct paths *p, const char *path)
{
    if (p->n == p->room) {
        p->room = p->room ? 2 * p->room : 64;
        p->path = realloc(p->path, p->room * sizeof(*p->path));
    }
    if (!p->path || !(p->path[p->n++] = strdup(path)))
        abort();
}

static bool is_script(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, ".pkt") == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool paths_collect(struct paths *p, const char *path, bool named)
{
    struct stat st;
    struct dirent *entry;
    DIR *dir;
    char child[4096];

    if (stat(path, &st) != 0)
        return false;
    if (!S_ISDIR(st.st_mode)) {
        if (named || is_script(path))
            paths_add(p, path);
        return true;
    }
    dir = opendir(path);
    if (!dir)
        return false;
    while ((entry = readdir(dir))) {
        snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            paths_collect(p, child, false);
    }
    closedir(dir);
    return true;
}

/* ---- when it crashes or hangs ---- */

static const char *volatile running = "";

static void on_signal(int number)
{
    static const char crash[] = "Bail out! crash in ", hang[] = "Bail out! endless loop in ";
    const char *name = running;
    ssize_t ignored;

    ignored = number == SIGALRM ? write(1, hang, sizeof(hang) - 1) : write(1, crash, sizeof(crash) - 1);
    ignored = write(1, name, strlen(name));
    ignored = write(1, "\n", 1);
    (void)ignored;
    signal(number, SIG_DFL);
    raise(number == SIGALRM ? SIGKILL : number);
}

static void catch_signals(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGALRM};

    for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
        signal(crashes[i], on_signal);
}

/* ---- one script ---- */

#define SCRIPT_MAX (1 << 20)

/* The file as a string, to be freed; NULL when it cannot be read. */
static char *file_read(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = f ? malloc(SCRIPT_MAX + 1) : NULL;

    if (text)
        text[fread(text, 1, SCRIPT_MAX, f)] = 0;
    if (f)
        fclose(f);
    return text;
}

static bool run_once(const struct script *script, const struct options *o, uint64_t refuse_at, bool *refused, char *why,
                     size_t n)
{
    struct lab *lab = lab_new(script, o, refuse_at);

    lab_run(lab);
    *refused = lab->ledger.refused;
    return lab_finish(lab, why, n);
}

/* Every n at first, then every few, so that a script of many thousand allocations still ends. */
static bool run_refusing(const struct script *script, const struct options *o, char *why, size_t n)
{
    bool refused = true;
    char reason[2048];

    for (uint64_t i = 1; refused; i += i < 400 ? 1 : i / 40) {
        if (o->verbose)
            printf("# allocation %llu fails\n", (unsigned long long)i);
        if (!run_once(script, o, i, &refused, reason, sizeof(reason))) {
            snprintf(why, n, "allocation %llu failing: %.1900s", (unsigned long long)i, reason);
            return false;
        }
    }
    return true;
}

/* A run that only asks whether all is well may end at the first failure. */
static bool first_only;

enum mode { MODE_PLAIN, MODE_FAIL_ALLOC, MODE_MUST_FAIL };

enum outcome { FAILED, PASSED, LEFT_OUT };

static enum outcome parse_and_run(const char *path, const char *text, const struct options *o, enum mode mode, char *why,
                          size_t size)
{
    struct script script;
    bool ok, refused;

    if (!script_parse_with(&script, o->script_options, path, text, strlen(text), why, size))
        return FAILED;
    if (script.is_of_other_version) {
        script_free(&script);
        return LEFT_OUT;
    }
    if (mode == MODE_FAIL_ALLOC)
        ok = run_refusing(&script, o, why, size);
    else
        ok = run_once(&script, o, 0, &refused, why, size);
    script_free(&script);
    return ok ? PASSED : FAILED;
}

/* Did it fail, and for the reason it names? */
static bool failed_as_told(const char *text, bool ok, char *why, size_t size)
{
    const char *reason = strstr(text, "FAILS: ");
    char expected[256] = "";

    if (reason)
        snprintf(expected, sizeof(expected), "%.*s", (int)strcspn(reason + 7, "\n"), reason + 7);
    if (!ok && expected[0] && strstr(why, expected))
        return true;
    snprintf(why + strlen(why), size - strlen(why), "%sexpected it to fail with \"%s\"", why[0] ? "\n" : "", expected);
    return false;
}

static enum outcome run_script(const char *path, const struct options *o, enum mode mode, char *why, size_t size)
{
    char *text = file_read(path);
    enum outcome outcome;

    if (!text) {
        snprintf(why, size, "%s: cannot be read", path);
        return FAILED;
    }
    outcome = parse_and_run(path, text, o, mode, why, size);
    if (mode == MODE_MUST_FAIL)
        outcome = failed_as_told(text, outcome == PASSED, why, size) ? PASSED : FAILED;
    if (outcome == FAILED && strstr(o->script_options, "--ip_version"))
        snprintf(why + strlen(why), size - strlen(why), "\nrun with %.*s; a script that is about one version names it",
                 (int)strcspn(o->script_options, "\n"), o->script_options);
    free(text);
    return outcome;
}

static void report(const char *path, size_t number, bool ok, const char *why)
{
    printf("%sok %zu - %s\n", ok ? "" : "not ", number, path);
    for (const char *line = why; !ok && *line;) {
        size_t n = strcspn(line, "\n");

        printf("# %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
    fflush(stdout);
}

static size_t run_all(const struct paths *p, const struct options *o, enum mode mode)
{
    size_t failed = 0, run = 0;
    char why[4096];

    for (size_t i = 0; i < p->n && !(first_only && failed); i++) {
        enum outcome outcome;

        running = p->path[i];
        why[0] = 0;
        alarm(SECONDS_PER_SCRIPT);
        if (o->verbose)
            printf("# %s\n", p->path[i]);
        outcome = run_script(p->path[i], o, mode, why, sizeof(why));
        if (outcome == LEFT_OUT)
            continue;
        failed += outcome == FAILED;
        report(p->path[i], ++run, outcome == PASSED, why);
    }
    alarm(0);
    printf("1..%zu\n", run);
    return failed;
}

/* ---- the command line ---- */

static bool number_option(const char *arg, const char *name, uint64_t *value)
{
    size_t n = strlen(name);
    char *end;

    if (strncmp(arg, name, n) != 0)
        return false;
    *value = strtoull(arg + n, &end, 0);
    return *end == 0 && arg[n] != 0;
}

/* For every script's parser. */
static bool keep_option(struct options *o, const char *arg)
{
    size_t at = strlen(o->script_options), n = strlen(arg);

    if (strncmp(arg, "--", 2) != 0 || at + n + 2 > sizeof(o->script_options))
        return false;
    memcpy(o->script_options + at, arg, n);
    memcpy(o->script_options + at + n, "\n", 2);
    return true;
}

static bool parse_argument(const char *arg, struct options *o, enum mode *mode)
{
    uint64_t v;

    if (strcmp(arg, "-v") == 0)
        o->verbose = true;
    else if (strcmp(arg, "--first") == 0)
        first_only = true;
    else if (strcmp(arg, "--fail-alloc") == 0)
        *mode = MODE_FAIL_ALLOC;
    else if (strcmp(arg, "--must-fail") == 0)
        *mode = MODE_MUST_FAIL;
    else if (number_option(arg, "--remote-isn=", &v))
        o->remote_isn = (uint32_t)v;
    else if (number_option(arg, "--seed=", &v))
        o->seed = v;
    else if (number_option(arg, "--park=", &v))
        o->park_given = true, o->park = v != 0;
    else if (number_option(arg, "--shortcuts=", &v))
        o->unabridged = v == 0;
    else
        return keep_option(o, arg);
    return true;
}

static int usage(void)
{
    fputs("usage: weft-script [-v] [--first] [--remote-isn=N] [--seed=N] [--park=0|1] [--shortcuts=0|1] "
          "[--fail-alloc|--must-fail] [--OPTION=VALUE...] FILE|DIRECTORY...\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct options o = {.tolerance = WEFT_US, .seed = 1, .remote_isn = 0};
    struct paths paths = {0};
    enum mode mode = MODE_PLAIN;
    size_t failed;

    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            if (!parse_argument(argv[i], &o, &mode))
                return usage();
        } else if (!paths_collect(&paths, argv[i], true)) {
            fprintf(stderr, "weft-script: cannot read %s\n", argv[i]);
            return 2;
        }
    }
    if (paths.n == 0)
        return usage();
    qsort(paths.path, paths.n, sizeof(*paths.path), by_name);
    catch_signals();
    failed = run_all(&paths, &o, mode);
    for (size_t i = 0; i < paths.n; i++)
        free(paths.path[i]);
    free(paths.path);
    return failed ? 1 : 0;
}
