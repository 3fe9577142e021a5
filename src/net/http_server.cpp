#include "net/http_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "net/event_loop_state.h"

namespace fairlead::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::uint32_t kLargestHeaderBytes = 16 * 1024;
constexpr std::chrono::seconds kIdleTimeout{30};
constexpr int kLargestConnections = 64;

tcp::endpoint endpoint_of(const base::SocketAddress& address) {
    return {asio::ip::make_address(address.address.to_string()), address.port};
}

HttpQuestion question_of(std::string_view target) {
    const auto mark = target.find('?');
    if (mark == std::string_view::npos) return {std::string(target), {}};
    return {std::string(target.substr(0, mark)), std::string(target.substr(mark + 1))};
}

/// One connection: reads a request, answers, and again while the client keeps it open.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(tcp::socket socket, const HttpServer::Handler& handler, std::shared_ptr<int> connections)
        : stream_(std::move(socket)), handler_(handler), connections_(std::move(connections)) {
        ++*connections_;
    }
    ~Session() { --*connections_; }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void read() {
        parser_.emplace();
        parser_->header_limit(kLargestHeaderBytes);
        parser_->body_limit(boost::none);
        stream_.expires_after(kIdleTimeout);
        http::async_read_header(
            stream_, buffer_, *parser_, [self = shared_from_this()](const error_code& error, std::size_t) {
                const bool not_http =
                    error && error.category() == http::make_error_code(http::error::bad_method).category();
                if (error == http::error::end_of_stream || (error && !not_http)) return;
                // A body is never read: whoever sends one gets an answer and the end of the connection.
                const bool close = error || !self->parser_->is_done();
                self->answer(error ? HttpAnswer{400, "text/plain; charset=utf-8", error.message() + "\n"}
                                   : self->ask(),
                             close);
            });
    }

  private:
    HttpAnswer ask() {
        const auto& request = parser_->get();
        if (request.method() != http::verb::get && request.method() != http::verb::head)
            return {405, "text/plain; charset=utf-8", "only GET and HEAD\n"};
        return handler_(question_of({request.target().data(), request.target().size()}));
    }

    void answer(HttpAnswer answer, bool close) {
        const auto& request = parser_->get();
        const bool head = request.method() == http::verb::head;
        response_ = {};
        response_.result(answer.status);
        response_.version(request.version() == 0 ? 11 : request.version());
        response_.set(http::field::content_type, answer.content_type);
        response_.set(http::field::cache_control, "no-store");
        if (answer.status == 405) response_.set(http::field::allow, "GET, HEAD");
        response_.keep_alive(!close && request.keep_alive());
        response_.content_length(answer.body.size());
        if (!head) response_.body() = std::move(answer.body);
        stream_.expires_after(kIdleTimeout);
        http::async_write(stream_, response_,
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (!error && self->response_.keep_alive()) return self->read();
                              error_code ignored;
                              self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                          });
    }

    beast::tcp_stream stream_;
    const HttpServer::Handler handler_;
    std::shared_ptr<int> connections_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::empty_body>> parser_;
    http::response<http::string_body> response_;
};

}  // namespace

class HttpServer::Listener : public std::enable_shared_from_this<Listener> {
  public:
    Listener(EventLoop& loop, Handler handler)
        : acceptor_(loop.state().context), handler_(std::move(handler)) {}

    error_code open(const tcp::endpoint& endpoint) {
        error_code error;
        acceptor_.open(endpoint.protocol(), error);
        if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
        if (!error) acceptor_.bind(endpoint, error);
        if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
        return error;
    }

    void accept() {
        acceptor_.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
            if (error == asio::error::operation_aborted || !self->acceptor_.is_open()) return;
            if (!error && *self->connections_ < kLargestConnections)
                std::make_shared<Session>(std::move(socket), self->handler_, self->connections_)->read();
            self->accept();
        });
    }

    void close() {
        error_code ignored;
        acceptor_.close(ignored);
    }

  private:
    tcp::acceptor acceptor_;
    Handler handler_;
    std::shared_ptr<int> connections_ = std::make_shared<int>(0);
};

HttpServer::HttpServer(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}

HttpServer::~HttpServer() {
    listener_->close();
}

base::Result<std::unique_ptr<HttpServer>> HttpServer::listen(EventLoop& loop,
                                                             const base::SocketAddress& address,
                                                             Handler handler) {
    auto listener = std::make_shared<Listener>(loop, std::move(handler));
    if (const auto error = listener->open(endpoint_of(address)))
        return base::fail_errno(error.value(), "listen on " + address.to_string());
    listener->accept();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener)));
}

}  // namespace fairlead::net
