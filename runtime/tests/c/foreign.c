/* A foreign program: the six functions that a Chic compiler's code calls, by their bare prototypes. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct { size_t n[8]; } stats;
extern void chic_rt_trace_enter(uint64_t, const uint8_t *, uint64_t, uint64_t, uint64_t, uint64_t);
extern void chic_rt_trace_exit(uint64_t);
extern int32_t chic_rt_trace_flush(const uint8_t *, uint64_t);
extern stats chic_rt_alloc_stats(void);
extern void chic_rt_alloc_stats_fill(stats *);
extern void chic_rt_reset_alloc_stats(void);

int main(int argc, char **argv) {
    const uint8_t label[] = "hot \"path\"; \xff";
    for (int i = 0; i < 3; i++) {
        chic_rt_trace_enter(7, label, sizeof label - 1, 100, 4096, 9);
        chic_rt_trace_enter(8, NULL, 0, 0, 0, 0);
        chic_rt_trace_exit(8);
        chic_rt_trace_exit(7);
    }
    chic_rt_trace_exit(99);
    /* Another budget and another label for an id that has both. */
    chic_rt_trace_enter(7, (const uint8_t *)"other", 5, 101, 0, 0);
    chic_rt_trace_exit(7);
    char long_label[5000];
    memset(long_label, 'x', sizeof long_label);
    chic_rt_trace_enter(10, (const uint8_t *)long_label, sizeof long_label, 0, 0, 0);
    chic_rt_trace_exit(10);
    stats all;
    chic_rt_alloc_stats_fill(&all);
    chic_rt_alloc_stats_fill(NULL);
    chic_rt_reset_alloc_stats();
    all = chic_rt_alloc_stats();
    if (argc > 1) {
        /* The path with its NUL, as some callers pass it. */
        printf("%d\n", chic_rt_trace_flush((const uint8_t *)argv[1], strlen(argv[1]) + 1));
        printf("%d\n", chic_rt_trace_flush((const uint8_t *)"/nonexistent/x.json", 19));
        printf("%d\n", chic_rt_trace_flush((const uint8_t *)"x.folded", 8));
    }
    return (int)all.n[0];
}
