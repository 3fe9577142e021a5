#include "net/http_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <optional>

#include "net/acceptor.h"
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
constexpr unsigned kNotModified = 304;
constexpr std::size_t kLargestConnections = 64;
constexpr std::chrono::milliseconds kPauseAfterFailedAccept{100};

HttpQuestion question_of(std::string_view target) {
    const auto mark = target.find('?');
    if (mark == std::string_view::npos) return {std::string(target), {}, {}};
    return {std::string(target.substr(0, mark)), std::string(target.substr(mark + 1)), {}};
}

class Session;

/// The connections of one server.
struct Connections {
    std::size_t count = 0;
    std::list<Session*> waiting;  ///< for a request, that which waits longest first

    /// Closes the one that has waited longest where there is no room for another. False: all are at work.
    bool make_room();
};

/// One connection: reads a request, answers, and again while the client keeps it open.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(tcp::socket socket, const HttpServer::Handler& handler, std::shared_ptr<Connections> connections)
        : stream_(std::move(socket)), handler_(handler), connections_(std::move(connections)) {
        ++connections_->count;
    }
    ~Session() {
        stop_waiting();
        --connections_->count;
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void close() { stream_.close(); }

    void read() {
        waiting_at_ = connections_->waiting.insert(connections_->waiting.end(), this);
        parser_.emplace();
        parser_->header_limit(kLargestHeaderBytes);
        parser_->body_limit(boost::none);
        stream_.expires_after(kIdleTimeout);
        http::async_read_header(
            stream_, buffer_, *parser_, [self = shared_from_this()](const error_code& error, std::size_t) {
                self->stop_waiting();
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
    void stop_waiting() {
        if (waiting_at_) connections_->waiting.erase(*waiting_at_);
        waiting_at_.reset();
    }

    HttpAnswer ask() {
        const auto& request = parser_->get();
        if (request.method() != http::verb::get && request.method() != http::verb::head)
            return {405, "text/plain; charset=utf-8", "only GET and HEAD\n"};
        auto question = question_of({request.target().data(), request.target().size()});
        question.if_none_match = std::string(request[http::field::if_none_match]);
        question.accept = std::string(request[http::field::accept]);
        return handler_(question);
    }

    void answer(HttpAnswer answer, bool close) {
        if (answer.later)
            return answer.later([self = shared_from_this(), close](HttpAnswer made) {
                self->answer(std::move(made), close);
            });
        const auto& request = parser_->get();
        const bool head = request.method() == http::verb::head;
        response_ = {};
        response_.result(answer.status);
        response_.version(request.version() == 0 ? 11 : request.version());
        response_.set(http::field::content_type, answer.content_type);
        for (const auto& [name, value] : answer.headers)
            response_.set(name, value);
        if (answer.entity_tag.empty())
            response_.set(http::field::cache_control, "no-store");
        else
            response_.set(http::field::etag, answer.entity_tag);
        if (answer.status == 405) response_.set(http::field::allow, "GET, HEAD");
        response_.keep_alive(!close && request.keep_alive());
        if (answer.status != kNotModified) response_.content_length(answer.body.size());
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
    std::shared_ptr<Connections> connections_;
    std::optional<std::list<Session*>::iterator> waiting_at_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::empty_body>> parser_;
    http::response<http::string_body> response_;
};

bool Connections::make_room() {
    if (count < kLargestConnections) return true;
    if (waiting.empty()) return false;
    Session* const longest = waiting.front();
    waiting.splice(waiting.end(), waiting, waiting.begin());  // it leaves when the loop has told it
    longest->close();
    return true;
}

}  // namespace

class HttpServer::Listener : public std::enable_shared_from_this<Listener> {
  public:
    Listener(EventLoop& loop, Handler handler)
        : acceptor_(loop.state().context), pause_(loop.state().context), handler_(std::move(handler)) {}

    error_code open(const base::SocketAddress& address) { return listen_at(acceptor_, address); }

    void accept() {
        acceptor_.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
            if (error == asio::error::operation_aborted || !self->acceptor_.is_open()) return;
            if (error) return self->accept_later();
            if (self->connections_->make_room())
                std::make_shared<Session>(std::move(socket), self->handler_, self->connections_)->read();
            self->accept();
        });
    }

    void close() {
        error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
    }

  private:
    /// What is refused for want of descriptors or memory stays in the queue: the next try would fail at once.
    void accept_later() {
        static_cast<void>(pause_.expires_after(kPauseAfterFailedAccept));
        pause_.async_wait([self = shared_from_this()](const error_code& error) {
            if (!error) self->accept();
        });
    }

    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    Handler handler_;
    std::shared_ptr<Connections> connections_ = std::make_shared<Connections>();
};

HttpServer::HttpServer(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}

HttpServer::~HttpServer() {
    listener_->close();
}

base::Result<std::unique_ptr<HttpServer>> HttpServer::listen(EventLoop& loop,
                                                             const base::SocketAddress& address,
                                                             Handler handler) {
    auto listener = std::make_shared<Listener>(loop, std::move(handler));
    if (const auto error = listener->open(address))
        return base::fail_errno(error.value(), "listen on " + address.to_string());
    listener->accept();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener)));
}

}  // namespace fairlead::net
