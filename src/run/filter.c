/* SPDX-License-Identifier: MIT */
/*
 * The filter, made from a table of rules.
 *
 * It sees numbers, not memory: the arguments of a call, 64 bits each, as two halves. A call that no rule speaks of
 * passes. So does what moves bytes without naming anybody (read, write, send with no address): that goes to the pair
 * itself, at the kernel's own speed.
 *
 * Another instruction set's calls (a 32-bit program) have other numbers, and socketcall hides its arguments: there the
 * calls that open sockets are refused, so that none slips past to the kernel's network. So is io_uring, whose calls
 * nobody sees. Calls under the x32 bit fail as they do where a kernel does not know them.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "run/filter.h"

#if defined(__x86_64__)
#define ARCH_NATIVE AUDIT_ARCH_X86_64
#define SMALL_SOCKETCALL 102
#define SMALL_SOCKET     359
#define FOREIGN_BIT 0x40000000u /* x32 */
#elif defined(__aarch64__)
#define ARCH_NATIVE AUDIT_ARCH_AARCH64
#define SMALL_SOCKETCALL 102
#define SMALL_SOCKET     281
#define FOREIGN_BIT 0x40000000u
#else
#error "weft run knows the calls of x86-64 and AArch64"
#endif

#define MSG_FASTOPEN_BIT 0x20000000u
#define SMALL_IO_URING_SETUP 425 /* the same everywhere */
#define OURS (SECCOMP_RET_USER_NOTIF)
#define REFUSE(e) (SECCOMP_RET_ERRNO | (e))

enum condition {
    ALWAYS,
    FAMILY,       /* the first argument is AF_INET or AF_INET6, or AF_NETLINK and the third NETLINK_ROUTE */
    NAMED,        /* the fifth argument, an address, is there; or the fourth, flags, wants what a pair does not have */
    SOCKET_IOCTL, /* the second argument asks a socket, not a file */
};

struct rule {
    int nr;
    enum condition condition;
    uint32_t verdict;
};

static const struct rule rules[] = {
    {SYS_socket, FAMILY, OURS},       {SYS_connect, ALWAYS, OURS},     {SYS_bind, ALWAYS, OURS},
    {SYS_listen, ALWAYS, OURS},       {SYS_accept, ALWAYS, OURS},      {SYS_accept4, ALWAYS, OURS},
    {SYS_getsockname, ALWAYS, OURS},  {SYS_getpeername, ALWAYS, OURS}, {SYS_setsockopt, ALWAYS, OURS},
    {SYS_getsockopt, ALWAYS, OURS},   {SYS_shutdown, ALWAYS, OURS},    {SYS_sendto, NAMED, OURS},
    {SYS_recvfrom, NAMED, OURS},      {SYS_sendmsg, ALWAYS, OURS},     {SYS_recvmsg, ALWAYS, OURS},
    {SYS_sendmmsg, ALWAYS, OURS},     {SYS_recvmmsg, ALWAYS, OURS},    {SYS_ioctl, SOCKET_IOCTL, OURS},
    {SYS_io_uring_setup, ALWAYS, OURS},
};

/* Of the other instruction set. */
static const struct rule small_rules[] = {
    {SMALL_SOCKETCALL, ALWAYS, OURS},
    {SMALL_SOCKET, FAMILY, OURS},
    {SMALL_IO_URING_SETUP, ALWAYS, OURS},
};

static const struct run_refusal no_ring = {"io_uring_setup", ENOSYS, "what a ring does cannot be seen from here"};
static const struct run_refusal no_small_call = {"socketcall", ENOSYS, "a 32-bit program has no sockets here"};
static const struct run_refusal no_small_socket = {"socket", EAFNOSUPPORT, "a 32-bit program has no sockets here"};

const struct run_refusal *run_filter_refusal(uint32_t arch, int nr)
{
    if (arch == ARCH_NATIVE)
        return nr == SYS_io_uring_setup ? &no_ring : NULL;
    if (nr == SMALL_IO_URING_SETUP)
        return &no_ring;
    return nr == SMALL_SOCKET ? &no_small_socket : &no_small_call;
}

