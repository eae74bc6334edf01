/* SPDX-License-Identifier: MIT */
/* ss --json: every field of TCP_INFO by its own name, without "tcpi_". */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cmd/netstat_format.h"
#include "cmd/ss.h"
#include "cmd/ss_format.h"

static const struct field {
    const char *name;
    size_t at, size;
} fields[] = {
#define FIELD(name)                                                                                                    \
    {#name, offsetof(struct weft_tcp_info, tcpi_##name), sizeof(((struct weft_tcp_info *)0)->tcpi_##name)}
    FIELD(ca_state),
    FIELD(retransmits),
    FIELD(probes),
    FIELD(backoff),
    FIELD(options),
    FIELD(rto),
    FIELD(ato),
    FIELD(snd_mss),
    FIELD(rcv_mss),
    FIELD(unacked),
    FIELD(sacked),
    FIELD(lost),
    FIELD(retrans),
    FIELD(last_data_sent),
    FIELD(last_data_recv),
    FIELD(last_ack_recv),
    FIELD(pmtu),
    FIELD(rcv_ssthresh),
    FIELD(rtt),
    FIELD(rttvar),
    FIELD(snd_ssthresh),
    FIELD(snd_cwnd),
    FIELD(advmss),
    FIELD(reordering),
    FIELD(rcv_rtt),
    FIELD(rcv_space),
    FIELD(total_retrans),
    FIELD(pacing_rate),
    FIELD(max_pacing_rate),
    FIELD(bytes_acked),
    FIELD(bytes_received),
    FIELD(segs_out),
    FIELD(segs_in),
    FIELD(notsent_bytes),
    FIELD(min_rtt),
    FIELD(data_segs_in),
    FIELD(data_segs_out),
    FIELD(delivery_rate),
    FIELD(busy_time),
    FIELD(rwnd_limited),
    FIELD(sndbuf_limited),
    FIELD(delivered),
    FIELD(delivered_ce),
    FIELD(bytes_sent),
    FIELD(bytes_retrans),
    FIELD(dsack_dups),
    FIELD(reord_seen),
    FIELD(rcv_ooopack),
    FIELD(snd_wnd),
    FIELD(rcv_wnd),
    FIELD(total_rto),
    FIELD(total_rto_recoveries),
    FIELD(total_rto_time),
#undef FIELD
};

static uint64_t value_of(const struct weft_tcp_info *info, const struct field *f)
{
    const char *at = (const char *)info + f->at;
    uint64_t wide = 0;
    uint32_t word = 0;
    uint16_t half = 0;

    switch (f->size) {
    case 1:
        return *(const uint8_t *)at;
    case 2:
        memcpy(&half, at, sizeof half);
        return half;
    case 4:
        memcpy(&word, at, sizeof word);
        return word;
    default:
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
}

static void json_detail(struct json *j, const struct ss_detail *d)
{
    size_t i;

    json_open(j, "tcp_info", '{');
    for (i = 0; i < sizeof fields / sizeof *fields; i++)
        json_number(j, fields[i].name, value_of(&d->info, &fields[i]));
    json_number(j, "snd_wscale", d->info.tcpi_snd_wscale);
    json_number(j, "rcv_wscale", d->info.tcpi_rcv_wscale);
    json_number(j, "delivery_rate_app_limited", d->info.tcpi_delivery_rate_app_limited);
    if (d->cc[0])
        json_text(j, "congestion_control", d->cc);
    json_close(j, '}');
    json_open(j, "memory", '{');
    json_number(j, "receive", d->memory[WEFT_MEMINFO_RMEM]);
    json_number(j, "receive_buffer", d->memory[WEFT_MEMINFO_RCVBUF]);
    json_number(j, "send", d->memory[WEFT_MEMINFO_QUEUED]);
    json_number(j, "send_buffer", d->memory[WEFT_MEMINFO_SNDBUF]);
    json_close(j, '}');
    json_open(j, "why", '[');
    for (i = 0; i < d->n_whys; i++) {
        json_open(j, NULL, '{');
        json_number(j, "at_us", d->why[i].at / WEFT_US);
        json_text(j, "why", weft_why_name(d->why[i].why));
        json_number(j, "count", d->why[i].count);
        json_number(j, "value", d->why[i].value);
        json_text(j, "unit", weft_why_unit(d->why[i].why));
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_address(struct json *j, const char *key, const struct weft_addr *addr)
{
    char text[WEFT_IP_TEXT];

    json_open(j, key, '{');
    json_text(j, "address", weft_ip_text(&addr->ip, text, sizeof text));
    json_number(j, "port", addr->port);
    json_close(j, '}');
}

void ss_json_row(struct json *j, const struct ss_row *row, weft_time now)
{
    const struct weft_listing *item = &row->item;
    char timer[64];

    json_open(j, NULL, '{');
    json_text(j, "netid", netstat_proto(item->proto));
    json_text(j, "state", ss_state(item->state));
    json_number(j, "recv_q", item->recv_q);
    json_number(j, "send_q", item->send_q);
    json_address(j, "local", &item->local);
    json_address(j, "peer", &item->remote);
    json_text(j, "program", row->label);
    ss_timer(timer, sizeof timer, item, now);
    if (timer[0])
        json_text(j, "timer", timer);
    if (row->detail && row->detail->tcp)
        json_detail(j, row->detail);
    json_close(j, '}');
}
