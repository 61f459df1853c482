// Exceptions through functions, recursion, a table of places to jump to, a child. What is inlined is in two places.
#include <cstdio>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

static inline __attribute__((always_inline)) int small(int x) {
    asm volatile("");
    return x * 7;
}
__attribute__((noinline)) int thrower(int x) {
    if (x % 3 == 0) throw std::runtime_error("x");
    return small(x);
}
__attribute__((noinline)) int middle(int x) {
    std::vector<int> v(3);
    v[0] = thrower(x);
    return small(v[0]);
}
__attribute__((noinline)) int deep(int n) {
    if (n == 5) throw 7;
    try {
        return deep(n - 1) + 1;
    } catch (int) {
        if (n % 2) return 3;
        throw;
    }
}
__attribute__((noinline)) int choose(int x) {
    switch (x) {
    case 0: return puts("zero");
    case 1: return thrower(1);
    case 2: return thrower(2);
    case 3: return 9;
    case 4: return getpid() > 0;
    case 5: return thrower(4) + 1;
    default: return -1;
    }
}
int main() {
    int caught = 0, sum = 0;
    for (int i = 0; i < 9; i++) {
        try {
            sum += middle(i);
        } catch (std::exception &) {
            caught++;
        }
    }
    sum += deep(9);
    for (int i = 0; i < 7; i++) sum += choose(i);
    printf("caught %d sum %d\n", caught, sum);
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        thrower(1);
        _exit(3);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("child %d\n", WEXITSTATUS(status));
    return 5;
}
