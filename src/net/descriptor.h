#pragma once

#include <utility>

namespace fairlead::net {

/// An open file descriptor that is closed with the object. Movable.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor();

    /// -1: none.
    [[nodiscard]] int get() const { return fd_; }
    /// Somebody else closes it from now on.
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_ = -1;
};

}  // namespace fairlead::net
