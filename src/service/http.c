/* SPDX-License-Identifier: MIT */
/*
 * A small static web server (RFC 9110, RFC 9112): GET and HEAD, persistent connections, one built-in page, or the files
 * below a directory. A connection is reading a request's head, or sending a file; the kernel resolves paths below the
 * root (openat2, RESOLVE_BENEATH), so that no name and no symbolic link leads out of it.
 */
#include <ctype.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "service/service.h"

#define HEAD_ROOM 4096
#define PATH_ROOM 1024

struct http_conn {
    char head[HEAD_ROOM];
    size_t n_head;
    int file;        /* being sent, when `remaining` is not zero */
    uint64_t remaining;
    bool keep;       /* another request may follow */
};

struct request {
    char path[PATH_ROOM]; /* decoded, without the query; starts with '/' */
    bool head_only, keep;
    int status;           /* 200, or why not */
};

static const char built_in[] =
    "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>weft</title></head>\n<body>\n"
    "<h1>It works</h1>\n<p>This page came to you over weft: Ethernet, ARP, IP and TCP in user space.</p>\n"
    "</body>\n</html>\n";

static const struct {
    const char *ending, *type;
} media_types[] = {
    {".html", "text/html; charset=utf-8"}, {".htm", "text/html; charset=utf-8"}, {".txt", "text/plain; charset=utf-8"},
    {".md", "text/plain; charset=utf-8"},  {".css", "text/css"},                 {".js", "text/javascript"},
    {".json", "application/json"},         {".svg", "image/svg+xml"},            {".png", "image/png"},
    {".jpg", "image/jpeg"},                {".gif", "image/gif"},                {".pdf", "application/pdf"},
};

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},        {400, "Bad Request"},        {403, "Forbidden"},
    {404, "Not Found"}, {405, "Method Not Allowed"}, {431, "Request Header Fields Too Large"},
    {414, "URI Too Long"}, {505, "HTTP Version Not Supported"},
};

static const char *media_type(const char *path)
{
    size_t i, n = strlen(path);

    for (i = 0; i < sizeof media_types / sizeof *media_types; i++) {
        size_t len = strlen(media_types[i].ending);

        if (n >= len && strcasecmp(path + n - len, media_types[i].ending) == 0)
            return media_types[i].type;
    }
    return "application/octet-stream";
}

static const char *reason_of(int status)
{
    size_t i;

    for (i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}

/* ---- the request ---- */

static int hex_value(char c)
{
    if (isdigit((unsigned char)c))
        return c - '0';
    return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* Takes the path out of a request target, up to '?', undoing %XX. Returns 200, 400 or 414. */
static int decode_path(const char *target, char path[PATH_ROOM])
{
    size_t n = 0;

    if (target[0] != '/')
        return 400;
    for (; *target && *target != '?'; target++) {
        char c = *target;

        if (c == '%') {
            int high = hex_value(target[1]), low = high < 0 ? -1 : hex_value(target[2]);

            if (low < 0 || high * 16 + low == 0)
                return 400;
            c = (char)(high * 16 + low);
            target += 2;
        }
        if (n + 1 == PATH_ROOM)
            return 414;
        path[n++] = c;
    }
    path[n] = '\0';
    return 200;
}

/* The value of a field in a head of CRLF lines, or NULL; *n: its length. */
static const char *field(const char *head, const char *name, size_t *n)
{
    const char *line, *end;
    size_t len = strlen(name);

    for (line = strstr(head, "\r\n"); line && line[2]; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, len) != 0 || line[len] != ':')
            continue;
        line += len + 1;
        line += strspn(line, " \t");
        end = strstr(line, "\r\n");
        *n = end ? (size_t)(end - line) : strlen(line);
        return line;
    }
    return NULL;
}

static bool field_is(const char *head, const char *name, const char *value)
{
    size_t n = 0;
    const char *found = field(head, name, &n);

    return found && n == strlen(value) && strncasecmp(found, value, n) == 0;
}

/* Reads a head of n bytes, ended by a NUL in place of its empty line. */
static void parse_request(const char *head, size_t n_head, struct request *r)
{
    char method[16], target[PATH_ROOM * 2], version[16];
    size_t n;

    memset(r, 0, sizeof *r);
    r->status = 400;
    if (memchr(head, '\0', n_head) || sscanf(head, "%15s %2047s %15s", method, target, version) != 3 ||
        strncmp(version, "HTTP/", 5) != 0)
        return;
    r->status = 505;
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        return;
    r->status = 405;
    r->head_only = strcmp(method, "HEAD") == 0;
    if (!r->head_only && strcmp(method, "GET") != 0)
        return;
    r->status = decode_path(target, r->path);
    if (r->status == 200 && version[7] == '1' && !field(head, "Host", &n))
        r->status = 400; /* RFC 9112 §3.2 */
    /* A body that nobody reads would be taken for the next request. */
    r->keep = r->status == 200 && !field(head, "Content-Length", &n) && !field(head, "Transfer-Encoding", &n) &&
              (version[7] == '1' ? !field_is(head, "Connection", "close")
                                 : field_is(head, "Connection", "keep-alive"));
}

/* ---- the answer ---- */

static bool send_head(struct service *sv, struct service_conn *c, const struct request *r, const char *type,
                      uint64_t length)
{
    char text[512], date[64];
    time_t now = time(NULL);
    struct tm tm;
    int n;

    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    n = snprintf(text, sizeof text,
                 "HTTP/1.1 %d %s\r\nDate: %s\r\nServer: weft\r\nContent-Type: %s\r\nContent-Length: %llu\r\n%s"
                 "Connection: %s\r\n\r\n",
                 r->status, reason_of(r->status), date, type, (unsigned long long)length,
                 r->status == 405 ? "Allow: GET, HEAD\r\n" : "", r->keep ? "keep-alive" : "close");
    return service_send(sv, c, text, (size_t)n);
}

