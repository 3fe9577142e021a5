#include "lab/services_contest.h"
#include "lab/case_pods.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "kernel/netns/namespaces.h"
#include "kernel/rtnetlink/rtnetlink.h"
#include "lab/agent_process.h"
#include "lab/finished_command.h"
#include "lab/http_probe.h"
#include "lab/manifest_writer.h"
#include "lab/up.h"

namespace fairlead::lab {

namespace {

namespace netns = kernel::netns;
using base::Result;
using Clock = std::chrono::steady_clock;
using kernel::rtnetlink::AddRoute;
using kernel::rtnetlink::Route;
using kernel::rtnetlink::RouteKind;
using kernel::rtnetlink::RtNetlink;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A route of the whole backend range in a namespace.
Result<void> route_backends(const std::string& space, const std::string& device, RouteKind kind,
                            std::optional<base::IpAddress> gateway) {
    return netns::run_in(space, [&]() -> Result<void> {
        FAIRLEAD_TRY(auto rtnetlink, RtNetlink::open());
        FAIRLEAD_TRY(const auto link, rtnetlink.link(device));
        return rtnetlink.apply(AddRoute{Route{backend_range(), gateway, link.index, kind, false}});
    });
}

class IptablesContestant final : public Contestant {
  public:
    explicit IptablesContestant(const std::string& lab) : Contestant(lab, "iptables") {}

    Result<ChangeCost> program(std::size_t count) override {
        count_ = count;
        // kube-proxy never flushes; this is far quicker than its first sync, and leads to the same table.
        return restore(whole_table(count, version_), {});
    }

    Result<ChangeCost> change_one() override {
        ++version_;
        return restore(partial_sync(count_, count_ - 1, version_), {"--noflush"});
    }

  private:
    Result<ChangeCost> restore(const std::string& rules, std::vector<std::string> options) {
        const auto file = paths().directory + "/rules";
        FAIRLEAD_CHECK(write_in_place(file, rules));
        std::vector<std::string> arguments = {"iptables-restore"};
        std::ranges::move(options, std::back_inserter(arguments));
        arguments.push_back(file);
        FAIRLEAD_TRY(const auto finished, run_command({node_netns(), std::move(arguments), ""}, log_path()));
        return ChangeCost{finished.seconds, finished.seconds, finished.peak_memory_bytes};
    }

    std::size_t count_ = 0;
    unsigned version_ = 0;
};

class FairleadContestant final : public Contestant {
  public:
    explicit FairleadContestant(const std::string& lab) : Contestant(lab, "fairlead") {}

    Result<ChangeCost> program(std::size_t count) override {
        const auto start = Clock::now();
        for (; written_ < count; written_ += kServicesPerFile)
            FAIRLEAD_CHECK(write_file(written_, std::min(count, written_ + kServicesPerFile)));
        count_ = count;
        if (!agent_.started()) FAIRLEAD_CHECK(start_agent());
        return wait_until(start, [&](const std::string& metrics) {
            return metric_sum(metrics, "fairlead_frontends") >= static_cast<double>(count_);
        });
    }

    Result<ChangeCost> change_one() override {
        ++version_;
        FAIRLEAD_TRY(const auto before, agent_.metrics());
        const auto start = Clock::now();
        const auto begin = (count_ - 1) / kServicesPerFile * kServicesPerFile;
        FAIRLEAD_CHECK(write_file(begin, count_));
        constexpr const char* kSyncs = "kubeproxy_sync_proxy_rules_duration_seconds_count";
        const double syncs = metric_sum(before, kSyncs);
        // Both families are synced, one after the other.
        return wait_until(start,
                          [&](const std::string& now) { return metric_sum(now, kSyncs) >= syncs + 2; });
    }

  private:
    static constexpr std::size_t kServicesPerFile = 250;

    Result<void> write_file(std::size_t begin, std::size_t end) {
        std::error_code failure;
        std::filesystem::create_directory(paths().scratch, failure);
        return write_atomically(fmt::format("{}/{:05}.json", paths().scratch, begin),
                                to_manifest(many_services(begin, end, count_ - 1, version_)));
    }

    Result<void> start_agent() {
        return agent_.start({"--node", name(), "--manifests", paths().scratch, "--cluster-cidr",
                             pod_range().ipv4.to_string(), "--service-cidr",
                             service_range().ipv4.to_string()});
    }

    /// Until `done` says so of the metrics. The cost is what the agent's own sync clock says that it took.
    template <class Done>
    Result<ChangeCost> wait_until(Clock::time_point start, Done done) {
        constexpr double kPatienceSeconds = 60;
        constexpr const char* kSyncSeconds = "kubeproxy_sync_proxy_rules_duration_seconds_sum";
        const double before = sync_seconds_;
        while (seconds_since(start) < kPatienceSeconds) {
            const auto text = agent_.metrics();
            if (text && done(*text)) {
                sync_seconds_ = metric_sum(*text, kSyncSeconds);
                const auto memory = metric_sum(*text, "process_resident_memory_peak_bytes");
                return ChangeCost{sync_seconds_ - before, seconds_since(start),
                                  static_cast<std::uint64_t>(memory)};
            }
            if (!text && text.error().code == base::ErrorCode::kInternal)
                return std::unexpected(text.error());
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return base::fail(base::ErrorCode::kUnavailable, "the agent took longer than a minute");
    }

    AgentProcess agent_{own_program(), node_netns(), log_path()};
    std::size_t written_ = 0;
    std::size_t count_ = 0;
    unsigned version_ = 0;
    double sync_seconds_ = 0;
};

}  // namespace

Result<void> Contestant::set_up(Network& network, unsigned number) {
    const auto client = case_pod(name_, number, kCaseClientHost, "client");
    const auto server = case_pod(name_, number, kCaseServerHost, "server");
    FAIRLEAD_CHECK(network.add_pod(client, number));
    FAIRLEAD_CHECK(network.add_pod(server, number));
    // Every address of the range is the server's.
    FAIRLEAD_CHECK(route_backends(network.namespace_of(server), "lo", RouteKind::kLocal, std::nullopt));
    FAIRLEAD_CHECK(route_backends(node_netns(), "pod" + std::to_string(kCaseServerHost), RouteKind::kUnicast,
                                  server.pod_ips.front()));
    FAIRLEAD_TRY(auto probe, ConnectProbe::open(network.namespace_of(client), network.namespace_of(server),
                                                kManyBackendPort));
    probe_ = std::make_unique<ConnectProbe>(std::move(probe));
    return {};
}

Result<Percentiles> Contestant::connect_to_service(std::size_t service, std::size_t samples) const {
    return probe_->measure({cluster_ip_of(service), kManyServicePort}, samples);
}

Result<Percentiles> Contestant::connect_directly(std::size_t samples) const {
    return probe_->measure({backend_of(0, 0), kManyBackendPort}, samples);
}

std::unique_ptr<Contestant> make_iptables_contestant(const std::string& lab) {
    return std::make_unique<IptablesContestant>(lab);
}

std::unique_ptr<Contestant> make_fairlead_contestant(const std::string& lab) {
    return std::make_unique<FairleadContestant>(lab);
}

}  // namespace fairlead::lab
