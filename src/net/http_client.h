#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/event_loop.h"

namespace fairlead::net {

/// How a server proves who it is, and how we do. PEM texts, not files.
struct TlsOptions {
    std::string ca_pem;           ///< empty: the system's certificate authorities
    std::string certificate_pem;  ///< client certificate with its chain; empty: none
    std::string key_pem;
    std::string server_name;  ///< what the certificate must be for, and SNI; empty: the host
    bool insecure = false;    ///< verify nothing
};

/// What of the PEM texts cannot be used: "certificate-authority: no start line".
base::Result<void> check_tls(const TlsOptions& options);

/// A server to talk to.
struct HttpServerAddress {
    bool tls = false;
    std::string host;  ///< a name or an address without brackets
    std::uint16_t port = 0;
    TlsOptions tls_options;
    /// An HTTP proxy to go through (CONNECT, RFC 9110 section 9.3.6); empty host: none.
    std::string proxy_host;
    std::uint16_t proxy_port = 0;
    std::string proxy_authorization = {};  ///< value of Proxy-Authorization; empty: none
};

struct HttpRequest {
    std::string method = "GET";
    std::string target = "/";  ///< path and query
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    /// After so long without a sign of life from the server's kernel the server counts as gone, at least 4 s.
    std::chrono::seconds dead_peer_limit{45};
};

/// The status line and headers of an answer.
struct HttpHead {
    unsigned status = 0;
    std::vector<std::pair<std::string, std::string>> headers;

    /// The value of a header whatever its case; empty if it is not there.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// What becomes of a request; called on the event loop. on_head comes first, on_body any number of times as
/// bytes come in, then either on_end or on_error, once. on_error names the server and the step that failed.
struct HttpHandlers {
    std::function<void(const HttpHead&)> on_head;
    std::function<void(std::string_view)> on_body;
    std::function<void()> on_end;
    std::function<void(base::Error)> on_error;
};

/// A request under way. Destroying it ends the connection; no handler is called afterwards.
class HttpExchange {
  public:
    HttpExchange(HttpExchange&&) noexcept;
    HttpExchange& operator=(HttpExchange&&) noexcept;
    ~HttpExchange();

    class State;
    explicit HttpExchange(std::shared_ptr<State> state);

  private:
    std::shared_ptr<State> state_;
};

/// Sends one request over a connection of its own. Connecting and TLS may take 15 s each, the wait for the
/// head 60 s (an API server may let a request queue for 15 s, or work on it for 60 s); the body may take as
/// long as it likes, a dead peer is found by TCP keep-alive and TCP_USER_TIMEOUT.
HttpExchange send_http(EventLoop& loop, HttpServerAddress server, HttpRequest request, HttpHandlers handlers);

/// The parts of an http:// or https:// URL; the port is the scheme's where none is given.
struct Url {
    bool tls = false;
    std::string host;
    std::uint16_t port = 0;
    std::string path;            ///< without a trailing slash; empty for the root
    std::string user_info = {};  ///< "user:password", percent-decoded
};
/// Errors do not repeat what stands before '@'.
base::Result<Url> parse_url(std::string_view text);

}  // namespace fairlead::net
