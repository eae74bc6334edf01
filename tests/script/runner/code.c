/* SPDX-License-Identifier: MIT */
/* See code.h: what blocks see is collected during the run; python3 gets it, with the blocks, as JSON. */
#include "code.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab.h"

/* Every field of struct weft_tcp_info, bit fields too. */
#define FIELDS(X)                                                                                                   \
    X(tcpi_state) X(tcpi_ca_state) X(tcpi_retransmits) X(tcpi_probes) X(tcpi_backoff) X(tcpi_options)                 \
    X(tcpi_snd_wscale) X(tcpi_rcv_wscale) X(tcpi_delivery_rate_app_limited) X(tcpi_fastopen_client_fail)              \
    X(tcpi_rto) X(tcpi_ato) X(tcpi_snd_mss) X(tcpi_rcv_mss) X(tcpi_unacked) X(tcpi_sacked) X(tcpi_lost)               \
    X(tcpi_retrans) X(tcpi_fackets) X(tcpi_last_data_sent) X(tcpi_last_ack_sent) X(tcpi_last_data_recv)               \
    X(tcpi_last_ack_recv) X(tcpi_pmtu) X(tcpi_rcv_ssthresh) X(tcpi_rtt) X(tcpi_rttvar) X(tcpi_snd_ssthresh)           \
    X(tcpi_snd_cwnd) X(tcpi_advmss) X(tcpi_reordering) X(tcpi_rcv_rtt) X(tcpi_rcv_space) X(tcpi_total_retrans)        \
    X(tcpi_pacing_rate) X(tcpi_max_pacing_rate) X(tcpi_bytes_acked) X(tcpi_bytes_received) X(tcpi_segs_out)           \
    X(tcpi_segs_in) X(tcpi_notsent_bytes) X(tcpi_min_rtt) X(tcpi_data_segs_in) X(tcpi_data_segs_out)                  \
    X(tcpi_delivery_rate) X(tcpi_busy_time) X(tcpi_rwnd_limited) X(tcpi_sndbuf_limited) X(tcpi_delivered)             \
    X(tcpi_delivered_ce) X(tcpi_bytes_sent) X(tcpi_bytes_retrans) X(tcpi_dsack_dups) X(tcpi_reord_seen)               \
    X(tcpi_rcv_ooopack) X(tcpi_snd_wnd) X(tcpi_rcv_wnd) X(tcpi_rehash) X(tcpi_total_rto)                              \
    X(tcpi_total_rto_recoveries) X(tcpi_total_rto_time)

struct code {
    FILE *out; /* what python3 will read */
    unsigned blocks;
};

bool code_field(const struct weft_tcp_info *info, const char *name, int64_t *value)
{
#define X(field)                        \
    if (strcmp(name, #field) == 0) {    \
        *value = (int64_t)info->field;  \
        return true;                    \
    }
    FIELDS(X)
#undef X
    return false;
}

/* The newest TCP descriptor that does not listen, or the newest TCP descriptor; NULL: there is none. */
static const struct lab_fd *under_test(const struct lab *lab)
{
    const struct lab_fd *found = NULL;

    for (int i = 0; i < LAB_FDS; i++) {
        const struct lab_fd *fd = &lab->fds[i];
        bool listens = fd->kind == FD_SOCKET && weft_tcp_state(fd->sock) == WEFT_TCP_LISTEN;

        if (fd->kind != FD_SOCKET || fd->proto != WEFT_TCP || (listens && found))
            continue;
        if (!found || fd->number > found->number || weft_tcp_state(found->sock) == WEFT_TCP_LISTEN)
            found = fd;
    }
    return found;
}

static void put_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < ' ' || c == '"' || c == '\\')
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void put_values(FILE *out, const struct weft_tcp_info *info)
{
    const char *comma = "";

#define X(field)                                                                            \
    fprintf(out, "%s\"" #field "\": %llu", comma, (unsigned long long)info->field);         \
    comma = ", ";
    FIELDS(X)
#undef X
}

static struct code *code_begin(const struct lab *lab)
{
    struct code *c = calloc(1, sizeof(*c));

    if (!c || !(c->out = tmpfile()))
        abort();
    fputs("{\"path\": ", c->out);
    put_text(c->out, lab->script->path);
    fputs(", \"blocks\": [", c->out);
    return c;
}

void lab_capture(struct lab *lab, const struct event *e)
{
    const struct lab_fd *fd = under_test(lab);
    struct weft_tcp_info info;
    size_t n = sizeof(info);

    if (lab->lenient)
        return;
    if (!lab->code)
        lab->code = code_begin(lab);
    weft_clock(lab->stack, lab->now + lab->script->config.epoch);
    fprintf(lab->code->out, "%s{\"line\": %d, \"code\": ", lab->code->blocks++ ? ", " : "", e->line);
    put_text(lab->code->out, e->code);
    fputs(", \"values\": {", lab->code->out);
    if (fd && weft_getsockopt(fd->sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n) == 0)
        put_values(lab->code->out, &info);
    fputs("}}", lab->code->out);
}

/* In the child: never returns. */
static void become_python(FILE *in, int out)
{
    dup2(fileno(in), 0);
    dup2(out, 1);
    execlp("python3", "python3", "-I", CODE_PY, (char *)NULL);
    static const char missing[] = "python3 is needed for %{ }% blocks and cannot be run\n";
    (void)!write(1, missing, sizeof(missing) - 1);
    _exit(127);
}

static size_t read_all(int fd, char *buf, size_t n)
{
    size_t at = 0;
    ssize_t r;

    while (at + 1 < n && (r = read(fd, buf + at, n - at - 1)) > 0)
        at += (size_t)r;
    buf[at] = 0;
    return at;
}

/* What Python said, and whether all was well. */
static bool run_python(FILE *in, char *said, size_t n)
{
    int ends[2], status = -1;
    pid_t child;

    fflush(NULL);
    rewind(in);
    if (pipe(ends) != 0)
        abort();
    child = fork();
    if (child == 0)
        become_python(in, ends[1]);
    close(ends[1]);
    n = read_all(ends[0], said, n);
    close(ends[0]);
    if (n && said[n - 1] == '\n')
        said[n - 1] = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void lab_run_code(struct lab *lab)
{
    char said[1500];

    if (!lab->code || lab->failed)
        return;
    fputs("]}", lab->code->out);
    if (!run_python(lab->code->out, said, sizeof(said)))
        lab_fail(lab, 0, "%%{ }%% code failed\n    %s", said);
}

void lab_code_free(struct lab *lab)
{
    if (lab->code)
        fclose(lab->code->out);
    free(lab->code);
}
