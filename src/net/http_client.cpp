#include "net/http_client.h"

#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <cctype>
#include <optional>

#include "net/event_loop_state.h"

namespace fairlead::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using base::Result;
using boost::system::error_code;
using boost::system::system_error;
using tcp = asio::ip::tcp;

constexpr std::chrono::seconds kStepTimeout{15};
constexpr std::chrono::seconds kHeadTimeout{60};
constexpr std::size_t kBodyChunkBytes = std::size_t{64} * 1024;
constexpr std::uint32_t kLargestHeadBytes = 64 * 1024;

bool same_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// Finds a peer that is gone while nothing is sent (keep-alive) and while something is (TCP_USER_TIMEOUT).
void watch_peer(tcp::socket& socket, std::chrono::seconds limit) {
    constexpr int kProbes = 3;
    const auto seconds = static_cast<int>(limit.count());
    const int idle_seconds = seconds / (kProbes + 1);
    const auto set = [&](int level, int option, int value) {
        setsockopt(socket.native_handle(), level, option, &value, sizeof value);
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, idle_seconds);
    set(IPPROTO_TCP, TCP_KEEPINTVL, (seconds - idle_seconds) / kProbes);
    set(IPPROTO_TCP, TCP_KEEPCNT, kProbes);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000);
    set(IPPROTO_TCP, TCP_NODELAY, 1);
}

/// "10.0.0.1:6443" or "[fd00::1]:6443".
std::string authority_of(const HttpServerAddress& server) {
    const bool ipv6 = server.host.find(':') != std::string::npos;
    return (ipv6 ? "[" + server.host + "]" : server.host) + ":" + std::to_string(server.port);
}

Result<void> use_pem(std::string_view field, const error_code& failure) {
    if (!failure) return {};
    return base::fail(base::ErrorCode::kInvalid, std::string(field) + ": " + failure.message());
}

Result<void> configure(asio::ssl::context& tls, const TlsOptions& options) {
    tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                    asio::ssl::context::no_tlsv1_1);
    tls.set_verify_mode(options.insecure ? asio::ssl::verify_none : asio::ssl::verify_peer);
    error_code failure;
    if (options.ca_pem.empty())
        tls.set_default_verify_paths();
    else
        tls.add_certificate_authority(asio::buffer(options.ca_pem), failure);
    FAIRLEAD_CHECK(use_pem("certificate-authority", failure));
    if (!options.certificate_pem.empty())
        tls.use_certificate_chain(asio::buffer(options.certificate_pem), failure);
    FAIRLEAD_CHECK(use_pem("client-certificate", failure));
    if (!options.key_pem.empty())
        tls.use_private_key(asio::buffer(options.key_pem), asio::ssl::context::pem, failure);
    return use_pem("client-key", failure);
}

http::request<http::string_body> beast_request(const HttpServerAddress& server, const HttpRequest& request) {
    http::request<http::string_body> message;
    message.version(11);
    message.method_string(request.method);
    message.target(request.target);
    message.set(http::field::host, authority_of(server));
    for (const auto& [name, value] : request.headers)
        message.insert(name, value);
    message.body() = request.body;
    message.prepare_payload();
    message.keep_alive(false);
    return message;
}

template <class Fields>
HttpHead head_of(const http::response_header<Fields>& response) {
    HttpHead head{response.result_int(), {}};
    for (const auto& field : response) {
        const auto name = field.name_string();
        const auto value = field.value();
        head.headers.emplace_back(std::string(name.data(), name.size()),
                                  std::string(value.data(), value.size()));
    }
    return head;
}

}  // namespace

Result<void> check_tls(const TlsOptions& options) {
    try {
        asio::ssl::context tls{asio::ssl::context::tls_client};
        return configure(tls, options);
    } catch (const std::exception& failure) {
        return base::fail(base::ErrorCode::kInternal, std::string("TLS: ") + failure.what());
    }
}

std::string_view HttpHead::header(std::string_view name) const {
    for (const auto& [known, value] : headers)
        if (same_ignoring_case(known, name)) return value;
    return {};
}

class HttpExchange::State : public std::enable_shared_from_this<State> {
  public:
    State(EventLoop& loop, HttpServerAddress server, HttpRequest request, HttpHandlers handlers)
        : context_(loop.state().context),
          server_(std::move(server)),
          request_(std::move(request)),
          handlers_(std::move(handlers)),
          resolver_(context_),
          stream_(context_) {}

    void start() { asio::co_spawn(context_, run(shared_from_this()), asio::detached); }

    void cancel() {
        cancelled_ = true;
        resolver_.cancel();
        stream_.cancel();
    }

  private:
    /// `self` is a parameter, not a local: the coroutine may be dropped before it first runs.
    static asio::awaitable<void> run(std::shared_ptr<State> self) {
        if (self->cancelled_) co_return;
        std::optional<base::Error> error;
        try {
            co_await self->exchange();
        } catch (const system_error& failure) {
            error = self->describe(failure.code());
        } catch (const std::exception& failure) {
            error = base::Error{base::ErrorCode::kInvalid, 0,
                                self->place() + self->step_ + ": " + failure.what()};
        }
        if (self->cancelled_) co_return;
        if (error)
            self->handlers_.on_error(std::move(*error));
        else
            self->handlers_.on_end();
    }

