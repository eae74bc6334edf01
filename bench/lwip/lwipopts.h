/* SPDX-License-Identifier: MIT */
/*
 * lwIP as the bench builds it: the raw API on one core, everything that speed wants and TCP today has. Where two
 * settings were possible the faster one stands here (measured on the bench itself).
 */
#ifndef BENCH_LWIPOPTS_H
#define BENCH_LWIPOPTS_H

/* One thread, no operating system, callbacks only. */
#define NO_SYS                      1
#define SYS_LIGHTWEIGHT_PROT        0
#define LWIP_SOCKET                 0
#define LWIP_NETCONN                0
#define LWIP_NOASSERT               1

/* Protocols: IPv4, ICMP, TCP. */
#define LWIP_IPV4                   1
#define LWIP_IPV6                   0
#define LWIP_ARP                    0
#define LWIP_UDP                    0
#define LWIP_RAW                    0
#define LWIP_DHCP                   0
#define LWIP_DNS                    0
#define LWIP_ACD                    0
#define LWIP_NETIF_LOOPBACK         0
#define IP_REASSEMBLY               0
#define IP_FRAG                     0

/* TCP over an MTU of 1500, with what weft also has: window scaling, timestamps, SACK, out-of-order queueing. */
#define TCP_MSS                     1460
#define LWIP_WND_SCALE              1
#define TCP_RCV_SCALE               2
#define TCP_WND                     (128 * 1024)
#define TCP_SND_BUF                 (64 * 1024)
#define TCP_SND_QUEUELEN            1024
#define TCP_SNDLOWAT                16384
#define LWIP_TCP_TIMESTAMPS         1
#define LWIP_TCP_SACK_OUT           1
#define TCP_QUEUE_OOSEQ             1
#define TCP_LISTEN_BACKLOG          1

/* Every checksum made and tested; the sender's is summed while it copies. */
#define CHECKSUM_GEN_IP             1
#define CHECKSUM_GEN_TCP            1
#define CHECKSUM_CHECK_IP           1
#define CHECKSUM_CHECK_TCP          1
#define LWIP_CHECKSUM_ON_COPY       1
#define LWIP_CHKSUM_ALGORITHM       3

/* Memory: fixed pools for the stack's own things (fastest), malloc for copied payload; counted, for the idle figure. */
#define MEM_ALIGNMENT               8
#define MEM_LIBC_MALLOC             1
#define MEMP_MEM_MALLOC             0
#define MEMP_NUM_TCP_PCB            8192
#define MEMP_NUM_TCP_PCB_LISTEN     8
#define MEMP_NUM_TCP_SEG            8192
#define MEMP_NUM_PBUF               8192
#define PBUF_POOL_SIZE              4096
#define PBUF_POOL_BUFSIZE           1600
#define LWIP_STATS                  1
#define MEM_STATS                   1
#define MEMP_STATS                  1
#define LINK_STATS                  0
#define IP_STATS                    0
#define ICMP_STATS                  0
#define TCP_STATS                   0
#define SYS_STATS                   0

/* Both ends live in this one lwIP (its state is global), each behind an interface of its own: the source decides. */
struct netif;
struct ip4_addr;
struct netif *bench_route(const struct ip4_addr *src);
#define LWIP_HOOK_IP4_ROUTE_SRC(src, dest) ((void)(dest), bench_route(src))

#endif
