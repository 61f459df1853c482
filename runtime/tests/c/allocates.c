/* Allocations of known number. */
#include "chic_trace.h"
#include <stdlib.h>

int main(void) {
    chic_alloc_stats before = chic_rt_alloc_stats();
    chic_rt_trace_enter(7, (const uint8_t *)"allocates", 9, 0, 1000, 0);
    char *volatile a = malloc(1000);
    char *volatile b = calloc(10, 100);
    a = realloc(a, 5000);
    free(b);
    free(a);
    chic_rt_trace_exit(7);
    chic_alloc_stats after = chic_rt_alloc_stats();
    int one_each = after.alloc_calls - before.alloc_calls == 1 && after.alloc_zeroed_calls - before.alloc_zeroed_calls == 1 &&
                   after.realloc_calls - before.realloc_calls == 1 && after.free_calls - before.free_calls == 2;
    return one_each ? 0 : 1;
}
