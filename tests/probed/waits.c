// Calls a function three times, says so, reads, and calls it again.
#include <stdio.h>
#include <unistd.h>

__attribute__((noinline, noipa)) int turn(int x) { return x + 1; }

int main(void) {
    char byte;
    int sum = turn(1) + turn(2) + turn(3);
    puts("begun");
    fflush(stdout);
    sum += (int)read(0, &byte, 1) * 0 + turn(sum);
    puts(sum == 19 ? "over" : "wrong");
    return 0;
}
