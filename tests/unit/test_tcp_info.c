/* SPDX-License-Identifier: MIT */
/* What TCP tells about itself: Linux's layout, and values that a connection's story explains. */
#include <linux/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/tcp_info.h"

/* ---- the layout ---- */

#define SAME(field)                                                                                                    \
    _Static_assert(offsetof(struct weft_tcp_info, field) == offsetof(struct tcp_info, field), #field " stands there"); \
    _Static_assert(sizeof(((struct weft_tcp_info *)0)->field) == sizeof(((struct tcp_info *)0)->field),               \
                   #field " is as wide")
#define AT(field, where)                                                                                               \
    _Static_assert(offsetof(struct weft_tcp_info, field) == (where), #field " stands where Linux 6.7 has it")

SAME(tcpi_state);
SAME(tcpi_ca_state);
SAME(tcpi_retransmits);
SAME(tcpi_probes);
SAME(tcpi_backoff);
SAME(tcpi_options);
SAME(tcpi_rto);
SAME(tcpi_ato);
SAME(tcpi_snd_mss);
SAME(tcpi_rcv_mss);
SAME(tcpi_unacked);
SAME(tcpi_sacked);
SAME(tcpi_lost);
SAME(tcpi_retrans);
SAME(tcpi_fackets);
SAME(tcpi_last_data_sent);
SAME(tcpi_last_ack_sent);
SAME(tcpi_last_data_recv);
SAME(tcpi_last_ack_recv);
SAME(tcpi_pmtu);
SAME(tcpi_rcv_ssthresh);
SAME(tcpi_rtt);
SAME(tcpi_rttvar);
SAME(tcpi_snd_ssthresh);
SAME(tcpi_snd_cwnd);
SAME(tcpi_advmss);
SAME(tcpi_reordering);
SAME(tcpi_rcv_rtt);
SAME(tcpi_rcv_space);
SAME(tcpi_total_retrans);
SAME(tcpi_pacing_rate);
SAME(tcpi_max_pacing_rate);
SAME(tcpi_bytes_acked);
SAME(tcpi_bytes_received);
SAME(tcpi_segs_out);
SAME(tcpi_segs_in);
SAME(tcpi_notsent_bytes);
SAME(tcpi_min_rtt);
SAME(tcpi_data_segs_in);
SAME(tcpi_data_segs_out);
SAME(tcpi_delivery_rate);
SAME(tcpi_busy_time);
SAME(tcpi_rwnd_limited);
SAME(tcpi_sndbuf_limited);
SAME(tcpi_delivered);
SAME(tcpi_delivered_ce);
SAME(tcpi_bytes_sent);
SAME(tcpi_bytes_retrans);
SAME(tcpi_dsack_dups);
SAME(tcpi_reord_seen);
SAME(tcpi_rcv_ooopack);
SAME(tcpi_snd_wnd);
AT(tcpi_rcv_wnd, 232); /* headers may be older than these */
AT(tcpi_rehash, 236);
AT(tcpi_total_rto, 240);
AT(tcpi_total_rto_recoveries, 242);
AT(tcpi_total_rto_time, 244);
_Static_assert(sizeof(struct weft_tcp_info) == 248, "as long as Linux 6.7 has it");

/* Bit-fields have no offset: set one in our struct and read it through Linux's. */
static void bit_fields_stand_where_linux_has_them(void **state)
{
    union {
        struct weft_tcp_info ours;
        struct tcp_info theirs;
    } u;

    (void)state;
    memset(&u, 0, sizeof(u));
    u.ours.tcpi_snd_wscale = 11;
    u.ours.tcpi_rcv_wscale = 6;
    u.ours.tcpi_delivery_rate_app_limited = 1;
    u.ours.tcpi_fastopen_client_fail = 2;
    assert_int_equal(u.theirs.tcpi_snd_wscale, 11);
    assert_int_equal(u.theirs.tcpi_rcv_wscale, 6);
    assert_int_equal(u.theirs.tcpi_delivery_rate_app_limited, 1);
    assert_int_equal(u.theirs.tcpi_fastopen_client_fail, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bit_fields_stand_where_linux_has_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
