// Functions at which the kernel sets no probe: one that leaves by a jump through memory, one that begins with five bytes of nothing.
#include <stdio.h>

#define KEPT __attribute__((noinline, noipa))

KEPT static int three(int x) { return x + 3; }
int (*volatile where[2])(int) = {three, three};

KEPT int by_memory(int x, long which) { return where[which & 1](x); }
int padded(int x);
__asm__(".text\n.globl padded\n.type padded, @function\npadded:\n .byte 0x0f, 0x1f, 0x44, 0, 0\n lea 1(%rdi), %eax\n ret\n"
        ".size padded, . - padded\n");

int main(void) {
    int sum = by_memory(1, 0) + by_memory(2, 1);
    sum += padded(1) + padded(2);
    printf("%d\n", sum);
    return 3;
}
