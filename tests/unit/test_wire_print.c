/* SPDX-License-Identifier: MIT */
/*
 * Packets as lines of text (src/wire/print.c). The expected lines are tcpdump 4.99.3's own, from `tcpdump -n -t -S -r`
 * on a capture of that one packet; only the last table is in our words, and says why.
 */
#include "print_sample.h"

static const struct sample arp_samples[] = {
    /* ARP */
    {PRINT_ETHERNET, 0,
     "ffffffffffff020000000002080600010800060400010200000000020a0900020000000000000a090001",
     "ARP, Request who-has 10.9.0.1 tell 10.9.0.2, length 28"},
    {PRINT_ETHERNET, 0,
     "ffffffffffff020000000002080600010800060400010200000000020a0900020000000000000a09000100000000000000000000"
     "0000000000000000",
     "ARP, Request who-has 10.9.0.1 tell 10.9.0.2, length 46"},
    {PRINT_ETHERNET, 0,
     "020000000001020000000002080600010800060400010200000000020a0900020200000000010a090001",
     "ARP, Request who-has 10.9.0.1 (02:00:00:00:00:01) tell 10.9.0.2, length 28"},
    {PRINT_ETHERNET, 0,
     "ffffffffffff02000000000208060001080006040001020000000002000000000000000000000a090001",
     "ARP, Request who-has 10.9.0.1 tell 0.0.0.0, length 28"},
    {PRINT_ETHERNET, 0,
     "ffffffffffff020000000002080600010800060400010200000000020a0900020000000000000a090002",
     "ARP, Request who-has 10.9.0.2 tell 10.9.0.2, length 28"},
    {PRINT_ETHERNET, 0,
     "020000000001020000000002080600010800060400020200000000020a0900020200000000010a090001",
     "ARP, Reply 10.9.0.2 is-at 02:00:00:00:00:02, length 28"},
    {PRINT_ETHERNET, 0,
     "020000000001020000000002080600010800060400010200000000020a0900020200",
     " [|arp]"},
    {PRINT_ETHERNET, 42,
     "020000000001020000000002080600010800060400010200000000020a0900020200",
     " [|arp]"},
    /* RARP */
    {PRINT_ETHERNET, 0,
     "ffffffffffff020000000002803500010800060400030200000000020000000002000000000200000000",
     "ARP, Reverse Request who-is 02:00:00:00:00:02 tell 02:00:00:00:00:02, length 28"},
    {PRINT_ETHERNET, 0,
     "020000000002020000000001803500010800060400040200000000010a0900010200000000020a090002",
     "ARP, Reverse Reply 02:00:00:00:00:02 at 10.9.0.2, length 28"},
    {PRINT_ETHERNET, 0,
     "020000000002020000000001803500010800060400040200000000010a0900",
     " [|arp]"},
};