static bool send_text(struct service *sv, struct service_conn *c, const struct request *r, const char *type,
                      const char *body)
{
    size_t n = strlen(body);

    return send_head(sv, c, r, type, n) && (r->head_only || service_send(sv, c, body, n));
}

static bool send_refusal(struct service *sv, struct service_conn *c, struct request *r, int status)
{
    char body[128];

    r->status = status;
    snprintf(body, sizeof body, "%d %s\n", status, reason_of(status));
    return send_text(sv, c, r, "text/plain; charset=utf-8", body);
}

/* Opens a regular file below root; -1 when there is none that may be seen. A directory stands for its index.html. */
static int open_below(int root, const char *path, struct stat *st)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    char name[PATH_ROOM + 16];
    int fd, attempt;

    snprintf(name, sizeof name, "./%s", path);
    for (attempt = 0; attempt < 2; attempt++) {
        fd = (int)syscall(SYS_openat2, root, name, &how, sizeof how);
        if (fd < 0 || fstat(fd, st) < 0)
            break;
        if (S_ISREG(st->st_mode))
            return fd;
        close(fd);
        fd = -1;
        if (!S_ISDIR(st->st_mode))
            break;
        strcat(name, "/index.html");
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool send_file(struct service *sv, struct service_conn *c, struct request *r)
{
    struct http_conn *h = c->data;
    const char *type = r->path[strlen(r->path) - 1] == '/' ? "index.html" : r->path;
    struct stat st;
    int fd = open_below(service_root(sv), r->path, &st);

    if (fd < 0)
        return send_refusal(sv, c, r, 404);
    if (!send_head(sv, c, r, media_type(type), (uint64_t)st.st_size) || r->head_only || st.st_size == 0) {
        close(fd);
        return true;
    }
    h->file = fd;
    h->remaining = (uint64_t)st.st_size;
    c->position = 0;
    return true;
}

static bool answer(struct service *sv, struct service_conn *c, struct request *r)
{
    if (r->status != 200)
        return send_refusal(sv, c, r, r->status);
    if (service_root(sv) >= 0)
        return send_file(sv, c, r);
    if (strcmp(r->path, "/") == 0 || strcmp(r->path, "/index.html") == 0)
        return send_text(sv, c, r, "text/html; charset=utf-8", built_in);
    return send_refusal(sv, c, r, 404);
}

/* ---- the connection ---- */

/* Sends the file's next piece. A file that has become shorter breaks the connection: the length is already promised. */
static bool file_step(struct service *sv, struct service_conn *c, struct http_conn *h)
{
    size_t want = h->remaining < SERVICE_BUFFER ? (size_t)h->remaining : SERVICE_BUFFER;
    ssize_t got = pread(h->file, service_buffer(sv), want, (off_t)c->position);
    int64_t sent = got <= 0 ? -1 : service_send_some(sv, c, service_buffer(sv), (size_t)got);

    if (sent < 0) {
        h->keep = false;
        h->remaining = 0;
        return false;
    }
    c->position += (uint64_t)sent;
    h->remaining -= (uint64_t)sent;
    if (h->remaining == 0) {
        close(h->file);
        return h->keep;
    }
    return true;
}

/* Answers the requests whose heads are complete, until one has a file to send. False: the connection is over. */
static bool answer_heads(struct service *sv, struct service_conn *c, struct http_conn *h)
{
    struct request r;
    char *end;

    while (h->remaining == 0 && (end = memmem(h->head, h->n_head, "\r\n\r\n", 4)) != NULL) {
        size_t used = (size_t)(end - h->head) + 4;

        end[2] = '\0';
        parse_request(h->head, (size_t)(end - h->head) + 2, &r);
        h->n_head -= used;
        if (!answer(sv, c, &r))
            return false;
        memmove(h->head, h->head + used, h->n_head);
        h->keep = r.keep;
        if (!h->keep && h->remaining == 0)
            return false;
    }
    if (h->remaining == 0 && h->n_head == HEAD_ROOM - 1) {
        memset(&r, 0, sizeof r);
        send_refusal(sv, c, &r, 431);
        return false;
    }
    return true;
}

static bool http_step(struct service *sv, struct service_conn *c, unsigned ready)
{
    struct http_conn *h = c->data;
    bool alive = true;
    int64_t n;

    if (ready & WEFT_ERROR)
        return false;
    if (h->remaining) {
        alive = file_step(sv, c, h);
    } else {
        n = weft_host_recv(service_host(sv), c->s, h->head + h->n_head, HEAD_ROOM - 1 - h->n_head, 0);
        if (n == WEFT_EAGAIN)
            return true;
        if (n <= 0)
            return false;
        h->n_head += (size_t)n;
    }
    alive = alive && answer_heads(sv, c, h);
    c->want = h->remaining ? WEFT_WRITABLE : WEFT_READABLE;
    return alive;
}

static void http_close(struct service *sv, struct service_conn *c)
{
    struct http_conn *h = c->data;

    (void)sv;
    if (h->remaining)
        close(h->file);
}

const struct service_type service_http = {
    .name = "http",
    .summary = "a web page, or the files below --root",
    .port = 80,
    .conn_size = sizeof(struct http_conn),
    .want = WEFT_READABLE,
    .patience = 60 * WEFT_S,
    .step = http_step,
    .close = http_close,
};
