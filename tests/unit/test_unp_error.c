/* SPDX-License-Identifier: MIT */
/* weft/unp.h: what is told when something fails. No host here: what forks has one thread, and so has its child. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "weft/unp.h"

/* What a child that does this says on stderr, and its status. */
static int said_by(void (*act)(void), char *text, size_t n)
{
    size_t said = 0;
    int p[2], status;
    ssize_t r;
    pid_t child;

    assert_int_equal(pipe(p), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(p[1], 2);
        close(p[1]);
        act();
        _exit(0);
    }
    close(p[1]);
    while ((r = read(p[0], text + said, n - 1 - said)) > 0)
        said += (size_t)r;
    text[said] = 0;
    close(p[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void fail_for_want_of_a_file(void)
{
    weft_unp_must("open it", open("/no/such/file", O_RDONLY));
}

static void fail_for_want_of_memory(void)
{
    errno = ENOMEM;
    weft_unp_must_have("allocate", NULL);
}

static void quit(void)
{
    weft_unp_err_quit("enough of %d", 3);
}

static void what_fails_is_told_and_ends_the_program(void **state)
{
    char text[128];

    assert_int_equal(said_by(fail_for_want_of_a_file, text, sizeof text), 1);
    assert_string_equal(text, "open it: No such file or directory\n");
    assert_int_equal(said_by(fail_for_want_of_memory, text, sizeof text), 1);
    assert_string_equal(text, "allocate: Cannot allocate memory\n");
    assert_int_equal(said_by(quit, text, sizeof text), 1);
    assert_string_equal(text, "enough of 3\n");
}

static void warn(void)
{
    errno = EAGAIN;
    weft_unp_err_ret("no %s", "luck");
    if (errno != EAGAIN)
        _exit(3);
    weft_unp_err_msg("line %d", 2);
}

static void a_warning_leaves_errno_and_goes_on(void **state)
{
    char text[128];

    assert_int_equal(said_by(warn, text, sizeof text), 0);
    assert_string_equal(text, "no luck: Resource temporarily unavailable\nline 2\n");
    assert_int_equal(weft_unp_must("seven", 7), 7);
    assert_ptr_equal(weft_unp_must_have("text", text), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fails_is_told_and_ends_the_program),
        cmocka_unit_test(a_warning_leaves_errno_and_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