    asio::awaitable<void> exchange() {
        co_await connect();
        if (!server_.proxy_host.empty()) co_await tunnel();
        if (!server_.tls) {
            co_await talk(stream_);
            co_return;
        }
        step_ = "TLS";
        asio::ssl::context tls{asio::ssl::context::tls_client};
        if (const auto usable = configure(tls, server_.tls_options); !usable)
            throw std::runtime_error(usable.error().message);
        beast::ssl_stream<beast::tcp_stream&> secure{stream_, tls};
        const std::string& name =
            server_.tls_options.server_name.empty() ? server_.host : server_.tls_options.server_name;
        error_code not_an_address;
        asio::ip::make_address(name, not_an_address);
        // What SSL_set_tlsext_host_name expands to, without its C cast.
        if (not_an_address)
            SSL_ctrl(secure.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                     const_cast<char*>(name.c_str()));
        if (!server_.tls_options.insecure)
            secure.set_verify_callback(asio::ssl::host_name_verification(name));
        stream_.expires_after(kStepTimeout);
        error_code failure;
        co_await secure.async_handshake(asio::ssl::stream_base::client,
                                        asio::redirect_error(asio::use_awaitable, failure));
        if (failure) {
            const auto verdict = SSL_get_verify_result(secure.native_handle());
            if (verdict != X509_V_OK)
                throw std::runtime_error(std::string("certificate: ") +
                                         X509_verify_cert_error_string(verdict));
            throw system_error(failure);
        }
        co_await talk(secure);
    }

    asio::awaitable<void> connect() {
        const bool proxied = !server_.proxy_host.empty();
        const auto& host = proxied ? server_.proxy_host : server_.host;
        const auto port = proxied ? server_.proxy_port : server_.port;
        step_ = "resolve";
        const auto addresses =
            co_await resolver_.async_resolve(host, std::to_string(port), asio::use_awaitable);
        // It may have come while the look-up was under way, which cannot be stopped.
        if (cancelled_) throw system_error(asio::error::operation_aborted);
        step_ = proxied ? "connect to proxy" : "connect";
        stream_.expires_after(kStepTimeout);
        co_await stream_.async_connect(addresses, asio::use_awaitable);
        watch_peer(stream_.socket(), request_.dead_peer_limit);
    }

    asio::awaitable<void> tunnel() {
        step_ = "proxy CONNECT";
        const std::string authority = authority_of(server_);
        http::request<http::empty_body> request{http::verb::connect, authority, 11};
        request.set(http::field::host, authority);
        if (!server_.proxy_authorization.empty())
            request.set(http::field::proxy_authorization, server_.proxy_authorization);
        stream_.expires_after(kStepTimeout);
        co_await http::async_write(stream_, request, asio::use_awaitable);
        http::response_parser<http::empty_body> parser;
        parser.skip(true);
        beast::flat_buffer buffer;
        co_await http::async_read_header(stream_, buffer, parser, asio::use_awaitable);
        if (parser.get().result() != http::status::ok)
            throw std::runtime_error("the proxy answered " + std::to_string(parser.get().result_int()));
    }

    template <class Stream>
    asio::awaitable<void> talk(Stream& stream) {
        step_ = "request";
        const auto request = beast_request(server_, request_);
        stream_.expires_after(kStepTimeout);
        co_await http::async_write(stream, request, asio::use_awaitable);
        step_ = "answer";
        stream_.expires_after(kHeadTimeout);
        http::response_parser<http::buffer_body> parser;
        parser.header_limit(kLargestHeadBytes);
        parser.body_limit(boost::none);
        beast::flat_buffer buffer;
        co_await http::async_read_header(stream, buffer, parser, asio::use_awaitable);
        if (!cancelled_) handlers_.on_head(head_of(parser.get().base()));
        stream_.expires_never();
        std::vector<char> chunk(kBodyChunkBytes);
        while (!parser.is_done() && !cancelled_) {
            parser.get().body().data = chunk.data();
            parser.get().body().size = chunk.size();
            error_code failure;
            co_await http::async_read_some(stream, buffer, parser,
                                           asio::redirect_error(asio::use_awaitable, failure));
            if (failure && failure != http::error::need_buffer) throw system_error(failure);
            const std::size_t size = chunk.size() - parser.get().body().size;
            if (size > 0 && !cancelled_) handlers_.on_body({chunk.data(), size});
        }
    }

    [[nodiscard]] std::string place() const { return authority_of(server_) + ": "; }

    [[nodiscard]] base::Error describe(const error_code& failure) const {
        const bool timed_out = failure == beast::error::timeout;
        const std::string why = timed_out                               ? "timed out"
                                : failure == http::error::end_of_stream ? "closed by the server"
                                                                        : failure.message();
        const int errno_value = failure.category() == boost::system::system_category() ? failure.value() : 0;
        return {base::ErrorCode::kUnavailable, errno_value, place() + step_ + ": " + why};
    }

    asio::io_context& context_;
    HttpServerAddress server_;
    HttpRequest request_;
    HttpHandlers handlers_;
    tcp::resolver resolver_;
    beast::tcp_stream stream_;
    std::string step_ = "connect";
    bool cancelled_ = false;
};

HttpExchange::HttpExchange(std::shared_ptr<State> state) : state_(std::move(state)) {}
HttpExchange::HttpExchange(HttpExchange&&) noexcept = default;

HttpExchange& HttpExchange::operator=(HttpExchange&& other) noexcept {
    if (state_) state_->cancel();
    state_ = std::move(other.state_);
    return *this;
}

HttpExchange::~HttpExchange() {
    if (state_) state_->cancel();
}

HttpExchange send_http(EventLoop& loop, HttpServerAddress server, HttpRequest request,
                       HttpHandlers handlers) {
    auto state = std::make_shared<HttpExchange::State>(loop, std::move(server), std::move(request),
                                                       std::move(handlers));
    state->start();
    return HttpExchange{std::move(state)};
}

}  // namespace fairlead::net
