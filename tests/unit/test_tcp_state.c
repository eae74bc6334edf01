/* SPDX-License-Identifier: MIT */
/* The edges between TCP's states (src/tcp/state.c) against RFC 9293 figure 5 and its notes. */
#include "room.h"
#include "tcp/state.h"

struct edge {
    enum weft_tcp_state from, to;
};

#define E(from, to) {WEFT_TCP_##from, WEFT_TCP_##to}

/* The arrows of figure 5, box by box from the top, that a connection can go. */
static const struct edge figure_5[] = {
    E(CLOSED, LISTEN),            /* passive OPEN */
    E(CLOSED, SYN_SENT),          /* active OPEN */
    E(LISTEN, CLOSED),            /* CLOSE */
    E(LISTEN, SYN_SENT),          /* SEND */
    E(SYN_SENT, CLOSED),          /* CLOSE */
    E(SYN_SENT, SYN_RECEIVED),    /* rcv SYN */
    E(SYN_SENT, ESTABLISHED),     /* rcv SYN,ACK */
    E(SYN_RECEIVED, ESTABLISHED), /* rcv ACK of SYN */
    E(SYN_RECEIVED, FIN_WAIT_1),  /* CLOSE */
    E(ESTABLISHED, FIN_WAIT_1),   /* CLOSE */
    E(ESTABLISHED, CLOSE_WAIT),   /* rcv FIN */
    E(FIN_WAIT_1, FIN_WAIT_2),    /* rcv ACK of FIN */
    E(FIN_WAIT_1, CLOSING),       /* rcv FIN */
    E(CLOSE_WAIT, LAST_ACK),      /* CLOSE */
    E(FIN_WAIT_2, TIME_WAIT),     /* rcv FIN */
    E(CLOSING, TIME_WAIT),        /* rcv ACK of FIN */
    E(LAST_ACK, CLOSED),          /* rcv ACK of FIN */
    E(TIME_WAIT, CLOSED),         /* Timeout=2MSL */
    E(FIN_WAIT_1, TIME_WAIT),     /* note 2 */
};

/* Not drawn there: §3.10.7.4, eighth step, has a FIN in SYN-RECEIVED lead to CLOSE-WAIT. */
static const struct edge in_the_text[] = {E(SYN_RECEIVED, CLOSE_WAIT)};

/*
 * The arrows between LISTEN and SYN-RECEIVED (rcv SYN, rcv RST) are those of a half-open record, which stands beside
 * its listener; the connection is born in SYN-RECEIVED.
 */
static const struct edge of_records[] = {E(LISTEN, SYN_RECEIVED), E(SYN_RECEIVED, LISTEN)};
static const struct edge births[] = {E(CLOSED, SYN_RECEIVED)};

static bool holds(const struct edge *edges, size_t n, int from, int to)
{
    for (size_t i = 0; i < n; i++)
        if ((int)edges[i].from == from && (int)edges[i].to == to)
            return true;
    return false;
}

static bool expected(int from, int to)
{
    if (holds(figure_5, ARRAY_LEN(figure_5), from, to) || holds(in_the_text, ARRAY_LEN(in_the_text), from, to) ||
        holds(births, ARRAY_LEN(births), from, to))
        return true;
    return to == WEFT_TCP_CLOSED && from != WEFT_TCP_CLOSED; /* note 3: RST from any state; ABORT; R2 */
}

static void edges_are_those_of_figure_5_and_no_others(void **state)
{
    for (int from = 0; from < WEFT_TCP_STATE_COUNT; from++)
        for (int to = 0; to < WEFT_TCP_STATE_COUNT; to++)
            if (state_edge_allowed((enum weft_tcp_state)from, (enum weft_tcp_state)to) != expected(from, to))
                fail_msg("the edge from %d to %d", from, to);
}

static void no_state_leads_to_itself(void **state)
{
    for (int s = 0; s < WEFT_TCP_STATE_COUNT; s++)
        assert_false(state_edge_allowed((enum weft_tcp_state)s, (enum weft_tcp_state)s));
}

static void a_listener_never_becomes_the_connection_it_accepts(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(of_records); i++)
        assert_false(state_edge_allowed(of_records[i].from, of_records[i].to));
}

static unsigned reachable(unsigned seen, int from)
{
    seen |= 1u << from;
    for (int to = 0; to < WEFT_TCP_STATE_COUNT; to++)
        if (state_edge_allowed((enum weft_tcp_state)from, (enum weft_tcp_state)to) && !(seen >> to & 1))
            seen |= reachable(seen, to);
    return seen;
}

static void every_state_can_be_reached(void **state)
{
    assert_int_equal(reachable(0, WEFT_TCP_CLOSED), (1u << WEFT_TCP_STATE_COUNT) - 1);
}

/* RFC 9293 §3.3.2: the sequence numbers of both sides are known from ESTABLISHED on. */
static void synchronized_are_the_states_from_established_on(void **state)
{
    static const enum weft_tcp_state before[] = {WEFT_TCP_CLOSED, WEFT_TCP_LISTEN, WEFT_TCP_SYN_SENT,
                                                 WEFT_TCP_SYN_RECEIVED};
    unsigned n = 0;

    for (int s = 0; s < WEFT_TCP_STATE_COUNT; s++)
        n += state_synchronized((enum weft_tcp_state)s);
    assert_int_equal(n, 7);
    for (size_t i = 0; i < ARRAY_LEN(before); i++)
        assert_false(state_synchronized(before[i]));
}

/* §3.10.2 and §3.10.7.4, seventh step: data may be sent until our CLOSE, received until the peer's FIN. */
static void each_direction_is_open_until_its_own_end(void **state)
{
    static const struct {
        enum weft_tcp_state s;
        bool send, receive;
    } rows[] = {
        {WEFT_TCP_CLOSED, false, false},     {WEFT_TCP_LISTEN, false, false},     {WEFT_TCP_SYN_SENT, false, false},
        {WEFT_TCP_SYN_RECEIVED, false, false}, {WEFT_TCP_ESTABLISHED, true, true}, {WEFT_TCP_FIN_WAIT_1, false, true},
        {WEFT_TCP_FIN_WAIT_2, false, true},  {WEFT_TCP_CLOSE_WAIT, true, false},  {WEFT_TCP_CLOSING, false, false},
        {WEFT_TCP_LAST_ACK, false, false},   {WEFT_TCP_TIME_WAIT, false, false},
    };

    assert_int_equal(ARRAY_LEN(rows), WEFT_TCP_STATE_COUNT);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(state_can_send(rows[i].s), rows[i].send);
        assert_int_equal(state_can_receive(rows[i].s), rows[i].receive);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_are_those_of_figure_5_and_no_others),
        cmocka_unit_test(no_state_leads_to_itself),
        cmocka_unit_test(a_listener_never_becomes_the_connection_it_accepts),
        cmocka_unit_test(every_state_can_be_reached),
        cmocka_unit_test(synchronized_are_the_states_from_established_on),
        cmocka_unit_test(each_direction_is_open_until_its_own_end),
    };

    return cmocka_run_group_tests_name("tcp_state", tests, NULL, NULL);
}