/* ---- writing ---- */

struct writer {
    struct sock_filter *at;
    size_t n;
};

static void put(struct writer *w, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    w->at[w->n++] = (struct sock_filter){code, yes, no, k};
}

static void load(struct writer *w, size_t offset) { put(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }
static void answer(struct writer *w, uint32_t verdict) { put(w, BPF_RET | BPF_K, verdict, 0, 0); }

static void test(struct writer *w, uint16_t how, uint32_t k, uint8_t yes, uint8_t no)
{
    put(w, (uint16_t)(BPF_JMP | how | BPF_K), k, yes, no);
}

/* The halves of an argument; both instruction sets put the lower one first. */
static size_t low_of(unsigned i) { return offsetof(struct seccomp_data, args) + 8 * i; }
static size_t high_of(unsigned i) { return low_of(i) + 4; }

/* Ends in the verdict, or lets pass. */
static void choose(struct writer *w, uint32_t verdict)
{
    answer(w, verdict);
    answer(w, SECCOMP_RET_ALLOW);
}

static void put_family(struct writer *w, uint32_t verdict)
{
    load(w, low_of(0));
    test(w, BPF_JEQ, AF_INET, 4, 0);
    test(w, BPF_JEQ, AF_INET6, 3, 0);
    test(w, BPF_JEQ, AF_NETLINK, 0, 3);
    load(w, low_of(2));
    test(w, BPF_JEQ, NETLINK_ROUTE, 0, 1);
    choose(w, verdict);
}

static void put_named(struct writer *w, uint32_t verdict)
{
    load(w, low_of(4));
    test(w, BPF_JEQ, 0, 0, 4);
    load(w, high_of(4));
    test(w, BPF_JEQ, 0, 0, 2);
    load(w, low_of(3));
    test(w, BPF_JSET, MSG_OOB | MSG_ERRQUEUE | MSG_TRUNC | MSG_FASTOPEN_BIT, 0, 1);
    choose(w, verdict);
}

/* SIOCOUTQ, which terminals have too, and what asks of interfaces: 0x89xx, SIOCATMARK among them; not of owners. */
static void put_ioctl(struct writer *w, uint32_t verdict)
{
    load(w, low_of(1));
    test(w, BPF_JEQ, TIOCOUTQ, 2, 0);
    test(w, BPF_JGE, SIOCATMARK, 0, 2);
    test(w, BPF_JGE, 0x8a00, 1, 0);
    choose(w, verdict);
}

static void put_always(struct writer *w, uint32_t verdict) { answer(w, verdict); }

static void (*const conditions[])(struct writer *w, uint32_t verdict) = {
    [ALWAYS] = put_always,
    [FAMILY] = put_family,
    [NAMED] = put_named,
    [SOCKET_IOCTL] = put_ioctl,
};

/* A rule is a test of the number and a body; where the number is another, the body is stepped over. */
static void put_rule(struct writer *w, const struct rule *rule)
{
    size_t at = w->n;

    load(w, offsetof(struct seccomp_data, nr));
    test(w, BPF_JEQ, (uint32_t)rule->nr, 0, 0);
    conditions[rule->condition](w, rule->verdict);
    w->at[at + 1].jf = (uint8_t)(w->n - at - 2);
}

static void put_rules(struct writer *w, const struct rule *rule, size_t n)
{
    for (; n; n--, rule++)
        put_rule(w, rule);
    answer(w, SECCOMP_RET_ALLOW);
}

size_t run_filter_build(struct sock_filter out[RUN_FILTER_MAX])
{
    struct writer w = {out, 0};

    load(&w, offsetof(struct seccomp_data, arch));
    test(&w, BPF_JEQ, ARCH_NATIVE, 0, 0);
    put_rules(&w, small_rules, sizeof small_rules / sizeof *small_rules);
    out[1].jt = (uint8_t)(w.n - 2);
    load(&w, offsetof(struct seccomp_data, nr));
    test(&w, BPF_JGE, FOREIGN_BIT, 0, 1);
    answer(&w, REFUSE(ENOSYS));
    put_rules(&w, rules, sizeof rules / sizeof *rules);
    return w.n;
}
