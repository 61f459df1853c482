// Computes in functions of known shares: hot threads N, hot recursion N, hot alone N (rounds).
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KEPT __attribute__((noinline, noipa))

static unsigned long work(unsigned long x, long rounds) {
    for (long i = 0; i < rounds; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

KEPT unsigned long hot_most(unsigned long x) { return work(x, 70000) + 1; }
KEPT unsigned long hot_some(unsigned long x) { return work(x, 30000) + 2; }
KEPT unsigned long hot_down(unsigned long x, int depth) {
    x = work(x, 7000);
    return depth > 1 ? hot_down(x, depth - 1) + 3 : hot_some(x) + 4;
}

static long rounds;

static void *computes(void *at) {
    unsigned long x = (unsigned long)at;
    for (long i = 0; i < rounds; i++)
        x = hot_some(hot_most(x));
    return (void *)x;
}

int main(int count, char **words) {
    if (count < 3)
        return 2;
    rounds = atol(words[2]);
    if (strcmp(words[1], "recursion") == 0) {
        unsigned long x = 1;
        for (long i = 0; i < rounds; i++)
            x = hot_down(x, 10);
        return x == 0;
    }
    if (strcmp(words[1], "alone") == 0)
        return computes((void *)7) == NULL;
    pthread_t threads[4];
    for (long i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, computes, (void *)(i + 1));
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
