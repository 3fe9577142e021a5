#include <gtest/gtest.h>

#include <memory>

#include "services/layout.h"
#include "services/service_proxy.h"
#include "sim/services/cluster_model.h"
#include "support/fake_nft_tables.h"

namespace fairlead::services {

void PrintTo(const TableView& view, std::ostream* out) {
    for (const auto& [frontend, endpoints] : view.frontends)
        *out << "\n  " << frontend << " -> " << endpoints;
    *out << "\n  cluster_ips:";
    for (const auto& address : view.cluster_ips)
        *out << " " << address;
    *out << "\n  hairpins:";
    for (const auto& address : view.hairpins)
        *out << " " << address;
    *out << "\n  service_endpoints:";
    for (const auto& endpoint : view.service_endpoints)
        *out << " " << endpoint;
}

namespace {

using base::Family;
using base::Result;

constexpr Family kFamilies[] = {Family::kIpv4, Family::kIpv6};

/// Looks at the whole table after each commit: packets flow between two of them.
class WatchedTables final : public kernel::nftables::NftTables {
  public:
    explicit WatchedTables(test::FakeNftTables& tables) : tables_(tables) {}

    Result<void> commit(const kernel::nftables::Transaction& transaction) override {
        auto committed = tables_.commit(transaction);
        if (committed) view_of(tables_, transaction.table().family);
        return committed;
    }
    Result<std::optional<kernel::nftables::TableContents>> read_table(Family family,
                                                                      std::string_view name) override {
        return tables_.read_table(family, name);
    }
    Result<void> read_elements(Family family, std::string_view table, std::string_view set,
                               const std::function<void()>& restart,
                               const std::function<void(kernel::nftables::Element)>& visit) override {
        return tables_.read_elements(family, table, set, restart, visit);
    }
    Result<void> read_counts(
        Family family, std::string_view table, std::string_view set, const std::function<void()>& restart,
        const std::function<void(kernel::nftables::Element, kernel::nftables::Counts)>& visit) override {
        return tables_.read_counts(family, table, set, restart, visit);
    }
    Result<std::optional<kernel::nftables::FoundElement>> find_element(
        Family family, std::string_view table, std::string_view set,
        const kernel::nftables::ElementBytes& key) override {
        return tables_.find_element(family, table, set, key);
    }
    Result<std::uint32_t> generation() override { return tables_.generation(); }

  private:
    test::FakeNftTables& tables_;
};

/// An agent's life on one node: changes, failures, strangers and restarts.
class Life {
  public:
    Life(std::uint64_t seed, std::size_t transaction_elements) : cluster_(seed) {
        options_.compile.node = {"n1", "zone-1"};
        options_.compile.node_addresses = {base::IpAddress::parse("172.18.0.11").value()};
        options_.compile.node_port_addresses = {base::IpAddress::parse("172.18.0.11").value(),
                                                base::IpAddress::parse("203.0.113.1").value(),
                                                base::IpAddress::parse("fd00:172::11").value()};
        options_.pods.cidrs = {base::Prefix::parse("10.64.0.0/10").value()};
        options_.service_cidrs = {base::Prefix::parse("10.96.0.0/12").value()};
        options_.transaction_elements = transaction_elements;
        restart();
    }

    void live_one_round() {
        for (auto edits = cluster_.random().below(6); edits > 0; --edits)
            cluster_.change_something();
        proxy_->stage(cluster_.take_changes());
        switch (cluster_.random().below(10)) {
            case 0:
                fake_.fail_commits({base::ErrorCode::kInternal, 0, "as the test wants it"},
                                   static_cast<int>(1 + cluster_.random().below(3)));
                break;
            case 1:
                fake_.flush_ruleset();
                proxy_->distrust_kernel();
                break;
            case 2:
                delete_some_element();
                proxy_->distrust_kernel();
                break;
            case 3:
                restart();
                break;
            case 4:
                switch_guard();
                break;
            default:
                break;
        }
        for (const auto family : kFamilies)
            sync(family);
        fake_.fail_commits({}, 0);  // those that nobody met
    }

