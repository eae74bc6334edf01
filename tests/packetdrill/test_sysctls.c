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

/* The option of this kind in the SYN of a new connection; NULL when there is none. */
static const uint8_t *syn_option(struct bench *b, uint8_t kind)
{
    static struct segment s;
    struct sockaddr_in to = bench_addr("192.0.2.1", 9000);
    int fd = b->t.socket(b->t.userdata, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const uint8_t *found = NULL;

    assert_errno(b->t.connect(b->t.userdata, fd, (struct sockaddr *)&to, sizeof to), EINPROGRESS);
    bench_out(b, &s);
    for (size_t i = 0; i < s.n_options && s.options[i]; i += s.options[i] == 1 ? 1 : s.options[i + 1])
        if (s.options[i] == kind)
            found = &s.options[i];
    assert_int_equal(b->t.close(b->t.userdata, fd), 0);
    return found;
}

enum { WSCALE = 3, TIMESTAMPS = 8 };

/* A directory like /proc/sys, to be filled. */
struct tree {
    char top[32], ipv4[64];
};

static void tree_make(struct tree *t)
{
    char net[64];

    strcpy(t->top, "/tmp/weft-sysctls-XXXXXX");
    assert_non_null(mkdtemp(t->top));
    snprintf(net, sizeof net, "%s/net", t->top);
    snprintf(t->ipv4, sizeof t->ipv4, "%s/net/ipv4", t->top);
    assert_int_equal(mkdir(net, 0700), 0);
    assert_int_equal(mkdir(t->ipv4, 0700), 0);
}

static void tree_write(const struct tree *t, const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", t->ipv4, name);
    write_text(path, text);
}

static void tree_remove(const struct tree *t)
{
    char command[128];

    snprintf(command, sizeof command, "rm -r %s", t->top);
    assert_int_equal(system(command), 0);
}

static void open_with(struct bench *b, const struct tree *t)
{
    char flags[128];

    snprintf(flags, sizeof flags, "local=192.168.0.1,sysctls=%s", t->top);
    bench_open(b, flags);
}

static void directory_of_tunables_is_read_at_each_socket(void **state)
{
    struct bench b;
    struct tree t;

    tree_make(&t);
    tree_write(&t, "tcp_timestamps", "0\n");
    open_with(&b, &t);
    assert_null(syn_option(&b, TIMESTAMPS));
    tree_write(&t, "tcp_timestamps", "1\n");
    assert_non_null(syn_option(&b, TIMESTAMPS));
    bench_close(&b);
    tree_remove(&t);
}

static void window_scale_comes_from_the_largest_buffer(void **state)
{
    static const struct {
        const char *rmem;
        uint8_t scale;
    } cases[] = {
        {"4096\t131072\t6291456\n", 7},
        {"4096\t540000\t15728640\n", 8},
        {"4096\t65536\t65536\n", 2}, /* what a user may ask for is more: net.core.rmem_max */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint8_t *option;
        struct bench b;
        struct tree t;

        tree_make(&t);
        tree_write(&t, "tcp_rmem", cases[i].rmem);
        open_with(&b, &t);
        option = syn_option(&b, WSCALE);
        assert_non_null(option);
        assert_int_equal(option[2], cases[i].scale);
        bench_close(&b);
        tree_remove(&t);
    }
}

/* What the adapter says on standard error while sockets are made, and one is asked for an option that weft lacks. */
static void listen_to_it(const struct tree *t, char *said, size_t n)
{
    FILE *file = tmpfile();
    int usual = dup(STDERR_FILENO), fd, one = 1;
    struct bench b;

    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    open_with(&b, t);
    for (int i = 0; i < 2; i++) {
        fd = b.t.socket(b.t.userdata, AF_INET, SOCK_STREAM, 0);
        assert_errno(b.t.setsockopt(b.t.userdata, fd, IPPROTO_TCP, 14, &one, sizeof one), ENOPROTOOPT);
        assert_int_equal(b.t.close(b.t.userdata, fd), 0);
    }
    bench_close(&b);
    dup2(usual, STDERR_FILENO);
    close(usual);
    rewind(file);
    said[fread(said, 1, n - 1, file)] = '\0';
    fclose(file);
}

static void what_weft_lacks_is_said(void **state)
{
    char said[2048];
    const char *first;
    struct tree t;

    tree_make(&t);
    tree_write(&t, "tcp_retrans_collapse", "0\n");
    tree_write(&t, "tcp_autocorking", "1\n"); /* as where nobody sets it */
    listen_to_it(&t, said, sizeof said);
    first = strstr(said, "weft has no net.ipv4.tcp_retrans_collapse: \"0\" changes nothing\n");
    assert_non_null(first);
    assert_null(strstr(strchr(first, '\n'), "tcp_retrans_collapse")); /* once */
    assert_null(strstr(said, "tcp_autocorking"));
    assert_non_null(strstr(said, "weft has no socket option 14 of level 6 (TCP_MD5SIG)\n"));
    tree_remove(&t);
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
    if (syn_option(&b, TIMESTAMPS))
        return 1;
    if (pwrite(fd, "1\n", 2, 0) != 2)
        return 77;
    if (!syn_option(&b, TIMESTAMPS))
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
        cmocka_unit_test(window_scale_comes_from_the_largest_buffer),
        cmocka_unit_test(what_weft_lacks_is_said),
        cmocka_unit_test(tunables_of_a_network_namespace_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
