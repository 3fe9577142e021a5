#include "net/namespace_lock.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "base/assert.h"

namespace fairlead::net {

namespace {

using base::Result;

/// A name in the abstract namespace starts with a zero byte and ends with the address (unix(7)).
struct AbstractAddress {
    explicit AbstractAddress(const std::string& name) {
        FAIRLEAD_ASSERT(name.size() < sizeof address.sun_path);
        address.sun_family = AF_UNIX;
        std::ranges::copy(name, address.sun_path + 1);
        size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    }

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }

    sockaddr_un address{};
    socklen_t size = 0;
};

int open_socket() {
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/// "pid 17", from the credentials that the kernel noted at listen(2). Nobody accepts our connection; when so
/// many have come that no more fit, the holder stays unnamed.
std::string holder_of(const AbstractAddress& address) {
    const int fd = open_socket();
    ucred credentials{};
    socklen_t size = sizeof credentials;
    const bool known = fd >= 0 && connect(fd, address.get(), address.size) == 0 &&
                       getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
                       credentials.pid != 0;
    if (fd >= 0) close(fd);
    return known ? "pid " + std::to_string(credentials.pid) : "pid unknown";
}

}  // namespace

Result<NamespaceLock> NamespaceLock::acquire(const std::string& name) {
    const AbstractAddress address{name};
    const int fd = open_socket();
    if (fd < 0) return base::fail_errno(errno, "lock " + name);
    NamespaceLock lock{fd};
    if (bind(fd, address.get(), address.size) != 0) {
        const int failure = errno;
        if (failure == EADDRINUSE) return base::fail(base::ErrorCode::kExists, holder_of(address), failure);
        return base::fail_errno(failure, "lock " + name);
    }
    if (listen(fd, SOMAXCONN) != 0) return base::fail_errno(errno, "lock " + name);
    return lock;
}

NamespaceLock::~NamespaceLock() {
    if (fd_ >= 0) close(fd_);
}

}  // namespace fairlead::net
