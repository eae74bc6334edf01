/* SPDX-License-Identifier: MIT */
/*
 * Runs the cases of a chapter, each in a process of its own: with weft, on a host of its own with nothing but loopback;
 * with the kernel, in a network namespace with nothing but loopback.
 */
#include "case.h"

#include <sched.h>

static struct {
    const char *chapter, *name;
    void (*run)(void);
} cases[1024];
static size_t n_cases;

void case_add(const char *chapter, const char *name, void (*run)(void))
{
    if (n_cases == sizeof cases / sizeof *cases)
        abort();
    cases[n_cases].chapter = chapter;
    cases[n_cases].name = name;
    cases[n_cases++].run = run;
}

#ifdef WEFT_POSIX_NAMES
static bool can_run(void) { return true; }

static void prepare(void)
{
    char why[200];

    case_host = weft_host_new(NULL, why, sizeof why);
    if (!case_host || weft_host_start(case_host, why, sizeof why)) {
        say("no host: %s", why);
        exit(1);
    }
    weft_posix_use(case_host);
    alarm(20);
}
#else
static bool kernel_namespace(void)
{
    struct ifreq r = {.ifr_name = "lo"};
    int fd;

    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return false;
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &r) < 0)
        return false;
    r.ifr_flags |= IFF_UP;
    return ioctl(fd, SIOCSIFFLAGS, &r) == 0 && close(fd) == 0;
}

static bool can_run(void)
{
    int status;

    if (fork() == 0)
        _exit(kernel_namespace() ? 0 : 77);
    return wait(&status) > 0 && WEXITSTATUS(status) == 0;
}

static void prepare(void)
{
    if (!kernel_namespace())
        exit(77);
    alarm(20);
}
#endif

static void run_case(size_t i)
{
    int status;
    pid_t child;

    say("== %s", cases[i].name);
    child = fork();
    if (child == 0) {
        prepare();
        cases[i].run();
        exit(0);
    }
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        say("killed by %s", sigabbrev_np(WTERMSIG(status)));
    else if (WEXITSTATUS(status))
        say("exit status %d", WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
    if (!can_run()) {
        fprintf(stderr, "lacks netns: no namespace of its own\n");
        return 77;
    }
    for (size_t i = 0; i < n_cases; i++)
        if (argc < 2 || (strcmp(cases[i].chapter, argv[1]) == 0 && (argc < 3 || strcmp(cases[i].name, argv[2]) == 0)))
            run_case(i);
    return 0;
}
