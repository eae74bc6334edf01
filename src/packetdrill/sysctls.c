/* SPDX-License-Identifier: MIT */
/* See sysctls.h. weft's own table says which files are worth a look; the kernel's hundreds of others are not ours. */
#include "packetdrill/sysctls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/sysctl.h"

#define PASSES 2 /* tunables may be at odds with one another until both are set */

/* One per row of weft's table. */
struct seen {
    char text[WEFT_SYSCTL_TEXT]; /* as last read */
    bool due;                    /* read, and not set yet */
    bool told;                   /* of a value that weft will not take */
};

/*
 * What weft has no tunable for, and what Linux has where nobody sets it: whoever sets another one in a script is told.
 * Those that a script cannot see the effect of (hash tables, locks, queues of the machine) are not here.
 */
static const struct {
    const char *name, *usual;
} lacking[] = {
    {"net.ipv4.tcp_autocorking", "1"},
    {"net.ipv4.tcp_fastopen_blackhole_timeout_sec", "0"},
    {"net.ipv4.tcp_fastopen_key", "00000000-00000000-00000000-00000000"},
    {"net.ipv4.tcp_min_rtt_wlen", "300"},
    {"net.ipv4.tcp_pingpong_thresh", "1"},
    {"net.ipv4.tcp_reflect_tos", "0"},
    {"net.ipv4.tcp_retrans_collapse", "1"},
    {"net.ipv4.tcp_shrink_window", "0"},
    {"net.ipv4.tcp_stdurg", "0"},
    {"net.ipv4.tcp_thin_linear_timeouts", "0"},
    {"net.ipv4.tcp_tso_win_divisor", "3"},
    {"net.ipv4.tcp_tw_reuse_delay", "1000"},
    {"net.ipv4.tcp_workaround_signed_windows", "0"},
};

#define LACKING (sizeof lacking / sizeof *lacking)

struct sysctl_memory {
    bool told[LACKING];
    size_t n;
    struct seen seen[];
};

struct sysctl_memory *sysctls_new(void)
{
    struct weft_sysctl row;
    struct sysctl_memory *m;
    size_t n = 0;

    while (weft_sysctl_info(n, &row))
        n++;
    m = calloc(1, sizeof *m + n * sizeof *m->seen);
    if (m)
        m->n = n;
    return m;
}

void sysctls_free(struct sysctl_memory *m)
{
    free(m);
}

/* DIRECTORY/net/ipv4/tcp_rmem holds net.ipv4.tcp_rmem. False when there is no such file, or it is not for us. */
static bool read_text(const char *directory, const char *name, char *text, size_t n)
{
    char path[512];
    size_t length = (size_t)snprintf(path, sizeof path, "%s/", directory);
    FILE *f;
    bool got;

    for (; *name && length < sizeof path - 1; name++)
        path[length++] = *name == '.' ? '/' : *name;
    path[length] = '\0';
    f = fopen(path, "re");
    if (!f)
        return false;
    got = fgets(text, (int)n, f) != NULL;
    fclose(f);
    text[strcspn(text, "\n")] = '\0';
    return got;
}

static void look(const struct drill *d, const struct weft_sysctl *row, struct seen *seen)
{
    char text[WEFT_SYSCTL_TEXT];

    if (row->gone || row->read_only || !read_text(d->settings.sysctls, row->name, text, sizeof text))
        return;
    seen->due = strcmp(text, seen->text) != 0;
    strcpy(seen->text, text);
}

static void set(struct drill *d, const struct weft_sysctl *row, struct seen *seen, bool last)
{
    int err = weft_sysctl_set(d->stack, row->name, seen->text);

    seen->due = err != 0 && !last;
    if (err == 0 || !last || seen->told)
        return;
    seen->told = true;
    fprintf(stderr, "libweft-packetdrill: weft cannot have %s=\"%s\": %s; it keeps its own\n", row->name, seen->text,
            weft_strerror(err));
}

static void look_for_lacking(const struct drill *d)
{
    char text[WEFT_SYSCTL_TEXT];

    for (size_t i = 0; i < LACKING; i++) {
        if (d->sysctls->told[i] || !read_text(d->settings.sysctls, lacking[i].name, text, sizeof text) ||
            strcmp(text, lacking[i].usual) == 0)
            continue;
        d->sysctls->told[i] = true;
        fprintf(stderr, "libweft-packetdrill: weft has no %s: \"%s\" changes nothing\n", lacking[i].name, text);
    }
}

void sysctls_read(struct drill *d)
{
    struct sysctl_memory *m = d->sysctls;
    struct weft_sysctl row;

    if (!d->settings.sysctls[0])
        return;
    look_for_lacking(d);
    for (size_t i = 0; i < m->n && weft_sysctl_info(i, &row); i++)
        look(d, &row, &m->seen[i]);
    for (int pass = 1; pass <= PASSES; pass++)
        for (size_t i = 0; i < m->n && weft_sysctl_info(i, &row); i++)
            if (m->seen[i].due)
                set(d, &row, &m->seen[i], pass == PASSES);
}
