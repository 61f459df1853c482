// Moves known numbers of bytes between files, pipes, sockets and a terminal.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static char bytes[8192];

static void want(const char *what, long got, long wanted) {
    if (got != wanted) {
        fprintf(stderr, "%s: %ld, not %ld\n", what, got, wanted);
        exit(9);
    }
}

int main(void) {
    memset(bytes, 'x', sizeof bytes);
    int from = open("from", O_RDWR | O_CREAT | O_TRUNC, 0600), to = open("to", O_RDWR | O_CREAT | O_TRUNC, 0600);
    int pipes[2], sockets[2];
    want("pipe", pipe(pipes), 0);
    want("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    want("write", write(from, bytes, 5000), 5000);
    want("pwrite", pwrite(from, bytes, 500, 0), 500);
    want("pread", pread(from, bytes, 400, 0), 400);
    struct iovec parts[2] = {{bytes, 30}, {bytes + 100, 70}};
    want("pwritev", pwritev(to, parts, 2, 0), 100);
    want("preadv", preadv(to, parts, 2, 0), 100);
    // File to pipe, pipe to file, file to file.
    off_t at = 0;
    want("sendfile", sendfile(pipes[1], from, &at, 1000), 1000);
    want("splice", splice(pipes[0], NULL, to, NULL, 1000, 0), 1000);
    loff_t in = 0, out = 0;
    want("copy_file_range", copy_file_range(from, &in, to, &out, 3000, 0), 3000);
    want("send", send(sockets[0], bytes, 700, 0), 700);
    want("recv", recv(sockets[1], bytes, 700, 0), 700);
    int memory = memfd_create("kept", 0);
    want("memfd", write(memory, bytes, 60), 60);
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0) {
        int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
        if (terminal >= 0)
            want("terminal", write(terminal, bytes, 300), 300);
    }
    return 0;
}
