/* The header's own forms: scopes that close themselves, descriptors, names of threads. */
#include "chic_trace.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

static int early(int give_up) {
    CHIC_TRACE_SCOPE("early");
    if (give_up)
        return 1;
    for (int i = 0; i < 3; i++) {
        CHIC_TRACE_SCOPE("loop");
        if (i == 1)
            continue;
    }
    return 2;
}

static sigjmp_buf back;

static void jumps(int signal) {
    (void)signal;
    chic_rt_trace_enter(11, (const uint8_t *)"handler", 7, 0, 0, 0);
    siglongjmp(back, 1);
}

static void *work(void *unused) {
    (void)unused;
    chic_trace_thread_name((const uint8_t *)"worker", 6);
    chic_trace_desc desc = {0};
    desc.function = (const uint8_t *)"work";
    desc.function_len = 4;
    desc.io_budget_bytes = 77;
    uint32_t number = chic_trace_register(&desc);
    chic_trace_begin(number);
    early(0);
    chic_trace_end(number);
    return NULL;
}

int main(void) {
    pthread_t thread;
    early(1);
    pthread_create(&thread, NULL, work, NULL);
    pthread_join(thread, NULL);
    signal(SIGUSR1, jumps);
    {
        CHIC_TRACE_SCOPE("jump");
        if (sigsetjmp(back, 1) == 0)
            raise(SIGUSR1);
    }
    return chic_trace_enabled() != 1;
}
