#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/dns_settings.h"
#include "net/files.h"

namespace fairlead::agent {

/// The plan of the DNS server, made anew when something that it comes from changes: the node's resolv.conf, a
/// Corefile, and what that names; a ConfigMap.
class DnsPlanFiles {
  public:
    using StampOf = std::function<net::FileStamp(const std::string& path)>;

    DnsPlanFiles(DnsSettings settings, ReadFile read_file, StampOf stamp_of = net::stamp_of)
        : settings_(std::move(settings)), read_file_(std::move(read_file)), stamp_of_(std::move(stamp_of)) {}

    /// Errors as plan_dns() has them.
    base::Result<DnsPlan> read();

    /// What DnsSettings::config_map is now; nullptr: there is none. Counts from the next look() on.
    void set_config_map(std::shared_ptr<const kube::ConfigMap> config_map);

    /// Due every second. Nothing if the files are as they were at the last reading, or were still changing
    /// between the last two calls: who writes in place is let finish. The error names the file, and that what
    /// was known of it stays: a new plan that cannot be used, or has nobody to ask where the last good one
    /// had.
    std::optional<base::Result<DnsPlan>> look();

  private:
    using Stamps = std::map<std::string, net::FileStamp>;

    [[nodiscard]] Stamps stamps_now() const;
    base::Result<DnsPlan> read_successor();

    const DnsSettings settings_;
    const ReadFile read_file_;
    const StampOf stamp_of_;
    Stamps read_;                    // as the files were when they were read
    std::optional<Stamps> changed_;  // at the last look, if that was another state
    bool asks_upstreams_ = false;    // by the last good plan
    std::shared_ptr<const kube::ConfigMap> config_map_;
    bool has_other_config_map_ = false;  // than at the last reading
};

}  // namespace fairlead::agent