    void expect_right_and_stable() {
        for (const auto family : kFamilies) {
            ASSERT_EQ(view_of(fake_, family), cluster_.wanted(family, options_.compile))
                << base::name_of(family);
            ASSERT_EQ(proxy_->proxy(family).programmed().endpoint_users, endpoint_users(family));
        }
        ServiceProxy fresh{options_, tables_};
        fresh.stage(cluster_.everything());
        const auto commits = fake_.commit_count();
        for (const auto family : kFamilies)
            ASSERT_TRUE(fresh.sync(family, now_));
        ASSERT_EQ(fake_.commit_count(), commits) << "a restart wrote something";
    }

  private:
    void restart() {
        proxy_ = std::make_unique<ServiceProxy>(options_, tables_);
        proxy_->stage(cluster_.everything());
    }

    void switch_guard() {
        constexpr InvalidGuard kGuards[] = {InvalidGuard::kEndpoints, InvalidGuard::kAll,
                                            InvalidGuard::kNone};
        options_.guard = kGuards[cluster_.random().below(std::size(kGuards))];
        proxy_->configure(options_);
    }

    /// What uses each endpoint, counted anew.
    absl::flat_hash_map<ServiceEndpoint, std::uint32_t> endpoint_users(Family family) const {
        const auto& programmed = proxy_->proxy(family).programmed();
        absl::flat_hash_map<ServiceEndpoint, std::uint32_t> users;
        for (const auto& [frontend, backing] : programmed.frontends) {
            for (const auto& [address, port] : backing.backends)
                ++users[{address, frontend.protocol, port}];
            if (backing.outside_backends)
                for (const auto& [address, port] : *backing.outside_backends)
                    ++users[{address, frontend.protocol, port}];
        }
        for (const auto& endpoint : programmed.idle_endpoints)
            ++users[endpoint];
        return users;
    }

    void sync(Family family) {
        now_ += std::chrono::milliseconds(cluster_.random().below(1500));
        constexpr int kMoreThanFailures = 5;
        bool synced = false;
        std::string error;
        for (int attempt = 0; attempt < kMoreThanFailures && !synced; ++attempt) {
            const auto report = proxy_->sync(family, now_);
            synced = report.has_value();
            if (!synced) error = report.error().message;
            EXPECT_EQ(proxy_->has_pending(family), !synced);
        }
        EXPECT_TRUE(synced) << error;
    }

    void delete_some_element() {
        constexpr std::size_t kManyAddresses = 100;
        constexpr std::string_view kSets[] = {
            kFrontends,       kOutsideFrontends, kBalancers,     kEndpoints,
            kStickyEndpoints, kOutsideEndpoints, kAlive,         kAllowedSources,
            kNoEndpoints,     kDropped,          kMasqueradeAll, kMasqueradeNode,
            kClusterIps,      kServiceCidrs,     kHairpin,       kServiceEndpoints};
        for (const auto family : kFamilies) {
            const auto set = kSets[cluster_.random().below(std::size(kSets))];
            const auto elements = fake_.elements(family, kTableName, set);
            // An address comes back in the first transaction, if that has room for all that are new.
            if (elements.empty() || (set == kClusterIps && options_.transaction_elements < kManyAddresses))
                continue;
            kernel::nftables::Transaction transaction{layout(family).table};
            transaction.delete_element(set, elements[cluster_.random().below(elements.size())]);
            ASSERT_TRUE(fake_.commit(transaction));
        }
    }

    ClusterModel cluster_;
    test::FakeNftTables fake_;
    WatchedTables tables_{fake_};
    Options options_;
    base::TimePoint now_{};
    std::unique_ptr<ServiceProxy> proxy_;
};

TEST(ServiceProxySim, EveryHistoryEndsInWhatIsWantedAndNoCommitLeavesATableThatContradictsItself) {
    constexpr std::uint64_t kFirstSeed = 20261124;
    constexpr std::uint64_t kLives = 16;
    constexpr int kRounds = 40;
    for (std::uint64_t seed = kFirstSeed; seed < kFirstSeed + kLives; ++seed) {
        Life life{seed, seed % 2 == 0 ? std::size_t{16'384} : std::size_t{3}};
        for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round) {
            life.live_one_round();
            life.expect_right_and_stable();
        }
        ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    }
}

}  // namespace
}  // namespace fairlead::services
