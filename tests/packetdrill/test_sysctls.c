/* SPDX-License-Identifier: MIT */
/* Linux's tunables are read at each socket() and become weft's. */
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bench.h"

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* Does a new connection offer timestamps in its SYN? */
static bool syn_has_timestamps(struct bench *b)
{
    struct sockaddr_in to = bench_addr("192.0.2.1", 9000);
    struct segment *s = calloc(1, sizeof *s);
    int fd = b->t.socket(b->t.userdata, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    bool found = false;

    assert_errno(b->t.connect(b->t.userdata, fd, (struct sockaddr *)&to, sizeof to), EINPROGRESS);
    bench_out(b, s);
    for (size_t i = 0; i < s->n_options && s->options[i]; i += s->options[i] == 1 ? 1 : s->options[i + 1])
        found |= s->options[i] == 8;
    free(s);
    assert_int_equal(b->t.close(b->t.userdata, fd), 0);
    return found;
}

static void directory_of_tunables_is_read_at_each_socket(void **state)
{
    char dir[] = "/tmp/weft-sysctls-XXXXXX", path[64], flags[128];
    struct bench b;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/net", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/net/ipv4", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/net/ipv4/tcp_timestamps", dir);
    snprintf(flags, sizeof flags, "local=192.168.0.1,sysctls=%s", dir);
    write_text(path, "0\n");
    bench_open(&b, flags);
    assert_false(syn_has_timestamps(&b));
    write_text(path, "1\n");
    assert_true(syn_has_timestamps(&b));
    bench_close(&b);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/net/ipv4", dir);
    assert_int_equal(rmdir(path), 0);
    snprintf(path, sizeof path, "%s/net", dir);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

/* In a child, whose network namespace is its own. */
static int namespace_child(void)
{
    struct bench b;
    int fd;

    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return 77;
    fd = open("/proc/sys/net/ipv4/tcp_timestamps", O_WRONLY);
    if (fd < 0 || write(fd, "0\n", 2) != 2)
        return 77;
    bench_open(&b, "local=192.168.0.1");
    if (syn_has_timestamps(&b))
        return 1;
    if (pwrite(fd, "1\n", 2, 0) != 2)
        return 77;
    if (!syn_has_timestamps(&b))
        return 2;
    bench_close(&b);
    return 0;
}

static void tunables_of_a_network_namespace_are_read(void **state)
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0)
        _exit(namespace_child());
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("skip: lacks netns: no network namespace whose tunables may be set\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(directory_of_tunables_is_read_at_each_socket),
        cmocka_unit_test(tunables_of_a_network_namespace_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
