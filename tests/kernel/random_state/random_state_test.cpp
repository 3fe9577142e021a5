#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "kernel/nftables/netlink_nft_tables.h"
#include "kernel/random_state/listed_view.h"
#include "kernel/random_state/reference_model.h"
#include "services/service_proxy.h"
#include "support/addresses.h"
#include "support/command.h"

// The whole data plane against the real kernel: what stock nft lists and where real packets go, after random
// edits, as two naive models say it should be.
namespace fairlead::services {

void PrintTo(const TableView& view, std::ostream* out) {
    for (const auto& [frontend, words] : view.frontends)
        *out << "\n  " << frontend << " -> " << words;
    for (const auto& [name, addresses] : {std::pair{"cluster_ips", &view.cluster_ips},
                                          {"hairpins", &view.hairpins},
                                          {"service_endpoints", &view.service_endpoints}}) {
        *out << "\n  " << name << ":";
        for (const auto& address : *addresses)
            *out << " " << address;
    }
}

namespace {

using base::Family;
using test::address;
using test::Outcome;
using test::output_of;

constexpr Family kFamilies[] = {Family::kIpv4, Family::kIpv6};

std::vector<base::Prefix> prefixes(std::initializer_list<std::string_view> texts) {
    std::vector<base::Prefix> all;
    for (const auto text : texts)
        all.push_back(base::Prefix::parse(text).value());
    return all;
}

std::string text_of(const Outcome& outcome) {
    if (outcome.kind == Outcome::Kind::kAnswered) return outcome.endpoint + " saw " + outcome.seen_client;
    return outcome.kind == Outcome::Kind::kRefused ? "refused" : "silence";
}

/// One node of a cluster from its start on; everything in it follows from the seed, but for which endpoint
/// the kernel draws.
class Life {
  public:
    Life(std::uint64_t seed, test::PacketWorld& world) : cluster_(seed), world_(world) {
        options_.compile.node = {"n1", "zone-1"};
        options_.compile.node_addresses = {address("172.18.0.11")};
        options_.transaction_elements = random().below(2) == 0 ? std::size_t{16'384} : std::size_t{3};
        constexpr int kFirstObjects = 25;
        for (int i = 0; i < kFirstObjects; ++i)
            cluster_.change_something();
        change_options();
        restart();
    }
    ~Life() { output_of("nft flush ruleset"); }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;

    void live_one_step() {
        for (auto edits = random().below(5); edits > 0; --edits)
            cluster_.change_something();
        if (random().below(4) == 0) {
            change_options();
            proxy_->configure(options_);
        }
        proxy_->stage(cluster_.take_changes());
        if (random().below(6) == 0) restart();
        if (random().below(8) == 0) damage();
        for (const auto family : kFamilies)
            sync(family);
        for (const auto family : kFamilies)
            expect_listing(family);
        if (!testing::Test::HasFailure()) expect_packets();
    }

    /// Probes by what became of them.
    [[nodiscard]] const std::map<std::string, int>& counts() const { return counts_; }

  private:
    base::Random& random() { return cluster_.random(); }

    template <class Value>
    const Value& one_of(const std::vector<Value>& values) {
        return values[random().below(values.size())];
    }

    void change_options() {
        auto& compile = options_.compile;
        compile.node.zone = one_of<std::string>({"zone-1", "zone-2", ""});
        compile.external_ips = random().below(4) != 0;
        compile.node_port_addresses.clear();
        for (const auto* each : {"172.18.0.11", "203.0.113.1", "fd00:172::11"})
            if (random().below(3) != 0) compile.node_port_addresses.push_back(address(each));
        options_.masquerade_all = random().below(5) == 0;
        options_.guard = one_of<InvalidGuard>(
            {InvalidGuard::kEndpoints, InvalidGuard::kEndpoints, InvalidGuard::kAll, InvalidGuard::kNone});
        options_.pods.cidrs = one_of<std::vector<base::Prefix>>({prefixes({"10.64.0.0/10", "fd00:64::/48"}),
                                                                 prefixes({"10.64.0.0/10", "fd00:64::/48"}),
                                                                 prefixes({"10.64.0.0/30", "fd00:64::/127"}),
                                                                 {}});
        options_.service_cidrs = one_of<std::vector<base::Prefix>>(
            {prefixes({"10.96.0.0/12", "fd00:96::/112"}), prefixes({"10.96.0.0/30"}), {}});
    }

    void restart() {
        (void)cluster_.take_changes();
        proxy_ = std::make_unique<ServiceProxy>(options_, tables_);
        proxy_->stage(cluster_.everything());
    }

    /// What somebody else does to our tables.
    void damage() {
        const auto* const ip = random().below(2) == 0 ? "ip" : "ip6";
        const auto what = one_of<std::string>(
            {"flush ruleset", "flush set {} fairlead cluster_ips", "flush map {} fairlead endpoints",
             "flush set {} fairlead hairpin", "flush set {} fairlead service_endpoints",
             "flush chain {} fairlead guard-forward", "flush map {} fairlead frontends",
             "flush chain {} fairlead services", "delete table {} fairlead", "add chain {} fairlead theirs"});
        const auto place = what.find("{}");
        output_of("nft " + (place == std::string::npos ? what : std::string(what).replace(place, 2, ip)) +
                  " 2>/dev/null || true");
        proxy_->distrust_kernel();
    }

    void sync(Family family) {
        now_ += std::chrono::milliseconds(random().below(1500));
        const auto report = proxy_->sync(family, now_);
        ASSERT_TRUE(report) << report.error().message;
        if (report->table_created || report->table_replaced) reference_.forget(family);
    }

    void expect_listing(Family family) {
        const auto listing = test::list_table(family);
        ASSERT_EQ(view_of(listing), cluster_.wanted(family, options_.compile)) << base::name_of(family);
        const auto expect_ranges = [&](const char* set, const std::vector<base::Prefix>& wanted) {
            std::set<std::string> listed;
            for (const auto& element : listing.sets.at(set))
                listed.insert(element.key.at(0));
            std::set<std::string> texts;
            for (const auto& prefix : wanted)
                if (prefix.family() == family) texts.insert(prefix.to_string());
            EXPECT_EQ(listed, texts) << set;
        };
        expect_ranges("service_cidrs", options_.service_cidrs);
        expect_ranges("pod_cidrs", options_.pods.cidrs);
    }

    /// Mostly frontends, some of what is beside them.
    test::Probe some_probe() {
        test::Probe probe;
        probe.client = world_.clients()[random().below(world_.clients().size())];
        const bool ipv4 = probe.client.address.family() == Family::kIpv4;
        const auto& frontends = views_[ipv4 ? 0 : 1].frontends;
        probe.protocol = random().below(2) == 0 ? base::L4Protocol::kTcp : base::L4Protocol::kUdp;
        probe.port = one_of<std::uint16_t>({80, 53, 81});
        const auto number = std::to_string(1 + random().below(8));
        probe.address = address((ipv4 ? "10.96.0." : "fd00:96::") + number);
        if (frontends.empty() || random().below(8) == 0) return probe;
        auto found = frontends.end();
        for (int tries = 0; tries < 4 && (tries == 0 || !found->second.contains("cluster")); ++tries)
            found =
                std::next(frontends.begin(), static_cast<std::ptrdiff_t>(random().below(frontends.size())));
        const auto& text = found->first;
        if (text.ends_with("/SCTP")) return probe;
        const auto slash = text.find('/');
        const auto colon = text.rfind(':', slash);
        probe.address = address(ipv4 ? text.substr(0, colon) : text.substr(1, colon - 2));
        probe.port = static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1, slash - colon - 1)));
        probe.protocol = base::parse_l4_protocol(text.substr(slash + 1)).value();
        return probe;
    }

