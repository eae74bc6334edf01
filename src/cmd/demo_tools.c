/* SPDX-License-Identifier: MIT */
#include "cmd/demo_tools.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000

extern char **environ;

/* ---- the namespace ---- */

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good;

    if (fd < 0)
        return false;
    good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return good;
}

/* As root of a user namespace of our own. */
static bool enter_as_user(void)
{
    char map[32];
    unsigned uid = geteuid(), gid = getegid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return false;
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
    snprintf(map, sizeof map, "0 %u 1", uid);
    return write_file("/proc/self/uid_map", map);
}

bool namespace_enter(char *why, size_t n)
{
    if (geteuid() == 0 && unshare(CLONE_NEWNET) == 0)
        return true;
    if (enter_as_user())
        return true;
    snprintf(why, n, "no network namespace of our own: %s (user namespaces may be switched off, or need root)",
             strerror(errno));
    return false;
}

bool kernel_address(const char *device, const char *address)
{
    struct ifreq r = {.ifr_flags = 0};
    struct sockaddr_in *sin = (struct sockaddr_in *)&r.ifr_addr;
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool good;

    if (s < 0)
        return false;
    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", device);
    sin->sin_family = AF_INET;
    good = inet_pton(AF_INET, address, &sin->sin_addr) == 1 && ioctl(s, SIOCSIFADDR, &r) == 0;
    inet_pton(AF_INET, "255.255.255.0", &sin->sin_addr);
    good = good && ioctl(s, SIOCSIFNETMASK, &r) == 0 && ioctl(s, SIOCGIFFLAGS, &r) == 0;
    r.ifr_flags |= IFF_UP;
    good = good && ioctl(s, SIOCSIFFLAGS, &r) == 0;
    close(s);
    return good;
}

int kernel_listen(uint16_t port)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;

    if (s < 0)
        return -1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(s, (struct sockaddr *)&sin, sizeof sin) == 0 && listen(s, 16) == 0)
        return s;
    close(s);
    return -1;
}

/* ---- programs ---- */

static int file_of(const char *text)
{
    int fd = memfd_create("input", MFD_CLOEXEC);
    size_t n = strlen(text);

    if (fd >= 0 && (write(fd, text, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int start(const char *const argv[], int in, int out, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, standard;
    int err;

    sigemptyset(&none);
    sigemptyset(&standard);
    sigaddset(&standard, SIGPIPE);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &standard);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    err = posix_spawnp(child, argv[0], &actions, &attr, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return err;
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Reads until the end, or until patience is over: then false. */
static bool read_all(int fd, char *output, size_t n)
{
    const int64_t end = now_ms() + PATIENCE_MS;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char rest[4096];
    size_t at = 0;

    for (;;) {
        int64_t left = end - now_ms();
        bool room = at + 1 < n;
        ssize_t got;

        output[at] = '\0';
        if (left <= 0 || poll(&p, 1, (int)left) == 0)
            return false;
        got = read(fd, room ? output + at : rest, room ? n - 1 - at : sizeof rest);
        if (got == 0 || (got < 0 && errno != EINTR))
            return true;
        if (got > 0 && room)
            at += (size_t)got;
    }
}

static enum tool_result finish(pid_t child, bool in_time)
{
    int status = 0;

    if (!in_time)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!in_time)
        return TOOL_TIMED_OUT;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? TOOL_OK : TOOL_FAILED;
}

enum tool_result tool_run(const char *const argv[], const char *input, char *output, size_t n)
{
    int in = input ? file_of(input) : open("/dev/null", O_RDONLY | O_CLOEXEC), out[2], err;
    enum tool_result result = TOOL_FAILED;
    pid_t child = -1;

    output[0] = '\0';
    if (in < 0)
        return TOOL_FAILED;
    if (pipe2(out, O_CLOEXEC) == 0) {
        err = start(argv, in, out[1], &child);
        close(out[1]);
        if (err == 0)
            result = finish(child, read_all(out[0], output, n));
        else if (err == ENOENT)
            result = TOOL_MISSING;
        close(out[0]);
    }
    close(in);
    return result;
}
