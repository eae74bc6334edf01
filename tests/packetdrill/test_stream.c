/* SPDX-License-Identifier: MIT */
/* Streams through the adapter: both roles, data both ways, ends, time, and calls that sleep. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <sys/wait.h>
#include <time.h>

#include "bench.h"

static int setup(void **state)
{
    static struct bench b;

    bench_open(&b, NULL);
    *state = &b;
    return 0;
}

static int setup_v6(void **state)
{
    static struct bench b;

    bench_open(&b, "local=fd3d:fa7b:d17d::1/48,tso=0,sysctls=none");
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    bench_close(*state);
    return 0;
}

/* ---- roles ---- */

static void server_accepts_reads_writes_and_closes(void **state)
{
    struct bench *b = *state;
    struct peer p;
    char buf[2000];

    peer_open(b, &p);
    peer_send(&p, P | A, 1000);
    peer_expect(&p, A, 0, NULL);
    assert_int_equal(b->t.read(b->t.userdata, p.fd, buf, sizeof buf), 1000);
    assert_int_equal(buf[999], 'x');
    assert_int_equal(b->t.write(b->t.userdata, p.fd, buf, 500), 500);
    peer_expect(&p, P | A, 500, NULL);
    peer_ack(&p);
    peer_send(&p, F | A, 0);
    peer_expect(&p, A, 0, NULL);
    assert_int_equal(b->t.read(b->t.userdata, p.fd, buf, sizeof buf), 0);
    assert_int_equal(b->t.close(b->t.userdata, p.fd), 0);
    peer_expect(&p, F | A, 0, NULL);
    peer_ack(&p);
    assert_errno(b->t.close(b->t.userdata, p.fd), EBADF);
}

static void client_begin(struct bench *b, struct peer *p)
{
    struct sockaddr_in to = bench_addr("192.0.2.1", 9000);
    struct segment s;

    *p = (struct peer){.b = b, .remote = 9000, .seq = PEER_ISN, .window = 257};
    p->fd = b->t.socket(b->t.userdata, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);
    assert_errno(b->t.connect(b->t.userdata, p->fd, (struct sockaddr *)&to, sizeof to), EINPROGRESS);
    bench_out(b, &s);
    assert_int_equal(s.flags, S);
    p->local = s.from;
    p->ack = s.seq + 1;
}

static void client_established(struct peer *p)
{
    peer_send(p, S | A, 0);
    p->seq++;
    peer_expect(p, A, 0, NULL);
}

