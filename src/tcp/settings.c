/* SPDX-License-Identifier: MIT */
/* Rarely set options, shared; see settings.h. */
#include "tcp/settings.h"

#include "tcp/savedsyn.h"

const struct tcp_settings settings_default = {.owners = 0};

/* A counted block may be written to; the constant one is never reached through this. */
static struct tcp_settings *counted(const struct tcp_settings *s)
{
    weft_assert(s->owners, "the constant block has no owners");
    return (struct tcp_settings *)(uintptr_t)s;
}

const struct tcp_settings *settings_share(const struct tcp_settings *s)
{
    if (s->owners)
        counted(s)->owners++;
    return s;
}

struct tcp_settings *settings_own(const struct tcp_settings **s, struct mem *m)
{
    struct tcp_settings *copy;

    if ((*s)->owners == 1)
        return counted(*s);
    copy = mem_alloc(m, MEM_conn, sizeof *copy);
    if (!copy)
        return NULL;
    *copy = **s;
    copy->owners = 1;
    copy->saved_syn = NULL; /* of which there is one */
    extensions_share(&copy->extensions);
    filter_share(&copy->filter);
    settings_drop(s, m);
    *s = copy;
    return copy;
}

void settings_drop(const struct tcp_settings **s, struct mem *m)
{
    struct tcp_settings *own = (*s)->owners ? counted(*s) : NULL;

    if (own && --own->owners == 0) {
        saved_syn_free(m, own->saved_syn);
        extensions_free(&own->extensions, m);
        filter_release(&own->filter, m);
        mem_free(m, MEM_conn, own, sizeof *own);
    }
    *s = &settings_default;
}
