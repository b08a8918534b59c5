/*
 * The least that a program can spend on listing TCP sockets: asks NETLINK_SOCK_DIAG for those in the
 * states of the mask STATES (hexadecimal; 400 is LISTEN, 1fff every state), over IPv4 and IPv6, and
 * counts the answers.
 *
 *     floor STATES          prints "count=N"
 *
 * Exit code: 0, or 1 where the kernel refuses. sock_diag(7); linux/inet_diag.h.
 */
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* As large as the kernel makes a message of a dump. */
static char answer[32768];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static long count(unsigned char family, unsigned states)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 wanted;
    } question = {
        .header = {
            .nlmsg_len = sizeof question,
            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
        },
        .wanted = {
            .sdiag_family = family,
            .sdiag_protocol = IPPROTO_TCP,
            .idiag_states = states,
        },
    };
    long sockets = 0;
    int diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    if (diag < 0)
        fail("socket");
    if (send(diag, &question, sizeof question, 0) < 0)
        fail("send");
    for (;;) {
        int left = recv(diag, answer, sizeof answer, 0);

        if (left < 0)
            fail("recv");
        for (struct nlmsghdr *row = (void *)answer; NLMSG_OK(row, left); row = NLMSG_NEXT(row, left)) {
            if (row->nlmsg_type == NLMSG_ERROR) {
                fputs("the kernel refuses the dump\n", stderr);
                exit(1);
            }
            if (row->nlmsg_type == NLMSG_DONE) {
                close(diag);
                return sockets;
            }
            sockets++;
        }
    }
}

int main(int arguments, char **argument)
{
    unsigned states;

    if (arguments != 2) {
        fputs("usage: floor STATES\n", stderr);
        return 2;
    }
    states = strtoul(argument[1], NULL, 16);
    printf("count=%ld\n", count(AF_INET, states) + count(AF_INET6, states));
    return 0;
}