/* Linux's socket layer learns of the end of the handshake from the second connect. */
static void client_connects_in_three_calls(void **state)
{
    struct bench *b = *state;
    struct sockaddr_in to = bench_addr("192.0.2.1", 9000);
    struct peer p;

    client_begin(b, &p);
    assert_errno(b->t.connect(b->t.userdata, p.fd, (struct sockaddr *)&to, sizeof to), EALREADY);
    client_established(&p);
    assert_int_equal(b->t.connect(b->t.userdata, p.fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_errno(b->t.connect(b->t.userdata, p.fd, (struct sockaddr *)&to, sizeof to), EISCONN);
    assert_int_equal(b->t.close(b->t.userdata, p.fd), 0);
    peer_expect(&p, F | A, 0, NULL);
}

static void refused_connect_tells_once_and_may_be_repeated(void **state)
{
    struct bench *b = *state;
    struct sockaddr_in to = bench_addr("192.0.2.1", 9000);
    struct peer p;
    struct segment s;

    client_begin(b, &p);
    peer_send(&p, R | A, 0);
    assert_errno(b->t.connect(b->t.userdata, p.fd, (struct sockaddr *)&to, sizeof to), ECONNREFUSED);
    assert_errno(b->t.connect(b->t.userdata, p.fd, (struct sockaddr *)&to, sizeof to), EINPROGRESS);
    bench_out(b, &s);
    assert_int_equal(s.flags, S);
}

/* For who reads instead of asking connect once more, the stream ends when he has heard the error, as on Linux. */
static void stream_of_a_refused_connect_ends(void **state)
{
    struct bench *b = *state;
    struct peer p;
    char byte;

    client_begin(b, &p);
    peer_send(&p, R | A, 0);
    assert_errno(b->t.read(b->t.userdata, p.fd, &byte, 1), ECONNREFUSED);
    assert_int_equal(b->t.read(b->t.userdata, p.fd, &byte, 1), 0);
    assert_errno(b->t.write(b->t.userdata, p.fd, &byte, 1), EPIPE);
}

/* connect() to AF_UNSPEC takes the connection apart. */
static void stream_may_be_disconnected(void **state)
{
    struct bench *b = *state;
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    struct peer p;
    char c;

    peer_open(b, &p);
    assert_int_equal(b->t.connect(b->t.userdata, p.fd, &none, sizeof none), 0);
    peer_expect(&p, R | A, 0, NULL);
    assert_errno(b->t.read(b->t.userdata, p.fd, &c, 1), ECONNRESET);
    assert_errno(b->t.read(b->t.userdata, p.fd, &c, 1), ENOTCONN);
    client_begin(b, &p);
    assert_int_equal(b->t.shutdown(b->t.userdata, p.fd, SHUT_RDWR), 0);
    assert_errno(b->t.shutdown(b->t.userdata, p.fd, SHUT_RDWR), ENOTCONN);
}

static void shut_listener_listens_no_more(void **state)
{
    struct bench *b = *state;
    int listener = bench_listener(b, 1);

    assert_int_equal(b->t.shutdown(b->t.userdata, listener, SHUT_WR), 0);
    assert_int_equal(b->t.fcntl(b->t.userdata, listener, F_SETFL, O_NONBLOCK), 0);
    assert_errno(b->t.accept(b->t.userdata, listener, NULL, NULL), EAGAIN);
    assert_int_equal(b->t.shutdown(b->t.userdata, listener, SHUT_RD), 0);
    assert_errno(b->t.accept(b->t.userdata, listener, NULL, NULL), EINVAL);
    assert_int_equal(b->t.listen(b->t.userdata, listener, 1), 0);
}

static void ipv6_stream_works_both_ways(void **state)
{
    struct bench *b = *state;
    struct peer p;
    char buf[100];

    peer_open(b, &p);
    peer_send(&p, P | A, 10);
    peer_expect(&p, A, 0, NULL);
    assert_int_equal(b->t.read(b->t.userdata, p.fd, buf, sizeof buf), 10);
    assert_int_equal(b->t.write(b->t.userdata, p.fd, buf, 10), 10);
    peer_expect(&p, P | A, 10, NULL);
}

/* An IPv6 socket serves IPv4, under mapped addresses. */
static void mapped_addresses_name_ipv4_peers(void **state)
{
    struct bench *b = *state;
    struct sockaddr_in6 any = bench_addr6("::", LOCAL_PORT), from;
    struct in6_addr expected;
    socklen_t n = sizeof from;
    struct peer p;
    int fd = b->t.socket(b->t.userdata, AF_INET6, SOCK_STREAM, 0);

    assert_int_equal(b->t.bind(b->t.userdata, fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(b->t.listen(b->t.userdata, fd, 1), 0);
    peer_handshake(b, &p, PEER_PORT);
    p.fd = b->t.accept(b->t.userdata, fd, (struct sockaddr *)&from, &n);
    assert_true(p.fd >= 1000);
    inet_pton(AF_INET6, "::ffff:192.0.2.1", &expected);
    assert_int_equal(from.sin6_family, AF_INET6);
    assert_memory_equal(&from.sin6_addr, &expected, sizeof expected);
    assert_int_equal(ntohs(from.sin6_port), PEER_PORT);
}

/* ---- time ---- */

static void clock_moves_by_a_microsecond_a_question(void **state)
{
    struct bench *b = *state;
    long long first = bench_now(b);

    assert_int_equal(bench_now(b), first + 1);
    assert_int_equal(b->t.usleep(b->t.userdata, 500), 0);
    assert_int_equal(bench_now(b), first + 502);
}

/* A SYN without an answer is sent again after 1, 2, 4, ... s; all of it passes at once. */
static void retransmissions_come_at_their_exact_times(void **state)
{
    struct bench *b = *state;
    struct timespec before, after;
    struct segment s;
    struct peer p;
    long long sent = bench_now(b), expected = 0;

    clock_gettime(CLOCK_MONOTONIC, &before);
    client_begin(b, &p);
    for (int i = 0; i < 6; i++) {
        expected += 1000000ll << i;
        bench_out(b, &s);
        assert_int_equal(s.flags, S);
        assert_int_equal(s.at, sent + expected);
        assert_true(bench_now(b) >= s.at);
    }
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(expected >= 63000000);
    assert_true((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 < 30000);
}

/* What is sent while the program sleeps keeps its own time. */
static void packet_keeps_the_time_at_which_it_was_sent(void **state)
{
    struct bench *b = *state;
    struct segment s;
    struct peer p;
    long long sent = bench_now(b);

    client_begin(b, &p);
    assert_int_equal(b->t.usleep(b->t.userdata, 2500000), 0);
    assert_int_equal(bench_now(b), sent + 2500001);
    bench_out(b, &s);
    assert_int_equal(s.at, sent + 1000000);
}

/* ---- calls that sleep ---- */

static int64_t run_read(struct bench *b, void *argument)
{
    static char buf[5000];

    return b->t.read(b->t.userdata, *(int *)argument, buf, sizeof buf);
}

static void blocked_read_wakes_when_data_come(void **state)
{
    struct bench *b = *state;
    struct peer p;
    struct task t = {.b = b, .run = run_read, .argument = &p.fd};

    peer_open(b, &p);
    task_begin(&t);
    assert_int_equal(b->t.usleep(b->t.userdata, 100000), 0);
    peer_send(&p, P | A, 700);
    assert_int_equal(b->t.usleep(b->t.userdata, 1000000), 0); /* the clock waits for the thread */
    task_end(&t);
    assert_int_equal(t.result, 700);
    assert_in_range(t.ended - t.begun, 100000, 100000 + bench_slack());
}

static int64_t run_read_all(struct bench *b, void *argument)
{
    static char buf[1500];

    return b->t.recv(b->t.userdata, *(int *)argument, buf, sizeof buf, MSG_WAITALL);
}

static void waitall_waits_for_all(void **state)
{
    struct bench *b = *state;
    struct peer p;
    struct task t = {.b = b, .run = run_read_all, .argument = &p.fd};

    peer_open(b, &p);
    task_begin(&t);
    peer_send(&p, P | A, 700);
    assert_int_equal(b->t.usleep(b->t.userdata, 50000), 0);
    peer_send(&p, P | A, 1000);
    task_end(&t);
    assert_int_equal(t.result, 1500);
    assert_in_range(t.ended - t.begun, 50000, 50000 + bench_slack());
}

static void read_timeout_passes_in_virtual_time(void **state)
{
    struct bench *b = *state;
    struct timeval limit = {3, 500000}, got;
    socklen_t n = sizeof got;
    struct peer p;
    struct task t = {.b = b, .run = run_read, .argument = &p.fd};

    peer_open(b, &p);
    assert_int_equal(b->t.setsockopt(b->t.userdata, p.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(b->t.getsockopt(b->t.userdata, p.fd, SOL_SOCKET, SO_RCVTIMEO, &got, &n), 0);
    assert_int_equal(got.tv_sec, 3);
    assert_int_equal(got.tv_usec, 500000);
    task_begin(&t);
    assert_int_equal(b->t.usleep(b->t.userdata, 10000000), 0);
    task_end(&t);
    assert_int_equal(t.result, -1);
    assert_int_equal(t.error, EAGAIN);
    assert_in_range(t.ended - t.begun, 3500000, 3500000 + bench_slack());
}

static int64_t run_accept(struct bench *b, void *argument)
{
    return b->t.accept(b->t.userdata, *(int *)argument, NULL, NULL);
}

static void blocked_accept_wakes_when_the_handshake_is_done(void **state)
{
    struct bench *b = *state;
    int listener = bench_listener(b, 5);
    struct task t = {.b = b, .run = run_accept, .argument = &listener};
    struct peer p;

    task_begin(&t);
    peer_handshake(b, &p, PEER_PORT);
    task_end(&t);
    assert_true(t.result > listener);
}

static int64_t run_connect(struct bench *b, void *argument)
{
    struct sockaddr_in to = bench_addr("192.0.2.1", 9000);

    return b->t.connect(b->t.userdata, *(int *)argument, (struct sockaddr *)&to, sizeof to);
}

static void blocked_connect_ends_with_the_handshake(void **state)
{
    struct bench *b = *state;
    int fd = b->t.socket(b->t.userdata, AF_INET, SOCK_STREAM, 0);
    struct task t = {.b = b, .run = run_connect, .argument = &fd};
    struct peer p = {.b = b, .fd = fd, .remote = 9000, .seq = PEER_ISN, .window = 257};
    struct segment s;

    task_begin(&t);
    bench_out(b, &s);
    assert_int_equal(s.flags, S);
    p.local = s.from;
    p.ack = s.seq + 1;
    assert_int_equal(b->t.usleep(b->t.userdata, 20000), 0);
    client_established(&p);
    task_end(&t);
    assert_int_equal(t.result, 0);
    assert_in_range(t.ended - t.begun, 20000, 20000 + bench_slack());
}

static int64_t run_write(struct bench *b, void *argument)
{
    static char buf[4000000];

    return b->t.write(b->t.userdata, *(int *)argument, buf, sizeof buf);
}

static void blocked_write_goes_on_as_the_peer_takes_more(void **state)
{
    struct bench *b = *state;
    struct peer p;
    struct task t = {.b = b, .run = run_write, .argument = &p.fd};
    struct segment s;
    uint32_t end;

    peer_open(b, &p);
    p.window = 65535;
    peer_ack(&p);
    task_begin(&t);
    end = p.ack + 4000000;
    while (p.ack != end) {
        bench_out(b, &s);
        assert_int_equal(s.seq, p.ack);
        p.ack += (uint32_t)s.n;
        peer_ack(&p);
    }
    task_end(&t);
    assert_int_equal(t.result, 4000000);
}

static int64_t run_close(struct bench *b, void *argument)
{
    return b->t.close(b->t.userdata, *(int *)argument);
}

static void lingering_close_waits_for_the_acknowledgment(void **state)
{
    struct bench *b = *state;
    struct linger linger = {1, 10};
    struct peer p;
    struct task t = {.b = b, .run = run_close, .argument = &p.fd};

    peer_open(b, &p);
    assert_int_equal(b->t.setsockopt(b->t.userdata, p.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    task_begin(&t);
    peer_expect(&p, F | A, 0, NULL);
    assert_int_equal(b->t.usleep(b->t.userdata, 30000), 0);
    peer_ack(&p);
    task_end(&t);
    assert_int_equal(t.result, 0);
    assert_in_range(t.ended - t.begun, 30000, 30000 + bench_slack());
}

static void lingering_close_gives_up_in_time(void **state)
{
    struct bench *b = *state;
    struct linger linger = {1, 2};
    struct peer p;
    struct task t = {.b = b, .run = run_close, .argument = &p.fd};

    peer_open(b, &p);
    assert_int_equal(b->t.setsockopt(b->t.userdata, p.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    task_begin(&t);
    assert_int_equal(b->t.usleep(b->t.userdata, 5000000), 0);
    task_end(&t);
    assert_int_equal(t.result, 0);
    assert_in_range(t.ended - t.begun, 2000000, 2000000 + bench_slack());
}

static void reset_ends_a_blocked_read(void **state)
{
    struct bench *b = *state;
    struct peer p;
    struct task t = {.b = b, .run = run_read, .argument = &p.fd};

    peer_open(b, &p);
    task_begin(&t);
    peer_send(&p, R | A, 0);
    task_end(&t);
    assert_int_equal(t.result, -1);
    assert_int_equal(t.error, ECONNRESET);
}

/* If the thread that moves the clock sleeps itself, time passes for it. */
static void lonely_thread_drives_the_clock_itself(void **state)
{
    struct bench *b = *state;
    struct timeval limit = {1, 0};
    struct peer p;
    char byte;
    long long before;

    peer_open(b, &p);
    assert_int_equal(b->t.setsockopt(b->t.userdata, p.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    before = bench_now(b);
    assert_errno(b->t.read(b->t.userdata, p.fd, &byte, 1), EAGAIN);
    assert_in_range(bench_now(b) - before, 1000000, 1000000 + bench_slack());
}

/* ---- super-segments ---- */

/* As many segments in a packet as Linux would hand to a card that cuts them. */
static void write_ten_segments(useconds_t rtt, const size_t *sizes)
{
    struct bench b;
    int listener;
    char buf[10000] = {0};
    struct peer p;

    bench_open(&b, "local=192.168.0.1,sysctls=none"); /* such a card is there if nobody says otherwise */
    listener = bench_listener(&b, 1);
    peer_far_handshake(&b, &p, PEER_PORT, rtt);
    p.fd = b.t.accept(b.t.userdata, listener, NULL, NULL);
    assert_int_equal(b.t.write(b.t.userdata, p.fd, buf, sizeof buf), sizeof buf);
    for (; *sizes; sizes++)
        peer_expect(&p, P | A, *sizes, NULL); /* for whoever puts the pieces together again */
    bench_close(&b);
}

static void near_peers_get_half_a_window_at_once(void **state)
{
    write_ten_segments(0, (const size_t[]){5000, 5000, 0});
}

static void far_peers_get_two_segments_at_once(void **state)
{
    write_ten_segments(100000, (const size_t[]){2000, 2000, 2000, 2000, 2000, 0});
}

/* Text that comes out of order, and what the peer holds of ours: offsets from where each is, and 32 bits each. */
static void send_with_sack(struct peer *p, uint32_t ahead, size_t n, uint32_t start, uint32_t end)
{
    struct segment *s = calloc(1, sizeof *s);
    const uint32_t edges[2] = {htonl(p->ack + start), htonl(p->ack + end)};
    const uint8_t kind[] = {1, 1, 5, 10};

    *s = (struct segment){.from = p->remote, .to = p->local, .seq = p->seq + ahead, .ack = p->ack, .flags = P | A,
                          .window = p->window, .n = n};
    if (end) {
        s->n_options = sizeof kind + sizeof edges;
        memcpy(s->options, kind, sizeof kind);
        memcpy(s->options + sizeof kind, edges, sizeof edges);
    }
    bench_in(p->b, s);
    free(s);
}

/* A hole to report makes the segments shorter, not the packets fewer; and each segment counts for itself. */
static void a_hole_to_report_leaves_super_segments_whole(void **state)
{
    struct bench b;
    struct tcp_info info;
    socklen_t n = sizeof info;
    int listener;
    char buf[10 * 988] = {0};
    struct peer p;

    bench_open(&b, "local=192.168.0.1,sysctls=none");
    listener = bench_listener(&b, 1);
    peer_far_handshake(&b, &p, PEER_PORT, 100000);
    p.fd = b.t.accept(b.t.userdata, listener, NULL, NULL);
    send_with_sack(&p, 500, 100, 0, 0);
    peer_expect(&p, A, 0, NULL);
    assert_int_equal(b.t.write(b.t.userdata, p.fd, buf, sizeof buf), sizeof buf);
    for (unsigned i = 0; i < 5; i++)
        peer_expect(&p, P | A, 2 * (1000 - 12), NULL);
    p.ack -= 10 * 988;
    send_with_sack(&p, 0, 0, 988, 2 * 988);
    assert_int_equal(b.t.getsockopt(b.t.userdata, p.fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
    assert_int_equal(info.tcpi_unacked, 10);
    assert_int_equal(info.tcpi_sacked, 1);
    assert_int_equal(info.tcpi_data_segs_out, 10);
    bench_close(&b);
}

/* A retransmission is a super-segment, too: what left as one packet and is lost as a whole comes as one. */
static void what_is_lost_goes_again_as_it_went(void **state)
{
    char buf[10000] = {0};
    struct bench b;
    struct peer p;
    int listener;
    uint32_t first;

    bench_open(&b, "local=192.168.0.1,sysctls=none");
    listener = bench_listener(&b, 1);
    peer_far_handshake(&b, &p, PEER_PORT, 100000);
    p.fd = b.t.accept(b.t.userdata, listener, NULL, NULL);
    first = p.ack;
    assert_int_equal(b.t.write(b.t.userdata, p.fd, buf, sizeof buf), sizeof buf);
    for (int i = 0; i < 5; i++)
        peer_expect(&p, P | A, 2000, NULL);
    b.t.usleep(b.t.userdata, 100000);
    p.ack = first;
    send_with_sack(&p, 0, 0, 2000, 10000);
    peer_expect(&p, P | A, 2000, NULL);
    bench_close(&b);
}

/* ---- the end ---- */

/* Runs what must end the process and returns its exit status; what it said on stderr goes into text. */
static int run_dying(struct bench *b, void (*run)(struct bench *b), char *text, size_t n)
{
    int out[2], status = 0;
    ssize_t got;
    pid_t child;

    assert_int_equal(pipe(out), 0);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        dup2(out[1], 2);
        run(b);
        _exit(99);
    }
    close(out[1]);
    got = read(out[0], text, n - 1);
    text[got > 0 ? got : 0] = 0;
    close(out[0]);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void receive_for_ever(struct bench *b)
{
    uint8_t buf[2000];

    bench_open(b, NULL);
    bench_out_raw(b, buf, sizeof buf);
}

static void receiving_nothing_for_ever_says_so_and_exits(void **state)
{
    struct bench b;
    char text[512];

    assert_int_equal(run_dying(&b, receive_for_ever, text, sizeof text), 1);
    assert_non_null(strstr(text, "libweft-packetdrill: netdev_receive: nothing was sent"));
}

static void open_with_a_wrong_flag(struct bench *b)
{
    bench_open(b, "local=192.168.0.1,speed=fast");
}

static void open_with_a_wrong_value(struct bench *b)
{
    bench_open(b, "mtu=67");
}

static void open_with_a_wrong_profile(struct bench *b)
{
    bench_open(b, "profile=solaris");
}

static void wrong_flags_are_one_line_and_exit_2(void **state)
{
    struct bench b;
    char text[512];

    assert_int_equal(run_dying(&b, open_with_a_wrong_flag, text, sizeof text), 2);
    assert_string_equal(text, "libweft-packetdrill: 'speed=fast' is no flag: local, gw, mtu, tso, profile and sysctls "
                              "are\n");
    assert_int_equal(run_dying(&b, open_with_a_wrong_value, text, sizeof text), 2);
    assert_string_equal(text, "libweft-packetdrill: 'mtu=67' says nothing that can be\n");
    assert_int_equal(run_dying(&b, open_with_a_wrong_profile, text, sizeof text), 2);
    assert_string_equal(text, "libweft-packetdrill: there is no profile 'solaris'\n");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(server_accepts_reads_writes_and_closes),
        T(client_connects_in_three_calls),
        T(refused_connect_tells_once_and_may_be_repeated),
        T(stream_of_a_refused_connect_ends),
        T(stream_may_be_disconnected),
        T(shut_listener_listens_no_more),
        T(mapped_addresses_name_ipv4_peers),
        cmocka_unit_test_setup_teardown(ipv6_stream_works_both_ways, setup_v6, teardown),
        T(clock_moves_by_a_microsecond_a_question),
        T(retransmissions_come_at_their_exact_times),
        T(packet_keeps_the_time_at_which_it_was_sent),
        T(blocked_read_wakes_when_data_come),
        T(waitall_waits_for_all),
        T(read_timeout_passes_in_virtual_time),
        T(blocked_accept_wakes_when_the_handshake_is_done),
        T(blocked_connect_ends_with_the_handshake),
        T(blocked_write_goes_on_as_the_peer_takes_more),
        T(lingering_close_waits_for_the_acknowledgment),
        T(lingering_close_gives_up_in_time),
        T(reset_ends_a_blocked_read),
        T(lonely_thread_drives_the_clock_itself),
        cmocka_unit_test(near_peers_get_half_a_window_at_once),
        cmocka_unit_test(far_peers_get_two_segments_at_once),
        cmocka_unit_test(a_hole_to_report_leaves_super_segments_whole),
        cmocka_unit_test(what_is_lost_goes_again_as_it_went),
        cmocka_unit_test(receiving_nothing_for_ever_says_so_and_exits),
        cmocka_unit_test(wrong_flags_are_one_line_and_exit_2),
    };

    
    return cmocka_run_group_tests(tests, NULL, NULL);
}
