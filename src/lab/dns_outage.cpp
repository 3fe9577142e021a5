#include "lab/dns_outage.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "lab/dns_lookups.h"

namespace fairlead::lab {

namespace {

using base::Result;
using Clock = std::chrono::steady_clock;

constexpr auto kPhase = std::chrono::seconds(2);

std::vector<std::string> all_names() {
    std::vector<std::string> names;
    for (const auto& kind : lookup_kinds())
        names.insert(names.end(), kind.names.begin(), kind.names.end());
    return names;
}

Result<std::size_t> take_queries(DnsStage& stage) {
    FAIRLEAD_TRY(const auto arrived, stage.tap_at_cluster_dns().take());
    const auto client = stage.client(DnsStage::Way::kFairlead);
    return static_cast<std::size_t>(
        std::ranges::count_if(arrived, [&](const DnsPacket& one) { return one.source.address == client; }));
}

/// Counts what comes to the cluster DNS until `end`, often enough that nothing is lost.
Result<std::size_t> count_until(DnsStage& stage, Clock::time_point end) {
    constexpr auto kPause = std::chrono::milliseconds(20);
    std::size_t count = 0;
    while (Clock::now() < end) {
        std::this_thread::sleep_for(kPause);
        FAIRLEAD_TRY(const auto more, take_queries(stage));
        count += more;
    }
    return count;
}

/// The same until the agent ends search walks.
Result<std::size_t> count_until_it_collapses(DnsStage& stage) {
    constexpr auto kPatience = std::chrono::seconds(30);
    constexpr auto kBetweenLooks = std::chrono::milliseconds(100);
    const auto end = Clock::now() + kPatience;
    std::size_t count = 0;
    while (Clock::now() < end) {
        FAIRLEAD_TRY(const auto more, count_until(stage, Clock::now() + kBetweenLooks));
        count += more;
        FAIRLEAD_TRY(const bool collapses, stage.collapses());
        if (collapses) return count;
    }
    return base::fail(base::ErrorCode::kUnavailable,
                      "the agent ends no search walks 30 s after it was started again");
}

}  // namespace

Result<Outage> kill_under_load(DnsStage& stage) {
    Outage outage;
    FAIRLEAD_CHECK(take_queries(stage));
    FAIRLEAD_TRY(const auto load,
                 DnsLoad::start(stage.netns(DnsStage::Way::kFairlead), stage.resolver(), all_names()));
    const auto began = Clock::now();
    FAIRLEAD_TRY(outage.before.queries_at_cluster_dns, count_until(stage, began + kPhase));
    const auto killed = Clock::now();
    stage.kill_agent();
    FAIRLEAD_TRY(outage.killed.queries_at_cluster_dns, count_until(stage, killed + kPhase));
    const auto restarted = Clock::now();
    FAIRLEAD_CHECK(stage.start_agent());
    FAIRLEAD_TRY(outage.restarted.queries_at_cluster_dns, count_until_it_collapses(stage));
    const auto recovered = Clock::now();
    FAIRLEAD_TRY(outage.recovered.queries_at_cluster_dns, count_until(stage, recovered + kPhase));
    const auto ended = Clock::now();
    FAIRLEAD_TRY(const auto lookups, load->stop());
    const auto fill = [&](OutagePhase& phase, Clock::time_point begin, Clock::time_point end) {
        phase.lookups = summarize(lookups, begin, end);
        phase.seconds = std::chrono::duration<double>(end - begin).count();
    };
    fill(outage.before, began, killed);
    fill(outage.killed, killed, restarted);
    fill(outage.restarted, restarted, recovered);
    fill(outage.recovered, recovered, ended);
    return outage;
}

}  // namespace fairlead::lab
