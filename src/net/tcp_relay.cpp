#include "net/tcp_relay.h"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <optional>

#include "net/acceptor.h"
#include "net/awaiting.h"
#include "net/event_loop_state.h"

namespace fairlead::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t kLargestRelayed = 1024;
constexpr auto kBufferBytes = std::size_t{32} << 10U;
constexpr std::chrono::seconds kConnectTimeout{5};

/// Ends a connection so that the other side sees a failure.
void reset(tcp::socket& socket) {
    error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
}

/// A client and the target that took it.
struct Pair {
    tcp::socket client;
    tcp::socket target;
    std::shared_ptr<void> counted;
};

/// What comes from one side goes to the other; its end becomes the other's end, its failure the failure of
/// both.
asio::awaitable<void> carry(std::shared_ptr<Pair> pair, tcp::socket& from, tcp::socket& to) {
    std::array<std::byte, kBufferBytes> buffer{};
    error_code error;
    while (true) {
        const auto count = co_await from.async_read_some(asio::buffer(buffer), into(error));
        if (error) break;
        co_await asio::async_write(to, asio::buffer(buffer, count), into(error));
        if (error) break;
    }
    error_code ignored;
    if (error == asio::error::eof)
        co_return static_cast<void>(to.shutdown(tcp::socket::shutdown_send, ignored));
    reset(pair->client);
    reset(pair->target);
}

/// Nothing if the target refuses or does not answer in time.
asio::awaitable<std::optional<tcp::socket>> connect(asio::io_context& context,
                                                    const base::SocketAddress& address) {
    beast::tcp_stream stream(context);
    stream.expires_after(kConnectTimeout);
    error_code error;
    co_await stream.async_connect(endpoint_of(address), into(error));
    if (error) co_return std::nullopt;
    co_return stream.release_socket();
}

}  // namespace

class TcpRelay::Listener : public std::enable_shared_from_this<Listener> {
  public:
    Listener(EventLoop& loop, RelayTargets targets)
        : context_(loop.state().context), acceptor_(context_), targets_(std::move(targets)) {}

    error_code open(const base::SocketAddress& address) { return listen_at(acceptor_, address); }

    void start() { asio::co_spawn(context_, accept_all(shared_from_this()), asio::detached); }

    void close() {
        error_code ignored;
        acceptor_.close(ignored);
    }

  private:
    static asio::awaitable<void> accept_all(std::shared_ptr<Listener> self) {
        asio::steady_timer pause(self->context_);
        while (self->acceptor_.is_open()) {
            error_code error;
            tcp::socket client(self->context_);
            if (self->has_room()) co_await self->acceptor_.async_accept(client, into(error));
            if (client.is_open()) {
                asio::co_spawn(self->context_, serve(self, std::move(client)), asio::detached);
                continue;
            }
            pause.expires_after(kPauseBetweenTries);
            co_await pause.async_wait(into(error));
        }
    }

    [[nodiscard]] bool has_room() const {
        return connections_.use_count() <= static_cast<long>(kLargestRelayed);
    }

    static asio::awaitable<void> serve(std::shared_ptr<Listener> self, tcp::socket client) {
        error_code ignored;
        const auto counted = self->connections_;
        for (const auto& address : self->targets_.choose()) {
            auto target = co_await connect(self->context_, address);
            if (!target) continue;
            self->targets_.connected(address);
            const auto pair = std::make_shared<Pair>(std::move(client), *std::move(target), counted);
            for (auto* socket : {&pair->client, &pair->target})
                socket->set_option(tcp::no_delay(true), ignored);
            asio::co_spawn(self->context_, carry(pair, pair->target, pair->client), asio::detached);
            asio::co_spawn(self->context_, carry(pair, pair->client, pair->target), asio::detached);
            co_return;
        }
        self->targets_.refused();
        reset(client);
    }

    asio::io_context& context_;
    tcp::acceptor acceptor_;
    RelayTargets targets_;
    const std::shared_ptr<void> connections_ =
        std::make_shared<char>();  // one more owner for each connection
};

TcpRelay::TcpRelay(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}

TcpRelay::~TcpRelay() {
    listener_->close();
}

base::Result<std::unique_ptr<TcpRelay>> TcpRelay::listen(EventLoop& loop, const base::SocketAddress& address,
                                                         RelayTargets targets) {
    auto listener = std::make_shared<Listener>(loop, std::move(targets));
    if (const auto error = listener->open(address))
        return base::fail_errno(error.value(), "listen on " + address.to_string());
    listener->start();
    return std::unique_ptr<TcpRelay>(new TcpRelay(std::move(listener)));
}

}  // namespace fairlead::net
