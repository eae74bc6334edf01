/* SPDX-License-Identifier: MIT */
/* The control socket: commands from another process, and everything a broken or hostile client may send instead. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "host_pair.h"

static char echo[] = "echo";

struct fixture {
    char runtime[40];
    weft_host *host;
    int started, ended; /* pipe: a byte for each handler that began */
    pthread_mutex_t lock;
    int argc;
    char last[64]; /* the last argument seen */
};

/* "echo" copies stdin to stdout; "wait" waits for the client's end; both return a status. */
static int handler(struct weft_job *job, void *ctx)
{
    struct fixture *f = ctx;
    struct pollfd p = {job->hangup, POLLIN, 0};
    char buf[100];
    ssize_t n;

    pthread_mutex_lock(&f->lock);
    f->argc = job->argc;
    snprintf(f->last, sizeof(f->last), "%s", job->argv[job->argc - 1]);
    pthread_mutex_unlock(&f->lock);
    assert_null(job->argv[job->argc]);
    if (strcmp(job->argv[0], "echo") == 0) {
        while ((n = read(job->in, buf, sizeof(buf))) > 0)
            assert_int_equal(write(job->out, buf, (size_t)n), n);
        dprintf(job->err, "%s done", weft_host_name(job->host));
        return 42;
    }
    assert_int_equal(write(f->started, "s", 1), 1);
    while (poll(&p, 1, -1) < 1)
        ;
    return 7;
}

static weft_host *host_named(const char *name)
{
    char why[200];
    weft_host *h = weft_host_new(&(struct weft_host_config){.name = name}, why, sizeof(why));

    assert_non_null(h);
    assert_int_equal(weft_host_start(h, why, sizeof(why)), 0);
    return h;
}

static int setup(void **state)
{
    static struct fixture f;
    char why[200] = "";
    int fd[2];

    f = (struct fixture){.runtime = "/tmp/weft-test-control-XXXXXX", .lock = PTHREAD_MUTEX_INITIALIZER};
    assert_non_null(mkdtemp(f.runtime));
    setenv("XDG_RUNTIME_DIR", f.runtime, 1);
    assert_int_equal(pipe(fd), 0);
    f.ended = fd[0];
    f.started = fd[1];
    f.host = host_named("bar");
    assert_int_equal(weft_control_serve(f.host, handler, &f, why, sizeof(why)), 0);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char path[100];

    if (f->host)
        weft_host_free(f->host);
    close(f->started);
    close(f->ended);
    snprintf(path, sizeof(path), "%s/weft", f->runtime);
    assert_int_equal(rmdir(path), 0); /* the socket is gone with its host */
    assert_int_equal(rmdir(f->runtime), 0);
    return 0;
}

/* ---- well-behaved clients ---- */

/* weft_control_call with stdio of our own; what came out of stdout and stderr stands in out and err. */
static int call(const char *in, char out[100], char err[100], int argc, char *const *argv)
{
    int saved[3], pipes[3][2], i, status;
    char why[200] = "";
    ssize_t n;

    for (i = 0; i < 3; i++) {
        saved[i] = dup(i);
        assert_int_equal(pipe(pipes[i]), 0);
        dup2(pipes[i][i ? 1 : 0], i);
    }
    assert_int_equal(write(pipes[0][1], in, strlen(in)), (ssize_t)strlen(in));
    close(pipes[0][1]);
    status = weft_control_call("bar", argc, argv, why, sizeof(why));
    for (i = 0; i < 3; i++) {
        dup2(saved[i], i);
        close(saved[i]);
        close(pipes[i][i ? 1 : 0]);
    }
    n = read(pipes[1][0], out, 99);
    out[n < 0 ? 0 : n] = '\0';
    n = read(pipes[2][0], err, 99);
    err[n < 0 ? 0 : n] = '\0';
    close(pipes[0][0]);
    close(pipes[1][0]);
    close(pipes[2][0]);
    return status;
}

static void a_command_runs_with_its_clients_stdio(void **state)
{
    struct fixture *f = *state;
    char empty[] = "", words[] = "two words", *argv[] = {echo, empty, words}, out[100], err[100];

    assert_int_equal(call("some input", out, err, 3, argv), 42);
    assert_string_equal(out, "some input");
    assert_string_equal(err, "bar done");
    assert_int_equal(f->argc, 3);
    assert_string_equal(f->last, "two words");
}

