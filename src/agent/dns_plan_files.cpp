#include "agent/dns_plan_files.h"

#include <algorithm>
#include <utility>

namespace fairlead::agent {

namespace {

using base::Result;

/// Whether names that no other zone has go anywhere.
bool asks_upstreams(const DnsPlan& plan) {
    return std::ranges::any_of(plan.forwarding.forward, [](const dns::ForwardZone& zone) {
        return zone.zone.is_root() && !zone.upstreams.empty();
    });
}

}  // namespace

Result<DnsPlan> DnsPlanFiles::read() {
    // What was read before stays watched: a plan that fails may have stopped at the first of several files.
    const auto recorded = [this](const std::string& path) {
        read_[path] = stamp_of_(path);
        return read_file_(path);
    };
    has_other_config_map_ = false;
    auto plan = plan_dns(settings_, recorded, config_map_.get());
    if (plan) asks_upstreams_ = asks_upstreams(*plan);
    return plan;
}

void DnsPlanFiles::set_config_map(std::shared_ptr<const kube::ConfigMap> config_map) {
    const bool same = config_map_ && config_map ? *config_map_ == *config_map : config_map_ == config_map;
    has_other_config_map_ = has_other_config_map_ || !same;
    config_map_ = std::move(config_map);
}

DnsPlanFiles::Stamps DnsPlanFiles::stamps_now() const {
    Stamps stamps;
    for (const auto& [path, stamp] : read_)
        stamps[path] = stamp_of_(path);
    return stamps;
}

std::optional<Result<DnsPlan>> DnsPlanFiles::look() {
    if (has_other_config_map_) return read_successor();
    auto now = stamps_now();
    if (now == read_) {
        changed_.reset();
        return std::nullopt;
    }
    if (changed_ != now) {
        changed_ = std::move(now);
        return std::nullopt;
    }
    changed_.reset();
    read_ = std::move(now);
    return read_successor();
}

Result<DnsPlan> DnsPlanFiles::read_successor() {
    const bool asked_upstreams = asks_upstreams_;
    auto plan = read();
    std::string why = plan ? "" : plan.error().message;
    if (plan && asked_upstreams && !asks_upstreams_) {
        asks_upstreams_ = true;
        why = settings_.resolv_conf + ": names no nameserver, and nothing else says who is asked";
    }
    if (why.empty()) return plan;
    return base::fail(base::ErrorCode::kInvalid, why + "; what was known before stays");
}

}  // namespace fairlead::agent
