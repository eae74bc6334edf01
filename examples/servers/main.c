/* SPDX-License-Identifier: MIT */
/*
 * Measures the ways to serve of UNP chapter 30, each in a process of its own, which holds server and clients:
 *
 *     servers [CLIENTS CONNECTIONS BYTES [DESIGN]]        servers 5 500 4000
 *
 * prints a line each, with tabs: whose sockets, design, what that is, connections a second, microseconds of CPU time a
 * connection. Nothing in this directory but begin.c knows whose sockets these are.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "servers.h"

const struct design designs[] = {
    {"iterative", "one client after the other", iterative},
    {"thread", "a thread for each client", thread_per_client},
    {"prethreaded", "threads made before, all in accept", prethreaded},
    {"prethreaded-lock", "threads made before, one at a time in accept", prethreaded_lock},
    {"handover", "threads made before, another one accepts", handed_over},
    {"loop", "one thread, epoll", event_loop},
    {NULL, NULL, NULL},
};

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of the process, in user space and in the kernel. */
static double cpu_seconds(void)
{
    struct rusage u;

    sure("getrusage", getrusage(RUSAGE_SELF, &u));
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int listener_new(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int on = 1, fd = (int)sure("socket", socket(AF_INET, SOCK_STREAM, 0));

    sure("setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    sure("bind", bind(fd, (struct sockaddr *)&any, sizeof any));
    sure("listen", listen(fd, 1024));
    return fd;
}

static void measure(const struct design *d, const struct load *load)
{
    double connections = (double)load->clients * load->connections, began, worked;

    network_begin();
    d->begin(listener_new());
    began = seconds();
    worked = cpu_seconds();
    ask(load);
    worked = cpu_seconds() - worked;
    began = seconds() - began;
    printf("%s\t%s\t%s\t%.0f\t%.1f\n", network_name(), d->name, d->what, connections / began,
           worked / connections * 1e6);
    fflush(stdout);
}

/* After the fork, for what network_begin begins does not survive one. */
static bool measure_apart(const struct design *d, const struct load *load)
{
    int status;
    pid_t child = (pid_t)sure("fork", fork());

    if (child == 0) {
        measure(d, load);
        _exit(0);
    }
    sure("waitpid", waitpid(child, &status, 0));
    return status == 0;
}

int main(int argc, char **argv)
{
    struct load load = {5, 500, 4000};
    const char *only = argc > 4 ? argv[4] : NULL;
    unsigned measured = 0;

    if (argc > 3)
        load = (struct load){(unsigned)strtoul(argv[1], NULL, 10), (unsigned)strtoul(argv[2], NULL, 10),
                             (unsigned)strtoul(argv[3], NULL, 10)};
    if (argc == 2 || argc == 3 || load.clients < 1 || load.connections < 1 || load.bytes < 1 || load.bytes > MOST) {
        fprintf(stderr, "usage: %s [CLIENTS CONNECTIONS BYTES [DESIGN]], at most %d bytes\n", argv[0], MOST);
        return 2;
    }
    for (const struct design *d = designs; d->name; d++) {
        if (only && strcmp(only, d->name) != 0)
            continue;
        if (!measure_apart(d, &load))
            return 1;
        measured++;
    }
    if (measured == 0)
        fprintf(stderr, "no design is called %s\n", only);
    return measured ? 0 : 2;
}
