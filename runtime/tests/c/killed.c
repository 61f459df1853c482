/* Dies without handlers: by a signal, or by another program in its place. */
#include "chic_trace.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    chic_rt_trace_enter(1, (const uint8_t *)"before", 6, 0, 0, 0);
    chic_rt_trace_exit(1);
    if (argc > 1 && strcmp(argv[1], "flush") == 0)
        chic_rt_trace_flush(NULL, 0);
    chic_rt_trace_enter(2, (const uint8_t *)"after", 5, 0, 0, 0);
    if (argc > 2)
        execv(argv[2], argv + 2);
    raise(SIGKILL);
    return 0;
}
