/* SPDX-License-Identifier: MIT */
/*
 * The library to preload: libc's getsockopt, close and sendfile reach the adapter for its descriptors, and libc for
 * all others. The program starts itself again with LD_PRELOAD.
 */
#include <netinet/tcp.h>
#include <sys/sendfile.h>

#include "bench.h"
#include "weft/tcp_info.h"

static int setup(void **state)
{
    static struct bench b;

    bench_open(&b, NULL);
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    bench_close(*state);
    return 0;
}

static void getsockopt_of_libc_gives_tcp_info(void **state)
{
    struct bench *b = *state;
    struct weft_tcp_info info = {0};
    socklen_t n = sizeof info;
    struct peer p;

    peer_open(b, &p);
    assert_int_equal(getsockopt(p.fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
    assert_int_equal(info.tcpi_state, TCP_ESTABLISHED);
    assert_int_equal(info.tcpi_snd_mss, 1000);
    assert_int_equal(info.tcpi_snd_cwnd, 10);
    assert_true(n > 200);
    n = 8; /* an older layout is a prefix */
    assert_int_equal(getsockopt(p.fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
    assert_int_equal(n, 8);
}

static void close_of_libc_closes(void **state)
{
    struct bench *b = *state;
    struct peer p;

    peer_open(b, &p);
    assert_int_equal(close(p.fd), 0);
    peer_expect(&p, F | A, 0, NULL);
    assert_errno(close(p.fd), EBADF);
}

static void other_descriptors_stay_libcs(void **state)
{
    int fds[2], type = 0;
    socklen_t n = sizeof type;
    int s = socket(AF_UNIX, SOCK_DGRAM, 0);

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(close(fds[0]), 0);
    assert_errno(close(fds[0]), EBADF);
    assert_int_equal(close(fds[1]), 0);
    assert_int_equal(getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &n), 0);
    assert_int_equal(type, SOCK_DGRAM);
    assert_int_equal(close(s), 0);
}

static void sendfile_of_libc_sends(void **state)
{
    struct bench *b = *state;
    FILE *file = tmpfile();
    off_t at = 100;
    struct segment s;
    struct peer p;

    assert_non_null(file);
    for (int i = 0; i < 1500; i++)
        fputc(i % 251, file);
    fflush(file);
    peer_open(b, &p);
    assert_int_equal(sendfile(p.fd, fileno(file), &at, 600), 600);
    assert_int_equal(at, 700);
    peer_expect(&p, P | A, 600, &s);
    assert_int_equal(s.payload[0], 100);
    assert_int_equal(s.payload[599], 699 % 251);
    peer_ack(&p);
    assert_int_equal(lseek(fileno(file), 700, SEEK_SET), 700);
    assert_int_equal(sendfile(p.fd, fileno(file), NULL, 5000), 800);
    assert_int_equal(lseek(fileno(file), 0, SEEK_CUR), 1500);
    peer_expect(&p, P | A, 800, &s);
    assert_int_equal(s.payload[799], 1499 % 251);
    assert_errno(sendfile(p.fd, 999, NULL, 1), EBADF);
    assert_errno(sendfile(1500, fileno(file), NULL, 1), EBADF);
    fclose(file);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        T(getsockopt_of_libc_gives_tcp_info),
        T(close_of_libc_closes),
        cmocka_unit_test(other_descriptors_stay_libcs),
        T(sendfile_of_libc_sends),
    };

    if (argc == 1) {
        char *again[] = {argv[0], argv[0], NULL}; /* one argument: preloaded */

        setenv("LD_PRELOAD", getenv("WEFT_PACKETDRILL_PRELOAD"), 1);
#ifdef __SANITIZE_ADDRESS__ /* it wants to be the first library of all, and can do without */
        setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
#endif
        execv("/proc/self/exe", again);
        return 1;
    }
    unsetenv("LD_PRELOAD");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
