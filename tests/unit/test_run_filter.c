/* SPDX-License-Identifier: MIT */
/*
 * The seccomp program of `weft run` (src/run/filter.c), put to an interpreter of classic BPF: what it decides for each
 * call, on both instruction sets.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "run/filter.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#define OTHER  AUDIT_ARCH_I386
#define OTHER_SOCKET 359
#else
#define NATIVE AUDIT_ARCH_AARCH64
#define OTHER  AUDIT_ARCH_ARM
#define OTHER_SOCKET 281
#endif

#define PASS SECCOMP_RET_ALLOW
#define OURS SECCOMP_RET_USER_NOTIF
#define NO(e) (SECCOMP_RET_ERRNO | (e))
#define HIGH ((uint64_t)1 << 40)

/* Runs the program; every step stays within it, and it ends. */
static uint32_t judge(const struct sock_filter *code, size_t n, const struct seccomp_data *data)
{
    uint32_t a = 0;

    for (size_t at = 0;; at++) {
        const struct sock_filter *i = &code[at];
        bool yes;

        assert_true(at < n);
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_true(i->k % 4 == 0 && i->k + 4 <= sizeof *data);
            memcpy(&a, (const char *)data + i->k, sizeof a);
            continue;
        case BPF_RET | BPF_K:
            return i->k;
        case BPF_JMP | BPF_JEQ | BPF_K:
            yes = a == i->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            yes = a >= i->k;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            yes = a & i->k;
            break;
        default:
            fail_msg("instruction %zu has code %#x", at, i->code);
            return 0;
        }
        at += yes ? i->jt : i->jf;
    }
}

static uint32_t decide(uint32_t arch, int nr, const uint64_t arg[6])
{
    struct sock_filter code[RUN_FILTER_MAX];
    struct seccomp_data data = {.nr = nr, .arch = arch};
    size_t n = run_filter_build(code);

    assert_in_range(n, 1, RUN_FILTER_MAX);
    memcpy(data.args, arg, sizeof data.args);
    return judge(code, n, &data);
}

static void calls_go_where_they_belong(void **state)
{
    static const struct {
        int nr;
        uint64_t arg[6];
        uint32_t verdict;
    } rows[] = {
        {SYS_read, {3}, PASS},
        {SYS_write, {3}, PASS},
        {SYS_close, {3}, PASS},
        {SYS_socket, {AF_INET, SOCK_STREAM}, OURS},
        {SYS_socket, {AF_INET6, SOCK_DGRAM}, OURS},
        {SYS_socket, {AF_UNIX, SOCK_STREAM}, PASS},
        {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}, OURS},
        {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT}, PASS},
        {SYS_socketpair, {AF_UNIX, SOCK_STREAM}, PASS},
        {SYS_connect, {3}, OURS},
        {SYS_accept4, {3}, OURS},
        {SYS_setsockopt, {3}, OURS},
        {SYS_recvmmsg, {3}, OURS},
        {SYS_sendto, {3, 1, 1, 0, 0, 0}, PASS},
        {SYS_sendto, {3, 1, 1, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_MORE, 0, 0}, PASS},
        {SYS_sendto, {3, 1, 1, 0, 4096, 16}, OURS},
        {SYS_sendto, {3, 1, 1, 0, HIGH, 16}, OURS},
        {SYS_sendto, {3, 1, 1, MSG_OOB, 0, 0}, OURS},
        {SYS_sendto, {3, 1, 1, MSG_FASTOPEN, 0, 0}, OURS},
        {SYS_recvfrom, {3, 1, 1, MSG_PEEK | MSG_WAITALL, 0, 0}, PASS},
        {SYS_recvfrom, {3, 1, 1, 0, HIGH, HIGH}, OURS},
        {SYS_recvfrom, {3, 1, 1, MSG_ERRQUEUE, 0, 0}, OURS},
        {SYS_ioctl, {3, FIONREAD}, PASS},
        {SYS_ioctl, {3, FIONBIO}, PASS},
        {SYS_ioctl, {3, TIOCGWINSZ}, PASS},
        {SYS_ioctl, {3, TIOCOUTQ}, OURS},
        {SYS_ioctl, {3, 0x8904}, PASS}, /* SIOCGPGRP */
        {SYS_ioctl, {3, 0x8905}, OURS}, /* SIOCATMARK */
        {SYS_ioctl, {3, 0x8915}, OURS}, /* SIOCGIFADDR */
        {SYS_ioctl, {3, 0x8a00}, PASS},
        {SYS_io_uring_setup, {8}, OURS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t verdict = decide(NATIVE, rows[i].nr, rows[i].arg);

        if (verdict != rows[i].verdict)
            fail_msg("row %zu: call %d is judged %#x", i, rows[i].nr, verdict);
    }
}

/* No socket of the network's slips past by way of another instruction set's calls, and nothing else is disturbed. */
static void calls_of_the_other_instruction_set_open_no_sockets(void **state)
{
    static const uint64_t inet[6] = {AF_INET}, inet6[6] = {AF_INET6}, local[6] = {AF_UNIX};

    (void)state;
    assert_int_equal(decide(OTHER, 102, inet), OURS);
    assert_int_equal(decide(OTHER, OTHER_SOCKET, inet), OURS);
    assert_int_equal(decide(OTHER, OTHER_SOCKET, inet6), OURS);
    assert_int_equal(decide(OTHER, OTHER_SOCKET, local), PASS);
    assert_int_equal(decide(OTHER, 425, inet), OURS);
    assert_int_equal(decide(OTHER, 3, inet), PASS);
    assert_int_equal(decide(NATIVE, 0x40000000 | SYS_socket, inet), NO(ENOSYS));
}

/* What is handed over only to be refused; the number of a native call means another one elsewhere. */
static void what_cannot_be_honoured_has_an_errno_and_a_reason(void **state)
{
    (void)state;
    assert_int_equal(run_filter_refusal(NATIVE, SYS_io_uring_setup)->error, ENOSYS);
    assert_null(run_filter_refusal(NATIVE, SYS_socket));
    assert_null(run_filter_refusal(NATIVE, OTHER_SOCKET));
    assert_int_equal(run_filter_refusal(OTHER, OTHER_SOCKET)->error, EAFNOSUPPORT);
    assert_int_equal(run_filter_refusal(OTHER, 102)->error, ENOSYS);
    assert_string_equal(run_filter_refusal(OTHER, 102)->call, "socketcall");
    assert_string_equal(run_filter_refusal(OTHER, 425)->call, "io_uring_setup");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_go_where_they_belong),
        cmocka_unit_test(calls_of_the_other_instruction_set_open_no_sockets),
        cmocka_unit_test(what_cannot_be_honoured_has_an_errno_and_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
