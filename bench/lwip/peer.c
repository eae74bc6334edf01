/* SPDX-License-Identifier: MIT */
/* lwIP as a peer: weft's figures, by lwIP's raw API. */
#include "bench.h"
#include "pair.h"

enum { REQUESTS = 64 };

static uint8_t chunk[BENCH_CHUNK], sink[BENCH_CHUNK];
static uint64_t received;

/* ---- bulk ---- */

static err_t send_more(void *arg, struct tcp_pcb *pcb, u16_t acknowledged)
{
    size_t room;

    (void)arg, (void)acknowledged;
    while ((room = tcp_sndbuf(pcb)) >= TCP_MSS) {
        if (room > 0xffff)
            room = 0xffff;
        if (tcp_write(pcb, chunk, (u16_t)room, TCP_WRITE_FLAG_COPY) != ERR_OK)
            break;
    }
    return tcp_output(pcb);
}

static err_t swallow(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    (void)arg;
    if (!p || error != ERR_OK)
        return error;
    received += pbuf_copy_partial(p, sink, p->tot_len, 0);
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static double bulk(size_t argument)
{
    struct bench_span span = {0};
    struct tcp_pcb *ends[2];

    (void)argument;
    bench_fill(chunk, sizeof(chunk));
    pair_open();
    pair_connect(ends);
    tcp_sent(ends[0], send_more);
    tcp_recv(ends[1], swallow);
    while (bench_going(&span, received)) {
        send_more(NULL, ends[0], 0);
        pair_run();
    }
    return bench_rate(&span) * 8e-9;
}

/* ---- request and response ---- */

/* Answers each byte with a byte; arg is where the opener counts, NULL at the other end. */
static err_t answer(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    uint8_t byte;

    if (!p || error != ERR_OK)
        return error;
    pbuf_copy_partial(p, &byte, 1, 0);
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    if (arg && ++*(uint64_t *)arg % REQUESTS == 0)
        return ERR_OK; /* let the loop look at the clock */
    tcp_write(pcb, &byte, 1, TCP_WRITE_FLAG_COPY);
    return tcp_output(pcb);
}

static double request_response(size_t argument)
{
    struct bench_span span = {0};
    struct tcp_pcb *ends[2];
    uint64_t answers = 0;

    (void)argument;
    pair_open();
    pair_connect(ends);
    for (int i = 0; i < 2; i++) {
        tcp_nagle_disable(ends[i]);
        tcp_recv(ends[i], answer);
    }
    tcp_arg(ends[0], &answers);
    while (bench_going(&span, answers)) {
        tcp_write(ends[0], "x", 1, TCP_WRITE_FLAG_COPY);
        tcp_output(ends[0]);
        pair_run();
    }
    return bench_rate(&span);
}

/* ---- connections ---- */

static void close_both(struct tcp_pcb *ends[2])
{
    for (int i = 0; i < 2; i++) {
        if (tcp_close(ends[i]) != ERR_OK)
            bench_fail("lwip: close");
        pair_run();
    }
}

/* TIME-WAIT is kept as far as the pool of connections goes: MEMP_NUM_TCP_PCB; then the oldest goes. */
static double connect_close(size_t argument)
{
    struct bench_span span = {0};
    struct tcp_pcb *ends[2];
    uint64_t done = 0;

    (void)argument;
    pair_open();
    while (bench_going(&span, done)) {
        pair_connect(ends);
        close_both(ends);
        done++;
    }
    return bench_rate(&span);
}

/* Looking up a connection walks a list, so that many more would take hours; what one costs does not change. */
static double idle_bytes(size_t argument)
{
    size_t n = argument ? argument : 2000, before;
    struct tcp_pcb *ends[2];

    pair_open();
    before = pair_memory();
    for (size_t i = 0; i < n; i++)
        pair_connect(ends);
    return (double)(pair_memory() - before) / (double)(2 * n);
}

static double timewait_bytes(size_t argument)
{
    size_t n = argument ? argument : 2000, before;
    struct tcp_pcb *ends[2];

    pair_open();
    before = pair_memory();
    for (size_t i = 0; i < n; i++) {
        pair_connect(ends);
        close_both(ends);
    }
    return (double)(pair_memory() - before) / (double)n;
}

int main(int argc, char **argv)
{
    static const struct bench_figure figures[] = {
        {"bulk_mtu1500", bulk},
        {"rr_raw", request_response},
        {"conn_close", connect_close},
        {"idle_bytes", idle_bytes},
        {"timewait_bytes", timewait_bytes},
    };

    return bench_main(argc, argv, figures, sizeof(figures) / sizeof(figures[0]));
}
