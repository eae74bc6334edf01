/* SPDX-License-Identifier: MIT */
/* The parts of `weft demo`. */
#ifndef CMD_DEMO_H
#define CMD_DEMO_H

#include "cmd/cmd.h"
#include "cmd/demo_world.h"

/* ---- demo_play.c: stories on the ladder ---- */

struct scenario;

/* NULL when there is none of that name, or no i-th. */
const struct scenario *scenario_find(const char *name);
const struct scenario *scenario_at(size_t i);
const char *scenario_name(const struct scenario *s);
const char *scenario_title(const struct scenario *s);

/*
 * Plays it and tells it to out; false when it did not happen as it should. plot: filled with what is to be seen, or
 * NULL.
 */
bool scenario_play(const struct scenario *s, FILE *out, struct world_capture *capture, struct plot *plot);

/* ---- demo_bulk.c: many bytes over a bad wire ---- */

bool bulk_play(FILE *out, uint64_t bytes, struct world_capture *capture);

/* ---- demo_kernel.c: the same suite against the kernel's ---- */

enum kernel_result { KERNEL_GOOD, KERNEL_DIFFERS, KERNEL_NOT_DONE };

/*
 * Plays it in a process and namespaces of its own; says what is missing when it cannot. file: pcapng to append to, or
 * NULL.
 */
enum kernel_result kernel_play(FILE *out, uint64_t bytes, const char *file);

/* ---- stream.c: bytes that are known without being kept ---- */

/* A stream is its seed: byte i is always the same. Fills buf with n bytes from offset (a multiple of 8) on. */
void stream_fill(uint64_t seed, uint64_t offset, uint8_t *buf, size_t n);

/* FNV-1a, 64 bits: tells streams apart that differ by accident. Start with STREAM_DIGEST. */
#define STREAM_DIGEST 0xcbf29ce484222325u
uint64_t stream_digest(uint64_t digest, const void *buf, size_t n);

#endif
