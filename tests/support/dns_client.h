#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/address.h"

namespace fairlead::test {

/// Two bytes of an id, and something.
inline constexpr std::string_view kSomeQuery{"\0\1what", 6};

/// Sends `query` over UDP and gives what comes back, without its first two bytes; else "nothing" after
/// `patience`, or why not ("Connection refused"). The reply must come from the address and port that were
/// asked.
std::string ask_udp(const base::IpAddress& server, std::uint16_t port, std::string_view query = kSomeQuery,
                    std::chrono::milliseconds patience = std::chrono::milliseconds{1500});
/// The same over a TCP connection of its own, in a frame.
std::string ask_tcp(const base::IpAddress& server, std::uint16_t port, std::string_view query = kSomeQuery,
                    std::chrono::milliseconds patience = std::chrono::milliseconds{1500});

/// A TCP connection that frames go over.
class FramedConnection {
  public:
    FramedConnection(const base::IpAddress& server, std::uint16_t port);
    ~FramedConnection();
    FramedConnection(const FramedConnection&) = delete;
    FramedConnection& operator=(const FramedConnection&) = delete;

    /// Raw bytes; false if the other side is gone.
    bool send(std::string_view bytes);
    bool send_frame(std::string_view frame);
    /// The next frame without its first two bytes, "nothing", "closed" or an error.
    std::string receive(std::chrono::milliseconds patience = std::chrono::milliseconds{1500});

  private:
    int fd_ = -1;
};

/// "length" in two bytes, then `text`.
std::string frame_of(std::string_view text);

}  // namespace fairlead::test
