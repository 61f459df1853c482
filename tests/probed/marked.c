// Probes as sys/sdt.h makes them: a pair and a single one, with a semaphore.
#include <stdio.h>
#define PROBE(name)                                                                                                     \
    __asm__ volatile("990: nop\n .pushsection .note.stapsdt,\"?\",\"note\"\n .balign 4\n .4byte 992f-991f, 994f-993f, 3\n" \
                     "991: .asciz \"stapsdt\"\n992: .balign 4\n993: .8byte 990b\n .8byte _.stapsdt.base\n"               \
                     " .8byte listeners\n .asciz \"shop\"\n .asciz \"" name "\"\n .asciz \"\"\n"                           \
                     "994: .balign 4\n .popsection\n")
__asm__(".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n.weak _.stapsdt.base\n"
        ".hidden _.stapsdt.base\n_.stapsdt.base: .space 1\n.size _.stapsdt.base, 1\n.popsection\n");
__attribute__((section(".probes"))) unsigned short listeners;
int main() {
    for (int i = 0; i < 7; i++) {
        PROBE("sell__start");
        PROBE("lonely");
        PROBE("sell__done");
    }
    printf("%d\n", listeners);
}
