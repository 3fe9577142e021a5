#include "lab/dns_lookups.h"

#include <algorithm>

#include "kernel/netns/namespaces.h"

namespace fairlead::lab {

namespace {

using base::Result;
using Way = DnsStage::Way;

constexpr std::size_t kRounds = 20;
constexpr std::size_t kLookupsPerRound = 25;  // of each kind by each way

/// One way's lookups of one kind.
class Series {
  public:
    Series(DnsStage& stage, Way way, const LookupKind& kind)
        : stage_(stage), way_(way), kind_(kind), resolver_(stage.resolver()) {}

    Result<void> run_round() {
        FAIRLEAD_CHECK(forget_packets());
        FAIRLEAD_CHECK(kernel::netns::run_in(stage_.netns(way_), [&] { return look_up(); }));
        FAIRLEAD_TRY(const auto packets, stage_.tap_at_client(way_).take());
        cost_.packets += packets.size();
        cost_.queries += static_cast<std::size_t>(std::ranges::count_if(packets, &DnsPacket::is_query));
        FAIRLEAD_TRY(const auto arrived, stage_.tap_at_cluster_dns().take());
        cost_.queries_at_cluster_dns += static_cast<std::size_t>(std::ranges::count_if(
            arrived, [&](const DnsPacket& one) { return one.source.address == stage_.client(way_); }));
        return {};
    }

    [[nodiscard]] LookupCost cost() const {
        auto cost = cost_;
        cost.lookups = seconds_.size();
        cost.seconds = percentiles_of(seconds_);
        return cost;
    }

  private:
    Result<void> forget_packets() {
        FAIRLEAD_CHECK(stage_.tap_at_client(way_).take());
        FAIRLEAD_CHECK(stage_.tap_at_cluster_dns().take());
        return {};
    }

    Result<void> look_up() {
        for (std::size_t i = 0; i < kLookupsPerRound; ++i) {
            const auto& name = kind_.names[seconds_.size() % kind_.names.size()];
            FAIRLEAD_TRY(const auto lookup, resolver_.look_up(name));
            if (!lookup.was_answered())
                return base::fail(base::ErrorCode::kUnavailable,
                                  name + ": " + std::string(name_of(lookup.end)));
            seconds_.push_back(lookup.seconds);
        }
        return {};
    }

    DnsStage& stage_;
    Way way_;
    const LookupKind& kind_;
    StubResolver resolver_;
    std::vector<double> seconds_;
    LookupCost cost_;
};

Result<void> look_up_in(const std::string& netns, StubResolver& resolver, const std::string& name,
                        Lookup& lookup) {
    return kernel::netns::run_in(netns, [&]() -> Result<void> {
        FAIRLEAD_TRY(lookup, resolver.look_up(name));
        return {};
    });
}

/// Every name once by each way: caches have it afterwards.
Result<void> compare(const DnsStage& stage, const std::vector<LookupKind>& kinds) {
    StubResolver resolver{stage.resolver()};
    for (const auto& kind : kinds)
        for (const auto& name : kind.names) {
            Lookup plain;
            Lookup ours;
            FAIRLEAD_CHECK(look_up_in(stage.netns(Way::kPlain), resolver, name, plain));
            FAIRLEAD_CHECK(look_up_in(stage.netns(Way::kFairlead), resolver, name, ours));
            if (plain.end != ours.end || plain.addresses != ours.addresses)
                return base::fail(base::ErrorCode::kInternal,
                                  name + ": is not what the cluster DNS says it is");
        }
    return {};
}

}  // namespace

std::vector<LookupKind> lookup_kinds() {
    std::vector<std::string> outside;
    outside.reserve(kOutsideHosts);
    for (unsigned host = 0; host < kOutsideHosts; ++host)
        outside.push_back(outside_name(host));
    return {{"a host outside", outside},
            {"a Service, in full", {"store.shop.svc.cluster.local"}},
            {"a Service of another namespace", {"store.shop"}},
            {"a Service of its own", {"store"}},
            {"nothing", {"nobody.example.com"}}};
}

Result<std::vector<LookupCosts>> measure_lookups(DnsStage& stage) {
    const auto kinds = lookup_kinds();
    FAIRLEAD_CHECK(compare(stage, kinds));
    std::vector<LookupCosts> costs;
    std::vector<Series> series;
    for (const auto& kind : kinds)
        for (const auto way : {Way::kPlain, Way::kFairlead})
            series.emplace_back(stage, way, kind);
    for (std::size_t round = 0; round < kRounds; ++round)
        for (auto& one : series)
            FAIRLEAD_CHECK(one.run_round());
    costs.reserve(kinds.size());
    for (std::size_t i = 0; i < kinds.size(); ++i)
        costs.push_back({kinds[i], series[2 * i].cost(), series[2 * i + 1].cost()});
    return costs;
}

}  // namespace fairlead::lab
