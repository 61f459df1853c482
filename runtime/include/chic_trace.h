/* Tracepoints in a program: counts, times and budgets of spans.
 *
 * Link with libchic_trace_rt.a or .so. At exit the program writes perf.json, perf.summary.json and perf.folded
 * (CHIC_TRACE_OUTPUT), unless it runs under chic-trace, which then writes them. A program that runs alone and ends by
 * _exit, abort, a signal or exec loses what it counted since its last chic_rt_trace_flush.
 *
 * All functions may be called from any thread; enter, exit, begin and end from signal handlers, too. */
#ifndef CHIC_TRACE_H
#define CHIC_TRACE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opens a span. The label is not NUL-terminated and is copied at the first use of the id; NULL or 0: `trace:<id>`.
 * Budgets are per call, 0 = none. With CHIC_TRACE_ABI=3 in the environment the last three words are ignored. */
void chic_rt_trace_enter(uint64_t id, const uint8_t *label, uint64_t label_len, uint64_t cpu_budget_us,
                         uint64_t mem_budget_bytes, uint64_t gpu_budget_us);
/* Closes the innermost open span of the id in this thread; spans inside it count as abandoned. */
void chic_rt_trace_exit(uint64_t id);
/* Writes what was counted so far. NULL or 0: the default path. 0; -1 write or rename failed, -2 no memory,
 * -4 cannot open. */
int32_t chic_rt_trace_flush(const uint8_t *path, uint64_t len);

typedef struct chic_alloc_stats {
    size_t alloc_calls, alloc_zeroed_calls, realloc_calls, free_calls;
    size_t alloc_bytes, alloc_zeroed_bytes, realloc_bytes, freed_bytes;
} chic_alloc_stats;

/* Calls of malloc, calloc, realloc, free. Counted by the shared library, or by ChicAlloc in a Rust program. */
chic_alloc_stats chic_rt_alloc_stats(void);
void chic_rt_alloc_stats_fill(chic_alloc_stats *to);
void chic_rt_reset_alloc_stats(void);

typedef struct chic_trace_desc {
    const uint8_t *function;
    uint64_t function_len;
    const uint8_t *label; /* NULL: the function */
    uint64_t label_len;
    uint64_t cpu_budget_us, mem_budget_bytes, gpu_budget_us, io_budget_bytes; /* per call, 0 = none */
    const uint8_t *file;  /* NULL: not known */
    uint64_t file_len;
    uint32_t line;
} chic_trace_desc;

/* The number of a tracepoint; 0 when there can be no more of them, which begin and end accept. */
uint32_t chic_trace_register(const chic_trace_desc *desc);
void chic_trace_begin(uint32_t number);
void chic_trace_end(uint32_t number);
/* First 8 bytes, little-endian, of BLAKE3(function ++ label). */
uint64_t chic_trace_id(const uint8_t *function, uint64_t function_len, const uint8_t *label, uint64_t label_len);

/* Random streams, kept when CHIC_RUN_LOG is set. Kinds: 0 next (bits), 1 advance (by), 2 split (id of the child). */
void chic_trace_rng_stream(uint64_t id, uint64_t seed_hi, uint64_t seed_lo);
void chic_trace_rng_event(uint64_t id, uint32_t kind, uint64_t arg);

void chic_trace_thread_name(const uint8_t *name, uint64_t len);
/* 0 when CHIC_TRACE=off. */
int32_t chic_trace_enabled(void);

/* Hooks of -finstrument-functions; dead unless CHIC_PROFILE_AUTO_TRACE is set or chic-trace wakes them. */
void __cyg_profile_func_enter(void *function, void *site);
void __cyg_profile_func_exit(void *function, void *site);

#ifdef __cplusplus
}

/* A span until the end of the scope. */
class chic_trace_scope {
    uint32_t number;

  public:
    explicit chic_trace_scope(uint32_t number) : number(number) { chic_trace_begin(number); }
    ~chic_trace_scope() { chic_trace_end(number); }
    chic_trace_scope(const chic_trace_scope &) = delete;
    chic_trace_scope &operator=(const chic_trace_scope &) = delete;
};
#endif

/* The number kept in *number, found at first use. */
static __attribute__((noinline, unused)) uint32_t chic_trace_first_use_(uint32_t *number, const char *function,
                                                                       const char *label, uint64_t label_len,
                                                                       const char *file, uint64_t file_len,
                                                                       uint32_t line) {
    chic_trace_desc desc = {(const uint8_t *)function, __builtin_strlen(function), (const uint8_t *)label, label_len,
                            0, 0, 0, 0, (const uint8_t *)file, file_len, line};
    __atomic_store_n(number, chic_trace_register(&desc), __ATOMIC_RELAXED);
    return __atomic_load_n(number, __ATOMIC_RELAXED);
}

#define CHIC_TRACE_JOIN_(a, b) a##b
#define CHIC_TRACE_JOIN(a, b) CHIC_TRACE_JOIN_(a, b)
#define CHIC_TRACE_NUMBER_(cell, label)                                                                              \
    (__atomic_load_n(&cell, __ATOMIC_RELAXED)                                                                        \
         ? __atomic_load_n(&cell, __ATOMIC_RELAXED)                                                                  \
         : chic_trace_first_use_(&cell, __func__, label, sizeof(label) - 1, __FILE__, sizeof(__FILE__) - 1, __LINE__))

/* CHIC_TRACE_SCOPE("label"): a span until the end of the scope, however it is left. */
#ifdef __cplusplus
#define CHIC_TRACE_SCOPE(label)                                                                                      \
    static uint32_t CHIC_TRACE_JOIN(chic_trace_number_, __LINE__);                                                   \
    chic_trace_scope CHIC_TRACE_JOIN(chic_trace_scope_, __LINE__)(                                                   \
        CHIC_TRACE_NUMBER_(CHIC_TRACE_JOIN(chic_trace_number_, __LINE__), label))
#else
static inline uint32_t chic_trace_open_(uint32_t number) {
    chic_trace_begin(number);
    return number;
}
static inline void chic_trace_close_(uint32_t *number) { chic_trace_end(*number); }
#define CHIC_TRACE_SCOPE(label)                                                                                      \
    static uint32_t CHIC_TRACE_JOIN(chic_trace_number_, __LINE__);                                                   \
    uint32_t CHIC_TRACE_JOIN(chic_trace_scope_, __LINE__) __attribute__((cleanup(chic_trace_close_), unused)) =      \
        chic_trace_open_(CHIC_TRACE_NUMBER_(CHIC_TRACE_JOIN(chic_trace_number_, __LINE__), label))
#endif

#endif
