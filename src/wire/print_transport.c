/* SPDX-License-Identifier: MIT */
/* UDP and TCP in tcpdump's words; see print.h. */
#include "wire/ip.h"
#include "wire/option.h"
#include "wire/print_private.h"
#include "wire/tcp.h"
#include "wire/udp.h"

/* "10.9.0.2.7 > 10.9.0.1.34012: ", with the ports that r sees; without them when it does not. */
static void ports_print(struct fmt *f, const struct print_ends *ends, struct reader r)
{
    uint16_t src = read_u16(&r);
    uint16_t dst = read_u16(&r);

    if (r.bad && ends->said)
        return;
    if (r.bad) {
        hosts_print(f, ends);
        return;
    }
    if (!ends->said)
        text_ip_print(f, "", &ends->src);
    num_print(f, ends->said ? "" : ".", src);
    fmt_str(f, " > ");
    if (!ends->said)
        text_ip_print(f, "", &ends->dst);
    num_print(f, ends->said ? "" : ".", dst);
    fmt_str(f, ": ");
}

void udp_print(struct fmt *f, const struct print_ends *ends, struct reader r, size_t len)
{
    struct udp_header h;

    ports_print(f, ends, r);
    if (len < UDP_HEADER && reader_left(&r) >= 4) {
        num_print(f, "truncated-udp ", len);
    } else if (!udp_parse(&r, &h)) {
        cut_print(f, "udp");
    } else if (h.len < UDP_HEADER) {
        num_print(f, "truncated-udplength ", h.len);
    } else if (h.len > len && !ends->more) {
        num_print(f, "UDP, bad length ", h.len - UDP_HEADER);
        num_print(f, " > ", len - UDP_HEADER);
    } else {
        num_print(f, "UDP, length ", h.len - UDP_HEADER);
    }
}

static void tcp_flags_print(struct fmt *f, uint16_t flags)
{
    static const char letters[] = "FSRP.UEWe";

    fmt_str(f, "Flags [");
    if (flags == 0)
        fmt_str(f, "none");
    for (unsigned i = 0; i < sizeof letters - 1; i++) {
        if (flags >> i & 1)
            fmt_char(f, letters[i]);
    }
    fmt_char(f, ']');
}

static void sack_print(struct fmt *f, const struct option *o)
{
    struct reader r = reader(o->body, o->len - 2u);

    if (reader_left(&r) % 8 != 0) {
        fmt_str(f, "sack invalid sack");
        return;
    }
    num_print(f, "sack ", reader_left(&r) / 8);
    fmt_char(f, ' ');
    while (reader_left(&r) > 0) {
        num_print(f, "{", read_u32(&r));
        num_print(f, ":", read_u32(&r));
        fmt_char(f, '}');
    }
}

static void unknown_option_print(struct fmt *f, const struct option *o)
{
    num_print(f, "unknown-", o->kind);
    if (o->len > 2)
        fmt_str(f, " 0x");
    for (unsigned i = 0; i + 2 < o->len; i++)
        fmt_hex(f, o->body[i], 2);
}

/* The kinds that we speak; one of a wrong length counts as unknown, as it does for tcp_parse. */
static void tcp_option_print(struct fmt *f, const struct option *o)
{
    if (o->kind == OPTION_EOL) {
        fmt_str(f, "eol");
    } else if (o->kind == OPTION_NOP) {
        fmt_str(f, "nop");
    } else if (o->kind == TCP_KIND_MSS && o->len == TCP_LEN_MSS) {
        num_print(f, "mss ", peek_u16(o->body));
    } else if (o->kind == TCP_KIND_WSCALE && o->len == TCP_LEN_WSCALE) {
        num_print(f, "wscale ", o->body[0]);
    } else if (o->kind == TCP_KIND_SACK_PERMITTED && o->len == TCP_LEN_SACK_PERMITTED) {
        fmt_str(f, "sackOK");
    } else if (o->kind == TCP_KIND_SACK) {
        sack_print(f, o);
    } else if (o->kind == TCP_KIND_TS && o->len == TCP_LEN_TS) {
        num_print(f, "TS val ", peek_u32(o->body));
        num_print(f, " ecr ", peek_u32(o->body + 4));
    } else {
        unknown_option_print(f, o);
    }
}

/* r sees what was captured of the option area. False when the line ends here: the rest is missing, or nonsense. */
static bool tcp_options_print(struct fmt *f, struct reader r, bool cut)
{
    const char *separator = "";
    struct option o;

    fmt_str(f, ", options [");
    while (option_next(&r, &o)) {
        fmt_str(f, separator);
        tcp_option_print(f, &o);
        separator = ",";
    }
    if (!cut && !r.bad) {
        fmt_char(f, ']');
        return true;
    }
    fmt_str(f, separator);
    if (cut) {
        cut_print(f, "tcp");
    } else {
        fmt_str(f, "[bad opt]");
        fmt_str(f, *separator ? "]" : "");
    }
    return false;
}

/* ", seq 1:11, ack 2, win 65535, urg 5" */
static void tcp_numbers_print(struct fmt *f, const struct tcp_header *h, size_t len)
{
    if (len > 0 || h->flags & (TCP_SYN | TCP_FIN | TCP_RST))
        num_print(f, ", seq ", h->seq.v);
    if (len > 0)
        num_print(f, ":", seq_add(h->seq, (uint32_t)len).v);
    if (h->flags & TCP_ACK)
        num_print(f, ", ack ", h->ack.v);
    num_print(f, ", win ", h->window);
    if (h->flags & TCP_URG)
        num_print(f, ", urg ", h->urgent);
}

static void tcp_bad_offset_print(struct fmt *f, const struct tcp_header *h, size_t len)
{
    if (h->header_len < TCP_HEADER) {
        num_print(f, " tcp ", len - h->header_len);
        num_print(f, " [bad hdr length ", h->header_len);
        num_print(f, " - too short, < ", TCP_HEADER);
    } else {
        tcp_flags_print(f, h->flags);
        num_print(f, " [bad hdr length ", h->header_len);
        num_print(f, " - too long, > ", len);
    }
    fmt_char(f, ']');
}

void tcp_print(struct fmt *f, const struct print_ends *ends, struct reader r, size_t len)
{
    struct reader options = r;
    struct tcp_options unused;
    struct tcp_header h;
    enum tcp_verdict verdict = tcp_parse(&r, len, &h, &unused);
    size_t seen;

    ports_print(f, ends, options);
    if (!read_bytes(&options, TCP_HEADER)) {
        cut_print(f, "tcp");
        return;
    }
    if (verdict == TCP_BAD_OFFSET) {
        tcp_bad_offset_print(f, &h, len);
        return;
    }
    len -= h.header_len;
    tcp_flags_print(f, h.flags);
    tcp_numbers_print(f, &h, len);
    seen = min_size(reader_left(&options), h.header_len - TCP_HEADER);
    if (h.header_len > TCP_HEADER && !tcp_options_print(f, reader(options.p, seen), verdict == TCP_SHORT))
        return;
    num_print(f, ", length ", len);
}
