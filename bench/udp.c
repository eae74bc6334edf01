/* SPDX-License-Identifier: MIT */
/* Datagrams of 1,472 bytes over the wire: the largest that a 1,500-byte link takes whole. */
#include "bench.h"
#include "figures.h"
#include "weft_pair.h"

enum { DATAGRAM = 1472, BURST = 32 };

double udp_mem(size_t argument)
{
    static uint8_t out[DATAGRAM], in[DATAGRAM];
    struct bench_span span = {0};
    uint64_t received = 0;
    weft_sock *ends[2];
    struct pair p;
    int err = 0;

    (void)argument;
    bench_fill(out, sizeof(out));
    pair_open(&p, &(struct pair_config){.mtu = 1500});
    for (int i = 0; i < 2; i++)
        if (!(ends[i] = weft_socket(p.stack[i], WEFT_UDP, &err)))
            bench_fail("weft: socket: %s", weft_strerror(err));
    if ((err = weft_bind(ends[1], &p.peer)) < 0 || (err = weft_connect(ends[0], &p.peer)) < 0)
        bench_fail("weft: %s", weft_strerror(err));
    while (bench_going(&span, received)) {
        for (int i = 0; i < BURST; i++)
            if (weft_send(ends[0], out, DATAGRAM, 0) != DATAGRAM)
                bench_fail("weft: send");
        pair_run(&p);
        while (weft_recv(ends[1], in, DATAGRAM, 0) == DATAGRAM)
            received++;
    }
    pair_close(&p);
    return bench_rate(&span);
}
