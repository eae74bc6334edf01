/* SPDX-License-Identifier: MIT */
/* See filter.h. */
#include "core/filter.h"

bool filter_is_option(int level, int option)
{
    return level == WEFT_SOL_SOCKET && (option == WEFT_SO_ATTACH_FILTER || option == WEFT_SO_DETACH_FILTER ||
                                        option == WEFT_SO_LOCK_FILTER || filter_is_choice(option));
}

bool filter_is_choice(int option)
{
    return option == WEFT_SO_ATTACH_REUSEPORT_CBPF || option == WEFT_SO_DETACH_REUSEPORT_BPF;
}

void filter_inherit_choice(struct filter *heir, struct mem *m, const struct filter *leaving)
{
    if (!leaving->choice || (heir->choice && heir->chosen_at > leaving->chosen_at))
        return;
    bpf_free(m, heir->choice);
    heir->choice = bpf_share(leaving->choice);
    heir->chosen_at = leaving->chosen_at;
}

void filter_share(struct filter *f)
{
    bpf_share(f->program);
    bpf_share(f->choice);
}

void filter_release(struct filter *f, struct mem *m)
{
    bpf_free(m, f->program);
    bpf_free(m, f->choice);
    f->program = f->choice = NULL;
}

static int set_choice(struct filter *f, struct mem *m, int option, const void *value, size_t n)
{
    struct bpf *choice = NULL;
    int err = 0;

    if (option == WEFT_SO_ATTACH_REUSEPORT_CBPF)
        choice = bpf_new(m, value, n, &err);
    else if (!f->choice)
        err = WEFT_ENOENT;
    if (err)
        return err;
    bpf_free(m, f->choice);
    f->choice = choice;
    return 0;
}

/* There is no way back. */
static int lock(struct filter *f, const void *value, size_t n)
{
    int v;

    if (n < sizeof v)
        return WEFT_EINVAL;
    memcpy(&v, value, sizeof v);
    if (f->locked && !v)
        return WEFT_EPERM;
    f->locked = v != 0;
    return 0;
}

int filter_set(struct filter *f, struct mem *m, int option, const void *value, size_t n)
{
    struct bpf *program = NULL;
    int err = 0;

    if (filter_is_choice(option))
        return set_choice(f, m, option, value, n);
    if (option == WEFT_SO_LOCK_FILTER)
        return lock(f, value, n);
    if (f->locked)
        err = WEFT_EPERM;
    else if (option == WEFT_SO_ATTACH_FILTER)
        program = bpf_new(m, value, n, &err);
    else if (!f->program)
        err = WEFT_ENOENT;
    if (err)
        return err;
    bpf_free(m, f->program);
    f->program = program;
    return 0;
}

int filter_get(const struct filter *f, int option, void *value, size_t *n)
{
    size_t size = f->program ? f->program->n * sizeof f->program->code[0] : 0;
    int locked = f->locked;

    if (option == WEFT_SO_DETACH_FILTER || filter_is_choice(option))
        return WEFT_ENOPROTOOPT;
    if (option == WEFT_SO_LOCK_FILTER) {
        *n = min_size(*n, sizeof locked);
        memcpy(value, &locked, *n);
        return 0;
    }
    if (*n < size)
        return WEFT_EINVAL;
    *n = size;
    if (size)
        memcpy(value, f->program->code, size);
    return 0;
}

bool filter_keeps(const struct filter *f, struct weft_pkt *pkt, uint32_t least)
{
    uint32_t keep = f->program ? bpf_run(f->program, pkt) : UINT32_MAX;

    if (keep == 0)
        return false;
    if (max_u32(keep, least) < pkt_total(pkt))
        pkt_trim(pkt, max_u32(keep, least));
    return true;
}
