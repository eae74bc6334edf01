/* SPDX-License-Identifier: MIT */
/*
 * The parts of `weft link`. A link is two drivers. The second one stands behind an impair driver, which holds both
 * lanes: what goes out of it has come from the first end, what comes in goes there. So an end may be any driver.
 */
#ifndef CMD_LINK_H
#define CMD_LINK_H

#include "weft/driver.h"

/* ---- link_pump.c: moves packets ---- */

#define PUMP_BATCH 64

struct pump_end {
    weft_driver *driver;
    weft_pkt *batch[PUMP_BATCH]; /* received here: [taken, n) the other end has no room for yet */
    size_t n, taken;
};

struct pump {
    struct pump_end end[2];
};

enum pump_result { PUMP_TIME_IS_UP, PUMP_TOLD, PUMP_DEAD_0, PUMP_DEAD_1 };

/*
 * Carries packets both ways until then, on CLOCK_MONOTONIC, until one of these descriptors becomes readable (-1: no
 * such one), or until a driver dies.
 */
enum pump_result pump_run(struct pump *p, weft_time until, const int told[2]);

/* Releases what it holds. */
void pump_release(struct pump *p);

weft_time pump_now(void);

/* ---- link_record.c: writes down what passes a driver ---- */

/*
 * A driver around inner that writes all its packets as this interface of the file. Takes inner; NULL when out of
 * memory.
 */
weft_driver *record_open(weft_driver *inner, weft_pcap *pcap, int interface);

#endif
