// Signals at breakpoints: a timer whose handler calls the same function, a fault in a first instruction, a trap of its own.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile long ticks;
static sigjmp_buf away;
__attribute__((noinline)) long load(long *p) { return *p + 1; }
__attribute__((noinline)) long turn(long x) {
    __asm__ volatile("");
    return x ^ ticks;
}
static long (*volatile loads)(long *) = load;
static void tick(int s, siginfo_t *i, void *u) {
    ticks++;
    turn(1);
}
static void fault(int s, siginfo_t *i, void *u) {
    unsigned long at = ((ucontext_t *)u)->uc_mcontext.gregs[REG_RIP];
    printf("fault in its place %d, address %p\n", at == (unsigned long)load, i->si_addr);
    siglongjmp(away, 1);
}
static void trap(int s, siginfo_t *i, void *u) { puts("own trap"); }
int main(int count, char **words) {
    setvbuf(stdout, 0, _IONBF, 0);
    if (count > 1) return turn(3) & 1;
    struct sigaction how = {.sa_flags = SA_SIGINFO | SA_RESTART};
    how.sa_sigaction = tick, sigaction(SIGALRM, &how, 0);
    how.sa_sigaction = fault, sigaction(SIGSEGV, &how, 0);
    how.sa_sigaction = trap, sigaction(SIGTRAP, &how, 0);
    struct itimerval often = {{0, 700}, {0, 700}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &often, 0);
    for (int i = 0; i < 3000; i++) turn(i);
    setitimer(ITIMER_REAL, &never, 0);
    if (!sigsetjmp(away, 1)) loads((long *)8);
    __asm__ volatile("int3");
    long four = 4;
    printf("%ld\n", loads(&four));
    int status;
    pid_t child = vfork();
    if (!child) {
        execl(words[0], words[0], "again", (char *)0);
        _exit(9);
    }
    waitpid(child, &status, 0);
    printf("again %d\n", WEXITSTATUS(status));
    if ((child = vfork()) == 0) {
        execl("/bin/echo", "echo", "another", (char *)0);
        _exit(9);
    }
    waitpid(child, &status, 0);
    fprintf(stderr, "turns %ld\n", 3000 + ticks + 1);
    raise(SIGKILL);
}
