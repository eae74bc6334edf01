/* SPDX-License-Identifier: MIT */
/* ICMP for IPv4 in tcpdump's words; see print.h. */
#include "wire/icmpv4.h"
#include "wire/print_private.h"

static void v4_print(struct fmt *f, const char *before, uint32_t v4)
{
    struct weft_ip ip = weft_ipv4(v4);

    text_ip_print(f, before, &ip);
}

/* What stands before and after the address, by code. */
static const struct {
    const char *before, *after;
} unreachable_text[] = {
    {"net ", " unreachable"},
    {"host ", " unreachable"},
    {"", " protocol "},
    {"", ""}, /* it depends on the quoted protocol */
    {"", " unreachable - need to frag"},
    {"", " unreachable - source route failed"},
    {"net ", " unreachable - unknown"},
    {"host ", " unreachable - unknown"},
    {"", " unreachable - source host isolated"},
    {"net ", " unreachable - admin prohibited"},
    {"host ", " unreachable - admin prohibited"},
    {"net ", " unreachable - tos prohibited"},
    {"host ", " unreachable - tos prohibited"},
    {"host ", " unreachable - admin prohibited filter"},
    {"host ", " unreachable - host precedence violation"},
    {"host ", " unreachable - precedence cutoff"},
};

static void port_unreachable_print(struct fmt *f, const struct ipv4_header *quoted, uint16_t port)
{
    if (quoted->proto == IP_PROTO_TCP)
        fmt_str(f, " tcp");
    else if (quoted->proto == IP_PROTO_UDP)
        fmt_str(f, " udp");
    else
        num_print(f, " protocol ", quoted->proto);
    num_print(f, " port ", port);
    fmt_str(f, " unreachable");
}

static void unreachable_print(struct fmt *f, const struct icmpv4_header *h, const struct ipv4_header *quoted,
                              uint16_t port)
{
    if (h->code >= ARRAY_LEN(unreachable_text)) {
        v4_print(f, "", quoted->dst);
        num_print(f, " unreachable - #", h->code);
        return;
    }
    v4_print(f, unreachable_text[h->code].before, quoted->dst);
    fmt_str(f, unreachable_text[h->code].after);
    if (h->code == ICMPV4_PROTOCOL_UNREACHABLE) {
        fmt_u64(f, quoted->proto);
        fmt_str(f, " unreachable");
    } else if (h->code == ICMPV4_PORT_UNREACHABLE) {
        port_unreachable_print(f, quoted, port);
    } else if (h->code == ICMPV4_FRAGMENTATION_NEEDED && h->rest.unreachable.next_hop_mtu) {
        num_print(f, " (mtu ", h->rest.unreachable.next_hop_mtu);
        fmt_char(f, ')');
    }
}

static void redirect_print(struct fmt *f, const struct icmpv4_header *h, const struct ipv4_header *quoted)
{
    static const char *const before[] = {"redirect ", "redirect ", "redirect-tos ", "redirect-tos "};
    static const char *const between[] = {" to net ", " to host ", " to net ", " to host "};

    if (h->code < ARRAY_LEN(before)) {
        v4_print(f, before[h->code], quoted->dst);
        v4_print(f, between[h->code], h->rest.word);
    } else {
        num_print(f, "redirect-#", h->code);
        v4_print(f, " ", quoted->dst);
        v4_print(f, " to ", h->rest.word);
    }
}

static void query_print(struct fmt *f, const char *text, const char *id, const char *seq_text,
                        const struct icmpv4_header *h)
{
    fmt_str(f, text);
    num_print(f, id, h->rest.echo.id);
    num_print(f, seq_text, h->rest.echo.seq);
}

static void time_exceeded_print(struct fmt *f, uint8_t code)
{
    if (code == 0)
        fmt_str(f, "time exceeded in-transit");
    else if (code == 1)
        fmt_str(f, "ip reassembly time exceeded");
    else
        num_print(f, "time exceeded-#", code);
}

static void parameter_problem_print(struct fmt *f, const struct icmpv4_header *h)
{
    if (h->code == 0)
        num_print(f, "parameter problem - octet ", h->rest.word >> 24);
    else
        num_print(f, "parameter problem - code ", h->code);
}

/* Everything that needs no look into a quote. */
static void icmp_plain_print(struct fmt *f, const struct icmpv4_header *h)
{
    switch (h->type) {
    case ICMPV4_ECHO:
        query_print(f, "echo request", ", id ", ", seq ", h);
        break;
    case ICMPV4_ECHO_REPLY:
        query_print(f, "echo reply", ", id ", ", seq ", h);
        break;
    case ICMPV4_TIMESTAMP:
        query_print(f, "time stamp query", " id ", " seq ", h);
        break;
    case ICMPV4_TIMESTAMP_REPLY:
        query_print(f, "time stamp reply", " id ", " seq ", h);
        break;
    case ICMPV4_SOURCE_QUENCH:
        fmt_str(f, "source quench");
        break;
    case ICMPV4_TIME_EXCEEDED:
        time_exceeded_print(f, h->code);
        break;
    case ICMPV4_PARAMETER_PROBLEM:
        parameter_problem_print(f, h);
        break;
    default:
        num_print(f, "type-#", h->type);
    }
}

void icmp_print(struct fmt *f, struct reader r, size_t len)
{
    struct icmpv4_header h;
    struct ipv4_header quoted;
    bool parsed = icmpv4_parse(&r, &h);
    bool quotes = parsed && (h.type == ICMPV4_UNREACHABLE || h.type == ICMPV4_REDIRECT);
    uint16_t port = 0;

    if (!parsed || (quotes && !ipv4_read(&r, &quoted))) {
        cut_print(f, "icmp");
        return;
    }
    if (quotes && h.type == ICMPV4_UNREACHABLE && h.code == ICMPV4_PORT_UNREACHABLE) {
        read_u16(&r);
        port = read_u16(&r);
        if (r.bad) {
            cut_print(f, "icmp");
            return;
        }
    }
    fmt_str(f, "ICMP ");
    if (!quotes)
        icmp_plain_print(f, &h);
    else if (h.type == ICMPV4_UNREACHABLE)
        unreachable_print(f, &h, &quoted, port);
    else
        redirect_print(f, &h, &quoted);
    num_print(f, ", length ", len);
}
