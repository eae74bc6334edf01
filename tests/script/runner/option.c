/* SPDX-License-Identifier: MIT */
/* See option.h. */
#include "option.h"

#include "packet.h"

const struct option *option_find(const struct packet *p, enum option_kind kind)
{
    for (size_t i = 0; i < p->n_options; i++)
        if (p->option[i].kind == kind)
            return &p->option[i];
    return NULL;
}

static size_t bytes_of(const struct option *o)
{
    switch (o->kind) {
    case OPT_EOL:
    case OPT_NOP:     return 1;
    case OPT_MSS:     return 4;
    case OPT_WSCALE:  return 3;
    case OPT_SACK_OK: return 2;
    case OPT_SACK:    return 2 + 8u * o->n_blocks;
    case OPT_TS:      return 10;
    case OPT_FO:      return 2 + o->n_hex;
    case OPT_FOEXP:   return 4 + o->n_hex;
    case OPT_HEX:     return o->n_hex;
    }
    return 0;
}

size_t option_bytes(const struct packet *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_options; i++)
        n += bytes_of(&p->option[i]);
    return (n + 3) & ~(size_t)3;
}

/* ---- parsing ---- */

static struct option *option_add(struct scan *s, struct packet *p, enum option_kind kind)
{
    if (p->n_options == PACKET_OPTIONS) {
        scan_fail(s, "too many options");
        p->n_options--;
    }
    p->option[p->n_options] = (struct option){.kind = kind};
    return &p->option[p->n_options++];
}

static bool digit_next(struct scan *s)
{
    return scan_peek(s) >= '0' && scan_peek(s) <= '9';
}

static void parse_sack(struct scan *s, struct option *o)
{
    while (digit_next(s) && o->n_blocks < 4) {
        o->block[o->n_blocks][0] = scan_u32(s);
        scan_expect(s, ":");
        o->block[o->n_blocks++][1] = scan_u32(s);
    }
}

/* A number, or `*`. */
static uint32_t parse_value(struct scan *s, bool *any)
{
    *any = scan_accept(s, "*");
    return *any ? 0 : scan_u32(s);
}

static void parse_timestamp(struct scan *s, struct option *o)
{
    scan_expect(s, "val");
    o->a = parse_value(s, &o->any_a);
    scan_expect(s, "ecr");
    o->b = parse_value(s, &o->any_b);
}

static void parse_cookie(struct scan *s, struct option *o)
{
    o->any_a = scan_accept(s, "*");
    if (!o->any_a && scan_peek(s) != ',' && scan_peek(s) != '>')
        o->n_hex = scan_hex(s, o->hex, 16);
}

/* The signature itself cannot be right: weft has no keys to be told (RFC 2385 is obsolete). */
static void parse_md5(struct scan *s, struct option *o)
{
    o->hex[0] = 19;
    o->hex[1] = 18;
    o->n_hex = 18;
    if (scan_peek(s) == ',' || scan_peek(s) == '>')
        scan_fail(s, "md5 signatures are not computed; give the 16 bytes: md5 HEX");
    else if (scan_hex(s, o->hex + 2, 16) != 16)
        scan_fail(s, "an md5 signature has 16 bytes");
}

static void parse_hex(struct scan *s, struct option *o)
{
    o->n_hex = scan_hex(s, o->hex, sizeof(o->hex));
}

static void parse_mss(struct scan *s, struct option *o)
{
    o->a = scan_number(s, 65535);
}

static void parse_scale(struct scan *s, struct option *o)
{
    o->a = scan_number(s, 255);
}

static const struct {
    const char *word;
    enum option_kind kind;
    void (*parse)(struct scan *s, struct option *o);
} words[] = {
    {"mss", OPT_MSS, parse_mss},
    {"wscale", OPT_WSCALE, parse_scale},
    {"sackOK", OPT_SACK_OK, NULL},
    {"sack", OPT_SACK, parse_sack},
    {"TS", OPT_TS, parse_timestamp},
    {"nop", OPT_NOP, NULL},
    {"eol", OPT_EOL, NULL},
    {"FO", OPT_FO, parse_cookie},
    {"FOEXP", OPT_FOEXP, parse_cookie},
    {"md5", OPT_HEX, parse_md5},
    {"hex", OPT_HEX, parse_hex},
};

