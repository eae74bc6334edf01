/* SPDX-License-Identifier: MIT */
/*
 * The book's first client (UNP 5.4): sends each line of its input to an echo server and prints what comes back. Calls
 * block; the host's thread does the work of the network meanwhile.
 *
 *     echo-client DEVICE ADDRESS/PREFIX SERVER PORT      echo-client tap:wt0 10.9.0.2/24 10.9.0.1 7
 */
#include <stdio.h>
#include <string.h>
#include <weft/unp.h>

/* A host with this interface, which sockets are opened on from now on. */
static weft_host *begin(const char *device, const char *address)
{
    char why[256];
    weft_host *host = weft_host_new(NULL, why, sizeof why);

    if (!host || weft_host_add_if(host, device, address, why, sizeof why) < 0 ||
        weft_host_start(host, why, sizeof why) < 0 ||
        weft_host_await_addresses(host, 5 * WEFT_S, why, sizeof why) < 0)
        weft_unp_err_quit("%s", why);
    weft_posix_use(host);
    return host;
}

static void echo_lines(FILE *in, int fd)
{
    struct weft_unp_reader server = {.fd = fd};
    char line[1024], back[1024];

    while (fgets(line, sizeof line, in)) {
        weft_unp_must("write", weft_unp_writen(fd, line, strlen(line)));
        if (weft_unp_must("read", weft_unp_readline(&server, back, sizeof back)) == 0)
            weft_unp_err_quit("the server ended before us");
        fputs(back, stdout);
    }
}

int main(int argc, char **argv)
{
    weft_host *host;
    int fd;

    if (argc != 5) {
        fprintf(stderr, "usage: %s DEVICE ADDRESS/PREFIX SERVER PORT\n", argv[0]);
        return 2;
    }
    host = begin(argv[1], argv[2]);
    fd = (int)weft_unp_must("connect", weft_unp_tcp_connect(argv[3], argv[4]));
    echo_lines(stdin, fd);
    weft_posix_close(fd);
    weft_host_free(host);
    return 0;
}
