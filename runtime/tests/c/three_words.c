/* Built against the prototype of three words: whatever is in the other registers looks like budgets. */
#include <stdint.h>

extern void chic_rt_trace_enter(uint64_t, const uint8_t *, uint64_t);
extern void chic_rt_trace_exit(uint64_t);

static void garbage(uint64_t a, uint64_t b, uint64_t c) {
    __asm__ volatile("" : : "c"(a), "r"(b), "r"(c));
    register uint64_t r8 __asm__("r8") = b;
    register uint64_t r9 __asm__("r9") = c;
    __asm__ volatile("" : : "r"(r8), "r"(r9));
}

int main(void) {
    for (int i = 0; i < 4; i++) {
        garbage(5, UINT64_MAX, 3);
        chic_rt_trace_enter(7, (const uint8_t *)"seven", 5);
        chic_rt_trace_exit(7);
    }
    return 0;
}
