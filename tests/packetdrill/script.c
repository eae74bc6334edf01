/* SPDX-License-Identifier: MIT */
/*
 * weft-drill-script: runs scripts through the packetdrill adapter and reports in TAP; see stage.h.
 *
 *     weft-drill-script [--ip_version=ipv4|ipv6|ipv4-mapped-ipv6] [--mtu=N] FILE|DIRECTORY...
 *
 * Each script has a process of its own, as it has with packetdrill.
 */
#include "stage.h"

#include <dlfcn.h>
#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weft/sysctl.h"

#define NOT_FOR_US 77
#define QUESTIONS  (20 * WEFT_US) /* asking for the time takes some; only calls that block make anybody ask */

/* Scripts about the engine's calls where Linux's sockets, which stand between, do otherwise. */
static const struct {
    const char *script, *why;
} exceptions[] = {
    {"socket_of_a_failed_connect_may_listen", "to Linux it is connecting until connect() was told that it has failed"},
    {"second_connect_chooses_its_source_anew", "the second connect() tells how the first one ended"},
    {"second_connect_remembers_nothing_of_the_first", "the second connect() tells how the first one ended"},
    {"connect_twice_is_already_in_progress", "the connect() after the handshake gives 0, and only the next EISCONN"},
};

void stage_fail(struct stage *s, int line, const char *format, ...)
{
    va_list ap;

    printf("# %s:%d: ", s->script->path, line);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    printf("\n");
    fflush(stdout);
    _exit(1);
}

/* ---- time ---- */

static long long ask(struct stage *s)
{
    struct timeval tv;

    s->t.gettimeofday(s->t.userdata, &tv, NULL);
    return tv.tv_sec * 1000000ll + tv.tv_usec;
}

static void sleep_until(struct stage *s, weft_time t)
{
    while (t > s->now) {
        weft_time left = t - s->now < 900 * WEFT_S ? t - s->now : 900 * WEFT_S; /* useconds_t is small */

        s->t.usleep(s->t.userdata, (useconds_t)(left / WEFT_US));
        s->now += left;
    }
}

/* ---- the second thread ---- */

static void *background_run(void *argument)
{
    struct stage *s = argument;
    struct background *b = &s->background;

    b->id = gettid();
    for (;;) {
        pthread_mutex_lock(&b->lock);
        while (!b->event || b->done)
            pthread_cond_wait(&b->work, &b->lock);
        pthread_mutex_unlock(&b->lock);
        stage_call(s, b->event);
        b->ended = (weft_time)(ask(s) - s->start) * WEFT_US;
        b->done = true;
    }
    return NULL;
}

static bool background_sleeps(const struct background *b)
{
    char path[64], text[256], *state;
    FILE *f;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)b->id);
    f = fopen(path, "r");
    if (!f)
        return false;
    state = fgets(text, sizeof text, f) ? strrchr(text, ')') : NULL;
    fclose(f);
    return state && state[2] == 'S';
}

/* The blocking call that is on its way ends at its time, or has ended. */
static void background_await(struct stage *s)
{
    struct background *b = &s->background;
    const struct event *e = b->event;

    if (!e)
        return;
    sleep_until(s, b->until + QUESTIONS);
    for (int i = 0; !b->done; i++) {
        if (i == 2000)
            stage_fail(s, e->line, "%s() still blocks", e->call.name);
        usleep(1000);
    }
    if (b->ended + s->tolerance < b->until || b->ended > b->until + s->tolerance)
        stage_fail(s, e->line, "%s() returned at %.6f, expected %.6f", e->call.name, (double)b->ended / 1e9,
                   (double)b->until / 1e9);
    b->event = NULL;
}

static void background_begin(struct stage *s, const struct event *e)
{
    struct background *b = &s->background;

    if (!b->id) {
        pthread_mutex_init(&b->lock, NULL);
        pthread_cond_init(&b->work, NULL);
        if (pthread_create(&b->thread, NULL, background_run, s) != 0)
            abort();
        while (!b->id)
            usleep(100);
    }
    b->until = s->base + (e->when.hi - e->when.lo);
    pthread_mutex_lock(&b->lock);
    b->done = false;
    b->event = e;
    pthread_cond_signal(&b->work);
    pthread_mutex_unlock(&b->lock);
    usleep(200);
    while (!b->done && !background_sleeps(b))
        usleep(100);
}

/* ---- events ---- */

static void go_to(struct stage *s, const struct event *e)
{
    weft_time t = (e->when.relative ? s->base : 0) + e->when.lo;

    s->base = t;
    sleep_until(s, t);
}

static void run_event(struct stage *s, const struct event *e)
{
    switch (e->kind) {
    case EVENT_OUT:
        stage_out(s, e);
        break;
    case EVENT_IN:
        go_to(s, e);
        stage_in(s, e);
        break;
    case EVENT_CALL:
        background_await(s);
        go_to(s, e);
        if (e->when.blocking)
            background_begin(s, e);
        else
            stage_call(s, e);
        break;
    case EVENT_SKIP:
        s->base += e->amount;
        s->skip_until = s->base + 1;
        sleep_until(s, s->base);
        break;
    case EVENT_QUIET:
        s->base += e->amount;
        sleep_until(s, s->base);
        break;
    default: /* looks into the stack */
        go_to(s, e);
    }
}

void stage_run(struct stage *s)
{
    s->start = ask(s);
    for (size_t i = 0; i < s->script->n_events; i++)
        run_event(s, &s->script->events[i]);
    background_await(s);
}

/* ---- what is for us ---- */

