/* SPDX-License-Identifier: MIT */
/* UNP chapters 5, 6, 13 and 30: the shapes that servers and their clients have. */
#define CHAPTER "servers"
#include "case.h"

#define CLIENTS 4

/* ---- what a client does ---- */

static void echo_once(const char *text)
{
    struct sockaddr_in a = in4(LO, 7000);
    size_t n = strlen(text);
    char b[64];
    int fd = tcp();

    if (connect(fd, ADDR(a)) < 0) {
        say("connect: %s", strerrorname_np(errno));
        return;
    }
    write(fd, text, n);
    shutdown(fd, SHUT_WR);
    say_bytes("echo", recv(fd, b, sizeof b, MSG_WAITALL), b);
    close(fd);
}

static void *client(void *text)
{
    echo_once(text);
    return NULL;
}

/* ---- what a server does with one ---- */

static void serve(int fd)
{
    char b[64];
    ssize_t n;

    while ((n = read(fd, b, sizeof b)) > 0)
        write(fd, b, (size_t)n);
    close(fd);
}

static void *serve_thread(void *fd)
{
    serve((int)(intptr_t)fd);
    return NULL;
}

CASE(iterative)
{
    int l = tcp_listener(7000);
    pthread_t t;

    for (int i = 0; i < 3; i++) {
        pthread_create(&t, NULL, client, "one by one");
        serve(accept(l, NULL, NULL));
        pthread_join(t, NULL);
    }
}

CASE(a_thread_for_each)
{
    int l = tcp_listener(7000);
    pthread_t clients[CLIENTS], servers[CLIENTS];

    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i], NULL, client, "side by side");
    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&servers[i], NULL, serve_thread, (void *)(intptr_t)accept(l, NULL, NULL));
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i], NULL);
        pthread_join(servers[i], NULL);
    }
}

static void *accept_and_serve(void *listener)
{
    serve(accept((int)(intptr_t)listener, NULL, NULL));
    return NULL;
}

CASE(threads_made_before)
{
    int l = tcp_listener(7000);
    pthread_t clients[CLIENTS], servers[CLIENTS];

    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&servers[i], NULL, accept_and_serve, (void *)(intptr_t)l);
    soon(20);
    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i], NULL, client, "each has one");
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i], NULL);
        pthread_join(servers[i], NULL);
    }
}

static void *many_clients(void *unused)
{
    (void)unused;
    for (int i = 0; i < CLIENTS; i++)
        echo_once("by select");
    return NULL;
}

CASE(one_loop_with_select)
{
    int l = tcp_listener(7000), done = 0, top = l;
    fd_set all;
    pthread_t t;

    FD_ZERO(&all);
    FD_SET(l, &all);
    pthread_create(&t, NULL, many_clients, NULL);
    while (done < CLIENTS) {
        fd_set r = all;

        select(top + 1, &r, NULL, NULL, NULL);
        for (int fd = 0; fd <= top; fd++) {
            char b[64];
            ssize_t n;

            if (!FD_ISSET(fd, &r))
                continue;
            if (fd == l) {
                int s = accept(l, NULL, NULL);

                FD_SET(s, &all);
                top = s > top ? s : top;
            } else if ((n = read(fd, b, sizeof b)) > 0) {
                write(fd, b, (size_t)n);
            } else {
                FD_CLR(fd, &all);
                close(fd);
                done++;
            }
        }
    }
    pthread_join(t, NULL);
}

CASE(one_loop_with_poll)
{
    struct pollfd p[CLIENTS + 1];
    nfds_t n = 1;
    int done = 0;
    pthread_t t;

    p[0] = (struct pollfd){tcp_listener(7000), POLLIN, 0};
    pthread_create(&t, NULL, many_clients, NULL);
    while (done < CLIENTS) {
        nfds_t had = n;

        poll(p, n, -1);
        if (p[0].revents & POLLIN && n <= CLIENTS)
            p[n++] = (struct pollfd){accept(p[0].fd, NULL, NULL), POLLIN, 0};
        for (nfds_t i = 1; i < had; i++) {
            char b[64];
            ssize_t r;

            if (p[i].fd < 0 || !p[i].revents)
                continue;
            if ((r = read(p[i].fd, b, sizeof b)) > 0) {
                write(p[i].fd, b, (size_t)r);
                continue;
            }
            close(p[i].fd);
            p[i].fd = -1;
            done++;
        }
    }
    pthread_join(t, NULL);
}

CASE(standard_input_and_output)
{
    char b[16];
    int p[2], in = dup(0), out = dup(1);
    ssize_t n;

    tcp_pair(p);
    write(p[0], "request", 7);
    fflush(stdout);
    dup2(p[1], 0);
    dup2(p[1], 1);
    close(p[1]);
    n = read(0, b, sizeof b);
    write(1, b, (size_t)n);
    close(0);
    close(1);
    dup2(in, 0);
    dup2(out, 1);
    say_bytes("served", recv(p[0], b, sizeof b, 0), b);
    SAY(recv(p[0], b, sizeof b, 0));
}

CASE(server_starts_again_beside_its_client)
{
    struct sockaddr_in a = in4(LO, 7000);
    int l = tcp_listener(7000), c = tcp(), s, again = tcp();

    connect(c, ADDR(a));
    s = accept(l, NULL, NULL);
    close(l);
    SAY(bind(again, ADDR(a)));
    SAY(set_int(again, SOL_SOCKET, SO_REUSEADDR, 1));
    SAY(bind(again, ADDR(a)));
    close(s);
    soon(10);
    SAY(listen(again, 5));
}

