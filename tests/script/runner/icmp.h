/* SPDX-License-Identifier: MIT */
/*
 * ICMP messages of both families as a script writes them: `icmp TYPE [CODE]`, or `icmp type N code N`; then, in any
 * order, `mtu N`, `id N`, `seq N`, `(N)` for the length of an echo, and what an error quotes: [1:1001(1000)], [udp (8)].
 * Which numbers a name has depends on the family.
 */
#ifndef SCRIPT_ICMP_H
#define SCRIPT_ICMP_H

#include "scan.h"
#include "text.h"

struct packet;

/* After the word `icmp`; p->v6 says which family. */
void icmp_parse(struct scan *s, struct packet *p);
/* Inside [: if a quote stands here, takes it with the bracket. */
bool icmp_parse_quote(struct scan *s, struct packet *p);
void icmp_print(struct text *t, const struct packet *p);
bool icmp_is_echo(const struct packet *p);
/* It carries a maximum transmission unit. */
bool icmp_is_too_big(const struct packet *p);

#endif
