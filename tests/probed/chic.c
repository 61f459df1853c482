/* Stands for a program that Chic built: it tells a runtime of its own, linked into it, of its tracepoints, and its compiler
   left what it knows of them in a section. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#define KEPT __attribute__((noinline, noipa))

__attribute__((section(".chic.meta"), used)) static const char __chic_metadata[] =
    "crate:demo\n"
    "Chic Metadata\n"
    "trace:Demo::Parse=id=15779266557447574969;label=Demo::Parse::hot; path=1;level=perf;cpu_us=2000;mem_bytes=16384\n"
    "cost:Demo::Parse=gpu_us=7;cpu_us=9\n"
    "trace:broken\n";

static volatile uint64_t seen;

KEPT void chic_rt_trace_enter(uint64_t id, const uint8_t *label, uint64_t len, uint64_t cpu, uint64_t mem, uint64_t gpu) {
    seen += id + len + cpu + mem + gpu + (label ? label[0] : 0);
}

KEPT void chic_rt_trace_exit(uint64_t id) { seen -= id; }

static const uint64_t parse_id = 15779266557447574969u;

KEPT static void parse(int depth) {
    static const char label[] = "what the compiler knows counts";
    chic_rt_trace_enter(parse_id, (const uint8_t *)label, sizeof label - 1, 1, 2, 3);
    if (depth > 1)
        parse(depth - 1);
    chic_rt_trace_exit(parse_id);
}

KEPT static void walk(void) {
    static const char label[] = "Demo::walk|not this";
    /* A caller that passes three words leaves anything in the others. */
    chic_rt_trace_enter(5, (const uint8_t *)label, 10, 40, 4096, UINT64_MAX);
    parse(1);
    chic_rt_trace_exit(5);
}

static void *worker(void *unused) {
    for (int i = 0; i < 500; i++)
        walk();
    return unused;
}

int main(void) {
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, worker, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    parse(4);
    chic_rt_trace_enter(6, NULL, 0, 0, 0, 0);
    parse(1);
    chic_rt_trace_exit(5);
    chic_rt_trace_exit(77);
    chic_rt_trace_exit(6);
    printf("%llu\n", (unsigned long long)(seen != 0));
    return 3;
}
