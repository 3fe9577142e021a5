#include "admin/handlers.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "admin/process_metrics.h"
#include "base/families.h"

namespace fairlead::admin {

namespace {

using net::HttpAnswer;
using net::HttpQuestion;

constexpr unsigned kOk = 200;
constexpr unsigned kNotModified = 304;
constexpr unsigned kBadRequest = 400;
constexpr unsigned kNotFound = 404;
constexpr unsigned kUnavailable = 503;

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
constexpr std::string_view kMetricsText = "text/plain; version=0.0.4; charset=utf-8";

/// As kube-proxy answers.
const std::vector<std::pair<std::string, std::string>> kNoSniff = {{"X-Content-Type-Options", "nosniff"}};

std::string rfc3339(base::WallTime time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

HttpAnswer readyz(const HealthSource& source) {
    const auto reasons = source.not_ready();
    if (reasons.empty()) return {kOk, std::string(kPlainText), "ok\n"};
    std::string body;
    for (const auto& reason : reasons)
        body += reason + "\n";
    return {kUnavailable, std::string(kPlainText), std::move(body)};
}

/// kube-proxy's answer about its syncs; `eligible` is part of it on /healthz only.
HttpAnswer health(const HealthSource& source, std::optional<bool> eligible) {
    const auto& sync = source.sync();
    bool synced = true;
    base::WallTime last_updated{};
    std::string families;
    for (const auto family : base::kFamilies) {
        const bool healthy = sync.healthy(family, source.now());
        synced = synced && healthy;
        last_updated = std::max(last_updated, sync.last_synced(family));
        families +=
            fmt::format("{}\"{}\":{{\"lastUpdated\":\"{}\",\"healthy\":{}}}", families.empty() ? "" : ",",
                        base::name_of(family), rfc3339(sync.last_synced(family)), healthy);
    }
    const bool ok = synced && eligible.value_or(true);
    // Load balancers expect a recent time of a healthy proxy, also if there was nothing to do for hours.
    if (ok) last_updated = source.wall_now();
    HttpAnswer answer{
        ok ? kOk : kUnavailable, "application/json",
        fmt::format("{{\"lastUpdated\":\"{}\",\"currentTime\":\"{}\",{}\"healthy\":{},\"status\":{{{}}}}}\n",
                    rfc3339(last_updated), rfc3339(source.wall_now()),
                    eligible ? fmt::format("\"nodeEligible\":{},", *eligible) : "", synced, families)};
    answer.headers = kNoSniff;
    return answer;
}

/// A counter for each status that a health page answers with.
struct AnswerCounts {
    AnswerCounts(Metrics& metrics, std::string_view name, std::string_view help)
        : ok(metrics.counter(name, help, {{"code", "200"}})),
          unavailable(metrics.counter(name, help, {{"code", "503"}})) {}

    HttpAnswer counted(HttpAnswer answer) const {
        (answer.status == kOk ? ok : unavailable).add();
        return answer;
    }

    Number& ok;
    Number& unavailable;
};

HttpAnswer answer_with(base::Result<std::string> body, const std::string& content_type,
                       const std::string& entity_tag) {
    if (!body) return {kBadRequest, std::string(kPlainText), body.error().message + "\n"};
    return {.status = kOk,
            .content_type = content_type,
            .body = *std::move(body),
            .entity_tag = entity_tag,
            .headers = kNoSniff};
}

HttpAnswer answer(const Page& page, const HttpQuestion& question) {
    if (page.forms) return answer_z_page(*page.forms, question.accept);
    if (page.later) {
        HttpAnswer answer;
        answer.later = [&page, query = question.query](std::function<void(HttpAnswer)> reply) {
            page.later(query, [reply = std::move(reply), type = page.content_type](auto body) {
                reply(answer_with(std::move(body), type, ""));
            });
        };
        return answer;
    }
    const auto entity_tag = page.version ? "\"" + page.version() + "\"" : "";
    if (!entity_tag.empty() && question.if_none_match == entity_tag)
        return {
            .status = kNotModified, .content_type = page.content_type, .body = "", .entity_tag = entity_tag};
    return answer_with(page.body(question.query), page.content_type, entity_tag);
}

HttpAnswer not_found(const std::string& path) {
    return {kNotFound, std::string(kPlainText), "no page " + path + "\n"};
}

}  // namespace

net::HttpServer::Handler health_handler(HealthSource source, Metrics& metrics) {
    const AnswerCounts livez{metrics, "kubeproxy_proxy_livez_total", "Answers of /livez."};
    const AnswerCounts healthz{metrics, "kubeproxy_proxy_healthz_total", "Answers of /healthz."};
    return [source = std::move(source), livez, healthz](const HttpQuestion& question) -> HttpAnswer {
        if (question.path == "/livez") return livez.counted(health(source, std::nullopt));
        if (question.path == "/readyz") return readyz(source);
        if (question.path == "/healthz") return healthz.counted(health(source, source.node_eligible()));
        return not_found(question.path);
    };
}

net::HttpServer::Handler admin_handler(Metrics& metrics, std::map<std::string, Page> pages) {
    const auto indicators = std::make_shared<Metrics>();
    auto& checks = indicators->counter("kubernetes_healthchecks_total", "Results of health checks.",
                                       {{"name", "ping"}, {"status", "success"}, {"type", "healthz"}});
    indicators
        ->gauge("kubernetes_healthcheck", "The last result of a health check.",
                {{"name", "ping"}, {"type", "healthz"}})
        .set(1);
    pages["/healthz"] = {[&checks](const std::string&) {
                             checks.add();
                             return "ok";
                         },
                         {},
                         std::string(kPlainText)};
    pages["/metrics"] = {[&metrics](const std::string&) {
                             update_process_metrics(metrics);
                             return metrics.expose();
                         },
                         {},
                         std::string(kMetricsText)};
    pages["/metrics/slis"] = {
        [indicators](const std::string&) { return indicators->expose(); }, {}, std::string(kMetricsText)};
    return [pages = std::move(pages)](const HttpQuestion& question) -> HttpAnswer {
        if (question.path == "/") {
            std::string index;
            for (const auto& [path, page] : pages)
                index += path + "\n";
            return {kOk, std::string(kPlainText), std::move(index)};
        }
        const auto page = pages.find(question.path);
        if (page == pages.end()) return not_found(question.path);
        return answer(page->second, question);
    };
}

}  // namespace fairlead::admin
