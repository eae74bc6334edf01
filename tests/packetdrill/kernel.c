/* SPDX-License-Identifier: MIT */
/*
 * The same table over the kernel's own sockets, with a TUN device in a network namespace of its own as the link: what
 * our tests claim of Linux, Linux itself is asked. Built as a library like the adapter, for the same tests.
 *
 * Time is the machine's. Descriptors begin at 1000 here too. A script's tunables are set from sysctls=DIRECTORY.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "packetdrill/interface.h"

#define FIRST_FD  1000
#define PATIENCE  3000 /* milliseconds without a packet: none will come */
#define NOWHERE   ((void *)16) /* the tests' bad pointer */
#define CANNOT    77   /* exit status: the machine has no such thing */

static int tun = -1;
static bool sums_are_ours;

_Noreturn static void cannot(const char *thing, const char *what)
{
    printf("skip: lacks %s: %s: %s\n", thing, what, strerror(errno));
    fflush(stdout);
    _exit(CANNOT);
}

/* ---- the world ---- */

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    if (f) {
        fputs(text, f);
        fclose(f);
    }
}

static size_t prefix_of_tree;

static int set_tunable(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    char text[256], to[512];
    FILE *f = type == FTW_F ? fopen(path, "r") : NULL;

    (void)st, (void)ftw;
    if (f && fgets(text, sizeof text, f)) {
        snprintf(to, sizeof to, "/proc/sys%s", path + prefix_of_tree);
        write_text(to, text);
    }
    if (f)
        fclose(f);
    return 0;
}

static void run(const char *command)
{
    if (system(command) != 0)
        cannot("ip", command);
}

/* key=value of the adapter's flags that matter to a kernel. */
static void apply(const char *key, const char *value)
{
    char command[256];

    if (strcmp(key, "local") == 0) {
        bool v6 = strchr(value, ':');
        const char *prefix = strchr(value, '/') ? "" : v6 ? "/48" : "/16";

        snprintf(command, sizeof command, "ip addr add %s%s dev tun0 %s && ip %s route add default dev tun0", value,
                 prefix, v6 ? "nodad" : "", v6 ? "-6" : "");
        run(command);
    } else if (strcmp(key, "mtu") == 0) {
        snprintf(command, sizeof command, "ip link set tun0 mtu %s", value);
        run(command);
    } else if (strcmp(key, "tso") == 0 && strcmp(value, "0") != 0) {
        if (ioctl(tun, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) != 0)
            cannot("tun", "TUNSETOFFLOAD");
        sums_are_ours = true;
    } else if (strcmp(key, "sysctls") == 0 && strcmp(value, "none") != 0) {
        prefix_of_tree = strlen(value);
        nftw(value, set_tunable, 8, FTW_PHYS);
    }
}

static void open_tun(void)
{
    struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI, .ifr_name = "tun0"};

    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        cannot("netns", "unshare");
    if (tun >= 0)
        close(tun);
    tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (tun < 0 || ioctl(tun, TUNSETIFF, &r) != 0)
        cannot("tun", "/dev/net/tun");
    /* A new namespace has the machine's tunables; scripts mean Linux's own. */
    write_text("/proc/sys/net/ipv4/tcp_congestion_control", "cubic");
    write_text("/proc/sys/net/ipv4/tcp_rmem", "4096 131072 6291456");
    write_text("/proc/sys/net/ipv4/tcp_wmem", "4096 16384 4194304");
    write_text("/proc/sys/net/ipv4/tcp_syn_linear_timeouts", "0"); /* as with us: a SYN, too, backs off (RFC 6298) */
    write_text("/proc/sys/net/ipv6/conf/tun0/accept_dad", "0");
    write_text("/proc/sys/net/ipv6/conf/tun0/router_solicitations", "0");
    write_text("/proc/sys/net/ipv6/conf/tun0/addr_gen_mode", "1");
    run("ip link set lo up && ip link set tun0 up");
}

static void configure(const char *flags)
{
    char text[1024];
    char *rest = text;

    snprintf(text, sizeof text, "%s", flags);
    for (char *flag; (flag = strsep(&rest, ","));) {
        char *value = strchr(flag, '=');

        if (value) {
            *value++ = '\0';
            apply(flag, value);
        }
    }
}

