#pragma once

// For .cpp files of net/ only.

#include <boost/asio/ip/tcp.hpp>
#include <vector>

#include "net/frame_server.h"

namespace fairlead::net {

/// What connections of one server share.
struct FrameShared {
    FrameLimits limits;
    FrameServer::Handler handler;
    FrameCounts counts;
    std::function<void(FrameServer::ConnectionId)> gone;
    bool draining = false;
};

/// One client's connection.
class FrameConnection : public std::enable_shared_from_this<FrameConnection> {
  public:
    FrameConnection(FrameShared& shared, FrameServer::Client client, boost::asio::ip::tcp::socket socket);

    void start(base::TimePoint now);
    void answer(std::span<const std::uint8_t> frame, base::TimePoint now);
    /// Closes it if it is due.
    void look_at_clock(base::TimePoint now);
    void close_if_done();
    void close();

    [[nodiscard]] const FrameServer::Client& client() const { return client_; }
    [[nodiscard]] bool idle() const { return unanswered_ == 0 && unsent_.empty() && writing_.empty(); }
    [[nodiscard]] base::TimePoint last_active() const { return last_active_; }

  private:
    void read();
    void take_in(std::size_t count);
    void take_frames();
    void write();
    [[nodiscard]] bool may_read() const;

    FrameShared* shared_;  // null once closed
    FrameServer::Client client_;
    boost::asio::ip::tcp::socket socket_;
    std::vector<std::uint8_t> input_;
    std::size_t filled_ = 0;
    std::vector<std::uint8_t> unsent_;
    std::vector<std::uint8_t> writing_;
    std::size_t unanswered_ = 0;
    bool reading_ = false;
    bool handling_ = false;
    bool write_posted_ = false;
    base::TimePoint last_active_{};
    base::TimePoint frame_began_{};
    base::TimePoint write_began_{};
};

}  // namespace fairlead::net
