/* usage: lookup NAME any|4|6
 * Prints what getaddrinfo() gives: "ok ADDRESS..." (sorted, each once) or the name of its error. Built with glibc and with musl. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMost = 64 };

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static const char *error_name(int error) {
    switch (error) {
        case EAI_NONAME: return "EAI_NONAME";
        case EAI_AGAIN: return "EAI_AGAIN";
        case EAI_FAIL: return "EAI_FAIL";
#ifdef EAI_NODATA
        case EAI_NODATA: return "EAI_NODATA";
#endif
        default: return gai_strerror(error);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    struct addrinfo hints = {0};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_family = argv[2][0] == '4' ? AF_INET : argv[2][0] == '6' ? AF_INET6 : AF_UNSPEC;
    struct addrinfo *found = NULL;
    const int error = getaddrinfo(argv[1], NULL, &hints, &found);
    if (error != 0) {
        puts(error_name(error));
        return 0;
    }
    char *texts[kMost];
    size_t count = 0;
    for (struct addrinfo *each = found; each != NULL && count < kMost; each = each->ai_next) {
        char text[INET6_ADDRSTRLEN];
        const void *address = each->ai_family == AF_INET
                                  ? (const void *)&((struct sockaddr_in *)each->ai_addr)->sin_addr
                                  : (const void *)&((struct sockaddr_in6 *)each->ai_addr)->sin6_addr;
        texts[count++] = strdup(inet_ntop(each->ai_family, address, text, sizeof text));
    }
    qsort(texts, count, sizeof *texts, compare);
    fputs("ok", stdout);
    for (size_t i = 0; i < count; ++i)
        if (i == 0 || strcmp(texts[i], texts[i - 1]) != 0) printf(" %s", texts[i]);
    puts("");
    return 0;
}
