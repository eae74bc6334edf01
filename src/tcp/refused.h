/* SPDX-License-Identifier: MIT */
/*
 * Options that a process without privileges is refused on Linux: to repair a connection it did not make, and to have
 * text mapped into memory that is none of the kernel's. Here nobody may; programs that try see what they see there.
 */
#ifndef TCP_REFUSED_H
#define TCP_REFUSED_H

struct tcp_refused {
    int option;             /* of WEFT_SOL_TCP */
    int set, set_open, get; /* the errors, of a closed socket and of another; get 0: an int of 0 */
};

/* NULL: it is none of them. */
const struct tcp_refused *tcp_refused(int option);

#endif
