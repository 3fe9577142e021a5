#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/socket_address.h"
#include "net/event_loop.h"

namespace fairlead::net {

/// What a handler is asked. Only GET and HEAD reach it.
struct HttpQuestion {
    std::string path;   ///< without the query
    std::string query;  ///< what follows '?', as it came
    /// Header If-None-Match: the entity tag that the client has, with quotes.
    std::string if_none_match{};  // NOLINT(readability-redundant-member-init): may be left out
    /// Header Accept: what the client can take; empty: anything.
    std::string accept{};  // NOLINT(readability-redundant-member-init)
};

struct HttpAnswer {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    /// Header ETag, with quotes (RFC 9110 section 8.8.3); empty: none.
    std::string entity_tag{};  // NOLINT(readability-redundant-member-init): may be left out
    /// Headers beside those.
    std::vector<std::pair<std::string, std::string>> headers{};  // NOLINT(readability-redundant-member-init)
    /// The answer is not there yet: called once, with what takes it, on the event loop and once. All else is
    /// left out. A client that goes meanwhile does not matter.
    std::function<void(std::function<void(HttpAnswer)>)>
        later{};  // NOLINT(readability-redundant-member-init)
};

/// A small HTTP/1.1 server for health, metrics and status on the event loop.
///
/// Requests above 16 KiB are refused, so is every method but GET and HEAD (405). A connection may be silent
/// for 30 s, and there may be 64 of them; for another one, that which has waited longest for a request is
/// closed. When descriptors run out, accepting rests for 100 ms at a time. Answers are made on the event
/// loop: keep them short.
class HttpServer {
  public:
    using Handler = std::function<HttpAnswer(const HttpQuestion&)>;

    /// Listens from now on. The error names the address and says why (in use, no right, no such address).
    static base::Result<std::unique_ptr<HttpServer>> listen(EventLoop& loop,
                                                            const base::SocketAddress& address,
                                                            Handler handler);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

  private:
    class Listener;
    explicit HttpServer(std::shared_ptr<Listener> listener);

    std::shared_ptr<Listener> listener_;
};

}  // namespace fairlead::net
