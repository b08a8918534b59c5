/*
 * Holds N TCP connections on loopback, which are 2N sockets, until it is ended. Run it in a network
 * namespace of its own.
 *
 *     load N                prints "READY" once they are there
 *
 * Each worker holds up to 9,000 connections to a listener of its own, so that no worker needs more
 * than 20,000 descriptors or the whole ephemeral range. Workers end with their parent.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { CONNECTIONS_EACH = 9000, FIRST_PORT = 20000, AT_A_TIME = 2 };

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void work(int port, long connections, int ready)
{
    struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(port) };
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (void *)&there, sizeof there) || listen(listener, 128))
        fail("listen");
    while (connections-- > 0) {
        int client = socket(AF_INET, SOCK_STREAM, 0);

        if (client < 0 || connect(client, (void *)&there, sizeof there))
            fail("connect");
        if (accept(listener, NULL, NULL) < 0)
            fail("accept");
    }
    if (write(ready, "+", 1) != 1)
        fail("write");
    for (;;)
        pause();
}

int main(int arguments, char **argument)
{
    long left;
    int running = 0, begun = 0, ends[2];
    char byte;

    if (arguments != 2 || (left = atol(argument[1])) < 0) {
        fputs("usage: load CONNECTIONS\n", stderr);
        return 2;
    }
    if (pipe(ends))
        fail("pipe");
    while (left > 0 || running > 0) {
        if (left > 0 && running < AT_A_TIME) {
            long share = left < CONNECTIONS_EACH ? left : CONNECTIONS_EACH;
            pid_t worker = fork();

            if (worker < 0)
                fail("fork");
            if (worker == 0) {
                /* A worker that fails closes its end, and the parent's read() ends. */
                close(ends[0]);
                work(FIRST_PORT + begun, share, ends[1]);
            }
            left -= share;
            begun++;
            running++;
            continue;
        }
        if (read(ends[0], &byte, 1) != 1)
            fail("read");
        running--;
    }
    puts("READY");
    fflush(stdout);
    for (;;)
        pause();
}
