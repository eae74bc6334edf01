/* SPDX-License-Identifier: MIT */
/* IPv6 and its extension headers in tcpdump's words; see print.h. */
#include "wire/ipv6.h"
#include "wire/print_private.h"

/* One header of the chain, in front of what it leads to. */
static bool extension_print(struct fmt *f, uint8_t *next, struct reader *r)
{
    const uint8_t *p = read_bytes(r, 8);

    if (*next == IP_PROTO_HOPOPTS)
        fmt_str(f, "HBH ");
    else if (*next == IP_PROTO_DSTOPTS)
        fmt_str(f, "DSTOPT ");
    if (p && *next == IP_PROTO_ROUTING) {
        num_print(f, "RT6 (len=", p[1]);
        num_print(f, ", type=", p[2]);
        num_print(f, ", segleft=", p[3]);
        fmt_str(f, ") ");
    }
    if (!p || !read_bytes(r, (size_t)p[1] * 8)) {
        cut_print(f, "ip6");
        return false;
    }
    *next = p[0];
    return true;
}

/* "frag (1448|552) ": where the piece begins, and how many bytes of the datagram it has. False: nothing more to say. */
static bool fragment_print(struct fmt *f, uint8_t *next, struct reader *r, size_t len, struct print_ends *ends)
{
    struct ipv6_fragment frag;

    if (!ipv6_fragment_parse(r, &frag)) {
        cut_print(f, "frag6");
        return false;
    }
    num_print(f, "frag (", frag.offset);
    num_print(f, "|", len - IPV6_FRAGMENT_HEADER);
    fmt_char(f, ')');
    if (frag.offset)
        return false;
    fmt_char(f, ' ');
    ends->more = frag.more;
    *next = frag.next;
    return true;
}

/* What the chain of headers leads to. r and len stand behind the headers. */
static void upper_print(struct fmt *f, const struct print_ends *ends, uint8_t next, struct reader r, size_t len)
{
    if (next == IP_PROTO_TCP) {
        tcp_print(f, ends, r, len);
    } else if (next == IP_PROTO_UDP) {
        udp_print(f, ends, r, len);
    } else if (next == IP_PROTO_ICMPV6) {
        icmp6_print(f, r, len);
    } else if (next == IP_PROTO_NONE) {
        fmt_str(f, "no next header");
    } else {
        num_print(f, " ip-proto-", next);
        num_print(f, " ", len);
    }
}

/* r sees the payload, of `len` bytes on the wire. */
static void payload_print(struct fmt *f, const struct ipv6_header *h, struct reader r, size_t len)
{
    bool ports = h->next == IP_PROTO_TCP || h->next == IP_PROTO_UDP;
    struct print_ends ends = {h->src, h->dst, false, !ports};
    const uint8_t *start = r.p;
    uint8_t next = h->next;

    if (!ports)
        hosts_print(f, &ends);
    for (unsigned i = 0; i < IPV6_MAX_EXTENSIONS && (ipv6_is_extension(next) || next == IP_PROTO_FRAGMENT); i++) {
        bool go_on = next == IP_PROTO_FRAGMENT
                         ? fragment_print(f, &next, &r, len - (size_t)(r.p - start), &ends)
                         : extension_print(f, &next, &r);

        if (!go_on)
            return;
    }
    upper_print(f, &ends, next, r, len - min_size(len, (size_t)(r.p - start)));
}

void ipv6_print(struct fmt *f, struct reader r, size_t len)
{
    struct ipv6_header h;

    fmt_str(f, "IP6 ");
    if (!ipv6_read(&r, &h)) {
        cut_print(f, "ip6");
        return;
    }
    if (h.payload_len > len - IPV6_HEADER) {
        num_print(f, "truncated-ip6 - ", h.payload_len - (len - IPV6_HEADER));
        fmt_str(f, " bytes missing!");
    }
    payload_print(f, &h, reader(r.p, min_size(reader_left(&r), h.payload_len)), h.payload_len);
}
