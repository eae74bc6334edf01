/* SPDX-License-Identifier: MIT */
/* See icmp.h. */
#include "icmp.h"

#include "packet.h"

struct icmp_name {
    const char *type, *code; /* code NULL: the type has no names for codes */
    uint8_t type_number, code_number;
};

static const struct icmp_name names_v4[] = {
    {"unreachable", "net_unreachable", 3, 0},
    {"unreachable", "host_unreachable", 3, 1},
    {"unreachable", "protocol_unreachable", 3, 2},
    {"unreachable", "port_unreachable", 3, 3},
    {"unreachable", "frag_needed", 3, 4},
    {"unreachable", "source_route_failed", 3, 5},
    {"unreachable", "net_unknown", 3, 6},
    {"unreachable", "host_unknown", 3, 7},
    {"unreachable", "source_host_isolated", 3, 8},
    {"unreachable", "net_prohibited", 3, 9},
    {"unreachable", "host_prohibited", 3, 10},
    {"unreachable", "net_unreachable_for_tos", 3, 11},
    {"unreachable", "host_unreachable_for_tos", 3, 12},
    {"unreachable", "communication_prohibited", 3, 13},
    {"unreachable", "packet_filtered", 3, 13},
    {"unreachable", "precedence_violation", 3, 14},
    {"unreachable", "precedence_cutoff", 3, 15},
    {"redirect", "net", 5, 0},
    {"redirect", "host", 5, 1},
    {"time_exceeded", "ttl", 11, 0},
    {"time_exceeded", "reassembly", 11, 1},
    {"parameter_problem", "pointer", 12, 0},
    {"source_quench", NULL, 4, 0},
    {"echo_request", NULL, 8, 0},
    {"echo_reply", NULL, 0, 0},
    {"timestamp", NULL, 13, 0},
    {"information", NULL, 15, 0},
    {"mask_request", NULL, 17, 0},
};

static const struct icmp_name names_v6[] = {
    {"unreachable", "no_route", 1, 0},
    {"unreachable", "admin_prohibited", 1, 1},
    {"unreachable", "beyond_scope", 1, 2},
    {"unreachable", "address_unreachable", 1, 3},
    {"unreachable", "port_unreachable", 1, 4},
    {"unreachable", "source_policy", 1, 5},
    {"unreachable", "reject_route", 1, 6},
    {"packet_too_big", NULL, 2, 0},
    {"time_exceeded", "exceeded_hop_limit", 3, 0},
    {"time_exceeded", "reassembly", 3, 1},
    {"parameter_problem", "header_field", 4, 0},
    {"parameter_problem", "next_header", 4, 1},
    {"parameter_problem", "option", 4, 2},
    {"parameter_problem", "first_fragment", 4, 3},
    {"echo_request", NULL, 128, 0},
    {"echo_reply", NULL, 129, 0},
};

static const struct icmp_name *names_of(const struct packet *p, size_t *n)
{
    *n = p->v6 ? sizeof(names_v6) / sizeof(names_v6[0]) : sizeof(names_v4) / sizeof(names_v4[0]);
    return p->v6 ? names_v6 : names_v4;
}

bool icmp_is_echo(const struct packet *p)
{
    return p->v6 ? p->type == 128 || p->type == 129 : p->type == 8 || p->type == 0;
}

bool icmp_is_too_big(const struct packet *p)
{
    return p->v6 ? p->type == 2 : p->type == 3 && p->code == 4;
}

/* ---- parsing ---- */

static void parse_kind(struct scan *s, struct packet *p)
{
    char type[24], code[32] = "";
    size_t n;
    const struct icmp_name *name = names_of(p, &n);

    if (scan_accept(s, "type")) {
        p->type = (uint8_t)scan_number(s, 255);
        scan_expect(s, "code");
        p->code = (uint8_t)scan_number(s, 255);
        return;
    }
    scan_word(s, "", type, sizeof(type));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(type, name[i].type) != 0)
            continue;
        if (name[i].code && !code[0])
            scan_word(s, "", code, sizeof(code));
        if (name[i].code && strcmp(code, name[i].code) != 0)
            continue;
        p->type = name[i].type_number;
        p->code = name[i].code_number;
        return;
    }
    scan_fail(s, "an unknown ICMP%s message: %s %s", p->v6 ? "v6" : "", type, code);
}

/* "1:1001(1000)" or "udp (100)", up to the closing bracket. */
bool icmp_parse_quote(struct scan *s, struct packet *p)
{
    if (scan_accept(s, "udp")) {
        p->quote_proto = PACKET_UDP;
        scan_expect(s, "(");
        p->quote_len = scan_number(s, 65535);
        scan_expect(s, ")");
    } else if (scan_peek(s) >= '0' && scan_peek(s) <= '9') {
        p->quote_proto = PACKET_TCP;
        packet_parse_span(s, &p->quote_seq, &p->quote_end, &p->quote_len);
    } else {
        return false;
    }
    p->quotes = true;
    scan_expect(s, "]");
    return true;
}

void icmp_parse(struct scan *s, struct packet *p)
{
    p->proto = PACKET_ICMP;
    parse_kind(s, p);
    for (;;) {
        if (scan_accept(s, "mtu")) {
            p->has_mtu = true;
            p->mtu = p->v6 ? scan_u32(s) : scan_number(s, 65535);
        } else if (scan_accept(s, "id")) {
            p->icmp_id = (uint16_t)scan_number(s, 65535);
        } else if (scan_accept(s, "seq")) {
            p->icmp_seq = (uint16_t)scan_number(s, 65535);
        } else if (scan_accept(s, "[")) {
            if (!icmp_parse_quote(s, p))
                scan_fail(s, "an ICMP error quotes 1:1001(1000) or udp (8)");
        } else if (scan_accept(s, "(")) {
            p->len = scan_number(s, 65535);
            scan_expect(s, ")");
        } else {
            return;
        }
    }
}

/* ---- printing ---- */

void icmp_print(struct text *t, const struct packet *p)
{
    size_t n;
    const struct icmp_name *all = names_of(p, &n), *name = NULL;

    for (size_t i = n; i-- > 0;)
        if (all[i].type_number == p->type && all[i].code_number == p->code)
            name = &all[i];
    if (name)
        text_add(t, "icmp %s%s%s", name->type, name->code ? " " : "", name->code ? name->code : "");
    else
        text_add(t, "icmp type %u code %u", p->type, p->code);
    if (p->has_mtu)
        text_add(t, " mtu %u", p->mtu);
    if (icmp_is_echo(p))
        text_add(t, " id %u seq %u (%u)", p->icmp_id, p->icmp_seq, p->len);
}
