#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admin/metrics.h"
#include "admin/sync_health.h"
#include "admin/z_page.h"
#include "base/time.h"
#include "net/http_server.h"

namespace fairlead::admin {

/// What health checks ask.
struct HealthSource {
    /// Why the agent does not serve yet, one sentence each; empty: it does.
    std::function<std::vector<std::string>()> not_ready;
    std::function<const SyncHealth&()> sync;
    /// False while the node is about to go: load balancers shall send nothing new to it.
    std::function<bool()> node_eligible;
    std::function<base::TimePoint()> now;
    std::function<base::WallTime()> wall_now;
};

/// Answers as kube-proxy's health server does (pkg/proxy/healthcheck/proxy_health.go), with its JSON body:
/// /livez is 503 while work for the kernel waits for too long, /healthz also while the node is not eligible.
/// Beside them /readyz: 503 with the reasons until the first sync reached the kernel. Counts the answers in
/// kubeproxy_proxy_livez_total and kubeproxy_proxy_healthz_total.
net::HttpServer::Handler health_handler(HealthSource source, Metrics& metrics);

/// A page of the admin address.
struct Page {
    /// The body for a query; an error is answered with 400.
    std::function<base::Result<std::string>(const std::string& query)> body;
    /// Changes with every change of the page; whoever has it already is answered with 304 and costs nothing.
    /// Absent: the page is always made anew.
    std::function<std::string()> version;
    std::string content_type = "application/json";
    /// In place of `body`, where it takes a while: calls what it is given once, when the body is there.
    std::function<void(const std::string& query, std::function<void(base::Result<std::string>)>)> later{};
    /// In place of all that: a page in more than one form.
    std::optional<ZPage> forms{};  // NOLINT(readability-redundant-member-init)
};

/// Answers /metrics, every one of `pages` under its path, and a list of them under /. Beside them, as
/// kube-proxy does, /healthz, which says ok as long as somebody listens, and /metrics/slis, which counts that
/// (KEP-3466).
net::HttpServer::Handler admin_handler(Metrics& metrics, std::map<std::string, Page> pages);

}  // namespace fairlead::admin