static const struct sample icmp_samples[] = {
    /* ICMP queries */
    {PRINT_IP, 0,
     "4500002c00010000400166bc0a0900020a0900010800d4d20007000364646464646464646464646464646464",
     "IP 10.9.0.2 > 10.9.0.1: ICMP echo request, id 7, seq 3, length 24"},
    {PRINT_IP, 0,
     "4500002c00010000400166bc0a0900020a0900010000dcd20007000364646464646464646464646464646464",
     "IP 10.9.0.2 > 10.9.0.1: ICMP echo reply, id 7, seq 3, length 24"},
    {PRINT_IP, 0,
     "4500002c00010000400166bc0a0900020a0900010d00cfd20007000364646464646464646464646464646464",
     "IP 10.9.0.2 > 10.9.0.1: ICMP time stamp query id 7 seq 3, length 24"},
    {PRINT_IP, 0,
     "4500002000010000400166c80a0900020a0900011e0019370000000064646464",
     "IP 10.9.0.2 > 10.9.0.1: ICMP type-#30, length 12"},
    /* ICMP unreachable, every code */
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010300c98500000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP net 10.9.9.9 unreachable, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010301c98400000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP host 10.9.9.9 unreachable, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010302c98300000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP 10.9.9.9 protocol 17 unreachable, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010303c98200000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP 10.9.9.9 udp port 2000 unreachable, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010304c98100000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP 10.9.9.9 unreachable - need to frag (mtu 1400), length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010305c98000000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP 10.9.9.9 unreachable - source route failed, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010306c97f00000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP net 10.9.9.9 unreachable - unknown, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010307c97e00000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP host 10.9.9.9 unreachable - unknown, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010308c97d00000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP 10.9.9.9 unreachable - source host isolated, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010309c97c00000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP net 10.9.9.9 unreachable - admin prohibited, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a090001030ac97b00000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP host 10.9.9.9 unreachable - admin prohibited, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a090001030bc97a00000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP net 10.9.9.9 unreachable - tos prohibited, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a090001030cc97900000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP host 10.9.9.9 unreachable - tos prohibited, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a090001030dc97800000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP host 10.9.9.9 unreachable - admin prohibited filter, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a090001030ec97700000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP host 10.9.9.9 unreachable - host precedence violation, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a090001030fc97600000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP host 10.9.9.9 unreachable - precedence cutoff, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010310c97500000578450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP 10.9.9.9 unreachable - #16, length 36"},
    /* ... and what decides besides the code */
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010303781800000000450000280001000040065db40a0900010a090909000784dc"
     "00000001",
     "IP 10.9.0.2 > 10.9.0.1: ICMP 10.9.9.9 tcp port 34012 unreachable, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a09000103036b6b000000004500001c0001000040845d420a0900010a09090964646464"
     "64646464",
     "IP 10.9.0.2 > 10.9.0.1: ICMP 10.9.9.9 protocol 132 port 25700 unreachable, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a09000103026b6c000000004500001c0001000040c85cfe0a0900010a09090964646464"
     "64646464",
     "IP 10.9.0.2 > 10.9.0.1: ICMP 10.9.9.9 protocol 200 unreachable, length 36"},
    {PRINT_IP, 0,
     "4500003c00010000400166ac0a0900020a0900010303112b00000000460000200001000040115ab00a0900010a09090901010100"
     "03e807d00008e011",
     "IP 10.9.0.2 > 10.9.0.1: ICMP 10.9.9.9 udp port 2000 unreachable, length 40"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010304781700000000450000280001000040065db40a0900010a090909000784dc"
     "00000001",
     "IP 10.9.0.2 > 10.9.0.1: ICMP 10.9.9.9 unreachable - need to frag, length 36"},
    {PRINT_IP, 0,
     "4500001c00010000400166cc0a0900020a0900010301fcfe00000000",
     "IP 10.9.0.2 > 10.9.0.1:  [|icmp]"},
    {PRINT_IP, 0,
     "4500003300010000400166b50a0900020a090001030378f500000000450000280001000040065db40a0900010a090909000784",
     "IP 10.9.0.2 > 10.9.0.1:  [|icmp]"},
    {PRINT_IP, 0,
     "4500003400010000400166b40a0900020a0900010303781900000000450000280001000040065db40a0900010a090909000784dc",
     "IP 10.9.0.2 > 10.9.0.1: ICMP 10.9.9.9 tcp port 34012 unreachable, length 32"},
    /* ICMP time exceeded, parameter problem, source quench, redirect */
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010b00c6fd00000000450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP time exceeded in-transit, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010b01c6fc00000000450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP ip reassembly time exceeded, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010b02c6fb00000000450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP time exceeded-#2, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010c00b1fd14000000450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP parameter problem - octet 20, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010c01c5fc00000000450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP parameter problem - code 1, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010400cdfd00000000450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP source quench, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010500c2910a090063450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP redirect 10.9.9.9 to net 10.9.0.99, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010501c2900a090063450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP redirect 10.9.9.9 to host 10.9.0.99, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010502c28f0a090063450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP redirect-tos 10.9.9.9 to net 10.9.0.99, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010503c28e0a090063450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP redirect-tos 10.9.9.9 to host 10.9.0.99, length 36"},
    {PRINT_IP, 0,
     "4500003800010000400166b00a0900020a0900010504c28d0a090063450000300001000040115da10a0900010a09090903e807d0"
     "001c222e",
     "IP 10.9.0.2 > 10.9.0.1: ICMP redirect-#4 10.9.9.9 to 10.9.0.99, length 36"},
    /* ICMP cut short */
    {PRINT_IP, 0,
     "4500001a00010000400166ce0a0900020a0900010800f7fe0000",
     "IP 10.9.0.2 > 10.9.0.1:  [|icmp]"},
    {PRINT_IP, 0,
     "4500001400010000400166d40a0900020a090001",
     "IP 10.9.0.2 > 10.9.0.1:  [|icmp]"},
    {PRINT_IP, 44,
     "4500002c00010000400166bc0a0900020a0900010800d4db",
     "IP 10.9.0.2 > 10.9.0.1:  [|icmp]"},
    {PRINT_IP, 44,
     "4500002c00010000400166bc0a0900020a0900010800d4db00000001",
     "IP 10.9.0.2 > 10.9.0.1: ICMP echo request, id 0, seq 1, length 24"},
};

