/* SPDX-License-Identifier: MIT */
/* print_packet on any bytes: one line of plain text, the same start whatever the room, and it says when it was cut. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/print.h"

static void check(bool truth)
{
    if (!truth)
        abort();
}

/* The longest line is one of forty bytes of SACK blocks or unknown options. */
enum { LARGEST_LINE = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum print_link link;
    size_t wire_len, room, whole;
    char text[LARGEST_LINE], part[LARGEST_LINE];
    struct fmt f = fmt_begin(text, sizeof text);
    struct fmt g;

    if (size < 3)
        return 0;
    link = data[0] & 1 ? PRINT_IP : PRINT_ETHERNET;
    wire_len = size - 3 + (data[0] & 2 ? data[1] : 0);
    room = 1 + data[2] % (sizeof part - 1);
    print_packet(&f, link, data + 3, size - 3, wire_len);
    whole = strlen(text);
    check(!f.cut && whole > 0);
    for (size_t i = 0; i < whole; i++)
        check(text[i] >= ' ' && text[i] <= '~');
    g = fmt_begin(part, room);
    print_packet(&g, link, data + 3, size - 3, wire_len);
    check(g.cut == (room <= whole) && strlen(part) == min_size(whole, room - 1));
    check(memcmp(text, part, strlen(part)) == 0);
    return 0;
}
