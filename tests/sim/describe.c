/* SPDX-License-Identifier: MIT */
/* A scenario in words. */
#include <inttypes.h>

#include "sim.h"

static void print_link(const struct link_plan *l, FILE *to)
{
    fprintf(to, "  link %u-%u %s mtu %u/%u offload %u%s\n", l->host[0], l->host[1],
            l->kind == WEFT_LINK_ETHERNET ? "ethernet" : "ip", l->mtu[0], l->mtu[1], l->offload[0],
            l->share ? " shared" : "");
    for (unsigned d = 0; d < 2; d++) {
        const struct weft_impairment *h = &l->how[d];

        fprintf(to, "    %s %" PRIu64 " bit/s queue %zu delay %.3f ms jitter %.3f ms", d ? "<-" : "->",
                h->bits_per_second, h->queue_bytes, (double)h->delay / 1e6, (double)h->jitter / 1e6);
        if (h->mark || h->mark_wait || h->loss_burst)
            fprintf(to, " mark %.1f%% and after %.0f ms, losses of %u", h->mark / 1e4, (double)h->mark_wait / 1e6, h->loss_burst);
        fprintf(to, " loss %.1f%% dup %.1f%% corrupt %.1f%% reorder %.1f%% by %.3f ms\n", h->loss / 1e4,
                h->duplicate / 1e4, h->corrupt / 1e4, h->reorder / 1e4, (double)h->reorder_delay / 1e6);
    }
}

static const char *const ending_name[] = {"half-close", "last", "close", "abort", "linger", "deaf", "stay"};

static void print_wide(const struct side_plan *p, FILE *to)
{
    static const char *const name[] = {
#define X(name) [SIM_WIDE_##name] = #name,
        SIM_WIDE(X)
#undef X
    };

    for (unsigned i = 0; i < ARRAY_LEN(name); i++)
        if (p->wide[i])
            fprintf(to, " %s=%d", name[i], p->wide[i]);
    if (p->pacing)
        fprintf(to, " MAX_PACING_RATE=%d", p->pacing);
}

static void print_side(const struct side_plan *p, FILE *to)
{
    fprintf(to, "    %u bytes, writes %u reads %u, %s", p->bytes, p->write_max, p->read_max, ending_name[p->ending]);
    if (p->ending != END_HALF_CLOSE && p->ending != END_LAST)
        fprintf(to, " after %u bytes or %.3f ms", p->leave_after, (double)p->leave_at / 1e6);
    if (p->pauses)
        fprintf(to, ", %u pauses (%u ppm) to %.0f ms", p->pauses, p->pause_ppm, (double)p->pause_max / 1e6);
    if (p->deaf_until)
        fprintf(to, ", deaf %.0f ms", (double)p->deaf_until / 1e6);
    if (p->send_buffer || p->receive_buffer)
        fprintf(to, ", buffers %d/%d", p->send_buffer, p->receive_buffer);
    print_wide(p, to);
    fprintf(to, "%s%s%s%s%s%s%s%s\n", p->nodelay ? " nodelay" : "", p->cork ? " cork" : "",
            p->keepalive ? " keepalive" : "", p->more ? " more" : "", p->peek ? " peek" : "",
            p->scatter ? " scatter" : "", p->asks ? " asks" : "", p->urgent ? " urgent" : "");
}

static void print_host(const struct weft_tcp_config *k, unsigned i, FILE *to)
{
    fprintf(to, "  host %u%s%s%s%s buffers %zu/%zu msl %.0f s rto_min %.0f ms delack %.0f ms quick %u iw %u ooo %zu\n",
            i, k->timestamps ? " ts" : "", k->sack ? " sack" : "", k->window_scaling ? " wscale" : "",
            k->park ? " park" : "", k->send_buffer, k->receive_buffer, (double)k->msl / 1e9,
            (double)k->rto_min / 1e6, (double)k->delayed_ack / 1e6, k->quick_acks, k->initial_window,
            k->max_out_of_order);
}

/* What a wide scenario may have set. */
static void print_wide_host(const struct weft_tcp_config *k, FILE *to)
{
    fprintf(to, "    recovery %u reordering %u/%u rto %.1f/%.0f s%s%s tlp %d frto %d dsack %d\n", k->recovery, k->reordering,
            k->max_reordering, (double)k->rto_initial / 1e9, (double)k->rto_max / 1e9, k->rto_min_whole ? " whole" : "",
            k->thin_linear_timeouts ? " linear" : "", k->tail_loss_probe, k->frto, k->dsack);
    fprintf(to, "    %s tso %u/%u pacing %u/%u idle %d%s%s min_mss %u mtu_probing %u/%u\n", k->congestion_control, k->tso_segments,
            k->tso_rtt_log, k->pacing_ss_ratio, k->pacing_ca_ratio, k->slow_start_after_idle, k->nagle_all ? " nagle_all" : "",
            k->push_last ? " push_last" : "", k->min_mss, k->mtu_probing, k->base_mss);
    fprintf(to, "    comp_sack %.0f ms/%u invalid %.1f s/%u%s%s%s%s%s%s%s%s%s\n", (double)k->comp_sack_delay / 1e6, k->comp_sack_nr,
            (double)k->invalid_ratelimit / 1e9, k->invalid_burst, k->moderate_receive_buffer ? " moderate" : "",
            k->plain_window ? " plain_window" : "", k->ack_second ? " ack_second" : "", k->reset_unread ? " reset_unread" : "",
            k->require_timestamps ? " require_ts" : "", k->syn_ack_text ? " syn_ack_text" : "",
            k->smaller_window ? " smaller_window" : "", k->whole_first_window ? " whole_first" : "", k->statistics ? " statistics" : "");
}

void scenario_print(const struct scenario *s, FILE *to)
{
    static const char *const weather_name[] = {"cut", "stall", "leap", "mtu"};

    fprintf(to, "scenario %" PRIu64 "%s\n", s->seed, s->mild ? " (mild)" : "");
    if (s->dark != WEFT_NEVER)
        fprintf(to, "  dark from %.3f s on\n", (double)s->dark / 1e9);
    for (unsigned i = 0; i < s->n_hosts; i++) {
        print_host(&s->config[i].tcp, i, to);
        if (s->trim.wide)
            print_wide_host(&s->config[i].tcp, to);
    }
    for (unsigned i = 0; i < s->n_links; i++)
        print_link(&s->link[i], to);
    for (unsigned i = 0; i < s->n_weather; i++)
        fprintf(to, "  weather at %.3f s: %s for %.3f s, link %u mask %u mtu %u\n", (double)s->weather[i].at / 1e9,
                weather_name[s->weather[i].kind], (double)s->weather[i].length / 1e9, s->weather[i].link,
                s->weather[i].mask, s->weather[i].mtu);
    for (unsigned i = 0; i < s->n_flows; i++) {
        const struct flow_plan *f = &s->flow[i];

        if (!f->present)
            continue;
        fprintf(to, "  flow %u link %u client end %u at %.3f s ports %u/%u%s%s%s%s%s\n", i, f->link, f->client,
                (double)f->start / 1e9, f->port[0], f->port[1], f->loopback ? " loopback" : "",
                f->crossing ? " crossing" : "", f->unheard ? " unheard" : "", f->ephemeral ? " ephemeral" : "",
                f->again >= 0 ? " again" : "");
        if (f->turn)
            fprintf(to, "    by turns of %u bytes\n", f->turn);
        if (f->far)
            fprintf(to, "    to end %u of link %u\n", f->far_end, f->far_link);
        print_side(&f->side[0], to);
        print_side(&f->side[1], to);
    }
}