/* ---- calls ---- */

/* A new descriptor gets a number like the adapter's. */
static int raise_fd(int fd)
{
    int high = fd;

    if (fd >= 0)
        high = fcntl(fd, fcntl(fd, F_GETFD) & FD_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, FIRST_FD);

    if (fd >= 0)
        close(fd);
    return high;
}

static void k_free(void *u)
{
    (void)u;
    for (int fd = FIRST_FD; fd < FIRST_FD + 64; fd++)
        close(fd);
}

/* Only a socket of its own can be given cubic where the machine has another default: namespaces may not have all. */
static int k_socket(void *u, int domain, int type, int protocol)
{
    int fd = socket(domain, type, protocol);

    (void)u;
    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
    return raise_fd(fd);
}
static int k_bind(void *u, int fd, const struct sockaddr *a, socklen_t n) { (void)u; return bind(fd, a, n); }
static int k_listen(void *u, int fd, int backlog) { (void)u; return listen(fd, backlog); }
static int k_accept(void *u, int fd, struct sockaddr *a, socklen_t *n) { (void)u; return raise_fd(accept(fd, a, n)); }
static int k_connect(void *u, int fd, const struct sockaddr *a, socklen_t n) { (void)u; return connect(fd, a, n); }
static ssize_t k_read(void *u, int fd, void *buf, size_t n) { (void)u; return read(fd, buf, n); }
static ssize_t k_readv(void *u, int fd, const struct iovec *v, int n) { (void)u; return readv(fd, v, n); }
static ssize_t k_recv(void *u, int fd, void *buf, size_t n, int flags) { (void)u; return recv(fd, buf, n, flags); }
static ssize_t k_recvfrom(void *u, int fd, void *buf, size_t n, int flags, struct sockaddr *a, socklen_t *na)
{
    (void)u;
    return recvfrom(fd, buf, n, flags, a, na);
}
static ssize_t k_recvmsg(void *u, int fd, struct msghdr *m, int flags) { (void)u; return recvmsg(fd, m, flags); }
static ssize_t k_write(void *u, int fd, const void *buf, size_t n) { (void)u; return write(fd, buf, n); }
static ssize_t k_writev(void *u, int fd, const struct iovec *v, int n) { (void)u; return writev(fd, v, n); }
static ssize_t k_send(void *u, int fd, const void *buf, size_t n, int flags) { (void)u; return send(fd, buf, n, flags); }
static ssize_t k_sendto(void *u, int fd, const void *buf, size_t n, int flags, const struct sockaddr *a, socklen_t na)
{
    (void)u;
    return sendto(fd, buf, n, flags, a, na);
}
static ssize_t k_sendmsg(void *u, int fd, const struct msghdr *m, int flags) { (void)u; return sendmsg(fd, m, flags); }
static int k_close(void *u, int fd) { (void)u; return close(fd); }
static int k_shutdown(void *u, int fd, int how) { (void)u; return shutdown(fd, how); }
static int k_getsockopt(void *u, int fd, int level, int option, void *v, socklen_t *n)
{
    (void)u;
    return getsockopt(fd, level, option, v, n);
}
static int k_setsockopt(void *u, int fd, int level, int option, const void *v, socklen_t n)
{
    (void)u;
    return setsockopt(fd, level, option, v, n);
}
static int k_poll(void *u, struct pollfd *fds, nfds_t n, int timeout) { (void)u; return poll(fds, n, timeout); }
static int k_usleep(void *u, useconds_t n)
{
    struct timespec t = {n / 1000000, n % 1000000 * 1000};

    (void)u;
    return nanosleep(&t, NULL);
}
static int k_gettimeofday(void *u, struct timeval *tv, struct timezone *tz) { (void)u; return gettimeofday(tv, tz); }
static int k_epoll_create(void *u, int size) { (void)u; return raise_fd(epoll_create(size)); }
static int k_epoll_ctl(void *u, int ep, int op, int fd, struct epoll_event *e) { (void)u; return epoll_ctl(ep, op, fd, e); }
static int k_epoll_wait(void *u, int ep, struct epoll_event *e, int max, int timeout)
{
    (void)u;
    return epoll_wait(ep, e, max, timeout);
}