    void expect_packets() {
        constexpr int kProbesPerStep = 30;
        for (std::size_t i = 0; i < std::size(kFamilies); ++i)
            views_[i] = cluster_.wanted(kFamilies[i], options_.compile);
        std::vector<test::Probe> probes;
        std::vector<Expectation> expectations;
        std::vector<bool> patient;
        std::set<std::string> seen;  // two at once of one client might both be drawn for
        for (int i = 0; i < kProbesPerStep; ++i) {
            // What came before is asked again: affinity and consistent balancing must remember it.
            const bool repeats = !before_.empty() && random().below(3) == 0;
            const auto probe = repeats ? before_[random().below(before_.size())] : some_probe();
            auto expected = reference_.expect(view(probe), options_, probe);
            if (!expected.can_be_told || !seen.insert(name_of(probe)).second) continue;
            probes.push_back(probe);
            patient.push_back(expected.kind != Outcome::Kind::kSilence);
            expectations.push_back(std::move(expected));
        }
        before_ = probes;
        const auto outcomes = world_.try_out(probes, patient);
        for (std::size_t i = 0; i < probes.size(); ++i) {
            expect_outcome(probes[i], expectations[i], outcomes[i]);
            reference_.note(view(probes[i]), probes[i], expectations[i], outcomes[i]);
            ++counts_[kind_of(outcomes[i])];
        }
    }

