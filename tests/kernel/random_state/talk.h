#pragma once

#include <unistd.h>

#include <string>
#include <utility>

#include "kernel/random_state/packet_world.h"

namespace fairlead::test {

/// A socket or a namespace, closed with this object.
class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
};

/// What listens in a pod.
struct Server {
    Descriptor socket;
    base::L4Protocol protocol;
    std::string endpoint;
};

/// A probe under way.
struct Attempt {
    Descriptor socket;
    bool done = false;
    Outcome outcome;
};

/// In the network namespace of the calling thread, bound and without waiting.
Descriptor open_socket(base::L4Protocol protocol, const base::IpAddress& source, std::uint16_t port);
/// 0, or -1 and errno.
int begin_listening(const Server& server);
/// Begins what look_at() ends.
Attempt begin_attempt(const Probe& probe, std::uint16_t source_port);
/// Says to one client who the server is and whom it sees.
void answer(const Server& server);
/// Takes in what became of the attempt, if anything did.
void look_at(Attempt& attempt);

}  // namespace fairlead::test
