// A program and, with -DLIBRARY, the library that it calls a known number of times, in two threads and in a child, or in
// another program that is named and executed there.
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

long own_turn(long x);

#ifdef LIBRARY
static __attribute__((noinline, noipa)) long own_half(long x) { return x / 2; }
long own_turn(long x) { return x % 5 ? x * 3 : own_half(x) + 1; }
#else
static void *worker(void *unused) {
    long sum = 0;
    for (long x = 0; x < 500; x++)
        sum += own_turn(x);
    return unused ? unused : (void *)sum;
}

int main(int count, char **words) {
    pthread_t threads[2];
    void *sums[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, worker, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], &sums[i]);
    pid_t child = fork();
    if (child == 0 && count > 1) {
        execl(words[1], words[1], (char *)0);
        _exit(9);
    }
    if (child == 0)
        _exit(own_turn(10) == 6 ? 7 : 1);
    int status = 0;
    waitpid(child, &status, 0);
    printf("%ld %d\n", (long)sums[0] + (long)sums[1], WEXITSTATUS(status));
    return 4;
}
#endif
