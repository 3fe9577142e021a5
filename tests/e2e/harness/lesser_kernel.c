/* Preloaded into a program, makes its kernel a lesser one: what the program sends is changed into what no kernel
 * has, and the kernel itself refuses it.
 *   WITHOUT_TABLES=ip6          no nf_tables of family IPv6
 *   WITHOUT_EXPRESSION=hash     no such expression; "masq-fully-random": masq knows no such flag */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { kNoFamily = 12 };

static int is_netfilter(int fd) {
    int domain = 0;
    int protocol = 0;
    socklen_t size = sizeof domain;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK &&
           getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == NETLINK_NETFILTER;
}

static void take_ip6_tables(char *buffer, size_t size) {
    for (size_t at = 0; at + NLMSG_HDRLEN + sizeof(struct nfgenmsg) <= size;) {
        struct nlmsghdr *const message = (struct nlmsghdr *)(buffer + at);
        struct nfgenmsg *const body = NLMSG_DATA(message);
        if (message->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES && body->nfgen_family == AF_INET6)
            body->nfgen_family = kNoFamily;
        if (message->nlmsg_len < NLMSG_HDRLEN) break;
        at += NLMSG_ALIGN(message->nlmsg_len);
    }
}

/* Renames the expression wherever it is named; or, of masq, changes its flags: data > flags > number. */
static void take_expression(char *buffer, size_t size, const char *name) {
    const int flags_only = strcmp(name, "masq-fully-random") == 0;
    if (flags_only) name = "masq";
    char attribute[64];
    const size_t length = NLA_HDRLEN + strlen(name) + 1;
    struct nlattr header = {(unsigned short)length, NFTA_EXPR_NAME};
    memcpy(attribute, &header, sizeof header);
    strcpy(attribute + NLA_HDRLEN, name);
    for (char *at = buffer; (at = memmem(at, size - (size_t)(at - buffer), attribute, length)) != NULL; at += length) {
        char *const number = at + NLA_ALIGN(length) + NLA_HDRLEN + NLA_HDRLEN;
        if (!flags_only)
            at[NLA_HDRLEN] = 'X';
        else if (number + 4 <= buffer + size && number[3] == 16) /* NF_NAT_RANGE_PROTO_RANDOM_FULLY */
            number[0] = 0x40;
    }
}

ssize_t send(int fd, const void *buffer, size_t size, int flags) {
    ssize_t (*next)(int, const void *, size_t, int) =
        (ssize_t(*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
    if (!is_netfilter(fd)) return next(fd, buffer, size, flags);
    char *const copy = malloc(size);
    memcpy(copy, buffer, size);
    if (getenv("WITHOUT_TABLES") != NULL) take_ip6_tables(copy, size);
    if (getenv("WITHOUT_EXPRESSION") != NULL) take_expression(copy, size, getenv("WITHOUT_EXPRESSION"));
    const ssize_t sent = next(fd, copy, size, flags);
    free(copy);
    return sent;
}
