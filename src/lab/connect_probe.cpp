#include "lab/connect_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "kernel/netns/namespaces.h"

namespace fairlead::lab {

namespace {

using base::Result;

constexpr int kPatienceMs = 3000;

/// Closes with a reset instead of a handshake that ends in TIME_WAIT.
void reset(int fd) {
    const linger at_once{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

Result<int> listen_on(std::uint16_t port) {
    constexpr int kBacklog = 128;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return base::fail_errno(errno, "socket");
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(port);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0 && listen(fd, kBacklog) == 0)
        return fd;
    const int failure = errno;
    close(fd);
    return base::fail_errno(failure, "port " + std::to_string(port));
}

}  // namespace

Percentiles percentiles_of(std::vector<double> samples) {
    FAIRLEAD_ASSERT(!samples.empty());
    std::ranges::sort(samples);
    const auto at = [&](std::size_t percent) { return samples[(samples.size() - 1) * percent / 100]; };
    return {at(50), at(99)};
}

Result<ConnectProbe> ConnectProbe::open(std::string client_netns, std::string_view server_netns,
                                        std::uint16_t port) {
    FAIRLEAD_TRY(const int listener, kernel::netns::run_in(server_netns, [port] { return listen_on(port); }));
    return ConnectProbe{std::move(client_netns), listener};
}

ConnectProbe::ConnectProbe(ConnectProbe&& other) noexcept
    : client_netns_(std::move(other.client_netns_)), listener_(std::exchange(other.listener_, -1)) {}

ConnectProbe::~ConnectProbe() {
    if (listener_ >= 0) close(listener_);
}

Result<double> ConnectProbe::connect_once(const base::SocketAddress& target) const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return base::fail_errno(errno, "socket");
    const timeval patience{kPatienceMs / 1000, 0};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(target.port);
    std::memcpy(&address.sin_addr, target.address.bytes().data(), sizeof address.sin_addr);
    const auto start = std::chrono::steady_clock::now();
    const int connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const int failure = errno;
    pollfd waiting{listener_, POLLIN, 0};
    if (connected == 0 && poll(&waiting, 1, kPatienceMs) == 1)
        if (const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); accepted >= 0)
            reset(accepted);
    reset(fd);
    if (connected != 0) return base::fail_errno(failure, "connect to " + target.to_string());
    return seconds.count();
}

Result<Percentiles> ConnectProbe::measure(const base::SocketAddress& target, std::size_t count) const {
    return kernel::netns::run_in(client_netns_, [&]() -> Result<Percentiles> {
        constexpr std::size_t kWarmUp = 100;
        std::vector<double> samples;
        for (std::size_t i = 0; i < kWarmUp + count; ++i) {
            FAIRLEAD_TRY(const auto seconds, connect_once(target));
            if (i >= kWarmUp) samples.push_back(seconds);
        }
        return percentiles_of(std::move(samples));
    });
}

}  // namespace fairlead::lab
