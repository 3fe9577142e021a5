#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/dns_plan_files.h"
#include "agent/noted_problem.h"
#include "dns/forwarding.h"
#include "dns/loop_watch.h"
#include "dns/search_list.h"

namespace fairlead::agent {

/// Whom this node's DNS server asks about names outside of the cluster, and what else its files say, as they
/// change. A file that cannot be used changes nothing.
class NodeForwarding {
  public:
    /// `plan` is what `files` gave.
    NodeForwarding(DnsPlanFiles files, DnsPlan plan);

    [[nodiscard]] const DnsPlan& plan() const { return plan_; }
    /// In the order in which workers number them.
    [[nodiscard]] std::vector<dns::UpstreamServer> upstreams() const;
    /// For one worker.
    [[nodiscard]] dns::Forwarding make() const;

    /// DnsPlanFiles::set_config_map()
    void set_config_map(std::shared_ptr<const kube::ConfigMap> config_map) {
        files_.set_config_map(std::move(config_map));
    }

    /// What is another since the call before.
    struct Change {
        bool forwarding = false;  ///< what make() gives
        bool searches = false;    ///< node_resolver()
    };
    /// Due every second.
    Change look();

    /// The node's resolv.conf as kubelet reads it, and what it was before: Pods may have that still.
    [[nodiscard]] dns::ResolverSettings node_resolver() const;
    [[nodiscard]] const std::vector<dns::ResolverSettings>& earlier_resolvers() const {
        return earlier_resolvers_;
    }
    /// What is wrong with the files now, one sentence each.
    [[nodiscard]] std::vector<std::string> problems() const;

  private:
    Change take(DnsPlan plan);
    void renew_loop_watch();

    DnsPlanFiles files_;
    DnsPlan plan_;
    const dns::ZoneOptions zone_;  // which cannot change
    std::shared_ptr<dns::LoopWatch> loops_;
    std::vector<dns::ResolverSettings> earlier_resolvers_;
    NotedProblem files_problem_{"dns configuration"};
    NotedProblem zone_problem_{"dns configuration"};
};

}  // namespace fairlead::agent