static const struct sample igmp_samples[] = {
    {PRINT_IP, 0,
     "46c000200001000001023a0c0a090001e0000001940400001100eeff00000000",
     "IP 10.9.0.1 > 224.0.0.1: igmp query v1"},
    {PRINT_IP, 0,
     "46c000200001000001023a0c0a090001e0000001940400001164ee9b00000000",
     "IP 10.9.0.1 > 224.0.0.1: igmp query v2"},
    {PRINT_IP, 0,
     "46c000200001000001023a0c0a090001e0000001940400001132eecd00000000",
     "IP 10.9.0.1 > 224.0.0.1: igmp query v2 [max resp time 50]"},
    {PRINT_IP, 0,
     "46c000200001000001023a0c0a090001e00000019404000011c8ee3700000000",
     "IP 10.9.0.1 > 224.0.0.1: igmp query v2 [max resp time 200]"},
    {PRINT_IP, 0,
     "46c0002000010000010229090a090001ef01020394040000110afdf0ef010203",
     "IP 10.9.0.1 > 239.1.2.3: igmp query v2 [max resp time 10] [gaddr 239.1.2.3]"},
    {PRINT_IP, 0,
     "46c000240001000001023a080a090001e0000001940400001164ec1e00000000027d0000",
     "IP 10.9.0.1 > 224.0.0.1: igmp query v3"},
    {PRINT_IP, 0,
     "46c000240001000001023a080a090001e000000194040000110aec7800000000027d0000",
     "IP 10.9.0.1 > 224.0.0.1: igmp query v3 [max resp time 1.0s]"},
    {PRINT_IP, 0,
     "46c000240001000001023a080a090001e0000001940400001119e469000000000a7d0000",
     "IP 10.9.0.1 > 224.0.0.1: igmp query v3 [max resp time 2.5s]"},
    {PRINT_IP, 0,
     "46c000240001000001023a080a090001e0000001940400001190ebf200000000027d0000",
     "IP 10.9.0.1 > 224.0.0.1: igmp query v3 [max resp time 25.6s]"},
    {PRINT_IP, 0,
     "46c0002400010000010229050a090001ef01020394040000110afb73ef010203027d0000",
     "IP 10.9.0.1 > 239.1.2.3: igmp query v3 [max resp time 1.0s] [gaddr 239.1.2.3]"},
    {PRINT_IP, 0,
     "46c0002c00010000010228fd0a090001ef01020394040000110ae76eef010203027d00020a0000010a000002",
     "IP 10.9.0.1 > 239.1.2.3: igmp query v3 [max resp time 1.0s] [gaddr 239.1.2.3, 2 source(s)]"},
    {PRINT_IP, 0,
     "46c0002c00010000010228fd0a090001ef01020394040000110ad87300000000027d00020a0000010a000002",
     "IP 10.9.0.1 > 239.1.2.3: igmp query v3 [max resp time 1.0s]"},
    {PRINT_IP, 0,
     "46c0002800010000010229010a090001ef01020394040000110af170ef010203027d00020a000001",
     "IP 10.9.0.1 > 239.1.2.3: igmp query v3 [max resp time 1.0s] [gaddr 239.1.2.3 [invalid number of sources]]"},
    {PRINT_IP, 0,
     "46c0002000010000010229090a090001ef010203940400001200fcfaef010203",
     "IP 10.9.0.1 > 239.1.2.3: igmp v1 report 239.1.2.3"},
    {PRINT_IP, 0,
     "46c0002000010000010229090a090001ef010203940400001600f8faef010203",
     "IP 10.9.0.1 > 239.1.2.3: igmp v2 report 239.1.2.3"},
    {PRINT_IP, 0,
     "46c000200001000001023a0b0a090001e0000002940400001700f7faef010203",
     "IP 10.9.0.1 > 224.0.0.2: igmp leave 239.1.2.3"},
    {PRINT_IP, 0,
     "46c0002800010000010239ef0a090001e0000016940400002200e8f90000000104000000ef010203",
     "IP 10.9.0.1 > 224.0.0.22: igmp v3 report, 1 group record(s)"},
    {PRINT_IP, 0,
     "46c0002800010000010239ef0a090001e0000016940400002200e8f80000000204000000ef010203",
     "IP 10.9.0.1 > 224.0.0.22: igmp v3 report, 2 group record(s)"},
    {PRINT_IP, 0,
     "46c0003000010000010239e70a090001e0000016940400002200d7f40000000101000002ef0102030a0000010a000002",
     "IP 10.9.0.1 > 224.0.0.22: igmp v3 report, 1 group record(s)"},
    {PRINT_IP, 0,
     "46c000240001000001023a080a090001e00000019404000011ffeb8300000000027d0000",
     "IP 10.9.0.1 > 224.0.0.1: igmp query v3 [max resp time 52m54s]"},
    {PRINT_IP, 0,
     "46c000240001000001023a080a090001e00000019404000011e9eb9900000000027d0000",
     "IP 10.9.0.1 > 224.0.0.1: igmp query v3 [max resp time 21m20s]"},
    {PRINT_IP, 0,
     "46c000240001000001023a080a090001e0000001940400001105ec7d00000000027d0000",
     "IP 10.9.0.1 > 224.0.0.1: igmp query v3 [max resp time 0.5s]"},
    {PRINT_IP, 0,
     "46c000200001000001023a0c0a090001e0000001940400003001cffe00000000",
     "IP 10.9.0.1 > 224.0.0.1: igmp-48"},
    {PRINT_IP, 0,
     "46c000220001000001023a0a0a090001e0000001940400001164ec1e00000000027d",
     "IP 10.9.0.1 > 224.0.0.1: igmp query v2 [len 10]"},
    {PRINT_IP, 0,
     "46c0002400010000010229050a090001ef0102039404000016003434ef01020361626364",
     "IP 10.9.0.1 > 239.1.2.3: igmp v2 report 239.1.2.3"},
    {PRINT_IP, 0,
     "46c0001e000100000102290b0a090001ef010203940400001600f8faef01",
     "IP 10.9.0.1 > 239.1.2.3:  [|igmp]"},
};

