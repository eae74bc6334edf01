/* SPDX-License-Identifier: MIT */
/* Where packets come in from IP, one by one or as a batch whose connections are fetched ahead (foresee.c). */
#ifndef TCP_INPUT_H
#define TCP_INPUT_H

#include "tcp/conn.h"

void tcp_input(weft_stack *s, struct weft_pkt *pkt);
void tcp_flush(weft_stack *s); /* what was held back of the batch goes on */
struct foresight tcp_foresee(weft_stack *s, const uint8_t *datagram, size_t n);
void tcp_fetch(weft_stack *s, const struct foresight *seen, unsigned step);

#endif
