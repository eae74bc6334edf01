/* SPDX-License-Identifier: MIT */
/* Names of UNP that no other chapter here has: chapters 4, 7, 12, 14, 15, 17, 19. */
#define CHAPTER "book"
#include "case.h"

#include <net/if_arp.h>
#include <netinet/udp.h>
#include <sys/stat.h>

#include <linux/close_range.h>
#include <linux/sockios.h>

/* ---- chapter 3: what a number is ---- */

CASE(what_a_number_is)
{
    struct stat st = {0}, again = {0};
    int fd = tcp(), twin = dup(fd), p[2];

    SAY(pipe(p));
    SAY(isfdtype(fd, S_IFSOCK));
    SAY(isfdtype(fd, S_IFIFO));
    SAY(isfdtype(p[0], S_IFSOCK));
    SAY(isfdtype(p[0], S_IFIFO));
    say("%d", isfdtype(99, S_IFSOCK)); /* libc leaves errno alone */
    SAY(fstat(fd, &st));
    say("mode %o, %u links, %u bytes, by %u", (unsigned)st.st_mode, (unsigned)st.st_nlink, (unsigned)st.st_size,
        (unsigned)st.st_blksize);
    say("owner %d, group %d", st.st_uid == geteuid(), st.st_gid == getegid());
    SAY(fstat(twin, &again));
    say("the same %d", st.st_ino == again.st_ino && st.st_dev == again.st_dev);
    SAY(fstat(udp(), &again));
    say("the same %d", st.st_ino == again.st_ino);
    SAY(close(fd));
    SAY(fstat(fd, &st));
}

CASE(numbers_are_closed_by_their_range)
{
    int p[2], low;
    char b[4];

    tcp_pair(p);
    low = dup2(p[1], 60);
    SAY(dup2(p[1], 62));
    SAY(close(p[1]));
    SAY(close_range(61, 100, 0));
    SAY(fcntl(62, F_GETFD));
    SAY(write(low, "a", 1));
    SAY(close_range(60, 60, CLOSE_RANGE_CLOEXEC));
    SAY(fcntl(60, F_GETFD));
    SAY(write(low, "b", 1));
    SAY(close_range(61, 60, 0));
    SAY(close_range(60, 60, 0x1000));
    SAY(close_range(60, ~0u, 0));
    SAY(write(low, "c", 1));
    say_bytes("came", recv(p[0], b, sizeof b, MSG_WAITALL), b); /* and nobody is there any more */
}

/* ---- chapters 7.11 and 17: fcntl and ioctl ---- */

