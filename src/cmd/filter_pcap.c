/* SPDX-License-Identifier: MIT */
/* Filters compiled and run by libpcap: one program for links with frames, one for those without. */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/filter.h"

#define LONGEST 65535 /* bytes of a packet that a program may look at */

enum { RAW, ETHERNET, LINKS };

struct filter {
    struct bpf_program program[LINKS];
    bool compiled[LINKS];
};

/* False, with the reason in why: libpcap has no program for this. */
static bool compile(struct filter *f, int link, const char *expression, char *why, size_t n)
{
    pcap_t *p = pcap_open_dead(link == ETHERNET ? DLT_EN10MB : DLT_RAW, LONGEST);

    snprintf(why, n, "out of memory");
    if (!p)
        return false;
    f->compiled[link] = pcap_compile(p, &f->program[link], expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!f->compiled[link])
        snprintf(why, n, "%s", pcap_geterr(p));
    pcap_close(p);
    return f->compiled[link];
}

/* What is about frames alone ("ether host") has no program without them, and matches nothing there. */
struct filter *filter_new(const char *expression, char *why, size_t n)
{
    struct filter *f = calloc(1, sizeof *f);
    char unused[PCAP_ERRBUF_SIZE];

    snprintf(why, n, "out of memory");
    if (!f)
        return NULL;
    if (!compile(f, ETHERNET, expression, why, n)) {
        filter_free(f);
        return NULL;
    }
    compile(f, RAW, expression, unused, sizeof unused);
    return f;
}

void filter_free(struct filter *f)
{
    for (int i = 0; f && i < LINKS; i++)
        if (f->compiled[i])
            pcap_freecode(&f->program[i]);
    free(f);
}

bool filter_wants(const struct filter *f, bool ethernet, const uint8_t *packet, size_t n, size_t wire_len)
{
    int link = ethernet ? ETHERNET : RAW;
    struct pcap_pkthdr h = {.caplen = (bpf_u_int32)n, .len = (bpf_u_int32)wire_len};

    return f->compiled[link] && pcap_offline_filter(&f->program[link], &h, packet) != 0;
}
