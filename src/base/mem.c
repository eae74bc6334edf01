/* SPDX-License-Identifier: MIT */
/*
 * Counted memory and slabs; mem.h states what is counted and when.
 *
 * A chunk is a header, then per_chunk objects. An object that was never handed out is not touched and in no list
 * (`fresh` counts up to it), so that a chunk costs page faults only as it fills. A free object's first word links to
 * the next free one.
 *
 * Invariants of a chunk:
 *   it is in `partial` when 0 < used < per_chunk, in `full` when used == per_chunk, in `idle` when used == 0; but one
 *   that was alone in `partial` when its last object was freed stays there, as the last: what comes and goes one by
 *   one shall not move a chunk each time;
 *   used <= fresh <= per_chunk; the free list has fresh - used objects.
 */
#include "base/mem.h"

#define OBJECT_ALIGN 16u
#define SLAB_ALIGN   8u  /* of objects in slabs: records count every byte */
#define OBJECT_MAX   ((size_t)1 << 26) /* so that sixteen of them still fit a chunk_size of 32 bits */

struct slab_chunk {
    _Alignas(OBJECT_ALIGN) struct list link; /* which also makes the header's size a multiple of it */
    void *free;     /* the object freed last, or NULL */
    uint32_t used;  /* live objects */
    uint32_t fresh; /* objects handed out at least once; those after them are untouched */
};

/* Under AddressSanitizer free objects are out of bounds, so that a use after free is seen here as it is with malloc. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEM_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define MEM_SANITIZED 1
#endif
#ifdef MEM_SANITIZED
void __asan_poison_memory_region(const volatile void *p, size_t n);
void __asan_unpoison_memory_region(const volatile void *p, size_t n);
#endif

static void object_hide(void *p, size_t n)
{
#ifdef MEM_SANITIZED
    __asan_poison_memory_region(p, n);
#else
    (void)p, (void)n;
#endif
}

static void object_show(void *p, size_t n)
{
#ifdef MEM_SANITIZED
    __asan_unpoison_memory_region(p, n);
#else
    (void)p, (void)n;
#endif
}

static const char *const class_text[] = {
#define X(name, text, eighths) text,
    MEM_CLASSES(X)
#undef X
};

const char *mem_class_text(enum mem_class c)
{
    return (size_t)c < ARRAY_LEN(class_text) ? class_text[c] : "?";
}

size_t mem_bound(const struct mem *m, enum mem_class c)
{
    static const uint8_t eighths[] = {
#define X(name, text, n) n,
        MEM_CLASSES(X)
#undef X
    };

    return eighths[c] == 8 ? m->limit : m->limit / 8 * eighths[c];
}

static size_t size_up(size_t size)
{
    return (max_size(size, 1) + OBJECT_ALIGN - 1) & ~(size_t)(OBJECT_ALIGN - 1);
}

static bool mem_refused(const struct mem *m)
{
    return unlikely(m->refuse != NULL) && m->refuse(m->ctx);
}

static void mem_give_back(struct mem *m, void *p, size_t size)
{
    weft_assert(m->total >= size, "what is given back was counted when it was taken");
    m->total -= size;
    m->free(m->ctx, p, size);
}

/* Gives the idle chunks of one slab back, and what is at hand before that. */
static void slab_trim(struct slab *s)
{
    struct slab_chunk *last;

    while (s->n_hand)
        slab_put(s, s->hand[--s->n_hand]);
    last = container_of(s->partial.prev, struct slab_chunk, link);
    if (!list_empty(&s->partial) && last->used == 0) {
        list_remove(&last->link);
        list_push_front(&s->idle, &last->link);
    }
    while (!list_empty(&s->idle)) {
        struct slab_chunk *chunk = container_of(list_pop_front(&s->idle), struct slab_chunk, link);

        object_show(chunk, s->chunk_size);
        mem_give_back(s->mem, chunk, s->chunk_size);
    }
    s->n_idle = 0;
}

/* From the environment, within what the owner may take. */
static void *mem_try(const struct mem *m, enum mem_class c, size_t size, size_t align)
{
    size_t bound = mem_bound(m, c);

    if (m->limit && (m->total > bound || size > bound - m->total))
        return NULL;
    return m->alloc(m->ctx, size, align);
}

/* The same, counted in total; when there is no more, idle chunks go first. */
static void *mem_take(struct mem *m, enum mem_class c, size_t size, size_t align)
{
    void *p = mem_try(m, c, size, align);

    if (!p) {
        for (struct slab *s = m->slabs; s; s = s->next)
            slab_trim(s);
        p = mem_try(m, c, size, align);
    }
    if (!p)
        return NULL;
    weft_assert(((uintptr_t)p & (align - 1)) == 0, "weft_env.alloc promises the alignment asked for");
    m->total += size;
    m->peak = max_size(m->peak, m->total);
    return p;
}

void *mem_alloc(struct mem *m, enum mem_class c, size_t size)
{
    void *p;

    if (size > SIZE_MAX - OBJECT_ALIGN || mem_refused(m))
        return NULL;
    size = size_up(size);
    p = mem_take(m, c, size, OBJECT_ALIGN);
    if (p)
        m->live[c] += size;
    return p;
}

void mem_free(struct mem *m, enum mem_class c, void *p, size_t size)
{
    if (!p)
        return;
    size = size_up(size);
    weft_assert(m->live[c] >= size, "freed under the class and size it was allocated with");
    m->live[c] -= size;
    mem_give_back(m, p, size);
}

