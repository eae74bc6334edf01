/* SPDX-License-Identifier: MIT */
/*
 * Segmentation in software: TCP hands down super-segments whatever the link can do, UDP trains of datagrams that were
 * sent with one call, and what the link cannot take is cut when the link pulls it, after it has passed every layer
 * once. Each piece gets the headers of the whole with its own length, sequence number, flags and checksum; its payload
 * is the whole's, by reference.
 */
#ifndef CORE_GSO_H
#define CORE_GSO_H

#include "core/pkt.h"
#include "wire/tcp.h"
#include "wire/udp.h"

/* Whose whole it is: its checksum, which is always left to be finished, stands where UDP or where TCP has it. */
static inline bool gso_is_udp(const struct weft_pkt *super) { return super->csum_offset == UDP_CHECKSUM_AT; }

/* Bytes of the transport's header. */
static inline uint32_t gso_transport_header(const struct weft_pkt *super)
{
    return gso_is_udp(super) ? UDP_HEADER : tcp_header_len(super->base + super->l4);
}

/* Bytes of payload, which the pieces divide between them; and how many pieces there are. */
uint32_t gso_payload(const struct weft_pkt *super);
uint32_t gso_pieces(const struct weft_pkt *super);

/*
 * The piece of a super-segment that begins `at` bytes into its payload: at most gso_size of them, in a packet of its
 * own. The whole's checksum must be begun (csum_partial); finish_sum: take the piece's too, else that is left to the
 * link. Borrows super. NULL: out of memory.
 */
struct weft_pkt *gso_piece(const struct weft_pkt *super, uint32_t at, bool finish_sum);

#endif
