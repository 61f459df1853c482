/* Loads the shared library late, counts in it, closes it, and goes on in a thread that it knows. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

static void (*enter)(uint64_t, const uint8_t *, uint64_t, uint64_t, uint64_t, uint64_t);
static void (*leave)(uint64_t);
static pthread_barrier_t counted, closed;

static void *work(void *unused) {
    enter(7, (const uint8_t *)"late", 4, 0, 0, 0);
    leave(7);
    pthread_barrier_wait(&counted);
    pthread_barrier_wait(&closed);
    return unused;
}

int main(int argc, char **argv) {
    void *library = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        puts(dlerror());
        return 1;
    }
    *(void **)&enter = dlsym(library, "chic_rt_trace_enter");
    *(void **)&leave = dlsym(library, "chic_rt_trace_exit");
    pthread_t thread;
    pthread_barrier_init(&counted, NULL, 2);
    pthread_barrier_init(&closed, NULL, 2);
    pthread_create(&thread, NULL, work, NULL);
    pthread_barrier_wait(&counted);
    dlclose(library);
    pthread_barrier_wait(&closed);
    pthread_join(thread, NULL);
    return 0;
}