/* The settings of a script that are Linux's tunables go through files; whatever else it sets is not for us. */
static const char *write_sysctls(const struct config *c, const char *directory)
{
    struct weft_config plain;
    struct weft_sysctl row;
    char path[512], text[WEFT_SYSCTL_TEXT], usual[WEFT_SYSCTL_TEXT];

    weft_config_default(&plain);
    for (size_t i = 0; weft_sysctl_info(i, &row); i++) {
        FILE *f;
        char *slash = path + snprintf(path, sizeof path, "%s/", directory);

        if (row.gone || row.read_only || weft_config_get(&c->stack, row.name, text, sizeof text) != 0 ||
            weft_config_get(&plain, row.name, usual, sizeof usual) != 0 || strcmp(text, usual) == 0)
            continue;
        for (const char *p = row.name; *p; p++) {
            *slash = '\0';
            if (*p == '.')
                mkdir(path, 0700);
            *slash++ = *p == '.' ? '/' : *p;
        }
        *slash = '\0';
        f = fopen(path, "w");
        if (!f)
            return "no file for a tunable";
        fprintf(f, "%s\n", text);
        fclose(f);
        weft_config_set(&plain, row.name, text);
    }
    return memcmp(&plain, &c->stack, sizeof plain) == 0 ? NULL : "settings that are no tunables";
}

static const char *check_fit(struct stage *s)
{
    const struct script *script = s->script;

    if (script->config.epoch)
        return "a clock of its own";
    if (script->config.late)
        return "output that waits until it is asked for";
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (strstr(script->path, exceptions[i].script))
            return exceptions[i].why;
    for (size_t i = 0; i < script->n_events; i++) {
        const struct event *e = &script->events[i];

        s->tolerance += e->when.blocking ? 2 * QUESTIONS : 0;
        if (e->when.lo % WEFT_US)
            return "a time between two microseconds";
        if (e->kind == EVENT_CALL && !stage_knows(e->call.name))
            return e->call.name;
        if (e->kind == EVENT_HOLD || e->kind == EVENT_SETTING || e->kind == EVENT_SHELL)
            return "hold, a tunable that changes on the way, or a command";
        for (size_t o = 0; e->kind == EVENT_IN && o < e->packet.n_options; o++)
            if (e->packet.option[o].kind == OPT_FO || e->packet.option[o].kind == OPT_FOEXP)
                return "a Fast Open cookie that is kept";
    }
    return NULL;
}

/* ---- one script ---- */

static void open_adapter(struct stage *s, const char *sysctls)
{
    const struct config *c = &s->script->config;
    char flags[512], local[WEFT_IP_TEXT], gateway[WEFT_IP_TEXT];
    void *library = dlopen(getenv("WEFT_PACKETDRILL"), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    union {
        void *found;
        void (*call)(const char *, struct packetdrill_interface *);
    } init = {library ? dlsym(library, "packetdrill_interface_init") : NULL};

    if (!init.found) {
        fprintf(stderr, "%s\n", dlerror());
        _exit(1);
    }
    snprintf(flags, sizeof flags, "local=%s/%u,gw=%s,mtu=%u,profile=linux,tso=0,sysctls=%s",
             weft_ip_text(&c->local, local, sizeof local), c->prefix,
             weft_ip_text(&c->gateway, gateway, sizeof gateway), c->mtu, sysctls);
    init.call(flags, &s->t);
}

static char *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "r");
    char *text = malloc(1 << 20);

    if (!f || !text)
        abort();
    *n = fread(text, 1, 1 << 20, f);
    fclose(f);
    return text;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

/* In a process of its own; `directory` is empty. */
static int run_script(const char *path, const char *directory, const char *options)
{
    static struct stage s;
    struct script script;
    char why[512];
    const char *reason;
    size_t n;
    char *text = read_file(path, &n);

    if (!script_parse_with(&script, options, path, text, n, why, sizeof why)) {
        printf("# %s\n", why);
        return 1;
    }
    if (script.is_of_other_version)
        return NOT_FOR_US;
    s = (struct stage){.script = &script};
    if (script.config.tolerance != WEFT_NEVER)
        s.tolerance = script.config.tolerance;
    reason = check_fit(&s);
    if (!reason)
        reason = write_sysctls(&script.config, directory);
    if (reason) {
        printf("# not for the adapter: %s\n", reason);
        return NOT_FOR_US;
    }
    open_adapter(&s, directory);
    stage_run(&s);
    s.t.free(s.t.userdata);
    return 0;
}

static int run_in_child(const char *path, const char *options)
{
    char directory[] = "/tmp/weft-drill-XXXXXX";
    int status = 0;
    pid_t child;

    if (!mkdtemp(directory))
        abort();
    fflush(NULL);
    child = fork();
    if (child == 0) {
        alarm(60);
        status = run_script(path, directory, options);
        fflush(NULL);
        _exit(status);
    }
    waitpid(child, &status, 0);
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* ---- all scripts ---- */

static char options[512];
static unsigned number, failed, others;

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    size_t n = strlen(path);
    int status;

    (void)st, (void)ftw;
    if (type != FTW_F || n < 4 || strcmp(path + n - 4, ".pkt") != 0)
        return 0;
    status = run_in_child(path, options);
    if (status == NOT_FOR_US) {
        others++;
        return 0;
    }
    printf("%s %u - %s\n", status ? "not ok" : "ok", ++number, path);
    failed += status != 0;
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-')
            snprintf(options + strlen(options), sizeof options - strlen(options), "%s\n", argv[i]);
        else
            nftw(argv[i], visit, 16, FTW_PHYS);
    }
    printf("1..%u\n# %u scripts are not for the adapter\n", number, others);
    return failed > 0;
}
