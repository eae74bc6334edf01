/* SPDX-License-Identifier: MIT */
/*
 * The engine's table of states (src/tcp/state.c) as Promela, for connection.pml: a name for each state, and which edges
 * there are. So the model stands on the same table as the code.
 */
#include <ctype.h>
#include <stdio.h>

#include "tcp/state.h"

static void print_name(enum weft_tcp_state s)
{
    for (const char *p = weft_tcp_state_name(s); *p; p++)
        putchar(*p == '-' ? '_' : toupper((unsigned char)*p));
}

int main(void)
{
    printf("/* Made by edges.c. */\n");
    for (int s = 0; s < WEFT_TCP_STATE_COUNT; s++) {
        printf("#define ");
        print_name(s);
        printf(" %d\n", s);
    }
    printf("#define STATES %d\n#define EDGE(from, to) (false", WEFT_TCP_STATE_COUNT);
    for (int from = 0; from < WEFT_TCP_STATE_COUNT; from++)
        for (int to = 0; to < WEFT_TCP_STATE_COUNT; to++)
            if (state_edge_allowed(from, to))
                printf(" || \\\n    (from == %d && to == %d)", from, to);
    printf(")\n");
    return 0;
}
