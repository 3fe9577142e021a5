#include "net/frame_client.h"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "net/acceptor.h"
#include "net/awaiting.h"
#include "net/event_loop_state.h"
#include "net/frame.h"
#include "net/frame_tls.h"

namespace fairlead::net {

namespace {

namespace asio = boost::asio;
using base::Result;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using SecureStream = asio::ssl::stream<tcp::socket&>;

}  // namespace

class FrameClient::State : public std::enable_shared_from_this<State> {
  public:
    State(EventLoop& loop, Options options, Listener listener)
        : context_(loop.state().context), options_(std::move(options)), listener_(std::move(listener)) {}

    Result<void> prepare() {
        if (!options_.tls) return {};
        const auto& name = options_.tls_options.server_name;
        FAIRLEAD_TRY(tls_, FrameTlsContext::make(options_.tls_options,
                                                 name.empty() ? options_.server.address.to_string() : name));
        return {};
    }

    Result<void> send(std::span<const std::uint8_t> frame) {
        if (unsent_.size() + frame.size() > options_.unsent_bytes)
            return base::fail(base::ErrorCode::kBusy,
                              place() + ": " + std::to_string(unsent_.size()) + " bytes wait to be sent");
        unsent_.push_back(static_cast<std::uint8_t>(frame.size() >> 8U));
        unsent_.push_back(static_cast<std::uint8_t>(frame.size()));
        unsent_.insert(unsent_.end(), frame.begin(), frame.end());
        if (!connection_) {
            connection_ = std::make_shared<Connection>(context_);
            asio::co_spawn(context_, run(shared_from_this(), connection_), asio::detached);
        } else {
            connection_->wake.cancel();
        }
        return {};
    }

    /// No callback comes any more.
    void close() {
        listener_ = {};
        if (connection_) connection_->close();
    }

    [[nodiscard]] const Counts& counts() const { return counts_; }

  private:
    struct Connection {
        explicit Connection(asio::io_context& context) : socket(context), wake(context), limit(context) {}

        void close() {
            error_code ignored;
            socket.close(ignored);
            wake.cancel();
            limit.cancel();
            open = false;
        }

        tcp::socket socket;
        asio::steady_timer wake;   // ends when there is something to send
        asio::steady_timer limit;  // closes what takes too long
        std::optional<SecureStream> secure;
        std::string step = "connect";
        bool open = true;
        bool too_slow = false;
    };
    using ConnectionPtr = std::shared_ptr<Connection>;

    [[nodiscard]] std::string place() const {
        return (options_.tls ? "TLS to " : "TCP to ") + options_.server.to_string();
    }

    static void limit(const ConnectionPtr& connection, base::Duration duration) {
        connection->limit.expires_after(duration);
        connection->limit.async_wait([connection](const error_code& cancelled) {
            if (cancelled || !connection->open) return;
            connection->too_slow = true;
            connection->close();
        });
    }

    /// The whole life of a connection.
    static asio::awaitable<void> run(std::shared_ptr<State> self, ConnectionPtr connection) {
        error_code error;
        limit(connection, self->options_.connect_timeout);
        co_await self->connect(*connection, error);
        if (!error && connection->open) {
            ++self->counts_.connections;
            limit(connection, self->options_.idle);
            if (connection->secure) {
                asio::co_spawn(self->context_, self->read(self, connection, *connection->secure),
                               asio::detached);
                co_await self->write(connection, *connection->secure, error);
            } else {
                asio::co_spawn(self->context_, self->read(self, connection, connection->socket),
                               asio::detached);
                co_await self->write(connection, connection->socket, error);
            }
        }
        self->end(connection, error);
    }

    asio::awaitable<void> connect(Connection& connection, error_code& error) {
        auto endpoint = endpoint_of(options_.server);
        if (options_.interface != 0 && endpoint.address().is_v6()) {
            auto address = endpoint.address().to_v6();
            address.scope_id(options_.interface);
            endpoint.address(address);
        }
        co_await connection.socket.async_connect(endpoint, into(error));
        if (error) co_return;
        error_code ignored;
        connection.socket.set_option(tcp::no_delay(true), ignored);
        if (!tls_) co_return;
        connection.step = "TLS";
        connection.secure.emplace(connection.socket, tls_->context());
        tls_->prepare(connection.secure->native_handle());
        co_await connection.secure->async_handshake(asio::ssl::stream_base::client, into(error));
        if (error) {
            const auto problem = FrameTlsContext::certificate_problem(connection.secure->native_handle());
            if (!problem.empty()) connection.step = problem;
            co_return;
        }
        if (SSL_session_reused(connection.secure->native_handle()) == 1) ++counts_.resumed_sessions;
    }

    template <class Stream>
    asio::awaitable<void> write(ConnectionPtr connection, Stream& stream, error_code& error) {
        connection->step = "write";
        std::vector<std::uint8_t> sending;
        while (connection->open) {
            if (unsent_.empty()) {
                connection->wake.expires_at(asio::steady_timer::time_point::max());
                error_code woken;
                co_await connection->wake.async_wait(into(woken));
                continue;
            }
            std::swap(sending, unsent_);
            co_await asio::async_write(stream, asio::buffer(sending), into(error));
            if (error) co_return;
            sending.clear();
            limit(connection, options_.idle);
        }
    }

    template <class Stream>
    static asio::awaitable<void> read(std::shared_ptr<State> self, ConnectionPtr connection, Stream& stream) {
        std::array<std::uint8_t, kFrameLengthBytes> length{};
        std::vector<std::uint8_t> frame;
        error_code error;
        while (connection->open) {
            co_await asio::async_read(stream, asio::buffer(length), into(error));
            if (error) break;
            frame.resize(std::size_t{length[0]} << 8U | length[1]);
            co_await asio::async_read(stream, asio::buffer(frame), into(error));
            if (error || !connection->open) break;
            limit(connection, self->options_.idle);
            if (const auto received = self->listener_.received) received(frame);
        }
        connection->step = "read";
        if (connection->open) connection->close();
    }

    void end(const ConnectionPtr& connection, const error_code& error) {
        connection->close();
        if (connection->secure) FrameTlsContext::finish(connection->secure->native_handle());
        if (connection_ == connection) connection_.reset();
        unsent_.clear();
        const auto closed = listener_.closed;
        if (!closed) return;
        const bool never_open = connection->step != "write" && connection->step != "read";
        std::string message;
        if (connection->too_slow && never_open)
            message = place() + ": " + connection->step + ": timed out";
        else if (error && never_open)
            message = place() + ": " + connection->step + ": " + error.message();
        closed(base::Error{base::ErrorCode::kUnavailable, 0, message});
    }

    asio::io_context& context_;
    Options options_;
    Listener listener_;
    std::unique_ptr<FrameTlsContext> tls_;
    ConnectionPtr connection_;
    std::vector<std::uint8_t> unsent_;
    Counts counts_;
};

FrameClient::FrameClient(std::shared_ptr<State> state) : state_(std::move(state)) {}

FrameClient::~FrameClient() {
    state_->close();
}

Result<std::unique_ptr<FrameClient>> FrameClient::make(EventLoop& loop, Options options, Listener listener) {
    auto state = std::make_shared<State>(loop, std::move(options), std::move(listener));
    FAIRLEAD_CHECK(state->prepare());
    return std::unique_ptr<FrameClient>(new FrameClient(std::move(state)));
}

Result<void> FrameClient::send(std::span<const std::uint8_t> frame) {
    return state_->send(frame);
}

const FrameClient::Counts& FrameClient::counts() const {
    return state_->counts();
}

}  // namespace fairlead::net