CASE(second_server_on_the_port)
{
    struct sockaddr_in a = in4(LO, 7000);
    int l = tcp_listener(7000), again = tcp();

    set_int(again, SOL_SOCKET, SO_REUSEADDR, 1);
    SAY(bind(again, ADDR(a)));
    SAY(listen(l, 3));
}

CASE(two_listeners_share_by_reuseport)
{
    struct sockaddr_in a = in4(LO, 7000);
    int one = tcp(), two = tcp(), got = 0;

    set_int(one, SOL_SOCKET, SO_REUSEPORT, 1);
    set_int(two, SOL_SOCKET, SO_REUSEPORT, 1);
    SAY(bind(one, ADDR(a)));
    SAY(bind(two, ADDR(a)));
    SAY(listen(one, 16));
    SAY(listen(two, 16));
    for (int i = 0; i < 8; i++)
        connect(tcp(), ADDR(a));
    nonblocking(one);
    nonblocking(two);
    for (int i = 0; i < 8; i++)
        got += (accept(one, NULL, NULL) >= 0) + (accept(two, NULL, NULL) >= 0);
    say("%d", got);
}

CASE(connection_waits_with_its_bytes)
{
    struct sockaddr_in a = in4(LO, 7000);
    int l = tcp_listener(7000), c = tcp();
    char b[8];

    connect(c, ADDR(a));
    write(c, "early", 5);
    close(c);
    soon(10);
    int s = accept(l, NULL, NULL);
    say_bytes("read", read(s, b, sizeof b), b);
    SAY(read(s, b, sizeof b));
}

CASE(listener_closes_on_those_who_wait)
{
    struct sockaddr_in a = in4(LO, 7000);
    int l = tcp_listener(7000), c = tcp();
    char b;

    connect(c, ADDR(a));
    soon(10);
    close(l);
    soon(10);
    SAY(read(c, &b, 1));
    SAY(connect(tcp(), ADDR(a)));
}

CASE(order_of_accepting)
{
    int l = tcp_listener(7000);

    for (unsigned i = 0; i < 3; i++) {
        struct sockaddr_in a = in4(LO, 7000), from = in4(LO, 7100 + i);
        int c = tcp();

        bind(c, ADDR(from));
        connect(c, ADDR(a));
    }
    for (int i = 0; i < 3; i++)
        say_peer("peer", accept(l, NULL, NULL));
}

CASE(names_on_both_sides)
{
    int p[2];

    tcp_pair(p);
    say_name("client", p[0]);
    say_peer("client", p[0]);
    say_name("server", p[1]);
    say_peer("server", p[1]);
}

CASE(close_in_one_of_two)
{
    int p[2], other;
    char b[4];

    tcp_pair(p);
    other = dup(p[0]);
    SAY(close(p[0]));
    SAY(recv(p[1], b, sizeof b, MSG_DONTWAIT));
    SAY(write(other, "on", 2));
    say_bytes("read", read(p[1], b, sizeof b), b);
    SAY(shutdown(other, SHUT_WR));
    SAY(read(p[1], b, sizeof b));
}

CASE(datagram_server)
{
    struct sockaddr_in a = in4(LO, 7000), from;
    int s = udp_at(7000), c = udp();
    socklen_t n;
    char b[16];

    connect(c, ADDR(a));
    for (int i = 0; i < 3; i++) {
        send(c, "query", 5, 0);
        n = sizeof from;
        recvfrom(s, b, sizeof b, 0, (struct sockaddr *)&from, &n);
        sendto(s, "reply", 5, 0, (struct sockaddr *)&from, n);
        say_bytes("recv", recv(c, b, sizeof b, 0), b);
    }
}

CASE(datagram_server_forks_off_a_peer)
{
    struct sockaddr_in a = in4(LO, 7000), from = in4(LO, 7101);
    int s = udp_at(7000), own = udp(), c = udp_at(7101);
    char b[8];

    set_int(s, SOL_SOCKET, SO_REUSEADDR, 1);
    set_int(own, SOL_SOCKET, SO_REUSEADDR, 1);
    SAY(bind(own, ADDR(a)));
    SAY(connect(own, ADDR(from)));
    SAY(sendto(c, "mine", 4, 0, ADDR(a)));
    say_bytes("own", recv(own, b, sizeof b, 0), b);
    SAY(recv(s, b, sizeof b, MSG_DONTWAIT));
}

CASE(a_server_of_both_kinds)
{
    struct sockaddr_in a = in4(LO, 7000);
    int t = tcp_listener(7000), u = udp_at(7000), c = tcp();
    struct pollfd p[2] = {{t, POLLIN, 0}, {u, POLLIN, 0}};

    sendto(udp(), "x", 1, 0, ADDR(a));
    soon(10);
    SAY(poll(p, 2, 1000));
    say("%x %x", (unsigned)p[0].revents, (unsigned)p[1].revents);
    connect(c, ADDR(a));
    soon(10);
    SAY(poll(p, 2, 1000));
    say("%x %x", (unsigned)p[0].revents, (unsigned)p[1].revents);
}

CASE(half_close_and_the_rest)
{
    int p[2];
    char b[16];

    tcp_pair(p);
    write(p[0], "ask", 3);
    SAY(shutdown(p[0], SHUT_WR));
    say_bytes("ask", recv(p[1], b, 3, MSG_WAITALL), b);
    SAY(read(p[1], b, sizeof b));
    SAY(write(p[1], "answer", 6));
    SAY(close(p[1]));
    say_bytes("answer", recv(p[0], b, 6, MSG_WAITALL), b);
    SAY(read(p[0], b, sizeof b));
}