/* Doubles the chunk until less than an eighth of it is waste: at the latest when it holds more than eight objects. */
void slab_init(struct slab *s, struct mem *m, enum mem_class c, size_t object_size)
{
    size_t object, chunk = WEFT_CHUNK, n;

    weft_assert(object_size <= OBJECT_MAX, "slabs are for records and packets, not for buffers");
    object = (max_size(object_size, 1) + SLAB_ALIGN - 1) & ~(size_t)(SLAB_ALIGN - 1);
    for (;; chunk *= 2) {
        n = (chunk - sizeof(struct slab_chunk)) / object;
        if ((chunk - n * object) * 8 < chunk)
            break;
    }
    *s = (struct slab){.mem = m, .next = m->slabs, .class = c};
    s->object_size = (uint32_t)object;
    s->chunk_size = (uint32_t)chunk;
    s->per_chunk = (uint32_t)n;
    s->share = (uint32_t)(chunk / n);
    list_init(&s->partial);
    list_init(&s->full);
    list_init(&s->idle);
    m->slabs = s;
}

void slab_keep_at_hand(struct slab *s)
{
#ifndef MEM_SANITIZED
    if (!s->mem->refuse)
        s->most_hand = min_u32(SLAB_HAND, SLAB_HAND_BYTES / s->object_size);
#else
    (void)s;
#endif
}

void slab_fini(struct slab *s)
{
    struct slab **at = &s->mem->slabs;

    weft_assert(slab_live(s) == 0, "the owner of a slab frees its objects first");
    slab_trim(s);
    while (*at != s) {
        weft_assert(*at, "slab_init put it in");
        at = &(*at)->next;
    }
    *at = s->next;
}

/* When no chunk has a free object: an idle one, else one from the environment; made the first partial one. */
static struct slab_chunk *chunk_new(struct slab *s)
{
    struct list *idle = list_pop_front(&s->idle);
    struct slab_chunk *chunk = idle ? container_of(idle, struct slab_chunk, link) : NULL;

    s->n_idle -= idle != NULL;
    if (!chunk) {
        chunk = mem_take(s->mem, s->class, s->chunk_size, s->chunk_size);
        if (!chunk)
            return NULL;
        chunk->free = NULL;
        chunk->used = chunk->fresh = 0;
        object_hide(chunk + 1, s->chunk_size - sizeof *chunk);
    }
    list_push_front(&s->partial, &chunk->link);
    return chunk;
}

/* The chunk has a free object. */
static void *chunk_pop(struct slab *s, struct slab_chunk *chunk)
{
    void *object = chunk->free;

    if (likely(object != NULL)) {
        object_show(object, s->object_size);
        chunk->free = *(void **)object;
    } else {
        object = (char *)(chunk + 1) + (size_t)chunk->fresh * s->object_size;
        object_show(object, s->object_size);
        chunk->fresh++;
    }
    return object;
}

void *slab_take(struct slab *s)
{
    struct list *first = s->partial.next;
    struct slab_chunk *chunk;
    void *object;

    if (mem_refused(s->mem))
        return NULL;
    chunk = likely(first != &s->partial) ? container_of(first, struct slab_chunk, link) : chunk_new(s);
    if (unlikely(!chunk))
        return NULL;
    object = chunk_pop(s, chunk);
    if (unlikely(++chunk->used == s->per_chunk)) {
        list_remove(&chunk->link);
        list_push_front(&s->full, &chunk->link);
    }
    s->objects++;
    s->mem->live[s->class] += s->share;
    return object;
}

/* The chunk's last object was freed: it is kept for the next burst, or goes. */
static void chunk_idle(struct slab *s, struct slab_chunk *chunk)
{
    uint32_t kept;

    list_remove(&chunk->link);
    kept = s->n_idle + (container_of(s->partial.prev, struct slab_chunk, link)->used == 0); /* there is another one */
    if (kept && (kept + 1) * (size_t)s->chunk_size > SLAB_IDLE) {
        object_show(chunk, s->chunk_size);
        mem_give_back(s->mem, chunk, s->chunk_size);
        return;
    }
    list_push_front(&s->idle, &chunk->link);
    s->n_idle++;
}

void slab_put(struct slab *s, void *object)
{
    struct slab_chunk *chunk;

    if (!object)
        return;
    chunk = (struct slab_chunk *)((uintptr_t)object & ~((uintptr_t)s->chunk_size - 1));
    weft_assert(chunk->used > 0 && chunk->used <= chunk->fresh, "a live object is in a chunk with live objects");
    *(void **)object = chunk->free;
    chunk->free = object;
    object_hide(object, s->object_size);
    s->objects--;
    s->mem->live[s->class] -= s->share;
    if (unlikely(chunk->used-- == s->per_chunk)) {
        list_remove(&chunk->link);
        list_push_front(&s->partial, &chunk->link);
    }
    if (unlikely(s->partial.next != s->partial.prev) && chunk->used == 0) /* else it is alone there, and stays */
        chunk_idle(s, chunk);
}

size_t mem_live(const struct mem *m, enum mem_class c)
{
    size_t n = m->live[c];

    for (const struct slab *s = m->slabs; s; s = s->next)
        n -= s->class == c ? (size_t)s->n_hand * s->share : 0;
    return n;
}