static void the_socket_is_closed_to_others(void **state)
{
    struct fixture *f = *state;
    char path[108], expected[108];
    struct stat st;

    assert_true(weft_control_path("bar", path, sizeof(path)));
    snprintf(expected, sizeof(expected), "%s/weft/bar.sock", f->runtime);
    assert_string_equal(path, expected);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    *strrchr(path, '/') = '\0';
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void a_path_that_does_not_fit_is_told(void **state)
{
    char path[108], small[10], name[120];

    (void)state;
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_false(weft_control_path(name, path, sizeof(path)));
    assert_false(weft_control_path("bar", small, sizeof(small)));
    assert_false(weft_control_path("", path, sizeof(path)));
    assert_false(weft_control_path("../bar", path, sizeof(path)));
}

static void without_a_runtime_directory_it_is_in_tmp(void **state)
{
    struct fixture *f = *state;
    char path[108], expected[108];

    unsetenv("XDG_RUNTIME_DIR");
    assert_true(weft_control_path("bar", path, sizeof(path)));
    snprintf(expected, sizeof(expected), "/tmp/weft-%u/bar.sock", (unsigned)getuid());
    assert_string_equal(path, expected);
    setenv("XDG_RUNTIME_DIR", f->runtime, 1);
}

static void a_host_that_is_not_there_is_one_line(void **state)
{
    struct fixture *f = *state;
    char *argv[] = {echo}, why[200];

    assert_int_equal(weft_control_call("foo", 1, argv, why, sizeof(why)), -1);
    assert_string_equal(why, "no host named foo is running");
    setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
    assert_int_equal(weft_control_call("bar", 1, argv, why, sizeof(why)), -1);
    assert_string_equal(why, "no host named bar is running");
    setenv("XDG_RUNTIME_DIR", f->runtime, 1);
}

static void arguments_that_are_too_long_are_refused(void **state)
{
    char *huge = malloc(70000), *argv[1] = {huge}, why[200];

    (void)state;
    memset(huge, 'x', 69999);
    huge[69999] = '\0';
    assert_int_equal(weft_control_call("bar", 1, argv, why, sizeof(why)), -1);
    assert_string_equal(why, "the command's arguments are too long, or there are none");
    assert_int_equal(weft_control_call("bar", 0, argv, why, sizeof(why)), -1);
    free(huge);
}

/* ---- names ---- */

static void a_taken_name_is_refused(void **state)
{
    weft_host *second = host_named("bar");
    char why[200] = "", out[100], err[100], *argv[] = {echo};

    (void)state;
    assert_int_equal(weft_control_serve(second, handler, NULL, why, sizeof(why)), -1);
    assert_string_equal(why, "a host named bar is running already");
    weft_host_free(second);
    assert_int_equal(call("", out, err, 1, argv), 42); /* the first one still answers */
}

static void a_socket_that_nobody_serves_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char why[200] = "", *argv[] = {echo};
    weft_host *h = host_named("stale");
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    assert_true(weft_control_path("stale", at.sun_path, sizeof(at.sun_path)));
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    close(fd); /* as after a crash: the file stays */
    assert_int_equal(weft_control_call("stale", 1, argv, why, sizeof(why)), -1);
    assert_string_equal(why, "no host named stale is running");
    assert_int_equal(weft_control_serve(h, handler, f, why, sizeof(why)), 0);
    weft_host_free(h);
}

static void a_directory_open_to_others_is_not_used(void **state)
{
    struct fixture *f = *state;
    char path[100], why[200] = "", expected[200], *argv[] = {echo};
    weft_host *h = host_named("other");

    snprintf(path, sizeof(path), "%s/weft", f->runtime);
    snprintf(expected, sizeof(expected), "%s is not ours alone: it should belong to us, with mode 0700", path);
    assert_int_equal(chmod(path, 0770), 0);
    assert_int_equal(weft_control_serve(h, handler, f, why, sizeof(why)), -1);
    assert_string_equal(why, expected);
    assert_int_equal(weft_control_call("bar", 1, argv, why, sizeof(why)), -1);
    assert_string_equal(why, expected);
    assert_int_equal(chmod(path, 0700), 0);
    weft_host_free(h);
}

static void a_nameless_host_serves_nobody(void **state)
{
    weft_host *h = host_make(NULL, NULL);
    char why[200] = "";

    (void)state;
    assert_int_equal(weft_control_serve(h, handler, NULL, why, sizeof(why)), -1);
    assert_string_equal(why, "no control socket without a name");
    weft_host_free(h);
}

/* ---- clients of another kind ---- */