CASE(how_a_socket_was_opened)
{
    int fd = tcp();

    say("%d", fcntl(fd, F_GETFL) == O_RDWR);
    say("%d", (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
    SAY(fcntl(fd, F_SETFL, O_RDONLY | O_APPEND | O_NONBLOCK));
    say("%d", (fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == (O_RDWR | O_NONBLOCK));
}

CASE(more_numbers_for_a_socket)
{
    char b[4] = "";
    int p[2], low, closing, third;

    udp_pair(p);
    low = fcntl(p[0], F_DUPFD, 50);
    closing = fcntl(p[0], F_DUPFD_CLOEXEC, 60);
    say("%d %d", low, closing);
    SAY(fcntl(low, F_GETFD));
    SAY(fcntl(closing, F_GETFD));
    third = dup3(p[0], 70, O_CLOEXEC);
    say("%d", third);
    SAY(fcntl(third, F_GETFD));
    SAY(dup3(p[0], p[0], 0));
    SAY(dup3(p[0], 71, O_NONBLOCK));
    SAY(dup3(99, 71, 0));
    SAY(close(p[0]));
    SAY(send(low, "a", 1, 0));
    SAY(send(closing, "b", 1, 0));
    SAY(send(third, "c", 1, 0));
    for (int i = 0; i < 3; i++)
        say_bytes("came", recv(p[1], b, sizeof b, 0), b);
    SAY(fcntl(low, F_DUPFD, -1));
}

CASE(an_interface_by_its_number)
{
    struct ifreq r = {.ifr_ifindex = 1};
    int fd = udp();

    SAY(ioctl(fd, SIOCGIFNAME, &r));
    say("%s", r.ifr_name);
    r = (struct ifreq){.ifr_ifindex = 77};
    SAY(ioctl(fd, SIOCGIFNAME, &r));
    r = (struct ifreq){.ifr_ifindex = 0};
    SAY(ioctl(fd, SIOCGIFNAME, &r));
    r = (struct ifreq){.ifr_name = "lo"};
    SAY(ioctl(fd, SIOCGIFINDEX, &r));
    say("%d", r.ifr_ifindex);
    r = (struct ifreq){.ifr_name = "lo"};
    SAY(ioctl(fd, SIOCGIFHWADDR, &r));
    say("type %d", r.ifr_hwaddr.sa_family);
    r = (struct ifreq){.ifr_name = "lo"};
    SAY(ioctl(fd, SIOCGIFMETRIC, &r));
    say("metric %d", r.ifr_metric);
    SAY(ioctl(fd, SIOCGIFINDEX, (r = (struct ifreq){.ifr_name = "nix0"}, &r)));
    SAY(ioctl(fd, SIOCGIFHWADDR, (r = (struct ifreq){.ifr_name = "nix0"}, &r)));
}

CASE(owners_by_ioctl)
{
    int fd = udp(), who = getpid(), group = -getpgrp(), nobody = 0;

    SAY(ioctl(fd, SIOCGPGRP, &who));
    say("%d", who);
    who = getpid();
    SAY(ioctl(fd, SIOCSPGRP, &who));
    SAY(ioctl(fd, SIOCGPGRP, &nobody));
    say("%d", nobody == getpid());
    SAY(ioctl(fd, SIOCSPGRP, &group));
    SAY(ioctl(fd, FIOGETOWN, &nobody));
    say("%d", nobody == group);
    nobody = 0;
    SAY(ioctl(fd, FIOSETOWN, &nobody));
    SAY(ioctl(fd, SIOCGPGRP, &who));
    say("%d", who);
}

/* ---- when the last datagram came ---- */

CASE(when_the_last_datagram_came)
{
    struct timeval then = {0}, now;
    struct timespec fine = {0};
    int p[2];

    udp_pair(p);
    SAY(ioctl(p[1], SIOCGSTAMP, &then));
    send(p[0], "a", 1, 0);
    SAY(recv(p[1], (char[4]){0}, 4, 0));
    SAY(ioctl(p[1], SIOCGSTAMP, &then));
    gettimeofday(&now, NULL);
    say("of now %d", now.tv_sec - then.tv_sec <= 5);
    SAY(ioctl(p[1], SIOCGSTAMPNS, &fine));
    say("the same %d", fine.tv_sec == then.tv_sec && fine.tv_nsec / 1000 == then.tv_usec);
    soon(30);
    send(p[0], "b", 1, 0);
    SAY(recv(p[1], (char[4]){0}, 4, MSG_PEEK));
    SAY(ioctl(p[1], SIOCGSTAMPNS, &fine));
    say("later %d", fine.tv_sec > then.tv_sec || fine.tv_nsec / 1000 >= then.tv_usec + 20000);
    SAY(ioctl(udp(), SIOCGSTAMPNS, &fine));
}

CASE(when_the_last_text_came)
{
    struct timeval then = {0};
    int p[2];

    tcp_pair(p);
    SAY(ioctl(p[1], SIOCGSTAMP, &then));
    write(p[0], "a", 1);
    SAY(recv(p[1], (char[4]){0}, 4, 0));
    SAY(ioctl(p[1], SIOCGSTAMP, &then));
}

/* ---- chapter 12: a socket of IPv6 that becomes one of IPv4 ---- */

CASE(a_socket_changes_its_family)
{
    struct sockaddr_in6 to = in6("::ffff:127.0.0.1", 7002);
    struct sockaddr_storage name = {0};
    socklen_t n = sizeof name;
    int fd = socket(AF_INET6, SOCK_DGRAM, 0), value = 0;

    SAY(set_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET));
    SAY(connect(fd, ADDR(to)));
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET6));
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET));
    getpeername(fd, (struct sockaddr *)&name, &n);
    say("family %d", name.ss_family);
    n = sizeof value;
    SAY(getsockopt(fd, IPPROTO_IPV6, IPV6_ADDRFORM, &value, &n));
}

/* ---- chapter 14.8: stdio over sockets ---- */