static void parse_one(struct scan *s, struct packet *p, bool outbound)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct option *o;

        if (!scan_accept(s, words[i].word))
            continue;
        o = option_add(s, p, words[i].kind);
        if (words[i].parse)
            words[i].parse(s, o);
        if (!outbound && o->kind == OPT_TS && (o->any_a || o->any_b))
            scan_fail(s, "a timestamp `*` makes sense outbound only");
        return;
    }
    scan_fail(s, "an unknown TCP option");
}

void option_parse_all(struct scan *s, struct packet *p, bool outbound)
{
    if (scan_accept(s, "...")) {
        p->any_options = true;
        if (!outbound)
            scan_fail(s, "<...> makes sense outbound only");
    } else if (scan_peek(s) != '>') {
        do
            parse_one(s, p, outbound);
        while (scan_accept(s, ","));
    }
    scan_expect(s, ">");
}

/* ---- printing ---- */

static void print_hex(struct text *t, const struct option *o)
{
    for (size_t i = 0; i < o->n_hex; i++)
        text_add(t, "%02x", o->hex[i]);
}

static void print_value(struct text *t, const char *what, bool any, uint32_t v)
{
    if (any)
        text_add(t, " %s *", what);
    else
        text_add(t, " %s %u", what, v);
}

static void print_cookie(struct text *t, const char *name, const struct option *o)
{
    text_add(t, "%s%s", name, o->any_a ? " *" : o->n_hex ? " " : "");
    print_hex(t, o);
}

static void print_one(struct text *t, const struct option *o)
{
    switch (o->kind) {
    case OPT_EOL:     text_add(t, "eol"); break;
    case OPT_NOP:     text_add(t, "nop"); break;
    case OPT_MSS:     text_add(t, "mss %u", o->a); break;
    case OPT_WSCALE:  text_add(t, "wscale %u", o->a); break;
    case OPT_SACK_OK: text_add(t, "sackOK"); break;
    case OPT_SACK:
        text_add(t, "sack");
        for (unsigned i = 0; i < o->n_blocks; i++)
            text_add(t, " %u:%u", o->block[i][0], o->block[i][1]);
        break;
    case OPT_TS:
        text_add(t, "TS");
        print_value(t, "val", o->any_a, o->a);
        print_value(t, "ecr", o->any_b, o->b);
        break;
    case OPT_FO:    print_cookie(t, "FO", o); break;
    case OPT_FOEXP: print_cookie(t, "FOEXP", o); break;
    case OPT_HEX:
        text_add(t, "hex ");
        print_hex(t, o);
        break;
    }
}

void option_print_all(struct text *t, const struct packet *p)
{
    if (p->any_options) {
        text_add(t, "<...>");
        return;
    }
    for (size_t i = 0; i < p->n_options; i++) {
        text_add(t, i ? "," : "<");
        print_one(t, &p->option[i]);
    }
    if (p->n_options)
        text_add(t, ">");
}

/* ---- comparing ---- */

static bool same_one(const struct option *e, const struct option *s)
{
    if (e->kind != s->kind)
        return false;
    if ((e->kind == OPT_FO || e->kind == OPT_FOEXP) && e->any_a)
        return s->n_hex > 0;
    if ((!e->any_a && e->a != s->a) || (!e->any_b && e->b != s->b) || e->n_blocks != s->n_blocks)
        return false;
    if (memcmp(e->block, s->block, e->n_blocks * sizeof(e->block[0])) != 0)
        return false;
    return e->n_hex == s->n_hex && memcmp(e->hex, s->hex, e->n_hex) == 0;
}

bool option_same_all(const struct packet *e, const struct packet *s)
{
    if (e->any_options)
        return true;
    if (e->n_options != s->n_options)
        return false;
    for (size_t i = 0; i < e->n_options; i++)
        if (!same_one(&e->option[i], &s->option[i]))
            return false;
    return true;
}
