#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/socket_address.h"

namespace fairlead::lab {

/// Times in seconds.
struct Percentiles {
    double p50 = 0;
    double p99 = 0;
};
/// Of at least one sample.
Percentiles percentiles_of(std::vector<double> samples);

/// Measures how long TCP connections take to be made, from one network namespace to a listener in another.
class ConnectProbe {
  public:
    /// Listens on `port` of every IPv4 address in `server_netns`.
    static base::Result<ConnectProbe> open(std::string client_netns, std::string_view server_netns,
                                           std::uint16_t port);
    ConnectProbe(ConnectProbe&& other) noexcept;
    ConnectProbe& operator=(ConnectProbe&&) = delete;
    ~ConnectProbe();

    /// Connects `count` times, one after another, to an IPv4 address that leads to the listener. Each
    /// connection is accepted and reset before the next, so that none waits and no port runs out.
    base::Result<Percentiles> measure(const base::SocketAddress& target, std::size_t count) const;

  private:
    ConnectProbe(std::string client_netns, int listener)
        : client_netns_(std::move(client_netns)), listener_(listener) {}
    base::Result<double> connect_once(const base::SocketAddress& target) const;

    std::string client_netns_;
    int listener_;
};

}  // namespace fairlead::lab
