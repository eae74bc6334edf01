/* SPDX-License-Identifier: MIT */
/* The small scenarios, in each of which every allocation fails once. */
#include "sim.h"

/* Two hosts, one link of ten milliseconds, one conversation of 3,000 bytes each way. */
static void small_base(struct scenario *s)
{
    struct side_plan side = {.bytes = 3000, .write_max = 100000, .read_max = 65536};

    *s = (struct scenario){.n_hosts = 2, .n_links = 1, .n_flows = 1, .backlog = 8};
    s->dark = WEFT_NEVER;
    s->mild = true;
    s->bound = 24 * 3600 * WEFT_S;
    for (unsigned i = 0; i < 2; i++) {
        weft_config_default(&s->config[i]);
        s->config[i].tcp.msl = WEFT_S;
        s->secret[i] = 100 + i;
    }
    s->link[0] = (struct link_plan){.host = {0, 1}, .kind = WEFT_LINK_IP, .mtu = {1500, 1500}, .seed = 5};
    s->link[0].how[0].delay = s->link[0].how[1].delay = 10 * WEFT_MS;
    s->flow[0] = (struct flow_plan){.present = true, .again = -1, .port = {20000, 7}, .start = WEFT_MS, .seed = 9};
    s->flow[0].side[0] = s->flow[0].side[1] = side;
}

static void small_ethernet(struct scenario *s) { s->link[0].kind = WEFT_LINK_ETHERNET; }
static void small_loopback(struct scenario *s) { s->flow[0].loopback = true; }

static void small_crossing(struct scenario *s)
{
    s->flow[0].crossing = true;
    s->flow[0].port[1] = 10000;
}

static void small_lossy(struct scenario *s)
{
    s->link[0].how[0].loss = s->link[0].how[1].loss = 50000;
    s->link[0].how[0].reorder = s->link[0].how[1].reorder = 200000;
    s->link[0].how[0].reorder_delay = s->link[0].how[1].reorder_delay = 5 * WEFT_MS;
    s->flow[0].side[0].bytes = 40000;
}

static void small_abort(struct scenario *s)
{
    s->flow[0].side[0].ending = END_ABORT;
    s->flow[0].side[0].leave_after = 2000;
    s->flow[0].side[0].leave_at = WEFT_S;
    s->flow[0].side[1].bytes = 30000;
}

static void small_super(struct scenario *s)
{
    s->link[0].offload[0] = s->link[0].offload[1] = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO;
    s->link[0].share = true;
    s->flow[0].side[0].bytes = 100000;
    s->flow[0].side[1].deaf_until = 2 * WEFT_S;
    s->config[1].tcp.receive_buffer = s->config[1].tcp.receive_buffer_max = 32768;
}

static void small_again(struct scenario *s)
{
    s->n_flows = 3;
    s->flow[1] = s->flow[2] = s->flow[0];
    s->flow[1].again = 0;
    s->flow[2].port[0]++;
}

/* The server speaks first, and the acknowledgment that completes the handshake is lost: only a SYN,ACK mends that. */
static void small_silent(struct scenario *s)
{
    s->flow[0].side[0].bytes = 0;
    s->flow[0].side[0].ending = END_LAST;
    s->n_weather = 1;
    s->weather[0] = (struct weather){.kind = WEATHER_CUT, .at = 20 * WEFT_MS, .length = 5 * WEFT_MS, .mask = 1};
}

static const struct {
    const char *name;
    void (*make)(struct scenario *s);
} small[] = {
    {"ethernet", small_ethernet}, {"loopback", small_loopback}, {"crossing", small_crossing},
    {"lossy", small_lossy},       {"abort", small_abort},       {"super", small_super},
    {"again", small_again},       {"silent", small_silent},
};

bool scenario_small(struct scenario *s, unsigned number, const char **name)
{
    if (number >= ARRAY_LEN(small))
        return false;
    small_base(s);
    s->seed = number;
    small[number].make(s);
    *name = small[number].name;
    return true;
}
