/* SPDX-License-Identifier: MIT */
#include "cmd/json.h"

static void put_string(FILE *out, const char *s)
{
    fputc('"', out);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fprintf(out, "\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            fprintf(out, "\\u%04x", (unsigned)*s);
        else
            fputc(*s, out);
    }
    fputc('"', out);
}

static void start(struct json *j, const char *key)
{
    if (j->more)
        fputs(", ", j->out);
    j->more = true;
    if (key) {
        put_string(j->out, key);
        fputs(": ", j->out);
    }
}

void json_open(struct json *j, const char *key, char kind)
{
    start(j, key);
    fputc(kind, j->out);
    j->more = false;
}

void json_close(struct json *j, char kind)
{
    fputc(kind, j->out);
    j->more = true;
}

void json_text(struct json *j, const char *key, const char *value)
{
    start(j, key);
    put_string(j->out, value);
}

void json_number(struct json *j, const char *key, uint64_t value)
{
    start(j, key);
    fprintf(j->out, "%llu", (unsigned long long)value);
}

void json_end(struct json *j)
{
    fputc('\n', j->out);
}
