#include "cli/agent_client.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <functional>

#include "net/http_client.h"

namespace fairlead::cli {

namespace {

using base::ErrorCode;
using base::Result;

constexpr unsigned kOk = 200;
constexpr unsigned kNotModified = 304;
constexpr unsigned kBadRequest = 400;

Result<AgentPage> page_of(const net::HttpHead& head, std::string body, const std::string& known_etag) {
    if (head.status == kNotModified && !known_etag.empty()) return AgentPage{true, {}, known_etag};
    // The agent says what is wrong with the question.
    if (head.status == kBadRequest)
        return base::fail(ErrorCode::kInvalid, body.substr(0, body.find_last_not_of('\n') + 1));
    if (head.status != kOk)
        return base::fail(ErrorCode::kInternal,
                          fmt::format("the agent answered with status {}: {}", head.status, body));
    return AgentPage{false, std::move(body), std::string(head.header("ETag"))};
}

using OnBody = std::function<void(const net::HttpHead& head, std::string_view bytes)>;

/// How the agent answers; `on_body` gets the rest as it comes. kUnavailable if nobody answers.
Result<net::HttpHead> ask(const base::SocketAddress& agent, net::HttpRequest request, const OnBody& on_body) {
    net::EventLoop loop;
    net::HttpHead answered;
    Result<void> outcome;
    net::HttpHandlers handlers;
    handlers.on_head = [&](const net::HttpHead& head) { answered = head; };
    handlers.on_body = [&](std::string_view bytes) { on_body(answered, bytes); };
    handlers.on_end = [&] { loop.stop(); };
    handlers.on_error = [&](base::Error error) {
        outcome = std::unexpected(std::move(error));
        loop.stop();
    };
    const auto exchange = net::send_http(loop, {false, agent.address.to_string(), agent.port, {}, "", 0},
                                         std::move(request), std::move(handlers));
    loop.run();
    if (!outcome)
        return base::fail(ErrorCode::kUnavailable,
                          fmt::format("the agent does not answer: {}\nDoes it run, and in this network "
                                      "namespace? --admin-address or FAIRLEAD_ADMIN_ADDRESS name another.",
                                      outcome.error().message));
    return answered;
}

}  // namespace

Result<AgentPage> fetch_page(const base::SocketAddress& agent, const std::string& target,
                             const std::string& etag) {
    net::HttpRequest request{"GET", target, {}, ""};
    if (!etag.empty()) request.headers.emplace_back("If-None-Match", etag);
    std::string body;
    FAIRLEAD_TRY(const auto head,
                 ask(agent, std::move(request), [&](const auto&, std::string_view bytes) { body += bytes; }));
    return page_of(head, std::move(body), etag);
}

Result<void> fetch_long_page(const base::SocketAddress& agent, const std::string& target,
                             const std::function<void(std::string_view)>& take) {
    std::string error;
    FAIRLEAD_TRY(const auto head,
                 ask(agent, {"GET", target, {}, ""}, [&](const net::HttpHead& head, std::string_view bytes) {
                     if (head.status == kOk)
                         take(bytes);
                     else
                         error += bytes;
                 }));
    const auto page = page_of(head, std::move(error), {});
    if (!page) return std::unexpected(page.error());
    return {};
}

Result<bool> agent_is_ready(const base::SocketAddress& agent) {
    FAIRLEAD_TRY(const auto page, fetch_page(agent, "/status"));
    simdjson::dom::parser parser;
    bool ready = false;
    if (parser.parse(page.body).get_object()["ready"].get(ready))
        return base::fail(ErrorCode::kInternal, "the agent's page /status does not say whether it is ready");
    return ready;
}

}  // namespace fairlead::cli
