/* SPDX-License-Identifier: MIT */
/* The book's client (UNP 30.3), threads for its children: each connects, asks, reads to the last byte, and again. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "servers.h"

static void ask_once(unsigned bytes)
{
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(PORT),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[16], reply[MOST];
    unsigned have = 0;
    int fd = (int)sure("socket", socket(AF_INET, SOCK_STREAM, 0));
    int n = snprintf(request, sizeof request, "%u\n", bytes);

    sure("connect", connect(fd, (struct sockaddr *)&server, sizeof server));
    sure("write", write(fd, request, (size_t)n));
    while (have < bytes) {
        n = (int)sure("read", read(fd, reply, sizeof reply));
        if (n == 0) {
            fprintf(stderr, "the server sent %u of %u bytes\n", have, bytes);
            exit(1);
        }
        have += (unsigned)n;
    }
    if (have > bytes) {
        fprintf(stderr, "the server sent %u bytes instead of %u\n", have, bytes);
        exit(1);
    }
    close(fd);
}

static void *ask_often(void *arg)
{
    const struct load *load = arg;

    for (unsigned i = 0; i < load->connections; i++)
        ask_once(load->bytes);
    return NULL;
}

void ask(const struct load *load)
{
    pthread_t *client = calloc(load->clients, sizeof *client);

    sure("calloc", client ? 0 : -1);
    for (unsigned i = 0; i < load->clients; i++) {
        errno = pthread_create(&client[i], NULL, ask_often, (void *)load);
        sure("pthread_create", -errno);
    }
    for (unsigned i = 0; i < load->clients; i++)
        pthread_join(client[i], NULL);
    free(client);
}
