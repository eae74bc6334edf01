/* SPDX-License-Identifier: MIT */
/* TCP Fast Open; see fastopen.h. */
#include "tcp/fastopen.h"

#include "wire/ip.h"

#define WAYS       4
#define ALL        (FASTOPEN_SETS * WAYS)
#define MOST_DOUBT 10 /* doublings of a minute */

static uint64_t little(const uint8_t *p)
{
    uint64_t v = 0;

    for (unsigned i = 8; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

struct sip_key fastopen_key(const uint8_t bytes[16]) { return (struct sip_key){little(bytes), little(bytes + 8)}; }

/* Of both addresses as they stand on the wire. */
void fastopen_cookie(struct sip_key key, const struct weft_ip *client, const struct weft_ip *server,
                     uint8_t cookie[FASTOPEN_COOKIE])
{
    size_t n = ip_is_v4(client) ? 4 : 16;
    uint8_t input[32];
    uint64_t hash;

    memcpy(input, client->b + 16 - n, n);
    memcpy(input + n, server->b + 16 - n, n);
    hash = siphash24(key, input, 2 * n);
    for (unsigned i = 0; i < FASTOPEN_COOKIE; i++)
        cookie[i] = (uint8_t)(hash >> 8 * i);
}

static struct fastopen_server *set_of(const struct fastopen_memory *m, struct sip_key key, const struct weft_ip *ip)
{
    return m->server + siphash13(key, ip, sizeof *ip) % FASTOPEN_SETS * WAYS;
}

struct fastopen_server *fastopen_find(const struct fastopen_memory *m, struct sip_key key, const struct weft_ip *ip)
{
    struct fastopen_server *set = m->server ? set_of(m, key, ip) : NULL;

    for (unsigned i = 0; set && i < WAYS; i++)
        if (set[i].used && ip_eq(&set[i].ip, ip))
            return &set[i];
    return NULL;
}

struct fastopen_server *fastopen_learn(struct fastopen_memory *m, struct mem *mem, struct sip_key key,
                                       const struct weft_ip *ip, weft_time now)
{
    struct fastopen_server *s = fastopen_find(m, key, ip), *set;

    if (!m->server) {
        m->server = mem_alloc(mem, MEM_table, ALL * sizeof *m->server);
        if (!m->server)
            return NULL;
        memset(m->server, 0, ALL * sizeof *m->server);
    }
    if (!s) {
        set = s = set_of(m, key, ip);
        for (unsigned i = 1; i < WAYS; i++)
            if (set[i].used < s->used)
                s = &set[i];
        *s = (struct fastopen_server){.ip = *ip};
    }
    s->used = max_u64(now, 1);
    return s;
}

void fastopen_fini(struct fastopen_memory *m, struct mem *mem)
{
    mem_free(mem, MEM_table, m->server, ALL * sizeof *m->server);
    m->server = NULL;
}

void fastopen_lost(struct fastopen_server *s, weft_time now)
{
    s->losses += s->losses < MOST_DOUBT;
    s->lost_at = now;
}

bool fastopen_may_try(const struct fastopen_server *s, weft_time now)
{
    return s->losses < 2 || now - s->lost_at >= (60 * WEFT_S) << s->losses;
}
