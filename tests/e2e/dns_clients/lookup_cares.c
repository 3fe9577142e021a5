/* usage: lookup_cares NAME any|4|6
 * Prints what ares_getaddrinfo() gives: "ok ADDRESS..." (sorted, each once) or the name of its error. */
#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

enum { kMost = 64 };

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void print(void *unused, int status, int timeouts, struct ares_addrinfo *found) {
    (void)unused;
    (void)timeouts;
    if (status != ARES_SUCCESS) {
        puts(status == ARES_ENOTFOUND ? "ARES_ENOTFOUND" : status == ARES_ENODATA ? "ARES_ENODATA" : ares_strerror(status));
        return;
    }
    char *texts[kMost];
    size_t count = 0;
    for (struct ares_addrinfo_node *each = found->nodes; each != NULL && count < kMost; each = each->ai_next) {
        char text[INET6_ADDRSTRLEN];
        const void *address = each->ai_family == AF_INET
                                  ? (const void *)&((struct sockaddr_in *)each->ai_addr)->sin_addr
                                  : (const void *)&((struct sockaddr_in6 *)each->ai_addr)->sin6_addr;
        texts[count++] = strdup(inet_ntop(each->ai_family, address, text, sizeof text));
    }
    ares_freeaddrinfo(found);
    qsort(texts, count, sizeof *texts, compare);
    fputs("ok", stdout);
    for (size_t i = 0; i < count; ++i)
        if (i == 0 || strcmp(texts[i], texts[i - 1]) != 0) printf(" %s", texts[i]);
    puts("");
}

int main(int argc, char **argv) {
    if (argc != 3 || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) return 2;
    ares_channel channel;
    if (ares_init(&channel) != ARES_SUCCESS) return 2;
    struct ares_addrinfo_hints hints = {0};
    hints.ai_family = argv[2][0] == '4' ? AF_INET : argv[2][0] == '6' ? AF_INET6 : AF_UNSPEC;
    ares_getaddrinfo(channel, argv[1], NULL, &hints, print, NULL);
    for (;;) {
        fd_set readable;
        fd_set writable;
        FD_ZERO(&readable);
        FD_ZERO(&writable);
        const int count = ares_fds(channel, &readable, &writable);
        if (count == 0) break;
        struct timeval wait;
        select(count, &readable, &writable, NULL, ares_timeout(channel, NULL, &wait));
        ares_process(channel, &readable, &writable);
    }
    ares_destroy(channel);
    return 0;
}
