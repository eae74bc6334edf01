/* SPDX-License-Identifier: MIT */
/*
 * The longest prefix of an address among very many: a trie that takes six bits at a step and keeps in each node, as
 * bitmaps, which prefixes end there and which ways lead on. Runs of nodes with one way and no prefix are one node.
 *
 * A look-up never goes back and reads a node a step: at most 6 for IPv4, 22 for IPv6, usually 5 of them cached. Values
 * belong to the caller.
 */
#ifndef CORE_TRIE_H
#define CORE_TRIE_H

#include "base/mem.h"

/*
 * The bits of a prefix from the first, in words of ten steps. Three zeros stand in front, so that 32 and 128 bits end
 * within a step and not behind it.
 */
#define TRIE_STEP       6
#define TRIE_LEAD       3
#define TRIE_WORD_STEPS 10
#define TRIE_BITS       128
struct trie_key {
    uint64_t word[3]; /* 60 bits each, the first in bit 59 */
};

struct trie_node {
    uint64_t ends;    /* bit 1 << n | v: the prefix of n more bits, v, ends here. Bit 0: this is a run */
    uint64_t ways;    /* bit v: six more bits, v, lead to a child. Of a run: its steps' bits, the last at the bottom */
    uintptr_t child;  /* struct trie_node[]; the low bits are the logarithm of its room. 0: none */
    uintptr_t value;  /* void *[], in the same way. Of a run: how many steps it is long */
};

struct trie {
    struct mem *mem;
    struct trie_node root;
    size_t bytes; /* asked of mem for nodes and values */
};

void trie_init(struct trie *t, struct mem *m);

/* The key of an address, or of a network: what stands behind the prefix does not matter. */
static inline struct trie_key trie_key_v4(uint32_t address)
{
    return (struct trie_key){{(uint64_t)address << (60 - TRIE_LEAD - 32)}};
}

static inline struct trie_key trie_key_v6(uint64_t high, uint64_t low)
{
    return (struct trie_key){{high >> (4 + TRIE_LEAD),
                              (high & 0x7f) << 53 | low >> 11,
                              (low & 0x7ff) << 49}};
}

/* The value of the longest prefix that the key, which is as long as an address, begins with; NULL: there is none. */
void *trie_find(const struct trie *t, const struct trie_key *key);

/* The place of the value of just this prefix; NULL: it is not there. Valid until the trie changes. */
void **trie_at(struct trie *t, const struct trie_key *key, unsigned bits);

/* Adds a prefix that is not there yet; value is not NULL. False, and nothing changed: out of memory. */
bool trie_insert(struct trie *t, const struct trie_key *key, unsigned bits, void *value);

/* Takes out a prefix that is there. What is empty then is given back, as far as memory allows to move the rest. */
void trie_remove(struct trie *t, const struct trie_key *key, unsigned bits);

#endif
