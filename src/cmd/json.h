/* SPDX-License-Identifier: MIT */
/* JSON (RFC 8259) written to a stream, one call per value; commas, quotes and escapes are taken care of. */
#ifndef CMD_JSON_H
#define CMD_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *out;
    bool more; /* something stands before: a comma is due */
};

/* key: NULL inside an array and at the top. kind: '{' or '['; close with '}' or ']'. */
void json_open(struct json *j, const char *key, char kind);
void json_close(struct json *j, char kind);
void json_text(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
/* Ends the document with a newline. */
void json_end(struct json *j);

#endif
