#include "admin/handlers.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "admin/process_metrics.h"

namespace fairlead::admin {

namespace {

using net::HttpAnswer;
using net::HttpQuestion;

constexpr unsigned kNotFound = 404;
constexpr unsigned kUnavailable = 503;

std::string rfc3339(base::WallTime time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

HttpAnswer readyz(const HealthSource& source) {
    const auto reasons = source.not_ready();
    if (reasons.empty()) return {200, "text/plain; charset=utf-8", "ok\n"};
    std::string body;
    for (const auto& reason : reasons)
        body += reason + "\n";
    return {kUnavailable, "text/plain; charset=utf-8", std::move(body)};
}

HttpAnswer healthz(const HealthSource& source) {
    const bool ready = source.not_ready().empty();
    return {ready ? 200 : kUnavailable, "application/json",
            fmt::format("{{\"lastUpdated\":\"{}\",\"currentTime\":\"{}\"}}\n", rfc3339(source.last_updated()),
                        rfc3339(source.now()))};
}

HttpAnswer not_found(const std::string& path) {
    return {kNotFound, "text/plain; charset=utf-8", "no page " + path + "\n"};
}

}  // namespace

net::HttpServer::Handler health_handler(HealthSource source) {
    return [source = std::move(source)](const HttpQuestion& question) -> HttpAnswer {
        if (question.path == "/livez") return {200, "text/plain; charset=utf-8", "ok\n"};
        if (question.path == "/readyz") return readyz(source);
        if (question.path == "/healthz") return healthz(source);
        return not_found(question.path);
    };
}

net::HttpServer::Handler admin_handler(
    Metrics& metrics,
    std::map<std::string, std::function<std::string(const std::string& query)>> json_pages) {
    return [&metrics, json_pages = std::move(json_pages)](const HttpQuestion& question) -> HttpAnswer {
        if (question.path == "/metrics") {
            update_process_metrics(metrics);
            return {200, "text/plain; version=0.0.4; charset=utf-8", metrics.expose()};
        }
        if (question.path == "/") {
            std::string index = "/metrics\n";
            for (const auto& [path, page] : json_pages)
                index += path + "\n";
            return {200, "text/plain; charset=utf-8", std::move(index)};
        }
        const auto page = json_pages.find(question.path);
        if (page == json_pages.end()) return not_found(question.path);
        return {200, "application/json", page->second(question.query)};
    };
}

}  // namespace fairlead::admin
