/* SPDX-License-Identifier: MIT */
/*
 * The messages of neighbour discovery and their options on any bytes. The first byte selects a message, and whether its
 * options are made to follow each other, and to be of kinds and lengths that are known.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/nd.h"

#define LONGEST_NAME 64 /* bytes with the zero: less than what an option may hold */

static void check(bool truth)
{
    if (!truth)
        abort();
}

/* ---- options ---- */

static void prefix_feed(const struct nd_option *o)
{
    struct nd_prefix p;
    struct weft_ip network;

    if (!nd_prefix_parse(o, &p))
        return;
    network = ip_network(&p.prefix, p.bits);
    check(o->len == 32 && p.bits <= 128 && memcmp(&network, &p.prefix, sizeof network) == 0);
}

static void servers_feed(const struct nd_option *o)
{
    const uint8_t *servers;
    uint32_t lifetime;
    unsigned n;

    if (nd_rdnss_parse(o, &lifetime, &servers, &n))
        check(n >= 1 && servers == o->body + 6 && servers + 16u * n == o->body + o->len - 2);
}

/* Every name ends, has room, and is made of what names are made of; and there are no more of them than bytes. */
static void domains_feed(const struct nd_option *o)
{
    char text[LONGEST_NAME + 1];
    struct reader names;
    uint32_t lifetime;
    size_t n, count = 0;
    bool bad = false;

    if (!nd_dnssl_parse(o, &lifetime, &names))
        return;
    text[LONGEST_NAME] = '!';
    for (; nd_domain_next(&names, text, LONGEST_NAME, &bad); count++) {
        n = strlen(text);
        check(!bad && n > 0 && n < LONGEST_NAME && text[0] != '.' && text[n - 1] != '.');
        check(strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n);
    }
    check(text[LONGEST_NAME] == '!' && count < o->len && names.p <= names.end);
}

static void option_feed(const struct nd_option *o)
{
    uint32_t mtu = nd_mtu_parse(o);

    check(mtu == 0 || o->len == 8);
    prefix_feed(o);
    servers_feed(o);
    domains_feed(o);
}

/* Options lie inside, one behind the other, up to the end or to the bad one. */
static void options_feed(struct reader r)
{
    const uint8_t *at = r.p, *mac = nd_option_mac(r, ND_SOURCE_MAC), *nonce = nd_option_nonce(r), *end = r.end;
    bool sound = nd_options_sound(r);
    struct nd_option o;

    check(!mac || (mac >= at + 2 && mac + 6 <= end));
    check(!nonce || (nonce >= at + 2 && nonce + 6 <= end));
    while (nd_option_next(&r, &o)) {
        check(o.len >= 8 && o.len % 8 == 0 && o.body == at + 2 && at + o.len <= end);
        at += o.len;
        check(r.p == at);
        option_feed(&o);
    }
    check(r.p == end && sound == !r.bad && sound == (at == end));
}

static void mend_options(uint8_t *p, size_t n)
{
    static const uint8_t known[] = {ND_SOURCE_MAC, ND_TARGET_MAC, ND_PREFIX, ND_REDIRECTED,
                                    ND_MTU, ND_NONCE, ND_RDNSS, ND_DNSSL};

    for (size_t at = 0; n - at >= 8; at += min_size(8u * p[at + 1], n - at)) {
        p[at] = known[p[at] % sizeof known];
        p[at + 1] = (uint8_t)(p[at] == ND_PREFIX ? 4 : 1 + p[at + 1] % 8);
        for (size_t i = 8; p[at] == ND_DNSSL && i < min_size(8u * p[at + 1], n - at); i++)
            p[at + i] = p[at + i] < 128 ? p[at + i] % 8 : (uint8_t)('a' + p[at + i] % 26); /* lengths, and letters */
    }
}

/* ---- messages ---- */

static void advert_feed(struct reader r)
{
    struct nd_advert a;
    const uint8_t *p = r.p;
    bool there = reader_left(&r) >= ND_RA_LEN - 4;

    check(nd_advert_parse(&r, &a) == there);
    if (!there)
        return;
    check(r.p == p + ND_RA_LEN - 4 && a.hop_limit == p[0] && a.lifetime == peek_u16(p + 2));
    options_feed(r);
}

static void neighbour_feed(struct reader r)
{
    uint8_t out[ND_NS_LEN];
    struct writer w = writer(out, sizeof out);
    struct nd_neighbour m;
    const uint8_t *p = r.p;
    bool there = reader_left(&r) >= ND_NS_LEN - 4;

    check(nd_neighbour_parse(&r, &m) == there);
    if (!there)
        return;
    nd_neighbour_emit(&w, ICMPV6_NEIGHBOUR_ADVERT, &m);
    check(!w.bad && (p[0] & 0xe0) == out[4] && (ip_is_zoned(&m.target) || memcmp(out + 8, p + 4, 16) == 0));
    options_feed(r);
}

static void redirect_feed(struct reader r)
{
    uint8_t out[ND_REDIRECT_LEN];
    struct writer w = writer(out, sizeof out);
    struct nd_redirect m;
    const uint8_t *p = r.p;
    bool there = reader_left(&r) >= ND_REDIRECT_LEN - 4;

    check(nd_redirect_parse(&r, &m) == there);
    if (!there)
        return;
    nd_redirect_emit(&w, &m);
    check(!w.bad && (ip_is_zoned(&m.target) || memcmp(out + 8, p + 4, 16) == 0) &&
          (ip_is_zoned(&m.dst) || memcmp(out + 24, p + 20, 16) == 0));
    options_feed(r);
}

static void feed(const uint8_t *p, size_t n, unsigned message)
{
    struct reader r = reader(p, n);

    switch (message) {
    case 0: advert_feed(r); break;
    case 1: neighbour_feed(r); break;
    case 2: redirect_feed(r); break;
    default: options_feed(r); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t fixed[] = {ND_RA_LEN - 4, ND_NS_LEN - 4, ND_REDIRECT_LEN - 4, 0};
    unsigned message;
    uint8_t *copy;

    if (size < 2)
        return 0;
    message = data[0] & 3;
    copy = malloc(size);
    check(copy != NULL);
    memcpy(copy, data + 1, size - 1);
    if (data[0] & 4 && size - 1 > fixed[message])
        mend_options(copy + fixed[message], size - 1 - fixed[message]);
    feed(copy, size - 1, message);
    free(copy);
    return 0;
}
