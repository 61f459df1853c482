// The same in C++, where an exception closes the span.
#include "chic_trace.h"
#include <cstdio>

static void throws() {
    CHIC_TRACE_SCOPE("throws");
    throw 7;
}

int main() {
    for (int i = 0; i < 3; i++) {
        try {
            throws();
        } catch (int) {
            std::puts("caught");
        }
    }
}
