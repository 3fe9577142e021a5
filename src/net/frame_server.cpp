#include "net/frame_server.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "net/acceptor.h"
#include "net/event_loop_state.h"
#include "net/frame_connection.h"
#include "net/native_address.h"

namespace fairlead::net {

namespace {

namespace asio = boost::asio;
using base::Result;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::chrono::milliseconds kLookAtClocks{500};

std::optional<base::SocketAddress> peer_of(tcp::socket& socket) {
    sockaddr_storage native{};
    socklen_t size = sizeof native;
    if (getpeername(socket.native_handle(), reinterpret_cast<sockaddr*>(&native), &size) != 0)
        return std::nullopt;
    return socket_address_of(native);
}

}  // namespace

class FrameServer::State : public std::enable_shared_from_this<State> {
  public:
    State(EventLoop& loop, const FrameLimits& limits, Handler handler)
        : context_(loop.state().context), acceptor_(context_), pause_(context_), clock_(context_) {
        shared_.limits = limits;
        shared_.handler = std::move(handler);
        shared_.gone = [this](ConnectionId id) { forget(id); };
    }

    Result<void> open(const BindOptions& options) {
        FAIRLEAD_TRY(auto socket, listen_tcp(options));
        address_ = bound_address(socket.get()).value_or(options.address);
        const bool ipv4 = options.address.address.family() == base::Family::kIpv4;
        error_code error;
        acceptor_.assign(ipv4 ? tcp::v4() : tcp::v6(), socket.get(), error);
        if (error) return base::fail_errno(error.value(), "listen at " + options.address.to_string());
        socket.release();
        accept();
        look_at_clocks();
        return {};
    }

    void answer(ConnectionId id, std::span<const std::uint8_t> frame) {
        if (const auto found = connections_.find(id); found != connections_.end())
            std::shared_ptr(found->second)->answer(frame, std::chrono::steady_clock::now());
    }

    void drain() {
        shared_.draining = true;
        stop_accepting();
        for (const auto& connection : all())
            connection->close_if_done();
    }

    /// No callback comes any more.
    void close() {
        stop_accepting();
        clock_.cancel();
        for (const auto& connection : all())
            connection->close();
    }

    [[nodiscard]] std::size_t open_connections() const { return connections_.size(); }
    [[nodiscard]] const FrameCounts& counts() const { return shared_.counts; }
    [[nodiscard]] const base::SocketAddress& address() const { return address_; }

  private:
    using Connections = std::unordered_map<ConnectionId, std::shared_ptr<FrameConnection>>;

    [[nodiscard]] std::vector<std::shared_ptr<FrameConnection>> all() const {
        std::vector<std::shared_ptr<FrameConnection>> list;
        for (const auto& [id, connection] : connections_)
            list.push_back(connection);
        return list;
    }

    void stop_accepting() {
        error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
    }

    void accept() {
        acceptor_.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
            if (!self->acceptor_.is_open()) return;
            if (!error) {
                self->take(std::move(socket));
                return self->accept();
            }
            self->pause_.expires_after(kPauseBetweenTries);  // out of descriptors
            self->pause_.async_wait([self](const error_code& stopped) {
                if (!stopped && self->acceptor_.is_open()) self->accept();
            });
        });
    }

    void take(tcp::socket socket) {
        const auto remote = peer_of(socket);
        const auto local = bound_address(socket.native_handle());
        if (!remote || !local) return;  // it is gone already
        const auto known = per_client_.find(remote->address);
        const bool too_many =
            known != per_client_.end() && known->second >= shared_.limits.connections_per_client;
        if (too_many || (connections_.size() >= shared_.limits.connections && !make_room())) {
            ++shared_.counts.refused;
            return;
        }
        ++per_client_[remote->address];
        ++shared_.counts.connections;
        const auto id = next_id_++;
        auto connection = std::make_shared<FrameConnection>(shared_, Client{id, *remote, local->address},
                                                            std::move(socket));
        connections_.emplace(id, connection);
        connection->start(std::chrono::steady_clock::now());
    }

    /// Closes the connection that has been idle for longest.
    bool make_room() {
        std::shared_ptr<FrameConnection> longest;
        for (const auto& [id, connection] : connections_)
            if (connection->idle() && (!longest || connection->last_active() < longest->last_active()))
                longest = connection;
        if (!longest) return false;
        ++shared_.counts.displaced;
        longest->close();
        return true;
    }

    void forget(ConnectionId id) {
        const auto found = connections_.find(id);
        const auto client = per_client_.find(found->second->client().remote.address);
        if (--client->second == 0) per_client_.erase(client);
        connections_.erase(found);
    }

    void look_at_clocks() {
        clock_.expires_after(kLookAtClocks);
        clock_.async_wait([self = shared_from_this()](const error_code& stopped) {
            if (stopped) return;
            const auto now = std::chrono::steady_clock::now();
            for (const auto& connection : self->all())
                connection->look_at_clock(now);
            self->look_at_clocks();
        });
    }

    asio::io_context& context_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    asio::steady_timer clock_;
    FrameShared shared_;
    base::SocketAddress address_;
    Connections connections_;
    std::map<base::IpAddress, std::size_t> per_client_;
    ConnectionId next_id_ = 1;
};

FrameServer::FrameServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

FrameServer::~FrameServer() {
    state_->close();
}

Result<std::unique_ptr<FrameServer>> FrameServer::listen(EventLoop& loop, const BindOptions& options,
                                                         const FrameLimits& limits, Handler handler) {
    auto state = std::make_shared<State>(loop, limits, std::move(handler));
    FAIRLEAD_CHECK(state->open(options));
    return std::unique_ptr<FrameServer>(new FrameServer(std::move(state)));
}

void FrameServer::answer(ConnectionId connection, std::span<const std::uint8_t> frame) {
    state_->answer(connection, frame);
}

void FrameServer::drain() {
    state_->drain();
}

std::size_t FrameServer::open_connections() const {
    return state_->open_connections();
}

const FrameCounts& FrameServer::counts() const {
    return state_->counts();
}

const base::SocketAddress& FrameServer::address() const {
    return state_->address();
}

}  // namespace fairlead::net