CASE(lines_by_stdio)
{
    char line[32];
    FILE *in, *out;
    int p[2];

    tcp_pair(p);
    in = fdopen(dup(p[1]), "r");
    out = fdopen(p[1], "w");
    say("%d", in && out);
    write(p[0], "first\nsecond\nrest", 17);
    shutdown(p[0], SHUT_WR);
    while (fgets(line, sizeof line, in))
        say_bytes("line", (long)strlen(line), line);
    say("%d %d", !!feof(in), !!ferror(in));
    say("%d", fprintf(out, "%s %d\n", "reply", 7));
    SAY(recv(p[0], line, sizeof line, MSG_DONTWAIT)); /* stdio holds it back */
    SAY(fflush(out));
    say_bytes("came", recv(p[0], line, sizeof line, 0), line);
    SAY(fclose(in));
    SAY(fclose(out));
    SAY(recv(p[0], line, sizeof line, 0));
}

CASE(stdio_of_a_number_that_is_none)
{
    FILE *f = fdopen(99, "r");

    say("%d %s", f == NULL, strerrorname_np(errno));
    f = fdopen(tcp(), "x");
    say("%d %s", f == NULL, strerrorname_np(errno));
}

CASE(one_stream_of_stdio_for_both_ways)
{
    char line[32] = "";
    FILE *both;
    int p[2];

    tcp_pair(p);
    both = fdopen(p[1], "r+");
    say("%d", both != NULL);
    SAY(setvbuf(both, NULL, _IONBF, 0));
    say("%d", fputs("to them\n", both) >= 0);
    say_bytes("came", recv(p[0], line, sizeof line, 0), line);
    write(p[0], "to us\n", 6);
    say_bytes("line", fgets(line, sizeof line, both) ? (long)strlen(line) : -1, line);
    SAY(fseek(both, 0, SEEK_SET));
    SAY(fclose(both));
}

/* ---- chapters 15, 19, 29: families that are not the Internet's ---- */

CASE(sockets_of_this_machine)
{
    char b[8] = "";
    int p[2];

    SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
    SAY(send(p[0], "abc", 3, 0));
    say_bytes("came", recv(p[1], b, sizeof b, 0), b);
    SAY(set_int(p[1], SOL_SOCKET, SO_PASSCRED, 1));
    SAY(shutdown(p[0], SHUT_WR));
    SAY(recv(p[1], b, sizeof b, 0));
    SAY(socketpair(AF_INET, SOCK_STREAM, 0, p));
}

/* A descriptor of the kernel's is passed by the kernel, whatever other sockets are whose. */
CASE(a_descriptor_is_passed)
{
    char control[CMSG_SPACE(sizeof(int))] = {0}, b[4] = "";
    struct iovec iov = {b, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
    int p[2], pipes[2], got;

    SAY(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
    SAY(pipe(pipes));
    *h = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(h), &pipes[1], sizeof(int));
    SAY(sendmsg(p[0], &msg, 0));
    SAY(recvmsg(p[1], &msg, 0));
    memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof got);
    SAY(write(got, "xy", 2));
    say_bytes("came", read(pipes[0], b, sizeof b), b);
}

CASE(families_of_others)
{
    say("%d", socket(PF_KEY, SOCK_RAW, 2) < 0);
    SAY(socket(-1, SOCK_STREAM, 0));
    SAY(socket(AF_APPLETALK, SOCK_STREAM, 0));
    say("of the link %d, of routing %d", socket(PF_PACKET, SOCK_DGRAM, 0) >= 0, socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
}

/* ---- chapters 14.9, 31: what other systems have ---- */

CASE(devices_of_other_systems)
{
    SAY(open("/dev/poll", O_RDWR));
    SAY(open("/dev/tcp", O_RDWR));
    SAY(open("/dev/udp", O_RDWR));
}

/* ---- chapter 3: what needs no socket ---- */

CASE(addresses_as_text)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr four = {0};
    struct in6_addr six;

    say("%x %x %x", htons(0x1234) == 0x1234, ntohs(htons(0x1234)), ntohl(htonl(0x12345678)));
    SAY(inet_pton(AF_INET, "10.1.2.3", &four));
    say("%s", inet_ntop(AF_INET, &four, text, sizeof text));
    SAY(inet_pton(AF_INET, "10.1.2", &four));
    SAY(inet_aton("10.258", &four));
    say("%s %d", inet_ntoa(four), inet_addr("300.1.1.1") == INADDR_NONE);
    SAY(inet_pton(AF_INET6, "::ffff:10.1.2.3", &six));
    say("%s, mapped %d", inet_ntop(AF_INET6, &six, text, sizeof text), IN6_IS_ADDR_V4MAPPED(&six));
    SAY(inet_pton(AF_PACKET, "::1", &six));
    say("%d", inet_ntop(AF_INET6, &six, text, 4) == NULL);
}
