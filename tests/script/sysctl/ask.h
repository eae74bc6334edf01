/* SPDX-License-Identifier: MIT */
/*
 * Between a script's `sysctl` and the runner: a question is one message, NAME or NAME=VALUE; so is the answer, a
 * character that tells what became of it and a text: the value, or why not. One question is on its way at a time.
 */
#ifndef SCRIPT_ASK_H
#define SCRIPT_ASK_H

#define ASK_ENV "WEFT_SCRIPT_SYSCTL" /* the number of the descriptor */
#define ASK_SIZE 512

enum { ASK_DONE = '=', ASK_UNKNOWN = '?', ASK_REFUSED = '!' };

#endif
