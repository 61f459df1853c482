/* Every function calls the compiler's hooks. */
__attribute__((noinline)) static int leaf(int n) { return n + 1; }

__attribute__((noinline)) int twice(int n) { return leaf(leaf(n)); }

int main(void) { return twice(1) == 3 ? 0 : 1; }
