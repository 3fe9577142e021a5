/* Preloaded into a program, makes its kernel one without ip6 nf_tables: whatever the program sends about tables
 * of family IPv6 goes out as one of a family that no kernel has, and the kernel itself refuses it. */
#define _GNU_SOURCE
#include <dlfcn.h>
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

ssize_t send(int fd, const void *buffer, size_t size, int flags) {
    ssize_t (*next)(int, const void *, size_t, int) =
        (ssize_t(*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
    if (!is_netfilter(fd)) return next(fd, buffer, size, flags);
    char *const copy = malloc(size);
    memcpy(copy, buffer, size);
    for (size_t at = 0; at + NLMSG_HDRLEN + sizeof(struct nfgenmsg) <= size;) {
        struct nlmsghdr *const message = (struct nlmsghdr *)(copy + at);
        struct nfgenmsg *const body = NLMSG_DATA(message);
        if (message->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES && body->nfgen_family == AF_INET6)
            body->nfgen_family = kNoFamily;
        if (message->nlmsg_len < NLMSG_HDRLEN) break;
        at += NLMSG_ALIGN(message->nlmsg_len);
    }
    const ssize_t sent = next(fd, copy, size, flags);
    free(copy);
    return sent;
}
