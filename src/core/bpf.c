/* SPDX-License-Identifier: MIT */
/* The classic filter machine; see bpf.h. */
#include "core/bpf.h"

#define WORDS 16 /* of memory */

/* The parts of an instruction's code. */
enum bpf_class { LD, LDX, ST, STX, ALU, JMP, RET, MISC };
enum bpf_mode { IMM = 0x00, ABS = 0x20, IND = 0x40, MEM = 0x60, LEN = 0x80, MSH = 0xa0 };
enum bpf_size { W = 0x00, H = 0x08, B = 0x10 };
enum bpf_alu { ADD = 0x00, SUB = 0x10, MUL = 0x20, DIV = 0x30, OR = 0x40, AND = 0x50, LSH = 0x60, RSH = 0x70,
               NEG = 0x80, MOD = 0x90, XOR = 0xa0 };
enum bpf_jump { JA = 0x00, JEQ = 0x10, JGT = 0x20, JGE = 0x30, JSET = 0x40 };
#define FROM_X 0x08 /* the operand is the index, not k */
#define RET_A  0x10
#define TXA    0x80

struct machine {
    const struct weft_pkt *pkt;
    uint32_t len, a, x, memory[WORDS];
    bool over; /* the program asked for what is not there */
};

/* ---- the check ---- */

static bool load_exists(uint16_t code, uint32_t k)
{
    unsigned mode = code & 0xe0, size = code & 0x18;

    if (mode == ABS || mode == IND)
        return size <= B && !(mode == ABS && k > INT32_MAX); /* above are Linux's own: none of them here */
    if (size != W)
        return false;
    return mode == IMM || mode == LEN || (mode == MEM && k < WORDS);
}

static bool index_load_exists(uint16_t code, uint32_t k)
{
    unsigned mode = code & 0xe0, size = code & 0x18;

    if (mode == MSH)
        return size == B && k <= INT32_MAX;
    return size == W && (mode == IMM || mode == LEN || (mode == MEM && k < WORDS));
}

static bool alu_is_sound(uint16_t code, uint32_t k)
{
    unsigned op = code & 0xf0;

    if (op == NEG)
        return !(code & FROM_X);
    if (code & FROM_X)
        return op <= XOR;
    if (op == DIV || op == MOD)
        return k != 0;
    return op == LSH || op == RSH ? k < 32 : op <= XOR;
}

/* `left`: instructions behind this one. */
static bool jump_is_sound(const struct weft_filter *i, size_t left)
{
    if ((i->code & 0xf0) == JA)
        return !(i->code & FROM_X) && i->k < left;
    return (i->code & 0xf0) <= JSET && i->jt < left && i->jf < left;
}

static bool instruction_is_sound(const struct weft_filter *i, size_t left)
{
    switch ((enum bpf_class)(i->code & 7)) {
    case LD:
        return load_exists(i->code, i->k);
    case LDX:
        return index_load_exists(i->code, i->k);
    case ST:
    case STX:
        return (i->code & 0xf8) == 0 && i->k < WORDS;
    case ALU:
        return alu_is_sound(i->code, i->k);
    case JMP:
        return jump_is_sound(i, left);
    case RET:
        return (i->code & 0xf8) == 0 || (i->code & 0xf8) == RET_A;
    default:
        return (i->code & 0xf8) == 0 || (i->code & 0xf8) == TXA;
    }
}

bool bpf_is_sound(const struct weft_filter *code, size_t n)
{
    if (n == 0 || n > BPF_MAX || (code[n - 1].code & 7) != RET)
        return false;
    for (size_t i = 0; i < n; i++)
        if (code[i].code > 0xff || !instruction_is_sound(&code[i], n - 1 - i))
            return false;
    return true;
}

struct bpf *bpf_new(struct mem *m, const void *code, size_t size, int *err)
{
    size_t n = size / sizeof(struct weft_filter);
    struct bpf *p = NULL;

    *err = WEFT_EINVAL;
    if (n == 0 || n > BPF_MAX || size % sizeof(struct weft_filter))
        return NULL;
    p = mem_alloc(m, MEM_group, sizeof *p + size);
    *err = WEFT_ENOMEM;
    if (!p)
        return NULL;
    p->owners = 1;
    p->n = (unsigned)n;
    memcpy(p->code, code, size);
    *err = 0;
    if (bpf_is_sound(p->code, n))
        return p;
    bpf_free(m, p);
    *err = WEFT_EINVAL;
    return NULL;
}