static int raw_connect(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    assert_true(weft_control_path("bar", at.sun_path, sizeof(at.sun_path)));
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

/* Sends bytes with n copies of stderr. */
static void raw_send(int fd, const void *bytes, size_t length, unsigned n)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(50 * sizeof(int))];
    } control = {.space = {0}};
    struct iovec iov = {(void *)(uintptr_t)bytes, length};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    int fds[50];
    unsigned i;

    if (n) {
        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
        control.head = (struct cmsghdr){CMSG_LEN(n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        for (i = 0; i < n; i++)
            fds[i] = 2;
        memcpy(CMSG_DATA(&control.head), fds, n * sizeof(int));
    }
    assert_true(sendmsg(fd, &msg, MSG_NOSIGNAL) >= 0);
}

/* The int that comes back; INT32_MIN for none. */
static int raw_answer(int fd)
{
    int status = 0;

    return recv(fd, &status, sizeof(status), 0) == sizeof(status) ? status : INT32_MIN;
}

static unsigned open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void malformed_requests_do_no_harm(void **state)
{
    static char huge[100000];
    static const struct {
        const char *bytes;
        size_t n;
        unsigned fds;
        int answer;
    } rows[] = {
        {"echo", 5, 0, -2},          /* no descriptors */
        {"echo", 5, 2, -2},          /* too few */
        {"echo", 5, 4, -2},          /* too many */
        {"echo", 5, 50, -2},         /* more than there is room for */
        {"echo", 4, 3, -2},          /* not ended by NUL */
        {"", 0, 0, INT32_MIN},       /* nothing */
        {"", 0, 3, INT32_MIN},       /* nothing, and yet descriptors */
        {huge, 2000, 3, -2},         /* too many arguments */
        {huge, sizeof(huge), 3, -2}, /* too long */
    };
    unsigned before = open_descriptors();
    char out[100], err[100], *argv[] = {echo};
    size_t i;
    int fd;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fd = raw_connect();
        raw_send(fd, rows[i].bytes, rows[i].n, rows[i].fds);
        assert_int_equal(raw_answer(fd), rows[i].answer);
        close(fd);
    }
    close(raw_connect());                              /* says nothing at all */
    assert_int_equal(call("", out, err, 1, argv), 42); /* still there */
    for (i = 0; i < 100 && open_descriptors() != before; i++)
        usleep(10000); /* the last job's thread may still be closing */
    assert_int_equal(open_descriptors(), before);
}

static void a_job_learns_that_its_client_died(void **state)
{
    struct fixture *f = *state;
    int fd = raw_connect(), i;
    unsigned with;

    raw_send(fd, "wait", 5, 3);
    assert_int_equal(read(f->ended, &(char){0}, 1), 1);
    with = open_descriptors();
    close(fd);
    for (i = 0; i < 500 && open_descriptors() > with - 5; i++)
        usleep(10000);
    assert_int_equal(open_descriptors(), with - 5); /* our end, its end, and the three */
}

static void more_jobs_than_allowed_are_told_busy(void **state)
{
    struct fixture *f = *state;
    char why[200] = "", *argv[] = {echo};
    int fd[32], i;

    for (i = 0; i < 32; i++) {
        fd[i] = raw_connect();
        raw_send(fd[i], "wait", 5, 3);
        assert_int_equal(read(f->ended, &(char){0}, 1), 1);
    }
    assert_int_equal(weft_control_call("bar", 1, argv, why, sizeof(why)), -1);
    assert_string_equal(why, "host bar is busy with 32 other commands");
    for (i = 0; i < 32; i++)
        close(fd[i]);
}

static void a_dying_host_ends_its_jobs_and_answers(void **state)
{
    struct fixture *f = *state;
    int fd = raw_connect();

    raw_send(fd, "wait", 5, 3);
    assert_int_equal(read(f->ended, &(char){0}, 1), 1);
    weft_host_free(f->host);
    f->host = NULL;
    assert_int_equal(raw_answer(fd), 7);
    close(fd);
}

#define control_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        control_test(a_command_runs_with_its_clients_stdio),
        control_test(the_socket_is_closed_to_others),
        control_test(a_path_that_does_not_fit_is_told),
        control_test(without_a_runtime_directory_it_is_in_tmp),
        control_test(a_host_that_is_not_there_is_one_line),
        control_test(arguments_that_are_too_long_are_refused),
        control_test(a_taken_name_is_refused),
        control_test(a_socket_that_nobody_serves_is_replaced),
        control_test(a_directory_open_to_others_is_not_used),
        control_test(a_nameless_host_serves_nobody),
        control_test(malformed_requests_do_no_harm),
        control_test(a_job_learns_that_its_client_died),
        control_test(more_jobs_than_allowed_are_told_busy),
        control_test(a_dying_host_ends_its_jobs_and_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