    [[nodiscard]] const TableView& view(const test::Probe& probe) const {
        return views_[probe.address.family() == Family::kIpv4 ? 0 : 1];
    }

    static std::string kind_of(const Outcome& outcome) {
        if (outcome.kind != Outcome::Kind::kAnswered) return text_of(outcome);
        const bool hidden = outcome.seen_client == test::PacketWorld::node_towards_pods(Family::kIpv4) ||
                            outcome.seen_client == test::PacketWorld::node_towards_pods(Family::kIpv6);
        return hidden ? "answered to the node" : "answered to the client";
    }

    static std::string name_of(const test::Probe& probe) {
        return probe.client.address.to_string() + " to " + frontend_text(probe);
    }

    void expect_outcome(const test::Probe& probe, const Expectation& expected, const Outcome& outcome) {
        const auto found = view(probe).frontends.find(frontend_text(probe));
        const std::string context = name_of(probe) + ": " + text_of(outcome) + "; the frontend: " +
                                    (found == view(probe).frontends.end() ? "none" : found->second);
        ASSERT_EQ(static_cast<int>(outcome.kind), static_cast<int>(expected.kind)) << context;
        if (expected.kind != Outcome::Kind::kAnswered) return;
        EXPECT_TRUE(expected.endpoints.contains(outcome.endpoint)) << context;
        const auto wanted_client = expected.hides_from.contains(outcome.endpoint)
                                       ? test::PacketWorld::node_towards_pods(probe.address.family())
                                       : probe.client.address.to_string();
        EXPECT_EQ(outcome.seen_client, wanted_client) << context;
    }

    ClusterModel cluster_;
    test::PacketWorld& world_;
    kernel::nftables::NetlinkNftTables tables_ = *kernel::nftables::NetlinkNftTables::open();
    Options options_;
    base::TimePoint now_{};
    std::unique_ptr<ServiceProxy> proxy_;
    ReferenceModel reference_;
    TableView views_[2];
    std::vector<test::Probe> before_;  ///< those of the last step
    std::map<std::string, int> counts_;
};

std::uint64_t number_in(const char* variable, std::uint64_t otherwise) {
    const char* const text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(RandomState, KernelAndPacketsAreAsTwoNaiveModelsSayAfterEveryStep) {
    // FAIRLEAD_RANDOM_SEED lives one life again, FAIRLEAD_RANDOM_SECONDS is how long new ones are begun.
    constexpr int kStepsOfALife = 25;
    constexpr std::uint64_t kFirstSeed = 20261125;
    const bool again = std::getenv("FAIRLEAD_RANDOM_SEED") != nullptr;
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::seconds(number_in("FAIRLEAD_RANDOM_SECONDS", 30));
    test::PacketWorld world;
    int steps = 0;
    std::map<std::string, int> counts;
    auto seed = number_in("FAIRLEAD_RANDOM_SEED", kFirstSeed);
    for (bool over = false; !over && !HasFailure(); ++seed) {
        Life life{seed, world};
        for (int step = 0; step < kStepsOfALife && !HasFailure(); ++step, ++steps) {
            SCOPED_TRACE("FAIRLEAD_RANDOM_SEED=" + std::to_string(seed) + ", step " + std::to_string(step));
            life.live_one_step();
        }
        for (const auto& [kind, count] : life.counts())
            counts[kind] += count;
        over = again || std::chrono::steady_clock::now() >= end;
    }
    std::printf("seeds up to %llu, %d steps; probes:", static_cast<unsigned long long>(seed - 1), steps);
    for (const auto& [kind, count] : counts)
        std::printf(" %d %s", count, kind.c_str());
    std::printf("\n");
    // Otherwise it would have proved nothing about them.
    for (const auto* kind : {"silence", "refused", "answered to the node", "answered to the client"})
        EXPECT_TRUE(HasFailure() || counts[kind] > 0) << kind;
}

}  // namespace
}  // namespace fairlead::services