static int k_fcntl(void *u, int fd, int command, ...)
{
    va_list ap;
    int argument;

    (void)u;
    va_start(ap, command);
    argument = va_arg(ap, int);
    va_end(ap);
    return fcntl(fd, command, argument);
}

static int k_ioctl(void *u, int fd, unsigned long request, ...)
{
    va_list ap;
    int *argument;

    (void)u;
    va_start(ap, request);
    argument = va_arg(ap, int *);
    va_end(ap);
    return ioctl(fd, request, argument);
}

static int k_pipe(void *u, int fds[2])
{
    int low[2];

    (void)u;
    if (fds == NOWHERE)
        return (int)syscall(SYS_pipe2, fds, 0);
    if (pipe(low) != 0)
        return -1;
    fds[0] = raise_fd(low[0]);
    fds[1] = raise_fd(low[1]);
    return 0;
}

static ssize_t k_splice(void *u, int from, off_t *from_at, int to, off_t *to_at, size_t n, unsigned flags)
{
    (void)u;
    if (from_at && from_at != (off_t *)NOWHERE && *from_at == 0) /* packetdrill's NULL */
        from_at = NULL;
    if (to_at && to_at != (off_t *)NOWHERE && *to_at == 0)
        to_at = NULL;
    return splice(from, from_at, to, to_at, n, flags);
}

/* ---- the link ---- */

static int k_netdev_send(void *u, const void *buf, size_t n)
{
    (void)u;
    return write(tun, buf, n) == (ssize_t)n ? 0 : -1;
}

/* What the kernel says of itself on a link is nobody's business here. */
static bool is_chatter(const uint8_t *b)
{
    return b[0] >> 4 == 6 && (b[6] == 0 || (b[6] == IPPROTO_ICMPV6 && b[40] >= 130 && b[40] <= 143));
}

/* Where the device is to sum up (tso=), the sum of a TCP segment over IPv4 is only begun: this ends it. */
static void complete_sum(uint8_t *b, size_t n)
{
    size_t header = (size_t)(b[0] & 15) * 4;
    uint8_t *field = b + header + 16;
    uint64_t sum = IPPROTO_TCP + (n - header);

    field[0] = field[1] = 0;
    for (size_t i = 12; i < n; i++)
        if (i < 20 || i >= header)
            sum += i % 2 ? b[i] : (uint32_t)b[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    field[0] = (uint8_t)(~sum >> 8);
    field[1] = (uint8_t)~sum;
}

static int k_netdev_receive(void *u, void *buf, size_t *n, long long *usecs)
{
    struct timeval tv;
    ssize_t got;

    (void)u;
    do {
        struct pollfd p = {.fd = tun, .events = POLLIN};

        if (poll(&p, 1, PATIENCE) != 1) {
            fprintf(stderr, "the kernel sends nothing\n");
            exit(1);
        }
        got = read(tun, buf, *n);
    } while (got < 20 || is_chatter(buf));
    if (sums_are_ours && ((uint8_t *)buf)[0] >> 4 == 4 && ((uint8_t *)buf)[9] == IPPROTO_TCP)
        complete_sum(buf, (size_t)got);
    gettimeofday(&tv, NULL);
    *usecs = tv.tv_sec * 1000000ll + tv.tv_usec;
    *n = (size_t)got;
    return 0;
}

void packetdrill_interface_init(const char *flags, struct packetdrill_interface *out)
{
    signal(SIGPIPE, SIG_IGN);
    open_tun();
    configure(flags);
    *out = (struct packetdrill_interface){
        &tun, k_free, k_socket, k_bind, k_listen, k_accept, k_connect, k_read, k_readv, k_recv, k_recvfrom, k_recvmsg,
        k_write, k_writev, k_send, k_sendto, k_sendmsg, k_fcntl, k_ioctl, k_close, k_shutdown, k_getsockopt,
        k_setsockopt, k_poll, k_netdev_send, k_netdev_receive, k_usleep, k_gettimeofday, k_epoll_create, k_epoll_ctl,
        k_epoll_wait, k_pipe, k_splice,
    };
}