static const struct sample udp_samples[] = {
    /* UDP */
    {PRINT_IP, 0,
     "4500002100010000401166b70a0900020a09000103e807d0000d9c3568656c6c6f",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: UDP, length 5"},
    {PRINT_IP, 0,
     "4500002100010000401166b70a0900020a09000103e807d000009c4f68656c6c6f",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: truncated-udplength 0"},
    {PRINT_IP, 0,
     "4500002100010000401166b70a0900020a09000103e807d000079c4168656c6c6f",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: truncated-udplength 7"},
    {PRINT_IP, 0,
     "4500002100010000401166b70a0900020a09000103e807d000089c3f68656c6c6f",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: UDP, length 0"},
    {PRINT_IP, 0,
     "4500002100010000401166b70a0900020a09000103e807d0000c9c3768656c6c6f",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: UDP, length 4"},
    {PRINT_IP, 0,
     "4500002100010000401166b70a0900020a09000103e807d000639b8968656c6c6f",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: UDP, bad length 91 > 5"},
    {PRINT_IP, 0,
     "4500001c00010000401166bc0a0900020a09000103e807d00008e011",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: UDP, length 0"},
    {PRINT_IP, 0,
     "46000021000100004011d1b20a0900020a0900019404000003e807d000097f0f61",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: UDP, length 1"},
    {PRINT_IP, 0,
     "4500001d00010000401166ba0a0900020a09000103e807d000097f0f61",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: UDP, length 1"},
    {PRINT_IP, 0,
     "4500001d00010000401166bb0a0900020a09000103e807d000097f0f610000000000",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: UDP, length 1"},
    /* UDP cut short */
    {PRINT_IP, 0,
     "4500001b00010000401166bd0a0900020a09000103e807d00008e0",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: truncated-udp 7"},
    {PRINT_IP, 0,
     "4500001800010000401166c00a0900020a09000103e807d0",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: truncated-udp 4"},
    {PRINT_IP, 0,
     "4500001700010000401166c10a0900020a09000103e807",
     "IP 10.9.0.2 > 10.9.0.1:  [|udp]"},
    {PRINT_IP, 128,
     "4500008000010000401166580a0900020a09000103e807d0006c57c2",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: UDP, length 100"},
    {PRINT_IP, 128,
     "4500008000010000401166580a0900020a09000103e807d0006c57",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000:  [|udp]"},
    {PRINT_IP, 128,
     "4500008000010000401166580a0900020a09000103e807",
     "IP 10.9.0.2 > 10.9.0.1:  [|udp]"},
};

static const struct sample ipv4_samples[] = {
    /* fragments */
    {PRINT_IP, 0,
     "4500002400012000401146b40a0900020a09000103e807d00bb8c8b17878787878787878",
     "IP 10.9.0.2.1000 > 10.9.0.1.2000: UDP, length 2992"},
    {PRINT_IP, 0,
     "4500002400012002401146b20a0900020a09000178787878787878787878787878787878",
     "IP 10.9.0.2 > 10.9.0.1: ip-proto-17"},
    {PRINT_IP, 0,
     "4500003c000101724011652a0a0900020a0900017878787878787878787878787878787878787878787878787878787878787878"
     "7878787878787878",
     "IP 10.9.0.2 > 10.9.0.1: ip-proto-17"},
    {PRINT_IP, 0,
     "4500002c00012000400646b70a0900020a090001000784dc00000001000000005018ffff25df000078787878",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [P.], seq 1:5, ack 0, win 65535, length 4"},
    {PRINT_IP, 0,
     "4500001c00012003400646c40a0900020a0900017878787878787878",
     "IP 10.9.0.2 > 10.9.0.1: ip-proto-6"},
    {PRINT_IP, 0,
     "4500002400012000400146c40a0900020a0900010800161d000000017878787878787878",
     "IP 10.9.0.2 > 10.9.0.1: ICMP echo request, id 0, seq 1, length 16"},
    {PRINT_IP, 0,
     "4500001c000100b9400166130a0900020a0900017878787878787878",
     "IP 10.9.0.2 > 10.9.0.1: ip-proto-1"},
    {PRINT_IP, 0,
     "4500001c0001200040c846050a0900020a0900017878787878787878",
     "IP 10.9.0.2 > 10.9.0.1:  ip-proto-200 8"},
    {PRINT_IP, 0,
     "4500001c0001000140c866040a0900020a0900017878787878787878",
     "IP 10.9.0.2 > 10.9.0.1: ip-proto-200"},
    /* other protocols */
    {PRINT_IP, 0,
     "450000280001000040c865f90a0900020a0900017878787878787878787878787878787878787878",
     "IP 10.9.0.2 > 10.9.0.1:  ip-proto-200 20"},
    {PRINT_IP, 0,
     "450000140001000040c8660d0a0900020a090001",
     "IP 10.9.0.2 > 10.9.0.1:  ip-proto-200 0"},
    {PRINT_IP, 0,
     "450000180001000040fd65d40a0900020a09000178787878",
     "IP 10.9.0.2 > 10.9.0.1:  ip-proto-253 4"},
    /* IPv4 headers that lie */
    {PRINT_IP, 0,
     "4400001d00010000401167bb0a0900020a09000103e807d000097f0f61",
     "IP bad-hlen 16"},
    {PRINT_IP, 0,
     "4f00001d0001000040115cbb0a0900020a09000103e807d000097f0f61",
     "IP bad-len 29"},
    {PRINT_IP, 0,
     "4500000000010000401166d80a0900020a09000103e807d000097f0f61",
     "IP bad-len 0"},
    {PRINT_IP, 0,
     "4500001300010000401166c50a0900020a09000103e807d000097f0f61",
     "IP bad-len 19"},
    {PRINT_IP, 0,
     "4500001500010000401166c30a0900020a09000103e807d000097f0f61",
     "IP 10.9.0.2 > 10.9.0.1:  [|udp]"},
    {PRINT_IP, 0,
     "4500006400010000401166740a0900020a09000103e807d000097f0f61",
     "IP truncated-ip - 71 bytes missing! 10.9.0.2.1000 > 10.9.0.1.2000: UDP, length 1"},
    {PRINT_IP, 0,
     "5500001d00010000401156bb0a0900020a09000103e807d000097f0f61",
     "unknown ip 5"},
    {PRINT_IP, 0,
     "0500001d000100004011a6bb0a0900020a09000103e807d000097f0f61",
     "unknown ip 0"},
    {PRINT_IP, 0,
     "45000064000100004006667f0a0900020a090001000784dc00000001000000005010ffff16dc0000",
     "IP truncated-ip - 60 bytes missing! 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], seq 1:61, ack 0, "
     "win 65535, length 60"},
    {PRINT_IP, 0,
     "4500001d00010000401166bb0a0900020a0900",
     "IP  [|ip]"},
    {PRINT_IP, 0,
     "45",
     "IP  [|ip]"},
    {PRINT_IP, 29,
     "4500001d00010000401166bb0a0900020a0900",
     "IP  [|ip]"},
};

static const struct sample tcp_samples[] = {
    /* TCP flags; sequence numbers wrap */
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075000ffff16e10005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [none], win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075001ffff16e00005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [F], seq 4294967295, win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075002ffff16df0005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [S], seq 4294967295, win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075004ffff16dd0005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [R], seq 4294967295, win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075008ffff16d90005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [P], win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075010ffff16d10005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 7, win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075012ffff16cf0005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [S.], seq 4294967295, ack 7, win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075011ffff16d00005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [F.], seq 4294967295, ack 7, win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075014ffff16cd0005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [R.], seq 4294967295, ack 7, win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075018ffff16c90005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [P.], ack 7, win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075020ffff16c10005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [U], win 65535, urg 5, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075030ffff16b10005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.U], ack 7, win 65535, urg 5, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075040ffff16a10005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [E], win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075080ffff16610005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [W], win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff0000000750c2ffff161f0005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [SEW], seq 4294967295, win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff000000075052ffff168f0005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [S.E], seq 4294967295, ack 7, win 65535, length 0"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dcffffffff0000000750ffffff15e20005",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [FSRP.UEW], seq 4294967295, ack 7, win 65535, urg 5, length 0"},
    {PRINT_IP, 0,
     "4500003200010000400666b10a0900020a090001000784dcfffffffa000000075010ffffbc76000078787878787878787878",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], seq 4294967290:4, ack 7, win 65535, length 10"},
    {PRINT_IP, 0,
     "4500002900010000400666ba0a0900020a090001000784dc00000005000000075019ffff9ec6000078",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [FP.], seq 5:6, ack 7, win 65535, length 1"},
    {PRINT_IP, 0,
     "4500002b00010000400666b80a0900020a090001000784dc00000005000000005002ffff266a0000787878",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [S], seq 5:8, win 65535, length 3"},
    {PRINT_IP, 0,
     "4500002900010000400666ba0a0900020a090001000784dc00000001000000005000ffff9eea000078",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [none], seq 1:2, win 65535, length 1"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dc00000001000000005e10ffff08dc0000",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, length 0"},
    /* TCP data offsets that lie */
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dc00000001000000004002ffff26ea0000",
     "IP 10.9.0.2.7 > 10.9.0.1.34012:  tcp 4 [bad hdr length 16 - too short, < 20]"},
    {PRINT_IP, 0,
     "4500002c00010000400666b70a0900020a090001000784dc00000001000000000002ffff0280000031323334",
     "IP 10.9.0.2.7 > 10.9.0.1.34012:  tcp 24 [bad hdr length 0 - too short, < 20]"},
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dc00000001000000006002ffff06ea0000",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [S] [bad hdr length 24 - too long, > 20]"},
    {PRINT_IP, 0,
     "4500002d00010000400666b60a0900020a090001000784dc0000000100000000f002ffff0df300007878787878",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [S] [bad hdr length 60 - too long, > 25]"},
    /* TCP cut short */
    {PRINT_IP, 0,
     "4500002700010000400666bc0a0900020a090001000784dc00000001000000005002ffff16ea00",
     "IP 10.9.0.2.7 > 10.9.0.1.34012:  [|tcp]"},
    {PRINT_IP, 0,
     "4500001800010000400666cb0a0900020a090001000784dc",
     "IP 10.9.0.2.7 > 10.9.0.1.34012:  [|tcp]"},
    {PRINT_IP, 102,
     "45000066000100004006667d0a0900020a090001000784dc",
     "IP 10.9.0.2.7 > 10.9.0.1.34012:  [|tcp]"},
    {PRINT_IP, 102,
     "45000066000100004006667d0a0900020a090001000784dc00000001000000008018ffff19c400",
     "IP 10.9.0.2.7 > 10.9.0.1.34012:  [|tcp]"},
    {PRINT_IP, 102,
     "45000066000100004006667d0a0900020a090001000784dc00000001000000008018ffff19c40000",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [P.], seq 1:51, ack 0, win 65535, options [ [|tcp]"},
    {PRINT_IP, 102,
     "45000066000100004006667d0a0900020a090001000784dc00000001000000008018ffff19c4000001",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [P.], seq 1:51, ack 0, win 65535, options [nop, [|tcp]"},
    {PRINT_IP, 102,
     "45000066000100004006667d0a0900020a090001000784dc00000001000000008018ffff19c400000101",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [P.], seq 1:51, ack 0, win 65535, options [nop,nop, [|tcp]"},
    {PRINT_IP, 102,
     "45000066000100004006667d0a0900020a090001000784dc00000001000000008018ffff19c400000101080a0000000100000002",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [P.], seq 1:51, ack 0, win 65535, options [nop,nop,TS val "
     "1 ecr 2], length 50"},
    {PRINT_IP, 102,
     "45000066000100004006667d0a0900020a090001000784dc00000001000000008018ffff19c400000101080a0000000100000002"
     "78787878",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [P.], seq 1:51, ack 0, win 65535, options [nop,nop,TS val "
     "1 ecr 2], length 50"},
};

static const struct sample tcp_option_samples[] = {
    /* TCP options */
    {PRINT_IP, 0,
     "4500003c00010000400666a70a0900020a090001000784dc0000000100000000a002ffffaf060000020405b40402080a00000001"
     "0000000001030307",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [S], seq 1, win 65535, options [mss 1460,sackOK,TS val 1 "
     "ecr 0,nop,wscale 7], length 0"},
    {PRINT_IP, 0,
     "4500003400010000400666af0a0900020a090001000784dc00000001000000008002ffffd6180000020405b40101040201030307",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [S], seq 1, win 65535, options [mss "
     "1460,nop,nop,sackOK,nop,wscale 7], length 0"},
    {PRINT_IP, 0,
     "4500003400010000400666af0a0900020a090001000784dc00000001000000008002ffffd71a0000020405b40103030604020000",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [S], seq 1, win 65535, options [mss 1460,nop,wscale "
     "6,sackOK,eol], length 0"},
    {PRINT_IP, 0,
     "4500003000010000400666b30a0900020a090001000784dc00000001000000007002ffffee270000020405b400010101",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [S], seq 1, win 65535, options [mss 1460,eol], length 0"},
    {PRINT_IP, 0,
     "4500003700010000400666ac0a0900020a090001000784dc00000001000000008010ffff191200000101080affffffff0000004d"
     "616263",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], seq 1:4, ack 0, win 65535, options [nop,nop,TS val "
     "4294967295 ecr 77], length 3"},
    {PRINT_IP, 0,
     "4500002c00010000400666b70a0900020a090001000784dc00000001000000006010ffff00d5000001010502",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [nop,nop,sack 0 ], length 0"},
    {PRINT_IP, 0,
     "4500003400010000400666af0a0900020a090001000784dc00000001000000008010ffffe09200000101050a0000000000000032",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [nop,nop,sack 1 {0:50}], "
     "length 0"},
    {PRINT_IP, 0,
     "4500003c00010000400666a70a0900020a090001000784dc0000000100000000a010ffffbf880000010105120000000000000032"
     "0000006400000096",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [nop,nop,sack 2 "
     "{0:50}{100:150}], length 0"},
    {PRINT_IP, 0,
     "45000044000100004006669f0a0900020a090001000784dc0000000100000000c010ffff9db600000101051a0000000000000032"
     "0000006400000096000000c8000000fa",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [nop,nop,sack 3 "
     "{0:50}{100:150}{200:250}], length 0"},
    {PRINT_IP, 0,
     "4500004c00010000400666970a0900020a090001000784dc0000000100000000e010ffff7b1c0000010105220000000000000032"
     "0000006400000096000000c8000000fa0000012c0000015e",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [nop,nop,sack 4 "
     "{0:50}{100:150}{200:250}{300:350}], length 0"},
    {PRINT_IP, 0,
     "4500005000010000400666930a0900020a090001000784dc0000000100000000f010ffff649c00000101080a0000000100000002"
     "0101051a00000000000000320000006400000096000000c8000000fa",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [nop,nop,TS val 1 ecr "
     "2,nop,nop,sack 3 {0:50}{100:150}{200:250}], length 0"},
    {PRINT_IP, 0,
     "4500002c00010000400666b70a0900020a090001000784dc00000001000000006002ffff01e40000010303ff",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [S], seq 1, win 65535, options [nop,wscale 255], length 0"},
    {PRINT_IP, 0,
     "4500002c00010000400666b70a0900020a090001000784dc00000001000000006010ffff56d300000503ab01",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [sack invalid sack,nop], "
     "length 0"},
    {PRINT_IP, 0,
     "4500003800010000400666ab0a0900020a090001000784dc00000001000000009010ffff6dab0000c802c8040102c80901020304"
     "05060701",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [unknown-200,unknown-200 "
     "0x0102,unknown-200 0x01020304050607,nop], length 0"},
    /* TCP options of nonsense length: the line ends there */
    {PRINT_IP, 0,
     "4500002c00010000400666b70a0900020a090001000784dc00000001000000006010ffffffd2000002000505",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [[bad opt]"},
    {PRINT_IP, 0,
     "4500002c00010000400666b70a0900020a090001000784dc00000001000000006010ffffffd1000002010505",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [[bad opt]"},
    {PRINT_IP, 0,
     "4500002c00010000400666b70a0900020a090001000784dc00000001000000006010ffff39cd0000c8050505",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [[bad opt]"},
    {PRINT_IP, 0,
     "4500002c00010000400666b70a0900020a090001000784dc00000001000000006010ffff010b000001c80405",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [nop,[bad opt]]"},
    {PRINT_IP, 0,
     "4500002c00010000400666b70a0900020a090001000784dc00000001000000006010ffff00cd00000101050a",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [nop,nop,[bad opt]]"},
};

static const struct sample own_samples[] = {
    /* a type that we do not know: no dump follows */
    {PRINT_ETHERNET, 0,
     "02000000000102000000000288b568656c6c6f20776f726c64",
     "02:00:00:00:00:02 > 02:00:00:00:00:01, ethertype Unknown (0x88b5), length 25"},
    /* no LLC here */
    {PRINT_ETHERNET, 0,
     "02000000000102000000000200084242030000",
     "02:00:00:00:00:02 > 02:00:00:00:00:01, 802.3 (0x0008), length 19"},
    /* runts */
    {PRINT_ETHERNET, 0,
     "02000000000102000000000208",
     " [|ether]"},
    {PRINT_ETHERNET, 0,
     "0200000000010200000000020800",
     " [|ip]"},
    {PRINT_IP, 0,
     "",
     " [|ip]"},
    /* ARP of another kind, in numbers */
    {PRINT_ETHERNET, 0,
     "020000000001020000000002080600010800060400030200000000020a0900020200000000010a090001",
     "ARP, hardware 1, protocol 0x0800, lengths 6 and 4, operation 3, length 28"},
    {PRINT_ETHERNET, 0,
     "020000000001020000000002080600060800060400010200000000020a0900020200000000010a090001",
     "ARP, hardware 6, protocol 0x0800, lengths 6 and 4, operation 1, length 28"},
    /* IPv6 whose chain of headers ends before its first */
    {PRINT_ETHERNET, 0,
     "02000000000102000000000286dd6000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000",
     "IP6 :: > ::: HBH  [|ip6]"},
    {PRINT_IP, 0,
     "60000000000000000000000000000000000000000000000000000000000000000000000000000000",
     "IP6 :: > ::: HBH  [|ip6]"},
    /* a known option of a wrong length is not decoded, for tcp_parse does not either */
    {PRINT_IP, 0,
     "4500002c00010000400666b70a0900020a090001000784dc00000001000000006010ffff59d300000203ab01",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [unknown-2 0xab,nop], length 0"},
    /* the flag of accurate ECN, which newer versions of tcpdump have */
    {PRINT_IP, 0,
     "4500002800010000400666bb0a0900020a090001000784dc00000001000000005110ffff15dc0000",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.e], ack 0, win 65535, length 0"},
    /* no look into the payload */
    {PRINT_IP, 0,
     "4500003a00010000400666a90a0900020a090001005084dc00000001000000005018ffff37d90000474554202f20485454502f31"
     "2e300d0a0d0a",
     "IP 10.9.0.2.80 > 10.9.0.1.34012: Flags [P.], seq 1:19, ack 0, win 65535, length 18"},
    {PRINT_IP, 0,
     "4500002800010000400466bd0a0900020a0900014500001400010000400166d40a0900020a090001",
     "IP 10.9.0.2 > 10.9.0.1:  ip-proto-4 20"},
    /* a kind without room for its length */
    {PRINT_IP, 0,
     "4500002c00010000400666b70a0900020a090001000784dc00000001000000006010ffff04d5000001010102",
     "IP 10.9.0.2.7 > 10.9.0.1.34012: Flags [.], ack 0, win 65535, options [nop,nop,nop,[bad opt]]"},
};

static void arp_prints_as_tcpdump_does(void **state)
{
    samples_check(arp_samples, ARRAY_LEN(arp_samples));
}

static void icmp_prints_as_tcpdump_does(void **state)
{
    samples_check(icmp_samples, ARRAY_LEN(icmp_samples));
}

static void igmp_prints_as_tcpdump_does(void **state)
{
    samples_check(igmp_samples, ARRAY_LEN(igmp_samples));
}

static void udp_prints_as_tcpdump_does(void **state)
{
    samples_check(udp_samples, ARRAY_LEN(udp_samples));
}

static void fragments_and_lying_ipv4_headers_print_as_tcpdump_does(void **state)
{
    samples_check(ipv4_samples, ARRAY_LEN(ipv4_samples));
}

static void tcp_prints_as_tcpdump_does(void **state)
{
    samples_check(tcp_samples, ARRAY_LEN(tcp_samples));
}

static void tcp_options_print_as_tcpdump_does(void **state)
{
    samples_check(tcp_option_samples, ARRAY_LEN(tcp_option_samples));
}

static void what_we_do_not_decode_is_named_by_number_and_length(void **state)
{
    samples_check(own_samples, ARRAY_LEN(own_samples));
}

static void ipv4_prints_the_same_inside_ethernet(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(tcp_option_samples); i++) {
        static const uint8_t ethernet[14] = {[12] = 0x08};
        uint8_t frame[256];
        char text[512];
        struct fmt f = fmt_begin(text, sizeof text);
        size_t n;
        uint8_t *p = bytes_of(tcp_option_samples[i].hex, &n);

        memcpy(frame, ethernet, sizeof ethernet);
        memcpy(frame + sizeof ethernet, p, n);
        free(p);
        print_packet(&f, PRINT_ETHERNET, frame, n + sizeof ethernet, 0);
        assert_string_equal(text, tcp_option_samples[i].line);
    }
}

static void line_that_does_not_fit_is_cut_and_says_so(void **state)
{
    const struct sample *s = &tcp_option_samples[0];
    size_t whole = strlen(s->line);
    size_t n;
    uint8_t *p = bytes_of(s->hex, &n);

    for (size_t room = 1; room <= whole + 1; room++) {
        char *text = malloc(room);
        struct fmt f;

        assert_non_null(text);
        f = fmt_begin(text, room);
        print_packet(&f, s->link, p, n, n);
        assert_int_equal(f.cut, room <= whole);
        assert_int_equal(strlen(text), room - 1);
        assert_memory_equal(text, s->line, room - 1);
        free(text);
    }
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arp_prints_as_tcpdump_does),
        cmocka_unit_test(icmp_prints_as_tcpdump_does),
        cmocka_unit_test(igmp_prints_as_tcpdump_does),
        cmocka_unit_test(udp_prints_as_tcpdump_does),
        cmocka_unit_test(fragments_and_lying_ipv4_headers_print_as_tcpdump_does),
        cmocka_unit_test(tcp_prints_as_tcpdump_does),
        cmocka_unit_test(tcp_options_print_as_tcpdump_does),
        cmocka_unit_test(what_we_do_not_decode_is_named_by_number_and_length),
        cmocka_unit_test(ipv4_prints_the_same_inside_ethernet),
        cmocka_unit_test(line_that_does_not_fit_is_cut_and_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