struct bpf *bpf_share(struct bpf *program)
{
    if (program)
        program->owners++;
    return program;
}

void bpf_free(struct mem *m, struct bpf *program)
{
    if (program && --program->owners == 0)
        mem_free(m, MEM_group, program, sizeof *program + program->n * sizeof program->code[0]);
}

/* ---- the machine ---- */

/* The number of 1, 2 or 4 bytes at an offset, the larger byte first. */
static uint32_t fetch(struct machine *m, uint64_t at, unsigned size)
{
    unsigned n = size == W ? 4 : size == H ? 2 : 1;
    uint8_t bytes[4] = {0};
    uint32_t v = 0;

    if (at + n > m->len) {
        m->over = true;
        return 0;
    }
    pkt_copy(m->pkt, (uint32_t)at, bytes, n);
    for (unsigned i = 0; i < n; i++)
        v = v << 8 | bytes[i];
    return v;
}

static uint32_t load(struct machine *m, const struct weft_filter *i)
{
    switch ((enum bpf_mode)(i->code & 0xe0)) {
    case ABS:
        return fetch(m, i->k, i->code & 0x18);
    case IND:
        return fetch(m, (uint32_t)(m->x + i->k), i->code & 0x18);
    case MEM:
        return m->memory[i->k];
    case LEN:
        return m->len;
    case MSH: /* four times the low half of a byte: the length of an IPv4 header */
        return (fetch(m, i->k, B) & 15) * 4;
    default:
        return i->k;
    }
}

static uint32_t divided(struct machine *m, uint32_t by, bool rest)
{
    if (by == 0) {
        m->over = true;
        return 0;
    }
    return rest ? m->a % by : m->a / by;
}

static uint32_t computed(struct machine *m, const struct weft_filter *i)
{
    uint32_t by = i->code & FROM_X ? m->x : i->k;

    switch ((enum bpf_alu)(i->code & 0xf0)) {
    case ADD:
        return m->a + by;
    case SUB:
        return m->a - by;
    case MUL:
        return m->a * by;
    case DIV:
    case MOD:
        return divided(m, by, (i->code & 0xf0) == MOD);
    case OR:
        return m->a | by;
    case AND:
        return m->a & by;
    case LSH:
        return m->a << (by & 31);
    case RSH:
        return m->a >> (by & 31);
    case NEG:
        return 0u - m->a;
    default:
        return m->a ^ by;
    }
}

/* How many instructions to pass over. */
static uint32_t jump(const struct machine *m, const struct weft_filter *i)
{
    uint32_t with = i->code & FROM_X ? m->x : i->k;
    bool yes;

    switch ((enum bpf_jump)(i->code & 0xf0)) {
    case JA:
        return i->k;
    case JEQ:
        yes = m->a == with;
        break;
    case JGT:
        yes = m->a > with;
        break;
    case JGE:
        yes = m->a >= with;
        break;
    default:
        yes = m->a & with;
    }
    return yes ? i->jt : i->jf;
}

/* All but jumps and returns. */
static void step(struct machine *m, const struct weft_filter *i)
{
    switch ((enum bpf_class)(i->code & 7)) {
    case LD:
        m->a = load(m, i);
        break;
    case LDX:
        m->x = load(m, i);
        break;
    case ST:
        m->memory[i->k] = m->a;
        break;
    case STX:
        m->memory[i->k] = m->x;
        break;
    case ALU:
        m->a = computed(m, i);
        break;
    default:
        if (i->code & TXA)
            m->a = m->x;
        else
            m->x = m->a;
    }
}

uint32_t bpf_run(const struct bpf *program, const struct weft_pkt *pkt)
{
    struct machine m = {.pkt = pkt, .len = pkt_total(pkt)};

    for (uint32_t at = 0; at < program->n; at++) {
        const struct weft_filter *i = &program->code[at];

        if ((i->code & 7) == RET)
            return i->code & RET_A ? m.a : i->k;
        if ((i->code & 7) == JMP)
            at += jump(&m, i);
        else
            step(&m, i);
        if (m.over)
            return 0;
    }
    weft_assert(false, "bpf_is_sound: jumps lie inside, and the last instruction returns");
    return 0;
}
