#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "admin/metrics.h"
#include "base/time.h"
#include "net/http_server.h"

namespace fairlead::admin {

/// What health checks ask.
struct HealthSource {
    /// Why the agent does not serve yet, one sentence each; empty: it does.
    std::function<std::vector<std::string>()> not_ready;
    /// When the kernel was last known to be as wanted.
    std::function<base::WallTime()> last_updated;
    std::function<base::WallTime()> now;
};

/// Answers /livez (200 as long as the event loop turns), /readyz (503 with the reasons until the first sync
/// reached the kernel) and /healthz (kube-proxy's JSON body with lastUpdated and currentTime, for load
/// balancers).
net::HttpServer::Handler health_handler(HealthSource source);

/// Answers /metrics, every JSON page under its path, and a list of them under /.
net::HttpServer::Handler admin_handler(
    Metrics& metrics, std::map<std::string, std::function<std::string(const std::string& query)>> json_pages);

}  // namespace fairlead::admin
