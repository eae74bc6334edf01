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
        fprintf(to, " loss %.1f%% dup %.1f%% corrupt %.1f%% reorder %.1f%% by %.3f ms\n", h->loss / 1e4,
                h->duplicate / 1e4, h->corrupt / 1e4, h->reorder / 1e4, (double)h->reorder_delay / 1e6);
    }
}

static const char *const ending_name[] = {"half-close", "last", "close", "abort", "linger", "deaf", "stay"};

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

void scenario_print(const struct scenario *s, FILE *to)
{
    static const char *const weather_name[] = {"cut", "stall", "leap", "mtu"};

    fprintf(to, "scenario %" PRIu64 "%s\n", s->seed, s->mild ? " (mild)" : "");
    if (s->dark != WEFT_NEVER)
        fprintf(to, "  dark from %.3f s on\n", (double)s->dark / 1e9);
    for (unsigned i = 0; i < s->n_hosts; i++)
        print_host(&s->config[i].tcp, i, to);
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
