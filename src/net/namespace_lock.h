#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace fairlead::net {

/// A name that at most one process of a network namespace holds. The kernel takes it back when the process
/// ends, however it ends.
///
/// It is the name of a listening abstract Unix socket (unix(7)): those belong to the network namespace, need
/// no file and no right, and are seen from every mount and PID namespace.
class NamespaceLock {
  public:
    /// kExists if another process holds the name; the message says which: "pid 17". The pid is missing for a
    /// process of a PID namespace that we do not see.
    static base::Result<NamespaceLock> acquire(const std::string& name);

    NamespaceLock(NamespaceLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    NamespaceLock& operator=(NamespaceLock&&) = delete;
    ~NamespaceLock();

  private:
    explicit NamespaceLock(int fd) : fd_(fd) {}

    int fd_;
};

}  // namespace fairlead::net
