// Works for a while and says at its end what the kernel says of it: times, faults, switches, blocks, bytes.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sum;

int main(void) {
    struct timespec nap = {0, 1000000};
    for (int i = 0; i < 20; i++)
        nanosleep(&nap, NULL);
    char *touched = malloc(16 << 20);
    for (size_t at = 0; at < 16 << 20; at += 4096)
        touched[at] = (char)at;
    int file = open("kept", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < 100; i++)
        if (write(file, touched, 10000) != 10000)
            return 1;
    lseek(file, 0, SEEK_SET);
    for (int i = 0; i < 50; i++)
        if (read(file, touched, 10000) != 10000)
            return 1;
    clock_t until = clock() + CLOCKS_PER_SEC / 5;
    while (clock() < until)
        for (int i = 0; i < 100000; i++)
            sum += i;
    char io[4096];
    int own = open("/proc/self/io", O_RDONLY);
    ssize_t len = own < 0 ? 0 : read(own, io, sizeof io - 1);
    io[len > 0 ? len : 0] = 0;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("cpu_us: %ld\n", (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L + usage.ru_utime.tv_usec +
                                usage.ru_stime.tv_usec);
    printf("minor_faults: %ld\nmajor_faults: %ld\n", usage.ru_minflt, usage.ru_majflt);
    printf("voluntary_switches: %ld\ninvoluntary_switches: %ld\n", usage.ru_nvcsw, usage.ru_nivcsw);
    printf("io_read_blocks: %ld\nio_write_blocks: %ld\nmax_rss_kb: %ld\n", usage.ru_inblock, usage.ru_oublock,
           usage.ru_maxrss);
    printf("%s", io);
    return 0;
}
